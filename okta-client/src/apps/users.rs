//! The people who have an app.

mod model;

use std::future::IntoFuture;

use client_core::{Call, Path, Request, Safety};
use futures::FutureExt as _;
use futures::future::BoxFuture;

pub use self::model::{
    AppUser, AppUserCredentials, AppUserPatch, AppUserStatus, AssignmentScope, NewAppUser, SyncState,
};
use crate::Error;
use crate::client::OktaClient;
use crate::id::{AppId, UserId};
use crate::list::Listing;
use crate::users::absent_is_none;

/// The people who have one app, from [`Apps::users`](super::Apps::users).
///
/// An assignment is direct, or a group's: [`AppUser::scope`]. A group's is not ended here: Okta refuses that with
/// E0000046 ([`is_granted_by_group`](crate::OktaProblem::is_granted_by_group)), for direct ones too of people who are also
/// in a group that grants the app. End the membership.
#[derive(Debug, Clone)]
pub struct AppUsers<'a> {
    client: &'a OktaClient,
    app: AppId,
}

impl<'a> AppUsers<'a> {
    pub(super) fn new(client: &'a OktaClient, app: AppId) -> Self {
        Self { client, app }
    }

    /// `GET /api/v1/apps/{app}/users`.
    pub fn list(&self) -> ListAppUsers<'a> {
        ListAppUsers { client: self.client, app: self.app.clone(), q: None, people: false, limit: 500 }
    }

    /// `GET /api/v1/apps/{app}/users/{user}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if the user does not have the app, or one of both is not there.
    pub async fn get(&self, user: &UserId) -> Result<AppUser, Error> {
        self.client.send(&Call::read("okta.apps.users.get", Request::get(self.one(user)))).await
    }

    /// Like [`get`](Self::get), with `None` if the user does not have the app.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn find(&self, user: &UserId) -> Result<Option<AppUser>, Error> {
        absent_is_none(self.get(user).await)
    }

    /// `POST /api/v1/apps/{app}/users`: gives somebody the app, after a look whether they have it: assigning again may be
    /// refused (409), or turn a group's assignment into a direct one. So this may be called again after any end.
    ///
    /// Assigned is not provisioned: with apps that Okta provisions, read until [`AppUser::is_provisioned`].
    ///
    /// # Errors
    ///
    /// `is_wrong_state` (E0000117) if the user is not active; E0000001 or E0000075 for an attribute that the app does not
    /// have, or that a mapping fills.
    pub async fn assign(&self, new: &NewAppUser) -> Result<Assigned, Error> {
        if let Some(there) = self.find(&new.id).await?.filter(AppUser::is_assigned) {
            return Ok(Assigned::Already(there));
        }
        let request = Request::post(self.all()).json(new);
        match self.client.send(&Call::write("okta.apps.users.assign", Safety::Unsafe, request)).await {
            Ok(made) => Ok(Assigned::Now(made)),
            Err(error) if error.problem().is_some_and(|problem| problem.is_code("E0000062")) => {
                self.get(&new.id).await.map(Assigned::Already)
            }
            Err(error) => Err(error),
        }
    }

    /// `POST /api/v1/apps/{app}/users/{user}`: changes attributes, credentials or the kind of an assignment.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is no assignment; E0000001 or E0000075 for an attribute that the app does not have, or
    /// that a mapping fills.
    pub async fn update(&self, user: &UserId, patch: &AppUserPatch) -> Result<AppUser, Error> {
        let request = Request::post(self.one(user)).json(patch);
        self.client.send(&Call::write("okta.apps.users.update", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/apps/{app}/users/{user}`: takes the app away. Succeeds if the user does not have it.
    /// **Destructive**: the attributes in the app are lost, and
    /// [with many apps](super::App::deactivates_users) the account there is ended.
    ///
    /// # Errors
    ///
    /// [`is_granted_by_group`](crate::OktaProblem::is_granted_by_group) if a group of the user's grants it.
    pub fn unassign(&self, user: &UserId) -> UnassignUser<'a> {
        UnassignUser { client: self.client, request: Request::delete(self.one(user)) }
    }

    fn all(&self) -> Path {
        super::app(&self.app).word("users")
    }

    fn one(&self, user: &UserId) -> Path {
        self.all().value(user)
    }
}

/// What came of giving somebody an app.
#[derive(Debug, Clone, PartialEq)]
pub enum Assigned {
    /// They have it now.
    Now(AppUser),
    /// They had it, as it stands here; nothing was written, and what was asked for beyond the assignment was not looked at.
    Already(AppUser),
}

impl Assigned {
    /// The assignment.
    #[must_use]
    pub fn app_user(&self) -> &AppUser {
        match self {
            Self::Now(user) | Self::Already(user) => user,
        }
    }
}

/// The end of somebody's assignment.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct UnassignUser<'a> {
    client: &'a OktaClient,
    request: Request,
}

impl UnassignUser<'_> {
    /// Mails the admin that it was done.
    pub fn mail_admin(mut self) -> Self {
        self.request = self.request.query("sendEmail", true);
        self
    }
}

impl<'a> IntoFuture for UnassignUser<'a> {
    type Output = Result<(), Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let call = Call::done("okta.apps.users.unassign", Safety::Idempotent, self.request);
        async move { absent_is_none(self.client.send(&call).await).map(|_| ()) }.boxed()
    }
}

/// A list of the people who have an app, to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a list fetches nothing until `send`"]
pub struct ListAppUsers<'a> {
    client: &'a OktaClient,
    app: AppId,
    q: Option<String>,
    people: bool,
    limit: u16,
}

impl ListAppUsers<'_> {
    /// Those whose user name, first name, last name or email begins so, as the app has them.
    pub fn q(mut self, beginning: impl Into<String>) -> Self {
        self.q = Some(beginning.into());
        self
    }

    /// Each with the person, in [`AppUser::user`].
    pub fn with_people(mut self) -> Self {
        self.people = true;
        self
    }

    /// Assignments a page: 1 to 500, the default.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// Sends it: a stream of assignments.
    pub fn send(self) -> Listing<AppUser> {
        let request = Request::get(super::app(&self.app).word("users"))
            .query_opt("q", self.q)
            .query_opt("expand", self.people.then_some("user"))
            .query("limit", self.limit);
        self.client.list("okta.apps.users.list", request)
    }
}
