//! The ways into the ServiceNow instance, seen through plain HTTP.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod common;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Client;
use sandbox::{ApiKey, Habits, OAuthClient, Sandbox};
use serde_json::{Value, json};

/// A key of this test's alone.
const PRIVATE: &str = include_str!("../../client-core/tests/keys/p256.pkcs8.pem");
const PUBLIC: &str = include_str!("../../client-core/tests/keys/p256.public.json");
const JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

async fn start(habits: Habits) -> Sandbox {
    Sandbox::builder().people(5).habits(habits).frozen_clock().start().await.unwrap()
}

/// Status and body of a token request, as a form.
async fn ask(sandbox: &Sandbox, form: &[(&str, &str)]) -> (u16, Value) {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    send(sandbox, "application/x-www-form-urlencoded", form).await
}

async fn send(sandbox: &Sandbox, kind: &str, body: String) -> (u16, Value) {
    let url = format!("{}/oauth_token.do", sandbox.servicenow_url());
    let answer = Client::new().post(url).header("content-type", kind).body(body).send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

async fn get(sandbox: &Sandbox, path: &str, header: (&str, &str)) -> (u16, String) {
    let url = format!("{}{path}", sandbox.servicenow_url());
    let answer = Client::new().get(url).header(header.0, header.1).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn bearer(sandbox: &Sandbox, token: &Value) -> u16 {
    let line = format!("Bearer {}", token["access_token"].as_str().unwrap());
    get(sandbox, "/api/now/table/incident", ("authorization", &line)).await.0
}

fn password_form<'a>(sandbox: &'a Sandbox, id: &'a str, secret: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("grant_type", "password"),
        ("client_id", id),
        ("client_secret", secret),
        ("username", sandbox.servicenow_username()),
        ("password", sandbox.servicenow_password()),
    ]
}

