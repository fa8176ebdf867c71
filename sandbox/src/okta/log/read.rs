//! `GET /api/v1/logs`: polling, in the order in which the log stored the events, and bounded reads, in the order
//! in which they happened.

use std::ops::Bound;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::store::{Key, SystemLog};
use crate::http::{Answer, Ask, Reply};
use crate::okta::filter::{self, Case, Expr, Op};
use crate::okta::{Org, error, page};

/// How far back may be asked for.
const REACH_DAYS: i64 = 180;

/// Where a reader stands: behind an event, or where it began if there was none yet. Reads that poll and bounded
/// ones stand in different orders, so their cursors cannot be mistaken for each other.
#[derive(Debug, Clone, Copy)]
enum Place {
    Before(DateTime<Utc>),
    Behind(Key),
}

#[derive(Debug, Clone, Copy)]
struct Cursor {
    place: Place,
    /// Where a bounded read ends at its other side: `since` and `after` exclude each other.
    since: DateTime<Utc>,
    bounded: bool,
    era: u64,
}

impl Cursor {
    fn opaque(self) -> String {
        let mode = if self.bounded { "b" } else { "p" };
        let (at, number) = match self.place {
            Place::Before(at) => (at, 0),
            Place::Behind((at, number)) => (at, number),
        };
        let (at, since) = (at.timestamp_micros(), self.since.timestamp_micros());
        URL_SAFE_NO_PAD.encode(format!("l{mode}:{}:{at}:{number}:{since}", self.era))
    }

    fn parse(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let parts: Vec<&str> = text.split(':').collect();
        let &[mode, era, at, number, since] = &parts[..] else { return None };
        let at = DateTime::from_timestamp_micros(at.parse().ok()?)?;
        let bounded = match mode {
            "lb" => true,
            "lp" => false,
            _ => return None,
        };
        Some(Self {
            // Events have numbers from 1.
            place: match number.parse().ok()? {
                0 => Place::Before(at),
                number => Place::Behind((at, number)),
            },
            since: DateTime::from_timestamp_micros(since.parse().ok()?)?,
            bounded,
            era: era.parse().ok()?,
        })
    }
}

pub(crate) fn list(org: &mut Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["since", "until", "after", "filter", "q", "limit", "sortOrder"])?;
    let wanted = Wanted::of(ask, org.log.era())?;
    let size = org.log.page_size(wanted.limit);
    let (page, more) = wanted.page(&org.log, ask.at, size);
    let place = page.last().map_or(wanted.place, |(key, _)| Place::Behind(*key));
    let events = page.into_iter().map(|(_, event)| event.clone()).collect();
    let answer = Answer::json(200, &Value::Array(events)).header("link", &page::link(ask, &[], "self"));
    if wanted.bounded && !more {
        return Ok(answer);
    }
    let cursor = Cursor { place, since: wanted.since, bounded: wanted.bounded, era: org.log.era() };
    Ok(answer.header("link", &next(ask, cursor)))
}

/// A link to the next page. Of one that polls there always is one; while nothing new comes it stays the same.
fn next(ask: &Ask, cursor: Cursor) -> String {
    let mut query = ask.query.clone();
    query.0.retain(|(name, _)| name != "since");
    let query = query.with(&[("after", cursor.opaque())]);
    format!("<{}{}?{query}>; rel=\"next\"", ask.base, ask.path)
}

struct Wanted {
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    place: Place,
    /// With an `until`, or in descending order.
    bounded: bool,
    descending: bool,
    limit: usize,
    filter: Option<Expr>,
    words: Vec<String>,
}

impl Wanted {
    fn of(ask: &Ask, era: u64) -> Result<Self, Answer> {
        let (since, until) = (time(ask, "since")?, time(ask, "until")?);
        let descending = descending(ask)?;
        let bounded = until.is_some() || descending;
        let cursor = cursor(ask, bounded, era)?;
        if cursor.is_some() && since.is_some() {
            let cause = "since: cannot be used together with after".to_owned();
            return Err(error::validation("since", &[cause]));
        }
        if since.is_some_and(|since| since < ask.at - TimeDelta::days(REACH_DAYS)) {
            return Err(error::bad_filter("since", "the date is more than 180 days ago"));
        }
        let week_before = until.unwrap_or(ask.at) - TimeDelta::days(7);
        let since = since.or(cursor.map(|cursor| cursor.since)).unwrap_or(week_before);
        Ok(Self {
            since,
            until,
            place: cursor.map_or(Place::Before(since), |cursor| cursor.place),
            bounded,
            descending,
            limit: limit(ask)?,
            filter: filter_of(ask)?,
            words: words(ask.query.text("q"))?,
        })
    }

