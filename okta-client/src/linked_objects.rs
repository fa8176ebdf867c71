//! Linked objects: relations between users that an org has defined, manager and subordinate say.

use client_core::{Call, Path, Request, Safety};

use crate::Error;
use crate::client::OktaClient;
use crate::entity::{Extra, entity};
use crate::list::Listing;

entity! {
    /// A relation: each associated user has at most one primary user, who may have many.
    pub struct LinkedObject shows(primary, associated) {
        /// The one: `manager`.
        pub primary: LinkedObjectSide = "primary",
        /// The many: `subordinate`.
        pub associated: LinkedObjectSide = "associated",
    }
}

entity! {
    /// One side of a relation.
    pub struct LinkedObjectSide shows(name) {
        /// What the API calls it: letters, digits and `_`, and no digit first.
        pub name: String = "name",
        /// What people see.
        pub title: String = "title",
        /// What it means.
        pub description: Option<String> = opt "description",
        /// What stands on it: `USER`.
        pub kind: String = "type",
    }
}

impl LinkedObject {
    /// A relation to be made.
    #[must_use]
    pub fn between(primary: LinkedObjectSide, associated: LinkedObjectSide) -> Self {
        Self { primary, associated, extra: Extra::default() }
    }
}

impl LinkedObjectSide {
    /// A side of users. `name` is for the API, `title` for people.
    #[must_use]
    pub fn new(name: impl Into<String>, title: impl Into<String>) -> Self {
        let (name, title) = (name.into(), title.into());
        Self { name, title, description: None, kind: "USER".to_owned(), extra: Extra::default() }
    }

    /// What it means.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

/// Relations between users, from [`OktaClient::linked_objects`]. Who is linked with whom is
/// [`Users::linked_objects`](crate::users::Users::linked_objects).
#[derive(Debug, Clone, Copy)]
pub struct LinkedObjects<'a> {
    client: &'a OktaClient,
}

impl<'a> LinkedObjects<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/meta/schemas/user/linkedObjects`: all of them. Scope `okta.linkedObjects.read`.
    pub fn list(&self) -> Listing<LinkedObject> {
        self.client.list("okta.linked_objects.list", Request::get(definitions()))
    }

    /// `GET /api/v1/meta/schemas/user/linkedObjects/{name}`, by the name of either side.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, name: &str) -> Result<LinkedObject, Error> {
        let request = Request::get(definitions().value(name));
        self.client.send(&Call::read("okta.linked_objects.get", request)).await
    }

    /// `POST /api/v1/meta/schemas/user/linkedObjects`
    ///
    /// # Errors
    ///
    /// `is_conflict` (E0000127) if a name is taken. Never repeated after an ambiguous end: [`get`](Self::get) tells.
    pub async fn create(&self, relation: &LinkedObject) -> Result<LinkedObject, Error> {
        let request = Request::post(definitions()).json(relation);
        self.client.send(&Call::write("okta.linked_objects.create", Safety::Unsafe, request)).await
    }

    /// `DELETE /api/v1/meta/schemas/user/linkedObjects/{name}`: the whole relation, by the name of either side, with
    /// every link in it.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn delete(&self, name: &str) -> Result<(), Error> {
        let request = Request::delete(definitions().value(name));
        self.client.send(&Call::done("okta.linked_objects.delete", Safety::Idempotent, request)).await
    }
}

fn definitions() -> Path {
    Path::new("/api/v1/meta/schemas/user/linkedObjects")
}
