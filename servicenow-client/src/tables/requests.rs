//! Service catalog: requests, their items, and the tasks that fulfil them.

use chrono::{DateTime, Utc};

use super::task::{Approval, TaskState};
use super::users::{SysUser, SysUserGroup};
use crate::id::SysId;
use crate::record;
use crate::value::Ref;

record! {
    /// A request (`REQ0010012`): what one person ordered at once. Table `sc_request`.
    ///
    /// Created by ordering, never by inserting: an inserted one has no items, variables or flow.
    #[derive(Debug)]
    ScRequest in "sc_request" {
        /// The number people use.
        number: String,
        /// What it is about.
        short_description: String,
        /// The state, as of all tasks.
        state: TaskState,
        /// The state in words: `requested`, `in_process`, `closed_complete`, …
        request_state: String,
        /// Whether it is not closed.
        active: bool,
        /// The approval.
        approval: Approval,
        /// Where it stands, for people; free text.
        stage: String,
        /// Who gets it.
        requested_for: Ref<SysUser>,
        /// Who ordered.
        opened_by: Ref<SysUser>,
        /// When.
        opened_at: DateTime<Utc>,
        /// When it was closed.
        closed_at: DateTime<Utc>,
        /// When it should be done.
        due_date: DateTime<Utc>,
        /// A key of another system.
        correlation_id: String,
        /// Created.
        sys_created_on: DateTime<Utc>,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
        /// How often it was changed.
        sys_mod_count: i64,
    }
}

record! {
    /// An item of a request (`RITM0010028`). Table `sc_req_item`.
    ///
    /// Decide on `state`, `approval` and `active`; `stage` is free text of the flow. Where a task exists,
    /// close that: the item follows.
    #[derive(Debug)]
    ScReqItem in "sc_req_item" {
        /// The number people use.
        number: String,
        /// What it is about.
        short_description: String,
        /// The details.
        description: String,
        /// The state.
        state: TaskState,
        /// Whether it is not closed.
        active: bool,
        /// The approval.
        approval: Approval,
        /// Where it stands, for people; free text.
        stage: String,
        /// The request it belongs to.
        request: Ref<ScRequest>,
        /// What was ordered, a `sc_cat_item`.
        cat_item: SysId,
        /// Who gets it. Absent on older releases: read `request.requested_for` there.
        requested_for: Ref<SysUser>,
        /// How many.
        quantity: i64,
        /// Who works on it.
        assigned_to: Ref<SysUser>,
        /// The group that works on it.
        assignment_group: Ref<SysUserGroup>,
        /// Who ordered.
        opened_by: Ref<SysUser>,
        /// When.
        opened_at: DateTime<Utc>,
        /// When it was closed.
        closed_at: DateTime<Utc>,
        /// When it should be done.
        due_date: DateTime<Utc>,
        /// What was said on closing.
        close_notes: String,
        /// A key of another system.
        correlation_id: String,
        /// Whose key that is.
        correlation_display: String,
        /// Created.
        sys_created_on: DateTime<Utc>,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
        /// How often it was changed.
        sys_mod_count: i64,
    }
}

record! {
    /// A task to fulfil an item (`SCTASK0010044`): the work queue of an integration. Table `sc_task`.
    #[derive(Debug)]
    ScTask in "sc_task" {
        /// The number people use.
        number: String,
        /// What is to do.
        short_description: String,
        /// The details.
        description: String,
        /// The state.
        state: TaskState,
        /// Whether it is not closed.
        active: bool,
        /// The approval.
        approval: Approval,
        /// The item it fulfils.
        request_item: Ref<ScReqItem>,
        /// The request that is part of.
        request: Ref<ScRequest>,
        /// The item, as the task's parent.
        parent: SysId,
        /// Who works on it.
        assigned_to: Ref<SysUser>,
        /// The group that works on it.
        assignment_group: Ref<SysUserGroup>,
        /// 1 (critical) to 5.
        priority: i64,
        /// Who opened it.
        opened_by: Ref<SysUser>,
        /// When.
        opened_at: DateTime<Utc>,
        /// When it was closed.
        closed_at: DateTime<Utc>,
        /// When it should be done.
        due_date: DateTime<Utc>,
        /// What was said on closing. A data policy may want it.
        close_notes: String,
        /// A key of another system.
        correlation_id: String,
        /// Whose key that is.
        correlation_display: String,
        /// Created.
        sys_created_on: DateTime<Utc>,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
        /// How often it was changed.
        sys_mod_count: i64,
    }
}
