//! What people see of a run.

use lifecycle::plan::Plan;
use lifecycle::report::Thread;
use lifecycle::{Progress, Run, RunStatus};
use servicenow_client::tables::{Incident, IncidentState, ScReqItem, ScTask, SysUser, TaskState};
use servicenow_client::{Query, Record as _, ServiceNowClient, SysId};

use crate::output::say;
use crate::{BoxError, World};

/// A step that ended, under the number that it has in the plan.
pub(crate) fn progress(plan: &Plan, event: &Progress) {
    if let Progress::Ended { step, change, outcome, .. } = event {
        let done = plan.steps.iter().chain(&plan.closing.done);
        let failed = plan.steps.iter().chain(&plan.closing.failed);
        let place = done.map(|s| &s.id).position(|id| id == step);
        let place = place.or_else(|| failed.map(|s| &s.id).position(|id| id == step)).unwrap_or_default();
        say!("{:>4} {change}: {outcome}", place + 1);
    }
}

/// Where the run stands, and what to do about it.
pub(crate) fn status(run: &Run) {
    say!("\nThe run is {}", run.status);
    match run.status {
        RunStatus::Waiting { .. } => say!("Start this again then: it goes on."),
        RunStatus::Stalled { .. } | RunStatus::Running => {
            say!("Start this again when that is mended: it goes on where it stopped.");
        }
        RunStatus::NeedsHuman { .. } => say!("What was reached stays, and the ticket says so."),
        RunStatus::Declined { .. } | RunStatus::Cancelled { .. } => {
            say!("What it had done was undone, as far as its plan says.");
        }
        RunStatus::Done | RunStatus::Superseded { .. } => {}
    }
}

/// The audit thread.
pub(crate) fn thread(world: &World, thread: &Thread) {
    say!("\nAudit thread\n{thread}");
    if world.is_sandbox() && !thread.is_verified() {
        say!("This sandbox is a new one: it does not know what a run did in an earlier one.");
    }
}

/// What the run left in both systems.
pub(crate) async fn traces(world: &World, run: &Run) -> Result<(), BoxError> {
    ticket(world, run).await?;
    account(world, run).await
}

/// The ticket that asked for the run, its tasks, and what is written on them.
async fn ticket(world: &World, run: &Run) -> Result<(), BoxError> {
    let Some(request) = &run.request else { return Ok(()) };
    let servicenow = &world.systems.servicenow;
    if request.table == Incident::TABLE {
        let incident = servicenow.table::<Incident>().get(&request.sys_id).await?;
        let state = incident.state.get().map_or("in an unknown state", IncidentState::label);
        say!("\nTicket\n  {} is {state}", request.number);
        return notes(servicenow, Incident::TABLE, &request.sys_id).await;
    }
    let item = servicenow.table::<ScReqItem>().get(&request.sys_id).await?;
    say!("\nTicket\n  {} is {}", request.number, label(item.state.get()));
    let tasks = servicenow.table::<ScTask>().list(Query::new().eq("request_item", request.sys_id.clone()));
    for task in tasks.collect_all().await?.rows {
        say!("  {} is {}", task.number.as_str().unwrap_or("?"), label(task.state.get()));
        notes(servicenow, "sc_task", &task.sys_id).await?;
    }
    Ok(())
}

async fn notes(servicenow: &ServiceNowClient, table: &str, id: &SysId) -> Result<(), BoxError> {
    for entry in servicenow.journal().entries(table, id).await? {
        say!("    {}", entry.kind.field());
        for line in entry.text.trim().lines().filter(|line| !line.trim().is_empty()) {
            say!("      {line}");
        }
    }
    Ok(())
}

fn label(state: Option<&TaskState>) -> &str {
    state.map_or("in an unknown state", TaskState::label)
}

/// The person's account in both systems.
async fn account(world: &World, run: &Run) -> Result<(), BoxError> {
    let login = &run.subject.login;
    let users = world.systems.okta.users();
    say!("\nAccount {login}");
    match users.find_by_login(login).await? {
        None => say!("  Okta: none"),
        Some(user) => {
            say!("  Okta: {}, {}", user.status, user.id);
            let groups = users.groups(&user.id).collect_all().await?;
            let names: Vec<&str> = groups.iter().map(|group| group.profile.name.as_str()).collect();
            say!("        in the groups {}", names.join(", "));
        }
    }
    let users = world.systems.servicenow.table::<SysUser>();
    match users.find_one(Query::new().eq("user_name", login)).await? {
        None => say!("  ServiceNow: none"),
        Some(user) => {
            let active = if user.active.get() == Some(&true) { "active" } else { "not active" };
            say!("  ServiceNow: {active}, {}", user.sys_id);
        }
    }
    Ok(())
}
