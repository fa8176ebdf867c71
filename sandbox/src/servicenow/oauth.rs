//! OAuth 2.0: clients, the token endpoint and its four grants, and what becomes of tokens.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};

use super::store::Instance;
use crate::edit::EditError;
use crate::http::{Answer, Ask, Query, Reply};
use crate::sandbox::Sandbox;

/// How long a refresh token lives: a hundred days.
const REFRESH_SECONDS: i64 = 8_640_000;
/// How far clocks may differ.
const SKEW: i64 = 300;

/// A client to register with ServiceNow's Application Registry.
#[derive(Debug, Clone)]
#[must_use = "a client does nothing until it is registered"]
pub struct OAuthClient {
    user: Option<String>,
    keys: HashMap<String, Value>,
    field: String,
    public: bool,
    life: TimeDelta,
}

impl Default for OAuthClient {
    fn default() -> Self {
        Self {
            user: None,
            keys: HashMap::new(),
            field: "user_name".to_owned(),
            public: false,
            life: TimeDelta::seconds(1800),
        }
    }
}

impl OAuthClient {
    /// A client whose tokens live for half an hour, without an application user and without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Its *OAuth Application User*: whom client credentials stand for.
    pub fn application_user(mut self, user_name: &str) -> Self {
        self.user = Some(user_name.to_owned());
        self
    }

    /// A JWT API endpoint, with a verifier map from this `kid` to a public key, as a JWK.
    pub fn verifier(mut self, key_id: &str, public_jwk: Value) -> Self {
        self.keys.insert(key_id.to_owned(), public_jwk);
        self
    }

    /// The field of `sys_user` that a JWT's `sub` is a value of. Default `user_name`.
    pub fn subject_field(mut self, field: &str) -> Self {
        field.clone_into(&mut self.field);
        self
    }

    /// Its secret may be left out with a JWT.
    pub fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// How long its access tokens live.
    pub fn token_life(mut self, life: Duration) -> Self {
        self.life = TimeDelta::from_std(life).unwrap_or(TimeDelta::MAX);
        self
    }
}

impl Sandbox {
    /// Registers an OAuth client with ServiceNow. Answers its id and its secret.
    pub fn register_oauth_client(&self, client: OAuthClient) -> Result<(String, String), EditError> {
        let read = |(id, key): (String, Value)| Ok((id, serde_json::from_value::<Jwk>(key)?));
        let keys = client.keys.clone().into_iter().map(read).collect::<Result<_, serde_json::Error>>();
        let keys = keys.map_err(|error| EditError(format!("no JWK: {error}")))?;
        let instance = &mut self.shared.world().servicenow;
        let (id, secret) = (instance.ids.hex(32), instance.ids.base62(24));
        instance.oauth.clients.insert(id.clone(), Registered { secret: secret.clone(), keys, client });
        Ok((id, secret))
    }

    /// Revokes every token that ServiceNow has given, as an administrator there may.
    pub fn revoke_tokens(&self) {
        self.shared.world().servicenow.oauth.issued.clear();
    }
}

#[derive(Debug)]
struct Registered {
    secret: String,
    keys: HashMap<String, Jwk>,
    client: OAuthClient,
}

/// What one user was given through one client.
#[derive(Debug)]
struct Issued {
    client_id: String,
    user: String,
    access: Token,
    refresh: Option<Token>,
}

#[derive(Debug, Clone)]
struct Token {
    secret: String,
    ends: DateTime<Utc>,
}

impl Token {
    fn is(&self, secret: &str, at: DateTime<Utc>) -> bool {
        self.secret == secret && at < self.ends
    }
}

/// What the authorization server remembers.
#[derive(Debug, Default)]
pub(super) struct OAuth {
    clients: HashMap<String, Registered>,
    issued: Vec<Issued>,
    /// Every `jti` that was taken, with its client.
    used: HashSet<(String, String)>,
}

