//! Tickets that a person has to go on with.

use std::fmt::Write as _;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use servicenow_client::SysId;
use servicenow_client::journal::JournalKind;

use super::notes::{fit, table};
use super::ticket::{Ticket, state_label};
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Hands a ticket to the group that looks after what stopped: what was reached so far, and what can be done now.
///
/// Group and note are one write, so the note shows that the group was set.
#[derive(Debug, Serialize, Deserialize)]
pub struct Escalate {
    /// The ticket.
    pub ticket: Ticket,
    /// The group that takes it on.
    pub group: SysId,
    /// Its name, for people.
    pub group_name: String,
    /// What happened, for who has to go on. No secrets.
    pub text: String,
}

impl Escalate {
    fn render(&self, context: &Context<'_>) -> String {
        let mut text = format!("{}\n{}\n\nReached so far:\n", context.mark, self.text);
        text.push_str(&table(context));
        let stopped = context
            .steps
            .iter()
            .rev()
            .find(|step| step.outcome.as_ref().is_some_and(|outcome| !outcome.is_success()));
        let _ = write!(text, "\nRun {} waits for a person: retry it, ", context.mark.run);
        if let Some(step) = stopped {
            let _ = write!(text, "waive {} with a reason, ", step.step);
        }
        text.push_str("or abort it.");
        fit(&text)
    }

    async fn is_noted(&self, context: &Context<'_>) -> Result<bool, ActionError> {
        let (journal, mark) = (context.systems.servicenow.journal(), context.mark.to_string());
        Ok(journal.find_note(self.ticket.table.name(), &self.ticket.sys_id, &mark).await?.is_some())
    }
}

#[typetag::serde(name = "servicenow.escalate")]
#[async_trait]
impl Action for Escalate {
    fn describe(&self) -> Change {
        let target = format!("ticket {} to the group \"{}\"", self.ticket.number, self.group_name);
        Change::new("servicenow", Verb::Change, target).to("work note", &self.text)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        if self.is_noted(context).await? {
            return Ok(State::reached());
        }
        Ok(match self.ticket.state(context).await? {
            Some(state) if state.is_closed() => {
                let (number, state) = (&self.ticket.number, state_label(&state));
                State::Drifted(format!("{number} is in state {state} now, and nobody works on it any more"))
            }
            _ => State::Open,
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let fields = serde_json::json!({
            "assignment_group": self.group,
            JournalKind::WorkNote.field(): self.render(context),
        });
        self.ticket.update(context, &fields).await
    }
}
