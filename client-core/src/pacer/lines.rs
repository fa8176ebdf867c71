//! Who waits for what: a line for each bucket, served by lane and then in the order of the calls.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::age::Ages;
use super::in_flight::InFlight;
use super::window::{End, Hold, Window};
use super::{Bucket, BucketStatus, Closed, Concurrency, Heard, Lane, PacerConfig, Signal, Turn, Wait};
use crate::clock::Clock;

/// A bucket's line, by its place in [`Lines::buckets`].
pub(super) type LineIndex = usize;

/// A count, by its place in [`Lines::windows`].
type WindowIndex = usize;

/// What one who stands in line hears in the end.
pub(super) type Grant = Result<Seat, Closed>;

/// Where a place was taken: a bucket may have learnt another rule by the time it is given back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    line: LineIndex,
    window: WindowIndex,
}

/// All buckets of one pacer, and all who wait for one.
#[derive(Debug)]
pub(super) struct Lines {
    config: PacerConfig,
    patience: Duration,
    clock: Arc<dyn Clock>,
    names: HashMap<Cow<'static, str>, LineIndex>,
    buckets: Vec<Line>,
    windows: Vec<Window>,
    rules: HashMap<String, WindowIndex>,
    in_flight: InFlight,
    ages: Ages,
    /// Lines whose first may be able to go, by whose turn it is.
    ready: BTreeMap<Turn, LineIndex>,
    /// When lines are to be looked at again.
    alarms: BTreeSet<(Duration, LineIndex)>,
}

#[derive(Debug)]
struct Line {
    bucket: Bucket,
    /// The count of its own, for as long as no rule is known.
    own: WindowIndex,
    /// The count that it draws from.
    window: WindowIndex,
    in_flight: u32,
    waiting: BTreeMap<Turn, oneshot::Sender<Grant>>,
    alarm: Option<Duration>,
}