    /// The next events, and whether there are more of them.
    fn page<'a>(&self, log: &'a SystemLog, now: DateTime<Utc>, size: usize) -> (Vec<(Key, &'a Value)>, bool) {
        let mut fitting = self.rest(log, now).filter(|(_, event)| self.admits(event));
        let page = fitting.by_ref().take(size).collect();
        (page, fitting.next().is_some())
    }

    /// What is still to be read, whatever the filter says.
    fn rest<'a>(
        &self,
        log: &'a SystemLog,
        now: DateTime<Utc>,
    ) -> Box<dyn Iterator<Item = (Key, &'a Value)> + 'a> {
        let from = match self.place {
            Place::Before(at) => Bound::Included((at, 0)),
            Place::Behind(key) => Bound::Excluded(key),
        };
        let until = self.until.map_or(Bound::Unbounded, |until| Bound::Excluded((until, 0)));
        if !self.bounded {
            return Box::new(log.stored_from(from, now));
        }
        if !self.descending {
            return Box::new(log.published_within(from, until, now));
        }
        let to = match self.place {
            Place::Before(_) => until,
            Place::Behind(key) => Bound::Excluded(key),
        };
        Box::new(log.published_within(Bound::Included((self.since, 0)), to, now).rev())
    }

    fn admits(&self, event: &Value) -> bool {
        let fits = self.filter.as_ref().is_none_or(|filter| filter.matches(event, Case::Insensitive));
        if !fits || self.words.is_empty() {
            return fits;
        }
        let text = event.to_string().to_lowercase();
        self.words.iter().all(|word| text.contains(word))
    }
}

fn cursor(ask: &Ask, bounded: bool, era: u64) -> Result<Option<Cursor>, Answer> {
    let Some(text) = ask.query.text("after") else { return Ok(None) };
    let cursor = Cursor::parse(text).filter(|cursor| cursor.bounded == bounded && cursor.era == era);
    cursor.map(Some).ok_or_else(error::bad_paging)
}

fn time(ask: &Ask, name: &str) -> Result<Option<DateTime<Utc>>, Answer> {
    let Some(text) = ask.query.text(name) else { return Ok(None) };
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) => Ok(Some(time.to_utc())),
        Err(_) => Err(error::validation(name, &[format!("{name}: '{text}' is not a valid date")])),
    }
}

fn descending(ask: &Ask) -> Result<bool, Answer> {
    match ask.query.text("sortOrder") {
        None | Some("ASCENDING") => Ok(false),
        Some("DESCENDING") => Ok(true),
        Some(other) => {
            Err(error::validation("sortOrder", &[format!("sortOrder: '{other}' is not an order")]))
        }
    }
}

/// 0 is a limit here: an answer without events, with its `next`.
fn limit(ask: &Ask) -> Result<usize, Answer> {
    let text = ask.query.text("limit").unwrap_or("100");
    match text.parse::<usize>() {
        Ok(limit) if limit <= 1000 => Ok(limit),
        _ => Err(error::validation("limit", &["limit: must be between 0 and 1000".to_owned()])),
    }
}

fn filter_of(ask: &Ask) -> Result<Option<Expr>, Answer> {
    let Some(text) = ask.query.text("filter") else { return Ok(None) };
    let expr = filter::parse(text).map_err(|why| error::bad_filter(text, &why))?;
    expr.check(&allowed).map_err(|why| error::bad_search(&why))?;
    Ok(Some(expr))
}

fn allowed(attribute: &str, op: Op) -> Result<(), String> {
    match attribute {
        "published" => Err("published cannot be filtered; use since and until".to_owned()),
        "debugContext.debugData.url" | "debugContext.debugData.requestUri" if op == Op::Co => {
            Err(format!("operator co is not supported on {attribute}"))
        }
        _ if attribute == "target.changeDetails" || attribute.starts_with("target.changeDetails.") => {
            Err("target.changeDetails cannot be searched".to_owned())
        }
        _ => Ok(()),
    }
}

fn words(q: Option<&str>) -> Result<Vec<String>, Answer> {
    let words: Vec<&str> = q.unwrap_or_default().split_whitespace().collect();
    if words.len() > 10 || words.iter().any(|word| word.chars().count() > 40) {
        return Err(error::bad_search("q takes up to 10 keywords of up to 40 characters"));
    }
    let pieces = words.iter().flat_map(|word| word.split('-')).filter(|piece| !piece.is_empty());
    Ok(pieces.map(str::to_lowercase).collect())
}
