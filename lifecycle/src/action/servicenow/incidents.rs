//! Incidents as tickets: their states in the words of tasks, and how one is resolved.

use servicenow_client::SysId;
use servicenow_client::tables::{Incident, IncidentState, SecurityState, SnSiIncident, TaskState};

use crate::action::{ActionError, Context};

/// With one of these an incident is resolved: the first that the instance has. The last is that of old releases.
const CLOSE_CODES: [&str; 3] = ["Solution provided", "Resolved by request", "Solved (Permanently)"];

/// An incident's state, as a task would have it.
pub(super) async fn state(context: &Context<'_>, sys_id: &SysId) -> Result<Option<TaskState>, ActionError> {
    let incident = context.systems.servicenow.table::<Incident>().get(sys_id).await?;
    Ok(incident.state.into_option().map(|state| match state {
        IncidentState::New => TaskState::Open,
        IncidentState::InProgress => TaskState::WorkInProgress,
        IncidentState::OnHold => TaskState::Pending,
        IncidentState::Resolved | IncidentState::Closed => TaskState::ClosedComplete,
        IncidentState::Canceled => TaskState::ClosedIncomplete,
        // Its number would be another of a task's states.
        other => TaskState::from(format!("{} of an incident", other.as_str()).as_str()),
    }))
}

/// A security incident's state, as a task would have it.
pub(super) async fn security_state(
    context: &Context<'_>,
    sys_id: &SysId,
) -> Result<Option<TaskState>, ActionError> {
    let incident = context.systems.servicenow.table::<SnSiIncident>().get(sys_id).await?;
    Ok(incident.state.into_option().map(|state| match state {
        SecurityState::Closed => TaskState::ClosedComplete,
        SecurityState::Cancelled => TaskState::ClosedIncomplete,
        _ => TaskState::WorkInProgress,
    }))
}

/// Moves an incident to where a task would be.
pub(super) async fn set_state(
    context: &Context<'_>,
    sys_id: &SysId,
    to: &TaskState,
    notes: Option<&str>,
) -> Result<(), ActionError> {
    let servicenow = &context.systems.servicenow;
    let state = match to {
        TaskState::ClosedComplete => {
            let incidents = servicenow.incidents();
            let codes = incidents.close_codes().await?;
            let notes = notes.unwrap_or("Done.");
            // Whoever was faster shows when it is looked at next.
            let _settled = incidents.resolve(sys_id, &codes, CLOSE_CODES, notes).await?;
            return Ok(());
        }
        TaskState::WorkInProgress => IncidentState::InProgress,
        TaskState::Open => IncidentState::New,
        other => return Err(ActionError::permanent(format!("an incident has no state like {other}"))),
    };
    servicenow.table::<Incident>().update(sys_id, &serde_json::json!({ "state": state })).await?;
    Ok(())
}
