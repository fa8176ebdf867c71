//! The Table API.

use serde_json::{Map, Value, json};

use super::display::View;
use super::error;
use super::habits::Habits;
use super::query::{Query, named};
use super::schema::{self, Kind, Schema};
use super::store::{Found, Instance, Record};
use crate::http::{Answer, Ask, Reply};

/// What may stand in any call: clients send the whole set with every method, and what does not concern a
/// call is ignored.
pub(super) const PARAMETERS: [&str; 12] = [
    "sysparm_query",
    "sysparm_fields",
    "sysparm_limit",
    "sysparm_offset",
    "sysparm_display_value",
    "sysparm_exclude_reference_link",
    "sysparm_suppress_pagination_header",
    "sysparm_no_count",
    "sysparm_query_no_domain",
    "sysparm_query_category",
    "sysparm_view",
    "sysparm_input_display_value",
];
const DEFAULT_LIMIT: usize = 10_000;
/// How many characters its column holds. What is longer is cut.
const CORRELATION_ID: usize = 100;

fn check_parameters(ask: &Ask) -> Result<(), Answer> {
    ask.only_parameters(&PARAMETERS)?;
    // Fields that are named win over a view, and an empty view is none.
    match (ask.query.text("sysparm_view"), ask.query.text("sysparm_fields")) {
        (Some(_), None) => Err(ask.not_modelled("query parameter sysparm_view")),
        _ => Ok(()),
    }
}

fn table_named(instance: &Instance, name: &str) -> Result<&'static Schema, Answer> {
    instance.table(name).ok_or_else(|| error::no_table(name))
}

/// `GET /table/{table}`
pub(super) fn list(instance: &Instance, ask: &Ask, name: &str) -> Reply {
    check_parameters(ask)?;
    let table = table_named(instance, name)?;
    let view = View::of(ask)?;
    window(instance, ask, table, DEFAULT_LIMIT, |row| view.of_record(instance, as_table(row, table)))
}

/// A window of the rows that match, of `longest` rows unless the caller says another number.
pub(super) fn window(
    instance: &Instance,
    ask: &Ask,
    table: &'static Schema,
    longest: usize,
    shown: impl Fn(Found<'_>) -> Value,
) -> Reply {
    let rows = selected(instance, ask, table)?;
    let (limit, offset) = (number(ask, "sysparm_limit", longest)?, number(ask, "sysparm_offset", 0)?);
    let total = rows.len();
    let window = rows.iter().skip(offset).take(limit);
    let readable = |row: &Found<'_>| {
        if instance.may_read(*row) {
            return Some(shown(*row));
        }
        instance.habits.hidden_rows_are_empty.then(|| json!({}))
    };
    let page: Vec<Value> = window.filter_map(readable).collect();
    let answer = instance.cut(Answer::json(200, &body(ask, json!(page))), page.len());
    let answer = match instance.habits {
        Habits { no_total_count: true, .. } => answer,
        Habits { total_counts_readable: true, .. } => {
            let readable = rows.iter().filter(|row| instance.may_read(**row)).count();
            answer.header("x-total-count", &readable.to_string())
        }
        _ if ask.query.is_true("sysparm_no_count") => {
            answer.header("x-total-count", &(offset.min(total) + page.len()).to_string())
        }
        _ => answer.header("x-total-count", &total.to_string()),
    };
    if ask.query.is_true("sysparm_suppress_pagination_header") || total <= limit {
        return Ok(answer);
    }
    Ok(answer.header("link", &links(ask, limit, offset, total)))
}

pub(super) fn selected<'a>(
    instance: &'a Instance,
    ask: &Ask,
    table: &'static Schema,
) -> Result<Vec<Found<'a>>, Answer> {
    let nothing = Record::new();
    let columns = Found { schema: table, record: &nothing };
    let text = ask.query.get("sysparm_query").unwrap_or_default();
    let query = Query::parse(instance, columns, text).map_err(|what| ask.not_modelled(&what))?;
    query.permitted()?;
    if instance.finds_all(table)
        && let Some((after, before)) = query.key_range()
    {
        return Ok(instance.rows_between(table.name, after, before));
    }
    let mut rows = query.candidates(instance, table.name);
    rows.retain(|row| instance.finds(*row) && query.admits(instance, *row));
    query.sort(instance, &mut rows);
    Ok(rows)
}

/// A row seen through the table that was asked for.
fn as_table<'a>(row: Found<'a>, table: &'static Schema) -> Found<'a> {
    Found { schema: table, ..row }
}

fn number(ask: &Ask, name: &str, default: usize) -> Result<usize, Answer> {
    let Some(text) = ask.query.text(name) else { return Ok(default) };
    text.parse().map_err(|_| error::envelope(400, &format!("Invalid {name}: {text}"), None))
}

/// One header line for all relations, unlike Okta's.
fn links(ask: &Ask, limit: usize, offset: usize, total: usize) -> String {
    let step = limit.max(1);
    let last = (total - 1) / step * step;
    let mut relations = vec![("first", 0)];
    if offset > 0 {
        relations.push(("prev", offset.saturating_sub(step)));
    }
    if offset + limit < total {
        relations.push(("next", offset + limit));
    }
    relations.push(("last", last));
    let line = |(relation, start): &(&str, usize)| {
        let changes = [("sysparm_limit", limit.to_string()), ("sysparm_offset", start.to_string())];
        format!("<{}{}?{}>;rel=\"{relation}\"", ask.base, ask.path, ask.query.with(&changes))
    };
    relations.iter().map(line).collect::<Vec<_>>().join(",")
}

