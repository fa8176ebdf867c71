//! Onboarding: a new hire's ticket becomes a working account.
//!
//! # Expected flow
//!
//! The ticket (a `sc_req_item` with the answers, and its `sc_task`) is open and approved. Its answers are
//! complete, the manager is active, and the policy knows the department. The person is new, or was here
//! before: a former account is taken up again rather than a second one made. The plan takes the task, makes
//! the account STAGED, joins it to the groups that the policy grants, activates it on the start date (Okta
//! mails the link), writes what was done on the task, tells whoever asked, and closes the task.
//!
//! # Guarantees
//!
//! - Nobody gets somebody else's account: a login that is taken, also by a deactivated account, is never used
//!   again; the next in the sequence is.
//! - An account with the same employee number is never passed over, and only a DEPROVISIONED one is taken up.
//!   What it still belonged to is taken away before it is activated.
//! - Before the start date nobody can sign in, and on it nobody whose ticket was called off, put on hold or moved
//!   meanwhile.
//! - The activation link goes from Okta to the person, and nowhere else.
//!
//! # Caveats
//!
//! - The search by employee number lags behind writes by seconds. A twin made in that time shows by its login,
//!   which is looked up without lag.
//! - The start of a day is that of UTC.
//! - Admin roles of a former account are not taken away: a person is asked to.

mod hire;
mod person;

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::NaiveTime;
use okta_client::groups::{GroupId, GroupKind};
use okta_client::users::{Profile, ProfilePatch, UserStatus};
use servicenow_client::tables::TaskState;

use self::hire::Hire;
use self::person::Person;
use crate::action::Permissions;
use crate::action::okta::{
    Account, Activate, AddToGroup, CreateUser, RemoveFromGroup, ResetFactors, SendActivation, UpdateProfile,
};
use crate::action::servicenow::{AddNote, Audience, ConfirmRequest, EnsureUser, SetTicketState, Ticket};
use crate::gate::{At, When};
use crate::operation::item::Item;
use crate::operation::{Operation, OperationError};
use crate::plan::{Closing, Intent, Plan, PolicyRef, Precedence, Request, Step, StepId, Subject};
use crate::policy::{Attributes, Entitlement, Grant, Policy};
use crate::systems::Systems;

/// Onboards the person that a ticket asks for.
#[derive(Debug, Clone)]
pub struct Onboard {
    number: String,
    policy: Policy,
    servicenow_account: bool,
}

impl Onboard {
    /// Onboards the person that the requested item, or catalog task, `number` asks for, under `policy`.
    #[must_use]
    pub fn ticket(number: impl Into<String>, policy: Policy) -> Self {
        Self { number: number.into(), policy, servicenow_account: true }
    }

    /// Leaves the person's ServiceNow account to something else: Okta's own ServiceNow app, or an LDAP
    /// import.
    #[must_use]
    pub fn without_servicenow_account(mut self) -> Self {
        self.servicenow_account = false;
        self
    }

    fn policy_ref(&self) -> PolicyRef {
        PolicyRef { name: self.policy.name().to_owned(), hash: self.policy.hash().to_owned() }
    }
}

/// A ticket that asks for an onboarding, and what it says.
#[derive(Debug)]
pub struct Asked {
    item: Item,
    hire: Hire,
}

impl Asked {
    fn request(&self) -> Request {
        self.item.request()
    }

    fn ticket(&self) -> Ticket {
        self.item.ticket()
    }
}

#[async_trait]
impl Operation for Onboard {
    type Asked = Asked;

