//! One condition: how it is written, and whether a row keeps it.

use std::cmp::Ordering;

use super::operand::{Operand, numbers};
use crate::value::Row;

#[derive(Clone)]
pub(super) struct Condition {
    /// Empty for what is not about a field.
    pub(super) field: String,
    /// Operator and value, as sent.
    pub(super) text: String,
    pub(super) check: Check,
    /// Whether it is a part of the query of its own, which cannot be an alternative.
    pub(super) alone: bool,
}

/// What a row must look like, as far as that can be told here.
#[derive(Clone)]
pub(super) enum Check {
    In(Vec<Operand>),
    NotIn(Vec<Operand>),
    Empty,
    /// All of them.
    Range(Vec<(Bound, Operand)>),
    Same(String),
    NotSame(String),
    /// By another field, both being numbers.
    Beside(Bound, String),
    /// Only the database knows: by its collation, its clock, or what it alone can see. But the row must show that there is
    /// such a field.
    Field,
    /// It is about no field.
    Nothing,
}

/// On which side of something.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    Below,
    AtMost,
    AtLeast,
    Above,
}

impl Bound {
    fn admits(self, order: Ordering) -> bool {
        match self {
            Self::Below => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::AtLeast => order.is_ge(),
            Self::Above => order.is_gt(),
        }
    }
}

impl Check {
    pub(super) fn range(bounds: impl IntoIterator<Item = (Bound, Operand)>) -> Self {
        let bounds: Vec<_> = bounds.into_iter().filter(|(_, operand)| operand.has_order()).collect();
        if bounds.is_empty() { Self::Field } else { Self::Range(bounds) }
    }
}

impl Condition {
    /// The fields that must be read to check it.
    pub(super) fn checked_fields(&self) -> impl Iterator<Item = &str> {
        let (own, other) = match &self.check {
            Check::Nothing => (None, None),
            Check::Same(other) | Check::NotSame(other) | Check::Beside(_, other) => {
                (Some(self.field.as_str()), Some(other.as_str()))
            }
            _ => (Some(self.field.as_str()), None),
        };
        own.into_iter().chain(other)
    }

    pub(super) fn allows(&self, row: &Row) -> bool {
        if matches!(self.check, Check::Nothing) {
            return true;
        }
        let Some(found) = row.text(&self.field) else { return false };
        let one_of = |operands: &[Operand]| operands.iter().any(|one| one.is(&found, self.field == "sys_id"));
        let beside =
            |other: &str, holds: &dyn Fn(&str) -> bool| row.text(other).is_some_and(|text| holds(&text));
        match &self.check {
            Check::Field | Check::Nothing => true,
            Check::In(wanted) => one_of(wanted),
            Check::NotIn(refused) => !one_of(refused),
            Check::Empty => found.is_empty(),
            Check::Range(bounds) => {
                bounds.iter().all(|(bound, operand)| operand.may_order(&found, |order| bound.admits(order)))
            }
            Check::Same(other) => beside(other, &|text| text.to_lowercase() == found.to_lowercase()),
            Check::NotSame(other) => beside(other, &|text| text != found || text.is_empty()),
            Check::Beside(bound, other) => {
                beside(other, &|text| numbers(&found, text).is_none_or(|order| bound.admits(order)))
            }
        }
    }
}

/// A group of clauses, as sent.
pub(super) fn joined(group: &[Vec<Condition>]) -> String {
    let clause = |clause: &Vec<Condition>| {
        let conditions: Vec<_> = clause.iter().map(|c| format!("{}{}", c.field, c.text)).collect();
        conditions.join("^OR")
    };
    group.iter().map(clause).collect::<Vec<_>>().join("^")
}
