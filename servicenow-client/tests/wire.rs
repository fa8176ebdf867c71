//! What the other side sees, over real sockets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;

use common::{NoChance, TestClock};
use mockito::{Matcher, Mock, Server, ServerGuard};
use serde_json::json;
use servicenow_client::tables::{ScTask, SysUser, TaskState};
use servicenow_client::{Call, Delivery, Path, ProblemKind, Query, Request, ServiceNowClient, SysId};

const ID: &str = "aeed229047801200e0ef563dbb9a71c2";

fn id() -> SysId {
    ID.parse().unwrap()
}

fn client(server: &ServerGuard) -> ServiceNowClient {
    ServiceNowClient::builder(server.url())
        .basic("api", "hunter2".to_owned().into())
        .user_agent("payroll/3.2")
        .clock(Arc::new(TestClock::default()))
        .randomness(Arc::new(NoChance))
        .build()
        .unwrap()
}

/// Every parameter, and no other.
fn parameters(pairs: &[(&str, &str)]) -> Matcher {
    let mut exact: Vec<Matcher> =
        pairs.iter().map(|(name, value)| Matcher::UrlEncoded((*name).into(), (*value).into())).collect();
    exact.push(Matcher::Regex(format!("^[^&]*(&[^&]*){{{}}}$", pairs.len() - 1)));
    Matcher::AllOf(exact)
}

fn json_body(mock: Mock, status: usize, body: serde_json::Value) -> Mock {
    mock.with_status(status)
        .with_header("content-type", "application/json;charset=UTF-8")
        .with_body(body.to_string())
}

#[tokio::test]
async fn a_get_says_who_asks_and_how_to_answer() {
    let mut server = Server::new_async().await;
    let mock = server
        .mock("GET", format!("/api/now/table/u_laptop/{ID}").as_str())
        .match_query(parameters(&[
            ("sysparm_display_value", "false"),
            ("sysparm_exclude_reference_link", "true"),
            ("sysparm_fields", "sys_id,u_owner,u_owner.department"),
        ]))
        .match_header("authorization", "Basic YXBpOmh1bnRlcjI=")
        .match_header("accept", "application/json")
        .match_header(
            "user-agent",
            Matcher::Regex(r"^payroll/3\.2 servicenow-client/\d+\.\d+\.\d+ op/7 step/2$".into()),
        );
    let mock = json_body(mock, 200, json!({"result": {"sys_id": ID, "u_owner": "x"}})).create_async().await;
    let laptops = client(&server).tagged("op/7 step/2").records("u_laptop").unwrap();
    let laptop = laptops.select(["u_owner", "u_owner.department"]).get(&id()).await.unwrap();
    assert_eq!(laptop.text("u_owner").unwrap(), "x");
    assert_eq!(laptop.text("u_owner.department"), None);
    mock.assert_async().await;
}

#[tokio::test]
async fn a_look_up_asks_for_two_and_for_what_it_compares() {
    let mut server = Server::new_async().await;
    let mock = server.mock("GET", "/api/now/table/u_laptop").match_query(parameters(&[
        ("sysparm_display_value", "false"),
        ("sysparm_exclude_reference_link", "true"),
        ("sysparm_fields", "sys_id,u_owner,u_serial,u_owner.user_name"),
        ("sysparm_query", "u_serial=A&B=1 +%^u_owner.user_name=ann"),
        ("sysparm_suppress_pagination_header", "true"),
        ("sysparm_limit", "2"),
    ]));
    let row = json!({"sys_id": ID, "u_serial": "A&B=1 +%", "u_owner.user_name": "Ann"});
    let mock = json_body(mock, 200, json!({"result": [row]})).create_async().await;
    let query = Query::new().eq("u_serial", "A&B=1 +%").eq("u_owner.user_name", "ann");
    let laptops = client(&server).records("u_laptop").unwrap().select(["u_owner"]);
    let laptop = laptops.find_one(&query).await.unwrap().unwrap();
    assert_eq!(laptop.sys_id(), &id());
    mock.assert_async().await;
}

#[tokio::test]
async fn a_create_sends_the_fields_and_our_own_id() {
    let mut server = Server::new_async().await;
    let mock = server
        .mock("POST", "/api/now/table/sc_task")
        .match_query(Matcher::UrlEncoded("sysparm_exclude_reference_link".into(), "true".into()))
        .match_header("content-type", "application/json")
        .match_body(Matcher::Json(json!({"sys_id": ID, "short_description": "x", "state": "2"})));
    let made = json!({"sys_id": ID, "number": "SCTASK1", "short_description": "x", "state": "2"});
    let mock = json_body(mock, 201, json!({ "result": made })).create_async().await;
    let fields = json!({"short_description": "x", "state": TaskState::WorkInProgress});
    let task = client(&server).table::<ScTask>().create_as(&id(), &fields).await.unwrap();
    assert_eq!(task.number.as_str(), Some("SCTASK1"));
    mock.assert_async().await;
}

#[tokio::test]
async fn an_update_patches_and_reads_back_what_it_wrote() {
    let mut server = Server::new_async().await;
    let mock = server
        .mock("PATCH", format!("/api/now/table/sc_task/{ID}").as_str())
        .match_query(Matcher::AllOf(vec![Matcher::Regex("sysparm_fields=sys_id.*u_extra".into())]))
        .match_body(Matcher::Json(json!({"state": "3", "u_extra": "y", "work_notes": "done"})));
    let row = json!({"sys_id": ID, "state": "3", "u_extra": "y", "work_notes": ""});
    let mock = json_body(mock, 200, json!({"result": row})).create_async().await;
    let fields = json!({"state": "3", "u_extra": "y", "work_notes": "done"});
    let task = client(&server).table::<ScTask>().update(&id(), &fields).await.unwrap();
    assert_eq!(task.extra.get("u_extra").unwrap(), "y");
    mock.assert_async().await;
}

