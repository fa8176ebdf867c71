//! Who has an app: directly, or by a group.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::model::{App, Apps, Pushes};
use super::{app_target, named};
use crate::clock::okta_time;
use crate::http::{Answer, Ask, Reply};
use crate::okta::users::{self, Status, User};
use crate::okta::{Org, error, flag, groups, log, object, page, profile};

/// How long an app that is told of people takes to make an account.
const PROVISIONING: TimeDelta = TimeDelta::seconds(2);

/// What is kept of one person's assignment.
#[derive(Debug, Clone)]
pub(crate) struct Direct {
    /// Whether the person was given the app; else this holds what was changed of a group's assignment.
    given: bool,
    created: DateTime<Utc>,
    last_updated: DateTime<Utc>,
    user_name: Option<String>,
    has_password: bool,
    profile: Map<String, Value>,
}

impl Direct {
    fn new(given: bool, now: DateTime<Utc>) -> Self {
        let (created, last_updated) = (now, now);
        Self { given, created, last_updated, user_name: None, has_password: false, profile: Map::new() }
    }
}

impl Apps {
    /// Somebody who had the app before a test began.
    pub(crate) fn seed_user(&mut self, app: &App, user: u64, at: DateTime<Utc>) {
        self.direct.insert((app.key, user), Direct::new(true, at));
    }
}

/// An assignment, wherever it comes from.
pub(super) struct Assignment<'a> {
    user: &'a User,
    kept: Direct,
    group: Option<String>,
}

/// Whether somebody in this status can have apps.
fn is_assignable(status: Status) -> bool {
    !matches!(status, Status::Staged | Status::Deprovisioned)
}

/// The assignment of an app to somebody, if there is one.
pub(super) fn assignment<'a>(org: &'a Org, app: u64, user: &'a User) -> Option<Assignment<'a>> {
    let kept = org.apps.direct.get(&(app, user.key)).cloned();
    if let Some(kept) = kept.as_ref().filter(|kept| kept.given) {
        return Some(Assignment { user, kept: kept.clone(), group: None });
    }
    if !is_assignable(user.status) {
        return None;
    }
    let (group, row) = grant(org, app, user)?;
    let mut kept = kept.unwrap_or_else(|| Direct::new(false, row.last_updated.max(user.created)));
    for (name, value) in &row.profile {
        kept.profile.entry(name).or_insert_with(|| value.clone());
    }
    Some(Assignment { user, kept, group: Some(group.id.clone()) })
}

/// The group by which somebody has an app.
fn grant<'a>(org: &'a Org, app: u64, user: &User) -> Option<(&'a groups::Group, &'a super::model::AppGroup)> {
    let grants = org.apps.granting(app);
    let in_it = |group: &groups::Group| {
        group.kind == groups::Kind::BuiltIn || org.groups.has_member(group.key, user.key)
    };
    grants.into_iter().find_map(|(key, row)| {
        let group = org.groups.iter().find(|group| group.key == key)?;
        in_it(group).then_some((group, row))
    })
}

impl Assignment<'_> {
    pub(super) fn shown(&self, org: &Org, ask: &Ask, app: &App) -> Value {
        let user_name = self.kept.user_name.as_deref().unwrap_or(self.user.login());
        let (status, sync, made) = match app.pushes {
            Pushes::Nothing | Pushes::Masters => ("ACTIVE", "DISABLED", false),
            Pushes::Users if ask.at < self.kept.created + PROVISIONING => ("STAGED", "SYNCING", false),
            Pushes::Users => ("PROVISIONED", "SYNCHRONIZED", true),
        };
        let mut body = json!({
            "id": self.user.id,
            "created": okta_time(self.kept.created),
            "lastUpdated": okta_time(self.kept.last_updated),
            "scope": if self.group.is_some() { "GROUP" } else { "USER" },
            "status": status,
            "statusChanged": okta_time(if made { self.kept.created + PROVISIONING } else { self.kept.created }),
            "passwordChanged": null,
            "syncState": sync,
            "credentials": {"userName": user_name},
            "profile": self.kept.profile,
            "_links": {
                "app": {"href": format!("{}/api/v1/apps/{}", ask.base, app.id)},
                "user": {"href": format!("{}/api/v1/users/{}", ask.base, self.user.id)},
            },
        });
        if made {
            body["externalId"] = json!(crate::id::sha256_hex(&format!("{}{}", app.id, self.user.id))[..32]);
        }
        if self.kept.has_password {
            body["credentials"]["password"] = json!({});
        }
        if let Some(group) = &self.group {
            body["_links"]["group"] = json!({"href": format!("{}/api/v1/groups/{group}", ask.base)});
        }
        if ask.query.text("expand") == Some("user") {
            let user = org.users.find(&self.user.id).map(|user| user.with_links(&ask.base));
            body["_embedded"] = json!({"user": user});
        }
        body
    }
}

