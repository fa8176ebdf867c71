//! The System Log over a real socket: what the server saw, and what became of its answer.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use okta_client::system_log::{
    LogBatch, LogEvent, LogNotice, LogOutcome, LogSeverity, LogTail, TailFrom, event_types,
};
use okta_client::{Filter, OktaClient};
use proptest::prelude::*;
use serde_json::{Value, json};

use support::org::{Org, Reply, problem, reply};

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Somebody reports suspicious activity: Okta's own shape.
const REPORT: &str = r#"{"uuid":"5a9e1d20-2d0f-11f1-9c2b-3f6a4b1f7e55","published":"2026-03-30T08:14:07.412Z",
"eventType":"user.account.report_suspicious_activity_by_enduser","version":"0","severity":"WARN",
"displayMessage":"User reported suspicious activity",
"actor":{"id":"00u1ab2cd3EF4gh5i6j7","type":"User","alternateId":"ann.lee@example.com","displayName":"Ann \"Lee\"","detailEntry":null},
"client":{"userAgent":{"rawUserAgent":"Mozilla\/5.0 (Macintosh)","os":"Mac OS X","browser":"CHROME"},"zone":"null","device":"Computer","id":null,
"ipAddress":"203.0.113.10","geographicalContext":{"city":"Oslo","state":"Oslo County","country":"Norway","postalCode":150,"geolocation":{"lat":59.9127,"lon":10.7461}}},
"device":{"id":"guo1","os_platform":"MACOS","managed":true,"registered":"true","disk_encryption_type":"ALL_INTERNAL_VOLUMES","newest":1},
"authenticationContext":{"authenticationProvider":null,"issuer":{"id":"i","type":"t"},"authenticationStep":0,"externalSessionId":"unknown"},
"outcome":{"result":"DENY","reason":"because"},
"target":[{"type":"AppUser"},null,"odd",{"id":"00u1ab2cd3EF4gh5i6j7","type":"User","detailEntry":{"a":1},"changeDetails":{"from":{"x":1},"to":{"x":2}}}],
"transaction":{"type":"WEB","id":"t-1","detail":{"requestApiTokenId":"00T1"}},
"debugContext":{"debugData":{"requestId":"r-1","suspiciousActivityEventId":"1c2b","threatSuspected":"true","behaviors":"{New Device=POSITIVE, New IP=NEGATIVE}"}},
"securityContext":{"asNumber":2119,"isProxy":false,"risk":{"level":"HIGH","reasons":["Anomalous Device"]},"userBehaviors":[{"name":"New IP","result":"POSITIVE"}]},
"request":{"ipChain":[{"ip":"203.0.113.10","version":"V4","source":null}]},"legacyEventType":null,"brandNew":{"z":1.50,"a":[ ]}}"#;

// Events.

