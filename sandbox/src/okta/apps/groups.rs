//! The groups that grant an app.

use serde_json::{Map, Value, json};

use super::model::{App, AppGroup};
use super::users::{held, note_changes};
use super::{app_target, named};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};
use crate::okta::groups::{Group, named as group_named};
use crate::okta::{Org, error, log, memberships, object, page, profile};

/// Everything below `/apps/{id}/groups`.
pub(super) fn route(org: &mut Org, ask: &Ask, app: &str, below: &[&str]) -> Reply {
    let app = named(org, app)?;
    match (ask.method.as_str(), below) {
        ("GET", []) => list(org, ask, &app),
        ("GET", [group]) => get(org, ask, &app, group),
        ("PUT", [group]) => assign(org, ask, &app, group),
        ("PATCH", [group]) => update(org, ask, &app, group),
        ("DELETE", [group]) => unassign(org, ask, &app, group),
        ("POST", [_]) | ("PUT" | "PATCH" | "POST" | "DELETE", []) => Err(error::wrong_method()),
        _ => Err(ask.not_modelled("the call")),
    }
}

fn shown(ask: &Ask, app: &App, group: &Group, row: &AppGroup) -> Value {
    let own = format!("{}/api/v1/apps/{}", ask.base, app.id);
    let mut body = json!({
        "id": group.id, "lastUpdated": okta_time(row.last_updated), "priority": row.priority, "profile": row.profile,
        "_links": {
            "app": {"href": own}, "self": {"href": format!("{own}/groups/{}", group.id)},
            "group": {"href": format!("{}/api/v1/groups/{}", ask.base, group.id)},
        },
    });
    if ask.query.text("expand") == Some("group") {
        body["_embedded"] = json!({"group": group.with_links(&ask.base)});
    }
    body
}

fn only_group(ask: &Ask) -> Result<(), Answer> {
    match ask.query.text("expand") {
        None | Some("group") => Ok(()),
        Some(_) => Err(ask.not_modelled("this expand")),
    }
}

fn list(org: &Org, ask: &Ask, app: &App) -> Reply {
    ask.only_parameters(&["q", "after", "limit", "expand"])?;
    only_group(ask)?;
    let begins = ask.query.text("q").unwrap_or_default().to_lowercase();
    let rows = org.groups.iter().filter(|group| group.name().to_lowercase().starts_with(&begins));
    let rows = rows.filter_map(|group| Some((group.key, (group, org.apps.group(app.key, group.key)?))));
    page::by_key(ask, rows, page::limit(ask, 20, 200)?, |(group, row)| shown(ask, app, group, row))
}

fn get(org: &Org, ask: &Ask, app: &App, id: &str) -> Reply {
    ask.only_parameters(&["expand"])?;
    only_group(ask)?;
    let (group, row) = assigned(org, app, id)?;
    Ok(Answer::json(200, &shown(ask, app, &group, &row)))
}

fn assigned(org: &Org, app: &App, id: &str) -> Result<(Group, AppGroup), Answer> {
    let absent = || error::not_found(id, "GroupAssignment");
    let group = org.groups.find(id).cloned().ok_or_else(absent)?;
    let row = org.apps.group(app.key, group.key).cloned().ok_or_else(absent)?;
    Ok((group, row))
}

/// `PUT`: a body need not be there.
fn assign(org: &mut Org, ask: &Ask, app: &App, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let group = group_named(org, id)?;
    let body = if ask.body.is_empty() { Map::new() } else { object(ask)? };
    let next = i64::try_from(org.apps.granting(app.key).len()).unwrap_or_default();
    let old = org.apps.group(app.key, group.key).map(|row| row.priority);
    let priority = body.get("priority").and_then(Value::as_i64).or(old).unwrap_or(next);
    let profile = body.get("profile").and_then(Value::as_object).cloned().unwrap_or_default();
    check(app, &profile)?;
    let row = AppGroup { priority, profile, last_updated: ask.at };
    let what = if old.is_some() { "update" } else { "add" };
    with_members(org, ask, &group, what, app, |org| {
        org.apps.groups.insert((app.key, group.key), row.clone());
    });
    Ok(Answer::json(200, &shown(ask, app, &group, &row)))
}

fn check(app: &App, profile: &Map<String, Value>) -> Result<(), Answer> {
    match profile.keys().find(|name| !app.attributes.contains(&name.as_str())) {
        None => Ok(()),
        Some(other) => Err(error::validation("assignment", &[format!("Property '{other}' not found")])),
    }
}

/// `PATCH`: `replace` and `remove` of the priority and of attributes.
fn update(org: &mut Org, ask: &Ask, app: &App, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let (group, mut row) = assigned(org, app, id)?;
    let Some(Value::Array(operations)) = ask.json() else { return Err(error::bad_json()) };
    for operation in operations {
        let place = operation["path"].as_str().unwrap_or_default();
        let value = match operation["op"].as_str() {
            Some("replace") => operation["value"].clone(),
            Some("remove") => Value::Null,
            _ => return Err(error::validation("op", &["op: The operation is not supported".to_owned()])),
        };
        match (place.strip_prefix("/profile/"), place) {
            (Some(name), _) => {
                let wanted = Map::from_iter([(name.replace("~1", "/").replace("~0", "~"), value)]);
                check(app, &wanted)?;
                profile::merge(&mut row.profile, wanted);
            }
            (None, "/priority") if value.is_i64() => row.priority = value.as_i64().unwrap_or_default(),
            _ => return Err(error::validation("path", &[format!("path: '{place}' cannot be updated")])),
        }
    }
    row.last_updated = ask.at;
    with_members(org, ask, &group, "update", app, |org| {
        org.apps.groups.insert((app.key, group.key), row.clone());
    });
    Ok(Answer::json(200, &shown(ask, app, &group, &row)))
}

fn unassign(org: &mut Org, ask: &Ask, app: &App, id: &str) -> Reply {
    ask.only_parameters(&[])?;
    let (group, _) = assigned(org, app, id)?;
    with_members(org, ask, &group, "remove", app, |org| {
        org.apps.groups.remove(&(app.key, group.key));
    });
    Ok(Answer::empty(204))
}

/// Makes a change, logs it, and logs whom it gave the app and from whom it took it.
fn with_members(
    org: &mut Org,
    ask: &Ask,
    group: &Group,
    what: &str,
    app: &App,
    change: impl FnOnce(&mut Org),
) {
    let members: Vec<_> = memberships::members(org, group).cloned().collect();
    let before: Vec<_> = members.iter().map(|user| held(org, user)).collect();
    change(org);
    let event = format!("group.application_assignment.{what}");
    let targets = vec![log::group_target(group), app_target(app)];
    org.note(ask, &event, "Change application assignment of group", targets);
    for (user, before) in members.iter().zip(&before) {
        note_changes(org, ask, user, before);
    }
}
