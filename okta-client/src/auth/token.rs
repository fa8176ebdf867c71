//! Tokens: what is asked of the org's authorization server, and what its answer says.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use client_core::oauth::{self, Lease, Refusal};
use client_core::{CredentialError, ExposeSecret as _, Response, SecretString};
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;

use super::App;
use super::assertion::Assertion;
use super::dpop::{self, Proof};
use crate::dialect;

/// A token is renewed when so much of its life is left, or half of it if it is short.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// An access token, and how it is sent.
pub(super) struct Token {
    pub(super) authorization: HeaderValue,
    /// Its hash, for proofs; none if it is no DPoP token.
    pub(super) hash: Option<String>,
    pub(super) scopes: Vec<String>,
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
    shared: oauth::Tokens<Arc<Token>, Denied>,
}

/// Why there is no token.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{error}")]
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
        Self { scopes, shared: oauth::Tokens::default() }
    }

    /// A token that is good for now.
    pub(super) async fn current(&self, app: &Arc<App>) -> Result<Arc<Token>, CredentialError> {
        let (asking, scopes) = (app.clone(), self.scopes.clone());
        let ask = async move { ask(&asking, &scopes).await };
        self.shared.current(&*app.clock, ask).await.map_err(|denied| denied.error)
    }

    /// The scopes that Okta gave to the token at hand.
    pub(super) fn given(&self) -> Vec<String> {
        self.shared.held().map(|token| token.scopes.clone()).unwrap_or_default()
    }

    /// Whether Okta refused these scopes when it was last asked.
    pub(super) fn are_refused(&self) -> bool {
        self.shared.failure().is_some_and(|denied| denied.scopes)
    }

    /// Drops the token that was refused, unless it has been replaced already.
    pub(super) fn drop_refused(&self, authorization: &HeaderValue) {
        self.shared.drop_refused(|token| token.authorization == authorization);
    }
}

/// Asks the org's authorization server for a token. A refusal that only tells a nonce or the right time is
/// answered with a new request; each has an assertion and a proof of its own, since their ids are used up.
async fn ask(app: &App, scopes: &[String]) -> Result<Lease<Arc<Token>>, Denied> {
    let (mut told_nonce, mut told_time) = (false, false);
    loop {
        let asked_at = app.clock.monotonic();
        let response = send(app, scopes).await?;
        let wrong_time = app.learn_time(&response.headers);
        let nonce = app.token_nonce.learn(&response.headers);
        if response.status.is_success() {
            return Ok(read(scopes, &response, asked_at)?);
        }
        let refusal = Refusal::read(&response);
        match refusal.error.as_deref() {
            Some("use_dpop_nonce") if nonce && !told_nonce => told_nonce = true,
            Some("invalid_client" | "invalid_dpop_proof") if wrong_time && !told_time => told_time = true,
            error => {
                let about_scopes = matches!(error, Some("invalid_scope" | "consent_required"));
                let hint = hint(error, scopes);
                let id = dialect::request_id(&response.headers);
                let pause = Some(dialect::pause(&response));
                let error = refusal.denial(response.status, hint.as_deref(), id.as_deref(), pause);
                return Err(Denied { error, scopes: about_scopes });
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
    let scope = scopes.join(" ");
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", &scope),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
    ];
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, app.user_agent.clone());
    headers.insert("dpop", oauth::secret_header(&proof)?);
    oauth::post(&*app.transport, uri, headers, &form).await
}

#[derive(Deserialize)]
struct Granted {
    token_type: String,
    expires_in: u64,
    access_token: SecretString,
    scope: Option<String>,
}

fn read(
    asked: &[String],
    response: &Response,
    asked_at: Duration,
) -> Result<Lease<Arc<Token>>, CredentialError> {
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
    let token = Token {
        authorization: oauth::secret_header(&format!("{scheme} {secret}"))?,
        hash: dpop.then(|| dpop::hash(secret)),
        scopes,
    };
    Ok(Lease::new(Arc::new(token), asked_at, life, RENEW_BEFORE.min(life / 2)))
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
