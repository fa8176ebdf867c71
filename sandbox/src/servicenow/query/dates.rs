//! Dates that are counted from now or from another field.

use chrono::{DateTime, Datelike, Months, NaiveDateTime, TimeDelta, Timelike, Utc};

/// `@hour@ago@1` behind `GT`, `LT`, `GE`, `LE` or `EE`.
pub(super) struct Relative<'a> {
    comparison: &'a str,
    span: Span<'a>,
    ago: bool,
}

impl<'a> Relative<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split('@');
        let (comparison, unit, direction, count) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let known = matches!(comparison, "GT" | "LT" | "GE" | "LE" | "EE")
            && matches!(direction, "ago" | "ahead")
            && matches!(unit, "minute" | "hour" | "dayofweek" | "month" | "quarter" | "year");
        let span = Span { unit, count: count.parse().ok()? };
        known.then_some(Self { comparison, span, ago: direction == "ago" })
    }

    pub(super) fn holds(&self, value: &str, now: DateTime<Utc>) -> bool {
        let now = now.naive_utc().with_nanosecond(0).unwrap_or_default();
        let (Some(value), Some(then)) = (time(value), self.span.from(now, self.ago)) else { return false };
        match self.comparison {
            "GT" => value > then,
            "LT" => value < then,
            "GE" => value >= then,
            "LE" => value <= then,
            _ => self.span.holds_both(value, then),
        }
    }
}

/// `opened_at@day@after@30`.
pub(super) struct Gap<'a> {
    pub(super) field: &'a str,
    span: Span<'a>,
    before: bool,
}

impl<'a> Gap<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split('@');
        let (field, unit, side, count) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let known = matches!(side, "before" | "after")
            && matches!(unit, "hour" | "day" | "month" | "quarter" | "year");
        let span = Span { unit, count: count.parse().ok()? };
        known.then_some(Self { field, span, before: side == "before" })
    }

    pub(super) fn holds(&self, value: &str, from: &str, more: bool) -> bool {
        let (Some(value), Some(from)) = (time(value), time(from)) else { return false };
        let Some(limit) = self.span.from(from, self.before) else { return false };
        match (self.before, more) {
            (true, true) => value < limit,
            (true, false) => value > limit && value <= from,
            (false, true) => value > limit,
            (false, false) => value < limit && value >= from,
        }
    }
}

struct Span<'a> {
    unit: &'a str,
    count: u32,
}

impl Span<'_> {
    fn from(&self, time: NaiveDateTime, back: bool) -> Option<NaiveDateTime> {
        let months = match self.unit {
            "month" => 1,
            "quarter" => 3,
            "year" => 12,
            _ => return self.short(time, back),
        };
        let months = Months::new(months * self.count);
        if back { time.checked_sub_months(months) } else { time.checked_add_months(months) }
    }

    fn short(&self, time: NaiveDateTime, back: bool) -> Option<NaiveDateTime> {
        let count = i64::from(self.count);
        let span = match self.unit {
            "minute" => TimeDelta::minutes(count),
            "hour" => TimeDelta::hours(count),
            _ => TimeDelta::days(count),
        };
        if back { time.checked_sub_signed(span) } else { time.checked_add_signed(span) }
    }

    /// Whether both times are in one minute, hour, day, ….
    fn holds_both(&self, a: NaiveDateTime, b: NaiveDateTime) -> bool {
        let part = |time: NaiveDateTime| {
            let months = (time.year(), time.month0());
            match self.unit {
                "minute" => (months, time.day(), time.hour(), time.minute()),
                "hour" => (months, time.day(), time.hour(), 0),
                "month" => (months, 0, 0, 0),
                "quarter" => ((time.year(), time.month0() / 3), 0, 0, 0),
                "year" => ((time.year(), 0), 0, 0, 0),
                _ => (months, time.day(), 0, 0),
            }
        };
        part(a) == part(b)
    }
}

fn time(value: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(value, "%Y-%m-%d %H:%M:%S").ok()
}
