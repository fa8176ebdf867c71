//! How a client is put together.

use std::fmt;
use std::sync::Arc;

use client_core::{
    Clock, CredentialError, HttpTransport, InvalidOrigin, Origin, PacerConfig, Pipeline, Randomness,
    RetryPolicy, SecretString, Settings, SetupError, StaticAuthorization, Transport, TransportConfig,
};

use crate::client::ServiceNowClient;
use crate::dialect::ServiceNowDialect;
use crate::known::KnownFields;
use crate::sessions::Sessions;

/// What this crate calls itself.
const NAME: &str = concat!("servicenow-client/", env!("CARGO_PKG_VERSION"));

/// The part of an instance's address that people leave out.
const DOMAIN: &str = "service-now.com";

/// More calls at once than this are more than a client's share of an instance, however large it is.
const MOST_IN_FLIGHT: u32 = 16;

/// Why a client cannot be made.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// An environment variable is missing, empty or no text.
    #[error("set {name}: {meaning}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// What belongs in it.
        meaning: &'static str,
    },
    /// The instance's address is none.
    #[error("give the instance as https://acme.service-now.com, or just acme")]
    Instance(#[source] InvalidOrigin),
    /// Nothing says who we are.
    #[error("say who calls: .basic(user, password)")]
    NoCredentials,
    /// User name or password cannot be sent.
    #[error("the credentials cannot be used")]
    Credentials(#[source] CredentialError),
    /// The settings do not fit.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// A client in the making. See [`ServiceNowClient::builder`].
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    instance: String,
    basic: Option<(String, SecretString)>,
    settings: Settings,
}

impl Builder {
    pub(crate) fn new(instance: impl Into<String>) -> Self {
        Self {
            instance: instance.into(),
            basic: None,
            settings: Settings {
                pacer: PacerConfig { concurrency: MOST_IN_FLIGHT, ..PacerConfig::default() },
                ..Settings::default()
            },
        }
    }

    /// The environment is handed in, so that tests need not change their process's.
    pub(crate) fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let read = |name, meaning| match get(name) {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(ConfigError::Variable { name, meaning }),
        };
        let host = read("SN_HOST", "the instance, like https://acme.service-now.com")?;
        let user = read("SN_USERNAME", "the API user's name")?;
        let password = read("SN_PASSWORD", "the API user's password")?;
        Ok(Self::new(host).basic(user, SecretString::from(password)))
    }

    /// Calls as this user, with a password. Required.
    ///
    /// Give the integration user the time zone GMT, the language `en` and the system's date format: all three
    /// shape answers. Newer instances refuse passwords of ordinary users: it must have
    /// `web_service_access_only`, or the role `snc_basic_auth_api_access`.
    pub fn basic(mut self, user: impl Into<String>, password: SecretString) -> Self {
        self.basic = Some((user.into(), password));
        self
    }

    /// Names your product (`payroll/3.2`) before this client in the user agent.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.settings.product = Some(product.into());
        self
    }

    /// Sets how patient the client is. Rate-limit rules are hourly: a call that one refuses fails, and says until when,
    /// if that is longer than [`RetryPolicy::rate_limit_wait`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// Sets how the client paces itself: what share of each rate-limit rule it takes, all by default, and how many calls
    /// are in flight at most, 16 by default and whatever is set. It begins with four, or fewer if that is the most. See
    /// [`ServiceNowClient`].
    pub fn pacer(mut self, config: PacerConfig) -> Self {
        self.settings.pacer = config;
        self
    }

    /// Sets how the network is used. Ignored with [`transport`](Self::transport).
    pub fn network(mut self, config: TransportConfig) -> Self {
        self.settings.network = config;
        self
    }

    /// Replaces the network. Sessions, with their cookies, are kept by the client all the same: give it a transport
    /// that keeps none.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.settings.transport = Some(transport);
        self
    }

    /// Replaces the clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Replaces chance, which spreads repetitions.
    pub fn randomness(mut self, randomness: Arc<dyn Randomness>) -> Self {
        self.settings.randomness = randomness;
        self
    }

    /// Makes the client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// What is wrong with what was given, and what would be right.
    pub fn build(self) -> Result<ServiceNowClient, ConfigError> {
        let origin = Origin::parse(&address(&self.instance)).map_err(ConfigError::Instance)?;
        let (user, password) = self.basic.ok_or(ConfigError::NoCredentials)?;
        let credentials = StaticAuthorization::basic(&user, &password).map_err(ConfigError::Credentials)?;
        let settings = in_sessions(self.settings)?;
        let pipeline = Pipeline::new(ServiceNowDialect, origin, Arc::new(credentials), NAME, settings)?;
        Ok(ServiceNowClient { pipeline, known: KnownFields::default() })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The same, with requests in sessions, and no more at once than is polite.
fn in_sessions(mut settings: Settings) -> Result<Settings, SetupError> {
    let network = match settings.transport.take() {
        Some(transport) => transport,
        None => Arc::new(HttpTransport::new(&settings.network)?),
    };
    settings.transport = Some(Arc::new(Sessions::new(network, settings.clock.clone())));
    settings.pacer.concurrency = settings.pacer.concurrency.min(MOST_IN_FLIGHT);
    Ok(settings)
}

/// A bare instance name gets the vendor's domain.
fn address(instance: &str) -> String {
    let instance = instance.trim();
    let bare = !instance.is_empty()
        && instance != "localhost"
        && instance.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if bare { format!("https://{instance}.{DOMAIN}") } else { instance.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(instance: &str) -> Result<String, ConfigError> {
        let client = Builder::new(instance).basic("api", "pw".to_owned().into()).build()?;
        Ok(client.origin().as_str().to_owned())
    }

    #[test]
    fn an_instance_is_named_as_people_do() {
        for instance in ["acme", "https://acme.service-now.com/", "acme.service-now.com", " acme "] {
            assert_eq!(origin(instance).unwrap(), "https://acme.service-now.com", "{instance:?}");
        }
        assert_eq!(origin("http://127.0.0.1:8080").unwrap(), "http://127.0.0.1:8080");
        assert_eq!(origin("https://help.acme.example").unwrap(), "https://help.acme.example");
    }

    #[test]
    fn an_address_that_would_leak_the_password_is_refused() {
        for instance in ["", "http://acme.service-now.com", "https://a:b@acme.service-now.com", "acme/api"] {
            assert!(matches!(origin(instance), Err(ConfigError::Instance(_))), "{instance:?}");
        }
    }

    #[test]
    fn a_missing_variable_is_named() {
        for missing in ["SN_HOST", "SN_USERNAME", "SN_PASSWORD"] {
            let error = Builder::from_variables(|name| (name != missing).then(|| "x".into())).unwrap_err();
            assert!(error.to_string().contains(missing), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused_early() {
        let builder = || Builder::new("acme");
        assert!(matches!(builder().build(), Err(ConfigError::NoCredentials)));
        let colon = builder().basic("a:b", "pw".to_owned().into()).build();
        assert!(matches!(colon, Err(ConfigError::Credentials(_))));
        let agent = builder().basic("a", "pw".to_owned().into()).user_agent("a\nb").build();
        assert!(matches!(agent, Err(ConfigError::Setup(SetupError::UserAgent))));
    }

    #[test]
    fn debug_shows_no_secret() {
        let builder = Builder::new("acme").basic("api", "hunter2".to_owned().into());
        assert!(!format!("{builder:?}").contains("hunter2"));
        let client = builder.build().unwrap();
        assert!(!format!("{client:?}").contains("hunter2"));
    }
}
