//! Okta's error object, and the refusals with the texts that real orgs gave.

use serde_json::{Value, json};

use crate::http::{Answer, Ask};
use crate::id;

/// `{"errorCode":…, "errorSummary":…, …}`
pub(crate) fn error(status: u16, code: &str, summary: &str, causes: &[String]) -> Answer {
    let causes: Vec<Value> = causes.iter().map(|cause| json!({ "errorSummary": cause })).collect();
    let body = json!({
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": error_id(code, summary),
        "errorCauses": causes,
    });
    Answer::json(status, &body)
}

/// An id in the form of Okta's `oae…`, the same for the same refusal so that runs repeat.
fn error_id(code: &str, summary: &str) -> String {
    format!("oae{}", &id::sha256_hex(&format!("{code}{summary}"))[..22])
}

pub(crate) fn not_modelled(message: &str) -> Answer {
    error(501, "E0000060", message, &[])
}

pub(crate) fn validation(what: &str, causes: &[String]) -> Answer {
    error(400, "E0000001", &format!("Api validation failed: {what}"), causes)
}

pub(crate) fn not_found(id: &str, kind: &str) -> Answer {
    error(404, "E0000007", &format!("Not found: Resource not found: {id} ({kind})"), &[])
}

pub(crate) fn invalid_token() -> Answer {
    error(401, "E0000011", "Invalid token provided", &[])
}

pub(crate) fn forbidden() -> Answer {
    error(403, "E0000006", "You do not have permission to perform the requested action", &[])
}

pub(crate) fn wrong_status() -> Answer {
    error(403, "E0000038", "This operation is not allowed in the user's current status.", &[])
}

pub(crate) fn rate_limited() -> Answer {
    error(429, "E0000047", "API call exceeded rate limit due to too many requests.", &[])
}

pub(crate) fn wrong_method() -> Answer {
    error(405, "E0000022", "The endpoint does not support the provided HTTP method", &[])
}

pub(crate) fn unsupported_type() -> Answer {
    let summary = "Bad request. Accept and/or Content-Type headers likely do not match supported values.";
    error(400, "E0000019", summary, &[])
}

pub(crate) fn bad_json() -> Answer {
    error(400, "E0000003", "The request body was not well-formed.", &[])
}

pub(crate) fn bad_paging() -> Answer {
    error(400, "E0000029", "Invalid paging request.", &[])
}

pub(crate) fn bad_search(why: &str) -> Answer {
    error(400, "E0000031", "Invalid search criteria.", &[why.to_owned()])
}

pub(crate) fn bad_filter(filter: &str, why: &str) -> Answer {
    error(400, "E0000053", &format!("Invalid filter '{filter}': {why}"), &[])
}

/// What an injected status looks like when Okta answers it.
pub(crate) fn injected(status: u16, ask: &Ask) -> Answer {
    match status {
        401 => invalid_token(),
        403 => forbidden(),
        404 => not_found(ask.segments.last().map_or("", String::as_str), "User"),
        409 => error(409, "E0000112", "Unable to update the user while activation is in progress.", &[]),
        423 => error(423, "E0000239", "Policy priorities are being reconciled. Please try again later.", &[]),
        429 => rate_limited(),
        500 => error(500, "E0000009", "Internal Server Error", &[]),
        502..=504 => Answer::html(
            status,
            "<html><head><title>Okta</title></head><body>Service unavailable</body></html>",
        ),
        _ => error(status, "E0000009", "Injected by a fault of the sandbox", &[]),
    }
}