impl OAuth {
    /// Whose access token this is, while it is good.
    pub(super) fn holder(&self, secret: &str, at: DateTime<Utc>) -> Option<&str> {
        self.issued.iter().find(|issued| issued.access.is(secret, at)).map(|issued| &*issued.user)
    }

    fn revoke(&mut self, secret: &str, at: DateTime<Utc>) {
        for issued in &mut self.issued {
            if issued.access.secret == secret {
                issued.access.ends = at;
            }
            issued.refresh = issued.refresh.take().filter(|token| token.secret != secret);
        }
    }
}

/// The two calls that need no credentials of their own; `None` if it is neither.
pub(super) fn route(instance: &mut Instance, ask: &Ask) -> Option<Answer> {
    match (ask.method.as_str(), ask.path.as_str()) {
        ("POST", "/oauth_token.do") => Some(token(instance, ask).unwrap_or_else(|refusal| refusal)),
        ("GET", "/oauth_revoke_token.do") => {
            instance.oauth.revoke(ask.query.text("token").unwrap_or_default(), ask.at);
            Some(Answer::html(200, ""))
        }
        _ => None,
    }
}

fn refusal(error: &str, description: &str) -> Answer {
    Answer::json(401, &json!({"error_description": description, "error": error}))
}

/// What a body that is no form gets, and much else.
fn unspecific() -> Answer {
    refusal("server_error", "access_denied")
}

fn invalid_grant() -> Answer {
    refusal("invalid_grant", "The provided authorization grant is invalid, expired or revoked")
}

fn token(instance: &mut Instance, ask: &Ask) -> Reply {
    let kind = ask.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(unspecific());
    }
    let form = Query::parse(&String::from_utf8_lossy(&ask.body));
    let grant = form.text("grant_type").unwrap_or_default();
    let client_id = client(instance, &form, grant)?;
    let (user, refreshable) = match grant {
        "password" => (by_password(instance, &form)?, true),
        "refresh_token" => (by_refresh(instance, &form, &client_id, ask.at)?, true),
        "client_credentials" => (by_client(instance, &client_id)?, false),
        "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
            (by_assertion(instance, &form, &client_id, ask.at)?, false)
        }
        _ => return Err(refusal("unsupported_grant_type", "The grant type is not supported")),
    };
    if instance.user_in_use(&user).is_none() {
        return Err(unspecific());
    }
    Ok(issue(instance, &client_id, user, refreshable, ask.at))
}

/// Which client asks. Only a public one may leave its secret out, and only with a JWT.
fn client(instance: &Instance, form: &Query, grant: &str) -> Result<String, Answer> {
    let id = form.text("client_id").unwrap_or_default();
    let known = instance.oauth.clients.get(id);
    let fits = known.is_some_and(|known| match form.text("client_secret") {
        Some(secret) => secret == known.secret,
        None => known.client.public && grant.ends_with("jwt-bearer"),
    });
    if fits { Ok(id.to_owned()) } else { Err(refusal("invalid_client", "access_denied")) }
}

fn by_password(instance: &Instance, form: &Query) -> Result<String, Answer> {
    let (user, password) = (form.text("username"), form.text("password"));
    if user != Some(&*instance.username) || password != Some(&*instance.password) {
        return Err(unspecific());
    }
    let found = instance.user_in_use(&instance.username).ok_or_else(unspecific)?;
    if instance.habits.password_grant_wants_people && found.get("web_service_access_only") == "true" {
        return Err(unspecific());
    }
    Ok(instance.username.clone())
}

fn by_refresh(
    instance: &Instance,
    form: &Query,
    client_id: &str,
    at: DateTime<Utc>,
) -> Result<String, Answer> {
    let secret = form.text("refresh_token").unwrap_or_default();
    let good = |issued: &&Issued| {
        issued.client_id == client_id && issued.refresh.as_ref().is_some_and(|token| token.is(secret, at))
    };
    instance.oauth.issued.iter().find(good).map(|issued| issued.user.clone()).ok_or_else(invalid_grant)
}

