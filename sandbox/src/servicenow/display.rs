//! How a record looks in the three display modes.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::journal;
use super::schema::Kind;
use super::store::{Found, Instance, Leaf};
use crate::http::{Answer, Ask};

/// `sysparm_display_value`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Value,
    Display,
    All,
}

/// How the caller wants records to look.
#[derive(Debug)]
pub(super) struct View<'a> {
    mode: Mode,
    links: bool,
    fields: Option<Vec<&'a str>>,
    base: &'a str,
}

impl<'a> View<'a> {
    pub(super) fn of(ask: &'a Ask) -> Result<Self, Answer> {
        let mode = ask.query.text("sysparm_display_value").map(str::to_ascii_lowercase);
        let mode = match mode.as_deref() {
            None | Some("false") => Mode::Value,
            Some("true") => Mode::Display,
            Some("all") => Mode::All,
            Some(_) => return Err(ask.not_modelled("this sysparm_display_value")),
        };
        let names = ask.query.text("sysparm_fields");
        let fields =
            names.map(|names| names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect());
        Ok(Self {
            mode,
            links: !ask.query.is_true("sysparm_exclude_reference_link"),
            fields,
            base: &ask.base,
        })
    }

    /// The record; names that the table does not have are left out. Through a base table only the base
    /// table's fields show.
    pub(super) fn of_record(&self, instance: &Instance, row: Found<'_>) -> Value {
        let mut shown = Map::new();
        let all = || row.schema.fields().map(|(name, _)| name).collect::<Vec<_>>();
        let names = self.fields.as_ref().map_or_else(|| Cow::Owned(all()), Cow::Borrowed);
        for name in names.iter() {
            if let Some(leaf) = instance.walk(row, name)
                && instance.may_read_field(leaf.schema, leaf.field)
            {
                shown.insert((*name).to_owned(), self.field(instance, leaf));
            }
        }
        Value::Object(shown)
    }

    fn field(&self, instance: &Instance, leaf: Leaf<'_, '_>) -> Value {
        let value = leaf.value();
        match leaf.kind {
            Kind::Reference(table) if !value.is_empty() => self.reference(instance, table, value),
            _ => match self.mode {
                Mode::Value => json!(if leaf.kind == Kind::Journal { "" } else { value }),
                Mode::Display => json!(label(instance, leaf)),
                Mode::All => json!({"display_value": label(instance, leaf), "value": value}),
            },
        }
    }

    fn reference(&self, instance: &Instance, table: &str, sys_id: &str) -> Value {
        let real = instance.find(table, sys_id).map_or(table, |found| found.schema.name);
        let link = format!("{}/api/now/table/{real}/{sys_id}", self.base);
        let display = || instance.display_of(table, sys_id);
        match (self.mode, self.links) {
            (Mode::Value, true) => json!({"link": link, "value": sys_id}),
            (Mode::Value, false) => json!(sys_id),
            (Mode::Display, true) => json!({"display_value": display(), "link": link}),
            (Mode::Display, false) => json!(display()),
            (Mode::All, true) => json!({"display_value": display(), "link": link, "value": sys_id}),
            (Mode::All, false) => json!({"display_value": display(), "value": sys_id}),
        }
    }
}

pub(super) fn label(instance: &Instance, leaf: Leaf<'_, '_>) -> String {
    if let (Kind::Journal, Some(record)) = (leaf.kind, leaf.record) {
        return journal::text(instance, record, leaf.field);
    }
    let value = leaf.value();
    let choice = instance.choices(leaf.schema.name, leaf.field).iter().find(|(known, _)| *known == value);
    choice.map_or(value, |(_, label)| label).to_owned()
}
