//! Requests about people who are here already: a move, another name, a leave, another contract.

use serde_json::Value;

use crate::edit::{EditError, refused};
use crate::onboarding::Ticket;
use crate::sandbox::Sandbox;
use crate::servicenow::{Instance, catalog};

/// A variable of a catalog item: name, question, type number, mandatory, referenced table.
type Variable = (&'static str, &'static str, &'static str, bool, &'static str);

/// A reference to a user.
const USER: (&str, &str) = ("8", "sys_user");

const fn text(name: &'static str, question: &'static str, mandatory: bool) -> Variable {
    (name, question, "6", mandatory, "")
}

const fn date(name: &'static str, question: &'static str, mandatory: bool) -> Variable {
    (name, question, "9", mandatory, "")
}

const fn person(name: &'static str, question: &'static str, mandatory: bool) -> Variable {
    (name, question, USER.0, mandatory, USER.1)
}

/// The catalog items with their variables.
pub(crate) const ITEMS: [(&str, &str, &[Variable]); 4] = [
    (
        "Employee transfer",
        "Another department, job or manager",
        &[
            person("employee", "Who moves?", true),
            text("department", "Department", false),
            text("title", "Title", false),
            person("manager", "Manager", false),
            text("location", "Location", false),
            text("cost_center", "Cost center", false),
            date("effective_date", "From when?", true),
            person("successor", "Who takes on open approvals, reports and groups?", false),
        ],
    ),
    (
        "Change of name",
        "Another name, mail address or login",
        &[
            person("employee", "Who?", true),
            text("first_name", "First name", false),
            text("last_name", "Last name", false),
            text("login", "Login and mail address", false),
        ],
    ),
    (
        "Leave of absence",
        "Somebody is away for weeks or months",
        &[
            person("employee", "Who?", true),
            date("first_day", "First day away", true),
            date("return_date", "First day back", true),
            person("delegate", "Who answers approvals meanwhile?", false),
        ],
    ),
    (
        "Conversion of a contract",
        "A contractor becomes an employee",
        &[
            person("employee", "Who?", true),
            text("department", "Department", false),
            text("title", "Title", false),
            person("manager", "Manager", false),
            date("effective_date", "From when?", true),
        ],
    ),
];

impl Sandbox {
    /// Orders an item of the catalog for the user of this name, approved already, with one task. An answer to a question
    /// for a user may be a user name; a date may be `today`. What the item does not ask is left out.
    pub fn order_item(
        &self,
        item: &str,
        requested_for: &str,
        answers: &[(&str, &str)],
    ) -> Result<Ticket, EditError> {
        let now = self.shared.clock.now();
        let asked =
            ITEMS.iter().find(|(name, ..)| *name == item).map_or(&[][..], |(_, _, variables)| variables);
        let is_person = |name: &str| asked.iter().any(|variable| (variable.0, variable.2) == (name, USER.0));
        let instance = &mut self.shared.world().servicenow;
        let item = instance.find_by("sc_cat_item", "name", item).map(|found| found.get("sys_id").to_owned());
        let item = item.ok_or_else(|| EditError("no such catalog item".to_owned()))?;
        let user = instance.find_by("sys_user", "user_name", requested_for);
        let user = user.map(|found| found.get("sys_id").to_owned());
        let user = user.ok_or_else(|| EditError(format!("no user {requested_for}")))?;
        let today = now.format("%Y-%m-%d").to_string();
        let answer = |(name, value): &(&str, &str)| {
            let value = match *value {
                "today" => today.clone(),
                user if is_person(name) => sys_id(instance, user),
                text => text.to_owned(),
            };
            ((*name).to_owned(), value)
        };
        let answers: Vec<(String, String)> = answers.iter().map(answer).collect();
        let author = instance.author(now);
        let order = catalog::place(instance, &item, &user, &answers, &author).map_err(refused)?;
        Ok(Ticket::of(instance, order))
    }

    /// Sets attributes of an Okta user, named by id or login, behind the API's back, the way an import does; `null` takes one
    /// away. Group rules follow with the next request.
    pub fn import_okta_profile(&self, user: &str, attributes: &Value) -> Result<(), EditError> {
        let changes = attributes.as_object().cloned();
        let changes = changes.ok_or_else(|| EditError("attributes are an object".to_owned()))?;
        let now = self.shared.clock.now();
        let org = &mut self.shared.world().okta;
        let found = org.users.find(user).cloned();
        let mut found = found.ok_or_else(|| EditError(format!("no user {user}")))?;
        for (name, value) in changes {
            if value.is_null() {
                found.profile.remove(&name);
            } else {
                found.profile.insert(name, value);
            }
        }
        found.last_updated = now;
        org.users.save(found, now);
        Ok(())
    }
}

/// A user's key, if this is a user name.
fn sys_id(instance: &Instance, text: &str) -> String {
    let user = instance.find_by("sys_user", "user_name", text);
    user.map_or(text, |found| found.get("sys_id")).to_owned()
}
