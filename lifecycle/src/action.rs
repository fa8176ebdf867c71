//! Actions: one idempotent change to one system, declared as the state to reach.

pub mod okta;
pub mod servicenow;
mod take_away;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use client_core::{Delivery, Problem};
use serde::{Deserialize, Serialize};

pub use self::take_away::{Decided, KEPT, TakeAway};

use crate::ledger::Head;
use crate::plan::{Plan, StepId};
use crate::run::{Mark, Received, StepReport};
use crate::systems::Systems;

/// One change to one system: "ensure that", never "do again".
///
/// The set is open: an action of your own runs, journals and audits like ours. Implement the trait, tag the
/// implementation with `#[typetag::serde]`, and put it into a [`Step`](crate::plan::Step).
#[typetag::serde(tag = "action")]
#[async_trait]
pub trait Action: fmt::Debug + Send + Sync {
    /// What it changes, for people: shown in the plan before anything is done.
    fn describe(&self) -> Change;

    /// What it needs.
    fn permissions(&self) -> Permissions;

    /// How to tell whether it is already so. Reads, and never writes.
    ///
    /// Asked before the change is made, after it, and, when nobody knows whether it was made (a lost answer, a
    /// crash), instead of making it again.
    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError>;

    /// How long a write whose answer was lost may take to show: so long it is looked for before it is sent again.
    /// More than the 5 seconds of the default where what shows it lags behind.
    fn shows_within(&self) -> Duration {
        Duration::from_secs(5)
    }

    /// How it is done. Called only after [`verify`](Self::verify) said [`State::Open`] and the journal has
    /// the intent.
    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError>;
}

/// Where the world stands, seen from one action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is as the action wants it, and this is what was learnt by looking: ids for the steps that follow.
    Reached(Findings),
    /// Not yet; the action can be taken.
    Open,
    /// Not yet, but it is on its way: wait, and do not take the action again.
    Underway,
    /// The world is not as the plan assumed, so the action must not be taken.
    Drifted(String),
}

impl State {
    /// Reached, with nothing more to say.
    #[must_use]
    pub fn reached() -> Self {
        Self::Reached(Findings::default())
    }
}

/// What a step found out, by name: `okta_user` is the id of the account that was made.
pub type Findings = BTreeMap<String, String>;

/// The name of a finding that is for people: it stands beside its step in the notes on a ticket. Never a secret.
pub const TOLD: &str = "told";

/// What an action has to work with.
#[derive(Debug)]
pub struct Context<'a> {
    /// The clients. Their calls carry the run and the step in their user agent.
    pub systems: &'a Systems,
    /// The plan that the step is of.
    pub plan: &'a Plan,
    /// The run and the step, as they stand on ticket notes.
    pub mark: Mark<'a>,
    /// When this step's first intent was journalled, if it was: anything younger may be our own doing.
    pub intended_at: Option<DateTime<Utc>>,
    /// How the steps before went, in order.
    pub steps: &'a [StepReport],
    /// The signals that came for this run, oldest first.
    pub signals: &'a [Received],
    /// The ledger's head at the last thing this run wrote into it: an anchor, wherever it is kept.
    pub ledger: &'a Head,
}

impl Context<'_> {
    /// What came with the last signal of this name.
    #[must_use]
    pub fn signal(&self, name: &str) -> Option<&str> {
        self.signals.iter().rev().find(|signal| signal.name == name).map(|signal| signal.payload.as_str())
    }

    /// What an earlier step found out.
    ///
    /// # Errors
    ///
    /// If it found no such thing: the plan is wrong.
    pub fn finding(&self, step: &StepId, name: &str) -> Result<&str, ActionError> {
        let report = self.steps.iter().find(|report| report.step == *step);
        report
            .and_then(|report| report.findings.get(name))
            .map(String::as_str)
            .ok_or_else(|| ActionError::permanent(format!("step {step} was to find `{name}`, and did not")))
    }
}

/// Why an action, or a look at the world, failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ActionError {
    message: String,
    /// Whether the other side may have acted.
    pub(crate) delivery: Delivery,
    /// Whether the same may succeed later.
    pub(crate) retryable: bool,
}

