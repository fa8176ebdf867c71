//! Requests for access, and those who approve them.

use lifecycle::{Engine, GrantAccess, Policy, Run, RunId};
use sandbox::{AccessRequest, AccessTicket, RequestRecord, group_id};
use serde_json::Value;

use super::World;
use super::looking::text;

/// The group behind the target `crm`.
pub const CRM: &str = "Salesforce Users";

/// The group behind the target `production`.
pub const PRODUCTION: &str = "Production Access";

/// What may be asked for, and who may approve it.
pub fn access_policy(world: &World) -> Policy {
    let desk = text(&find(&world.rows("sys_user_group"), "name", "Service Desk")["sys_id"]);
    let crm = group_id(CRM);
    let production = group_id(PRODUCTION);
    let wiki = group_id("Jira Users");
    let ledger = group_id("Payroll Admins");
    let text = format!(
        r#"
version = 1
name = "access"
owner = "iam-team"

[account]
login = "{{firstName}}.{{lastName}}@acme.example"

[targets.crm]
okta_group = "{crm}"
name = "{CRM}"
max_duration = "30d"

[targets.wiki]
okta_group = "{wiki}"
approvals = 0
max_duration = "7d"

[targets.ledger]
okta_group = "{ledger}"
risk = "high"
approvers = ["manager", "owner"]
approvals = 2
max_duration = "1d"

[targets.production]
okta_group = "{production}"
name = "{PRODUCTION}"
risk = "privileged"
max_duration = "8h"

[targets.desk]
servicenow_group = "{desk}"
max_duration = "1d"

[targets.itil]
servicenow_role = "itil"
max_duration = "1d"

[[rules]]
id = "everybody-in-an-emergency"
when = 'true'
grant = ["production"]

[[sod]]
id = "sell-and-book"
conflict = [["crm"], ["ledger"]]
severity = "high"
"#
    );
    Policy::parse("access.toml", &text).unwrap_or_else(|error| panic!("{error}"))
}

pub fn grant(world: &World, ticket: &AccessTicket) -> GrantAccess {
    GrantAccess::ticket(&ticket.number, access_policy(world))
}

/// Somebody who has a manager and is in neither of the groups that are asked for, and that manager.
pub fn report_and_manager(world: &World) -> (String, String) {
    let users = world.rows("sys_user");
    let name =
        |id: &Value| users.iter().find(|user| user["sys_id"] == *id).map(|user| text(&user["user_name"]));
    let fits = |login: &str| {
        world.find_okta_user(login).is_some_and(|user| {
            let groups = world.groups_of(&user);
            ![CRM, PRODUCTION, "Payroll Admins", "Jira Users"].iter().any(|group| groups.contains(*group))
        })
    };
    let pairs =
        users.iter().rev().filter_map(|user| Some((text(&user["user_name"]), name(&user["manager"])?)));
    pairs.into_iter().find(|(login, _)| fits(login)).expect("somebody has a manager, and none of it")
}

pub fn user_id(world: &World, user_name: &str) -> String {
    text(&find(&world.rows("sys_user"), "user_name", user_name)["sys_id"])
}

pub fn find(rows: &[Value], field: &str, value: &str) -> Value {
    rows.iter().find(|row| row[field] == value).unwrap_or_else(|| panic!("no {field} is {value}")).clone()
}

/// A request of somebody's, and who is to decide.
pub struct Request {
    pub ticket: AccessTicket,
    pub person: String,
    pub manager: String,
}

impl World {
    /// The default request: crm for eight hours, of somebody who asks for themselves.
    pub fn asks(&self) -> Request {
        self.asks_with(|_| {})
    }

    pub fn asks_with(&self, change: impl FnOnce(&mut AccessRequest)) -> Request {
        let (person, manager) = report_and_manager(self);
        self.asked_by(person, manager, change)
    }

    /// One more request of the same person.
    pub fn asks_again(&self, before: &Request, change: impl FnOnce(&mut AccessRequest)) -> Request {
        self.asked_by(before.person.clone(), before.manager.clone(), change)
    }

    fn asked_by(&self, person: String, manager: String, change: impl FnOnce(&mut AccessRequest)) -> Request {
        let mut request = AccessRequest { requested_for: person.clone(), ..AccessRequest::default() };
        change(&mut request);
        let ticket = self.sandbox.request_access(&request).unwrap();
        Request { ticket, person, manager }
    }

    /// As somebody's own answer, a second later than everything before.
    pub fn answers(&self, request: &Request, who: &str, state: &str) {
        self.seconds(1);
        self.sandbox.answer_approval(&request.ticket.item_sys_id, who, who, state).unwrap();
    }

    pub fn approves(&self, request: &Request) {
        self.answers(request, &request.manager.clone(), "approved");
    }

    pub fn seconds(&self, seconds: i64) {
        let clock = self.sandbox.clock();
        clock.advance_to(clock.now() + chrono::TimeDelta::seconds(seconds));
    }

    pub fn is_in(&self, login: &str, group: &str) -> bool {
        self.groups_of(&self.okta_user(login)).contains(group)
    }

    /// The writes to anything but the ticket.
    pub fn writes_elsewhere(&self, request: &Request) -> Vec<RequestRecord> {
        let item = request.ticket.item_sys_id.clone();
        let tasks = self.rows("sc_task").into_iter().filter(|task| task["request_item"] == *item);
        let tasks: Vec<String> = tasks.map(|task| text(&task["sys_id"])).collect();
        let is_ticket = |path: &str| path.contains(&item) || tasks.iter().any(|task| path.contains(task));
        let mut writes = self.writes();
        // A test makes owners itself.
        writes.retain(|write| !is_ticket(&write.path) && !write.path.ends_with("/owners"));
        writes
    }

    pub fn item(&self, request: &Request) -> Value {
        self.row("sc_req_item", &request.ticket.item_sys_id)
    }
}

/// Takes up what has come due so much later.
pub async fn later(world: &World, engine: &Engine, run: &RunId, seconds: i64) -> Run {
    world.seconds(seconds);
    let mut now = engine.finish(run).await.unwrap();
    // What was woken may wait again for something that is due by now.
    for _ in 0..10 {
        if engine.resume().await.unwrap().is_empty() {
            break;
        }
        now = engine.finish(run).await.unwrap();
    }
    now
}

/// Submits it, and has the manager approve it a minute later.
pub async fn approved(world: &World, engine: &Engine, request: &Request) -> Run {
    let run = engine.run(&grant(world, &request.ticket)).await.unwrap();
    world.approves(request);
    later(world, engine, &run.id, 60).await
}
