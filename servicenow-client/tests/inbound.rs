//! The receiver of pushes: what it lets in, what it answers, that nothing from outside upsets it; and what is made of a
//! hint.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use common::{Answer, scripted};
use hmac::{Hmac, Mac as _};
use http::{Method, Request, StatusCode};
use http_body::{Body, Frame};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use servicenow_client::inbound::{
    Hint, InvalidPushKey, NoHint, PushKey, PushReceiver, PushRefusal, RecentHints,
};
use servicenow_client::tables::{ScReqItem, ScTask};
use servicenow_client::{Clock, Delivery, ProblemKind, RawRecord};
use sha2::Sha256;

const NOW: i64 = 1_790_000_000;
const ID: &str = "aeed229047801200e0ef563dbb9a71c2";
const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";
const OTHER: &[u8; 32] = b"fedcba9876543210fedcba9876543210";

/// It is always `NOW`.
#[derive(Debug)]
struct Noon;

#[async_trait]
impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(NOW, 0).unwrap()
    }

    fn monotonic(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }

    async fn sleep(&self, _: std::time::Duration) {}
}

fn key(bytes: &[u8]) -> PushKey {
    PushKey::new(STANDARD.encode(bytes).into()).unwrap()
}

fn receiver() -> PushReceiver {
    PushReceiver::new(key(KEY)).clock(Arc::new(Noon))
}

/// The signature, made by other code than the receiver's.
fn signature(key: &[u8], timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("v1={}", STANDARD.encode(mac.finalize().into_bytes()))
}

fn hint() -> Json {
    json!({ "table": "sc_req_item", "sys_id": ID, "number": "RITM0010001", "sys_mod_count": 3 })
}

fn signed(key: &[u8], timestamp: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    let body = body.into();
    Request::post("/servicenow/pushes")
        .header("content-type", "application/json")
        .header("x-push-timestamp", timestamp)
        .header("x-push-signature", signature(key, timestamp, &body))
        .body(body)
        .unwrap()
}

fn at(seconds: i64) -> Request<Bytes> {
    signed(KEY, &seconds.to_string(), hint().to_string())
}

fn saying(body: &Json) -> Result<Hint, PushRefusal> {
    receiver().receive(signed(KEY, &NOW.to_string(), body.to_string()))
}

/// What a future that never waits comes to.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn what_the_instance_signed_is_read() {
    let hint = receiver().receive(at(NOW)).unwrap();
    assert_eq!((hint.table.as_str(), hint.sys_id.as_str()), ("sc_req_item", ID));
    assert_eq!((hint.number.as_deref(), hint.sys_mod_count), (Some("RITM0010001"), 3));
}

