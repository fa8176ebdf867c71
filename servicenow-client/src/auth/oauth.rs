//! OAuth 2.0: four ways to a token, and the token that all calls share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use client_core::jws::{self, Algorithm, SigningKey};
use client_core::oauth::{self, Lease, Refusal, Tokens};
use client_core::{
    Clock, CredentialError, Credentials, ExposeSecret as _, Origin, Randomness, Remedy, Response,
    SecretString, Settings, SetupError, Transport,
};
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::builder::{ConfigError, network};
use crate::dialect;

/// A token is renewed when so much of its life is left, or a tenth of it if it is short.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// How long a token lives if the answer does not say: ServiceNow's own default.
const USUAL_LIFE: Duration = Duration::from_secs(1800);

/// A token that is refused so soon after it was given is no less good than the next one would be: the node that
/// refused it has not heard of it yet.
const NEW: Duration = Duration::from_secs(10);

/// How long an assertion is good for: as much as clocks may differ.
const ASSERTION_LIFE: i64 = 300;

/// A client of the instance's Application Registry (`oauth_entity`), and its way to a token. Give it to
/// [`Builder::oauth`](crate::Builder::oauth).
///
/// One token serves all clones of a client: it is asked for when a call needs it (`POST /oauth_token.do`, everything
/// in the body), renewed ahead of its end, and once when the instance refuses it. Where the instance gives a refresh
/// token that is used, until it is refused; then the first way is gone again.
#[derive(Clone)]
#[must_use = "a client does nothing until it is given to a builder"]
pub struct OAuth {
    client_id: String,
    client_secret: Option<SecretString>,
    scopes: Vec<String>,
    grant: Grant,
}

#[derive(Clone)]
enum Grant {
    ClientCredentials,
    Password { username: String, password: SecretString },
    RefreshToken(SecretString),
    Jwt(Jwt),
}

impl OAuth {
    /// Calls as the client's *OAuth Application User*, which its record must name. The property
    /// `glide.oauth.inbound.client.credential.grant_type.enabled` must be true; absent, it is not.
    pub fn client_credentials(client_id: impl Into<String>, client_secret: SecretString) -> Self {
        Self::new(client_id, Some(client_secret), Grant::ClientCredentials)
    }

    /// Calls as a user, whose password is sent with the first request for a token, and again when the refresh token
    /// has ended. A user with `web_service_access_only` may be refused.
    pub fn password(
        client_id: impl Into<String>,
        client_secret: SecretString,
        username: impl Into<String>,
        password: SecretString,
    ) -> Self {
        let username = username.into();
        Self::new(client_id, Some(client_secret), Grant::Password { username, password })
    }

    /// Calls as the user who was given this refresh token. When it ends, by default after 100 days, somebody has to
    /// get another.
    pub fn refresh_token(
        client_id: impl Into<String>,
        client_secret: SecretString,
        refresh_token: SecretString,
    ) -> Self {
        Self::new(client_id, Some(client_secret), Grant::RefreshToken(refresh_token))
    }

    /// Calls as the user whom a signed statement names. Without a client secret, as a public client has it; else see
    /// [`client_secret`](Self::client_secret).
    pub fn jwt_bearer(client_id: impl Into<String>, jwt: Jwt) -> Self {
        Self::new(client_id, None, Grant::Jwt(jwt))
    }

    fn new(client_id: impl Into<String>, client_secret: Option<SecretString>, grant: Grant) -> Self {
        Self { client_id: client_id.into(), client_secret, scopes: Vec::new(), grant }
    }

    /// The client's secret, for a JWT client that is not public.
    pub fn client_secret(mut self, secret: SecretString) -> Self {
        self.client_secret = Some(secret);
        self
    }

