//! The file as it is written: every value with its place.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::unknown;
use super::error::Problem;
use super::person::AttributeType;
use super::{Risk, Severity};

/// A table whose order matters: the file's.
pub(super) type Entries<T> = Vec<(Spanned<String>, T)>;

#[derive(Default)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) account: Option<Account>,
    pub(super) defaults: Entries<Spanned<Value>>,
    pub(super) attributes: Entries<AttributeType>,
    pub(super) lookups: Entries<BTreeMap<String, String>>,
    pub(super) targets: Entries<Target>,
    pub(super) rules: Vec<Rule>,
    pub(super) sod: Vec<Separation>,
    pub(super) tests: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Account {
    pub(super) login: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Target {
    pub(super) okta_group: Option<Spanned<String>>,
    pub(super) okta_app: Option<Spanned<String>>,
    pub(super) servicenow_group: Option<Spanned<String>>,
    pub(super) servicenow_role: Option<Spanned<String>>,
    pub(super) name: Option<Spanned<String>>,
    pub(super) profile: Option<Spanned<BTreeMap<String, Value>>>,
    #[serde(default)]
    pub(super) risk: Risk,
    pub(super) max_duration: Option<Spanned<String>>,
    pub(super) grace_working_days: Option<u32>,
    pub(super) birthright: Option<Spanned<bool>>,
    pub(super) approvers: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) approvals: Option<Spanned<u32>>,
    pub(super) review: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Separation {
    pub(super) id: Spanned<String>,
    pub(super) conflict: Spanned<Vec<Spanned<Vec<Spanned<String>>>>>,
    pub(super) severity: Severity,
    pub(super) why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Rule {
    pub(super) id: Spanned<String>,
    pub(super) when: Spanned<String>,
    #[serde(default)]
    pub(super) grant: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) deny: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) set: BTreeMap<Spanned<String>, Spanned<Value>>,
    pub(super) priority: Option<Spanned<i64>>,
    pub(super) review_by: Option<Spanned<toml::value::Datetime>>,
    pub(super) why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Test {
    pub(super) name: Spanned<String>,
    pub(super) user: BTreeMap<Spanned<String>, Spanned<Value>>,
    pub(super) expect: Spanned<Expect>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Expect {
    pub(super) exactly: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) at_least: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) absent: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) eligible: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) set: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// A text and its name, to tell people where something stands.
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// Line and column of a byte, both counted from 1.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    pub(super) fn problem(&self, offset: usize, message: impl Into<String>) -> Problem {
        let position = Some(self.position(offset));
        Problem { file: self.file.to_owned(), position, message: message.into() }
    }

    /// Where a string's content begins: behind the quotes. For a string with escapes, its start.
    fn content_start(&self, string: &Spanned<String>) -> usize {
        let span = string.span();
        let raw = self.text.get(span.clone()).unwrap_or_default();
        span.start + raw.find(string.get_ref().as_str()).unwrap_or(0)
    }

    /// Where in the file a byte of a string's content stands, or the string's start if it has escapes.
    pub(super) fn inside(&self, string: &Spanned<String>, byte: usize) -> usize {
        let start = self.content_start(string);
        if start == string.span().start { start } else { start + byte }
    }
}

/// Reads a file's shape. If that is wrong anywhere, every place where it is gets told.
pub(super) fn read(source: &Source<'_>) -> Result<File, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(source.text);
    // Only the first: after a bracket that is missing, the rest is noise.
    if let Some(error) = errors.iter().min_by_key(|error| error.span().map(|span| span.start)) {
        return Err(vec![toml_problem(source, error)]);
    }
    let table = table.into_inner();
    check_version(source, &table).map_err(|problem| vec![problem])?;

    let mut reader = Reader { source, problems: Vec::new() };
    let file = reader.file(table);
    if reader.problems.is_empty() { Ok(file) } else { Err(reader.problems) }
}

