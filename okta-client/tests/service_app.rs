//! A service app over a real socket: what the token endpoint and the API saw, attempt by attempt.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::{HashMap, HashSet};
use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use mockito::Matcher;
use okta_client::users::UserId;
use okta_client::{Clock as _, ConfigError, Delivery, OktaClient, ServiceApp, Transport, TransportError};
use serde_json::{Value, json};

use support::{TestClock, shared};

const KEY: &str = include_str!("../../client-core/tests/keys/p256.jwk.json");
const PUBLIC: &str = include_str!("../../client-core/tests/keys/p256.public.json");
const TOKEN: &str = "/oauth2/v1/token";

/// A request as it came in.
#[derive(Debug, Clone)]
struct Saw {
    path: String,
    headers: HashMap<String, String>,
    form: HashMap<String, String>,
}

/// Header and claims of a signed statement, and whether this JWK signed it.
fn jws(text: &str, key: &Value) -> (Value, Value) {
    let (signed, signature) = text.rsplit_once('.').unwrap();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    let key = if key.is_null() { header["jwk"].clone() } else { key.clone() };
    let point = [vec![4], decode(key["x"].as_str().unwrap()), decode(key["y"].as_str().unwrap())].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &decode(signature))
        .unwrap();
    (header, serde_json::from_slice(&decode(claims)).unwrap())
}

impl Saw {
    fn assertion(&self) -> (Value, Value) {
        jws(&self.form["client_assertion"], &serde_json::from_str(PUBLIC).unwrap())
    }

    fn proof(&self) -> (Value, Value) {
        jws(&self.headers["dpop"], &Value::Null)
    }
}

struct Reply {
    status: usize,
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn reply(status: usize, body: Value) -> Reply {
    Reply { status, headers: vec![("content-type", "application/json".into())], body: body.to_string() }
}

fn token(kind: &str, secret: &str) -> Reply {
    let scope = "okta.users.read okta.groups.read";
    reply(200, json!({ "token_type": kind, "expires_in": 3600, "access_token": secret, "scope": scope }))
}

fn refusal(status: usize, error: &str) -> Reply {
    reply(status, json!({ "error": error, "error_description": "In Okta's words." }))
}

fn nonce_wanted() -> Reply {
    refusal(400, "use_dpop_nonce").header("dpop-nonce", "n-1")
}

fn invalid_token() -> Reply {
    reply(401, json!({ "errorCode": "E0000011", "errorSummary": "Invalid token provided" }))
}

fn user() -> Reply {
    let time = "2026-03-02T09:15:20.000Z";
    reply(
        200,
        json!({
            "id": "00u1", "status": "ACTIVE", "created": time, "lastUpdated": time,
            "type": { "id": "oty1" }, "profile": { "login": "ann@acme.example" }
        }),
    )
}

impl Reply {
    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

struct Org {
    server: mockito::ServerGuard,
    saw: Arc<Mutex<Vec<Saw>>>,
    okta: OktaClient,
    clock: Arc<TestClock>,
}

impl Org {
    async fn new() -> Self {
        let server = mockito::Server::new_async().await;
        let clock = Arc::new(TestClock::default());
        let app = ServiceApp::new("0oa1app", KEY.into()).scopes(["okta.users.read", "okta.groups.read"]);
        let okta = OktaClient::builder(server.url())
            .service_app(app)
            .user_agent("payroll/3.2")
            .clock(clock.clone())
            .build()
            .unwrap();
        Self { server, saw: Arc::default(), okta, clock }
    }

    /// The next `times` requests of the token endpoint, or of the API, are answered so.
    async fn will(&mut self, times: usize, method: &str, reply: Reply) {
        let saw = self.saw.clone();
        let path = match method {
            "POST" => Matcher::Exact(TOKEN.into()),
            _ => Matcher::Regex("^/api/v1/".into()),
        };
        let mut mock = self.server.mock(method, path).with_status(reply.status);
        for (name, value) in &reply.headers {
            mock = mock.with_header(*name, value);
        }
        mock.with_body_from_request(move |request| {
            let headers = request.headers().iter();
            let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
            saw.lock().unwrap().push(Saw {
                path: request.path_and_query().to_owned(),
                headers: headers.collect(),
                form: url::form_urlencoded::parse(request.body().unwrap()).into_owned().collect(),
            });
            reply.body.clone().into_bytes()
        })
        .expect(times)
        .create_async()
        .await;
    }