#[tokio::test]
async fn an_event_tells_everything_that_okta_documents() {
    let org = Org::answering("GET", reply(200, serde_json::from_str(&format!("[{REPORT}]")).unwrap())).await;
    let query = org.okta.system_log().between(time("2026-03-30T00:00:00Z"), time("2026-03-31T00:00:00Z"));
    let event = query.send().collect_all().await.unwrap().remove(0);
    assert_eq!(event.uuid(), Some("5a9e1d20-2d0f-11f1-9c2b-3f6a4b1f7e55"));
    assert_eq!(event.published(), Some(time("2026-03-30T08:14:07.412Z")));
    assert!(event.is(event_types::USER_ACCOUNT_REPORT_SUSPICIOUS_ACTIVITY_BY_ENDUSER));
    assert_eq!((event.severity(), event.outcome()), (Some(LogSeverity::Warn), Some(LogOutcome::Deny)));
    assert_eq!((event.outcome_reason(), event.transaction_id()), (Some("because"), Some("t-1")));
    assert_eq!((event.request_id(), event.user_agent()), (Some("r-1"), Some("Mozilla/5.0 (Macintosh)")));
    assert_eq!(event.display_message(), Some("User reported suspicious activity"));

    let actor = event.actor().unwrap();
    assert_eq!((actor.id(), actor.kind()), (Some("00u1ab2cd3EF4gh5i6j7"), Some("User")));
    assert_eq!(actor.alternate_id(), Some("ann.lee@example.com"));
    assert_eq!((actor.display_name(), actor.detail()), (Some("Ann \"Lee\""), None));
    assert_eq!(
        event.targets().map(|target| target.kind()).collect::<Vec<_>>(),
        [Some("AppUser"), Some("User")]
    );
    let user = event.target("User").unwrap();
    assert_eq!(user.detail().unwrap()["a"], 1);
    let changes = user.change_details().unwrap();
    assert_eq!((&changes.from.unwrap()["x"], &changes.to.unwrap()["x"]), (&json!(1), &json!(2)));

    let client = event.client().unwrap();
    assert_eq!((client.ip_address.as_deref(), client.zone.as_deref()), (Some("203.0.113.10"), Some("null")));
    let place = client.geographical_context.unwrap();
    assert_eq!((place.postal_code.as_deref(), place.geolocation.unwrap().lat), (Some("150"), Some(59.9127)));
    let device = event.device().unwrap();
    assert_eq!((device.managed, device.registered, device.jailbreak), (Some(true), Some(true), None));
    assert_eq!(device.other.keys().collect::<Vec<_>>(), ["newest"]);
    let context = event.authentication_context().unwrap();
    assert_eq!(context.issuer.unwrap().kind.as_deref(), Some("t"));
    let security = event.security_context().unwrap();
    assert_eq!((security.as_number, security.is_proxy), (Some(2119), Some(false)));
    assert_eq!(security.risk.unwrap().level.as_deref(), Some("HIGH"));
    assert_eq!(security.user_behaviors.unwrap()[0].result.as_deref(), Some("POSITIVE"));
    assert_eq!(event.transaction().unwrap().detail.unwrap()["requestApiTokenId"], "00T1");
    let data = event.debug_data().unwrap();
    assert_eq!(data.text("suspiciousActivityEventId"), Some("1c2b"));
    assert!(data.is_true("threatSuspected") && !data.is_true("behaviors"));
    assert_eq!(data.packed("behaviors").unwrap()["New IP"], "NEGATIVE");
    assert_eq!(event.ip_chain()[0].version.as_deref(), Some("V4"));
    for shown in [format!("{event:?} {actor:?}"), format!("{data:?} {:?}", event.client())] {
        assert!(!shown.contains("ann.lee") && !shown.contains("203.0"), "{shown}");
    }
}

#[test]
fn an_event_is_written_back_byte_for_byte() {
    let event: LogEvent = serde_json::from_str(REPORT).unwrap();
    assert_eq!(event.raw().get(), REPORT);
    assert_eq!(serde_json::to_string(&event).unwrap(), REPORT);
    assert_eq!(event.to_value(), serde_json::from_str::<Value>(REPORT).unwrap());
    assert_eq!(serde_json::from_value::<LogEvent>(event.to_value()).unwrap().uuid(), event.uuid());
}

#[tokio::test]
async fn one_odd_event_does_not_lose_the_page() {
    let odd = json!({ "uuid": 7, "published": "yesterday", "target": {}, "outcome": "SUCCESS", "actor": [],
        "client": 1, "debugContext": { "debugData": [] }, "transaction": { "id": "t-2" } });
    let page = json!([{ "uuid": "u-1", "target": null, "version": 0 }, odd, null, "text"]);
    let org = Org::answering("GET", reply(200, page)).await;
    let query = org.okta.system_log().between(time("2026-03-30T00:00:00Z"), time("2026-03-31T00:00:00Z"));
    let events = query.send().collect_all().await.unwrap();
    assert_eq!((events.len(), events[0].uuid()), (4, Some("u-1")));
    let read = &events[1];
    assert_eq!((read.uuid(), read.published(), read.outcome()), (None, None, None));
    assert_eq!((read.request_id(), read.debug_data(), read.client()), (Some("t-2"), None, None));
    assert!(read.actor().is_none() && read.ip_chain().is_empty());
    assert_eq!(events.iter().map(|event| event.targets().count()).sum::<usize>(), 0);
    assert_eq!(read.to_value(), odd);
}

