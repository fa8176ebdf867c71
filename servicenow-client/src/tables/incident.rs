//! Incidents.

use chrono::{DateTime, TimeDelta, Utc};

use super::choice::choice;
use super::task::ticket;
use super::users::SysUser;
use crate::id::SysId;
use crate::value::Ref;

ticket! {
    /// An incident (`INC0010002`): something is broken for somebody. Table `incident`.
    ///
    /// [`incidents().resolve`](crate::ServiceNowClient::incidents) chooses a close code that the instance has.
    #[derive(Debug)]
    Incident in "incident", state: IncidentState {
        /// Whom it troubles.
        caller_id: Ref<SysUser>,
        /// `inquiry`, `software`, `hardware`, `network`, … and what a customer added.
        category: String,
        /// Depends on the category.
        subcategory: String,
        /// Why it is on hold.
        hold_reason: HoldReason,
        /// How it was resolved. The values differ by release.
        close_code: String,
        /// When it was resolved.
        resolved_at: DateTime<Utc>,
        /// By whom.
        resolved_by: Ref<SysUser>,
        /// How often it was opened again.
        reopen_count: i64,
        /// 1 (high) to 3.
        severity: i64,
        /// The incident that this one is a symptom of.
        parent_incident: Ref<Incident>,
        /// The problem behind it, a `problem`.
        problem_id: SysId,
        /// The change that mends it, a `change_request`.
        rfc: SysId,
        /// How long it was open, by the calendar of working hours.
        business_duration: TimeDelta,
        /// How long it was open.
        calendar_duration: TimeDelta,
    }
}

choice! {
    /// `state` of an incident. Instances that began before 2016 may have three waiting states: 3, 4 and 5.
    IncidentState {
        New = "1" "New",
        InProgress = "2" "In Progress",
        OnHold = "3" "On Hold",
        Resolved = "6" "Resolved",
        Closed = "7" "Closed",
        Canceled = "8" "Canceled",
    }
}

impl IncidentState {
    /// Whether nothing can be done about it any more. A resolved one can be opened again: it closes by itself after
    /// some days.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed | Self::Canceled)
    }
}

choice! {
    /// `hold_reason` of an incident.
    HoldReason {
        AwaitingCaller = "1" "Awaiting Caller",
        AwaitingProblem = "3" "Awaiting Problem",
        AwaitingVendor = "4" "Awaiting Vendor",
        AwaitingChange = "5" "Awaiting Change",
    }
}