    async fn tokens(&mut self, replies: impl IntoIterator<Item = Reply>) {
        for reply in replies {
            self.will(1, "POST", reply).await;
        }
    }

    async fn answers(&mut self, replies: impl IntoIterator<Item = Reply>) {
        for reply in replies {
            self.will(1, "GET", reply).await;
        }
    }

    async fn get(&self) -> Result<okta_client::users::User, okta_client::Error> {
        self.okta.users().get(&ann()).await
    }

    fn saw(&self) -> Vec<Saw> {
        std::mem::take(&mut self.saw.lock().unwrap())
    }

    /// The paths that were asked for, `token` for the token endpoint.
    fn paths(saw: &[Saw]) -> Vec<&str> {
        saw.iter().map(|saw| if saw.path == TOKEN { "token" } else { "api" }).collect()
    }
}

fn ann() -> UserId {
    "00u1".parse().unwrap()
}

#[tokio::test]
async fn an_app_without_dpop_calls_as_bearer() {
    let mut org = Org::new().await;
    org.tokens([token("Bearer", "s3cret")]).await;
    org.answers([user(), user()]).await;
    org.get().await.unwrap();
    org.get().await.unwrap();

    let saw = org.saw();
    assert_eq!(Org::paths(&saw), ["token", "api", "api"]);
    let asked = &saw[0];
    assert_eq!(asked.headers["accept"], "application/json");
    assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded");
    let agent = concat!("payroll/3.2 okta-client-rs/", env!("CARGO_PKG_VERSION"));
    assert_eq!(asked.headers["user-agent"], agent);
    assert!(!asked.headers.contains_key("authorization"));
    assert_eq!(asked.form["grant_type"], "client_credentials");
    assert_eq!(asked.form["scope"], "okta.groups.read okta.users.read");
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(asked.form["client_assertion_type"], kind);
    assert_eq!(asked.form.len(), 4);

    let audience = format!("{}{TOKEN}", org.server.url());
    let (header, claims) = asked.assertion();
    assert_eq!(header, json!({ "alg": "ES256", "typ": "JWT", "kid": "p256-key" }));
    assert_eq!(claims["iss"], "0oa1app");
    assert_eq!(claims["sub"], "0oa1app");
    assert_eq!(claims["aud"], audience);
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(0), &json!(300)));
    assert_eq!(claims["jti"].as_str().unwrap().len(), 32);

    // An app that does not want DPoP takes the proof all the same.
    let (header, claims) = asked.proof();
    assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
    assert_eq!(header["jwk"].as_object().unwrap().len(), 4);
    assert_eq!((&claims["htm"], &claims["htu"]), (&json!("POST"), &json!(audience)));
    assert!(claims.get("nonce").is_none() && claims.get("ath").is_none());

    for call in &saw[1..] {
        assert_eq!(call.headers["authorization"], "Bearer s3cret");
        assert!(!call.headers.contains_key("dpop"));
    }
}

#[tokio::test]
async fn an_app_with_dpop_proves_each_request() {
    let mut org = Org::new().await;
    org.tokens([nonce_wanted(), token("DPoP", "s3cret").header("dpop-nonce", "n-2")]).await;
    let empty = || reply(200, json!([]));
    org.answers([empty(), empty()]).await;
    for _ in 0..2 {
        let listed = futures::TryStreamExt::try_collect::<Vec<_>>(org.okta.users().list().send());
        assert!(listed.await.unwrap().is_empty());
    }

    let saw = org.saw();
    assert_eq!(Org::paths(&saw), ["token", "token", "api", "api"]);
    let (first, second) = (saw[0].proof().1, saw[1].proof().1);
    assert!(first.get("nonce").is_none());
    assert_eq!(second["nonce"], "n-1");
    assert_ne!(first["jti"], second["jti"]);
    assert_ne!(saw[0].assertion().1["jti"], saw[1].assertion().1["jti"], "the first one is used up");

    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"s3cret");
    for call in &saw[2..] {
        assert_eq!(call.headers["authorization"], "DPoP s3cret");
        assert_eq!(call.headers["x-okta-user-agent-extended"], "isDPoP:true");
        let (header, claims) = call.proof();
        assert_eq!(header["jwk"], saw[0].proof().0["jwk"], "one key as long as the token");
        assert_eq!(claims["htm"], "GET");
        assert!(call.path.contains('?'));
        assert_eq!(claims["htu"], format!("{}/api/v1/users", org.server.url()));
        assert_eq!(claims["ath"], URL_SAFE_NO_PAD.encode(digest.as_ref()));
        assert!(claims.get("nonce").is_none(), "the token endpoint's nonces are not the API's");
    }
    assert_ne!(saw[2].proof().1["jti"], saw[3].proof().1["jti"]);
}

