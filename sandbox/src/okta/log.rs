//! The System Log: one event for every change, read by polling or between bounds.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::filter::{self, Case, Expr, Op};
use super::groups::Group;
use super::users::User;
use super::{Org, error, page};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};
use crate::id::Ids;

const RETENTION_DAYS: i64 = 180;

/// What happened, in order.
#[derive(Debug)]
pub(crate) struct SystemLog {
    ids: Ids,
    lag: TimeDelta,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    published: DateTime<Utc>,
    /// When the log stored it: what polling goes by, and when it can be read.
    persisted: DateTime<Utc>,
    event: Value,
}

impl SystemLog {
    pub(crate) fn new(seed: u64, lag: TimeDelta) -> Self {
        Self { ids: Ids::new(seed, "log"), lag, entries: Vec::new() }
    }

    /// Every event, stored already or not.
    pub(crate) fn everything(&self) -> Vec<Value> {
        self.entries.iter().map(|entry| entry.event.clone()).collect()
    }

    fn push(&mut self, event: Value, at: DateTime<Utc>) {
        self.entries.push(Entry { published: at, persisted: at + self.lag, event });
    }

    /// What can be read by now of the entries with numbers from `after` (excluded) to `before`
    /// (excluded), oldest first.
    fn readable(
        &self,
        now: DateTime<Utc>,
        after: u64,
        before: u64,
    ) -> impl DoubleEndedIterator<Item = (u64, &Entry)> {
        let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).min(self.entries.len());
        let (from, to) = (place(after), place(before.saturating_sub(1)).max(place(after)));
        let numbered = self.entries[from..to].iter().enumerate();
        let numbered = numbered.map(move |(at, entry)| ((from + at + 1) as u64, entry));
        numbered.filter(move |(_, entry)| entry.persisted <= now)
    }
}

impl Org {
    /// Logs what a call did. The ids in it join the event to the answer's `X-Okta-Request-Id`.
    pub(super) fn note(&mut self, ask: &Ask, kind: &str, message: &str, targets: Vec<Value>) {
        let owner = || self.users.find(&self.token_owner).map_or(Value::Null, user_target);
        let actor = self.oauth.actor().unwrap_or_else(owner);
        let uuid = self.log.ids.uuid();
        let query = ask.target.split_once('?').map_or("", |(_, query)| query);
        let event = json!({
            "uuid": uuid,
            "published": okta_time(ask.at),
            "eventType": kind,
            "version": "0",
            "severity": "INFO",
            "legacyEventType": null,
            "displayMessage": message,
            "actor": actor,
            "client": client(ask.user_agent()),
            "device": null,
            "authenticationContext": {
                "authenticationProvider": null, "credentialProvider": null, "credentialType": null, "issuer": null,
                "interface": null, "authenticationStep": 0, "rootSessionId": null, "externalSessionId": "unknown",
            },
            "outcome": {"result": "SUCCESS", "reason": null},
            "target": targets,
            "transaction": {"type": "WEB", "id": ask.request_id, "detail": {"requestApiTokenId": "00Tsandboxtoken00000"}},
            "debugContext": {"debugData": {
                "requestId": ask.request_id, "requestUri": ask.path, "url": format!("{}?{query}", ask.path),
            }},
            "securityContext": {"asNumber": null, "asOrg": null, "isp": null, "domain": null, "isProxy": null},
            "request": {"ipChain": [
                {"ip": "127.0.0.1", "version": "V4", "source": null, "geographicalContext": null},
            ]},
        });
        self.log.push(event, ask.at);
    }
}

fn client(user_agent: &str) -> Value {
    json!({
        "userAgent": {"rawUserAgent": user_agent, "os": "Unknown", "browser": "UNKNOWN"},
        "zone": "null", "device": "Unknown", "id": null, "ipAddress": "127.0.0.1", "geographicalContext": null,
    })
}

pub(super) fn user_target(user: &User) -> Value {
    json!({
        "id": user.id, "type": "User", "alternateId": user.login(), "displayName": user.display_name(),
        "detailEntry": null,
    })
}

pub(super) fn group_target(group: &Group) -> Value {
    json!({
        "id": group.id, "type": "UserGroup", "alternateId": "unknown", "displayName": group.name(),
        "detailEntry": null,
    })
}

/// Where a reader stands: the last event it saw, and where it began.
#[derive(Debug, Clone, Copy)]
struct Position {
    seen: u64,
    since_millis: i64,
}

impl Position {
    fn opaque(self) -> String {
        URL_SAFE_NO_PAD.encode(format!("l:{}:{}", self.seen, self.since_millis))
    }

    fn parse(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (seen, since) = text.strip_prefix("l:")?.split_once(':')?;
        Some(Self { seen: seen.parse().ok()?, since_millis: since.parse().ok()? })
    }
}

