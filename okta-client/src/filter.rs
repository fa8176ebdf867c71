//! Expressions for `search` and `filter`.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

/// A SCIM expression, as `search` and `filter` take it. Values are escaped; nothing that comes from outside
/// can add a condition.
///
/// ```
/// use okta_client::Filter;
///
/// let filter = Filter::eq("profile.department", r#"Sales" or status eq "ACTIVE"#)
///     .and(Filter::eq("status", "ACTIVE"));
/// assert_eq!(
///     filter.to_string(),
///     r#"(profile.department eq "Sales\" or status eq \"ACTIVE" and status eq "ACTIVE")"#
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Filter(String);

impl Filter {
    /// `attribute eq "value"`.
    pub fn eq(attribute: &'static str, value: impl AsRef<str>) -> Self {
        Self::compare(attribute, "eq", value.as_ref())
    }

    /// `attribute sw "value"`: begins with.
    pub fn starts_with(attribute: &'static str, value: impl AsRef<str>) -> Self {
        Self::compare(attribute, "sw", value.as_ref())
    }

    /// `attribute co "value"`: contains. In a user search only on names, `email` and `login`.
    pub fn contains(attribute: &'static str, value: impl AsRef<str>) -> Self {
        Self::compare(attribute, "co", value.as_ref())
    }

    /// `attribute gt "time"`: later than.
    pub fn after(attribute: &'static str, time: DateTime<Utc>) -> Self {
        Self::compare(attribute, "gt", &okta_time(time))
    }

    /// `attribute lt "time"`: earlier than.
    pub fn before(attribute: &'static str, time: DateTime<Utc>) -> Self {
        Self::compare(attribute, "lt", &okta_time(time))
    }

    /// `attribute pr`: has a value.
    pub fn present(attribute: &'static str) -> Self {
        Self(format!("{attribute} pr"))
    }

    /// An expression as it stands. Nothing is escaped: never put into it what comes from outside.
    pub fn raw(expression: impl Into<String>) -> Self {
        Self(expression.into())
    }

    /// Both must hold.
    pub fn and(self, other: Self) -> Self {
        Self(format!("({self} and {other})"))
    }

    /// One must hold.
    pub fn or(self, other: Self) -> Self {
        Self(format!("({self} or {other})"))
    }

    fn compare(attribute: &str, operator: &str, value: &str) -> Self {
        // Strings have JSON's escapes.
        Self(format!("{attribute} {operator} {}", serde_json::Value::from(value)))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Okta's form of a time, always in UTC so that no `+` has to survive a URL.
pub(crate) fn okta_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_stays_one_string(value in ".*") {
            let text = Filter::eq("profile.login", &value).to_string();
            let literal = text.strip_prefix("profile.login eq ").unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(literal).unwrap(), value);
        }
    }
}
