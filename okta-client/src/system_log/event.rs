//! Events: the text that Okta sent, and where in it stands what is often asked for.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::entity::{EntityPlace, LogEntity};
use super::event_type::EventType;
use super::part::{
    Lenient, LogAuthenticationContext, LogClient, LogDebugData, LogDevice, LogIpAddress, LogSecurityContext,
    LogTransaction,
};
use super::span::{Span, Text};

client_core::open_enum!(
    /// How severe an event is. Okta does not say which types have which: tell events apart by type and outcome.
    pub enum LogSeverity {
        /// `DEBUG`
        Debug = "DEBUG",
        /// `INFO`: failed sign-ins too.
        Info = "INFO",
        /// `WARN`
        Warn = "WARN",
        /// `ERROR`
        Error = "ERROR",
    }
);

client_core::open_enum!(
    /// How it ended.
    pub enum LogOutcome {
        /// It was done.
        Success = "SUCCESS",
        /// It failed; [`LogEvent::outcome_reason`] says why.
        Failure = "FAILURE",
        /// It was left out.
        Skipped = "SKIPPED",
        /// It was let pass.
        Allow = "ALLOW",
        /// It was not let pass.
        Deny = "DENY",
        /// More was asked for: a second factor.
        Challenge = "CHALLENGE",
        /// Okta's own word, `UNKNOWN`.
        Undetermined = "UNKNOWN",
        /// It was one too many.
        RateLimit = "RATE_LIMIT",
        /// It is put off.
        Deferred = "DEFERRED",
        /// It has a time.
        Scheduled = "SCHEDULED",
        /// It was begun and left.
        Abandoned = "ABANDONED",
        /// Nobody answered: a push, say.
        Unanswered = "UNANSWERED",
    }
);

/// An event of the System Log, whole as Okta sent it.
///
/// Any field may be missing, and types vary with Okta's releases. So this never fails to decode: a field that is
/// missing or of another type than documented is `None`, and is in [`raw`](Self::raw) as it came. Written back,
/// it is the same text.
///
/// What is often asked for is at hand. The rest ([`client`](Self::client), [`debug_data`](Self::debug_data),
/// [`security_context`](Self::security_context) and so on) stays text and is read each time it is asked for.
#[derive(Clone)]
pub struct LogEvent {
    raw: Box<RawValue>,
    places: Places,
}

/// Where things stand in the event's text.
#[derive(Clone, Default)]
struct Places {
    uuid: Option<Text>,
    published: Option<Text>,
    event_type: Option<Text>,
    severity: Option<Text>,
    display_message: Option<Text>,
    outcome: Option<Text>,
    outcome_reason: Option<Text>,
    transaction_id: Option<Text>,
    request_id: Option<Text>,
    user_agent: Option<Text>,
    actor: Option<EntityPlace>,
    targets: Vec<EntityPlace>,
    authentication_context: Span,
    client: Span,
    debug_data: Span,
    device: Span,
    request: Span,
    security_context: Span,
    transaction: Span,
}

/// Objects whose fields are not read yet. Fields of other types than expected do not matter here.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(borrow)]
    uuid: Option<&'a RawValue>,
    #[serde(borrow)]
    published: Option<&'a RawValue>,
    #[serde(borrow)]
    event_type: Option<&'a RawValue>,
    #[serde(borrow)]
    severity: Option<&'a RawValue>,
    #[serde(borrow)]
    display_message: Option<&'a RawValue>,
    #[serde(borrow)]
    outcome: Option<&'a RawValue>,
    #[serde(borrow)]
    actor: Option<&'a RawValue>,
    #[serde(borrow)]
    target: Option<&'a RawValue>,
    #[serde(borrow)]
    transaction: Option<&'a RawValue>,
    #[serde(borrow)]
    client: Option<&'a RawValue>,
    #[serde(borrow)]
    debug_context: Option<&'a RawValue>,
    #[serde(borrow)]
    authentication_context: Option<&'a RawValue>,
    #[serde(borrow)]
    device: Option<&'a RawValue>,
    #[serde(borrow)]
    request: Option<&'a RawValue>,
    #[serde(borrow)]
    security_context: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Outcome<'a> {
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Transaction<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Client<'a> {
    #[serde(borrow)]
    user_agent: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct UserAgent<'a> {
    #[serde(borrow)]
    raw_user_agent: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DebugContext<'a> {
    #[serde(borrow)]
    debug_data: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Debug<'a> {
    #[serde(borrow)]
    request_id: Option<&'a RawValue>,
}

