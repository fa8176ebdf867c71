//! SCIM's filters, as far as ServiceNow has them: comparisons joined by `and`.

use chrono::DateTime;
use serde_json::Value;

use super::{Document, Kind, user};

/// What users may be filtered by. The extension's attributes stand after its URN.
const OF_USERS: &[&str] = &[
    "active",
    "displayname",
    "externalid",
    "id",
    "meta.created",
    "meta.lastmodified",
    "name.familyname",
    "name.givenname",
    "name.middlename",
    "preferredlanguage",
    "timezone",
    "title",
    "username",
];
const OF_EXTENSION: &[&str] = &[
    "employeenumber",
    "gender",
    "department.name",
    "department.value",
    "manager.displayname",
    "manager.value",
    "costcenter.name",
    "costcenter.value",
    "company.name",
    "company.value",
    "location.name",
    "location.value",
];
const OF_GROUPS: &[&str] = &["displayname", "externalid", "id", "meta.created", "meta.lastmodified"];
const OF_OTHERS: &[&str] = &["name", "id", "meta.created", "meta.lastmodified"];
const LISTS: &[&str] = &["emails", "phonenumbers", "addresses"];

/// All of these must hold.
#[derive(Debug)]
pub(super) struct Filter(Vec<Condition>);

#[derive(Debug)]
enum Condition {
    Test(Test),
    /// Something in the list for which all hold.
    Any(String, Vec<Test>),
}

#[derive(Debug)]
struct Test {
    attribute: String,
    operator: String,
    value: Value,
}

impl Filter {
    pub(super) fn parse(text: &str, kind: Kind) -> Result<Self, String> {
        let mut reader = Reader { rest: text };
        let mut conditions = Vec::new();
        loop {
            conditions.push(reader.condition(kind)?);
            if reader.rest.trim().is_empty() {
                return Ok(Self(conditions));
            }
            reader.joint()?;
        }
    }

    pub(super) fn admits(&self, document: &Document) -> bool {
        self.0.iter().all(|condition| match condition {
            Condition::Test(test) => test.holds(attribute(document, &test.attribute)),
            Condition::Any(list, tests) => {
                let all = member(document, list).and_then(Value::as_array).into_iter().flatten();
                let fits = |each: &Value| tests.iter().all(|test| test.holds(each.get(&test.attribute)));
                all.into_iter().any(fits)
            }
        })
    }
}

impl Test {
    fn holds(&self, found: Option<&Value>) -> bool {
        let Some(found) = found else { return self.operator == "ne" };
        if let (Some(found), Some(wanted)) = (as_text(found), as_text(&self.value)) {
            let (found, wanted) = (found.to_lowercase(), wanted.to_lowercase());
            let order = match (DateTime::parse_from_rfc3339(&found), DateTime::parse_from_rfc3339(&wanted)) {
                (Ok(found), Ok(wanted)) => found.cmp(&wanted),
                _ => found.cmp(&wanted),
            };
            return match self.operator.as_str() {
                "eq" => order.is_eq(),
                "ne" => order.is_ne(),
                "gt" => order.is_gt(),
                "ge" => order.is_ge(),
                "lt" => order.is_lt(),
                "le" => order.is_le(),
                "co" => found.contains(&wanted),
                "sw" => found.starts_with(&wanted),
                "ew" => found.ends_with(&wanted),
                _ => !found.is_empty(),
            };
        }
        self.operator == "pr"
    }
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null => Some(String::new()),
        _ => None,
    }
}

fn attribute<'a>(document: &'a Document, name: &str) -> Option<&'a Value> {
    let urn = user::EXTENSION.to_lowercase();
    let (mut inner, path) = match name.strip_prefix(&urn).and_then(|rest| rest.strip_prefix(':')) {
        Some(rest) => (document.get(user::EXTENSION)?.as_object()?, rest),
        None => (document, name),
    };
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        let found = member(inner, name)?;
        if names.peek().is_none() {
            return Some(found);
        }
        inner = found.as_object()?;
    }
    None
}

/// Names are compared without regard to case.
fn member<'a>(document: &'a Document, name: &str) -> Option<&'a Value> {
    document.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn condition(&mut self, kind: Kind) -> Result<Condition, String> {
        let name = self.word()?.to_lowercase();
        if self.rest.starts_with('[') {
            if kind != Kind::User || !LISTS.contains(&name.as_str()) {
                return Err(format!("{name} is not a list to filter by"));
            }
            self.rest = &self.rest[1..];
            let first = self.test("type")?;
            self.joint()?;
            let part = self.word()?.to_owned();
            let second = self.test_of(part)?;
            self.rest = self.rest.trim_start().strip_prefix(']').ok_or("a list's filter does not end")?;
            if first.operator != "eq" || second.operator != "eq" {
                return Err("a list can be filtered with eq only".to_owned());
            }
            return Ok(Condition::Any(name, vec![first, second]));
        }
        if !is_known(&name, kind) {
            return Err(format!("{name} cannot be filtered by"));
        }
        let test = self.test_of(name)?;
        if test.attribute == "externalid" && test.operator != "eq" {
            return Err("externalId supports eq only".to_owned());
        }
        Ok(Condition::Test(test))
    }

    fn test(&mut self, name: &str) -> Result<Test, String> {
        let found = self.word()?;
        if !found.eq_ignore_ascii_case(name) {
            return Err(format!("{name} is wanted and {found} found"));
        }
        self.test_of(name.to_owned())
    }

    fn test_of(&mut self, attribute: String) -> Result<Test, String> {
        let operator = self.word()?.to_lowercase();
        if !["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"].contains(&operator.as_str()) {
            return Err(format!("{operator} is no operator"));
        }
        let value = if operator == "pr" { Value::Null } else { self.value()? };
        Ok(Test { attribute, operator, value })
    }

    fn joint(&mut self) -> Result<(), String> {
        match self.word()? {
            word if word.eq_ignore_ascii_case("and") => Ok(()),
            word => Err(format!("`and` is wanted and {word} found")),
        }
    }

    fn word(&mut self) -> Result<&'a str, String> {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| c.is_whitespace() || "[]()\"".contains(c)).unwrap_or(rest.len());
        if end == 0 {
            return Err("a word is missing".to_owned());
        }
        self.rest = &rest[end..];
        Ok(&rest[..end])
    }

    /// A JSON string, or a bare word that is JSON.
    fn value(&mut self) -> Result<Value, String> {
        let rest = self.rest.trim_start();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let value = values.next().and_then(Result::ok).ok_or("a value is missing, or no JSON")?;
        if value.is_array() || value.is_object() {
            return Err("a value is text, a number or a boolean".to_owned());
        }
        self.rest = &rest[values.byte_offset()..];
        Ok(value)
    }
}

fn is_known(name: &str, kind: Kind) -> bool {
    let urn = user::EXTENSION.to_lowercase();
    match kind {
        Kind::User => match name.strip_prefix(&urn).and_then(|rest| rest.strip_prefix(':')) {
            Some(rest) => OF_EXTENSION.contains(&rest),
            None => OF_USERS.contains(&name),
        },
        Kind::Group => OF_GROUPS.contains(&name),
        Kind::Named(..) => OF_OTHERS.contains(&name),
    }
}
