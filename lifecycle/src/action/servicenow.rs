//! Changes to ServiceNow.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use servicenow_client::journal::JournalKind;
use servicenow_client::tables::{Approval, ScReqItem, ScTask, SysUser, TaskState};
use servicenow_client::{Query, Record, SysId};

use super::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};
use crate::run::StepReport;

/// The name under which a step's findings hold the journal field that its note is in.
pub const NOTE: &str = "note";

/// The longest note: the rest belongs into an attachment.
const LONGEST_NOTE: usize = 8 * 1024;

/// A ticket: a catalog task, or an item that has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its table: `sc_task` or `sc_req_item`.
    pub table: TicketTable,
    /// Its key.
    pub sys_id: SysId,
    /// Its number, for people.
    pub number: String,
}

/// The tables of tickets that this crate moves through their states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketTable {
    /// Catalog tasks. An item closes when its tasks are closed, and not before: close these.
    ScTask,
    /// Requested items: closed directly only if they have no task.
    ScReqItem,
}

impl TicketTable {
    /// ServiceNow's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ScTask => ScTask::TABLE,
            Self::ScReqItem => ScReqItem::TABLE,
        }
    }
}

impl Ticket {
    async fn state(&self, context: &Context<'_>) -> Result<Option<TaskState>, ActionError> {
        let servicenow = &context.systems.servicenow;
        let state = match self.table {
            TicketTable::ScTask => servicenow.table::<ScTask>().get(&self.sys_id).await?.state,
            TicketTable::ScReqItem => servicenow.table::<ScReqItem>().get(&self.sys_id).await?.state,
        };
        Ok(state.into_option())
    }

    async fn update(&self, context: &Context<'_>, fields: &impl Serialize) -> Result<(), ActionError> {
        let servicenow = &context.systems.servicenow;
        match self.table {
            TicketTable::ScTask => {
                servicenow.table::<ScTask>().update(&self.sys_id, fields).await?;
            }
            TicketTable::ScReqItem => {
                servicenow.table::<ScReqItem>().update(&self.sys_id, fields).await?;
            }
        }
        Ok(())
    }
}

/// Moves an open ticket to a state.
///
/// A ticket that somebody closed otherwise meanwhile is left alone.
#[derive(Debug, Serialize, Deserialize)]
pub struct SetTicketState {
    /// The ticket.
    pub ticket: Ticket,
    /// The state to reach.
    pub to: TaskState,
    /// What is said on closing.
    pub close_notes: Option<String>,
}

