//! What Okta says when it refuses.

use std::fmt;

use client_core::{Class, Problem, Response};
use serde_json::Value;

/// Okta's error object, or as much of it as came: the edge answers HTML, and some errors are empty.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OktaProblem {
    /// The HTTP status.
    pub status: u16,
    /// Okta's code, `E0000001`: the only part that is stable.
    pub code: Option<String>,
    /// Okta's sentence. Prose: show it, don't match it.
    pub summary: Option<String>,
    /// The causes, often the only way to tell two conflicts apart.
    pub causes: Vec<String>,
    /// What Okta's support asks for.
    pub error_id: Option<String>,
}

impl OktaProblem {
    pub(crate) fn read(response: &Response) -> Self {
        // Field by field: one that is odd must not cost the code.
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
        let causes = body.get("errorCauses").and_then(Value::as_array);
        Self {
            status: response.status.as_u16(),
            code: text(&body, "errorCode"),
            summary: text(&body, "errorSummary"),
            causes: causes.into_iter().flatten().filter_map(|cause| text(cause, "errorSummary")).collect(),
            error_id: text(&body, "errorId"),
        }
    }

    /// Whether Okta's code is `code`.
    #[must_use]
    pub fn is_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Whether a create was refused because another object has the same value for a unique attribute
    /// (`login`, mostly).
    ///
    /// Okta has one code for every validation error, so this reads the cause's words; they are as recorded
    /// from real orgs.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        self.is_code("E0000001") && self.causes.iter().any(|cause| cause.contains("already exists"))
    }

    /// What an operator can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self.code.as_deref()? {
            "E0000011" => Some(
                "the API token is wrong, expired (30 days unused) or belongs to a deactivated admin: make a new one",
            ),
            "E0000006" => Some(
                "the admin role or scope behind the credentials does not allow this, or not for this user or group",
            ),
            "E0000015" => Some("the org has no licence for this feature"),
            "E0000038" => Some("read the user's status: it does not allow this"),
            _ => None,
        }
    }
}

impl Problem for OktaProblem {
    fn class(&self) -> Class {
        self.code.as_deref().and_then(class_of_code).unwrap_or_else(|| class_of_status(self.status))
    }
}

/// Codes whose meaning the status alone does not tell.
fn class_of_code(code: &str) -> Option<Class> {
    Some(match code {
        "E0000001" => Class::Invalid,
        "E0000004" | "E0000005" | "E0000011" => Class::Unauthenticated,
        "E0000006" | "E0000013" | "E0000015" => Class::Forbidden,
        "E0000007" | "E0000008" => Class::NotFound,
        "E0000016" | "E0000017" | "E0000032" | "E0000034" | "E0000035" | "E0000036" | "E0000038"
        | "E0000107" | "E0000117" | "E0000119" | "E0000152" | "E0000155" | "E0000180" => Class::WrongState,
        "E0000047" => Class::RateLimited,
        // Being activated, rules reconciled, types set up, roles locked.
        "E0000112" | "E0000239" | "E0000249" | "E0000253" | "E0000268" => Class::Busy,
        // A limit on messages to one phone or mailbox, or of a day: waiting a minute does not help.
        "E0000109" | "E0000118" | "E0000133" | "E0000146" | "E0000147" | "E0000186" | "E0000204"
        | "E0000205" => Class::Conflict,
        _ => return None,
    })
}

fn class_of_status(status: u16) -> Class {
    match status {
        401 => Class::Unauthenticated,
        403 => Class::Forbidden,
        404 | 410 => Class::NotFound,
        409 | 412 => Class::Conflict,
        423 => Class::Busy,
        429 => Class::RateLimited,
        500..=599 => Class::Unavailable,
        _ => Class::Invalid,
    }
}

impl fmt::Display for OktaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.code, &self.summary) {
            (Some(code), Some(summary)) => write!(f, "{code} {}", bounded(summary))?,
            (Some(code), None) => f.write_str(code)?,
            _ => write!(f, "status {} without Okta's error object", self.status)?,
        }
        for cause in &self.causes {
            write!(f, "; {}", bounded(cause))?;
        }
        if let Some(hint) = self.hint() {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for OktaProblem {}

fn bounded(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}
