//! Pacing: a call reserves its place in its rate-limit bucket before it is sent.
//!
//! A bucket counts what is left of its window as the last answers told it, less what is in flight and not
//! answered yet, so it never spends what it does not have. Limits are learnt from answers; the number a
//! dialect starts with only serves until the first one.

mod age;
mod spacing;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use self::age::Ages;
use self::spacing::Spacing;
use crate::clock::Clock;

/// The rate-limit bucket that a request draws from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name, as the vendor's documentation has it: `/api/v1/users`.
    pub name: Cow<'static, str>,
    /// How many calls a window allows, to start with. None: no limit until an answer tells one.
    pub limit: Option<NonZeroU32>,
    /// How long a window lasts, from the first call in it.
    pub window: Duration,
}

/// What an answer tells about limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Nothing.
    None,
    /// The state of the bucket's window.
    Window {
        /// How many calls the window allows us.
        limit: u32,
        /// How many are left.
        remaining: u32,
        /// When the whole allowance is back, counted from when the answer was made.
        resets_in: Duration,
        /// When the answer was made, by the server's own clock, since the Unix epoch. An answer that was long on
        /// its way is told by it; unknown, it counts as made just now.
        answered_at: Option<Duration>,
    },
    /// Too many calls were in flight at once. Says nothing about the bucket.
    Concurrency,
    /// The bucket is closed for so long.
    Pause(Duration),
}

/// How a client paces itself.
#[derive(Debug, Clone, Copy)]
pub struct PacerConfig {
    /// The part of each limit that this client may use, above 0 and up to 1. Default 1: the limit is already
    /// our own share where the vendor tells one.
    pub share: f64,
    /// The most calls in flight at once. Default 10.
    pub concurrency: u32,
}

impl Default for PacerConfig {
    fn default() -> Self {
        Self { share: 1.0, concurrency: 10 }
    }
}

/// Before a bucket's first answer its limit is a guess, so only so many calls may be on their way.
const SCOUTS: u32 = 4;

/// Servers tell resets in whole seconds: one more is on the safe side.
const MARGIN: Duration = Duration::from_secs(1);

/// The pacer of one client: a bucket for each of the vendor's, and one count of what is in flight.
#[derive(Debug)]
pub(crate) struct Pacer {
    clock: Arc<dyn Clock>,
    config: PacerConfig,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    buckets: HashMap<String, Window>,
    in_flight: u32,
    /// The concurrency we allow ourselves now: halved by a refusal, crept back by successes.
    allowed: f64,
    ages: Ages,
}

#[derive(Debug)]
struct Window {
    limit: Option<u32>,
    learnt: bool,
    length: Duration,
    remaining: u32,
    used: u32,
    in_flight: u32,
    /// Monotonic time at which the allowance is back. None: the window has not begun, as far as we know.
    ends: Option<Duration>,
    closed_until: Duration,
    spacing: Option<Spacing>,
}

/// Why a call has to wait.
#[derive(Debug, PartialEq, Eq)]
enum Hold {
    For(Duration),
    /// Until something that is in flight comes back.
    ForAnswer,
}

/// How a call in flight came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Answered,
    /// Sent away by a rate limit.
    Refused,
    /// Without an answer.
    Lost,
}

impl Pacer {
    /// A pacer without any memory.
    pub(crate) fn new(config: PacerConfig, clock: Arc<dyn Clock>) -> Self {
        let allowed = f64::from(config.concurrency.max(1));
        let state = State { buckets: HashMap::new(), in_flight: 0, allowed, ages: Ages::default() };
        Self { clock, config, state: Mutex::new(state), freed: Notify::new() }
    }

