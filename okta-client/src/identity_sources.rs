//! Identity sources: directories of one's own that Okta imports people and groups from.

mod groups;
mod model;
mod sessions;
mod users;

pub use crate::id::{IdentitySourceId, ImportSessionId};
use std::time::Duration;

use client_core::{Delivery, Path};

pub use self::groups::IdentitySourceGroups;
pub use self::model::{
    ExternalId, Import, ImportSession, ImportStatus, ImportedGroup, ImportedUser, SourceGroup,
    SourceGroupProfile, SourceMemberships, SourceUser,
};
pub use self::sessions::{ImportSessions, MOST_PER_UPLOAD};
pub use self::users::IdentitySourceUsers;
use crate::Error;
use crate::client::OktaClient;

/// How long to wait before a session is looked at again: Okta allows some 15 looks a minute.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// One identity source, from [`OktaClient::identity_source`]. Scopes: `okta.identitySources.read`,
/// `okta.identitySources.manage`.
///
/// An admin makes it: it is a *Custom Identity Source* app. What is uploaded are profiles in the schema of that
/// app; the app's mappings decide what becomes of them in Okta.
#[derive(Debug, Clone, Copy)]
pub struct IdentitySource<'a> {
    client: &'a OktaClient,
    id: &'a IdentitySourceId,
}

impl<'a> IdentitySource<'a> {
    pub(crate) fn new(client: &'a OktaClient, id: &'a IdentitySourceId) -> Self {
        Self { client, id }
    }

    /// Sessions: many users and groups at once.
    #[must_use]
    pub fn sessions(&self) -> ImportSessions<'a> {
        ImportSessions::new(*self)
    }

    /// Users, one by one.
    #[must_use]
    pub fn users(&self) -> IdentitySourceUsers<'a> {
        IdentitySourceUsers::new(*self)
    }

    /// Groups, one by one, and their members.
    #[must_use]
    pub fn groups(&self) -> IdentitySourceGroups<'a> {
        IdentitySourceGroups::new(*self)
    }

    /// A whole session: opens it, uploads in as many calls as it takes, starts the import, and looks at it every ten
    /// seconds until it is over or `patience` is. Groups go before their members, and what goes before what comes.
    ///
    /// The session is answered as it was last seen, so look at its status: [`ImportStatus::Completed`] is the good
    /// end. If an upload fails, the session is deleted: nothing of it is imported, and it is not in the way of
    /// the next one.
    ///
    /// ```
    /// # async fn run(okta: okta_client::OktaClient) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use okta_client::identity_sources::{Import, ImportStatus, SourceUser};
    /// use okta_client::users::Profile;
    ///
    /// let ann = Profile::new()
    ///     .with("userName", "ann.lee@acme.example")
    ///     .with("email", "ann.lee@acme.example")
    ///     .with("firstName", "Ann")
    ///     .with("lastName", "Lee");
    /// let import = Import::new().users([SourceUser::new("10442", ann)]).without_users(["10017"]);
    /// let source = "0oa1ab2cd3EF4gh5i6j7".parse()?;
    /// let session = okta.identity_source(&source).import(&import, Duration::from_secs(900)).await?;
    /// assert_eq!(session.status, ImportStatus::Completed);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As every call. Opening a session is never repeated after an ambiguous end: list the sessions.
    pub async fn import(&self, import: &Import, patience: Duration) -> Result<ImportSession, Error> {
        let session = self.sessions().create().await?.id;
        if let Err(error) = self.upload(&session, import).await {
            // Should this fail too, the session expires by itself.
            let _ = self.sessions().delete(&session).await;
            return Err(error);
        }
        match self.sessions().start_import(&session).await {
            Err(error) if matches!(error.delivery(), Delivery::NotSent | Delivery::Refused) => {
                // It would be in the way of the next: there is one at a time.
                let _ = self.sessions().delete(&session).await;
                Err(error)
            }
            // Whether a start whose answer was lost came through, the session's status tells.
            _ => self.wait(&session, patience).await,
        }
    }

    async fn upload(&self, session: &ImportSessionId, import: &Import) -> Result<(), Error> {
        let sessions = self.sessions();
        for some in import.members_gone.chunks(MOST_PER_UPLOAD) {
            sessions.delete_memberships(session, some).await?;
        }
        for some in import.groups_gone.chunks(MOST_PER_UPLOAD) {
            sessions.delete_groups(session, some).await?;
        }
        for some in import.users_gone.chunks(MOST_PER_UPLOAD) {
            sessions.delete_users(session, some).await?;
        }
        for some in import.users.chunks(MOST_PER_UPLOAD) {
            sessions.upsert_users(session, some).await?;
        }
        for some in import.groups.chunks(MOST_PER_UPLOAD) {
            sessions.upsert_groups(session, some).await?;
        }
        for some in import.members.chunks(MOST_PER_UPLOAD) {
            sessions.upsert_memberships(session, some).await?;
        }
        Ok(())
    }

    async fn wait(&self, session: &ImportSessionId, patience: Duration) -> Result<ImportSession, Error> {
        let clock = self.client.clock();
        let until = clock.monotonic().saturating_add(patience);
        loop {
            let seen = self.sessions().get(session).await?;
            if seen.status.is_over() || clock.monotonic() >= until {
                return Ok(seen);
            }
            clock.sleep(LOOK_EVERY).await;
        }
    }

    fn path(&self, below: &'static str) -> Path {
        Path::new("/api/v1/identity-sources").value(self.id).word(below)
    }
}
