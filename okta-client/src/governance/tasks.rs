//! Tasks: what a request for access waits for.

use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety, open_enum};
use serde_json::json;

use super::GovernancePrincipal;
use super::list::GovernanceList;
use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::id::{AccessRequestId, AccessTaskId};

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
    ///
    /// To filter by: `status`, `type`, `assigneeId`, `requestId`, `createdAt`, `updatedAt`.
    pub fn list(&self) -> GovernanceList<'a, AccessTask> {
        GovernanceList::new(self.client, "okta.governance.tasks.list", tasks())
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
