//! The search index: a view of users or groups that lags behind writes.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// What searches see. Each write adds a version that shows only after the lag; until then a search
/// finds the row as it was, a row that is gone, or none.
#[derive(Debug)]
pub(crate) struct Index {
    lag: TimeDelta,
    rows: BTreeMap<u64, VecDeque<Version>>,
}

/// From when a row shows, and how it looks; nothing if it is deleted.
type Version = (DateTime<Utc>, Option<Value>);

impl Index {
    pub(crate) fn new(lag: TimeDelta) -> Self {
        Self { lag, rows: BTreeMap::new() }
    }

    /// A row was written (or, with `None`, deleted).
    pub(crate) fn put(&mut self, key: u64, row: Option<Value>, now: DateTime<Utc>) {
        let versions = self.rows.entry(key).or_default();
        while versions.get(1).is_some_and(|(visible, _)| *visible <= now) {
            versions.pop_front();
        }
        versions.push_back((now + self.lag, row));
    }

    /// A row that searches see at once: what was there before the sandbox started.
    pub(crate) fn seed(&mut self, key: u64, row: Value) {
        self.rows.insert(key, VecDeque::from([(DateTime::UNIX_EPOCH, Some(row))]));
    }

    /// The rows as a search at `now` sees them, in order of creation.
    pub(crate) fn seen_at(&self, now: DateTime<Utc>) -> impl Iterator<Item = (u64, &Value)> {
        self.rows.iter().filter_map(move |(key, versions)| {
            let (_, row) = versions.iter().rev().find(|(visible, _)| *visible <= now)?;
            row.as_ref().map(|row| (*key, row))
        })
    }
}
