//! Operations: jobs that go on after their answer.

use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, open_enum};

use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::id::OperationId;

entity! {
    /// A job.
    pub struct Operation shows(id, kind, status) {
        /// Okta's id.
        pub id: OperationId = "id",
        /// What it does: `collection:principal:assignment`.
        pub kind: String = "type",
        /// How far it is.
        pub status: OperationStatus = "status",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it ended.
        pub completed: Option<DateTime<Utc>> = time "completed",
    }
}

open_enum! {
    /// How far a job is.
    pub enum OperationStatus {
        /// At work.
        Running = "RUNNING",
        /// Done.
        Completed = "COMPLETED",
        /// It could not be done.
        Failed = "FAILED",
        /// Somebody called it off.
        Canceled = "CANCELED",
    }
}

/// Operations, from [`Governance::operations`](super::Governance::operations). Scope
/// `okta.governance.operations.read`.
#[derive(Debug, Clone, Copy)]
pub struct Operations<'a> {
    client: &'a OktaClient,
}

impl<'a> Operations<'a> {
    pub(super) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /governance/api/v1/operations/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &OperationId) -> Result<Operation, Error> {
        let request = Request::get(Path::new("/governance/api/v1/operations").value(id));
        self.client.send(&Call::read("okta.governance.operations.get", request)).await
    }
}
