//! What is left of a bucket's window: what the last answers told, less what is in flight.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::age::Ages;
use super::spacing::Spacing;
use super::{Bucket, Lane, Signal};
use crate::clock::Clock;

/// Before a bucket's first answer its limit is a guess, so only so many calls may be on their way.
pub(super) const SCOUTS: u32 = 4;

/// Servers tell resets in whole seconds: one more is on the safe side.
const MARGIN: Duration = Duration::from_secs(1);

/// What is spread over a window is used up so long before it ends, as far as we know: it may end a little earlier.
const TAIL: Duration = Duration::from_secs(1);

/// One window of a bucket.
#[derive(Debug)]
pub(super) struct Window {
    limit: Option<u32>,
    learnt: bool,
    share: f64,
    length: Duration,
    remaining: u32,
    used: u32,
    in_flight: u32,
    /// Monotonic time at which the allowance is back. None: the window has not begun, as far as we know.
    ends: Option<Duration>,
    /// When, by the server's clock, the answer was made that told the end.
    told_at: Option<Duration>,
    closed_until: Duration,
    spacing: Spacing,
}

/// Why a call has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    For(Duration),
    /// Until something that is in flight comes back.
    ForAnswer,
}

/// How a place comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Answered,
    /// Sent away by a rate limit.
    Refused,
    /// Sent, and without an answer.
    Lost,
    /// Never sent.
    Unused,
}

impl Window {
    pub(super) fn new(bucket: &Bucket, share: f64, clock: Arc<dyn Clock>) -> Self {
        let limit = bucket.limit.map(NonZeroU32::get);
        Self {
            limit,
            learnt: false,
            share,
            length: bucket.window,
            remaining: limit.unwrap_or(u32::MAX),
            used: 0,
            in_flight: 0,
            ends: None,
            told_at: None,
            closed_until: Duration::ZERO,
            spacing: Spacing::new(clock),
        }
    }

    /// Takes a place for a call of `lane`, or says why not.
    pub(super) fn take(&mut self, now: Duration, lane: Lane) -> Result<(), Hold> {
        self.turn(now);
        if now < self.closed_until {
            return Err(Hold::For(self.closed_until.saturating_sub(now)));
        }
        if let Some(limit) = self.limit {
            let ours = share_of(limit, self.share);
            let left = self.left(ours);
            if left == 0 || (!self.learnt && self.in_flight >= SCOUTS) {
                return Err(self.hold(now, ours));
            }
            if lane != Lane::Urgent {
                self.spread(now, lane, ours, left)?;
            }
        }
        self.in_flight += 1;
        self.used = self.used.saturating_add(1);
        Ok(())
    }

    /// The places that we may still take.
    fn left(&self, ours: u32) -> u32 {
        let told = self.remaining.saturating_sub(self.in_flight);
        // Without a cap what was told says it all, and is not off by what was in flight as the window turned.
        if self.share < 1.0 { told.min(ours.saturating_sub(self.used)) } else { told }
    }

    /// Why a bucket with nothing left is closed.
    fn hold(&mut self, now: Duration, ours: u32) -> Hold {
        let spent = self.remaining == 0 || (self.share < 1.0 && self.used >= ours);
        match self.ends {
            Some(end) if spent || self.in_flight == 0 => Hold::For(end.saturating_sub(now)),
            _ if self.in_flight > 0 => Hold::ForAnswer,
            // Nothing left, nothing on its way, and no answer ever told when: wait a window.
            _ => {
                self.ends = Some(now + self.length);
                Hold::For(self.length)
            }
        }
    }

    /// Spreads what is left over what is left of the window, and keeps some of it for urgent calls.
    fn spread(&mut self, now: Duration, lane: Lane, ours: u32, left: u32) -> Result<(), Hold> {
        let time_left = self.ends.map_or(self.length, |end| end.saturating_sub(now)).saturating_sub(TAIL);
        if time_left.is_zero() {
            return Ok(());
        }
        let places = left.saturating_sub(kept_for_urgent(ours));
        if places == 0 {
            return Err(match self.ends {
                None if self.in_flight > 0 => Hold::ForAnswer,
                _ => Hold::For(time_left),
            });
        }
        // A single operation is not slowed down: a fifth of the window goes at once.
        if lane == Lane::Normal && left > ours - ours / 5 {
            self.spacing.begin_anew();
            return Ok(());
        }
        self.spacing.take(time_left / places).map_err(Hold::For)
    }

    /// Begins anew if the window is over.
    fn turn(&mut self, now: Duration) {
        if self.ends.is_some_and(|end| end <= now) {
            self.begin_anew();
        }
    }

    fn begin_anew(&mut self) {
        self.ends = None;
        self.told_at = None;
        self.remaining = self.limit.unwrap_or(u32::MAX);
        self.used = self.in_flight;
        self.spacing.begin_anew();
    }

