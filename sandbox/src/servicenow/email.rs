//! The Email API: rows of `sys_email`. Nothing is sent.

use serde_json::{Map, Value, json};

use super::error;
use super::schema;
use super::store::{Found, Instance, Record};
use crate::http::{Answer, Ask, Reply};

const MOST_ADDRESSES: usize = 100;

/// Lists of recipients and the fields that they are in.
const RECIPIENTS: [(&str, &str); 3] = [("to", "recipients"), ("cc", "copied"), ("bcc", "blind_copied")];

/// Texts and the fields that they are in.
const TEXTS: [(&str, &str); 6] = [
    ("subject", "subject"),
    ("text", "body_text"),
    ("html", "body"),
    ("importance", "importance"),
    ("table_name", "target_table"),
    ("table_record_id", "instance"),
];

pub(super) fn route(instance: &mut Instance, ask: &Ask, path: &[&str]) -> Reply {
    ask.only_parameters(&[])?;
    match (ask.method.as_str(), path) {
        ("POST", []) => send(instance, ask),
        ("GET", [id]) => get(instance, id),
        (_, [] | [_]) => Err(error::wrong_method(&ask.method)),
        _ => Err(error::no_resource()),
    }
}

fn send(instance: &mut Instance, ask: &Ask) -> Reply {
    let Some(Value::Object(body)) = ask.json() else { return Err(error::bad_body()) };
    let mut row = Record::new();
    for (list, field) in RECIPIENTS {
        let addresses = body.get(list).map_or_else(|| Some(Vec::new()), addresses);
        let addresses = addresses.ok_or_else(|| bad(&format!("{list} must be an array of addresses")))?;
        if addresses.len() > MOST_ADDRESSES {
            return Err(bad(&format!("{list} must not exceed {MOST_ADDRESSES} addresses")));
        }
        row.insert(field.to_owned(), addresses.join(","));
    }
    if row["recipients"].is_empty() {
        return Err(bad("to is required"));
    }
    for (name, field) in TEXTS {
        row.insert(field.to_owned(), text(&body, name).to_owned());
    }
    if row["target_table"].is_empty() != row["instance"].is_empty() {
        return Err(bad("table_name and table_record_id belong together"));
    }
    let headers = body.get("headers").cloned().unwrap_or_else(|| json!({}));
    row.insert("headers".to_owned(), headers.to_string());
    row.extend([("type", "send-ready"), ("state", "ready")].map(|(name, value)| (name.into(), value.into())));
    let Some(schema) = schema::find("sys_email") else { return Err(error::no_table("sys_email")) };
    let id = instance.insert(schema, row, &instance.author(ask.at))?;
    let links = json!([
        { "rel": "self", "href": format!("/now/v1/email/{id}") },
        { "rel": "status", "href": format!("/now/v1/email/{id}?sysparm_fields=id,type,state,error") },
    ]);
    Ok(Answer::json(200, &json!({ "result": { "id": id, "links": links } })))
}

/// What cannot be read and what is not there look the same.
fn get(instance: &Instance, id: &str) -> Reply {
    let found = instance.find("sys_email", id);
    let found =
        found.ok_or_else(|| error::envelope(403, "User Not Authorized", Some("Insufficient rights")))?;
    Ok(Answer::json(200, &json!({ "result": shown(found) })))
}

fn shown(found: Found<'_>) -> Value {
    let mut mail =
        json!({ "id": found.get("sys_id"), "type": found.get("type"), "state": found.get("state") });
    for (list, field) in RECIPIENTS {
        // None is one that is empty.
        mail[list] = found.get(field).split(',').collect();
    }
    for (name, field) in &TEXTS[..4] {
        mail[*name] = json!(found.get(field));
    }
    mail["headers"] = serde_json::from_str(found.get("headers")).unwrap_or_default();
    mail
}

fn addresses(list: &Value) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|address| address.as_str().map(str::to_owned)).collect()
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn bad(why: &str) -> Answer {
    error::envelope(400, "Bad Request", Some(why))
}