#[typetag::serde(name = "servicenow.set_ticket_state")]
#[async_trait]
impl Action for SetTicketState {
    fn describe(&self) -> Change {
        let target = format!("ticket {} to {}", self.ticket.number, state_label(&self.to));
        let change = Change::new("servicenow", Verb::Change, target);
        match &self.close_notes {
            Some(notes) => change.to("close notes", notes),
            None => change,
        }
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let number = &self.ticket.number;
        Ok(match self.ticket.state(context).await? {
            Some(state) if state == self.to => State::reached(),
            Some(TaskState::Pending | TaskState::Open | TaskState::WorkInProgress) => State::Open,
            Some(state) => State::Drifted(format!("{number} is in state {} now", state_label(&state))),
            None => State::Drifted(format!("{number} shows no state: may the API user read it?")),
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let mut fields = serde_json::json!({ "state": self.to.as_str() });
        if let Some(notes) = &self.close_notes {
            fields["close_notes"] = notes.as_str().into();
        }
        self.ticket.update(context, &fields).await
    }
}

/// The state as people know it.
pub(crate) fn state_label(state: &TaskState) -> String {
    format!("{} ({state})", state.label())
}

/// Confirms that a request still stands: the item is active and approved, its ticket open and not on hold, and
/// the answers are those that were planned with. Changes nothing, and stops the run if it does not.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConfirmRequest {
    /// The requested item.
    pub item: SysId,
    /// What is worked on: its task, or the item itself.
    pub ticket: Ticket,
    /// Answers that must not have changed, by the variable's name.
    pub answers: BTreeMap<String, String>,
}

#[typetag::serde(name = "servicenow.confirm_request")]
#[async_trait]
impl Action for ConfirmRequest {
    fn describe(&self) -> Change {
        Change::new("servicenow", Verb::Confirm, format!("ticket {} still stands", self.ticket.number))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let servicenow = &context.systems.servicenow;
        match self.ticket.state(context).await? {
            Some(TaskState::Open | TaskState::WorkInProgress) => {}
            state => {
                let state = state.as_ref().map_or_else(|| "unknown".to_owned(), state_label);
                return Ok(State::Drifted(format!("{} is {state} now", self.ticket.number)));
            }
        }
        let item = servicenow.table::<ScReqItem>().get(&self.item).await?;
        if item.active.get() == Some(&false) || item.approval.get() != Some(&Approval::Approved) {
            return Ok(State::Drifted("the request was called off, or its approval withdrawn".into()));
        }
        let answers = servicenow.request_item_variables(&self.item).await?;
        let is = |name: &str| answers.value(name).unwrap_or_default().trim();
        Ok(match self.answers.iter().find(|(name, was)| is(name) != was.as_str()) {
            Some((name, was)) => State::Drifted(format!("{name} was {was:?}, and is {:?} now", is(name))),
            None => State::reached(),
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::permanent("there is nothing to do but to look"))
    }
}

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
            text.extend(context.steps.iter().map(line));
        }
        // Between these ServiceNow shows a note as HTML, and names on a ticket are what somebody typed.
        let text = text.replace("[code]", "(code)").replace("[/code]", "(/code)");
        let text = within(text.trim_end(), LONGEST_NOTE);
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

/// One step in a note's table.
fn line(report: &StepReport) -> String {
    let outcome = report.outcome.as_ref().map_or_else(|| "begun".to_owned(), ToString::to_string);
    let ids: Vec<&str> = report.calls.iter().filter_map(|call| call.request_id.as_deref()).collect();
    let requests = if ids.is_empty() { String::new() } else { format!(" (request {})", ids.join(", ")) };
    format!("- {}: {outcome}{requests}\n", report.step)
}

/// As much of `text` as fits, and a word if that is not all.
fn within(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    format!("{}\n(cut: the ledger has the rest)", &text[..text.floor_char_boundary(bytes)])
}

/// A ServiceNow user to be there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewServiceNowUser {
    /// The login: the same as in Okta, so that single sign-on finds it.
    pub user_name: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Mail address.
    pub email: String,
    /// The person's number, by which the record is found.
    pub employee_number: String,
    /// Job title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The manager's record.
    pub manager: SysId,
}

impl std::fmt::Debug for NewServiceNowUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewServiceNowUser")
    }
}

/// Makes sure that a person has an active ServiceNow user: the one with the employee number, or a new one.
#[derive(Debug, Serialize, Deserialize)]
pub struct EnsureUser {
    /// What it should be.
    pub user: NewServiceNowUser,
}

impl EnsureUser {
    async fn find(&self, context: &Context<'_>) -> Result<Option<SysUser>, ActionError> {
        let users = context.systems.servicenow.table::<SysUser>();
        let by_number = Query::new().eq("employee_number", self.user.employee_number.as_str());
        Ok(users.find_one(by_number).await?)
    }
}

#[typetag::serde(name = "servicenow.ensure_user")]
#[async_trait]
impl Action for EnsureUser {
    fn describe(&self) -> Change {
        Change::new("servicenow", Verb::Add, format!("user {}, active", self.user.user_name))
            .to("employee_number", &self.user.employee_number)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let wanted = self.user.user_name.as_str();
        let Some(found) = self.find(context).await? else { return Ok(State::Open) };
        Ok(match found.user_name.as_str() {
            Some(is) if !is.eq_ignore_ascii_case(wanted) => {
                State::Drifted(format!("the user with this employee number is named {is}, not {wanted}"))
            }
            _ if found.active.get() == Some(&true) && found.locked_out.get() != Some(&true) => {
                State::reached()
            }
            _ => State::Open,
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let users = context.systems.servicenow.table::<SysUser>();
        let mut fields =
            serde_json::to_value(&self.user).map_err(|error| ActionError::permanent(error.to_string()))?;
        fields["active"] = "true".into();
        // Reactivation alone leaves a user locked.
        fields["locked_out"] = "false".into();
        match self.find(context).await? {
            Some(former) => users.update(&former.sys_id, &fields).await?,
            None => users.create_as(&own_sys_id(context), &fields).await?,
        };
        Ok(())
    }
}

/// A key made of run and step: a second insert of the same step hits the first one's record.
fn own_sys_id(context: &Context<'_>) -> SysId {
    SysId::derived(&context.mark.to_string())
}
