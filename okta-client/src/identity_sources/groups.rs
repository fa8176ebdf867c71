//! Groups of an identity source, one by one, and their members.

use client_core::{Call, Path, Request, Safety};
use serde_json::json;

use super::IdentitySource;
use super::model::{ExternalId, ImportedGroup, SourceGroup};
use crate::Error;
use crate::list::Listing;

/// Groups of an identity source, from [`IdentitySource::groups`]. For many at once there are
/// [sessions](IdentitySource::sessions): rate limits here are low.
#[derive(Debug, Clone, Copy)]
pub struct IdentitySourceGroups<'a> {
    source: IdentitySource<'a>,
}

impl<'a> IdentitySourceGroups<'a> {
    pub(super) fn new(source: IdentitySource<'a>) -> Self {
        Self { source }
    }

    /// `POST /api/v1/identity-sources/{source}/groups`.
    ///
    /// # Errors
    ///
    /// As every call. Never repeated after an ambiguous end: [`get`](Self::get) tells.
    pub async fn create(&self, group: &SourceGroup) -> Result<ImportedGroup, Error> {
        let request = Request::post(self.source.path("groups")).json(group);
        let call = Call::write("okta.identity_sources.groups.create", Safety::Unsafe, request);
        self.source.client.send(&call).await
    }

    /// `GET /api/v1/identity-sources/{source}/groups/{external id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &ExternalId) -> Result<ImportedGroup, Error> {
        let request = Request::get(self.group(id));
        self.source.client.send(&Call::read("okta.identity_sources.groups.get", request)).await
    }

    /// `POST /api/v1/identity-sources/{source}/groups/{external id}`: changes name and description.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn update(&self, group: &SourceGroup) -> Result<ImportedGroup, Error> {
        let request = Request::post(self.group(&group.external_id)).json(group);
        let call = Call::write("okta.identity_sources.groups.update", Safety::Idempotent, request);
        self.source.client.send(&call).await
    }

    /// `DELETE /api/v1/identity-sources/{source}/groups/{external id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn delete(&self, id: &ExternalId) -> Result<(), Error> {
        let request = Request::delete(self.group(id));
        let call = Call::done("okta.identity_sources.groups.delete", Safety::Idempotent, request);
        self.source.client.send(&call).await
    }

    /// `GET /api/v1/identity-sources/{source}/groups/{external id}/membership`: who is in it.
    pub fn members(&self, id: &ExternalId) -> Listing<ExternalId> {
        let request = Request::get(self.group(id).word("membership")).query("limit", 200);
        self.source.client.list_named("okta.identity_sources.groups.members", "memberExternalIds", request)
    }

    /// `POST /api/v1/identity-sources/{source}/groups/{external id}/membership`: makes a member.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is no such group; E0000001 if there is no such user.
    pub async fn add_member(&self, id: &ExternalId, member: &ExternalId) -> Result<(), Error> {
        let body = json!({ "memberExternalId": member });
        let request = Request::post(self.group(id).word("membership")).json(&body);
        let call = Call::done("okta.identity_sources.groups.add_member", Safety::Idempotent, request);
        self.source.client.send(&call).await
    }

    /// `DELETE /api/v1/identity-sources/{source}/groups/{external id}/membership/{member}`: ends a membership.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is no such group.
    pub async fn remove_member(&self, id: &ExternalId, member: &ExternalId) -> Result<(), Error> {
        let request = Request::delete(self.group(id).word("membership").value(member));
        let call = Call::done("okta.identity_sources.groups.remove_member", Safety::Idempotent, request);
        self.source.client.send(&call).await
    }

    fn group(&self, id: &ExternalId) -> Path {
        self.source.path("groups").value(id)
    }
}
