//! Credential self-service: somebody cannot sign in, and an incident says so.
//!
//! # Expected flow
//!
//! The incident names its caller; caller and Okta account are one person. The account is diagnosed in both systems, and
//! the diagnosis stands in a work note: it decides most tickets at one look. What is done follows from the account's
//! status and from who keeps its password (`self_service/course.rs` has the table); what must be shown about who asks
//! follows from what is asked and how the ticket came (`self_service/proofing.rs`). Then it is done, confirmed, and the
//! incident is resolved with a comment in plain words; or it goes to the team whose job it is.
//!
//! # Guarantees
//!
//! - No link, password or code is ever in a ticket, plan, journal, ledger or log: links go from Okta to the person, the
//!   rest through the [`Courier`](crate::hooks::Courier).
//! - Factors are never touched without proof, and not without two proofs if no other factor is left.
//! - Nothing is done for administrators, protected accounts and VIPs, for somebody with an open security incident or a HIGH
//!   risk, or while an account is under attack.
//! - Two of unlock, new password and removed factor within 24 hours, a fourth help within 7 days, or a requester who
//!   asks for too many others, wait for a second person.
//! - All of this is looked at again just before anything is done.
//!
//! # Caveats
//!
//! - "Through single sign-on, with a known device" is read from the System Log: a sign-in of the person with a device
//!   that Okta knew, within a day before the ticket. Without one it needs proof.
//! - What happens after a reset (a first sign-in from an unusual place, or none at all) is not watched here.

mod course;
mod diagnosis;
mod enrol_factor;
mod proofing;
mod request;
mod resend_link;
mod reset_factors;
mod reset_password;
mod still_safe;
mod unlock;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use okta_client::groups::GroupId;
use okta_client::users::User;
use serde::{Deserialize, Serialize};
use servicenow_client::SysId;
use servicenow_client::tables::TaskState;

use self::course::Owner;
use self::diagnosis::{Diagnosis, Help};
use self::proofing::{By, NoteProof, ProofOfPerson, Proofing, SecondPerson, proofing, second_look};
use self::still_safe::StillSafe;
use crate::action::Permissions;
use crate::action::okta::Account;
use crate::action::servicenow::{AddNote, Assign, Audience, Escalate, OpenIncident, SetTicketState};
use crate::guard::Safeguards;
use crate::operation::OperationError;
use crate::plan::{Intent, Plan, Precedence, Step, Subject};
use crate::systems::Systems;

pub use self::enrol_factor::EnrolFactor;
pub use self::proofing::{MANAGER_CONFIRMS, SECOND_PERSON};
pub use self::request::Asked;
pub use self::resend_link::ResendLink;
pub use self::reset_factors::ResetFactors;
pub use self::reset_password::ResetPassword;
pub use self::unlock::Unlock;

/// How long a proof is good for.
pub const PROOF_LASTS: TimeDelta = TimeDelta::minutes(proofing::LASTS_MINUTES);

/// So many times within 7 days somebody is helped without a second person looking.
const HELP_A_WEEK: usize = 3;

/// How long a run waits for people.
const PATIENCE: TimeDelta = TimeDelta::hours(24);

/// The company's help desk: its teams, and whom no program helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelpDesk {
    /// Who goes on where this program does not.
    pub second_line: Team,
    /// Who looks after attacks, administrators and protected accounts.
    pub security: Team,
    /// Who looks after the directories; none for the second line.
    #[serde(default)]
    pub directory: Option<Team>,
    /// Who looks after other identity providers; none for the second line.
    #[serde(default)]
    pub identity_provider: Option<Team>,
    /// Accounts and groups that nothing automatic is done to.
    #[serde(default)]
    pub safeguards: Safeguards,
    /// Groups of people whom only people help.
    #[serde(default)]
    pub vip_groups: BTreeSet<GroupId>,
    /// Whether Okta may reset passwords that a directory keeps.
    #[serde(default)]
    pub delegated_reset: bool,
    /// For so many others somebody may ask within 24 hours before a second person has to look.
    #[serde(default = "some_others")]
    pub requests_for_others: u64,
}

