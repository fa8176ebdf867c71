//! The seam where a request gets its credentials.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::response::Response;
use crate::secret::{ExposeSecret, SecretString};

/// Why there are no credentials to send. Never holds one.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{why}")]
pub struct CredentialError {
    why: String,
    outlook: Outlook,
}

/// Whether asking again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Not before somebody mends something.
    Lasting,
    /// After a pause of our own.
    Passing,
    /// After so long, as whoever gives the credentials said.
    After(Duration),
}

impl CredentialError {
    /// Somebody has to mend something: the call fails.
    #[must_use]
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), outlook: Outlook::Lasting }
    }

    /// Whoever gives the credentials is away: the call is repeated as if its own answer had not come.
    #[must_use]
    pub fn passing(why: impl Into<String>) -> Self {
        Self { why: why.into(), outlook: Outlook::Passing }
    }

    /// Whoever gives the credentials limits how often it is asked: the call is repeated after `pause`.
    #[must_use]
    pub fn limited(why: impl Into<String>, pause: Duration) -> Self {
        Self { why: why.into(), outlook: Outlook::After(pause) }
    }

    /// Whether asking again later may help without anybody mending anything.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        self.outlook != Outlook::Lasting
    }

    pub(crate) fn outlook(&self) -> Outlook {
        self.outlook
    }
}

/// What may mend a refusal that is about the credentials. The call is repeated then, if the answer says that
/// nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Other credentials, and there will be others at once: the call is repeated once.
    Renewal,
    /// The same credentials, after so long: the other side may not know them yet. Of all repetitions for the sake of
    /// credentials this may be the second, and none comes after that.
    Patience(Duration),
}

impl Remedy {
    /// How long to wait before a call is repeated that was repeated so often already for its credentials.
    pub(crate) fn pause(self, repeated: u32) -> Option<Duration> {
        match self {
            Self::Renewal => (repeated < 1).then_some(Duration::ZERO),
            Self::Patience(pause) => (repeated < 2).then_some(pause),
        }
    }
}

/// Puts credentials on a request, anew for each attempt, so a repetition never carries a stale token.
#[async_trait]
pub trait Credentials: fmt::Debug + Send + Sync {
    /// Adds what proves who we are. Called when the request has its place in the rate limit and goes out next,
    /// so that what is signed is fresh. For who signs it, the body is among the request's extensions, as `Bytes`; not
    /// if it is an [`Upload`](crate::Upload), which is read while it is sent.
    ///
    /// # Errors
    ///
    /// If there is nothing to add: the request is then not sent.
    async fn authorize(&self, request: &mut http::request::Parts) -> Result<(), CredentialError>;

    /// Hears of every answer, with the `Authorization` that the request had, and says what may mend it if it is a
    /// refusal of the credentials: an expired token, an unknown nonce, a session that is still on its way.
    fn heard(&self, authorization: Option<&HeaderValue>, response: &Response) -> Option<Remedy> {
        let _ = (authorization, response);
        None
    }
}

/// A header that does not change: `Authorization`, mostly.
pub struct StaticAuthorization {
    name: HeaderName,
    value: HeaderValue,
}

impl StaticAuthorization {
    /// `Authorization: {scheme} {token}`.
    ///
    /// # Errors
    ///
    /// If the token is empty, or holds what no header may hold (a line break, mostly: from a file read whole).
    pub fn token(scheme: &str, token: &SecretString) -> Result<Self, CredentialError> {
        Self::in_header(AUTHORIZATION.as_str(), &format!("{scheme} "), token)
    }

    /// `{name}: {prefix}{token}`.
    ///
    /// # Errors
    ///
    /// If there is no such header, or for the token's sake as with [`token`](Self::token).
    pub fn in_header(name: &str, prefix: &str, token: &SecretString) -> Result<Self, CredentialError> {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| CredentialError::new(format!("{name:?} is no header's name")))?;
        if token.expose_secret().trim().is_empty() {
            return Err(CredentialError::new("the token is empty"));
        }
        Self::header(name, &format!("{prefix}{}", token.expose_secret()))
    }

    /// `Authorization: Basic …`.
    ///
    /// # Errors
    ///
    /// If the name holds a colon, which HTTP cannot tell from the one before the password.
    pub fn basic(username: &str, password: &SecretString) -> Result<Self, CredentialError> {
        if username.contains(':') {
            return Err(CredentialError::new("a user name for basic authentication cannot hold a colon"));
        }
        let pair = format!("{username}:{}", password.expose_secret());
        Self::header(
            AUTHORIZATION,
            &format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)),
        )
    }

    fn header(name: HeaderName, text: &str) -> Result<Self, CredentialError> {
        let mut value = HeaderValue::from_str(text).map_err(|_| {
            CredentialError::new(
                "the token holds a character that no header may hold; is there a line break in it?",
            )
        })?;
        value.set_sensitive(true);
        Ok(Self { name, value })
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
        request.headers.insert(self.name.clone(), self.value.clone());
        Ok(())
    }
}
