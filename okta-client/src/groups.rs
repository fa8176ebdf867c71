//! Groups, their members and owners.

mod list;
mod model;
mod owners;

pub use crate::id::GroupId;
use client_core::{Call, Path, Request, Safety};
use futures::TryStreamExt as _;
use serde_json::json;

pub use self::list::{GroupExpand, ListGroups};
pub use self::model::{EmbeddedInGroup, Group, GroupKind, GroupProfile, GroupStats, SourceApp};
pub use self::owners::{GroupOwner, GroupOwners, ListGroupOwners, Owner, OwnerKind, OwnerOrigin};
use crate::Error;
use crate::apps::App;
use crate::client::OktaClient;
use crate::filter::Filter;
use crate::id::UserId;
use crate::list::Listing;
use crate::users::{User, absent_is_none};

/// Groups, from [`OktaClient::groups`].
#[derive(Debug, Clone, Copy)]
pub struct Groups<'a> {
    client: &'a OktaClient,
}

impl<'a> Groups<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/groups/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &GroupId) -> Result<Group, Error> {
        self.client.send(&Call::read("okta.groups.get", Request::get(group(id)))).await
    }

    /// Like [`get`](Self::get), with `None` if there is none.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn find(&self, id: &GroupId) -> Result<Option<Group>, Error> {
        absent_is_none(self.get(id).await)
    }

    /// The group with exactly this name, found by `GET /api/v1/groups?search=` and compared here: the search
    /// ignores case. It lags behind writes by seconds.
    ///
    /// # Errors
    ///
    /// If several groups have the name (directories and apps bring their own).
    pub async fn find_by_name(&self, name: &str) -> Result<Option<Group>, Error> {
        let found = self.list().search(Filter::eq("profile.name", name)).send();
        let mut exact: Vec<Group> =
            found.try_filter(|group| std::future::ready(group.profile.name == name)).try_collect().await?;
        match exact.len() {
            0 | 1 => Ok(exact.pop()),
            n => Err(Error::protocol(
                "okta.groups.find_by_name",
                format!("{n} groups of that name: use an id"),
            )),
        }
    }

    /// `GET /api/v1/groups`: many groups.
    pub fn list(&self) -> ListGroups<'a> {
        ListGroups::new(self.client)
    }

    /// `POST /api/v1/groups`: makes an OKTA_GROUP.
    ///
    /// # Errors
    ///
    /// [`OktaProblem::is_duplicate`](crate::OktaProblem::is_duplicate) if another OKTA_GROUP has the name. Never
    /// repeated after an ambiguous end: look for the name.
    pub async fn create(&self, profile: &GroupProfile) -> Result<Group, Error> {
        let request = Request::post(Path::new("/api/v1/groups")).json(&json!({ "profile": profile }));
        self.client.send(&Call::write("okta.groups.create", Safety::Unsafe, request)).await
    }

    /// `PUT /api/v1/groups/{id}`: replaces the profile, whole. What `profile` does not hold is gone, custom
    /// attributes too: change the [`profile`](Group::profile) of a group that was read.
    ///
    /// ```
    /// # async fn run(okta: okta_client::OktaClient, sales: okta_client::groups::GroupId) -> Result<(), okta_client::Error> {
    /// let mut profile = okta.groups().get(&sales).await?.profile;
    /// profile.description = Some("Everybody who sells".into());
    /// okta.groups().replace(&sales, &profile).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// `is_forbidden` if the group is not an OKTA_GROUP; `is_not_found` if there is none.
    pub async fn replace(&self, id: &GroupId, profile: &GroupProfile) -> Result<Group, Error> {
        let request = Request::put(group(id)).json(&json!({ "profile": profile }));
        self.client.send(&Call::write("okta.groups.replace", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/groups/{id}`: takes the group away, and with it what it granted. An APP_GROUP that a group
    /// push uses stays.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none (a repetition that finds none succeeds: the first did it); `is_forbidden`
    /// for a built-in group.
    pub async fn delete(&self, id: &GroupId) -> Result<(), Error> {
        let request = Request::delete(group(id));
        self.client.send(&Call::done("okta.groups.delete", Safety::Idempotent, request)).await
    }

    /// `GET /api/v1/groups/{id}/users`: the members, in every status.
    pub fn members(&self, id: &GroupId) -> Listing<User> {
        self.client.list("okta.groups.members", Request::get(group(id).word("users")).query("limit", 200))
    }

    /// `PUT /api/v1/groups/{id}/users/{user}`: makes a member. Succeeds if it is one already.
    ///
    /// # Errors
    ///
    /// `is_forbidden` if the group is not an OKTA_GROUP.
    pub async fn add(&self, id: &GroupId, user: &UserId) -> Result<(), Error> {
        let request = Request::put(membership(id, user));
        self.client.send(&Call::done("okta.groups.add", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/groups/{id}/users/{user}`: ends a membership. Succeeds if there is none. A
    /// [rule](OktaClient::group_rules) that fills the group may begin it again.
    ///
    /// # Errors
    ///
    /// `is_forbidden` if the group is not an OKTA_GROUP; `is_not_found` if group or user are gone.
    pub async fn remove(&self, id: &GroupId, user: &UserId) -> Result<(), Error> {
        let request = Request::delete(membership(id, user));
        self.client.send(&Call::done("okta.groups.remove", Safety::Idempotent, request)).await
    }

    /// `GET /api/v1/groups/{id}/apps`: the apps that the group grants. Needs `okta.groups.read`, and no scope for apps.
    pub fn apps(&self, id: &GroupId) -> Listing<App> {
        self.client.list("okta.groups.apps", Request::get(group(id).word("apps")).query("limit", 200))
    }

    /// Who answers for the group. A feature of Okta Identity Governance.
    #[must_use]
    pub fn owners(&self, id: &GroupId) -> GroupOwners<'a> {
        GroupOwners::new(self.client, id.clone())
    }
}

fn group(id: &GroupId) -> Path {
    Path::new("/api/v1/groups").value(id)
}

fn membership(id: &GroupId, user: &UserId) -> Path {
    group(id).word("users").value(user)
}
