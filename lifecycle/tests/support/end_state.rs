//! What a run left in both systems, without what differs from run to run anyway: times, run ids, request ids.

use std::collections::BTreeMap;

use sandbox::Sandbox;
use serde_json::{Map, Value};

/// Both systems, fit to be compared.
pub fn end_state(sandbox: &Sandbox) -> Value {
    let state = sandbox.state();
    let okta = &state["okta"];
    let mut tables: Map<String, Value> = state["servicenow"].as_object().unwrap().clone();
    tables.retain(|_, rows| rows.as_array().is_some_and(|rows| !rows.is_empty()));
    let mut end = serde_json::json!({
        "users": okta["users"],
        "groups": okta["groups"],
        "mails": okta["mails"],
        "log": log_counts(&okta["logs"]),
        "servicenow": tables,
    });
    forget(&mut end);
    end
}

/// How often each thing happened to each target.
fn log_counts(logs: &Value) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for event in logs.as_array().unwrap() {
        let targets = event["target"].as_array().into_iter().flatten();
        let ids: Vec<&str> = targets.filter_map(|target| target["displayName"].as_str()).collect();
        *counts.entry(format!("{} {}", event["eventType"].as_str().unwrap(), ids.join(", "))).or_default() +=
            1;
    }
    counts
}

const VOLATILE: &[&str] = &[
    "created",
    "activated",
    "statusChanged",
    "lastUpdated",
    "lastMembershipUpdated",
    "passwordChanged",
    "at",
    "sent",
    "token",
    "sys_created_on",
    "sys_updated_on",
    "opened_at",
    "closed_at",
    "work_start",
    "work_end",
    // Made of the run's id.
    "sys_id",
];

fn forget(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|name, _| !VOLATILE.contains(&name.as_str()));
            map.values_mut().for_each(forget);
        }
        Value::Array(items) => {
            items.iter_mut().for_each(forget);
            items.sort_by_key(Value::to_string);
        }
        Value::String(text) => *text = plain(text),
        _ => {}
    }
}

/// A note without run id, request ids and ledger head.
fn plain(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("Ledger: "));
    let lines = lines.map(|line| match line.split_once(" (request ") {
        Some((before, _)) => before.to_owned(),
        None => without_run(line),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn without_run(line: &str) -> String {
    match line.split_once("[lc ").and_then(|(before, mark)| Some((before, mark.split_once('/')?.1))) {
        Some((before, step)) => format!("{before}[lc RUN/{step}"),
        None => line.to_owned(),
    }
}

/// Where two states differ, in words.
pub fn differences(was: &Value, is: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", was, is, &mut found);
    found
}

fn compare(path: &str, was: &Value, is: &Value, found: &mut Vec<String>) {
    match (was, is) {
        (Value::Object(was), Value::Object(is)) => {
            for name in was.keys().chain(is.keys().filter(|name| !was.contains_key(*name))) {
                let null = Value::Null;
                let (was, is) = (was.get(name).unwrap_or(&null), is.get(name).unwrap_or(&null));
                compare(&format!("{path}/{name}"), was, is, found);
            }
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            for (n, (was, is)) in was.iter().zip(is).enumerate() {
                compare(&format!("{path}/{n}"), was, is, found);
            }
        }
        (Value::Array(was), Value::Array(is)) => {
            found.push(format!("{path}: {} instead of {}", is.len(), was.len()));
        }
        (was, is) if was != is => found.push(format!("{path}: {is} instead of {was}")),
        _ => {}
    }
}
