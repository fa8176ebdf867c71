//! Tokens: asked for when they are needed, renewed before they end, once for everybody who waits.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use client_core::{CredentialError, ExposeSecret as _, Response, SecretString};
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::App;
use super::assertion::Assertion;
use super::dpop::{self, Proof};
use crate::dialect;

/// A token is renewed when so much of its life is left, or half of it if it is short.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// After a renewal that failed the old token, still good, is used for so long before the next try.
const RENEW_AGAIN: Duration = Duration::from_secs(30);

/// An access token, and how it is sent.
pub(super) struct Token {
    pub(super) authorization: HeaderValue,
    /// Its hash, for proofs; none if it is no DPoP token.
    pub(super) hash: Option<String>,
    pub(super) scopes: Vec<String>,
    /// By the monotonic clock.
    renew_at: Duration,
    ends_at: Duration,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// The token for one set of scopes.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) scopes: Vec<String>,
    held: Mutex<Held>,
    /// Whoever has it asks for a token; the others wait for what comes of that.
    turn: futures::lock::Mutex<()>,
}

#[derive(Debug, Default)]
struct Held {
    token: Option<Arc<Token>>,
    /// How often a token was asked for, and what became of the last time if nothing did.
    asked: u64,
    failure: Option<Denied>,
}

/// Why there is no token.
#[derive(Debug, Clone)]
struct Denied {
    error: CredentialError,
    /// Whether it is the scopes that were refused.
    scopes: bool,
}

impl From<CredentialError> for Denied {
    fn from(error: CredentialError) -> Self {
        Self { error, scopes: false }
    }
}

