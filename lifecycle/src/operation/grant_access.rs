//! A request for access becomes access that ends.
//!
//! # Expected flow
//!
//! The requested item says what is wanted (`access`, a target of the policy), for how long (`duration`) and what for
//! (`justification`). The run waits for the approvals that the policy wants, reminds twice, gives the access once
//! they are verified, tells whoever asked until when, and closes the item. Then it waits for the end, takes the access back,
//! and comes to rest. Everybody who asks names the item only: all else is read from it, and read again before it counts.
//!
//! A renewal is another request for the same: whichever of the two ends last takes the access back.
//!
//! # In an emergency
//!
//! An item that names an incident (`incident`) gives access at once, for four hours at most, to somebody whom a rule of the
//! policy lets ask for it. An incident of its own says so, and somebody has to approve within a day, or a second one does.
//!
//! # Guarantees
//!
//! - Nothing is written outside the ticket before the approval was [verified](crate::approval), and nothing after it was
//!   rejected, withdrawn or edited.
//! - The time counts from when the access was given, and is never longer than the policy allows.
//! - What the person had before is never taken away, nor what a rule or another grant explains.
//! - A ServiceNow that is away keeps nobody's access alive; an Okta that is away is tried until it answers, and an incident
//!   is opened after 15 minutes if the access is privileged, and a day if not.
//!
//! # Caveats
//!
//! - Access without an end is not given on request: it follows from the policy, or is renewed.
//! - That an app's account is provisioned is not waited for.
//! - Nobody is warned before the end: the ticket is closed by then, and says when that is.

mod request;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use servicenow_client::SysId;
use servicenow_client::tables::TaskState;

use self::request::Wish;
pub(crate) use self::request::resolve;
use super::item::Item;
use super::person::Person;
use crate::access::{
    Access, AccessEnds, Give, Overdue, PersonIsActive, StillGrantable, TakeBack, TakenBackOrLate, TellEnd,
};
use crate::action::servicenow::{AddNote, AttachPlan, Audience, CloseItem, Escalate, OpenIncident, Ticket};
use crate::approval::{Approval, ApprovalStands, Approved, DecidedOrLate, Remind, permitted};
use crate::gate::Until;
use crate::operation::{Operation, OperationError};
use crate::plan::{Claim, Closing, Intent, Plan, PolicyRef, Precedence, Step};
use crate::policy::{Entitlement, Policy, Risk, Target};
use crate::systems::Systems;

/// How long access lasts at most that nobody has approved yet.
const EMERGENCY: TimeDelta = TimeDelta::hours(4);

/// How soon it has to be approved.
const REVIEW: TimeDelta = TimeDelta::hours(24);

/// Gives the access that a ticket asks for, for as long as it may.
#[derive(Debug, Clone)]
pub struct GrantAccess {
    number: String,
    policy: Policy,
    lapses_after: TimeDelta,
    bound_to_plan: bool,
    escalates_to: Option<(SysId, String)>,
}

impl GrantAccess {
    /// Gives the access that the requested item, or catalog task, `number` asks for, if `policy` knows it.
    #[must_use]
    pub fn ticket(number: impl Into<String>, policy: Policy) -> Self {
        Self {
            number: number.into(),
            policy,
            lapses_after: TimeDelta::days(14),
            bound_to_plan: false,
            escalates_to: None,
        }
    }

    /// Lets a request lapse that nobody has decided about so long after it was planned. 14 days by default.
    #[must_use]
    pub fn lapses_after(mut self, time: TimeDelta) -> Self {
        self.lapses_after = time;
        self
    }

    /// Attaches the plan to the item, and counts only approvals that came after that: what is approved is the plan.
    #[must_use]
    pub fn bound_to_plan(mut self) -> Self {
        self.bound_to_plan = true;
        self
    }

    /// Hands an item that cannot be finished to a group, by its record and name.
    #[must_use]
    pub fn escalates_to(mut self, group: SysId, name: impl Into<String>) -> Self {
        self.escalates_to = Some((group, name.into()));
        self
    }

    fn policy_ref(&self) -> PolicyRef {
        PolicyRef { name: self.policy.name().to_owned(), hash: self.policy.hash().to_owned() }
    }
}

/// A ticket that asks for access, and what it says.
#[derive(Debug)]
pub struct Asked {
    item: Item,
    wish: Wish,
}

