//! Ways into an instance, as stories: tokens that end, are revoked or not known yet, keys that open one API.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{NoChance, TestClock};
use futures::StreamExt as _;
use sandbox::{Effect, Fault, Habits, OAuthClient, Sandbox};
use serde_json::json;
use servicenow_client::auth::{ApiKey, Jwt, OAuth};
use servicenow_client::tables::{ScTask, SysUser};
use servicenow_client::{Builder, Call, Path, Query, Request, SecretString, ServiceNowClient};

const KEY: &str = include_str!("../../client-core/tests/keys/rsa.pkcs8.pem");
const PUBLIC: &str = include_str!("../../client-core/tests/keys/rsa.public.json");

async fn start() -> Sandbox {
    let habits = Habits { client_credentials_grant: true, ..Habits::default() };
    Sandbox::builder().people(20).habits(habits).frozen_clock().start().await.unwrap()
}

fn client(sandbox: &Sandbox, login: impl FnOnce(Builder) -> Builder) -> (ServiceNowClient, Arc<TestClock>) {
    let clock = Arc::new(TestClock::default());
    let builder = login(ServiceNowClient::builder(sandbox.servicenow_url()));
    (builder.clock(clock.clone()).randomness(Arc::new(NoChance)).build().unwrap(), clock)
}

/// A client by password grant, registered for it.
fn by_password(sandbox: &Sandbox) -> (ServiceNowClient, Arc<TestClock>) {
    let (id, secret) = sandbox.register_oauth_client(OAuthClient::new()).unwrap();
    let (user, password) = (sandbox.servicenow_username(), sandbox.servicenow_password());
    client(sandbox, |builder| builder.oauth(OAuth::password(id, secret.into(), user, password.into())))
}

async fn people(servicenow: &ServiceNowClient) -> Result<u64, servicenow_client::Error> {
    let users = servicenow.table::<SysUser>().list(Query::all()).page_size(5).collect_all().await?;
    assert!(users.complete);
    Ok(users.seen)
}

fn count(sandbox: &Sandbox, path: &str) -> usize {
    sandbox.requests().iter().filter(|request| request.path.starts_with(path)).count()
}

const TOKEN: &str = "/oauth_token.do";

#[tokio::test]
async fn fifty_calls_at_once_make_one_token_request() {
    let sandbox = start().await;
    let (servicenow, _) = by_password(&sandbox);
    let users = servicenow.table::<SysUser>();
    let look = |n: usize| {
        let users = users.clone();
        async move { users.find_one(Query::new().eq("user_name", format!("nobody{n}"))).await }
    };
    let found: Vec<_> = futures::stream::iter((0..50).map(look)).buffer_unordered(50).collect().await;
    assert!(found.into_iter().all(|found| found.unwrap().is_none()));
    assert_eq!(count(&sandbox, TOKEN), 1);
}

#[tokio::test]
async fn a_list_survives_the_end_of_its_token() {
    let sandbox = start().await;
    let (servicenow, clock) = by_password(&sandbox);
    let mut users = servicenow.table::<SysUser>().list(Query::all()).page_size(3);
    let mut seen = 0;
    while let Some(user) = users.next().await {
        user.unwrap();
        seen += 1;
        if seen == 4 {
            // By the instance's clock alone: this side believes that the token is good.
            sandbox.clock().advance(Duration::from_secs(1800));
            clock.pass(Duration::from_secs(60));
        }
    }
    assert_eq!((seen, users.is_complete()), (21, true));
    assert_eq!(count(&sandbox, TOKEN), 2);
    assert!(sandbox.requests().iter().any(|request| request.status == 401));
}

#[tokio::test]
async fn when_the_refresh_token_has_ended_the_password_is_sent_again() {
    let sandbox = start().await;
    let (servicenow, clock) = by_password(&sandbox);
    people(&servicenow).await.unwrap();
    for (later, requests) in [(1800, 2), (8_640_000, 4)] {
        sandbox.clock().advance(Duration::from_secs(later));
        clock.pass(Duration::from_secs(later));
        assert_eq!(people(&servicenow).await.unwrap(), 21);
        assert_eq!(count(&sandbox, TOKEN), requests);
    }
}

#[tokio::test]
async fn a_revoked_token_costs_one_renewal() {
    let sandbox = start().await;
    let (servicenow, clock) = by_password(&sandbox);
    let other = servicenow.clone();
    people(&servicenow).await.unwrap();
    sandbox.revoke_tokens();
    clock.pass(Duration::from_secs(60));
    assert_eq!(people(&other).await.unwrap(), 21);
    let refusals = sandbox.requests().iter().filter(|request| request.status == 401).count();
    assert_eq!((refusals, count(&sandbox, TOKEN)), (2, 3), "the call, the refresh token, then the password");

    servicenow.revoke_tokens().await.unwrap();
    assert_eq!(count(&sandbox, "/oauth_revoke_token.do"), 2);
    assert_eq!(people(&servicenow).await.unwrap(), 21);
    assert_eq!(count(&sandbox, TOKEN), 4);
}