#[tokio::test]
async fn every_attempt_has_ids_of_its_own() {
    let mut org = Org::new().await;
    let limited = || {
        reply(429, json!({ "errorCode": "E0000047", "errorSummary": "API call exceeded rate limit" }))
            .header("x-rate-limit-limit", "150")
            .header("x-rate-limit-remaining", "0")
            .header("x-rate-limit-reset", "1774857552")
            .header("date", "Mon, 30 Mar 2026 07:58:30 GMT")
    };
    org.tokens([limited(), refusal(503, "temporarily_unavailable"), nonce_wanted(), token("DPoP", "t")])
        .await;
    org.answers([limited(), reply(503, json!({})), user()]).await;
    org.get().await.unwrap();

    let saw = org.saw();
    assert_eq!(Org::paths(&saw), ["token", "token", "token", "token", "api", "api", "api"]);
    let proofs: HashSet<_> = saw.iter().map(|saw| saw.proof().1["jti"].to_string()).collect();
    assert_eq!(proofs.len(), saw.len());
    let assertions: HashSet<_> = saw[..4].iter().map(|saw| saw.assertion().1["jti"].to_string()).collect();
    assert_eq!(assertions.len(), 4);
    assert_eq!(org.clock.slept_millis()[0], 42_000, "as long as the token endpoint's limit says");
}

#[tokio::test]
async fn fifty_calls_at_once_ask_for_one_token() {
    let mut org = Org::new().await;
    org.tokens([token("Bearer", "t")]).await;
    org.will(50, "GET", user()).await;
    let calls = (0..50).map(|_| org.get());
    futures::future::try_join_all(calls).await.unwrap();
    let saw = org.saw();
    assert_eq!(saw.iter().filter(|saw| saw.path == TOKEN).count(), 1);
    assert_eq!(saw.len(), 51);
}

