//! The ledger: an append-only record for auditors, each entry chained to the one before by its hash.
//!
//! A record's hash covers everything in it and the hash before, over canonical JSON (RFC 8785), so anybody
//! can recompute it. [`verify`] needs nothing but the records.
//!
//! A chain proves order and content, not that its tail is still there: keep the [`Head`] somewhere else. The
//! closing note on each ticket carries it.

use std::io::BufRead;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::plan::{PolicyRef, Request, StepId, Subject};
use crate::run::{CallReport, Outcome, Ruling, RunId, RunStatus};

/// The version of the record's form.
const VERSION: u32 = 1;

/// What the first record is chained to.
const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One record of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The version of the form: 1.
    pub v: u32,
    /// Its place, from 1, without gaps.
    pub seq: u64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// The program that acted: `lifecycle/0.1.0`.
    pub actor: String,
    /// The run.
    pub run: RunId,
    /// What happened.
    pub entry: Entry,
    /// The hash of the record before.
    pub prev: String,
    /// The hash of all of the above.
    pub hash: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// A plan was accepted. Nothing has been written to any system yet.
    Accepted {
        /// The operation.
        operation: String,
        /// Whom it is about.
        subject: Subject,
        /// The record that asked for it.
        request: Option<Request>,
        /// The policy that it follows.
        policy: Option<PolicyRef>,
        /// The digest of the plan.
        digest: String,
    },
    /// Another request for the same was made part of this run.
    Joined {
        /// What the other asked for.
        key: String,
        /// The record that asked for it.
        request: Option<Request>,
    },
    /// A signal came.
    Signalled {
        /// Its name.
        name: String,
        /// What came with it.
        payload: String,
    },
    /// The run is to end before its steps do.
    Stopping {
        /// How it will end.
        status: RunStatus,
    },
    /// A person decided how to go on.
    Ruled {
        /// What.
        ruling: Ruling,
    },
    /// A step is about to act.
    Intent {
        /// The step.
        step: StepId,
        /// Which attempt this is, from 1.
        attempt: u32,
        /// The change, in words.
        change: String,
        /// Why.
        why: String,
    },
    /// A step ended.
    Outcome {
        /// The step.
        step: StepId,
        /// How.
        outcome: Outcome,
        /// The writes that it sent.
        calls: Vec<CallReport>,
    },
    /// A step could not be brought to an end, and will be taken up again.
    Interrupted {
        /// The step.
        step: StepId,
        /// What happened.
        why: String,
        /// The writes that it sent.
        calls: Vec<CallReport>,
    },
    /// A run came to rest.
    Rested {
        /// How.
        status: RunStatus,
    },
}

/// The end of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many records there are.
    pub records: u64,
    /// The last one's hash.
    pub hash: String,
}

impl Head {
    /// The head of a ledger without records.
    #[must_use]
    pub fn empty() -> Self {
        Self { records: 0, hash: GENESIS.to_owned() }
    }

    /// The record that comes after this head.
    pub(crate) fn next(&self, at: DateTime<Utc>, run: RunId, entry: Entry) -> Record {
        let mut record = Record {
            v: VERSION,
            seq: self.records + 1,
            at,
            actor: crate::PRODUCT.to_owned(),
            run,
            entry,
            prev: self.hash.clone(),
            hash: String::new(),
        };
        record.hash = record.compute_hash();
        record
    }
}

impl Record {
    fn compute_hash(&self) -> String {
        // Taken apart without `..`, so that a new field cannot be forgotten here.
        let Self { v, seq, at, actor, run, entry, prev, hash: _ } = self;
        canonical::digest(&serde_json::json!({
            "v": v, "seq": seq, "at": at, "actor": actor, "run": run, "entry": entry, "prev": prev,
        }))
    }

    /// The head after this record.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { records: self.seq, hash: self.hash.clone() }
    }
}

/// A ledger that is not as it was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Tampered {
    /// A record's content does not fit its hash.
    #[error("record {seq} was changed: its content does not fit its hash")]
    Changed {
        /// The record's place.
        seq: u64,
    },
    /// A record is not where it belongs.
    #[error("after record {after} comes record {found}: one was removed, added or moved")]
    Missing {
        /// The last record that was in order.
        after: u64,
        /// The one found next.
        found: u64,
    },
    /// A record does not belong to the one before it.
    #[error("record {seq} does not continue record {}: one of them is not the original", seq - 1)]
    Unchained {
        /// The record's place.
        seq: u64,
    },
    /// A line is no record.
    #[error("line {line} is no record of a ledger")]
    Unreadable {
        /// The line, from 1.
        line: usize,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// The ledger is not the one that the head was taken of.
    #[error(
        "the ledger does not hold record {records} with the expected hash: its tail is gone, or it is another ledger"
    )]
    HeadMissing {
        /// The place of the expected record.
        records: u64,
    },
    /// The source cannot be read.
    #[error("the ledger cannot be read")]
    Io(#[from] std::io::Error),
}

