//! The sandbox as a program.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

#[tokio::test]
async fn it_prints_where_it_is_and_stops_when_told() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_identity-sandbox"))
        .args(["--people", "5", "--seed", "3", "--new-hires", "1", "--limits", "unlimited"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(program.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    let wanted = [
        "control_url",
        "okta_token",
        "okta_url",
        "servicenow_password",
        "servicenow_url",
        "servicenow_username",
    ];
    assert_eq!(names(&told), wanted);
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    let okta = reqwest::Client::new()
        .get(format!("{}/api/v1/users", text("okta_url")))
        .header("authorization", format!("SSWS {}", text("okta_token")))
        .send()
        .await
        .unwrap();
    assert_eq!(okta.status(), 200);
    let servicenow = reqwest::Client::new()
        .get(format!("{}/api/now/table/sc_task", text("servicenow_url")))
        .basic_auth(text("servicenow_username"), Some(text("servicenow_password")))
        .send()
        .await
        .unwrap();
    assert_eq!(servicenow.headers()["x-total-count"], "1");
    let health = reqwest::get(format!("{}/health", text("control_url"))).await.unwrap();
    assert_eq!(health.status(), 200);
    let requests = reqwest::get(format!("{}/requests", text("control_url"))).await.unwrap();
    let requests: Value = serde_json::from_str(&requests.text().await.unwrap()).unwrap();
    let wanted = ["at", "method", "path", "request_id", "status", "system", "user_agent"];
    assert_eq!(names(&requests[0]), wanted);
    stop(&mut program);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "one line and nothing else");
}

fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Asks by signal, as a terminal or a supervisor does, and waits for a clean end.
fn stop(program: &mut std::process::Child) {
    let told = Command::new("kill").arg(program.id().to_string()).status().unwrap();
    assert!(told.success());
    assert!(program.wait().unwrap().success());
}
