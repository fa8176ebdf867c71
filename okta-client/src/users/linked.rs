//! Whom a person is linked with: manager and subordinates, say.

use client_core::{Call, DecodeError, Path, Request, Response, Safety};
use serde_json::Value;

use super::{Users, user};
use crate::Error;
use crate::client::OktaClient;
use crate::id::UserId;

impl<'a> Users<'a> {
    /// Whom a user is linked with. The relations themselves are
    /// [`OktaClient::linked_objects`](crate::OktaClient::linked_objects).
    #[must_use]
    pub fn linked_objects(&self, id: &UserId) -> UserLinks<'a> {
        UserLinks { client: self.client, path: user(id).word("linkedObjects") }
    }
}

/// Whom a user is linked with, from [`Users::linked_objects`].
#[derive(Debug, Clone)]
pub struct UserLinks<'a> {
    client: &'a OktaClient,
    path: Path,
}

impl UserLinks<'_> {
    /// `GET /api/v1/users/{id}/linkedObjects/{name}`: by the primary name (`manager`) the one, by the associated name
    /// (`subordinate`) all. Nobody, if there is no link.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is no such user or name.
    pub async fn list(&self, name: &str) -> Result<Vec<UserId>, Error> {
        let request = Request::get(self.path.clone().value(name));
        let call = Call::<()>::done("okta.users.linked_objects.list", Safety::Read, request);
        self.client.send(&call.with_decode(read_ids)).await
    }

    /// `PUT /api/v1/users/{id}/linkedObjects/{primary name}/{primary}`: makes `primary` this user's manager, say.
    /// Whoever was it before is not any more. By OAuth only: an API token does not do.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is no such user or name.
    pub async fn set_primary(&self, primary_name: &str, primary: &UserId) -> Result<(), Error> {
        let request = Request::put(self.path.clone().value(primary_name).value(primary));
        let name = "okta.users.linked_objects.set_primary";
        self.client.send(&Call::done(name, Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/users/{id}/linkedObjects/{primary name}`: ends the link with this user's manager, say. Succeeds
    /// if there is none.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is no such user or name.
    pub async fn remove_primary(&self, primary_name: &str) -> Result<(), Error> {
        let request = Request::delete(self.path.clone().value(primary_name));
        let name = "okta.users.linked_objects.remove_primary";
        self.client.send(&Call::done(name, Safety::Idempotent, request)).await
    }
}

/// Okta answers nothing but links to the users.
fn read_ids(response: &Response) -> Result<Vec<UserId>, DecodeError> {
    let links: Vec<Value> = response.json()?;
    let id = |link: &Value| link.pointer("/_links/self/href")?.as_str()?.rsplit('/').next()?.parse().ok();
    let ids = links
        .iter()
        .enumerate()
        .map(|(n, link)| id(link).ok_or_else(|| DecodeError::new(format!("[{n}]"), "no link to a user")));
    ids.collect()
}
