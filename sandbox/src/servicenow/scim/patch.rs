//! `PATCH`: operations on a document.

use serde_json::{Value, json};

use super::{Document, object, put, user};
use crate::http::{Answer, Ask};

/// What is wrong with a patch: a loud answer, or a reason.
type Fault = Result<Answer, String>;

pub(super) fn apply(ask: &Ask, body: &Document, document: &mut Document) -> Result<(), Fault> {
    let operations = body.get("Operations").and_then(Value::as_array).filter(|all| !all.is_empty());
    for operation in operations.ok_or_else(|| Err("Operations is missing".to_owned()))? {
        let op = operation["op"].as_str().unwrap_or_default().to_lowercase();
        let value = operation.get("value").cloned();
        match (op.as_str(), operation["path"].as_str(), value) {
            ("remove", Some(path), _) => remove(document, &steps(ask, path)?),
            ("add", Some(path), Some(value)) => add(document, &steps(ask, path)?, value),
            ("replace", Some(path), Some(value)) => put(document, &steps(ask, path)?, value),
            ("add" | "replace", None, Some(Value::Object(values))) => merge(document, values),
            _ => return Err(Err(format!("Operation {operation} makes no sense"))),
        }
    }
    Ok(())
}

/// The names on a path. The extension's URN has dots of its own.
fn steps<'a>(ask: &Ask, path: &'a str) -> Result<Vec<&'a str>, Fault> {
    if path.contains('[') {
        return Err(Ok(ask.not_modelled("a path with a filter")));
    }
    if path == user::EXTENSION {
        return Ok(vec![path]);
    }
    match path.strip_prefix(user::EXTENSION).and_then(|rest| rest.strip_prefix(':')) {
        Some(rest) => Ok([user::EXTENSION].into_iter().chain(rest.split('.')).collect()),
        None => Ok(path.split('.').collect()),
    }
}

fn remove(document: &mut Document, path: &[&str]) {
    match path {
        [name] => drop(document.remove(*name)),
        [first, rest @ ..] => {
            if let Some(Value::Object(inner)) = document.get_mut(*first) {
                remove(inner, rest);
            }
        }
        [] => {}
    }
}

/// To a list it adds what is not there yet; a number of a type that is there takes its place.
fn add(document: &mut Document, path: &[&str], value: Value) {
    let [name] = path else { return put(document, path, value) };
    let Value::Array(new) = value else { return put(document, path, value) };
    let Value::Array(all) = document.entry(*name).or_insert_with(|| json!([])) else { return };
    for each in new {
        all.retain(|old| match each.get("type") {
            Some(kind) => old.get("type") != Some(kind),
            None => old["value"] != each["value"],
        });
        all.push(each);
    }
}

fn merge(document: &mut Document, values: Document) {
    for (name, value) in values {
        match (document.get_mut(&name), value) {
            (Some(Value::Object(inner)), value @ Value::Object(_)) => merge(inner, object(value)),
            (_, value) => put(document, &[&name], value),
        }
    }
}
