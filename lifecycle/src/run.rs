//! Runs: one application of one plan, and how it goes.

use std::fmt;

use chrono::{DateTime, Utc};
use client_core::{Attempt, Clock, Randomness};
use serde::{Deserialize, Serialize};

use crate::action::Findings;
use crate::plan::{PolicyRef, Request, StepId, Subject};

client_core::define_id!(
    /// The id of a run: a UUIDv7. It stands in Okta's System Log, on ticket notes and in the ledger.
    RunId, "a UUID", |text| uuid::Uuid::try_parse(text).is_ok()
);

impl RunId {
    pub(crate) fn generate(clock: &dyn Clock, randomness: &dyn Randomness) -> Self {
        let millis = u64::try_from(clock.now().timestamp_millis()).unwrap_or_default();
        let mut random = [0; 10];
        random[..8].copy_from_slice(&randomness.next_u64().to_le_bytes());
        random[8..].copy_from_slice(&randomness.next_u64().to_le_bytes()[..2]);
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        Self(id.to_string())
    }
}

/// The run and the step as they stand on a ticket note: `[lc 0198…/create-account]`.
#[derive(Debug, Clone, Copy)]
pub struct Mark<'a> {
    /// The run.
    pub run: &'a RunId,
    /// The step.
    pub step: &'a StepId,
}

impl Mark<'_> {
    /// The same in a user agent, where Okta's System Log keeps it.
    #[must_use]
    pub fn user_agent(&self) -> String {
        format!("{} op/{} step/{}", crate::PRODUCT, self.run, self.step)
    }
}

impl fmt::Display for Mark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[lc {}/{}]", self.run, self.step)
    }
}

/// A run, as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The operation's name.
    pub operation: String,
    /// Whom it is about.
    pub subject: Subject,
    /// The record that asked for it.
    pub request: Option<Request>,
    /// The policy that it follows.
    pub policy: Option<PolicyRef>,
    /// The digest of its plan.
    pub digest: String,
    /// Where it stands.
    pub status: RunStatus,
    /// The steps that were begun, in order.
    pub steps: Vec<StepReport>,
}

impl Run {
    /// The step named `id`, if it was begun.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&StepReport> {
        self.steps.iter().find(|step| step.step.as_str() == id)
    }
}

/// Where a run stands. Computed from its steps, never asserted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RunStatus {
    /// It is being applied, or was when the engine stopped: [`Engine::resume`](crate::Engine::resume) goes on.
    Running,
    /// It waits at a gate, and holds nothing meanwhile. It is looked at again by `resume` and
    /// [`keep_time`](crate::Engine::keep_time), no earlier than the instant, or once a signal comes.
    Waiting {
        /// The gate.
        step: StepId,
        /// What is waited for.
        waits_for: String,
        /// The instant.
        until: DateTime<Utc>,
    },
    /// A system could not be reached, or refused our credentials. Nothing is wrong with the run itself:
    /// `resume` goes on.
    Stalled {
        /// The step.
        step: StepId,
        /// What happened.
        why: String,
    },
    /// Every mandatory step is done.
    Done,
    /// A step cannot be done that must be. What was reached stays, the ticket says so, and a person decides:
    /// [`Engine::decide`](crate::Engine::decide).
    NeedsHuman {
        /// The step.
        step: StepId,
        /// What happened.
        why: String,
    },
    /// What a gate waited for was refused. What the run had done was undone, as far as the plan says.
    Declined {
        /// The gate.
        step: StepId,
        /// Why.
        why: String,
    },
    /// Somebody called it off. What the run had done was undone, as far as the plan says.
    Cancelled {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// A more pressing run took its place.
    Superseded {
        /// That run.
        by: RunId,
    },
}

impl RunStatus {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Running | Self::Waiting { .. } | Self::Stalled { .. })
    }

    /// Whether the other says nothing new: a gate that is looked at again and again is not worth a record each time.
    pub(crate) fn is_same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Waiting { step, waits_for, .. }, Self::Waiting { step: at, waits_for: still, .. }) => {
                step == at && waits_for == still
            }
            _ => self == other,
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("running"),
            Self::Waiting { step, waits_for, .. } => write!(f, "waiting at {step} for {waits_for}"),
            Self::Stalled { step, why } => write!(f, "stalled at {step}: {why}"),
            Self::Done => f.write_str("done"),
            Self::NeedsHuman { step, why } => write!(f, "needs a person at {step}: {why}"),
            Self::Declined { step, why } => write!(f, "declined at {step}: {why}"),
            Self::Cancelled { by, why } => write!(f, "called off by {by}: {why}"),
            Self::Superseded { by } => write!(f, "superseded by run {by}"),
        }
    }
}

