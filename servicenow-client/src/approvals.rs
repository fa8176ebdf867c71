//! Approvals: who is asked, and answering for them.

use serde_json::json;

use crate::client::ServiceNowClient;
use crate::id::SysId;
use crate::problem::{Error, Result};
use crate::query::Query;
use crate::settled::Settled;
use crate::table::Rows;
use crate::tables::{Approval, SysapprovalApprover};
use crate::value::Field;

/// Approvals of any record.
#[derive(Debug, Clone)]
pub struct Approvals {
    client: ServiceNowClient,
}

impl Approvals {
    pub(crate) fn new(client: ServiceNowClient) -> Self {
        Self { client }
    }

    /// Everybody who was asked to approve a record, with their answers. `GET /api/now/table/sysapproval_approver`.
    ///
    /// Workflows name the record in one field and flows in another: both are looked at.
    pub fn of(&self, record: &SysId) -> Rows<SysapprovalApprover> {
        self.list(Query::new().eq("sysapproval", record).or().eq("document_id", record))
    }

    /// Those who have not answered yet.
    pub fn open(&self, record: &SysId) -> Rows<SysapprovalApprover> {
        let requested = Query::new().eq("state", Approval::Requested);
        self.list(requested.eq("sysapproval", record).or().eq("document_id", record))
    }

    /// What waits for somebody's answer: to be reported, or delegated, when they leave.
    pub fn waiting_for(&self, approver: &SysId) -> Rows<SysapprovalApprover> {
        self.list(Query::new().eq("state", Approval::Requested).eq("approver", approver))
    }

    fn list(&self, query: Query) -> Rows<SysapprovalApprover> {
        self.client.table::<SysapprovalApprover>().list(query)
    }

    /// Answers yes, in an approver's place. See [`reject`](Self::reject).
    ///
    /// # Errors
    ///
    /// What the calls met; empty comments are refused.
    pub async fn approve(&self, approver: &SysId, comments: &str) -> Result<Settled<SysapprovalApprover>> {
        self.answer(approver, Approval::Approved, comments).await
    }

    /// Answers no, in an approver's place. Reads the approver's row, and answers only if it is still asked.
    /// `PATCH /api/now/table/sysapproval_approver/{sys_id}`.
    ///
    /// **It is recorded as the API user's answer**: name in `comments` who decided, and where. The API user must be the
    /// approver, a delegate of theirs, or have `approval_admin`. An instance that wants electronic signatures refuses.
    ///
    /// The record follows some time later: poll its `approval`. The other approvers are then no longer required.
    ///
    /// Never repeated after an ambiguous end, since the comments would come twice. Call it again: an answer that was
    /// recorded is [`Settled::Before`].
    ///
    /// # Errors
    ///
    /// What the calls met. Empty comments are refused: whoever asked wants to know why.
    pub async fn reject(&self, approver: &SysId, comments: &str) -> Result<Settled<SysapprovalApprover>> {
        self.answer(approver, Approval::Rejected, comments).await
    }

    async fn answer(
        &self,
        approver: &SysId,
        answer: Approval,
        comments: &str,
    ) -> Result<Settled<SysapprovalApprover>> {
        if comments.trim().is_empty() {
            return Err(Error::invalid("servicenow.approvals", "the comments are empty: say who decided"));
        }
        let table = self.client.table::<SysapprovalApprover>();
        let row = table.get(approver).await?;
        match &row.state {
            Field::Set(Approval::Requested) => {
                let fields = json!({ "state": answer, "comments": comments });
                table.update(approver, &fields).await.map(Settled::Now)
            }
            Field::Set(state) if *state == answer => Ok(Settled::Before(row)),
            _ => Ok(Settled::Otherwise(row)),
        }
    }
}
