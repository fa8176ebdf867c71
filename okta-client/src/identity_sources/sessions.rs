//! Sessions: uploads that are imported together.

use client_core::{Call, DecodeError, Path, Request, Response, Safety};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::IdentitySource;
use super::model::{ExternalId, ImportSession, SourceGroup, SourceMemberships, SourceUser};
use crate::Error;
use crate::id::ImportSessionId;
use crate::list::Listing;

/// The most that one upload takes.
pub const MOST_PER_UPLOAD: usize = 200;

/// Sessions of an identity source, from [`IdentitySource::sessions`].
///
/// Open one, upload, start the import, and read it until it is over; [`IdentitySource::import`] does it all. One
/// session can be open at a time. Each upload takes up to [`MOST_PER_UPLOAD`] entries, and more are refused unsent:
/// they are idempotent, so one that failed can be sent again.
#[derive(Debug, Clone, Copy)]
pub struct ImportSessions<'a> {
    source: IdentitySource<'a>,
}

impl<'a> ImportSessions<'a> {
    pub(super) fn new(source: IdentitySource<'a>) -> Self {
        Self { source }
    }

    /// `GET /api/v1/identity-sources/{source}/sessions`.
    pub fn list(&self) -> Listing<ImportSession> {
        let request = Request::get(self.source.path("sessions"));
        self.source.client.list("okta.identity_sources.sessions.list", request)
    }

    /// `POST /api/v1/identity-sources/{source}/sessions`: opens one.
    ///
    /// # Errors
    ///
    /// E0000001 if another is open. Never repeated after an ambiguous end: [`list`](Self::list) them.
    pub async fn create(&self) -> Result<ImportSession, Error> {
        let request = Request::post(self.source.path("sessions"));
        let call = Call::write("okta.identity_sources.sessions.create", Safety::Unsafe, request);
        self.source.client.send(&call).await
    }

    /// `GET /api/v1/identity-sources/{source}/sessions/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &ImportSessionId) -> Result<ImportSession, Error> {
        let request = Request::get(self.session(id));
        self.source.client.send(&Call::read("okta.identity_sources.sessions.get", request)).await
    }

    /// `DELETE /api/v1/identity-sources/{source}/sessions/{id}`: nothing of what was uploaded is imported.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn delete(&self, id: &ImportSessionId) -> Result<(), Error> {
        let request = Request::delete(self.session(id));
        let call = Call::done("okta.identity_sources.sessions.delete", Safety::Idempotent, request);
        self.source.client.send(&call).await
    }

    /// `POST …/sessions/{id}/bulk-upsert`: users that are to be there.
    ///
    /// # Errors
    ///
    /// E0000001 if the session takes no uploads any more, or a profile is wrong: then none was taken.
    pub async fn upsert_users(&self, id: &ImportSessionId, users: &[SourceUser]) -> Result<(), Error> {
        let body = json!({ "entityType": "USERS", "profiles": users });
        let path = self.session(id).word("bulk-upsert");
        self.upload("okta.identity_sources.sessions.upsert_users", path, users, &body).await
    }

    /// `POST …/sessions/{id}/bulk-delete`: users that are to be gone. What happens to their Okta accounts is a
    /// setting of the source, deactivation mostly.
    ///
    /// # Errors
    ///
    /// As [`upsert_users`](Self::upsert_users).
    pub async fn delete_users(&self, id: &ImportSessionId, users: &[ExternalId]) -> Result<(), Error> {
        let profiles: Vec<Value> = users.iter().map(|user| json!({ "externalId": user })).collect();
        let body = json!({ "entityType": "USERS", "profiles": profiles });
        let path = self.session(id).word("bulk-delete");
        self.upload("okta.identity_sources.sessions.delete_users", path, users, &body).await
    }

    /// `POST …/sessions/{id}/bulk-groups-upsert`: groups that are to be there.
    ///
    /// # Errors
    ///
    /// As [`upsert_users`](Self::upsert_users).
    pub async fn upsert_groups(&self, id: &ImportSessionId, groups: &[SourceGroup]) -> Result<(), Error> {
        let body = json!({ "profiles": groups });
        let path = self.session(id).word("bulk-groups-upsert");
        self.upload("okta.identity_sources.sessions.upsert_groups", path, groups, &body).await
    }

    /// `POST …/sessions/{id}/bulk-groups-delete`: groups that are to be gone.
    ///
    /// # Errors
    ///
    /// As [`upsert_users`](Self::upsert_users).
    pub async fn delete_groups(&self, id: &ImportSessionId, groups: &[ExternalId]) -> Result<(), Error> {
        let body = json!({ "externalIds": groups });
        let path = self.session(id).word("bulk-groups-delete");
        self.upload("okta.identity_sources.sessions.delete_groups", path, groups, &body).await
    }

    /// `POST …/sessions/{id}/bulk-group-memberships-upsert`: memberships that are to be there.
    ///
    /// # Errors
    ///
    /// As [`upsert_users`](Self::upsert_users).
    pub async fn upsert_memberships(
        &self,
        id: &ImportSessionId,
        memberships: &[SourceMemberships],
    ) -> Result<(), Error> {
        let body = json!({ "memberships": memberships });
        let path = self.session(id).word("bulk-group-memberships-upsert");
        self.upload("okta.identity_sources.sessions.upsert_memberships", path, memberships, &body).await
    }

    /// `POST …/sessions/{id}/bulk-group-memberships-delete`: memberships that are to be gone.
    ///
    /// # Errors
    ///
    /// As [`upsert_users`](Self::upsert_users).
    pub async fn delete_memberships(
        &self,
        id: &ImportSessionId,
        memberships: &[SourceMemberships],
    ) -> Result<(), Error> {
        let body = json!({ "memberships": memberships });
        let path = self.session(id).word("bulk-group-memberships-delete");
        self.upload("okta.identity_sources.sessions.delete_memberships", path, memberships, &body).await
    }

    /// `POST …/sessions/{id}/start-import`: closes the session for uploads and imports what it holds. The work goes
    /// on after the answer: read the session until [`is_over`](super::ImportStatus::is_over).
    ///
    /// # Errors
    ///
    /// E0000001 if it was started already. Never repeated after an ambiguous end: read the session.
    pub async fn start_import(&self, id: &ImportSessionId) -> Result<ImportSession, Error> {
        let request = Request::post(self.session(id).word("start-import"));
        let call =
            Call::<Value>::write("okta.identity_sources.sessions.start_import", Safety::Unsafe, request);
        self.source.client.send(&call.with_decode(one_session)).await
    }

    async fn upload<T>(
        &self,
        name: &'static str,
        path: Path,
        entries: &[T],
        body: &impl Serialize,
    ) -> Result<(), Error> {
        let mut request = Request::post(path).json(body);
        if entries.len() > MOST_PER_UPLOAD {
            request =
                request.flawed(format!("{} entries; one upload takes {MOST_PER_UPLOAD}", entries.len()));
        }
        self.source.client.send(&Call::done(name, Safety::Idempotent, request)).await
    }

    fn session(&self, id: &ImportSessionId) -> Path {
        self.source.path("sessions").value(id)
    }
}

/// The session, or an array that holds it: Okta's own description has both.
fn one_session(response: &Response) -> Result<ImportSession, DecodeError> {
    if !response.body.trim_ascii_start().starts_with(b"[") {
        return response.json();
    }
    let OneOf([session]) = response.json()?;
    Ok(session)
}

#[derive(Deserialize)]
struct OneOf([ImportSession; 1]);
