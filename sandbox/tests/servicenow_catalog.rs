//! Ordering and importing, seen through plain HTTP.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod common;

use std::time::Duration;

use common::{encoded, servicenow};
use sandbox::{Habits, Sandbox};
use serde_json::{Value, json};

const CATALOG: &str = "/api/sn_sc/servicecatalog/items";

async fn start(habits: Habits) -> Sandbox {
    Sandbox::builder().people(10).habits(habits).frozen_clock().start().await.unwrap()
}

async fn item(sandbox: &Sandbox, name: &str) -> Value {
    let call = format!("GET {CATALOG}?sysparm_text={}", encoded(name));
    let found = servicenow(sandbox, &call, None).await.result();
    let id = found[0]["sys_id"].as_str().unwrap();
    servicenow(sandbox, &format!("GET {CATALOG}/{id}"), None).await.result()
}

async fn order(sandbox: &Sandbox, body: Value) -> common::Answer {
    let item = item(sandbox, "Application access").await;
    let call = format!("POST {CATALOG}/{}/order_now", item["sys_id"].as_str().unwrap());
    servicenow(sandbox, &call, Some(body)).await
}

fn rows<'a>(state: &'a Value, table: &str) -> &'a Vec<Value> {
    state["servicenow"][table].as_array().unwrap()
}

#[tokio::test]
async fn an_item_shows_what_it_asks_with_real_types() {
    let sandbox = start(Habits::default()).await;
    let item = item(&sandbox, "Application access").await;
    let application = &item["variables"][0];
    assert_eq!((&application["type"], &application["mandatory"]), (&json!(5), &json!(true)));
    assert_eq!(application["choices"][1], json!({"value": "ledger", "label": "General ledger", "index": 1}));
}

#[tokio::test]
async fn a_wrong_order_is_refused_with_the_documented_words() {
    let sandbox = start(Habits::default()).await;
    let before = rows(&sandbox.state(), "sc_request").len();
    let answers = json!({"application": "wiki", "justification": "docs"});
    for (body, message) in [
        (json!({"sysparm_quantity": 0, "variables": answers}), "Invalid quantity value"),
        (json!({"sysparm_quantity": 1, "variables": {}}), "Mandatory Variables are required"),
        (
            json!({"sysparm_quantity": 1, "sysparm_also_request_for": "nobody", "variables": answers}),
            "Invalid user in the list of requested for users",
        ),
    ] {
        let refused = order(&sandbox, body).await;
        assert_eq!((refused.status, &refused.json()["error"]["message"]), (400, &json!(message)));
    }
    assert_eq!(rows(&sandbox.state(), "sc_request").len(), before);
}

#[tokio::test]
async fn an_order_has_an_item_for_each_and_its_tasks_come_a_moment_later() {
    let sandbox = start(Habits { flow_seconds: 5, ..Habits::default() }).await;
    let state = sandbox.state();
    let person = |n: usize| rows(&state, "sys_user")[n]["sys_id"].as_str().unwrap().to_owned();
    let (items, tasks) = (rows(&state, "sc_req_item").len(), rows(&state, "sc_task").len());
    let body = json!({
        "sysparm_quantity": "1", "sysparm_requested_for": person(1),
        "sysparm_also_request_for": format!("{},{}", person(2), person(3)),
        "variables": {"application": "wiki", "justification": "docs", "pin": "1234"},
    });
    let placed = order(&sandbox, body).await;
    assert_eq!((placed.status, &placed.result()["table"]), (200, &json!("sc_request")));
    let state = sandbox.state();
    assert_eq!(rows(&state, "sc_req_item").len(), items + 3);
    assert_eq!(rows(&state, "sc_task").len(), tasks);
    assert!(!state.to_string().contains("1234"), "a masked answer is not shown");
    sandbox.clock().advance(Duration::from_secs(6));
    servicenow(&sandbox, "GET /api/now/table/sc_task?sysparm_limit=1", None).await;
    assert_eq!(rows(&sandbox.state(), "sc_task").len(), tasks + 3);
}

#[tokio::test]
async fn requests_can_be_ordered_only() {
    let sandbox = start(Habits { catalog_refuses_inserts: true, ..Habits::default() }).await;
    for table in ["sc_request", "sc_req_item", "sc_task"] {
        let call = format!("POST /api/now/table/{table}");
        assert_eq!(servicenow(&sandbox, &call, Some(json!({"short_description": "x"}))).await.status, 403);
    }
}

#[tokio::test]
async fn a_record_producer_makes_an_incident_and_keeps_its_answers() {
    let sandbox = start(Habits::default()).await;
    let producer = item(&sandbox, "Report an access problem").await;
    let call = format!("POST {CATALOG}/{}/submit_producer", producer["sys_id"].as_str().unwrap());
    let body = json!({"variables": {"short_description": "locked out", "urgency": "1"}});
    let made = servicenow(&sandbox, &call, Some(body)).await.result();
    let state = sandbox.state();
    let incident = rows(&state, "incident").iter().find(|row| row["sys_id"] == made["sys_id"]).unwrap();
    assert_eq!((&incident["number"], &incident["urgency"]), (&made["number"], &json!("1")));
    assert_eq!(rows(&state, "question_answer").len(), 2);
}

#[tokio::test]
async fn an_imported_row_makes_changes_or_leaves_a_user() {
    let sandbox = start(Habits::default()).await;
    let import = async |row: Value| {
        let answer = servicenow(&sandbox, "POST /api/now/import/imp_user", Some(row)).await;
        assert_eq!(answer.status, 201);
        answer.json()["result"][0].clone()
    };
    let nora = json!({"user_name": "nora", "title": "Engineer"});
    let made = import(nora.clone()).await;
    assert_eq!((&made["status"], &made["table"]), (&json!("inserted"), &json!("sys_user")));
    assert_eq!(import(nora).await["status"], "ignored");
    let changed = import(json!({"user_name": "nora", "title": "Lead"})).await;
    assert_eq!((&changed["status"], &changed["sys_id"]), (&json!("updated"), &made["sys_id"]));
    let failed = import(json!({"title": "Nobody"})).await;
    assert_eq!(failed["status"], "error");
    assert!(failed["error_message"].as_str().unwrap().contains("user_name"));
}

#[tokio::test]
async fn many_rows_are_transformed_after_the_answer_and_named_by_label() {
    let sandbox = start(Habits { import_seconds: 3, ..Habits::default() }).await;
    let rows = json!({"records": [{"User name": "nora"}, {"user_name": "otto"}]});
    let call = "POST /api/now/import/imp_user/insertMultiple";
    let taken = servicenow(&sandbox, call, Some(rows)).await.json();
    let set = taken["import_set_id"].as_str().unwrap();
    let state = format!("GET /api/now/table/sys_import_set/{set}?sysparm_fields=state");
    assert_eq!(servicenow(&sandbox, &state, None).await.result()["state"], "loaded");
    sandbox.clock().advance(Duration::from_secs(3));
    assert_eq!(servicenow(&sandbox, &state, None).await.result()["state"], "processed");
    let call = format!(
        "GET /api/now/table/sys_import_set_row?sysparm_query={}",
        encoded(&format!("sys_import_set={set}"))
    );
    let states: Vec<Value> = servicenow(&sandbox, &call, None)
        .await
        .result()
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["sys_import_state"].clone())
        .collect();
    assert_eq!(states, ["inserted", "error"]);
}