fn some_others() -> u64 {
    20
}

/// A team's assignment group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// The `sys_user_group`.
    pub group: SysId,
    /// Its name, for people.
    pub name: String,
}

impl HelpDesk {
    /// A help desk of two teams.
    #[must_use]
    pub fn new(second_line: Team, security: Team) -> Self {
        Self {
            second_line,
            security,
            directory: None,
            identity_provider: None,
            safeguards: Safeguards::default(),
            vip_groups: BTreeSet::new(),
            delegated_reset: false,
            requests_for_others: some_others(),
        }
    }

    fn team(&self, owner: Owner) -> &Team {
        let own = match owner {
            Owner::SecondLine => None,
            Owner::Security => Some(&self.security),
            Owner::Directory => self.directory.as_ref(),
            Owner::IdentityProvider => self.identity_provider.as_ref(),
        };
        own.unwrap_or(&self.second_line)
    }
}

/// The person, as runs are told apart by.
fn subject(user: &User) -> Subject {
    let text = |name: &str| user.profile.text(name).unwrap_or_default();
    Subject {
        login: user.profile.login().unwrap_or_default().to_owned(),
        name: format!("{} {}", text("firstName"), text("lastName")).trim().to_owned(),
        person: user.profile.text("employeeNumber").map(str::to_owned),
    }
}

/// A request, and all that is known about it.
struct Case<'a> {
    desk: &'a HelpDesk,
    asked: Asked,
    diagnosis: Diagnosis,
    requests_for_others: u64,
}

/// Help to be given: what is done, of which kinds, and what the person is told.
struct Treatment {
    steps: Vec<Step>,
    help: Vec<Help>,
    /// Whether the person still has a factor afterwards.
    keeps_factor: bool,
    /// What happened and what the person does next, in plain words.
    tell: String,
    /// Who goes on if it cannot be done.
    owner: Owner,
}

/// The step that everything which is done needs.
const STILL_SAFE: &str = "still-safe";

impl<'a> Case<'a> {
    /// Looks at everything that decides. Reads only.
    async fn open(systems: &Systems, desk: &'a HelpDesk, asked: Asked) -> Result<Self, OperationError> {
        asked.check_open()?;
        let caller = &asked.caller.sys_id;
        let diagnosis = Diagnosis::read(systems, desk, &asked.user, caller, None).await;
        let diagnosis = diagnosis.map_err(|error| OperationError::NeedsHuman(error.to_string()))?;
        let requests_for_others = asked.requests_for_others(systems).await?;
        Ok(Self { desk, asked, diagnosis, requests_for_others })
    }

    fn account(&self) -> Account {
        Account::Existing { id: self.diagnosis.id.clone(), login: self.diagnosis.login.clone() }
    }

    fn plan(&self, intent: Intent) -> Plan {
        let operation = intent.key.split(':').next().unwrap_or_default().to_owned();
        let mut plan = Plan::new(&operation, Precedence::SelfService, intent, subject(&self.asked.user));
        plan.request = Some(self.asked.request());
        plan.steps.push(self.take());
        plan.steps.push(self.work_note("diagnosis", "at one look", self.diagnosis.to_string()));
        plan
    }

