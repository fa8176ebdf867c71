//! Groups and their members.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Document, is_taken, object, put, refusal, text_at};
use crate::http::Answer;
use crate::servicenow::error;
use crate::servicenow::schema;
use crate::servicenow::store::{Author, Found, Instance, Record, record};

pub(super) const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(super) const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:servicenow:2.0:Group";

/// `com.snc.integration.scim2.max.member.count`
const MOST_MEMBERS: usize = 100;

pub(super) fn document(instance: &Instance, found: Found<'_>, base: &str) -> Document {
    let id = found.get("sys_id");
    let mut document = object(json!({ "schemas": [CORE, EXTENSION], "displayName": found.get("name") }));
    let members: Vec<Value> = memberships(instance, id)
        .into_keys()
        .map(|user| {
            let link = format!("{base}/api/now/scim/Users/{user}");
            json!({ "value": user, "display": instance.display_of("sys_user", &user), "$ref": link })
        })
        .collect();
    if !members.is_empty() {
        put(&mut document, &["members"], json!(members));
    }
    let external_id = instance.find_by("sys_scim_group", "group", id).map(|beside| beside.get("external_id"));
    if let Some(external_id) = external_id.filter(|id| !id.is_empty()) {
        put(&mut document, &["externalId"], json!(external_id));
    }
    document
}

/// The fields of `sys_user_group` and of `sys_scim_group`.
pub(super) fn row(
    instance: &Instance,
    id: Option<&str>,
    document: &Document,
) -> Result<(Record, Record), Answer> {
    let name = text_at(document, &["displayName"]);
    if name.is_empty() {
        return Err(refusal(instance, 400, "invalidValue", "displayName is required"));
    }
    if is_taken(instance, "sys_user_group", "name", name, id) {
        return Err(refusal(instance, 409, "uniqueness", "A group with this displayName exists"));
    }
    let members = wanted(document);
    if members.len() > MOST_MEMBERS {
        return Err(refusal(instance, 400, "tooMany", "A group has at most 100 members in a call"));
    }
    if let Some(odd) = members.iter().find(|id| instance.find("sys_user", id).is_none()) {
        return Err(refusal(instance, 400, "invalidValue", &format!("members: {odd} is no user")));
    }
    let beside = record([("external_id", text_at(document, &["externalId"]))]);
    Ok((record([("name", name)]), beside))
}

/// Adds and removes rows of `sys_user_grmember`.
pub(super) fn set_members(
    instance: &mut Instance,
    group: &str,
    document: &Document,
    author: &Author,
) -> Result<(), Answer> {
    const TABLE: &str = "sys_user_grmember";
    let Some(schema) = schema::find(TABLE) else { return Err(error::no_table(TABLE)) };
    let (wanted, there) = (wanted(document), memberships(instance, group));
    for (_, row) in there.iter().filter(|(user, _)| !wanted.contains(user)) {
        instance.remove(TABLE, row, author)?;
    }
    for user in wanted.iter().filter(|user| !there.contains_key(*user)) {
        instance.insert(schema, record([("group", group), ("user", user)]), author)?;
    }
    Ok(())
}

fn wanted(document: &Document) -> Vec<String> {
    let members = document.get("members").and_then(Value::as_array).into_iter().flatten();
    members.filter_map(|member| member["value"].as_str().map(str::to_owned)).collect()
}

/// Users, and the rows that make them members.
fn memberships(instance: &Instance, group: &str) -> BTreeMap<String, String> {
    let rows = instance.rows("sys_user_grmember").filter(|row| row.get("group") == group);
    rows.map(|row| (row.get("user").to_owned(), row.get("sys_id").to_owned())).collect()
}