/// Who has an app, and how.
pub(super) fn state(org: &Org, app: &App) -> Value {
    let holders = org.users.iter().filter_map(|user| assignment(org, app.key, user));
    let row = |held: Assignment<'_>| {
        json!({
            "id": held.user.id, "scope": if held.group.is_some() { "GROUP" } else { "USER" },
            "userName": held.kept.user_name.as_deref().unwrap_or(held.user.login()), "profile": held.kept.profile,
        })
    };
    holders.map(row).collect()
}

/// Everything below `/apps/{id}/users`.
pub(super) fn route(org: &mut Org, ask: &Ask, app: &str, below: &[&str]) -> Reply {
    let app = named(org, app)?;
    match (ask.method.as_str(), below) {
        ("GET", []) => list(org, ask, &app),
        ("POST", []) => assign(org, ask, &app),
        ("GET", [user]) => get(org, ask, &app, user),
        ("POST", [user]) => update(org, ask, &app, user),
        ("DELETE", [user]) => unassign(org, ask, &app, user),
        ("PUT" | "PATCH", [_]) | ("PUT" | "PATCH" | "DELETE", []) => Err(error::wrong_method()),
        _ => Err(ask.not_modelled("the call")),
    }
}

fn list(org: &Org, ask: &Ask, app: &App) -> Reply {
    ask.only_parameters(&["q", "after", "limit", "expand"])?;
    only_user(ask)?;
    let begins = ask.query.text("q").unwrap_or_default().to_lowercase();
    let fits = |user: &User| {
        let texts = [user.login(), user.text("firstName"), user.text("lastName"), user.text("email")];
        texts.iter().any(|text| text.to_lowercase().starts_with(&begins))
    };
    let rows = org.users.iter().filter(|user| fits(user));
    let rows = rows.filter_map(|user| Some((user.key, assignment(org, app.key, user)?)));
    page::by_key(ask, rows, page::limit(ask, 50, 500)?, |row| row.shown(org, ask, app))
}

fn only_user(ask: &Ask) -> Result<(), Answer> {
    match ask.query.text("expand") {
        None | Some("user") => Ok(()),
        Some(_) => Err(ask.not_modelled("this expand")),
    }
}

/// The user and the assignment that a path names.
fn held_by(org: &Org, app: &App, user: &str) -> Result<User, Answer> {
    let absent = || error::not_found(user, "AppUser");
    let user = org.users.find(user).ok_or_else(absent)?;
    assignment(org, app.key, user).map(|_| user.clone()).ok_or_else(absent)
}

fn get(org: &Org, ask: &Ask, app: &App, user: &str) -> Reply {
    ask.only_parameters(&["expand"])?;
    only_user(ask)?;
    answer(org, ask, app, &held_by(org, app, user)?)
}

fn answer(org: &Org, ask: &Ask, app: &App, user: &User) -> Reply {
    let found = assignment(org, app.key, user).ok_or_else(|| error::not_found(&user.id, "AppUser"))?;
    Ok(Answer::json(200, &found.shown(org, ask, app)))
}

/// `POST /apps/{id}/users`
fn assign(org: &mut Org, ask: &Ask, app: &App) -> Reply {
    ask.only_parameters(&[])?;
    let body = object(ask)?;
    let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
    let user = users::named(org, id)?;
    if !is_assignable(user.status) {
        let cause = "Applications can only be assigned to active users".to_owned();
        return Err(error::error(
            403,
            "E0000117",
            "Application assignment forbidden for inactive user.",
            &[cause],
        ));
    }
    if assignment(org, app.key, &user).is_some() {
        let summary = "The specified user is already assigned to the application.";
        return Err(error::error(409, "E0000062", summary, &[]));
    }
    if body.get("scope").is_some_and(|scope| scope != "USER") {
        return Err(ask.not_modelled("another scope than USER"));
    }
    let mut kept = Direct::new(true, ask.at);
    change(&mut kept, app, &body)?;
    org.apps.direct.insert((app.key, user.key), kept);
    note(org, ask, "add", "Add user to application membership", app, &user);
    answer(org, ask, app, &user)
}

