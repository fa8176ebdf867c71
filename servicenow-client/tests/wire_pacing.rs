//! What the client makes of refusals and of sessions, on the wire.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use common::{Answer, TestClock, scripted};
use http::header::COOKIE;
use serde_json::{Value, json};
use servicenow_client::tables::ScTask;
use servicenow_client::{Delivery, ServiceNowClient, SysId};

const RULE: &str = "8c7d1d3a4fe2c7009aa0a9f18110c7ff";

fn refused() -> Answer {
    Answer::json(429, json!({"error": {"message": "Rate limit exceeded"}, "status": "failure"}))
        .header("x-ratelimit-limit", "100")
        .header("x-ratelimit-rule", RULE)
        .header("x-ratelimit-reset", "1772211600")
        .header("date", "Fri, 27 Feb 2026 16:37:55 GMT")
        .header("retry-after", "1325")
}

fn id() -> SysId {
    "1".parse().unwrap()
}

fn task() -> Answer {
    Answer::json(200, json!({"result": {"sys_id": "1"}}))
}

async fn get(servicenow: &ServiceNowClient) -> servicenow_client::Result<()> {
    servicenow.table::<ScTask>().get(&id()).await.map(drop)
}

#[tokio::test]
async fn a_rule_that_is_closed_for_long_fails_calls_of_its_bucket_at_once_and_no_others() {
    let (servicenow, script, clock) = scripted([refused(), task()]);
    let error = get(&servicenow).await.unwrap_err();
    assert!(error.is_rate_limited() && error.is_retryable());
    assert_eq!(error.delivery(), Delivery::Refused);
    assert_eq!(error.retry_at(), DateTime::from_timestamp(1325, 0));
    let unsent = get(&servicenow).await.unwrap_err();
    assert_eq!((unsent.delivery(), unsent.retry_at()), (Delivery::NotSent, error.retry_at()));
    servicenow.records("incident").unwrap().get(&id()).await.unwrap();
    assert_eq!(script.asked().len(), 2);
    assert!(clock.slept().is_empty());
    let bucket = servicenow.buckets().into_iter().find(|bucket| bucket.rule.is_some()).unwrap();
    assert_eq!(bucket.name, "GET /api/now/table/sc_task/{}");
    assert_eq!((bucket.rule.as_deref(), bucket.limit, bucket.remaining), (Some(RULE), Some(100), Some(0)));
}

#[tokio::test]
async fn a_recorded_refusal_is_a_rules() {
    let Some(text) = common::fixture("constructed/errors.json") else { return };
    let errors: Vec<Value> = serde_json::from_str(&text).unwrap();
    let recorded = errors.iter().find(|error| error["http"] == 429).unwrap();
    let mut answer = Answer::json(429, &recorded["body"]).header("date", "Fri, 27 Feb 2026 16:37:55 GMT");
    for name in ["x-ratelimit-limit", "x-ratelimit-reset", "x-ratelimit-rule", "retry-after"] {
        let headers = recorded["headers"].as_object().unwrap();
        let (_, value) = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).unwrap();
        answer = answer.header(name, value.as_str().unwrap());
    }
    let (servicenow, _, _) = scripted([answer]);
    let error = get(&servicenow).await.unwrap_err();
    assert!(error.is_rate_limited());
    assert_eq!(servicenow.buckets()[0].rule.as_deref(), Some(RULE));
}

#[tokio::test]
async fn what_was_dropped_from_a_sessions_queue_is_repeated_in_another_even_if_it_creates() {
    let created = Answer::json(201, json!({"result": {"sys_id": "1"}}));
    let (servicenow, script, _) = scripted([
        task().header("set-cookie", "JSESSIONID=1; Path=/; HttpOnly"),
        Answer::text(202, ""),
        created.header("set-cookie", "JSESSIONID=2; Path=/; HttpOnly"),
        task(),
    ]);
    get(&servicenow).await.unwrap();
    servicenow.table::<ScTask>().create(&json!({})).await.unwrap();
    get(&servicenow).await.unwrap();
    let asked = script.asked();
    let cookies: Vec<_> = asked.iter().map(|request| request.headers().get(COOKIE)).collect();
    let cookies: Vec<_> =
        cookies.into_iter().map(|value| value.map(|value| value.to_str().unwrap())).collect();
    assert_eq!(cookies, [None, Some("JSESSIONID=1"), None, Some("JSESSIONID=2")]);
}

#[tokio::test]
async fn four_calls_may_be_in_flight_at_first_and_sixteen_at_most() {
    let client = |concurrency| {
        let pacer = servicenow_client::PacerConfig { concurrency, ..Default::default() };
        let builder = ServiceNowClient::builder("acme").basic("api", "pw".to_owned().into()).pacer(pacer);
        builder.clock(Arc::new(TestClock::default())).build().unwrap()
    };
    for (most, first) in [(1, 1), (2, 2), (16, 4), (1000, 4)] {
        assert_eq!(client(most).concurrency().allowed, first, "{most}");
    }
}

#[tokio::test]
async fn waits_for_a_thread_halve_what_may_be_in_flight() {
    let slow = || task().header("server-timing", "t;desc=\"08\", sem_wait;dur=812, sesh_wait;dur=0");
    let (servicenow, _, clock) = scripted([slow(), slow(), task()]);
    // And one that did not wait lets it grow again.
    for allowed in [2, 1, 2] {
        clock.pass(Duration::from_secs(1));
        get(&servicenow).await.unwrap();
        assert_eq!(servicenow.concurrency().allowed, allowed);
    }
}
