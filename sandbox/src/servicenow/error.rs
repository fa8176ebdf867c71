//! ServiceNow's error envelope.

use serde_json::json;

use crate::http::{Answer, Ask};

pub(crate) fn envelope(status: u16, message: &str, detail: Option<&str>) -> Answer {
    Answer::json(status, &json!({"error": {"message": message, "detail": detail}, "status": "failure"}))
}

pub(super) fn not_authenticated() -> Answer {
    envelope(401, "User Not Authenticated", Some("Required to provide Auth information"))
        .header("www-authenticate", "BASIC realm=\"Service-now\"")
}

pub(super) fn no_resource() -> Answer {
    envelope(400, "Requested URI does not represent any resource", None)
}

pub(super) fn wrong_method(method: &str) -> Answer {
    envelope(405, "Method not allowed", Some(&format!("{method} is not supported here")))
}

pub(super) fn not_acceptable() -> Answer {
    envelope(406, "Not acceptable", Some("Accept must be application/json"))
}

pub(super) fn no_table(name: &str) -> Answer {
    envelope(400, &format!("Invalid table {name}"), None)
}

pub(super) fn no_record() -> Answer {
    envelope(404, "No Record found", Some("Record doesn't exist or ACL restricts the record retrieval"))
}

pub(super) fn not_queryable() -> Answer {
    let detail = "Field(s) present in the query do not have permission to be read";
    envelope(403, "Insufficient rights to query records", Some(detail))
}

pub(super) fn refused(detail: &str) -> Answer {
    envelope(403, "Operation Failed", Some(detail))
}

pub(super) fn mandatory(labels: &str) -> Answer {
    refused(&format!("Data Policy Exception: The following fields are mandatory: {labels}"))
}

pub(super) fn bad_body() -> Answer {
    envelope(400, "Exception while reading request", Some("The payload is not valid JSON"))
}

/// What an injected status looks like when ServiceNow answers it.
pub(super) fn injected(status: u16, ask: &Ask) -> Answer {
    match status {
        202 => Answer::empty(202),
        401 => not_authenticated(),
        403 => refused("ACL Exception Update Failed due to security constraints"),
        404 => no_record(),
        429 => rate_limited(100, ask.at.timestamp() + 3, 3, "8c7d1d3a4fe2c7009aa0a9f18110c7ff"),
        502..=504 => {
            Answer::html(status, "<html><head><title>Service unavailable</title></head><body></body></html>")
        }
        _ => envelope(status, "Injected by a fault of the sandbox", None),
    }
}

pub(super) fn rate_limited(limit: u32, reset: i64, after: i64, rule: &str) -> Answer {
    let detail = format!("Rate limit of {limit} requests per hour for Table API exceeded");
    envelope(429, "Rate limit exceeded", Some(&detail))
        .header("x-ratelimit-limit", &limit.to_string())
        .header("x-ratelimit-reset", &reset.to_string())
        .header("x-ratelimit-rule", rule)
        .header("retry-after", &after.to_string())
}
