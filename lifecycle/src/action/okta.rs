//! Changes to Okta.

mod account;
mod factors;
mod groups;
mod log;
mod profile;
mod status;

pub(crate) use self::account::accounts_numbered;
pub use self::account::{Account, OKTA_USER};
pub use self::factors::ResetFactors;
pub use self::groups::{AddToGroup, RemoveFromGroup};
pub use self::profile::{CreateUser, UpdateProfile};
pub use self::status::{Activate, SendActivation};
