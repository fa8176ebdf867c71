//! The key that an instance signs its pushes with.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client_core::{ExposeSecret as _, SecretString};

/// Less than this can be guessed.
const SHORTEST: usize = 16;

/// What signatures begin with: the version of the scheme.
const VERSION: &str = "v1=";

/// Why a text is no key. Never shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPushKey {
    /// It is not base64.
    #[error("a push key must be base64, as in the instance's property")]
    Encoding,
    /// It has less than 16 bytes. 32 random ones are right.
    #[error("a push key must have 16 bytes at least: take 32 random ones")]
    Short,
}

/// A key that an instance and its receiver share. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct PushKey(hmac::Key);

impl PushKey {
    /// The key in the instance's property `push_hint.key`: the base64 of random bytes
    /// (`openssl rand -base64 32`).
    ///
    /// # Errors
    ///
    /// If it is not base64, or too short to be a secret.
    pub fn new(base64: SecretString) -> Result<Self, InvalidPushKey> {
        let bytes = STANDARD.decode(base64.expose_secret().trim()).map_err(|_| InvalidPushKey::Encoding)?;
        if bytes.len() < SHORTEST {
            return Err(InvalidPushKey::Short);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Whether this key made the code of `timestamp` and `body`, compared in constant time.
    pub(super) fn made(&self, code: &Code, timestamp: &str, body: &[u8]) -> bool {
        let mut mac = hmac::Context::with_key(&self.0);
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        verify_slices_are_equal(mac.sign().as_ref(), &code.0).is_ok()
    }
}

impl fmt::Debug for PushKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushKey(hidden)")
    }
}

/// The code that a signature holds.
pub(super) struct Code(Vec<u8>);

impl Code {
    /// Reads `v1=<base64>`.
    pub(super) fn read(signature: &str) -> Option<Self> {
        STANDARD.decode(signature.strip_prefix(VERSION)?).ok().map(Self)
    }
}
