//! The user object.

use std::fmt;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::credentials::Credentials;
use super::status::UserStatus;
use crate::entity::{Lazy, entity};
use crate::id::{RealmId, UserId, UserTypeId};

entity! {
    /// A user, as Okta answers it.
    pub struct User shows(id, status) {
        /// Okta's id.
        pub id: UserId = "id",
        /// Where in its lifecycle the account is.
        pub status: UserStatus = "status",
        /// Set while an activation or deactivation is still at work.
        pub transitioning_to_status: Option<UserStatus> = opt "transitioningToStatus",
        /// When it was made.
        pub created: DateTime<Utc> = "created",
        /// When it was first activated.
        pub activated: Option<DateTime<Utc>> = time "activated",
        /// When the status last changed.
        pub status_changed: Option<DateTime<Utc>> = time "statusChanged",
        /// When the person last signed in.
        pub last_login: Option<DateTime<Utc>> = time "lastLogin",
        /// When the object last changed.
        pub last_updated: DateTime<Utc> = "lastUpdated",
        /// When the password last changed.
        pub password_changed: Option<DateTime<Utc>> = time "passwordChanged",
        /// Which attributes it may have.
        pub user_type: Option<UserTypeRef> = opt "type",
        /// The realm it is in, if the org has realms.
        pub realm_id: Option<RealmId> = opt "realmId",
        /// What the person signs in with, as far as Okta tells.
        pub credentials: Option<Credentials> = opt "credentials",
        /// The person's attributes.
        pub profile: Profile = lazy "profile",
    }
}

entity! {
    /// A user's type, as the user names it; [`UserTypes::get`](crate::user_types::UserTypes::get) has the rest.
    pub struct UserTypeRef shows(id) {
        /// Okta's id.
        pub id: UserTypeId = "id",
    }
}

entity! {
    /// A user of which only some fields were asked for, with [`ListUsers::only`](super::ListUsers::only).
    pub struct PartialUser shows(id, status) {
        /// Okta's id, which always comes.
        pub id: UserId = "id",
        /// Where in its lifecycle the account is.
        pub status: Option<UserStatus> = opt "status",
        /// The attributes that were asked for.
        pub profile: Profile = or_default "profile",
    }
}

/// A person's attributes: an open map, base and custom ones side by side, with names as Okta spells them
/// (`firstName`, `employeeNumber`). Its `Debug` shows names, not values.
///
/// It is read when somebody first asks for an attribute: lists of users are long, and most of what they hold is
/// never looked at.
#[derive(Clone, Default)]
pub struct Profile {
    /// As it came, if it was not looked at yet.
    raw: Option<Box<RawValue>>,
    attributes: OnceLock<Map<String, Value>>,
}

impl Profile {
    /// A profile without attributes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an attribute.
    #[must_use]
    pub fn with(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let mut attributes = self.attributes().clone();
        attributes.insert(name.into(), value.into());
        attributes.into()
    }

    /// An attribute of any type.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes().get(name)
    }

    /// An attribute that is text. Absent, `null` and other types are `None`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// What the person signs in with.
    #[must_use]
    pub fn login(&self) -> Option<&str> {
        self.text("login")
    }

    /// All attributes, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.attributes().iter().map(|(name, value)| (name.as_str(), value))
    }

    fn attributes(&self) -> &Map<String, Value> {
        self.attributes.get_or_init(|| {
            let raw = self.raw.as_ref();
            // That it is an object was seen when it came.
            raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
        })
    }
}

impl From<Map<String, Value>> for Profile {
    fn from(attributes: Map<String, Value>) -> Self {
        Self { raw: None, attributes: attributes.into() }
    }
}

impl FromIterator<(String, Value)> for Profile {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(attributes: I) -> Self {
        attributes.into_iter().collect::<Map<_, _>>().into()
    }
}

impl Lazy for Profile {
    fn unread(raw: Box<RawValue>) -> Self {
        Self { raw: Some(raw), attributes: OnceLock::new() }
    }
}

impl<'de> Deserialize<'de> for Profile {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Map::deserialize(source).map(Self::from)
    }
}

impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.attributes().serialize(to)
    }
}

impl PartialEq for Profile {
    fn eq(&self, other: &Self) -> bool {
        self.attributes() == other.attributes()
    }
}

impl Eq for Profile {}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.attributes().keys()).finish()
    }
}
