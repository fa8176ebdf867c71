//! Filters: which resources a list is to have.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::id::SysId;

/// A filter. Values are escaped: nothing that comes from outside can add a condition, or leave its quotes.
///
/// Users can be filtered by `active`, `displayName`, `externalId`, `id`, `meta.created`, `meta.lastModified`,
/// `name.familyName`, `name.givenName`, `name.middleName`, `preferredLanguage`, `timezone`, `title`, `userName`, the
/// attributes of the [extension](crate::scim::UserExtension) after its URN and a colon, and by
/// [e-mail](Self::work_email), [phone](Self::phone) and [address](Self::home_address); groups by `displayName`,
/// `externalId`, `id`, `meta.created` and `meta.lastModified`. Text is compared without regard to case. There is no
/// `not`, and `or` is not documented.
///
/// ```
/// use servicenow_client::scim::Filter;
///
/// let filter = Filter::eq("title", r#"x" or active eq "true"#).and(Filter::work_email("ann@example.com"));
/// assert_eq!(
///     filter.to_string(),
///     r#"title eq "x\" or active eq \"true" and emails[type eq "work" and value eq "ann@example.com"]"#
/// );
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct Filter {
    text: String,
    flaw: Option<String>,
}

impl Filter {
    /// `attribute eq value`.
    pub fn eq(attribute: &str, value: impl Into<Operand>) -> Self {
        Self::compare(attribute, "eq", value)
    }

    /// `attribute ne value`.
    pub fn ne(attribute: &str, value: impl Into<Operand>) -> Self {
        Self::compare(attribute, "ne", value)
    }

    /// `attribute co "value"`: contains.
    pub fn contains(attribute: &str, value: &str) -> Self {
        Self::compare(attribute, "co", value)
    }

    /// `attribute sw "value"`: begins with.
    pub fn starts_with(attribute: &str, value: &str) -> Self {
        Self::compare(attribute, "sw", value)
    }

    /// `attribute ew "value"`: ends with.
    pub fn ends_with(attribute: &str, value: &str) -> Self {
        Self::compare(attribute, "ew", value)
    }

    /// `attribute gt value`: greater, later.
    pub fn gt(attribute: &str, value: impl Into<Operand>) -> Self {
        Self::compare(attribute, "gt", value)
    }

    /// `attribute ge value`: greater or equal.
    pub fn ge(attribute: &str, value: impl Into<Operand>) -> Self {
        Self::compare(attribute, "ge", value)
    }

    /// `attribute lt value`: less, earlier.
    pub fn lt(attribute: &str, value: impl Into<Operand>) -> Self {
        Self::compare(attribute, "lt", value)
    }

    /// `attribute le value`: less or equal.
    pub fn le(attribute: &str, value: impl Into<Operand>) -> Self {
        Self::compare(attribute, "le", value)
    }

    /// `attribute pr`: has a value.
    pub fn present(attribute: &str) -> Self {
        Self { text: format!("{attribute} pr"), flaw: flaw(attribute, "pr") }
    }

    /// Users with this e-mail address.
    pub fn work_email(address: &str) -> Self {
        Self::within("emails", "work", "value", address)
    }

    /// Users with this phone number; `kind` is `work`, `mobile` or `home`.
    pub fn phone(kind: &str, number: &str) -> Self {
        Self::within("phoneNumbers", kind, "value", number)
    }

    /// Users who live there; `part` is `streetAddress`, `locality`, `region`, `postalCode` or `country`.
    pub fn home_address(part: &str, value: &str) -> Self {
        Self::within("addresses", "home", part, value)
    }

    /// Both must hold.
    pub fn and(self, other: Self) -> Self {
        Self { text: format!("{} and {}", self.text, other.text), flaw: self.flaw.or(other.flaw) }
    }

    /// A filter as it stands. Nothing is escaped: never put into it what comes from outside.
    pub fn raw(text: impl Into<String>) -> Self {
        Self { text: text.into(), flaw: None }
    }

    /// Why it cannot be sent.
    pub(super) fn flaw(&self) -> Option<&str> {
        self.flaw.as_deref()
    }

    fn compare(attribute: &str, operator: &str, value: impl Into<Operand>) -> Self {
        Self { text: format!("{attribute} {operator} {}", value.into().0), flaw: flaw(attribute, operator) }
    }

    /// The fixed form in which lists of values can be looked into.
    fn within(list: &str, kind: &str, part: &str, value: &str) -> Self {
        let (kind, value) = (Operand::from(kind).0, Operand::from(value).0);
        Self { text: format!("{list}[type eq {kind} and {part} eq {value}]"), flaw: flaw(part, "eq") }
    }
}

/// Names of attributes come from configuration, so they are looked at.
fn flaw(attribute: &str, operator: &str) -> Option<String> {
    if !valid_attribute(attribute) {
        return Some(format!("{attribute:?} is no attribute to filter by: letters, digits and . _ - : only"));
    }
    let is = |name: &str| attribute.eq_ignore_ascii_case(name);
    if is("externalId") && operator != "eq" {
        return Some(format!("externalId can be compared with eq only, not with {operator}"));
    }
    if ["emails", "phoneNumbers", "addresses"].into_iter().any(is) {
        return Some(format!("{attribute} is a list: use work_email, phone or home_address"));
    }
    None
}

/// Whether an attribute may have this name.
pub(super) fn valid_attribute(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':');
    !name.is_empty() && name.len() <= 200 && name.bytes().all(fits)
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Values are people's data.
impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("flaw", &self.flaw).finish_non_exhaustive()
    }
}

/// A value to compare with: text, a boolean, an id, a time. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Operand(String);

impl fmt::Debug for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Operand(hidden)")
    }
}

/// Text is a JSON string: quotes, backslashes and control characters are escaped.
impl From<&str> for Operand {
    fn from(text: &str) -> Self {
        Self(serde_json::Value::from(text).to_string())
    }
}

impl From<String> for Operand {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&String> for Operand {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&SysId> for Operand {
    fn from(id: &SysId) -> Self {
        Self::from(id.as_str())
    }
}

impl From<bool> for Operand {
    fn from(flag: bool) -> Self {
        Self(flag.to_string())
    }
}

impl From<DateTime<Utc>> for Operand {
    fn from(time: DateTime<Utc>) -> Self {
        Self::from(time.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}
