//! Profile mappings: how attributes of one profile become those of another.

pub use crate::id::ProfileMappingId;
use std::collections::BTreeMap;

use client_core::{Call, Path, Request, Safety, open_enum};
use serde::Serialize;

use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::list::Listing;

entity! {
    /// A mapping from one profile to another.
    pub struct ProfileMapping shows(id, source, target) {
        /// Okta's id.
        pub id: ProfileMappingId = "id",
        /// What expressions speak of: a user type or an app.
        pub source: Option<MappingEnd> = opt "source",
        /// What gets the values.
        pub target: Option<MappingEnd> = opt "target",
        /// What becomes of each attribute of the target. Lists leave it out.
        pub properties: BTreeMap<String, PropertyMapping> = or_default "properties",
    }
}

entity! {
    /// One side of a mapping.
    pub struct MappingEnd shows(id, name, kind) {
        /// The id of a user type, `oty…`, or of an app, `0oa…`.
        pub id: String = "id",
        /// Its name.
        pub name: Option<String> = opt "name",
        /// `user` or `appuser`.
        pub kind: Option<String> = opt "type",
    }
}

entity! {
    /// How one attribute comes about.
    pub struct PropertyMapping shows(expression, push_status) {
        /// In Okta's expression language: `source.firstName`, `user.firstName`.
        pub expression: String = "expression",
        /// When it is written.
        pub push_status: Option<PushStatus> = opt "pushStatus",
    }
}

open_enum! {
    /// When a mapped attribute is written.
    pub enum PushStatus {
        /// When the account is made, and at every change.
        Push = "PUSH",
        /// When the account is made.
        DontPush = "DONT_PUSH",
    }
}

/// A change of a mapping: attributes that are not named stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[must_use]
pub struct MappingPatch {
    properties: BTreeMap<String, Option<PropertyPatch>>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct PropertyPatch {
    expression: String,
    push_status: PushStatus,
}

impl MappingPatch {
    /// A change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Maps an attribute of the target. The expression is taken as it stands: never put into it what comes from
    /// outside.
    pub fn set(
        mut self,
        attribute: impl Into<String>,
        expression: impl Into<String>,
        push: PushStatus,
    ) -> Self {
        let patch = PropertyPatch { expression: expression.into(), push_status: push };
        self.properties.insert(attribute.into(), Some(patch));
        self
    }

    /// Maps an attribute no more.
    pub fn remove(mut self, attribute: impl Into<String>) -> Self {
        self.properties.insert(attribute.into(), None);
        self
    }
}

/// Profile mappings, from [`OktaClient::profile_mappings`]. Scopes: `okta.profileMappings.read`,
/// `okta.profileMappings.manage`.
#[derive(Debug, Clone, Copy)]
pub struct ProfileMappings<'a> {
    client: &'a OktaClient,
}

impl<'a> ProfileMappings<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/mappings`: many mappings, without their properties.
    pub fn list(&self) -> ListProfileMappings<'a> {
        ListProfileMappings { client: self.client, source: None, target: None }
    }

    /// `GET /api/v1/mappings/{id}`: one, with its properties.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &ProfileMappingId) -> Result<ProfileMapping, Error> {
        self.client.send(&Call::read("okta.profile_mappings.get", Request::get(mapping(id)))).await
    }

    /// `POST /api/v1/mappings/{id}`: adds, changes and removes properties.
    ///
    /// # Errors
    ///
    /// E0000001 if an expression is wrong.
    pub async fn update(&self, id: &ProfileMappingId, patch: &MappingPatch) -> Result<ProfileMapping, Error> {
        let request = Request::post(mapping(id)).json(patch);
        self.client.send(&Call::write("okta.profile_mappings.update", Safety::Idempotent, request)).await
    }
}

fn mapping(id: &ProfileMappingId) -> Path {
    Path::new("/api/v1/mappings").value(id)
}

/// A list of mappings, to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a list fetches nothing until `send`"]
pub struct ListProfileMappings<'a> {
    client: &'a OktaClient,
    source: Option<String>,
    target: Option<String>,
}

impl ListProfileMappings<'_> {
    /// Those from this user type or app.
    pub fn source(mut self, id: impl Into<String>) -> Self {
        self.source = Some(id.into());
        self
    }

    /// Those to this user type or app.
    pub fn target(mut self, id: impl Into<String>) -> Self {
        self.target = Some(id.into());
        self
    }

    /// Sends it: a stream of mappings.
    pub fn send(self) -> Listing<ProfileMapping> {
        let request = Request::get(Path::new("/api/v1/mappings"))
            .query_opt("sourceId", self.source)
            .query_opt("targetId", self.target)
            .query("limit", 200);
        self.client.list("okta.profile_mappings.list", request)
    }
}