    /// Help, if who asks may have it: proof, a last look, and what is done.
    fn help(&self, intent: Intent, treatment: Treatment) -> Plan {
        let Treatment { steps, help, keeps_factor, tell, owner } = treatment;
        let (proofs, why) = match proofing(&self.diagnosis, &self.asked, &help, keeps_factor) {
            Proofing::Refused(owner, why) => return self.refuse(intent, owner, &why),
            Proofing::NotNeeded => (Vec::new(), String::new()),
            Proofing::Needed(by, why) => (by, why),
        };
        let mut plan = self.plan(intent);
        let mut proven_by = Vec::new();
        for (n, by) in (1..).zip(proofs) {
            let (gate, note) = self.proof(n, by, &why);
            proven_by.push(gate.id.clone());
            plan.steps.extend([gate, note]);
        }
        let second = self.second_look(&help);
        plan.steps.extend(second.clone().map(|why| self.second_person(why)));
        let still_safe = StillSafe {
            account: self.account(),
            caller: self.asked.caller.sys_id.clone(),
            desk: self.desk.clone(),
            help,
            second_person: second.is_some(),
            proofs: proven_by,
        };
        plan.steps.push(Step::guard(STILL_SAFE, "whoever asks, and however long it took", still_safe));
        plan.steps.extend(steps.into_iter().map(|step| step.needs([STILL_SAFE])));
        plan.closing.done = self.resolved(&tell);
        plan.closing.declined = self.handed_on(
            "declined",
            Owner::SecondLine,
            "Nobody showed in time that it is the person, or somebody said that it is not. Nothing was done.",
            "We could not confirm that this request is yours, so nothing was changed. A colleague will contact you.",
        );
        plan.closing.failed = self.handed_on(
            "failed",
            owner,
            "It could not be done, or not all of it: the steps say how far it went.",
            "We could not finish this automatically. A colleague will look into it and contact you.",
        );
        plan
    }

    /// Nothing to do: the person is told why, and the incident is resolved.
    fn nothing(&self, intent: Intent, tell: &str) -> Plan {
        let mut plan = self.plan(intent);
        plan.closing.done = self.resolved(tell);
        plan
    }

    /// Another team's job: it gets the ticket and the diagnosis, and the person is told.
    fn route(&self, intent: Intent, owner: Owner, why: &str, tell: &str) -> Plan {
        let mut plan = self.plan(intent);
        plan.steps.push(self.work_note("why", "the team should not have to find out again", why.to_owned()));
        plan.steps.push(self.comment("tell-caller", tell));
        plan.steps.push(self.assign(owner));
        plan
    }

    /// Nothing is done by a program. Whoever asks learns no reason; security does, on its incidents too.
    fn refuse(&self, intent: Intent, owner: Owner, why: &str) -> Plan {
        let tell = "We cannot do this automatically. A colleague will look into it and contact you.";
        let mut plan = self.route(intent, owner, &format!("Not done by a program: {why}."), tell);
        let number = &self.asked.ticket.number;
        for (n, incident) in (1..).zip(&self.diagnosis.security_incidents) {
            let text =
                format!("{number} asks for help with signing in for the same person. Nothing was done.");
            let note =
                AddNote { ticket: incident.clone(), audience: Audience::Fulfillers, text, with_steps: false };
            plan.steps.push(Step::new(&format!("tell-security-{n}"), "it may be part of it", note));
        }
        if let Some(attack) = self.diagnosis.attack().filter(|_| self.diagnosis.security_incidents.is_empty())
        {
            let login = &self.diagnosis.login;
            let incident = OpenIncident {
                short_description: format!("Somebody is attacking the account {login}"),
                description: format!(
                    "{attack}. {number} asks for it to be unlocked or reset: nothing was done.\n\n{}",
                    self.diagnosis
                ),
                urgency: 1,
                assignment_group: Some(self.desk.security.group.clone()),
            };
            plan.steps.push(Step::new("open-incident", "an attack is not unlocked away", incident));
        }
        plan
    }

    fn proof(&self, n: usize, by: By, why: &str) -> (Step, Step) {
        let (id, note) = (format!("proof-{n}"), format!("note-proof-{n}"));
        let gate = ProofOfPerson {
            login: self.diagnosis.login.clone(),
            ticket: self.asked.ticket.number.clone(),
            by,
            manager: self.asked.confirming_manager().map(str::to_owned),
        };
        let gate = Step::gate(&id, why, gate).until(self.asked.read_at + PATIENCE);
        let note_proof = NoteProof { ticket: self.asked.ticket.clone(), step: gate.id.clone() };
        (gate, Step::new(&note, "who looks later wants to know", note_proof))
    }

