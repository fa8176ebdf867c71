//! How ServiceNow tells limits, and how to tell its successes from what only looks like one.

use std::time::Duration;

use chrono::DateTime;
use client_core::{Answer, Bucket, Delivery, Dialect, Load, Path, Request, Response, Signal};
use http::{HeaderMap, StatusCode};
use memchr::memmem;

use crate::problem::{ErrorBody, ProblemKind, ServiceNowProblem};

/// So many calls at once a node of an instance has threads for, if nobody changed that. Discovery needs them too.
const FIRST_IN_FLIGHT: u32 = 4;

/// Milliseconds. Who waits longer for a thread, we or others, sends too much at once.
const LONG_WAIT: f64 = 500.0;

/// Milliseconds. While nobody waits longer than this there is room for more.
const SHORT_WAIT: f64 = 20.0;

/// ServiceNow's ways.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ServiceNowDialect;

impl Dialect for ServiceNowDialect {
    type Problem = ServiceNowProblem;

    /// There may be no rule for it, so nothing limits a bucket until an answer does.
    fn bucket(&self, request: &Request) -> Bucket {
        let name = format!("{} {}", request.method(), resource(request.path()));
        Bucket { name: name.into(), limit: None, window: Duration::from_secs(3600) }
    }

    fn first_in_flight(&self) -> Option<u32> {
        Some(FIRST_IN_FLIGHT)
    }

    fn signal(&self, response: &Response) -> Signal {
        let refused = response.status == StatusCode::TOO_MANY_REQUESTS;
        let pause = if refused { pause(response) } else { None };
        rule(response, pause).or(pause.map(Signal::Pause)).unwrap_or(Signal::None)
    }

    fn load(&self, response: &Response) -> Load {
        match response.status {
            StatusCode::TOO_MANY_REQUESTS if pause(response).is_some() => Load::Unknown,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Load::Heavy,
            _ if is_dropped(response) => Load::Heavy,
            _ => match longest_wait(response) {
                None => Load::Unknown,
                Some(wait) if wait > LONG_WAIT => Load::Heavy,
                Some(wait) if wait > SHORT_WAIT => Load::Steady,
                Some(_) => Load::Light,
            },
        }
    }

    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        request_id(headers)
    }

    fn judge(&self, response: &Response) -> Answer<ServiceNowProblem> {
        let status = response.status;
        if status.is_redirection() {
            let what = "a redirect: the address may be wrong, or lead to single sign-on".into();
            return Answer::Nonsense { what, delivery: Delivery::Refused };
        }
        if !status.is_success() || is_dropped(response) {
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

/// What rules can tell apart: API, version, resource, and the table where that is part of the path. All records of a
/// table are one.
fn resource(path: &Path) -> String {
    let mut parent = "";
    let words = path.template().split('/').zip(path.encoded().split('/')).map(|(word, value)| {
        let is_table = word == "{}" && matches!(parent, "table" | "import");
        parent = word;
        if is_table { value } else { word }
    });
    words.collect::<Vec<_>>().join("/")
}

/// The id of an answer in the transaction log.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    Some(headers.get("x-transaction-id")?.to_str().ok()?.chars().take(64).collect())
}

/// The session's queue was full and the request was dropped.
fn is_dropped(response: &Response) -> bool {
    response.status == StatusCode::ACCEPTED && response.body.is_empty()
}

/// The rule that counted the request. It does not say how much is left.
fn rule(response: &Response, pause: Option<Duration>) -> Option<Signal> {
    let id = response.header("x-ratelimit-rule")?.trim().chars().take(64).collect();
    let limit = number(response, "x-ratelimit-limit").filter(|limit| *limit > 0)?;
    let answered_at = Some(Duration::from_secs(date(response)?.unsigned_abs()));
    Some(Signal::Rule { id, limit, resets_in: resets_in(response)?, answered_at, pause })
}

/// How long a rule closes what it counts. A refusal that does not say so is no rule's.
pub(crate) fn pause(response: &Response) -> Option<Duration> {
    let wait = number(response, "retry-after").map(|seconds| Duration::from_secs(seconds.into()));
    wait.or_else(|| resets_in(response))
}

/// Both times are by the server's own clock, so ours may be wrong.
fn resets_in(response: &Response) -> Option<Duration> {
    let reset = i64::from(number(response, "x-ratelimit-reset")?);
    Some(Duration::from_secs(u64::try_from(reset - date(response)?).unwrap_or_default()))
}

fn date(response: &Response) -> Option<i64> {
    Some(DateTime::parse_from_rfc2822(response.header("date")?).ok()?.timestamp())
}

fn number(response: &Response, name: &str) -> Option<u32> {
    response.header(name)?.trim().parse().ok()
}

/// Milliseconds that the call waited for a thread or for its session, whichever was longer:
/// `Server-Timing: t;desc="…", sem_wait;dur=1, sesh_wait;dur=0`.
fn longest_wait(response: &Response) -> Option<f64> {
    let timing = response.header("server-timing")?;
    let wait = |name: &str| -> Option<f64> {
        let (_, rest) = timing.split_once(name)?;
        rest.split([',', ';']).next()?.trim().parse().ok()
    };
    let waits = [wait("sem_wait;dur="), wait("sesh_wait;dur=")];
    waits.into_iter().flatten().reduce(f64::max)
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

/// A read as guest did nothing and showed a guest's view. A write as guest may have been done, whatever its status.
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
        Err(_) => [&b"Transaction cancelled"[..], b"Transaction canceled"]
            .iter()
            .any(|text| contains(&response.body, text)),
    }
}

