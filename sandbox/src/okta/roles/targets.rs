//! Targets: what a standard role is narrowed to.

use serde_json::{Value, json};

use super::{Assignment, Holder, none};
use crate::http::{Answer, Ask, Reply};
use crate::okta::{Org, error, groups, page};

/// `…/roles/{id}/targets…`
pub(super) fn route(org: &mut Org, ask: &Ask, holder: &Holder, id: &str, below: &[&str]) -> Reply {
    let method = ask.method.as_str();
    let role = org.roles.find_mut(holder, id).ok_or_else(|| none(id))?;
    let kinds: &[&str] = match below {
        ["groups", ..] => &["USER_ADMIN", "HELP_DESK_ADMIN", "GROUP_MEMBERSHIP_ADMIN"],
        ["catalog", "apps", ..] => &["APP_ADMIN"],
        _ => return Err(ask.not_modelled("the call")),
    };
    if !kinds.contains(&role.kind.as_str()) {
        let cause = format!("The role {} has no such targets", role.kind);
        return Err(error::validation("role", &[cause]));
    }
    match (method, below) {
        ("GET", ["groups"]) => group_targets(org, ask, holder, id),
        ("GET", ["catalog", "apps"]) => apps(ask, role),
        ("PUT" | "DELETE", ["groups", group]) => {
            ask.only_parameters(&[])?;
            let group = groups::named(org, group)?.id;
            let role = org.roles.find_mut(holder, id).ok_or_else(|| none(id))?;
            change(method, &mut role.groups, group)
        }
        ("PUT" | "DELETE", ["catalog", "apps", name]) => {
            change(method, &mut role.apps, ((*name).to_owned(), None))
        }
        ("PUT" | "DELETE", ["catalog", "apps", name, app]) => {
            change(method, &mut role.apps, ((*name).to_owned(), Some((*app).to_owned())))
        }
        ("HEAD", _) => Err(ask.not_modelled("the call")),
        (_, ["groups"] | ["groups", _] | ["catalog", "apps", _] | ["catalog", "apps", _, _]) => {
            Err(error::wrong_method())
        }
        _ => Err(ask.not_modelled("the call")),
    }
}

/// The last one cannot go: that would widen the role to everything.
fn change<T: PartialEq>(method: &str, targets: &mut Vec<T>, target: T) -> Reply {
    let there = targets.contains(&target);
    match (method, there) {
        ("PUT", true) => {}
        ("PUT", false) => targets.push(target),
        (_, false) => return Err(error::not_found("target", "RoleTarget")),
        (_, true) if targets.len() == 1 => {
            let cause = "The last target cannot be removed from a role assignment".to_owned();
            return Err(error::validation("role", &[cause]));
        }
        (_, true) => targets.retain(|other| *other != target),
    }
    Ok(Answer::empty(204))
}

fn group_targets(org: &Org, ask: &Ask, holder: &Holder, id: &str) -> Reply {
    ask.only_parameters(&["after", "limit"])?;
    let role = org.roles.of(holder).iter().find(|one| one.id == id).ok_or_else(|| none(id))?;
    let groups = role.groups.iter().filter_map(|id| org.groups.find(id));
    let rows: Vec<Value> = groups.map(|group| group.with_links(&ask.base)).collect();
    let rows: Vec<&Value> = rows.iter().collect();
    page::by_position(ask, &rows, page::limit(ask, 20, 200)?, Value::clone)
}

fn apps(ask: &Ask, role: &Assignment) -> Reply {
    ask.only_parameters(&["after", "limit"])?;
    let show = |(name, id): &(String, Option<String>)| match id {
        Some(id) => json!({"name": name, "id": id, "status": "ACTIVE"}),
        None => json!({"name": name, "status": "ACTIVE"}),
    };
    let rows: Vec<Value> = role.apps.iter().map(show).collect();
    let rows: Vec<&Value> = rows.iter().collect();
    page::by_position(ask, &rows, page::limit(ask, 20, 200)?, Value::clone)
}
