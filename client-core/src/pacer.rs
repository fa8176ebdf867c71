//! Pacing: a call reserves its place in its rate-limit bucket before it is sent.
//!
//! A bucket counts what is left of its window as the last answers told it, less what is in flight and not
//! answered yet, so it never spends what it does not have. Limits are learnt from answers; the number a
//! dialect starts with only serves until the first one. What is left is spread over what is left of the window.
//! Who cannot go stands in line: by lane, then in the order in which the calls began.
//!
//! Some vendors count by rules that cover several buckets and tell neither which nor what is left. A bucket learns its
//! rule from an answer, and draws from the rule's count together with all others that learnt the same, until the
//! rule's window ends.

mod age;
mod in_flight;
mod lines;
mod spacing;
mod window;

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::select;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

use self::lines::{Grant, LineIndex, Lines, Seat};
use self::window::End;
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Signal {
    /// Nothing.
    #[default]
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
    /// The rule that counts the bucket's calls, maybe with those of other buckets. What is left it does not tell, so
    /// what is sent is counted here.
    Rule {
        /// What the vendor calls it.
        id: String,
        /// How many calls a window allows.
        limit: u32,
        /// When the window ends, counted from when the answer was made.
        resets_in: Duration,
        /// As in [`Window`](Self::Window).
        answered_at: Option<Duration>,
        /// How long the rule is closed, if this is a refusal.
        pause: Option<Duration>,
    },
    /// The bucket is closed for so long.
    Pause(Duration),
}

/// What an answer tells about how busy the other side is. It says nothing about the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Load {
    /// Nothing. As many calls may be in flight as to begin with, in the long run.
    #[default]
    Unknown,
    /// There is room for more.
    Light,
    /// It is as busy as it should be.
    Steady,
    /// Too many calls were in flight at once: from now on half as many.
    Heavy,
}

/// How a client paces itself.
#[derive(Debug, Clone, Copy)]
pub struct PacerConfig {
    /// The part of each limit that this client may use, above 0 and up to 1. Default 1: the limit is already
    /// our own share where the vendor tells one.
    pub share: f64,
    /// The most calls in flight at once. Default 10. From 5 on, one of them is kept for urgent calls. A client may
    /// begin with fewer, and allow more as answers say that there is room.
    pub concurrency: u32,
}

impl Default for PacerConfig {
    fn default() -> Self {
        Self { share: 1.0, concurrency: 10 }
    }
}

/// Who goes first, among the calls that wait for one bucket or for their turn to be in flight.
///
/// Lanes order what waits; none has a limit of its own. In a lane calls go in the order in which they began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Lane {
    /// Overtakes everything, is not spaced out, and finds a hundredth of each window kept for it: a leaver's
    /// sessions, an account under attack. Keep it for the few: while it uses a bucket up, nobody else gets on.
    Urgent,
    /// Ordinary calls. A fifth of a window goes as fast as it can, and the rest is spread.
    #[default]
    Normal,
    /// Lets all others pass, and is spread evenly from the start: synchronising, reports, clean-up. It gets what
    /// they leave, which may be nothing for a while.
    Bulk,
}

/// A rate-limit bucket as a client sees it now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketStatus {
    /// Its name, as the vendor's documentation has it: `/api/v1/users`.
    pub name: String,
    /// The rule that counts its calls, if the vendor names one. Buckets with the same rule have the same limit, and the
    /// same calls are left to them.
    pub rule: Option<String>,
    /// How many calls a window allows: a guess until the first answer, none if nothing limits it so far.
    pub limit: Option<u32>,
    /// How many this client may still send in this window: what answers told, less what is in flight, within the
    /// client's share; none without a limit.
    pub remaining: Option<u32>,
    /// Until the whole allowance is back; none before the first answer in a window.
    pub resets_in: Option<Duration>,
    /// Calls of this bucket that were sent and not answered yet.
    pub in_flight: u32,
    /// Calls that stand in line.
    pub waiting: usize,
}

/// How many calls a client has in flight, and may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Concurrency {
    /// Calls that were sent and not answered yet.
    pub in_flight: u32,
    /// How many there may be: [`PacerConfig::concurrency`], or fewer, because the vendor found them too many or has not
    /// said that there is room for more.
    pub allowed: u32,
}

/// A call's turn: by lane, then by when it began. A call that a rate limit sent away keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    lane: Lane,
    number: u64,
}

