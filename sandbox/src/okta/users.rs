//! Users: the calls on one user. The object, the list and the creation have files of their own.

mod create;
mod list;
mod model;
mod store;

use serde_json::{Map, Value};

use super::{Org, error, log, memberships, page, profile};
use crate::http::{Answer, Ask, Reply};

pub(super) use create::create;
pub(super) use list::{list, sorted};
pub(super) use model::in_list;
pub(crate) use model::{Status, User};
pub(crate) use store::Users;

/// The user that a path names by id, login or `me`; a copy to change and save.
pub(super) fn named(org: &Org, name: &str) -> Result<User, Answer> {
    let name = if name == "me" { &org.token_owner } else { name };
    org.users.find(name).cloned().ok_or_else(|| error::not_found(name, "User"))
}

/// `GET /users/{id}`
pub(super) fn get(org: &Org, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&[])?;
    Ok(tagged(&named(org, name)?, ask))
}

fn tagged(user: &User, ask: &Ask) -> Answer {
    Answer::json(200, &user.with_links(&ask.base)).header("etag", &user.etag())
}

/// `POST /users/{id}`: what is named changes, null removes, the rest stays.
pub(super) fn update(org: &mut Org, ask: &Ask, name: &str) -> Reply {
    change(org, ask, name, profile::merge)
}

/// `PUT /users/{id}`: what is not named is gone.
pub(super) fn replace(org: &mut Org, ask: &Ask, name: &str) -> Reply {
    change(org, ask, name, |old, new| {
        *old = new;
        old.retain(|_, value| !value.is_null());
    })
}

/// What a client may send back of a user that it read; Okta ignores all but the first two.
const MEMBERS: [&str; 13] = [
    "profile",
    "credentials",
    "type",
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

type Merge = fn(&mut Map<String, Value>, Map<String, Value>);

fn change(org: &mut Org, ask: &Ask, name: &str, merge: Merge) -> Reply {
    ask.only_parameters(&["strict"])?;
    let mut user = named(org, name)?;
    let before = user.profile.clone();
    check_match(ask, &user)?;
    let body = super::object(ask)?;
    only_members(ask, &body, &MEMBERS)?;
    if user.status == Status::Deprovisioned {
        return Err(error::wrong_status());
    }
    if let Some(Value::Object(wanted)) = body.get("profile") {
        profile::check_names(wanted, &org.custom_attributes)?;
        merge(&mut user.profile, wanted.clone());
        profile::check_values(&user.profile)?;
    } else if ask.method == "PUT" {
        return Err(error::validation("profile", &["profile: The field cannot be left blank".to_owned()]));
    }
    if org.users.is_taken(user.login(), user.key) {
        return Err(taken());
    }
    let password_before = user.password_changed.take();
    create::set_credentials(&mut user, body.get("credentials"), ask)?;
    let new_password = user.password_changed.is_some();
    user.password_changed = user.password_changed.or(password_before);
    user.last_updated = ask.at;
    let user = org.users.save(user, ask.at);
    if user.profile != before {
        let target = vec![log::user_target(&user)];
        org.note(ask, "user.account.update_profile", "Update user profile for Okta", target);
    }
    if new_password {
        let target = vec![log::user_target(&user)];
        org.note(ask, "user.account.update_password", "User update password for Okta", target);
    }
    Ok(tagged(&user, ask))
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

/// `DELETE /users/{id}/sessions`
pub(super) fn clear_sessions(org: &mut Org, ask: &Ask, name: &str) -> Reply {
    ask.only_parameters(&["oauthTokens", "forgetDevices"])?;
    super::flag(ask, "oauthTokens", false)?;
    let user = named(org, name)?;
    super::sessions::clear(org, &user.id);
    org.note(ask, "user.session.clear", "Clear user session", vec![log::user_target(&user)]);
    Ok(Answer::empty(204))
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
