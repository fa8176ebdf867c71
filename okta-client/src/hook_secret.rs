//! The secret that Okta's hooks carry.

use std::fmt;

use client_core::{ExposeSecret as _, SecretString};
use http::{HeaderName, HeaderValue};

/// Why a header and a value cannot be a hook's secret. Never shows the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHookSecret {
    /// The header's name is none.
    #[error("the header that a hook's secret is to be in has a name that no header can have")]
    Header,
    /// The value is empty, or has something other than visible ASCII and single spaces inside it.
    #[error("a hook's secret must be visible ASCII, not empty, without spaces around it")]
    Value,
}

/// The header by which your receiver knows that it is Okta who calls, and the secret in it: one value for
/// [registering](crate::hooks::NewEventHook::new) a hook and for [receiving](crate::hooks::HookReceiver::new) from it.
///
/// Okta signs nothing, so this is all there is, together with TLS: 32 random bytes in base64 or hex are right.
/// Okta never tells it again.
///
/// ```
/// use okta_client::hooks::HookSecret;
///
/// # fn run(secret: String) -> Result<(), okta_client::hooks::InvalidHookSecret> {
/// let secret = HookSecret::new("Authorization", secret.into())?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct HookSecret {
    header: HeaderName,
    value: SecretString,
}

impl HookSecret {
    /// A secret in the header `header`, `Authorization` mostly. For basic authentication the value is
    /// `Basic ` and the base64 of name, colon and password.
    ///
    /// # Errors
    ///
    /// If they cannot be a header's.
    pub fn new(header: &str, value: SecretString) -> Result<Self, InvalidHookSecret> {
        let header = header.parse().map_err(|_| InvalidHookSecret::Header)?;
        let text = value.expose_secret();
        // HTTP drops what stands around a value, so one with spaces there would never be met again.
        let is_bare = !text.is_empty() && text.trim() == text;
        if !is_bare || !text.is_ascii() || HeaderValue::from_str(text).is_err() {
            return Err(InvalidHookSecret::Value);
        }
        Ok(Self { header, value })
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &HeaderName {
        &self.header
    }

    pub(crate) fn expose(&self) -> &str {
        self.value.expose_secret()
    }
}

impl fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HookSecret(in {})", self.header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_survives_a_header_is_a_secret() {
        for value in ["s3cret", "Basic YWRtaW46c3VwZXJzZWNyZXQ="] {
            HookSecret::new("X-Hook-Secret", value.into()).unwrap();
        }
        for value in ["", " s3cret", "s3cret ", "\t", "s3\ncret", "s3\u{7f}cret", "sécret"] {
            assert_eq!(
                HookSecret::new("a", value.into()).unwrap_err(),
                InvalidHookSecret::Value,
                "{value:?}"
            );
        }
        assert_eq!(HookSecret::new("a b", "s".into()).unwrap_err(), InvalidHookSecret::Header);
    }

    #[test]
    fn debug_shows_the_header_only() {
        let secret = HookSecret::new("Authorization", "s3cret".into()).unwrap();
        assert_eq!(format!("{secret:?}"), "HookSecret(in authorization)");
    }
}
