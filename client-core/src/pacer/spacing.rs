//! Even spacing of the calls of one bucket. The only file that knows `governor`.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as GovernorClock, Reference as _};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::clock::Clock;

/// Calls that come late, because timers are coarse and machines busy, may make up for so much.
const CATCH_UP: Duration = Duration::from_millis(250);

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

/// Lets one call through in each `interval`, which may change from call to call.
#[derive(Debug)]
pub(super) struct Spacing {
    clock: OurClock,
    plan: Option<Plan>,
}

#[derive(Debug)]
struct Plan {
    limiter: RateLimiter<NotKeyed, InMemoryState, OurClock, NoOpMiddleware<Duration>>,
    interval: Duration,
}

impl Spacing {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock: OurClock(clock), plan: None }
    }

    /// Forgets the calls before: the next one goes at once.
    pub(super) fn begin_anew(&mut self) {
        self.plan = None;
    }

    /// Takes a place, or says how long to wait for one. The one after it is an `interval` away.
    pub(super) fn take(&mut self, interval: Duration) -> Result<(), Duration> {
        if let Some(plan) = &self.plan {
            plan.limiter.check().map_err(|early| {
                let wait = early.wait_time_from(self.clock.now());
                // Governor rounds down to the nanosecond at which it would still say no.
                Duration::from(wait.duration_since(Duration::ZERO)) + Duration::from_millis(1)
            })?;
        }
        if self.plan.as_ref().is_none_or(|plan| plan.interval.abs_diff(interval) > plan.interval / 10) {
            self.plan = Plan::new(interval, self.clock.clone());
        }
        Ok(())
    }
}

impl Plan {
    /// A plan whose first call has just gone. None: everything goes at once.
    fn new(interval: Duration, clock: OurClock) -> Option<Self> {
        let late = CATCH_UP.as_nanos().checked_div(interval.as_nanos())?;
        let burst = NonZeroU32::MIN.saturating_add(u32::try_from(late).unwrap_or(u32::MAX));
        let quota = Quota::with_period(interval)?.allow_burst(burst);
        let limiter = RateLimiter::direct_with_clock(quota, clock);
        // A new limiter would let a burst through.
        let _ = limiter.check_n(burst);
        Some(Self { limiter, interval })
    }
}
