//! The tail of the System Log, against a log on loopback that brings events late, twice and in cut pages, and in
//! processes that die.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures::{FutureExt as _, StreamExt as _};
use okta_client::system_log::{LogBatch, LogCursor, LogNotice, LogTail, TailFrom};
use okta_client::{Filter, OktaClient};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sandbox::{Effect, Fault, Limits, Sandbox};
use serde_json::{Value, json};

use support::frozen::client;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn org() -> (Sandbox, OktaClient) {
    let builder = Sandbox::builder().people(1).new_hires(0).limits(Limits::Workforce);
    let sandbox = builder.log_lag(Duration::ZERO).frozen_clock().start().await.unwrap();
    let okta = client(&sandbox);
    (sandbox, okta)
}

fn event(n: usize, published: DateTime<Utc>) -> Value {
    let published = published.to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({ "uuid": uuid(n), "published": published, "eventType": "user.session.start" })
}

fn uuid(n: usize) -> String {
    format!("5a9e1d20-2d0f-11f1-9c2b-{n:012x}")
}

/// Adds events that happen now.
fn happen(sandbox: &Sandbox, numbers: impl IntoIterator<Item = usize>) {
    let now = sandbox.clock().now();
    sandbox.add_log_events(numbers.into_iter().map(|n| event(n, now))).unwrap();
}

fn uuids(batch: &LogBatch) -> Vec<String> {
    batch.events.iter().map(|event| event.uuid().unwrap().to_owned()).collect()
}

async fn next(tail: &mut LogTail) -> LogBatch {
    tail.next().await.unwrap().unwrap()
}

/// As it comes back from where it was stored.
fn stored(cursor: &LogCursor) -> LogCursor {
    serde_json::from_str(&serde_json::to_string(cursor).unwrap()).unwrap()
}

fn requests(sandbox: &Sandbox) -> usize {
    sandbox.requests().len()
}

/// What a consumer has on disk, each transaction with both.
struct Store {
    delivered: Vec<String>,
    cursor: Option<LogCursor>,
}

/// Reads until there is nothing more, in processes that die at random.
async fn read_all(okta: &OktaClient, store: &mut Store, dice: &mut StdRng, lives: &mut usize) {
    loop {
        *lives += 1;
        let from = store.cursor.as_ref().map_or(TailFrom::Ago(HOUR), |cursor| stored(cursor).into());
        let mut tail = okta.system_log().tail(from).send();
        loop {
            // What is refused or cut is asked for again, in place.
            let Ok(batch) = tail.next().await.unwrap() else { continue };
            assert_eq!(batch.notices, []);
            if dice.random_ratio(1, 8) {
                // It dies with the batch in its hands.
                break;
            }
            let nothing = batch.events.is_empty() && batch.caught_up;
            store.delivered.extend(uuids(&batch));
            store.cursor = Some(batch.cursor);
            if nothing {
                return;
            }
            if dice.random_ratio(1, 8) {
                // It dies after the transaction.
                break;
            }
        }
    }
}

#[tokio::test]
async fn each_of_100_000_events_comes_once_and_in_order_whatever_happens() {
    const EVENTS: usize = 100_000;
    let (sandbox, okta) = org().await;
    let mut dice = StdRng::seed_from_u64(16);
    let mut store = Store { delivered: Vec::new(), cursor: None };
    let (mut made, mut lives) = (0, 0);
    while made < EVENTS {
        let now = sandbox.clock().now();
        let burst = dice.random_range(1..4000).min(EVENTS - made);
        let mut events = Vec::new();
        for n in made..made + burst {
            let late = dice.random_ratio(1, 10).then(|| TimeDelta::seconds(dice.random_range(0..3000)));
            events.push(event(n, now - late.unwrap_or_default()));
            if dice.random_ratio(1, 50) {
                // One of the last thousand comes again.
                events.push(event(n - dice.random_range(0..1000).min(n), now));
            }
        }
        made += burst;
        sandbox.add_log_events(events).unwrap();
        sandbox.cut_log_pages(dice.random_ratio(1, 3).then(|| dice.random_range(100..999)));
        if dice.random_ratio(1, 3) {
            let effect = [Effect::Status(503), Effect::CutAfter, Effect::Truncated][dice.random_range(0..3)];
            sandbox.add_fault(Fault::okta("GET", "/api/v1/logs", effect).times(dice.random_range(1..8)));
        }
        read_all(&okta, &mut store, &mut dice, &mut lives).await;
    }
    assert!(lives > 50, "only {lives} lives");
    let different: HashSet<&String> = store.delivered.iter().collect();
    assert_eq!((store.delivered.len(), different.len()), (EVENTS, EVENTS));
    let first_wrong = (0..EVENTS).find(|n| store.delivered[*n] != uuid(*n));
    assert_eq!(first_wrong, None, "in the order in which the log stored them");
    assert!(sandbox.requests().iter().all(|request| request.status != 429), "it stays within the limit");
}

