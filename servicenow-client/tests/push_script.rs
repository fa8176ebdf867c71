//! The script that an administrator pastes, run as it is in a JavaScript engine, against the real receiver over HTTP.
//! The instance's own objects are stand-ins; the code of a message is real.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use rquickjs::{Context, Ctx, Function, Runtime};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use servicenow_client::Clock as _;
use servicenow_client::SystemClock;
use servicenow_client::inbound::{Hint, PushKey, PushReceiver, PushRefusal};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

const SCRIPT_INCLUDE: &str = include_str!("../push/push_hint.js");
const BUSINESS_RULE: &str = include_str!("../push/business_rule.js");
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const OTHER: &str = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
const ID: &str = "aeed229047801200e0ef563dbb9a71c2";

/// What an instance's engine has and a plain one does not. `given` is what the test says.
const STAND_INS: &str = r"
    var logged = [];
    var sent = [];
    var Class = { create: function () {
        return function () { this.initialize.apply(this, arguments); };
    } };
    var gs = {
        getProperty: function (name, otherwise) {
            return given.properties.hasOwnProperty(name) ? given.properties[name] : otherwise;
        },
        error: function (text) { logged.push(text); }
    };
    function GlideDateTime() {}
    GlideDateTime.prototype.getNumericValue = function () { return given.milliseconds; };
    function Encryption() {}
    Encryption.prototype.generateMac = function (key, algorithm, data) {
        // As MIME has it, and Java's encoder for it: with line ends.
        return hmac(key, algorithm, data) + '\r\n';
    };
    if (given.scoped) { var CertificateEncryption = Encryption; } else { var GlideCertificateEncryption = Encryption; }
    var sn_ws = { RESTMessageV2: function () { this.headers = {}; } };
    sn_ws.RESTMessageV2.prototype = {
        setEndpoint: function (url) { this.url = url; },
        setHttpMethod: function (method) { this.method = method; },
        setHttpTimeout: function (milliseconds) { this.timeout = milliseconds; },
        setRequestHeader: function (name, value) { this.headers[name] = value; },
        setRequestBody: function (body) { this.body = body; },
        execute: function () {
            if (given.unreachable) { throw new Error('no route to ' + this.url); }
            var message = this;
            sent.push(message);
            var status = post(JSON.stringify(message));
            return { getStatusCode: function () { return status; } };
        }
    };
    var current = {
        getTableName: function () { return 'sc_req_item'; },
        getUniqueValue: function () { return given.record.sys_id; },
        isValidField: function (name) { return given.record.hasOwnProperty(name); },
        getValue: function (name) { return given.record.hasOwnProperty(name) ? given.record[name] : null; }
    };
    var previous = null;
";

#[derive(Debug, Clone, Deserialize)]
struct Message {
    url: String,
    method: String,
    headers: std::collections::BTreeMap<String, String>,
    body: String,
}

/// What came of a run.
#[derive(Debug, Deserialize)]
struct Run {
    logged: Vec<String>,
    sent: Vec<Message>,
}

/// A service behind a push, on loopback.
struct Service {
    base: String,
    heard: Arc<Mutex<Vec<Result<Hint, PushRefusal>>>>,
}

impl Service {
    async fn start(receiver: PushReceiver) -> Self {
        let heard = Arc::<Mutex<Vec<_>>>::default();
        let list = Arc::clone(&heard);
        let handler = move |request: Request| {
            let (receiver, list) = (receiver.clone(), Arc::clone(&list));
            async move {
                let outcome = receiver.read(request).await;
                list.lock().unwrap().push(outcome.clone());
                match outcome {
                    Ok(_) => PushReceiver::accepted(),
                    Err(refusal) => refusal.response(),
                }
                .map(Body::from)
            }
        };
        let base = serve(Router::new().route("/pushes", any(handler))).await;
        Self { base, heard }
    }

    fn heard(&self) -> Vec<Result<Hint, PushRefusal>> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    base
}

/// What the instance is and has.
fn instance(key: &str) -> Json {
    json!({
        "milliseconds": SystemClock::default().now().timestamp_millis(),
        "properties": { "push_hint.url": "https://receiver.example/pushes", "push_hint.key": key },
        "record": { "sys_id": ID, "number": "RITM0010001", "sys_mod_count": "3" },
    })
}

