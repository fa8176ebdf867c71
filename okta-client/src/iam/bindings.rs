//! Bindings: who holds which custom role over a resource set.

use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety};
use serde_json::json;

use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::id::{BindingMemberId, CustomRoleId};
use crate::list::Listing;
use crate::roles::RoleHolder;

entity! {
    /// A role that is bound to a resource set.
    pub struct BoundRole shows(id) {
        /// The role's id, which names the binding.
        pub id: CustomRoleId = "id",
    }
}

entity! {
    /// Somebody who holds a role by a binding.
    pub struct BindingMember shows(id) {
        /// Okta's id of the membership.
        pub id: BindingMemberId = "id",
        /// When it began.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

impl BindingMember {
    /// Who it is.
    #[must_use]
    pub fn holder(&self) -> Option<RoleHolder> {
        let links = self.extra.get("_links")?;
        RoleHolder::named_by(links.pointer("/self/href")?.as_str()?)
    }
}

/// The bindings of one resource set, from [`ResourceSets::bindings`](crate::iam::ResourceSets::bindings). A role and a set have
/// one binding, with all who hold the one over the other.
#[derive(Debug, Clone)]
pub struct RoleBindings<'a> {
    client: &'a OktaClient,
    /// `…/bindings`
    path: Path,
}

impl<'a> RoleBindings<'a> {
    pub(super) fn new(client: &'a OktaClient, path: Path) -> Self {
        Self { client, path }
    }

    /// `GET /api/v1/iam/resource-sets/{set}/bindings`: the roles that somebody holds over the set.
    pub fn list(&self) -> Listing<BoundRole> {
        self.client.list_named("okta.role_bindings.list", "roles", Request::get(self.path.clone()))
    }

    /// `POST /api/v1/iam/resource-sets/{set}/bindings`: gives a role over the set to its first holders.
    ///
    /// # Errors
    ///
    /// As every call. Never repeated after an ambiguous end: list the bindings.
    pub async fn create(&self, role: &CustomRoleId, holders: &[RoleHolder]) -> Result<(), Error> {
        let body = json!({ "role": role, "members": self.urls(holders) });
        let request = Request::post(self.path.clone()).json(&body);
        self.client.send(&Call::done("okta.role_bindings.create", Safety::Unsafe, request)).await
    }

    /// `DELETE /api/v1/iam/resource-sets/{set}/bindings/{role}`: nobody holds the role over the set any longer.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn delete(&self, role: &CustomRoleId) -> Result<(), Error> {
        let request = Request::delete(self.path.clone().value(role));
        self.client.send(&Call::done("okta.role_bindings.delete", Safety::Idempotent, request)).await
    }

    /// `GET /api/v1/iam/resource-sets/{set}/bindings/{role}/members`: who holds the role over the set.
    pub fn members(&self, role: &CustomRoleId) -> Listing<BindingMember> {
        self.client.list_named("okta.role_bindings.members", "members", Request::get(self.member_path(role)))
    }

    /// `PATCH /api/v1/iam/resource-sets/{set}/bindings/{role}/members`: gives the role over the set to more holders. One
    /// who holds it already still does.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn add_members(&self, role: &CustomRoleId, holders: &[RoleHolder]) -> Result<(), Error> {
        let request =
            Request::patch(self.member_path(role)).json(&json!({ "additions": self.urls(holders) }));
        self.client.send(&Call::done("okta.role_bindings.add_members", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/iam/resource-sets/{set}/bindings/{role}/members/{member}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if it is gone.
    pub async fn remove_member(&self, role: &CustomRoleId, member: &BindingMemberId) -> Result<(), Error> {
        let request = Request::delete(self.member_path(role).value(member));
        self.client.send(&Call::done("okta.role_bindings.remove_member", Safety::Idempotent, request)).await
    }

    fn member_path(&self, role: &CustomRoleId) -> Path {
        self.path.clone().value(role).word("members")
    }

    fn urls(&self, holders: &[RoleHolder]) -> Vec<String> {
        holders.iter().map(|holder| holder.url(self.client.org_url())).collect()
    }
}
