//! Users: the calls on one user. The object, the list and the creation have files of their own.

mod create;
mod hash;
mod holdings;
mod list;
mod model;
mod store;

use serde_json::{Map, Value, json};

use super::types::Types;
use super::{Org, circumstances, credentials, error, lifecycle, log, mastering, memberships, page, profile};
use crate::http::{Answer, Ask, Reply};

pub(super) use create::{create, password_flaw};
pub(super) use list::{list, sorted};
pub(super) use model::in_list;
pub(super) use model::{Goal, Underway};
pub(crate) use model::{Status, User};
pub(crate) use store::Users;

/// The user that a path names by id, login or `me`; a copy to change and save.
pub(super) fn named(org: &Org, name: &str) -> Result<User, Answer> {
    let name = if name == "me" { &org.token_owner } else { name };
    org.users.find(name).cloned().ok_or_else(|| error::not_found(name, "User"))
}

/// `GET /users/{id}`
pub(super) fn get(org: &Org, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&["expand"])?;
    let user = named(org, name)?;
    let mut body = user.with_links(&ask.base);
    match ask.query.text("expand") {
        None => {}
        Some("blocks") => body["_embedded"] = json!({ "blocks": user.holds.blocks }),
        Some("classification") => {
            body["_embedded"] = json!({ "classification": circumstances::class_of(&user) });
        }
        Some(_) => return Err(ask.not_modelled("this expand")),
    }
    Ok(Answer::json(200, &body).header("etag", &user.etag()))
}

fn tagged(user: &User, ask: &Ask) -> Answer {
    Answer::json(200, &user.with_links(&ask.base)).header("etag", &user.etag())
}

/// `POST /users/{id}`: what is named changes, null removes, the rest stays.
pub(super) fn update(org: &mut Org, ask: &Ask, name: &str) -> Reply {
    change(org, ask, name, |user, body, schemas| {
        if let Some(other) = type_of(body).filter(|other| *other != user.type_id) {
            return Err(error::validation(
                "type",
                &[format!("type: it cannot be changed to {other} by POST")],
            ));
        }
        if let Some(Value::Object(wanted)) = body.get("profile") {
            profile::check_names(wanted, schemas.custom(&user.type_id))?;
            profile::merge(&mut user.profile, wanted.clone());
        }
        Ok(())
    })
}

/// `PUT /users/{id}`: what is not named is gone. The one way to another user type.
pub(super) fn replace(org: &mut Org, ask: &Ask, name: &str) -> Reply {
    change(org, ask, name, |user, body, schemas| {
        let Some(Value::Object(wanted)) = body.get("profile") else {
            return Err(error::validation(
                "profile",
                &["profile: The field cannot be left blank".to_owned()],
            ));
        };
        if let Some(other) = type_of(body) {
            schemas.find(other)?;
            other.clone_into(&mut user.type_id);
        }
        profile::check_names(wanted, schemas.custom(&user.type_id))?;
        user.profile.clone_from(wanted);
        user.profile.retain(|_, value| !value.is_null());
        Ok(())
    })
}

fn type_of(body: &Map<String, Value>) -> Option<&str> {
    body.get("type")?.get("id")?.as_str()
}

/// What a client may send back of a user that it read; Okta ignores all but the first three.
const MEMBERS: [&str; 14] = [
    "profile",
    "credentials",
    "type",
    "realmId",
    "id",
    "status",
    "created",
    "activated",
    "statusChanged",
    "lastLogin",
    "lastUpdated",
    "passwordChanged",
    "_links",
    "_embedded",
];

type Apply = fn(&mut User, &Map<String, Value>, &Types) -> Result<(), Answer>;

fn change(org: &mut Org, ask: &Ask, name: &str, apply: Apply) -> Reply {
    ask.only_parameters(&["strict"])?;
    let strict = super::flag(ask, "strict", false)?;
    let mut user = named(org, name)?;
    let before = user.clone();
    check_match(ask, &user)?;
    let body = super::object(ask)?;
    only_members(ask, &body, &MEMBERS)?;
    lifecycle::settled(&user)?;
    if user.status == Status::Deprovisioned {
        return Err(error::wrong_status());
    }
    apply(&mut user, &body, &org.types)?;
    mastering::check(org, &before, &user)?;
    profile::check_values(&user.profile)?;
    profile::check_custom(&user.profile, org.types.custom(&user.type_id))?;
    if org.users.is_taken(user.login(), user.key) {
        return Err(taken());
    }
    user.password_changed = None;
    create::set_credentials(&mut user, body.get("credentials"), ask)?;
    let new_password = user.password_changed.is_some();
    if strict && new_password && user.password.is_some() && user.password == before.password {
        return Err(credentials::refused("password: Password has been used too recently"));
    }
    user.password_changed = user.password_changed.or(before.password_changed);
    user.last_updated = ask.at;
    let user = org.users.save(user, ask.at);
    note_changes(org, ask, &before, &user, new_password);
    Ok(tagged(&user, ask))
}

fn note_changes(org: &mut Org, ask: &Ask, before: &User, user: &User, new_password: bool) {
    let target = || vec![log::user_target(user)];
    if user.profile != before.profile {
        org.note(ask, "user.account.update_profile", "Update user profile for Okta", target());
    }
    for (attribute, event, message) in [
        ("email", "user.account.update_primary_email", "User update primary email"),
        ("secondEmail", "user.account.update_secondary_email", "User update secondary email"),
    ] {
        if user.text(attribute) != before.text(attribute) {
            org.note(ask, event, message, target());
        }
    }
    if user.type_id != before.type_id {
        org.note(ask, "user.account.update_user_type", "Update user type", target());
    }
    if new_password {
        org.note(ask, "user.account.update_password", "User update password for Okta", target());
    }
}

fn check_match(ask: &Ask, user: &User) -> Result<(), Answer> {
    let Some(wanted) = ask.header("if-match") else { return Ok(()) };
    if wanted == user.etag() || wanted == "*" {
        return Ok(());
    }
    if !wanted.trim_start_matches("W/").starts_with('"') {
        return Err(error::error(400, "E0000242", "The provided ETag is malformed.", &[]));
    }
    Err(error::error(412, "E0000231", "The provided ETag does not match the current version.", &[]))
}

/// `GET /users/{id}/groups`
pub(super) fn groups(org: &Org, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&[])?;
    let user = named(org, name)?;
    let groups = memberships::groups_of(org, &user).map(|group| group.with_links(&ask.base));
    Ok(page::whole(ask, groups.collect()))
}

fn taken() -> Answer {
    error::validation(
        "login",
        &["login: An object with this field already exists in the current organization".to_owned()],
    )
}

fn only_members(ask: &Ask, body: &Map<String, Value>, modelled: &[&str]) -> Result<(), Answer> {
    match body.keys().find(|name| !modelled.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(ask.not_modelled(&format!("body member {name}"))),
    }
}