#[test]
fn a_signature_made_by_openssl_is_accepted() {
    // printf '1790000000.{"table":"incident","sys_id":"a","sys_mod_count":"0"}' |
    //   openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef -binary | base64
    let request = Request::post("/")
        .header("content-type", "application/json")
        .header("x-push-timestamp", "1790000000")
        .header("x-push-signature", "v1=UWeWIDlP9RaL5AantAElJAcwo1aGatnLKtPGdjnKTEw=")
        .body(Bytes::from_static(br#"{"table":"incident","sys_id":"a","sys_mod_count":"0"}"#))
        .unwrap();
    assert_eq!(receiver().receive(request).unwrap().sys_mod_count, 0);
}

#[test]
fn without_the_key_nothing_is_let_in() {
    let body = hint().to_string();
    let time = NOW.to_string();
    let mut tampered = at(NOW);
    *tampered.body_mut() = body.replace('3', "4").into();
    let mut later = at(NOW);
    later.headers_mut().insert("x-push-timestamp", (NOW + 1).to_string().parse().unwrap());
    for request in [signed(OTHER, &time, body.clone()), tampered, later] {
        assert_eq!(receiver().receive(request), Err(PushRefusal::Signature));
    }
    let good = signature(KEY, &time, body.as_bytes());
    let code = good.strip_prefix("v1=").unwrap();
    let odd = [
        "",
        "v1=",
        code,
        &format!("v2={code}"),
        &format!("v1={code}="),
        &format!("v1={}", &code[4..]),
        "v1=é",
    ];
    for value in odd {
        let mut request = at(NOW);
        request.headers_mut().insert("x-push-signature", http::HeaderValue::from_str(value).unwrap());
        assert_eq!(receiver().receive(request), Err(PushRefusal::Signature), "{value}");
    }
    for name in ["x-push-signature", "x-push-timestamp"] {
        let mut missing = at(NOW);
        let value = missing.headers_mut().remove(name).unwrap();
        assert_eq!(receiver().receive(missing), Err(PushRefusal::Signature), "{name}");
        let mut twice = at(NOW);
        twice.headers_mut().append(name, value);
        assert_eq!(receiver().receive(twice), Err(PushRefusal::Signature), "{name}");
    }
}

#[test]
fn a_push_is_good_for_five_minutes() {
    for seconds in [NOW - 300, NOW - 1, NOW, NOW + 60] {
        receiver().receive(at(seconds)).unwrap();
    }
    for seconds in [NOW - 301, NOW + 61, 0, i64::MAX] {
        assert_eq!(receiver().receive(at(seconds)), Err(PushRefusal::Time), "{seconds}");
    }
    for odd in ["", "+1790000000", "-5", "1790000000.0", " 1790000000", "0x6AB13780", "99999999999999999999"]
    {
        let request = signed(KEY, odd, hint().to_string());
        assert_eq!(receiver().receive(request), Err(PushRefusal::Signature), "{odd:?}");
    }
}

#[test]
fn two_keys_are_accepted_while_one_takes_the_others_place() {
    let both = receiver().also_accepting(key(OTHER));
    for bytes in [KEY, OTHER] {
        both.receive(signed(bytes, &NOW.to_string(), hint().to_string())).unwrap();
    }
    let third = signed(b"a third key, of which nobody told", &NOW.to_string(), hint().to_string());
    assert_eq!(both.receive(third), Err(PushRefusal::Signature));
}

#[test]
fn a_key_is_base64_and_long_enough() {
    for (text, fault) in [
        ("not base64!", InvalidPushKey::Encoding),
        ("", InvalidPushKey::Short),
        ("c2hvcnQ=", InvalidPushKey::Short),
    ] {
        assert_eq!(PushKey::new(text.to_owned().into()).unwrap_err(), fault, "{text}");
    }
    let with_a_line_end = format!("{}\n", STANDARD.encode(KEY));
    let receiver = PushReceiver::new(PushKey::new(with_a_line_end.into()).unwrap()).clock(Arc::new(Noon));
    receiver.receive(at(NOW)).unwrap();
}

#[test]
fn only_json_is_taken_and_only_by_post() {
    for kind in ["application/json", "application/json;charset=UTF-8", "Application/JSON ; x=y"] {
        let mut request = at(NOW);
        request.headers_mut().insert("content-type", kind.parse().unwrap());
        receiver().receive(request).unwrap();
    }
    for kind in ["text/plain", "", "application/jsonp"] {
        let mut request = at(NOW);
        request.headers_mut().insert("content-type", kind.parse().unwrap());
        assert_eq!(receiver().receive(request), Err(PushRefusal::ContentType), "{kind}");
    }
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let mut request = at(NOW);
        *request.method_mut() = method;
        assert_eq!(receiver().receive(request), Err(PushRefusal::Method));
    }
}

#[test]
fn what_is_no_hint_is_refused() {
    let body = |text: &str| receiver().receive(signed(KEY, &NOW.to_string(), text.to_owned()));
    for text in
        ["", "hello", "[]", "7", "{\"table\":", &format!("{}{}", "[".repeat(9_000), "]".repeat(7_000))]
    {
        assert_eq!(body(text), Err(PushRefusal::Body(NoHint::NoObject)), "{text}");
    }
    for (member, odd, fault) in [
        ("table", json!(null), NoHint::Table),
        ("table", json!(""), NoHint::Table),
        ("table", json!("sc_req_item/../sys_user"), NoHint::Table),
        ("table", json!("Incident"), NoHint::Table),
        ("sys_id", json!(7), NoHint::SysId),
        ("sys_id", json!(".."), NoHint::SysId),
        ("sys_id", json!(format!("{ID}0")), NoHint::SysId),
        ("sys_id", json!("a^ORactive=true"), NoHint::SysId),
        ("number", json!("RITM\n1"), NoHint::Number),
        ("number", json!(["RITM1"]), NoHint::Number),
        ("number", json!("1".repeat(41)), NoHint::Number),
        ("sys_mod_count", json!(-1), NoHint::ModCount),
        ("sys_mod_count", json!(1.5), NoHint::ModCount),
        ("sys_mod_count", json!("three"), NoHint::ModCount),
        ("sys_mod_count", json!(null), NoHint::ModCount),
    ] {
        let mut body = hint();
        body[member] = odd;
        assert_eq!(saying(&body), Err(PushRefusal::Body(fault)), "{body}");
    }
}

#[test]
fn a_hint_may_lack_a_number_and_have_more_than_we_know() {
    let mut body = hint();
    body["new_in_a_later_script"] = json!({ "x": [1] });
    assert!(saying(&body).is_ok());
    for none in [json!(null), json!("")] {
        body["number"] = none;
        assert_eq!(saying(&body).unwrap().number, None);
    }
    body["sys_mod_count"] = json!("17");
    assert_eq!(saying(&body).unwrap().sys_mod_count, 17);
}

#[test]
fn a_queue_can_keep_a_hint_as_json() {
    let hint = receiver().receive(at(NOW)).unwrap();
    let kept = serde_json::to_string(&hint).unwrap();
    assert_eq!(Hint::parse(kept.as_bytes()), Ok(hint.clone()));
    assert_eq!(serde_json::from_str::<Hint>(&kept).unwrap(), hint);
    let forged = kept.replace("sc_req_item", "../sys_user");
    assert!(serde_json::from_str::<Hint>(&forged).is_err());
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

#[test]
fn a_body_is_read_as_far_as_the_cap_and_no_further() {
    let endless = |request: Request<Bytes>| {
        let taken = Arc::new(AtomicUsize::new(0));
        (request.map(|_| Chunks { left: usize::MAX, taken: Arc::clone(&taken) }), taken)
    };
    let (request, taken) = endless(at(NOW));
    assert_eq!(now(receiver().read(request)), Err(PushRefusal::TooLarge));
    assert_eq!(taken.load(Ordering::SeqCst), 17);

    // Of somebody without a fresh signature to show, nothing is read; nor of what says that it is too large.
    let mut unsigned = at(NOW);
    unsigned.headers_mut().remove("x-push-signature");
    let mut long = at(NOW);
    long.headers_mut().insert("content-length", "16385".parse().unwrap());
    let wants = [PushRefusal::Signature, PushRefusal::Time, PushRefusal::TooLarge];
    for (request, refusal) in [unsigned, at(NOW - 999), long].into_iter().zip(wants) {
        let (request, taken) = endless(request);
        assert_eq!((now(receiver().read(request)), taken.load(Ordering::SeqCst)), (Err(refusal), 0));
    }

    let length = hint().to_string().len();
    assert!(receiver().body_cap(length).receive(at(NOW)).is_ok());
    assert_eq!(receiver().body_cap(length - 1).receive(at(NOW)), Err(PushRefusal::TooLarge));
}

#[test]
fn a_body_that_breaks_off_is_no_hint() {
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
    assert_eq!(now(receiver().read(at(NOW).map(|_| Broken))), Err(PushRefusal::Unread));
}

#[test]
fn answers_say_no_more_than_they_must() {
    for (refusal, status) in [
        (PushRefusal::Signature, 403),
        (PushRefusal::Time, 403),
        (PushRefusal::Method, 405),
        (PushRefusal::ContentType, 415),
        (PushRefusal::TooLarge, 413),
        (PushRefusal::Unread, 503),
        (PushRefusal::Body(NoHint::Table), 400),
    ] {
        let answer = refusal.response();
        assert_eq!((answer.status().as_u16(), answer.body().len()), (status, 0));
        assert_eq!(answer.headers().contains_key("allow"), refusal == PushRefusal::Method);
    }
    assert_eq!(PushReceiver::accepted().status(), StatusCode::NO_CONTENT);
    assert_eq!(PushReceiver::try_again().status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[test]
fn nothing_that_is_shown_has_the_key_in_it() {
    let shown = format!("{:?} {:?}", receiver(), PushKey::new("c2hvcnQ=".to_owned().into()).unwrap_err());
    assert!(shown.contains("PushKey(hidden)"), "{shown}");
    for secret in [&STANDARD.encode(KEY), "0123456789", "c2hvcnQ", "48, 49, 50"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_hint_that_comes_twice_is_new_once() {
    let hint = |id: &str, count: u64| {
        Hint::parse(json!({ "table": "task", "sys_id": id, "sys_mod_count": count }).to_string().as_bytes())
            .unwrap()
    };
    let mut recent = RecentHints::new(3);
    // In any order: an older one after a newer one is new.
    assert!(recent.is_new(&hint("a", 2)) && recent.is_new(&hint("a", 1)) && recent.is_new(&hint("b", 2)));
    assert!(!recent.is_new(&hint("a", 2)) && !recent.is_new(&hint("a", 1)));
    // The oldest is forgotten for the newest.
    assert!(recent.is_new(&hint("c", 0)));
    assert!(!recent.is_new(&hint("a", 1)) && recent.is_new(&hint("a", 2)));
}

fn record(count: Option<&str>) -> Answer {
    let mut record =
        json!({ "sys_id": ID, "number": "RITM0010001", "approval": "approved", "u_color": "red" });
    if let Some(count) = count {
        record["sys_mod_count"] = json!(count);
    }
    Answer::json(200, json!({ "result": record }))
}

#[tokio::test]
async fn a_hint_is_read_from_its_table() {
    let (servicenow, script, _) = scripted([record(Some("3")), record(Some("40"))]);
    let hint = receiver().receive(at(NOW)).unwrap();
    let item: ScReqItem = hint.read(&servicenow).await.unwrap();
    assert_eq!(item.number.as_str(), Some("RITM0010001"));
    assert_eq!(script.asked()[0].uri().path(), format!("/api/now/table/sc_req_item/{ID}"));
    let fields = script.parameter(0, "sysparm_fields").unwrap();
    assert!(fields.contains("approval") && fields.contains("sys_mod_count"), "{fields}");

    let raw: RawRecord = hint.read(&servicenow).await.unwrap();
    assert_eq!(raw.text("u_color").as_deref(), Some("red"));
    assert_eq!(script.parameter(1, "sysparm_fields"), None);
}

#[tokio::test]
async fn a_record_that_is_older_than_its_hint_is_not_believed() {
    let (servicenow, _, _) = scripted([record(Some("2")), record(Some("")), record(None)]);
    let hint = receiver().receive(at(NOW)).unwrap();
    for kind in [ProblemKind::Stale, ProblemKind::Hidden, ProblemKind::Hidden] {
        let error = hint.read::<ScReqItem>(&servicenow).await.unwrap_err();
        assert_eq!(error.problem().unwrap().kind, kind);
    }
}

#[tokio::test]
async fn a_hint_is_not_read_as_another_table() {
    let (servicenow, script, _) = scripted([]);
    let error = receiver().receive(at(NOW)).unwrap().read::<ScTask>(&servicenow).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.to_string().contains("sc_req_item"), "{error}");
    assert!(script.asked().is_empty());
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        "[a-z_]{0,9}".prop_map(Json::from),
        ".*".prop_map(Json::from),
    ];
    let name = prop_oneof!["table", "sys_id", "number", "sys_mod_count", ".*"];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_headers_upset_it(timestamp in prop::collection::vec(any::<u8>(), 0..40), signature in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut request = at(NOW);
        for (name, value) in [("x-push-timestamp", timestamp), ("x-push-signature", signature)] {
            if let Ok(value) = http::HeaderValue::from_bytes(&value) {
                request.headers_mut().insert(name, value);
            } else {
                request.headers_mut().remove(name);
            }
        }
        prop_assert!(receiver().receive(request).is_err());
    }

    #[test]
    fn no_body_upsets_it(body in prop::collection::vec(any::<u8>(), 0..500)) {
        let _ = receiver().receive(signed(KEY, &NOW.to_string(), body));
    }

    #[test]
    fn what_is_taken_for_a_hint_is_fit_for_a_url_and_a_query(body in any_json()) {
        if let Ok(hint) = saying(&body) {
            let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
            prop_assert!(plain(&hint.table) && plain(hint.sys_id.as_str()));
            prop_assert!(hint.number.as_deref().is_none_or(plain));
        }
    }

    #[test]
    fn one_changed_byte_is_noticed(at_byte in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut request = at(NOW);
        let mut body = request.body().to_vec();
        let place = at_byte.index(body.len());
        body[place] ^= flip;
        *request.body_mut() = body.into();
        prop_assert_eq!(receiver().receive(request), Err(PushRefusal::Signature));
    }
}
