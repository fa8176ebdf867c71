//! How many calls may be in flight: halved when the other side is too busy, and more again, one by one, as it is not.

use std::time::Duration;

use super::window::End;
use super::{Concurrency, Lane, Load};

/// The calls in flight, and how many there may be.
#[derive(Debug)]
pub(super) struct InFlight {
    count: u32,
    /// What we allow ourselves now.
    allowed: f64,
    /// What we allow ourselves as long as nobody says that there is room for more.
    start: f64,
    most: f64,
    /// When it was halved last.
    halved: Option<Duration>,
}

impl InFlight {
    pub(super) fn new(most: u32, start: Option<u32>) -> Self {
        let most = most.max(1);
        let start = f64::from(start.map_or(most, |start| start.clamp(1, most)));
        Self { count: 0, allowed: start, start, most: most.into(), halved: None }
    }

    /// Whether one more may be in flight. One place is kept for urgent calls, if there are a few.
    pub(super) fn has_room(&self, lane: Lane) -> bool {
        let kept = if lane != Lane::Urgent && self.allowed >= 5.0 { 1.0 } else { 0.0 };
        f64::from(self.count) + 1.0 + kept <= self.allowed
    }

    pub(super) fn begin(&mut self) {
        self.count += 1;
    }

    /// A call that went at `taken` comes back, with what its answer told.
    ///
    /// One refusal tells as much as all that were on their way together: only a call that went after the
    /// last halving halves again. And that there is room says something about more calls only if those that there
    /// may be are there.
    pub(super) fn end(&mut self, now: Duration, taken: Duration, load: Load, end: End) {
        let full = !self.has_room(Lane::Normal);
        self.count -= 1;
        match (load, end) {
            (Load::Heavy, _) if self.halved.is_none_or(|halved| taken > halved) => {
                self.allowed = (self.allowed / 2.0).max(1.0);
                self.halved = Some(now);
            }
            (Load::Heavy | Load::Steady, _) | (_, End::Lost | End::Unused) => {}
            (Load::Light, _) if full => self.grow(self.most),
            (Load::Light | Load::Unknown, _) => self.grow(self.start),
        }
    }

    fn grow(&mut self, most: f64) {
        self.allowed = (self.allowed + 1.0 / self.allowed).min(most.max(self.allowed));
    }

    pub(super) fn concurrency(&self) -> Concurrency {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and a u32")]
        let allowed = self.allowed as u32;
        Concurrency { in_flight: self.count, allowed }
    }
}