/// `POST /apps/{id}/users/{user}`
fn update(org: &mut Org, ask: &Ask, app: &App, user: &str) -> Reply {
    ask.only_parameters(&[])?;
    let user = held_by(org, app, user)?;
    let body = object(ask)?;
    let granted = grant(org, app.key, &user).is_some();
    let kept = org.apps.direct.get(&(app.key, user.key)).cloned();
    let mut kept = kept.unwrap_or_else(|| Direct::new(false, ask.at));
    change(&mut kept, app, &body)?;
    match body.get("scope").and_then(Value::as_str) {
        None => {}
        Some("USER") => kept.given = true,
        Some("GROUP") if granted => kept.given = false,
        Some(_) => {
            let cause = "scope: The user is in no group that has the application".to_owned();
            return Err(error::validation("scope", &[cause]));
        }
    }
    kept.last_updated = ask.at;
    org.apps.direct.insert((app.key, user.key), kept);
    note(org, ask, "update", "Update application membership", app, &user);
    answer(org, ask, app, &user)
}

/// Sets what a body names.
fn change(kept: &mut Direct, app: &App, body: &Map<String, Value>) -> Result<(), Answer> {
    let wanted = body.get("profile").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(other) = wanted.keys().find(|name| !app.attributes.contains(&name.as_str())) {
        return Err(error::validation("assignment", &[format!("Property '{other}' not found")]));
    }
    profile::merge(&mut kept.profile, wanted);
    let credentials = body.get("credentials").cloned().unwrap_or_default();
    if let Some(name) = credentials.get("userName").and_then(Value::as_str) {
        kept.user_name = Some(name.to_owned());
    }
    kept.has_password |= credentials.pointer("/password/value").is_some();
    Ok(())
}

/// `DELETE /apps/{id}/users/{user}`: not while a group grants the app, be the assignment direct or not.
fn unassign(org: &mut Org, ask: &Ask, app: &App, user: &str) -> Reply {
    ask.only_parameters(&["sendEmail"])?;
    flag(ask, "sendEmail", false)?;
    let user = held_by(org, app, user)?;
    if grant(org, app.key, &user).is_some() {
        let cause = "The application cannot be unassigned from the user while their group memberships grant them access";
        let summary = "Deactivate application for user forbidden.";
        return Err(error::error(403, "E0000046", summary, &[cause.to_owned()]));
    }
    org.apps.direct.remove(&(app.key, user.key));
    note(org, ask, "remove", "Remove user's application membership", app, &user);
    Ok(Answer::empty(204))
}

fn note(org: &mut Org, ask: &Ask, what: &str, message: &str, app: &App, user: &User) {
    let event = format!("application.user_membership.{what}");
    org.note(ask, &event, message, vec![log::user_target(user), app_target(app)]);
}

/// Whether somebody has an app.
pub(in crate::okta) fn has(org: &Org, app: &App, user: &User) -> bool {
    assignment(org, app.key, user).is_some()
}

/// The apps that somebody has.
pub(in crate::okta) fn held(org: &Org, user: &User) -> BTreeSet<u64> {
    org.apps.iter().filter(|app| assignment(org, app.key, user).is_some()).map(|app| app.key).collect()
}

/// Logs what a change of groups or status gave somebody, and what it took away.
pub(in crate::okta) fn note_changes(org: &mut Org, ask: &Ask, user: &User, before: &BTreeSet<u64>) {
    let now = held(org, user);
    for key in before.symmetric_difference(&now) {
        let Some(app) = org.apps.at(*key).cloned() else { continue };
        if now.contains(key) {
            note(org, ask, "add", "Add user to application membership", &app, user);
        } else {
            // What was changed of a group's assignment goes with it.
            org.apps.direct.remove(&(*key, user.key));
            note(org, ask, "remove", "Remove user's application membership", &app, user);
        }
    }
}

/// Somebody was written, and had this status before: who may have no apps has none any more.
pub(in crate::okta) fn settle(org: &mut Org, ask: &Ask, user: &User, before: Option<Status>) {
    let was = before.is_some_and(is_assignable);
    if was == is_assignable(user.status) {
        return;
    }
    let counted_as = |status| User { status, ..user.clone() };
    let had = if was { held(org, &counted_as(Status::Active)) } else { BTreeSet::new() };
    if was {
        org.apps.direct.retain(|(_, of), _| *of != user.key);
    }
    note_changes(org, ask, user, &had);
    for key in had {
        let app = org.apps.at(key).filter(|app| org.apps.tells_of_ends(app)).cloned();
        if let Some(app) = app {
            let message = "Deactivate user in application";
            let targets = vec![log::user_target(user), app_target(&app)];
            org.note_job(ask.at, "application.provision.user.deactivate", message, targets);
        }
    }
}
