//! The rows, and reading and writing them with what a write sets off.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::access::Key;
use super::approvals::Asking;
use super::attachments::Files;
use super::later::Errand;
use super::oauth::OAuth;
use super::rate_rules::Counts;
use super::schema::{self, Kind, Schema};
use super::traffic::Traffic;
use super::{Habits, error, journal, push, roles, rules};
use crate::clock::servicenow_time;
use crate::http::Answer;
use crate::id::Ids;

/// A row: only fields that are not empty.
pub(crate) type Record = BTreeMap<String, String>;

/// The instance's state.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) ids: Ids,
    pub(crate) username: String,
    pub(crate) password: String,
    /// Who calls, by record and by name; between calls the integration user.
    pub(crate) user: String,
    pub(super) counts: Counts,
    pub(crate) traffic: Traffic,
    pub(super) user_name: String,
    pub(super) keys: Vec<Key>,
    pub(super) oauth: OAuth,
    pub(crate) habits: Habits,
    /// When the request came that is being answered.
    pub(super) now: DateTime<Utc>,
    /// The rule that pushes approved items, if there is one.
    pub(super) push: Option<push::Push>,
    /// Whom the flows of items ask, and are still to ask.
    pub(super) asking: HashMap<String, Asking>,
    /// What is to happen a moment later.
    pub(super) later: Vec<Errand>,
    tables: BTreeMap<&'static str, Table>,
    numbers: HashMap<&'static str, u64>,
    /// Journal rows by the record they belong to, oldest first.
    pub(super) journal: HashMap<String, Vec<String>>,
    pub(super) files: Files,
}

/// The rows of one table, in order of insertion.
#[derive(Debug, Default)]
struct Table {
    rows: BTreeMap<u64, Record>,
    by_id: BTreeMap<String, u64>,
    /// Rows by value, in small letters, for the fields that queries ask for equality.
    by_value: HashMap<(&'static str, String), BTreeSet<u64>>,
    next: u64,
}

/// Whether equality on a field is looked up instead of scanned for.
fn is_indexed(field: &str, kind: Kind) -> bool {
    matches!(kind, Kind::Reference(_))
        || matches!(field, "number" | "user_name" | "element_id" | "correlation_id")
}

/// Who writes, and when.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    pub(crate) user_name: String,
    pub(crate) at: DateTime<Utc>,
}

/// A record with the table it is really in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) schema: &'static Schema,
    pub(crate) record: &'a Record,
}

impl Instance {
    pub(crate) fn new(seed: u64) -> Self {
        let mut ids = Ids::new(seed, "servicenow");
        Self {
            username: "lifecycle.integration".to_owned(),
            password: ids.base62(24),
            ids,
            user: String::new(),
            counts: Counts::default(),
            traffic: Traffic::default(),
            user_name: "lifecycle.integration".to_owned(),
            keys: Vec::new(),
            oauth: OAuth::default(),
            habits: Habits::default(),
            now: DateTime::UNIX_EPOCH,
            push: None,
            asking: HashMap::new(),
            later: Vec::new(),
            tables: schema::TABLES.iter().map(|table| (table.name, Table::default())).collect(),
            numbers: HashMap::new(),
            journal: HashMap::new(),
            files: Files::default(),
        }
    }

    pub(crate) fn author(&self, at: DateTime<Utc>) -> Author {
        Author { user_name: self.user_name.clone(), at }
    }

