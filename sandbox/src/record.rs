//! What the sandbox received, and what it sent.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One of the two vendors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// The Okta org.
    Okta,
    /// The ServiceNow instance.
    ServiceNow,
}

impl System {
    /// `okta` or `servicenow`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::ServiceNow => "servicenow",
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq<&str> for System {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

/// A request that reached the sandbox, answered or cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestRecord {
    /// Who was called.
    pub system: System,
    /// `GET`, `POST`, …
    pub method: String,
    /// Path with the query, as sent.
    pub path: String,
    /// The status answered; 0 if the connection was cut instead.
    pub status: u16,
    /// The caller's `User-Agent`, or empty.
    pub user_agent: String,
    /// What the answer's `X-Okta-Request-Id` or `X-Transaction-ID` says.
    pub request_id: String,
    /// When it arrived, by the sandbox's clock.
    pub at: DateTime<Utc>,
}

/// Events that were sent to an event hook's service in one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookDelivery {
    /// The hook's id.
    pub hook_id: String,
    /// How many events there were in it.
    pub events: usize,
    /// The status of each attempt, of which there are two at most; `None` is no answer in time.
    pub attempts: Vec<Option<u16>>,
}

impl HookDelivery {
    /// Whether the service took them. If not, they are lost to the hook, and the System Log has an
    /// `event_hook.delivery`.
    pub fn arrived(&self) -> bool {
        matches!(self.attempts.last(), Some(Some(200..=299)))
    }
}

/// A hint that the ServiceNow instance sent about a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushDelivery {
    /// The record's key.
    pub sys_id: String,
    /// What the service answered; `None` is no answer in time. The instance does not try again.
    pub status: Option<u16>,
}

/// A session of the ServiceNow instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRecord {
    /// How many requests came in it.
    pub requests: usize,
    /// How many of them were there at the same time: served, or waiting for one another.
    pub most_at_once: usize,
}
