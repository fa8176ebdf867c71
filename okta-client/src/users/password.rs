//! Passwords: reset, expired, forgotten and changed, and hashes of them.

mod calls;
mod hash;

use client_core::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

pub use self::calls::{ChangePassword, ExpireWithTemporary, ResetPassword};
pub use self::hash::{PasswordHash, Pbkdf2Digest, Salt};

/// A password as bodies have it.
pub(super) fn value(password: &SecretString) -> Value {
    json!({ "value": password.expose_secret() })
}