impl ActionError {
    /// A failure that no repetition mends; nothing was done.
    #[must_use]
    pub fn permanent(message: impl Into<String>) -> Self {
        Self { message: message.into(), delivery: Delivery::Refused, retryable: false }
    }

    /// What an action answers that only looks, if it is told to act.
    #[must_use]
    pub fn nothing_to_do() -> Self {
        Self::permanent("there is nothing to do but to look")
    }

    /// A failure that may pass.
    #[must_use]
    pub fn transient(message: impl Into<String>, delivery: Delivery) -> Self {
        Self { message: message.into(), delivery, retryable: true }
    }
}

impl<P: Problem> From<client_core::Error<P>> for ActionError {
    fn from(error: client_core::Error<P>) -> Self {
        // Credentials that are wrong, or lack a role, are mended by an operator and no fault of the person the
        // run is about: the run is parked rather than failed.
        let parked = error.is_unauthenticated() || error.is_forbidden();
        Self {
            message: with_sources(&error),
            delivery: error.delivery(),
            retryable: error.is_retryable() || parked,
        }
    }
}

/// An error and its causes in one line.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// What an action changes, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where: `okta`, `servicenow`, or a system of your own.
    pub system: String,
    /// What is done.
    pub verb: Verb,
    /// To what: `user jane.doe@acme.example`.
    pub target: String,
    /// The parts that change.
    pub details: Vec<Detail>,
}

impl Change {
    /// A change without details.
    #[must_use]
    pub fn new(system: &str, verb: Verb, target: impl Into<String>) -> Self {
        Self { system: system.to_owned(), verb, target: target.into(), details: Vec::new() }
    }

    /// Adds a part that will have a value.
    #[must_use]
    pub fn to(self, name: impl Into<String>, after: impl Into<String>) -> Self {
        self.detail(name, None, Some(after.into()))
    }

    /// Adds a part whose value changes.
    #[must_use]
    pub fn from_to(
        self,
        name: impl Into<String>,
        before: impl Into<String>,
        after: impl Into<String>,
    ) -> Self {
        self.detail(name, Some(before.into()), Some(after.into()))
    }

    fn detail(mut self, name: impl Into<String>, before: Option<String>, after: Option<String>) -> Self {
        self.details.push(Detail { name: name.into(), before, after });
        self
    }
}

/// One part of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The part: an attribute's name.
    pub name: String,
    /// What it is now, if that is known and matters.
    pub before: Option<String>,
    /// What it will be.
    pub after: Option<String>,
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Something comes into being, or is joined.
    Add,
    /// Something changes.
    Change,
    /// Something ends.
    Remove,
    /// Nothing changes; something is looked at that must hold.
    Confirm,
    /// Nothing changes; something is waited for.
    Await,
}

impl Verb {
    /// As in a diff.
    #[must_use]
    pub fn symbol(self) -> char {
        match self {
            Self::Add => '+',
            Self::Change => '~',
            Self::Remove => '-',
            Self::Confirm => '?',
            Self::Await => '@',
        }
    }
}

/// What an action, or a whole plan, needs to be allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// OAuth scopes of Okta's APIs.
    pub okta_scopes: BTreeSet<String>,
    /// ServiceNow roles, by the base system's names.
    pub servicenow_roles: BTreeSet<String>,
}

impl Permissions {
    /// These Okta scopes.
    #[must_use]
    pub fn okta(scopes: &[&str]) -> Self {
        Self { okta_scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(), ..Self::default() }
    }

    /// These ServiceNow roles.
    #[must_use]
    pub fn servicenow(roles: &[&str]) -> Self {
        Self { servicenow_roles: roles.iter().map(|&role| role.to_owned()).collect(), ..Self::default() }
    }
}

impl FromIterator<Permissions> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permissions>>(parts: I) -> Self {
        parts.into_iter().fold(Self::default(), |mut all, part| {
            all.okta_scopes.extend(part.okta_scopes);
            all.servicenow_roles.extend(part.servicenow_roles);
            all
        })
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scopes = self.okta_scopes.iter().map(|scope| format!("Okta scope {scope}"));
        let roles = self.servicenow_roles.iter().map(|role| format!("ServiceNow role {role}"));
        let all: Vec<String> = scopes.chain(roles).collect();
        f.write_str(if all.is_empty() { "nothing" } else { "" })?;
        f.write_str(&all.join(", "))
    }
}
