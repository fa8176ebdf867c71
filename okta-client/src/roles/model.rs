//! What Okta answers about role assignments, and what it is sent.

use chrono::{DateTime, Utc};
use client_core::open_enum;
use serde_json::{Value, json};

use crate::entity::entity;
use crate::id::{AppId, ClientId, CustomRoleId, GroupId, ResourceSetId, RoleAssignmentId, UserId};

entity! {
    /// An admin role that somebody holds. Targets, if asked for, are in `extra`, under `_embedded`.
    pub struct RoleAssignment shows(id, role_type, status, assignment_type, role, resource_set) {
        /// Okta's id, unique for the assignee only.
        pub id: RoleAssignmentId = "id",
        /// Which role.
        pub role_type: RoleType = "type",
        /// The role's name, as people read it.
        pub label: Option<String> = opt "label",
        /// Whether it counts.
        pub status: Option<RoleStatus> = opt "status",
        /// Whether the assignee holds it itself, or through a group.
        pub assignment_type: Option<RoleAssignmentType> = opt "assignmentType",
        /// Of a custom role: which.
        pub role: Option<CustomRoleId> = opt "role",
        /// Of a custom role: over what.
        pub resource_set: Option<ResourceSetId> = opt "resource-set",
        /// When it was assigned.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

impl RoleAssignment {
    /// Whether it comes through a group: to take it away, take the person out of the group.
    #[must_use]
    pub fn is_through_group(&self) -> bool {
        self.assignment_type == Some(RoleAssignmentType::Group)
    }

    /// Whether it makes its holder a super administrator.
    #[must_use]
    pub fn is_super_admin(&self) -> bool {
        self.role_type == RoleType::SuperAdmin && self.status != Some(RoleStatus::Inactive)
    }
}

open_enum! {
    /// An admin role: Okta's own, or a custom one.
    pub enum RoleType {
        /// May do everything, role grants and API tokens too.
        SuperAdmin = "SUPER_ADMIN",
        /// The org, but not its admins.
        OrgAdmin = "ORG_ADMIN",
        /// Apps, all or its targets.
        AppAdmin = "APP_ADMIN",
        /// Users and groups, all or its targets; no users who hold a role.
        UserAdmin = "USER_ADMIN",
        /// Passwords, lock-outs, factors.
        HelpDeskAdmin = "HELP_DESK_ADMIN",
        /// Sees everything.
        ReadOnlyAdmin = "READ_ONLY_ADMIN",
        /// Sees reports and the log.
        ReportAdmin = "REPORT_ADMIN",
        /// Members of groups, all or its targets.
        GroupMembershipAdmin = "GROUP_MEMBERSHIP_ADMIN",
        /// Authorization servers.
        ApiAccessManagementAdmin = "API_ACCESS_MANAGEMENT_ADMIN",
        /// Devices, in old orgs.
        MobileAdmin = "MOBILE_ADMIN",
        /// Access certifications.
        AccessCertificationsAdmin = "ACCESS_CERTIFICATIONS_ADMIN",
        /// Access requests.
        AccessRequestsAdmin = "ACCESS_REQUESTS_ADMIN",
        /// Workflows.
        WorkflowsAdmin = "WORKFLOWS_ADMIN",
        /// One that the org made.
        Custom = "CUSTOM",
    }
}

open_enum! {
    /// How somebody comes to a role.
    pub enum RoleAssignmentType {
        /// It is the user's own.
        User = "USER",
        /// It is a group's; in a user's list, that of a group the user is in.
        Group = "GROUP",
        /// It is a service app's.
        Client = "CLIENT",
    }
}

open_enum! {
    /// Whether a role assignment counts.
    pub enum RoleStatus {
        /// It does.
        Active = "ACTIVE",
        /// It does not.
        Inactive = "INACTIVE",
    }
}

/// A role to be assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct NewRoleAssignment {
    pub(super) role: Role,
    pub(super) third_party: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    Standard(RoleType),
    Custom(CustomRoleId, ResourceSetId),
}

impl NewRoleAssignment {
    /// A role of Okta's own, over everything until it gets a [target](crate::roles::RoleTargets).
    pub fn standard(role: RoleType) -> Self {
        Self { role: Role::Standard(role), third_party: false }
    }

    /// A custom role over a resource set.
    pub fn custom(role: CustomRoleId, over: ResourceSetId) -> Self {
        Self { role: Role::Custom(role, over), third_party: false }
    }

    /// For an admin of another company, whom Okta sends no mails meant for customers. Not for service apps.
    pub fn third_party(mut self) -> Self {
        self.third_party = true;
        self
    }

    pub(super) fn body(&self) -> Value {
        match &self.role {
            Role::Standard(role) => json!({ "type": role }),
            Role::Custom(role, set) => json!({ "type": "CUSTOM", "role": role, "resource-set": set }),
        }
    }

    pub(super) fn fits(&self, assignment: &RoleAssignment) -> bool {
        match &self.role {
            Role::Standard(role) => assignment.role_type == *role,
            Role::Custom(role, set) => {
                assignment.role.as_ref() == Some(role) && assignment.resource_set.as_ref() == Some(set)
            }
        }
    }
}

entity! {
    /// Somebody who holds a role, whichever.
    pub struct RoleAssignee shows(id) {
        /// The user.
        pub id: UserId = "id",
        /// The user's Okta Resource Name.
        pub orn: Option<String> = opt "orn",
    }
}

/// Somebody who may do everything.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SuperAdmin {
    /// The user.
    pub user: UserId,
    /// How the user comes to it: directly, through groups, or both.
    pub assignments: Vec<RoleAssignment>,
}