    fn permissions(&self) -> Option<Permissions> {
        // Roles: those of a former account. The log: whether a mail was sent.
        let okta = ["okta.users.manage", "okta.groups.manage", "okta.roles.read", "okta.logs.read"];
        let servicenow: &[_] = if self.servicenow_account { &["itil", "user_admin"] } else { &["itil"] };
        let both = [self.policy.permissions(), Permissions::okta(&okta), Permissions::servicenow(servicenow)];
        Some(both.into_iter().collect())
    }

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        let item = Item::read(systems, &self.number).await?;
        let hire = Hire::read(item.number(), &item.answers(systems).await?)?;
        Ok(Asked { item, hire })
    }

    fn intent(&self, asked: &Asked) -> Intent {
        Intent::new("onboard", &asked.item.key(), &asked.hire, Some(self.policy_ref()))
    }

    async fn plan(&self, systems: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        asked.item.check_open()?;
        asked.item.check_approved()?;
        let manager = person::manager(systems, &asked.hire).await?;
        let attributes = asked.hire.attributes(&manager, &self.policy);
        let grants = self.entitlements(systems, &attributes).await?;
        let (login, person) = match person::former_account(systems, &asked.hire).await? {
            Some(former) => (former.login.clone(), Person::Former(former)),
            None => (
                person::free_login(systems, &self.policy, &attributes, &asked.request().number).await?,
                Person::New,
            ),
        };
        if self.servicenow_account {
            person::check_servicenow_user(systems, &asked.hire, &login).await?;
        }
        let profile = asked.hire.profile(&attributes, &login);

        let ticket = asked.ticket();
        let why = asked.hire.why(&asked.request().number);
        let still_wanted = still_wanted(&asked, &ticket);
        let mut steps = vec![take(&ticket)];
        match person {
            Person::New => steps.extend(join(&asked, &why, profile, &grants, still_wanted)),
            Person::Former(former) => {
                steps.extend(rejoin(
                    &asked,
                    &why,
                    former,
                    hire::patch(&profile, &self.policy),
                    &grants,
                    still_wanted,
                ));
            }
        }
        if self.servicenow_account {
            steps.push(Step::new(
                "servicenow-account",
                &why,
                EnsureUser { user: asked.hire.servicenow_user(&login, &manager) },
            ));
        }
        let subject =
            Subject { name: asked.hire.name(), login, person: Some(asked.hire.employee_number.clone()) };
        Ok(Plan {
            request: Some(asked.request()),
            steps,
            closing: closing(&ticket, &asked.hire),
            ..Plan::new("onboard", Precedence::Onboard, self.intent(&asked), subject)
        })
    }
}

impl Onboard {
    /// What the policy grants, with every group looked up: it exists, is ours to manage, and has the name that
    /// the policy's author expected.
    async fn entitlements(
        &self,
        systems: &Systems,
        attributes: &Attributes,
    ) -> Result<Vec<Grant>, OperationError> {
        let decision = self.policy.evaluate(attributes)?;
        if decision.is_uncovered() {
            return Err(self.uncovered("person with this ticket", ""));
        }
        // An attribute that some rules know, with a value that none of them does, is a slip: `Contractor`
        // where the policy denies things to a `contractor`.
        for (attribute, variable) in [("department", "department"), ("userType", "employment_type")] {
            let known: Vec<_> = self.policy.literals(attribute).into_iter().collect();
            if !known.is_empty() && decision.rules_reading(attribute).is_empty() {
                let value = attributes.get_str(attribute).unwrap_or_default();
                return Err(self.uncovered(&format!("{variable} {value:?}"), &known.join(", ")));
            }
        }
        for Grant { target, entitlement, .. } in &decision.grants {
            let bad = |what: String| OperationError::BadTarget {
                policy: self.policy.name().to_owned(),
                line: self.policy.targets().find(|(name, _)| name == target).map_or(0, |(_, is)| is.line),
                target: target.clone(),
                what,
            };
            let Entitlement::OktaGroup { id, name } = entitlement else {
                return Err(bad(format!(
                    "{entitlement} cannot be granted by an onboarding: add birthright = false"
                )));
            };
            let group = systems.okta.groups().find(id).await?;
            let group = group.ok_or_else(|| bad(format!("Okta has no group {id}: correct `okta_group`")))?;
            if group.kind != GroupKind::OktaGroup {
                let owner = "it is filled by a directory, an app or Okta itself, so nobody can be added here";
                return Err(bad(format!("group {id} ({}): {owner}", group.profile.name)));
            }
            if name.as_ref().is_some_and(|name| *name != group.profile.name) {
                let is = &group.profile.name;
                return Err(bad(format!(
                    "group {id} is named {is:?} in Okta: correct `okta_group` or `name`"
                )));
            }
        }
        Ok(decision.grants)
    }

    fn uncovered(&self, what: &str, known: &str) -> OperationError {
        let known = if known.is_empty() { String::new() } else { format!("; it has rules for {known}") };
        OperationError::Uncovered {
            policy: self.policy.name().to_owned(),
            what: format!("no rule covers the {what}{known}. Correct the ticket, or add a rule"),
        }
    }
}

/// The steps for somebody who was never here.
fn join(asked: &Asked, why: &str, profile: Profile, grants: &[Grant], still_wanted: Step) -> Vec<Step> {
    let login = profile.login().unwrap_or_default().to_owned();
    let create = Step::new("create-account", why, CreateUser { profile });
    let account = Account::MadeBy { step: create.id.clone(), login };
    let activate = Activate { account: account.clone(), from: UserStatus::Staged, mail: true };
    let mut steps = vec![create];
    steps.extend(memberships(&account, grants));
    steps.extend([start_date(asked), still_wanted]);
    steps.push(Step::new("activate", asked.hire.why_activate(), activate).irrevocable());
    steps
}