#[tokio::test]
async fn calls_run_as_whom_the_grant_names() {
    let habits = Habits { client_credentials_grant: true, ..Habits::default() };
    let sandbox = Sandbox::builder().people(5).habits(habits).start().await.unwrap();
    let state = sandbox.state();
    let user = &state["servicenow"]["sys_user"][3];
    let name = user["user_name"].as_str().unwrap();
    let registered = OAuthClient::new()
        .application_user(name)
        .verifier("k1", serde_json::from_str(PUBLIC).unwrap())
        .subject_field("email")
        .public();
    let (id, secret) = sandbox.register_oauth_client(registered).unwrap();
    let jwt = Jwt::new(KEY.into(), user["email"].as_str().unwrap()).key_id("k1");
    for oauth in [OAuth::client_credentials(&id, secret.into()), OAuth::jwt_bearer(&id, jwt)] {
        let servicenow = ServiceNowClient::builder(sandbox.servicenow_url()).oauth(oauth).build().unwrap();
        let made = servicenow.table::<ScTask>().create(&json!({"short_description": "x"})).await.unwrap();
        let made = servicenow.records("sc_task").unwrap().select(["sys_created_by"]).get(&made.sys_id).await;
        assert_eq!(made.unwrap().text("sys_created_by").as_deref(), Some(name));
    }
}

#[tokio::test]
async fn wrong_secrets_are_told_and_never_shown() {
    let sandbox = start().await;
    let (id, _) = sandbox.register_oauth_client(OAuthClient::new()).unwrap();
    let wrong = || SecretString::from("hunter2");
    let (user, password) = (sandbox.servicenow_username(), sandbox.servicenow_password());
    for oauth in [
        OAuth::client_credentials(&id, wrong()),
        OAuth::password(&id, wrong(), user, password.into()),
        OAuth::refresh_token(&id, wrong(), wrong()),
    ] {
        let shown = format!("{oauth:?}");
        let (servicenow, _) = client(&sandbox, |builder| builder.oauth(oauth));
        let error = people(&servicenow).await.unwrap_err();
        assert!(error.is_unauthenticated());
        let why = std::error::Error::source(&error).unwrap();
        assert!(why.to_string().contains("invalid_client"), "{why}");
        let shown = format!("{shown} {why} {why:?} {error} {error:?} {servicenow:?}");
        assert!(!shown.contains("hunter2") && !shown.contains(password), "{shown}");
    }
}

#[tokio::test]
async fn a_key_for_one_api_is_refused_by_another_with_a_hint() {
    let sandbox = start().await;
    let key = sandbox.register_api_key(sandbox::ApiKey::new(["table"]));
    let (servicenow, clock) = client(&sandbox, |builder| builder.api_key(ApiKey::new(key.into())));
    assert_eq!(people(&servicenow).await.unwrap(), 21);
    let request = Request::get(Path::new("/api/now/stats/incident")).query("sysparm_count", true);
    let error = servicenow.send(&Call::<serde_json::Value>::read("stats", request)).await.unwrap_err();
    assert!(error.is_unauthenticated());
    assert!(error.problem().unwrap().hint().contains("policy for each API"));
    assert_eq!(clock.slept(), [Duration::from_secs(2); 2]);
}

#[tokio::test]
async fn a_user_of_the_interface_meets_the_restriction_with_a_hint() {
    let sandbox = start().await;
    sandbox.change_habits(|habits| habits.basic_auth_restricted = true);
    let (user, password) = (sandbox.servicenow_username(), sandbox.servicenow_password());
    let (servicenow, _) = client(&sandbox, |builder| builder.basic(user, password.into()));
    let users = servicenow.table::<SysUser>();
    let own = users.find_one(Query::new().eq("user_name", user)).await.unwrap().unwrap();
    sandbox
        .edit_record("sys_user", own.sys_id.as_str(), &json!({"web_service_access_only": "false"}))
        .unwrap();
    let error = users.get(&own.sys_id).await.unwrap_err();
    assert!(error.problem().unwrap().to_string().contains("web_service_access_only"));
}

#[tokio::test]
async fn a_node_that_does_not_know_the_session_yet_is_given_time() {
    let sandbox = start().await;
    let (user, password) = (sandbox.servicenow_username(), sandbox.servicenow_password());
    let (servicenow, clock) = client(&sandbox, |builder| builder.basic(user, password.into()));
    let tasks = || sandbox.state()["servicenow"]["sc_task"].as_array().unwrap().len();
    let before = tasks();
    sandbox.add_fault(Fault::servicenow("POST", "/api/now/table/sc_task", Effect::Status(401)).times(2));
    servicenow.table::<ScTask>().create(&json!({"short_description": "once"})).await.unwrap();
    assert_eq!(clock.slept(), [Duration::from_secs(2); 2]);
    assert_eq!(tasks(), before + 1);
}