/// The fields of an object; none of them, if it is something else. An array would do for serde, too.
pub(super) fn fields<'a, T: Default + Deserialize<'a>>(object: Option<&'a RawValue>) -> T {
    let object = object.filter(|object| object.get().starts_with('{'));
    object.and_then(|object| serde_json::from_str(object.get()).ok()).unwrap_or_default()
}

impl Places {
    fn of(raw: &RawValue) -> Self {
        let whole = raw.get();
        let event: Fields = fields(Some(raw));
        let outcome: Outcome = fields(event.outcome);
        let transaction: Transaction = fields(event.transaction);
        let client: Client = fields(event.client);
        let user_agent: UserAgent = fields(client.user_agent);
        let debug_context: DebugContext = fields(event.debug_context);
        let debug: Debug = fields(debug_context.debug_data);
        let targets =
            event.target.and_then(|target| serde_json::from_str::<Vec<&RawValue>>(target.get()).ok());
        let text = |part| Text::of(part, whole);
        let span = |part| Span::of(part, whole);
        Self {
            uuid: text(event.uuid),
            published: text(event.published),
            event_type: text(event.event_type),
            severity: text(event.severity),
            display_message: text(event.display_message),
            outcome: text(outcome.result),
            outcome_reason: text(outcome.reason),
            transaction_id: text(transaction.id),
            request_id: text(debug.request_id),
            user_agent: text(user_agent.raw_user_agent),
            actor: event.actor.and_then(|actor| EntityPlace::of(actor, whole)),
            targets: targets
                .into_iter()
                .flatten()
                .filter_map(|target| EntityPlace::of(target, whole))
                .collect(),
            authentication_context: span(event.authentication_context),
            client: span(event.client),
            debug_data: span(debug_context.debug_data),
            device: span(event.device),
            request: span(event.request),
            security_context: span(event.security_context),
            transaction: span(event.transaction),
        }
    }
}

impl LogEvent {
    /// The event's own id: the key for leaving out doubles.
    #[must_use]
    pub fn uuid(&self) -> Option<&str> {
        self.text(self.places.uuid.as_ref())
    }

    /// When it happened. The log may have stored it well after that.
    #[must_use]
    pub fn published(&self) -> Option<DateTime<Utc>> {
        crate::time::read(self.text(self.places.published.as_ref())?)
    }

    /// `user.lifecycle.create` and some 1,270 others; see [`event_types`](crate::system_log::event_types).
    #[must_use]
    pub fn event_type(&self) -> Option<&str> {
        self.text(self.places.event_type.as_ref())
    }

    /// Whether it is of this type.
    #[must_use]
    pub fn is(&self, event_type: EventType) -> bool {
        self.event_type() == Some(event_type.as_str())
    }

    /// How severe it is.
    #[must_use]
    pub fn severity(&self) -> Option<LogSeverity> {
        self.text(self.places.severity.as_ref()).map(LogSeverity::from)
    }

    /// What it is in words, for people. They change.
    #[must_use]
    pub fn display_message(&self) -> Option<&str> {
        self.text(self.places.display_message.as_ref())
    }

    /// How it ended.
    #[must_use]
    pub fn outcome(&self) -> Option<LogOutcome> {
        self.text(self.places.outcome.as_ref()).map(LogOutcome::from)
    }

    /// Why it ended so: `INVALID_CREDENTIALS`.
    #[must_use]
    pub fn outcome_reason(&self) -> Option<&str> {
        self.text(self.places.outcome_reason.as_ref())
    }

