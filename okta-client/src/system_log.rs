//! The System Log.

use chrono::{DateTime, Utc};
use client_core::{Path, Request};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::OktaClient;
use crate::filter::{Filter, Filtered as _};
use crate::list::Listing;
use crate::time::okta_time;

/// The System Log, from [`OktaClient::system_log`].
#[derive(Debug, Clone, Copy)]
pub struct SystemLog<'a> {
    client: &'a OktaClient,
}

impl<'a> SystemLog<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/logs` between two times: for investigations and reports, not for tailing. Events arrive
    /// in the log some seconds after they happened, and late ones may be missing. Kept for 90 days.
    pub fn between(&self, since: DateTime<Utc>, until: DateTime<Utc>) -> LogQuery<'a> {
        LogQuery { client: self.client, since, until, filter: None, limit: 1000 }
    }
}

/// A bounded query, to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a query fetches nothing until `send`"]
pub struct LogQuery<'a> {
    client: &'a OktaClient,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    filter: Option<Filter>,
    limit: u16,
}

impl LogQuery<'_> {
    /// Narrows it: `transaction.id eq "…"` is all that one API call did, `target.id eq "…"` all that happened
    /// to one user or group.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Events a page: up to 1000, the default.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// Sends it: a stream of events, oldest first.
    pub fn send(self) -> Listing<LogEvent> {
        let request = Request::get(Path::new("/api/v1/logs"))
            .query("since", okta_time(self.since))
            .query("until", okta_time(self.until))
            .query("sortOrder", "ASCENDING")
            .query("limit", self.limit)
            .filtered("filter", self.filter.as_ref());
        self.client.list("okta.logs.list", request)
    }
}

/// An event, whole as Okta sent it.
///
/// Every field of an event may be missing, and types vary with Okta's releases, so this is a view on the JSON
/// and never fails to decode: one odd event does not lose a page.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogEvent(Value);

impl LogEvent {
    /// The event's own id: the key for leaving out doubles.
    #[must_use]
    pub fn uuid(&self) -> Option<&str> {
        self.text("/uuid")
    }

    /// `user.lifecycle.create` and some 1,270 others.
    #[must_use]
    pub fn event_type(&self) -> Option<&str> {
        self.text("/eventType")
    }

    /// When it happened.
    #[must_use]
    pub fn published(&self) -> Option<DateTime<Utc>> {
        self.text("/published")?.parse().ok()
    }

    /// `SUCCESS`, `FAILURE`, …
    #[must_use]
    pub fn outcome(&self) -> Option<&str> {
        self.text("/outcome/result")
    }

    /// The `X-Okta-Request-Id` of the call that caused it.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.text("/debugContext/debugData/requestId").or_else(|| self.text("/transaction/id"))
    }

    /// The user agent of the call that caused it.
    #[must_use]
    pub fn user_agent(&self) -> Option<&str> {
        self.text("/client/userAgent/rawUserAgent")
    }

    /// The ids of what it was done to, with their types: `("00u…", "User")`. Find by type, never by position.
    pub fn targets(&self) -> impl Iterator<Item = (&str, &str)> {
        let targets = self.0.pointer("/target").and_then(Value::as_array);
        targets
            .into_iter()
            .flatten()
            .filter_map(|target| Some((target["id"].as_str()?, target["type"].as_str()?)))
    }

    /// The event as Okta sent it.
    #[must_use]
    pub fn raw(&self) -> &Value {
        &self.0
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.0.pointer(pointer)?.as_str()
    }
}

impl std::fmt::Debug for LogEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogEvent({:?}, {:?})", self.uuid(), self.event_type())
    }
}
