//! How long to wait before the n-th repetition.
//!
//! The only file that knows the `backoff` crate, which is unmaintained (RUSTSEC-2025-0012, see `deny.toml`).
//! It draws its jitter from a generator of its own, so its randomisation is off and ours is added.

use std::time::Duration;

use ::backoff::ExponentialBackoff;
use ::backoff::backoff::Backoff as _;

use crate::clock::{Randomness, full_jitter};

/// Delays that double from `base` up to `cap`, each drawn evenly from zero to that ("full jitter").
pub(crate) struct Delays {
    schedule: ExponentialBackoff,
}

impl Delays {
    pub(crate) fn new(base: Duration, cap: Duration) -> Self {
        let schedule = ExponentialBackoff {
            current_interval: base,
            initial_interval: base,
            randomization_factor: 0.0,
            multiplier: 2.0,
            max_interval: cap,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        Self { schedule }
    }

    pub(crate) fn next(&mut self, randomness: &dyn Randomness) -> Duration {
        let longest = self.schedule.next_backoff().unwrap_or(self.schedule.max_interval);
        full_jitter(longest, randomness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Longest;

    impl Randomness for Longest {
        fn next_u64(&self) -> u64 {
            // The remainder that full_jitter takes is largest for the number before a multiple.
            2 * 2 * 2 * 2 * 3 * 5 * 7 - 1
        }
    }

    #[test]
    fn delays_never_pass_the_cap() {
        let mut delays = Delays::new(Duration::from_millis(500), Duration::from_secs(8));
        for n in 0..20 {
            let limit = Duration::from_millis(500 * (1 << n.min(4)));
            assert!(delays.next(&Longest) <= limit, "delay {n}");
        }
    }
}