/// The steps for somebody who was here before.
///
/// Memberships survive deactivation and come back with activation, so what is left over goes first. Until
/// the profile is current the rules of the old department may be at work: the link is withheld until the end.
fn rejoin(
    asked: &Asked,
    why: &str,
    former: person::Former,
    patch: ProfilePatch,
    grants: &[Grant],
    still_wanted: Step,
) -> Vec<Step> {
    let account = Account::Existing { id: former.id, login: former.login };
    let kept = |id: &GroupId| {
        grants.iter().any(
            |grant| matches!(&grant.entitlement, Entitlement::OktaGroup { id: granted, .. } if granted == id),
        )
    };
    let left_over = former.groups.into_iter().filter(|group| !kept(&group.id));
    let mut steps: Vec<Step> = (1..)
        .zip(left_over)
        .map(|(n, group)| {
            let action =
                RemoveFromGroup { account: account.clone(), group: group.id, group_name: group.profile.name };
            let why = "left over from before: it would come back with the activation";
            Step::new(&format!("leave-{n}"), why, action)
        })
        .collect();
    steps.extend([start_date(asked), still_wanted]);
    let activate = Activate { account: account.clone(), from: UserStatus::Deprovisioned, mail: false };
    let why_activate = "was here before: the former account is taken up again, so its history stays joined";
    steps.push(Step::new("activate", why_activate, activate).irrevocable());
    steps.push(Step::new("update-profile", why, UpdateProfile { account: account.clone(), patch }));
    steps.extend(memberships(&account, grants));
    let why_factors = "a phone enrolled before must open nothing now";
    steps.push(Step::new("reset-factors", why_factors, ResetFactors { account: account.clone() }));
    let why_mail = "everything is in place: now the person may get in";
    steps.push(Step::new("send-activation", why_mail, SendActivation { account }));
    steps
}

fn memberships(account: &Account, grants: &[Grant]) -> Vec<Step> {
    let join = |(n, grant): (usize, &Grant)| {
        let Entitlement::OktaGroup { id, name } = &grant.entitlement else { return None };
        let because: Vec<String> = grant.because.iter().map(ToString::to_string).collect();
        let action = AddToGroup {
            account: account.clone(),
            group: id.clone(),
            group_name: name.clone().unwrap_or_else(|| grant.target.clone()),
        };
        // The policy's author may call a target what he likes.
        let step = format!("join-{}", grant.target);
        let step = if step.parse::<StepId>().is_ok() { step } else { format!("join-target-{n}") };
        Some(Step::new(&step, because.join("; "), action))
    };
    (1..).zip(grants).filter_map(join).collect()
}

fn take(ticket: &Ticket) -> Step {
    let action = SetTicketState { ticket: ticket.clone(), to: TaskState::WorkInProgress, close_notes: None };
    Step::new("take-ticket", "so that nobody else begins on it", action)
}

/// Looked at last before anybody can sign in, however long the run waited or stalled until then.
fn still_wanted(asked: &Asked, ticket: &Ticket) -> Step {
    let start_date = ("start_date".to_owned(), asked.hire.start_date.to_string());
    let action = ConfirmRequest {
        item: asked.item.sys_id().clone(),
        ticket: ticket.clone(),
        answers: BTreeMap::from([start_date]),
    };
    Step::new("still-wanted", "nobody called it off or moved the start meanwhile", action)
}

fn start_date(asked: &Asked) -> Step {
    let start = asked.hire.start_date.and_time(NaiveTime::MIN).and_utc();
    Step::gate("start-date", "before it nobody can sign in", At::new(When::utc(start)))
}

fn closing(ticket: &Ticket, hire: &Hire) -> Closing {
    let note = |id: &str, why: &str, audience, text: String| {
        let with_steps = audience == Audience::Fulfillers;
        Step::new(id, why, AddNote { ticket: ticket.clone(), audience, text, with_steps })
    };
    let name = hire.name();
    let done = vec![
        note(
            "report",
            "the evidence stays with the request",
            Audience::Fulfillers,
            format!("Onboarding of {name} is done."),
        ),
        note(
            "tell-requester",
            "whoever asked wants to know",
            Audience::Requester,
            format!("The account for {name} is ready. Okta has mailed the link to set it up."),
        ),
        Step::new(
            "close-ticket",
            "every step was verified",
            SetTicketState {
                ticket: ticket.clone(),
                to: TaskState::ClosedComplete,
                close_notes: Some(format!("Account and access for {name} were set up and verified.")),
            },
        ),
    ];
    // Optional, so that the run tells what failed rather than that a closed ticket takes no note.
    let failed = note(
        "report-failure",
        "a person has to go on from here",
        Audience::Fulfillers,
        format!(
            "Onboarding of {name} could not be finished. What was reached stays as it is; the ticket stays open for a person to go on."
        ),
    );
    Closing { done, declined: Vec::new(), failed: vec![failed.optional()] }
}