    /// All rows of a table, with those of the tables that extend it.
    pub(crate) fn rows(&self, table: &str) -> impl Iterator<Item = Found<'_>> {
        schema::family(table).flat_map(|schema| {
            let rows = self.tables.get(schema.name).into_iter().flat_map(|table| table.rows.values());
            rows.map(move |record| Found { schema, record })
        })
    }

    /// The rows of a table whose sys_id is after and before these, in its order. Only counting and cutting them costs
    /// anything, so that tables may be large.
    pub(super) fn rows_between(
        &self,
        table: &str,
        after: Option<&str>,
        before: Option<&str>,
    ) -> Vec<Found<'_>> {
        let range = (
            after.map_or(Bound::Unbounded, Bound::Excluded),
            before.map_or(Bound::Unbounded, Bound::Excluded),
        );
        if after.zip(before).is_some_and(|(after, before)| after >= before) {
            return Vec::new();
        }
        let mut families = 0;
        let mut rows: Vec<Found<'_>> = Vec::new();
        for schema in schema::family(table) {
            let Some(table) = self.tables.get(schema.name) else { continue };
            families += 1;
            let keys = table.by_id.range::<str, _>(range);
            rows.extend(keys.filter_map(|(_, key)| Some(Found { schema, record: table.rows.get(key)? })));
        }
        if families > 1 {
            rows.sort_by_key(|row| row.get("sys_id"));
        }
        rows
    }

    pub(crate) fn find(&self, table: &str, sys_id: &str) -> Option<Found<'_>> {
        schema::family(table).find_map(|schema| {
            let table = self.tables.get(schema.name)?;
            let record = table.rows.get(table.by_id.get(sys_id)?)?;
            Some(Found { schema, record })
        })
    }

    /// The first row with this value.
    pub(crate) fn find_by(&self, table: &str, field: &str, value: &str) -> Option<Found<'_>> {
        match self.rows_with(table, field, value) {
            Some(rows) => rows.into_iter().find(|found| found.get(field) == value),
            None => self.rows(table).find(|found| found.get(field) == value),
        }
    }

    /// The rows with this value, whatever its case; `None` if only a scan can tell.
    pub(super) fn rows_with(&self, table: &str, field: &str, value: &str) -> Option<Vec<Found<'_>>> {
        let (field, _) =
            schema::find(table)?.fields().find(|(name, kind)| *name == field && is_indexed(name, *kind))?;
        if value.is_empty() {
            return None;
        }
        let key = (field, value.to_lowercase());
        let found = schema::family(table).flat_map(|schema| {
            let table = self.tables.get(schema.name);
            let keys = table.and_then(|table| table.by_value.get(&key)).into_iter().flatten();
            keys.filter_map(move |key| Some(Found { schema, record: table?.rows.get(key)? }))
        });
        Some(found.collect())
    }

    /// Follows a dotted path. `None`: there is no such field. A leaf without a record: a reference on
    /// the way is empty or leads nowhere.
    pub(super) fn walk<'a, 'p>(&'a self, from: Found<'a>, path: &'p str) -> Option<Leaf<'a, 'p>> {
        let (mut schema, mut record, mut rest) = (from.schema, Some(from.record), path);
        while let Some((field, tail)) = rest.split_once('.') {
            let Some(Kind::Reference(target)) = schema.kind(field) else { return None };
            let next = record.and_then(|record| self.find(target, record.get(field)?));
            schema = schema::find(target)?;
            record = next.map(|found| found.record);
            rest = tail;
        }
        let kind = schema.kind(rest)?;
        Some(Leaf { schema, record, field: rest, kind })
    }

    /// What stands for a record where it is referenced.
    pub(crate) fn display_of(&self, table: &str, sys_id: &str) -> String {
        self.find(table, sys_id).map_or_else(String::new, |found| {
            let field = found.schema.display;
            match found.schema.kind(field) {
                Some(Kind::Reference(target)) => self.display_of(target, found.get(field)),
                _ => found.get(field).to_owned(),
            }
        })
    }

    /// Inserts a row with its defaults and stamps, and what that sets off. Journal text in it becomes journal rows.
    pub(crate) fn insert(
        &mut self,
        table: &'static Schema,
        given: Record,
        author: &Author,
    ) -> Result<String, Answer> {
        let sys_id = self.put_in(table, given, author)?;
        if let Some(row) = self.find(table.name, &sys_id).map(|found| found.record.clone()) {
            roles::changed(self, table, &row, author);
            push::note(self, table, None, &row);
        }
        Ok(sys_id)
    }

    /// Inserts a row, and sets nothing off.
    pub(super) fn put_in(
        &mut self,
        table: &'static Schema,
        given: Record,
        author: &Author,
    ) -> Result<String, Answer> {
        let sys_id = self.new_sys_id(table, &given)?;
        let mut record: Record = given;
        let notes = journal::take(table, &mut record);
        record.insert("sys_id".to_owned(), sys_id.clone());
        rules::before_insert(self, table, &mut record, author)?;
        stamp_new(&mut record, author);
        record.retain(|_, value| !value.is_empty());
        self.tables.entry(table.name).or_default().put(table, record);
        journal::append(self, table, &sys_id, notes, author);
        Ok(sys_id)
    }

    /// The sender's own sys_id if it looks like one, else a new one.
    fn new_sys_id(&mut self, table: &Schema, given: &Record) -> Result<String, Answer> {
        let may_choose = !self.habits.admin_only_sys_fields;
        let is_id = |id: &&String| id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit());
        let wanted = given.get("sys_id").filter(|id| may_choose && is_id(id));
        let Some(wanted) = wanted else { return Ok(self.ids.hex(32)) };
        if self.find(table.name, wanted).is_some() {
            let detail = format!(
                "Unique Key violation detected by database (Duplicate entry '{wanted}' for key 'PRIMARY')"
            );
            return Err(error::refused(&detail));
        }
        Ok(wanted.clone())
    }

    /// Changes a row. A change that changes nothing is none; a journal entry is one.
    pub(crate) fn update(
        &mut self,
        table: &str,
        sys_id: &str,
        changes: Record,
        author: &Author,
    ) -> Result<(), Answer> {
        let Some(found) = self.find(table, sys_id) else { return Err(error::no_record()) };
        let (schema, old) = (found.schema, found.record.clone());
        let mut new = old.clone();
        new.extend(changes);
        let notes = journal::take(schema, &mut new);
        new.insert("sys_id".to_owned(), sys_id.to_owned());
        rules::before_update(self, schema, &old, &mut new, author)?;
        new.retain(|_, value| !value.is_empty());
        if new == old && notes.is_empty() {
            return Ok(());
        }
        stamp_changed(&mut new, author);
        self.tables.entry(schema.name).or_default().put(schema, new.clone());
        journal::append(self, schema, sys_id, notes, author);
        push::note(self, schema, Some(&old), &new);
        rules::after_update(self, schema, &old, &new, author)
    }

    pub(crate) fn remove(&mut self, table: &str, sys_id: &str, author: &Author) -> Result<(), Answer> {
        let found = self.find(table, sys_id).ok_or_else(error::no_record)?;
        let (schema, row) = (found.schema, found.record.clone());
        self.take_out(schema, sys_id);
        roles::changed(self, schema, &row, author);
        Ok(())
    }

    /// Deletes a row, and sets nothing off.
    pub(super) fn take_out(&mut self, schema: &'static Schema, sys_id: &str) {
        if let Some(table) = self.tables.get_mut(schema.name) {
            table.remove(schema, sys_id);
        }
    }

    /// The next number of a table: `RITM0010001`, …
    pub(super) fn next_number(&mut self, prefix: &'static str) -> String {
        let number = self.numbers.entry(prefix).or_insert(10_000);
        *number += 1;
        format!("{prefix}{number:07}")
    }

    /// Every row of every table, as plain text. Passwords are not kept, so none can be in it.
    pub(crate) fn state(&self) -> Value {
        let tables = self.tables.iter().filter_map(|(name, table)| {
            let schema = schema::find(name)?;
            let rows = table.rows.values().map(|record| plain(schema, record)).collect();
            Some(((*name).to_owned(), Value::Array(rows)))
        });
        Value::Object(tables.collect())
    }
}

