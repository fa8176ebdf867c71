//! The groups that grant an app.

use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::groups::Group;
use crate::id::{AppId, GroupId};
use crate::list::Listing;
use crate::users::{Profile, absent_is_none};

entity! {
    /// The assignment of an app to a group.
    pub struct AppGroup shows(id, priority) {
        /// The group.
        pub id: GroupId = "id",
        /// Whose attributes count for somebody who is in several such groups: the smallest number's.
        pub priority: Option<i64> = opt "priority",
        /// Attributes that the group's people have in the app.
        pub profile: Profile = or_default "profile",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

impl AppGroup {
    /// The group, if [asked for](AppGroupExpand::Group).
    #[must_use]
    pub fn group(&self) -> Option<Group> {
        let group = self.extra.get("_embedded")?.get("group")?.to_string();
        serde_json::from_str(&group).ok()
    }
}

/// The groups that grant one app, from [`Apps::groups`](super::Apps::groups).
#[derive(Debug, Clone)]
pub struct AppGroups<'a> {
    client: &'a OktaClient,
    app: AppId,
}

impl<'a> AppGroups<'a> {
    pub(super) fn new(client: &'a OktaClient, app: AppId) -> Self {
        Self { client, app }
    }

    /// `GET /api/v1/apps/{app}/groups`.
    pub fn list(&self) -> ListAppGroups<'a> {
        ListAppGroups { client: self.client, app: self.app.clone(), q: None, expand: None, limit: 200 }
    }

    /// `GET /api/v1/apps/{app}/groups/{group}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if the group does not grant the app, or one of both is not there.
    pub async fn get(&self, group: &GroupId) -> Result<AppGroup, Error> {
        self.client.send(&Call::read("okta.apps.groups.get", Request::get(self.one(group)))).await
    }

    /// Like [`get`](Self::get), with `None` if the group does not grant the app.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn find(&self, group: &GroupId) -> Result<Option<AppGroup>, Error> {
        absent_is_none(self.get(group).await)
    }

    /// `PUT /api/v1/apps/{app}/groups/{group}`: gives the app to everybody in the group, now and later. Replaces the
    /// assignment if there is one. People get it one by one after the answer.
    ///
    /// # Errors
    ///
    /// `is_not_found` if app or group are not there.
    pub async fn assign(&self, group: &GroupId, assignment: &GroupAssignment) -> Result<AppGroup, Error> {
        let request = Request::put(self.one(group)).json(assignment);
        self.client.send(&Call::write("okta.apps.groups.assign", Safety::Idempotent, request)).await
    }

    /// `PATCH /api/v1/apps/{app}/groups/{group}`: changes an assignment in part.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is no assignment.
    pub async fn update(&self, group: &GroupId, patch: &AppGroupPatch) -> Result<AppGroup, Error> {
        let request = Request::patch(self.one(group)).json(patch);
        self.client.send(&Call::write("okta.apps.groups.update", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/apps/{app}/groups/{group}`: takes the app from the group, and from everybody who had it only
    /// through this group. Succeeds if the group does not grant it. **Destructive**, for each of them, as
    /// [`AppUsers::unassign`](super::AppUsers::unassign) is.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn unassign(&self, group: &GroupId) -> Result<(), Error> {
        let request = Request::delete(self.one(group));
        let call = Call::done("okta.apps.groups.unassign", Safety::Idempotent, request);
        absent_is_none(self.client.send(&call).await).map(|_| ())
    }

    fn one(&self, group: &GroupId) -> Path {
        super::app(&self.app).word("groups").value(group)
    }
}

/// How a group is to have an app. Of nothing by default: Okta gives it the next priority.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[must_use]
pub struct GroupAssignment {
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
}

impl GroupAssignment {
    /// An assignment and nothing more.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whose attributes count for somebody who is in several such groups: 0 comes first.
    pub fn priority(mut self, priority: i64) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Attributes that the group's people have in the app.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }
}

/// A change of a group's assignment, as a JSON Patch. What is not named stays as it is.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
#[must_use]
pub struct AppGroupPatch(Vec<Value>);

impl AppGroupPatch {
    /// A change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the priority.
    pub fn priority(self, priority: i64) -> Self {
        self.with(json!({"op": "replace", "path": "/priority", "value": priority}))
    }

    /// Sets an attribute.
    pub fn set(self, attribute: &str, value: impl Into<Value>) -> Self {
        self.with(json!({"op": "replace", "path": place(attribute), "value": value.into()}))
    }

    /// Removes an attribute.
    pub fn remove(self, attribute: &str) -> Self {
        self.with(json!({"op": "remove", "path": place(attribute)}))
    }

    fn with(mut self, operation: Value) -> Self {
        self.0.push(operation);
        self
    }
}

/// An attribute's name is one part of a JSON pointer, whatever it holds.
fn place(attribute: &str) -> String {
    format!("/profile/{}", attribute.replace('~', "~0").replace('/', "~1"))
}

/// The places, not what stands there.
impl std::fmt::Debug for AppGroupPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|operation| &operation["path"])).finish()
    }
}

/// What else comes with each group's assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppGroupExpand {
    /// The group: [`AppGroup::group`].
    Group,
    /// Where each attribute comes from: in [`AppGroup::extra`].
    Metadata,
}

impl AppGroupExpand {
    fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Metadata => "metadata",
        }
    }
}

/// A list of the groups that grant an app, to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a list fetches nothing until `send`"]
pub struct ListAppGroups<'a> {
    client: &'a OktaClient,
    app: AppId,
    q: Option<String>,
    expand: Option<AppGroupExpand>,
    limit: u16,
}

impl ListAppGroups<'_> {
    /// Those whose name begins so.
    pub fn q(mut self, beginning: impl Into<String>) -> Self {
        self.q = Some(beginning.into());
        self
    }

    /// More with each.
    pub fn expand(mut self, expand: AppGroupExpand) -> Self {
        self.expand = Some(expand);
        self
    }

    /// Assignments a page: 20 to 200, the default.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// Sends it: a stream of assignments.
    pub fn send(self) -> Listing<AppGroup> {
        let request = Request::get(super::app(&self.app).word("groups"))
            .query_opt("q", self.q)
            .query_opt("expand", self.expand.map(AppGroupExpand::as_str))
            .query("limit", self.limit);
        self.client.list("okta.apps.groups.list", request)
    }
}
