//! The event hook, and one to be made.

use std::fmt;

use chrono::{DateTime, Utc};
use client_core::open_enum;
use serde_json::{Value, json};

use crate::entity::entity;
use crate::hook_channel::{self, HookChannel};
use crate::hook_secret::HookSecret;
use crate::id::{EventHookId, UserId};

entity! {
    /// An event hook. It delivers only while it is ACTIVE **and** VERIFIED.
    pub struct EventHook shows(id, name, status, verification_status) {
        /// Okta's id.
        pub id: EventHookId = "id",
        /// What people know it by.
        pub name: String = "name",
        /// What it is for.
        pub description: Option<String> = opt "description",
        /// Whether it is switched on.
        pub status: HookStatus = "status",
        /// Whether its service has answered the challenge.
        pub verification_status: HookVerification = "verificationStatus",
        /// What it delivers.
        pub events: EventHookEvents = "events",
        /// Where to.
        pub channel: HookChannel = "channel",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// Who made it.
        pub created_by: Option<UserId> = opt "createdBy",
        /// When it was last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

open_enum! {
    /// Whether a hook is switched on.
    pub enum HookStatus {
        /// It is.
        Active = "ACTIVE",
        /// It is not.
        Inactive = "INACTIVE",
    }
}

open_enum! {
    /// Whether an event hook's service has shown that it wants the events.
    pub enum HookVerification {
        /// It has not; nothing is delivered.
        Unverified = "UNVERIFIED",
        /// It has.
        Verified = "VERIFIED",
    }
}

entity! {
    /// What an event hook delivers.
    pub struct EventHookEvents shows(items) {
        /// `EVENT_TYPE`.
        pub kind: String = "type",
        /// The types: `user.account.lock`. 300 at most, and not every type can be delivered.
        pub items: Vec<String> = "items",
        /// Which events of these types, if not all.
        pub filter: Option<EventHookFilter> = opt "filter",
    }
}

entity! {
    /// Which events of a type are delivered.
    pub struct EventHookFilter shows(conditions) {
        /// `EXPRESSION_LANGUAGE`.
        pub kind: Option<String> = opt "type",
        /// One for each type that is narrowed.
        pub conditions: Vec<EventHookCondition> = or_default "eventFilterMap",
    }
}

entity! {
    /// What an event of a type must be like.
    pub struct EventHookCondition shows(event, condition) {
        /// The type.
        pub event: String = "event",
        /// What must hold.
        pub condition: EventHookExpression = "condition",
    }
}

entity! {
    /// A statement of Okta's Expression Language.
    pub struct EventHookExpression shows(expression) {
        /// `event.target.?[type eq 'UserGroup'].size()>0`
        pub expression: String = "expression",
    }
}

impl EventHook {
    /// What replaces this hook, with what Okta does not tell and without what is not the caller's to say.
    pub(super) fn replacement(&self, secret: &HookSecret) -> Result<Value, serde_json::Error> {
        let mut body = serde_json::to_value(self)?;
        if let Some(members) = body.as_object_mut() {
            for own in ["id", "status", "verificationStatus", "created", "createdBy", "lastUpdated", "_links"]
            {
                members.remove(own);
            }
        }
        body["channel"]["config"]["authScheme"] = hook_channel::auth_scheme(secret);
        Ok(body)
    }
}

/// An event hook to be made.
///
/// ```
/// use okta_client::hooks::{HookSecret, NewEventHook};
///
/// # fn run(secret: HookSecret) {
/// let hook = NewEventHook::new("security-feed", "https://hooks.acme.example/okta", secret)
///     .events(["user.account.lock", "group.user_membership.add"])
///     .filter("group.user_membership.add", "event.target.?[displayName eq 'Admins'].size()>0");
/// # }
/// ```
#[derive(Clone)]
#[must_use = "it is made by `EventHooks::create`"]
pub struct NewEventHook {
    name: String,
    description: Option<String>,
    uri: String,
    secret: HookSecret,
    headers: Vec<(String, String)>,
    events: Vec<String>,
    conditions: Vec<(String, String)>,
}

impl NewEventHook {
    /// A hook that calls `uri`, which must be `https`, with `secret`.
    pub fn new(name: impl Into<String>, uri: impl Into<String>, secret: HookSecret) -> Self {
        Self {
            name: name.into(),
            description: None,
            uri: uri.into(),
            secret,
            headers: Vec::new(),
            events: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// Delivers events of these types too, by name or as an [`EventType`](crate::system_log::EventType) that
    /// [is eligible](crate::system_log::EventType::is_hook_eligible). It must have one at least.
    pub fn events<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.events.extend(types.into_iter().map(Into::into));
        self
    }

    /// Of the events of type `event`, which must be among the [`events`](Self::events), delivers only those for which
    /// `expression` (Okta's Expression Language) holds. Early access: an org may not have it.
    pub fn filter(mut self, event: impl Into<String>, expression: impl Into<String>) -> Self {
        self.conditions.push((event.into(), expression.into()));
        self
    }

    /// Says what it is for.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Sends a header along. Okta shows its value to every admin: it is no place for secrets.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn body(&self) -> Value {
        let mut config = json!({ "uri": self.uri, "authScheme": hook_channel::auth_scheme(&self.secret) });
        if !self.headers.is_empty() {
            config["headers"] = hook_channel::headers(&self.headers);
        }
        let mut body = json!({
            "name": self.name,
            "events": { "type": "EVENT_TYPE", "items": self.events },
            "channel": { "type": "HTTP", "version": hook_channel::VERSION, "config": config },
        });
        if let Some(description) = &self.description {
            body["description"] = json!(description);
        }
        if !self.conditions.is_empty() {
            let condition = |(event, expression): &(String, String)| json!({ "event": event, "condition": { "expression": expression } });
            let conditions: Vec<Value> = self.conditions.iter().map(condition).collect();
            body["events"]["filter"] = json!({ "type": "EXPRESSION_LANGUAGE", "eventFilterMap": conditions });
        }
        body
    }
}

impl fmt::Debug for NewEventHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEventHook")
            .field("name", &self.name)
            .field("uri", &self.uri)
            .field("secret", &self.secret)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}
