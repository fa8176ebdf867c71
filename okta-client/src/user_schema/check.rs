//! Whether a profile fits a schema, before Okta is asked: one misfit refuses a whole call.

use std::fmt;

use serde_json::Value;

use super::model::{AttributeKind, AttributeMutability, SchemaAttribute, UserSchema};
use crate::users::Profile;

/// An attribute that does not fit. Says which and why, never its value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misfit {
    /// The attribute.
    pub attribute: String,
    /// What is wrong.
    pub reason: MisfitReason,
}

/// Why an attribute does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MisfitReason {
    /// The schema has no such attribute.
    NoSuchAttribute,
    /// It must be there.
    Missing,
    /// It has another type.
    OtherType,
    /// It has fewer characters than it must.
    TooShort,
    /// It has more characters than it may.
    TooLong,
    /// It is none of the values that it may have.
    NoSuchValue,
    /// Nobody may write it.
    ReadOnly,
}

impl UserSchema {
    /// What Okta would refuse of a new user's profile by this schema: unknown attributes, missing ones, types,
    /// lengths and values. Patterns, formats, uniqueness and masters are left to Okta.
    #[must_use]
    pub fn misfits(&self, profile: &Profile) -> Vec<Misfit> {
        let there = |name: &str| profile.get(name).is_some_and(|value| !value.is_null() && value != "");
        let missing = self
            .attributes()
            .filter(|(name, _)| self.is_required(name) && !there(name))
            .map(|(name, _)| misfit(name, MisfitReason::Missing));
        let given = profile.iter().filter(|(_, value)| !value.is_null()).filter_map(|(name, value)| {
            let Some(attribute) = self.attribute(name) else {
                return Some(misfit(name, MisfitReason::NoSuchAttribute));
            };
            attribute.fault(value).map(|reason| misfit(name, reason))
        });
        missing.chain(given).collect()
    }
}

impl SchemaAttribute {
    fn fault(&self, value: &Value) -> Option<MisfitReason> {
        if self.mutability == Some(AttributeMutability::ReadOnly) {
            return Some(MisfitReason::ReadOnly);
        }
        if !self.kind.as_ref().is_none_or(|kind| is_of(value, kind)) {
            return Some(MisfitReason::OtherType);
        }
        if let Some(items) = &self.items
            && let Value::Array(all) = value
        {
            if !items.kind.as_ref().is_none_or(|kind| all.iter().all(|item| is_of(item, kind))) {
                return Some(MisfitReason::OtherType);
            }
            let known = |item| items.values.as_ref().is_none_or(|values| values.contains(item));
            return (!all.iter().all(known)).then_some(MisfitReason::NoSuchValue);
        }
        if self.values.as_ref().is_some_and(|values| !values.is_empty() && !values.contains(value)) {
            return Some(MisfitReason::NoSuchValue);
        }
        // An empty text is present: only `required` has something against it.
        let length = value.as_str().map(|text| text.chars().count()).filter(|length| *length > 0)?;
        let within = |limit: Option<u32>| limit.and_then(|limit| usize::try_from(limit).ok());
        match (within(self.min_length), within(self.max_length)) {
            (Some(least), _) if length < least => Some(MisfitReason::TooShort),
            (_, Some(most)) if length > most => Some(MisfitReason::TooLong),
            _ => None,
        }
    }
}

fn is_of(value: &Value, kind: &AttributeKind) -> bool {
    match kind {
        AttributeKind::String => value.is_string(),
        AttributeKind::Boolean => value.is_boolean(),
        AttributeKind::Number => value.is_number(),
        AttributeKind::Integer => value.is_i64() || value.is_u64(),
        AttributeKind::Array => value.is_array(),
        AttributeKind::Unknown(_) => true,
    }
}

fn misfit(attribute: &str, reason: MisfitReason) -> Misfit {
    Misfit { attribute: attribute.to_owned(), reason }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.attribute, self.reason.as_str())
    }
}

impl MisfitReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::NoSuchAttribute => "the schema has no such attribute",
            Self::Missing => "it must be there",
            Self::OtherType => "it has another type",
            Self::TooShort => "it has fewer characters than it must",
            Self::TooLong => "it has more characters than it may",
            Self::NoSuchValue => "it is none of the values that it may have",
            Self::ReadOnly => "nobody may write it",
        }
    }
}