    /// Waits for a place in `bucket` and takes it. `waiting` hears of each pause.
    pub(crate) async fn reserve(&self, bucket: &Bucket, waiting: impl Fn(Duration)) -> Place<'_> {
        loop {
            // Made before the look, so that a place freed in between is not missed.
            let freed = self.freed.notified();
            match self.try_reserve(bucket) {
                Ok(()) => return Place { pacer: self, bucket: bucket.name.to_string(), answered: false },
                Err(Hold::ForAnswer) => freed.await,
                Err(Hold::For(delay)) => {
                    waiting(delay);
                    self.clock.sleep(delay).await;
                }
            }
        }
    }

    fn try_reserve(&self, bucket: &Bucket) -> Result<(), Hold> {
        let now = self.clock.monotonic();
        let mut state = self.lock();
        if f64::from(state.in_flight) + 1.0 > state.allowed {
            return Err(Hold::ForAnswer);
        }
        let window = state.buckets.entry(bucket.name.to_string()).or_insert_with(|| Window::new(bucket));
        window.take(now, self.config.share, &self.clock)?;
        state.in_flight += 1;
        Ok(())
    }

    fn give_back(&self, bucket: &str, signal: Signal, end: End) {
        let now = self.clock.monotonic();
        let mut guard = self.lock();
        let state = &mut *guard;
        state.in_flight -= 1;
        match signal {
            Signal::Concurrency => state.allowed = (state.allowed / 2.0).max(1.0),
            _ if end != End::Lost => {
                let ceiling = f64::from(self.config.concurrency.max(1));
                state.allowed = (state.allowed + 1.0 / state.allowed).min(ceiling);
            }
            _ => {}
        }
        if let Some(window) = state.buckets.get_mut(bucket) {
            window.learn(now, signal, end == End::Refused, &mut state.ages);
        }
        drop(guard);
        self.freed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn new(bucket: &Bucket) -> Self {
        let limit = bucket.limit.map(NonZeroU32::get);
        Self {
            limit,
            learnt: false,
            length: bucket.window,
            remaining: limit.unwrap_or(u32::MAX),
            used: 0,
            in_flight: 0,
            ends: None,
            closed_until: Duration::ZERO,
            spacing: None,
        }
    }

    fn take(&mut self, now: Duration, share: f64, clock: &Arc<dyn Clock>) -> Result<(), Hold> {
        if now < self.closed_until {
            return Err(Hold::For(self.closed_until.saturating_sub(now)));
        }
        if self.ends.is_some_and(|end| end <= now) {
            self.begin_anew();
        }
        if let Some(limit) = self.limit {
            let ours = share_of(limit, share);
            let left =
                self.remaining.saturating_sub(self.in_flight).min(ours.get().saturating_sub(self.used));
            if left == 0 || (!self.learnt && self.in_flight >= SCOUTS) {
                return Err(match self.ends {
                    Some(end) if self.remaining == 0 || self.used >= ours.get() => {
                        Hold::For(end.saturating_sub(now))
                    }
                    _ if self.in_flight > 0 => Hold::ForAnswer,
                    Some(end) => Hold::For(end.saturating_sub(now)),
                    // Nothing left, nothing on its way, and no answer ever told when: wait a window.
                    None => {
                        self.ends = Some(now + self.length);
                        Hold::For(self.length)
                    }
                });
            }
            let length = self.length;
            let spacing = self.spacing.get_or_insert_with(|| Spacing::new(ours, length, clock.clone()));
            spacing.take().map_err(Hold::For)?;
        }
        self.in_flight += 1;
        self.used += 1;
        Ok(())
    }

    fn begin_anew(&mut self) {
        self.ends = None;
        self.remaining = self.limit.unwrap_or(u32::MAX);
        self.used = self.in_flight;
    }

    fn learn(&mut self, now: Duration, signal: Signal, refused: bool, ages: &mut Ages) {
        self.in_flight -= 1;
        match signal {
            Signal::Window { limit, remaining, resets_in, answered_at } => {
                let age = answered_at.map_or(Duration::ZERO, |answered_at| ages.of(now, answered_at));
                let end = (now + resets_in + MARGIN).saturating_sub(age);
                self.set_limit(limit);
                self.hear(now, remaining, end);
                // The vendor may count in two windows, the organisation's and ours. One that refuses closes
                // the bucket, though the other ends later and has places left.
                if refused {
                    self.closed_until = self.closed_until.max(end);
                }
            }
            Signal::Pause(length) => self.closed_until = self.closed_until.max(now + length),
            // Sent, and nothing heard of the count: it has most likely been counted.
            Signal::None | Signal::Concurrency => self.remaining = self.remaining.saturating_sub(1),
        }
    }

    fn set_limit(&mut self, limit: u32) {
        self.learnt = true;
        if self.limit != Some(limit) {
            self.limit = Some(limit);
            self.spacing = None;
        }
    }

    /// Answers come out of order: in one window the lowest count is the truth, a later end means a new
    /// window, and an earlier end is news from the one before.
    fn hear(&mut self, now: Duration, remaining: u32, end: Duration) {
        let tolerance = 2 * MARGIN;
        match self.ends {
            Some(known) if end + tolerance < known || end <= now => {}
            Some(known) if end <= known + tolerance => self.remaining = self.remaining.min(remaining),
            _ => {
                if self.ends.is_some() {
                    self.begin_anew();
                }
                self.ends = Some(end);
                self.remaining = remaining;
            }
        }
    }
}

/// The calls that `share` of `limit` allows: at least one.
fn share_of(limit: u32, share: f64) -> NonZeroU32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and `limit`")]
    let ours = (f64::from(limit) * share.clamp(0.0, 1.0)).floor() as u32;
    NonZeroU32::new(ours).unwrap_or(NonZeroU32::MIN)
}

/// A place in a bucket, held from before a request is sent until its answer is in. Dropped without an
/// answer, it is given back.
#[must_use]
pub(crate) struct Place<'a> {
    pacer: &'a Pacer,
    bucket: String,
    answered: bool,
}

impl Place<'_> {
    /// Gives the place back, with what the answer told.
    pub(crate) fn answered(mut self, signal: Signal) {
        self.answered = true;
        self.pacer.give_back(&self.bucket, signal, End::Answered);
    }

    /// Gives the place back after a refusal by the rate limit, with what the answer told.
    pub(crate) fn refused(mut self, signal: Signal) {
        self.answered = true;
        self.pacer.give_back(&self.bucket, signal, End::Refused);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.answered {
            self.pacer.give_back(&self.bucket, Signal::None, End::Lost);
        }
    }
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({})", self.bucket)
    }
}

#[cfg(test)]
mod tests;