/// Runs the business rule once; what it sends to `https://receiver.example` goes to `base`.
async fn run(given: &Json, base: &str) -> Run {
    let (given, base, handle) = (given.to_string(), base.to_owned(), Handle::current());
    tokio::task::spawn_blocking(move || {
        let runtime = Runtime::new().unwrap();
        Context::full(&runtime).unwrap().with(|ctx| {
            let post =
                move |message: String| handle.block_on(post(&base, &serde_json::from_str(&message).unwrap()));
            define(&ctx, "hmac", Function::new(ctx.clone(), generate_mac));
            define(&ctx, "post", Function::new(ctx.clone(), post));
            ctx.eval::<(), _>(format!("var given = {given};")).unwrap();
            for script in [STAND_INS, SCRIPT_INCLUDE, BUSINESS_RULE] {
                ctx.eval::<(), _>(script).unwrap();
            }
            let came: String = ctx.eval("JSON.stringify({ logged: logged, sent: sent })").unwrap();
            serde_json::from_str(&came).unwrap()
        })
    })
    .await
    .unwrap()
}

fn define<'js>(ctx: &Ctx<'js>, name: &str, function: rquickjs::Result<Function<'js>>) {
    ctx.globals().set(name, function.unwrap()).unwrap();
}

/// As `GlideCertificateEncryption.generateMac` is documented; an exception for a key that is no base64.
fn generate_mac(key: String, algorithm: String, data: String) -> rquickjs::Result<String> {
    assert_eq!(algorithm, "HmacSHA256");
    let key = STANDARD.decode(key).map_err(|_| rquickjs::Error::Exception)?;
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap().chain_update(data);
    Ok(STANDARD.encode(mac.finalize().into_bytes()))
}

async fn post(base: &str, message: &Message) -> u16 {
    let url = message.url.replace("https://receiver.example", base);
    let mut request = reqwest::Client::new().request(message.method.parse().unwrap(), url);
    for (name, value) in &message.headers {
        request = request.header(name, value);
    }
    request.body(message.body.clone()).send().await.map_or(0, |answer| answer.status().as_u16())
}

fn receiver(key: &str) -> PushReceiver {
    PushReceiver::new(PushKey::new(key.to_owned().into()).unwrap())
}

#[tokio::test]
async fn what_the_script_sends_the_receiver_takes() {
    let service = Service::start(receiver(KEY)).await;
    for scoped in [false, true] {
        let mut given = instance(KEY);
        given["scoped"] = json!(scoped);
        let run = run(&given, &service.base).await;
        assert!(run.logged.is_empty(), "{:?}", run.logged);
        let hint = service.heard().remove(0).unwrap();
        assert_eq!((hint.table.as_str(), hint.sys_id.as_str()), ("sc_req_item", ID));
        assert_eq!((hint.number.as_deref(), hint.sys_mod_count), (Some("RITM0010001"), 3));
    }
}

#[tokio::test]
async fn what_was_changed_or_kept_or_signed_by_another_is_refused() {
    let service = Service::start(receiver(KEY)).await;
    let good = run(&instance(KEY), &service.base).await.sent.remove(0);
    assert!(service.heard().remove(0).is_ok());

    let tampered =
        Message { body: good.body.replace("\"sys_mod_count\":3", "\"sys_mod_count\":4"), ..good.clone() };
    assert_eq!(post(&service.base, &tampered).await, 403);
    assert_eq!(service.heard(), [Err(PushRefusal::Signature)]);

    let mut old = instance(KEY);
    old["milliseconds"] = json!(old["milliseconds"].as_i64().unwrap() - 301_000);
    let told = run(&old, &service.base).await.logged;
    assert_eq!(told, [format!("PushHint: the push about sc_req_item {ID} was answered with status 403")]);
    assert_eq!(service.heard(), [Err(PushRefusal::Time)]);

    let told = run(&instance(OTHER), &service.base).await.logged;
    assert!(told[0].ends_with("403"), "{told:?}");
    assert_eq!(service.heard(), [Err(PushRefusal::Signature)]);

    // While the key is changed, both are good.
    let both =
        Service::start(receiver(KEY).also_accepting(PushKey::new(OTHER.to_owned().into()).unwrap())).await;
    for key in [KEY, OTHER] {
        assert!(run(&instance(key), &both.base).await.logged.is_empty());
    }
}

