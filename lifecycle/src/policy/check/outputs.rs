//! What is checked about lookup tables, about what rules set, and until when rules are good.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;
use serde_spanned::Spanned;

use super::{Checker, unknown};
use crate::policy::SetValue;
use crate::policy::file::{self, File};
use crate::policy::lookup::{Lookup, Lookups};
use crate::policy::person::{AttributeType, Schema};

const SHAPE: &str = "must be a text, or { lookup = \"a table\", by = \"an attribute\" }";

impl Checker<'_> {
    pub(super) fn lookups(&mut self, file: &File) -> Lookups {
        for (name, _) in file.lookups.iter().filter(|(_, entries)| entries.is_empty()) {
            self.problem(
                name,
                format!("[lookups] {:?} is empty; add what it knows, as in DE = \"emea\"", name.get_ref()),
            );
        }
        let line = |name: &Spanned<String>| self.source.position(name.span().start).0;
        let lookup = |(name, entries): &(Spanned<String>, BTreeMap<String, String>)| {
            (name.get_ref().clone(), Lookup { line: line(name), entries: entries.clone() })
        };
        file.lookups.iter().map(lookup).collect()
    }

    pub(super) fn set(
        &mut self,
        rule: &file::Rule,
        schema: &Schema,
        lookups: &Lookups,
    ) -> Vec<(String, SetValue)> {
        if let (true, Some(priority)) = (rule.set.is_empty(), &rule.priority) {
            let message = "`priority` chooses between rules that `set` the same; this one sets nothing";
            self.problem(priority, format!("rule {:?}: {message}", rule.id.get_ref()));
        }
        let mut set = Vec::new();
        for (name, value) in &rule.set {
            let whose = format!("rule {:?} sets {:?}", rule.id.get_ref(), name.get_ref());
            if let Some(value) = self.set_value(&whose, value, schema, lookups) {
                set.push((name.get_ref().clone(), value));
            }
        }
        set
    }

    fn set_value(
        &mut self,
        whose: &str,
        written: &Spanned<Value>,
        schema: &Schema,
        lookups: &Lookups,
    ) -> Option<SetValue> {
        let (table, attribute) = match written.get_ref() {
            Value::String(text) if !text.trim().is_empty() => return Some(SetValue::Text(text.clone())),
            Value::Object(fields) if fields.len() == 2 => {
                (fields.get("lookup").and_then(Value::as_str), fields.get("by").and_then(Value::as_str))
            }
            _ => (None, None),
        };
        let (Some(table), Some(attribute)) = (table, attribute) else {
            self.problem(written, format!("{whose}: this {SHAPE}"));
            return None;
        };
        let mut complain = |message: String| self.problem(written, format!("{whose}: {message}"));
        if lookups.get(table).is_none() {
            complain(unknown("table", table, lookups.iter().map(|(name, _)| name)));
        }
        match schema.holds(attribute) {
            None => complain(unknown("attribute", attribute, schema.names())),
            Some(AttributeType::String) => {}
            Some(other) => {
                complain(format!("{attribute:?} is {}; a table is asked with a string", other.name()));
            }
        }
        Some(SetValue::Lookup { table: table.to_owned(), attribute: attribute.to_owned() })
    }

    pub(super) fn review_by(&mut self, rule: &file::Rule) -> Option<NaiveDate> {
        let written = rule.review_by.as_ref()?;
        let date = match written.get_ref() {
            toml::value::Datetime { date: Some(date), time: None, offset: None } => {
                NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
            }
            _ => None,
        };
        if date.is_none() {
            let message = "`review_by` must be a date, as in 2027-01-31";
            self.problem(written, format!("rule {:?}: {message}", rule.id.get_ref()));
        }
        date
    }
}