/// Comes before everything else: a file of another version may have another shape.
fn check_version(source: &Source<'_>, table: &DeTable<'_>) -> Result<(), Problem> {
    let Some((_, version)) = table.iter().find(|(key, _)| key.get_ref() == "version") else {
        return Err(source.problem(0, "the key `version` is missing; write version = 1"));
    };
    match version.get_ref() {
        DeValue::Integer(number) if number.as_str() == "1" => Ok(()),
        _ => Err(source.problem(version.span().start, "this release reads version = 1 only")),
    }
}

fn toml_problem(source: &Source<'_>, error: &toml::de::Error) -> Problem {
    let offset = error.span().map_or(source.text.len(), |span| span.start);
    source.problem(offset, error.message().trim_end())
}

struct Reader<'a> {
    source: &'a Source<'a>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn file(&mut self, table: DeTable<'_>) -> File {
        let mut file = File::default();
        let (mut name, mut owner) = (None, None);
        for (key, value) in in_file_order(table) {
            match key.get_ref().as_str() {
                "version" => {}
                "name" => name = Some(self.text(value)),
                "owner" => owner = Some(self.text(value)),
                "account" => file.account = self.value(value),
                "defaults" => file.defaults = self.entries(value),
                "attributes" => file.attributes = self.entries(value),
                "lookups" => file.lookups = self.entries(value),
                "targets" => file.targets = self.entries(value),
                "rules" => file.rules = self.list(value),
                "sod" => file.sod = self.list(value),
                "tests" => file.tests = self.list(value),
                other => self.problem(key.span().start, unknown("key", other, KEYS.into_iter())),
            }
        }
        file.name = self.required("name", name);
        file.owner = self.required("owner", owner);
        file
    }

    fn value<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'_>>) -> Option<T> {
        let start = value.span().start;
        match T::deserialize(toml::de::ValueDeserializer::from(value)) {
            Ok(value) => Some(value),
            Err(error) => {
                let offset = error.span().map_or(start, |span| span.start);
                self.problem(offset, error.message().trim_end());
                None
            }
        }
    }

    fn entries<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'_>>) -> Entries<T> {
        let start = value.span().start;
        let DeValue::Table(table) = value.into_inner() else {
            self.problem(start, "this must be a table");
            return Vec::new();
        };
        let entries = in_file_order(table).into_iter();
        entries.filter_map(|(key, value)| Some((key, self.value(value)?))).collect()
    }

    fn list<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'_>>) -> Vec<T> {
        let start = value.span().start;
        let DeValue::Array(array) = value.into_inner() else {
            self.problem(start, "this must be a list of tables, each under [[…]]");
            return Vec::new();
        };
        array.into_iter().filter_map(|value| self.value(value)).collect()
    }

    fn text(&mut self, value: Spanned<DeValue<'_>>) -> String {
        let start = value.span().start;
        let text: Option<String> = self.value(value);
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            self.problem(start, "this must not be blank");
        }
        text.unwrap_or_default()
    }

    fn required(&mut self, key: &str, value: Option<String>) -> String {
        value.unwrap_or_else(|| {
            self.problem(0, format!("the key `{key}` is missing; write {key} = \"…\""));
            String::new()
        })
    }

    fn problem(&mut self, offset: usize, message: impl Into<String>) {
        self.problems.push(self.source.problem(offset, message));
    }
}

const KEYS: [&str; 11] = [
    "version",
    "name",
    "owner",
    "account",
    "defaults",
    "attributes",
    "lookups",
    "targets",
    "rules",
    "sod",
    "tests",
];

fn in_file_order(table: DeTable<'_>) -> Entries<Spanned<DeValue<'_>>> {
    let owned =
        |key: Spanned<std::borrow::Cow<'_, str>>| Spanned::new(key.span(), key.into_inner().into_owned());
    let mut entries: Vec<_> = table.into_iter().map(|(key, value)| (owned(key), value)).collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}
