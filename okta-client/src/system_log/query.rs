//! Bounded queries.

use chrono::{DateTime, Utc};
use client_core::{Path, Request};

use super::LogEvent;
use crate::client::OktaClient;
use crate::filter::{Filter, Filtered as _};
use crate::list::Listing;
use crate::time::okta_time;

/// The most events that a page may have.
pub(super) const MOST: u16 = 1000;

/// What a URL may hold of a filter, with room for the rest of it.
const LONGEST_FILTER: usize = 4096;

/// What Okta takes of keywords.
const MOST_WORDS: usize = 10;
const LONGEST_WORD: usize = 40;

/// A bounded query, from [`SystemLog::between`](crate::system_log::SystemLog::between): to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a query fetches nothing until `send`"]
pub struct LogQuery<'a> {
    client: &'a OktaClient,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    filter: Option<Filter>,
    keywords: Option<String>,
    newest_first: bool,
    limit: u16,
}

impl<'a> LogQuery<'a> {
    pub(super) fn new(client: &'a OktaClient, since: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        Self { client, since, until, filter: None, keywords: None, newest_first: false, limit: MOST }
    }
}

impl LogQuery<'_> {
    /// Narrows it, by any attribute and with any operator: `transaction.id eq "…"` is all that one API call did,
    /// `transaction.detail.requestApiTokenId eq "…"` all that a token did, `target.id eq "…"` all that happened to
    /// one user or group.
    ///
    /// Not by `published`, nor by `target.changeDetails`; and no `co` on `debugContext.debugData.url` and
    /// `…requestUri` (E0000031). At most 4 KB, which is enough to list 30 types.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Narrows it to events that have all these words anywhere, in any case: up to 10 of up to 40 characters.
    /// Words with a hyphen in them count as two.
    pub fn keywords(mut self, words: impl Into<String>) -> Self {
        self.keywords = Some(words.into());
        self
    }

    /// Turns it round: the newest event comes first.
    pub fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }

    /// Events a page: 1 to 1000, the default.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// Sends it: a stream of events, oldest first unless [`newest_first`](Self::newest_first).
    pub fn send(self) -> Listing<LogEvent> {
        let order = if self.newest_first { "DESCENDING" } else { "ASCENDING" };
        let request = Request::get(Path::new("/api/v1/logs"))
            .query("since", okta_time(self.since))
            .query("until", okta_time(self.until))
            .query("sortOrder", order)
            .query("limit", self.limit)
            .query_opt("q", self.keywords.as_ref())
            .filtered("filter", self.filter.as_ref());
        let request = match self.flaw() {
            Some(flaw) => request.flawed(flaw),
            None => request,
        };
        self.client.list("okta.logs.list", request)
    }

    fn flaw(&self) -> Option<String> {
        if self.since > self.until {
            return Some("it ends before it begins".to_owned());
        }
        if !(1..=MOST).contains(&self.limit) {
            return Some(format!("a page has 1 to {MOST} events, not {}", self.limit));
        }
        let words = self.keywords.iter().flat_map(|words| words.split_whitespace());
        if words.clone().count() > MOST_WORDS || words.clone().any(|word| word.chars().count() > LONGEST_WORD)
        {
            return Some(format!(
                "more than {MOST_WORDS} keywords, or one of more than {LONGEST_WORD} characters"
            ));
        }
        filter_flaw(self.filter.as_ref())
    }
}

/// What is wrong with a filter that Okta would have to read from a URL.
pub(super) fn filter_flaw(filter: Option<&Filter>) -> Option<String> {
    let length = filter.map_or(0, |filter| filter.to_string().len());
    (length > LONGEST_FILTER).then(|| format!("a filter of {length} bytes: Okta takes {LONGEST_FILTER}"))
}
