//! The run that a batch is: it waits until the rows are through, and tells its ticket.

use async_trait::async_trait;
use client_core::{Delivery, Upload};
use serde::{Deserialize, Serialize};
use servicenow_client::attachments::NewAttachment;

use super::report;
use crate::action::servicenow::Ticket;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};
use crate::gate::Signal;
use crate::journal::Journal;
use crate::plan::{Closing, Intent, Plan, Precedence, Request, Step, Subject};

/// The signal that no row is left.
pub(super) const ROWS: &str = "rows";

/// What a batch is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    Pause,
    Resume,
    Cancel,
    /// It stopped by itself.
    Stop,
}

impl Command {
    const ALL: [Self; 4] = [Self::Pause, Self::Resume, Self::Cancel, Self::Stop];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
            Self::Stop => "stop",
        }
    }

    pub(super) fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.as_str() == name)
    }
}

pub(super) fn plan(batch: &str, intent: Intent, ticket: Option<&(Ticket, Request)>, rows: u32) -> Plan {
    let name = format!("the batch {batch:?} of {rows} rows");
    let subject = Subject { login: format!("batch {batch}"), name, person: None };
    let mut plan = Plan::new("bulk", Precedence::Bulk, intent, subject);
    let gate = Signal { name: ROWS.to_owned(), waits_for: format!("{rows} rows to be through") };
    plan.steps.push(Step::gate("rows", "each is a run of its own", gate));
    if let Some((ticket, request)) = ticket {
        plan.request = Some(request.clone());
        let tell = |suffix: &str| {
            let batch = batch.to_owned();
            let attach = AttachRows { ticket: ticket.clone(), batch: batch.clone() };
            let tell = TellRows { ticket: ticket.clone(), batch };
            vec![
                Step::new(
                    &format!("attach{suffix}"),
                    "what became of each row stays with the request",
                    attach,
                )
                .optional(),
                Step::new(&format!("tell{suffix}"), "whoever asked wants to know", tell),
            ]
        };
        plan.closing = Closing { done: tell(""), declined: tell("-called-off"), failed: Vec::new() };
    }
    plan
}

/// Attaches what became of each row of a batch to its ticket.
#[derive(Debug, Serialize, Deserialize)]
struct AttachRows {
    ticket: Ticket,
    batch: String,
}

impl AttachRows {
    async fn file(&self, context: &Context<'_>) -> Result<NewAttachment, ActionError> {
        let file = report::all(journal(context)?, &self.batch).await;
        let file = file.map_err(|error| ActionError::permanent(error.to_string()))?;
        // Named after the run: two batches may have one ticket.
        let name = format!("lc-{}.csv", context.mark.run);
        Ok(NewAttachment::new(name, "text/csv", Upload::bytes(file)))
    }
}

#[typetag::serde(name = "bulk.attach_rows")]
#[async_trait]
impl Action for AttachRows {
    fn describe(&self) -> Change {
        let target = format!("file on {} with what became of each row", self.ticket.number);
        Change::new("servicenow", Verb::Add, target)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let file = self.file(context).await?;
        let attachments = context.systems.servicenow.attachments();
        let found = attachments.find_same(self.ticket.table.name(), &self.ticket.sys_id, &file).await?;
        Ok(if found.is_some() { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let file = self.file(context).await?;
        let attachments = context.systems.servicenow.attachments();
        attachments.upload(self.ticket.table.name(), &self.ticket.sys_id, &file).await?;
        Ok(())
    }
}

/// Tells a batch's ticket how many rows went how, once.
#[derive(Debug, Serialize, Deserialize)]
struct TellRows {
    ticket: Ticket,
    batch: String,
}

#[typetag::serde(name = "bulk.tell_rows")]
#[async_trait]
impl Action for TellRows {
    fn describe(&self) -> Change {
        Change::new("servicenow", Verb::Add, format!("work note on {} with the counts", self.ticket.number))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let (table, mark) = (self.ticket.table.name(), context.mark.to_string());
        let notes = context.systems.servicenow.journal();
        let found = notes.find_note(table, &self.ticket.sys_id, &mark).await?;
        Ok(if found.is_some() { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let rows = journal(context)?.count_rows(&self.batch).await;
        let rows = rows.map_err(|error| ActionError::transient(error.to_string(), Delivery::NotSent))?;
        let text = format!("{}\nThe batch {:?} has ended: {rows}.", context.mark, self.batch);
        let notes = context.systems.servicenow.journal();
        Ok(notes.add_work_note(self.ticket.table.name(), &self.ticket.sys_id, &text).await?)
    }
}

fn journal<'a>(context: &Context<'a>) -> Result<&'a Journal, ActionError> {
    let journal = context.systems.journal();
    journal.ok_or_else(|| ActionError::permanent("only an engine knows the rows of a batch"))
}
