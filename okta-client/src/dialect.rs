//! Okta's ways: buckets, limit headers, error bodies.

mod buckets;

use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use chrono::DateTime;
use client_core::{Answer, Bucket, Dialect, Load, Request, Response, Signal};
use http::{HeaderMap, StatusCode};

use crate::problem::OktaProblem;

/// A rate-limit window lasts a minute from the first request in it.
const WINDOW: Duration = Duration::from_secs(60);

/// More than this from a reset header means a broken clock somewhere.
const LONGEST_RESET: i64 = 70;

#[derive(Debug)]
pub(crate) struct Okta;

impl Dialect for Okta {
    type Problem = OktaProblem;

    fn bucket(&self, request: &Request) -> Bucket {
        let path = request.path().encoded();
        let path = path.split('?').next().unwrap_or_default();
        let (name, limit) = buckets::bucket_of(request.method(), path);
        Bucket { name, limit: NonZeroU32::new(limit), window: WINDOW }
    }

    fn signal(&self, response: &Response) -> Signal {
        let refused = response.status == StatusCode::TOO_MANY_REQUESTS && !is_about_one_person(response);
        let limit = numbers(&response.headers, "x-rate-limit-limit").min();
        let remaining = numbers(&response.headers, "x-rate-limit-remaining").min();
        let date = date(&response.headers);
        match (limit, remaining) {
            // About how many were in flight at once.
            (Some(0), _) if refused => Signal::None,
            (Some(limit), Some(remaining)) if limit > 0 => Signal::Window {
                limit,
                remaining: if refused { 0 } else { remaining },
                resets_in: resets_in(&response.headers, date),
                answered_at: date.map(|date| Duration::from_secs(date.unsigned_abs())),
            },
            _ if refused => Signal::Pause(Duration::from_secs(5)),
            _ => Signal::None,
        }
    }

    /// A refusal with a limit of zero is about concurrency.
    fn load(&self, response: &Response) -> Load {
        let refused = response.status == StatusCode::TOO_MANY_REQUESTS && !is_about_one_person(response);
        match numbers::<u32>(&response.headers, "x-rate-limit-limit").min() {
            Some(0) if refused => Load::Heavy,
            _ => Load::Unknown,
        }
    }

    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        request_id(headers)
    }

    fn judge(&self, response: &Response) -> Answer<OktaProblem> {
        if !response.status.is_success() {
            return Answer::Refused(OktaProblem::read(response));
        }
        if !response.body.is_empty() && !response.is_json() {
            return Answer::Nonsense {
                what: "a success that is no JSON; is the org URL right?".into(),
                delivery: client_core::Delivery::Unknown,
            };
        }
        Answer::Accepted
    }
}

/// Whether a 429 is about messages to one phone or mailbox: it says nothing about the bucket.
fn is_about_one_person(response: &Response) -> bool {
    OktaProblem::read(response).code.is_some_and(|code| code != "E0000047")
}

fn numbers<'a, N: FromStr + 'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = N> + 'a {
    // The headers come twice when both the org's and the token's own limit apply.
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()?.trim().parse().ok())
}

/// Okta's id of an answer.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    headers.get("x-okta-request-id")?.to_str().ok().map(str::to_owned)
}

/// How long the sender of a request that a rate limit refused should wait.
pub(crate) fn pause(response: &Response) -> Duration {
    match Okta.signal(response) {
        Signal::Window { resets_in, .. } | Signal::Pause(resets_in) => resets_in,
        Signal::Rule { .. } | Signal::None => Duration::from_secs(1),
    }
}

/// By the server's own clock: ours may be wrong. Of two windows, the one that has less left is what counts.
fn resets_in(headers: &HeaderMap, date: Option<i64>) -> Duration {
    let resets: Vec<i64> = numbers(headers, "x-rate-limit-reset").collect();
    let left: Vec<i64> = numbers(headers, "x-rate-limit-remaining").collect();
    let least = left.iter().min().filter(|_| left.len() == resets.len());
    let is_tightest = |index: usize| least.is_none_or(|least| left.get(index) == Some(least));
    let resets = resets.iter().enumerate().filter(|(index, _)| is_tightest(*index)).map(|(_, reset)| reset);
    match (resets.max(), date) {
        (Some(reset), Some(date)) => {
            Duration::from_secs((reset - date).clamp(1, LONGEST_RESET).unsigned_abs())
        }
        _ => WINDOW,
    }
}

/// When the answer was made, in seconds since the Unix epoch.
pub(crate) fn date(headers: &HeaderMap) -> Option<i64> {
    let date = DateTime::parse_from_rfc2822(headers.get("date")?.to_str().ok()?).ok()?;
    Some(date.timestamp())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_link_to_the_next_page_draws_from_the_bucket_of_its_list() {
        let followed = Request::follow("https://h/api/v1/users?after=x&limit=2", &["/api/v1/"]).unwrap();
        assert_eq!(Okta.bucket(&followed).name, "/api/v1/users");
    }

    fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> Response {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        Response { status: StatusCode::from_u16(status).unwrap(), headers: map, body: Vec::new().into() }
    }

    #[test]
    fn the_tighter_of_two_limits_counts() {
        for (resets, seconds) in [
            (&["1774857552", "1774857530"][..], 20),
            // Whose the one is cannot be known: the later is on the safe side.
            (&["1774857552"], 42),
        ] {
            let mut headers = vec![
                ("x-rate-limit-limit", "600"),
                ("x-rate-limit-limit", "300"),
                ("x-rate-limit-remaining", "599"),
                ("x-rate-limit-remaining", "12"),
                ("date", "Mon, 30 Mar 2026 07:58:30 GMT"),
            ];
            headers.extend(resets.iter().map(|reset| ("x-rate-limit-reset", *reset)));
            let expected = Signal::Window {
                limit: 300,
                remaining: 12,
                resets_in: Duration::from_secs(seconds),
                answered_at: Some(Duration::from_secs(1_774_857_510)),
            };
            assert_eq!(Okta.signal(&answer(200, &headers)), expected);
        }
    }

    #[test]
    fn a_limit_of_zero_is_about_concurrency() {
        let answer = answer(429, &[("x-rate-limit-limit", "0"), ("x-rate-limit-remaining", "0")]);
        assert_eq!((Okta.signal(&answer), Okta.load(&answer)), (Signal::None, Load::Heavy));
    }

    #[test]
    fn a_reset_that_makes_no_sense_is_clamped() {
        for (reset, seconds) in [("1774857509", 1), ("1874857510", 70)] {
            let answer = answer(
                429,
                &[
                    ("x-rate-limit-limit", "50"),
                    ("x-rate-limit-remaining", "0"),
                    ("x-rate-limit-reset", reset),
                    ("date", "Mon, 30 Mar 2026 07:58:30 GMT"),
                ],
            );
            let Signal::Window { resets_in, .. } = Okta.signal(&answer) else { panic!() };
            assert_eq!(resets_in, Duration::from_secs(seconds));
        }
    }
}
