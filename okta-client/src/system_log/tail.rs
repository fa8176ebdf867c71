//! The tail: every event, as the log stores it.

mod cursor;
mod pace;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use client_core::{Call, Path, Request};
use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use http::StatusCode;

use self::cursor::Seen;
use self::pace::Pace;
use super::LogEvent;
use super::query::{MOST, filter_flaw};
use crate::Error;
use crate::client::OktaClient;
use crate::filter::{Filter, Filtered as _};
use crate::list::{Position, next_page};
use crate::time::okta_time;

pub use self::cursor::LogCursor;

const CALL: &str = "okta.logs.tail";

/// Okta keeps events for so long.
const RETENTION: TimeDelta = TimeDelta::days(90);

/// How far a tail that lost its place goes back behind the last event it saw.
const OVERLAP: TimeDelta = TimeDelta::hours(1);

/// Where a tail begins.
#[derive(Debug, Clone)]
pub enum TailFrom {
    /// With what the log stored since so long ago.
    Ago(Duration),
    /// With what the log stored since then: 90 days back at most.
    At(DateTime<Utc>),
    /// Where an earlier tail stopped.
    Cursor(LogCursor),
}

impl From<DateTime<Utc>> for TailFrom {
    fn from(time: DateTime<Utc>) -> Self {
        Self::At(time)
    }
}

impl From<LogCursor> for TailFrom {
    fn from(cursor: LogCursor) -> Self {
        Self::Cursor(cursor)
    }
}

/// A tail to be set up, from [`SystemLog::tail`](crate::system_log::SystemLog::tail).
#[derive(Debug, Clone)]
#[must_use = "a tail fetches nothing until `send`"]
pub struct TailLog<'a> {
    client: &'a OktaClient,
    from: TailFrom,
    filter: Option<Filter>,
    limit: u16,
    pause: (Duration, Duration),
    remembered: usize,
}

impl<'a> TailLog<'a> {
    pub(super) fn new(client: &'a OktaClient, from: TailFrom) -> Self {
        let pause = (Duration::from_secs(10), Duration::from_secs(60));
        Self { client, from, filter: None, limit: MOST, pause, remembered: 2 * usize::from(MOST) }
    }
}

impl TailLog<'_> {
    /// Narrows it, as [`LogQuery::filter`](crate::system_log::LogQuery::filter) does. It saves no calls. A cursor belongs to
    /// its filter: with another one the tail refuses to go on.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Events a page: 1 to 1000, the default.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// How long it waits when there is nothing more to be had: `shortest` (10 s) after a page with events on it,
    /// up to `longest` (60 s) while nothing happens.
    pub fn pause(mut self, shortest: Duration, longest: Duration) -> Self {
        self.pause = (shortest, longest.max(shortest));
        self
    }

    /// How many of the last events it knows again: two pages of 1000 by default. Cursors hold them, in about 22
    /// bytes each. More are needed only where more happens in an hour, and only if Okta ever refuses a cursor.
    pub fn remember(mut self, events: usize) -> Self {
        self.remembered = events;
        self
    }

    /// Sends it: a stream of batches.
    pub fn send(self) -> LogTail {
        let now = self.client.clock().now();
        let ago = |ago| TimeDelta::from_std(ago).ok().and_then(|ago| now.checked_sub_signed(ago));
        let cursor = match self.from {
            TailFrom::Cursor(cursor) => cursor,
            TailFrom::At(time) => LogCursor::starting_at(time, self.filter.as_ref()),
            TailFrom::Ago(span) => {
                LogCursor::starting_at(ago(span).unwrap_or(now - RETENTION), self.filter.as_ref())
            }
        };
        let tailer = Tailer {
            client: self.client.clone(),
            seen: Seen::new(&cursor, self.remembered),
            pace: Pace::new(self.pause.0, self.pause.1),
            cursor,
            filter: self.filter,
            limit: self.limit,
        };
        let batches = stream::unfold(tailer, async |mut tailer| Some((tailer.next().await, tailer)));
        LogTail { batches: batches.boxed() }
    }
}

/// Every event, as a stream of batches, from [`TailLog::send`]. It never ends.
///
/// **Store [`LogBatch::cursor`] in one transaction with whatever the batch caused.** Then, whenever the program
/// dies, the next one goes on with `tail(cursor)`, and each event has its effect once. A time will not do for a
/// cursor: events are stored late, and one that is would be lost.
///
/// Events come in the order in which the log stored them. An event that comes twice is left out the second time,
/// by its `uuid`, if it is among the last 2,000 ([`TailLog::remember`]); one without a `uuid` always comes.
///
/// After a full page it asks on at once, as fast as the rate limit of the log allows; else it waits.
///
/// An error does not end it. It keeps its place, waits, and asks again when it is polled again; whether that can
/// help is [`is_retryable`](crate::Error::is_retryable).
#[must_use = "a tail fetches nothing until it is polled"]
pub struct LogTail {
    batches: BoxStream<'static, Result<LogBatch, Error>>,
}

impl Stream for LogTail {
    type Item = Result<LogBatch, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.batches.poll_next_unpin(cx)
    }
}

impl fmt::Debug for LogTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogTail")
    }
}

