//! Okta.
mod id;
pub use id::{GroupId, UserId};