entity! {
    /// An app that a role is narrowed to: one kind of app, or, with an id, one instance.
    pub struct AppTarget shows(name, id) {
        /// The kind's name in Okta's catalogue: `salesforce`.
        pub name: Option<String> = opt "name",
        /// The instance, if it is one.
        pub id: Option<AppId> = opt "id",
        /// As people read it.
        pub display_name: Option<String> = opt "displayName",
        /// `ACTIVE` or `INACTIVE`.
        pub status: Option<String> = opt "status",
    }
}

/// Who can hold a role.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RoleHolder {
    /// A user.
    User(UserId),
    /// A group: all its members hold the role.
    Group(GroupId),
    /// A service app.
    Client(ClientId),
}

impl RoleHolder {
    /// The address by which bindings name it.
    pub(crate) fn url(&self, org: &str) -> String {
        let org = org.trim_end_matches('/');
        match self {
            Self::User(id) => format!("{org}/api/v1/users/{id}"),
            Self::Group(id) => format!("{org}/api/v1/groups/{id}"),
            Self::Client(id) => format!("{org}/oauth2/v1/clients/{id}"),
        }
    }

    /// Whom an address names, whatever the host.
    pub(crate) fn named_by(url: &str) -> Option<Self> {
        let mut segments = url.split(['?', '#']).next()?.rsplit('/');
        let (id, kind) = (segments.next()?, segments.next()?);
        match kind {
            "users" => id.parse().ok().map(Self::User),
            "groups" => id.parse().ok().map(Self::Group),
            "clients" => id.parse().ok().map(Self::Client),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_named_by_its_address() {
        for holder in [
            RoleHolder::User("00u1".parse().unwrap()),
            RoleHolder::Group("00g1".parse().unwrap()),
            RoleHolder::Client("0oa1".parse().unwrap()),
        ] {
            for org in ["https://acme.okta.com", "https://acme.okta.com/"] {
                assert_eq!(RoleHolder::named_by(&holder.url(org)), Some(holder.clone()));
            }
        }
        for odd in ["", "/", "users", "https://acme.okta.com/api/v1/users/", "https://h/api/v1/apps/0oa1"] {
            assert_eq!(RoleHolder::named_by(odd), None, "{odd}");
        }
    }
}