fn by_client(instance: &Instance, client_id: &str) -> Result<String, Answer> {
    let user = instance.oauth.clients.get(client_id).and_then(|known| known.client.user.clone());
    user.filter(|_| instance.habits.client_credentials_grant).ok_or_else(unspecific)
}

fn by_assertion(
    instance: &mut Instance,
    form: &Query,
    client_id: &str,
    at: DateTime<Utc>,
) -> Result<String, Answer> {
    let assertion = form.text("assertion").ok_or_else(invalid_grant)?;
    let claims = verified(instance, assertion, client_id).ok_or_else(invalid_grant)?;
    let now = at.timestamp();
    let time = |name: &str| claims[name].as_i64();
    let ours = claims["iss"] == json!(client_id) && claims["aud"] == json!(client_id);
    let in_time = time("exp").is_some_and(|end| end > now - SKEW)
        && ["iat", "nbf"].iter().all(|name| time(name).is_none_or(|begin| begin <= now + SKEW));
    let jti = claims["jti"].as_str().filter(|_| ours && in_time).ok_or_else(invalid_grant)?;
    let field = instance.oauth.clients.get(client_id).map_or("", |known| &*known.client.field);
    let subject = claims["sub"].as_str().filter(|subject| !subject.is_empty()).ok_or_else(invalid_grant)?;
    let user = instance.find_by("sys_user", field, subject).ok_or_else(invalid_grant)?;
    let user = user.get("user_name").to_owned();
    let new = instance.oauth.used.insert((client_id.to_owned(), jti.to_owned()));
    if new { Ok(user) } else { Err(invalid_grant()) }
}

/// The claims that the key signed which the verifier map has for the `kid`. Times are for the caller to check, by the
/// sandbox's clock.
fn verified(instance: &Instance, assertion: &str, client_id: &str) -> Option<Value> {
    let header = jsonwebtoken::decode_header(assertion).ok()?;
    let key = instance.oauth.clients.get(client_id)?.keys.get(&header.kid?)?;
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let key = DecodingKey::from_jwk(key).ok()?;
    Some(jsonwebtoken::decode(assertion, &key, &validation).ok()?.claims)
}

/// The token at hand while it is good, with less time left, or a new one; the refresh token stays what it is.
fn issue(
    instance: &mut Instance,
    client_id: &str,
    user: String,
    refreshable: bool,
    at: DateTime<Utc>,
) -> Answer {
    let life = instance.oauth.clients.get(client_id).map_or(TimeDelta::zero(), |known| known.client.life);
    let mut new = |life: TimeDelta| Token {
        secret: format!("{}-{}", instance.ids.base62(32), instance.ids.base62(32)),
        ends: at + life,
    };
    let (access, refresh) = (new(life), new(TimeDelta::seconds(REFRESH_SECONDS)));
    let oauth = &mut instance.oauth;
    let held = oauth.issued.iter().position(|issued| issued.client_id == client_id && issued.user == user);
    let held = held.unwrap_or_else(|| {
        let issued = Issued { client_id: client_id.to_owned(), user, access: access.clone(), refresh: None };
        oauth.issued.push(issued);
        oauth.issued.len() - 1
    });
    let issued = &mut oauth.issued[held];
    if issued.access.ends <= at {
        issued.access = access;
    }
    // The second that it takes is gone when the answer arrives.
    let left = ((issued.access.ends - at).num_seconds() - 1).max(0);
    let left = if instance.habits.token_life_as_text { json!(left.to_string()) } else { json!(left) };
    let mut body = json!({
        "access_token": issued.access.secret, "scope": "useraccount", "token_type": "Bearer", "expires_in": left,
    });
    if refreshable {
        let held = issued.refresh.take().filter(|token| at < token.ends).unwrap_or(refresh);
        body["refresh_token"] = json!(held.secret);
        issued.refresh = Some(held);
    }
    Answer::json(200, &body)
}
