//! One condition: its operators, and whether a row keeps it.

use std::cmp::Ordering;

use super::dates::{Gap, Relative};
use super::related::Related;
use crate::servicenow::schema::{self, Kind, Schema};
use crate::servicenow::store::{Found, Instance};

/// The dynamic filter "me" of the base system.
const ME: &str = "90d1921e5f510100a9ad2572f2b477fe";

/// Operators by their text; the longer of two with one beginning stands first.
const OPERATORS: &[(&str, Op)] = &[
    ("NOT IN", Op::NotIn),
    ("NOT LIKE", Op::NotLike),
    ("NOTLIKE", Op::NotLike),
    ("STARTSWITH", Op::StartsWith),
    ("ENDSWITH", Op::EndsWith),
    ("ISNOTEMPTY", Op::IsNotEmpty),
    ("ISEMPTY", Op::IsEmpty),
    ("EMPTYSTRING", Op::EmptyString),
    ("ANYTHING", Op::Anything),
    ("BETWEEN", Op::Between),
    ("INSTANCEOF", Op::InstanceOf),
    ("IN_HIERARCHY", Op::InHierarchy),
    ("IN", Op::In),
    ("LIKE", Op::Like),
    ("!=", Op::NotEqual),
    ("<=", Op::LessOrEqual),
    (">=", Op::GreaterOrEqual),
    ("=", Op::Equal),
    ("<", Op::Less),
    (">", Op::Greater),
    ("!*", Op::NotLike),
    ("*", Op::Like),
    ("%", Op::EndsWith),
    ("SAMEAS", Op::SameAs),
    ("NSAMEAS", Op::NotSameAs),
    ("GT_FIELD", Op::GreaterField),
    ("LT_FIELD", Op::LessField),
    ("GT_OR_EQUALS_FIELD", Op::GreaterOrEqualField),
    ("LT_OR_EQUALS_FIELD", Op::LessOrEqualField),
    ("RELATIVE", Op::Relative),
    ("MORETHAN", Op::MoreThan),
    ("LESSTHAN", Op::LessThan),
    ("DYNAMIC", Op::Dynamic),
    ("ON", Op::NotModelled),
    ("NOTON", Op::NotModelled),
    ("DATEPART", Op::NotModelled),
    ("DOESNOTHAVE", Op::NotModelled),
    ("EXCLUDING", Op::NotModelled),
    ("VALCHANGES", Op::NotModelled),
    ("CHANGES", Op::NotModelled),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    NotEqual,
    In,
    NotIn,
    Like,
    NotLike,
    StartsWith,
    EndsWith,
    IsEmpty,
    IsNotEmpty,
    EmptyString,
    Anything,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Between,
    SameAs,
    NotSameAs,
    GreaterField,
    LessField,
    GreaterOrEqualField,
    LessOrEqualField,
    Relative,
    MoreThan,
    LessThan,
    Dynamic,
    InstanceOf,
    InHierarchy,
    /// Not about a field of the record: a tag, words in any text, records that point here.
    Tag,
    Words,
    Related,
    NotModelled,
}

impl Op {
    /// Whether the right to match is enough for it.
    fn matches(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::In
                | Self::NotIn
                | Self::SameAs
                | Self::NotSameAs
                | Self::Anything
                | Self::EmptyString
                | Self::IsEmpty
                | Self::IsNotEmpty
        )
    }

    fn compares_fields(self) -> bool {
        matches!(
            self,
            Self::SameAs
                | Self::NotSameAs
                | Self::GreaterField
                | Self::LessField
                | Self::GreaterOrEqualField
                | Self::LessOrEqualField
        )
    }
}

#[derive(Debug)]
pub(super) struct Condition {
    pub(super) field: String,
    pub(super) op: Op,
    pub(super) value: String,
    related: Option<Box<Related>>,
}