impl Tokens {
    pub(super) fn new(scopes: Vec<String>) -> Self {
        Self { scopes, held: Mutex::default(), turn: futures::lock::Mutex::new(()) }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token that is good for now.
    pub(super) async fn current(&self, app: &App) -> Result<Arc<Token>, CredentialError> {
        let (token, asked) = {
            let held = self.held();
            (held.token.clone(), held.asked)
        };
        let now = app.clock.monotonic();
        match token {
            Some(token) if now < token.renew_at => Ok(token),
            // Still good: one renews it, and nobody waits for that.
            Some(token) if now < token.ends_at => {
                let Some(_turn) = self.turn.try_lock() else { return Ok(token) };
                if self.held().asked != asked {
                    return Ok(self.held().token.clone().unwrap_or(token));
                }
                match self.ask(app).await {
                    Ok(fresh) => Ok(fresh),
                    Err(error) => {
                        tracing::warn!(%error, "the access token is not renewed yet");
                        Ok(token)
                    }
                }
            }
            _ => {
                let _turn = self.turn.lock().await;
                {
                    let held = self.held();
                    if held.asked != asked {
                        if let Some(token) = held.token.clone() {
                            return Ok(token);
                        }
                        if let Some(failure) = held.failure.clone() {
                            return Err(failure.error);
                        }
                    }
                }
                self.ask(app).await
            }
        }
    }

    async fn ask(&self, app: &App) -> Result<Arc<Token>, CredentialError> {
        let result = ask(app, &self.scopes).await.map(Arc::new);
        let mut held = self.held();
        held.asked += 1;
        match &result {
            Ok(token) => {
                held.token = Some(token.clone());
                held.failure = None;
            }
            Err(error) => {
                let now = app.clock.monotonic();
                held.token = held.token.take().filter(|token| now < token.ends_at).map(|token| {
                    Arc::new(Token {
                        authorization: token.authorization.clone(),
                        hash: token.hash.clone(),
                        scopes: token.scopes.clone(),
                        renew_at: (now + RENEW_AGAIN).min(token.ends_at),
                        ends_at: token.ends_at,
                    })
                });
                held.failure = Some(error.clone());
            }
        }
        result.map_err(|denied| denied.error)
    }

    /// The scopes that Okta gave to the token at hand.
    pub(super) fn given(&self) -> Vec<String> {
        self.held().token.as_ref().map(|token| token.scopes.clone()).unwrap_or_default()
    }

    /// Whether Okta refused these scopes when it was last asked.
    pub(super) fn are_refused(&self) -> bool {
        self.held().failure.as_ref().is_some_and(|denied| denied.scopes)
    }

    /// Drops the token that was refused, unless it has been replaced already.
    pub(super) fn drop_refused(&self, authorization: &HeaderValue) {
        let mut held = self.held();
        if held.token.as_ref().is_some_and(|token| token.authorization == authorization) {
            held.token = None;
            held.failure = None;
        }
    }
}

/// Asks the org's authorization server for a token. A refusal that only tells a nonce or the right time is
/// answered with a new request; each has an assertion and a proof of its own, since their ids are used up.
async fn ask(app: &App, scopes: &[String]) -> Result<Token, Denied> {
    let (mut told_nonce, mut told_time) = (false, false);
    loop {
        let asked_at = app.clock.monotonic();
        let response = send(app, scopes).await?;
        let wrong_time = app.learn_time(&response.headers);
        let nonce = app.token_nonce.learn(&response.headers);
        if response.status.is_success() {
            return Ok(read(scopes, &response, asked_at)?);
        }
        match refusal(&response).0.as_deref() {
            Some("use_dpop_nonce") if nonce && !told_nonce => told_nonce = true,
            Some("invalid_client" | "invalid_dpop_proof") if wrong_time && !told_time => told_time = true,
            error => {
                let about_scopes = matches!(error, Some("invalid_scope" | "consent_required"));
                return Err(Denied { error: refused(scopes, &response), scopes: about_scopes });
            }
        }
    }
}

async fn send(app: &App, scopes: &[String]) -> Result<Response, CredentialError> {
    let uri = &app.token_url;
    let assertion = Assertion {
        client_id: &app.client_id,
        key_id: app.key_id.as_deref(),
        audience: &uri.to_string(),
        now: app.now(),
        jti: app.jti(),
    };
    let assertion = assertion.sign(&app.key)?;
    let proof = app.proof_key.prove(Proof {
        method: "POST",
        uri,
        now: app.now(),
        jti: app.jti(),
        nonce: app.token_nonce.get(),
        token_hash: None,
    })?;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("scope", &scopes.join(" "))
        .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        .append_pair("client_assertion", &assertion)
        .finish();
    let mut request = http::Request::new(Bytes::from(form));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = uri.clone();
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert(USER_AGENT, app.user_agent.clone());
    headers.insert("dpop", super::secret_header(&proof)?);
    let answer = app
        .transport
        .send(request)
        .await
        .map_err(|error| CredentialError::passing(format!("no answer to the token request: {error}")))?;
    let (parts, body) = answer.into_parts();
    let response = Response { status: parts.status, headers: parts.headers, body };
    let request_id = dialect::request_id(&response.headers);
    tracing::debug!(status = response.status.as_u16(), request_id, "token request");
    Ok(response)
}

#[derive(Deserialize)]
struct Granted {
    token_type: String,
    expires_in: u64,
    access_token: SecretString,
    scope: Option<String>,
}

fn read(asked: &[String], response: &Response, asked_at: Duration) -> Result<Token, CredentialError> {
    let granted: Granted = response.json().map_err(|error| {
        CredentialError::new(format!("the token endpoint gave no token ({error}); is the org URL right?"))
    })?;
    let secret = granted.access_token.expose_secret();
    let dpop = granted.token_type.eq_ignore_ascii_case("DPoP");
    let scheme = if dpop { "DPoP" } else { "Bearer" };
    let scopes: Vec<String> = match &granted.scope {
        Some(scopes) => scopes.split_whitespace().map(str::to_owned).collect(),
        None => asked.to_vec(),
    };
    let missing: Vec<&str> =
        asked.iter().filter(|scope| !scopes.contains(scope)).map(String::as_str).collect();
    if !missing.is_empty() {
        tracing::warn!(?missing, "Okta left out scopes that are not granted to the app");
    }
    let life = Duration::from_secs(granted.expires_in);
    Ok(Token {
        authorization: super::secret_header(&format!("{scheme} {secret}"))?,
        hash: dpop.then(|| dpop::hash(secret)),
        scopes,
        renew_at: asked_at + life.saturating_sub(RENEW_BEFORE.min(life / 2)),
        ends_at: asked_at + life,
    })
}

/// OAuth's `error` and `error_description`.
pub(super) fn refusal(response: &Response) -> (Option<String>, Option<String>) {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(bounded);
    (text("error"), text("error_description"))
}

/// Prose of the server's, without anything as long as a key or a token.
fn bounded(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| word.len() <= 40);
    words.collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).take(300).collect()
}

fn refused(scopes: &[String], response: &Response) -> CredentialError {
    let (error, description) = refusal(response);
    let mut why = match &error {
        Some(error) => format!("the token request was refused: {error}"),
        None => format!("the token request was answered with status {}", response.status.as_u16()),
    };
    if let Some(description) = description {
        why = format!("{why} ({description})");
    }
    if let Some(hint) = hint(error.as_deref(), scopes) {
        why = format!("{why}: {hint}");
    }
    if let Some(id) = dialect::request_id(&response.headers) {
        why = format!("{why}; request {}", bounded(&id));
    }
    match response.status {
        StatusCode::TOO_MANY_REQUESTS => CredentialError::limited(why, dialect::pause(response)),
        status if status.is_server_error() => CredentialError::passing(why),
        _ => CredentialError::new(why),
    }
}

/// What an operator can do about it.
fn hint(error: Option<&str>, scopes: &[String]) -> Option<String> {
    Some(match error? {
        "invalid_client" => "check the client id, that the app is active, and that the public half of this \
                             private key is registered with it (with more than one key, name the `kid`)"
            .to_owned(),
        "invalid_scope" | "consent_required" => format!(
            "one of {} does not exist or is not granted to the app: see its Okta API Scopes in the admin console",
            scopes.join(", ")
        ),
        "unauthorized_client" | "unsupported_grant_type" => {
            "the app must be an API Services app with client credentials".to_owned()
        }
        _ => return None,
    })
}
