//! The Import Set API: a staging table for users, and a map that coalesces on their name.

use serde_json::{Map, Value, json};

use super::error;
use super::later::Work;
use super::schema::{self, Schema};
use super::store::{Author, Instance, Record, record};
use crate::http::{Answer, Ask, Reply};

/// The only staging table there is.
const STAGING: &str = "imp_user";
const MAP: &str = "User";
const TARGET: &str = "sys_user";
/// The columns that the map copies; rows are coalesced on the first.
const COLUMNS: [&str; 7] =
    ["user_name", "first_name", "last_name", "email", "employee_number", "title", "active"];

pub(super) fn route(instance: &mut Instance, ask: &Ask, path: &[&str]) -> Reply {
    ask.only_parameters(&[])?;
    let Some(staging) = path.first().filter(|name| **name == STAGING).and_then(|name| schema::find(name))
    else {
        return Err(error::no_table(path.first().unwrap_or(&"")));
    };
    match (ask.method.as_str(), &path[1..]) {
        ("POST", []) => insert(instance, ask, staging),
        ("POST", ["insertMultiple"]) => insert_multiple(instance, ask, staging),
        ("GET", [row]) => Ok(shown(instance, ask, row, 200)?),
        (method, [] | [_]) => Err(error::wrong_method(method)),
        _ => Err(error::no_resource()),
    }
}

/// `POST /api/now/import/{staging}`
fn insert(instance: &mut Instance, ask: &Ask, staging: &'static Schema) -> Reply {
    let Some(Value::Object(body)) = ask.json() else { return Err(error::bad_body()) };
    let author = instance.author(ask.at);
    let set = new_set(instance, &author)?;
    let row = stage(instance, staging, &set, body, &author)?;
    transform_set(instance, &set, &author);
    let answer = shown(instance, ask, &row, 201)?;
    Ok(if instance.habits.import_results_are_hidden { Answer::empty(201) } else { answer })
}

/// `POST /api/now/import/{staging}/insertMultiple`: answered before anything is transformed.
fn insert_multiple(instance: &mut Instance, ask: &Ask, staging: &'static Schema) -> Reply {
    let rows = ask.json().and_then(|body| body.get("records")?.as_array().cloned());
    let Some(rows) = rows else { return Err(error::bad_body()) };
    let author = instance.author(ask.at);
    let set = new_set(instance, &author)?;
    let by_name = instance.habits.insert_multiple_takes_names;
    for row in rows {
        let Value::Object(row) = row else { return Err(error::bad_body()) };
        let column = |(key, value): (String, Value)| {
            let meant = |column: &&&str| if by_name { **column == key } else { label(column) == key };
            COLUMNS.iter().find(meant).map(|column| ((*column).to_owned(), value))
        };
        stage(instance, staging, &set, row.into_iter().filter_map(column).collect(), &author)?;
    }
    let work = Work::Transform { set: set.clone() };
    instance.do_later(ask.at, instance.habits.import_seconds, work);
    let multi = instance.ids.hex(32);
    Ok(Answer::json(201, &json!({"import_set_id": set, "multi_import_set_id": multi})))
}

/// `user_name` is `User name` to people.
fn label(column: &str) -> String {
    let words = column.replace('_', " ");
    let first = words.chars().next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(words.chars().skip(1)).collect()
}

fn new_set(instance: &mut Instance, author: &Author) -> Result<String, Answer> {
    let Some(table) = schema::find("sys_import_set") else { return Err(error::no_table("sys_import_set")) };
    let number = instance.next_number("ISET");
    instance.insert(
        table,
        record([("number", &number), ("state", "loaded"), ("table_name", STAGING)]),
        author,
    )
}

/// What is no text is written as one, and is of little use then.
fn stage(
    instance: &mut Instance,
    staging: &'static Schema,
    set: &str,
    body: Map<String, Value>,
    author: &Author,
) -> Result<String, Answer> {
    let mut row = record([("sys_import_set", set), ("sys_import_state", "pending")]);
    for (name, value) in body {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if COLUMNS.contains(&name.as_str()) {
            row.insert(name, text);
        }
    }
    instance.insert(staging, row, author)
}

pub(super) fn transform_set(instance: &mut Instance, set: &str, author: &Author) {
    let rows = instance.rows(STAGING).filter(|row| row.get("sys_import_set") == set);
    let rows: Vec<Record> = rows.map(|row| row.record.clone()).collect();
    for row in rows {
        let outcome = transform(instance, &row, author);
        let sys_id = row.get("sys_id").cloned().unwrap_or_default();
        let (state, target, comment) = match &outcome {
            Ok((state, target)) => (*state, target.as_str(), ""),
            Err(why) => ("error", "", why.as_str()),
        };
        let changes = record([
            ("sys_import_state", state),
            ("sys_target_table", TARGET),
            ("sys_target_sys_id", target),
            ("sys_import_state_comment", comment),
        ]);
        let _ = instance.update(STAGING, &sys_id, changes, author);
    }
    let _ = instance.update("sys_import_set", set, record([("state", "processed")]), author);
}

/// Makes or changes the user of a row's name: what was done, and to whom.
fn transform(
    instance: &mut Instance,
    row: &Record,
    author: &Author,
) -> Result<(&'static str, String), String> {
    let fields: Record = row
        .iter()
        .filter(|(name, _)| COLUMNS.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let name = fields.get(COLUMNS[0]).cloned().unwrap_or_default();
    if name.is_empty() {
        return Err("Row is missing a value for coalesce field user_name".to_owned());
    }
    let refused = |answer: Answer| String::from_utf8_lossy(&answer.body).into_owned();
    let found = instance.find_by(TARGET, "user_name", &name).map(|user| user.record.clone());
    let Some(found) = found else {
        let Some(users) = schema::find(TARGET) else { return Err(String::new()) };
        return Ok(("inserted", instance.insert(users, fields, author).map_err(refused)?));
    };
    let sys_id = found.get("sys_id").cloned().unwrap_or_default();
    if fields.iter().all(|(name, value)| found.get(name) == Some(value)) {
        return Ok(("ignored", sys_id));
    }
    instance.update(TARGET, &sys_id, fields, author).map_err(refused)?;
    Ok(("updated", sys_id))
}

/// What became of a row. There is no outer `result` object.
fn shown(instance: &Instance, ask: &Ask, row: &str, status: u16) -> Reply {
    let row = instance.find(STAGING, row).ok_or_else(error::no_record)?;
    let (state, target) = (row.get("sys_import_state"), row.get("sys_target_sys_id"));
    let mut result = json!({"transform_map": MAP, "table": TARGET, "status": state});
    if state == "error" {
        result["error_message"] = row.get("sys_import_state_comment").into();
    } else {
        result["display_name"] = "name".into();
        result["display_value"] = instance.display_of(TARGET, target).into();
        result["record_link"] = format!("{}/api/now/table/{TARGET}/{target}", ask.base).into();
        result["sys_id"] = target.into();
    }
    let set = instance.display_of("sys_import_set", row.get("sys_import_set"));
    Ok(Answer::json(status, &json!({"import_set": set, "staging_table": STAGING, "result": [result]})))
}
