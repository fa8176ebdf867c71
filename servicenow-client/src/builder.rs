//! How a client is put together.

use std::fmt;
use std::sync::Arc;

use client_core::{
    Clock, CredentialError, Credentials, HttpTransport, InvalidOrigin, Origin, PacerConfig, Pipeline,
    Randomness, RetryPolicy, SecretString, Settings, SetupError, Transport, TransportConfig,
};

use crate::auth::{ApiKey, ClientIdentity, InvalidKey, Login, OAuth};
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

/// An environment variable, and what belongs in it.
#[derive(Clone, Copy)]
struct Variable(&'static str, &'static str);

const HOST: Variable = Variable("SN_HOST", "the instance, like https://acme.service-now.com");
const USERNAME: Variable =
    Variable("SN_USERNAME", "the API user's name, unless SN_CLIENT_ID or SN_API_KEY says who calls");
const PASSWORD: Variable = Variable("SN_PASSWORD", "the password of SN_USERNAME");
const CLIENT_ID: Variable = Variable("SN_CLIENT_ID", "the id of the OAuth client");
const CLIENT_SECRET: Variable = Variable("SN_CLIENT_SECRET", "the secret of SN_CLIENT_ID");
const API_KEY: &str = "SN_API_KEY";

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
    /// Two environment variables say who calls, each in its own way.
    #[error("unset {one} or {other}: each says who calls, in another way")]
    Contradiction {
        /// One of them.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// The instance's address is none.
    #[error("give the instance as https://acme.service-now.com, or just acme")]
    Instance(#[source] InvalidOrigin),
    /// Nothing says who we are.
    #[error(
        "say who calls: .basic(user, password), .oauth(…), .api_key(…), .mutual_tls(…) or .credentials(…)"
    )]
    NoCredentials,
    /// User name, password or key cannot be sent.
    #[error("the credentials cannot be used")]
    Credentials(#[source] CredentialError),
    /// The OAuth client is not as it should be.
    #[error("the OAuth client cannot be used: {0}")]
    OAuth(String),
    /// The private key that signs for the OAuth client.
    #[error(transparent)]
    PrivateKey(#[from] InvalidKey),
    /// There is nothing that could show the certificate.
    #[error("the client certificate cannot be shown: {0}")]
    MutualTls(&'static str),
    /// The settings do not fit.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// A client in the making. See [`ServiceNowClient::builder`].
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    instance: String,
    login: Option<Login>,
    settings: Settings,
}

impl Builder {
    pub(crate) fn new(instance: impl Into<String>) -> Self {
        Self {
            instance: instance.into(),
            login: None,
            settings: Settings {
                pacer: PacerConfig { concurrency: MOST_IN_FLIGHT, ..PacerConfig::default() },
                ..Settings::default()
            },
        }
    }

    /// The environment is handed in, so that tests need not change their process's.
    pub(crate) fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let given = |name| get(name).filter(|text| !text.trim().is_empty());
        let read = |Variable(name, meaning)| given(name).ok_or(ConfigError::Variable { name, meaning });
        let secret = |variable| read(variable).map(SecretString::from);
        let first = |names: [Variable; 2]| names.into_iter().find(|name| given(name.0).is_some());
        let builder = Self::new(read(HOST)?);
        let (user, client) = (first([USERNAME, PASSWORD]), first([CLIENT_ID, CLIENT_SECRET]));
        if let Some(key) = given(API_KEY) {
            return match user.or(client) {
                Some(Variable(other, _)) => Err(ConfigError::Contradiction { one: API_KEY, other }),
                None => Ok(builder.api_key(ApiKey::new(key.into()))),
            };
        }
        Ok(match (user, client) {
            (_, None) => builder.basic(read(USERNAME)?, secret(PASSWORD)?),
            (None, Some(_)) => {
                builder.oauth(OAuth::client_credentials(read(CLIENT_ID)?, secret(CLIENT_SECRET)?))
            }
            (Some(_), Some(_)) => builder.oauth(OAuth::password(
                read(CLIENT_ID)?,
                secret(CLIENT_SECRET)?,
                read(USERNAME)?,
                secret(PASSWORD)?,
            )),
        })
    }

    /// Calls as this user, with a password.
    ///
    /// Give the integration user the time zone GMT, the language `en` and the system's date format: all three
    /// shape answers. Newer instances refuse passwords of ordinary users: it must have
    /// `web_service_access_only`, or the role `snc_basic_auth_api_access`.
    pub fn basic(self, user: impl Into<String>, password: SecretString) -> Self {
        self.calls_by(Login::Basic(user.into(), password))
    }

    /// Calls with tokens of an OAuth client: by client credentials, password, refresh token or signed statement.
    pub fn oauth(self, oauth: OAuth) -> Self {
        self.calls_by(Login::OAuth(oauth))
    }

    /// Calls with an API key.
    pub fn api_key(self, key: ApiKey) -> Self {
        self.calls_by(Login::ApiKey(key))
    }

    /// Calls as the user to whom this certificate belongs, without any header that says so. Not together with
    /// [`transport`](Self::transport), nor over plain HTTP.
    pub fn mutual_tls(self, identity: ClientIdentity) -> Self {
        self.calls_by(Login::MutualTls(identity))
    }

    /// Calls with credentials of your own making: a signature, a token that somebody else looks after.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use bytes::Bytes;
    /// use servicenow_client::ServiceNowClient;
    /// use servicenow_client::auth::{CredentialError, Credentials};
    ///
    /// /// Signs with a key that instance and client share, as a script on the instance checks it.
    /// #[derive(Debug)]
    /// struct Signer;
    ///
    /// #[async_trait::async_trait]
    /// impl Credentials for Signer {
    ///     async fn authorize(&self, request: &mut http::request::Parts) -> Result<(), CredentialError> {
    ///         let body = request.extensions.get::<Bytes>().cloned().unwrap_or_default();
    ///         # fn hmac(_: &[u8]) -> &'static str { "sha256=" }
    ///         let signature = hmac(&body).parse().map_err(|_| CredentialError::new("no signature"))?;
    ///         request.headers.insert("x-sn-hmac-signature-256", signature);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// ServiceNowClient::builder("acme").credentials(Arc::new(Signer)).build()?;
    /// # Ok::<(), servicenow_client::ConfigError>(())
    /// ```
    pub fn credentials(self, credentials: Arc<dyn Credentials>) -> Self {
        self.calls_by(Login::Own(credentials))
    }

    fn calls_by(mut self, login: Login) -> Self {
        self.login = Some(login);
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
        let (login, mut settings) = (self.login.ok_or(ConfigError::NoCredentials)?, self.settings);
        let (credentials, tokens) = login.credentials(&origin, NAME, &mut settings)?;
        let settings = in_sessions(settings)?;
        let pipeline = Pipeline::new(ServiceNowDialect, origin, Arc::new(credentials), NAME, settings)?;
        Ok(ServiceNowClient { pipeline, tokens, known: KnownFields::default() })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The network, made now if it is not there yet: token requests share it with all others.
pub(crate) fn network(settings: &mut Settings) -> Result<Arc<dyn Transport>, SetupError> {
    if let Some(transport) = &settings.transport {
        return Ok(transport.clone());
    }
    let transport = Arc::new(HttpTransport::new(&settings.network)?);
    settings.transport = Some(transport.clone());
    Ok(transport)
}

/// The same, with requests in sessions, and no more at once than is polite.
fn in_sessions(mut settings: Settings) -> Result<Settings, SetupError> {
    let network = network(&mut settings)?;
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

    /// A builder from an environment where these are set, to their own names.
    fn environment(set: &[&str]) -> Result<Builder, ConfigError> {
        Builder::from_variables(|name| (name == "SN_HOST" || set.contains(&name)).then(|| name.to_owned()))
    }

    #[test]
    fn the_environment_says_in_which_way_to_call() {
        for (set, way) in [
            (&["SN_USERNAME", "SN_PASSWORD"][..], "Basic(\"SN_USERNAME\""),
            (&["SN_CLIENT_ID", "SN_CLIENT_SECRET"], "OAuth(OAuth(SN_CLIENT_ID, client_credentials))"),
            (
                &["SN_CLIENT_ID", "SN_CLIENT_SECRET", "SN_USERNAME", "SN_PASSWORD"],
                "OAuth(OAuth(SN_CLIENT_ID, password))",
            ),
            (&["SN_API_KEY"], "ApiKey(ApiKey(x-sn-apikey))"),
        ] {
            let login = format!("{:?}", environment(set).unwrap().login.unwrap());
            assert!(login.starts_with(way), "{login}");
            assert!(!login.contains("SN_PASSWORD") && !login.contains("SECRET"), "{login}");
        }
    }

    #[test]
    fn what_the_environment_lacks_or_says_twice_is_named() {
        let nothing = Builder::from_variables(|_| None).unwrap_err().to_string();
        assert!(nothing.starts_with("set SN_HOST"), "{nothing}");
        let client = ["SN_CLIENT_ID", "SN_CLIENT_SECRET"];
        for (set, says) in [
            (&[][..], &["set SN_USERNAME", "SN_CLIENT_ID", "SN_API_KEY"][..]),
            (&["SN_USERNAME"], &["set SN_PASSWORD"]),
            (&["SN_PASSWORD"], &["set SN_USERNAME"]),
            (&["SN_CLIENT_ID"], &["set SN_CLIENT_SECRET"]),
            (&["SN_CLIENT_SECRET"], &["set SN_CLIENT_ID"]),
            (&[client[0], client[1], "SN_USERNAME"], &["set SN_PASSWORD"]),
            (&["SN_USERNAME", "SN_PASSWORD", "SN_CLIENT_ID"], &["set SN_CLIENT_SECRET"]),
            (&["SN_API_KEY", "SN_PASSWORD"], &["unset SN_API_KEY or SN_PASSWORD"]),
            (&["SN_API_KEY", "SN_CLIENT_ID"], &["unset SN_API_KEY or SN_CLIENT_ID"]),
        ] {
            let error = environment(set).unwrap_err().to_string();
            assert!(says.iter().all(|text| error.contains(text)), "{set:?}: {error}");
        }
    }

    #[test]
    fn a_way_to_call_that_can_never_work_is_refused_early() {
        use crate::auth::Jwt;

        let secret = || SecretString::from("hunter2");
        let built = |oauth| Builder::new("acme").oauth(oauth).build().map(drop).unwrap_err().to_string();
        let key = include_str!("../../client-core/tests/keys/p256.sec1.pem");
        let jwt = |key: &str, subject| OAuth::jwt_bearer("c", Jwt::new(key.into(), subject));
        for (error, says) in [
            (built(OAuth::client_credentials(" ", secret())), "client id is empty"),
            (built(OAuth::client_credentials("c", "".into())), "client secret is empty"),
            (built(OAuth::password("c", secret(), "", secret())), "user name is empty"),
            (built(OAuth::password("c", secret(), "u", "".into())), "password is empty"),
            (built(OAuth::refresh_token("c", secret(), "\n".into())), "refresh token is empty"),
            (built(jwt(key, "u")), "`kid`"),
            (built(jwt("hunter2", "u")), "neither PEM"),
            (built(jwt(include_str!("../../client-core/tests/keys/p256.jwk.json"), "")), "subject"),
        ] {
            assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
        }
        let key = |key: ApiKey| Builder::new("acme").api_key(key).build();
        for wrong in
            [ApiKey::new("".into()), ApiKey::new(secret()).header("x key"), ApiKey::new("a\nb".into())]
        {
            assert!(matches!(key(wrong), Err(ConfigError::Credentials(_))));
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
