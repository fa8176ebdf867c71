//! OAuth 2.0 for service apps: the org's token endpoint, and what an access token may do.

use std::collections::{BTreeSet, HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{DecodingKey, Header, Validation};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::roles::{Assignment, Holder};
use super::{Org, error, page};
use crate::edit::EditError;
use crate::http::{Answer, Ask, Query, Reply};
use crate::id;
use crate::sandbox::Sandbox;

pub(super) const TOKEN_PATH: &str = "/oauth2/v1/token";
const LIFETIME: i64 = 3600;
/// Proofs older than this are refused, and assertions that are good for longer than an hour.
const OLDEST_PROOF: i64 = 300;
const LONGEST_ASSERTION: i64 = 3600;
/// Nonces change once a day and are taken for three.
const NONCE_SECONDS: i64 = 24 * 3600;

/// A service app to register: an *API Services* app that authenticates with a private key.
#[derive(Debug, Clone)]
#[must_use = "an app does nothing until it is registered"]
pub struct ServiceApp {
    keys: Vec<Value>,
    scopes: BTreeSet<String>,
    dpop: bool,
    role: Option<String>,
}

impl ServiceApp {
    /// An app with this public JWK, that must use DPoP, holds the super administrator's role, and was granted
    /// no scope. RSA, P-256 and P-384 keys are modelled.
    pub fn new(public_jwk: Value) -> Self {
        Self {
            keys: vec![public_jwk],
            scopes: BTreeSet::new(),
            dpop: true,
            role: Some("SUPER_ADMIN".to_owned()),
        }
    }

    /// One more public key: an assertion must then name one by its `kid`.
    pub fn key(mut self, public_jwk: Value) -> Self {
        self.keys.push(public_jwk);
        self
    }

    /// Grants scopes: `okta.users.read`.
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// Its tokens are plain bearer tokens.
    pub fn without_dpop(mut self) -> Self {
        self.dpop = false;
        self
    }

    /// It holds this standard admin role, `USER_ADMIN`, instead of the super administrator's. The sandbox lets every role
    /// do everything but what only super administrators may: give roles, handle API tokens, and change users who hold one.
    pub fn admin_role(mut self, role: &str) -> Self {
        self.role = Some(role.to_owned());
        self
    }

    /// It holds no admin role: it may ask, and sees nothing.
    pub fn without_admin_role(mut self) -> Self {
        self.role = None;
        self
    }
}

impl Sandbox {
    /// Registers a service app with Okta. Answers its client id.
    pub fn register_service_app(&self, app: ServiceApp) -> Result<String, EditError> {
        let keys = app.keys.into_iter().map(serde_json::from_value::<Jwk>).collect::<Result<Vec<_>, _>>();
        let keys = keys.map_err(|error| EditError(format!("no JWK: {error}")))?;
        if keys.iter().any(|key| DecodingKey::from_jwk(key).is_err()) {
            return Err(EditError("a JWK of a kind that the sandbox does not model".to_owned()));
        }
        let now = self.shared.clock.now();
        let org = &mut self.shared.world().okta;
        let client_id = org.ids.okta("0oa");
        if let Some(role) = &app.role {
            let role = Assignment::standard(role, now).ok_or_else(|| EditError(format!("no role {role}")))?;
            org.roles.give(Holder::Client(client_id.clone()), role);
        }
        let app = App { keys, scopes: app.scopes, dpop: app.dpop };
        org.oauth.apps.insert(client_id.clone(), app);
        Ok(client_id)
    }
}

#[derive(Debug, Clone)]
struct App {
    keys: Vec<Jwk>,
    scopes: BTreeSet<String>,
    dpop: bool,
}

/// An access token that was given out.
#[derive(Debug, Clone)]
struct Grant {
    client_id: String,
    scopes: BTreeSet<String>,
    ends: DateTime<Utc>,
    /// The thumbprint of the key that it is bound to.
    bound_to: Option<String>,
}

/// What the authorization server remembers.
#[derive(Debug, Default)]
pub(crate) struct OAuth {
    apps: HashMap<String, App>,
    tokens: HashMap<String, Grant>,
    /// Every `jti` that was taken, with its issuer.
    used: HashSet<(String, String)>,
    /// The client id of the app whose call is being answered, if it is an app's.
    acting: Option<String>,
}

impl OAuth {
    /// Whether there is such an app.
    pub(super) fn knows(&self, client_id: &str) -> bool {
        self.apps.contains_key(client_id)
    }

    /// Who makes the call at hand, if it is an app.
    pub(super) fn acting(&self) -> Option<Holder> {
        self.acting.clone().map(Holder::Client)
    }

    /// Whom the System Log names for what the call at hand does, if not the token's owner.
    pub(super) fn actor(&self) -> Option<Value> {
        let id = self.acting.as_ref()?;
        Some(json!({
            "id": id, "type": "PublicClientApp", "alternateId": id, "displayName": "Service app",
            "detailEntry": null,
        }))
    }
}

/// A service app at the door, let in.
#[derive(Debug)]
pub(super) struct Caller {
    scopes: BTreeSet<String>,
    role: bool,
}

/// `POST /oauth2/v1/token`
pub(super) fn token(org: &mut Org, ask: &Ask) -> Reply {
    let form = Query::parse(&String::from_utf8_lossy(&ask.body));
    let is_form =
        ask.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if ask.method != "POST" || !is_form {
        return Err(refusal(400, "invalid_request", "The token endpoint takes a form by POST."));
    }
    if form.text("grant_type") != Some("client_credentials") {
        return Err(refusal(400, "unsupported_grant_type", "The sandbox models client_credentials."));
    }
    let client_id = authenticate(org, ask, &form)?;
    let app = org.oauth.apps[&client_id].clone();
    let bound_to = if app.dpop { Some(bind(org, ask)?) } else { None };
    let asked: BTreeSet<String> =
        form.text("scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    if let Some(unknown) = asked.iter().find(|scope| !scope.starts_with("okta.")) {
        return Err(refusal(400, "invalid_scope", &format!("The scope {unknown} does not exist.")));
    }
    // One that is not granted is left out without a word, as long as there is another.
    let scopes: BTreeSet<String> = asked.intersection(&app.scopes).cloned().collect();
    if scopes.is_empty() {
        let words = "One or more scopes are not configured for the authorization server resource.";
        return Err(refusal(400, "invalid_scope", words));
    }
    let secret = format!("eyJ{}.{}", org.ids.base62(32), org.ids.base62(32));
    let ends = ask.at + TimeDelta::seconds(LIFETIME);
    let answer = Answer::json(
        200,
        &json!({
            "token_type": if bound_to.is_some() { "DPoP" } else { "Bearer" },
            "expires_in": LIFETIME,
            "access_token": secret,
            "scope": scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        }),
    );
    let answer = if bound_to.is_some() { answer.header("dpop-nonce", &nonce(org, ask, 0)) } else { answer };
    org.oauth.tokens.insert(secret, Grant { client_id, scopes, ends, bound_to });
    Ok(answer)
}

/// Checks the client assertion; answers whose it is.
fn authenticate(org: &mut Org, ask: &Ask, form: &Query) -> Result<String, Answer> {
    let fail = |words: &str| refusal(401, "invalid_client", words);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let assertion =
        form.text("client_assertion").filter(|_| form.text("client_assertion_type") == Some(kind));
    let assertion = assertion.ok_or_else(|| fail("A private-key JWT is needed."))?;
    let header =
        jsonwebtoken::decode_header(assertion).map_err(|_| fail("The client_assertion is no JWT."))?;
    let claimed: Value = jsonwebtoken::dangerous::insecure_decode(assertion)
        .map_err(|_| fail("The client_assertion has no claims."))?
        .claims;
    let client_id = claimed["iss"].as_str().unwrap_or_default().to_owned();
    let app =
        org.oauth.apps.get(&client_id).ok_or_else(|| fail("Invalid value for 'client_id' parameter."))?;
    let key = match (&header.kid, app.keys.as_slice()) {
        (None, [only]) => Some(only),
        (None, _) => None,
        (Some(id), keys) => keys
            .iter()
            .find(|key| key.common.key_id.as_ref() == Some(id))
            .or_else(|| keys.first().filter(|key| keys.len() == 1 && key.common.key_id.is_none())),
    };
    let key = key.ok_or_else(|| fail("The client_assertion's kid names no registered key."))?;
    let claims = verified(assertion, &header, key).ok_or_else(|| fail("The signature is invalid."))?;
    let now = ask.at.timestamp();
    let time = |name: &str| claims[name].as_i64();
    if claims["sub"] != json!(client_id) {
        return Err(fail("The 'sub' and 'iss' claims must be the client id."));
    }
    if claims["aud"] != json!(format!("{}{TOKEN_PATH}", ask.base)) {
        return Err(fail("The audience claim for client_assertion must be the endpoint invoked."));
    }
    match time("exp") {
        Some(end) if end <= now => return Err(fail("The client_assertion token is expired.")),
        Some(end) if end > now + LONGEST_ASSERTION => {
            return Err(fail("The client_assertion token expires more than one hour from now."));
        }
        Some(_) => {}
        None => return Err(fail("The client_assertion has no expiration.")),
    }
    if time("iat").is_some_and(|made| made > now) {
        return Err(fail("The client_assertion was issued in the future."));
    }
    if let Some(jti) = claims["jti"].as_str()
        && !org.oauth.used.insert((client_id.clone(), jti.to_owned()))
    {
        return Err(fail("The client_assertion token has already been used."));
    }
    Ok(client_id)
}

/// Checks the proof of a token request; answers the key that the token is to be bound to.
fn bind(org: &mut Org, ask: &Ask) -> Result<String, Answer> {
    let (key, claims) = proof(org, ask)?;
    let known = claims["nonce"].as_str().is_some_and(|given| (0..3).any(|age| nonce(org, ask, age) == given));
    if known {
        return Ok(key);
    }
    let words = "Authorization server requires nonce in DPoP proof.";
    Err(refusal(400, "use_dpop_nonce", words).header("dpop-nonce", &nonce(org, ask, 0)))
}

/// Checks a proof as far as tokens and API calls have it in common; answers its key's thumbprint and claims.
fn proof(org: &mut Org, ask: &Ask) -> Result<(String, Value), Answer> {
    let fail = |words: &str| refusal(400, "invalid_dpop_proof", words);
    let mut lines = ask.headers.get_all("dpop").iter();
    let text = lines.next().and_then(|line| line.to_str().ok());
    let text = text.ok_or_else(|| fail("The DPoP proof JWT header is missing."))?;
    if lines.next().is_some() {
        return Err(fail("There is more than one DPoP proof."));
    }
    let header = jsonwebtoken::decode_header(text).map_err(|_| fail("The DPoP proof is no JWT."))?;
    if header.typ.as_deref() != Some("dpop+jwt") {
        return Err(fail("The DPoP proof's typ must be dpop+jwt."));
    }
    let key = header.jwk.clone().ok_or_else(|| fail("The DPoP proof has no jwk."))?;
    let claims =
        verified(text, &header, &key).ok_or_else(|| fail("The DPoP proof's signature is invalid."))?;
    if claims["htm"] != json!(ask.method) {
        return Err(fail("The DPoP proof's htm is not the request's method."));
    }
    if claims["htu"] != json!(format!("{}{}", ask.base, ask.path)) {
        return Err(fail("The DPoP proof's htu is not the request's URL without its query."));
    }
    let now = ask.at.timestamp();
    match claims["iat"].as_i64() {
        Some(made) if (now - OLDEST_PROOF..=now).contains(&made) => {}
        _ => return Err(fail("The DPoP proof's iat is too old or in the future.")),
    }
    let thumbprint = key.thumbprint(ThumbprintHash::SHA256).map_err(|_| fail("The jwk is unusable."))?;
    let jti = claims["jti"].as_str().ok_or_else(|| fail("The DPoP proof has no jti."))?;
    if !org.oauth.used.insert((thumbprint.clone(), jti.to_owned())) {
        return Err(fail("The DPoP proof's jti has already been used."));
    }
    Ok((thumbprint, claims))
}

/// The claims of a JWT that this key signed. Times are for the caller to check, by the sandbox's clock.
fn verified(text: &str, header: &Header, key: &Jwk) -> Option<Value> {
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let key = DecodingKey::from_jwk(key).ok()?;
    Some(jsonwebtoken::decode(text, &key, &validation).ok()?.claims)
}

/// The nonce of so many days ago.
fn nonce(org: &Org, ask: &Ask, days: i64) -> String {
    let day = ask.at.timestamp() / NONCE_SECONDS - days;
    id::sha256_hex(&format!("nonce:{}:{day}", org.token))[..32].to_owned()
}

/// Who calls, if it is a service app; refused if the token or its proof is no good.
pub(super) fn caller(org: &mut Org, ask: &Ask) -> Option<Result<Caller, Answer>> {
    org.oauth.acting = None;
    let (scheme, secret) = ask.header("authorization")?.split_once(' ')?;
    let dpop = scheme.eq_ignore_ascii_case("DPoP");
    if !dpop && !scheme.eq_ignore_ascii_case("Bearer") {
        return None;
    }
    Some(admit(org, ask, dpop, secret.trim()))
}

fn admit(org: &mut Org, ask: &Ask, dpop: bool, secret: &str) -> Result<Caller, Answer> {
    let grant = org.oauth.tokens.get(secret).filter(|grant| ask.at < grant.ends).cloned();
    let grant = grant.ok_or_else(error::invalid_token)?;
    let fail = |words: &str| refusal(400, "invalid_dpop_proof", words);
    match (&grant.bound_to, dpop) {
        (None, false) => {}
        (None, true) => return Err(fail("The access token is not bound to a key.")),
        (Some(_), false) => return Err(fail("The access token is bound to a key: use the scheme DPoP.")),
        (Some(bound_to), true) => {
            let (key, claims) = proof(org, ask)?;
            if key != *bound_to {
                return Err(fail("The access token is bound to another key."));
            }
            if claims["ath"] != json!(URL_SAFE_NO_PAD.encode(Sha256::digest(secret))) {
                return Err(fail("The DPoP proof's ath is not the access token's hash."));
            }
        }
    }
    let role = !org.roles.of(&Holder::Client(grant.client_id.clone())).is_empty();
    org.oauth.acting = Some(grant.client_id);
    Ok(Caller { scopes: grant.scopes, role })
}

impl Caller {
    /// What its scopes and its role keep it from: both are needed, and are looked at apart.
    pub(super) fn stopped(&self, ask: &Ask) -> Option<Answer> {
        let path: Vec<&str> = ask.segments.iter().skip(2).map(String::as_str).collect();
        let family = match path.as_slice() {
            ["users" | "groups" | "clients", _, "roles", ..] | ["iam", ..] => "okta.roles",
            ["api-tokens", ..] => "okta.apiTokens",
            ["apps", ..] => "okta.apps",
            ["authenticators", ..] => "okta.authenticators",
            ["global-token-revocation"] => "okta.universalLogout",
            // No scope lets an app ask for these.
            ["users", _, "factors", "questions"] => return Some(error::forbidden()),
            ["users", ..] => "okta.users",
            ["groups", ..] => "okta.groups",
            ["logs", ..] => "okta.logs",
            ["eventHooks", ..] => "okta.eventHooks",
            ["devices", ..] => "okta.devices",
            ["features", ..] => "okta.features",
            ["identity-sources", ..] => "okta.identitySources",
            ["mappings", ..] => "okta.profileMappings",
            ["org"] => "okta.orgs",
            ["principal-rate-limits", ..] => "okta.principalRateLimits",
            ["rate-limit-settings", ..] => "okta.rateLimits",
            ["sessions", ..] => "okta.sessions",
            ["v1", "campaigns" | "reviews", ..] => "okta.governance.accessCertifications",
            ["v2", "catalogs", .., "request-fields"] | ["v2", "requests", ..] => {
                "okta.accessRequests.request"
            }
            ["v2", "catalogs", ..] => "okta.accessRequests.catalog",
            ["v2", "tasks", ..] => "okta.accessRequests.tasks",
            _ => return Some(ask.not_modelled("a service app's access to the call")),
        };
        let holds = |what: &str| self.scopes.contains(&format!("{family}.{what}"));
        let reads = matches!(ask.method.as_str(), "GET" | "HEAD");
        if !(holds("manage") || reads && holds("read")) {
            return Some(error::forbidden());
        }
        match (self.role, ask.method.as_str(), path.as_slice()) {
            (false, "GET", ["users"]) => Some(page::whole(ask, Vec::<Value>::new())),
            (false, ..) => Some(error::forbidden()),
            // An app is no user.
            (true, _, ["users", "me", ..]) => Some(error::not_found("me", "User")),
            (true, ..) => None,
        }
    }
}

/// A refusal in OAuth's form, which is not Okta's own.
fn refusal(status: u16, code: &str, words: &str) -> Answer {
    Answer::json(status, &json!({ "error": code, "error_description": words }))
}
