//! Who calls, as the other side sees it: headers and forms, exactly.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use common::{Answer, Script, TestClock, fixture, scripted_as};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};
use servicenow_client::auth::{Algorithm, ApiKey, ClientIdentity, CredentialError, Credentials, Jwt, OAuth};
use servicenow_client::tables::ScTask;
use servicenow_client::{Builder, ConfigError, Delivery, Randomness, SecretString, ServiceNowClient, SysId};

const P256: &str = include_str!("../../client-core/tests/keys/p256.jwk.json");
const P384: &str = include_str!("../../client-core/tests/keys/p384.pkcs8.pem");
const RSA: &str = include_str!("../../client-core/tests/keys/rsa.pkcs1.pem");

fn secret(text: &str) -> SecretString {
    text.into()
}

fn with(
    login: impl FnOnce(Builder) -> Builder,
    answers: impl IntoIterator<Item = Answer>,
) -> (ServiceNowClient, Arc<Script>, Arc<TestClock>) {
    scripted_as(login, answers.into_iter().map(Into::into))
}

fn token(access: &str, life: impl Into<Value>) -> Answer {
    Answer::json(200, json!({"access_token": access, "token_type": "Bearer", "expires_in": life.into()}))
}

fn done() -> Answer {
    Answer::json(200, json!({"result": {"sys_id": "1", "work_notes": ""}}))
}

fn refused() -> Answer {
    let error =
        json!({"message": "User Not Authenticated", "detail": "Required to provide Auth information"});
    Answer::json(401, json!({"error": error, "status": "failure"}))
}

fn denied(status: u16, error: &str) -> Answer {
    Answer::json(status, json!({"error": error, "error_description": "access_denied"}))
}

/// A read.
async fn call(servicenow: &ServiceNowClient) -> Result<ScTask, servicenow_client::Error> {
    servicenow.table::<ScTask>().get(&id()).await
}

/// A write that acts twice if it is sent twice.
async fn note(servicenow: &ServiceNowClient) -> Result<(), servicenow_client::Error> {
    servicenow.journal().add_work_note("sc_task", &id(), "hello").await
}

fn id() -> SysId {
    "1".parse().unwrap()
}

/// Paths, with the `Authorization` of each.
fn seen(script: &Script) -> Vec<(String, String)> {
    let line = |request: &http::Request<Bytes>| {
        let header = request.headers().get("authorization");
        (
            request.uri().path().to_owned(),
            header.map_or(String::new(), |value| value.to_str().unwrap().to_owned()),
        )
    };
    script.asked().iter().map(line).collect()
}

/// The form of the n-th request, which is one for a token.
fn form(script: &Script, n: usize) -> Vec<(String, String)> {
    let request = script.asked().swap_remove(n);
    assert_eq!(
        (request.method().as_str(), request.uri().to_string().as_str()),
        ("POST", "https://acme.service-now.com/oauth_token.do")
    );
    let headers = request.headers();
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(headers["accept"], "application/json");
    assert!(headers["user-agent"].to_str().unwrap().contains("servicenow-client/"));
    assert!(!headers.contains_key("authorization"));
    url::form_urlencoded::parse(request.body()).into_owned().collect()
}