/// What a call has to wait for, as far as can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    /// Calls that stand before it in its bucket's line.
    pub(crate) ahead: usize,
    /// How long that is likely to take. Zero: until something in flight comes back.
    pub(crate) delay: Duration,
}

/// The pacer of one client: a bucket for each of the vendor's, and one count of what is in flight.
#[derive(Debug)]
pub(crate) struct Pacer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Arc<dyn Clock>,
    turns: AtomicU64,
    state: Mutex<State>,
    /// There is an earlier alarm than the one that the timekeeper sleeps towards.
    sooner: Notify,
}

#[derive(Debug)]
struct State {
    lines: Lines,
    /// Until when the timekeeper sleeps; none if there is no timekeeper.
    asleep: Option<Duration>,
}

/// A bucket is closed for so long, which is longer than calls may wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closed(pub(crate) Duration);

impl Pacer {
    /// A pacer without any memory, which lets `start` calls be in flight at first, and sends calls away from buckets
    /// that are closed for longer than `patience`.
    pub(crate) fn new(
        config: PacerConfig,
        start: Option<u32>,
        patience: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let lines = Lines::new(config, start, patience, clock.clone());
        let state = State { lines, asleep: None };
        let (turns, sooner) = (AtomicU64::new(0), Notify::new());
        Self(Arc::new(Inner { clock, turns, state: Mutex::new(state), sooner }))
    }

    /// The turn of a call that begins now.
    pub(crate) fn turn(&self, lane: Lane) -> Turn {
        Turn { lane, number: self.0.turns.fetch_add(1, Ordering::Relaxed) }
    }

    /// Waits for a place in `bucket` and takes it. `waiting` hears of it if there is none at once.
    pub(crate) async fn reserve(
        &self,
        bucket: &Bucket,
        turn: Turn,
        waiting: impl Fn(Wait),
    ) -> Result<Place, Closed> {
        let mut standing = match self.arrive(bucket, turn)? {
            Arrival::Placed(place) => return Ok(place),
            Arrival::Standing(standing, wait) => {
                waiting(wait);
                standing
            }
        };
        loop {
            if let Some(granted) = standing.granted().await {
                return granted;
            }
            // The timekeeper went away with its runtime. There will be one in this.
            standing = match self.arrive(bucket, turn)? {
                Arrival::Placed(place) => return Ok(place),
                Arrival::Standing(standing, _) => standing,
            };
        }
    }

    /// Takes a place at once, or stands in line for one.
    fn arrive(&self, bucket: &Bucket, turn: Turn) -> Result<Arrival<'_>, Closed> {
        let inner = &self.0;
        let now = inner.clock.monotonic();
        let mut state = inner.lock();
        let line = state.lines.line(bucket);
        state.lines.admit(now, line)?;
        if let Some(seat) = state.lines.take_at_once(now, line, turn) {
            return Ok(Arrival::Placed(Place::taken(inner, seat, now)));
        }
        let granted = state.lines.stand(now, line, turn);
        let wait = state.lines.wait(now, line, turn);
        inner.keep_time(state);
        Ok(Arrival::Standing(Standing { inner, line, turn, granted: Some(granted) }, wait))
    }

    /// All buckets that were drawn from so far.
    pub(crate) fn buckets(&self) -> Vec<BucketStatus> {
        let mut statuses = self.0.lock().lines.statuses();
        statuses.sort_by(|one, other| one.name.cmp(&other.name));
        statuses
    }

    /// What is in flight, and may be.
    pub(crate) fn concurrency(&self) -> Concurrency {
        self.0.lock().lines.concurrency()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(self: &Arc<Self>, seat: Seat, taken: Duration, heard: Heard, end: End) {
        let mut state = self.lock();
        state.lines.give_back(seat, taken, heard, end);
        self.keep_time(state);
    }

    /// Sees to it that somebody wakes when the next bucket is to be looked at. A task of its own, so that those
    /// who wait depend on nobody among them being polled.
    fn keep_time(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let Some(next) = state.lines.next_alarm() else { return };
        match state.asleep {
            Some(until) if until <= next => {}
            Some(_) => self.sooner.notify_one(),
            None => match Handle::try_current() {
                Ok(runtime) => {
                    state.asleep = Some(next);
                    drop(state);
                    runtime.spawn(Timekeeper { inner: self.clone(), ended: false }.run());
                }
                // A call is given up outside of any runtime. Those who wait are in one.
                Err(_) => state.lines.dissolve(),
            },
        }
    }
}

