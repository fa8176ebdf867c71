//! The user object.

use std::fmt;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use client_core::open_enum;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::entity::{Lazy, entity};
use crate::id::UserId;

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
        /// The person's attributes.
        pub profile: Profile = lazy "profile",
    }
}

open_enum! {
    /// Where in its lifecycle an account is. Okta evaluates it lazily: it is as fresh as the last sign-in or
    /// lifecycle call. Treat an unknown one as "may not": fail closed.
    pub enum UserStatus {
        /// Made, never activated.
        Staged = "STAGED",
        /// Activated, without a credential yet.
        Provisioned = "PROVISIONED",
        /// In use.
        Active = "ACTIVE",
        /// A password reset was begun by an admin.
        Recovery = "RECOVERY",
        /// The password must be changed at the next sign-in.
        PasswordExpired = "PASSWORD_EXPIRED",
        /// Too many wrong passwords.
        LockedOut = "LOCKED_OUT",
        /// Paused by an admin; groups and apps stay.
        Suspended = "SUSPENDED",
        /// Deactivated. Group memberships stay and come back with reactivation.
        Deprovisioned = "DEPROVISIONED",
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

/// A user to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewUser {
    /// The attributes: at least `login`, `email`, `firstName` and `lastName`.
    pub profile: Profile,
    /// Groups to be in from the start: at most 20.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub group_ids: Vec<crate::id::GroupId>,
}

/// A change of some attributes: those not named stay as they are.
///
/// Setting an attribute to `""` is not removing it: Okta keeps it, empty.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProfilePatch(Map<String, Value>);

impl ProfilePatch {
    /// A change of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an attribute.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Removes an attribute.
    #[must_use]
    pub fn remove(self, name: impl Into<String>) -> Self {
        self.set(name, Value::Null)
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The attributes it names, `null` for those it removes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl fmt::Debug for ProfilePatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
