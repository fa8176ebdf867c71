//! Who answers for a group.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::filter::{self, Case, Op};
use super::{Org, error, groups, object, page};
use crate::http::{Answer, Ask, Reply};

/// An owner: a user or a group.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    id: String,
    kind: &'static str,
    display_name: String,
    since: DateTime<Utc>,
}

impl Owner {
    /// Two calls write times in two forms, and neither is the usual one.
    fn shown(&self, form: &str) -> Value {
        json!({
            "id": self.id, "type": self.kind, "displayName": self.display_name, "originType": "OKTA_DIRECTORY",
            "resolved": true, "lastUpdated": self.since.format(form).to_string(),
        })
    }
}

/// Everything below `/groups/{id}/owners`.
pub(super) fn route(org: &mut Org, ask: &Ask, group: &str, below: &[&str]) -> Reply {
    match (ask.method.as_str(), below) {
        ("GET", []) => list(org, ask, group),
        ("POST", []) => add(org, ask, group),
        ("DELETE", [owner]) => remove(org, ask, group, owner),
        _ => Err(error::wrong_method()),
    }
}

fn list(org: &Org, ask: &Ask, group: &str) -> Reply {
    ask.only_parameters(&["search", "after", "limit"])?;
    let group = groups::named(org, group)?;
    let expr =
        ask.query.text("search").map(filter::parse).transpose().map_err(|why| error::bad_search(&why))?;
    if let Some(expr) = &expr {
        expr.check(&|attribute, op| match (attribute, op) {
            ("type", Op::Eq) => Ok(()),
            _ => Err(format!("attribute {attribute} is not searchable")),
        })
        .map_err(|why| error::bad_search(&why))?;
    }
    let owners = group.owners.iter().map(|owner| owner.shown("%Y-%m-%d %H:%M:%S.0"));
    let fits = |owner: &Value| expr.as_ref().is_none_or(|expr| expr.matches(owner, Case::Insensitive));
    let rows = owners.filter(fits).enumerate().map(|(at, owner)| (at as u64 + 1, owner));
    page::by_key(ask, rows, page::limit(ask, 1000, 1000)?, |owner| owner)
}

fn add(org: &mut Org, ask: &Ask, group: &str) -> Reply {
    ask.only_parameters(&[])?;
    let mut group = groups::named(org, group)?;
    let body = object(ask)?;
    let id = body.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, display_name) = match body.get("type").and_then(Value::as_str) {
        Some("USER") => {
            ("USER", org.users.find(&id).ok_or_else(|| error::not_found(&id, "User"))?.display_name())
        }
        Some("GROUP") => ("GROUP", groups::named(org, &id)?.name().to_owned()),
        _ => return Err(error::validation("owner", &["Invalid owner type".to_owned()])),
    };
    if group.owners.iter().any(|owner| owner.id == id) {
        let cause = "Provided owner is already assigned to this group".to_owned();
        return Err(error::validation("owner", &[cause]));
    }
    let owner = Owner { id, kind, display_name, since: ask.at };
    group.owners.push(owner.clone());
    org.groups.save(group, ask.at);
    Ok(Answer::json(201, &owner.shown("%a %b %d %H:%M:%S UTC %Y")))
}

fn remove(org: &mut Org, ask: &Ask, group: &str, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let mut group = groups::named(org, group)?;
    let place = group.owners.iter().position(|owner| owner.id == id);
    group.owners.remove(place.ok_or_else(|| error::not_found(id, "LinkedObject"))?);
    org.groups.save(group, ask.at);
    Ok(Answer::empty(204))
}
