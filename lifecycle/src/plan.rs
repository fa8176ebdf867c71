//! Plans: what will change, in what order, why, and what happens if a step fails. Data, and nothing else.

mod display;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::action::{Action, Permissions};
use crate::canonical;

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
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What is done afterwards, by how it went.
    pub closing: Closing,
}

/// What is done when the steps are through.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Closing {
    /// After every mandatory step is done.
    pub done: Vec<Step>,
    /// After one of them failed for good.
    pub failed: Vec<Step>,
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

/// One action, why it is taken, and what its failure means.
#[derive(Debug, Serialize, Deserialize)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// Why: the rule, or the words of the request.
    pub why: String,
    /// What its failure means.
    pub on_failure: OnFailure,
    /// The instant before which it must not be taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime<Utc>>,
    /// The change itself.
    pub action: Box<dyn Action>,
}

impl Step {
    /// A mandatory step, to be taken as soon as its turn comes.
    ///
    /// # Panics
    ///
    /// If `id` is no [`StepId`]: step names are part of the program.
    #[must_use]
    pub fn new(id: &str, why: impl Into<String>, action: impl Action + 'static) -> Self {
        Self {
            id: id.parse().expect("a step's name is part of the program"),
            why: why.into(),
            on_failure: OnFailure::Stop,
            not_before: None,
            action: Box::new(action),
        }
    }

    /// The same, taken no earlier than `instant`.
    #[must_use]
    pub fn not_before(mut self, instant: DateTime<Utc>) -> Self {
        self.not_before = Some(instant);
        self
    }

    /// The same, but not mandatory.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.on_failure = OnFailure::CarryOn;
        self
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
}

impl Plan {
    /// The hash of everything in the plan: an approval of this digest is an approval of exactly this.
    #[must_use]
    pub fn digest(&self) -> String {
        canonical::digest(self)
    }

    /// All that the steps need, those of both closings included.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.all_steps().map(|step| step.action.permissions()).collect()
    }

    /// Every step that may be taken: the steps, then both closings.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().chain(&self.closing.done).chain(&self.closing.failed)
    }

    /// Finds what would make the plan misbehave: two steps of one name.
    ///
    /// # Errors
    ///
    /// The name that stands twice.
    pub fn check(&self) -> Result<(), StepId> {
        let mut seen = BTreeSet::new();
        match self.all_steps().find(|step| !seen.insert(&step.id)) {
            Some(twice) => Err(twice.id.clone()),
            None => Ok(()),
        }
    }
}
