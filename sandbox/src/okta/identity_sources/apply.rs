//! What becomes of uploads: users, groups and memberships in Okta.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{Imported, profile_of};
use crate::okta::groups::{Group, Kind};
use crate::okta::users::{Status, User};
use crate::okta::{Org, log};

/// All uploads of a session, in their order.
pub(super) fn uploads(org: &mut Org, source: usize, uploads: &[(String, Value)], at: DateTime<Utc>) {
    for (word, body) in uploads {
        let entries =
            ["profiles", "externalIds", "memberships"].iter().find_map(|name| body[name].as_array());
        for entry in entries.into_iter().flatten() {
            upload(org, source, word, entry, at);
        }
    }
}

fn upload(org: &mut Org, source: usize, word: &str, entry: &Value, at: DateTime<Utc>) {
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    match word {
        "bulk-upsert" => put_user(org, source, text("externalId"), profile_of(entry), at),
        "bulk-delete" => drop_user(org, source, text("externalId"), at),
        "bulk-groups-upsert" => put_group(org, source, text("externalId"), &profile_of(entry), at),
        "bulk-groups-delete" => drop_group(org, source, entry.as_str().unwrap_or_default(), at),
        _ => {
            let members = entry["memberExternalIds"].as_array().into_iter().flatten();
            for member in members.filter_map(Value::as_str) {
                set_member(org, source, text("groupExternalId"), member, word.ends_with("upsert"), at);
            }
        }
    }
}

/// Makes the user, or changes it.
pub(super) fn put_user(
    org: &mut Org,
    source: usize,
    key: &str,
    profile: Map<String, Value>,
    at: DateTime<Utc>,
) {
    let mapped = org.sources[source].mapping.apply(&profile);
    let known = org.sources[source].users.get(key).map(|known| (known.id.clone(), known.created));
    let user = known.as_ref().and_then(|(id, _)| org.users.find(id).cloned());
    let (user, kind, message) = match user {
        Some(mut user) => {
            user.profile.extend(mapped);
            user.last_updated = at;
            (user, "user.account.update_profile", "Update user profile for Okta")
        }
        // Somebody has the login: in a real org this waits for an admin to say whether it is the same person.
        None if org.users.is_taken(mapped.get("login").and_then(Value::as_str).unwrap_or_default(), 0) => {
            return;
        }
        None => {
            let mut user = User::new(org.ids.okta("00u"), mapped, at);
            user.provider = ("IMPORT".to_owned(), "IMPORT".to_owned());
            user.enter(Status::Active, at);
            (user, "user.lifecycle.create", "Create Okta user")
        }
    };
    let user = org.users.save(user, at);
    org.note_job(at, kind, message, vec![log::user_target(&user)]);
    let created = known.map_or(at, |(_, created)| created);
    let imported = Imported { id: user.id, profile, created, last_updated: at };
    org.sources[source].users.insert(key.to_owned(), imported);
}

/// Deactivates the account.
pub(super) fn drop_user(org: &mut Org, source: usize, key: &str, at: DateTime<Utc>) {
    let Some(gone) = org.sources[source].users.remove(key) else { return };
    let Some(mut user) = org.users.find(&gone.id).cloned() else { return };
    user.enter(Status::Deprovisioned, at);
    let user = org.users.save(user, at);
    let target = vec![log::user_target(&user)];
    org.note_job(at, "user.lifecycle.deactivate", "Deactivate Okta user", target);
}

/// Makes the group, or changes its name.
pub(super) fn put_group(
    org: &mut Org,
    source: usize,
    key: &str,
    profile: &Map<String, Value>,
    at: DateTime<Utc>,
) {
    let mut named = Map::new();
    named.insert("name".to_owned(), profile.get("displayName").cloned().unwrap_or_default());
    named.insert("description".to_owned(), profile.get("description").cloned().unwrap_or_default());
    let known = org.sources[source].groups.get(key).map(|known| (known.id.clone(), known.created));
    let group = known.as_ref().and_then(|(id, _)| org.groups.find(id).cloned());
    let is_new = group.is_none();
    let mut group = group.unwrap_or_else(|| Group::new(org.ids.okta("00g"), Kind::App, named.clone(), at));
    (group.profile, group.last_updated) = (named, at);
    let group = org.groups.save(group, at);
    if is_new {
        org.note_job(at, "group.lifecycle.create", "Create Okta group", vec![log::group_target(&group)]);
    }
    let created = known.map_or(at, |(_, created)| created);
    let imported = Imported { id: group.id, profile: profile.clone(), created, last_updated: at };
    org.sources[source].groups.insert(key.to_owned(), imported);
}

pub(super) fn drop_group(org: &mut Org, source: usize, key: &str, at: DateTime<Utc>) {
    let Some(gone) = org.sources[source].groups.remove(key) else { return };
    let Some(group) = org.groups.find(&gone.id).cloned() else { return };
    org.groups.remove(&group, at);
    org.note_job(at, "group.lifecycle.delete", "Delete Okta group", vec![log::group_target(&group)]);
}

/// False if one of the two is not there.
pub(super) fn set_member(
    org: &mut Org,
    source: usize,
    group: &str,
    member: &str,
    joins: bool,
    at: DateTime<Utc>,
) -> bool {
    let id = |known: Option<&Imported>| known.map(|known| known.id.clone()).unwrap_or_default();
    let (group, user) =
        (id(org.sources[source].groups.get(group)), id(org.sources[source].users.get(member)));
    let found = org.groups.find(&group).cloned().zip(org.users.find(&user).cloned());
    let Some((group, user)) = found else { return false };
    if org.groups.set_member(group.key, user.key, joins, at) {
        let kind = if joins { "group.user_membership.add" } else { "group.user_membership.remove" };
        let targets = vec![log::user_target(&user), log::group_target(&group)];
        org.note_job(at, kind, "Change of group membership by import", targets);
    }
    true
}
