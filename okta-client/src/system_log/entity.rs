//! Actors and targets of events.

use std::fmt;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::event::fields;
use super::part::{Lenient, LogChangeDetails};
use super::span::{Span, Text};

/// Where an actor or a target stands in the text of its event.
#[derive(Clone)]
pub(super) struct EntityPlace {
    whole: Span,
    id: Option<Text>,
    kind: Option<Text>,
    alternate_id: Option<Text>,
    display_name: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entity<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    alternate_id: Option<&'a RawValue>,
    #[serde(borrow)]
    display_name: Option<&'a RawValue>,
}

impl EntityPlace {
    pub(super) fn of(part: &RawValue, event: &str) -> Option<Self> {
        let entity: Entity = fields(Some(part));
        part.get().starts_with('{').then(|| Self {
            whole: Span::of(Some(part), event),
            id: Text::of(entity.id, event),
            kind: Text::of(entity.kind, event),
            alternate_id: Text::of(entity.alternate_id, event),
            display_name: Text::of(entity.display_name, event),
        })
    }

    pub(super) fn view<'a>(&'a self, event: &'a str) -> LogEntity<'a> {
        LogEntity { place: self, event }
    }
}

/// Who did something, or what it was done to.
#[derive(Clone, Copy)]
pub struct LogEntity<'a> {
    place: &'a EntityPlace,
    event: &'a str,
}

impl<'a> LogEntity<'a> {
    /// Its id, of the form that its type has: `00u…` for a `User`.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        self.text(self.place.id.as_ref())
    }

    /// Its `type`: `User`, `AppUser`, `AppInstance`, `UserGroup`, `PublicClientApp`, `SystemPrincipal`,
    /// `Guest User`, `PolicyEntity`, `ROLE` …
    #[must_use]
    pub fn kind(&self) -> Option<&'a str> {
        self.text(self.place.kind.as_ref())
    }

    /// A user's login, and nothing much of anything else: often the text `unknown`.
    #[must_use]
    pub fn alternate_id(&self) -> Option<&'a str> {
        self.text(self.place.alternate_id.as_ref())
    }

    /// Its name, for people.
    #[must_use]
    pub fn display_name(&self) -> Option<&'a str> {
        self.text(self.place.display_name.as_ref())
    }

    /// `detailEntry`: what else is known of it, by type.
    #[must_use]
    pub fn detail(&self) -> Option<Map<String, Value>> {
        Lenient::read(self.whole().get("detailEntry")?)
    }

    /// What was changed in it, if its type of event tells.
    #[must_use]
    pub fn change_details(&self) -> Option<LogChangeDetails> {
        Lenient::read(self.whole().get("changeDetails")?)
    }

    fn whole(&self) -> Value {
        let text = self.place.whole.get(self.event).unwrap_or_default();
        serde_json::from_str(text).unwrap_or_default()
    }

    fn text(&self, text: Option<&'a Text>) -> Option<&'a str> {
        text?.get(self.event)
    }
}

/// Its type and id: names and logins are about people.
impl fmt::Debug for LogEntity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogEntity({:?}, {:?})", self.kind(), self.id())
    }
}
