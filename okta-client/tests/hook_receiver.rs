//! The receiver of event hooks: what it lets in, what it answers, and that nothing from outside upsets it.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body::{Body, Frame};
use okta_client::hooks::{HookDelivery, HookReceived, HookReceiver, HookRefusal, HookSecret, NoHookDelivery};
use proptest::prelude::*;
use serde_json::{Value, json};

const SECRET: &str = "q1w2e3r4t5y6u7i8o9p0";

fn secret(value: &str) -> HookSecret {
    HookSecret::new("Authorization", value.into()).unwrap()
}

fn receiver() -> HookReceiver {
    HookReceiver::new(&secret(SECRET))
}

/// A delivery as Okta sends it.
fn envelope() -> Value {
    json!({
        "eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "cloudEventsVersion": "0.1",
        "source": "https://acme.okta.com/api/v1/eventHooks/who7hphp39JoHLni81d7",
        "eventId": "85b60edb-4263-4e13-993b-818e26201052", "eventTime": "2026-03-26T21:05:41.000Z",
        "contentType": "application/json",
        "data": { "events": [
            { "uuid": "1", "eventType": "user.account.lock", "version": "0", "client": { "zone": "null" } },
            { "uuid": "2", "eventType": "group.user_membership.add", "version": 0, "target": null },
        ] }
    })
}

fn post(body: &Value) -> Request<Bytes> {
    Request::post("/okta/events")
        .header("authorization", SECRET)
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()))
        .unwrap()
}

fn get(challenge: &str) -> Request<Bytes> {
    Request::get("/okta/events")
        .header("authorization", SECRET)
        .header("x-okta-verification-challenge", challenge)
        .body(Bytes::new())
        .unwrap()
}

fn refused(request: Request<Bytes>) -> HookRefusal {
    match receiver().receive(request) {
        HookReceived::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn delivered(received: HookReceived) -> HookDelivery {
    match received {
        HookReceived::Delivery(delivery) => delivery,
        other => panic!("{other:?}"),
    }
}

/// What a future that never waits comes to.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// A body of `left` chunks of a kilobyte each, which counts those that were taken.
struct Chunks {
    left: usize,
    taken: Arc<AtomicUsize>,
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(left) = self.left.checked_sub(1) else { return Poll::Ready(None) };
        self.left = left;
        self.taken.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 1024])))))
    }
}

fn streamed(secret: &str, chunks: usize) -> (Request<Chunks>, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let request = Request::post("/")
        .header("authorization", secret)
        .header("content-type", "application/json")
        .body(Chunks { left: chunks, taken: Arc::clone(&taken) })
        .unwrap();
    (request, taken)
}

