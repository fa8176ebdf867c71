//! What Okta says when it refuses.

mod codes;

use std::fmt;

use client_core::{Class, Problem, Response};
use serde_json::Value;

/// Okta's error object, or as much of it as came: the edge answers HTML, and some errors are empty.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OktaProblem {
    /// The HTTP status.
    pub status: u16,
    /// Okta's code, `E0000001`: the only part that is stable. At `/oauth2/v1/` it is OAuth's, `invalid_request`.
    pub code: Option<String>,
    /// Okta's sentence. Prose: show it, don't match it.
    pub summary: Option<String>,
    /// The causes, often the only way to tell two conflicts apart.
    pub causes: Vec<String>,
    /// What Okta's support asks for.
    pub error_id: Option<String>,
    /// The beginning of a body that is not JSON: what the edge, or a proxy on the way, had to say. Shown by neither
    /// `Debug` nor `Display`, since nobody knows what is in it.
    pub other: Option<String>,
}

impl OktaProblem {
    pub(crate) fn read(response: &Response) -> Self {
        // Field by field: one that is odd must not cost the code.
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let other = (body.is_null() && !response.body.is_empty())
            .then(|| bounded(&String::from_utf8_lossy(&response.body[..response.body.len().min(1000)])));
        let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
        let causes = body.get("errorCauses").and_then(Value::as_array);
        Self {
            status: response.status.as_u16(),
            // Some endpoints have OAuth's shape.
            code: text(&body, "errorCode").or_else(|| text(&body, "error")),
            summary: text(&body, "errorSummary").or_else(|| text(&body, "error_description")),
            causes: causes.into_iter().flatten().filter_map(|cause| text(cause, "errorSummary")).collect(),
            error_id: text(&body, "errorId"),
            other,
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
        let says_so = |cause: &String| cause.contains("already exists") || cause.contains("There is already");
        self.is_code("E0000001") && self.causes.iter().any(says_so)
    }

    /// Whether a pass code or an answer was no good: wrong, used before, or too late.
    #[must_use]
    pub fn is_wrong_pass_code(&self) -> bool {
        ["E0000068", "E0000082", "E0000083"].iter().any(|code| self.is_code(code))
    }

    /// Whether a conditional change was refused because the user's profile is not any more what it was when the
    /// [`ETag`](crate::users::ETag) was read: read it again, and decide again.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.is_code("E0000231")
    }

    /// Whether it was refused because it is so already: the app or role is assigned, the owner is one.
    ///
    /// Owners of groups have no code of their own, so this reads the cause's words for them, as recorded.
    #[must_use]
    pub fn is_already_assigned(&self) -> bool {
        let worded = || self.causes.iter().any(|cause| cause.contains("already assigned"));
        matches!(self.code.as_deref(), Some("E0000062" | "E0000090" | "E0000263"))
            || (self.is_code("E0000001") && worded())
    }

    /// Whether an app was not taken away because one of the user's groups grants it (E0000046): end that membership
    /// instead.
    #[must_use]
    pub fn is_granted_by_group(&self) -> bool {
        self.is_code("E0000046")
    }

    /// What an operator can do about it, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match &self.code {
            Some(code) => codes::hint(code),
            None if self.status == 404 => Some(
                "nothing of Okta's is there: the org may lack the feature's licence (Identity Governance), or the \
                 org URL is wrong",
            ),
            None => None,
        }
    }
}

impl fmt::Debug for OktaProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OktaProblem")
            .field("status", &self.status)
            .field("code", &self.code)
            .field("summary", &self.summary)
            .field("causes", &self.causes)
            .field("error_id", &self.error_id)
            .finish_non_exhaustive()
    }
}

impl Problem for OktaProblem {
    fn class(&self) -> Class {
        self.code.as_deref().and_then(codes::class).unwrap_or_else(|| class_of_status(self.status))
    }
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
        for cause in self.causes.iter().take(SHOWN) {
            write!(f, "; {}", bounded(cause))?;
        }
        if self.causes.len() > SHOWN {
            write!(f, "; and {} more", self.causes.len() - SHOWN)?;
        }
        if let Some(hint) = self.hint() {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

impl std::error::Error for OktaProblem {}

/// So many causes are shown.
const SHOWN: usize = 20;

fn bounded(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};
    use proptest::prelude::*;

    use super::*;

    fn read(status: u16, body: impl Into<Vec<u8>>) -> OktaProblem {
        let body: Vec<u8> = body.into();
        let status = StatusCode::from_u16(status).unwrap();
        OktaProblem::read(&Response { status, headers: HeaderMap::new(), body: body.into() })
    }

    #[test]
    fn a_code_means_more_than_its_status() {
        for (status, code, class) in [
            (401, "E0000015", Class::Forbidden),
            (401, "E0000011", Class::Unauthenticated),
            (403, "E0000005", Class::Unauthenticated),
            (403, "E0000006", Class::Forbidden),
            (403, "E0000032", Class::WrongState),
            (403, "E0000068", Class::Invalid),
            (405, "E0000076", Class::Forbidden),
            (400, "E0000040", Class::Conflict),
            (409, "E0000062", Class::Conflict),
            (409, "E0000112", Class::Busy),
            (409, "E0000145", Class::Invalid),
            (410, "E0000156", Class::NotFound),
            (412, "E0000231", Class::Conflict),
            (414, "E0000256", Class::Invalid),
            (423, "E0000239", Class::Busy),
            (423, "E0000155", Class::WrongState),
            (429, "E0000047", Class::RateLimited),
            (429, "E0000109", Class::Conflict),
            (502, "E0000134", Class::Busy),
            (502, "E0000240", Class::Unavailable),
            (503, "E0000010", Class::Unavailable),
            (409, "E0000999", Class::Conflict),
            (403, "E0000999", Class::Forbidden),
            (404, "nonsense", Class::NotFound),
        ] {
            let body = format!(r#"{{"errorCode":"{code}"}}"#);
            assert_eq!(read(status, body).class(), class, "{status} {code}");
        }
    }

    #[test]
    fn what_is_no_error_object_is_kept_in_part() {
        let page = read(404, format!("<html>{}\u{1b}[31m</html>", "x".repeat(5000)));
        assert_eq!((page.code.as_deref(), page.class()), (None, Class::NotFound));
        let other = page.other.unwrap();
        assert!(other.starts_with("<html>xxx") && other.len() <= 300, "{other}");
        assert_eq!(read(503, "").other, None);
        let oauth = read(400, r#"{"error":"invalid_request","error_description":"sub_id is missing"}"#);
        assert_eq!(oauth.to_string(), "invalid_request sub_id is missing");
    }

    proptest! {
        #[test]
        fn no_body_is_too_odd(status in 100_u16..1000, body in prop::collection::vec(any::<u8>(), 0..2000)) {
            let problem = read(status, body);
            let _ = (problem.class(), problem.hint());
            prop_assert!(problem.to_string().len() < 10_000);
        }

        #[test]
        fn no_object_is_too_odd(
            code in "E?[0-9]{0,12}",
            summary in ".{0,400}",
            causes in prop::collection::vec(".{0,20}", 0..40),
        ) {
            let causes: Vec<_> = causes.iter().map(|cause| serde_json::json!({"errorSummary": cause})).collect();
            let body = serde_json::json!({"errorCode": code, "errorSummary": summary, "errorCauses": causes});
            let problem = read(400, body.to_string());
            let _ = problem.class();
            let text = problem.to_string();
            prop_assert!(text.chars().count() < 10_000, "{} characters", text.chars().count());
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
