//! What a rule can know about a person.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::EvaluationError;

/// The attributes of Okta's base profile. All of them are text.
const BASE: [&str; 31] = [
    "login",
    "email",
    "secondEmail",
    "firstName",
    "lastName",
    "middleName",
    "honorificPrefix",
    "honorificSuffix",
    "title",
    "displayName",
    "nickName",
    "profileUrl",
    "primaryPhone",
    "mobilePhone",
    "streetAddress",
    "city",
    "state",
    "zipCode",
    "countryCode",
    "postalAddress",
    "preferredLanguage",
    "locale",
    "timezone",
    "userType",
    "employeeNumber",
    "costCenter",
    "organization",
    "division",
    "department",
    "managerId",
    "manager",
];

/// A person as a policy sees them: profile attributes under Okta's names.
///
/// `Debug` shows the names and hides the values.
///
/// ```
/// use lifecycle::policy::Attributes;
///
/// let mut person = Attributes::from_iter([("firstName", "Jane"), ("department", "Engineering")]);
/// person.insert("userType", "employee");
/// assert_eq!(person.get_str("department"), Some("Engineering"));
/// assert!(!format!("{person:?}").contains("Jane"));
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(BTreeMap<String, Value>);

impl Attributes {
    /// A person of whom nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an attribute.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// An attribute's value.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// An attribute's value if it is text, blank or not.
    pub fn get_str(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// Whether an attribute is absent, null or blank: then its default counts.
    pub(super) fn is_blank(&self, name: &str) -> bool {
        match self.get(name) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(_) => false,
        }
    }

    /// Names and values, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<N: Into<String>, V: Into<Value>> FromIterator<(N, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(attributes: I) -> Self {
        Self(attributes.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl From<serde_json::Map<String, Value>> for Attributes {
    fn from(profile: serde_json::Map<String, Value>) -> Self {
        profile.into_iter().collect()
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attributes")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What an attribute holds: Okta's words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum AttributeType {
    String,
    Boolean,
    Integer,
    Number,
    Array,
}

impl AttributeType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Array => "an array of strings, numbers or booleans",
        }
    }

    /// What an absent attribute means where the policy sets no default.
    fn empty(self) -> cel::Value {
        match self {
            Self::String => text(""),
            Self::Boolean => cel::Value::Bool(false),
            Self::Integer => cel::Value::Int(0),
            Self::Number => cel::Value::Float(0.0),
            Self::Array => cel::Value::List(Arc::new(Vec::new())),
        }
    }

    /// The value as rules see it; `None` if it is of another type.
    pub(super) fn read(self, value: &Value) -> Option<cel::Value> {
        match self {
            Self::String => value.as_str().map(text),
            Self::Boolean => value.as_bool().map(cel::Value::Bool),
            Self::Integer => value.as_i64().map(cel::Value::Int),
            Self::Number => value.as_f64().map(cel::Value::Float),
            Self::Array => {
                let items: Option<Vec<_>> = value.as_array()?.iter().map(scalar).collect();
                items.map(|items| cel::Value::List(Arc::new(items)))
            }
        }
    }
}

fn text(text: &str) -> cel::Value {
    cel::Value::String(Arc::new(text.to_owned()))
}

fn scalar(value: &Value) -> Option<cel::Value> {
    match value {
        Value::String(value) => Some(text(value)),
        Value::Bool(value) => Some(cel::Value::Bool(*value)),
        Value::Number(value) => {
            value.as_i64().map(cel::Value::Int).or_else(|| value.as_f64().map(cel::Value::Float))
        }
        _ => None,
    }
}

/// The JSON type, for messages: never the value.
pub(super) fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Every attribute that a rule can read, with what it holds and what it means when absent.
#[derive(Debug)]
pub(super) struct Schema(BTreeMap<String, Attribute>);

#[derive(Debug)]
struct Attribute {
    holds: AttributeType,
    default: cel::Value,
}

impl Default for Schema {
    /// Okta's base profile.
    fn default() -> Self {
        let mut schema = Self(BTreeMap::new());
        for name in BASE {
            schema.declare(name, AttributeType::String);
        }
        schema
    }
}

impl Schema {
    pub(super) fn declare(&mut self, name: &str, holds: AttributeType) {
        self.0.insert(name.to_owned(), Attribute { holds, default: holds.empty() });
    }

    pub(super) fn set_default(&mut self, name: &str, default: cel::Value) {
        if let Some(attribute) = self.0.get_mut(name) {
            attribute.default = default;
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn holds(&self, name: &str) -> Option<AttributeType> {
        self.0.get(name).map(|attribute| attribute.holds)
    }

    /// The person's attribute as rules see it. Absent, null and blank are one thing: the default.
    pub(super) fn value(&self, name: &str, person: &Attributes) -> Result<cel::Value, EvaluationError> {
        let Some(attribute) = self.0.get(name) else { return Ok(text("")) };
        match person.get(name).filter(|_| !person.is_blank(name)) {
            None => Ok(attribute.default.clone()),
            Some(value) => attribute.holds.read(value).ok_or_else(|| EvaluationError::Type {
                attribute: name.to_owned(),
                expected: attribute.holds.name(),
                found: found(value),
            }),
        }
    }
}