#[tokio::test]
async fn full_pages_follow_at_once_and_what_is_not_full_waits_longer_and_longer() {
    let (sandbox, okta) = org().await;
    happen(&sandbox, 0..25);
    let mut tail = okta.system_log().tail(TailFrom::Ago(HOUR)).limit(10).send();
    let mut waited = async || {
        let before = sandbox.clock().now();
        let batch = next(&mut tail).await;
        (batch.events.len(), batch.caught_up, (sandbox.clock().now() - before).num_milliseconds())
    };
    // Within the limit of 60 a minute, of which a fifth may come at once.
    assert_eq!(waited().await, (10, false, 0));
    assert_eq!(waited().await, (10, false, 0));
    assert_eq!(waited().await, (5, true, 0));
    for (shortest, longest) in [(10, 13), (20, 25), (40, 50), (60, 60), (60, 60)] {
        let (events, caught_up, millis) = waited().await;
        assert_eq!((events, caught_up), (0, true));
        assert!((shortest * 1000..=longest * 1000).contains(&millis), "{millis}");
    }
    happen(&sandbox, 25..26);
    assert_eq!(waited().await, (1, true, 60_000));
    assert!((10_000..13_000).contains(&waited().await.2), "news make it attentive again");
}

#[tokio::test]
async fn an_error_costs_no_place_and_no_storm() {
    let (sandbox, okta) = org().await;
    happen(&sandbox, 0..3);
    let mut tail = okta.system_log().tail(TailFrom::Ago(HOUR)).send();
    assert_eq!(next(&mut tail).await.events.len(), 3);
    happen(&sandbox, 3..5);
    sandbox.add_fault(Fault::okta("GET", "/api/v1/logs", Effect::Status(403)).times(3));
    let began = sandbox.clock().now();
    for _ in 0..3 {
        let error = tail.next().await.unwrap().unwrap_err();
        assert!(error.is_forbidden());
    }
    assert_eq!(uuids(&next(&mut tail).await), [uuid(3), uuid(4)]);
    assert!(sandbox.clock().now() - began >= TimeDelta::seconds(10 + 20 + 40 + 60));
    assert_eq!(requests(&sandbox), 5);
}

#[tokio::test]
async fn a_refused_cursor_is_made_up_for_and_told() {
    let (sandbox, okta) = org().await;
    happen(&sandbox, 0..30);
    let mut tail = okta.system_log().tail(TailFrom::Ago(HOUR)).limit(20).send();
    let first = next(&mut tail).await;
    let last_published = first.cursor.last_published().unwrap();
    sandbox.clock().advance(2 * HOUR);
    let late = [event(30, last_published - TimeDelta::minutes(30))];
    sandbox.add_log_events(late).unwrap();
    sandbox.forget_log_cursors();

    let mut again = okta.system_log().tail(stored(&first.cursor)).limit(20).send();
    let batch = next(&mut again).await;
    assert_eq!(batch.notices, [LogNotice::CursorRefused { since: last_published - TimeDelta::hours(1) }]);
    assert_eq!(batch.events.len(), 0, "all of these it knows");
    let batch = next(&mut again).await;
    assert_eq!(uuids(&batch), (20..31).map(uuid).collect::<Vec<_>>());
    assert_eq!(batch.notices, []);
}

#[tokio::test]
async fn what_is_no_fault_of_the_cursor_is_not_taken_for_one() {
    let (sandbox, okta) = org().await;
    happen(&sandbox, 0..3);
    let mut tail = okta.system_log().tail(TailFrom::Ago(HOUR)).send();
    next(&mut tail).await;
    sandbox.add_fault(Fault::okta("GET", "/api/v1/logs", Effect::Status(400)).times(2));
    assert_eq!(tail.next().await.unwrap().unwrap_err().status().unwrap(), 400);
    happen(&sandbox, 3..4);
    let batch = next(&mut tail).await;
    assert_eq!((uuids(&batch), batch.notices), (vec![uuid(3)], vec![]), "it goes on where it was");
}

