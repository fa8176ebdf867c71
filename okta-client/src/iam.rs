//! Custom admin roles, and what binds them to resources and people.

mod bindings;
mod resource_sets;

pub use crate::id::{BindingMemberId, CustomRoleId, ResourceId, ResourceSetId};
use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety};
use serde::Serialize;
use serde_json::{Value, json};

pub use self::bindings::{BindingMember, BoundRole, RoleBindings};
pub use self::resource_sets::{NewResourceSet, Resource, ResourceSet, ResourceSets};
use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::list::Listing;

entity! {
    /// A custom admin role: permissions under a name. Over what it is, and whose, its bindings say.
    pub struct CustomRole shows(id, label) {
        /// Okta's id.
        pub id: CustomRoleId = "id",
        /// Its name, unique in the org.
        pub label: String = "label",
        /// What it is for.
        pub description: Option<String> = opt "description",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

entity! {
    /// What a role allows.
    pub struct Permission shows(label) {
        /// Its name: `okta.users.read`.
        pub label: String = "label",
        /// Which attributes it is about, by `include` or `exclude`, if not all.
        pub conditions: Option<Value> = opt "conditions",
        /// When the role got it.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

/// A custom role to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewCustomRole {
    /// Its name, unique in the org.
    pub label: String,
    /// What it is for.
    pub description: String,
    /// What it allows, by Okta's names: `okta.users.read`.
    pub permissions: Vec<String>,
}

/// Custom admin roles, from [`OktaClient::custom_roles`]. Scopes `okta.roles.read` and `okta.roles.manage`.
#[derive(Debug, Clone, Copy)]
pub struct CustomRoles<'a> {
    client: &'a OktaClient,
}

impl<'a> CustomRoles<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/iam/roles`.
    pub fn list(&self) -> Listing<CustomRole> {
        self.client.list_named(
            "okta.custom_roles.list",
            "roles",
            Request::get(Path::new("/api/v1/iam/roles")),
        )
    }

    /// `GET /api/v1/iam/roles/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &CustomRoleId) -> Result<CustomRole, Error> {
        self.client.send(&Call::read("okta.custom_roles.get", Request::get(role(id)))).await
    }

    /// `POST /api/v1/iam/roles`: makes a role, which nobody holds yet.
    ///
    /// # Errors
    ///
    /// [`OktaProblem::is_duplicate`](crate::OktaProblem::is_duplicate) if the name is taken. Never repeated after an
    /// ambiguous end: list the roles.
    pub async fn create(&self, new: &NewCustomRole) -> Result<CustomRole, Error> {
        let request = Request::post(Path::new("/api/v1/iam/roles")).json(new);
        self.client.send(&Call::write("okta.custom_roles.create", Safety::Unsafe, request)).await
    }

    /// `PUT /api/v1/iam/roles/{id}`: another name and description. Permissions stay.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn rename(
        &self,
        id: &CustomRoleId,
        label: &str,
        description: &str,
    ) -> Result<CustomRole, Error> {
        let request = Request::put(role(id)).json(&json!({ "label": label, "description": description }));
        self.client.send(&Call::write("okta.custom_roles.rename", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/iam/roles/{id}`. One that is bound cannot be deleted.
    ///
    /// # Errors
    ///
    /// `is_not_found` if it is gone.
    pub async fn delete(&self, id: &CustomRoleId) -> Result<(), Error> {
        let request = Request::delete(role(id));
        self.client.send(&Call::done("okta.custom_roles.delete", Safety::Idempotent, request)).await
    }

    /// `GET /api/v1/iam/roles/{id}/permissions`: what the role allows.
    pub fn permissions(&self, id: &CustomRoleId) -> Listing<Permission> {
        let request = Request::get(role(id).word("permissions"));
        self.client.list_named("okta.custom_roles.permissions", "permissions", request)
    }

    /// `POST /api/v1/iam/roles/{id}/permissions/{permission}`: allows one thing more, to all who hold the role.
    ///
    /// # Errors
    ///
    /// E0000001 if there is no such permission.
    pub async fn allow(&self, id: &CustomRoleId, permission: &str) -> Result<(), Error> {
        let request = Request::post(role(id).word("permissions").value(permission));
        self.client.send(&Call::done("okta.custom_roles.allow", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/iam/roles/{id}/permissions/{permission}`: allows one thing less.
    ///
    /// # Errors
    ///
    /// `is_not_found` if the role does not have it.
    pub async fn disallow(&self, id: &CustomRoleId, permission: &str) -> Result<(), Error> {
        let request = Request::delete(role(id).word("permissions").value(permission));
        self.client.send(&Call::done("okta.custom_roles.disallow", Safety::Idempotent, request)).await
    }
}

fn role(id: &CustomRoleId) -> Path {
    Path::new("/api/v1/iam/roles").value(id)
}
