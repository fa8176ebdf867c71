//! A service app against an org that checks every signature, id and time itself.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt as _;
use okta_client::users::User;
use okta_client::{Clock, Finding, OktaClient, ServiceApp};
use sandbox::{Effect, Fault, Sandbox};
use serde_json::Value;

/// The sandbox's clock, seen through one that is off. To sleep is to move it on.
#[derive(Debug)]
struct Off {
    clock: sandbox::Clock,
    started: DateTime<Utc>,
    by: TimeDelta,
}

#[async_trait::async_trait]
impl Clock for Off {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now() + self.by
    }

    fn monotonic(&self) -> Duration {
        (self.clock.now() - self.started).to_std().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.advance(duration);
    }
}

const KEY: &str = include_str!("../../client-core/tests/keys/p256.sec1.pem");

fn registered() -> sandbox::ServiceApp {
    let public: Value =
        serde_json::from_str(include_str!("../../client-core/tests/keys/p256.public.json")).unwrap();
    sandbox::ServiceApp::new(public).scopes(["okta.users.manage", "okta.users.read", "okta.groups.read"])
}

async fn org() -> Sandbox {
    Sandbox::builder().people(30).frozen_clock().start().await.unwrap()
}

fn client_off_by(sandbox: &Sandbox, app: ServiceApp, by: TimeDelta) -> OktaClient {
    let clock = sandbox.clock();
    let started = clock.now();
    OktaClient::builder(sandbox.okta_url())
        .service_app(app)
        .clock(Arc::new(Off { clock, started, by }))
        .build()
        .unwrap()
}

fn client(sandbox: &Sandbox, app: sandbox::ServiceApp) -> OktaClient {
    let id = sandbox.register_service_app(app).unwrap();
    let app = ServiceApp::new(id, KEY.into()).scopes(["okta.users.manage", "okta.groups.read"]);
    client_off_by(sandbox, app, TimeDelta::zero())
}

async fn everybody(okta: &OktaClient) -> Result<Vec<User>, okta_client::Error> {
    okta.users().list().send().try_collect().await
}

/// Path and status of each request.
fn story(sandbox: &Sandbox) -> Vec<(String, u16)> {
    let path = |path: &str| path.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    sandbox.requests().iter().map(|request| (path(&request.path), request.status)).collect()
}

fn is(story: &[(String, u16)], expected: &[(&str, u16)]) {
    let story: Vec<_> = story.iter().map(|(path, status)| (path.as_str(), *status)).collect();
    assert_eq!(story, expected);
}

#[tokio::test]
async fn an_app_with_dpop_lives_through_renewal_and_new_nonces() {
    let sandbox = org().await;
    let okta = client(&sandbox, registered());
    assert_eq!(everybody(&okta).await.unwrap().len(), 30);
    is(&story(&sandbox), &[("token", 400), ("token", 200), ("users", 200)]);

    sandbox.clock().advance(Duration::from_secs(3400));
    everybody(&okta).await.unwrap();
    is(&story(&sandbox)[3..], &[("token", 200), ("users", 200)]);

    // Asleep for a week: the token is long dead and the nonce forgotten.
    sandbox.clock().advance(Duration::from_secs(7 * 24 * 3600));
    everybody(&okta).await.unwrap();
    is(&story(&sandbox)[5..], &[("token", 400), ("token", 200), ("users", 200)]);
}

#[tokio::test]
async fn an_app_without_dpop_works_the_same() {
    let sandbox = org().await;
    let okta = client(&sandbox, registered().without_dpop());
    assert_eq!(everybody(&okta).await.unwrap().len(), 30);
    is(&story(&sandbox), &[("token", 200), ("users", 200)]);
}

