//! What a run left in both systems, without what differs from run to run anyway: times, run ids, request ids.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use sandbox::Sandbox;
use serde_json::{Map, Value};

/// Both systems, fit to be compared.
pub fn end_state(sandbox: &Sandbox) -> Value {
    let mut state = sandbox.state();
    let names = names(&state["servicenow"]);
    let tables = state["servicenow"].as_object_mut().unwrap();
    tables.retain(|_, rows| rows.as_array().is_some_and(|rows| !rows.is_empty()));
    state["okta"]["logs"] = log_counts(&state["okta"]["logs"]);
    state.as_object_mut().unwrap().remove("clock");
    forget(&mut state, &names);
    state
}

/// What does no harm if it is done again: the client repeats it by itself when an answer was lost.
const REPEATABLE: [&str; 2] = ["user.session.clear", "user.authentication.universal_logout"];

/// How often each thing happened to each target; of what may be repeated, whether it did.
fn log_counts(logs: &Value) -> Value {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for event in logs.as_array().unwrap() {
        let targets = event["target"].as_array().into_iter().flatten();
        let ids: Vec<&str> = targets.filter_map(|target| target["displayName"].as_str()).collect();
        let kind = event["eventType"].as_str().unwrap();
        let count = counts.entry(format!("{kind} {}", ids.join(", "))).or_default();
        *count = if REPEATABLE.contains(&kind) { 1 } else { *count + 1 };
    }
    serde_json::json!(counts)
}

/// What each record is called: keys that are made of a run's id differ, and so does whatever refers to them.
fn names(tables: &Value) -> BTreeMap<String, String> {
    let tables: &Map<String, Value> = tables.as_object().unwrap();
    let rows =
        tables.iter().flat_map(|(table, rows)| rows.as_array().unwrap().iter().map(move |row| (table, row)));
    let named = rows.filter_map(|(table, row)| {
        let name = ["number", "user_name", "name", "short_description"]
            .iter()
            .find_map(|field| row[*field].as_str().filter(|text| !text.is_empty()));
        Some((row["sys_id"].as_str()?.to_owned(), format!("{table} {}", name.unwrap_or_default())))
    });
    named.collect()
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
    "hash",
];

fn forget(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            map.retain(|name, _| !VOLATILE.contains(&name.as_str()));
            map.values_mut().for_each(|value| forget(value, names));
        }
        Value::Array(items) => {
            for item in &mut *items {
                forget(item, names);
            }
            items.sort_by_cached_key(Value::to_string);
        }
        Value::String(text) => match names.get(text) {
            Some(name) => name.clone_into(text),
            None => plain(text),
        },
        _ => {}
    }
}

/// A text without run ids, request ids, instants, and the ledger's head.
fn plain(text: &mut String) {
    static PARTS: LazyLock<[(Regex, &str); 6]> = LazyLock::new(|| {
        [
            (r"(?m)^Ledger: .*\n", ""),
            (r" \(request [^)]*\)", ""),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "RUN"),
            (r"\blc:[0-9a-f]{32}:", "lc:RUN:"),
            (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?( UTC|Z)?", "INSTANT"),
            (r"\((\d+ (d|h|min|s) )+after\)", "(LATER)"),
        ]
        .map(|(pattern, instead)| (Regex::new(pattern).unwrap(), instead))
    });
    for (pattern, instead) in &*PARTS {
        if pattern.is_match(text) {
            *text = pattern.replace_all(text, *instead).into_owned();
        }
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
            let missing =
                was.iter().filter(|row| !is.contains(row)).map(|row| format!("{path}: missing {row}"));
            let new = is.iter().filter(|row| !was.contains(row)).map(|row| format!("{path}: too much {row}"));
            found.push(format!("{path}: {} instead of {}", is.len(), was.len()));
            found.extend(missing.chain(new));
        }
        (was, is) if was != is => found.push(format!("{path}: {is} instead of {was}")),
        _ => {}
    }
}
