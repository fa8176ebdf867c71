//! The user object.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::id::UserId;

/// A user, as Okta answers it. Fields that this crate does not know are in `extra`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// Okta's id.
    pub id: UserId,
    /// Where in its lifecycle the account is.
    pub status: UserStatus,
    /// Set while an activation or deactivation is still at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transitioning_to_status: Option<UserStatus>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it was first activated.
    #[serde(default, deserialize_with = "optional_time")]
    pub activated: Option<DateTime<Utc>>,
    /// When the status last changed.
    #[serde(default, deserialize_with = "optional_time")]
    pub status_changed: Option<DateTime<Utc>>,
    /// When the person last signed in.
    #[serde(default, deserialize_with = "optional_time")]
    pub last_login: Option<DateTime<Utc>>,
    /// When the object last changed.
    pub last_updated: DateTime<Utc>,
    /// The person's attributes.
    pub profile: Profile,
    /// What else Okta sent.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A time that need not be there. One that cannot be read counts as absent: Okta has several forms, and one
/// odd time must not cost a page of users.
pub(crate) fn optional_time<'de, D>(source: D) -> Result<Option<DateTime<Utc>>, D::Error>
where
    D: Deserializer<'de>,
{
    Ok(Value::deserialize(source)?.as_str().and_then(|text| text.parse().ok()))
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({}, {})", self.id, self.status)
    }
}

/// Where in its lifecycle an account is. Okta evaluates it lazily: it is as fresh as the last sign-in or
/// lifecycle call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum UserStatus {
    /// Made, never activated.
    Staged,
    /// Activated, without a credential yet.
    Provisioned,
    /// In use.
    Active,
    /// A password reset was begun by an admin.
    Recovery,
    /// The password must be changed at the next sign-in.
    PasswordExpired,
    /// Too many wrong passwords.
    LockedOut,
    /// Paused by an admin; groups and apps stay.
    Suspended,
    /// Deactivated. Group memberships stay and come back with reactivation.
    Deprovisioned,
    /// Something newer than this crate. Treat it as "may not": fail closed.
    #[serde(untagged)]
    Unknown(String),
}

impl UserStatus {
    /// Okta's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Staged => "STAGED",
            Self::Provisioned => "PROVISIONED",
            Self::Active => "ACTIVE",
            Self::Recovery => "RECOVERY",
            Self::PasswordExpired => "PASSWORD_EXPIRED",
            Self::LockedOut => "LOCKED_OUT",
            Self::Suspended => "SUSPENDED",
            Self::Deprovisioned => "DEPROVISIONED",
            Self::Unknown(text) => text,
        }
    }
}

impl fmt::Display for UserStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A person's attributes: an open map, base and custom ones side by side, with names as Okta spells them
/// (`firstName`, `employeeNumber`). Its `Debug` shows names, not values.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Profile(Map<String, Value>);

impl Profile {
    /// A profile without attributes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an attribute.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// An attribute of any type.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// An attribute that is text. Absent, `null` and other types are `None`.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// What the person signs in with.
    #[must_use]
    pub fn login(&self) -> Option<&str> {
        self.text("login")
    }

    /// All attributes, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl FromIterator<(String, Value)> for Profile {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(attributes: I) -> Self {
        Self(attributes.into_iter().collect())
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
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