#[async_trait]
impl Operation for GrantAccess {
    type Asked = Asked;

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        let item = Item::read(systems, &self.number).await?;
        let wish = Wish::read(&item, &item.answers(systems).await?)?;
        Ok(Asked { item, wish })
    }

    fn intent(&self, asked: &Asked) -> Intent {
        Intent::new("grant_access", &asked.item.key(), &asked.wish, Some(self.policy_ref()))
    }

    async fn plan(&self, systems: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        asked.item.check_open()?;
        let target = asked.wish.target(&self.policy, asked.item.number())?;
        let person = Person::read(systems, &asked.wish.requested_for).await?;
        request::check_allowed(&self.policy, &person, &asked)?;
        let access = request::resolve(systems, &self.policy, &person, &asked.wish.access, target).await?;
        let approval = self.approval(systems, &asked, target).await?;
        let grant = Grant {
            lasts: asked.wish.lasts(target),
            item: asked.item.ticket_of_item(),
            conflicts: request::conflicts(&self.policy, target),
            target,
            access,
            approval,
            asked: &asked,
        };

        let now = systems.clock().now();
        let mut plan = Plan::new("grant_access", Precedence::Grant, self.intent(&asked), person.subject());
        plan.request = Some(asked.item.request());
        plan.claims = vec![grant.claim()];
        plan.steps = match &asked.wish.incident {
            Some(incident) => grant.in_an_emergency(incident, now + REVIEW),
            None => grant.once_approved(self.bound_to_plan, now, now + self.lapses_after),
        };
        plan.closing = match asked.wish.incident {
            Some(_) => grant.emergency_closing(),
            None => grant.closing(),
        };
        plan.closing.failed = grant.failed(self.escalates_to.as_ref());
        Ok(plan)
    }
}

impl GrantAccess {
    async fn approval(
        &self,
        systems: &Systems,
        asked: &Asked,
        target: &Target,
    ) -> Result<Approval, OperationError> {
        let (wish, approvers) = (&asked.wish, target.approvers.clone());
        let attached = self.bound_to_plan && wish.incident.is_none();
        Ok(Approval {
            item: asked.item.sys_id().clone(),
            number: asked.item.number().to_owned(),
            requested_for: wish.requested_for.clone(),
            opened_by: wish.opened_by.clone(),
            permitted: permitted(systems, &approvers, &target.entitlement, &wish.requested_for).await?,
            entitlement: target.entitlement.clone(),
            answers: wish.answers(),
            approvers,
            needed: target.approvals,
            plan_attached_by: attached.then(|| id("attach-plan")),
        })
    }
}

/// What a plan is made of.
struct Grant<'a> {
    asked: &'a Asked,
    target: &'a Target,
    access: Access,
    approval: Approval,
    /// How long, in seconds.
    lasts: u64,
    conflicts: Vec<(String, Entitlement)>,
    item: Ticket,
}

