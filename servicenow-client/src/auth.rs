//! Who calls: every way in which an instance can be told.
//!
//! | the builder's method | sends | needs on the instance |
//! | --- | --- | --- |
//! | [`basic`](crate::Builder::basic) | user and password | on newer instances a user with `web_service_access_only`, or the role `snc_basic_auth_api_access` |
//! | [`oauth`](crate::Builder::oauth) | a token, see [`OAuth`] | a client in the Application Registry (`oauth_entity`) |
//! | [`api_key`](crate::Builder::api_key) | a key, see [`ApiKey`] | the plugin `com.glide.tokenbased_auth`, a key bound to a user, and a REST API access policy for **each** API |
//! | [`mutual_tls`](crate::Builder::mutual_tls) | a certificate, see [`ClientIdentity`] | the plugin `com.glide.auth.mutual`, and the certificate with a user in `sys_user_certificate` |
//! | [`credentials`](crate::Builder::credentials) | what you make of it, see [`Credentials`] | whatever reads it |
//!
//! Whatever the way, calls run as a user: its roles, time zone, date format and language shape every answer.
//!
//! A 401 can come from a node that has not loaded a session or a token yet. So a call that got one is sent up to
//! twice more, seconds apart, whatever it does: a 401 says that nothing was done.

mod oauth;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use client_core::{Origin, Response, SecretString, Settings, StaticAuthorization};
use http::{HeaderValue, StatusCode};

use crate::builder::ConfigError;

pub use client_core::jws::{Algorithm, InvalidKey};
pub use client_core::{ClientIdentity, CredentialError, Credentials, InvalidIdentity, Remedy};

pub(crate) use self::oauth::TokenSource;
pub use self::oauth::{Jwt, OAuth};

/// How long a node may take to load what another one knows. Clients that have met it wait one to three seconds.
const PROPAGATION: Duration = Duration::from_secs(2);

/// A key of the token-based authentication. Give it to [`Builder::api_key`](crate::Builder::api_key).
///
/// A key that works for `/table` may give 401 for `/attachment`: each API needs a REST API access policy that takes
/// the key, and the global one never does.
#[derive(Clone)]
#[must_use = "a key does nothing until it is given to a builder"]
pub struct ApiKey {
    key: SecretString,
    header: String,
    prefix: String,
}

impl ApiKey {
    /// A key, sent as `x-sn-apikey: {key}`.
    pub fn new(key: SecretString) -> Self {
        Self { key, header: "x-sn-apikey".into(), prefix: String::new() }
    }

    /// Sends it in another header, if the instance's authentication profile says so.
    pub fn header(mut self, name: impl Into<String>) -> Self {
        self.header = name.into();
        self
    }

    /// Puts this before the key, exactly: `"Token "`, with the space.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.header)
    }
}

/// The way that was chosen.
#[derive(Debug)]
pub(crate) enum Login {
    Basic(String, SecretString),
    OAuth(OAuth),
    ApiKey(ApiKey),
    MutualTls(ClientIdentity),
    Own(Arc<dyn Credentials>),
}

impl Login {
    /// What goes on each request, and where tokens come from if there are any.
    pub(crate) fn credentials(
        self,
        origin: &Origin,
        name: &str,
        settings: &mut Settings,
    ) -> Result<(Patient, Option<Arc<TokenSource>>), ConfigError> {
        let mut tokens = None;
        let credentials: Arc<dyn Credentials> = match self {
            Self::Basic(user, password) => {
                Arc::new(StaticAuthorization::basic(&user, &password).map_err(ConfigError::Credentials)?)
            }
            Self::OAuth(oauth) => {
                let source = Arc::new(oauth.source(origin, name, settings)?);
                tokens = Some(source.clone());
                source
            }
            Self::ApiKey(ApiKey { key, header, prefix }) => Arc::new(
                StaticAuthorization::in_header(&header, &prefix, &key).map_err(ConfigError::Credentials)?,
            ),
            Self::MutualTls(identity) => {
                show(identity, origin, settings)?;
                Arc::new(Nothing)
            }
            Self::Own(credentials) => credentials,
        };
        Ok((Patient(credentials), tokens))
    }
}

/// Has the network show a certificate.
fn show(identity: ClientIdentity, origin: &Origin, settings: &mut Settings) -> Result<(), ConfigError> {
    if settings.transport.is_some() {
        return Err(ConfigError::MutualTls(
            "give the certificate to the transport that you replace ours with",
        ));
    }
    if origin.as_str().starts_with("http:") {
        return Err(ConfigError::MutualTls("plain http shows no certificate: use https"));
    }
    settings.network.identity = Some(identity);
    Ok(())
}

/// Adds nothing: the connection itself says who calls.
#[derive(Debug)]
pub(crate) struct Nothing;

#[async_trait]
impl Credentials for Nothing {
    async fn authorize(&self, _: &mut http::request::Parts) -> Result<(), CredentialError> {
        Ok(())
    }
}

/// Any credentials, and the patience with nodes that do not know them yet.
#[derive(Debug)]
pub(crate) struct Patient(Arc<dyn Credentials>);

#[async_trait]
impl Credentials for Patient {
    async fn authorize(&self, request: &mut http::request::Parts) -> Result<(), CredentialError> {
        self.0.authorize(request).await
    }

    fn heard(&self, authorization: Option<&HeaderValue>, response: &Response) -> Option<Remedy> {
        let remedy = self.0.heard(authorization, response);
        let unknown = response.status == StatusCode::UNAUTHORIZED;
        remedy.or_else(|| unknown.then_some(Remedy::Patience(PROPAGATION)))
    }
}