#[tokio::test]
async fn whatever_goes_wrong_is_logged_and_never_thrown() {
    let cases: [(&str, Json, &str); 6] = [
        ("/unreachable", json!(true), "sending"),
        ("/properties/push_hint.key", json!("not base64!"), "signing"),
        ("/properties/push_hint.key", json!(""), "403"),
        ("/properties/push_hint.url", json!("http://receiver.example/pushes"), "https"),
        ("/record", json!(null), "reading the record"),
        ("/properties/push_hint.url", json!("https://receiver.example/elsewhere?token=t0ken"), "404"),
    ];
    let service = Service::start(receiver(KEY)).await;
    for (pointer, value, told) in cases {
        let mut given = instance(KEY);
        given["unreachable"] = json!(false);
        *given.pointer_mut(pointer).unwrap() = value;
        let logged = run(&given, &service.base).await.logged;
        assert!(logged.len() == 1 && logged[0].contains(told), "{pointer}: {logged:?}");
        for secret in [KEY, "not base64!", "t0ken", "receiver.example"] {
            assert!(!logged[0].contains(secret), "{logged:?}");
        }
    }
    assert!(service.heard().iter().all(Result::is_err));
}

#[tokio::test]
async fn without_an_address_nothing_is_sent() {
    for url in [json!(""), Json::Null] {
        let mut given = instance(KEY);
        given["properties"]["push_hint.url"] = url.clone();
        if url.is_null() {
            given["properties"].as_object_mut().unwrap().remove("push_hint.url");
        }
        let run = run(&given, "http://127.0.0.1:9").await;
        assert!(run.sent.is_empty() && run.logged.is_empty());
    }
}

#[tokio::test]
async fn what_is_signed_and_sent_is_plain_ascii() {
    let mut given = instance(KEY);
    given["record"]["number"] = json!("Nº\u{2028}7😀");
    let sent = run(&given, "http://127.0.0.1:9").await.sent.remove(0);
    assert!(sent.body.is_ascii(), "{}", sent.body);
    let body: Json = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(body["number"], "Nº\u{2028}7😀");
    given["record"].as_object_mut().unwrap().remove("number");
    let sent = run(&given, "http://127.0.0.1:9").await.sent.remove(0);
    assert_eq!(serde_json::from_str::<Json>(&sent.body).unwrap()["number"], "");
}

/// Instances run scripts in ECMAScript 5 unless told otherwise; the engine here would take more.
#[test]
fn the_scripts_are_ecmascript_5() {
    for script in [SCRIPT_INCLUDE, BUSINESS_RULE] {
        for newer in ["let ", "const ", "=>", "`", "class ", "...", "async ", "for (var x of"] {
            let code = script.lines().filter(|line| !line.trim_start().starts_with(['*', '/']));
            let mut code = code.map(|line| line.split("/*").next().unwrap_or_default());
            assert!(!code.any(|line| line.contains(newer)), "{newer}");
        }
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn the_receiver_mounts_itself() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let (queue, mut hints) = tokio::sync::mpsc::unbounded_channel();
    let full = Arc::new(AtomicBool::new(false));
    let is_full = Arc::clone(&full);
    let keep = move |hint: Hint| {
        let (queue, full) = (queue.clone(), is_full.load(Ordering::SeqCst));
        async move {
            if full {
                Err("the queue is full".to_owned())
            } else {
                queue.send(hint).map_err(|e| e.to_string())
            }
        }
    };
    let base = serve(Router::new().route("/pushes", receiver(KEY).into_route(keep))).await;
    assert!(run(&instance(KEY), &base).await.logged.is_empty());
    assert_eq!(hints.try_recv().unwrap().sys_id.as_str(), ID);
    full.store(true, Ordering::SeqCst);
    for (key, status) in [(KEY, "503"), (OTHER, "403")] {
        let logged = run(&instance(key), &base).await.logged;
        assert!(logged[0].ends_with(status), "{logged:?}");
    }
    assert!(hints.try_recv().is_err());
}
