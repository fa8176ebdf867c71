//! Plans: what will change, in what order, why, and what happens if a step fails. Data, and nothing else.

mod display;
mod precedence;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::action::{Action, Change, Permissions};
use crate::canonical;
use crate::gate::Gate;

pub use self::precedence::Precedence;

client_core::define_id!(
    /// The name of a step: stable, unique in its plan, and part of the mark on a ticket note.
    StepId, "1 to 64 of a-z 0-9 . -", |text| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
    }
);

/// What an operation wants to change for one subject. Made by an operation (or by hand), applied by an
/// [`Engine`](crate::Engine). Nothing is written before a plan exists.
///
/// Serialisable: the journal holds it, so that a later release can finish what an earlier one began.
#[derive(Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The operation's name: `onboard`.
    pub operation: String,
    /// What makes two submissions the same.
    pub intent: Intent,
    /// Whom it is about.
    pub subject: Subject,
    /// The record that asked for it.
    pub request: Option<Request>,
    /// Who goes first where two runs meet at one person.
    pub precedence: Precedence,
    /// The gate behind which the run puts an end to those that it supersedes. None: as soon as it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_over_after: Option<StepId>,
    /// The access that this plan justifies for as long as its run is open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Whether what was done is undone once a mandatory step failed for good, and not only once the run is declined or
    /// called off: for pairs of changes of which one without the other does harm.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undo_on_failure: bool,
    /// What is done afterwards, by how it went.
    pub closing: Closing,
}

/// What is done when the steps are through.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Closing {
    /// After every mandatory step is done.
    pub done: Vec<Step>,
    /// After a gate was declined, or the run was called off or superseded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declined: Vec<Step>,
    /// After a step failed that must not.
    pub failed: Vec<Step>,
}

/// Access that a run justifies: from the moment its step succeeded, until the run comes to its end.
///
/// As long as anybody claims a target for a subject, nobody's expiry takes it away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The step that gives the access.
    pub step: StepId,
    /// What is given, in the same words wherever it is: `okta_group:00g…`.
    pub target: String,
    /// Until when, if that is known.
    pub until: Option<DateTime<Utc>>,
    /// The step with which the claim ends though the run goes on: what comes after it takes the access back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_with: Option<StepId>,
}

/// What makes two submissions the same.
///
/// A second submission with the same key, fingerprint and policy is the first one's run. With the same key and
/// another fingerprint or policy it is an error: never a silent second run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Operation and request: `onboard:sc_req_item/aeed…`.
    pub key: String,
    /// A hash of what was asked for.
    pub fingerprint: String,
    /// The policy it is done under.
    pub policy: Option<PolicyRef>,
}

impl Intent {
    /// The intent of `operation` for what `key` names, with a fingerprint of `inputs`.
    #[must_use]
    pub fn new(operation: &str, key: &str, inputs: &impl Serialize, policy: Option<PolicyRef>) -> Self {
        Self { key: format!("{operation}:{key}"), fingerprint: canonical::digest(inputs), policy }
    }
}

/// The person, or account, that a plan is about. Two runs never work on one login, or on one person, at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What the person signs in with.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// What stays the same whatever the person is called: the employee number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

/// The ServiceNow record that asked for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its table: `sc_req_item`.
    pub table: String,
    /// Its key.
    pub sys_id: servicenow_client::SysId,
    /// Its number: `RITM0010001`.
    pub number: String,
}

/// The policy that a plan follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRef {
    /// Its name.
    pub name: String,
    /// The hash of its text.
    pub hash: String,
}

/// One thing to do, why, and what its failure means.
#[derive(Debug, Serialize, Deserialize)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// Why: the rule, or the words of the request.
    pub why: String,
    /// What its failure means.
    pub on_failure: OnFailure,
    /// The steps that must have succeeded: if one has not, this one is not taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<StepId>,
    /// Whether nothing before it is undone once it is done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub irrevocable: bool,
    /// The thing itself.
    pub work: Work,
}

/// What a step is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// A change.
    Action {
        /// The change.
        action: Box<dyn Action>,
        /// What takes it back, if the run is declined or called off.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo: Option<Box<dyn Action>>,
    },
    /// Something that must hold. Never writes, and is looked at again each time the run is taken up, for as long as a
    /// step that needs it is still to come.
    Guard(Box<dyn Action>),
    /// Something that is waited for.
    Gate {
        /// What it is.
        gate: Box<dyn Gate>,
        /// The instant at which waiting has failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<DateTime<Utc>>,
    },
}

impl Step {
    /// A mandatory change.
    ///
    /// # Panics
    ///
    /// If `id` is no [`StepId`]: step names are part of the program.
    #[must_use]
    pub fn new(id: &str, why: impl Into<String>, action: impl Action + 'static) -> Self {
        Self::of(id, why, OnFailure::Stop, Work::Action { action: Box::new(action), undo: None })
    }

    /// Something that must hold before the steps that [need](Self::needs) it are taken. If it does not, the others
    /// are, and a person is asked.
    ///
    /// # Panics
    ///
    /// If `id` is no [`StepId`].
    #[must_use]
    pub fn guard(id: &str, why: impl Into<String>, action: impl Action + 'static) -> Self {
        Self::of(id, why, OnFailure::Escalate, Work::Guard(Box::new(action)))
    }

    /// Something that is waited for before the run goes on.
    ///
    /// # Panics
    ///
    /// If `id` is no [`StepId`].
    #[must_use]
    pub fn gate(id: &str, why: impl Into<String>, gate: impl Gate + 'static) -> Self {
        Self::of(id, why, OnFailure::Stop, Work::Gate { gate: Box::new(gate), deadline: None })
    }