/// How a step went, or goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReport {
    /// The step.
    pub step: StepId,
    /// When its intent was journalled first; none if there was nothing to do.
    pub intended_at: Option<DateTime<Utc>>,
    /// How often it was tried.
    pub attempts: u32,
    /// How it ended; none while it has not.
    pub outcome: Option<Outcome>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// How often it was interrupted: by a system that was away, or took too long.
    #[serde(default)]
    pub interruptions: u32,
    /// What it found out.
    pub findings: Findings,
    /// The writes that it sent, with the vendors' ids for them.
    pub calls: Vec<CallReport>,
}

impl StepReport {
    pub(crate) fn new(step: StepId) -> Self {
        Self {
            step,
            intended_at: None,
            attempts: 0,
            outcome: None,
            ended_at: None,
            interruptions: 0,
            findings: Findings::new(),
            calls: Vec::new(),
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// We did it, and looked that it is so; or we were to look, and it is so.
    Done,
    /// It was so already, and nothing was written.
    AlreadySatisfied,
    /// The world is not as the plan assumed, and nothing was written.
    Drifted {
        /// What was found.
        found: String,
    },
    /// It cannot be done.
    Failed {
        /// Why.
        why: String,
    },
    /// A guard that does not hold. Nothing was written.
    Held {
        /// What was found.
        found: String,
    },
    /// A gate that somebody refused to open.
    Declined {
        /// Why.
        why: String,
    },
    /// A step that it needs did not succeed, so nothing was written.
    Skipped {
        /// That step.
        needs: StepId,
    },
    /// A person decided to go on as if it were done.
    Waived {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// Whether the world is now as the step wanted it, or a person said to take it as that.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Done | Self::AlreadySatisfied | Self::Waived { .. })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::AlreadySatisfied => f.write_str("already so"),
            Self::Drifted { found } => write!(f, "not done, the world has changed: {found}"),
            Self::Failed { why } => write!(f, "failed: {why}"),
            Self::Held { found } => write!(f, "held: {found}"),
            Self::Declined { why } => write!(f, "declined: {why}"),
            Self::Skipped { needs } => write!(f, "not done, since {needs} did not succeed"),
            Self::Waived { by, why } => write!(f, "waived by {by}: {why}"),
        }
    }
}

/// A signal that came for a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Its name.
    pub name: String,
    /// What came with it. Never a secret: the journal and the ledger have it.
    pub payload: String,
    /// When it came.
    pub at: DateTime<Utc>,
}

/// Access that an open run justifies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveClaim {
    /// The run.
    pub run: RunId,
    /// What is claimed: see [`Claim::target`](crate::plan::Claim::target).
    pub target: String,
    /// Until when, if there is an end.
    pub until: Option<DateTime<Utc>>,
    /// Whether the run found the access there already, and did not give it.
    pub found: bool,
}

/// Why a run ends before its steps do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stop", rename_all = "snake_case")]
pub(crate) enum Stop {
    Cancelled { by: String, why: String },
    Superseded { by: RunId },
}

impl From<Stop> for RunStatus {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Cancelled { by, why } => Self::Cancelled { by, why },
            Stop::Superseded { by } => Self::Superseded { by },
        }
    }
}

/// What a person decides about a run that [needs one](RunStatus::NeedsHuman).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// Who decides.
    pub by: String,
    /// Why.
    pub why: String,
    /// What.
    pub verdict: Verdict,
}

/// What a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Take what did not succeed again.
    Retry,
    /// Go on as if this step had succeeded: what it stands for was done by hand, or a guard is overruled.
    Waive(StepId),
    /// Call it off: what was done is undone, as far as the plan says.
    Abort,
}

/// A write that was sent. Holds no query, body or credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallReport {
    /// The endpoint: `okta.users.create`.
    pub call: String,
    /// Method and path template: `POST /api/v1/users`.
    pub request: String,
    /// The answer's status; none if no answer came.
    pub status: Option<u16>,
    /// The vendor's id of the answer: `X-Okta-Request-Id`, `X-Transaction-ID`.
    pub request_id: Option<String>,
}

impl From<&Attempt> for CallReport {
    fn from(attempt: &Attempt) -> Self {
        Self {
            call: attempt.call.to_owned(),
            request: format!("{} {}", attempt.method, attempt.path),
            status: attempt.status.map(|status| status.as_u16()),
            request_id: attempt.request_id.clone(),
        }
    }
}
