//! The profile's schema: which attributes there are, and what may stand in them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

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

pub(super) fn is_attribute(name: &str, custom: &BTreeSet<String>) -> bool {
    BASE.iter().any(|(base, _)| *base == name) || custom.contains(name)
}

/// Refuses the whole profile for one attribute that the schema does not know.
pub(super) fn check_names(profile: &Map<String, Value>, custom: &BTreeSet<String>) -> Result<(), Answer> {
    let unknown = profile.keys().filter(|name| !is_attribute(name, custom));
    let causes: Vec<String> =
        unknown.map(|name| format!("Property name '{name}' is not defined in profile")).collect();
    if causes.is_empty() { Ok(()) } else { Err(error::validation("newUser", &causes)) }
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
