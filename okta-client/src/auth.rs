//! OAuth 2.0 for service apps: private-key JWT, and DPoP where the app asks for it.

mod assertion;
mod dpop;
mod token;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use client_core::jws::SigningKey;
use client_core::oauth::{Refusal, secret_header};
use client_core::{
    Class, Clock, CredentialError, Credentials, ExposeSecret as _, Origin, Problem as _, Randomness, Remedy,
    Response, SecretString, Transport,
};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Uri};

use self::dpop::{Nonce, Proof, ProofKey};
use self::token::Tokens;
use crate::builder::ConfigError;
use crate::dialect;
use crate::problem::OktaProblem;

pub use client_core::jws::{Algorithm, InvalidKey};

/// A clock that is off by fewer milliseconds is not why a signed statement was refused.
const CLOCK_SLACK: i64 = 10_000;

/// An app that acts for itself: an *API Services* app with a public key, granted scopes, and an admin role. Give
/// it to [`Builder::service_app`](crate::Builder::service_app).
///
/// Tokens are asked for when a call needs one and renewed before they end. Whether they are bound to this client
/// (DPoP) is the app's setting; both ways work.
#[derive(Clone)]
#[must_use = "an app does nothing until it is given to a builder"]
pub struct ServiceApp {
    client_id: String,
    private_key: SecretString,
    key_id: Option<String>,
    algorithm: Option<Algorithm>,
    scopes: Vec<String>,
}

impl ServiceApp {
    /// The app with this client id, `0oa…`, and private key: PEM (PKCS#1, PKCS#8 or SEC1; its line breaks may be
    /// written `\n`) or a JWK as JSON.
    pub fn new(client_id: impl Into<String>, private_key: SecretString) -> Self {
        let client_id = client_id.into();
        Self { client_id, private_key, key_id: None, algorithm: None, scopes: Vec::new() }
    }

    /// The scopes to ask for: `okta.users.read`. At least one is needed. A client may hold fewer at a call site:
    /// [`OktaClient::scoped`](crate::OktaClient::scoped).
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The `kid` under which the public key is registered: needed if the app has more than one. Default: the
    /// JWK's own, if the key is one.
    pub fn key_id(mut self, id: impl Into<String>) -> Self {
        self.key_id = Some(id.into());
        self
    }

    /// What to sign with. Default: the JWK's `alg`, or RS256 for an RSA key; a curve has its own.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    /// Makes the credentials, out of the app and what its client has.
    pub(crate) fn credentials(self, surroundings: Surroundings) -> Result<AppCredentials, ConfigError> {
        let Surroundings { origin, user_agent, transport, clock, randomness } = surroundings;
        let Self { client_id, private_key, key_id, algorithm, scopes } = self;
        let client_id = client_id.trim().to_owned();
        if client_id.is_empty() {
            return Err(ConfigError::ServiceApp("its client id is empty".into()));
        }
        let scopes = tidy(scopes).map_err(ConfigError::ServiceApp)?;
        let key = SigningKey::read(private_key.expose_secret(), algorithm)?;
        let token_url = format!("{origin}/oauth2/v1/token")
            .parse()
            .map_err(|_| ConfigError::ServiceApp("the org URL cannot be used".into()))?;
        let app = App {
            client_id,
            key_id: key_id.or_else(|| key.id.clone()),
            key,
            token_url,
            user_agent,
            transport,
            clock,
            randomness,
            proof_key: ProofKey::generate()?,
            token_nonce: Nonce::default(),
            api_nonce: Nonce::default(),
            clock_offset: AtomicI64::new(0),
            tokens: Mutex::default(),
        };
        let tokens = app.tokens_for(scopes);
        Ok(AppCredentials { app: Arc::new(app), tokens, flaw: None })
    }
}

impl fmt::Debug for ServiceApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceApp({}, {})", self.client_id, self.scopes.join(" "))
    }
}

/// What the credentials share with the client's calls.
pub(crate) struct Surroundings {
    pub(crate) origin: Origin,
    pub(crate) user_agent: HeaderValue,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
}

/// The app at work: everything but the tokens is one for all clones of a client.
#[derive(Debug)]
struct App {
    client_id: String,
    key: SigningKey,
    key_id: Option<String>,
    token_url: Uri,
    user_agent: HeaderValue,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    proof_key: ProofKey,
    token_nonce: Nonce,
    api_nonce: Nonce,
    /// How far Okta's clock is ahead of ours, in milliseconds.
    clock_offset: AtomicI64,
    tokens: Mutex<HashMap<Vec<String>, Arc<Tokens>>>,
}

impl App {
    /// Seconds since the epoch, by Okta's clock.
    fn now(&self) -> i64 {
        (self.clock.now().timestamp_millis() + self.offset()).div_euclid(1000)
    }

    fn offset(&self) -> i64 {
        self.clock_offset.load(Relaxed)
    }

    /// Says whether the time that was signed so far was wrong. `Date` is cut to seconds and has travelled, so ours
    /// never is ahead of Okta: it would refuse that.
    fn learn_time(&self, headers: &HeaderMap) -> bool {
        let Some(date) = dialect::date(headers) else { return false };
        let offset = date * 1000 - self.clock.now().timestamp_millis();
        (self.clock_offset.swap(offset, Relaxed) - offset).abs() > CLOCK_SLACK
    }