/// Checks a ledger from its first record to its last.
///
/// # Errors
///
/// The first record that was changed, removed, added or moved.
pub fn verify<'a>(records: impl IntoIterator<Item = &'a Record>) -> Result<Head, Tampered> {
    records.into_iter().try_fold(Head::empty(), |head, record| follow(&head, record))
}

/// Like [`verify`], and checks that the ledger still holds what it held when `anchor` was taken of it. A tail
/// that was cut off shows in no other way.
///
/// # Errors
///
/// As [`verify`], and [`Tampered::HeadMissing`].
pub fn verify_anchored(records: &[Record], anchor: &Head) -> Result<Head, Tampered> {
    let head = verify(records)?;
    let found = anchor.records == 0 || records.iter().any(|record| record.head() == *anchor);
    if found { Ok(head) } else { Err(Tampered::HeadMissing { records: anchor.records }) }
}

/// Reads an exported ledger: one record a line, as JSON.
///
/// # Errors
///
/// The first line that is no record.
pub fn read(lines: impl BufRead) -> Result<Vec<Record>, Tampered> {
    let mut records = Vec::new();
    for (number, line) in (1..).zip(lines.lines()) {
        let line = line?;
        if !line.trim().is_empty() {
            let record = serde_json::from_str(&line)
                .map_err(|source| Tampered::Unreadable { line: number, source })?;
            records.push(record);
        }
    }
    Ok(records)
}

fn follow(head: &Head, record: &Record) -> Result<Head, Tampered> {
    if record.hash != record.compute_hash() {
        return Err(Tampered::Changed { seq: record.seq });
    }
    if record.seq != head.records + 1 {
        return Err(Tampered::Missing { after: head.records, found: record.seq });
    }
    if record.prev != head.hash {
        return Err(Tampered::Unchained { seq: record.seq });
    }
    Ok(record.head())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(length: usize) -> Vec<Record> {
        let run: RunId = "01938f7e-0000-7000-8000-000000000000".parse().unwrap();
        let mut head = Head::empty();
        (0..length)
            .map(|n| {
                let step: StepId = format!("step-{n}").parse().unwrap();
                let entry = Entry::Outcome { step, outcome: Outcome::Done, calls: Vec::new() };
                let record = head.next(DateTime::UNIX_EPOCH, run.clone(), entry);
                head = record.head();
                record
            })
            .collect()
    }

    #[test]
    fn an_untouched_ledger_verifies() {
        let records = ledger(5);
        assert_eq!(verify(&records).unwrap(), records[4].head());
        assert_eq!(verify(&[]).unwrap(), Head::empty());
    }

    #[test]
    fn every_change_of_every_record_is_named() {
        for place in 0..5 {
            let mut records = ledger(5);
            records[place].actor = "somebody else".into();
            let error = verify(&records).unwrap_err();
            assert!(matches!(error, Tampered::Changed { seq } if seq == place as u64 + 1), "{error}");
        }
    }

    #[test]
    fn a_record_rewritten_with_its_hash_breaks_the_chain_after_it() {
        let mut records = ledger(5);
        records[1].actor = "somebody else".into();
        records[1].hash = records[1].compute_hash();
        assert!(matches!(verify(&records).unwrap_err(), Tampered::Unchained { seq: 3 }));
    }

    #[test]
    fn a_removed_or_moved_record_is_named() {
        let mut removed = ledger(5);
        removed.remove(2);
        assert!(matches!(verify(&removed).unwrap_err(), Tampered::Missing { after: 2, found: 4 }));
        let mut moved = ledger(5);
        moved.swap(1, 2);
        assert!(matches!(verify(&moved).unwrap_err(), Tampered::Missing { after: 1, found: 3 }));
        let mut headless = ledger(5);
        headless.remove(0);
        assert!(matches!(verify(&headless).unwrap_err(), Tampered::Missing { after: 0, found: 2 }));
    }

    #[test]
    fn a_cut_tail_shows_against_an_anchor() {
        let records = ledger(5);
        let anchor = records[4].head();
        assert!(verify(&records[..3]).is_ok());
        assert!(matches!(verify_anchored(&records[..3], &anchor), Err(Tampered::HeadMissing { records: 5 })));
        assert!(verify_anchored(&records, &records[1].head()).is_ok());
    }

    #[test]
    fn a_record_survives_export_byte_for_byte() {
        let records = ledger(3);
        let lines: String =
            records.iter().map(|record| serde_json::to_string(record).unwrap() + "\n").collect();
        let back = read(lines.as_bytes()).unwrap();
        assert_eq!(back, records);
        assert!(verify(&back).is_ok());
    }

    #[test]
    fn the_form_of_a_record_is_settled() {
        let record = ledger(1).remove(0);
        assert_eq!(
            serde_json::to_value(record).unwrap(),
            serde_json::json!({
                "v": 1,
                "seq": 1,
                "at": "1970-01-01T00:00:00Z",
                "actor": crate::PRODUCT,
                "run": "01938f7e-0000-7000-8000-000000000000",
                "entry": {"phase": "outcome", "step": "step-0", "outcome": {"result": "done"}, "calls": []},
                "prev": GENESIS,
                "hash": ledger(1)[0].hash,
            })
        );
    }
}
