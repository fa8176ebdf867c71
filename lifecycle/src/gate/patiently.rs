//! Waiting for what should come, but not for ever.

use async_trait::async_trait;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{Gate, Passage};
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};
use crate::plan::StepId;

/// The name under which the findings of [`Patiently`] say that what was waited for has not come.
pub const LATE: &str = "late";

/// Waits until the world is as an action wants it, for so long after another step; then the run goes on all the same.
///
/// Unlike a gate with a deadline it declines nothing: what must have come is looked at by a step behind it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Patiently {
    /// What tells whether it is so. Only its `verify` is asked.
    pub action: Box<dyn Action>,
    /// Seconds between two looks.
    pub every: u32,
    /// The step with whose end the waiting begins.
    pub after: StepId,
    /// How many seconds it is waited for at most.
    pub at_most: u32,
}

#[typetag::serde(name = "patiently")]
#[async_trait]
impl Gate for Patiently {
    fn describe(&self) -> Change {
        let change = Change { verb: Verb::Await, ..self.action.describe() };
        change.to("at most", format!("{} s", self.at_most))
    }

    fn permissions(&self) -> Permissions {
        self.action.permissions()
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        let now = context.systems.clock().now();
        let began = context.steps.iter().find(|step| step.step == self.after).and_then(|step| step.ended_at);
        let is_late = began.is_none_or(|began| now >= began + TimeDelta::seconds(self.at_most.into()));
        Ok(match self.action.verify(context).await? {
            State::Reached(findings) => Passage::Open(findings),
            _ if is_late => Passage::Open(Findings::from([(LATE.to_owned(), self.action.describe().target)])),
            _ => Passage::Closed {
                waits_for: self.action.describe().target,
                look_again: now + TimeDelta::seconds(self.every.into()),
            },
        })
    }
}
