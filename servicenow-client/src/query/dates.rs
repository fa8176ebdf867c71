//! Dates that are counted from now, or from another field.

/// A unit of time, as encoded queries count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Minutes. Not between two fields.
    Minute,
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Months.
    Month,
    /// Quarters of a year.
    Quarter,
    /// Years.
    Year,
}

impl Unit {
    fn word(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

/// A time counted from now, by the instance's clock. Dates in a query that are written out depend on the API
/// user's time zone; these do not.
///
/// ```
/// use servicenow_client::{Query, RelativeTime, Unit};
///
/// let fresh = Query::new().relative_ge("sys_created_on", RelativeTime::ago(2, Unit::Day));
/// assert_eq!(fresh.encoded().unwrap(), "sys_created_onRELATIVEGE@dayofweek@ago@2");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelativeTime {
    count: u32,
    unit: Unit,
    direction: &'static str,
}

impl RelativeTime {
    /// So long before now.
    pub fn ago(count: u32, unit: Unit) -> Self {
        Self { count, unit, direction: "ago" }
    }

    /// So long after now.
    pub fn ahead(count: u32, unit: Unit) -> Self {
        Self { count, unit, direction: "ahead" }
    }

    pub(super) fn encoded(self) -> String {
        // Days have this name where they are counted from now, and `day` between two fields.
        let unit = if self.unit == Unit::Day { "dayofweek" } else { self.unit.word() };
        format!("@{unit}@{}@{}", self.direction, self.count)
    }
}

/// How far a date is from the date in another field.
///
/// ```
/// use servicenow_client::{Gap, Query, Unit};
///
/// let slow = Query::new().more_than("closed_at", Gap::after("opened_at", 30, Unit::Day));
/// assert_eq!(slow.encoded().unwrap(), "closed_atMORETHANopened_at@day@after@30");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub(super) field: String,
    count: u32,
    unit: Unit,
    side: &'static str,
}

impl Gap {
    /// So long before the date in `field`.
    pub fn before(field: &str, count: u32, unit: Unit) -> Self {
        Self { field: field.to_owned(), count, unit, side: "before" }
    }

    /// So long after the date in `field`.
    pub fn after(field: &str, count: u32, unit: Unit) -> Self {
        Self { field: field.to_owned(), count, unit, side: "after" }
    }

    pub(super) fn flaw(&self) -> Option<&'static str> {
        (self.unit == Unit::Minute).then_some("between two fields, minutes cannot be counted: say hours")
    }

    pub(super) fn encoded(&self) -> String {
        format!("{}@{}@{}@{}", self.field, self.unit.word(), self.side, self.count)
    }
}