fn anything() -> impl Strategy<Value = Value> {
    let names = "uuid|target|actor|outcome|client|id|type|result|debugContext|debugData|userAgent|[a-z]";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_is_an_event_and_keeps_its_text(value in anything()) {
        let text = value.to_string();
        let event: LogEvent = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(event.uuid(), value["uuid"].as_str());
        let actor = event.actor();
        let id = actor.as_ref().and_then(okta_client::system_log::LogEntity::id);
        prop_assert_eq!(id, value["actor"]["id"].as_str());
        let kinds: Vec<_> = event.targets().map(|target| target.kind().unwrap_or_default().to_owned()).collect();
        let targets = value["target"].as_array().cloned().unwrap_or_default();
        let targets = targets.iter().filter(|target| target.is_object());
        let expected: Vec<_> = targets.map(|target| target["type"].as_str().unwrap_or_default().to_owned()).collect();
        prop_assert_eq!(kinds, expected);
        let _ = (event.client(), event.debug_data(), event.device(), event.ip_chain(), event.published());
        prop_assert_eq!(serde_json::to_string(&event).unwrap(), text);
    }
}

// Bounded queries.

#[tokio::test]
async fn the_log_is_asked_with_times_order_limit_keywords_and_filter() {
    let mut org = Org::answering("GET", reply(200, json!([]))).await;
    let (since, until) = (time("2026-03-01T00:00:00Z"), time("2026-03-02T10:30:00.5Z"));
    org.okta.system_log().between(since, until).send().collect_all().await.unwrap();
    let range = "since=2026-03-01T00%3A00%3A00.000Z&until=2026-03-02T10%3A30%3A00.500Z";
    org.saw_one().is("GET", &format!("/api/v1/logs?{range}&sortOrder=ASCENDING&limit=1000"), None);

    org.will("GET", reply(200, json!([]))).await;
    let query = org.okta.system_log().between(since, until).filter(Filter::eq("target.id", "00u1")).limit(7);
    query.newest_first().keywords("step-up Ann").send().collect_all().await.unwrap();
    let rest = "sortOrder=DESCENDING&limit=7&q=step-up+Ann&filter=target.id+eq+%2200u1%22";
    org.saw_one().is("GET", &format!("/api/v1/logs?{range}&{rest}"), None);
}

