//! Tasks: what a request for access waits for.

use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety, open_enum};
use serde_json::json;

use super::{GovernancePrincipal, MOST_PER_PAGE};
use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::filter::{Filter, Filtered as _};
use crate::id::{AccessRequestId, AccessTaskId};
use crate::list::Listing;

entity! {
    /// Something that somebody has to do before a request goes on.
    pub struct AccessTask shows(id, kind, status, request_id) {
        /// Okta's id.
        pub id: AccessTaskId = "id",
        /// What there is to do.
        pub kind: AccessTaskKind = "type",
        /// Whether it is done.
        pub status: AccessTaskStatus = "status",
        /// Which request waits for it.
        pub request_id: AccessRequestId = "requestId",
        /// What people read.
        pub label: Option<String> = opt "label",
        /// Who may do it.
        pub assignees: Vec<GovernancePrincipal> = or_default "assignees",
        /// What was decided or answered.
        pub value: Option<String> = opt "value",
        /// Who did it. Lists leave it out.
        pub completed_by: Option<GovernancePrincipal> = opt "completedBy",
        /// When it was made.
        pub created_at: Option<DateTime<Utc>> = time "createdAt",
        /// When it last changed.
        pub updated_at: Option<DateTime<Utc>> = time "updatedAt",
    }
}

open_enum! {
    /// What there is to do.
    pub enum AccessTaskKind {
        /// To approve or deny.
        Approval = "APPROVAL",
        /// To answer a question.
        Question = "QUESTION",
        /// Something outside of Okta.
        Todo = "TODO",
    }
}

open_enum! {
    /// Whether a task is done.
    pub enum AccessTaskStatus {
        /// Somebody may do it now.
        Open = "OPEN",
        /// It is done.
        Completed = "COMPLETED",
        /// Okta is finding out who is to do it.
        Assigning = "ASSIGNING",
        /// Another task comes first.
        Locked = "LOCKED",
    }
}

/// How an approval is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// Yes.
    Approved,
    /// No.
    Denied,
}

/// Tasks, from [`Governance::tasks`](super::Governance::tasks). Scopes: `okta.accessRequests.tasks.read`,
/// `okta.accessRequests.tasks.manage`. For admins only.
#[derive(Debug, Clone, Copy)]
pub struct AccessTasks<'a> {
    client: &'a OktaClient,
}

impl<'a> AccessTasks<'a> {
    pub(super) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /governance/api/v2/tasks`: many tasks.
    pub fn list(&self) -> ListAccessTasks<'a> {
        ListAccessTasks { client: self.client, filter: None, limit: MOST_PER_PAGE }
    }

    /// `GET /governance/api/v2/tasks/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &AccessTaskId) -> Result<AccessTask, Error> {
        let request = Request::get(tasks().value(id));
        self.client.send(&Call::read("okta.governance.tasks.get", request)).await
    }

    /// `POST /governance/api/v2/tasks/{id}/resolve`: approves or denies, in place of whoever it is assigned to.
    ///
    /// # Errors
    ///
    /// E0000002 if it is closed already: [`get`](Self::get) tells how. Never repeated after an ambiguous end.
    pub async fn resolve(&self, id: &AccessTaskId, resolution: Resolution) -> Result<AccessTask, Error> {
        let value = match resolution {
            Resolution::Approved => "APPROVED",
            Resolution::Denied => "DENIED",
        };
        let request = Request::post(tasks().value(id).word("resolve")).json(&json!({ "value": value }));
        self.client.send(&Call::write("okta.governance.tasks.resolve", Safety::Unsafe, request)).await
    }
}

fn tasks() -> Path {
    Path::new("/governance/api/v2/tasks")
}

/// A list of tasks, to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a list fetches nothing until `send`"]
pub struct ListAccessTasks<'a> {
    client: &'a OktaClient,
    filter: Option<Filter>,
    limit: u16,
}

impl ListAccessTasks<'_> {
    /// `status`, `type`, `assigneeId`, `requestId`, `createdAt`, `updatedAt`.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Tasks a page: 1 to 200, the default.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// Sends it: a stream of tasks.
    pub fn send(self) -> Listing<AccessTask> {
        let request =
            Request::get(tasks()).filtered("filter", self.filter.as_ref()).query("limit", self.limit);
        self.client.list_named("okta.governance.tasks.list", "data", request)
    }
}
