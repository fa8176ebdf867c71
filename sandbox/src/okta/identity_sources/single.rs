//! Users and groups of a source, one by one: done when answered.

use serde_json::{Value, json};

use super::{apply, check_profile, key_of, profile_of, shown};
use crate::http::{Answer, Ask, Reply};
use crate::okta::{Org, error, object};

pub(super) fn route_users(org: &mut Org, ask: &Ask, source: usize, below: &[&str]) -> Reply {
    ask.only_parameters(&[])?;
    match (ask.method.as_str(), below) {
        ("POST", []) => {
            let body = Value::Object(object(ask)?);
            let (key, profile) = (key_of(&body)?, profile_of(&body));
            check_profile(&profile)?;
            apply::put_user(org, source, &key, profile, ask.at);
            // Okta describes no body.
            Ok(Answer::empty(200))
        }
        ("GET", [key]) => user(org, source, key),
        ("PUT" | "PATCH", [key]) => {
            user(org, source, key)?;
            let wanted = profile_of(&Value::Object(object(ask)?));
            let mut profile = org.sources[source].users[*key].profile.clone();
            if ask.method == "PUT" {
                profile.clear();
            }
            profile.extend(wanted);
            check_profile(&profile)?;
            apply::put_user(org, source, key, profile, ask.at);
            user(org, source, key)
        }
        ("DELETE", [key]) => {
            user(org, source, key)?;
            apply::drop_user(org, source, key, ask.at);
            Ok(Answer::empty(204))
        }
        _ => Err(ask.not_modelled("the call")),
    }
}

fn user(org: &Org, source: usize, key: &str) -> Reply {
    let found = org.sources[source].users.get(key);
    found.map(|user| Answer::json(200, &shown(key, user))).ok_or_else(|| error::not_found(key, "User"))
}

pub(super) fn route_groups(org: &mut Org, ask: &Ask, source: usize, below: &[&str]) -> Reply {
    match (ask.method.as_str(), below) {
        ("POST", []) => {
            let body = Value::Object(object(ask)?);
            put_group(org, ask, source, &key_of(&body)?, &body)
        }
        ("GET", [key]) => group(org, source, key),
        ("POST", [key]) => {
            group(org, source, key)?;
            let body = Value::Object(object(ask)?);
            put_group(org, ask, source, key, &body)
        }
        ("DELETE", [key]) => {
            group(org, source, key)?;
            apply::drop_group(org, source, key, ask.at);
            Ok(Answer::empty(204))
        }
        ("GET", [key, "membership"]) => members(org, ask, source, key),
        ("POST", [key, "membership"]) => {
            group(org, source, key)?;
            let body = Value::Object(object(ask)?);
            let member = body["memberExternalId"].as_str().unwrap_or_default();
            if apply::set_member(org, source, key, member, true, ask.at) {
                return Ok(Answer::empty(204));
            }
            Err(error::validation("memberExternalId", &["memberExternalId: no such user".to_owned()]))
        }
        ("DELETE", [key, "membership", member]) => {
            group(org, source, key)?;
            apply::set_member(org, source, key, member, false, ask.at);
            Ok(Answer::empty(204))
        }
        _ => Err(ask.not_modelled("the call")),
    }
}

fn put_group(org: &mut Org, ask: &Ask, source: usize, key: &str, body: &Value) -> Reply {
    let profile = profile_of(body);
    if profile.get("displayName").and_then(Value::as_str).is_none_or(str::is_empty) {
        let cause = "displayName: The field cannot be left blank".to_owned();
        return Err(error::validation("profile", &[cause]));
    }
    apply::put_group(org, source, key, &profile, ask.at);
    group(org, source, key)
}

fn group(org: &Org, source: usize, key: &str) -> Reply {
    let found = org.sources[source].groups.get(key);
    found.map(|group| Answer::json(200, &shown(key, group))).ok_or_else(|| error::not_found(key, "UserGroup"))
}

/// All of them at once.
fn members(org: &Org, ask: &Ask, source: usize, key: &str) -> Reply {
    ask.only_parameters(&["limit"])?;
    group(org, source, key)?;
    let source = &org.sources[source];
    let group = org.groups.find(&source.groups[key].id);
    let is_in = |id: &str| {
        let both = group.zip(org.users.find(id));
        both.is_some_and(|(group, user)| org.groups.has_member(group.key, user.key))
    };
    let keys: Vec<&str> =
        source.users.iter().filter(|(_, user)| is_in(&user.id)).map(|(key, _)| key.as_str()).collect();
    Ok(Answer::json(200, &json!({ "memberExternalIds": keys })))
}