/// What one answer brought.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LogBatch {
    /// The events, without those that came before. Often none: then there was nothing new.
    pub events: Vec<LogEvent>,
    /// Where the tail stands behind these events.
    pub cursor: LogCursor,
    /// Whether the page was not full. Then there was, as far as can be told, nothing more to be had.
    pub caught_up: bool,
    /// What whoever relies on seeing every event must know. Mostly nothing.
    pub notices: Vec<LogNotice>,
}

/// Why a tail may not have shown what happened, or may show it twice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogNotice {
    /// The tail was away for longer than Okta keeps events: those that were stored in this time, and not read
    /// before, are gone.
    Expired {
        /// Until then everything was read.
        from: DateTime<Utc>,
        /// From then on everything is there.
        to: DateTime<Utc>,
    },
    /// Okta refused the cursor. The tail went back to an hour before the last event that it knows. No event is
    /// lost by that. Those that it still knows are left out; if there were more of them since then, some come
    /// twice.
    CursorRefused {
        /// From where it reads again.
        since: DateTime<Utc>,
    },
}

/// The state of a tail.
struct Tailer {
    client: OktaClient,
    cursor: LogCursor,
    seen: Seen,
    pace: Pace,
    filter: Option<Filter>,
    limit: u16,
}

/// An answer.
struct Answered {
    events: Vec<LogEvent>,
    next: Position,
    asked_at: DateTime<Utc>,
}

impl Tailer {
    async fn next(&mut self) -> Result<LogBatch, Error> {
        let wait = self.pace.wait(&**self.client.pipeline().randomness());
        if !wait.is_zero() {
            self.client.clock().sleep(wait).await;
        }
        // Until it is known how this went, as after nothing new.
        self.pace.nothing_new();
        self.check()?;
        let mut notices = Vec::new();
        let answered = match self.ask(&self.cursor.next).await {
            Err(error) if self.is_about_the_cursor(&error) => {
                let since = self.behind_the_last();
                let answered = self.ask(&Position::default()).await?;
                notices.push(LogNotice::CursorRefused { since });
                answered
            }
            answered => answered?,
        };
        Ok(self.deliver(answered, notices))
    }

    fn check(&self) -> Result<(), Error> {
        if !self.cursor.belongs_to(self.filter.as_ref()) {
            return Err(Error::invalid(CALL, "the cursor belongs to a tail with another filter"));
        }
        if !(1..=MOST).contains(&self.limit) {
            return Err(Error::invalid(CALL, format!("a page has 1 to {MOST} events, not {}", self.limit)));
        }
        filter_flaw(self.filter.as_ref()).map_or(Ok(()), |flaw| Err(Error::invalid(CALL, flaw)))
    }

    /// Asks for the page at `place`: the first is what the log stored since the last event that is known.
    async fn ask(&self, place: &Position) -> Result<Answered, Error> {
        let asked_at = self.client.clock().now();
        let first = Request::get(Path::new("/api/v1/logs"))
            .query("since", okta_time(self.behind_the_last()))
            .query("sortOrder", "ASCENDING")
            .query("limit", self.limit)
            .filtered("filter", self.filter.as_ref());
        let call = Call::<Vec<LogEvent>>::read(CALL, place.request(&first)?);
        let (events, response) = self.client.pipeline().send_with_response(&call).await?;
        let next = next_page(&response)
            .ok_or_else(|| Error::protocol(CALL, "an answer that does not say where the next begins"))?;
        Ok(Answered { events, next, asked_at })
    }

    /// From where a tail without a place reads. What was published before it is stored, so everything that is
    /// not yet known was stored later than this; the overlap is for clocks that disagree.
    fn behind_the_last(&self) -> DateTime<Utc> {
        let kept = self.client.clock().now() - RETENTION;
        let last = self.cursor.last_published.and_then(|last| last.checked_sub_signed(OVERLAP));
        last.unwrap_or(self.cursor.began).max(kept)
    }

    /// Whether Okta no longer takes the cursor. If it is something else that it does not like, it will not take a
    /// request without one either.
    fn is_about_the_cursor(&self, error: &Error) -> bool {
        error.status() == Some(StatusCode::BAD_REQUEST) && self.cursor.next != Position::default()
    }

    fn deliver(&mut self, answered: Answered, mut notices: Vec<LogNotice>) -> LogBatch {
        let Answered { mut events, next, asked_at } = answered;
        let kept = asked_at - RETENTION;
        if self.cursor.known_until < kept {
            notices.push(LogNotice::Expired { from: self.cursor.known_until, to: kept });
        }
        let (came, moved) = (events.len(), next != self.cursor.next);
        // A clock that runs ahead somewhere must not make us believe that we know the future.
        let newest = events.iter().filter_map(LogEvent::published).max().map(|newest| newest.min(asked_at));
        self.cursor.last_published = self.cursor.last_published.max(newest);
        self.cursor.known_until = match newest {
            Some(newest) => self.cursor.known_until.max(newest).max(kept),
            None => asked_at,
        };
        self.cursor.next = next;
        events.retain(|event| event.uuid().is_none_or(|uuid| uuid.is_empty() || self.seen.is_new(uuid)));
        self.cursor.seen = self.seen.last();
        let full = came >= usize::from(self.limit);
        if full && moved {
            self.pace.more_is_there();
        } else if !events.is_empty() {
            self.pace.something_new();
        }
        LogBatch { events, cursor: self.cursor.clone(), caught_up: !full, notices }
    }
}
