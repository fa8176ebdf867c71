//! What the log holds: events in the order in which they were stored, and in that in which they happened.

use std::collections::BTreeMap;
use std::ops::Bound;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::id::Ids;

/// Older events can be asked for, and are not returned.
const RETENTION: TimeDelta = TimeDelta::days(90);

/// A place in one of the two orders: a time, and the event's number.
pub(super) type Key = (DateTime<Utc>, u64);

/// What happened.
#[derive(Debug)]
pub(crate) struct SystemLog {
    ids: Ids,
    dice: Ids,
    lag: TimeDelta,
    count: u64,
    /// By when the log stored them: what polling goes by, and when they can be read.
    stored: BTreeMap<Key, Entry>,
    /// By when they happened: what bounded reads go by. Tells when each was stored.
    published: BTreeMap<Key, DateTime<Utc>>,
    /// The most events that a page has, whatever limit was asked for.
    longest_page: Option<usize>,
    /// Cursors of an earlier era are refused.
    era: u64,
}

#[derive(Debug)]
struct Entry {
    published: DateTime<Utc>,
    event: Value,
}

impl SystemLog {
    pub(crate) fn new(seed: u64, lag: TimeDelta) -> Self {
        Self {
            ids: Ids::new(seed, "log"),
            dice: Ids::new(seed, "log pages"),
            lag,
            count: 0,
            stored: BTreeMap::new(),
            published: BTreeMap::new(),
            longest_page: None,
            era: 0,
        }
    }

    pub(crate) fn new_uuid(&mut self) -> String {
        self.ids.uuid()
    }

    /// Takes an event that happened at `published`, and of which the log hears at `now`.
    pub(crate) fn push(&mut self, event: Value, published: DateTime<Utc>, now: DateTime<Utc>) {
        self.count += 1;
        let stored = now + self.lag;
        self.published.insert((published, self.count), stored);
        self.stored.insert((stored, self.count), Entry { published, event });
    }

    /// How many events it has heard of: the number of the last one.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// What it heard of after the event with this number, in that order.
    pub(crate) fn heard_after(&self, number: u64) -> Vec<&Value> {
        // The clock does not go back, so the last numbers are the last in the order of storage too.
        let newest = self.stored.iter().rev().take_while(|((_, heard), _)| *heard > number);
        let mut events: Vec<&Value> = newest.map(|(_, entry)| &entry.event).collect();
        events.reverse();
        events
    }

    /// Every event, whether it can be read already or not.
    pub(crate) fn everything(&self) -> Vec<Value> {
        self.stored.values().map(|entry| entry.event.clone()).collect()
    }

    /// Makes pages hold at most so many events, how many exactly being drawn for each; `None` for as many as
    /// are asked for.
    pub(crate) fn cut_pages(&mut self, longest: Option<usize>) {
        self.longest_page = longest;
    }

    /// Refuses from now on all cursors given out until now.
    pub(crate) fn forget_cursors(&mut self) {
        self.era += 1;
    }

    pub(super) fn era(&self) -> u64 {
        self.era
    }

    /// How many events the next page has at most.
    pub(super) fn page_size(&mut self, limit: usize) -> usize {
        match self.longest_page {
            Some(longest) => limit.min(1 + self.dice.below(longest)),
            None => limit,
        }
    }

    /// What the log stored from `from` on, in that order.
    pub(super) fn stored_from(
        &self,
        from: Bound<Key>,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = (Key, &Value)> {
        let readable = self.stored.range((from, Bound::Unbounded)).take_while(move |(key, _)| key.0 <= now);
        let kept = readable.filter(move |(_, entry)| is_kept(entry.published, now));
        kept.map(|(key, entry)| (*key, &entry.event))
    }

    /// What happened from `from` to `to`, in that order, and is stored by now.
    pub(super) fn published_within(
        &self,
        from: Bound<Key>,
        to: Bound<Key>,
        now: DateTime<Utc>,
    ) -> impl DoubleEndedIterator<Item = (Key, &Value)> {
        let within = is_range(from, to).then(|| self.published.range((from, to))).into_iter().flatten();
        let readable = within.filter(move |(key, stored)| **stored <= now && is_kept(key.0, now));
        readable.filter_map(|(key, stored)| {
            let entry = self.stored.get(&(*stored, key.1))?;
            Some((*key, &entry.event))
        })
    }
}

fn is_kept(published: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    published >= now - RETENTION
}

/// Whether anything can be between the two: for a range that ends before it begins `BTreeMap` panics.
fn is_range(from: Bound<Key>, to: Bound<Key>) -> bool {
    match (from, to) {
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => {
            from < to
        }
        _ => true,
    }
}