#[tokio::test]
async fn events_that_expired_meanwhile_are_told() {
    let (sandbox, okta) = org().await;
    happen(&sandbox, 0..1);
    let mut tail = okta.system_log().tail(TailFrom::Ago(HOUR)).send();
    next(&mut tail).await;
    let cursor = next(&mut tail).await.cursor;
    let read_until = sandbox.clock().now();
    happen(&sandbox, 1..2);
    sandbox.clock().advance(20 * DAY);
    happen(&sandbox, 2..3);
    sandbox.clock().advance(80 * DAY);
    let now = sandbox.clock().now();

    for refused in [false, true] {
        if refused {
            sandbox.forget_log_cursors();
        }
        let mut tail = okta.system_log().tail(stored(&cursor)).send();
        let batch = next(&mut tail).await;
        assert_eq!(uuids(&batch), [uuid(2)]);
        let expired = LogNotice::Expired { from: read_until, to: now - TimeDelta::days(90) };
        assert!(batch.notices.contains(&expired), "{:?}", batch.notices);
        assert_eq!(batch.notices.len(), 1 + usize::from(refused));
        let again = okta.system_log().tail(stored(&batch.cursor)).send().next().await.unwrap().unwrap();
        assert_eq!(again.notices, [], "it is told once");
    }
    let mut tail = okta.system_log().tail(TailFrom::At(now - TimeDelta::days(200))).send();
    let batch = next(&mut tail).await;
    let expired = LogNotice::Expired { from: now - TimeDelta::days(200), to: now - TimeDelta::days(90) };
    assert_eq!((uuids(&batch), batch.notices), (vec![uuid(2)], vec![expired]));
}

#[tokio::test]
async fn an_org_where_nothing_happens_is_no_org_that_was_not_watched() {
    let (sandbox, okta) = org().await;
    let mut tail = okta.system_log().tail(TailFrom::Ago(HOUR)).pause(50 * DAY, 50 * DAY).send();
    let began = sandbox.clock().now();
    let mut cursors = Vec::new();
    for _ in 0..4 {
        let batch = next(&mut tail).await;
        assert_eq!(batch.notices, []);
        cursors.push(batch.cursor);
    }
    assert!(sandbox.clock().now() - began > TimeDelta::days(140));
    let mut again = okta.system_log().tail(cursors.pop().unwrap()).send();
    assert_eq!(next(&mut again).await.notices, [], "the last look was just now");
    let mut again = okta.system_log().tail(cursors.remove(0)).send();
    assert_eq!(next(&mut again).await.notices.len(), 1, "the first was long ago");
}

#[tokio::test]
async fn a_cursor_with_another_filter_is_refused_and_nothing_sent() {
    let (sandbox, okta) = org().await;
    let starts = || Filter::eq("eventType", "user.session.start");
    happen(&sandbox, 0..2);
    sandbox.add_log_events([json!({ "uuid": "other", "eventType": "user.session.end" })]).unwrap();
    let mut tail = okta.system_log().tail(TailFrom::Ago(HOUR)).filter(starts()).send();
    let batch = next(&mut tail).await;
    assert_eq!(uuids(&batch), [uuid(0), uuid(1)]);
    let before = requests(&sandbox);
    let wrong = [
        okta.system_log().tail(batch.cursor.clone()).send(),
        okta.system_log().tail(batch.cursor.clone()).filter(starts().negated()).send(),
        okta.system_log().tail(TailFrom::Ago(HOUR)).limit(0).send(),
        okta.system_log().tail(TailFrom::Ago(HOUR)).filter(Filter::eq("a", "x".repeat(5000))).send(),
    ];
    for mut tail in wrong {
        let error = tail.next().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("was not sent") && !error.is_retryable(), "{error}");
    }
    assert_eq!(requests(&sandbox), before);
    happen(&sandbox, 2..3);
    let mut tail = okta.system_log().tail(batch.cursor).filter(starts()).send();
    assert_eq!(uuids(&next(&mut tail).await), [uuid(2)]);
}

#[tokio::test]
async fn a_tail_that_is_not_waited_for_loses_nothing() {
    let (sandbox, okta) = org().await;
    happen(&sandbox, 0..3);
    let mut tail = okta.system_log().tail(TailFrom::Ago(HOUR)).send();
    // Somebody has something better to do, again and again.
    let mut polls = 0;
    let batch = loop {
        polls += 1;
        if let Some(batch) = tail.next().now_or_never() {
            break batch.unwrap().unwrap();
        }
        tokio::task::yield_now().await;
    };
    assert!(polls > 1);
    assert_eq!((batch.events.len(), requests(&sandbox)), (3, 1));
}
