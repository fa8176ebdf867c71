//! Making a client.

use std::sync::Arc;

use client_core::{
    Clock, CredentialError, Credentials, HttpTransport, InvalidOrigin, Origin, PacerConfig, Pipeline,
    Randomness, RetryPolicy, SecretString, Settings, SetupError, StaticAuthorization, Transport,
    TransportConfig,
};

use http::HeaderValue;

use crate::auth::{InvalidKey, ServiceApp, Surroundings};
use crate::client::OktaClient;
use crate::dialect::Okta;

/// How this client names itself in the user agent.
const NAME: &str = concat!("okta-client-rs/", env!("CARGO_PKG_VERSION"));

/// What `OKTA_CLIENT_TOKEN` is for, and what does instead.
const TOKEN_HOLDS: &str = "an API token, unless OKTA_CLIENT_CLIENTID, OKTA_CLIENT_PRIVATEKEY and OKTA_CLIENT_SCOPES \
                           name a service app";

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
    #[error("no credentials: give an API token with `api_token` or a service app with `service_app`")]
    NoCredentials,
    /// The credentials cannot be sent.
    #[error(transparent)]
    Token(#[from] CredentialError),
    /// The service app is not as it should be.
    #[error("the service app cannot be used: {0}")]
    ServiceApp(String),
    /// The service app's private key.
    #[error(transparent)]
    PrivateKey(#[from] InvalidKey),
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

/// Settings of a client to be. Every one but the org URL and the credentials has a sensible default.
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    org_url: String,
    login: Option<Login>,
    settings: Settings,
}

#[derive(Debug)]
enum Login {
    Token(SecretString),
    App(ServiceApp),
}

impl Builder {
    pub(crate) fn new(org_url: impl Into<String>) -> Self {
        Self { org_url: org_url.into(), login: None, settings: Settings::default() }
    }

    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(read: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variable = |name: &'static str, holds: &'static str| {
            read(name)
                .filter(|value| !value.trim_matches([' ', ',', '\n', '\t']).is_empty())
                .ok_or(ConfigError::Environment { name, holds })
        };
        let builder = Self::new(variable("OKTA_CLIENT_ORGURL", "the org's URL, https://acme.okta.com")?);
        let token = match variable("OKTA_CLIENT_TOKEN", TOKEN_HOLDS) {
            Ok(token) => return Ok(builder.api_token(token.into())),
            Err(missing) => missing,
        };
        let key = variable("OKTA_CLIENT_PRIVATEKEY", "the service app's private key, PEM or JWK");
        let client_id = match variable("OKTA_CLIENT_CLIENTID", "the service app's client id, 0oa…") {
            Ok(client_id) => client_id,
            Err(_) if key.is_err() => return Err(token),
            Err(missing) => return Err(missing),
        };
        let scopes = variable("OKTA_CLIENT_SCOPES", "the scopes to ask for: okta.users.read okta.logs.read");
        let (key, scopes) = (key?, scopes?);
        let scopes = scopes.split([' ', ',']).filter(|scope| !scope.trim().is_empty());
        let mut app = ServiceApp::new(client_id, key.into()).scopes(scopes);
        if let Ok(id) = variable("OKTA_CLIENT_PRIVATEKEYID", "the `kid` of the private key") {
            app = app.key_id(id.trim());
        }
        Ok(builder.service_app(app))
    }

    /// Authenticates with an API token (`Authorization: SSWS …`). It acts as the admin who made it.
    pub fn api_token(mut self, token: SecretString) -> Self {
        self.login = Some(Login::Token(token));
        self
    }

    /// Authenticates as a service app (OAuth 2.0 with a private key): what Okta recommends. It acts by its own
    /// scopes and its own admin role, and needs both.
    pub fn service_app(mut self, app: ServiceApp) -> Self {
        self.login = Some(Login::App(app));
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
        let mut settings = self.settings;
        let (credentials, app): (Arc<dyn Credentials>, _) =
            match self.login.ok_or(ConfigError::NoCredentials)? {
                Login::Token(token) => (Arc::new(StaticAuthorization::token("SSWS", &token)?), None),
                Login::App(app) => {
                    let app = Arc::new(app.credentials(surroundings(&origin, &mut settings)?)?);
                    (app.clone(), Some(app))
                }
            };
        Ok(OktaClient::new(Pipeline::new(Okta, origin, credentials, NAME, settings)?, app))
    }
}

/// Token requests share the network, the clock and the name of all others.
fn surroundings(origin: &Origin, settings: &mut Settings) -> Result<Surroundings, SetupError> {
    let transport = match &settings.transport {
        Some(transport) => transport.clone(),
        None => Arc::new(HttpTransport::new(&settings.network)?),
    };
    settings.transport = Some(transport.clone());
    let product = settings.product.iter().map(|product| format!("{product} "));
    let user_agent = product.chain([NAME.to_owned()]).collect::<String>();
    Ok(Surroundings {
        origin: origin.clone(),
        user_agent: HeaderValue::from_str(&user_agent).map_err(|_| SetupError::UserAgent)?,
        transport,
        clock: settings.clock.clone(),
        randomness: settings.randomness.clone(),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../../client-core/tests/keys/p256.jwk.json");

    fn built(variables: &[(&str, &str)]) -> Result<OktaClient, ConfigError> {
        let read = |name: &str| Some(variables.iter().find(|(is, _)| *is == name)?.1.to_owned());
        Builder::from_variables(read)?.build()
    }

    const ORG: (&str, &str) = ("OKTA_CLIENT_ORGURL", "https://acme.okta.com");
    const ID: (&str, &str) = ("OKTA_CLIENT_CLIENTID", "0oa1");
    const PRIVATE: (&str, &str) = ("OKTA_CLIENT_PRIVATEKEY", KEY);

    #[test]
    fn the_environment_names_a_token_or_a_service_app() {
        built(&[ORG, ("OKTA_CLIENT_TOKEN", "t")]).unwrap();
        let app = built(&[ORG, ID, PRIVATE, ("OKTA_CLIENT_SCOPES", "okta.users.read, okta.logs.read")]);
        assert!(format!("{:?}", app.unwrap()).contains(r#"["okta.logs.read", "okta.users.read"]"#));
        let both = [ORG, ID, PRIVATE, ("OKTA_CLIENT_TOKEN", "t")];
        assert!(format!("{:?}", built(&both).unwrap()).contains("StaticAuthorization"));
        let named =
            built(&[ORG, ID, PRIVATE, ("OKTA_CLIENT_SCOPES", "a.b"), ("OKTA_CLIENT_PRIVATEKEYID", "k9")]);
        assert!(format!("{:?}", named.unwrap()).contains(r#"Some("k9")"#));
    }

    #[test]
    fn what_the_environment_lacks_is_named() {
        for (variables, names) in [
            (&[][..], "OKTA_CLIENT_ORGURL"),
            (
                &[ORG],
                "OKTA_CLIENT_CLIENTID, OKTA_CLIENT_PRIVATEKEY and OKTA_CLIENT_SCOPES name a service app",
            ),
            (&[ORG, ID], "OKTA_CLIENT_PRIVATEKEY is not set"),
            (&[ORG, PRIVATE], "OKTA_CLIENT_CLIENTID is not set"),
            (&[ORG, ID, PRIVATE], "OKTA_CLIENT_SCOPES is not set"),
            (&[ORG, ID, PRIVATE, ("OKTA_CLIENT_SCOPES", " ,")], "OKTA_CLIENT_SCOPES is not set"),
            (&[ORG, ID, ("OKTA_CLIENT_PRIVATEKEY", "hunter2"), ("OKTA_CLIENT_SCOPES", "a")], "neither PEM"),
        ] {
            let error = built(variables).unwrap_err().to_string();
            assert!(error.contains(names) && !error.contains("hunter2"), "{error}");
        }
    }
}
