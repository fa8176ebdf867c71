//! Groups and their members.

use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety, open_enum};
use futures::TryStreamExt as _;

use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::filter::{Filter, Filtered as _};
use crate::id::{GroupId, UserId};
use crate::list::Listing;
use crate::users::{User, absent_is_none};

entity! {
    /// A group.
    pub struct Group shows(id, kind, profile) {
        /// Okta's id.
        pub id: GroupId = "id",
        /// Who manages it.
        pub kind: GroupKind = "type",
        /// Name, description and custom attributes.
        pub profile: GroupProfile = "profile",
        /// When name or description last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
        /// When members last came or went.
        pub last_membership_updated: Option<DateTime<Utc>> = time "lastMembershipUpdated",
    }
}

entity! {
    /// A group's attributes. Custom ones, and those of directories, are in `extra`.
    pub struct GroupProfile shows(name) {
        /// The name, unique among OKTA_GROUPs.
        pub name: String = "name",
        /// What it is for.
        pub description: Option<String> = opt "description",
    }
}

open_enum! {
    /// Who manages a group.
    pub enum GroupKind {
        /// Okta's admins, its rules, and we.
        OktaGroup = "OKTA_GROUP",
        /// A directory or an app: members cannot be changed here (E0000006).
        AppGroup = "APP_GROUP",
        /// Okta itself: `Everyone`.
        BuiltIn = "BUILT_IN",
    }
}

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
        ListGroups { client: self.client, search: None, limit: 200 }
    }

    /// `GET /api/v1/groups/{id}/users`: the members.
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

    /// `DELETE /api/v1/groups/{id}/users/{user}`: ends a membership. Succeeds if there is none.
    ///
    /// # Errors
    ///
    /// `is_forbidden` if the group is not an OKTA_GROUP; `is_not_found` if group or user are gone.
    pub async fn remove(&self, id: &GroupId, user: &UserId) -> Result<(), Error> {
        let request = Request::delete(membership(id, user));
        self.client.send(&Call::done("okta.groups.remove", Safety::Idempotent, request)).await
    }
}

fn group(id: &GroupId) -> Path {
    Path::new("/api/v1/groups").value(id)
}

fn membership(id: &GroupId, user: &UserId) -> Path {
    group(id).word("users").value(user)
}

/// A list of groups, to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a list fetches nothing until `send`"]
pub struct ListGroups<'a> {
    client: &'a OktaClient,
    search: Option<Filter>,
    limit: u16,
}

impl ListGroups<'_> {
    /// Any attribute. Lags behind writes by seconds.
    pub fn search(mut self, search: Filter) -> Self {
        self.search = Some(search);
        self
    }

    /// Groups a page. Default 200, which Okta recommends as the most.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// Sends it: a stream of groups.
    pub fn send(self) -> Listing<Group> {
        let request = Request::get(Path::new("/api/v1/groups"))
            .filtered("search", self.search.as_ref())
            .query("limit", self.limit);
        self.client.list("okta.groups.list", request)
    }
}
