//! Requests for access: submitted, looked at, decided, granted.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::list::{self, Row};
use super::tasks::{self, Task};
use super::{LOOKS_FOR, catalog, set_member, time};
use crate::http::{Answer, Ask, Reply};
use crate::okta::{Org, error, log, object, users};

/// How long it takes to grant what was approved.
const GRANTS_IN: TimeDelta = TimeDelta::seconds(1);

/// A request as Okta keeps it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) id: String,
    pub(super) status: &'static str,
    created: DateTime<Utc>,
    last_updated: DateTime<Utc>,
    resolved: Option<DateTime<Utc>>,
    granted: Option<DateTime<Utc>>,
    user: String,
    by: String,
    entry: catalog::Entry,
    fields: Value,
    decisions: Vec<Value>,
    messages: Vec<String>,
}

impl Request {
    /// What a list shows.
    fn listed(&self) -> Value {
        let mut shown = json!({
            "id": self.id, "status": self.status, "created": time(self.created), "createdBy": self.by,
            "lastUpdated": time(self.last_updated), "lastUpdatedBy": self.by,
            "requestedBy": { "type": "OKTA_USER", "externalId": self.by },
            "requestedFor": { "type": "OKTA_USER", "externalId": self.user },
            "requested": {
                "entryId": self.entry.id, "resourceId": self.entry.app, "resourceType": "APPLICATION",
                "accessScopeId": self.entry.offer.as_ref().map(|offer| offer.group.as_str()),
                "accessScopeType": "GROUP",
            },
            "_links": list::links([
                ("self", format!("v2/requests/{}", self.id)),
                ("catalogEntry", format!("v2/catalogs/default/entries/{}", self.entry.id)),
            ]),
        });
        if let Some(resolved) = self.resolved {
            shown["resolved"] = time(resolved).into();
        }
        if self.status == "APPROVED" {
            shown["grantStatus"] = if self.granted.is_some() { "GRANTED" } else { "PENDING" }.into();
        }
        if let Some(granted) = self.granted {
            shown["granted"] = time(granted).into();
        }
        shown
    }

    fn shown(&self) -> Value {
        let mut shown = self.listed();
        shown["requesterFieldValues"] = self.fields.clone();
        shown["requestApproval"] = json!({
            "type": "OKTA", "providerName": "Okta Access Requests", "decisions": self.decisions,
        });
        shown
    }

    /// With what was said about it.
    pub(super) fn state(&self) -> Value {
        let mut state = self.shown();
        state["messages"] = self.messages.clone().into();
        state
    }

    /// The approver has decided.
    pub(super) fn resolve(&mut self, approved: bool, by: &str, at: DateTime<Utc>) {
        self.status = if approved { "APPROVED" } else { "DENIED" };
        (self.last_updated, self.resolved) = (at, Some(at));
        let decision = if approved { "APPROVE" } else { "DENY" };
        self.decisions.push(json!({ "deciderId": by, "decision": decision, "decided": time(at) }));
    }
}

pub(super) fn settle(org: &mut Org, now: DateTime<Utc>) {
    for n in 0..org.governance.requests.len() {
        let mut request = org.governance.requests[n].clone();
        let (looked_at, granted_at) =
            (request.created + LOOKS_FOR, request.resolved.map(|resolved| resolved + GRANTS_IN));
        match (request.status, granted_at) {
            ("SUBMITTED", _) if looked_at <= now => look_at(org, &mut request, looked_at),
            ("APPROVED", Some(due)) if due <= now && request.granted.is_none() => {
                if let Some(offer) = &request.entry.offer {
                    set_member(org, &offer.group, &request.user, true, due);
                }
                (request.granted, request.last_updated) = (Some(due), due);
            }
            _ => continue,
        }
        org.governance.requests[n] = request;
    }
}

