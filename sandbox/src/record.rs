//! The log of requests that the sandbox received.

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