/// `GET /table/{table}/{sys_id}`
pub(super) fn get(instance: &Instance, ask: &Ask, name: &str, sys_id: &str) -> Reply {
    check_parameters(ask)?;
    let table = table_named(instance, name)?;
    answer(instance, ask, table, sys_id, 200)
}

fn answer(instance: &Instance, ask: &Ask, table: &'static Schema, sys_id: &str, status: u16) -> Reply {
    let row = instance.find(table.name, sys_id).filter(|row| instance.may_read(*row));
    let row = row.ok_or_else(error::no_record)?;
    let shown = View::of(ask)?.of_record(instance, as_table(row, table));
    if ask.header("x-no-response-body") == Some("true") && !matches!(ask.method.as_str(), "GET" | "HEAD") {
        return Ok(Answer::empty(status));
    }
    Ok(Answer::json(status, &body(ask, shown)))
}

/// Whoever wants the session's debug messages gets them beside the result.
fn body(ask: &Ask, result: Value) -> Value {
    if ask.header("x-wantsessiondebugmessages") == Some("true") {
        return json!({ "result": result, "session": { "debug_logs": [] } });
    }
    json!({ "result": result })
}

/// `POST /table/{table}`
pub(super) fn create(instance: &mut Instance, ask: &Ask, name: &str) -> Reply {
    check_parameters(ask)?;
    let table = table_named(instance, name)?;
    View::of(ask)?;
    if instance.habits.catalog_refuses_inserts && table.name.starts_with("sc_") && table.is_task() {
        return Err(error::refused("ACL Exception Insert Failed due to security constraints"));
    }
    let given = fields_of_body(instance, ask, table)?;
    let sys_id = instance.insert(table, given, &instance.author(ask.at))?;
    let location = format!("{}/api/now/table/{name}/{sys_id}", ask.base);
    Ok(answer(instance, ask, table, &sys_id, 201)?.header("location", &location))
}

/// `PATCH` and `PUT /table/{table}/{sys_id}`: both change what is named and leave the rest.
pub(super) fn update(instance: &mut Instance, ask: &Ask, name: &str, sys_id: &str) -> Reply {
    check_parameters(ask)?;
    let table = table_named(instance, name)?;
    View::of(ask)?;
    if !instance.find(table.name, sys_id).is_some_and(|row| instance.may_read(row)) {
        return Err(error::no_record());
    }
    append_only(table, "Update")?;
    let mut changes = fields_of_body(instance, ask, table)?;
    changes.retain(|field, _| !field.starts_with("sys_"));
    instance.update(table.name, sys_id, changes, &instance.author(ask.at))?;
    answer(instance, ask, table, sys_id, 200)
}

/// What was written in a journal stays.
fn append_only(table: &Schema, operation: &str) -> Result<(), Answer> {
    if table.name == "sys_journal_field" {
        let detail = format!("ACL Exception {operation} Failed due to security constraints");
        return Err(error::refused(&detail));
    }
    Ok(())
}

/// `DELETE /table/{table}/{sys_id}`
pub(super) fn delete(instance: &mut Instance, ask: &Ask, name: &str, sys_id: &str) -> Reply {
    check_parameters(ask)?;
    let table = table_named(instance, name)?;
    append_only(table, "Delete")?;
    instance.remove(table.name, sys_id, &instance.author(ask.at))?;
    Ok(Answer::empty(204))
}

/// The fields that a body sets. Names that the table does not have are ignored, as a real one does;
/// of an array only the first element counts.
fn fields_of_body(instance: &Instance, ask: &Ask, table: &Schema) -> Result<Record, Answer> {
    let Some(kind) = ask.header("content-type") else {
        return Err(error::envelope(400, "Content-Type is missing", None));
    };
    if !kind.starts_with("application/json") {
        return Err(error::envelope(
            415,
            "Unsupported Media Type",
            Some("Content-Type must be application/json"),
        ));
    }
    let body = match ask.json() {
        Some(Value::Array(all)) => all.into_iter().next(),
        other => other,
    };
    let Some(Value::Object(body)) = body else { return Err(error::bad_body()) };
    known_fields(instance, ask, table, body)
}

fn known_fields(
    instance: &Instance,
    ask: &Ask,
    table: &Schema,
    body: Map<String, Value>,
) -> Result<Record, Answer> {
    let mut given = Record::new();
    for (name, value) in body {
        let Some(kind) = table.kind(&name) else { continue };
        if named(&instance.habits.read_only_fields, table, &name) {
            continue;
        }
        let text = match value {
            Value::String(text) => text,
            Value::Null => String::new(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Array(_) | Value::Object(_) => {
                return Err(ask.not_modelled("a body member that is no plain value"));
            }
        };
        let text = if ask.query.is_true("sysparm_input_display_value") {
            from_display(instance, table, &name, kind, text)
        } else {
            text
        };
        let room = if name == "correlation_id" { CORRELATION_ID } else { usize::MAX };
        given.insert(name, text.chars().take(room).collect());
    }
    Ok(given)
}

/// With `sysparm_input_display_value=true` references come by name and choices by label.
fn from_display(instance: &Instance, table: &Schema, field: &str, kind: Kind, text: String) -> String {
    if let Kind::Reference(target) = kind {
        let shown = schema::find(target).map_or("name", |schema| schema.display);
        let named = instance.find_by(target, shown, &text);
        return named.map_or(text, |found| found.get("sys_id").to_owned());
    }
    let choice = instance.choices(table.name, field).iter().find(|(_, label)| *label == text);
    choice.map_or(text, |(value, _)| (*value).to_owned())
}
