//! How a new person's login is made.

use deunicode::deunicode;

use super::check::unknown;
use super::error::EvaluationError;
use super::person::{AttributeType, Schema};

/// Okta takes no login that is longer.
const MAX_LOGIN: usize = 100;

/// `{firstName}.{lastName}@acme.example`, understood.
#[derive(Debug)]
pub(super) struct LoginTemplate {
    local: Vec<Part>,
    domain: String,
}

#[derive(Debug, PartialEq)]
enum Part {
    Text(String),
    /// An attribute, or as many of its first characters as stand behind the colon.
    Attribute {
        name: String,
        first: Option<usize>,
    },
}

impl LoginTemplate {
    /// Understands a template, or says what is wrong with it.
    pub(super) fn parse(template: &str, schema: &Schema) -> Result<Self, String> {
        let (local, domain) = match template.split('@').collect::<Vec<_>>()[..] {
            [local, domain] => (parts(local)?, domain),
            _ => return Err(format!("{template:?} must have exactly one @, as in {EXAMPLE}")),
        };
        check_domain(domain)?;
        for part in &local {
            check_part(part, schema)?;
        }
        if !local.iter().any(|part| matches!(part, Part::Attribute { .. })) {
            return Err(format!(
                "{template:?} gives everyone the same login; use attributes, as in {EXAMPLE}"
            ));
        }
        Ok(Self { local, domain: domain.to_ascii_lowercase() })
    }

    /// The attributes that it uses.
    pub(super) fn reads(&self) -> impl Iterator<Item = &str> {
        self.local.iter().filter_map(|part| match part {
            Part::Attribute { name, .. } => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The logins to try, best first: `jane.doe@…`, `jane.doe2@…`, `jane.doe3@…`
    pub(super) fn logins(
        &self,
        attribute: &dyn Fn(&str) -> Result<String, EvaluationError>,
    ) -> Result<impl Iterator<Item = String> + use<>, EvaluationError> {
        let mut local = String::new();
        for part in &self.local {
            match part {
                Part::Text(text) => local.push_str(text),
                Part::Attribute { name, first } => local.push_str(&take(name, *first, &attribute(name)?)?),
            }
        }
        let (local, domain) = (trimmed(&local).to_owned(), self.domain.clone());
        let numbers = (2_u64..).map(|number| number.to_string());
        Ok(std::iter::once(String::new()).chain(numbers).map(move |number| login(&local, &number, &domain)))
    }
}

const EXAMPLE: &str = r#""{firstName}.{lastName}@example.com""#;

fn login(local: &str, number: &str, domain: &str) -> String {
    let room = MAX_LOGIN.saturating_sub(domain.len() + number.len() + 1);
    let local = trimmed(&local[..local.len().min(room)]);
    format!("{local}{number}@{domain}")
}

fn take(name: &str, first: Option<usize>, value: &str) -> Result<String, EvaluationError> {
    let folded = fold(value);
    if folded.is_empty() {
        let reason = if value.trim().is_empty() {
            "is empty"
        } else {
            "has no letter or digit that can be written in ASCII"
        };
        return Err(EvaluationError::Login { attribute: name.to_owned(), reason });
    }
    Ok(folded.chars().take(first.unwrap_or(usize::MAX)).collect())
}

/// Lower-case ASCII of `[a-z0-9._-]` with a letter or digit at both ends, or nothing.
fn fold(text: &str) -> String {
    let ascii = deunicode(text).to_ascii_lowercase();
    let kept: String = ascii.chars().filter(|c| is_local(*c)).collect();
    trimmed(&kept).to_owned()
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(['.', '_', '-'])
}

fn is_local(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-')
}

fn parts(local: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = local;
    while let Some((text, behind)) = rest.split_once('{') {
        let (placeholder, after) =
            behind.split_once('}').ok_or_else(|| format!("the brace of \"{{{behind}\" is never closed"))?;
        parts.push(Part::Text(text.to_ascii_lowercase()));
        parts.push(placeholder_part(placeholder)?);
        rest = after;
    }
    parts.push(Part::Text(rest.to_ascii_lowercase()));
    parts.retain(|part| *part != Part::Text(String::new()));
    Ok(parts)
}

fn placeholder_part(placeholder: &str) -> Result<Part, String> {
    let Some((name, first)) = placeholder.split_once(':') else {
        return Ok(Part::Attribute { name: placeholder.to_owned(), first: None });
    };
    match first.parse() {
        Ok(first @ 1..=99) => Ok(Part::Attribute { name: name.to_owned(), first: Some(first) }),
        _ => Err(format!("{{{placeholder}}} must say how many first characters, as in {{firstName:1}}")),
    }
}

fn check_part(part: &Part, schema: &Schema) -> Result<(), String> {
    match part {
        Part::Text(text) => match text.chars().find(|c| !is_local(*c)) {
            Some(c) => Err(format!("{c:?} cannot stand in a login; use letters, digits, '.', '_' and '-'")),
            None => Ok(()),
        },
        Part::Attribute { name, .. } => match schema.holds(name) {
            Some(AttributeType::String) => Ok(()),
            Some(other) => Err(format!("{{{name}}} is {}; a login is made of strings", other.name())),
            None => Err(unknown("attribute", name, schema.names())),
        },
    }
}

/// The domain is plain text: no attribute may choose which domain a person is given a login in.
fn check_domain(domain: &str) -> Result<(), String> {
    let label = |label: &str| {
        let (first, last) = (label.chars().next(), label.chars().last());
        first.is_some_and(|c| c.is_ascii_alphanumeric())
            && last.is_some_and(|c| c.is_ascii_alphanumeric())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if domain.len() <= 80 && domain.contains('.') && domain.split('.').all(label) {
        return Ok(());
    }
    Err(format!("{domain:?}, behind the @, must be a plain domain of at most 80 characters, as in {EXAMPLE}"))
}
