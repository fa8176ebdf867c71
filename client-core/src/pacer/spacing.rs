//! Even spacing of the calls of one bucket. The only file that knows `governor`.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as GovernorClock, Reference as _};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::clock::Clock;

/// Governor's view of our clock, so that a test's clock moves it too. Governor's own waiting sleeps on a
/// timer that no test can move: it is only asked, never awaited.
#[derive(Debug, Clone)]
struct OurClock(Arc<dyn Clock>);

impl GovernorClock for OurClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

/// Lets `calls` through in each `window`, a fifth of them at once and the rest evenly: a single operation
/// is not slowed down, and a bulk one does not burn its window in the first second and stall.
#[derive(Debug)]
pub(super) struct Spacing {
    limiter: RateLimiter<NotKeyed, InMemoryState, OurClock, NoOpMiddleware<Duration>>,
    clock: OurClock,
}

impl Spacing {
    pub(super) fn new(calls: NonZeroU32, window: Duration, clock: Arc<dyn Clock>) -> Self {
        let clock = OurClock(clock);
        let burst = NonZeroU32::new(calls.get() / 5).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(window / calls.get())
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MAX))
            .allow_burst(burst);
        Self { limiter: RateLimiter::direct_with_clock(quota, clock.clone()), clock }
    }

    /// Takes a place, or says how long to wait for one.
    pub(super) fn take(&self) -> Result<(), Duration> {
        self.limiter.check().map_err(|early| {
            let wait = early.wait_time_from(self.clock.now());
            // Governor rounds down to the nanosecond at which it would still say no.
            Duration::from(wait.duration_since(Duration::ZERO)) + Duration::from_millis(1)
        })
    }
}