fn cancellation(response: &Response) -> ServiceNowProblem {
    if ErrorBody::read(response).is_some() {
        return ServiceNowProblem::read(response);
    }
    ServiceNowProblem::broken_off(response.status, &String::from_utf8_lossy(&response.body))
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    memmem::find(body, text).is_some()
}

#[cfg(test)]
mod tests {
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

    const RULE: [(&str, &str); 4] = [
        ("x-ratelimit-limit", "100"),
        ("x-ratelimit-reset", "1772211600"),
        ("x-ratelimit-rule", "8c7d1d3a4fe2c7009aa0a9f18110c7ff"),
        ("date", "Fri, 27 Feb 2026 16:37:55 GMT"),
    ];

    fn told(pause: Option<u64>) -> Signal {
        Signal::Rule {
            id: "8c7d1d3a4fe2c7009aa0a9f18110c7ff".into(),
            limit: 100,
            resets_in: Duration::from_secs(1325),
            answered_at: Some(Duration::from_secs(1_772_210_275)),
            pause: pause.map(Duration::from_secs),
        }
    }

    #[test]
    fn rules_are_told_by_headers_and_refuse_with_a_time() {
        let ruled = |status, more: &[(&'static str, &str)]| answer(status, &[&RULE[..], more].concat());
        for (response, signal) in [
            (answer(200, &[]), Signal::None),
            (ruled(200, &[]), told(None)),
            (ruled(429, &[("retry-after", "30")]), told(Some(30))),
            (ruled(429, &[]), told(Some(1325))),
            (answer(200, &RULE[..2]), Signal::None),
            (answer(200, &RULE[..3]), Signal::None),
            (answer(429, &[("retry-after", "5")]), Signal::Pause(Duration::from_secs(5))),
            (answer(429, &[("retry-after", "soon")]), Signal::None),
            (answer(429, &[]), Signal::None),
        ] {
            assert_eq!(ServiceNowDialect.signal(&response), signal, "{:?}", response.headers);
        }
    }

    #[test]
    fn load_is_told_by_waits_and_by_refusals_without_a_rule() {
        let timing = |sem_wait: &str, sesh_wait: &str| {
            let header = format!("t;desc=\"08\", sem_wait;dur={sem_wait}, sesh_wait;dur={sesh_wait}");
            answer(200, &[("server-timing", &header)])
        };
        for (response, load) in [
            (answer(200, &[]), Load::Unknown),
            (answer(200, &[("server-timing", "sem_wait;dur=,")]), Load::Unknown),
            (timing("1", "0"), Load::Light),
            (timing("200", "0"), Load::Steady),
            (timing("501", "0"), Load::Heavy),
            (timing("0", "501"), Load::Heavy),
            (answer(429, &[("retry-after", "5")]), Load::Unknown),
            (answer(429, &[]), Load::Heavy),
            (answer(503, &[]), Load::Heavy),
        ] {
            assert_eq!(ServiceNowDialect.load(&response), load, "{:?}", response.headers);
        }
        let mut dropped = answer(202, &[]);
        assert_eq!(ServiceNowDialect.load(&dropped), Load::Unknown);
        dropped.body = "".into();
        assert_eq!(ServiceNowDialect.load(&dropped), Load::Heavy);
    }

    #[test]
    fn a_bucket_is_a_method_on_a_resource_and_a_table_is_one_by_its_name() {
        let name = |request: Request| ServiceNowDialect.bucket(&request).name;
        let table = Path::new("/api/now/table").value("sc_task");
        assert_eq!(name(Request::get(table.clone())), "GET /api/now/table/sc_task");
        assert_eq!(name(Request::patch(table.value("ab"))), "PATCH /api/now/table/sc_task/{}");
        let old = Path::new("/api/now/v2/table").value("sc_task");
        assert_eq!(name(Request::get(old)), "GET /api/now/v2/table/sc_task");
        let file = Path::new("/api/now/attachment").value("ab").word("file");
        assert_eq!(name(Request::get(file)), "GET /api/now/attachment/{}/file");
    }

    #[test]
    fn an_answer_without_a_body_is_an_answer_to_a_delete() {
        let mut response = answer(204, &[]);
        response.body = "".into();
        assert!(matches!(ServiceNowDialect.judge(&response), Answer::Accepted));
    }
}