impl Condition {
    /// `None`: the condition makes no sense on this table, so it is dropped.
    pub(super) fn parse(instance: &Instance, table: Found<'_>, text: &str) -> Result<Option<Self>, String> {
        if let Some(words) = text.strip_prefix("123TEXTQUERY321=") {
            return Ok(Some(Self::new("", Op::Words, words)));
        }
        if let Some((tag, value)) = text.strip_prefix("sys_tags.").and_then(|rest| rest.split_once('=')) {
            return Ok((tag == value).then(|| Self::new("", Op::Tag, tag)));
        }
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
        let (field, rest) = text.split_at(text.find(|c| !is_name(c)).unwrap_or(text.len()));
        if field.is_empty() || instance.walk(table, field).is_none() {
            return Ok(None);
        }
        let operator = OPERATORS.iter().find(|(name, _)| rest.starts_with(name));
        let Some((name, op)) = operator else { return Ok(None) };
        if *op == Op::NotModelled {
            return Err(format!("the query operator {name}"));
        }
        let value = scripted(instance, *op, &rest[name.len()..])?;
        if op.compares_fields() && value.contains('@') {
            return Err(format!("the query operator {name} by the day"));
        }
        let condition = Self::new(field, *op, &value);
        Ok(condition.makes_sense(instance, table).then_some(condition))
    }

    fn new(field: &str, op: Op, value: &str) -> Self {
        Self { field: field.to_owned(), op, value: value.to_owned(), related: None }
    }

    pub(super) fn related(related: Related) -> Self {
        Self { related: Some(Box::new(related)), ..Self::new("", Op::Related, "") }
    }

    /// Whether what stands behind the operator is of the kind that it wants.
    fn makes_sense(&self, instance: &Instance, table: Found<'_>) -> bool {
        let is_field = |name: &str| instance.walk(table, name).is_some();
        match self.op {
            op if op.compares_fields() => is_field(&self.value),
            Op::Relative => Relative::parse(&self.value).is_some(),
            Op::MoreThan | Op::LessThan => Gap::parse(&self.value).is_some_and(|gap| is_field(gap.field)),
            Op::Dynamic => self.value == ME,
            Op::InHierarchy => self.value.contains('@'),
            _ => true,
        }
    }

    pub(super) fn permitted(&self, instance: &Instance, table: Found<'_>) -> bool {
        let Some(leaf) = instance.walk(table, &self.field) else { return true };
        let habits = &instance.habits;
        if self.op.matches() {
            !habits.may_not_match(leaf.schema, leaf.field)
        } else {
            !habits.may_not_range(leaf.schema, leaf.field)
        }
    }

    pub(super) fn holds(&self, instance: &Instance, row: Found<'_>) -> bool {
        match self.op {
            Op::Tag => row.get("sys_tags").split(',').any(|tag| tag == self.value),
            Op::Words => self.value.split_whitespace().all(|word| has_word(row, word)),
            Op::Related => self.related.as_ref().is_some_and(|related| related.holds(instance, row)),
            _ => self.holds_of_field(instance, row),
        }
    }

    fn holds_of_field(&self, instance: &Instance, row: Found<'_>) -> bool {
        let Some(leaf) = instance.walk(row, &self.field) else { return false };
        let value = leaf.value();
        let order = |wanted: &str| compare(leaf.kind, value, wanted);
        let text = || shown(instance, leaf.kind, value).to_lowercase();
        let wanted = || self.value.to_lowercase();
        let other = || instance.walk(row, &self.value).map_or("", |leaf| leaf.value());
        let is_set = !value.is_empty();
        match self.op {
            Op::Equal => same(value, &self.value),
            Op::NotEqual => !same(value, &self.value),
            Op::In => self.value.split(',').any(|one| same(value, one)),
            Op::NotIn => !self.value.split(',').any(|one| same(value, one)),
            Op::Like => text().contains(&wanted()),
            Op::NotLike => !text().contains(&wanted()),
            Op::StartsWith => text().starts_with(&wanted()),
            Op::EndsWith => text().ends_with(&wanted()),
            Op::IsEmpty | Op::EmptyString => !is_set,
            Op::IsNotEmpty => is_set,
            Op::Less => is_set && order(&self.value).is_lt(),
            Op::LessOrEqual => is_set && order(&self.value).is_le(),
            Op::Greater => is_set && order(&self.value).is_gt(),
            Op::GreaterOrEqual => is_set && order(&self.value).is_ge(),
            Op::Between => {
                let (low, high) = self.value.split_once('@').unwrap_or((&self.value, ""));
                is_set && order(low).is_ge() && order(high).is_le()
            }
            Op::SameAs => same(value, other()),
            Op::NotSameAs => !same(value, other()),
            Op::GreaterField => numbers(value, other()).is_some_and(Ordering::is_gt),
            Op::LessField => numbers(value, other()).is_some_and(Ordering::is_lt),
            Op::GreaterOrEqualField => numbers(value, other()).is_some_and(Ordering::is_ge),
            Op::LessOrEqualField => numbers(value, other()).is_some_and(Ordering::is_le),
            Op::Relative => {
                Relative::parse(&self.value).is_some_and(|relative| relative.holds(value, instance.now))
            }
            Op::MoreThan | Op::LessThan => Gap::parse(&self.value).is_some_and(|gap| {
                let from = instance.walk(row, gap.field).map_or("", |leaf| leaf.value());
                gap.holds(value, from, self.op == Op::MoreThan)
            }),
            Op::Dynamic => value == instance.user,
            Op::InstanceOf => schema::family(&self.value).any(|table| table.name == value),
            Op::InHierarchy => is_below(instance, leaf.kind, value, &self.value),
            Op::Anything => true,
            Op::Tag | Op::Words | Op::Related | Op::NotModelled => false,
        }
    }
}

