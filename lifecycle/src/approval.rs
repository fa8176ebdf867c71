//! Approvals, taken from the rows that the approvers answered, and never from the flag on the item.
//!
//! An item is approved if all of this holds:
//!
//! - Its `approval` is `approved`, it is open, and nobody rejected it. One rejection beats every approval.
//! - As many people as the target wants answered yes, each another person. An approver who stands in for somebody else
//!   (`sys_user_delegate`) is counted once, and both are recorded.
//! - Each is permitted: the manager of the person who is to get it, an owner of the target, or named by the policy; and
//!   none of them asked for it, gets it, or is our own user.
//! - Nothing was edited since: the answers on the form are those that were planned with, and older than the approvals. An
//!   approval that is bound to a plan came after the plan was attached.
//!
//! What was found is kept as a snapshot, whose hash is compared with what is found right before acting. An item that was
//! approved without anybody being asked is refused, unless the target wants no approval.
//!
//! # Caveats
//!
//! - ServiceNow does not tell who an approver's manager was at the time. What counts is who may approve when the answer is
//!   first seen, within a minute where an engine is running; and who might when it was planned, if they have left since.
//! - Who answered is `sys_updated_by` of the row. Whoever edits a row after it was answered voids it.
//! - Answers in multi-row variable sets are not looked at: nothing here is planned by them.

mod approvers;
mod asked;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use servicenow_client::SysId;

pub(crate) use self::approvers::permitted;
pub(crate) use self::asked::Poll;
use self::asked::{Asked, Glance};
use self::verdict::{Snapshot, Verdict};
use crate::action::servicenow::{AddNote, Audience, Ticket, TicketTable};
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};
use crate::gate::{Gate, Passage};
use crate::plan::StepId;
use crate::policy::{Approver, Entitlement};

/// The name under which the gate's findings hold the hash of what was approved.
pub const SNAPSHOT: &str = "snapshot";

/// The name under which the gate's findings hold who approved.
pub const APPROVED_BY: &str = "approved_by";

/// The name under which the gate's findings hold the `sys_id`s of the approvals that counted.
const ROWS: &str = "approvals";

/// How often an item that waits for approval is looked at.
const EVERY: TimeDelta = TimeDelta::seconds(60);

/// An approval that a plan needs: of what, for whom, by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The requested item.
    pub item: SysId,
    /// Its number, for people.
    pub number: String,
    /// Who gets it: a `sys_user`.
    pub requested_for: SysId,
    /// Who asked.
    pub opened_by: SysId,
    /// What they get.
    pub entitlement: Entitlement,
    /// The answers that were planned with, by the variable's name.
    pub answers: BTreeMap<String, String>,
    /// Who may approve.
    pub approvers: Vec<Approver>,
    /// Who that was when it was planned.
    pub permitted: BTreeSet<SysId>,
    /// How many have to, each another person. With 0 the item's own word is enough.
    pub needed: u32,
    /// The step that attaches the plan, if what is approved is the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_attached_by: Option<StepId>,
}

impl Approval {
    /// Who has to approve, for people.
    fn by(&self) -> String {
        let who = |approver: &Approver| match approver {
            Approver::Manager => "the manager".to_owned(),
            Approver::Owner => "an owner".to_owned(),
            Approver::Login(login) => login.clone(),
        };
        let who: Vec<String> = self.approvers.iter().map(who).collect();
        match self.needed {
            0 => "nobody in particular".to_owned(),
            1 => who.join(" or "),
            n => format!("{n} of: {}", who.join(", ")),
        }
    }

    fn ticket(&self) -> Ticket {
        Ticket { table: TicketTable::ScReqItem, sys_id: self.item.clone(), number: self.number.clone() }
    }

    /// How it stands, by what everybody who waits reads together.
    async fn glance(&self, context: &Context<'_>) -> Result<Glance, ActionError> {
        let Asked { item, rows } =
            context.systems.approvals().look(&context.systems.servicenow, &self.item).await?;
        Ok(asked::glance(&item, &rows))
    }

    fn describe(&self, verb: Verb, target: String) -> Change {
        let what = self.entitlement.to_string();
        Change::new("servicenow", verb, target).to("of", what).to("by", self.by())
    }

    fn permissions(&self) -> Permissions {
        let servicenow = Permissions::servicenow(&["itil"]);
        let needs_owners = self.approvers.contains(&Approver::Owner);
        let okta =
            if needs_owners { Permissions::okta(&["okta.groups.read"]) } else { Permissions::default() };
        [servicenow, okta].into_iter().collect()
    }
}

/// Why what an item asked for is wanted no more, though it was given: somebody withdrew the approval, or called it off.
pub(crate) async fn withdrawn(context: &Context<'_>, item: &SysId) -> Result<Option<String>, ActionError> {
    let asked = context.systems.approvals().look(&context.systems.servicenow, item).await?;
    Ok(asked::withdrawn(&asked))
}

