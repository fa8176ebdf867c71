//! Whose a ticket is.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use servicenow_client::SysId;
use servicenow_client::tables::Task;

use super::Ticket;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Gives a ticket to a group.
#[derive(Debug, Serialize, Deserialize)]
pub struct Assign {
    /// The ticket.
    pub ticket: Ticket,
    /// The group.
    pub group: SysId,
    /// Its name, for people.
    pub group_name: String,
}

#[typetag::serde(name = "servicenow.assign")]
#[async_trait]
impl Action for Assign {
    fn describe(&self) -> Change {
        let target = format!("ticket {} to the group \"{}\"", self.ticket.number, self.group_name);
        Change::new("servicenow", Verb::Change, target)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let task = context.systems.servicenow.table::<Task>().get(&self.ticket.sys_id).await?;
        let is = task.assignment_group.get().map(|group| group.id().clone());
        Ok(if is.as_ref() == Some(&self.group) { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        self.ticket.update(context, &serde_json::json!({ "assignment_group": self.group })).await
    }
}
