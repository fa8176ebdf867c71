//! The sandbox's time: real or frozen, and movable forwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// Where a frozen clock begins: a Monday morning, 2026-03-02T08:00:00Z.
const FROZEN_START_SECONDS: i64 = 1_772_438_400;

/// The last second that every format of a time can tell: 9999-12-31T23:59:59Z.
const END_SECONDS: i64 = 253_402_300_799;

/// The time both vendors live in. Cheap to clone; all clones are one clock.
///
/// Every date, rate-limit window and index lag follows it. By default it runs with real time; with
/// [`Builder::frozen_clock`](crate::Builder::frozen_clock) it moves only when told. It never goes back.
#[derive(Clone, Debug)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    frozen: bool,
    base: DateTime<Utc>,
    started: Instant,
    moved_micros: AtomicI64,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
    pub(crate) fn real() -> Self {
        Self::starting_at(Utc::now(), false)
    }

    pub(crate) fn frozen() -> Self {
        Self::starting_at(DateTime::from_timestamp(FROZEN_START_SECONDS, 0).unwrap_or_default(), true)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
    fn starting_at(base: DateTime<Utc>, frozen: bool) -> Self {
        let inner = Inner { frozen, base, started: Instant::now(), moved_micros: AtomicI64::new(0) };
        Self { inner: Arc::new(inner) }
    }

    /// The time it is in the sandbox.
    pub fn now(&self) -> DateTime<Utc> {
        let moved = TimeDelta::microseconds(self.inner.moved_micros.load(Ordering::SeqCst));
        self.inner.base + self.running() + moved
    }

    /// Moves time forward, to the end of the year 9999 at most.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        let most = (Self::end() - self.inner.base).num_microseconds().unwrap_or(i64::MAX);
        let add = |moved: i64| Some(moved.saturating_add(micros).min(most));
        let _ = self.inner.moved_micros.fetch_update(Ordering::SeqCst, Ordering::SeqCst, add);
    }

    /// Where time ends.
    pub(crate) fn end() -> DateTime<Utc> {
        DateTime::from_timestamp(END_SECONDS, 0).unwrap_or_default()
    }

    /// Moves time forward to `to`; does nothing if it is past that already.
    pub fn advance_to(&self, to: DateTime<Utc>) {
        if let Ok(by) = (to - self.now()).to_std() {
            self.advance(by);
        }
    }

    /// Whether time stands still until it is advanced.
    pub fn is_frozen(&self) -> bool {
        self.inner.frozen
    }

    /// Lets so much time pass: a frozen clock is moved, a running one waited for.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
    pub(crate) async fn pass(&self, time: Duration) {
        if self.inner.frozen {
            self.advance(time);
        } else if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
    }

    fn running(&self) -> TimeDelta {
        if self.inner.frozen {
            return TimeDelta::zero();
        }
        TimeDelta::from_std(self.inner.started.elapsed()).unwrap_or_default()
    }
}

/// Okta's form of a time: UTC with milliseconds.
pub(crate) fn okta_time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// ServiceNow's form of a time: UTC, no zone.
pub(crate) fn servicenow_time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The form of the `Date` header.
pub(crate) fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_told_and_never_back() {
        let clock = Clock::frozen();
        let start = clock.now();
        assert_eq!(okta_time(start), "2026-03-02T08:00:00.000Z");
        clock.advance(Duration::from_secs(60));
        clock.advance_to(start);
        assert_eq!(clock.now() - start, TimeDelta::seconds(60));
    }

    #[test]
    fn time_ends_with_the_year_9999() {
        let clock = Clock::frozen();
        for _ in 0..5 {
            clock.advance(Duration::MAX);
        }
        assert_eq!(okta_time(clock.now()), "9999-12-31T23:59:59.000Z");
    }
}
