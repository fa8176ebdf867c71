//! User schemas: which attributes a profile may have.

mod check;
mod model;

pub use crate::id::UserSchemaId;
use std::collections::BTreeMap;

use client_core::{Call, Path, Request, Safety};
use serde_json::{Value, json};

pub use self::check::{Misfit, MisfitReason};
pub use self::model::{
    AttributeAction, AttributeFormat, AttributeItems, AttributeKind, AttributeMaster, AttributeMasterKind,
    AttributeMutability, AttributePermission, AttributePrincipal, SchemaAttribute, SchemaDefinitions,
    SchemaPart, Uniqueness, UserSchema,
};
use crate::Error;
use crate::client::OktaClient;

/// User schemas, from [`OktaClient::user_schemas`].
#[derive(Debug, Clone, Copy)]
pub struct UserSchemas<'a> {
    client: &'a OktaClient,
}

impl<'a> UserSchemas<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/meta/schemas/user/{id}`. Scope `okta.schemas.read`. The id is
    /// [`UserType::schema_id`](crate::user_types::UserType::schema_id), or [`UserSchemaId::of_default_type`].
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &UserSchemaId) -> Result<UserSchema, Error> {
        self.client.send(&Call::read("okta.user_schemas.get", Request::get(schema(id)))).await
    }

    /// `POST /api/v1/meta/schemas/user/{id}`: adds, changes and removes attributes; those not named stay. In large
    /// orgs the work goes on after the answer. Scope `okta.schemas.manage`.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn update(&self, id: &UserSchemaId, patch: &SchemaPatch) -> Result<UserSchema, Error> {
        let request = Request::post(schema(id)).json(&patch.body());
        self.client.send(&Call::write("okta.user_schemas.update", Safety::Idempotent, request)).await
    }
}

fn schema(id: &UserSchemaId) -> Path {
    Path::new("/api/v1/meta/schemas/user").value(id)
}

/// A change of a user schema, for [`UserSchemas::update`].
///
/// ```
/// use okta_client::user_schema::{AttributeKind, SchemaAttribute, SchemaPatch};
///
/// let mut badge = SchemaAttribute::new(AttributeKind::String, "Badge number");
/// badge.max_length = Some(12);
/// let patch = SchemaPatch::new().set("badgeNumber", badge).remove("oldBadge");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct SchemaPatch {
    custom: BTreeMap<String, Option<SchemaAttribute>>,
    base: BTreeMap<String, SchemaAttribute>,
}

impl SchemaPatch {
    /// A change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or changes a custom attribute. An org may have five that are unique.
    pub fn set(mut self, name: impl Into<String>, attribute: SchemaAttribute) -> Self {
        self.custom.insert(name.into(), Some(attribute));
        self
    }

    /// Removes a custom attribute, **with its values**.
    pub fn remove(mut self, name: impl Into<String>) -> Self {
        self.custom.insert(name.into(), None);
        self
    }

    /// Changes a base attribute. Okta takes little: permissions, whether names are required, `login`'s pattern.
    pub fn set_base(mut self, name: impl Into<String>, attribute: SchemaAttribute) -> Self {
        self.base.insert(name.into(), attribute);
        self
    }

    fn body(&self) -> Value {
        let mut definitions = json!({});
        if !self.custom.is_empty() {
            // `null` is what removes.
            definitions["custom"] = json!({ "id": "#custom", "type": "object", "properties": self.custom });
        }
        if !self.base.is_empty() {
            definitions["base"] = json!({ "id": "#base", "type": "object", "properties": self.base });
        }
        json!({ "definitions": definitions })
    }
}