#[tokio::test]
async fn fifty_calls_at_once_share_a_refusal_too() {
    let mut org = Org::new().await;
    org.tokens([refusal(401, "invalid_client")]).await;
    let results = futures::future::join_all((0..50).map(|_| org.get())).await;
    // Only a few are in flight at once; those that wait together share what becomes of one request.
    assert!(results.iter().all(Result::is_err));
    assert!(org.saw().len() <= 30);
    let first = results[0].as_ref().unwrap_err();
    assert!(first.is_unauthenticated());
    assert_eq!((first.delivery(), first.attempts()), (Delivery::NotSent, 0));
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_before_its_end() {
    let mut org = Org::new().await;
    org.tokens([token("Bearer", "one"), token("Bearer", "two")]).await;
    org.will(4, "GET", user()).await;
    org.get().await.unwrap();
    org.clock.sleep(Duration::from_secs(3299)).await;
    org.get().await.unwrap();
    org.clock.sleep(Duration::from_secs(1)).await;
    org.get().await.unwrap();
    org.get().await.unwrap();
    let saw = org.saw();
    assert_eq!(Org::paths(&saw), ["token", "api", "api", "token", "api", "api"]);
    let sent: Vec<_> = saw.iter().filter_map(|saw| saw.headers.get("authorization")).collect();
    assert_eq!(sent, ["Bearer one", "Bearer one", "Bearer two", "Bearer two"]);
}

#[tokio::test]
async fn a_renewal_that_fails_costs_nothing_while_the_old_token_is_good() {
    let mut org = Org::new().await;
    org.tokens([token("Bearer", "one"), refusal(503, "server_error"), token("Bearer", "two")]).await;
    org.will(4, "GET", user()).await;
    org.get().await.unwrap();
    org.clock.sleep(Duration::from_secs(3400)).await;
    org.get().await.unwrap();
    org.get().await.unwrap();
    org.clock.sleep(Duration::from_secs(31)).await;
    org.get().await.unwrap();
    let saw = org.saw();
    assert_eq!(Org::paths(&saw), ["token", "api", "token", "api", "api", "token", "api"]);
    assert_eq!(saw[6].headers["authorization"], "Bearer two");
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once() {
    let mut org = Org::new().await;
    org.tokens([token("Bearer", "one"), token("Bearer", "two")]).await;
    org.answers([invalid_token(), user()]).await;
    org.get().await.unwrap();
    let saw = org.saw();
    assert_eq!(Org::paths(&saw), ["token", "api", "token", "api"]);
    assert_eq!(saw[3].headers["authorization"], "Bearer two");

    let mut org = Org::new().await;
    org.tokens([token("Bearer", "one"), token("Bearer", "two")]).await;
    org.will(2, "GET", invalid_token()).await;
    let error = org.get().await.unwrap_err();
    assert!(error.is_unauthenticated());
    assert_eq!(error.attempts(), 2);
    assert_eq!(Org::paths(&org.saw()), ["token", "api", "token", "api"]);
}

#[tokio::test]
async fn a_feature_that_the_org_lacks_is_no_reason_for_a_new_token() {
    let mut org = Org::new().await;
    org.tokens([token("Bearer", "one")]).await;
    org.answers([reply(401, json!({ "errorCode": "E0000015", "errorSummary": "No feature" }))]).await;
    assert!(org.get().await.unwrap_err().is_forbidden());
    assert_eq!(Org::paths(&org.saw()), ["token", "api"]);
}

#[tokio::test]
async fn the_api_may_ask_for_a_nonce_too() {
    let mut org = Org::new().await;
    org.tokens([token("DPoP", "one")]).await;
    let challenge = reply(401, json!({}))
        .header("www-authenticate", "DPoP error=\"use_dpop_nonce\", error_description=\"A nonce is needed.\"")
        .header("dpop-nonce", "api-1");
    org.answers([challenge, user(), user()]).await;
    org.get().await.unwrap();
    org.get().await.unwrap();
    let saw = org.saw();
    assert_eq!(Org::paths(&saw), ["token", "api", "api", "api"], "the token is still good");
    assert!(saw[1].proof().1.get("nonce").is_none());
    assert_eq!(saw[2].proof().1["nonce"], "api-1");
    assert_eq!(saw[3].proof().1["nonce"], "api-1");
}

#[tokio::test]
async fn what_is_signed_goes_by_oktas_clock() {
    let mut org = Org::new().await;
    // Ours stands at 1970; the second answer's clock is an hour ahead of the first one's.
    let (early, late) = ("Mon, 30 Mar 2026 07:58:30 GMT", "Mon, 30 Mar 2026 08:58:30 GMT");
    let refused = refusal(401, "invalid_client").header("date", early);
    org.tokens([refused, nonce_wanted().header("date", early), token("DPoP", "t").header("date", late)])
        .await;
    org.answers([user()]).await;
    org.get().await.unwrap();
    let saw = org.saw();
    assert_eq!(Org::paths(&saw), ["token", "token", "token", "api"]);
    let early = 1_774_857_510;
    assert_eq!(saw[0].assertion().1["iat"], 0);
    for saw in &saw[1..3] {
        assert_eq!(saw.assertion().1["exp"], early + 300);
        assert_eq!(saw.proof().1["iat"], early);
    }
    assert_eq!(saw[3].proof().1["iat"], early + 3600);
}

#[tokio::test]
async fn a_proof_that_was_dated_wrongly_is_made_anew() {
    let (early, late) = ("Mon, 30 Mar 2026 07:58:30 GMT", "Mon, 30 Mar 2026 08:58:30 GMT");
    let mut org = Org::new().await;
    org.tokens([token("DPoP", "t").header("date", early)]).await;
    let old = || refusal(400, "invalid_dpop_proof").header("date", late);
    org.answers([old(), user().header("date", late), old()]).await;
    org.get().await.unwrap();
    let error = org.get().await.unwrap_err();
    assert_eq!(error.attempts(), 1, "the time was right");
    let saw = org.saw();
    assert_eq!(Org::paths(&saw), ["token", "api", "api", "api"]);
    let dates: Vec<_> = saw[1..].iter().map(|saw| saw.proof().1["iat"].as_i64().unwrap()).collect();
    assert_eq!(dates, [1_774_857_510, 1_774_861_110, 1_774_861_110]);
}

#[tokio::test]
async fn fifty_calls_whose_token_is_refused_ask_for_one_other() {
    let mut org = Org::new().await;
    org.tokens([token("Bearer", "one"), token("Bearer", "two")]).await;
    for (secret, reply) in [("Bearer one", invalid_token()), ("Bearer two", user())] {
        let mock = org.server.mock("GET", Matcher::Any).match_header("authorization", secret);
        let mock = mock.with_header("content-type", "application/json").with_status(reply.status);
        mock.with_body(reply.body).expect_at_least(1).create_async().await;
    }
    futures::future::try_join_all((0..50).map(|_| org.get())).await.unwrap();
    assert_eq!(Org::paths(&org.saw()), ["token", "token"]);
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    for (reply, says) in [
        (refusal(401, "invalid_client"), "public half of this private key"),
        (refusal(400, "invalid_scope"), "one of okta.groups.read, okta.users.read does not exist"),
        (refusal(403, "consent_required"), "not granted to the app"),
        (refusal(400, "unauthorized_client"), "API Services app"),
        (refusal(400, "use_dpop_nonce"), "use_dpop_nonce (In Okta's words.)"),
        (reply(200, json!({ "hello": "world" })), "is the org URL right?"),
    ] {
        let mut org = Org::new().await;
        // By the same clock as ours, which therefore is no reason to try again.
        let reply = reply.header("date", "Thu, 01 Jan 1970 00:00:00 GMT");
        org.tokens([reply.header("x-okta-request-id", "req-1")]).await;
        let error = org.get().await.unwrap_err();
        assert!(error.is_unauthenticated() && !error.is_retryable(), "{error}");
        let why = error.source().unwrap().to_string();
        assert!(why.contains(says), "{why}");
        assert_eq!(Org::paths(&org.saw()), ["token"]);
    }
}

#[tokio::test]
async fn scopes_are_narrowed_by_a_token_of_their_own() {
    let mut org = Org::new().await;
    org.tokens([token("Bearer", "wide"), token("Bearer", "narrow")]).await;
    org.will(4, "GET", user()).await;
    org.get().await.unwrap();
    for _ in 0..2 {
        org.okta.scoped(["okta.users.read"]).users().get(&ann()).await.unwrap();
    }
    org.get().await.unwrap();
    let saw = org.saw();
    assert_eq!(Org::paths(&saw), ["token", "api", "token", "api", "api", "api"]);
    assert_eq!(saw[2].form["scope"], "okta.users.read");
    let sent: Vec<_> = saw.iter().filter_map(|saw| saw.headers.get("authorization")).collect();
    assert_eq!(sent, ["Bearer wide", "Bearer narrow", "Bearer narrow", "Bearer wide"]);
    assert_eq!(saw[2].proof().0["jwk"], saw[0].proof().0["jwk"]);

    for (scopes, says) in
        [(vec!["okta.users.manage"], "none of the scopes"), (vec![], "no scope is asked for")]
    {
        let error = org.okta.scoped(scopes).users().get(&ann()).await.unwrap_err();
        assert!(error.source().unwrap().to_string().contains(says), "{error:?}");
    }
    assert!(org.saw().is_empty());
}

#[tokio::test]
async fn neither_key_nor_token_nor_proof_is_ever_shown() {
    let secret = "s3ntinel-t0ken-that-nobody-may-see";
    let private = serde_json::from_str::<Value>(KEY).unwrap()["d"].as_str().unwrap().to_owned();
    let app = ServiceApp::new("0oa1app", KEY.into()).scopes(["okta.users.read"]);
    let mut said = format!("{app:?} {:?}", OktaClient::builder("acme.okta.com").service_app(app.clone()));

    let mut org = Org::new().await;
    let odd = reply(401, json!({ "error": "invalid_client", "error_description": format!("no {KEY}") }));
    let narrower = json!({ "token_type": "DPoP", "expires_in": 3600, "access_token": secret, "scope": "x" });
    org.tokens([reply(200, narrower), odd]).await;
    org.will(1, "GET", invalid_token()).await;
    let error = org.get().await.unwrap_err();
    write!(said, "{error} {error:?} {:?} {:?}", error.source(), org.okta).unwrap();
    let saw = org.saw();
    assert_eq!(Org::paths(&saw), ["token", "api", "token"]);
    let proof = saw[1].headers["dpop"].clone();
    for hidden in [secret, &private, &proof, &saw[0].form["client_assertion"]] {
        assert!(!said.contains(hidden), "{said}");
    }
}

#[test]
fn an_app_that_cannot_work_is_refused_at_once() {
    let build = |app: ServiceApp| OktaClient::builder("acme.okta.com").service_app(app).build().unwrap_err();
    let app = |id: &str, key: &str| ServiceApp::new(id, key.into());
    for (app, says) in [
        (app(" ", KEY).scopes(["okta.users.read"]), "client id is empty"),
        (app("0oa1", KEY), "no scope is asked for"),
        (app("0oa1", KEY).scopes(["okta.users.read okta.logs.read"]), "is no scope"),
        (app("0oa1", "hunter2").scopes(["okta.users.read"]), "neither PEM"),
    ] {
        let error = build(app);
        assert!(matches!(error, ConfigError::ServiceApp(_) | ConfigError::PrivateKey(_)));
        assert!(error.to_string().contains(says), "{error}");
    }
}

/// Answers as it was recorded, in order, and keeps what was asked.
#[derive(Debug, Default)]
struct Tape {
    answers: Mutex<Vec<Value>>,
    asked: Mutex<Vec<http::Request<Bytes>>>,
}

#[async_trait::async_trait]
impl Transport for Tape {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.asked.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().remove(0);
        let mut response =
            http::Response::builder().status(u16::try_from(answer["status"].as_u64().unwrap()).unwrap());
        for (name, value) in answer["headers"].as_object().unwrap() {
            response = response.header(name, value.as_str().unwrap());
        }
        Ok(response.body(answer["body"].to_string().into()).unwrap())
    }
}

#[tokio::test]
async fn a_recorded_org_is_spoken_to_as_the_recording_has_it() {
    let Some(path) = shared("fixtures/okta/dpop_token_and_request.json") else { return };
    let recording: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let recorded = &recording["interactions"].as_array().unwrap()[..3];
    let answers = Mutex::new(recorded.iter().map(|one| one["response"].clone()).collect());
    let tape = Arc::new(Tape { answers, ..Tape::default() });
    let okta = OktaClient::builder("https://test.okta.com")
        .service_app(ServiceApp::new("0oa1app", KEY.into()).scopes(["okta.users.read"]))
        .transport(tape.clone())
        .clock(Arc::new(TestClock::default()))
        .build()
        .unwrap();
    let users: Vec<okta_client::users::User> =
        futures::TryStreamExt::try_collect(okta.users().list().limit(1).send()).await.unwrap();
    assert!(users.is_empty());

    let asked = tape.asked.lock().unwrap();
    for (asked, recorded) in asked.iter().zip(recorded) {
        assert_eq!(asked.method().as_str(), recorded["request"]["method"]);
        assert_eq!(asked.uri().to_string(), recorded["request"]["url"].as_str().unwrap());
        assert!(asked.headers()["dpop"].is_sensitive());
    }
    assert_eq!(asked.len(), 3);
    let proof = |n: usize| jws(asked[n].headers()["dpop"].to_str().unwrap(), &Value::Null).1;
    assert_eq!(proof(1)["nonce"], "sanitized_dpop_nonce");
    assert_eq!(proof(2)["htu"], "https://test.okta.com/api/v1/users");
    // By the recording's clock: the token's answer was made at 04:57:46.
    assert_eq!(proof(2)["iat"], 1_773_291_466);
    assert_eq!(asked[2].headers()["authorization"], "DPoP REDACTED");
}