impl Grant<'_> {
    fn claim(&self) -> Claim {
        Claim { step: id("grant"), target: self.access.target(), until: None, ends_with: Some(id("expiry")) }
    }

    fn why(&self) -> String {
        let Wish { justification, .. } = &self.asked.wish;
        format!("{} asks for it: {justification}", self.item.number)
    }

    fn once_approved(&self, bound: bool, now: DateTime<Utc>, deadline: DateTime<Utc>) -> Vec<Step> {
        let mut steps = Vec::new();
        if bound {
            let action = AttachPlan { ticket: self.item.clone() };
            steps.push(Step::new("attach-plan", "what is approved is exactly this", action));
        }
        steps.extend(self.asking(now, deadline));
        steps.push(self.person_is_active());
        let gate = id("approval");
        let stands = ApprovalStands { approval: self.approval.clone(), gate };
        steps.push(Step::guard("approval-stands", "nobody withdrew or edited it meanwhile", stands));
        steps.extend(self.giving(&["approval-stands"]));
        steps.push(self.close("close-item", TaskState::ClosedComplete).escalating().needs(["grant"]));
        steps.extend(self.ending());
        steps
    }

    /// The approval, with a reminder after half of the time and one after four fifths.
    fn asking(&self, now: DateTime<Utc>, deadline: DateTime<Utc>) -> Vec<Step> {
        let approval = &self.approval;
        let mut steps = Vec::new();
        for (gate, reminder, percent) in [("answer", "remind", 50), ("late-answer", "remind-again", 80)] {
            let instant = now + (deadline - now) * percent / 100;
            let late = DecidedOrLate { approval: approval.clone(), instant };
            steps.push(Step::gate(gate, "until it is time to remind", late));
            let remind = Remind { approval: approval.clone(), deadline };
            steps.push(Step::new(reminder, "it lapses without an answer", remind).optional());
        }
        let why = format!("the policy wants {} to approve it", approval.needed);
        let approved = Approved { approval: approval.clone(), deadline };
        steps.push(Step::gate("approval", why, approved));
        steps
    }

    fn in_an_emergency(&self, incident: &str, review_by: DateTime<Utc>) -> Vec<Step> {
        let alarm = OpenIncident {
            short_description: format!("Emergency access of {} to {}", self.access.login, self.access.name),
            description: format!(
                "{} gives it for {incident}, before anybody has approved: {}\nIt has to be approved there within a day.",
                self.item.number, self.asked.wish.justification
            ),
            urgency: 2,
            assignment_group: None,
        };
        let mut steps = vec![
            self.person_is_active(),
            Step::new("alarm", "what nobody has approved does not go unnoticed", alarm),
        ];
        steps.extend(self.giving(&["alarm"]));
        steps.extend(self.ending());
        let approved = Approved { approval: self.approval.clone(), deadline: review_by };
        steps.push(Step::gate("review", "emergency access is approved afterwards", approved));
        steps
    }

    fn person_is_active(&self) -> Step {
        let active = Until::new(PersonIsActive { access: self.access.clone() }, 60);
        Step::gate("person-is-active", "nothing is given to somebody who has left", active)
    }

    fn giving(&self, needs: &[&str]) -> Vec<Step> {
        let access = self.access.clone();
        let grantable = StillGrantable {
            access: access.clone(),
            risk: self.target.risk,
            conflicts: self.conflicts.clone(),
        };
        let give = Give { access: access.clone() };
        let back = TakeBack { access, given_by: Some(id("grant")) };
        let tell = TellEnd {
            ticket: self.item.clone(),
            what: self.access.name.clone(),
            given_by: id("grant"),
            lasts: self.lasts,
        };
        vec![
            Step::guard("still-grantable", "an approval may take weeks", grantable),
            Step::new("grant", self.why(), give)
                .needs(needs.iter().copied().chain(["still-grantable"]))
                .undone_by(back),
            self.note("report", Audience::Fulfillers, "The access is given.").needs(["grant"]),
            Step::new("tell", "whoever asked wants to know until when", tell).optional().needs(["grant"]),
        ]
    }

    fn ending(&self) -> Vec<Step> {
        let ends = AccessEnds {
            target: self.access.target(),
            given_by: id("grant"),
            lasts: self.lasts,
            item: self.asked.item.sys_id().clone(),
        };
        let back = TakeBack { access: self.access.clone(), given_by: Some(id("grant")) };
        let late = if self.target.risk == Risk::Privileged { 15 * 60 } else { 24 * 60 * 60 };
        let watch = TakenBackOrLate { taken_by: id("take-back"), over: id("expiry"), late };
        let incident = OpenIncident {
            short_description: format!(
                "Access of {} to {} is over, and still there",
                self.access.login, self.access.name
            ),
            description: format!(
                "{} gave it; taking it back has failed until now, and is tried again.",
                self.item.number
            ),
            urgency: 1,
            assignment_group: None,
        };
        let overdue = Overdue { taken_by: id("take-back"), incident };
        vec![
            Step::gate("expiry", "it was given for this long", ends).needs(["grant"]),
            Step::new("take-back", "its time is over", back).needs(["expiry"]).escalating().irrevocable(),
            Step::gate("overdue", "access that cannot be ended is an incident", watch).needs(["expiry"]),
            Step::new("alarm-overdue", "a person has to end it", overdue).needs(["overdue"]).optional(),
        ]
    }

    fn note(&self, step: &str, audience: Audience, text: &str) -> Step {
        let with_steps = audience == Audience::Fulfillers;
        let action = AddNote { ticket: self.item.clone(), audience, text: text.to_owned(), with_steps };
        // Optional, as a closed ticket takes no note.
        Step::new(step, "the evidence stays with the request", action).optional()
    }

    fn close(&self, step: &str, to: TaskState) -> Step {
        let close_notes = match to {
            TaskState::ClosedComplete => "The access was given and verified. It ends by itself.",
            _ => "The request was not carried out.",
        };
        let action = CloseItem {
            item: self.asked.item.sys_id().clone(),
            number: self.item.number.clone(),
            to,
            close_notes: close_notes.to_owned(),
        };
        Step::new(step, "it is settled", action)
    }

    fn closing(&self) -> Closing {
        Closing {
            done: vec![self.note("report-end", Audience::Fulfillers, "The access has ended.")],
            declined: vec![
                self.note("tell-declined", Audience::Requester, "The request was not carried out."),
                self.note("report-declined", Audience::Fulfillers, "The request was not carried out."),
                self.close("close-declined", TaskState::ClosedIncomplete).optional(),
            ],
            failed: Vec::new(),
        }
    }

    fn emergency_closing(&self) -> Closing {
        let mut closing = self.closing();
        closing.done.push(self.close("close-item", TaskState::ClosedComplete));
        let finding = OpenIncident {
            short_description: format!("Emergency access of {} was not approved", self.access.login),
            description: format!(
                "{} gave {}, and nobody approved it afterwards.",
                self.item.number, self.access.name
            ),
            urgency: 2,
            assignment_group: None,
        };
        let why = "what nobody approves afterwards is looked into";
        closing.declined.insert(0, Step::new("not-approved", why, finding).escalating());
        closing
    }

    fn failed(&self, group: Option<&(SysId, String)>) -> Vec<Step> {
        const TEXT: &str = "The request could not be finished. What was reached stays as it is.";
        let Some((group, name)) = group else {
            return vec![self.note("report-failure", Audience::Fulfillers, TEXT)];
        };
        let escalate = Escalate {
            ticket: self.item.clone(),
            group: group.clone(),
            group_name: name.clone(),
            text: TEXT.to_owned(),
        };
        vec![Step::new("escalate", "a person has to go on from here", escalate).optional()]
    }
}

fn id(step: &str) -> crate::plan::StepId {
    step.parse().expect("a step's name is part of the program")
}
