//! Tasks: what a request waits for.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::list::{self, Row};
use super::{requests, time};
use crate::http::{Answer, Ask, Reply};
use crate::okta::{Org, error, log, object};

/// An approval that somebody has to give or not.
#[derive(Debug, Clone)]
pub(super) struct Task {
    id: String,
    pub(super) request: String,
    approver: String,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
    value: Option<String>,
}

impl Task {
    pub(super) fn new(id: String, request: &str, approver: String, at: DateTime<Utc>) -> Self {
        Self { id, request: request.to_owned(), approver, created: at, updated: at, value: None }
    }

    fn shown(&self) -> Value {
        let mut shown = json!({
            "id": self.id, "type": "APPROVAL", "label": "Approval", "requestId": self.request,
            "status": if self.value.is_some() { "COMPLETED" } else { "OPEN" },
            "assignees": [{ "externalId": self.approver, "type": "OKTA_USER" }],
            "createdAt": time(self.created), "updatedAt": time(self.updated),
        });
        if let Some(value) = &self.value {
            shown["value"] = value.as_str().into();
            shown["completedBy"] = json!({ "externalId": self.approver, "type": "OKTA_USER" });
        }
        shown
    }
}

/// `GET /v2/tasks`
pub(super) fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["filter", "after", "limit"])?;
    let rows = org.governance.tasks.iter().map(|task| {
        let shown = task.shown();
        let mut terms = shown.clone();
        terms["assigneeId"] = task.approver.as_str().into();
        Row { id: task.id.clone(), terms, shown }
    });
    list::page(ask, rows, &["status", "type", "assigneeId", "requestId", "createdAt", "updatedAt"])
}

fn named(org: &Org, id: &str) -> Result<Task, Answer> {
    let found = org.governance.tasks.iter().find(|task| task.id == id);
    found.cloned().ok_or_else(|| error::not_found(id, "Task"))
}

/// `GET /v2/tasks/{id}`
pub(super) fn get(org: &Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    Ok(Answer::json(200, &named(org, id)?.shown()))
}

/// `POST /v2/tasks/{id}/resolve`: in place of whoever it is assigned to.
pub(super) fn resolve(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let mut task = named(org, id)?;
    let body = object(ask)?;
    let value = body.get("value").and_then(Value::as_str).unwrap_or_default();
    if task.value.is_some() {
        return Err(refused("Task resolve failed: Task is already closed."));
    }
    if !matches!(value, "APPROVED" | "DENIED") {
        return Err(refused("Task resolve failed: Approval value must be either APPROVED or DENIED."));
    }
    (task.value, task.updated) = (Some(value.to_owned()), ask.at);
    if let Some(request) = requests::of_task(org, &task) {
        request.resolve(value == "APPROVED", &task.approver, ask.at);
    }
    let targets = org.users.find(&task.approver).map(log::user_target).into_iter().collect();
    org.note(ask, "access.request.resolve", "Access request resolved", targets);
    let answer = Answer::json(200, &task.shown());
    for known in org.governance.tasks.iter_mut().filter(|known| known.id == id) {
        *known = task.clone();
    }
    Ok(answer)
}

fn refused(summary: &str) -> Answer {
    error::error(400, "E0000002", summary, &[summary.to_owned()])
}
