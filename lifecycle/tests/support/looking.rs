//! What the other side saw and holds.

use std::collections::BTreeSet;
use std::error::Error;

use sandbox::{RequestRecord, Ticket};
use serde_json::Value;

use super::World;

impl World {
    pub fn okta_users(&self) -> Vec<Value> {
        array(&self.sandbox.state()["okta"]["users"])
    }

    pub fn find_okta_user(&self, login: &str) -> Option<Value> {
        self.okta_users().into_iter().find(|user| user["profile"]["login"] == login)
    }

    pub fn okta_user(&self, login: &str) -> Value {
        self.find_okta_user(login).unwrap_or_else(|| panic!("Okta has no user {login}"))
    }

    /// The names of a user's groups, without the one that everybody is in.
    pub fn groups_of(&self, user: &Value) -> BTreeSet<String> {
        let groups = array(&self.sandbox.state()["okta"]["groups"]);
        let name =
            |id: &Value| groups.iter().find(|group| group["id"] == *id).unwrap()["profile"]["name"].clone();
        let names = user["groups"].as_array().unwrap().iter().map(|id| text(&name(id)));
        names.filter(|name| name != "Everyone").collect()
    }

    pub fn mails(&self) -> Vec<Value> {
        array(&self.sandbox.state()["okta"]["mails"])
    }

    /// What Okta logged under this run.
    pub fn log_of(&self, run: &lifecycle::RunId) -> Vec<Value> {
        let mut log = array(&self.sandbox.state()["okta"]["logs"]);
        log.retain(|event| agent(event).contains(run.as_str()));
        log
    }

    pub fn rows(&self, table: &str) -> Vec<Value> {
        array(&self.sandbox.state()["servicenow"][table])
    }

    pub fn row(&self, table: &str, sys_id: &str) -> Value {
        let row = self.rows(table).into_iter().find(|row| row["sys_id"] == sys_id);
        row.unwrap_or_else(|| panic!("{table} has no {sys_id}"))
    }

    /// The row that holds an answer of a request, found by what the answer is.
    pub fn answer_row(&self, ticket: &Ticket, answer: &str) -> String {
        let links = self.rows("sc_item_option_mtom");
        let ours = links.iter().filter(|link| link["request_item"] == *ticket.item_sys_id);
        let rows = ours.map(|link| self.row("sc_item_option", link["sc_item_option"].as_str().unwrap()));
        let found = rows.into_iter().find(|row| row["value"] == answer);
        text(&found.unwrap_or_else(|| panic!("no answer is {answer}"))["sys_id"])
    }

    pub fn users_numbered(&self, number: &str) -> Vec<Value> {
        let mut users = self.rows("sys_user");
        users.retain(|user| user["employee_number"] == number);
        users
    }

    /// The entries of a record's `work_notes` or `comments`.
    pub fn notes(&self, sys_id: &str, field: &str) -> Vec<String> {
        let rows = self.rows("sys_journal_field").into_iter();
        rows.filter(|row| row["element_id"] == sys_id && row["element"] == field)
            .map(|row| text(&row["value"]))
            .collect()
    }

    /// The states of task, item and request.
    pub fn states(&self, ticket: &Ticket) -> [String; 3] {
        let state = |table: &str, id: &str| text(&self.row(table, id)["state"]);
        [
            state("sc_task", &ticket.task_sys_id),
            state("sc_req_item", &ticket.item_sys_id),
            state("sc_request", &ticket.request_sys_id),
        ]
    }

    /// The writes that reached either side, oldest first: ours and those of a colleague in the same test.
    pub fn writes(&self) -> Vec<RequestRecord> {
        let mut requests = self.sandbox.requests();
        requests.retain(|request| request.method != "GET");
        requests
    }

    /// That nothing but reads reached either side.
    #[track_caller]
    pub fn assert_untouched(&self) {
        assert_eq!(short(&self.writes()), [""; 0], "something was written");
    }
}

/// `POST /api/v1/users?activate=false` for each.
pub fn short(requests: &[RequestRecord]) -> Vec<String> {
    requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
}

pub fn agent(event: &Value) -> String {
    text(&event["client"]["userAgent"]["rawUserAgent"])
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn array(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// An error with its causes, as a program would show it.
pub fn told(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        told = format!("{told}: {cause}");
        source = cause.source();
    }
    told
}
