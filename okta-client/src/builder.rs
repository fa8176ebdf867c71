//! Making a client.

use std::sync::Arc;

use client_core::{
    Clock, CredentialError, Credentials, InvalidOrigin, Origin, PacerConfig, Pipeline, Randomness,
    RetryPolicy, SecretString, Settings, SetupError, StaticAuthorization, Transport, TransportConfig,
};

use crate::client::OktaClient;
use crate::dialect::Okta;

/// Why a client cannot be made. Says what would be right, and never shows a secret.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The org URL.
    #[error(transparent)]
    OrgUrl(#[from] InvalidOrigin),
    /// The admin console's address was given for the API's.
    #[error("the org URL {given} is the admin console's: use https://{instead}")]
    AdminConsole {
        /// The host that was given.
        given: String,
        /// The host that would be right.
        instead: String,
    },
    /// There are no credentials.
    #[error("no credentials: give an API token with `api_token`")]
    NoCredentials,
    /// The credentials cannot be sent.
    #[error(transparent)]
    Token(#[from] CredentialError),
    /// An environment variable is missing.
    #[error("the environment variable {name} is not set: it should hold {holds}")]
    Environment {
        /// Its name.
        name: &'static str,
        /// What it should hold.
        holds: &'static str,
    },
    /// The settings do not fit.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// Settings of a client to be. Every one but the org URL and the token has a sensible default.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    org_url: String,
    token: Option<SecretString>,
    settings: Settings,
}

impl Builder {
    pub(crate) fn new(org_url: impl Into<String>) -> Self {
        Self { org_url: org_url.into(), token: None, settings: Settings::default() }
    }

    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        let org_url = variable("OKTA_CLIENT_ORGURL", "the org's URL, https://acme.okta.com")?;
        let token = variable("OKTA_CLIENT_TOKEN", "an API token")?;
        Ok(Self::new(org_url).api_token(token.into()))
    }

    /// Authenticates with an API token (`Authorization: SSWS …`). It acts as the admin who made it.
    pub fn api_token(mut self, token: SecretString) -> Self {
        self.token = Some(token);
        self
    }

    /// Names the program, `payroll/3.2`: it comes first in the user agent, which Okta's System Log keeps.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.settings.product = Some(product.into());
        self
    }

    /// Sets time-outs and the cap on answers.
    pub fn network(mut self, network: TransportConfig) -> Self {
        self.settings.network = network;
        self
    }

    /// Replaces the network: a proxy of your own, or a test's double.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.settings.transport = Some(transport);
        self
    }

    /// Sets how patient the client is.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.settings.retry = retry;
        self
    }

    /// Sets how much of the rate limits the client may use.
    pub fn pacer(mut self, pacer: PacerConfig) -> Self {
        self.settings.pacer = pacer;
        self
    }

    /// Replaces the clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Replaces the source of chance.
    pub fn randomness(mut self, randomness: Arc<dyn Randomness>) -> Self {
        self.settings.randomness = randomness;
        self
    }

    /// Makes the client. Sends nothing yet.
    ///
    /// # Errors
    ///
    /// If a setting is missing or wrong.
    pub fn build(self) -> Result<OktaClient, ConfigError> {
        let origin = Origin::parse(&self.org_url)?;
        refuse_admin_console(&origin)?;
        let token = self.token.ok_or(ConfigError::NoCredentials)?;
        let credentials: Arc<dyn Credentials> = Arc::new(StaticAuthorization::token("SSWS", &token)?);
        let name = concat!("okta-client-rs/", env!("CARGO_PKG_VERSION"));
        Ok(OktaClient::new(Pipeline::new(Okta, origin, credentials, name, self.settings)?))
    }
}

fn variable(name: &'static str, holds: &'static str) -> Result<String, ConfigError> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty())
        .ok_or(ConfigError::Environment { name, holds })
}

/// `acme-admin.okta.com` answers pages for people; the API lives at `acme.okta.com`.
fn refuse_admin_console(origin: &Origin) -> Result<(), ConfigError> {
    let host = origin.host();
    let Some((label, domain)) = host.split_once('.') else { return Ok(()) };
    match label.strip_suffix("-admin") {
        Some(org) if domain.starts_with("okta") => {
            Err(ConfigError::AdminConsole { given: host.to_owned(), instead: format!("{org}.{domain}") })
        }
        _ => Ok(()),
    }
}
