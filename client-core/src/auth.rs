//! The seam where a request gets its credentials.

use std::fmt;

use async_trait::async_trait;
use base64::Engine as _;
use http::HeaderValue;
use http::header::AUTHORIZATION;

use crate::secret::{ExposeSecret, SecretString};

/// Why there are no credentials to send. Never holds one.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct CredentialError(pub String);

/// Puts credentials on a request, anew for each attempt, so a repetition never carries a stale token.
#[async_trait]
pub trait Credentials: fmt::Debug + Send + Sync {
    /// Adds what proves who we are.
    ///
    /// # Errors
    ///
    /// If there is nothing to add: the request is then not sent.
    async fn authorize(&self, request: &mut http::request::Parts) -> Result<(), CredentialError>;
}

/// An `Authorization` header that does not change.
pub struct StaticAuthorization(HeaderValue);

impl StaticAuthorization {
    /// `Authorization: {scheme} {token}`.
    ///
    /// # Errors
    ///
    /// If the token is empty, or holds what no header may hold (a line break, mostly: from a file read whole).
    pub fn token(scheme: &str, token: &SecretString) -> Result<Self, CredentialError> {
        if token.expose_secret().trim().is_empty() {
            return Err(CredentialError("the token is empty".into()));
        }
        Self::header(&format!("{scheme} {}", token.expose_secret()))
    }

    /// `Authorization: Basic …`.
    ///
    /// # Errors
    ///
    /// If the name holds a colon, which HTTP cannot tell from the one before the password.
    pub fn basic(username: &str, password: &SecretString) -> Result<Self, CredentialError> {
        if username.contains(':') {
            return Err(CredentialError("a user name for basic authentication cannot hold a colon".into()));
        }
        let pair = format!("{username}:{}", password.expose_secret());
        Self::header(&format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
    }

    fn header(text: &str) -> Result<Self, CredentialError> {
        let mut value = HeaderValue::from_str(text).map_err(|_| {
            CredentialError(
                "the token holds a character that no header may hold; is there a line break in it?".into(),
            )
        })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl fmt::Debug for StaticAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaticAuthorization(hidden)")
    }
}

#[async_trait]
impl Credentials for StaticAuthorization {
    async fn authorize(&self, request: &mut http::request::Parts) -> Result<(), CredentialError> {
        request.headers.insert(AUTHORIZATION, self.0.clone());
        Ok(())
    }
}