    /// Takes a place back that was taken at `taken`, with what the answer told.
    pub(super) fn learn(
        &mut self,
        now: Duration,
        taken: Duration,
        signal: &Signal,
        end: End,
        ages: &mut Ages,
    ) {
        self.in_flight -= 1;
        if end == End::Unused {
            self.used = self.used.saturating_sub(1);
            return;
        }
        match *signal {
            Signal::Window { limit, remaining, resets_in, answered_at } => {
                let mut ends = told_end(now, taken, resets_in, answered_at, ages);
                // The first call of a window began it, so it is over a window after the answer, if not before.
                if remaining.saturating_add(1) == limit {
                    ends = ends.min(now + self.length);
                }
                self.set_limit(limit);
                self.hear(now, remaining, ends, answered_at);
                // The vendor may count in two windows, the organisation's and ours. One that refuses closes
                // the bucket, though the other ends later and has places left.
                if end == End::Refused {
                    self.closed_until = self.closed_until.max(ends).max(now + MARGIN);
                }
            }
            Signal::Pause(length) => self.closed_until = self.closed_until.max(now + length),
            // Sent, and nothing heard of the count: it has most likely been counted.
            Signal::None => self.remaining = self.remaining.saturating_sub(1),
            // The window of the rule hears of it: see `obey`.
            Signal::Rule { .. } => {}
        }
    }

    /// A rule tells its limit and when its window ends, and not what is left: what was sent is counted instead.
    /// `counted`: the call that heard of the rule took its place here.
    pub(super) fn obey(
        &mut self,
        now: Duration,
        taken: Duration,
        signal: &Signal,
        counted: bool,
        ages: &mut Ages,
    ) {
        let Signal::Rule { limit, resets_in, answered_at, pause, .. } = *signal else { return };
        let ends = told_end(now, taken, resets_in, answered_at, ages);
        let is_new = ends > now && self.ends.is_none_or(|known| ends > known + 2 * MARGIN);
        if is_new {
            self.begin_anew();
            self.ends = Some(ends);
        }
        self.used += u32::from(is_new || !counted);
        self.set_limit(limit);
        self.remaining = limit.saturating_sub(self.used.saturating_sub(self.in_flight));
        if let Some(pause) = pause {
            self.closed_until = self.closed_until.max(now + pause);
        }
    }

    fn set_limit(&mut self, limit: u32) {
        self.learnt = true;
        self.limit = Some(limit);
    }

    /// Answers come out of order: in one window the lowest count is the truth, a later end means a new
    /// window, and an earlier end is news from the one before, unless it was told later: then it is another
    /// window, which has less left.
    fn hear(&mut self, now: Duration, remaining: u32, end: Duration, answered_at: Option<Duration>) {
        let tolerance = 2 * MARGIN;
        let is_news = self.told_at.is_some_and(|told_at| answered_at > Some(told_at));
        match self.ends {
            _ if end <= now => {}
            Some(known) if end + tolerance < known && !is_news => {}
            Some(known) if end <= known + tolerance => {
                self.remaining = self.remaining.min(remaining);
                self.ends = Some(known.min(end));
                self.told_at = self.told_at.max(answered_at);
            }
            known => {
                if known.is_some() {
                    self.begin_anew();
                    self.used += 1;
                }
                self.ends = Some(end);
                self.told_at = answered_at;
                self.remaining = remaining;
            }
        }
    }

    /// How long the window is closed by a refusal.
    pub(super) fn closed_for(&self, now: Duration) -> Duration {
        self.closed_until.saturating_sub(now)
    }

    /// Whether the window that was told of has ended.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        self.ends.is_some_and(|ends| ends <= now) && self.closed_until <= now
    }

    /// How long one place takes, in the long run.
    pub(super) fn pace(&self) -> Duration {
        self.limit.map_or(Duration::ZERO, |limit| self.length / share_of(limit, self.share))
    }

    /// The limit, what is left of it, and when it is back.
    pub(super) fn standing(&mut self, now: Duration) -> (Option<u32>, Option<u32>, Option<Duration>) {
        self.turn(now);
        let closed = self.closed_until > now;
        let left = self.limit.map(|limit| if closed { 0 } else { self.left(share_of(limit, self.share)) });
        let ends = self.ends.max(closed.then_some(self.closed_until));
        (self.limit, left, ends.map(|end| end.saturating_sub(now)))
    }
}

/// When a window ends, on the safe side, by an answer to a request that went at `taken`.
fn told_end(
    now: Duration,
    taken: Duration,
    resets_in: Duration,
    answered_at: Option<Duration>,
    ages: &mut Ages,
) -> Duration {
    let age = answered_at.map_or(Duration::ZERO, |answered_at| ages.of(now, answered_at));
    // No answer is older than its request, whatever the clocks of several servers say.
    let age = age.min(now.saturating_sub(taken));
    (now + resets_in + MARGIN).saturating_sub(age)
}

/// The calls that `share` of `limit` allows: at least one.
fn share_of(limit: u32, share: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and `limit`")]
    let ours = (f64::from(limit) * share.clamp(0.0, 1.0)).floor() as u32;
    ours.max(1)
}

/// Places of a window that only urgent calls take, until its last second: one in a hundred.
fn kept_for_urgent(ours: u32) -> u32 {
    match ours {
        0..20 => 0,
        _ => (ours / 100).max(1),
    }
}
