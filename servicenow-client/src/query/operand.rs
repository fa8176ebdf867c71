//! Values to compare with, and which of them cannot stand in a query.

use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use crate::id::SysId;
use crate::value::{DATE_TIME, Ref};

/// A value to compare with: text, a number, a boolean, an id, a date, a date-time (in UTC). Its `Debug` hides it.
#[derive(Clone)]
pub struct Operand {
    pub(super) text: String,
    kind: Kind,
}

/// How it can be compared here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// As databases do, without regard to case. Which text comes first is known to the database alone.
    Text,
    /// By case.
    Id,
    Number,
    DateTime,
    Date,
}

impl Operand {
    /// Whether a row's value is this one.
    pub(super) fn is(&self, found: &str, exact: bool) -> bool {
        let exact = exact || self.kind == Kind::Id;
        self.text == found || (!exact && self.text.to_lowercase() == found.to_lowercase())
    }

    /// Whether it can be told here how a row's value stands to it.
    pub(super) fn has_order(&self) -> bool {
        matches!(self.kind, Kind::Number | Kind::DateTime | Kind::Date)
    }

    /// Whether a row's value may stand to it like this. What cannot be told may.
    pub(super) fn may_order(&self, found: &str, allowed: impl Fn(Ordering) -> bool) -> bool {
        let time = |text: &str| NaiveDateTime::parse_from_str(text, DATE_TIME).ok();
        let date = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let order = match self.kind {
            Kind::Text | Kind::Id => None,
            // The field may be one of text, in which 10 comes before 9.
            Kind::Number if allowed(found.cmp(self.text.as_str())) => return true,
            Kind::Number => numbers(found, &self.text),
            Kind::DateTime => time(found).zip(time(&self.text)).map(|(found, this)| found.cmp(&this)),
            Kind::Date => date(found).zip(date(&self.text)).map(|(found, this)| found.cmp(&this)),
        };
        order.is_none_or(allowed)
    }
}

/// How two texts compare as numbers, if they are some.
pub(super) fn numbers(a: &str, b: &str) -> Option<Ordering> {
    a.parse::<f64>().ok()?.partial_cmp(&b.parse::<f64>().ok()?)
}

/// Why a value cannot stand in a query.
pub(super) fn flaw_of(value: &str) -> Option<&'static str> {
    if value.is_empty() {
        return Some("is empty, which would match every record without one; say is_empty() if that is meant");
    }
    if value.contains('^') {
        return Some("holds `^`, which would end the condition");
    }
    if value.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Some("holds a line break or another control character");
    }
    // Anywhere, so that nobody has to know what is trimmed, or split off, before a value is run.
    if value.to_ascii_lowercase().contains("javascript:") {
        return Some("holds `javascript:`, after which the instance would run what follows");
    }
    None
}

/// Values are people's data.
impl fmt::Debug for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Operand(hidden)")
    }
}

macro_rules! operand {
    ($kind:ident: $($from:ty),*) => {
        $(impl From<$from> for Operand {
            fn from(value: $from) -> Self {
                Self { text: value.to_string(), kind: Kind::$kind }
            }
        })*
    };
}

operand!(Text: &str, String, &String, bool);
operand!(Number: i32, i64, u32, u64);
operand!(Id: SysId, &SysId);
operand!(Date: NaiveDate);

impl<T> From<Ref<T>> for Operand {
    fn from(reference: Ref<T>) -> Self {
        reference.id().into()
    }
}

impl<T> From<&Ref<T>> for Operand {
    fn from(reference: &Ref<T>) -> Self {
        reference.id().into()
    }
}

impl From<DateTime<Utc>> for Operand {
    fn from(time: DateTime<Utc>) -> Self {
        Self { text: time.format(DATE_TIME).to_string(), kind: Kind::DateTime }
    }
}
