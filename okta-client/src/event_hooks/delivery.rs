//! What an event hook delivers.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use crate::id::EventHookId;
use crate::system_log::LogEvent;

/// Events that a hook delivered, in the order in which they stood in the request (which is no order: see
/// [`HookReceiver`](crate::hooks::HookReceiver)).
///
/// What a queue has to keep is [`body`](Self::body); [`parse`](Self::parse) reads it again.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct HookDelivery {
    /// Okta's id of the delivery, the same when it is tried again: leave out doubles by it, and by each event's
    /// `uuid`.
    pub event_id: Option<String>,
    /// When it was sent.
    pub event_time: Option<DateTime<Utc>>,
    /// The hook that it comes from: `https://acme.okta.com/api/v1/eventHooks/who…`.
    pub source: Option<String>,
    /// The events, odd ones too.
    pub events: Vec<LogEvent>,
    body: Bytes,
}

/// Why a body is no delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoHookDelivery {
    /// It is no JSON object.
    #[error("the body is no JSON object")]
    NoObject,
    /// There is no list `data.events`.
    #[error("the body has no list data.events")]
    NoEvents,
}

/// A JSON object whose members stay text.
type Members<'a> = BTreeMap<String, &'a RawValue>;

impl HookDelivery {
    /// Reads a delivery's body. An event that is not as it should be is kept as it came, like everything else.
    ///
    /// # Errors
    ///
    /// If it is no JSON object, or has no list of events.
    pub fn parse(body: Bytes) -> Result<Self, NoHookDelivery> {
        let envelope: Members = serde_json::from_slice(&body).map_err(|_| NoHookDelivery::NoObject)?;
        let text = |name: &str| serde_json::from_str::<String>(envelope.get(name)?.get()).ok();
        let (event_id, source) = (text("eventId"), text("source"));
        let event_time = text("eventTime").and_then(|time| time.parse().ok());
        let events = events(&envelope).ok_or(NoHookDelivery::NoEvents)?;
        Ok(Self { event_id, event_time, source, events, body })
    }

    /// The id of the hook that it comes from, from the end of `source`.
    #[must_use]
    pub fn hook_id(&self) -> Option<EventHookId> {
        self.source.as_deref()?.rsplit('/').next()?.parse().ok()
    }

    /// The body, byte for byte as it came.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

fn events(envelope: &Members) -> Option<Vec<LogEvent>> {
    let data: Members = serde_json::from_str(envelope.get("data")?.get()).ok()?;
    serde_json::from_str(data.get("events")?.get()).ok()
}

/// Ids and types: what happened to whom is in the events.
impl fmt::Debug for HookDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookDelivery")
            .field("event_id", &self.event_id)
            .field("event_time", &self.event_time)
            .field("source", &self.source)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}
