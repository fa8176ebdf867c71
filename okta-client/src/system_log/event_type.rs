//! What kinds of events there are.

use std::fmt;

use crate::filter::Operand;

/// A type of event, from [`event_types`](crate::system_log::event_types).
///
/// The set is open: Okta has over a thousand, and adds some. Of an event the type is text
/// ([`LogEvent::event_type`](crate::system_log::LogEvent::event_type)); this is for telling those apart that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventType {
    pub(super) name: &'static str,
    pub(super) hook: bool,
}

impl EventType {
    /// Okta's name of it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.name
    }

    /// Whether an event hook can deliver it; others are only in the log.
    #[must_use]
    pub const fn is_hook_eligible(self) -> bool {
        self.hook
    }
}

impl AsRef<str> for EventType {
    fn as_ref(&self) -> &str {
        self.name
    }
}

impl From<EventType> for Operand {
    fn from(event_type: EventType) -> Self {
        Self::from(event_type.name)
    }
}

impl From<EventType> for String {
    fn from(event_type: EventType) -> Self {
        event_type.name.to_owned()
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Types of events whose names begin alike. `Filter::starts_with("eventType", family)` asks for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventFamily {
    pub(super) prefix: &'static str,
    pub(super) hook: bool,
}

impl EventFamily {
    /// What their names begin with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        self.prefix
    }

    /// Whether event hooks can deliver them.
    #[must_use]
    pub const fn is_hook_eligible(self) -> bool {
        self.hook
    }

    /// Whether a type is one of them.
    #[must_use]
    pub fn contains(self, event_type: &str) -> bool {
        event_type.starts_with(self.prefix)
    }
}

impl AsRef<str> for EventFamily {
    fn as_ref(&self) -> &str {
        self.prefix
    }
}
