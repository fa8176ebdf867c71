//! The Batch API, seen through plain HTTP.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::servicenow;
use sandbox::{Habits, Sandbox};
use serde_json::{Value, json};

async fn start(habits: Habits) -> Sandbox {
    Sandbox::builder().people(10).habits(habits).frozen_clock().start().await.unwrap()
}

fn part(id: &str, method: &str, url: &str, body: Option<&Value>) -> Value {
    let mut part = json!({
        "id": id, "method": method, "url": url,
        "headers": [{"name": "Accept", "value": "application/json"}, {"name": "Content-Type", "value": "application/json"}],
    });
    if let Some(body) = body {
        part["body"] = STANDARD.encode(body.to_string()).into();
    }
    part
}

async fn send(sandbox: &Sandbox, parts: &[Value]) -> Value {
    let body = json!({"batch_request_id": 7, "rest_requests": parts});
    let answer = servicenow(sandbox, "POST /api/now/v1/batch", Some(body)).await;
    assert_eq!(answer.status, 200);
    answer.json()
}

fn body(part: &Value) -> Value {
    serde_json::from_slice(&STANDARD.decode(part["body"].as_str().unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn parts_run_in_order_each_with_its_own_status() {
    let sandbox = start(Habits::default()).await;
    let id = "0123456789abcdef0123456789abcdef";
    let incident = json!({"sys_id": id, "short_description": "lost"});
    let answer = send(
        &sandbox,
        &[
            part("a", "POST", "/api/now/table/incident", Some(&incident)),
            part("b", "GET", &format!("/api/now/table/incident/{id}?sysparm_fields=sys_id"), None),
            part("c", "GET", "/api/now/table/no_such_table", None),
            part("d", "DELETE", &format!("/api/now/table/incident/{id}"), None),
        ],
    )
    .await;
    assert_eq!(answer["batch_request_id"], "7", "it comes back as a text");
    let parts = answer["serviced_requests"].as_array().unwrap();
    let statuses: Vec<u64> = parts.iter().map(|part| part["status_code"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 200, 400, 204]);
    assert_eq!(body(&parts[1])["result"], json!({"sys_id": id}));
    assert_eq!(body(&parts[2])["error"]["message"], "Invalid table no_such_table");
    assert!(parts[3].get("body").is_none());
    assert!(parts[0]["headers"].as_array().unwrap().iter().any(|header| header["name"] == "location"));
}

#[tokio::test]
async fn when_the_time_is_up_the_rest_does_not_run_and_what_was_under_way_is_not_told() {
    let sandbox = start(Habits { batch_part_millis: 12_000, ..Habits::default() }).await;
    let incident = |n: usize| json!({"short_description": format!("n{n}")});
    let parts: Vec<Value> =
        (0..5).map(|n| part(&n.to_string(), "POST", "/api/now/table/incident", Some(&incident(n)))).collect();
    let answer = send(&sandbox, &parts).await;
    assert_eq!(answer["serviced_requests"].as_array().unwrap().len(), 2);
    assert_eq!(answer["unserviced_requests"], json!(["3", "4"]));
    assert_eq!(sandbox.state()["servicenow"]["incident"].as_array().unwrap().len(), 3);
}
