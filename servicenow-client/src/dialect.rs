//! How ServiceNow tells limits, and how to tell its successes from what only looks like one.

use std::time::Duration;

use chrono::DateTime;
use client_core::{Answer, Bucket, Delivery, Dialect, Request, Response, Signal};
use http::{HeaderMap, StatusCode};

use crate::problem::{ErrorBody, ProblemKind, ServiceNowProblem};

/// Waiting longer than this for a thread means that we, or others, send too much at once.
const LONG_WAIT: f64 = 500.0;

/// ServiceNow's ways.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ServiceNowDialect;

impl Dialect for ServiceNowDialect {
    type Problem = ServiceNowProblem;

    /// Rules count by API, method and, for the Table API, by table. There may be none, so nothing limits a
    /// bucket until an answer does.
    fn bucket(&self, request: &Request) -> Bucket {
        let path = request.path().encoded();
        // What a file is called makes no resource of its own.
        let words = if path.starts_with("/api/now/attachment/") { 4 } else { 5 };
        let resource: Vec<_> = path.split('/').take(words).collect();
        let name = format!("{} {}", request.method(), resource.join("/"));
        Bucket { name: name.into(), limit: None, window: Duration::from_secs(3600) }
    }

    /// The hourly rule never says how much is left, so it is heeded when it refuses.
    fn signal(&self, response: &Response) -> Signal {
        match response.status {
            StatusCode::TOO_MANY_REQUESTS => pause(response).map_or(Signal::Concurrency, Signal::Pause),
            StatusCode::ACCEPTED | StatusCode::SERVICE_UNAVAILABLE => Signal::Concurrency,
            _ if semaphore_wait(response).is_some_and(|wait| wait > LONG_WAIT) => Signal::Concurrency,
            _ => Signal::None,
        }
    }

    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        Some(headers.get("x-transaction-id")?.to_str().ok()?.chars().take(64).collect())
    }

    fn judge(&self, response: &Response) -> Answer<ServiceNowProblem> {
        let status = response.status;
        if status.is_redirection() {
            let what = "a redirect: the address may be wrong, or lead to single sign-on".into();
            return Answer::Nonsense { what, delivery: Delivery::Refused };
        }
        if !status.is_success() || (status == StatusCode::ACCEPTED && response.body.is_empty()) {
            return Answer::Refused(ServiceNowProblem::read(response));
        }
        if let Some(what) = page(response) {
            return Answer::Nonsense { what: what.into(), delivery: Delivery::Unknown };
        }
        if response.header("x-is-logged-in") == Some("false") {
            return guest(response);
        }
        if cancelled(response) {
            return Answer::Refused(cancellation(response));
        }
        Answer::Accepted
    }
}

/// How long a rate-limit rule closes its bucket.
fn pause(response: &Response) -> Option<Duration> {
    let seconds = |name| response.header(name)?.trim().parse::<u32>().ok();
    if let Some(wait) = seconds("retry-after") {
        return Some(Duration::from_secs(wait.into()));
    }
    // Both by the server's own clock, so ours may be wrong.
    let reset = i64::from(seconds("x-ratelimit-reset")?);
    let now = DateTime::parse_from_rfc2822(response.header("date")?).ok()?.timestamp();
    Some(Duration::from_secs(u64::try_from(reset - now).unwrap_or_default()))
}

/// Milliseconds that the call waited for a thread: `Server-Timing: t;desc="…", sem_wait;dur=1, …`.
fn semaphore_wait(response: &Response) -> Option<f64> {
    let timing = response.header("server-timing")?;
    let (_, rest) = timing.split_once("sem_wait;dur=")?;
    rest.split([',', ';']).next()?.trim().parse().ok()
}

/// What an HTML page that calls itself a success probably is.
fn page(response: &Response) -> Option<&'static str> {
    let html = response.header("content-type").is_some_and(|kind| kind.contains("text/html"));
    if !html || response.body.is_empty() {
        return None;
    }
    Some(if contains(&response.body, b"Hibernating") {
        "the instance hibernates: wake it in a browser, on developer.servicenow.com"
    } else {
        "an HTML page: a login page, maintenance, or another server"
    })
}

/// A read as guest did nothing and showed a guest's view. A create or delete as guest may have been done.
fn guest(response: &Response) -> Answer<ServiceNowProblem> {
    let what = "the answer was given to a guest: the credentials were not used";
    if response.status == StatusCode::OK {
        return Answer::Refused(ServiceNowProblem::found(ProblemKind::Guest, what));
    }
    Answer::Nonsense { what: what.into(), delivery: Delivery::Unknown }
}

/// A success with an `error` member, or JSON that breaks off where a transaction was cancelled.
fn cancelled(response: &Response) -> bool {
    // Most answers are spared the second parse: a list may be megabytes.
    if !contains(&response.body, b"\"error\"") {
        return false;
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(&response.body) {
        Ok(_) => ErrorBody::read(response).is_some(),
        Err(_) => contains(&response.body, b"Transaction cancelled"),
    }
}

fn cancellation(response: &Response) -> ServiceNowProblem {
    let problem = ServiceNowProblem::read(response);
    if ErrorBody::read(response).is_some() {
        return problem;
    }
    ServiceNowProblem { message: "Transaction cancelled: the answer breaks off".into(), ..problem }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    body.windows(text.len()).any(|window| window == text)
}

#[cfg(test)]
mod tests {
    use client_core::Path;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_str(value).unwrap())
        });
        Response {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers.collect(),
            body: "{}".into(),
        }
    }

    #[test]
    fn limits_are_told_by_refusals_and_by_long_waits_for_a_thread() {
        let timing = |wait: &str| format!("t;desc=\"08\", sem_wait;dur={wait}, sesh_wait;dur=0");
        let (short, long) = (timing("1"), timing("501"));
        for (response, signal) in [
            (answer(200, &[]), Signal::None),
            (answer(200, &[("x-ratelimit-limit", "100"), ("x-ratelimit-reset", "9")]), Signal::None),
            (answer(200, &[("server-timing", short.as_str())]), Signal::None),
            (answer(200, &[("server-timing", long.as_str())]), Signal::Concurrency),
            (answer(200, &[("server-timing", "sem_wait;dur=,")]), Signal::None),
            (answer(429, &[("retry-after", "5")]), Signal::Pause(Duration::from_secs(5))),
            (answer(429, &[("retry-after", "soon")]), Signal::Concurrency),
            (answer(429, &[]), Signal::Concurrency),
            (answer(503, &[]), Signal::Concurrency),
            (answer(202, &[]), Signal::Concurrency),
        ] {
            assert_eq!(ServiceNowDialect.signal(&response), signal, "{:?}", response.headers);
        }
    }

    #[test]
    fn a_bucket_is_a_method_on_a_table() {
        let table = Path::new("/api/now/table").value("sc_task");
        let name = |request: Request| ServiceNowDialect.bucket(&request).name;
        let one = name(Request::get(table.clone().value("ab")));
        assert_eq!(one, "GET /api/now/table/sc_task");
        assert_eq!(one, name(Request::get(table.clone())));
        assert_ne!(one, name(Request::patch(table)));
        assert_ne!(one, name(Request::get(Path::new("/api/now/table").value("sys_user"))));
    }

    #[test]
    fn an_answer_without_a_body_is_an_answer_to_a_delete() {
        let mut response = answer(204, &[]);
        response.body = "".into();
        assert!(matches!(ServiceNowDialect.judge(&response), Answer::Accepted));
    }
}
