//! Who waits for what: a line for each bucket, served by lane and then in the order of the calls.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::age::Ages;
use super::window::{End, Hold, Window};
use super::{Bucket, BucketStatus, Lane, PacerConfig, Signal, Turn, Wait};
use crate::clock::Clock;

/// A bucket, by its place in [`Lines::buckets`].
pub(super) type Index = usize;

/// All buckets of one pacer, and all who wait for one.
#[derive(Debug)]
pub(super) struct Lines {
    config: PacerConfig,
    clock: Arc<dyn Clock>,
    names: HashMap<Cow<'static, str>, Index>,
    buckets: Vec<Line>,
    in_flight: u32,
    /// The concurrency we allow ourselves now: halved by a refusal, crept back by successes.
    allowed: f64,
    /// When it was halved last.
    halved: Option<Duration>,
    ages: Ages,
    /// Buckets whose first in line may be able to go, by whose turn it is.
    ready: BTreeMap<Turn, Index>,
    /// When buckets are to be looked at again.
    alarms: BTreeSet<(Duration, Index)>,
}

#[derive(Debug)]
struct Line {
    name: Cow<'static, str>,
    window: Window,
    waiting: BTreeMap<Turn, oneshot::Sender<()>>,
    alarm: Option<Duration>,
}

impl Lines {
    pub(super) fn new(config: PacerConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            allowed: most(config),
            config,
            clock,
            names: HashMap::new(),
            buckets: Vec::new(),
            in_flight: 0,
            halved: None,
            ages: Ages::default(),
            ready: BTreeMap::new(),
            alarms: BTreeSet::new(),
        }
    }

    pub(super) fn index(&mut self, bucket: &Bucket) -> Index {
        if let Some(&index) = self.names.get(&bucket.name) {
            return index;
        }
        let window = Window::new(bucket, self.config.share, self.clock.clone());
        let name = bucket.name.clone();
        self.buckets.push(Line { name: name.clone(), window, waiting: BTreeMap::new(), alarm: None });
        self.names.insert(name, self.buckets.len() - 1);
        self.buckets.len() - 1
    }

    /// Takes a place, if nobody is before `turn`.
    pub(super) fn take_at_once(&mut self, now: Duration, index: Index, turn: Turn) -> bool {
        let before = |first: Option<&Turn>| first.is_some_and(|first| *first < turn);
        if before(self.ready.keys().next()) || before(self.buckets[index].waiting.keys().next()) {
            return false;
        }
        if !self.has_room(turn.lane) || self.buckets[index].window.take(now, turn.lane).is_err() {
            return false;
        }
        self.in_flight += 1;
        true
    }

    /// Stands in line. What comes back hears of the place.
    pub(super) fn stand(&mut self, now: Duration, index: Index, turn: Turn) -> oneshot::Receiver<()> {
        let (grant, granted) = oneshot::channel();
        self.buckets[index].waiting.insert(turn, grant);
        self.look_at(now, index);
        granted
    }

    /// What whoever stands at `turn` has to wait for, as far as can be told.
    pub(super) fn wait(&self, now: Duration, index: Index, turn: Turn) -> Wait {
        let line = &self.buckets[index];
        let is_last = line.waiting.keys().next_back() == Some(&turn);
        let ahead = if is_last { line.waiting.len() - 1 } else { line.waiting.range(..turn).count() };
        let pace = line.window.pace();
        let places = u32::try_from(ahead).unwrap_or(u32::MAX);
        let opens = line.alarm.map_or(Duration::ZERO, |at| at.saturating_sub(now));
        Wait { ahead, delay: opens + pace.saturating_mul(places) }
    }

    /// Leaves the line.
    pub(super) fn leave(&mut self, now: Duration, index: Index, turn: Turn) {
        self.buckets[index].waiting.remove(&turn);
        self.look_at(now, index);
    }

    /// Takes a place back, taken at `taken`, with what the answer told.
    pub(super) fn give_back(&mut self, index: Index, taken: Duration, signal: Signal, end: End) {
        let now = self.clock.monotonic();
        self.in_flight -= 1;
        self.adjust(now, taken, signal, end);
        self.buckets[index].window.learn(now, taken, signal, end, &mut self.ages);
        self.look_at(now, index);
    }

    /// One refusal tells as much as all that were on their way together: only a call that went after the
    /// last halving halves again.
    fn adjust(&mut self, now: Duration, taken: Duration, signal: Signal, end: End) {
        match (signal, end) {
            (Signal::Concurrency, _) if self.halved.is_none_or(|halved| taken > halved) => {
                self.allowed = (self.allowed / 2.0).max(1.0);
                self.halved = Some(now);
            }
            (Signal::Concurrency, _) | (_, End::Lost | End::Unused) => {}
            _ => self.allowed = (self.allowed + 1.0 / self.allowed).min(most(self.config)),
        }
    }

    /// Serves a bucket, and whoever waits for what is in flight.
    fn look_at(&mut self, now: Duration, index: Index) {
        if let Some(&first) = self.buckets[index].waiting.keys().next() {
            self.ready.insert(first, index);
        }
        self.serve(now);
    }

    /// Gives out places until there are none, or nobody who may have one.
    fn serve(&mut self, now: Duration) {
        while let Some((&turn, &index)) = self.ready.first_key_value() {
            let line = &mut self.buckets[index];
            match line.waiting.keys().next() {
                Some(first) if *first == turn => {}
                first => {
                    // Somebody left, or came and is more urgent.
                    let first = first.copied();
                    self.ready.remove(&turn);
                    self.ready.extend(first.map(|first| (first, index)));
                    continue;
                }
            }
            if !self.has_room(turn.lane) {
                return;
            }
            self.ready.remove(&turn);
            let line = &mut self.buckets[index];
            match line.window.take(now, turn.lane) {
                Ok(()) => {
                    self.in_flight += 1;
                    // Whoever stands in line leaves it when dropped, so there is somebody to hear of it.
                    if let Some(grant) = line.waiting.remove(&turn) {
                        let _ = grant.send(());
                    }
                    self.ready.extend(line.waiting.keys().next().map(|next| (*next, index)));
                }
                Err(Hold::For(delay)) => self.set_alarm(index, now + delay),
                // Its bucket is looked at when the answer is in.
                Err(Hold::ForAnswer) => {}
            }
        }
    }

    /// Whether one more may be in flight. One place is kept for urgent calls, if there are a few.
    fn has_room(&self, lane: Lane) -> bool {
        let kept = if lane != Lane::Urgent && self.allowed >= 5.0 { 1.0 } else { 0.0 };
        f64::from(self.in_flight) + 1.0 + kept <= self.allowed
    }

    fn set_alarm(&mut self, index: Index, at: Duration) {
        let line = &mut self.buckets[index];
        if let Some(before) = line.alarm.replace(at) {
            self.alarms.remove(&(before, index));
        }
        self.alarms.insert((at, index));
    }

    /// When a bucket is to be looked at next.
    pub(super) fn next_alarm(&self) -> Option<Duration> {
        self.alarms.first().map(|(at, _)| *at)
    }

    /// Looks at the buckets whose time has come.
    pub(super) fn ring(&mut self) {
        let now = self.clock.monotonic();
        while let Some((at, index)) = self.alarms.first().copied().filter(|(at, _)| *at <= now) {
            self.alarms.remove(&(at, index));
            self.buckets[index].alarm = None;
            self.look_at(now, index);
        }
    }

    /// Sends everybody away, to stand in line again.
    pub(super) fn dissolve(&mut self) {
        self.alarms.clear();
        self.ready.clear();
        for line in &mut self.buckets {
            line.alarm = None;
            line.waiting.clear();
        }
    }

    pub(super) fn concurrency(&self) -> (u32, u32) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and a u32")]
        let allowed = self.allowed as u32;
        (self.in_flight, allowed)
    }

    pub(super) fn statuses(&mut self) -> Vec<BucketStatus> {
        let now = self.clock.monotonic();
        let status = |line: &mut Line| {
            let (limit, remaining, resets_in) = line.window.standing(now);
            BucketStatus {
                name: line.name.clone().into_owned(),
                limit,
                remaining,
                resets_in,
                in_flight: line.window.in_flight(),
                waiting: line.waiting.len(),
            }
        };
        self.buckets.iter_mut().map(status).collect()
    }
}

fn most(config: PacerConfig) -> f64 {
    f64::from(config.concurrency.max(1))
}
