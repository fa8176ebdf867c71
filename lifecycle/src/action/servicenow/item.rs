//! Requested items, closed the way their flow wants it.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use servicenow_client::tables::{ScReqItem, ScTask, TaskState};
use servicenow_client::{Field, Query, RawRecord, Record as _, SysId};

use super::ticket::state_label;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// How long after an item's approval was decided its flow may take to go on: to make the item's task, or to close it.
const FLOW_TAKES: TimeDelta = TimeDelta::seconds(30);

/// Closes a requested item whose tasks are not known when the plan is made, since its flow makes them once it is approved:
/// by closing its one open task, which the item follows, or the item itself if it has none.
///
/// An item with several open tasks is left to the person who divided the work.
#[derive(Debug, Serialize, Deserialize)]
pub struct CloseItem {
    /// The item.
    pub item: SysId,
    /// Its number, for people.
    pub number: String,
    /// The state to reach. If that is not Closed Complete, any other closed state will do: the item's flow may have
    /// chosen it.
    pub to: TaskState,
    /// What is said on closing.
    pub close_notes: String,
}

impl CloseItem {
    async fn tasks(&self, context: &Context<'_>) -> Result<Vec<ScTask>, ActionError> {
        let query = Query::new().eq("request_item", &self.item);
        let found = context.systems.servicenow.table::<ScTask>().list(query).collect_all().await?;
        if found.complete {
            return Ok(found.rows);
        }
        Err(ActionError::permanent(format!("{} has tasks that the API user may not see", self.number)))
    }

    fn is_as_wanted(&self, state: &TaskState) -> bool {
        state.is_closed() && (self.to == TaskState::ClosedComplete) == (*state == TaskState::ClosedComplete)
    }
}

/// Whether the item's flow may be about to go on by itself.
fn is_at_work(item: &RawRecord, context: &Context<'_>) -> bool {
    let decided = item.field::<DateTime<Utc>>("approval_set").and_then(Field::into_option);
    decided.is_some_and(|at| context.systems.clock().now() - at < FLOW_TAKES)
}

fn is_open(task: &ScTask) -> bool {
    task.state.get().is_none_or(|state| !state.is_closed())
}

#[typetag::serde(name = "servicenow.close_item")]
#[async_trait]
impl Action for CloseItem {
    fn describe(&self) -> Change {
        let target = format!("item {} to {}", self.number, state_label(&self.to));
        Change::new("servicenow", Verb::Change, target).to("close notes", &self.close_notes)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let items = context.systems.servicenow.records(ScReqItem::TABLE)?.select(["state", "approval_set"]);
        let item = items.get(&self.item).await?;
        let number = &self.number;
        match item.field::<TaskState>("state").and_then(Field::into_option) {
            Some(state) if self.is_as_wanted(&state) => return Ok(State::reached()),
            Some(state) if state.is_closed() => {
                return Ok(State::Drifted(format!("{number} is in state {} now", state_label(&state))));
            }
            Some(_) => {}
            None => {
                return Ok(State::Drifted(format!("{number} shows no state: may the API user read it?")));
            }
        }
        let tasks = self.tasks(context).await?;
        Ok(match tasks.iter().filter(|task| is_open(task)).count() {
            0 if tasks.is_empty() && is_at_work(&item, context) => State::Underway,
            // The item follows by its flow, some time later.
            0 if tasks.iter().any(|task| task.state.get().is_some_and(|state| self.is_as_wanted(state))) => {
                State::reached()
            }
            0 | 1 => State::Open,
            n => State::Drifted(format!("{number} has {n} open tasks: somebody has divided the work")),
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let fields = serde_json::json!({ "state": self.to.as_str(), "close_notes": self.close_notes });
        let servicenow = &context.systems.servicenow;
        match self.tasks(context).await?.iter().find(|task| is_open(task)) {
            Some(task) => {
                servicenow.table::<ScTask>().update(&task.sys_id, &fields).await?;
            }
            None => {
                servicenow.table::<ScReqItem>().update(&self.item, &fields).await?;
            }
        }
        Ok(())
    }
}
