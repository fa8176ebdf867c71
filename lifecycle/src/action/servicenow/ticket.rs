//! The ticket that is worked on: its state, and whether the request behind it still stands.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use servicenow_client::tables::{Approval, Incident, ScReqItem, ScTask, SnSiIncident, TaskState};
use servicenow_client::{Record, SysId};

use super::incidents;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// A ticket: a catalog task, an item that has none, or an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its table.
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
    /// Incidents: resolved, and closed by the instance some days later.
    Incident,
    /// Security incidents: noted on, and moved by people only.
    SecurityIncident,
}

impl TicketTable {
    /// ServiceNow's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ScTask => ScTask::TABLE,
            Self::ScReqItem => ScReqItem::TABLE,
            Self::Incident => Incident::TABLE,
            Self::SecurityIncident => SnSiIncident::TABLE,
        }
    }
}

impl Ticket {
    pub(crate) async fn state(&self, context: &Context<'_>) -> Result<Option<TaskState>, ActionError> {
        let servicenow = &context.systems.servicenow;
        let state = match self.table {
            TicketTable::ScTask => servicenow.table::<ScTask>().get(&self.sys_id).await?.state,
            TicketTable::ScReqItem => servicenow.table::<ScReqItem>().get(&self.sys_id).await?.state,
            TicketTable::Incident => return incidents::state(context, &self.sys_id).await,
            TicketTable::SecurityIncident => return incidents::security_state(context, &self.sys_id).await,
        };
        Ok(state.into_option())
    }

    pub(super) async fn update(
        &self,
        context: &Context<'_>,
        fields: &impl Serialize,
    ) -> Result<(), ActionError> {
        let servicenow = &context.systems.servicenow;
        match self.table {
            TicketTable::ScTask => {
                servicenow.table::<ScTask>().update(&self.sys_id, fields).await?;
            }
            TicketTable::ScReqItem => {
                servicenow.table::<ScReqItem>().update(&self.sys_id, fields).await?;
            }
            TicketTable::Incident => {
                servicenow.table::<Incident>().update(&self.sys_id, fields).await?;
            }
            TicketTable::SecurityIncident => {
                servicenow.table::<SnSiIncident>().update(&self.sys_id, fields).await?;
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
        let Ticket { table, sys_id, number } = &self.ticket;
        match table {
            TicketTable::ScTask | TicketTable::ScReqItem => {}
            TicketTable::Incident => {
                return incidents::set_state(context, sys_id, &self.to, self.close_notes.as_deref()).await;
            }
            TicketTable::SecurityIncident => {
                return Err(ActionError::permanent(format!(
                    "only people move {number}, a security incident"
                )));
            }
        }
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
        Err(ActionError::nothing_to_do())
    }
}
