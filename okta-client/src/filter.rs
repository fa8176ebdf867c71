//! Expressions for `search` and `filter`.

use std::fmt::{self, Display};

use chrono::{DateTime, Utc};
use client_core::Request;

use crate::time::okta_time;

/// A SCIM expression, as `search` and `filter` take it. Values are escaped; nothing that comes from outside
/// can add a condition.
///
/// Which attributes and operators there are differs by list: see the method that takes the filter.
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
pub struct Filter {
    text: String,
    flaw: Option<String>,
}

impl Filter {
    /// `attribute eq value`.
    pub fn eq(attribute: impl AsRef<str>, value: impl Into<Operand>) -> Self {
        Self::compare(attribute, "eq", value)
    }

    /// `attribute ne value`. Not in a user search.
    pub fn ne(attribute: impl AsRef<str>, value: impl Into<Operand>) -> Self {
        Self::compare(attribute, "ne", value)
    }

    /// `attribute gt value`: greater, later.
    pub fn gt(attribute: impl AsRef<str>, value: impl Into<Operand>) -> Self {
        Self::compare(attribute, "gt", value)
    }

    /// `attribute ge value`: greater or equal.
    pub fn ge(attribute: impl AsRef<str>, value: impl Into<Operand>) -> Self {
        Self::compare(attribute, "ge", value)
    }

    /// `attribute lt value`: less, earlier.
    pub fn lt(attribute: impl AsRef<str>, value: impl Into<Operand>) -> Self {
        Self::compare(attribute, "lt", value)
    }

    /// `attribute le value`: less or equal.
    pub fn le(attribute: impl AsRef<str>, value: impl Into<Operand>) -> Self {
        Self::compare(attribute, "le", value)
    }

    /// `attribute sw "value"`: begins with.
    pub fn starts_with(attribute: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        Self::compare(attribute, "sw", value.as_ref())
    }

    /// `attribute ew "value"`: ends with. Not in a user search.
    pub fn ends_with(attribute: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        Self::compare(attribute, "ew", value.as_ref())
    }

    /// `attribute co "value"`: contains. In a user search only on names, `email` and `login`.
    pub fn contains(attribute: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        Self::compare(attribute, "co", value.as_ref())
    }

    /// `attribute pr`: has a value.
    pub fn present(attribute: impl AsRef<str>) -> Self {
        let attribute = attribute.as_ref();
        Self { text: format!("{attribute} pr"), flaw: flaw(attribute) }
    }

    /// `(attribute eq a or attribute eq b or …)`. Okta refuses long expressions (E0000031, or 414): ask for a few
    /// dozen values at a time. Of no values it makes a filter that is refused unsent: nothing is not everything.
    pub fn any_of<V: Into<Operand>>(attribute: impl AsRef<str>, values: impl IntoIterator<Item = V>) -> Self {
        let attribute = attribute.as_ref();
        let each = values.into_iter().map(|value| Self::eq(attribute, value));
        each.reduce(Self::or).unwrap_or_else(|| Self {
            text: String::new(),
            flaw: Some(format!("a filter for any of no values of {attribute}")),
        })
    }

    /// An expression as it stands. Nothing is escaped: never put into it what comes from outside.
    pub fn raw(expression: impl Into<String>) -> Self {
        Self { text: expression.into(), flaw: None }
    }

    /// Both must hold.
    pub fn and(self, other: Self) -> Self {
        self.join("and", other)
    }

    /// One must hold.
    pub fn or(self, other: Self) -> Self {
        self.join("or", other)
    }

    /// It must not hold. Not in a user search.
    pub fn negated(self) -> Self {
        Self { text: format!("not ({})", self.text), flaw: self.flaw }
    }

    fn compare(attribute: impl AsRef<str>, operator: &str, value: impl Into<Operand>) -> Self {
        let attribute = attribute.as_ref();
        Self { text: format!("{attribute} {operator} {}", value.into().0), flaw: flaw(attribute) }
    }

    fn join(self, word: &str, other: Self) -> Self {
        Self { text: format!("({} {word} {})", self.text, other.text), flaw: self.flaw.or(other.flaw) }
    }
}

/// Puts filters into requests.
pub(crate) trait Filtered {
    /// The request with the query parameter `name`, if there is a filter. One with a flaw is not sent.
    fn filtered(self, name: &str, filter: Option<&Filter>) -> Self;
}

impl Filtered for Request {
    fn filtered(self, name: &str, filter: Option<&Filter>) -> Self {
        match filter {
            None => self,
            Some(Filter { flaw: Some(flaw), .. }) => self.flawed(flaw),
            Some(filter) => self.query(name, filter),
        }
    }
}

/// Names of custom attributes come from configuration, so they are looked at.
fn flaw(attribute: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '$');
    let good = !attribute.is_empty() && attribute.chars().all(fits);
    (!good).then(|| format!("{attribute:?} is no attribute to filter by: letters, digits and . _ - : $ only"))
}

impl Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What an attribute is compared with: text, a time, a number, true or false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand(String);

impl From<&str> for Operand {
    fn from(text: &str) -> Self {
        // Strings have JSON's escapes.
        Self(serde_json::Value::from(text).to_string())
    }
}

impl From<&String> for Operand {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Operand {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<DateTime<Utc>> for Operand {
    fn from(time: DateTime<Utc>) -> Self {
        Self::from(okta_time(time))
    }
}

impl From<bool> for Operand {
    fn from(value: bool) -> Self {
        Self(value.to_string())
    }
}

impl From<i64> for Operand {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn expressions_are_written_as_okta_reads_them() {
        let time = "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap();
        for (filter, text) in [
            (Filter::gt("lastUpdated", time), r#"lastUpdated gt "2026-01-01T00:00:00.000Z""#),
            (Filter::eq("profile.remote", true), "profile.remote eq true"),
            (Filter::ge("profile.floor", 3), "profile.floor ge 3"),
            (Filter::present("profile.email").negated(), "not (profile.email pr)"),
            (Filter::any_of("id", ["a", "b"]), r#"(id eq "a" or id eq "b")"#),
            (Filter::any_of("id", ["a"]), r#"id eq "a""#),
        ] {
            assert_eq!((filter.to_string().as_str(), filter.flaw), (text, None));
        }
    }

    #[test]
    fn what_cannot_be_an_attribute_makes_a_filter_that_is_not_sent() {
        let none: [&str; 0] = [];
        for filter in [
            Filter::eq("id pr or x", "y"),
            Filter::present(""),
            Filter::eq("id", "a").and(Filter::eq("b\"", "c")).negated(),
            Filter::any_of("id", none),
        ] {
            assert!(filter.flaw.is_some(), "{filter}");
        }
    }

    proptest! {
        #[test]
        fn a_value_stays_one_string(value in ".*") {
            let text = Filter::eq("profile.login", &value).to_string();
            let literal = text.strip_prefix("profile.login eq ").unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(literal).unwrap(), value);
        }
    }
}
