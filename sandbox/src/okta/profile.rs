//! The profile's schema: which attributes there are, and what may stand in them.

use serde_json::{Map, Value, json};

use super::error;
use crate::http::Answer;

/// Base attributes with their greatest lengths (0: none).
const BASE: [(&str, usize); 31] = [
    ("login", 100),
    ("email", 100),
    ("secondEmail", 100),
    ("firstName", 50),
    ("lastName", 50),
    ("middleName", 0),
    ("honorificPrefix", 0),
    ("honorificSuffix", 0),
    ("title", 0),
    ("displayName", 0),
    ("nickName", 0),
    ("profileUrl", 0),
    ("primaryPhone", 100),
    ("mobilePhone", 100),
    ("streetAddress", 1024),
    ("city", 128),
    ("state", 128),
    ("zipCode", 50),
    ("countryCode", 2),
    ("postalAddress", 4096),
    ("preferredLanguage", 0),
    ("locale", 0),
    ("timezone", 0),
    ("userType", 0),
    ("employeeNumber", 0),
    ("costCenter", 0),
    ("organization", 0),
    ("division", 0),
    ("department", 0),
    ("managerId", 0),
    ("manager", 0),
];

const REQUIRED: [&str; 4] = ["login", "email", "firstName", "lastName"];

pub(super) fn is_base(name: &str) -> bool {
    BASE.iter().any(|(base, _)| *base == name)
}

/// The base attributes as a schema has them.
pub(super) fn base_schema() -> Value {
    let attributes = BASE.iter().map(|(name, longest)| {
        let mut attribute = json!({
            "title": name, "type": "string", "mutability": "READ_WRITE", "scope": "NONE",
            "permissions": [{"principal": "SELF", "action": "READ_ONLY"}], "master": {"type": "PROFILE_MASTER"},
        });
        if *longest > 0 {
            attribute["maxLength"] = (*longest).into();
        }
        if REQUIRED.contains(name) {
            attribute["required"] = true.into();
        }
        ((*name).to_owned(), attribute)
    });
    let properties: Map<String, Value> = attributes.collect();
    json!({"id": "#base", "type": "object", "properties": properties, "required": REQUIRED})
}

/// Refuses the whole profile for one attribute that the schema does not know.
pub(super) fn check_names(profile: &Map<String, Value>, custom: &Map<String, Value>) -> Result<(), Answer> {
    let unknown = profile.keys().filter(|name| !is_base(name) && !custom.contains_key(*name));
    let causes: Vec<String> =
        unknown.map(|name| format!("Property name '{name}' is not defined in profile")).collect();
    if causes.is_empty() { Ok(()) } else { Err(error::validation("newUser", &causes)) }
}

/// Refuses custom attributes whose values are not what the schema says, one cause each.
pub(super) fn check_custom(profile: &Map<String, Value>, custom: &Map<String, Value>) -> Result<(), Answer> {
    let faults = custom.iter().filter_map(|(name, attribute)| {
        let value = profile.get(name).filter(|value| !value.is_null());
        let fault = match value {
            None if attribute["required"] == true => "The field cannot be left blank",
            None => return None,
            Some(value) => custom_fault(value, attribute)?,
        };
        Some(format!("{name}: {fault}"))
    });
    let causes: Vec<String> = faults.collect();
    if causes.is_empty() { Ok(()) } else { Err(error::validation("newUser", &causes)) }
}

fn custom_fault(value: &Value, attribute: &Value) -> Option<&'static str> {
    let of_type = |value: &Value, kind: &Value| match kind.as_str() {
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("array") => value.is_array(),
        _ => true,
    };
    let items = value.as_array().into_iter().flatten();
    if !of_type(value, &attribute["type"])
        || !items.clone().all(|item| of_type(item, &attribute["items"]["type"]))
    {
        return Some("The value is not of the type that the schema says");
    }
    if attribute["enum"].as_array().is_some_and(|values| !values.contains(value)) {
        return Some("The value is none of those that the schema says");
    }
    let length = value.as_str().map(|text| text.chars().count() as u64);
    let longer = |length: u64| attribute["maxLength"].as_u64().is_some_and(|most| length > most);
    let shorter = |length: u64| attribute["minLength"].as_u64().is_some_and(|least| length < least);
    match length {
        Some(length) if longer(length) => Some("The field is too long"),
        Some(length) if shorter(length) => Some("The field is too short"),
        _ => None,
    }
}

/// Refuses a profile whose values do not fit, one cause each.
pub(super) fn check_values(profile: &Map<String, Value>) -> Result<(), Answer> {
    let mut causes = Vec::new();
    for name in REQUIRED {
        if text(profile, name).is_empty() {
            causes.push(format!("{name}: The field cannot be left blank"));
        }
    }
    let login = text(profile, "login");
    if !login.is_empty() && !is_email(login) {
        causes.push("login: Username must be in the form of an email address".to_owned());
    }
    let email = text(profile, "email");
    if !email.is_empty() && !is_email(email) {
        causes.push("email: Does not match required pattern".to_owned());
    }
    causes.extend(BASE.iter().filter_map(|(name, longest)| misfit(profile.get(*name)?, name, *longest)));
    if causes.is_empty() { Ok(()) } else { Err(error::validation("login", &causes)) }
}

fn misfit(value: &Value, name: &str, longest: usize) -> Option<String> {
    match value {
        Value::String(text) if longest > 0 && text.chars().count() > longest => {
            Some(format!("{name}: The field is too long. It must be at most {longest} characters"))
        }
        Value::String(_) | Value::Null => None,
        _ => Some(format!("{name}: The value must be a string")),
    }
}

/// Merges a partial update: null takes an attribute away, an empty text stays.
pub(super) fn merge(profile: &mut Map<String, Value>, changes: Map<String, Value>) {
    for (name, value) in changes {
        if value.is_null() {
            profile.remove(&name);
        } else {
            profile.insert(name, value);
        }
    }
}

/// The profile as answered: two attributes are there even when unset.
pub(super) fn shown(profile: &Map<String, Value>) -> Value {
    let mut shown = profile.clone();
    for always in ["mobilePhone", "secondEmail"] {
        shown.entry(always).or_insert(Value::Null);
    }
    Value::Object(shown)
}

pub(super) fn text<'a>(profile: &'a Map<String, Value>, name: &str) -> &'a str {
    profile.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else { return false };
    !name.is_empty() && domain.contains('.') && !domain.contains('@') && !text.contains(char::is_whitespace)
}