    /// Why a second person has to look first, if one has to.
    fn second_look(&self, help: &[Help]) -> Option<String> {
        let others = self.requests_for_others;
        let too_many = (others > self.desk.requests_for_others)
            .then(|| format!("{} asked for {others} others within 24 hours", self.asked.requester_name()));
        second_look(&self.diagnosis, help).or(too_many)
    }

    fn second_person(&self, why: String) -> Step {
        let not = [self.asked.requester_name(), self.asked.caller_name()].map(str::to_owned).to_vec();
        let gate = SecondPerson { why: why.clone(), not };
        Step::gate("second-person", why, gate).until(self.asked.read_at + PATIENCE)
    }

    fn take(&self) -> Step {
        let ticket = self.asked.ticket.clone();
        let action = SetTicketState { ticket, to: TaskState::WorkInProgress, close_notes: None };
        Step::new("take-ticket", "so that nobody else begins on it", action)
    }

    fn work_note(&self, id: &str, why: &str, text: String) -> Step {
        let ticket = self.asked.ticket.clone();
        Step::new(id, why, AddNote { ticket, audience: Audience::Fulfillers, text, with_steps: false })
    }

    fn comment(&self, id: &str, text: &str) -> Step {
        let (ticket, text) = (self.asked.ticket.clone(), text.to_owned());
        let note = AddNote { ticket, audience: Audience::Requester, text, with_steps: false };
        Step::new(id, "whoever asked wants to know", note)
    }

    fn assign(&self, owner: Owner) -> Step {
        let team = self.desk.team(owner).clone();
        let action = Assign { ticket: self.asked.ticket.clone(), group: team.group, group_name: team.name };
        Step::new("assign", "it is their job", action)
    }

    fn resolved(&self, tell: &str) -> Vec<Step> {
        let ticket = self.asked.ticket.clone();
        let report = AddNote {
            ticket: ticket.clone(),
            audience: Audience::Fulfillers,
            text: "Every step was verified.".to_owned(),
            with_steps: true,
        };
        let close = SetTicketState {
            ticket,
            to: TaskState::ClosedComplete,
            close_notes: Some("The account was looked at and helped as far as it needed help.".to_owned()),
        };
        vec![
            Step::new("report", "the evidence stays with the request", report),
            self.comment("tell-caller", tell),
            Step::new("close-ticket", "every step was verified", close),
        ]
    }

    /// A person goes on. Optional, so that the run tells what failed rather than that a closed ticket takes no note.
    fn handed_on(&self, how: &str, owner: Owner, why: &str, tell: &str) -> Vec<Step> {
        let team = self.desk.team(owner).clone();
        let escalate = Escalate {
            ticket: self.asked.ticket.clone(),
            group: team.group,
            group_name: team.name,
            text: format!("{why}\n\n{}", self.diagnosis),
        };
        vec![
            self.comment(&format!("tell-caller-{how}"), tell).optional(),
            Step::new(&format!("hand-on-{how}"), "a person has to go on from here", escalate).optional(),
        ]
    }
}

/// What help of every kind may need.
fn permissions() -> Permissions {
    let okta = [
        "okta.users.manage",
        "okta.groups.read",
        "okta.roles.read",
        "okta.logs.read",
        "okta.userRisk.read",
        "okta.authenticators.read",
    ];
    [Permissions::okta(&okta), Permissions::servicenow(&["itil"])].into_iter().collect()
}

fn no_courier(what: &str) -> OperationError {
    let how = "give a courier to `Systems::with_courier`";
    OperationError::NeedsHuman(format!("nobody is there to hand over {what}: {how}"))
}

const UNLOCKED: &str =
    "Your account is unlocked: you can sign in again. If your password does not work, answer this ticket. ";

const RESENT: &str = "Okta has mailed you the link once more: set your password with it. Only the newest mail counts; links from before do \
     not work any more. Look in your junk mail too.";

const COLLEAGUE: &str = "A colleague will look into this and contact you.";
