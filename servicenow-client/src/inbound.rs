#![doc = include_str!("../push/README.md")]

mod hint;
mod key;
mod receiver;
mod recent;
#[cfg(feature = "axum")]
mod route;

pub use hint::{Hint, NoHint};
pub use key::{InvalidPushKey, PushKey};
pub use receiver::{PushReceiver, PushRefusal};
pub use recent::RecentHints;
