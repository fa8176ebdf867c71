//! The org's System Log, seen through plain HTTP.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod common;

use std::time::Duration;

use common::{Answer, encoded, okta};
use sandbox::Sandbox;
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A log without lag, whose time stands at 2026-03-02T08:00:00Z.
async fn frozen() -> Sandbox {
    Sandbox::builder().people(2).new_hires(0).log_lag(Duration::ZERO).frozen_clock().start().await.unwrap()
}

async fn get(sandbox: &Sandbox, target: &str) -> Answer {
    okta(sandbox, &format!("GET {target}"), None).await
}

fn event(uuid: &str, published: &str) -> Value {
    json!({ "uuid": uuid, "published": published, "eventType": "user.session.start" })
}

fn uuids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json().as_array().unwrap().iter().map(|event| event["uuid"].as_str().unwrap().to_owned()).collect()
}

/// The pages from `target` on, as long as they have events.
async fn pages(sandbox: &Sandbox, target: &str) -> Vec<Vec<String>> {
    let (mut pages, mut at) = (Vec::new(), Some(target.to_owned()));
    while let Some(target) = at {
        let answer = get(sandbox, &target).await;
        at = answer.link("next");
        match uuids(&answer) {
            page if page.is_empty() => break,
            page => pages.push(page),
        }
    }
    pages
}

#[tokio::test]
async fn polling_goes_by_when_events_were_stored_and_bounded_reads_by_when_they_happened() {
    let sandbox = frozen().await;
    sandbox.add_log_events([event("a", "2026-03-02T07:59:00.000Z")]).unwrap();
    sandbox.clock().advance(Duration::from_secs(60));
    sandbox.add_log_events([event("late", "2026-03-02T07:58:00.000Z")]).unwrap();
    sandbox.clock().advance(Duration::from_secs(60));

    let polled = pages(&sandbox, "/api/v1/logs?since=2026-03-02T07:00:00Z").await.concat();
    assert_eq!(polled, ["a", "late"]);
    let polled = get(&sandbox, "/api/v1/logs?since=2026-03-02T08:00:30Z").await;
    assert_eq!(uuids(&polled), ["late"], "stored after that, though it happened before");

    let bounds = "since=2026-03-02T07:00:00Z&until=2026-03-02T09:00:00Z";
    assert_eq!(pages(&sandbox, &format!("/api/v1/logs?{bounds}")).await.concat(), ["late", "a"]);
    let newest_first = format!("/api/v1/logs?{bounds}&sortOrder=DESCENDING&limit=1");
    assert_eq!(pages(&sandbox, &newest_first).await, [["a"], ["late"]]);
    let narrow = "/api/v1/logs?since=2026-03-02T07:58:30Z&until=2026-03-02T08:00:00Z";
    assert_eq!(pages(&sandbox, narrow).await.concat(), ["a"]);
}

#[tokio::test]
async fn a_bounded_read_misses_what_comes_late_and_polling_does_not() {
    let sandbox = frozen().await;
    sandbox.add_log_events([event("a", "2026-03-02T07:10:00Z"), event("b", "2026-03-02T07:30:00Z")]).unwrap();
    let bounded =
        get(&sandbox, "/api/v1/logs?since=2026-03-02T07:00:00Z&until=2026-03-02T08:00:00Z&limit=1").await;
    let polled = get(&sandbox, "/api/v1/logs?since=2026-03-02T07:00:00Z&limit=1").await;
    assert_eq!((uuids(&bounded), uuids(&polled)), (vec!["a".to_owned()], vec!["a".to_owned()]));
    sandbox.add_log_events([event("late", "2026-03-02T07:05:00Z")]).unwrap();
    assert_eq!(pages(&sandbox, &bounded.link("next").unwrap()).await, [["b"]]);
    assert_eq!(pages(&sandbox, &polled.link("next").unwrap()).await, [["b"], ["late"]]);
}

#[tokio::test]
async fn while_nothing_new_comes_the_next_page_stays_where_it_is() {
    let sandbox = frozen().await;
    let first = get(&sandbox, "/api/v1/logs?since=2026-03-02T07:00:00Z&limit=5").await;
    let next = first.link("next").unwrap();
    let second = get(&sandbox, &next).await;
    assert_eq!((uuids(&second), second.link("next")), (Vec::new(), Some(next.clone())));
    sandbox.clock().advance(DAY);
    sandbox.add_log_events([event("a", "2026-03-02T07:59:00Z")]).unwrap();
    assert_eq!(uuids(&get(&sandbox, &next).await), ["a"]);
}

#[tokio::test]
async fn a_limit_of_zero_moves_nothing() {
    let sandbox = frozen().await;
    sandbox.add_log_events([event("a", "2026-03-02T07:59:00Z")]).unwrap();
    let none = get(&sandbox, "/api/v1/logs?since=2026-03-02T07:00:00Z&limit=0").await;
    assert_eq!(uuids(&none).len(), 0);
    let next = none.link("next").unwrap().replace("limit=0", "limit=9");
    assert_eq!(uuids(&get(&sandbox, &next).await), ["a"]);
    assert_eq!(get(&sandbox, "/api/v1/logs?limit=1001").await.status, 400);
}