/// Somebody has to decide; where nothing says who, it is rejected.
fn look_at(org: &mut Org, request: &mut Request, at: DateTime<Utc>) {
    request.last_updated = at;
    let approver = request.entry.offer.as_ref().and_then(|offer| offer.approver.clone());
    if let Some(approver) = approver {
        request.status = "PENDING";
        let task = Task::new(org.ids.hex(24), &request.id, approver, at);
        org.governance.tasks.push(task);
        return;
    }
    (request.status, request.resolved) = ("REJECTED", Some(at));
    let targets = org.users.find(&request.user).map(log::user_target).into_iter().collect();
    org.note_job(at, "access.request.reject", "Access request rejected", targets);
}

/// `GET /v2/requests`
pub(super) fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["filter", "after", "limit"])?;
    let rows = org.governance.requests.iter().map(|request| {
        let shown = request.listed();
        let mut terms = shown["requested"].clone();
        for name in ["status", "lastUpdated"] {
            terms[name] = shown[name].clone();
        }
        terms["requestedFor"] = request.user.as_str().into();
        Row { id: request.id.clone(), terms, shown }
    });
    let attributes = [
        "status",
        "lastUpdated",
        "requestedFor",
        "resourceId",
        "resourceType",
        "accessScopeId",
        "accessScopeType",
    ];
    list::page(ask, rows, &attributes)
}

fn named(org: &Org, id: &str) -> Result<usize, Answer> {
    let at = org.governance.requests.iter().position(|request| request.id == id);
    at.ok_or_else(|| error::not_found(id, "Request"))
}

/// `GET /v2/requests/{id}`
pub(super) fn get(org: &Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    Ok(Answer::json(200, &org.governance.requests[named(org, id)?].shown()))
}

/// `POST /v2/requests`: 202, and SUBMITTED whatever becomes of it.
pub(super) fn create(org: &mut Org, ask: &Ask) -> Reply {
    ask.only_parameters(&[])?;
    let body = Value::Object(object(ask)?);
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    if text("/requested/type") != "CATALOG_ENTRY" || text("/requestedFor/type") != "OKTA_USER" {
        return Err(error::validation("/requested must have required property 'type'", &[]));
    }
    let entry = catalog::named(org, text("/requested/entryId"))?;
    if entry.offer.is_none() {
        let cause = format!("{} is not requestable", entry.id);
        return Err(error::validation(&format!("/requested/entryId {cause}"), &[cause]));
    }
    let user = users::named(org, text("/requestedFor/externalId"))?;
    let by = match text("/requestedBy/externalId") {
        "" => org.token_owner.clone(),
        id => users::named(org, id)?.id,
    };
    let fields = body.get("requesterFieldValues").cloned().unwrap_or_else(|| json!([]));
    let request = Request {
        id: org.ids.okta("req"),
        status: "SUBMITTED",
        created: ask.at,
        last_updated: ask.at,
        resolved: None,
        granted: None,
        user: user.id.clone(),
        by,
        entry,
        fields,
        decisions: Vec::new(),
        messages: Vec::new(),
    };
    let answer = Answer::json(202, &request.shown());
    org.governance.requests.push(request);
    org.note(ask, "access.request.create", "Access request created", vec![log::user_target(&user)]);
    Ok(answer)
}

/// `POST /v2/requests/{id}/messages`
pub(super) fn add_message(org: &mut Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let at = named(org, id)?;
    let body = object(ask)?;
    let message = body.get("message").and_then(Value::as_str).unwrap_or_default();
    if message.is_empty() || message.chars().count() > 5000 {
        return Err(error::validation("/message must have 1 to 5000 characters", &[]));
    }
    org.governance.requests[at].messages.push(message.to_owned());
    Ok(Answer::empty(201))
}

/// The request that a task is of.
pub(super) fn of_task<'a>(org: &'a mut Org, task: &tasks::Task) -> Option<&'a mut Request> {
    org.governance.requests.iter_mut().find(|request| request.id == task.request)
}
