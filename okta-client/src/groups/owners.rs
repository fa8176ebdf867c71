//! Who answers for a group.

use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety, open_enum};
use serde::Serialize;

use super::group;
use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::filter::{Filter, Filtered as _};
use crate::id::{GroupId, UserId};
use crate::list::Listing;

/// Somebody who can own a group: a person, or a group of people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "type", content = "id", rename_all = "UPPERCASE")]
pub enum Owner {
    /// A person.
    User(UserId),
    /// Everybody in a group.
    Group(GroupId),
}

impl Owner {
    fn id(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::Group(id) => id.as_str(),
        }
    }
}

entity! {
    /// An owner of a group.
    pub struct GroupOwner shows(id, kind) {
        /// The id of a user or a group, by [`kind`](Self::kind).
        pub id: String = "id",
        /// What it is.
        pub kind: OwnerKind = "type",
        /// The name as Okta shows it.
        pub display_name: Option<String> = opt "displayName",
        /// Where the ownership is managed.
        pub origin_type: Option<OwnerOrigin> = opt "originType",
        /// The app, if it is managed there.
        pub origin_id: Option<String> = opt "originId",
        /// Whether an app's owner has been found in Okta.
        pub resolved: Option<bool> = opt "resolved",
        /// When it last changed. Okta has two forms of time for this, and neither is the usual one.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

impl GroupOwner {
    /// Who it is, if that is a person or group of Okta.
    #[must_use]
    pub fn owner(&self) -> Option<Owner> {
        match self.kind {
            OwnerKind::User => self.id.parse().ok().map(Owner::User),
            OwnerKind::Group => self.id.parse().ok().map(Owner::Group),
            OwnerKind::Unknown(_) => None,
        }
    }
}

open_enum! {
    /// What owns a group.
    pub enum OwnerKind {
        /// A person.
        User = "USER",
        /// A group of people.
        Group = "GROUP",
    }
}

open_enum! {
    /// Where an ownership is managed.
    pub enum OwnerOrigin {
        /// Okta: here.
        OktaDirectory = "OKTA_DIRECTORY",
        /// An app.
        Application = "APPLICATION",
    }
}

/// The owners of one group, from [`Groups::owners`](super::Groups::owners).
#[derive(Debug, Clone)]
pub struct GroupOwners<'a> {
    client: &'a OktaClient,
    group: GroupId,
}

impl<'a> GroupOwners<'a> {
    pub(super) fn new(client: &'a OktaClient, group: GroupId) -> Self {
        Self { client, group }
    }

    /// `GET /api/v1/groups/{id}/owners`.
    pub fn list(&self) -> ListGroupOwners<'a> {
        ListGroupOwners { client: self.client, group: self.group.clone(), search: None }
    }

    /// `POST /api/v1/groups/{id}/owners`: makes an owner.
    ///
    /// # Errors
    ///
    /// [`OktaProblem::is_already_assigned`](crate::OktaProblem::is_already_assigned) if it is one, which after an
    /// ambiguous end means that it was done; `is_not_found` if group or owner are not there.
    pub async fn add(&self, owner: &Owner) -> Result<GroupOwner, Error> {
        let request = Request::post(self.path()).json(owner);
        self.client.send(&Call::write("okta.groups.owners.add", Safety::Unsafe, request)).await
    }

    /// `DELETE /api/v1/groups/{id}/owners/{owner}`: takes the ownership away.
    ///
    /// # Errors
    ///
    /// `is_not_found` if it is no owner (a repetition that finds none succeeds).
    pub async fn remove(&self, owner: &Owner) -> Result<(), Error> {
        let request = Request::delete(self.path().value(owner.id()));
        let call = Call::done("okta.groups.owners.remove", Safety::Idempotent, request);
        self.client.send(&call).await
    }

    fn path(&self) -> Path {
        group(&self.group).word("owners")
    }
}

/// A list of owners, to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a list fetches nothing until `send`"]
pub struct ListGroupOwners<'a> {
    client: &'a OktaClient,
    group: GroupId,
    search: Option<Filter>,
}

impl ListGroupOwners<'_> {
    /// Some of them: `type eq "USER"`.
    pub fn search(mut self, search: Filter) -> Self {
        self.search = Some(search);
        self
    }

    /// Sends it: a stream of owners.
    pub fn send(self) -> Listing<GroupOwner> {
        let request =
            Request::get(group(&self.group).word("owners")).filtered("search", self.search.as_ref());
        self.client.list("okta.groups.owners.list", request)
    }
}