    /// Asks for these scopes only. They exist if an administrator defined REST API auth scopes; without, a token has
    /// `useraccount`, which is all that the user may do.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Makes the source of tokens, out of the client and what its calls have.
    pub(crate) fn source(
        self,
        origin: &Origin,
        name: &str,
        settings: &mut Settings,
    ) -> Result<TokenSource, ConfigError> {
        let Self { client_id, client_secret, scopes, grant } = self;
        present(&client_id, "client id")?;
        if let Some(secret) = &client_secret {
            present(secret.expose_secret(), "client secret")?;
        }
        grant.check()?;
        let unreadable = |_| ConfigError::OAuth("the instance's address cannot be used".into());
        let product = settings.product.iter().map(|product| format!("{product} "));
        let user_agent = product.chain([name.to_owned()]).collect::<String>();
        let asker = Asker {
            grant,
            client_id: client_id.trim().to_owned(),
            client_secret,
            scope: scopes.join(" "),
            endpoint: format!("{origin}/oauth_token.do").parse().map_err(unreadable)?,
            user_agent: HeaderValue::from_str(&user_agent).map_err(|_| SetupError::UserAgent)?,
            transport: network(settings)?,
            clock: settings.clock.clone(),
            randomness: settings.randomness.clone(),
            refresh: Mutex::default(),
        };
        Ok(TokenSource { asker: Arc::new(asker), tokens: Tokens::default() })
    }
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grant = match &self.grant {
            Grant::ClientCredentials => "client_credentials",
            Grant::Password { .. } => "password",
            Grant::RefreshToken(_) => "refresh_token",
            Grant::Jwt(_) => "jwt-bearer",
        };
        write!(f, "OAuth({}, {grant})", self.client_id)
    }
}

/// A statement that names a user, signed with a key whose certificate is in `sys_certificate`: a JWT API endpoint's
/// way in. A new one is made for each token, with a `jti` of its own.
#[derive(Clone)]
#[must_use = "a statement does nothing until it is given to `OAuth::jwt_bearer`"]
pub struct Jwt {
    private_key: SecretString,
    subject: String,
    key_id: Option<String>,
    algorithm: Option<Algorithm>,
    issuer: Option<String>,
}

impl Jwt {
    /// Signs with this private key: PEM (PKCS#1, PKCS#8 or SEC1; its line breaks may be written `\n`) or a JWK as
    /// JSON. `subject` is the value of the user field that the endpoint's record names: an e-mail address, a
    /// `user_name`.
    pub fn new(private_key: SecretString, subject: impl Into<String>) -> Self {
        Self { private_key, subject: subject.into(), key_id: None, algorithm: None, issuer: None }
    }

    /// The `kid` of the JWT verifier map that has the certificate. Needed, unless the key is a JWK with one.
    pub fn key_id(mut self, id: impl Into<String>) -> Self {
        self.key_id = Some(id.into());
        self
    }

    /// What to sign with. Default: the JWK's `alg`, or RS256 for an RSA key; a curve has its own.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    /// The `iss`, if the endpoint checks for another than the client id.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jwt(hidden)")
    }
}

impl Jwt {
    /// The key and its id.
    fn key(&self) -> Result<(SigningKey, String), ConfigError> {
        let key = SigningKey::read(self.private_key.expose_secret(), self.algorithm)?;
        let id = self.key_id.clone().or_else(|| key.id.clone()).filter(|id| !id.trim().is_empty());
        let nameless = "its key has no id: name the `kid` of the JWT verifier map with `key_id`";
        Ok((key, id.ok_or_else(|| ConfigError::OAuth(nameless.into()))?))
    }
}

impl Grant {
    /// What in it can never work.
    fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::ClientCredentials => Ok(()),
            Self::Password { username, password } => {
                present(username, "user name")?;
                present(password.expose_secret(), "user's password")
            }
            Self::RefreshToken(token) => present(token.expose_secret(), "refresh token"),
            Self::Jwt(jwt) => {
                present(&jwt.subject, "JWT's subject, the user as the endpoint knows it,")?;
                jwt.key().map(drop)
            }
        }
    }

    /// What an operator can look at when it is refused.
    fn hint(&self) -> &'static str {
        match self {
            Self::ClientCredentials => {
                "check client id and secret; the property glide.oauth.inbound.client.credential.grant_type.enabled \
                 must be true, and the client's record must name an OAuth Application User"
            }
            Self::Password { .. } => {
                "check client id, secret, user and password; the user must be active, not locked out, and may have \
                 to be allowed an interactive session (no web_service_access_only)"
            }
            Self::RefreshToken(_) => {
                "check client id and secret; the refresh token may have ended or been revoked"
            }
            Self::Jwt(_) => {
                "check the client id, the `kid` and the certificate of its JWT verifier map, the user field that the \
                 subject is a value of, and that the clocks agree within five minutes"
            }
        }
    }
}

