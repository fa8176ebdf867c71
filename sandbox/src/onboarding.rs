//! Open requests to onboard somebody: the tickets that the sandbox starts with, and those a test adds.

use chrono::{DateTime, Utc};

use crate::servicenow::catalog::Order;
use crate::servicenow::{Instance, catalog};

/// What a request to onboard somebody says.
///
/// Every field is text as a person typed it, and `None` leaves the variable out of the ticket, so
/// malformed and incomplete requests can be made too. The default is a complete and valid one.
///
/// Two words have a meaning: a `start_date` of `today` is the sandbox's day, and a `manager` of
/// `department head` is the head of the department. A manager given as a user name becomes that user's
/// sys_id. Anything else stands as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the variable of its name")]
pub struct OnboardingRequest {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub personal_email: Option<String>,
    pub employee_number: Option<String>,
    pub department: Option<String>,
    pub title: Option<String>,
    pub manager: Option<String>,
    pub location: Option<String>,
    pub employment_type: Option<String>,
    pub start_date: Option<String>,
    pub end_date: Option<String>,
}

impl Default for OnboardingRequest {
    fn default() -> Self {
        let some = |text: &str| Some(text.to_owned());
        Self {
            first_name: some("Nora"),
            last_name: some("Lindqvist"),
            personal_email: some("nora.lindqvist@mail.example"),
            employee_number: some("90001"),
            department: some("Engineering"),
            title: some("Software Engineer"),
            manager: some("department head"),
            location: some("Oslo"),
            employment_type: some("employee"),
            start_date: some("today"),
            end_date: None,
        }
    }
}

/// The records that a request with one item consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The requested item's number, `RITM…`.
    pub number: String,
    /// The requested item.
    pub item_sys_id: String,
    /// The catalog task's number, `SCTASK…`.
    pub task_number: String,
    /// The catalog task: what a fulfiller closes.
    pub task_sys_id: String,
    /// The request's number, `REQ…`.
    pub request_number: String,
    /// The request.
    pub request_sys_id: String,
}

/// The variables of the catalog item: name, question, type number, mandatory, referenced table.
pub(crate) const VARIABLES: [(&str, &str, &str, bool, &str); 11] = [
    ("first_name", "First name", "6", true, ""),
    ("last_name", "Last name", "6", true, ""),
    ("personal_email", "Personal email", "26", false, ""),
    ("employee_number", "Employee number", "6", false, ""),
    ("department", "Department", "6", true, ""),
    ("title", "Title", "6", false, ""),
    ("manager", "Manager", "8", false, "sys_user"),
    ("location", "Location", "6", false, ""),
    ("employment_type", "Employment type", "5", true, ""),
    ("start_date", "Start date", "9", true, ""),
    ("end_date", "End date", "9", false, ""),
];

pub(crate) const ITEM_NAME: &str = "Employee onboarding";

impl OnboardingRequest {
    fn answers(&self, instance: &Instance, at: DateTime<Utc>) -> Vec<(String, String)> {
        let start = self.start_date.as_deref();
        let start = if start == Some("today") {
            Some(at.format("%Y-%m-%d").to_string())
        } else {
            self.start_date.clone()
        };
        let given = [
            ("first_name", self.first_name.clone()),
            ("last_name", self.last_name.clone()),
            ("personal_email", self.personal_email.clone()),
            ("employee_number", self.employee_number.clone()),
            ("department", self.department.clone()),
            ("title", self.title.clone()),
            ("manager", self.manager_id(instance)),
            ("location", self.location.clone()),
            ("employment_type", self.employment_type.clone()),
            ("start_date", start),
            ("end_date", self.end_date.clone()),
        ];
        given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    fn manager_id(&self, instance: &Instance) -> Option<String> {
        let wanted = self.manager.as_deref()?;
        if wanted == "department head" {
            let department = self.department.as_deref().unwrap_or_default();
            let department = instance.find_by("cmn_department", "name", department);
            return department.map(|found| found.get("dept_head").to_owned());
        }
        let user = instance.find_by("sys_user", "user_name", wanted);
        Some(user.map_or(wanted, |found| found.get("sys_id")).to_owned())
    }
}

/// Orders the item for somebody.
pub(crate) fn order(
    instance: &mut Instance,
    request: &OnboardingRequest,
    at: DateTime<Utc>,
) -> Option<Ticket> {
    let answers = request.answers(instance, at);
    let item = instance.find_by("sc_cat_item", "name", ITEM_NAME)?.get("sys_id").to_owned();
    let manager = request.manager_id(instance).filter(|id| instance.find("sys_user", id).is_some());
    let requested_for = manager.unwrap_or_else(|| instance.user.clone());
    let order = catalog::place(instance, &item, &requested_for, &answers, &instance.author(at)).ok()?;
    Some(Ticket::of(instance, order))
}

impl Ticket {
    pub(crate) fn of(instance: &Instance, order: Order) -> Self {
        let number = |table: &str, id: &str| instance.display_of(table, id);
        Self {
            number: number("sc_req_item", &order.item),
            task_number: number("sc_task", &order.task),
            request_number: number("sc_request", &order.request),
            item_sys_id: order.item,
            task_sys_id: order.task,
            request_sys_id: order.request,
        }
    }
}
