//! Access ends before its time.
//!
//! # Expected flow
//!
//! The person who has it, their manager, or whoever may approve it says so, on a ticket (`access`) or directly. The run
//! announces the end; every run that grants it sees that within five minutes, takes it back as at its expiry, and
//! comes to its end. Then this run looks whether anything is left, takes that too, and closes the item.
//!
//! # Caveats
//!
//! - What follows from the policy, or from a rule of Okta's, is not taken: it would come back.

use async_trait::async_trait;
use servicenow_client::tables::{SysUser, TaskState};
use servicenow_client::{Query, SysId};

use super::form::Form;
use super::grant_access::resolve;
use super::item::Item;
use super::person::Person;
use crate::access::{Access, AnnounceEnd, TakeBack, Unclaimed};
use crate::action::servicenow::{AddNote, Audience, CloseItem};
use crate::approval::permitted;
use crate::operation::{Operation, OperationError};
use crate::plan::{Closing, Intent, Plan, PolicyRef, Precedence, Step};
use crate::policy::{Approver, Policy, Target};
use crate::systems::Systems;

/// Ends access that somebody has.
#[derive(Debug, Clone)]
pub struct RevokeAccess {
    policy: Policy,
    asked_by: AskedBy,
}

#[derive(Debug, Clone)]
enum AskedBy {
    Ticket(String),
    Person { login: String, access: String, by: String, why: String },
}

impl RevokeAccess {
    /// Ends what the requested item, or catalog task, `number` names.
    #[must_use]
    pub fn ticket(number: impl Into<String>, policy: Policy) -> Self {
        Self { policy, asked_by: AskedBy::Ticket(number.into()) }
    }

    /// Ends `access`, a target of the policy, for the person who signs in as `login`, since `by` says so, for the reason
    /// `why`. Whether they may is the caller's to know.
    #[must_use]
    pub fn of(
        login: impl Into<String>,
        access: impl Into<String>,
        policy: Policy,
        by: impl Into<String>,
        why: impl Into<String>,
    ) -> Self {
        let (login, access, by, why) = (login.into(), access.into(), by.into(), why.into());
        Self { policy, asked_by: AskedBy::Person { login, access, by, why } }
    }
}

/// What is to end, for whom, and who says so.
#[derive(Debug)]
pub struct Asked {
    item: Option<Item>,
    person: Person,
    access: Access,
    why: String,
    /// The request, or the grants that are to end.
    key: String,
}

#[async_trait]
impl Operation for RevokeAccess {
    type Asked = Asked;

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        match &self.asked_by {
            AskedBy::Ticket(number) => self.on_ticket(systems, number).await,
            AskedBy::Person { login, access, by, why } => {
                let user = systems.servicenow.table::<SysUser>();
                let user = user.find_one(Query::new().eq("user_name", login.as_str())).await?;
                let user = user.ok_or_else(|| {
                    OperationError::NeedsHuman(format!(
                        "ServiceNow has no user {login}, or none that we may see"
                    ))
                })?;
                let person = Person::read(systems, &user.sys_id).await?;
                let access = self.access(systems, &person, access, self.target(access, login)?).await?;
                let claims = systems.claims(&person.subject()).await?.unwrap_or_default();
                let claims = claims.iter().filter(|claim| claim.target == access.target());
                let runs: Vec<&str> = claims.map(|claim| claim.run.as_str()).collect();
                // What is granted anew afterwards is another matter.
                let key = format!("{login}/{}/{}", access.target(), runs.join(","));
                let why = format!("{by} says: {why}");
                Ok(Asked { item: None, person, access, why, key })
            }
        }
    }

    fn intent(&self, asked: &Asked) -> Intent {
        let policy = PolicyRef { name: self.policy.name().to_owned(), hash: self.policy.hash().to_owned() };
        Intent::new("revoke_access", &asked.key, &(asked.access.target(), &asked.access.user), Some(policy))
    }

    async fn plan(&self, _: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        if let Some(item) = &asked.item {
            item.check_open()?;
        }
        let (target, access) = (asked.access.target(), asked.access.clone());
        let subject = asked.person.subject();
        let mut plan = Plan::new("revoke_access", Precedence::Revoke, self.intent(&asked), subject);
        plan.request = asked.item.as_ref().map(Item::request);
        let why = asked.why.as_str();
        plan.steps = vec![
            Step::new("announce", why, AnnounceEnd { target: target.clone() }),
            Step::gate("unclaimed", "each grant takes back what it gave", Unclaimed { target }),
            Step::new("take-back", why, TakeBack { access, given_by: None }),
        ];
        plan.closing = asked.item.as_ref().map(closing).unwrap_or_default();
        Ok(plan)
    }
}

