//! How long a tail waits before it asks again.

use std::time::Duration;

use client_core::Randomness;

/// Between two bounds: short after news, and longer the longer there are none.
#[derive(Debug)]
pub(super) struct Pace {
    shortest: Duration,
    longest: Duration,
    /// Before jitter.
    next: Duration,
}

impl Pace {
    /// The first time it does not wait.
    pub(super) fn new(shortest: Duration, longest: Duration) -> Self {
        Self { shortest, longest, next: Duration::ZERO }
    }

    /// How long to wait now: up to a quarter more than it must be, so that many that were started together part.
    pub(super) fn wait(&self, chance: &dyn Randomness) -> Duration {
        let most = u64::try_from(self.next.as_millis() / 4).unwrap_or(u64::MAX);
        let jitter = Duration::from_millis(chance.next_u64() % most.saturating_add(1));
        (self.next + jitter).min(self.longest)
    }

    /// A full page: there is more.
    pub(super) fn more_is_there(&mut self) {
        self.next = Duration::ZERO;
    }

    /// A page that was not full: that is all for now.
    pub(super) fn something_new(&mut self) {
        self.next = self.shortest;
    }

    /// Nothing, or an error.
    pub(super) fn nothing_new(&mut self) {
        self.next = (self.next * 2).clamp(self.shortest, self.longest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Always(u64);

    impl Randomness for Always {
        fn next_u64(&self) -> u64 {
            self.0
        }
    }

    fn millis(pace: &Pace, dice: u64) -> u128 {
        pace.wait(&Always(dice)).as_millis()
    }

    #[test]
    fn it_waits_longer_while_nothing_happens_and_not_at_all_while_there_is_more() {
        let mut pace = Pace::new(Duration::from_secs(10), Duration::from_secs(60));
        assert_eq!(millis(&pace, 7), 0);
        let quiet = std::iter::repeat_with(|| {
            pace.nothing_new();
            millis(&pace, 0)
        });
        assert_eq!(quiet.take(5).collect::<Vec<_>>(), [10_000, 20_000, 40_000, 60_000, 60_000]);
        pace.something_new();
        assert_eq!((millis(&pace, 0), millis(&pace, 2500), millis(&pace, 2501)), (10_000, 12_500, 10_000));
        pace.more_is_there();
        assert_eq!(millis(&pace, 7), 0);
    }
}