fn pairs(form: &[(&str, &str)]) -> Vec<(String, String)> {
    form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn each_grant_puts_all_it_has_into_the_form() {
    for (oauth, expected) in [
        (
            OAuth::client_credentials("c", secret("s&1")),
            &[("grant_type", "client_credentials"), ("client_id", "c"), ("client_secret", "s&1")][..],
        ),
        (
            OAuth::client_credentials("c", secret("s")).scopes(["a", "b"]),
            &[
                ("grant_type", "client_credentials"),
                ("client_id", "c"),
                ("client_secret", "s"),
                ("scope", "a b"),
            ],
        ),
        (
            OAuth::password("c", secret("s"), "ann", secret("p ü")),
            &[
                ("grant_type", "password"),
                ("username", "ann"),
                ("password", "p ü"),
                ("client_id", "c"),
                ("client_secret", "s"),
            ],
        ),
        (
            OAuth::refresh_token("c", secret("s"), secret("r")),
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", "r"),
                ("client_id", "c"),
                ("client_secret", "s"),
            ],
        ),
    ] {
        let (servicenow, script, _) =
            with(|builder| builder.oauth(oauth), [token("t1", 1799), done(), done()]);
        call(&servicenow).await.unwrap();
        call(&servicenow).await.unwrap();
        assert_eq!(form(&script, 0), pairs(expected));
        let bearer = ("/api/now/table/sc_task/1".to_owned(), "Bearer t1".to_owned());
        assert_eq!(seen(&script)[1..], [bearer.clone(), bearer]);
        assert!(script.asked()[1].headers()["authorization"].is_sensitive());
    }
}

/// Chance that never comes twice.
#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl Randomness for Counting {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Relaxed)
    }
}

#[tokio::test]
async fn a_signed_statement_names_the_user_and_is_new_each_time() {
    let jwk = include_str!("../../client-core/tests/keys/p256.public.json");
    let rsa = include_str!("../../client-core/tests/keys/rsa.public.json");
    let p384 = include_str!("../../client-core/tests/keys/p384.public.json");
    for (jwt, public, kid, algorithm, issuer) in [
        (Jwt::new(P256.into(), "ann"), jwk, "p256-key", jsonwebtoken::Algorithm::ES256, "c"),
        (
            Jwt::new(P384.into(), "ann").key_id("k").issuer("us"),
            p384,
            "k",
            jsonwebtoken::Algorithm::ES384,
            "us",
        ),
        (Jwt::new(RSA.into(), "ann").key_id("k"), rsa, "k", jsonwebtoken::Algorithm::RS256, "c"),
        (
            Jwt::new(RSA.into(), "ann").key_id("k").algorithm(Algorithm::Rs512),
            rsa,
            "k",
            jsonwebtoken::Algorithm::RS512,
            "c",
        ),
    ] {
        let (servicenow, script, clock) = with(
            |builder| builder.oauth(OAuth::jwt_bearer("c", jwt)).randomness(Arc::new(Counting::default())),
            [token("t1", 60), done(), token("t2", 60), done()],
        );
        call(&servicenow).await.unwrap();
        clock.pass(Duration::from_secs(60));
        call(&servicenow).await.unwrap();
        let mut ids = HashSet::new();
        for n in [0, 2] {
            let form = form(&script, n);
            assert_eq!(form[0].1, "urn:ietf:params:oauth:grant-type:jwt-bearer");
            assert_eq!((&form[1].0, form.len()), (&"assertion".to_owned(), 3), "no secret: {form:?}");
            let header = jsonwebtoken::decode_header(&form[1].1).unwrap();
            assert_eq!((header.kid.as_deref(), header.alg), (Some(kid), algorithm));
            let mut validation = Validation::new(algorithm);
            validation.validate_exp = false;
            validation.set_audience(&["c"]);
            let key = DecodingKey::from_jwk(&serde_json::from_str(public).unwrap()).unwrap();
            let claims: Value = jsonwebtoken::decode(&form[1].1, &key, &validation).unwrap().claims;
            let now = if n == 0 { 0 } else { 60 };
            assert_eq!((&claims["iss"], &claims["sub"]), (&json!(issuer), &json!("ann")));
            assert_eq!((&claims["iat"], &claims["exp"]), (&json!(now), &json!(now + 300)));
            ids.insert(claims["jti"].as_str().unwrap().to_owned());
        }
        assert_eq!(ids.len(), 2);
    }
}

