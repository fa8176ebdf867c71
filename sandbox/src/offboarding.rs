//! Open requests to offboard somebody, which a test adds.

use chrono::{DateTime, Utc};

use crate::edit::{EditError, refused};
use crate::onboarding::Ticket;
use crate::sandbox::Sandbox;
use crate::servicenow::store::record;
use crate::servicenow::{Instance, catalog};

/// What a request to offboard somebody says: each field is the variable of its name, as a person typed it, and `None`
/// leaves it out of the ticket.
///
/// `employee` and `heir`, given as user names, become those users' sys_ids. A `last_day` of `today` is the sandbox's day.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the variable of its name")]
pub struct OffboardingRequest {
    pub employee: Option<String>,
    pub mode: Option<String>,
    pub last_day: Option<String>,
    pub last_time: Option<String>,
    pub time_zone: Option<String>,
    pub handover_from: Option<String>,
    pub reason: Option<String>,
    pub heir: Option<String>,
    pub legal_hold: Option<String>,
    /// Who opens the ticket: a user name. The integration user by default.
    pub opened_by: Option<String>,
}

impl OffboardingRequest {
    /// A request to offboard the user of this name at once.
    pub fn immediate(employee: &str) -> Self {
        Self { mode: Some("immediate".to_owned()), ..Self::scheduled(employee, "today") }
    }

    /// A request to offboard the user of this name at the end of a day.
    pub fn scheduled(employee: &str, last_day: &str) -> Self {
        Self {
            employee: Some(employee.to_owned()),
            mode: None,
            last_day: Some(last_day.to_owned()),
            last_time: None,
            time_zone: None,
            handover_from: None,
            reason: Some("voluntary".to_owned()),
            heir: None,
            legal_hold: None,
            opened_by: None,
        }
    }

    fn answers(&self, instance: &Instance, at: DateTime<Utc>) -> Vec<(String, String)> {
        let user = |name: &Option<String>| {
            let name = name.as_deref()?;
            let found = instance.find_by("sys_user", "user_name", name);
            Some(found.map_or(name, |user| user.get("sys_id")).to_owned())
        };
        let day = |day: &Option<String>| match day.as_deref() {
            Some("today") => Some(at.format("%Y-%m-%d").to_string()),
            _ => day.clone(),
        };
        let given = [
            ("employee", user(&self.employee)),
            ("mode", self.mode.clone()),
            ("last_day", day(&self.last_day)),
            ("last_time", self.last_time.clone()),
            ("time_zone", self.time_zone.clone()),
            ("handover_from", day(&self.handover_from)),
            ("reason", self.reason.clone()),
            ("heir", user(&self.heir)),
            ("legal_hold", self.legal_hold.clone()),
        ];
        given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

const ITEM_NAME: &str = "Employee offboarding";

/// The catalog item: its name, what it is for, and its variables.
pub(crate) const ITEM: Item = (ITEM_NAME, "Somebody leaves, and keeps no access", &VARIABLES);

type Item = (&'static str, &'static str, &'static [Variable]);

/// Name, question, type number, mandatory, referenced table.
type Variable = (&'static str, &'static str, &'static str, bool, &'static str);

const VARIABLES: [Variable; 9] = [
    ("employee", "Who leaves?", "8", true, "sys_user"),
    ("mode", "How?", "5", false, ""),
    ("last_day", "Last day", "9", false, ""),
    ("last_time", "Last hour of that day", "6", false, ""),
    ("time_zone", "Time zone", "6", false, ""),
    ("handover_from", "Access is reduced from", "9", false, ""),
    ("reason", "Why?", "5", true, ""),
    ("heir", "Who takes the work on?", "8", false, "sys_user"),
    ("legal_hold", "Must something be kept? The matter", "6", false, ""),
];

impl Sandbox {
    /// Opens a request to offboard somebody: approved, with its one task.
    pub fn add_offboarding_request(&self, request: &OffboardingRequest) -> Result<Ticket, EditError> {
        let now = self.shared.clock.now();
        order(&mut self.shared.world().servicenow, request, now)
    }
}

fn order(
    instance: &mut Instance,
    request: &OffboardingRequest,
    now: DateTime<Utc>,
) -> Result<Ticket, EditError> {
    let item = instance.find_by("sc_cat_item", "name", ITEM_NAME).map(|found| found.get("sys_id").to_owned());
    let item = item.ok_or_else(|| EditError("the catalog item was deleted".to_owned()))?;
    let opened_by = match &request.opened_by {
        None => instance.user.clone(),
        Some(name) => {
            let found = instance.find_by("sys_user", "user_name", name);
            found.ok_or_else(|| EditError(format!("no user {name}")))?.get("sys_id").to_owned()
        }
    };
    let answers = request.answers(instance, now);
    let author = instance.author(now);
    let order = catalog::place(instance, &item, &opened_by, &answers, &author).map_err(refused)?;
    let opened = record([("opened_by", opened_by.as_str())]);
    instance.update("sc_req_item", &order.item, opened, &author).map_err(refused)?;
    let number = |table: &str, id: &str| instance.display_of(table, id);
    Ok(Ticket {
        number: number("sc_req_item", &order.item),
        task_number: number("sc_task", &order.task),
        request_number: number("sc_request", &order.request),
        item_sys_id: order.item,
        task_sys_id: order.task,
        request_sys_id: order.request,
    })
}
