//! Gates: what a run waits for. Data, like actions; a run that waits holds nothing in memory, and survives restarts.

mod patiently;
mod when;

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};

pub use self::patiently::{LATE, Patiently};
pub use self::when::{DstGap, When, WhenError};

/// Something that a run waits for: an approval, an instant, a signal, a state of the world.
///
/// The set is open, as that of [actions](Action): implement it, tag the implementation with `#[typetag::serde]`, and put it
/// into a [`Step`](crate::plan::Step::gate).
#[typetag::serde(tag = "gate")]
#[async_trait]
pub trait Gate: fmt::Debug + Send + Sync {
    /// What it waits for, for people: shown in the plan.
    fn describe(&self) -> Change;

    /// What looking needs.
    fn permissions(&self) -> Permissions {
        Permissions::default()
    }

    /// Whether it is open. Reads, and never writes. Asked while others are at work on the same person: what must hold at
    /// the moment of acting belongs into a [guard](crate::plan::Step::guard) behind it.
    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError>;

    /// Whether what comes after it takes access away. If its time came while the engine was down, such a run
    /// is taken up before all others.
    fn revokes(&self) -> bool {
        false
    }
}

/// How a gate stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passage {
    /// The run may go on, and this was learnt by looking.
    Open(Findings),
    /// Not yet.
    Closed {
        /// What is waited for, for people.
        waits_for: String,
        /// When to look again.
        look_again: DateTime<Utc>,
    },
    /// Never: somebody said no, for this reason.
    Declined(String),
}

/// Waits for an instant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct At {
    /// The instant.
    pub when: When,
    /// Whether what comes after it takes access away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revokes: bool,
}

impl At {
    /// Waits for an instant.
    #[must_use]
    pub fn new(when: When) -> Self {
        Self { when, revokes: false }
    }

    /// The same, and what comes after it takes access away.
    #[must_use]
    pub fn revoking(mut self) -> Self {
        self.revokes = true;
        self
    }
}

#[typetag::serde(name = "at")]
#[async_trait]
impl Gate for At {
    fn describe(&self) -> Change {
        Change::new("clock", Verb::Await, self.when.to_string())
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        if context.systems.clock().now() >= self.when.instant() {
            return Ok(Passage::Open(Findings::new()));
        }
        Ok(Passage::Closed { waits_for: self.when.to_string(), look_again: self.when.instant() })
    }

    fn revokes(&self) -> bool {
        self.revokes
    }
}

/// Waits for somebody outside to say so, with [`Engine::signal`](crate::Engine::signal).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Signal {
    /// The signal's name. What came with it is the finding of this name.
    pub name: String,
    /// What it means, for people.
    pub waits_for: String,
}

#[typetag::serde(name = "signal")]
#[async_trait]
impl Gate for Signal {
    fn describe(&self) -> Change {
        Change::new("signal", Verb::Await, self.name.clone()).to("for", &self.waits_for)
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        match context.signal(&self.name) {
            Some(payload) => Ok(Passage::Open(Findings::from([(self.name.clone(), payload.to_owned())]))),
            // A signal wakes its run: this is only for the status.
            None => Ok(Passage::Closed {
                waits_for: self.waits_for.clone(),
                look_again: DateTime::<Utc>::MAX_UTC,
            }),
        }
    }
}

/// Waits until the world is as an action wants it, without taking the action: group rules at work, an account that
/// somebody else makes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Until {
    /// What tells whether it is so. Only its `verify` is asked.
    pub action: Box<dyn Action>,
    /// Seconds between two looks.
    pub every: u32,
}

impl Until {
    /// Waits until `action` finds it is so, and looks every so many seconds.
    #[must_use]
    pub fn new(action: impl Action + 'static, every: u32) -> Self {
        Self { action: Box::new(action), every }
    }
}

#[typetag::serde(name = "until")]
#[async_trait]
impl Gate for Until {
    fn describe(&self) -> Change {
        Change { verb: Verb::Await, ..self.action.describe() }
    }

    fn permissions(&self) -> Permissions {
        self.action.permissions()
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        Ok(match self.action.verify(context).await? {
            State::Reached(findings) => Passage::Open(findings),
            State::Open | State::Underway => Passage::Closed {
                waits_for: self.action.describe().target,
                look_again: context.systems.clock().now() + TimeDelta::seconds(self.every.into()),
            },
            State::Drifted(found) => Passage::Declined(found),
        })
    }
}
