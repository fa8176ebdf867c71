//! What an identity source has, uploads, and is told.

use std::fmt;

use chrono::{DateTime, Utc};
use client_core::open_enum;
use serde::Serialize;

use crate::entity::entity;
use crate::id::{GroupId, IdentitySourceId, ImportSessionId, UserId};
use crate::users::Profile;

entity! {
    /// A session in which an identity source uploads what is then imported at once.
    pub struct ImportSession shows(id, status) {
        /// Okta's id.
        pub id: ImportSessionId = "id",
        /// Whose it is.
        pub identity_source_id: Option<IdentitySourceId> = opt "identitySourceId",
        /// How far it is.
        pub status: ImportStatus = "status",
        /// `INCREMENTAL`: what is not uploaded stays as it is.
        pub import_type: Option<String> = opt "importType",
        /// When it was opened.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

open_enum! {
    /// How far a session is.
    pub enum ImportStatus {
        /// Open: it takes uploads.
        Created = "CREATED",
        /// The import waits for its turn.
        Triggered = "TRIGGERED",
        /// The import is at work.
        InProgress = "IN_PROGRESS",
        /// The import is done. What became of each profile is in the System Log.
        Completed = "COMPLETED",
        /// The import failed.
        Error = "ERROR",
        /// Nobody started the import in time (a day, as far as is known).
        Expired = "EXPIRED",
        /// It was closed.
        Closed = "CLOSED",
    }
}

impl ImportStatus {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Completed | Self::Error | Self::Expired | Self::Closed)
    }
}

/// A user to upload: the source's own key, and a profile in the schema of the source's app (`userName`, `email`,
/// `firstName`, `lastName`, …). Mappings make Okta's profile of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceUser {
    /// What the source knows the person by, at most 512 characters. It must never change.
    pub external_id: ExternalId,
    /// The attributes.
    pub profile: Profile,
}

impl SourceUser {
    /// A user of the source.
    #[must_use]
    pub fn new(external_id: impl Into<ExternalId>, profile: Profile) -> Self {
        Self { external_id: external_id.into(), profile }
    }
}

/// A group to upload, without its members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceGroup {
    /// What the source knows the group by, at most 255 characters. It must never change.
    pub external_id: ExternalId,
    /// Its name and description.
    pub profile: SourceGroupProfile,
}

impl SourceGroup {
    /// A group of the source.
    #[must_use]
    pub fn new(external_id: impl Into<ExternalId>, display_name: impl Into<String>) -> Self {
        let profile = SourceGroupProfile { display_name: display_name.into(), description: None };
        Self { external_id: external_id.into(), profile }
    }

    /// What it is for.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.profile.description = Some(text.into());
        self
    }
}

/// A group's name and description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceGroupProfile {
    /// The name, at most 255 characters.
    pub display_name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Members of one group, to be added or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceMemberships {
    /// The group.
    pub group_external_id: ExternalId,
    /// The users.
    pub member_external_ids: Vec<ExternalId>,
}

impl SourceMemberships {
    /// Members of a group.
    #[must_use]
    pub fn new<I: Into<ExternalId>>(
        group: impl Into<ExternalId>,
        members: impl IntoIterator<Item = I>,
    ) -> Self {
        let member_external_ids = members.into_iter().map(Into::into).collect();
        Self { group_external_id: group.into(), member_external_ids }
    }
}

/// What a source knows somebody or something by: an employee number, say. Any text; its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ExternalId(String);

impl ExternalId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for ExternalId {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl AsRef<str> for ExternalId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalId(..)")
    }
}

entity! {
    /// A user of an identity source, as Okta has it.
    pub struct ImportedUser shows(id) {
        /// The Okta user that came of it.
        pub id: Option<UserId> = opt "id",
        /// The source's key.
        pub external_id: Option<ExternalId> = opt "externalId",
        /// When it was first imported.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
        /// The attributes, in the schema of the source's app.
        pub profile: Profile = or_default "profile",
    }
}

entity! {
    /// A group of an identity source, as Okta has it.
    pub struct ImportedGroup shows(id) {
        /// The Okta group that came of it.
        pub id: Option<GroupId> = opt "id",
        /// The source's key.
        pub external_id: Option<ExternalId> = opt "externalId",
    }
}

/// A whole import: what is to be there afterwards, and what is not. Anything else stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Import {
    pub(super) users: Vec<SourceUser>,
    pub(super) users_gone: Vec<ExternalId>,
    pub(super) groups: Vec<SourceGroup>,
    pub(super) groups_gone: Vec<ExternalId>,
    pub(super) members: Vec<SourceMemberships>,
    pub(super) members_gone: Vec<SourceMemberships>,
}

impl Import {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Users that are to be there.
    pub fn users(mut self, users: impl IntoIterator<Item = SourceUser>) -> Self {
        self.users.extend(users);
        self
    }

    /// Users that are not: what happens to their Okta accounts is a setting of the source, deactivation mostly.
    pub fn without_users<I: Into<ExternalId>>(mut self, users: impl IntoIterator<Item = I>) -> Self {
        self.users_gone.extend(users.into_iter().map(Into::into));
        self
    }

    /// Groups that are to be there.
    pub fn groups(mut self, groups: impl IntoIterator<Item = SourceGroup>) -> Self {
        self.groups.extend(groups);
        self
    }

    /// Groups that are not.
    pub fn without_groups<I: Into<ExternalId>>(mut self, groups: impl IntoIterator<Item = I>) -> Self {
        self.groups_gone.extend(groups.into_iter().map(Into::into));
        self
    }

    /// Memberships that are to be there.
    pub fn members(mut self, members: impl IntoIterator<Item = SourceMemberships>) -> Self {
        self.members.extend(members);
        self
    }

    /// Memberships that are not.
    pub fn without_members(mut self, members: impl IntoIterator<Item = SourceMemberships>) -> Self {
        self.members_gone.extend(members);
        self
    }
}
