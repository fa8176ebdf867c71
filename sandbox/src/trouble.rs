//! Incidents by which people say that they cannot sign in.

use serde_json::{Map, Value};

use crate::edit::EditError;
use crate::sandbox::Sandbox;

/// What an incident about somebody's account says. The default is what a person writes who opens it themselves, in the
/// portal; `caller` must be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Whom it troubles, by user name.
    pub caller: String,
    /// Who opened it, by user name; none for the caller.
    pub opened_by: Option<String>,
    /// How it came: `self-service`, `phone`, `email`, …
    pub contact_type: String,
    /// What it is about.
    pub short_description: String,
    /// What kind of incident.
    pub category: String,
}

impl Default for Trouble {
    fn default() -> Self {
        Self {
            caller: String::new(),
            opened_by: None,
            contact_type: "self-service".to_owned(),
            short_description: "I cannot sign in".to_owned(),
            category: "inquiry".to_owned(),
        }
    }
}

/// An open incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TroubleTicket {
    /// What people call it: `INC0010001`.
    pub number: String,
    /// Its key.
    pub sys_id: String,
}

impl Sandbox {
    /// Opens an incident about somebody's account.
    pub fn add_trouble(&self, trouble: &Trouble) -> Result<TroubleTicket, EditError> {
        let user = |name: &str| {
            let world = self.shared.world();
            let found = world.servicenow.find_by("sys_user", "user_name", name);
            let id = found.map(|user| user.get("sys_id").to_owned());
            id.ok_or_else(|| EditError(format!("no user {name}")))
        };
        let opened_by = trouble.opened_by.as_deref().unwrap_or(&trouble.caller);
        let fields = [
            ("caller_id", user(&trouble.caller)?),
            ("opened_by", user(opened_by)?),
            ("contact_type", trouble.contact_type.clone()),
            ("short_description", trouble.short_description.clone()),
            ("category", trouble.category.clone()),
        ];
        let fields: Map<String, Value> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let sys_id = self.add_records("incident", [Value::Object(fields)])?.remove(0);
        let world = self.shared.world();
        let number = world.servicenow.find("incident", &sys_id).map(|found| found.get("number").to_owned());
        Ok(TroubleTicket { number: number.unwrap_or_default(), sys_id })
    }
}
