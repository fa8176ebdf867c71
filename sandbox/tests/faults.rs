//! Faults, the control API and the program.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod common;

use std::time::Duration;

use common::{control, okta, servicenow, try_okta};
use sandbox::{Effect, Fault, OnboardingRequest, Sandbox};
use serde_json::{Value, json};

async fn frozen() -> Sandbox {
    Sandbox::builder().people(12).frozen_clock().start().await.unwrap()
}

fn group(name: &str) -> Value {
    json!({"profile": {"name": name}})
}

fn has_group(sandbox: &Sandbox, name: &str) -> bool {
    let state = sandbox.state();
    state["okta"]["groups"].as_array().unwrap().iter().any(|group| group["profile"]["name"] == name)
}

#[tokio::test]
async fn a_cut_before_does_nothing_and_a_cut_after_has_done_it() {
    let sandbox = frozen().await;
    sandbox.add_fault(Fault::okta("POST", "/api/v1/groups$", Effect::CutBefore));
    sandbox.add_fault(Fault::okta("POST", "/api/v1/groups$", Effect::CutAfter));
    assert!(try_okta(&sandbox, "POST /api/v1/groups", Some(group("lost"))).await.is_err());
    assert!(!has_group(&sandbox, "lost"));
    assert!(try_okta(&sandbox, "POST /api/v1/groups", Some(group("made"))).await.is_err());
    assert!(has_group(&sandbox, "made"));
    assert_eq!(okta(&sandbox, "POST /api/v1/groups", Some(group("fine"))).await.status, 200);
    let statuses: Vec<u16> = sandbox.requests().iter().map(|record| record.status).collect();
    assert_eq!(statuses, [0, 0, 200]);
}

#[tokio::test]
async fn an_injected_429_looks_like_the_vendors_and_does_nothing() {
    let sandbox = frozen().await;
    sandbox.add_fault(Fault::okta("POST", "/api/v1/groups", Effect::Status(429)));
    sandbox.add_fault(Fault::servicenow("GET", "*", Effect::Status(429)));
    let refused = okta(&sandbox, "POST /api/v1/groups", Some(group("lost"))).await;
    assert_eq!((refused.status, refused.json()["errorCode"].as_str()), (429, Some("E0000047")));
    assert_eq!((refused.number("x-rate-limit-limit"), refused.number("x-rate-limit-remaining")), (250, 0));
    assert_eq!(refused.number("x-rate-limit-reset"), sandbox.clock().now().timestamp() + 3);
    assert!(!has_group(&sandbox, "lost"));
    let refused = servicenow(&sandbox, "GET /api/now/table/incident", None).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "3"));
}

#[tokio::test]
async fn a_gateway_error_is_html() {
    let sandbox = frozen().await;
    sandbox.add_fault(Fault::okta("GET", "*", Effect::Status(503)));
    let answer = okta(&sandbox, "GET /api/v1/users", None).await;
    assert_eq!((answer.status, answer.header("content-type")), (503, "text/html;charset=utf-8"));
}

#[tokio::test]
async fn a_spoilt_body_comes_after_the_deed() {
    let sandbox = frozen().await;
    sandbox.add_fault(Fault::okta("POST", "/api/v1/groups", Effect::Malformed));
    sandbox.add_fault(Fault::okta("POST", "/api/v1/groups", Effect::Truncated));
    for name in ["one", "two"] {
        let answer = okta(&sandbox, "POST /api/v1/groups", Some(group(name))).await;
        assert_eq!(answer.status, 200);
        assert!(serde_json::from_str::<Value>(&answer.text).is_err(), "{}", answer.text);
        assert!(has_group(&sandbox, name));
    }
}

#[tokio::test]
async fn a_delay_passes_real_time_or_moves_a_frozen_clock() {
    let sandbox = frozen().await;
    let start = sandbox.clock().now();
    sandbox.add_fault(Fault::okta("GET", "*", Effect::DelayMs(30_000)));
    let answer = okta(&sandbox, "GET /api/v1/users/me", None);
    tokio::time::timeout(Duration::from_secs(10), answer).await.unwrap();
    assert_eq!((sandbox.clock().now() - start).num_seconds(), 30);
    let running = Sandbox::builder().people(1).start().await.unwrap();
    running.add_fault(Fault::okta("GET", "*", Effect::DelayMs(150)));
    let start = running.clock().now();
    okta(&running, "GET /api/v1/users/me", None).await;
    assert!((running.clock().now() - start).num_milliseconds() >= 150);
}

#[tokio::test]
async fn dice_fall_alike_for_one_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let sandbox = frozen().await;
        sandbox.add_fault(Fault::okta("GET", "*", Effect::Status(500)).always().probability(0.5));
        for _ in 0..20 {
            okta(&sandbox, "GET /api/v1/users/me", None).await;
        }
        runs.push(sandbox.requests().iter().map(|record| record.status).collect::<Vec<_>>());
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&200) && runs[0].contains(&500));
}