impl Table {
    fn put(&mut self, schema: &'static Schema, record: Record) {
        let sys_id = record.get("sys_id").cloned().unwrap_or_default();
        let next = self.next + 1;
        let key = *self.by_id.entry(sys_id).or_insert(next);
        self.next = self.next.max(key);
        self.unindex(schema, key);
        for place in indexed(schema, &record) {
            self.by_value.entry(place).or_default().insert(key);
        }
        self.rows.insert(key, record);
    }

    fn remove(&mut self, schema: &'static Schema, sys_id: &str) {
        if let Some(key) = self.by_id.remove(sys_id) {
            self.unindex(schema, key);
            self.rows.remove(&key);
        }
    }

    fn unindex(&mut self, schema: &'static Schema, key: u64) {
        let Some(old) = self.rows.get(&key) else { return };
        for place in indexed(schema, old) {
            if let Some(keys) = self.by_value.get_mut(&place) {
                keys.remove(&key);
            }
        }
    }
}

/// Where a row stands in the index.
fn indexed(schema: &'static Schema, record: &Record) -> Vec<(&'static str, String)> {
    let fields = schema.fields().filter(|(name, kind)| is_indexed(name, *kind));
    fields.filter_map(|(name, _)| Some((name, record.get(name)?.to_lowercase()))).collect()
}

impl<'a> Found<'a> {
    pub(crate) fn get(self, field: &str) -> &'a str {
        self.record.get(field).map_or("", String::as_str)
    }
}

/// Where a dotted path ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf<'a, 'p> {
    pub(super) schema: &'static Schema,
    pub(super) record: Option<&'a Record>,
    pub(super) field: &'p str,
    pub(super) kind: Kind,
}

impl<'a> Leaf<'a, '_> {
    /// The stored text. A boolean that nobody has set is false.
    pub(super) fn value(&self) -> &'a str {
        let Some(record) = self.record else { return "" };
        let unset = if self.kind == Kind::Boolean { "false" } else { "" };
        record.get(self.field).map_or(unset, String::as_str)
    }
}

fn plain(schema: &'static Schema, record: &Record) -> Value {
    let record = Some(record);
    let value = |field, kind| Leaf { schema, record, field, kind }.value().to_owned();
    let fields = schema.fields().map(|(name, kind)| (name.to_owned(), Value::String(value(name, kind))));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn stamp_new(record: &mut Record, author: &Author) {
    let now = servicenow_time(author.at);
    for (field, value) in [
        ("sys_created_on", &now),
        ("sys_created_by", &author.user_name),
        ("sys_updated_on", &now),
        ("sys_updated_by", &author.user_name),
        ("sys_mod_count", &"0".to_owned()),
    ] {
        record.insert(field.to_owned(), value.clone());
    }
}

fn stamp_changed(record: &mut Record, author: &Author) {
    let count = record.get("sys_mod_count").and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
    record.insert("sys_mod_count".to_owned(), (count + 1).to_string());
    record.insert("sys_updated_on".to_owned(), servicenow_time(author.at));
    record.insert("sys_updated_by".to_owned(), author.user_name.clone());
}

/// A record from pairs.
pub(crate) fn record<const N: usize>(pairs: [(&str, &str); N]) -> Record {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