#[tokio::test]
async fn what_okta_would_refuse_is_not_sent() {
    let org = Org::new().await;
    let (since, until) = (time("2026-03-01T00:00:00Z"), time("2026-03-02T00:00:00Z"));
    let query = || org.okta.system_log().between(since, until);
    for (query, why) in [
        (org.okta.system_log().between(until, since), "ends before it begins"),
        (query().limit(0), "1 to 1000 events"),
        (query().limit(1001), "1 to 1000 events"),
        (query().keywords("a ".repeat(11)), "10 keywords"),
        (query().keywords("a".repeat(41)), "40 characters"),
        (query().filter(Filter::any_of("target.id", (0..200).map(|n| format!("{n:020}")))), "4096"),
        (query().filter(Filter::eq("no attribute", "x")), "no attribute"),
    ] {
        let error = query.send().collect_all().await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    let types = event_types::ALL.iter().take(30).copied();
    assert!(Filter::any_of("eventType", types).to_string().len() < 4096, "30 types fit");
    assert_eq!(org.saw().len(), 0);
}

// The tail.

/// A page of the log before 1970, where the test's clock begins, with its `next` link on another host.
fn page(uuids: &[&str], next: &str) -> Reply {
    let event = |uuid: &&str| json!({ "uuid": uuid, "published": "1969-12-31T20:00:00.000Z" });
    reply(200, uuids.iter().map(event).collect())
        .header("link", "<https://acme-admin.okta.com/api/v1/logs?since=x>; rel=\"self\"".to_owned())
        .header("link", format!("<https://acme-admin.okta.com/api/v1/logs?{next}>; rel=\"next\""))
}

fn tail(okta: &OktaClient) -> LogTail {
    okta.system_log()
        .tail(TailFrom::At(time("1969-12-31T00:00:00Z")))
        .filter(Filter::present("uuid"))
        .limit(2)
        .send()
}

async fn next(tail: &mut LogTail) -> LogBatch {
    tail.next().await.unwrap().unwrap()
}

fn uuids(batch: &LogBatch) -> Vec<&str> {
    batch.events.iter().filter_map(LogEvent::uuid).collect()
}

#[tokio::test]
async fn a_tail_polls_and_follows_the_next_link_on_the_configured_host() {
    let mut org = Org::new().await;
    org.will("GET", page(&["a", "b"], "after=1%3D&limit=2&filter=x+y")).await;
    org.will("GET", page(&["b", "c"], "after=2")).await;
    org.will("GET", page(&[], "after=2")).await;
    let mut tail = tail(&org.okta);
    let first = next(&mut tail).await;
    assert_eq!((uuids(&first), first.caught_up), (vec!["a", "b"], false));
    assert_eq!(first.cursor.last_published(), Some(time("1969-12-31T20:00:00Z")));
    assert_eq!(uuids(&next(&mut tail).await), ["c"], "a double is left out");
    let third = next(&mut tail).await;
    assert_eq!((uuids(&third).len(), third.caught_up), (0, true));
    let saw = org.saw();
    let query = "since=1969-12-31T00%3A00%3A00.000Z&sortOrder=ASCENDING&limit=2&filter=uuid+pr";
    saw[0].is("GET", &format!("/api/v1/logs?{query}"), None);
    saw[1].is("GET", "/api/v1/logs?after=1%3D&limit=2&filter=x+y", None);
    saw[2].is("GET", "/api/v1/logs?after=2", None);
    assert_eq!(org.clock.slept_millis(), [0u128; 0], "full pages are asked for at once");
}

#[tokio::test]
async fn a_full_page_that_leads_to_itself_is_no_reason_to_hurry() {
    let mut org = Org::new().await;
    for _ in 0..4 {
        org.will("GET", page(&["a", "b"], "after=1")).await;
    }
    let mut tail = tail(&org.okta);
    for events in [2, 0, 0, 0] {
        assert_eq!(next(&mut tail).await.events.len(), events);
    }
    let waits = org.clock.slept_millis();
    assert_eq!(waits.len(), 2, "the first leads on, the others do not: {waits:?}");
    assert!((10_000..=12_500).contains(&waits[0]) && (20_000..=25_000).contains(&waits[1]), "{waits:?}");
}

#[tokio::test]
async fn after_a_refused_cursor_it_asks_from_an_hour_before_the_last_event() {
    let mut org = Org::new().await;
    org.will("GET", page(&["a", "b"], "after=1")).await;
    org.will("GET", reply(400, problem("E0000029", "Invalid paging request.", &[]))).await;
    org.will("GET", page(&["a", "c"], "after=2")).await;
    let mut tail = tail(&org.okta);
    next(&mut tail).await;
    let batch = next(&mut tail).await;
    assert_eq!(uuids(&batch), ["c"]);
    assert_eq!(batch.notices, [LogNotice::CursorRefused { since: time("1969-12-31T19:00:00Z") }]);
    let query = "since=1969-12-31T19%3A00%3A00.000Z&sortOrder=ASCENDING&limit=2&filter=uuid+pr";
    org.saw()[2].is("GET", &format!("/api/v1/logs?{query}"), None);
}

#[tokio::test]
async fn an_answer_without_a_next_link_is_an_error_and_asked_for_again() {
    let mut org = Org::answering("GET", reply(200, json!([{ "uuid": "a" }]))).await;
    org.will("GET", page(&["a"], "after=1")).await;
    let mut tail = tail(&org.okta);
    let error = tail.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("where the next begins"), "{error}");
    assert_eq!(uuids(&next(&mut tail).await), ["a"]);
}

#[tokio::test]
async fn events_without_a_uuid_come_as_often_as_they_come() {
    let bare = |next: &str| {
        reply(200, json!([{}, { "uuid": "" }]))
            .header("link", format!("<https://h/api/v1/logs?{next}>; rel=\"next\""))
    };
    let mut org = Org::answering("GET", bare("after=1")).await;
    org.will("GET", bare("after=2")).await;
    let mut tail = tail(&org.okta);
    assert_eq!((next(&mut tail).await.events.len(), next(&mut tail).await.events.len()), (2, 2));
}

#[tokio::test]
async fn a_cursor_shows_nobody_and_takes_nothing_but_a_cursor() {
    let org = Org::answering("GET", page(&["a"], "after=1")).await;
    let ann = Filter::eq("actor.alternateId", "ann.lee@example.com");
    let mut tail = org.okta.system_log().tail(time("1969-12-31T00:00:00Z")).filter(ann).send();
    let cursor = next(&mut tail).await.cursor;
    assert!(!format!("{cursor:?}").contains("ann.lee"));
    let mut text = serde_json::to_value(&cursor).unwrap();
    text["seen"] = json!("AAAA");
    assert!(serde_json::from_value::<okta_client::system_log::LogCursor>(text).is_err());
}
