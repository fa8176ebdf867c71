//! Encoded queries. Like the real thing, a condition that makes no sense is silently dropped; one that
//! makes sense but is not modelled is refused.

mod condition;
mod dates;
mod related;

use std::cmp::Ordering;

pub(super) use self::condition::named;
use self::condition::{Condition, Op, compare, shown};
use self::related::Related;
use super::error;
use super::store::{Found, Instance};
use crate::http::Answer;

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
    /// Whether it asks of a field, or sorts by one, that may not be queried.
    forbidden: bool,
}

impl Query {
    /// Parses for a table. `Err` names what is not modelled.
    pub(super) fn parse(instance: &Instance, table: Found<'_>, text: &str) -> Result<Self, String> {
        let mut query = Self { groups: vec![Vec::new()], ..Self::default() };
        let mut may_join = false;
        let clauses = clauses(instance, text);
        let mut clauses = clauses.iter().map(String::as_str);
        while let Some(clause) = clauses.next() {
            if clause == "EQ" || clause.is_empty() {
                continue;
            }
            if let Some(field) = clause.strip_prefix("ORDERBYDESC") {
                query.order_by(instance, table, field, true);
            } else if let Some(field) = clause.strip_prefix("ORDERBY").or(clause.strip_prefix("GROUPBY")) {
                query.order_by(instance, table, field, false);
            } else if let Some(count) = clause.strip_prefix("RLQUERY") {
                let inner: Vec<&str> =
                    clauses.by_ref().take_while(|clause| *clause != "ENDRLQUERY").collect();
                let related = Related::parse(instance, count, &inner.join("^"))?;
                may_join = query.and(related.map(Condition::related));
            } else if let Some(rest) = clause.strip_prefix("NQ") {
                query.groups.push(Vec::new());
                let condition = query.condition(instance, table, rest)?;
                may_join = query.and(condition);
            } else if let Some(rest) = clause.strip_prefix("OR") {
                let alternative = query.condition(instance, table, rest)?;
                may_join = query.or(alternative, may_join);
            } else {
                let condition = query.condition(instance, table, clause)?;
                may_join = query.and(condition);
            }
        }
        Ok(query)
    }

    /// Whether whoever asks has the right to query by all of its fields.
    pub(super) fn permitted(&self) -> Result<(), Answer> {
        if self.forbidden { Err(error::not_queryable()) } else { Ok(()) }
    }

    fn condition(
        &mut self,
        instance: &Instance,
        table: Found<'_>,
        text: &str,
    ) -> Result<Option<Condition>, String> {
        let condition = Condition::parse(instance, table, text)?;
        self.forbidden |= match &condition {
            Some(condition) => !condition.permitted(instance, table),
            None => instance.habits.unknown_fields_are_forbidden,
        };
        Ok(condition)
    }

    fn order_by(&mut self, instance: &Instance, table: Found<'_>, field: &str, descending: bool) {
        match instance.walk(table, field) {
            Some(leaf) => {
                self.forbidden |= instance.habits.may_not_range(leaf.schema, leaf.field);
                self.order.push((field.to_owned(), descending));
            }
            None => self.forbidden |= instance.habits.unknown_fields_are_forbidden,
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
                [Condition { field, op: Op::Greater, value, .. }] if field == "sys_id" => {
                    after = Some(value.as_str());
                }
                [Condition { field, op: Op::Less, value, .. }] if field == "sys_id" => {
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

/// The text between separators. Whether REST undoes a doubled one is not documented; by default it does not.
fn clauses(instance: &Instance, text: &str) -> Vec<String> {
    const ESCAPED: &str = "\0";
    if !instance.habits.doubled_carets_are_undone {
        return text.split('^').map(str::to_owned).collect();
    }
    let text = text.replace("^^", ESCAPED);
    text.split('^').map(|clause| clause.replace(ESCAPED, "^")).collect()
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
