//! What is said on a ticket.

use std::fmt::Write as _;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use servicenow_client::journal::JournalKind;

use super::ticket::{Ticket, state_label};
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, TOLD, Verb};
use crate::run::StepReport;

/// The name under which a step's findings hold the journal field that its note is in.
pub const NOTE: &str = "note";

/// The longest note: the rest belongs into an attachment.
const LONGEST_NOTE: usize = 8 * 1024;

/// Writes a note on a ticket, once.
///
/// Notes are only ever appended, so writing one again would double it: each carries the mark of its run and
/// step, and is looked for by that. A ticket that somebody closed meanwhile is left alone.
#[derive(Debug, Serialize, Deserialize)]
pub struct AddNote {
    /// The ticket.
    pub ticket: Ticket,
    /// Who may read it.
    pub audience: Audience,
    /// What it says. No secrets: everybody who sees the ticket sees it.
    pub text: String,
    /// Whether a table of the steps so far follows, with the vendors' request ids.
    pub with_steps: bool,
}

/// Who reads a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Those who work on the ticket (`work_notes`).
    Fulfillers,
    /// Whoever asked, too (`comments`).
    Requester,
}

impl AddNote {
    fn render(&self, context: &Context<'_>) -> String {
        let mut text = String::new();
        if self.with_steps {
            // First, so that no cut takes it away.
            let head = context.ledger;
            let _ = writeln!(text, "Ledger: {} records, head {}", head.records, head.hash);
        }
        text.push_str(&self.text);
        if self.with_steps {
            text.push_str("\n\n");
            text.push_str(&table(context));
        }
        let text = fit(&text);
        match self.audience {
            Audience::Fulfillers => format!("{}\n{text}", context.mark),
            // People read the words first.
            Audience::Requester => format!("{text}\n\n{}", context.mark),
        }
    }

    fn kind(&self) -> JournalKind {
        match self.audience {
            Audience::Fulfillers => JournalKind::WorkNote,
            Audience::Requester => JournalKind::Comment,
        }
    }
}

#[typetag::serde(name = "servicenow.add_note")]
#[async_trait]
impl Action for AddNote {
    fn describe(&self) -> Change {
        let kind = self.kind().field().replace('_', " ");
        let kind = kind.trim_end_matches('s');
        let change = Change::new("servicenow", Verb::Add, format!("{kind} on {}", self.ticket.number))
            .to("text", &self.text);
        if self.with_steps { change.to("and", "what each step did, with request ids") } else { change }
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let mark = context.mark.to_string();
        let journal = context.systems.servicenow.journal();
        if journal.find_note(self.ticket.table.name(), &self.ticket.sys_id, &mark).await?.is_some() {
            return Ok(State::Reached(Findings::from([(NOTE.to_owned(), self.kind().field().to_owned())])));
        }
        Ok(match self.ticket.state(context).await? {
            Some(state) if state.is_closed() => {
                let (number, state) = (&self.ticket.number, state_label(&state));
                State::Drifted(format!("{number} is in state {state} now, and a closed ticket takes no note"))
            }
            _ => State::Open,
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let journal = context.systems.servicenow.journal();
        let (table, ticket, text) = (self.ticket.table.name(), &self.ticket.sys_id, self.render(context));
        match self.audience {
            Audience::Fulfillers => Ok(journal.add_work_note(table, ticket, &text).await?),
            Audience::Requester => Ok(journal.add_comment(table, ticket, &text).await?),
        }
    }
}

/// What each step did so far. In the plan's order: a guard that is looked at again after a crash is no later one.
pub(super) fn table(context: &Context<'_>) -> String {
    let mut steps: Vec<&StepReport> = context.steps.iter().collect();
    let place = |report: &&StepReport| {
        let planned = context.plan.all_steps().position(|step| step.id == report.step);
        planned.unwrap_or(usize::MAX)
    };
    steps.sort_by_key(place);
    steps.into_iter().map(line).collect()
}

/// One step in a note's table.
fn line(report: &StepReport) -> String {
    let outcome = report.outcome.as_ref().map_or_else(|| "begun".to_owned(), ToString::to_string);
    let ids: Vec<&str> = report.calls.iter().filter_map(|call| call.request_id.as_deref()).collect();
    let requests = if ids.is_empty() { String::new() } else { format!(" (request {})", ids.join(", ")) };
    let told = report.findings.get(TOLD).map(|told| format!(": {told}")).unwrap_or_default();
    format!("- {}: {outcome}{told}{requests}\n", report.step)
}

/// A text fit to be a note.
pub(super) fn fit(text: &str) -> String {
    // Between these ServiceNow shows a note as HTML, and names on a ticket are what somebody typed.
    let text = text.replace("[code]", "(code)").replace("[/code]", "(/code)");
    within(text.trim_end(), LONGEST_NOTE)
}

/// As much of `text` as fits, and a word if that is not all.
fn within(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    format!("{}\n(cut: the ledger has the rest)", &text[..text.floor_char_boundary(bytes)])
}
