//! Service catalog: what can be ordered, requests, their items, and the tasks that fulfil them.

use chrono::{DateTime, Utc};

use super::choice::choice;
use super::task::{TaskState, ticket};
use super::users::SysUser;
use crate::id::SysId;
use crate::record;
use crate::value::Ref;

ticket! {
    /// A request (`REQ0010012`): what one person ordered at once. Table `sc_request`.
    ///
    /// Created by ordering, never by inserting: an inserted one has no items, variables or flow.
    #[derive(Debug)]
    ScRequest in "sc_request", state: TaskState {
        /// The state in words.
        request_state: RequestState,
        /// Where it stands, for people; free text.
        stage: String,
        /// Who gets it.
        requested_for: Ref<SysUser>,
        /// What it costs: a decimal number, in the currency of the API user's locale.
        price: String,
        /// When it is wanted.
        requested_date: DateTime<Utc>,
        /// What else the requester said.
        special_instructions: String,
    }
}

choice! {
    /// `request_state` of a request.
    RequestState {
        PendingApproval = "requested" "Pending Approval",
        Approved = "in_process" "Approved",
        ClosedComplete = "closed_complete" "Closed Complete",
        ClosedIncomplete = "closed_incomplete" "Closed Incomplete",
        ClosedCancelled = "closed_cancelled" "Closed Cancelled",
        ClosedRejected = "closed_rejected" "Closed Rejected",
        ClosedSkipped = "closed_skipped" "Closed Skipped",
    }
}

ticket! {
    /// An item of a request (`RITM0010028`). Table `sc_req_item`.
    ///
    /// Decide on `state`, `approval` and `active`; `stage` is free text of the flow. Do not write `approval` to skip
    /// approvers. Where a task exists, close that: the item follows by its flow.
    #[derive(Debug)]
    ScReqItem in "sc_req_item", state: TaskState {
        /// Where it stands, for people; free text.
        stage: String,
        /// The request it belongs to.
        request: Ref<ScRequest>,
        /// What was ordered.
        cat_item: Ref<ScCatItem>,
        /// Who gets it. Absent on older releases: read `request.requested_for` there.
        requested_for: Ref<SysUser>,
        /// How many.
        quantity: i64,
        /// What it costs: a decimal number, in the currency of the API user's locale.
        price: String,
        /// When it is expected.
        estimated_delivery: DateTime<Utc>,
        /// The workflow that runs, a `wf_context`.
        context: SysId,
        /// The flow that runs, a `sys_flow_context`.
        flow_context: SysId,
    }
}

ticket! {
    /// A task to fulfil an item (`SCTASK0010044`): the work queue of an integration. Table `sc_task`.
    ///
    /// To close one, write `state` and `close_notes`. Its item follows by its flow, some time later: all tasks Closed
    /// Complete close it so, and one that is Incomplete makes it incomplete. Items without a flow stay open. Look
    /// after a minute.
    #[derive(Debug)]
    ScTask in "sc_task", state: TaskState {
        /// The item it fulfils.
        request_item: Ref<ScReqItem>,
        /// The request that is part of.
        request: Ref<ScRequest>,
    }
}

record! {
    /// What can be ordered. Table `sc_cat_item`.
    #[derive(Debug)]
    ScCatItem in "sc_cat_item" {
        /// Its name.
        name: String,
        /// What it is, in a line.
        short_description: String,
        /// Whether it can be ordered.
        active: bool,
        /// Its category, a `sc_category`.
        category: SysId,
        /// The catalogs it is in, of `sc_catalog`.
        sc_catalogs: Vec<SysId>,
        /// What it costs: a decimal number, in the currency of the API user's locale.
        price: String,
        /// The table that it is really in: record producers and order guides are items too.
        sys_class_name: String,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
    }
}