/// `GET /logs`. With an `until`, or in descending order, the request is bounded and goes by the time of
/// publication; else it polls and goes by the time of storage.
pub(super) fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["since", "until", "after", "filter", "q", "limit", "sortOrder"])?;
    let wanted = Wanted::of(ask)?;
    let (page, more) = wanted.page(&org.log, ask.at);
    let seen = page.last().map(|(number, _)| *number).or(wanted.after.map(|position| position.seen));
    let position = Position { seen: seen.unwrap_or(0), since_millis: wanted.since.timestamp_millis() };
    let events = page.into_iter().map(|(_, entry)| entry.event.clone()).collect();
    let answer = Answer::json(200, &Value::Array(events)).header("link", &page::link(ask, &[], "self"));
    if wanted.is_bounded() && !more {
        return Ok(answer);
    }
    Ok(answer.header("link", &next(ask, position)))
}

/// The cursor carries where the reading began: `since` and `after` exclude each other.
fn next(ask: &Ask, position: Position) -> String {
    let mut query = ask.query.clone();
    query.0.retain(|(name, _)| name != "since");
    let query = query.with(&[("after", position.opaque())]);
    format!("<{}{}?{query}>; rel=\"next\"", ask.base, ask.path)
}

struct Wanted {
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    after: Option<Position>,
    descending: bool,
    limit: usize,
    filter: Option<Expr>,
    words: Vec<String>,
}

impl Wanted {
    fn of(ask: &Ask) -> Result<Self, Answer> {
        let (since, until) = (time(ask, "since")?, time(ask, "until")?);
        let after = match ask.query.text("after") {
            None => None,
            Some(_) if since.is_some() => {
                return Err(error::validation(
                    "since",
                    &["since: cannot be used together with after".to_owned()],
                ));
            }
            Some(text) => Some(Position::parse(text).ok_or_else(error::bad_paging)?),
        };
        // A cursor that began long ago is still good; only asking anew for so old a time is refused.
        if since.is_some_and(|since| since < ask.at - TimeDelta::days(RETENTION_DAYS)) {
            return Err(error::bad_filter("since", "the date is more than 180 days ago"));
        }
        let began = after.and_then(|position| DateTime::from_timestamp_millis(position.since_millis));
        let week_before = until.unwrap_or(ask.at) - TimeDelta::days(7);
        let since = since.or(began).unwrap_or(week_before);
        let descending = descending(ask)?;
        let words = words(ask.query.text("q"))?;
        Ok(Self { since, until, after, descending, limit: limit(ask)?, filter: filter_of(ask)?, words })
    }

    fn is_bounded(&self) -> bool {
        self.until.is_some() || self.descending
    }

    /// The next events, and whether there are more of them.
    fn page<'a>(&self, log: &'a SystemLog, now: DateTime<Utc>) -> (Vec<(u64, &'a Entry)>, bool) {
        let seen = self.after.map(|position| position.seen);
        let rest: Box<dyn Iterator<Item = (u64, &Entry)>> = if self.descending {
            Box::new(log.readable(now, 0, seen.unwrap_or(u64::MAX)).rev())
        } else {
            Box::new(log.readable(now, seen.unwrap_or(0), u64::MAX))
        };
        let mut fitting = rest.filter(|(_, entry)| self.covers(entry) && self.admits(&entry.event));
        let page = fitting.by_ref().take(self.limit).collect();
        (page, fitting.next().is_some())
    }

    fn covers(&self, entry: &Entry) -> bool {
        let time = if self.is_bounded() { entry.published } else { entry.persisted };
        time >= self.since && self.until.is_none_or(|until| time < until)
    }

    fn admits(&self, event: &Value) -> bool {
        let filter_fits = self.filter.as_ref().is_none_or(|filter| filter.matches(event, Case::Insensitive));
        if !filter_fits || self.words.is_empty() {
            return filter_fits;
        }
        let text = event.to_string().to_lowercase();
        self.words.iter().all(|word| text.contains(word))
    }
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
    expr.check(&|attribute, op| match attribute {
        "published" => Err("published cannot be filtered; use since and until".to_owned()),
        "debugContext.debugData.url" | "debugContext.debugData.requestUri" if op == Op::Co => {
            Err(format!("operator co is not supported on {attribute}"))
        }
        _ => Ok(()),
    })
    .map_err(|why| error::bad_search(&why))?;
    Ok(Some(expr))
}

fn words(q: Option<&str>) -> Result<Vec<String>, Answer> {
    let split = |c: char| c.is_whitespace() || c == '-';
    let words: Vec<String> =
        q.unwrap_or_default().split(split).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    if words.len() > 10 || words.iter().any(|word| word.chars().count() > 40) {
        return Err(error::bad_search("q takes up to 10 keywords of up to 40 characters"));
    }
    Ok(words)
}
