//! Encoded queries. Like the real thing, a condition that makes no sense is silently dropped; one that
//! makes sense but is not modelled is refused.

use std::cmp::Ordering;

use super::schema::Kind;
use super::store::{Found, Instance};

/// Operators by their text; the longer of two with one beginning stands first.
const OPERATORS: &[(&str, Op)] = &[
    ("NOT IN", Op::NotIn),
    ("NOT LIKE", Op::NotLike),
    ("NOTLIKE", Op::NotLike),
    ("STARTSWITH", Op::StartsWith),
    ("ENDSWITH", Op::EndsWith),
    ("ISNOTEMPTY", Op::IsNotEmpty),
    ("ISEMPTY", Op::IsEmpty),
    ("EMPTYSTRING", Op::IsEmpty),
    ("ANYTHING", Op::Anything),
    ("BETWEEN", Op::Between),
    ("INSTANCEOF", Op::NotModelled),
    ("IN_HIERARCHY", Op::NotModelled),
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
    ("SAMEAS", Op::NotModelled),
    ("NSAMEAS", Op::NotModelled),
    ("GT_", Op::NotModelled),
    ("LT_", Op::NotModelled),
    ("ON", Op::NotModelled),
    ("NOTON", Op::NotModelled),
    ("RELATIVE", Op::NotModelled),
    ("MORETHAN", Op::NotModelled),
    ("LESSTHAN", Op::NotModelled),
    ("DATEPART", Op::NotModelled),
    ("DYNAMIC", Op::NotModelled),
    ("DOESNOTHAVE", Op::NotModelled),
    ("EXCLUDING", Op::NotModelled),
    ("VALCHANGES", Op::NotModelled),
    ("CHANGES", Op::NotModelled),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
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
    Anything,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Between,
    NotModelled,
}

#[derive(Debug)]
struct Condition {
    field: String,
    op: Op,
    value: String,
}

/// Alternatives joined by `^OR`.
type Either = Vec<Condition>;

/// A parsed query.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// Groups joined by `^NQ`; within one, all must hold.
    groups: Vec<Vec<Either>>,
    order: Vec<(String, bool)>,
    /// Whether a condition made no sense and was dropped.
    widened: bool,
}

impl Query {
    /// Parses for a table. `Err` names what is not modelled.
    pub(super) fn parse(instance: &Instance, table: Found<'_>, text: &str) -> Result<Self, String> {
        let mut query = Self { groups: vec![Vec::new()], ..Self::default() };
        let mut may_join = false;
        for clause in text.split('^') {
            if clause == "EQ" || clause.is_empty() {
                continue;
            }
            if let Some(field) = clause.strip_prefix("ORDERBYDESC") {
                query.order_by(instance, table, field, true);
            } else if let Some(field) = clause.strip_prefix("ORDERBY") {
                query.order_by(instance, table, field, false);
            } else if let Some(rest) = clause.strip_prefix("NQ") {
                query.groups.push(Vec::new());
                may_join = query.and(condition(instance, table, rest)?);
            } else if let Some(rest) = clause.strip_prefix("OR") {
                let alternative = condition(instance, table, rest)?;
                may_join = query.or(alternative, may_join);
            } else {
                may_join = query.and(condition(instance, table, clause)?);
            }
        }
        Ok(query)
    }

    fn order_by(&mut self, instance: &Instance, table: Found<'_>, field: &str, descending: bool) {
        if instance.walk(table, field).is_some() {
            self.order.push((field.to_owned(), descending));
        }
    }

    fn and(&mut self, condition: Option<Condition>) -> bool {
        let valid = condition.is_some();
        self.widened |= !valid;
        if let (Some(condition), Some(group)) = (condition, self.groups.last_mut()) {
            group.push(vec![condition]);
        }
        valid
    }