    /// Who did it.
    #[must_use]
    pub fn actor(&self) -> Option<LogEntity<'_>> {
        self.places.actor.as_ref().map(|place| place.view(self.raw.get()))
    }

    /// What it was done to. Find by type, never by position.
    pub fn targets(&self) -> impl Iterator<Item = LogEntity<'_>> {
        self.places.targets.iter().map(|place| place.view(self.raw.get()))
    }

    /// The first target of this type: `User`, `UserGroup`, `AppInstance`, `AppUser` …
    #[must_use]
    pub fn target(&self, kind: &str) -> Option<LogEntity<'_>> {
        self.targets().find(|target| target.kind() == Some(kind))
    }

    /// What joins it to other events of the same call or job.
    #[must_use]
    pub fn transaction_id(&self) -> Option<&str> {
        self.text(self.places.transaction_id.as_ref())
    }

    /// The `X-Okta-Request-Id` of the call that caused it: of its own, or else of its transaction.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.text(self.places.request_id.as_ref()).or_else(|| self.transaction_id())
    }

    /// The user agent of the call that caused it.
    #[must_use]
    pub fn user_agent(&self) -> Option<&str> {
        self.text(self.places.user_agent.as_ref())
    }

    /// From where it came: address, place, user agent.
    #[must_use]
    pub fn client(&self) -> Option<LogClient> {
        self.part(self.places.client)
    }

    /// The device that was used, if Okta knows it.
    #[must_use]
    pub fn device(&self) -> Option<LogDevice> {
        self.part(self.places.device)
    }

    /// How the actor was authenticated, and the session.
    #[must_use]
    pub fn authentication_context(&self) -> Option<LogAuthenticationContext> {
        self.part(self.places.authentication_context)
    }

    /// What Okta thinks of where it came from: risk, behaviors, the network.
    #[must_use]
    pub fn security_context(&self) -> Option<LogSecurityContext> {
        self.part(self.places.security_context)
    }

    /// The call or job that it was part of.
    #[must_use]
    pub fn transaction(&self) -> Option<LogTransaction> {
        self.part(self.places.transaction)
    }

    /// What else Okta notes about events of this type.
    #[must_use]
    pub fn debug_data(&self) -> Option<LogDebugData> {
        self.part(self.places.debug_data)
    }

    /// The addresses that the request came through, the client's first.
    #[must_use]
    pub fn ip_chain(&self) -> Vec<LogIpAddress> {
        let request: Option<Value> = self.part(self.places.request);
        request.and_then(|request| Lenient::read(request.get("ipChain")?)).unwrap_or_default()
    }

    /// The event as Okta sent it, byte for byte.
    #[must_use]
    pub fn raw(&self) -> &RawValue {
        &self.raw
    }

    /// The event as JSON to look into.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::from_str(self.raw.get()).unwrap_or_default()
    }

    fn text<'a>(&'a self, text: Option<&'a Text>) -> Option<&'a str> {
        text?.get(self.raw.get())
    }

    fn part<T: Lenient>(&self, span: Span) -> Option<T> {
        let value: Value = serde_json::from_str(span.get(self.raw.get())?).ok()?;
        T::read(&value)
    }
}

impl From<Box<RawValue>> for LogEvent {
    fn from(raw: Box<RawValue>) -> Self {
        let places = Places::of(&raw);
        Self { raw, places }
    }
}

impl<'de> Deserialize<'de> for LogEvent {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(source).map(Self::from)
    }
}

impl Serialize for LogEvent {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(to)
    }
}

/// The same text.
impl PartialEq for LogEvent {
    fn eq(&self, other: &Self) -> bool {
        self.raw.get() == other.raw.get()
    }
}

impl Eq for LogEvent {}

/// Its id and type: the rest may be about people.
impl fmt::Debug for LogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogEvent({:?}, {:?})", self.uuid(), self.event_type())
    }
}
