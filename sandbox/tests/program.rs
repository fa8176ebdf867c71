//! The sandbox as a program.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::{BufRead, BufReader};
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
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
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
    stop(&mut program);
}

/// Asks by signal, as a terminal or a supervisor does, and waits for a clean end.
fn stop(program: &mut std::process::Child) {
    let told = Command::new("kill").arg(program.id().to_string()).status().unwrap();
    assert!(told.success());
    assert!(program.wait().unwrap().success());
}