/// A value that is a script is run by a real instance; only "who am I" is modelled.
fn scripted(instance: &Instance, op: Op, value: &str) -> Result<String, String> {
    let separator = match op {
        Op::In | Op::NotIn => ",",
        Op::Between => "@",
        _ => return script(instance, value),
    };
    let parts: Result<Vec<String>, String> =
        value.split(separator).map(|part| script(instance, part)).collect();
    Ok(parts?.join(separator))
}

fn script(instance: &Instance, value: &str) -> Result<String, String> {
    match value.trim_start().strip_prefix("javascript:") {
        None => Ok(value.to_owned()),
        Some(script) if script.trim_end_matches(';').trim() == "gs.getUserID()" => Ok(instance.user.clone()),
        Some(_) => Err(format!("the script {value}")),
    }
}

/// Whether a word is in any text of the record, as the text index would find it.
fn has_word(row: Found<'_>, word: &str) -> bool {
    let word = word.to_lowercase();
    let texts = row.schema.fields().filter(|(_, kind)| *kind == Kind::Text);
    texts.map(|(name, _)| row.get(name)).any(|text| text.to_lowercase().contains(&word))
}

/// Whether a reference leads to a record at or below the root of `<definition>@<root>`. Of the definition only the
/// usual one is modelled: by `parent`, and of people by `manager`.
fn is_below(instance: &Instance, kind: Kind, value: &str, hierarchy: &str) -> bool {
    let (Kind::Reference(table), Some((_, root))) = (kind, hierarchy.split_once('@')) else { return false };
    let up = if table == "sys_user" { "manager" } else { "parent" };
    let mut at = value.to_owned();
    for _ in 0..50 {
        if at == root {
            return true;
        }
        let Some(found) = instance.find(table, &at) else { return false };
        found.get(up).clone_into(&mut at);
    }
    false
}

/// A reference sorts and compares as text by what it shows.
pub(super) fn shown(instance: &Instance, kind: Kind, value: &str) -> String {
    match kind {
        Kind::Reference(table) => instance.display_of(table, value),
        _ => value.to_owned(),
    }
}

/// Text compares without regard to case, as the database's collation does.
fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

pub(super) fn numbers(a: &str, b: &str) -> Option<Ordering> {
    Some(a.parse::<f64>().ok()?.total_cmp(&b.parse::<f64>().ok()?))
}

pub(super) fn compare(kind: Kind, a: &str, b: &str) -> Ordering {
    let order = if kind == Kind::Integer { numbers(a, b) } else { None };
    order.unwrap_or_else(|| a.to_lowercase().cmp(&b.to_lowercase()))
}

impl crate::servicenow::Habits {
    pub(super) fn may_not_match(&self, table: &Schema, field: &str) -> bool {
        named(&self.fields_without_query_match, table, field)
    }

    pub(super) fn may_not_range(&self, table: &Schema, field: &str) -> bool {
        named(&self.fields_without_query_range, table, field)
    }
}

/// Whether a field is listed, with its table or with the one that extends.
pub(in crate::servicenow) fn named(
    fields: &std::collections::BTreeSet<String>,
    table: &Schema,
    field: &str,
) -> bool {
    let is_listed = |table: &str| fields.contains(&format!("{table}.{field}"));
    is_listed(table.name) || table.base.is_some_and(is_listed)
}
