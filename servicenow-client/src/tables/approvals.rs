//! Who is asked, and what they answered.

use chrono::{DateTime, Utc};

use super::task::{Approval, Task, TaskState, ticket};
use super::users::SysUser;
use crate::id::SysId;
use crate::record;
use crate::value::Ref;

record! {
    /// One person who is asked to approve one record. Table `sysapproval_approver`.
    ///
    /// Find and answer them with [`approvals`](crate::ServiceNowClient::approvals). Adding a row by hand does not
    /// change a flow that runs.
    #[derive(Debug)]
    SysapprovalApprover in "sysapproval_approver" {
        /// Who is asked.
        approver: Ref<SysUser>,
        /// The answer.
        state: Approval,
        /// The record, if it is a ticket. Workflows fill this.
        sysapproval: Ref<Task>,
        /// The record's table.
        source_table: String,
        /// The record, of any table. Flows fill this.
        document_id: SysId,
        /// The group that is asked, if the person is for it.
        group: Ref<SysapprovalGroup>,
        /// When it should be answered.
        due_date: DateTime<Utc>,
        /// Which round of asking it is.
        iteration: i64,
        /// Created.
        sys_created_on: DateTime<Utc>,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
        /// By whom: a `user_name`. Who answered, which may be a delegate or an integration.
        sys_updated_by: String,
        /// How often it was changed.
        sys_mod_count: i64,
    }
}

ticket! {
    /// One group that is asked (`GAPRV0010001`); the record is its `parent`. Table `sysapproval_group`.
    #[derive(Debug)]
    SysapprovalGroup in "sysapproval_group", state: TaskState {
        /// Whose answers count.
        wait_for: String,
    }
}
