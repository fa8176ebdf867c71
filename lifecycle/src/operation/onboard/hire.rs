//! What an onboarding ticket says, checked as a whole.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use okta_client::users::{Profile, ProfilePatch};
use serde::Serialize;
use servicenow_client::catalog::Variables;
use servicenow_client::{Query, SysId};

use super::person::Manager;
use super::start::START_DATE;
use crate::action::servicenow::NewServiceNowUser;
use crate::operation::OperationError;
use crate::operation::form::Form;
use crate::policy::{Attributes, Rules};

/// The attributes that a ticket may leave open.
const OPTIONAL: [&str; 4] = ["secondEmail", "title", "city", "endDate"];

/// The variables of the form.
const VARIABLES: [&str; 11] = [
    "first_name",
    "last_name",
    "personal_email",
    "employee_number",
    "department",
    "title",
    "manager",
    "location",
    "employment_type",
    START_DATE,
    "end_date",
];

/// Every answer that the plan goes by, as it stands, without the first day: that may move.
pub(super) fn answers(given: &Variables) -> BTreeMap<String, String> {
    let counted = VARIABLES.into_iter().filter(|name| *name != START_DATE);
    counted.map(|name| (name.to_owned(), given.value(name).unwrap_or_default().trim().to_owned())).collect()
}

/// A person who is to start, as the ticket has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Hire {
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) personal_email: Option<String>,
    pub(super) employee_number: String,
    pub(super) department: String,
    pub(super) title: Option<String>,
    pub(super) manager: SysId,
    pub(super) location: Option<String>,
    pub(super) employment_type: String,
    pub(super) start_date: NaiveDate,
    pub(super) end_date: Option<NaiveDate>,
}

impl Hire {
    /// Reads the answers, and tells everything that is wrong with them at once.
    pub(super) fn read(number: &str, answers: &Variables) -> Result<Self, OperationError> {
        let mut form = Form::new(answers);
        let employment_type = form.required("employment_type", 50);
        let end_date = form.optional("end_date", 50).and_then(|text| form.date("end_date", &text));
        let start = form.required("start_date", 50);
        let start_date = form.date("start_date", &start);
        let manager = form.required("manager", 32);
        let manager = form.reference("manager", &manager);
        let hire = Self {
            // The lengths are those of Okta's base profile.
            first_name: form.required("first_name", 50),
            last_name: form.required("last_name", 50),
            personal_email: form.email("personal_email"),
            employee_number: form.required("employee_number", 100),
            department: form.required("department", 100),
            title: form.optional("title", 100),
            manager: manager.unwrap_or_else(nobody),
            location: form.optional("location", 128),
            start_date: start_date.unwrap_or_default(),
            end_date,
            employment_type,
        };
        if hire.employment_type == "contractor" && hire.end_date.is_none() {
            form.problem("end_date is missing: a contractor's contract has an end; give it as YYYY-MM-DD");
        }
        if let (Some(start), Some(end)) = (start_date, end_date)
            && end < start
        {
            form.problem(format!("end_date is before start_date: {end} is earlier than {start}"));
        }
        if !hire.employee_number.is_empty()
            && let Err(flaw) = Query::new().eq("employee_number", hire.employee_number.as_str()).encoded()
        {
            form.problem(format!("employee_number is {:?}: {flaw}", hire.employee_number));
        }
        form.filled(number, hire)
    }

    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    pub(super) fn why(&self, number: &str) -> String {
        let title = self.title.as_deref().unwrap_or("somebody");
        format!("{number} asks for {title} in {}, starting {}", self.department, self.start_date)
    }

    pub(super) fn why_activate(&self) -> String {
        format!("starts on {}; the groups are in place by then", self.start_date)
    }

    /// What the policy is asked about, and what the account will show, by Okta's names.
    ///
    /// The dates only if the policy declares them: one attribute that the org's schema does not have refuses
    /// the whole account.
    pub(super) fn attributes(&self, manager: &Manager, rules: &dyn Rules) -> Attributes {
        let start_date = self.start_date.to_string();
        let end_date = self.end_date.map(|date| date.to_string());
        let given = [
            ("firstName", Some(self.first_name.as_str())),
            ("lastName", Some(&self.last_name)),
            ("secondEmail", self.personal_email.as_deref()),
            ("employeeNumber", Some(&self.employee_number)),
            ("department", Some(&self.department)),
            ("title", self.title.as_deref()),
            ("city", self.location.as_deref()),
            ("userType", Some(&self.employment_type)),
            ("manager", Some(&manager.name)),
            ("managerId", Some(&manager.login)),
            ("startDate", Some(&start_date)),
            ("endDate", end_date.as_deref()),
        ];
        let known = given.into_iter().filter(|(name, _)| rules.knows(name));
        known.filter_map(|(name, value)| Some((name, value?))).collect()
    }

    pub(super) fn profile(&self, attributes: &Attributes, login: &str) -> Profile {
        let profile: Profile =
            attributes.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        profile.with("login", login).with("email", login).with("displayName", self.name())
    }

    pub(super) fn servicenow_user(&self, login: &str, manager: &Manager) -> NewServiceNowUser {
        NewServiceNowUser {
            user_name: login.to_owned(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            email: login.to_owned(),
            employee_number: self.employee_number.clone(),
            title: self.title.clone(),
            manager: manager.sys_id.clone(),
        }
    }
}

/// What makes a former account this one. What the ticket leaves open is not as it was before: an old title must
/// bring nothing.
pub(super) fn patch(profile: &Profile, rules: &dyn Rules) -> ProfilePatch {
    let set = profile.iter().fold(ProfilePatch::new(), |patch, (name, value)| patch.set(name, value.clone()));
    let open = OPTIONAL.into_iter().filter(|name| profile.get(name).is_none() && rules.knows(name));
    open.fold(set, ProfilePatch::remove)
}

/// Stands in for a manager that is missing, which is a problem already.
fn nobody() -> SysId {
    "missing".parse().expect("seven letters are a sys_id")
}
