//! What all tickets share: their fields, states, approvals and watchers.

use std::fmt;

use chrono::TimeDelta;

use super::choice::choice;
use super::groups::SysUserGroup;
use super::users::SysUser;
use crate::id::SysId;
use crate::value::{FieldValue, Ref};

/// Defines a table that extends `task`: the fields that matter of all tickets, and its own.
macro_rules! ticket {
    (
        $(#[$meta:meta])*
        $name:ident in $table:literal, state: $state:ty {
            $($(#[$doc:meta])* $field:ident $(= $wire:literal)?: $kind:ty,)*
        }
    ) => {
        crate::record! {
            $(#[$meta])*
            $name in $table {
                /// The number people use.
                number: String,
                /// What it is about.
                short_description: String,
                /// The details.
                description: String,
                /// The state.
                state: $state,
                /// Whether it is not closed. Follows the state: set that, and filter by this.
                active: bool,
                /// The approval.
                approval: crate::tables::Approval,
                /// 1 (critical) to 5. Often computed of impact and urgency: set those.
                priority: i64,
                /// 1 (high) to 3.
                impact: i64,
                /// 1 (high) to 3.
                urgency: i64,
                /// Who works on it.
                assigned_to: crate::Ref<crate::tables::SysUser>,
                /// The group that works on it.
                assignment_group: crate::Ref<crate::tables::SysUserGroup>,
                /// Who opened it.
                opened_by: crate::Ref<crate::tables::SysUser>,
                /// When.
                opened_at: chrono::DateTime<chrono::Utc>,
                /// Who closed it.
                closed_by: crate::Ref<crate::tables::SysUser>,
                /// When.
                closed_at: chrono::DateTime<chrono::Utc>,
                /// What was said on closing. A data policy may want it.
                close_notes: String,
                /// When it should be done.
                due_date: chrono::DateTime<chrono::Utc>,
                /// The ticket that it belongs to, of any table.
                parent: crate::Ref<crate::tables::Task>,
                /// How it came: `email`, `phone`, …
                contact_type: String,
                /// Who is told of comments.
                watch_list: Vec<crate::tables::Watcher>,
                /// Who is told of work notes.
                work_notes_list: Vec<crate::tables::Watcher>,
                /// Company.
                company: crate::Ref<crate::tables::CoreCompany>,
                /// Location.
                location: crate::Ref<crate::tables::CmnLocation>,
                /// A key of another system.
                correlation_id: String,
                /// Whose key that is.
                correlation_display: String,
                $($(#[$doc])* $field $(= $wire)?: $kind,)*
                /// The table that the record is really in.
                sys_class_name: String,
                /// Created.
                sys_created_on: chrono::DateTime<chrono::Utc>,
                /// By whom: a `user_name`, not an id.
                sys_created_by: String,
                /// Last changed.
                sys_updated_on: chrono::DateTime<chrono::Utc>,
                /// By whom: a `user_name`, not an id.
                sys_updated_by: String,
                /// How often it was changed.
                sys_mod_count: i64,
            }
        }
    };
}

pub(super) use ticket;

ticket! {
    /// Any ticket. Table `task`, which all tickets extend.
    ///
    /// Reads incidents, requests and all others, with the fields that they share;
    /// [`sys_class_name`](Self::sys_class_name) says where to read the rest. What a state means depends on that table.
    #[derive(Debug)]
    Task in "task", state: TaskState {
        /// More people who work on it.
        additional_assignee_list: Vec<Ref<SysUser>>,
        /// More groups that work on it.
        group_list: Vec<Ref<SysUserGroup>>,
        /// How long it was open, by the calendar of working hours.
        business_duration: TimeDelta,
        /// How long it was open.
        calendar_duration: TimeDelta,
        /// 0 (normal) to 3 (overdue).
        escalation: i64,
        /// How often it was given to another group or person.
        reassignment_count: i64,
    }
}

choice! {
    /// `state` of `task` and its catalog children. Other tables number their states otherwise: an incident's 6 is
    /// Resolved.
    TaskState {
        Pending = "-5" "Pending",
        Open = "1" "Open",
        WorkInProgress = "2" "Work in Progress",
        ClosedComplete = "3" "Closed Complete",
        ClosedIncomplete = "4" "Closed Incomplete",
        ClosedSkipped = "7" "Closed Skipped",
    }
}

impl TaskState {
    /// Whether it is one of the closed states of the base system.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::ClosedComplete | Self::ClosedIncomplete | Self::ClosedSkipped)
    }
}

choice! {
    /// `approval` of a task, and `state` of an approver's row.
    Approval {
        NotRequested = "not requested" "Not Yet Requested",
        Requested = "requested" "Requested",
        Approved = "approved" "Approved",
        Rejected = "rejected" "Rejected",
        Cancelled = "cancelled" "Cancelled",
        NotRequired = "not_required" "No Longer Required",
        Duplicate = "duplicate" "Duplicate",
        MoreInformation = "more_info" "More Information Required",
        Skipped = "skipped" "Skipped",
    }
}

/// One of those who are told of a ticket: a user, or a mail address. Its `Debug` hides the address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Watcher {
    /// A user.
    User(Ref<SysUser>),
    /// Somebody who is no user of the instance.
    Mail(String),
}

impl FieldValue for Watcher {
    fn read(text: &str) -> Option<Self> {
        let user = text.parse::<SysId>().ok();
        Some(user.map_or_else(|| Self::Mail(text.to_owned()), |id| Self::User(id.into())))
    }

    fn write(&self) -> String {
        match self {
            Self::User(user) => user.id().to_string(),
            Self::Mail(address) => address.clone(),
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::Mail(_) => f.write_str("Mail(hidden)"),
        }
    }
}