impl RevokeAccess {
    async fn on_ticket(&self, systems: &Systems, number: &str) -> Result<Asked, OperationError> {
        let item = Item::read(systems, number).await?;
        let number = item.number().to_owned();
        let answers = item.answers(systems).await?;
        let mut form = Form::new(&answers);
        let (name, why) = (form.required("access", 100), form.text("justification", 1000));
        let (name, why) = form.filled(&number, (name, why))?;
        let (Some(requested_for), Some(opened_by)) =
            (item.record.requested_for.get(), item.record.opened_by.get())
        else {
            let why =
                format!("{number} does not show who it is for, and who opened it: may the API user read it?");
            return Err(OperationError::NeedsHuman(why));
        };
        let person = Person::read(systems, requested_for.id()).await?;
        let target = self.target(&name, &number)?;
        check_may(systems, target, requested_for.id(), opened_by.id(), &item).await?;
        let access = self.access(systems, &person, &name, target).await?;
        let key = item.key();
        Ok(Asked { item: Some(item), person, access, why: format!("{number} asks for it: {why}"), key })
    }

    fn target(&self, access: &str, number: &str) -> Result<&Target, OperationError> {
        self.policy.target(access).ok_or_else(|| {
            let known: Vec<&str> = self.policy.targets().map(|(name, _)| name).collect();
            let problem =
                format!("access is {access:?}: policy {} knows {}", self.policy.name(), known.join(", "));
            OperationError::BadRequest { number: number.to_owned(), problems: vec![problem] }
        })
    }

    async fn access(
        &self,
        systems: &Systems,
        person: &Person,
        name: &str,
        target: &Target,
    ) -> Result<Access, OperationError> {
        let decision = self.policy.evaluate(&person.attributes(&self.policy))?;
        if let Some(grant) = decision.grant(name) {
            let because: Vec<String> = grant.because.iter().map(ToString::to_string).collect();
            let (login, because) = (person.login(), because.join("; "));
            return Err(OperationError::NeedsHuman(format!("{login} has {name} by the policy: {because}")));
        }
        resolve(systems, &self.policy, person, name, target).await
    }
}

/// Who has it may give it up; so may say their manager, and whoever may approve it.
async fn check_may(
    systems: &Systems,
    target: &Target,
    requested_for: &SysId,
    opened_by: &SysId,
    item: &Item,
) -> Result<(), OperationError> {
    let mut approvers = target.approvers.clone();
    approvers.push(Approver::Manager);
    let may = opened_by == requested_for
        || permitted(systems, &approvers, &target.entitlement, requested_for).await?.contains(opened_by);
    if may { Ok(()) } else { item.check_approved() }
}

fn closing(item: &Item) -> Closing {
    let ticket = item.ticket_of_item();
    let tell = AddNote {
        ticket: ticket.clone(),
        audience: Audience::Requester,
        text: "The access has ended.".to_owned(),
        with_steps: false,
    };
    let report = AddNote {
        ticket,
        audience: Audience::Fulfillers,
        text: "This could not be finished. What was reached stays as it is.".to_owned(),
        with_steps: true,
    };
    let close = CloseItem {
        item: item.sys_id().clone(),
        number: item.number().to_owned(),
        to: TaskState::ClosedComplete,
        close_notes: "The access has ended, which was verified.".to_owned(),
    };
    Closing {
        done: vec![
            Step::new("tell", "whoever asked wants to know", tell).optional(),
            Step::new("close-item", "it is settled", close),
        ],
        declined: Vec::new(),
        failed: vec![Step::new("report-failure", "a person has to go on from here", report).optional()],
    }
}
