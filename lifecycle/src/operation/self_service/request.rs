//! The incident that asks, whom it is about, and how it came.

use chrono::{DateTime, TimeDelta, Utc};
use okta_client::users::User;
use serde::Serialize;
use servicenow_client::tables::{Incident, IncidentState, SysUser};
use servicenow_client::{Query, SysId};

use super::diagnosis::Diagnosis;
use crate::action::servicenow::{Ticket, TicketTable};
use crate::guard::one_person;
use crate::operation::OperationError;
use crate::plan::{Intent, Request};
use crate::systems::Systems;

/// An incident about somebody's account, and what it says.
#[derive(Debug)]
pub struct Asked {
    pub(super) ticket: Ticket,
    /// The ServiceNow user whom it troubles.
    pub(super) caller: SysUser,
    /// The same person's Okta account.
    pub(super) user: User,
    /// Who opened it.
    requester: SysUser,
    /// The caller's manager, by user name.
    manager: Option<String>,
    incident: Incident,
    pub(super) read_at: DateTime<Utc>,
}

impl Asked {
    /// Reads the incident `number`, and finds the one account that it is about.
    pub(super) async fn read(systems: &Systems, number: &str) -> Result<Self, OperationError> {
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err(OperationError::NoTicketNumber { text: number.to_owned() });
        }
        let incidents = systems.servicenow.table::<Incident>();
        let incident = incidents.find_one(Query::new().eq("number", number)).await?;
        let incident = incident.ok_or_else(|| OperationError::NoTicket { number: number.to_owned() })?;
        let bad = |problem: String| OperationError::BadRequest {
            number: number.to_owned(),
            problems: vec![problem],
        };
        let who = |field: Option<SysId>, name: &str| {
            field.ok_or_else(|| bad(format!("{name} is empty: it must name a user")))
        };
        let caller = who(incident.caller_id.get().map(|user| user.id().clone()), "caller_id")?;
        let requester = who(incident.opened_by.get().map(|user| user.id().clone()), "opened_by")?;
        let caller = person(systems, &caller, "caller_id", &bad).await?;
        let requester = person(systems, &requester, "opened_by", &bad).await?;
        let manager = match caller.manager.get() {
            Some(manager) => systems.servicenow.table::<SysUser>().find(manager.id()).await?,
            None => None,
        };
        let manager = manager.filter(|manager| manager.active.get() == Some(&true));
        let login = caller.user_name.as_str().unwrap_or_default();
        let user = systems.okta.users().find_by_login(login).await?;
        let user = user.ok_or_else(|| {
            bad(format!(
                "caller_id is {login:?}, whom Okta does not know: it must name somebody with an account"
            ))
        })?;
        one_person(&user, &caller).map_err(OperationError::NeedsHuman)?;
        let ticket = Ticket {
            table: TicketTable::Incident,
            sys_id: incident.sys_id.clone(),
            number: incident.number.as_str().unwrap_or(number).to_owned(),
        };
        let manager = manager.and_then(|manager| manager.user_name.as_str().map(str::to_owned));
        Ok(Self { ticket, caller, user, requester, manager, incident, read_at: systems.clock().now() })
    }

    pub(super) fn intent(&self, operation: &str, inputs: &impl Serialize) -> Intent {
        let asked = (self.user.id.as_str(), inputs);
        Intent::new(operation, &format!("incident/{}", self.ticket.sys_id), &asked, None)
    }

    pub(super) fn request(&self) -> Request {
        Request {
            table: self.ticket.table.name().to_owned(),
            sys_id: self.ticket.sys_id.clone(),
            number: self.ticket.number.clone(),
        }
    }

    pub(super) fn check_open(&self) -> Result<(), OperationError> {
        let closed =
            |state: String| OperationError::TicketClosed { number: self.ticket.number.clone(), state };
        match self.incident.state.get() {
            Some(IncidentState::New | IncidentState::InProgress) => Ok(()),
            Some(state) => Err(closed(format!("{} ({state})", state.label()))),
            None => Err(closed("unknown".to_owned())),
        }
    }

    pub(super) fn caller_name(&self) -> &str {
        self.caller.user_name.as_str().unwrap_or_default()
    }

    pub(super) fn requester_name(&self) -> &str {
        self.requester.user_name.as_str().unwrap_or_default()
    }

    /// The manager whose word counts: not one who asks for themselves, or in the person's name.
    pub(super) fn confirming_manager(&self) -> Option<&str> {
        let manager = self.manager.as_deref()?;
        let other = |name: &str| !manager.eq_ignore_ascii_case(name);
        (other(self.requester_name()) && other(self.caller_name())).then_some(manager)
    }

    /// Why the ticket alone does not show that it is the person who asks.
    pub(super) fn doubt(&self, diagnosis: &Diagnosis) -> Option<String> {
        if self.requester.sys_id != self.caller.sys_id {
            return Some("somebody else opened the ticket".to_owned());
        }
        let came = self.incident.contact_type.as_str().unwrap_or("an unknown way");
        if came != "self-service" {
            return Some(format!("the ticket came by {}", crate::report::text::printable(came)));
        }
        match self.incident.opened_at.get() {
            Some(at) if diagnosis.signed_in_on_known_device(*at) => None,
            _ => {
                Some("Okta knows of no sign-in with a known device within a day before the ticket".to_owned())
            }
        }
    }

    /// For how many others the requester opened tickets of this kind within 24 hours, if this one is for another.
    pub(super) async fn requests_for_others(&self, systems: &Systems) -> Result<u64, OperationError> {
        if self.requester.sys_id == self.caller.sys_id {
            return Ok(0);
        }
        let mut theirs = Query::new()
            .eq("opened_by", self.requester.sys_id.clone())
            .not_eq("caller_id", self.requester.sys_id.clone())
            .ge("sys_created_on", self.read_at - TimeDelta::hours(24));
        if let Some(category) = self.incident.category.as_str().filter(|category| !category.is_empty()) {
            theirs = theirs.eq("category", category);
        }
        let found = systems.servicenow.table::<Incident>().list(theirs).collect_all().await?;
        Ok(found.rows.len().try_into().unwrap_or(u64::MAX))
    }
}

async fn person(
    systems: &Systems,
    id: &SysId,
    field: &str,
    bad: &impl Fn(String) -> OperationError,
) -> Result<SysUser, OperationError> {
    let user = systems.servicenow.table::<SysUser>().find(id).await?;
    user.ok_or_else(|| bad(format!("{field} is {id}, which is no user that the API user may see")))
}
