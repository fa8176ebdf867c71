//! Who has which role, and why: given, by a group, or contained in another role.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::error;
use super::schema::{self, Schema};
use super::store::{Author, Instance, Record, record};
use crate::http::{Answer, Ask, Reply};

/// A role that somebody has without having been given it: the role, the group that brings it, the role that
/// contains it.
type Inherited = (String, String, String);

pub(super) fn defaults(new: &mut Record) {
    for (field, value) in [("inherited", "false"), ("state", "active")] {
        new.entry(field.to_owned()).or_insert_with(|| value.to_owned());
    }
}

/// A row came or went that decides who has which role.
pub(super) fn changed(instance: &mut Instance, table: &Schema, row: &Record, author: &Author) {
    let get = |field: &str| row.get(field).map_or("", String::as_str);
    let users: BTreeSet<String> = match table.name {
        "sys_user_grmember" | "sys_user_has_role" => [get("user").to_owned()].into(),
        "sys_group_has_role" => values(instance, "sys_user_grmember", "group", get("group"), "user"),
        "sys_user_role_contains" => values(instance, "sys_user_has_role", "role", get("role"), "user"),
        _ => return,
    };
    for user in users {
        settle(instance, &user, author);
    }
}

/// Makes somebody's inherited rows what they should be. Whoever deletes one finds it again.
fn settle(instance: &mut Instance, user: &str, author: &Author) {
    let Some(table) = schema::find("sys_user_has_role") else { return };
    let (wanted, mut there) = (wanted(instance, user), BTreeMap::new());
    for row in instance.rows_with(table.name, "user", user).unwrap_or_default() {
        if row.get("inherited") == "true" {
            let key = ["role", "granted_by", "included_in_role"].map(|field| row.get(field).to_owned());
            there.insert(<Inherited>::from(key), row.get("sys_id").to_owned());
        }
    }
    for (_, sys_id) in there.iter().filter(|(key, _)| !wanted.contains(*key)) {
        instance.take_out(table, sys_id);
    }
    for (role, group, container) in wanted.iter().filter(|key| !there.contains_key(*key)) {
        let mut row = record([("user", user), ("role", role), ("inherited", "true")]);
        row.extend(record([("granted_by", group), ("included_in_role", container)]));
        // Nothing refuses it: the row has all that it needs.
        let _ = instance.put_in(table, row, author);
    }
}

/// `GET /api/global/user_role_inheritance`
pub(super) fn inheritance(instance: &Instance, ask: &Ask) -> Reply {
    ask.only_parameters(&["user_sysid"])?;
    if instance.habits.role_inheritance_is_missing {
        return Err(error::no_resource());
    }
    let user =
        ask.query.text("user_sysid").ok_or_else(|| error::envelope(400, "user_sysid is required", None))?;
    let found = instance.find("sys_user", user).ok_or_else(error::no_record)?;
    let (mut from_group, mut from_role) = (Vec::new(), Vec::new());
    for row in instance.rows_with("sys_user_has_role", "user", user).unwrap_or_default() {
        if row.get("inherited") != "true" {
            paths(instance, row.get("role"), "", &mut from_role);
        }
    }
    for group in values(instance, "sys_user_grmember", "user", user, "group") {
        let name = format!("[{}]", instance.display_of("sys_user_group", &group));
        for role in values(instance, "sys_group_has_role", "group", &group, "role") {
            paths(instance, &role, &name, &mut from_group);
        }
    }
    let result =
        json!({ "user_name": found.get("user_name"), "from_group": from_group, "from_role": from_role });
    Ok(Answer::json(200, &json!({ "result": result })))
}

/// The path to a role, and those that go on to what it contains. A circle ends where it closes.
fn paths(instance: &Instance, role: &str, before: &str, all: &mut Vec<String>) {
    let name = instance.display_of("sys_user_role", role);
    if before.split('/').any(|step| step == name) {
        return;
    }
    let path = format!("{before}/{name}");
    all.push(path.clone());
    for contained in values(instance, "sys_user_role_contains", "role", role, "contains") {
        paths(instance, &contained, &path, all);
    }
}

fn wanted(instance: &Instance, user: &str) -> BTreeSet<Inherited> {
    let mut wanted = BTreeSet::new();
    for row in instance.rows_with("sys_user_has_role", "user", user).unwrap_or_default() {
        if row.get("inherited") != "true" {
            add_contained(instance, row.get("role"), "", &mut wanted);
        }
    }
    for group in values(instance, "sys_user_grmember", "user", user, "group") {
        for role in values(instance, "sys_group_has_role", "group", &group, "role") {
            add_contained(instance, &role, &group, &mut wanted);
            wanted.insert((role, group.clone(), String::new()));
        }
    }
    wanted
}

fn add_contained(instance: &Instance, role: &str, group: &str, wanted: &mut BTreeSet<Inherited>) {
    for contained in values(instance, "sys_user_role_contains", "role", role, "contains") {
        if wanted.insert((contained.clone(), group.to_owned(), role.to_owned())) {
            add_contained(instance, &contained, group, wanted);
        }
    }
}

/// What `wanted` holds in the rows whose `field` has this value.
fn values(instance: &Instance, table: &str, field: &str, value: &str, wanted: &str) -> BTreeSet<String> {
    let rows = instance.rows_with(table, field, value).unwrap_or_default();
    rows.into_iter().map(|row| row.get(wanted).to_owned()).collect()
}