/// Sleeps until the next alarm, and ends when there is none.
struct Timekeeper {
    inner: Arc<Inner>,
    ended: bool,
}

impl Timekeeper {
    async fn run(mut self) {
        while let Some(next) = self.ring() {
            let Inner { clock, sooner, .. } = &*self.inner;
            // Clocks are coarser than alarms: to the next millisecond, so that it is past and not just before.
            let delay = next.saturating_sub(clock.monotonic()) + Duration::from_nanos(999_999);
            let sleep =
                clock.sleep(Duration::from_millis(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)));
            select(pin!(sooner.notified()), sleep).await;
        }
    }

    /// Looks at the buckets whose time has come. When the next one's will.
    fn ring(&mut self) -> Option<Duration> {
        let mut state = self.inner.lock();
        state.lines.ring();
        state.asleep = state.lines.next_alarm();
        self.ended = state.asleep.is_none();
        state.asleep
    }
}

impl Drop for Timekeeper {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // Its runtime has ended. Those who wait in another need a new one.
        let mut state = self.inner.lock();
        state.asleep = None;
        state.lines.dissolve();
    }
}

/// How a call's arrival ends.
enum Arrival<'a> {
    Placed(Place),
    Standing(Standing<'a>, Wait),
}

/// Stands in line, until dropped.
struct Standing<'a> {
    inner: &'a Arc<Inner>,
    line: LineIndex,
    turn: Turn,
    granted: Option<oneshot::Receiver<Grant>>,
}

impl Standing<'_> {
    /// Waits for the place. None: the line was dissolved.
    async fn granted(mut self) -> Option<Result<Place, Closed>> {
        let granted = self.granted.as_mut()?.await;
        self.granted = None;
        Some(granted.ok()?.map(|seat| Place::of(self.inner, seat)))
    }
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        let Some(mut granted) = self.granted.take() else { return };
        let mut state = self.inner.lock();
        match granted.try_recv() {
            // Nobody will use the place.
            Ok(Ok(seat)) => {
                drop(state);
                drop(Place::of(self.inner, seat));
            }
            Err(oneshot::error::TryRecvError::Empty) => {
                state.lines.leave(self.inner.clock.monotonic(), self.line, self.turn);
                self.inner.keep_time(state);
            }
            Ok(Err(_)) | Err(oneshot::error::TryRecvError::Closed) => {}
        }
    }
}

/// What an answer told, about limits and about load.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) signal: Signal,
    pub(crate) load: Load,
}

/// A place in a bucket, held from before a request is sent until its answer is in. Dropped without an
/// answer, it is given back.
#[must_use]
pub(crate) struct Place {
    inner: Arc<Inner>,
    seat: Seat,
    taken: Duration,
    heard: Heard,
    end: End,
}

impl Place {
    fn of(inner: &Arc<Inner>, seat: Seat) -> Self {
        Self::taken(inner, seat, inner.clock.monotonic())
    }

    fn taken(inner: &Arc<Inner>, seat: Seat, taken: Duration) -> Self {
        Self { inner: inner.clone(), seat, taken, heard: Heard::default(), end: End::Unused }
    }

    /// Says that the request is on its way: from now on it counts, even if no answer comes.
    pub(crate) fn sent(&mut self) {
        self.end = End::Lost;
    }

    /// Gives the place back, with what the answer told.
    pub(crate) fn answered(self, heard: Heard) {
        drop(self.hearing(heard));
    }

    /// Notes what the answer's head told. The place is given back when this is dropped: at the end of the body.
    pub(crate) fn hearing(mut self, heard: Heard) -> Self {
        (self.heard, self.end) = (heard, End::Answered);
        self
    }

    /// Gives the place back after a refusal by the rate limit, with what the answer told. How long the bucket is
    /// closed now.
    pub(crate) fn refused(mut self, heard: Heard) -> Duration {
        (self.heard, self.end) = (heard, End::Refused);
        let (inner, seat) = (self.inner.clone(), self.seat);
        drop(self);
        inner.lock().lines.closed_for(inner.clock.monotonic(), seat)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.inner.give_back(self.seat, self.taken, std::mem::take(&mut self.heard), self.end);
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("end", &self.end).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
