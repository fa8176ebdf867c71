//! Rules and policies that an administrator has added.

use super::error;
use super::query::Query;
use super::rules;
use super::schema::Schema;
use super::store::{Found, Instance, Record};
use crate::http::Answer;

/// Whether what is about to be written may be.
pub(super) fn check(instance: &Instance, table: &'static Schema, new: &Record) -> Result<(), Answer> {
    let habits = &instance.habits;
    let row = Found { schema: table, record: new };
    let matches =
        |text: &str| Query::parse(instance, row, text).is_ok_and(|query| query.admits(instance, row));
    if habits.aborting_rules.get(table.name).is_some_and(|when| matches(when)) {
        return Err(rules::aborted(table.name, "Stop such records"));
    }
    let Some(policy) = habits.data_policies.get(table.name).filter(|policy| matches(&policy.when)) else {
        return Ok(());
    };
    let is_missing = |field: &&String| new.get(*field).is_none_or(String::is_empty);
    let missing: Vec<String> = policy.mandatory.iter().filter(is_missing).map(|field| label(field)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(error::mandatory(&missing.join(", ")))
}

/// `close_notes` is labelled "Close notes".
fn label(field: &str) -> String {
    let words = field.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