/// Refuses what is empty.
fn present(text: &str, what: &str) -> Result<(), ConfigError> {
    if text.trim().is_empty() {
        return Err(ConfigError::OAuth(format!("its {what} is empty")));
    }
    Ok(())
}

/// An access token, and how it is sent.
#[derive(Clone)]
struct Token {
    authorization: HeaderValue,
    secret: SecretString,
    given_at: Duration,
}

/// Where the tokens of one client and its clones come from.
pub(crate) struct TokenSource {
    asker: Arc<Asker>,
    tokens: Tokens<Token, CredentialError>,
}

/// How one client asks for tokens.
struct Asker {
    client_id: String,
    client_secret: Option<SecretString>,
    scope: String,
    grant: Grant,
    endpoint: Uri,
    user_agent: HeaderValue,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    refresh: Mutex<Option<SecretString>>,
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSource({})", self.asker.client_id)
    }
}

impl Asker {
    fn refresh(&self) -> MutexGuard<'_, Option<SecretString>> {
        self.refresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token by the refresh token, or else by the first way.
    async fn ask(&self) -> Result<Lease<Token>, CredentialError> {
        let refresh = self.refresh().clone();
        if let Some(token) = refresh {
            match self.ask_by(&Grant::RefreshToken(token)).await {
                Err(error) if !error.is_passing() => {
                    tracing::info!(%error, "the refresh token is of no use any more");
                    *self.refresh() = None;
                }
                outcome => return outcome,
            }
        }
        self.ask_by(&self.grant).await
    }