    /// Joins with the condition just before; where that was dropped there is none to join.
    fn or(&mut self, condition: Option<Condition>, may_join: bool) -> bool {
        let before = self.groups.last_mut().and_then(|group| group.last_mut());
        match (condition, before) {
            (None, _) => {
                self.widened = true;
                may_join
            }
            (Some(condition), Some(before)) if may_join => {
                before.push(condition);
                true
            }
            (condition, _) => self.and(condition),
        }
    }

    /// What it asks of the sys_id, if it asks nothing else and sorts by that: after which, and before which.
    pub(super) fn key_range(&self) -> Option<(Option<&str>, Option<&str>)> {
        let [group] = self.groups.as_slice() else { return None };
        if self.widened || !matches!(self.order.as_slice(), [(field, false)] if field == "sys_id") {
            return None;
        }
        let (mut after, mut before) = (None, None);
        for either in group {
            match either.as_slice() {
                [Condition { field, op: Op::Greater, value }] if field == "sys_id" => {
                    after = Some(value.as_str());
                }
                [Condition { field, op: Op::Less, value }] if field == "sys_id" => {
                    before = Some(value.as_str());
                }
                _ => return None,
            }
        }
        Some((after, before))
    }

    /// Rows that might fit: all of them, or those an index knows for a condition that must hold.
    pub(super) fn candidates<'a>(&self, instance: &'a Instance, table: &str) -> Vec<Found<'a>> {
        let [group] = self.groups.as_slice() else { return instance.rows(table).collect() };
        let single =
            group.iter().filter_map(|either| if let [only] = either.as_slice() { Some(only) } else { None });
        let mut equal = single.filter(|condition| condition.op == Op::Equal);
        let known = equal.find_map(|condition| instance.rows_with(table, &condition.field, &condition.value));
        known.unwrap_or_else(|| instance.rows(table).collect())
    }

    pub(super) fn admits(&self, instance: &Instance, row: Found<'_>) -> bool {
        if self.widened && instance.habits.invalid_query_returns_no_rows {
            return false;
        }
        let holds = |either: &Either| either.iter().any(|condition| condition.holds(instance, row));
        self.groups.iter().any(|group| group.iter().all(holds))
    }

    /// Puts rows in the order asked for; without one they stay as they lie.
    pub(super) fn sort(&self, instance: &Instance, rows: &mut [Found<'_>]) {
        if self.order.is_empty() {
            return;
        }
        rows.sort_by(|a, b| {
            let orders = self.order.iter().map(|(field, descending)| {
                let order = compare_at(instance, *a, *b, field);
                if *descending { order.reverse() } else { order }
            });
            orders.fold(Ordering::Equal, Ordering::then)
        });
    }
}

fn compare_at(instance: &Instance, a: Found<'_>, b: Found<'_>, field: &str) -> Ordering {
    let side =
        |row| instance.walk(row, field).map(|leaf| (leaf.kind, shown(instance, leaf.kind, leaf.value())));
    match (side(a), side(b)) {
        (Some((kind, a)), Some((_, b))) => compare(kind, &a, &b),
        _ => Ordering::Equal,
    }
}

/// A reference sorts and compares as text by what it shows.
fn shown(instance: &Instance, kind: Kind, value: &str) -> String {
    match kind {
        Kind::Reference(table) => instance.display_of(table, value),
        _ => value.to_owned(),
    }
}

/// `None`: the condition makes no sense on this table, so it is dropped.
fn condition(instance: &Instance, table: Found<'_>, text: &str) -> Result<Option<Condition>, String> {
    for special in ["123TEXTQUERY321", "RLQUERY", "GROUPBY", "sys_tags."] {
        if text.starts_with(special) {
            return Err(format!("the query clause {special}"));
        }
    }
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
    let (field, rest) = text.split_at(text.find(|c| !is_name(c)).unwrap_or(text.len()));
    if field.is_empty() || instance.walk(table, field).is_none() {
        return Ok(None);
    }
    let Some((name, op)) = OPERATORS.iter().find(|(name, _)| rest.starts_with(name)) else { return Ok(None) };
    if *op == Op::NotModelled {
        return Err(format!("the query operator {name}"));
    }
    let value = scripted(instance, &rest[name.len()..])?;
    Ok(Some(Condition { field: field.to_owned(), op: *op, value }))
}

