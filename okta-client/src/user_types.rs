//! User types: which schema a person's profile follows.

pub use crate::id::UserTypeId;
use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety};
use serde_json::{Map, Value, json};

use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::id::UserSchemaId;
use crate::list::Listing;

entity! {
    /// A user type. An org has one, and at most nine more.
    pub struct UserType shows(id, name, is_default) {
        /// Okta's id.
        pub id: UserTypeId = "id",
        /// What it is called in expressions. Stays as it was made.
        pub name: String = "name",
        /// What people see.
        pub display_name: Option<String> = opt "displayName",
        /// What it is for.
        pub description: Option<String> = opt "description",
        /// Whether it is the one that users have if nothing is said.
        pub is_default: bool = or_default "default",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

impl UserType {
    /// The schema of this type's users. Okta tells it in a link only.
    #[must_use]
    pub fn schema_id(&self) -> Option<UserSchemaId> {
        let links = self.extra.get("_links")?;
        links.pointer("/schema/href")?.as_str()?.rsplit('/').next()?.parse().ok()
    }
}

/// User types, from [`OktaClient::user_types`].
#[derive(Debug, Clone, Copy)]
pub struct UserTypes<'a> {
    client: &'a OktaClient,
}

impl<'a> UserTypes<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/meta/types/user`: all of them. Scope `okta.userTypes.read`.
    pub fn list(&self) -> Listing<UserType> {
        self.client.list("okta.user_types.list", Request::get(types()))
    }

    /// `GET /api/v1/meta/types/user/{id}`
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &UserTypeId) -> Result<UserType, Error> {
        self.client.send(&Call::read("okta.user_types.get", Request::get(types().value(id)))).await
    }

    /// `POST /api/v1/meta/types/user`: makes one, with a copy of the default type's schema. `name` is letters, digits
    /// and `_`, and stays.
    ///
    /// # Errors
    ///
    /// As every call. Never repeated after an ambiguous end: [`list`](Self::list) tells whether it is there.
    pub async fn create(
        &self,
        name: &str,
        display_name: &str,
        description: Option<&str>,
    ) -> Result<UserType, Error> {
        let mut body = json!({ "name": name, "displayName": display_name });
        if let Some(description) = description {
            body["description"] = description.into();
        }
        let request = Request::post(types()).json(&body);
        self.client.send(&Call::write("okta.user_types.create", Safety::Unsafe, request)).await
    }

    /// `POST /api/v1/meta/types/user/{id}`: changes what people see. `None` leaves it as it is.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn update(
        &self,
        id: &UserTypeId,
        display_name: Option<&str>,
        description: Option<&str>,
    ) -> Result<UserType, Error> {
        let given = [("displayName", display_name), ("description", description)];
        let body: Map<String, Value> = given
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?))))
            .collect();
        let request = Request::post(types().value(id)).json(&body);
        self.client.send(&Call::write("okta.user_types.update", Safety::Idempotent, request)).await
    }

    /// `PUT /api/v1/meta/types/user/{id}`: what people see from now on. Okta wants the name beside it, and does not
    /// change it.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn replace(
        &self,
        id: &UserTypeId,
        name: &str,
        display_name: &str,
        description: &str,
    ) -> Result<UserType, Error> {
        let body = json!({ "name": name, "displayName": display_name, "description": description });
        let request = Request::put(types().value(id)).json(&body);
        self.client.send(&Call::write("okta.user_types.replace", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/meta/types/user/{id}`: not of the default type, nor of one that users have. While the last of
    /// them are being removed Okta answers 500, which is waited out for a while.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn delete(&self, id: &UserTypeId) -> Result<(), Error> {
        let request = Request::delete(types().value(id));
        self.client.send(&Call::done("okta.user_types.delete", Safety::Idempotent, request)).await
    }
}

fn types() -> Path {
    Path::new("/api/v1/meta/types/user")
}
