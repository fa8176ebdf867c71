//! Attachments and aggregates of the ServiceNow instance, seen through plain HTTP.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod common;

use std::time::Duration;

use common::{encoded, servicenow, try_servicenow};
use reqwest::{Client, Response};
use sandbox::{Effect, Fault, Sandbox};
use serde_json::{Value, json};

const MIB: usize = 1024 * 1024;

async fn start() -> (Sandbox, String) {
    let sandbox = Sandbox::builder().people(12).frozen_clock().start().await.unwrap();
    let ticket = sandbox.state()["servicenow"]["sc_req_item"][0]["sys_id"].as_str().unwrap().to_owned();
    (sandbox, ticket)
}

async fn upload(
    sandbox: &Sandbox,
    parameters: &str,
    kind: Option<&str>,
    body: impl Into<reqwest::Body>,
) -> Response {
    let url = format!("{}/api/now/attachment/file?{parameters}", sandbox.servicenow_url());
    let request = Client::new()
        .post(url)
        .basic_auth(sandbox.servicenow_username(), Some(sandbox.servicenow_password()))
        .body(body);
    kind.into_iter().fold(request, |request, kind| request.header("content-type", kind)).send().await.unwrap()
}

fn at(ticket: &str) -> String {
    format!("table_name=sc_req_item&table_sys_id={ticket}&file_name={}", encoded("Gehälter.csv"))
}

#[tokio::test]
async fn a_file_is_kept_and_scanned_and_told_of_in_a_header() {
    let (sandbox, ticket) = start().await;
    let answer = upload(&sandbox, &at(&ticket), Some("text/csv"), "a,b\n").await;
    assert_eq!(answer.status(), 201);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let made: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let made = &made["result"];
    let id = made["sys_id"].as_str().unwrap();
    assert_eq!(location, format!("{}/api/now/attachment/{id}", sandbox.servicenow_url()));
    assert_eq!(
        (&made["state"], &made["hash"], &made["size_bytes"]),
        (&json!("pending"), &json!(""), &json!("4"))
    );

    sandbox.clock().advance(Duration::from_secs(2));
    let file = servicenow(&sandbox, &format!("GET /api/now/attachment/{id}/file"), None).await;
    assert_eq!((file.text.as_str(), file.header("content-type")), ("a,b\n", "text/csv"));
    let told: Value = serde_json::from_str(file.header("x-attachment-metadata")).unwrap();
    assert_eq!((&told["file_name"], &told["state"]), (&json!("Gehälter.csv"), &json!("available")));
    assert_eq!(told["hash"], "5be08c9684a1d25efcee09318204824278b08bbfb4aef973ffefd0b9d7478313");
    assert_eq!((&told["sys_updated_by"], &told["sys_mod_count"]), (&json!("system"), &json!("1")));

    let query = encoded(&format!("table_name=sc_req_item^table_sys_id={ticket}"));
    let list = servicenow(&sandbox, &format!("GET /api/now/attachment?sysparm_query={query}"), None).await;
    assert_eq!((list.number("x-total-count"), &list.result()[0]["sys_id"]), (1, &json!(id)));
}

#[tokio::test]
async fn what_is_missing_is_told_apart() {
    let (sandbox, ticket) = start().await;
    let whole = at(&ticket);
    let statuses = [
        (whole.as_str(), None, 400),
        ("table_name=sc_req_item&file_name=a.csv", Some("text/csv"), 400),
        (&whole.replace("sc_req_item", "nonsense"), Some("text/csv"), 400),
        (&whole.replace(&ticket, "0123456789abcdef0123456789abcdef"), Some("text/csv"), 404),
        (&format!("{whole}&encryption_context=x"), Some("text/csv"), 501),
    ];
    for (parameters, kind, status) in statuses {
        let answer = upload(&sandbox, parameters, kind, "x").await;
        assert_eq!(answer.status().as_u16(), status, "{parameters}");
    }
    for (call, status) in [
        ("GET /api/now/attachment/0123456789abcdef0123456789abcdef/file", 404),
        ("POST /api/now/attachment/upload", 501),
        ("PUT /api/now/attachment", 405),
        ("POST /api/now/stats/incident", 405),
        ("GET /api/now/stats/nonsense", 400),
    ] {
        assert_eq!(servicenow(&sandbox, call, None).await.status, status, "{call}");
    }
    assert_eq!(sandbox.state()["servicenow"]["sys_attachment"], json!([]));
}

