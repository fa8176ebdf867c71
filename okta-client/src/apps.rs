//! Apps, and who has them.

mod features;
mod grants;
mod groups;
mod list;
mod model;
mod tokens;
mod users;

pub use crate::id::AppId;
use client_core::{Call, Path, Request, Safety};

pub use self::features::{AppFeatureStatus, AppFeatures, ProvisioningConnection, ProvisioningFeature};
pub use self::grants::AppGrants;
pub use self::groups::{AppGroup, AppGroupExpand, AppGroupPatch, AppGroups, GroupAssignment, ListAppGroups};
pub use self::list::ListApps;
pub use self::model::{App, AppFeature, AppStatus, NewApp, OpenObject, SignOnMode};
pub use self::tokens::AppTokens;
pub use self::users::{
    AppUser, AppUserCredentials, AppUserPatch, AppUserStatus, AppUsers, Assigned, AssignmentScope,
    ListAppUsers, NewAppUser, SyncState, UnassignUser,
};
use crate::Error;
use crate::client::OktaClient;
use crate::users::absent_is_none;

/// Apps, from [`OktaClient::apps`].
///
/// Assigning is slow work: all calls below one app share the smallest of Okta's buckets (100 a minute in a workforce
/// org, half of it for one token). Where it can be, assign groups.
#[derive(Debug, Clone, Copy)]
pub struct Apps<'a> {
    client: &'a OktaClient,
}

impl<'a> Apps<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/apps/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &AppId) -> Result<App, Error> {
        self.client.send(&Call::read("okta.apps.get", Request::get(app(id)))).await
    }

    /// Like [`get`](Self::get), with `None` if there is none.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn find(&self, id: &AppId) -> Result<Option<App>, Error> {
        absent_is_none(self.get(id).await)
    }

    /// `GET /api/v1/apps`: many apps.
    pub fn list(&self) -> ListApps<'a> {
        ListApps::new(self.client)
    }

    /// `POST /api/v1/apps`: makes an app.
    ///
    /// # Errors
    ///
    /// E0000001, whose causes say what the kind needs, or that the org may have no more apps. Never repeated after an
    /// ambiguous end: look for the label, which need not be unique.
    pub async fn create(&self, new: &NewApp) -> Result<App, Error> {
        let request =
            Request::post(Path::new("/api/v1/apps")).query("activate", new.activate).json(&new.fields);
        self.client.send(&Call::write("okta.apps.create", Safety::Unsafe, request)).await
    }

    /// `PUT /api/v1/apps/{id}`: replaces what can be replaced of an app that was read. What is not in it is gone, and
    /// what this crate has no name for is in it.
    ///
    /// # Errors
    ///
    /// E0000001, whose causes say what the kind needs.
    pub async fn replace(&self, changed: &App) -> Result<App, Error> {
        let request = Request::put(app(&changed.id)).json(changed);
        self.client.send(&Call::write("okta.apps.replace", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/apps/{id}`: takes an INACTIVE app away, and every assignment with it.
    ///
    /// # Errors
    ///
    /// `is_wrong_state` (E0000056) if it is ACTIVE; `is_not_found` if there is none (a repetition that finds none succeeds).
    pub async fn delete(&self, id: &AppId) -> Result<(), Error> {
        let call = Call::done("okta.apps.delete", Safety::Idempotent, Request::delete(app(id)));
        self.client.send(&call).await
    }

    /// `POST /api/v1/apps/{id}/lifecycle/activate`: people can use it.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn activate(&self, id: &AppId) -> Result<(), Error> {
        let request = Request::post(app(id).word("lifecycle/activate"));
        self.client.send(&Call::done("okta.apps.activate", Safety::Idempotent, request)).await
    }

    /// `POST /api/v1/apps/{id}/lifecycle/deactivate`: nobody can use it. Okta then goes through everybody who has it by a
    /// group, and may mend assignments that had gone wrong before.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn deactivate(&self, id: &AppId) -> Result<(), Error> {
        let request = Request::post(app(id).word("lifecycle/deactivate"));
        self.client.send(&Call::done("okta.apps.deactivate", Safety::Idempotent, request)).await
    }

    /// The people who have an app.
    #[must_use]
    pub fn users(&self, id: &AppId) -> AppUsers<'a> {
        AppUsers::new(self.client, id.clone())
    }

    /// The groups that grant an app.
    #[must_use]
    pub fn groups(&self, id: &AppId) -> AppGroups<'a> {
        AppGroups::new(self.client, id.clone())
    }

    /// How an app is provisioned.
    #[must_use]
    pub fn features(&self, id: &AppId) -> AppFeatures<'a> {
        AppFeatures::new(self.client, id.clone())
    }

    /// The scopes that an app was granted.
    #[must_use]
    pub fn grants(&self, id: &AppId) -> AppGrants<'a> {
        AppGrants::new(self.client, id)
    }

    /// The refresh tokens that an app holds.
    #[must_use]
    pub fn tokens(&self, id: &AppId) -> AppTokens<'a> {
        AppTokens::new(self.client, id)
    }
}

fn app(id: &AppId) -> Path {
    Path::new("/api/v1/apps").value(id)
}