#[tokio::test]
async fn a_jwt_client_that_is_not_public_has_its_secret_too() {
    let oauth = OAuth::jwt_bearer("c", Jwt::new(P256.into(), "ann")).client_secret(secret("s"));
    let (servicenow, script, _) = with(|builder| builder.oauth(oauth), [token("t", 60), done()]);
    call(&servicenow).await.unwrap();
    assert_eq!(form(&script, 0)[2..], pairs(&[("client_id", "c"), ("client_secret", "s")]));
}

#[tokio::test]
async fn a_token_is_renewed_ahead_of_its_end_by_a_minute_or_a_tenth() {
    for (life, good) in [
        (json!(1799), 1738),
        (json!("1799"), 1738),
        (json!(100), 89),
        (json!(null), 1739),
        (json!(u64::MAX), 1_000_000),
    ] {
        let oauth = OAuth::client_credentials("c", secret("s"));
        let answers = [token("t1", life.clone()), done(), done(), token("t2", 9), done()];
        let (servicenow, script, clock) = with(|builder| builder.oauth(oauth), answers);
        call(&servicenow).await.unwrap();
        clock.pass(Duration::from_secs(good));
        call(&servicenow).await.unwrap();
        assert_eq!(script.asked().len(), 3, "{life}");
        if life != json!(u64::MAX) {
            clock.pass(Duration::from_secs(2));
            call(&servicenow).await.unwrap();
            assert_eq!(seen(&script)[4].1, "Bearer t2", "{life}");
        }
    }
}

