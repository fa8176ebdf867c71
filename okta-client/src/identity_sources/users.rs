//! Users of an identity source, one by one.

use client_core::{Call, Path, Request, Safety};
use serde_json::json;

use super::IdentitySource;
use super::model::{ExternalId, ImportedUser, SourceUser};
use crate::Error;
use crate::users::Profile;

/// Users of an identity source, from [`IdentitySource::users`]. For many at once there are
/// [sessions](IdentitySource::sessions): rate limits here are low.
#[derive(Debug, Clone, Copy)]
pub struct IdentitySourceUsers<'a> {
    source: IdentitySource<'a>,
}

impl<'a> IdentitySourceUsers<'a> {
    pub(super) fn new(source: IdentitySource<'a>) -> Self {
        Self { source }
    }

    /// `POST /api/v1/identity-sources/{source}/users`. Answers nothing: [`get`](Self::get) has the Okta user's id.
    ///
    /// # Errors
    ///
    /// E0000001 if the profile is wrong. Never repeated after an ambiguous end: [`get`](Self::get) tells.
    pub async fn create(&self, user: &SourceUser) -> Result<(), Error> {
        let request = Request::post(self.source.path("users")).json(user);
        let call = Call::done("okta.identity_sources.users.create", Safety::Unsafe, request);
        self.source.client.send(&call).await
    }

    /// `GET /api/v1/identity-sources/{source}/users/{external id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &ExternalId) -> Result<ImportedUser, Error> {
        let request = Request::get(self.user(id));
        self.source.client.send(&Call::read("okta.identity_sources.users.get", request)).await
    }

    /// `PUT /api/v1/identity-sources/{source}/users/{external id}`: attributes that are not named are gone.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn replace(&self, user: &SourceUser) -> Result<ImportedUser, Error> {
        let request = Request::put(self.user(&user.external_id)).json(user);
        let call = Call::write("okta.identity_sources.users.replace", Safety::Idempotent, request);
        self.source.client.send(&call).await
    }

    /// `PATCH /api/v1/identity-sources/{source}/users/{external id}`: attributes that are not named stay.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn update(&self, id: &ExternalId, profile: &Profile) -> Result<ImportedUser, Error> {
        let request = Request::patch(self.user(id)).json(&json!({ "profile": profile }));
        let call = Call::write("okta.identity_sources.users.update", Safety::Idempotent, request);
        self.source.client.send(&call).await
    }

    /// `DELETE /api/v1/identity-sources/{source}/users/{external id}`. What happens to the Okta account is a setting
    /// of the source, deactivation mostly.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn delete(&self, id: &ExternalId) -> Result<(), Error> {
        let request = Request::delete(self.user(id));
        let call = Call::done("okta.identity_sources.users.delete", Safety::Idempotent, request);
        self.source.client.send(&call).await
    }

    fn user(&self, id: &ExternalId) -> Path {
        self.source.path("users").value(id)
    }
}