/// Waits until an item is approved. Rejected, or called off, it never opens; approved by whom it must not be, or edited
/// meanwhile, the run stops and a person is asked. If nobody has decided by the deadline, it lapses.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Approved {
    /// The approval.
    pub approval: Approval,
    /// When it lapses.
    pub deadline: DateTime<Utc>,
}

#[typetag::serde(name = "servicenow.approved")]
#[async_trait]
impl Gate for Approved {
    fn describe(&self) -> Change {
        let target = format!("approval of {}", self.approval.number);
        self.approval
            .describe(Verb::Await, target)
            .to("lapses", self.deadline.format("%Y-%m-%d %H:%M UTC").to_string())
    }

    fn permissions(&self) -> Permissions {
        self.approval.permissions()
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        let approval = &self.approval;
        let verdict = match approval.glance(context).await? {
            Glance::Open => Verdict::Pending,
            Glance::Over(why) => Verdict::Declined(why),
            Glance::Approved => verdict::reach(approval, context).await?,
        };
        let now = context.systems.clock().now();
        Ok(match verdict {
            Verdict::Approved(snapshot) => Passage::Open(snapshot.findings()),
            Verdict::Pending if now >= self.deadline => {
                Passage::Declined(format!("nobody decided about {} in time", approval.number))
            }
            Verdict::Pending => Passage::Closed {
                waits_for: format!("approval of {} by {}", approval.number, approval.by()),
                look_again: self.deadline.min(now + EVERY),
            },
            Verdict::Declined(why) => Passage::Declined(why),
            Verdict::Void(why) => return Err(ActionError::permanent(why)),
        })
    }
}

/// Waits until an item's approval is decided, one way or the other, or an instant has come: time to remind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DecidedOrLate {
    /// The approval.
    pub approval: Approval,
    /// The instant.
    pub instant: DateTime<Utc>,
}

#[typetag::serde(name = "servicenow.decided_or_late")]
#[async_trait]
impl Gate for DecidedOrLate {
    fn describe(&self) -> Change {
        let what = format!(
            "an answer to {}, or {}",
            self.approval.number,
            self.instant.format("%Y-%m-%d %H:%M UTC")
        );
        Change::new("servicenow", Verb::Await, what)
    }

    fn permissions(&self) -> Permissions {
        self.approval.permissions()
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        let now = context.systems.clock().now();
        if now >= self.instant || self.approval.glance(context).await? != Glance::Open {
            return Ok(Passage::Open(Findings::new()));
        }
        Ok(Passage::Closed {
            waits_for: format!("approval of {} by {}", self.approval.number, self.approval.by()),
            look_again: self.instant.min(now + EVERY),
        })
    }
}

/// Says on the item that its approval is still open, unless it is decided by now.
#[derive(Debug, Serialize, Deserialize)]
pub struct Remind {
    /// The approval.
    pub approval: Approval,
    /// When the request lapses.
    pub deadline: DateTime<Utc>,
}

impl Remind {
    fn note(&self) -> AddNote {
        let (by, deadline) = (self.approval.by(), self.deadline.format("%Y-%m-%d %H:%M UTC"));
        AddNote {
            ticket: self.approval.ticket(),
            audience: Audience::Requester,
            text: format!("This still waits for approval by {by}. Without one it lapses on {deadline}."),
            with_steps: false,
        }
    }
}

#[typetag::serde(name = "servicenow.remind")]
#[async_trait]
impl Action for Remind {
    fn describe(&self) -> Change {
        Change::new(
            "servicenow",
            Verb::Add,
            format!("reminder on {}, if nobody has answered", self.approval.number),
        )
    }

    fn permissions(&self) -> Permissions {
        self.note().permissions()
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        match self.approval.glance(context).await? {
            Glance::Open => self.note().verify(context).await,
            Glance::Approved | Glance::Over(_) => Ok(State::reached()),
        }
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        self.note().apply(context).await
    }
}

/// Confirms right before acting that what was approved still is: nobody withdrew, nothing was edited, and the approvals
/// that counted are as they were.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApprovalStands {
    /// The approval.
    pub approval: Approval,
    /// The gate that found it.
    pub gate: StepId,
}

#[typetag::serde(name = "servicenow.approval_stands")]
#[async_trait]
impl Action for ApprovalStands {
    fn describe(&self) -> Change {
        self.approval.describe(Verb::Confirm, format!("approval of {} stands", self.approval.number))
    }

    fn permissions(&self) -> Permissions {
        self.approval.permissions()
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let was = context.finding(&self.gate, SNAPSHOT)?;
        let rows = Snapshot::rows_in(context.finding(&self.gate, ROWS)?)?;
        Ok(match verdict::take_again(&self.approval, &rows, context).await? {
            Ok(snapshot) if snapshot.hash() == was => State::reached(),
            Ok(_) => State::Drifted(format!("{} was changed after it was approved", self.approval.number)),
            Err(why) => State::Drifted(why),
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}