#[test]
fn a_challenge_is_answered_as_okta_wants_it() {
    let HookReceived::Challenge(answer) = receiver().receive(get("NDIyZTYwMzgtNzQ")) else { panic!() };
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(&answer.body()[..], br#"{"verification":"NDIyZTYwMzgtNzQ"}"#);
}

#[test]
fn what_a_challenge_says_cannot_break_out_of_the_answer() {
    let HookReceived::Challenge(answer) = receiver().receive(get(r#"","verification":"x\"<script>"#)) else {
        panic!()
    };
    let answer: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(answer, json!({ "verification": r#"","verification":"x\"<script>"# }));
    let longest = "c".repeat(512);
    assert!(matches!(receiver().receive(get(&longest)), HookReceived::Challenge(_)));
    for odd in [String::new(), format!("{longest}c"), "two words".into(), "tab\there".into()] {
        assert_eq!(refused(get(&odd)), HookRefusal::Challenge, "{odd:?}");
    }
    let mut none = get("x");
    none.headers_mut().remove("x-okta-verification-challenge");
    assert_eq!(refused(none), HookRefusal::Challenge);
}

#[test]
fn a_delivery_is_read_with_every_event() {
    let request = post(&envelope());
    let sent = request.body().clone();
    let delivery = delivered(receiver().receive(request));
    assert_eq!(delivery.event_id.as_deref(), Some("85b60edb-4263-4e13-993b-818e26201052"));
    assert_eq!(delivery.event_time, Some("2026-03-26T21:05:41Z".parse().unwrap()));
    assert_eq!(delivery.hook_id().unwrap().as_str(), "who7hphp39JoHLni81d7");
    let uuids: Vec<_> = delivery.events.iter().map(|event| event.uuid().unwrap().to_owned()).collect();
    assert_eq!(uuids, ["1", "2"]);
    // What a queue keeps is all that is needed to read it again.
    assert_eq!(delivery.body(), &sent);
    assert_eq!(HookDelivery::parse(delivery.body().clone()).unwrap(), delivery);
}

#[test]
fn odd_events_and_odd_envelopes_are_kept() {
    let mut odd = envelope();
    odd["data"]["events"] = json!([42, null, {}, { "uuid": 7, "target": "x" }, { "uuid": "3" }, [[]]]);
    let delivery = delivered(receiver().receive(post(&odd)));
    assert_eq!(delivery.events.len(), 6);
    assert_eq!(delivery.events[4].uuid(), Some("3"));
    let bare = delivered(receiver().receive(post(
        &json!({ "eventId": 1, "eventTime": "soon", "source": [], "data": { "events": [] } }),
    )));
    assert_eq!((&bare.event_id, bare.event_time, &bare.source, bare.hook_id()), (&None, None, &None, None));
}

#[test]
fn what_is_no_delivery_is_refused() {
    let body = |text: &str| {
        let mut request = post(&Value::Null);
        *request.body_mut() = Bytes::from(text.to_owned());
        refused(request)
    };
    for text in ["", "hello", "[]", "7", "{\"data\":", "\"\u{0}\""] {
        assert_eq!(body(text), HookRefusal::Body(NoHookDelivery::NoObject), "{text}");
    }
    for text in ["{}", r#"{"data":null}"#, r#"{"data":{"events":{}}}"#, r#"{"data":[]}"#] {
        assert_eq!(body(text), HookRefusal::Body(NoHookDelivery::NoEvents), "{text}");
    }
}

#[test]
fn an_event_that_nests_deeper_than_anybody_reads_is_kept_as_text() {
    let event = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let mut request = post(&Value::Null);
    *request.body_mut() = Bytes::from(format!(r#"{{"data":{{"events":[{event}]}}}}"#));
    let events = delivered(receiver().receive(request)).events;
    assert_eq!((events[0].raw().get(), events[0].to_value()), (event.as_str(), Value::Null));
}

#[test]
fn without_the_secret_nothing_else_is_looked_at() {
    let requests = || {
        [get("x"), post(&envelope()), {
            let mut odd = get("x");
            *odd.method_mut() = Method::DELETE;
            odd
        }]
    };
    for request in requests() {
        assert!(!matches!(receiver().receive(request), HookReceived::Refused(HookRefusal::Secret)));
    }
    let wrong = [
        &[][..],
        &[""],
        &["q1w2e3r4t5y6u7i8o9p"],
        &["q1w2e3r4t5y6u7i8o9p00"],
        &["Q1w2e3r4t5y6u7i8o9p0"],
        &["Bearer q1w2e3r4t5y6u7i8o9p0"],
        &[SECRET, SECRET],
        &["x", SECRET],
    ];
    for values in wrong {
        for mut request in requests() {
            request.headers_mut().remove("authorization");
            for value in values {
                request.headers_mut().append("authorization", value.parse().unwrap());
            }
            assert_eq!(refused(request), HookRefusal::Secret, "{values:?}");
        }
    }
    let mut elsewhere = post(&envelope());
    let value = elsewhere.headers_mut().remove("authorization").unwrap();
    elsewhere.headers_mut().insert("x-secret", value);
    assert_eq!(refused(elsewhere), HookRefusal::Secret);
}

#[test]
fn two_secrets_are_accepted_while_one_takes_the_others_place() {
    let new = HookSecret::new("X-Hook-Secret", "n3w".into()).unwrap();
    let both = receiver().also_accepting(&new);
    let mut with_new = post(&envelope());
    with_new.headers_mut().remove("authorization");
    with_new.headers_mut().insert("x-hook-secret", "n3w".parse().unwrap());
    assert!(both.admits(with_new.headers()) && both.admits(post(&envelope()).headers()));
    assert!(!receiver().admits(with_new.headers()));
    assert!(!HookReceiver::new(&new).admits(post(&envelope()).headers()));
    // Neither secret opens in the other's header.
    with_new.headers_mut().insert("x-hook-secret", SECRET.parse().unwrap());
    assert!(!both.admits(with_new.headers()));
}

#[test]
fn only_json_is_read() {
    for kind in ["application/json", "application/json;charset=UTF-8", "Application/JSON ; x=y"] {
        let mut request = post(&envelope());
        request.headers_mut().insert("content-type", kind.parse().unwrap());
        delivered(receiver().receive(request));
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"] {
        let mut request = post(&envelope());
        request.headers_mut().insert("content-type", kind.parse().unwrap());
        assert_eq!(refused(request), HookRefusal::ContentType, "{kind}");
    }
}

#[test]
fn a_body_is_read_as_far_as_the_cap_and_no_further() {
    let small = receiver().body_cap(10 * 1024);
    let (request, taken) = streamed(SECRET, usize::MAX);
    assert!(matches!(now(small.read(request)), HookReceived::Refused(HookRefusal::TooLarge)));
    assert_eq!(taken.load(Ordering::SeqCst), 11);

    let (request, taken) = streamed("wrong", usize::MAX);
    assert!(matches!(now(small.read(request)), HookReceived::Refused(HookRefusal::Secret)));
    assert_eq!(taken.load(Ordering::SeqCst), 0);

    // What says that it is too large is not read at all.
    let (mut request, taken) = streamed(SECRET, usize::MAX);
    request.headers_mut().insert("content-length", "10241".parse().unwrap());
    assert!(matches!(now(small.read(request)), HookReceived::Refused(HookRefusal::TooLarge)));
    assert_eq!(taken.load(Ordering::SeqCst), 0);

    let (request, _) = streamed(SECRET, 10);
    let blank = HookRefusal::Body(NoHookDelivery::NoObject);
    assert!(matches!(now(small.read(request)), HookReceived::Refused(refusal) if refusal == blank));

    let body = post(&envelope());
    let exact = receiver().body_cap(body.body().len());
    delivered(exact.receive(body));
    let body = post(&envelope());
    let less = receiver().body_cap(body.body().len() - 1);
    assert!(matches!(less.receive(body), HookReceived::Refused(HookRefusal::TooLarge)));
}

#[test]
fn a_body_that_breaks_off_is_asked_for_again() {
    struct Broken;
    impl Body for Broken {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
            Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
        }
    }
    let request = post(&envelope()).map(|_| Broken);
    let HookReceived::Refused(refusal) = now(receiver().read(request)) else { panic!() };
    assert_eq!((refusal, refusal.status()), (HookRefusal::Unread, StatusCode::SERVICE_UNAVAILABLE));
}

#[test]
fn answers_say_no_more_than_they_must() {
    let mut delete = get("x");
    *delete.method_mut() = Method::DELETE;
    let no_events = HookRefusal::Body(NoHookDelivery::NoEvents);
    assert_eq!(refused(delete), HookRefusal::Method);
    for (refusal, status) in [
        (HookRefusal::Secret, 403),
        (HookRefusal::Method, 405),
        (HookRefusal::Challenge, 400),
        (HookRefusal::ContentType, 415),
        (HookRefusal::TooLarge, 413),
        (HookRefusal::Unread, 503),
        (no_events, 400),
    ] {
        let answer = refusal.response();
        assert_eq!((answer.status().as_u16(), answer.body().len()), (status, 0));
        assert_eq!(answer.headers().contains_key("allow"), refusal == HookRefusal::Method);
    }
    assert_eq!(HookReceiver::accepted().status(), 204);
    assert_eq!(HookReceiver::try_again().status(), 503);
}

#[test]
fn nothing_that_is_shown_has_the_secret_or_people_in_it() {
    let mut people = envelope();
    people["data"]["events"][0]["actor"] = json!({ "alternateId": "ann.lee@example.com" });
    let shown = format!("{:?} {:?}", receiver(), receiver().receive(post(&people)));
    assert!(shown.contains("authorization") && shown.contains("85b60edb"), "{shown}");
    assert!(!shown.contains(SECRET) && !shown.contains("ann.lee"), "{shown}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    let name = prop_oneof!["data", "events", "eventId", "eventTime", "source", "uuid", "published", ".*"];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_body_upsets_it(body in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut request = post(&Value::Null);
        *request.body_mut() = Bytes::from(body);
        let _ = receiver().receive(request);
    }

    #[test]
    fn no_json_upsets_it(body in any_json()) {
        let _ = receiver().receive(post(&body));
    }

    #[test]
    fn no_event_is_lost_whatever_it_is(events in prop::collection::vec(any_json(), 0..8)) {
        let mut body = envelope();
        body["data"]["events"] = Value::from(events.clone());
        let delivery = delivered(receiver().receive(post(&body)));
        prop_assert_eq!(delivery.events.len(), events.len());
        for (event, sent) in delivery.events.iter().zip(&events) {
            prop_assert_eq!(event.uuid(), sent.get("uuid").and_then(Value::as_str));
        }
    }

    #[test]
    fn a_cut_off_delivery_is_no_delivery(share in 0.0..1.0_f64) {
        let whole = envelope().to_string();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let cut = (whole.len() as f64 * share) as usize;
        let mut request = post(&Value::Null);
        *request.body_mut() = Bytes::copy_from_slice(&whole.as_bytes()[..cut]);
        prop_assert_eq!(refused(request), HookRefusal::Body(NoHookDelivery::NoObject));
    }

    #[test]
    fn no_secret_but_the_secret_opens(value in "[!-~]{1,40}") {
        prop_assume!(value != SECRET);
        let mut request = post(&envelope());
        request.headers_mut().insert("authorization", value.parse().unwrap());
        prop_assert_eq!(refused(request), HookRefusal::Secret);
    }

    #[test]
    fn every_challenge_of_plain_text_comes_back_as_it_was(value in "[!-~]{1,512}") {
        let HookReceived::Challenge(answer) = receiver().receive(get(&value)) else { panic!() };
        let answer: Value = serde_json::from_slice(answer.body()).unwrap();
        prop_assert_eq!(answer, json!({ "verification": value }));
    }
}
