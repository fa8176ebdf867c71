//! What the instance tells of itself: tables, columns and choices, as far as plugins and release have them.

use super::Habits;
use super::schema::{self, Choice, Kind, OLD_CLOSE_CODES, Schema, TABLES};
use super::store::{Found, Instance, Record, record};

/// Fields that a dictionary entry makes mandatory.
const MANDATORY: [(&str, &str); 7] = [
    ("sys_user_group", "name"),
    ("sys_user_grmember", "user"),
    ("sys_user_grmember", "group"),
    ("sys_user_has_role", "user"),
    ("sys_user_has_role", "role"),
    ("sys_user_role", "name"),
    ("item_option_new", "name"),
];

impl Instance {
    /// A table, if the plugin that it belongs to is installed.
    pub(super) fn table(&self, name: &str) -> Option<&'static Schema> {
        schema::find(name).filter(|table| self.habits.has_table(table.name))
    }

    /// The choices of a field, as this release has them.
    pub(super) fn choices(&self, table: &str, field: &str) -> &'static [Choice] {
        match (table, field) {
            ("incident", "close_code") if self.habits.old_close_codes => OLD_CLOSE_CODES,
            _ => schema::choices(table, field),
        }
    }
}

impl Habits {
    fn has_table(&self, name: &str) -> bool {
        self.security_incident_response || !schema::is_security(name)
    }

    /// Whether a row that describes the instance describes this one.
    pub(super) fn have(&self, row: Found<'_>) -> bool {
        match row.schema.name {
            "sys_db_object" | "sys_dictionary" => self.has_table(row.get("name")),
            "sys_choice" => self.has_table(row.get("name")) && self.has_choice(row),
            _ => true,
        }
    }

    fn has_choice(&self, row: Found<'_>) -> bool {
        if (row.get("name"), row.get("element")) != ("incident", "close_code") {
            return true;
        }
        let in_list = |list: &[Choice]| list.iter().any(|(value, _)| *value == row.get("value"));
        let other =
            if self.old_close_codes { schema::choices("incident", "close_code") } else { OLD_CLOSE_CODES };
        !in_list(other)
    }
}

/// The rows of `sys_db_object`, base tables first, without their `super_class`.
pub(crate) fn tables() -> impl Iterator<Item = (&'static Schema, Record)> {
    TABLES.iter().map(|table| {
        let extendable = if table.name == "task" { "true" } else { "false" };
        let row = [("name", table.name), ("label", &label(table.name)), ("is_extendable", extendable)];
        (table, record(row))
    })
}

/// The rows of `sys_dictionary`: for each table itself, and for each field that it does not inherit.
pub(crate) fn columns() -> impl Iterator<Item = Record> {
    TABLES.iter().flat_map(|table| {
        let itself = record([("name", table.name), ("internal_type", "collection"), ("active", "true")]);
        let fields = table.own_fields().map(|(field, kind)| column(table, field, kind));
        std::iter::once(itself).chain(fields)
    })
}

fn column(table: &Schema, field: &str, kind: Kind) -> Record {
    let (internal_type, length) = match kind {
        Kind::Text if field == "sys_id" => ("GUID", "32"),
        Kind::Text => ("string", length(field)),
        Kind::Integer => ("integer", "40"),
        Kind::Boolean => ("boolean", "40"),
        Kind::DateTime => ("glide_date_time", "40"),
        Kind::Duration => ("glide_duration", "40"),
        Kind::Price => ("price", "20"),
        Kind::Reference(_) => ("reference", "32"),
        Kind::Journal => ("journal_input", "4000"),
        Kind::List => ("glide_list", "4000"),
    };
    let reference = if let Kind::Reference(target) = kind { target } else { "" };
    let flag = |on: bool| if on { "true" } else { "false" };
    let mut row = record([
        ("name", table.name),
        ("element", field),
        ("column_label", &label(field)),
        ("internal_type", internal_type),
        ("max_length", length),
        ("reference", reference),
        ("mandatory", flag(MANDATORY.contains(&(table.name, field)))),
        ("display", flag(table.display == field)),
    ]);
    let choice = if schema::choices(table.name, field).is_empty() { "0" } else { "3" };
    row.extend(record([("active", "true"), ("choice", choice)]));
    row
}

fn length(field: &str) -> &'static str {
    match field {
        "short_description" => "160",
        "description" | "close_notes" | "value" => "4000",
        "correlation_id" | "correlation_display" | "name" | "email" => "100",
        _ => "40",
    }
}

/// `caller_id` is the Caller id.
fn label(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
