//! Resource sets: what custom roles are over.

use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety};
use serde::Serialize;
use serde_json::json;

use super::bindings::RoleBindings;
use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::id::{ResourceId, ResourceSetId};
use crate::list::Listing;

entity! {
    /// A set of resources under a name.
    pub struct ResourceSet shows(id, label) {
        /// Okta's id.
        pub id: ResourceSetId = "id",
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
    /// A resource in a set: a group, the members of a group, all users, an app.
    pub struct Resource shows(id, orn) {
        /// Okta's id of its place in the set.
        pub id: Option<ResourceId> = opt "id",
        /// Its Okta Resource Name.
        pub orn: Option<String> = opt "orn",
        /// When it came into the set.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

/// A resource set to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewResourceSet {
    /// Its name, unique in the org.
    pub label: String,
    /// What it is for.
    pub description: String,
    /// Up to 1000 resources, each an Okta Resource Name (`orn:okta:directory:{org}:groups:{id}`) or the URL by which the
    /// API has it (`https://acme.okta.com/api/v1/groups/{id}/users`: the group's members).
    pub resources: Vec<String>,
}

/// Resource sets, from [`OktaClient::resource_sets`]. Scopes `okta.roles.read` and `okta.roles.manage`.
#[derive(Debug, Clone, Copy)]
pub struct ResourceSets<'a> {
    client: &'a OktaClient,
}

impl<'a> ResourceSets<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/iam/resource-sets`.
    pub fn list(&self) -> Listing<ResourceSet> {
        self.client.list_named("okta.resource_sets.list", "resource-sets", Request::get(sets()))
    }

    /// `GET /api/v1/iam/resource-sets/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &ResourceSetId) -> Result<ResourceSet, Error> {
        self.client.send(&Call::read("okta.resource_sets.get", Request::get(sets().value(id)))).await
    }

    /// `POST /api/v1/iam/resource-sets`.
    ///
    /// # Errors
    ///
    /// [`OktaProblem::is_duplicate`](crate::OktaProblem::is_duplicate) if the name is taken. Never repeated after an
    /// ambiguous end: list the sets.
    pub async fn create(&self, new: &NewResourceSet) -> Result<ResourceSet, Error> {
        let request = Request::post(sets()).json(new);
        self.client.send(&Call::write("okta.resource_sets.create", Safety::Unsafe, request)).await
    }

    /// `PUT /api/v1/iam/resource-sets/{id}`: another name and description. Resources stay.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn rename(
        &self,
        id: &ResourceSetId,
        label: &str,
        description: &str,
    ) -> Result<ResourceSet, Error> {
        let body = json!({ "label": label, "description": description });
        let request = Request::put(sets().value(id)).json(&body);
        self.client.send(&Call::write("okta.resource_sets.rename", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/iam/resource-sets/{id}`: whoever held a role over it no longer does.
    ///
    /// # Errors
    ///
    /// `is_not_found` if it is gone.
    pub async fn delete(&self, id: &ResourceSetId) -> Result<(), Error> {
        let request = Request::delete(sets().value(id));
        self.client.send(&Call::done("okta.resource_sets.delete", Safety::Idempotent, request)).await
    }

    /// `GET /api/v1/iam/resource-sets/{id}/resources`: what is in it.
    pub fn resources(&self, id: &ResourceSetId) -> Listing<Resource> {
        let request = Request::get(resources(id)).query("limit", 100);
        self.client.list_named("okta.resource_sets.resources", "resources", request)
    }

    /// `PATCH /api/v1/iam/resource-sets/{id}/resources`: adds resources, in either form of [`NewResourceSet::resources`].
    ///
    /// # Errors
    ///
    /// E0000001 if one does not exist.
    pub async fn add_resources(&self, id: &ResourceSetId, more: &[String]) -> Result<ResourceSet, Error> {
        let request = Request::patch(resources(id)).json(&json!({ "additions": more }));
        self.client.send(&Call::write("okta.resource_sets.add_resources", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/iam/resource-sets/{id}/resources/{resource}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if it is gone.
    pub async fn remove_resource(&self, id: &ResourceSetId, resource: &ResourceId) -> Result<(), Error> {
        let request = Request::delete(resources(id).value(resource));
        self.client.send(&Call::done("okta.resource_sets.remove_resource", Safety::Idempotent, request)).await
    }

    /// Who holds which custom role over this set.
    pub fn bindings(&self, id: &ResourceSetId) -> RoleBindings<'a> {
        RoleBindings::new(self.client, sets().value(id).word("bindings"))
    }
}

fn sets() -> Path {
    Path::new("/api/v1/iam/resource-sets")
}

fn resources(id: &ResourceSetId) -> Path {
    sets().value(id).word("resources")
}