#[tokio::test]
async fn repetitions_are_never_refused_for_a_used_id() {
    let sandbox = org().await;
    let okta = client(&sandbox, registered());
    sandbox.add_fault(Fault::okta("POST", "/oauth2/v1/token$", Effect::CutAfter));
    sandbox.add_fault(Fault::okta("POST", "/oauth2/v1/token$", Effect::Status(429)));
    sandbox.add_fault(Fault::okta("GET", "/api/v1/users$", Effect::CutAfter));
    sandbox.add_fault(Fault::okta("GET", "/api/v1/users$", Effect::Status(429)));
    sandbox.add_fault(Fault::okta("GET", "/api/v1/users$", Effect::Status(503)));
    assert_eq!(everybody(&okta).await.unwrap().len(), 30);
    let refused = sandbox.requests().iter().filter(|request| request.status == 401).count();
    assert_eq!(refused, 0);
}

#[tokio::test]
async fn a_clock_that_is_off_by_an_hour_is_corrected() {
    for by in [TimeDelta::hours(1), TimeDelta::hours(-1)] {
        for app in [registered(), registered().without_dpop()] {
            let sandbox = org().await;
            let id = sandbox.register_service_app(app).unwrap();
            let app = ServiceApp::new(id, KEY.into()).scopes(["okta.users.manage"]);
            let okta = client_off_by(&sandbox, app, by);
            assert_eq!(everybody(&okta).await.unwrap().len(), 30);
            assert!(story(&sandbox).iter().all(|(path, status)| path == "token" || *status == 200));
        }
    }
}

#[tokio::test]
async fn a_token_that_died_early_is_replaced() {
    let sandbox = org().await;
    let okta = client(&sandbox, registered());
    everybody(&okta).await.unwrap();
    sandbox.add_fault(Fault::okta("GET", "/api/v1/users$", Effect::Status(401)));
    everybody(&okta).await.unwrap();
    is(&story(&sandbox)[3..], &[("users", 401), ("token", 200), ("users", 200)]);
}

#[tokio::test]
async fn every_kind_of_key_gets_in() {
    let keys = [
        (
            include_str!("../../client-core/tests/keys/rsa.pkcs1.pem"),
            include_str!("../../client-core/tests/keys/rsa.public.json"),
        ),
        (
            include_str!("../../client-core/tests/keys/rsa.jwk.json"),
            include_str!("../../client-core/tests/keys/rsa.public.json"),
        ),
        (
            include_str!("../../client-core/tests/keys/p256.jwk.json"),
            include_str!("../../client-core/tests/keys/p256.public.json"),
        ),
        (
            include_str!("../../client-core/tests/keys/p384.pkcs8.pem"),
            include_str!("../../client-core/tests/keys/p384.public.json"),
        ),
    ];
    for (private, public) in keys {
        let sandbox = org().await;
        let app = sandbox::ServiceApp::new(serde_json::from_str(public).unwrap()).scopes(["okta.users.read"]);
        let id = sandbox.register_service_app(app).unwrap();
        let app = ServiceApp::new(id, private.into()).scopes(["okta.users.read"]);
        let okta = client_off_by(&sandbox, app, TimeDelta::zero());
        assert_eq!(everybody(&okta).await.unwrap().len(), 30);
    }
}

