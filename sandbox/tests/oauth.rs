//! Service apps, seen through plain HTTP: what the token endpoint and the API refuse.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Client;
use reqwest::header::HeaderMap;
use sandbox::{Sandbox, ServiceApp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A key for tests: PKCS#8, and its public half.
const PRIVATE: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJ105BkCG1XBzkRKEO5OiusmfFIzywZKCqWgsWrSM\
                       oPShRANCAATrp4fLPuUHPZNeMbZkxsOA9OYpH5jWLhEntJfEdVtNIu81NViuCToEPbwxgtnHYHoJcvoJ8eN9jp2rbfGeaMw/";
const X: &str = "66eHyz7lBz2TXjG2ZMbDgPTmKR-Y1i4RJ7SXxHVbTSI";
const Y: &str = "7zU1WK4JOgQ9vDGC2cdgegly-gnx432Onatt8Z5ozD8";

fn jwk() -> Value {
    json!({ "kty": "EC", "crv": "P-256", "x": X, "y": Y })
}

fn signed(header: &Header, claims: &Value) -> String {
    let key = EncodingKey::from_ec_der(&STANDARD.decode(PRIVATE).unwrap());
    encode(header, claims, &key).unwrap()
}

fn fresh() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("jti-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn with(mut claims: Value, changes: &Value) -> Value {
    claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    claims
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    async fn read(answer: reqwest::Response) -> Self {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Self { status, headers, body: serde_json::from_str(&answer.text().await.unwrap()).unwrap() }
    }

    fn is(&self, status: u16, error: &str) -> bool {
        (self.status, self.body["error"].as_str()) == (status, Some(error))
    }
}

struct Org {
    sandbox: Sandbox,
    client_id: String,
}

impl Org {
    async fn with(app: ServiceApp) -> Self {
        let sandbox = Sandbox::builder().people(5).frozen_clock().start().await.unwrap();
        let client_id = sandbox.register_service_app(app).unwrap();
        Self { sandbox, client_id }
    }

    async fn new() -> Self {
        Self::with(ServiceApp::new(jwk()).scopes(["okta.users.read"])).await
    }

    fn token_url(&self) -> String {
        format!("{}/oauth2/v1/token", self.sandbox.okta_url())
    }

    fn now(&self) -> i64 {
        self.sandbox.clock().now().timestamp()
    }

    fn assertion(&self, changes: &Value) -> String {
        let claims = json!({
            "iss": self.client_id, "sub": self.client_id, "aud": self.token_url(),
            "iat": self.now(), "exp": self.now() + 300, "jti": fresh(),
        });
        signed(&Header::new(Algorithm::ES256), &with(claims, changes))
    }

    fn proof(&self, method: &str, url: &str, changes: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some("dpop+jwt".into());
        header.jwk = Some(serde_json::from_value(jwk()).unwrap());
        let claims = json!({ "htm": method, "htu": url, "iat": self.now(), "jti": fresh() });
        signed(&header, &with(claims, changes))
    }

    async fn token(&self, assertion: &str, scope: &str, proof: Option<String>) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", scope)
            .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .append_pair("client_assertion", assertion)
            .finish();
        let mut request = Client::new()
            .post(self.token_url())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    /// The dance, to its end.
    async fn dpop_token(&self) -> String {
        let proof = |changes: &Value| Some(self.proof("POST", &self.token_url(), changes));
        let first = self.token(&self.assertion(&json!({})), "okta.users.read", proof(&json!({}))).await;
        assert!(first.is(400, "use_dpop_nonce"), "{}", first.body);
        let nonce = first.headers["dpop-nonce"].to_str().unwrap();
        let proof = proof(&json!({ "nonce": nonce }));
        let second = self.token(&self.assertion(&json!({})), "okta.users.read", proof).await;
        assert_eq!((second.status, &second.body["token_type"]), (200, &json!("DPoP")), "{}", second.body);
        assert_eq!(second.body["expires_in"], 3600);
        assert!(second.headers.contains_key("dpop-nonce"));
        second.body["access_token"].as_str().unwrap().to_owned()
    }

    async fn call(&self, path: &str, authorization: &str, proof: Option<String>) -> Answer {
        let url = format!("{}{path}", self.sandbox.okta_url());
        let mut request = Client::new().get(url).header("authorization", authorization);
        if let Some(proof) = proof {
            request = request.header("dpop", proof);
        }
        Answer::read(request.send().await.unwrap()).await
    }
}

#[tokio::test]
async fn an_assertion_must_be_right_in_everything_and_new() {
    let org = Org::with(ServiceApp::new(jwk()).scopes(["okta.users.read"]).without_dpop()).await;
    let now = org.now();
    for wrong in [
        json!({ "iss": "0oaSomebodyElse" }),
        json!({ "sub": "0oaSomebodyElse" }),
        json!({ "aud": "https://acme.okta.com/oauth2/v1/token" }),
        json!({ "exp": now }),
        json!({ "exp": now + 3601 }),
        json!({ "exp": null }),
        json!({ "iat": now + 1 }),
    ] {
        let answer = org.token(&org.assertion(&wrong), "okta.users.read", None).await;
        assert!(answer.is(401, "invalid_client"), "{wrong}: {}", answer.body);
    }
    let mut forged = org.assertion(&json!({}));
    forged.replace_range(forged.len() - 6.., "AAAAAA");
    assert!(org.token(&forged, "okta.users.read", None).await.is(401, "invalid_client"));

    let assertion = org.assertion(&json!({}));
    let answer = org.token(&assertion, "okta.users.read okta.logs.read", None).await;
    assert_eq!((answer.status, &answer.body["token_type"]), (200, &json!("Bearer")));
    assert_eq!(answer.body["scope"], "okta.users.read", "what is not granted is left out");
    assert_eq!(answer.headers["x-rate-limit-remaining"], "991");
    assert!(org.token(&assertion, "okta.users.read", None).await.is(401, "invalid_client"), "it is used up");
    for scope in ["okta.logs.read", "openid", ""] {
        assert!(org.token(&org.assertion(&json!({})), scope, None).await.is(400, "invalid_scope"));
    }
}

#[tokio::test]
async fn a_bearer_token_is_good_for_an_hour_and_for_its_scopes() {
    let org = Org::with(ServiceApp::new(jwk()).scopes(["okta.users.read"]).without_dpop()).await;
    let answer = org.token(&org.assertion(&json!({})), "okta.users.read", None).await;
    let bearer = format!("Bearer {}", answer.body["access_token"].as_str().unwrap());
    assert_eq!(org.call("/api/v1/users", &bearer, None).await.body.as_array().unwrap().len(), 5);
    assert_eq!(org.call("/api/v1/groups", &bearer, None).await.body["errorCode"], "E0000006");
    assert_eq!(org.call("/api/v1/users/me", &bearer, None).await.status, 404);
    assert!(!org.sandbox.state().to_string().contains(&bearer[7..]));
    org.sandbox.clock().advance(Duration::from_secs(3600));
    let dead = org.call("/api/v1/users", &bearer, None).await;
    assert_eq!((dead.status, &dead.body["errorCode"]), (401, &json!("E0000011")));
}

#[tokio::test]
async fn a_token_request_without_a_good_proof_is_refused() {
    let org = Org::new().await;
    let answer = org.token(&org.assertion(&json!({})), "okta.users.read", None).await;
    assert!(answer.is(400, "invalid_dpop_proof"));
    assert_eq!(answer.body["error_description"], "The DPoP proof JWT header is missing.");
    for wrong in [
        json!({ "htm": "GET" }),
        json!({ "htu": format!("{}?x=1", org.token_url()) }),
        json!({ "iat": org.now() + 1 }),
        json!({ "iat": org.now() - 301 }),
        json!({ "jti": null }),
    ] {
        let proof = org.proof("POST", &org.token_url(), &wrong);
        let answer = org.token(&org.assertion(&json!({})), "okta.users.read", Some(proof)).await;
        assert!(answer.is(400, "invalid_dpop_proof"), "{wrong}: {}", answer.body);
    }
}

#[tokio::test]
async fn an_api_call_needs_a_proof_of_its_own_for_its_token() {
    let org = Org::new().await;
    let token = org.dpop_token().await;
    let ath = URL_SAFE_NO_PAD.encode(Sha256::digest(&token));
    let url = format!("{}/api/v1/users", org.sandbox.okta_url());
    let proof = |changes: Value| Some(org.proof("GET", &url, &with(json!({ "ath": ath }), &changes)));
    let dpop = format!("DPoP {token}");

    let good = proof(json!({}));
    assert_eq!(org.call("/api/v1/users?limit=2", &dpop, good.clone()).await.status, 200);
    for (authorization, proof) in [
        (dpop.clone(), good),
        (dpop.clone(), None),
        (format!("Bearer {token}"), proof(json!({}))),
        (dpop.clone(), proof(json!({ "ath": "x" }))),
        (dpop.clone(), proof(json!({ "ath": null }))),
        (dpop.clone(), proof(json!({ "htu": format!("{url}?limit=2") }))),
        (dpop.clone(), proof(json!({ "htm": "POST" }))),
    ] {
        let answer = org.call("/api/v1/users?limit=2", &authorization, proof).await;
        assert!(answer.is(400, "invalid_dpop_proof"), "{}", answer.body);
    }
    assert_eq!(org.call("/api/v1/users", "DPoP nothing", proof(json!({}))).await.status, 401);
}

#[tokio::test]
async fn an_app_without_an_admin_role_sees_an_empty_org() {
    let app = ServiceApp::new(jwk()).scopes(["okta.users.read"]).without_dpop().without_admin_role();
    let org = Org::with(app).await;
    let answer = org.token(&org.assertion(&json!({})), "okta.users.read", None).await;
    let bearer = format!("Bearer {}", answer.body["access_token"].as_str().unwrap());
    let users = org.call("/api/v1/users?limit=1", &bearer, None).await;
    assert_eq!((users.status, users.body), (200, json!([])));
    assert_eq!(org.call("/api/v1/users/00u1", &bearer, None).await.body["errorCode"], "E0000006");
}

#[tokio::test]
async fn with_two_keys_an_assertion_names_one() {
    let named = |id: &str| with(jwk(), &json!({ "kid": id }));
    let app = ServiceApp::new(named("a")).key(named("b")).scopes(["okta.users.read"]).without_dpop();
    let org = Org::with(app).await;
    assert!(org.token(&org.assertion(&json!({})), "okta.users.read", None).await.is(401, "invalid_client"));
    let claims = json!({
        "iss": org.client_id, "sub": org.client_id, "aud": org.token_url(), "exp": org.now() + 60,
    });
    for (id, status) in [("b", 200), ("c", 401)] {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(id.into());
        assert_eq!(org.token(&signed(&header, &claims), "okta.users.read", None).await.status, status);
    }
    assert!(org.sandbox.register_service_app(ServiceApp::new(json!({ "kty": 7 }))).is_err());
}
