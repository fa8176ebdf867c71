//! The System Log: queries with an end, the tail, and the types of events.

mod catalogue;
mod entity;
mod event;
mod event_type;
mod part;
mod query;
mod span;
mod tail;

use chrono::{DateTime, Utc};

use crate::client::OktaClient;

pub use catalogue::event_types;
pub use entity::LogEntity;
pub use event::{LogEvent, LogOutcome, LogSeverity};
pub use event_type::{EventFamily, EventType};
pub use part::{
    LogAuthenticationContext, LogBotProtection, LogChangeDetails, LogClient, LogDebugData, LogDevice,
    LogGeographicalContext, LogGeolocation, LogIpAddress, LogIpDetails, LogIpServiceCategory, LogIssuer,
    LogRisk, LogSecurityContext, LogTransaction, LogUserAgent, LogUserBehavior,
};
pub use query::LogQuery;
pub use tail::{LogBatch, LogCursor, LogNotice, LogTail, TailFrom, TailLog};

/// The System Log, from [`OktaClient::system_log`]. Needs the scope `okta.logs.read`.
///
/// There are two ways to read it. [`between`](Self::between) is for investigations and reports: it has an end,
/// and misses events that the log has not stored yet. [`tail`](Self::tail) is for whoever must see every event:
/// it has no end, and goes on after a restart where it was.
///
/// Both draw from one small bucket: 60 calls a minute for one token in most orgs, 10 in a free one. A filter saves
/// no calls, so one broad tail is better than many narrow ones.
#[derive(Debug, Clone, Copy)]
pub struct SystemLog<'a> {
    client: &'a OktaClient,
}

impl<'a> SystemLog<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/logs` between two times, by when events happened: for investigations and reports.
    ///
    /// Events arrive in the log some seconds after they happened, some of them much later; those that come late
    /// may be missing. Okta keeps events for 90 days and leaves out older ones without a word; a `since` of more
    /// than 180 days ago it refuses (E0000053). A query that takes it longer than 30 s it gives up (500): narrow
    /// the times or the filter then.
    pub fn between(&self, since: DateTime<Utc>, until: DateTime<Utc>) -> LogQuery<'a> {
        LogQuery::new(self.client, since, until)
    }

    /// `GET /api/v1/logs` again and again, by when the log stored events: every event, as it comes.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use futures::TryStreamExt as _;
    /// use okta_client::system_log::TailFrom;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sandbox = sandbox::Sandbox::builder().people(2).start().await?;
    /// # let okta = okta_client::OktaClient::builder(sandbox.okta_url());
    /// # let okta = okta.api_token(sandbox.okta_token().to_owned().into()).build()?;
    /// let mut tail = okta.system_log().tail(TailFrom::Ago(Duration::from_secs(3600))).send();
    /// while let Some(batch) = tail.try_next().await? {
    ///     for event in &batch.events {
    ///         println!("{:?} {:?}", event.published(), event.event_type());
    ///     }
    ///     // In one transaction with what the events caused:
    ///     let _stored = serde_json::to_string(&batch.cursor)?;
    ///     // Tomorrow: tail(TailFrom::Cursor(serde_json::from_str(&stored)?))
    /// #   break;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn tail(&self, from: impl Into<TailFrom>) -> TailLog<'a> {
        TailLog::new(self.client, from.into())
    }
}
