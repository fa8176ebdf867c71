//! Requests for access: the tickets that a test adds, and the approvals that their flow asks for.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::edit::{EditError, refused};
use crate::sandbox::Sandbox;
use crate::servicenow::approvals::{Asking, ask};
use crate::servicenow::store::record;
use crate::servicenow::{Instance, catalog};

/// What a request for access says, and whom its flow asks. The default is a complete one of the chief executive's
/// second vice president, whose manager is asked.
///
/// People are user names. `None` leaves the variable out of the ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRequest {
    /// Who gets it.
    pub requested_for: String,
    /// Who ordered it; none for who gets it.
    pub opened_by: Option<String>,
    /// The variable `access`: what is wanted.
    pub access: Option<String>,
    /// The variable `duration`.
    pub duration: Option<String>,
    /// The variable `justification`.
    pub justification: Option<String>,
    /// The variable `renews`.
    pub renews: Option<String>,
    /// The variable `incident`.
    pub incident: Option<String>,
    /// Whom the flow asks, one round after the other: user names, `manager`, or `group:` and a group's name. Without
    /// any the item is approved as it is ordered.
    pub approvers: Vec<Vec<String>>,
    /// Whether everybody in a round has to approve; else one does.
    pub all_must_approve: bool,
}

impl Default for AccessRequest {
    fn default() -> Self {
        let some = |text: &str| Some(text.to_owned());
        Self {
            requested_for: String::new(),
            opened_by: None,
            access: some("crm"),
            duration: some("8h"),
            justification: some("The quarter ends, and somebody is ill."),
            renews: None,
            incident: None,
            approvers: vec![vec!["manager".to_owned()]],
            all_must_approve: false,
        }
    }
}

/// The records that an access request consists of. Its task is made once it is approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessTicket {
    /// The requested item's number, `RITM…`.
    pub number: String,
    /// The requested item.
    pub item_sys_id: String,
    /// The request's number, `REQ…`.
    pub request_number: String,
    /// The request.
    pub request_sys_id: String,
}

/// The catalog items: for access, and for its end.
pub(crate) const ITEM_NAME: &str = "Temporary permission";
pub(crate) const END_ITEM_NAME: &str = "End of a permission";

/// The variables of both: name, question, type number, mandatory, referenced table.
pub(crate) const VARIABLES: [(&str, &str, &str, bool, &str); 5] = [
    ("access", "What do you need?", "5", true, ""),
    ("duration", "For how long?", "5", false, ""),
    ("justification", "What for?", "2", true, ""),
    ("renews", "Which request does this renew?", "6", false, ""),
    ("incident", "In an emergency: the incident", "6", false, ""),
];

impl Sandbox {
    /// Orders access for somebody. Approvals are asked for at once, the next round once the one before has approved; an
    /// approved item gets its task [`flow_seconds`](crate::Habits::flow_seconds) later, and a rejected one is closed, unless
    /// [`rejected_items_stay_open`](crate::Habits::rejected_items_stay_open).
    pub fn request_access(&self, request: &AccessRequest) -> Result<AccessTicket, EditError> {
        self.order(ITEM_NAME, request)
    }

    /// Orders the end of access that somebody has: only the variables `access` and `justification` are asked.
    pub fn request_end_of_access(&self, request: &AccessRequest) -> Result<AccessTicket, EditError> {
        self.order(END_ITEM_NAME, request)
    }

    fn order(&self, item: &str, request: &AccessRequest) -> Result<AccessTicket, EditError> {
        let now = self.shared.clock.now();
        order(&mut self.shared.world().servicenow, item, request, now)
    }

    /// Answers an approval as `by`, who is the approver, or stands in for them. `state` is `approved` or `rejected`. Also
    /// for an answer that is given another time.
    ///
    /// The approver is a user name; if they are asked more than once, all of their approvals that are still open are
    /// answered, or all of them if none is.
    pub fn answer_approval(
        &self,
        item_sys_id: &str,
        approver: &str,
        by: &str,
        state: &str,
    ) -> Result<(), EditError> {
        let rows: Vec<(String, bool)> = {
            let world = self.shared.world();
            let instance = &world.servicenow;
            let approver = user(instance, approver)?;
            let rows = instance
                .rows("sysapproval_approver")
                .filter(|row| row.get("sysapproval") == item_sys_id && row.get("approver") == approver);
            rows.map(|row| (row.get("sys_id").to_owned(), row.get("state") == "requested")).collect()
        };
        let any_open = rows.iter().any(|(_, open)| *open);
        let answered: Vec<&String> =
            rows.iter().filter(|(_, open)| *open || !any_open).map(|(row, _)| row).collect();
        if answered.is_empty() {
            return Err(EditError(format!("{approver} was not asked")));
        }
        for row in answered {
            self.edit_record_as(by, "sysapproval_approver", row, &json!({ "state": state }))?;
        }
        Ok(())
    }
}

fn order(
    instance: &mut Instance,
    item: &str,
    request: &AccessRequest,
    now: DateTime<Utc>,
) -> Result<AccessTicket, EditError> {
    let requested_for = user(instance, &request.requested_for)?;
    let opened_by = user(instance, request.opened_by.as_ref().unwrap_or(&request.requested_for))?;
    let item = instance.find_by("sc_cat_item", "name", item).map(|found| found.get("sys_id").to_owned());
    let item = item.ok_or_else(|| EditError("the catalog item was deleted".to_owned()))?;
    let answers = [
        ("access", &request.access),
        ("duration", &request.duration),
        ("justification", &request.justification),
        ("renews", &request.renews),
        ("incident", &request.incident),
    ];
    let answers: Vec<(String, String)> =
        answers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect();
    let author = instance.author(now);
    let (request_sys_id, ritm) =
        catalog::place_alone(instance, &item, &requested_for, &answers, &author).map_err(refused)?;
    let approval = if request.approvers.is_empty() { "approved" } else { "requested" };
    let opened = record([("opened_by", opened_by.as_str()), ("approval", approval)]);
    instance.update("sc_req_item", &ritm, opened, &author).map_err(refused)?;
    let rounds = request.approvers.iter().map(|round| round.iter().map(String::as_str).collect());
    let asking = Asking::new(rounds.collect::<Vec<Vec<&str>>>(), request.all_must_approve);
    ask(instance, &ritm, asking, &author).map_err(refused)?;
    let number = |table: &str, id: &str| instance.display_of(table, id);
    Ok(AccessTicket {
        number: number("sc_req_item", &ritm),
        request_number: number("sc_request", &request_sys_id),
        item_sys_id: ritm,
        request_sys_id,
    })
}

fn user(instance: &Instance, user_name: &str) -> Result<String, EditError> {
    let found = instance.find_by("sys_user", "user_name", user_name);
    found.map(|user| user.get("sys_id").to_owned()).ok_or_else(|| EditError(format!("no user {user_name}")))
}
