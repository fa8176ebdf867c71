//! The catalog: what can be asked for.

use serde_json::{Value, json};

use super::list::{self, Row};
use crate::edit::EditError;
use crate::http::{Answer, Ask, Reply};
use crate::okta::{Org, error, users};

/// An entry: an app at the top, or a group of it that can be asked for.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) name: String,
    /// The app's id.
    pub(super) app: String,
    /// What one gets, if it can be asked for.
    pub(super) offer: Option<Offer>,
    parent: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub(super) group: String,
    pub(super) approver: Option<String>,
}

impl Entry {
    fn shown(&self) -> Value {
        let mut shown = json!({
            "id": self.id, "name": self.name, "description": self.name, "label": "Application",
            "requestable": self.offer.is_some(),
            "_links": list::links([("self", format!("v2/catalogs/default/entries/{}", self.id))]),
        });
        if let Some(parent) = &self.parent {
            shown["parent"] = parent.as_str().into();
        }
        shown
    }
}

pub(super) fn add(
    org: &mut Org,
    app: &str,
    group: &str,
    approver: Option<&str>,
) -> Result<String, EditError> {
    let group = org.groups.find(group).or_else(|| org.groups.named(group));
    let group = group.ok_or_else(|| EditError("no such group".to_owned()))?.clone();
    let approver = match approver {
        None => None,
        Some(name) => {
            let user = org.users.find(name).ok_or_else(|| EditError(format!("no user {name}")))?;
            Some(user.id.clone())
        }
    };
    let known = org.governance.entries.iter().find(|entry| entry.parent.is_none() && entry.name == app);
    let parent = known.cloned().unwrap_or_else(|| {
        let (id, app_id) = (org.ids.okta("cen"), org.ids.okta("0oa"));
        let entry = Entry { id, name: app.to_owned(), app: app_id, offer: None, parent: None };
        org.governance.entries.push(entry.clone());
        entry
    });
    let entry = Entry {
        id: org.ids.okta("cen"),
        name: format!("{app} {}", group.name()),
        app: parent.app,
        offer: Some(Offer { group: group.id, approver }),
        parent: Some(parent.id),
    };
    org.governance.entries.push(entry.clone());
    Ok(entry.id)
}

pub(super) fn named(org: &Org, id: &str) -> Result<Entry, Answer> {
    let found = org.governance.entries.iter().find(|entry| entry.id == id);
    found.cloned().ok_or_else(|| error::not_found(id, "CatalogEntry"))
}

/// `GET …/entries`: the filter is required, and is about `parent`.
pub(super) fn list(org: &Org, ask: &Ask) -> Reply {
    ask.only_parameters(&["filter", "match", "after", "limit"])?;
    if ask.query.text("filter").is_none() {
        let cause = "filter: The field cannot be left blank".to_owned();
        return Err(error::validation("filter", &[cause]));
    }
    let text = ask.query.text("match").unwrap_or_default().to_lowercase();
    let fitting = org.governance.entries.iter().filter(|entry| entry.name.to_lowercase().contains(&text));
    let rows = fitting.map(|entry| Row {
        id: entry.id.clone(),
        terms: json!({ "parent": entry.parent }),
        shown: entry.shown(),
    });
    list::page(ask, rows, &["parent"])
}

/// `GET …/user/{user}/entries`: everybody sees the same.
pub(super) fn list_for(org: &Org, ask: &Ask, user: &str) -> Reply {
    users::named(org, user)?;
    list(org, ask)
}

/// `GET …/entries/{entry}`
pub(super) fn get(org: &Org, ask: &Ask, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    Ok(Answer::json(200, &named(org, id)?.shown()))
}

/// `GET …/entries/{entry}/users/{user}/request-fields`: one question, that need not be answered.
pub(super) fn request_fields(org: &Org, ask: &Ask, id: &str, user: &str) -> Reply {
    ask.only_parameters(&[])?;
    named(org, id)?;
    users::named(org, user)?;
    let why = json!({ "id": "justification", "type": "TEXT", "required": false, "label": "Why?" });
    Ok(Answer::json(200, &json!({ "data": [why] })))
}