    /// `POST /oauth_token.do`
    async fn ask_by(&self, grant: &Grant) -> Result<Lease<Token>, CredentialError> {
        let asked_at = self.clock.monotonic();
        let assertion = match grant {
            Grant::Jwt(jwt) => self.assertion(jwt)?,
            _ => String::new(),
        };
        let mut form = match grant {
            Grant::ClientCredentials => vec![("grant_type", "client_credentials")],
            Grant::Password { username, password } => vec![
                ("grant_type", "password"),
                ("username", username),
                ("password", password.expose_secret()),
            ],
            Grant::RefreshToken(token) => {
                vec![("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())]
            }
            Grant::Jwt(_) => {
                vec![("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)]
            }
        };
        form.push(("client_id", &self.client_id));
        if let Some(secret) = &self.client_secret {
            form.push(("client_secret", secret.expose_secret()));
        }
        if !self.scope.is_empty() {
            form.push(("scope", &self.scope));
        }
        let headers = HeaderMap::from_iter([(USER_AGENT, self.user_agent.clone())]);
        let response = oauth::post(&*self.transport, &self.endpoint, headers, &form).await?;
        if !response.status.is_success() {
            let id = dialect::request_id(&response.headers);
            let pause = dialect::pause(&response);
            return Err(Refusal::read(&response).denial(
                response.status,
                Some(grant.hint()),
                id.as_deref(),
                pause,
            ));
        }
        let granted = Granted::read(&response)?;
        if granted.refresh_token.is_some() {
            *self.refresh() = granted.refresh_token;
        }
        let life = granted.expires_in.as_ref().and_then(seconds).map_or(USUAL_LIFE, Duration::from_secs);
        let authorization =
            oauth::secret_header(&format!("Bearer {}", granted.access_token.expose_secret()))?;
        let token = Token { authorization, secret: granted.access_token, given_at: asked_at };
        Ok(Lease::new(token, asked_at, life, RENEW_BEFORE.min(life / 10)))
    }

    /// What is signed. An instance takes each `jti` once.
    fn assertion(&self, jwt: &Jwt) -> Result<String, CredentialError> {
        let (key, key_id) = jwt.key().map_err(|error| CredentialError::new(error.to_string()))?;
        let now = self.clock.now().timestamp();
        let jti = format!("{:016x}{:016x}", self.randomness.next_u64(), self.randomness.next_u64());
        let header = json!({ "alg": key.algorithm.name(), "typ": "JWT", "kid": key_id });
        let claims = json!({
            "iss": jwt.issuer.as_ref().unwrap_or(&self.client_id), "aud": self.client_id, "sub": jwt.subject,
            "iat": now, "exp": now + ASSERTION_LIFE, "jti": jti,
        });
        jws::compact(&header, &claims, |message| key.sign(message))
    }
}

impl TokenSource {
    /// Lets go of the tokens at hand: the access token and the refresh token, if there are any.
    pub(crate) fn take(&self) -> Vec<SecretString> {
        let access = self.tokens.held().map(|token| token.secret);
        self.tokens.drop_refused(|_| true);
        access.into_iter().chain(self.asker.refresh().take()).collect()
    }
}

#[async_trait]
impl Credentials for TokenSource {
    async fn authorize(&self, request: &mut http::request::Parts) -> Result<(), CredentialError> {
        let asker = self.asker.clone();
        let ask = async move { asker.ask().await };
        let token = self.tokens.current(&*self.asker.clock, ask).await?;
        request.headers.insert(AUTHORIZATION, token.authorization);
        Ok(())
    }

    fn heard(&self, authorization: Option<&HeaderValue>, response: &Response) -> Option<Remedy> {
        if response.status != StatusCode::UNAUTHORIZED {
            return None;
        }
        let refused = |token: &Token| Some(&token.authorization) == authorization;
        let young = |token: &Token| self.asker.clock.monotonic() < token.given_at.saturating_add(NEW);
        if self.tokens.held().is_some_and(|token| refused(&token) && young(&token)) {
            return None;
        }
        self.tokens.drop_refused(refused);
        Some(Remedy::Renewal)
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    refresh_token: Option<SecretString>,
    /// A number or a text.
    expires_in: Option<Value>,
}

impl Granted {
    fn read(response: &Response) -> Result<Self, CredentialError> {
        if response.status == StatusCode::ACCEPTED && response.body.is_empty() {
            return Err(CredentialError::passing("the token request was dropped from a full queue"));
        }
        let none = |why: &str| {
            CredentialError::new(format!(
                "the token endpoint gave no token ({why}): is the address right, and the instance awake?"
            ))
        };
        let mut granted: Self = response.json().map_err(|error| none(&error.to_string()))?;
        if granted.access_token.expose_secret().is_empty() {
            return Err(none("it is empty"));
        }
        granted.refresh_token = granted.refresh_token.filter(|token| !token.expose_secret().is_empty());
        Ok(granted)
    }
}

fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, body: Vec<u8>) -> Response {
        Response {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    #[test]
    fn lives_are_numbers_or_texts() {
        for (value, life) in [
            (json!(1799), Some(1799)),
            (json!("1799"), Some(1799)),
            (json!(" 5 "), Some(5)),
            (json!(u64::MAX), Some(u64::MAX)),
            (json!(-1), None),
            (json!(null), None),
            (json!([1]), None),
        ] {
            assert_eq!(seconds(&value), life, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_to_a_token_request_panics_or_shows_what_it_holds(
            status in 200..600_u16,
            token in "[a-zA-Z0-9_-]{41,80}",
            life in prop_oneof![any::<i64>().prop_map(Value::from), ".*".prop_map(Value::from), any::<f64>().prop_map(Value::from)],
            cut in 0..400_usize,
        ) {
            let body = json!({
                "access_token": token, "refresh_token": token, "expires_in": life,
                "error": format!("no {token}"), "error_description": token,
            });
            let mut body = body.to_string().into_bytes();
            body.truncate(cut);
            let response = answer(status, body);
            let error = match Granted::read(&response) {
                Ok(granted) => {
                    let life = granted.expires_in.as_ref().and_then(seconds).map_or(USUAL_LIFE, Duration::from_secs);
                    let _ = Lease::new((), Duration::MAX, life, RENEW_BEFORE.min(life / 10));
                    Refusal::read(&response).denial(response.status, None, None, None)
                }
                Err(error) => error,
            };
            let shown = format!("{error} {error:?}");
            prop_assert!(!shown.contains(&token));
        }
    }
}