    fn of(id: &str, why: impl Into<String>, on_failure: OnFailure, work: Work) -> Self {
        let id = id.parse().expect("a step's name is part of the program");
        Self { id, why: why.into(), on_failure, needs: Vec::new(), irrevocable: false, work }
    }

    /// The same, but not mandatory.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.on_failure = OnFailure::CarryOn;
        self
    }

    /// The same, but if it fails the other steps are taken all the same, and then a person is asked.
    #[must_use]
    pub fn escalating(mut self) -> Self {
        self.on_failure = OnFailure::Escalate;
        self
    }

    /// The same, taken only if these steps succeeded.
    ///
    /// # Panics
    ///
    /// If one of them is no [`StepId`].
    #[must_use]
    pub fn needs<'a>(mut self, steps: impl IntoIterator<Item = &'a str>) -> Self {
        let parse = |id: &str| id.parse().expect("a step's name is part of the program");
        self.needs.extend(steps.into_iter().map(parse));
        self
    }

    /// The same, taken back by `undo` if the run is declined or called off after it made the change. What was so already is
    /// left as it was.
    ///
    /// # Panics
    ///
    /// If the step is no change.
    #[must_use]
    pub fn undone_by(mut self, action: impl Action + 'static) -> Self {
        let Work::Action { undo, .. } = &mut self.work else { panic!("only a change can be undone") };
        *undo = Some(Box::new(action));
        self
    }

    /// The same; and once it is done, nothing before it is undone.
    #[must_use]
    pub fn irrevocable(mut self) -> Self {
        self.irrevocable = true;
        self
    }

    /// The same, and waiting has failed at `deadline`.
    ///
    /// # Panics
    ///
    /// If the step is no gate.
    #[must_use]
    pub fn until(mut self, instant: DateTime<Utc>) -> Self {
        let Work::Gate { deadline, .. } = &mut self.work else { panic!("only a gate has a deadline") };
        *deadline = Some(instant);
        self
    }

    /// What it changes or waits for, for people.
    #[must_use]
    pub fn describe(&self) -> Change {
        match &self.work {
            Work::Action { action, .. } | Work::Guard(action) => action.describe(),
            Work::Gate { gate, .. } => gate.describe(),
        }
    }

    /// What it needs to be allowed, to be undone too.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        match &self.work {
            Work::Action { action, undo } => {
                let undo = undo.as_ref().map(|undo| undo.permissions());
                [action.permissions()].into_iter().chain(undo).collect()
            }
            Work::Guard(action) => action.permissions(),
            Work::Gate { gate, .. } => gate.permissions(),
        }
    }

    /// The name under which it is undone.
    pub(crate) fn undo_id(&self) -> Option<StepId> {
        format!("undo.{}", self.id).parse().ok()
    }
}

/// What a step's failure means for its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The run stops, and closes as failed.
    Stop,
    /// The run goes on, and says so.
    CarryOn,
    /// The run goes on with what does not need this step, and then closes as failed.
    Escalate,
}

/// Why a plan would misbehave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanFlaw {
    /// Two steps have one name.
    #[error("the plan has two steps named {0}")]
    StepTwice(StepId),
    /// A step needs one that does not come before it.
    #[error("step {step} needs {needs}, which does not come before it")]
    NeedsLater {
        /// The step.
        step: StepId,
        /// What it needs.
        needs: StepId,
    },
    /// A claim names no step.
    #[error("the plan claims {target} from step {step}, which it does not have")]
    ClaimsNothing {
        /// What is claimed.
        target: String,
        /// The step.
        step: StepId,
    },
    /// A step's name leaves no room for that of its undoing.
    #[error("the name of step {0} is too long for a step that can be undone: at most 59 characters")]
    NameTooLong(StepId),
}

impl Plan {
    /// A plan without steps, to be filled in.
    #[must_use]
    pub fn new(operation: &str, precedence: Precedence, intent: Intent, subject: Subject) -> Self {
        Self {
            operation: operation.to_owned(),
            intent,
            subject,
            request: None,
            precedence,
            takes_over_after: None,
            claims: Vec::new(),
            steps: Vec::new(),
            undo_on_failure: false,
            closing: Closing::default(),
        }
    }

    /// The hash of everything in the plan: an approval of this digest is an approval of exactly this.
    #[must_use]
    pub fn digest(&self) -> String {
        canonical::digest(self)
    }

    /// All that the steps need, those of every closing included.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.all_steps().map(Step::permissions).collect()
    }

    /// Every step that may be taken: the steps, then those of every closing.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        let Closing { done, declined, failed } = &self.closing;
        self.steps.iter().chain(done).chain(declined).chain(failed)
    }

    /// Finds what would make the plan misbehave.
    ///
    /// # Errors
    ///
    /// The first flaw.
    pub fn check(&self) -> Result<(), PlanFlaw> {
        let mut seen = BTreeSet::new();
        for step in self.all_steps() {
            if let Some(needs) = step.needs.iter().find(|needs| !seen.contains(*needs)) {
                return Err(PlanFlaw::NeedsLater { step: step.id.clone(), needs: needs.clone() });
            }
            let undo = match &step.work {
                Work::Action { undo: Some(_), .. } => {
                    Some(step.undo_id().ok_or_else(|| PlanFlaw::NameTooLong(step.id.clone()))?)
                }
                _ => None,
            };
            for id in [step.id.clone()].into_iter().chain(undo) {
                if let Some(twice) = seen.replace(id) {
                    return Err(PlanFlaw::StepTwice(twice));
                }
            }
        }
        match self.claims.iter().find(|claim| !seen.contains(&claim.step)) {
            Some(Claim { step, target, .. }) => {
                Err(PlanFlaw::ClaimsNothing { step: step.clone(), target: target.clone() })
            }
            None => Ok(()),
        }
    }
}