#[tokio::test]
async fn large_bodies_pass_and_are_kept_out_where_the_instance_says_so() {
    let (sandbox, ticket) = start().await;
    let body = vec![0_u8; 64 * MIB];
    assert_eq!(upload(&sandbox, &at(&ticket), Some("text/csv"), body).await.status(), 201);
    sandbox.change_habits(|habits| habits.attachment_megabytes = Some(1));
    assert_eq!(upload(&sandbox, &at(&ticket), Some("text/csv"), vec![0; MIB]).await.status(), 201);
    assert_eq!(upload(&sandbox, &at(&ticket), Some("text/csv"), vec![0; MIB + 1]).await.status(), 413);
    sandbox.change_habits(|habits| habits.attachment_extensions = vec!["pdf".to_owned()]);
    assert_eq!(upload(&sandbox, &at(&ticket), Some("text/csv"), "x").await.status(), 400);
}

#[tokio::test]
async fn an_answer_can_break_off_or_come_with_a_wrong_byte() {
    let (sandbox, ticket) = start().await;
    let answer = upload(&sandbox, &at(&ticket), Some("text/csv"), "0123456789").await;
    let made: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let call = format!("GET /api/now/attachment/{}/file", made["result"]["sys_id"].as_str().unwrap());
    let path = call.strip_prefix("GET ").unwrap();
    sandbox.add_fault(Fault::servicenow("GET", path, Effect::CutWithin));
    sandbox.add_fault(Fault::servicenow("GET", path, Effect::Corrupted));
    let url = format!("{}{path}", sandbox.servicenow_url());
    let request = Client::new().get(url);
    let request = request.basic_auth(sandbox.servicenow_username(), Some(sandbox.servicenow_password()));
    let mut answer = request.send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.content_length()), (200, Some(10)));
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "01234");
    assert!(answer.chunk().await.is_err());
    let wrong = try_servicenow(&sandbox, &call, None).await.unwrap().text;
    assert_eq!((wrong.len(), wrong == "0123456789"), (10, false));
}

#[tokio::test]
async fn numbers_come_for_all_rows_or_for_groups_of_them() {
    let (sandbox, _) = start().await;
    for (urgency, state) in [("1", "1"), ("1", "2"), ("2", "2")] {
        let body = json!({ "short_description": "x", "urgency": urgency, "state": state });
        servicenow(&sandbox, "POST /api/now/table/incident", Some(body)).await;
    }
    let stats = async |parameters: &str| {
        servicenow(&sandbox, &format!("GET /api/now/stats/incident?{parameters}"), None).await.result()
    };
    let all =
        stats("sysparm_count=true&sysparm_avg_fields=urgency,nonsense&sysparm_query=active%3Dtrue").await;
    assert_eq!(all, json!({ "stats": { "count": "3", "avg": { "urgency": "1.3333" } } }));
    let grouped = "sysparm_count=true&sysparm_group_by=state";
    let groups = stats(&format!("{grouped}&sysparm_order_by=state%5EDESC&sysparm_display_value=all")).await;
    let field = |value, label| json!([{ "field": "state", "value": value, "display_value": label }]);
    assert_eq!(
        groups,
        json!([
            { "stats": { "count": "2" }, "groupby_fields": field("2", "In Progress") },
            { "stats": { "count": "1" }, "groupby_fields": field("1", "New") },
        ])
    );
    let having = stats(&format!("{grouped}&sysparm_having={}", encoded("count^state^>^1"))).await;
    assert_eq!(
        having,
        json!([{ "stats": { "count": "2" }, "groupby_fields": [{ "field": "state", "value": "2" }] }])
    );
    let empty = stats("sysparm_query=state%3D8&sysparm_count=true&sysparm_min_fields=urgency").await;
    assert_eq!(empty, json!({ "stats": { "count": "0", "min": { "urgency": "" } } }));
}