#[tokio::test]
async fn a_delete_wants_nothing_back() {
    let mut server = Server::new_async().await;
    let path = format!("/api/now/table/sc_task/{ID}");
    let mock = server.mock("DELETE", path.as_str()).with_status(204).create_async().await;
    client(&server).table::<ScTask>().delete(&id()).await.unwrap();
    mock.assert_async().await;
}

#[tokio::test]
async fn a_work_note_is_a_patch_that_is_sent_once() {
    let mut server = Server::new_async().await;
    let mock = server
        .mock("PATCH", format!("/api/now/table/sc_task/{ID}").as_str())
        .match_query(Matcher::UrlEncoded("sysparm_fields".into(), "sys_id,work_notes".into()))
        .match_body(Matcher::Json(json!({"work_notes": "hello"})))
        .with_status(503)
        .expect(1)
        .create_async()
        .await;
    let error = client(&server).journal().add_work_note("sc_task", &id(), "hello").await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert!(error.is_retryable());
    mock.assert_async().await;
}

#[tokio::test]
async fn a_comment_goes_where_the_requester_sees_it() {
    let mut server = Server::new_async().await;
    let mock = server
        .mock("PATCH", format!("/api/now/table/sc_task/{ID}").as_str())
        .match_query(Matcher::Any)
        .match_body(Matcher::Json(json!({"comments": "hello"})));
    let mock = json_body(mock, 200, json!({"result": {"sys_id": ID, "comments": ""}})).create_async().await;
    client(&server).journal().add_comment("sc_task", &id(), "hello").await.unwrap();
    mock.assert_async().await;
}

#[tokio::test]
async fn an_endpoint_that_is_not_covered_can_be_called() {
    let mut server = Server::new_async().await;
    let mock = server.mock("GET", "/api/now/stats/incident?sysparm_count=true");
    let mock = json_body(mock, 200, json!({"result": {"stats": {"count": "7"}}})).create_async().await;
    let request = Request::get(Path::new("/api/now/stats/incident")).query("sysparm_count", true);
    let call = Call::<serde_json::Value>::read("servicenow.stats", request)
        .with_decode(servicenow_client::result::<serde_json::Value>);
    let stats = client(&server).send(&call).await.unwrap();
    assert_eq!(stats["stats"]["count"], "7");
    mock.assert_async().await;
}

#[tokio::test]
async fn nothing_is_sent_of_a_request_that_is_wrong() {
    let mut server = Server::new_async().await;
    let mut mocks = Vec::new();
    for method in ["GET", "POST", "PATCH"] {
        mocks.push(server.mock(method, Matcher::Any).expect(0).create_async().await);
    }
    let servicenow = client(&server);
    let users = servicenow.table::<SysUser>();
    let task = servicenow.table::<ScTask>();
    let injected = Query::new().eq("user_name", "x^ORactive=true");
    let errors = [
        users.find_one(&injected).await.unwrap_err(),
        users.list(&injected).collect_all().await.unwrap_err(),
        users.list(Query::new()).collect_all().await.unwrap_err(),
        users.find_one(Query::new().starts_with("user_name", "a")).await.unwrap_err(),
        users.find_one(Query::all()).await.unwrap_err(),
        users.find_one(Query::raw("user_name=a")).await.unwrap_err(),
        users.update(&id(), &json!({"user_password": "secret"})).await.unwrap_err(),
        users.create(&json!(["no", "object"])).await.unwrap_err(),
        users.create(&json!({"a=b": "1"})).await.unwrap_err(),
        task.clone().select(["a,b"]).get(&id()).await.unwrap_err(),
        servicenow.table::<servicenow_client::RawRecord>().get(&id()).await.unwrap_err(),
        servicenow.records("u_x").unwrap().find_one(Query::new().eq("a.b", "1")).await.unwrap_err(),
        servicenow.records("../sys_user").unwrap_err(),
        servicenow.records("u_x/sys_user").unwrap_err(),
        servicenow.journal().add_work_note("sc_task", &id(), " ").await.unwrap_err(),
        servicenow.journal().find_note("sc_task", &id(), "").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.delivery(), Delivery::NotSent, "{error}");
        assert!(error.to_string().contains("was not sent"), "{error}");
    }
    for mock in mocks {
        mock.assert_async().await;
    }
}

#[tokio::test]
async fn an_error_shows_neither_password_nor_values() {
    let mut server = Server::new_async().await;
    let mock = server.mock("GET", "/api/now/table/sys_user").match_query(Matcher::Any);
    let body = json!({"error": {"message": "Insufficient rights to query records", "detail": null}});
    json_body(mock, 403, body).with_header("x-transaction-id", "75a81c34c39a").create_async().await;
    let query = Query::new().eq("email", "ann@example.com");
    let error = client(&server).table::<SysUser>().find_one(&query).await.unwrap_err();
    assert_eq!(error.problem().unwrap().kind, ProblemKind::QueryRights);
    let text = format!("{error} {error:?} {}", error.problem().unwrap());
    assert!(text.contains("GET /api/now/table/sys_user") && text.contains("75a81c34c39a"), "{text}");
    assert!(!text.contains("ann@") && !text.contains("hunter2") && !text.contains("YXBp"), "{text}");
}