#[tokio::test]
async fn a_token_is_the_same_until_it_ends_and_the_refresh_token_for_a_hundred_days() {
    let sandbox = start(Habits::default()).await;
    let (id, secret) = sandbox.register_oauth_client(OAuthClient::new()).unwrap();
    let form = password_form(&sandbox, &id, &secret);
    let (status, first) = ask(&sandbox, &form).await;
    assert_eq!((status, &first["expires_in"], &first["token_type"]), (200, &json!(1799), &json!("Bearer")));
    assert_eq!(bearer(&sandbox, &first).await, 200);
    sandbox.clock().advance(Duration::from_secs(1000));
    let (_, again) = ask(&sandbox, &form).await;
    assert_eq!((&again["access_token"], &again["expires_in"]), (&first["access_token"], &json!(799)));
    sandbox.clock().advance(Duration::from_secs(800));
    assert_eq!(bearer(&sandbox, &first).await, 401);

    let refresh = first["refresh_token"].as_str().unwrap().to_owned();
    let by_refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", &id),
        ("client_secret", &secret),
        ("refresh_token", &refresh),
    ];
    let (_, renewed) = ask(&sandbox, &by_refresh).await;
    assert_eq!(renewed["refresh_token"], first["refresh_token"]);
    assert_ne!(renewed["access_token"], first["access_token"]);
    assert_eq!(bearer(&sandbox, &renewed).await, 200);
    sandbox.clock().advance(Duration::from_secs(8_640_000));
    assert_eq!(ask(&sandbox, &by_refresh).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn a_token_request_is_a_form_with_the_right_secrets() {
    let sandbox = start(Habits { token_life_as_text: true, ..Habits::default() }).await;
    let (id, secret) = sandbox.register_oauth_client(OAuthClient::new()).unwrap();
    let json = json!({"grant_type": "password", "client_id": id}).to_string();
    let unspecific = json!({"error": "server_error", "error_description": "access_denied"});
    assert_eq!(send(&sandbox, "application/json", json).await, (401, unspecific.clone()));
    assert_eq!(ask(&sandbox, &password_form(&sandbox, &id, "x")).await.1["error"], "invalid_client");
    let mut form = password_form(&sandbox, &id, &secret);
    assert_eq!(ask(&sandbox, &form).await.1["expires_in"], "1799");
    form[4].1 = "x";
    assert_eq!(ask(&sandbox, &form).await, (401, unspecific.clone()));
    form[0].1 = "implicit";
    assert_eq!(ask(&sandbox, &form).await.1["error"], "unsupported_grant_type");
    sandbox.change_habits(|habits| habits.password_grant_wants_people = true);
    assert_eq!(ask(&sandbox, &password_form(&sandbox, &id, &secret)).await, (401, unspecific));
}

#[tokio::test]
async fn client_credentials_want_a_property_and_an_application_user() {
    let sandbox = start(Habits::default()).await;
    let user = sandbox.state()["servicenow"]["sys_user"][0]["user_name"].as_str().unwrap().to_owned();
    let (nobody, other) = sandbox.register_oauth_client(OAuthClient::new()).unwrap();
    let (id, secret) = sandbox.register_oauth_client(OAuthClient::new().application_user(&user)).unwrap();
    let form =
        |id, secret| [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    assert_eq!(ask(&sandbox, &form(&id, &secret)).await.0, 401);
    sandbox.change_habits(|habits| habits.client_credentials_grant = true);
    assert_eq!(ask(&sandbox, &form(&nobody, &other)).await.0, 401);
    let (status, token) = ask(&sandbox, &form(&id, &secret)).await;
    assert_eq!((status, token.get("refresh_token")), (200, None));

    let line = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let url = format!("{}/api/now/table/incident", sandbox.servicenow_url());
    let request = Client::new().post(url).header("authorization", line);
    let made = request.header("content-type", "application/json").body("{}").send().await.unwrap();
    let made: Value = serde_json::from_str(&made.text().await.unwrap()).unwrap();
    assert_eq!(made["result"]["sys_created_by"], user.as_str());
}

#[tokio::test]
async fn a_signed_statement_must_be_right_in_everything_and_new() {
    let sandbox = start(Habits::default()).await;
    let user = sandbox.state()["servicenow"]["sys_user"][0].clone();
    let client =
        OAuthClient::new().verifier("k1", serde_json::from_str(PUBLIC).unwrap()).subject_field("email");
    let (id, secret) = sandbox.register_oauth_client(client.clone()).unwrap();
    let (open, _) = sandbox.register_oauth_client(client.public()).unwrap();
    let now = sandbox.clock().now().timestamp();
    let signed = |client: &str, kid: &str, changes: Value| {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(kid.to_owned());
        let mut claims =
            json!({"iss": client, "aud": client, "sub": user["email"], "exp": now + 60, "jti": "1"});
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let der = PRIVATE.lines().filter(|line| !line.starts_with('-')).collect::<String>();
        let key = EncodingKey::from_ec_der(&STANDARD.decode(der).unwrap());
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    };
    let by = async |client: &str, secret: Option<&str>, assertion: &str| {
        let mut form = vec![("grant_type", JWT), ("client_id", client), ("assertion", assertion)];
        form.extend(secret.map(|secret| ("client_secret", secret)));
        ask(&sandbox, &form).await
    };
    for (kid, wrong) in [
        ("k2", json!({})),
        ("k1", json!({"iss": "x"})),
        ("k1", json!({"aud": "x"})),
        ("k1", json!({"sub": "nobody@acme.example"})),
        ("k1", json!({"exp": now - 300})),
        ("k1", json!({"exp": null})),
        ("k1", json!({"iat": now + 301})),
        ("k1", json!({"jti": null})),
    ] {
        let (status, body) = by(&id, Some(&secret), &signed(&id, kid, wrong.clone())).await;
        assert_eq!((status, &body["error"]), (401, &json!("invalid_grant")), "{wrong}");
    }
    let late = signed(&id, "k1", json!({"exp": now - 299}));
    assert_eq!(by(&id, None, &late).await.1["error"], "invalid_client", "it is not public");
    let (status, token) = by(&id, Some(&secret), &late).await;
    assert_eq!((status, token.get("refresh_token")), (200, None));
    assert_eq!(by(&id, Some(&secret), &late).await.0, 401, "it is used up");
    assert_eq!(by(&open, None, &signed(&open, "k1", json!({}))).await.0, 200);
}

#[tokio::test]
async fn a_revoked_token_is_good_for_nothing() {
    let sandbox = start(Habits::default()).await;
    let (id, secret) = sandbox.register_oauth_client(OAuthClient::new()).unwrap();
    let (_, token) = ask(&sandbox, &password_form(&sandbox, &id, &secret)).await;
    for secret in ["access_token", "refresh_token"] {
        let path = format!("/oauth_revoke_token.do?token={}", token[secret].as_str().unwrap());
        assert_eq!(get(&sandbox, &path, ("accept", "*/*")).await.0, 200);
    }
    assert_eq!(bearer(&sandbox, &token).await, 401);
    let refresh = token["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", id.as_str()),
        ("client_secret", &secret),
        ("refresh_token", refresh),
    ];
    assert_eq!(ask(&sandbox, &form).await.0, 401);
}

#[tokio::test]
async fn a_key_opens_the_apis_whose_policies_take_it() {
    let sandbox = start(Habits::default()).await;
    let key = sandbox.register_api_key(ApiKey::new(["table"]));
    for (path, status) in [
        ("/api/now/table/incident", 200),
        ("/api/now/v2/table/incident", 200),
        ("/api/now/stats/incident", 401),
    ] {
        assert_eq!(get(&sandbox, path, ("x-sn-apikey", &key)).await.0, status, "{path}");
    }
    let other = sandbox.register_api_key(ApiKey::new(["table"]).header("authorization").prefix("Token "));
    let table = "/api/now/table/incident";
    assert_eq!(get(&sandbox, table, ("authorization", &format!("Token {other}"))).await.0, 200);
    assert_eq!(get(&sandbox, table, ("x-sn-apikey", &other)).await.0, 401);
}

#[tokio::test]
async fn restricted_basic_authentication_lets_in_users_of_web_services_and_who_is_exempt() {
    let sandbox = start(Habits { basic_auth_restricted: true, ..Habits::default() }).await;
    let user = sandbox.state()["servicenow"]["sys_user"].as_array().unwrap().clone();
    let user = user.iter().find(|user| user["user_name"] == sandbox.servicenow_username()).unwrap();
    let sys_id = user["sys_id"].as_str().unwrap();
    let get = async || common::servicenow(&sandbox, "GET /api/now/table/incident", None).await.status;
    assert_eq!(get().await, 200);
    sandbox.edit_record("sys_user", sys_id, &json!({"web_service_access_only": "false"})).unwrap();
    assert_eq!(get().await, 401);
    sandbox.change_habits(|habits| habits.basic_auth_restricted = false);
    let role = json!({"name": "snc_basic_auth_api_access"});
    let role = common::servicenow(&sandbox, "POST /api/now/table/sys_user_role", Some(role)).await.result();
    let held = json!({"user": sys_id, "role": role["sys_id"]});
    common::servicenow(&sandbox, "POST /api/now/table/sys_user_has_role", Some(held)).await;
    sandbox.change_habits(|habits| habits.basic_auth_restricted = true);
    assert_eq!(get().await, 200);
    sandbox.edit_record("sys_user", sys_id, &json!({"active": "false"})).unwrap();
    assert_eq!(get().await, 401);
}
