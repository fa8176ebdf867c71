//! Where a tail stands, to be stored.

use std::collections::{HashSet, VecDeque};
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::filter::Filter;
use crate::list::Position;

/// Where a tail stands. Opaque: store it as it is, as JSON say, and give it to
/// [`SystemLog::tail`](crate::system_log::SystemLog::tail).
///
/// It holds Okta's own link to the next page, and what else is needed to see no event twice; about 45 KB at most.
/// How long Okta's link is good for is not documented. If it is refused, the tail finds its way by the rest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogCursor {
    /// Nothing before the first answer.
    pub(super) next: Position,
    filter: Option<String>,
    /// Where the tail began.
    pub(super) began: DateTime<Utc>,
    pub(super) last_published: Option<DateTime<Utc>>,
    /// What was stored before is known.
    pub(super) known_until: DateTime<Utc>,
    pub(super) seen: Keys,
}

impl LogCursor {
    pub(super) fn starting_at(time: DateTime<Utc>, filter: Option<&Filter>) -> Self {
        Self {
            next: Position::default(),
            filter: filter.map(ToString::to_string),
            began: time,
            last_published: None,
            known_until: time,
            seen: Keys::default(),
        }
    }

    /// When the newest event happened that came before this cursor. For people: a tail that goes on from a time
    /// misses what is stored late.
    #[must_use]
    pub fn last_published(&self) -> Option<DateTime<Utc>> {
        self.last_published
    }

    pub(super) fn belongs_to(&self, filter: Option<&Filter>) -> bool {
        self.filter == filter.map(ToString::to_string)
    }
}

/// The times: links and filters may name people.
impl fmt::Debug for LogCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogCursor")
            .field("last_published", &self.last_published)
            .field("known_until", &self.known_until)
            .finish_non_exhaustive()
    }
}

/// What tells events apart, oldest first: their uuids, as numbers. Stored as one text, since as many of them as
/// there are would take a long time to be read one by one.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Keys(Vec<u128>);

impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|key| key.to_be_bytes()).collect();
        to.serialize_str(&STANDARD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let text = String::deserialize(source)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        let (keys, rest) = bytes.as_chunks();
        if !rest.is_empty() {
            return Err(serde::de::Error::custom("the keys of events were cut"));
        }
        Ok(Self(keys.iter().map(|key| u128::from_be_bytes(*key)).collect()))
    }
}

/// The last events that came.
#[derive(Debug)]
pub(super) struct Seen {
    most: usize,
    order: VecDeque<u128>,
    known: HashSet<u128>,
}

impl Seen {
    pub(super) fn new(cursor: &LogCursor, most: usize) -> Self {
        let mut seen = Self { most, order: VecDeque::new(), known: HashSet::new() };
        for key in &cursor.seen.0 {
            seen.take(*key);
        }
        seen
    }

    /// Whether an event is not among the last ones. Then it is from now on.
    pub(super) fn is_new(&mut self, uuid: &str) -> bool {
        self.take(key(uuid))
    }

    pub(super) fn last(&self) -> Keys {
        Keys(self.order.iter().copied().collect())
    }

    fn take(&mut self, key: u128) -> bool {
        if !self.known.insert(key) {
            return false;
        }
        self.order.push_back(key);
        while self.order.len() > self.most {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
        true
    }
}

/// A uuid is a number of 128 bits. What is not one is hashed to one.
fn key(uuid: &str) -> u128 {
    let digits =
        uuid.len() == 36 && uuid.bytes().all(|byte| matches!(byte, b'-' | b'0'..=b'9' | b'a'..=b'f'));
    let number = digits.then(|| u128::from_str_radix(&uuid.replace('-', ""), 16).ok());
    number.flatten().unwrap_or_else(|| {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, uuid.as_bytes());
        let (halves, _) = hash.as_ref().as_chunks();
        halves.first().map_or(0, |half| u128::from_be_bytes(*half))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cursor(seen: &Seen) -> LogCursor {
        LogCursor { seen: seen.last(), ..LogCursor::starting_at(DateTime::UNIX_EPOCH, None) }
    }

    proptest! {
        #[test]
        fn the_last_events_are_known_again_after_a_restart(
            uuids in prop::collection::vec("[0-9a-f]{8}-0000-1000-8000-00000000000[0-9]|[a-z]{0,3}", 0..40),
            most in 1usize..20,
        ) {
            let mut seen = Seen::new(&cursor(&Seen::new(&LogCursor::starting_at(DateTime::UNIX_EPOCH, None), 0)), most);
            let mut last: Vec<&String> = Vec::new();
            for uuid in &uuids {
                let known = last.iter().rev().take(most).any(|known| *known == uuid);
                prop_assert_eq!(seen.is_new(uuid), !known);
                if !known {
                    last.push(uuid);
                }
            }
            let text = serde_json::to_string(&cursor(&seen)).unwrap();
            let read: LogCursor = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, &cursor(&seen));
            let mut again = Seen::new(&read, most);
            for uuid in last.iter().rev().take(most) {
                prop_assert!(!again.is_new(uuid));
            }
        }
    }

    #[test]
    fn a_cursor_of_two_full_pages_is_small() {
        let mut seen = Seen::new(&LogCursor::starting_at(DateTime::UNIX_EPOCH, None), 2000);
        for n in 0..5000 {
            assert!(seen.is_new(&format!("5a9e1d20-2d0f-11f1-9c2b-{n:012x}")));
        }
        assert!(serde_json::to_string(&cursor(&seen)).unwrap().len() < 45_000);
    }
}
