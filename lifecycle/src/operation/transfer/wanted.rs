//! What is asked for with a transfer, checked as a whole.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;
use servicenow_client::catalog::Variables;

use crate::operation::OperationError;
use crate::operation::colleague::Who;
use crate::operation::form::Form;

/// A move, as a program asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// Who moves, by login.
    pub employee: String,
    /// The new department.
    pub department: Option<String>,
    /// The new title.
    pub title: Option<String>,
    /// The new manager, by login.
    pub manager: Option<String>,
    /// The new location: a city.
    pub location: Option<String>,
    /// The new cost center, by its code.
    pub cost_center: Option<String>,
    /// From when.
    pub effective_date: NaiveDate,
    /// Who takes on open approvals, reports and groups of the old position, by login.
    pub successor: Option<String>,
}

impl Move {
    /// A move of nothing, to be filled in.
    #[must_use]
    pub fn new(employee: impl Into<String>, effective_date: NaiveDate) -> Self {
        Self {
            employee: employee.into(),
            department: None,
            title: None,
            manager: None,
            location: None,
            cost_center: None,
            effective_date,
            successor: None,
        }
    }
}

/// A move, wherever it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Wanted {
    pub(super) employee: Who,
    pub(super) department: Option<String>,
    pub(super) title: Option<String>,
    pub(super) manager: Option<Who>,
    pub(super) location: Option<String>,
    pub(super) cost_center: Option<String>,
    pub(super) effective_date: NaiveDate,
    pub(super) successor: Option<Who>,
}

const NOTHING: &str = "nothing changes: give department, title, manager, location or cost_center";

impl Wanted {
    /// Reads the answers, and tells everything that is wrong with them at once. Where something else changes too, the position
    /// may stay as it is.
    pub(super) fn read(
        number: &str,
        answers: &Variables,
        nothing_else: bool,
    ) -> Result<Self, OperationError> {
        let mut form = Form::new(answers);
        let date = form.required("effective_date", 50);
        let effective_date = form.date("effective_date", &date).unwrap_or_default();
        let employee = form.required("employee", 32);
        let employee = form.reference("employee", &employee);
        let mut person = |name: &str| {
            let text = form.optional(name, 32)?;
            form.reference(name, &text).map(Who::Record)
        };
        let (manager, successor) = (person("manager"), person("successor"));
        let wanted = Self {
            employee: Who::Record(employee.unwrap_or_else(nobody)),
            department: form.optional("department", 100),
            title: form.optional("title", 100),
            manager,
            location: form.optional("location", 128),
            cost_center: form.optional("cost_center", 100),
            effective_date,
            successor,
        };
        if wanted.is_empty() && !nothing_else {
            form.problem(NOTHING);
        }
        form.filled(number, wanted)
    }

    /// Takes a move as a program asked for it.
    pub(super) fn of(wanted: &Move) -> Result<Self, OperationError> {
        let login = |login: &Option<String>| login.clone().map(Who::Login);
        let Move { employee, department, title, manager, location, cost_center, effective_date, successor } =
            wanted.clone();
        let wanted = Self {
            employee: Who::Login(employee),
            department,
            title,
            manager: login(&manager),
            location,
            cost_center,
            effective_date,
            successor: login(&successor),
        };
        if wanted.is_empty() {
            let number = "the move".to_owned();
            return Err(OperationError::BadRequest { number, problems: vec![NOTHING.to_owned()] });
        }
        Ok(wanted)
    }

    fn is_empty(&self) -> bool {
        let Self { department, title, manager, location, cost_center, .. } = self;
        let texts = [department, title, location, cost_center];
        texts.into_iter().all(Option::is_none) && manager.is_none()
    }

    /// The answers, as they must still be when the move begins.
    pub(super) fn answers(&self) -> BTreeMap<String, String> {
        let record = |who: &Who| match who {
            Who::Record(id) => id.to_string(),
            Who::Login(login) => login.clone(),
        };
        let given = [
            ("employee", Some(record(&self.employee))),
            ("department", self.department.clone()),
            ("title", self.title.clone()),
            ("manager", self.manager.as_ref().map(record)),
            ("location", self.location.clone()),
            ("cost_center", self.cost_center.clone()),
            ("effective_date", Some(self.effective_date.to_string())),
            ("successor", self.successor.as_ref().map(record)),
        ];
        let answer = |(name, value): (&str, Option<String>)| (name.to_owned(), value.unwrap_or_default());
        given.into_iter().map(answer).collect()
    }
}

/// Stands in for somebody who is missing, which is a problem already.
fn nobody() -> servicenow_client::SysId {
    "missing".parse().expect("seven letters are a sys_id")
}