#[tokio::test]
async fn the_same_token_with_less_time_left_is_taken_as_what_it_is() {
    let oauth = OAuth::client_credentials("c", secret("s"));
    let answers = [token("t", 0), done(), token("t", 0), done(), token("u", 1799), done(), done()];
    let (servicenow, script, _) = with(|builder| builder.oauth(oauth), answers);
    for _ in 0..4 {
        call(&servicenow).await.unwrap();
    }
    assert_eq!(seen(&script).iter().filter(|(path, _)| path == "/oauth_token.do").count(), 3);
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_and_the_call_repeated_whatever_it_does() {
    let oauth = OAuth::client_credentials("c", secret("s"));
    let answers = [token("t1", 1799), done(), refused(), token("t2", 1799), done()];
    let (servicenow, script, clock) = with(|builder| builder.oauth(oauth), answers);
    call(&servicenow).await.unwrap();
    clock.pass(Duration::from_secs(60));
    note(&servicenow).await.unwrap();
    let bearers: Vec<_> = seen(&script).into_iter().map(|(_, header)| header).collect();
    assert_eq!(bearers, ["", "Bearer t1", "Bearer t1", "", "Bearer t2"]);
    assert_eq!(clock.slept(), [Duration::from_secs(60), Duration::ZERO]);
}

#[tokio::test]
async fn a_token_that_nobody_knows_yet_is_waited_for() {
    let oauth = OAuth::client_credentials("c", secret("s"));
    let answers = [token("t1", 1799), refused(), refused(), done()];
    let (servicenow, _, clock) = with(|builder| builder.oauth(oauth), answers);
    note(&servicenow).await.unwrap();
    assert_eq!(clock.slept(), [Duration::from_secs(2); 2]);
}

#[tokio::test]
async fn a_401_is_repeated_twice_and_then_told_with_what_may_be_wrong() {
    let logins: [fn(Builder) -> Builder; 3] = [
        |builder| builder.basic("api", secret("hunter2")),
        |builder| builder.api_key(ApiKey::new(secret("hunter2"))),
        |builder| builder.credentials(Arc::new(Signer)),
    ];
    for login in logins {
        let (servicenow, _, clock) = with(login, [refused(), refused(), done()]);
        note(&servicenow).await.unwrap();
        assert_eq!(clock.slept(), [Duration::from_secs(2); 2]);

        let (servicenow, script, _) = with(login, [refused(), refused(), refused()]);
        let error = note(&servicenow).await.unwrap_err();
        assert_eq!((script.asked().len(), error.delivery()), (3, Delivery::Refused));
        let hint = error.problem().unwrap().hint();
        for word in [
            "web_service_access_only",
            "snc_basic_auth_api_access",
            "glide.authenticate",
            "policy for each API",
        ] {
            assert!(hint.contains(word), "{hint}");
        }
    }
}

#[tokio::test]
async fn a_refresh_token_is_used_until_it_is_refused() {
    let oauth = OAuth::password("c", secret("s"), "ann", secret("p"));
    let granted = |access: &str, refresh: Value| {
        Answer::json(200, json!({"access_token": access, "refresh_token": refresh, "expires_in": 100}))
    };
    let answers = [
        granted("t1", json!("r1")),
        done(),
        granted("t2", json!(null)),
        done(),
        denied(401, "invalid_grant"),
        granted("t3", json!("r2")),
        done(),
        denied(503, "server_error"),
        denied(503, "server_error"),
        granted("t4", json!("r2")),
        done(),
    ];
    let (servicenow, script, clock) = with(|builder| builder.oauth(oauth), answers);
    for _ in 0..4 {
        call(&servicenow).await.unwrap();
        clock.pass(Duration::from_secs(100));
    }
    let asked: Vec<_> = script
        .asked()
        .iter()
        .enumerate()
        .filter(|(_, request)| request.uri().path() == "/oauth_token.do")
        .map(|(n, _)| form(&script, n))
        .map(|form| (form[0].1.clone(), form[1].1.clone()))
        .collect();
    let expected = [
        ("password", "ann"),
        ("refresh_token", "r1"),
        ("refresh_token", "r1"),
        ("password", "ann"),
        ("refresh_token", "r2"),
        ("refresh_token", "r2"),
        ("refresh_token", "r2"),
    ];
    assert_eq!(asked, pairs(&expected));
}

#[tokio::test]
async fn what_a_token_request_is_refused_with_is_final_and_says_what_to_look_at() {
    let long = "x".repeat(60);
    for (status, body, says) in [
        (
            401,
            json!({"error": "server_error", "error_description": "access_denied"}),
            "server_error (access_denied)",
        ),
        (400, json!({"error": "invalid_client", "error_description": long}), "invalid_client"),
        (401, json!({"error": {"message": "User Not Authenticated"}}), "status 401"),
        (200, json!({"result": []}), "gave no token"),
        (200, json!({"access_token": ""}), "gave no token"),
        (302, json!({}), "status 302"),
    ] {
        let oauth = OAuth::client_credentials("c", secret("hunter2"));
        let (servicenow, script, _) = with(
            |builder| builder.oauth(oauth),
            [Answer::json(status, body).header("x-transaction-id", "75a8")],
        );
        let error = note(&servicenow).await.unwrap_err();
        assert_eq!((error.delivery(), script.asked().len()), (Delivery::NotSent, 1));
        assert!(error.is_unauthenticated() && !error.is_retryable());
        let why = std::error::Error::source(&error).unwrap().to_string();
        assert!(why.contains(says), "{why}");
        if status != 200 {
            assert!(why.contains("grant_type.enabled") && why.contains("75a8"), "{why}");
        }
        let shown = format!("{why} {error} {error:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("xxxx"), "{shown}");
    }
}

#[tokio::test]
async fn a_token_endpoint_that_is_away_or_busy_is_asked_again() {
    let oauth = || OAuth::client_credentials("c", secret("s"));
    let answers = [denied(500, "server_error"), Answer::text(202, ""), token("t", 60), done()];
    let (servicenow, _, _) = with(|builder| builder.oauth(oauth()), answers);
    note(&servicenow).await.unwrap();
    let busy = Answer::json(429, json!({})).header("retry-after", "7");
    let (servicenow, _, clock) =
        with(|builder| builder.oauth(oauth()), [busy, Answer::text(429, ""), token("t", 60), done()]);
    note(&servicenow).await.unwrap();
    assert_eq!(clock.slept()[0], Duration::from_secs(7));
}

#[tokio::test]
async fn a_recorded_answer_is_read_and_recorded_refusals_are_refusals() {
    let Some(granted) = fixture("rapid7/oauth_token_password_grant.json") else { return };
    let oauth = || OAuth::password("c", secret("s"), "ann", secret("p"));
    let (servicenow, script, _) =
        with(|builder| builder.oauth(oauth()), [Answer::json(200, granted), done()]);
    call(&servicenow).await.unwrap();
    assert_eq!(seen(&script)[1].1, "Bearer REDACTED-ACCESS-TOKEN");
    let errors: Value = serde_json::from_str(&fixture("constructed/errors.json").unwrap()).unwrap();
    let of_tokens =
        |error: &&Value| error["note"].as_str().is_some_and(|note| note.starts_with("token endpoint"));
    for error in errors.as_array().unwrap().iter().filter(of_tokens) {
        let status = u16::try_from(error["http"].as_u64().unwrap()).unwrap();
        let (servicenow, _, _) =
            with(|builder| builder.oauth(oauth()), [Answer::json(status, &error["body"])]);
        let refused = call(&servicenow).await.unwrap_err();
        assert!(refused.is_unauthenticated());
        let why = std::error::Error::source(&refused).unwrap().to_string();
        assert!(why.contains(error["body"]["error"].as_str().unwrap()), "{why}");
    }
}

#[tokio::test]
async fn a_key_goes_where_the_instance_wants_it() {
    for (key, header, value) in [
        (ApiKey::new(secret("k1")), "x-sn-apikey", "k1"),
        (ApiKey::new(secret("k1")).header("X-Acme-Key").prefix("Token "), "x-acme-key", "Token k1"),
        (ApiKey::new(secret("k1")).header("Authorization").prefix("Key="), "authorization", "Key=k1"),
    ] {
        let (servicenow, script, _) = with(|builder| builder.api_key(key), [done()]);
        call(&servicenow).await.unwrap();
        let asked = script.asked();
        assert_eq!(asked[0].headers()[header], value);
        assert!(asked[0].headers()[header].is_sensitive());
        assert_eq!(asked[0].headers().contains_key("authorization"), header == "authorization");
        assert_eq!(asked[0].uri().query().map(|query| query.contains("k1")), Some(false));
    }
}

/// Signs what is sent.
#[derive(Debug)]
struct Signer;

#[async_trait]
impl Credentials for Signer {
    async fn authorize(&self, request: &mut http::request::Parts) -> Result<(), CredentialError> {
        let body = request.extensions.get::<Bytes>().cloned().unwrap_or_default();
        request.headers.insert("x-signed", String::from_utf8_lossy(&body).parse().unwrap());
        Ok(())
    }
}

#[tokio::test]
async fn a_signer_of_ones_own_sees_the_body() {
    let (servicenow, script, _) = with(|builder| builder.credentials(Arc::new(Signer)), [done()]);
    note(&servicenow).await.unwrap();
    let asked = script.asked();
    assert_eq!(asked[0].headers()["x-signed"].as_bytes(), asked[0].body());
    assert!(!asked[0].headers().contains_key("authorization"));
}

#[tokio::test]
async fn tokens_at_hand_are_revoked_and_forgotten() {
    let oauth = OAuth::password("c", secret("s"), "ann", secret("p"));
    let granted = json!({"access_token": "t/1", "refresh_token": "r1", "expires_in": 1799});
    let guest = || Answer::text(200, "").header("x-is-logged-in", "false");
    let answers = [Answer::json(200, granted), done(), page(), guest(), token("t2", 1799), done()];
    let (servicenow, script, _) = with(|builder| builder.oauth(oauth), answers);
    servicenow.revoke_tokens().await.unwrap();
    assert_eq!(script.asked().len(), 0, "there are none yet");
    call(&servicenow).await.unwrap();
    servicenow.tagged("x").revoke_tokens().await.unwrap();
    for (n, token) in [(2, "r1"), (3, "t/1")] {
        let request = script.asked().swap_remove(n);
        assert_eq!((request.method().as_str(), request.uri().path()), ("GET", "/oauth_revoke_token.do"));
        assert_eq!(script.parameter(n, "token").unwrap(), token);
        assert!(!request.headers().contains_key("authorization"));
    }
    call(&servicenow).await.unwrap();
    assert_eq!(form(&script, 4)[0].1, "password");
}

/// What a browser would show of a success.
fn page() -> Answer {
    Answer::text(200, "<html></html>").header("content-type", "text/html").header("x-transaction-id", "1")
}

#[tokio::test]
async fn a_token_whose_revocation_was_not_heard_is_told_and_the_other_is_revoked() {
    let sleeping =
        || Answer::text(200, "<title>Instance Hibernating page</title>").header("content-type", "text/html");
    let dropped = || (0..5).map(|_| Answer::text(202, "")).collect::<Vec<_>>();
    for (unheard, status) in [(vec![denied(400, "x")], 400), (dropped(), 202), (vec![sleeping()], 200)] {
        let oauth = OAuth::password("c", secret("s"), "ann", secret("p"));
        let granted = json!({"access_token": "t1", "refresh_token": "r1", "expires_in": 1799});
        let attempts = unheard.len();
        let answers = [Answer::json(200, granted), done()].into_iter().chain(unheard).chain([page()]);
        let (servicenow, script, _) = with(|builder| builder.oauth(oauth), answers);
        call(&servicenow).await.unwrap();
        let error = servicenow.revoke_tokens().await.unwrap_err();
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(script.parameter(2, "token").unwrap(), "r1");
        assert_eq!(script.parameter(2 + attempts, "token").unwrap(), "t1");
        assert_eq!(script.asked().len(), 3 + attempts);
    }
}

#[tokio::test]
async fn a_revocation_that_fails_shows_no_token() {
    let oauth = OAuth::client_credentials("c", secret("s"));
    let (servicenow, _, _) =
        with(|builder| builder.oauth(oauth), [token("t-secret", 1799), done(), denied(400, "x")]);
    call(&servicenow).await.unwrap();
    let error = servicenow.revoke_tokens().await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("t-secret"));
    servicenow.revoke_tokens().await.unwrap();
}

#[tokio::test]
async fn a_certificate_needs_a_network_that_can_show_it() {
    let pair = rcgen::generate_simple_self_signed(["api".to_owned()]).unwrap();
    let (chain, key) = (pair.cert.pem(), SecretString::from(pair.signing_key.serialize_pem()));
    let identity = || ClientIdentity::new(&chain, &key).unwrap();
    ServiceNowClient::builder("acme").mutual_tls(identity()).build().unwrap();
    let plain = ServiceNowClient::builder("http://127.0.0.1:1").mutual_tls(identity()).build().unwrap_err();
    assert!(plain.to_string().contains("https"), "{plain}");
    let script: Arc<Script> = Arc::default();
    let own = ServiceNowClient::builder("acme").mutual_tls(identity()).transport(script).build().unwrap_err();
    assert!(matches!(own, ConfigError::MutualTls(_)));
    for (chain, key, says) in [
        ("", &key, "no certificate"),
        (P384, &key, "private key: give that on its own"),
        ("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----", &key, "damaged"),
        (&*chain, &secret("hunter2"), "no private key"),
        (&*chain, &secret("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "encrypted"),
    ] {
        let error = ClientIdentity::new(chain, key).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
    }
    let foreign = ClientIdentity::new(&chain, &P384.into()).unwrap();
    let error = ServiceNowClient::builder("acme").mutual_tls(foreign).build().unwrap_err();
    let why = std::error::Error::source(&error).unwrap();
    assert!(format!("{error} {why}").contains("Mismatch"), "{error:?}");
}
