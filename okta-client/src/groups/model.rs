//! The group object.

use chrono::{DateTime, Utc};
use client_core::open_enum;
use serde_json::Value;

use crate::entity::entity;
use crate::id::{AppId, GroupId};

entity! {
    /// A group.
    pub struct Group shows(id, kind, profile) {
        /// Okta's id.
        pub id: GroupId = "id",
        /// Who manages it.
        pub kind: GroupKind = "type",
        /// Name, description and custom attributes.
        pub profile: GroupProfile = "profile",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When name or description last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
        /// When members last came or went.
        pub last_membership_updated: Option<DateTime<Utc>> = time "lastMembershipUpdated",
        /// What [`ListGroups::expand`](super::ListGroups::expand) asked for.
        pub embedded: Option<EmbeddedInGroup> = opt "_embedded",
    }
}

open_enum! {
    /// Who manages a group.
    pub enum GroupKind {
        /// Okta's admins, its rules, and we.
        OktaGroup = "OKTA_GROUP",
        /// A directory or an app: members cannot be changed here (E0000006).
        AppGroup = "APP_GROUP",
        /// Okta itself: `Everyone`.
        BuiltIn = "BUILT_IN",
    }
}

entity! {
    /// A group's attributes. Custom ones, and those of directories, are in `extra`.
    pub struct GroupProfile shows(name) {
        /// The name, unique among OKTA_GROUPs; at most 255 characters.
        pub name: String = "name",
        /// What it is for; at most 1024 characters.
        pub description: Option<String> = opt "description",
    }
}

impl GroupProfile {
    /// The profile of a group to be made.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), description: None, extra: crate::entity::Extra::default() }
    }

    /// Says what the group is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets a custom attribute, one of the org's group schema.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.set(name, &value.into());
        self
    }
}

entity! {
    /// What came with a group.
    pub struct EmbeddedInGroup shows(stats, app) {
        /// What hangs on the group, with [`GroupExpand::Stats`](super::GroupExpand::Stats).
        pub stats: Option<GroupStats> = opt "stats",
        /// Where an APP_GROUP comes from, with [`GroupExpand::App`](super::GroupExpand::App).
        pub app: Option<SourceApp> = opt "app",
    }
}

entity! {
    /// How much hangs on a group.
    pub struct GroupStats shows(users_count, apps_count, group_push_mappings_count) {
        /// Members.
        pub users_count: Option<u64> = opt "usersCount",
        /// Apps that the group grants.
        pub apps_count: Option<u64> = opt "appsCount",
        /// Group pushes that use it: with any, an APP_GROUP cannot be deleted.
        pub group_push_mappings_count: Option<u64> = opt "groupPushMappingsCount",
    }
}

impl GroupStats {
    /// Whether the group grants an admin role. Okta's field is `hasAdminPrivlege`; the right spelling is read too.
    #[must_use]
    pub fn has_admin_privilege(&self) -> Option<bool> {
        let field = |name| self.extra.get(name)?.as_bool();
        field("hasAdminPrivlege").or_else(|| field("hasAdminPrivilege"))
    }
}

entity! {
    /// The app that an APP_GROUP comes from.
    pub struct SourceApp shows(id, name, label) {
        /// The app instance.
        pub id: AppId = "id",
        /// The app's kind: `active_directory`.
        pub name: Option<String> = opt "name",
        /// What people call it.
        pub label: Option<String> = opt "label",
    }
}