impl Lines {
    pub(super) fn new(
        config: PacerConfig,
        start: Option<u32>,
        patience: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            in_flight: InFlight::new(config.concurrency, start),
            config,
            patience,
            clock,
            names: HashMap::new(),
            buckets: Vec::new(),
            windows: Vec::new(),
            rules: HashMap::new(),
            ages: Ages::default(),
            ready: BTreeMap::new(),
            alarms: BTreeSet::new(),
        }
    }

    pub(super) fn line(&mut self, bucket: &Bucket) -> LineIndex {
        if let Some(&line) = self.names.get(&bucket.name) {
            return line;
        }
        let own = self.new_window(bucket);
        let waiting = BTreeMap::new();
        self.buckets.push(Line {
            bucket: bucket.clone(),
            own,
            window: own,
            in_flight: 0,
            waiting,
            alarm: None,
        });
        self.names.insert(bucket.name.clone(), self.buckets.len() - 1);
        self.buckets.len() - 1
    }

    fn new_window(&mut self, bucket: &Bucket) -> WindowIndex {
        self.windows.push(Window::new(bucket, self.config.share, self.clock.clone()));
        self.windows.len() - 1
    }

    /// Lets a call come near the line, unless that leads nowhere in good time.
    pub(super) fn admit(&self, now: Duration, line: LineIndex) -> Result<(), Closed> {
        let closed = self.windows[self.buckets[line].window].closed_for(now);
        if closed > self.patience { Err(Closed(closed)) } else { Ok(()) }
    }

    /// Takes a place, if nobody is before `turn`.
    pub(super) fn take_at_once(&mut self, now: Duration, line: LineIndex, turn: Turn) -> Option<Seat> {
        let window = self.buckets[line].window;
        let before = |first: Option<&Turn>| first.is_some_and(|first| *first < turn);
        let mut beside = self.buckets.iter().filter(|line| line.window == window);
        if before(self.ready.keys().next()) || beside.any(|line| before(line.waiting.keys().next())) {
            return None;
        }
        if !self.in_flight.has_room(turn.lane) {
            return None;
        }
        self.take(now, line, turn.lane).ok()
    }

    /// Takes a place in what the line draws from.
    fn take(&mut self, now: Duration, index: LineIndex, lane: Lane) -> Result<Seat, Hold> {
        let window = self.window_of(now, index);
        self.windows[window].take(now, lane)?;
        self.buckets[index].in_flight += 1;
        self.in_flight.begin();
        Ok(Seat { line: index, window })
    }

    /// What the line draws from. What a rule said holds for its window: in the next there may be another, or none.
    fn window_of(&mut self, now: Duration, line: LineIndex) -> WindowIndex {
        let line = &mut self.buckets[line];
        if self.windows[line.window].is_over(now) {
            line.window = line.own;
        }
        line.window
    }

    /// Stands in line. What comes back hears of the place.
    pub(super) fn stand(&mut self, now: Duration, line: LineIndex, turn: Turn) -> oneshot::Receiver<Grant> {
        let (grant, granted) = oneshot::channel();
        self.buckets[line].waiting.insert(turn, grant);
        self.get_ready(line);
        self.serve(now);
        granted
    }

    /// What whoever stands at `turn` has to wait for, as far as can be told.
    pub(super) fn wait(&self, now: Duration, line: LineIndex, turn: Turn) -> Wait {
        let line = &self.buckets[line];
        let is_last = line.waiting.keys().next_back() == Some(&turn);
        let ahead = if is_last { line.waiting.len() - 1 } else { line.waiting.range(..turn).count() };
        let pace = self.windows[line.window].pace();
        let places = u32::try_from(ahead).unwrap_or(u32::MAX);
        let opens = line.alarm.map_or(Duration::ZERO, |at| at.saturating_sub(now));
        Wait { ahead, delay: opens + pace.saturating_mul(places) }
    }

    /// Leaves the line.
    pub(super) fn leave(&mut self, now: Duration, line: LineIndex, turn: Turn) {
        self.buckets[line].waiting.remove(&turn);
        self.get_ready(line);
        self.serve(now);
    }

    /// Takes a place back, taken at `taken`, with what the answer told.
    pub(super) fn give_back(&mut self, seat: Seat, taken: Duration, heard: Heard, end: End) {
        let Heard { signal, load } = heard;
        let now = self.clock.monotonic();
        self.in_flight.end(now, taken, load, end);
        self.buckets[seat.line].in_flight -= 1;
        self.windows[seat.window].learn(now, taken, &signal, end, &mut self.ages);
        if let Signal::Rule { id, .. } = &signal {
            let rule = self.rule(id, seat.line);
            self.windows[rule].obey(now, taken, &signal, seat.window == rule, &mut self.ages);
            self.buckets[seat.line].window = rule;
        }
        let window = self.buckets[seat.line].window;
        let closed = self.closed_for(now, seat);
        if closed > self.patience {
            self.send_away(window, Closed(closed));
        }
        for index in 0..self.buckets.len() {
            if [seat.window, window].contains(&self.buckets[index].window) {
                self.get_ready(index);
            }
        }
        self.serve(now);
    }

    /// How long refusals have closed the bucket of a place.
    pub(super) fn closed_for(&self, now: Duration, seat: Seat) -> Duration {
        self.windows[self.buckets[seat.line].window].closed_for(now)
    }

    /// The count of a rule.
    fn rule(&mut self, id: &str, line: LineIndex) -> WindowIndex {
        if let Some(&window) = self.rules.get(id) {
            return window;
        }
        let bucket = Bucket { limit: None, ..self.buckets[line].bucket.clone() };
        let window = self.new_window(&bucket);
        self.rules.insert(id.to_owned(), window);
        window
    }

    /// Tells all who wait for a window that it is closed for too long.
    fn send_away(&mut self, window: WindowIndex, closed: Closed) {
        for line in self.buckets.iter_mut().filter(|line| line.window == window) {
            for (_, grant) in std::mem::take(&mut line.waiting) {
                let _ = grant.send(Err(closed));
            }
        }
    }

    /// Puts the first of a line among those who may be able to go.
    fn get_ready(&mut self, line: LineIndex) {
        if let Some(&first) = self.buckets[line].waiting.keys().next() {
            self.ready.insert(first, line);
        }
    }

    /// Gives out places until there are none, or nobody who may have one.
    fn serve(&mut self, now: Duration) {
        while let Some((&turn, &index)) = self.ready.first_key_value() {
            if self.buckets[index].waiting.keys().next() != Some(&turn) {
                // Somebody left, or came and is more urgent.
                self.ready.remove(&turn);
                self.get_ready(index);
                continue;
            }
            if !self.in_flight.has_room(turn.lane) {
                return;
            }
            self.ready.remove(&turn);
            match self.take(now, index, turn.lane) {
                Ok(seat) => {
                    // Whoever stands in line leaves it when dropped, so there is somebody to hear of it.
                    if let Some(grant) = self.buckets[index].waiting.remove(&turn) {
                        let _ = grant.send(Ok(seat));
                    }
                    self.get_ready(index);
                }
                Err(Hold::For(delay)) => self.set_alarm(index, now + delay),
                // It is looked at when the answer is in.
                Err(Hold::ForAnswer) => {}
            }
        }
    }

    fn set_alarm(&mut self, index: LineIndex, at: Duration) {
        let line = &mut self.buckets[index];
        if let Some(before) = line.alarm.replace(at) {
            self.alarms.remove(&(before, index));
        }
        self.alarms.insert((at, index));
    }

    /// When a line is to be looked at next.
    pub(super) fn next_alarm(&self) -> Option<Duration> {
        self.alarms.first().map(|(at, _)| *at)
    }

    /// Looks at the lines whose time has come, together: those that share a rule are served by whose turn it is.
    pub(super) fn ring(&mut self) {
        let now = self.clock.monotonic();
        while let Some((at, index)) = self.alarms.first().copied().filter(|(at, _)| *at <= now) {
            self.alarms.remove(&(at, index));
            self.buckets[index].alarm = None;
            self.get_ready(index);
        }
        self.serve(now);
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

    pub(super) fn concurrency(&self) -> Concurrency {
        self.in_flight.concurrency()
    }

    pub(super) fn statuses(&mut self) -> Vec<BucketStatus> {
        let now = self.clock.monotonic();
        (0..self.buckets.len()).map(|line| self.status(now, line)).collect()
    }

    fn status(&mut self, now: Duration, line: LineIndex) -> BucketStatus {
        let window = self.window_of(now, line);
        let (limit, remaining, resets_in) = self.windows[window].standing(now);
        let line = &self.buckets[line];
        BucketStatus {
            name: line.bucket.name.clone().into_owned(),
            rule: self.rules.iter().find(|(_, rule)| **rule == window).map(|(id, _)| id.clone()),
            limit,
            remaining,
            resets_in,
            in_flight: line.in_flight,
            waiting: line.waiting.len(),
        }
    }
}