#[tokio::test]
async fn events_are_kept_for_90_days_and_180_can_be_asked_for() {
    let sandbox = frozen().await;
    sandbox.add_log_events([event("old", "2026-03-02T08:00:00Z")]).unwrap();
    let first = get(&sandbox, "/api/v1/logs?since=2026-03-02T07:00:00Z&limit=0").await;
    sandbox.clock().advance(91 * DAY);
    sandbox.add_log_events([event("new", "2026-06-01T08:00:00Z")]).unwrap();
    assert_eq!(pages(&sandbox, "/api/v1/logs?since=2026-03-02T07:00:00Z").await, [["new"]]);
    let next = first.link("next").unwrap().replace("limit=0", "limit=9");
    assert_eq!(uuids(&get(&sandbox, &next).await), ["new"], "a cursor that slept for longer still leads on");
    sandbox.clock().advance(90 * DAY);
    let refused = get(&sandbox, "/api/v1/logs?since=2026-03-02T07:00:00Z").await;
    assert_eq!((refused.status, refused.json()["errorCode"].clone()), (400, json!("E0000053")));
}

#[tokio::test]
async fn filters_reach_into_events_and_not_everywhere() {
    let sandbox = frozen().await;
    let mut roles = event("roles", "2026-03-02T07:59:00Z");
    roles["target"] = json!([{ "id": "00u1", "type": "User" }, { "id": "00g1", "type": "UserGroup" }]);
    roles["debugContext"] = json!({ "debugData": { "url": "/api/v1/users", "requestId": "r1" } });
    roles["displayMessage"] = json!("Grant user privilege to step-up Ann");
    sandbox.add_log_events([roles, event("other", "2026-03-02T07:59:00Z")]).unwrap();
    let found = async |parameter: &str, text: &str| {
        let target = format!("/api/v1/logs?since=2026-03-02T07:00:00Z&{parameter}={}", encoded(text));
        get(&sandbox, &target).await
    };
    for (filter, expected) in [
        (r#"target.id eq "00g1""#, vec!["roles"]),
        (r#"not (target.type eq "User") and eventType sw "user.""#, vec!["other"]),
        (r#"debugContext.debugData.url eq "/api/v1/users""#, vec!["roles"]),
        ("debugContext pr", vec!["roles"]),
    ] {
        assert_eq!(uuids(&found("filter", filter).await), expected, "{filter}");
    }
    for filter in [
        r#"published gt "2026-03-01T00:00:00Z""#,
        r#"debugContext.debugData.url co "users""#,
        r#"target.changeDetails.from.x eq "y""#,
    ] {
        let refused = found("filter", filter).await;
        assert_eq!(
            (refused.status, refused.json()["errorCode"].clone()),
            (400, json!("E0000031")),
            "{filter}"
        );
    }
    assert_eq!(uuids(&found("q", "ANN grant").await), ["roles"]);
    assert_eq!(uuids(&found("q", "up-step").await), ["roles"], "words with a hyphen are split");
    assert_eq!(found("q", &"a ".repeat(11)).await.status, 400);
    assert_eq!(found("q", &"a".repeat(41)).await.status, 400);
}

#[tokio::test]
async fn pages_can_be_cut_events_come_twice_and_cursors_be_refused() {
    let sandbox = frozen().await;
    let all: Vec<Value> = (0..50).map(|n| event(&format!("e{n}"), "2026-03-02T07:59:00Z")).collect();
    sandbox.add_log_events(all).unwrap();
    sandbox.add_log_events([event("e7", "2026-03-02T07:59:00Z")]).unwrap();
    sandbox.cut_log_pages(Some(9));
    let read = pages(&sandbox, "/api/v1/logs?since=2026-03-02T07:00:00Z&limit=1000").await;
    assert!(read.iter().all(|page| (1..=9).contains(&page.len())));
    assert!(read.iter().any(|page| page.len() != read[0].len()), "each page is cut anew");
    let read = read.concat();
    assert_eq!((read.len(), read.iter().filter(|uuid| *uuid == "e7").count()), (51, 2));

    sandbox.cut_log_pages(None);
    let first = get(&sandbox, "/api/v1/logs?since=2026-03-02T07:00:00Z&limit=20").await;
    sandbox.forget_log_cursors();
    assert_eq!(get(&sandbox, &first.link("next").unwrap()).await.status, 400);
    let again = get(&sandbox, "/api/v1/logs?since=2026-03-02T07:00:00Z&limit=20").await;
    assert_eq!(get(&sandbox, &again.link("next").unwrap()).await.status, 200);
}

#[tokio::test]
async fn a_cursor_of_one_kind_of_read_is_refused_by_the_other_and_together_with_since() {
    let sandbox = frozen().await;
    let polled = get(&sandbox, "/api/v1/logs?since=2026-03-02T07:00:00Z").await.link("next").unwrap();
    assert_eq!(get(&sandbox, &format!("{polled}&until=2026-03-02T09:00:00Z")).await.status, 400);
    assert_eq!(get(&sandbox, &format!("{polled}&since=2026-03-02T07:00:00Z")).await.status, 400);
    assert_eq!(get(&sandbox, "/api/v1/logs?after=bm9wZQ").await.status, 400);
}