    /// An id that was never used: 128 random bits.
    fn jti(&self) -> String {
        format!("{:016x}{:016x}", self.randomness.next_u64(), self.randomness.next_u64())
    }

    /// The holder of tokens for these scopes, the same each time.
    fn tokens_for(&self, scopes: Vec<String>) -> Arc<Tokens> {
        let mut all = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(scopes).or_insert_with_key(|scopes| Arc::new(Tokens::new(scopes.clone()))).clone()
    }
}

/// What a client with a service app puts on its requests.
#[derive(Debug)]
pub(crate) struct AppCredentials {
    app: Arc<App>,
    tokens: Arc<Tokens>,
    /// Why there will be none.
    flaw: Option<String>,
}

impl AppCredentials {
    /// The same app with fewer scopes.
    pub(crate) fn scoped(&self, scopes: Vec<String>) -> Self {
        let narrowed = tidy(scopes).and_then(|scopes| {
            match scopes.iter().find(|scope| !covers(&self.tokens.scopes, scope)) {
                None => Ok(scopes),
                Some(scope) => Err(format!(
                    "{scope} is none of the scopes that are narrowed here: {}",
                    self.tokens.scopes.join(", ")
                )),
            }
        });
        let app = self.app.clone();
        match narrowed {
            Ok(scopes) => Self { tokens: app.tokens_for(scopes), app, flaw: self.flaw.clone() },
            Err(flaw) => Self { tokens: self.tokens.clone(), app, flaw: Some(flaw) },
        }
    }

    /// Okta's id of the app.
    pub(crate) fn client_id(&self) -> &str {
        &self.app.client_id
    }

    /// The scopes that are asked for.
    pub(crate) fn asked(&self) -> &[String] {
        &self.tokens.scopes
    }

    /// The scopes that Okta gave.
    pub(crate) fn given(&self) -> Vec<String> {
        self.tokens.given()
    }

    /// Those of the scopes that Okta refuses, if it refused them as a whole: each is asked for alone.
    pub(crate) async fn refused(&self) -> Vec<String> {
        let mut refused = Vec::new();
        if self.flaw.is_some() || !self.tokens.are_refused() {
            return refused;
        }
        for scope in self.asked() {
            let alone = self.app.tokens_for(vec![scope.clone()]);
            if alone.current(&self.app).await.is_err() && alone.are_refused() {
                refused.push(scope.clone());
            }
        }
        refused
    }

    async fn token(&self) -> Result<Arc<token::Token>, CredentialError> {
        match &self.flaw {
            Some(flaw) => Err(CredentialError::new(flaw)),
            None => self.tokens.current(&self.app).await,
        }
    }
}

#[async_trait]
impl Credentials for AppCredentials {
    async fn authorize(&self, request: &mut http::request::Parts) -> Result<(), CredentialError> {
        let token = self.token().await?;
        request.headers.insert(AUTHORIZATION, token.authorization.clone());
        if let Some(hash) = &token.hash {
            let proof = self.app.proof_key.prove(Proof {
                method: request.method.as_str(),
                uri: &request.uri,
                now: self.app.now(),
                jti: self.app.jti(),
                nonce: self.app.api_nonce.get(),
                token_hash: Some(hash),
            })?;
            request.headers.insert("dpop", secret_header(&proof)?);
            request.headers.insert("x-okta-user-agent-extended", HeaderValue::from_static("isDPoP:true"));
        }
        Ok(())
    }

    fn heard(&self, authorization: Option<&HeaderValue>, response: &Response) -> Option<Remedy> {
        let wrong_time = self.app.learn_time(&response.headers);
        let nonce = self.app.api_nonce.learn(&response.headers);
        if matches!(response.status.as_u16(), 400 | 401) && (nonce || wrong_time) {
            let challenge = response.header("www-authenticate").unwrap_or_default();
            let error = Refusal::read(response).error;
            let says = |what: &str| challenge.contains(what) || error.as_deref() == Some(what);
            // The token is good; it is the proof that has to be another.
            if nonce && says("use_dpop_nonce") || wrong_time && says("invalid_dpop_proof") {
                return Some(Remedy::Renewal);
            }
        }
        // Other 401s are about a feature that the org lacks.
        let refused = response.status == 401 && OktaProblem::read(response).class() == Class::Unauthenticated;
        if let Some(authorization) = authorization.filter(|_| refused) {
            self.tokens.drop_refused(authorization);
        }
        refused.then_some(Remedy::Renewal)
    }
}

/// Sorted, each once; or what is wrong with them.
fn tidy(scopes: Vec<String>) -> Result<Vec<String>, String> {
    let mut scopes: Vec<String> = scopes.iter().map(|scope| scope.trim().to_owned()).collect();
    scopes.sort();
    scopes.dedup();
    if scopes.is_empty() {
        return Err("no scope is asked for: name at least one, okta.users.read".into());
    }
    let odd = |scope: &&String| scope.is_empty() || !scope.bytes().all(|b| b.is_ascii_graphic());
    match scopes.iter().find(odd) {
        Some(scope) => Err(format!("{scope:?} is no scope: one is like okta.users.read")),
        None => Ok(scopes),
    }
}

/// Whether a scope is one of these, or the reading half of one.
pub(crate) fn covers(held: &[String], scope: &str) -> bool {
    let manages = scope.strip_suffix(".read").map(|family| format!("{family}.manage"));
    held.iter().any(|one| one == scope || manages.as_ref() == Some(one))
}
