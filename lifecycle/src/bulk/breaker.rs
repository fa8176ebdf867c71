//! When a batch stops by itself.

use super::{RowState, Rows};
use crate::systems::Systems;

/// So many rows, one after the other, that could not be brought to an end are a system that is away.
const AWAY: u32 = 5;

/// One row in so many may go wrong.
const ONE_IN: u32 = 50;

/// The share is told no earlier than after so many rows.
const SOONEST: u32 = 100;

/// How the rows went since a person last said to go on.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    settled: u32,
    wrong: u32,
    stuck_in_a_row: u32,
}

impl Breaker {
    /// Why the batch stops, now that a row ended like this.
    pub(super) fn flaw(&mut self, state: RowState, rows: &Rows, number: u32, why: &str) -> Option<String> {
        let wrong = matches!(state, RowState::Failed | RowState::Quarantined);
        self.settled += 1;
        self.wrong += u32::from(wrong);
        self.stuck_in_a_row = if state == RowState::Quarantined { self.stuck_in_a_row + 1 } else { 0 };
        if self.stuck_in_a_row == AWAY {
            return Some(format!(
                "{AWAY} rows one after the other could not be brought to an end, the last because: {why}"
            ));
        }
        if wrong && rows.settled() <= super::FIRST_WAVES[1] {
            return Some(format!("row {number} is one of the first, and went wrong: {why}"));
        }
        (wrong && self.wrong * ONE_IN > self.settled.max(SOONEST))
            .then(|| format!("{} of {} rows went wrong, the last because: {why}", self.wrong, self.settled))
    }
}

/// What refuses our credentials, if something does: then it is nobody's fault but ours.
pub(super) async fn unauthorised(systems: &Systems) -> Option<String> {
    match systems.okta.check_credentials().await {
        Err(error) if error.is_unauthenticated() || error.is_forbidden() => return Some(error.to_string()),
        Ok(findings) if !findings.is_empty() => return Some(format!("Okta: {}", findings[0])),
        _ => {}
    }
    match systems.servicenow.who_am_i().await {
        Err(error) if error.is_unauthenticated() => Some(error.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(settled: u32) -> Rows {
        let mut rows = Rows::default();
        rows.add(RowState::Done, settled);
        rows.add(RowState::Left, 5000 - settled);
        rows
    }

    #[test]
    fn one_of_the_first_that_goes_wrong_stops_the_batch() {
        for settled in 1..=6 {
            assert!(Breaker::default().flaw(RowState::Failed, &rows(settled), 2, "no").is_some());
        }
        assert_eq!(Breaker::default().flaw(RowState::Failed, &rows(7), 2, "no"), None);
    }

    #[test]
    fn more_than_one_in_fifty_stops_it() {
        let mut breaker = Breaker::default();
        for _ in 0..147 {
            assert_eq!(breaker.flaw(RowState::Done, &rows(200), 2, ""), None);
        }
        for _ in 0..3 {
            assert_eq!(breaker.flaw(RowState::Failed, &rows(200), 2, "no"), None);
        }
        let flaw = breaker.flaw(RowState::Failed, &rows(200), 2, "no").unwrap();
        assert_eq!(flaw, "4 of 151 rows went wrong, the last because: no");
    }

    #[test]
    fn rows_that_are_stuck_one_after_the_other_stop_it() {
        let mut breaker = Breaker { settled: 10_000, ..Breaker::default() };
        for _ in 0..2 {
            for _ in 1..AWAY {
                assert_eq!(breaker.flaw(RowState::Quarantined, &rows(200), 2, "away"), None);
            }
            assert_eq!(breaker.flaw(RowState::Done, &rows(200), 2, ""), None);
        }
        let flaws = (0..AWAY).filter_map(|_| breaker.flaw(RowState::Quarantined, &rows(200), 2, "away"));
        assert_eq!(flaws.count(), 1);
    }

    #[test]
    fn what_waits_or_was_superseded_is_nothing_wrong() {
        for state in [RowState::Waiting, RowState::Superseded, RowState::Done] {
            assert_eq!(Breaker::default().flaw(state, &rows(1), 2, ""), None);
        }
    }
}
