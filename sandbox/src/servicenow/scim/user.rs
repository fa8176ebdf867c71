//! Users.

use serde_json::{Value, json};

use super::{Document, is_taken, object, put, refusal, text_at};
use crate::http::Answer;
use crate::servicenow::store::{Found, Instance, Record, record};

pub(super) const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:servicenow:2.0:User";

/// Attributes that are a field each.
const TEXTS: &[(&[&str], &str)] = &[
    (&["userName"], "user_name"),
    (&["name", "familyName"], "last_name"),
    (&["name", "givenName"], "first_name"),
    (&["name", "middleName"], "middle_name"),
    (&["title"], "title"),
    (&["preferredLanguage"], "preferred_language"),
    (&["timezone"], "time_zone"),
    (&[EXTENSION, "employeeNumber"], "employee_number"),
];

/// Attributes of the extension that lead to another record: its table, and what its name is called.
const REFERENCES: &[(&str, &str, &str, &str)] = &[
    ("company", "company", "core_company", "name"),
    ("costCenter", "cost_center", "cmn_cost_center", "name"),
    ("department", "department", "cmn_department", "name"),
    ("location", "location", "cmn_location", "name"),
    ("manager", "manager", "sys_user", "displayName"),
];

const PHONES: &[(&str, &str)] = &[("work", "phone"), ("mobile", "mobile_phone"), ("home", "home_phone")];

const ADDRESS: &[(&str, &str)] = &[
    ("streetAddress", "street"),
    ("locality", "city"),
    ("region", "state"),
    ("postalCode", "zip"),
    ("country", "country"),
];

pub(super) fn document(instance: &Instance, found: Found<'_>) -> Document {
    let mut document =
        object(json!({ "schemas": [EXTENSION, CORE], "active": found.get("active") == "true" }));
    let name = [(&["displayName"] as &[&str], "name")];
    for (path, field) in TEXTS.iter().chain(&name) {
        if !found.get(field).is_empty() {
            put(&mut document, path, json!(found.get(field)));
        }
    }
    for (attribute, field, table, named) in REFERENCES {
        let id = found.get(field);
        if !id.is_empty() {
            let reference = json!({ "value": id, *named: instance.display_of(table, id) });
            put(&mut document, &[EXTENSION, attribute], reference);
        }
    }
    let contacts = |fields: &[(&str, &str)]| {
        let there = fields.iter().filter(|(_, field)| !found.get(field).is_empty());
        there.map(|(kind, field)| json!({ "value": found.get(field), "type": kind })).collect::<Vec<_>>()
    };
    for (attribute, values) in
        [("emails", contacts(&[("work", "email")])), ("phoneNumbers", contacts(PHONES))]
    {
        if !values.is_empty() {
            put(&mut document, &[attribute], json!(values));
        }
    }
    let mut address = Document::new();
    for (part, field) in ADDRESS.iter().filter(|(_, field)| !found.get(field).is_empty()) {
        put(&mut address, &[part], json!(found.get(field)));
    }
    if !address.is_empty() {
        put(&mut address, &["type"], json!("home"));
        put(&mut document, &["addresses"], json!([address]));
    }
    if let Some(beside) = instance.find_by("sys_scim_user", "user", found.get("sys_id")) {
        for (attribute, field) in [("externalId", "external_id"), ("userType", "user_type")] {
            if !beside.get(field).is_empty() {
                put(&mut document, &[attribute], json!(beside.get(field)));
            }
        }
    }
    document
}

/// The fields of `sys_user` and of `sys_scim_user`. What is not in the document is cleared.
pub(super) fn row(
    instance: &Instance,
    id: Option<&str>,
    document: &Document,
) -> Result<(Record, Record), Answer> {
    let mut row = Record::new();
    for (path, field) in TEXTS {
        row.insert((*field).to_owned(), text_at(document, path).to_owned());
    }
    for (attribute, field, table, _) in REFERENCES {
        let value = text_at(document, &[EXTENSION, attribute, "value"]);
        if !value.is_empty() && instance.find(table, value).is_none() {
            let why = format!("{attribute}.value {value} is no record of {table}");
            return Err(refusal(instance, 400, "invalidValue", &why));
        }
        row.insert((*field).to_owned(), value.to_owned());
    }
    for (kind, field) in PHONES {
        row.insert((*field).to_owned(), contact(document, "phoneNumbers", kind, "value"));
    }
    for (part, field) in ADDRESS {
        row.insert((*field).to_owned(), contact(document, "addresses", "home", part));
    }
    row.insert("email".to_owned(), contact(document, "emails", "work", "value"));
    row.insert("active".to_owned(), active(document).to_string());
    if row["user_name"].is_empty() {
        return Err(refusal(instance, 400, "invalidValue", "userName is required"));
    }
    for (field, attribute) in [("user_name", "userName"), ("email", "emails")] {
        if is_taken(instance, "sys_user", field, &row[field], id) {
            let why = format!("A user with this {attribute} exists");
            return Err(refusal(instance, 409, "uniqueness", &why));
        }
    }
    let beside = record([
        ("external_id", text_at(document, &["externalId"])),
        ("user_type", text_at(document, &["userType"])),
    ]);
    Ok((row, beside))
}

/// A user is active unless it says otherwise.
fn active(document: &Document) -> bool {
    document.get("active").is_none_or(|active| active == &json!(true) || active == &json!("true"))
}

fn contact(document: &Document, list: &str, kind: &str, part: &str) -> String {
    let all = document.get(list).and_then(Value::as_array).into_iter().flatten();
    let found = all.filter(|each| each["type"] == kind).find_map(|each| each[part].as_str());
    found.unwrap_or_default().to_owned()
}