#[tokio::test]
async fn a_narrowed_client_may_do_less_and_the_wide_one_still_everything() {
    let sandbox = org().await;
    let okta = client(&sandbox, registered());
    let ann = everybody(&okta).await.unwrap().remove(0);
    let narrow = okta.scoped(["okta.groups.read"]);
    assert!(!narrow.groups().list().send().try_collect::<Vec<_>>().await.unwrap().is_empty());
    assert!(everybody(&narrow).await.unwrap_err().is_forbidden());
    let reader = okta.scoped(["okta.users.read"]).tagged("run/7");
    assert_eq!(everybody(&reader).await.unwrap().len(), 30);
    assert!(reader.users().suspend(&ann.id).await.unwrap_err().is_forbidden());
    okta.users().suspend(&ann.id).await.unwrap();
    let event = sandbox.state()["okta"]["logs"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(event["actor"]["type"], "PublicClientApp");
}

#[tokio::test]
async fn a_wrong_key_and_a_scope_that_is_not_granted_are_told_in_words() {
    let sandbox = org().await;
    let id = sandbox.register_service_app(registered()).unwrap();
    for (key, scope, says) in [
        (
            include_str!("../../client-core/tests/keys/rsa.pkcs8.pem"),
            "okta.users.read",
            "public half of this private key",
        ),
        (KEY, "okta.logs.read", "one of okta.logs.read does not exist or is not granted"),
    ] {
        let app = ServiceApp::new(id.clone(), key.into()).scopes([scope]);
        let okta = client_off_by(&sandbox, app, TimeDelta::zero());
        let why = everybody(&okta).await.unwrap_err().source().unwrap().to_string();
        assert!(why.contains(says), "{why}");
    }
}

/// What a check finds for an app that asks for these scopes.
async fn found(app: sandbox::ServiceApp, scopes: &[&str]) -> Vec<Finding> {
    let sandbox = org().await;
    let id = sandbox.register_service_app(app).unwrap();
    let app = ServiceApp::new(id, KEY.into()).scopes(scopes.iter().copied());
    client_off_by(&sandbox, app, TimeDelta::zero()).check_credentials().await.unwrap()
}

#[tokio::test]
async fn a_check_finds_nothing_where_nothing_is_wrong() {
    for scopes in [&["okta.users.manage", "okta.groups.read"][..], &["okta.groups.read"]] {
        assert_eq!(found(registered(), scopes).await, []);
    }
    // Without a scope to look with, a missing role cannot be seen.
    let logs = || registered().scopes(["okta.logs.read"]).without_admin_role();
    assert_eq!(found(logs(), &["okta.logs.read"]).await, []);
}

#[tokio::test]
async fn a_check_finds_a_missing_admin_role() {
    for scopes in [["okta.users.read"], ["okta.groups.read"]] {
        let findings = found(registered().without_admin_role(), &scopes).await;
        assert_eq!(findings, [Finding::NoAdminRole]);
        assert!(findings[0].to_string().contains("scopes are granted but it has no admin role"));
    }
}

#[tokio::test]
async fn a_check_finds_the_scopes_that_are_not_granted() {
    let missing = |scope: &str| Finding::ScopeNotGranted(scope.into());
    // Left out by Okta without a word.
    let findings = found(registered(), &["okta.users.read", "okta.logs.read"]).await;
    assert_eq!(findings, [missing("okta.logs.read")]);
    assert!(findings[0].to_string().contains("okta.logs.read does not exist or is not granted"));
    // That the users cannot be looked at then says nothing about a role.
    let groups = sandbox::ServiceApp::new(
        serde_json::from_str(include_str!("../../client-core/tests/keys/p256.public.json")).unwrap(),
    )
    .scopes(["okta.groups.read"]);
    let findings = found(groups, &["okta.users.read", "okta.groups.read"]).await;
    assert_eq!(findings, [missing("okta.users.read")]);
    // Refused with all the others, because of one.
    assert_eq!(found(registered(), &["okta.users.read", "user.read"]).await, [missing("user.read")]);
    // All of them wrong.
    let both = [missing("okta.apps.read"), missing("okta.logs.read")];
    assert_eq!(found(registered(), &["okta.logs.read", "okta.apps.read"]).await, both);
}

#[tokio::test]
async fn a_check_of_credentials_that_are_wrong_altogether_is_an_error() {
    let sandbox = org().await;
    let id = sandbox.register_service_app(registered()).unwrap();
    let app = ServiceApp::new(id, include_str!("../../client-core/tests/keys/rsa.pkcs8.pem").into())
        .scopes(["okta.users.read"]);
    let app = client_off_by(&sandbox, app, TimeDelta::zero());
    let token =
        |token: &str| OktaClient::builder(sandbox.okta_url()).api_token(token.into()).build().unwrap();
    for okta in [app, token("wrong")] {
        assert!(okta.check_credentials().await.unwrap_err().is_unauthenticated());
    }
    assert_eq!(token(sandbox.okta_token()).check_credentials().await.unwrap(), []);
}