#[tokio::test]
async fn control_tells_what_happened_and_takes_faults_and_time() {
    let sandbox = frozen().await;
    let added =
        control(&sandbox, "POST /faults", Some(json!([{"system": "okta", "effect": "cut_before"}]))).await;
    assert_eq!(added.status, 201);
    assert!(try_okta(&sandbox, "GET /api/v1/users?limit=1", None).await.is_err());
    let requests = control(&sandbox, "GET /requests", None).await.json();
    let expected = ("okta", "GET", "/api/v1/users?limit=1", 0);
    let got = &requests[0];
    assert_eq!((&got["system"], &got["method"]), (&json!(expected.0), &json!(expected.1)));
    assert_eq!((&got["path"], &got["status"]), (&json!(expected.2), &json!(expected.3)));
    let always = json!({"system": "okta", "effect": {"status": 500}, "times": null});
    control(&sandbox, "POST /faults", Some(always)).await;
    assert_eq!(okta(&sandbox, "GET /api/v1/users", None).await.status, 500);
    assert_eq!(control(&sandbox, "DELETE /faults", None).await.status, 204);
    assert_eq!(okta(&sandbox, "GET /api/v1/users", None).await.status, 200);
    control(&sandbox, "POST /clock", Some(json!({"advance_seconds": 60}))).await;
    assert_eq!(control(&sandbox, "GET /clock", None).await.json()["now"], "2026-03-02T08:01:00Z");
    control(&sandbox, "POST /clock", Some(json!({"set": "2026-03-03T00:00:00Z"}))).await;
    assert_eq!(sandbox.clock().now().to_rfc3339(), "2026-03-03T00:00:00+00:00");
    assert_eq!(control(&sandbox, "GET /state", None).await.json(), sandbox.state());
    assert_eq!(control(&sandbox, "GET /health", None).await.status, 200);
}

#[tokio::test]
async fn control_names_the_field_that_is_wrong() {
    let sandbox = frozen().await;
    let cases = [
        ("POST /faults", json!({"system": "okat", "effect": "cut_after"}), "system"),
        ("POST /faults", json!([{"system": "okta", "effect": {"delay_ms": "soon"}}]), "[0].effect.delay_ms"),
        ("POST /faults", json!({"system": "okta", "effect": "cut_after", "tmes": 1}), "tmes"),
        ("POST /faults", json!({"system": "okta", "effect": "cut_after", "probability": 2}), "probability"),
        ("POST /faults", json!([{"system": "okta", "effect": {"status": 1000}}]), "status"),
        ("POST /faults", json!({"system": "okta", "effect": {"status": 0}}), "status"),
        ("POST /clock", json!({"advance_seconds": 1e15}), "advance_seconds"),
        ("POST /clock", json!({"set": "+10000-01-01T00:00:00Z"}), "set"),
        ("POST /clock", json!({"set": "yesterday"}), "set"),
        ("POST /clock", json!({"advance_seconds": -1}), "advance_seconds"),
        ("POST /clock", json!({}), "advance_seconds or set"),
    ];
    for (call, body, field) in cases {
        let answer = control(&sandbox, call, Some(body)).await;
        assert_eq!(answer.status, 400, "{field}");
        assert!(answer.json()["error"].as_str().unwrap().contains(field), "{}", answer.text);
    }
    let two = reqwest::Client::new().post(format!("{}/faults", sandbox.control_url()));
    let two = two.body(r#"{"system":"okta","effect":"cut_after"} {"system":"okta","effect":"cut_after"}"#);
    assert_eq!(two.send().await.unwrap().status(), 400);
    assert_eq!(okta(&sandbox, "GET /api/v1/users/me", None).await.status, 200, "none was taken");
}

#[tokio::test]
async fn edits_behind_the_back_show_up() {
    let sandbox = frozen().await;
    let user = json!({
        "profile": {"login": "left@acme.example", "email": "left@acme.example", "firstName": "L", "lastName": "Eft"},
        "status": "DEPROVISIONED", "groups": ["Sales", "VPN Users"],
    });
    let id = sandbox.add_okta_user(&user).unwrap();
    let groups = okta(&sandbox, &format!("GET /api/v1/users/{id}/groups"), None).await.json();
    assert_eq!(groups.as_array().unwrap().len(), 3);
    assert!(sandbox.add_okta_user(&user).is_err(), "the login is taken");
    sandbox.set_okta_status(&id, "LOCKED_OUT").unwrap();
    sandbox.add_okta_role(&id, "USER_ADMIN").unwrap();
    sandbox.add_okta_factor(&id, "push", "OKTA").unwrap();
    let read = async |what: &str| okta(&sandbox, &format!("GET /api/v1/users/{id}{what}"), None).await.json();
    assert_eq!(read("").await["status"], "LOCKED_OUT");
    assert_eq!(read("/roles").await[0]["type"], "USER_ADMIN");
    assert_eq!(read("/factors").await[0]["factorType"], "push");
    let ticket = sandbox.add_onboarding_request(&OnboardingRequest::default());
    sandbox.edit_record("sc_req_item", &ticket.item_sys_id, &json!({"approval": "requested"})).unwrap();
    let call = format!("GET /api/now/table/sc_req_item/{}", ticket.item_sys_id);
    assert_eq!(servicenow(&sandbox, &call, None).await.result()["approval"], "requested");
}

#[tokio::test]
async fn a_dropped_sandbox_stops_to_listen() {
    let sandbox = frozen().await;
    let url = format!("{}/health", sandbox.control_url());
    assert!(reqwest::get(&url).await.is_ok());
    drop(sandbox);
    let stopped = async { while reqwest::get(&url).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(10), stopped).await.unwrap();
}