/// A value that is a script is run by a real instance; only "who am I" is modelled.
fn scripted(instance: &Instance, value: &str) -> Result<String, String> {
    match value.strip_prefix("javascript:") {
        None => Ok(value.to_owned()),
        Some(script) if script.trim_end_matches(';').trim() == "gs.getUserID()" => Ok(instance.user.clone()),
        Some(_) => Err(format!("the script {value}")),
    }
}

impl Condition {
    fn holds(&self, instance: &Instance, row: Found<'_>) -> bool {
        let Some(leaf) = instance.walk(row, &self.field) else { return false };
        let value = leaf.value();
        let order = |wanted: &str| compare(leaf.kind, value, wanted);
        let text = || shown(instance, leaf.kind, value).to_lowercase();
        let wanted = || self.value.to_lowercase();
        match self.op {
            Op::Equal => same(value, &self.value),
            Op::NotEqual => !same(value, &self.value),
            Op::In => self.value.split(',').any(|one| same(value, one)),
            Op::NotIn => !self.value.split(',').any(|one| same(value, one)),
            Op::Like => text().contains(&wanted()),
            Op::NotLike => !text().contains(&wanted()),
            Op::StartsWith => text().starts_with(&wanted()),
            Op::EndsWith => text().ends_with(&wanted()),
            Op::IsEmpty => value.is_empty(),
            Op::IsNotEmpty => !value.is_empty(),
            Op::Less => !value.is_empty() && order(&self.value).is_lt(),
            Op::LessOrEqual => !value.is_empty() && order(&self.value).is_le(),
            Op::Greater => !value.is_empty() && order(&self.value).is_gt(),
            Op::GreaterOrEqual => !value.is_empty() && order(&self.value).is_ge(),
            Op::Between => {
                let (low, high) = self.value.split_once('@').unwrap_or((&self.value, ""));
                !value.is_empty() && order(low).is_ge() && order(high).is_le()
            }
            Op::Anything | Op::NotModelled => true,
        }
    }
}

/// Text compares without regard to case, as the database's collation does.
fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

fn compare(kind: Kind, a: &str, b: &str) -> Ordering {
    if kind == Kind::Integer
        && let (Ok(a), Ok(b)) = (a.parse::<f64>(), b.parse::<f64>())
    {
        return a.total_cmp(&b);
    }
    a.to_lowercase().cmp(&b.to_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::schema;
    use super::super::store::Record;
    use super::*;

    fn parse(text: &str) -> Result<Query, String> {
        let nothing = Record::new();
        let table = schema::find("sc_task").expect("the schema has it");
        Query::parse(&Instance::new(1), Found { schema: table, record: &nothing }, text)
    }

    #[test]
    fn an_or_after_a_dropped_condition_stands_alone() {
        let query = parse("state=1^nonsense=2^ORstate=3^state=4^ORstate=5").unwrap();
        let sizes: Vec<usize> = query.groups[0].iter().map(Vec::len).collect();
        assert_eq!(sizes, [1, 1, 2]);
    }

    #[test]
    fn a_doubled_separator_is_not_undone() {
        let query = parse("short_description=a^^b").unwrap();
        assert_eq!((query.groups[0].len(), query.groups[0][0][0].value.as_str()), (1, "a"));
    }

    proptest! {
        #[test]
        fn no_text_panics_the_parser(
            text in "((state|number|request_item\\.number|x)?(=|!=|IN|LIKE|\\^OR|\\^NQ|\\^|ORDERBY|javascript:|é|@|,)?){0,12}",
        ) {
            let _ = parse(&text);
        }

        #[test]
        fn nor_does_any_other(text in ".{0,60}") {
            let _ = parse(&text);
        }
    }
}
