//! How long ago an answer was made.

use std::time::Duration;

/// How long the quickest answer is remembered: clocks drift apart.
const MEMORY: Duration = Duration::from_secs(600);

/// Compares the server's clock with ours: the quickest answer of late tells how far they are apart, and
/// whatever another one is behind that, it was on its way.
#[derive(Debug, Default)]
pub(super) struct Ages {
    /// Our clock less the server's, in milliseconds, and when that was seen.
    quickest: Option<(i128, Duration)>,
}

impl Ages {
    /// The age of an answer that arrives `now`, by our clock, and was made at `answered_at`, by the server's.
    pub(super) fn of(&mut self, now: Duration, answered_at: Duration) -> Duration {
        let millis = |time: Duration| i128::try_from(time.as_millis()).unwrap_or_default();
        let apart = millis(now) - millis(answered_at);
        let known = self.quickest.filter(|(_, seen)| now.saturating_sub(*seen) < MEMORY);
        let least = known.map_or(apart, |(least, _)| least.min(apart));
        if least == apart {
            self.quickest = Some((apart, now));
        }
        Duration::from_millis(u64::try_from(apart - least).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_slow_answer_is_as_old_as_it_is_slower_than_the_quickest() {
        let mut ages = Ages::default();
        assert_eq!(ages.of(secs(10), secs(1_000_010)), secs(0));
        assert_eq!(ages.of(secs(60), secs(1_000_020)), secs(40));
        assert_eq!(ages.of(secs(61), secs(1_000_061)), secs(0));
    }

    #[test]
    fn clocks_that_drift_apart_are_compared_anew() {
        let mut ages = Ages::default();
        ages.of(secs(0), secs(1_000_000));
        // The server lost five seconds in an hour.
        assert_eq!(ages.of(secs(3600), secs(1_003_595)), secs(0));
    }
}
