//! Event hooks from registration to arrival, over real HTTP both ways: the client registers, the sandbox calls, and
//! the receiver stands behind a real server.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::any;
use okta_client::OktaClient;
use okta_client::hooks::{
    EventHook, EventHookId, HookDelivery, HookReceived, HookReceiver, HookSecret, HookStatus,
    HookVerification, NewEventHook,
};
use okta_client::users::User;
use sandbox::{Limits, Sandbox};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use support::frozen::client;

const SECRET: &str = "q1w2e3r4t5y6u7i8o9p0";

fn secret(value: &str) -> HookSecret {
    HookSecret::new("X-Hook-Secret", value.into()).unwrap()
}

/// What a service says that does not answer.
const SILENCE: u16 = 0;

/// A service behind a hook, on loopback.
struct Service {
    uri: String,
    arrived: UnboundedReceiver<HookDelivery>,
    /// What it says to deliveries.
    status: Arc<AtomicU16>,
    /// How many requests came, of any kind.
    calls: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Service {
    async fn with(receiver: HookReceiver) -> Self {
        let (queue, arrived) = unbounded_channel();
        let (status, calls) = (Arc::new(AtomicU16::new(204)), Arc::<AtomicUsize>::default());
        let (says, counts) = (Arc::clone(&status), Arc::clone(&calls));
        let handler = move |request: Request| {
            let (receiver, queue) = (receiver.clone(), queue.clone());
            let (says, counts) = (Arc::clone(&says), Arc::clone(&counts));
            async move {
                counts.fetch_add(1, Ordering::SeqCst);
                let answer = match receiver.read(request).await {
                    HookReceived::Challenge(answer) => answer,
                    HookReceived::Refused(refusal) => refusal.response(),
                    HookReceived::Delivery(delivery) => {
                        queue.send(delivery).unwrap();
                        if says.load(Ordering::SeqCst) == SILENCE {
                            std::future::pending::<()>().await;
                        }
                        let mut answer = HookReceiver::accepted();
                        *answer.status_mut() = says.load(Ordering::SeqCst).try_into().unwrap();
                        answer
                    }
                };
                answer.map(Body::from)
            }
        };
        let (uri, server) = serve(Router::new().route("/okta/events", any(handler))).await;
        Self { uri, arrived, status, calls, server }
    }

    async fn start() -> Self {
        Self::with(HookReceiver::new(&secret(SECRET))).await
    }

    fn says(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    fn calls(&self) -> usize {
        self.calls.swap(0, Ordering::SeqCst)
    }

    /// All that has arrived by now.
    fn deliveries(&mut self) -> Vec<HookDelivery> {
        std::iter::from_fn(|| self.arrived.try_recv().ok()).collect()
    }
}

async fn serve(app: Router) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/okta/events", listener.local_addr().unwrap());
    (uri, tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }))
}

async fn acme() -> (Sandbox, OktaClient) {
    impatient(3000).await
}

/// An org that waits only so long for its hooks' services.
async fn impatient(millis: u64) -> (Sandbox, OktaClient) {
    let builder = Sandbox::builder().people(10).limits(Limits::Unlimited).frozen_clock();
    let sandbox = builder.hook_timeout(Duration::from_millis(millis)).start().await.unwrap();
    let okta = client(&sandbox);
    (sandbox, okta)
}

fn feed(uri: &str) -> NewEventHook {
    NewEventHook::new("feed", uri, secret(SECRET))
        .events(["user.lifecycle.suspend", "user.lifecycle.unsuspend"])
        .header("X-Env", "test")
}

async fn verified(okta: &OktaClient, uri: &str) -> EventHook {
    let hooks = okta.event_hooks();
    let made = hooks.create(&feed(uri)).await.unwrap();
    hooks.verify(&made.id).await.unwrap()
}

/// Somebody who is neither the first (the token is theirs) nor anybody else's.
async fn somebody(okta: &OktaClient) -> User {
    okta.users().list().send().collect_all().await.unwrap().pop().unwrap()
}

async fn suspend_and_back(okta: &OktaClient, user: &User) {
    okta.users().suspend(&user.id).await.unwrap();
    okta.users().unsuspend(&user.id).await.unwrap();
}

fn logged(sandbox: &Sandbox, kind: &str) -> Vec<Value> {
    let state = sandbox.state();
    let logs = state["okta"]["logs"].as_array().unwrap();
    logs.iter().filter(|event| event["eventType"] == kind).cloned().collect()
}

#[tokio::test]
async fn what_happens_arrives_once_the_hook_is_verified() {
    let (sandbox, okta) = acme().await;
    let mut service = Service::start().await;
    let ann = somebody(&okta).await;

    let made = okta.event_hooks().create(&feed(&service.uri)).await.unwrap();
    assert_eq!(
        (&made.status, &made.verification_status),
        (&HookStatus::Active, &HookVerification::Unverified)
    );
    assert_eq!(made.channel.config.uri, service.uri);
    suspend_and_back(&okta, &ann).await;
    assert!(sandbox.deliver_hooks().await.is_empty());
    assert_eq!(service.calls(), 0);

    let hook = okta.event_hooks().verify(&made.id).await.unwrap();
    assert_eq!((service.calls(), &hook.verification_status), (1, &HookVerification::Verified));
    assert_eq!(okta.event_hooks().get(&hook.id).await.unwrap(), hook);
    let all = okta.event_hooks().list().collect_all().await.unwrap();
    assert_eq!(all, std::slice::from_ref(&hook));

    // What happened before is not told; what happens now is, in one request, and only what was asked for.
    suspend_and_back(&okta, &ann).await;
    okta.users().deactivate(&ann.id).await.unwrap();
    let sent = sandbox.deliver_hooks().await;
    assert_eq!((sent.len(), sent[0].events, &sent[0].attempts[..]), (1, 2, &[Some(204)][..]));
    let deliveries = service.deliveries();
    let [delivery] = &deliveries[..] else { panic!("{deliveries:?}") };
    assert_eq!(delivery.hook_id().as_ref(), Some(&hook.id));
    assert_eq!(
        delivery.source.as_ref().unwrap(),
        &format!("{}/api/v1/eventHooks/{}", sandbox.okta_url(), hook.id)
    );
    assert!(delivery.event_id.is_some() && delivery.event_time == Some(sandbox.clock().now()));
    let types: Vec<_> = delivery.events.iter().map(|event| event.event_type().unwrap().to_owned()).collect();
    assert_eq!(types, ["user.lifecycle.suspend", "user.lifecycle.unsuspend"]);
    // The same events that the log has, by their uuids.
    for (event, kind) in delivery.events.iter().zip(&types) {
        assert_eq!(event.uuid(), logged(&sandbox, kind)[1]["uuid"].as_str());
        assert!(event.targets().any(|target| target.id() == Some(ann.id.as_str())));
    }
    assert!(sandbox.deliver_hooks().await.is_empty());
    let names: Vec<_> =
        ["event_hook.created", "event_hook.verified"].map(|kind| logged(&sandbox, kind).len()).into();
    assert_eq!(names, [1, 1]);
}

#[tokio::test]
async fn a_service_that_does_not_know_the_secret_is_not_verified() {
    let (sandbox, okta) = acme().await;
    let service = Service::with(HookReceiver::new(&secret("another"))).await;
    let made = okta.event_hooks().create(&feed(&service.uri)).await.unwrap();
    let error = okta.event_hooks().verify(&made.id).await.unwrap_err();
    let problem = error.problem().unwrap();
    assert_eq!((problem.status, problem.causes.len()), (400, 1), "{problem}");
    assert!(problem.causes[0].contains("403"), "{problem}");
    // Okta asks twice before it gives up.
    assert_eq!(service.calls(), 2);
    let read = okta.event_hooks().get(&made.id).await.unwrap();
    assert_eq!(read.verification_status, HookVerification::Unverified);
    let seen = sandbox.requests();
    let verify = seen.iter().find(|request| request.path.ends_with("/verify")).unwrap();
    assert_eq!(verify.status, 400);
}

#[tokio::test]
async fn nobody_there_or_somebody_silent_is_not_verified_either() {
    let (_sandbox, okta) = impatient(100).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for uri in [
        format!("http://{}/", silent.local_addr().unwrap()),
        "http://127.0.0.1:1/".into(),
        "https://hooks.example.com/okta".into(),
    ] {
        let made = okta.event_hooks().create(&feed(&uri)).await.unwrap();
        let error = okta.event_hooks().verify(&made.id).await.unwrap_err();
        assert_eq!(error.problem().unwrap().status, 400, "{uri}");
    }
}

#[tokio::test]
async fn what_could_not_be_kept_is_sent_once_more_and_then_lost() {
    let (sandbox, okta) = acme().await;
    let mut service = Service::start().await;
    let hook = verified(&okta, &service.uri).await;
    let ann = somebody(&okta).await;
    for (status, attempts) in [(503, 2), (500, 2), (400, 1), (302, 1), (204, 1), (200, 1)] {
        service.says(status);
        let before = logged(&sandbox, "event_hook.delivery").len();
        suspend_and_back(&okta, &ann).await;
        let sent = sandbox.deliver_hooks().await;
        assert_eq!(sent[0].attempts, vec![Some(status); attempts], "{status}");
        let arrived = service.deliveries();
        assert_eq!(arrived.len(), attempts);
        // The one that is sent again is the same, and tells so.
        assert!(arrived.iter().all(|delivery| *delivery == arrived[0]));
        assert!(sandbox.deliver_hooks().await.is_empty());

        let failures = logged(&sandbox, "event_hook.delivery");
        let lost = usize::from(status >= 300);
        assert_eq!(failures.len() - before, lost, "{status}");
        if lost == 1 {
            let failure = failures.last().unwrap();
            assert_eq!(failure["outcome"]["result"], "FAILURE");
            assert_eq!(failure["target"][0]["id"], hook.id.as_str());
        }
    }
}

#[tokio::test]
async fn a_service_that_stays_silent_is_asked_twice() {
    let (sandbox, okta) = impatient(500).await;
    let mut service = Service::start().await;
    verified(&okta, &service.uri).await;
    let ann = somebody(&okta).await;
    service.says(SILENCE);
    suspend_and_back(&okta, &ann).await;
    let sent = sandbox.deliver_hooks().await;
    assert_eq!(sent[0].attempts, [None, None]);
    assert_eq!(service.deliveries().len(), 2);
    assert_eq!(logged(&sandbox, "event_hook.delivery").len(), 1);
}

#[tokio::test]
async fn a_hook_that_is_off_never_hears_what_happened_meanwhile() {
    let (sandbox, okta) = acme().await;
    let mut service = Service::start().await;
    let hook = verified(&okta, &service.uri).await;
    let ann = somebody(&okta).await;
    let hooks = okta.event_hooks();

    let error = hooks.delete(&hook.id).await.unwrap_err();
    assert!(error.is_forbidden(), "{error}");
    let off = hooks.deactivate(&hook.id).await.unwrap();
    assert_eq!((&off.status, &off.verification_status), (&HookStatus::Inactive, &HookVerification::Verified));
    suspend_and_back(&okta, &ann).await;
    assert!(sandbox.deliver_hooks().await.is_empty());
    assert_eq!(hooks.activate(&hook.id).await.unwrap().status, HookStatus::Active);
    assert!(sandbox.deliver_hooks().await.is_empty());
    suspend_and_back(&okta, &ann).await;
    assert_eq!(sandbox.deliver_hooks().await[0].events, 2);
    assert_eq!(service.deliveries().len(), 1);

    hooks.deactivate(&hook.id).await.unwrap();
    hooks.delete(&hook.id).await.unwrap();
    assert!(hooks.get(&hook.id).await.unwrap_err().is_not_found());
    assert!(hooks.delete(&hook.id).await.unwrap_err().is_not_found());
    assert!(hooks.list().collect_all().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_secret_is_changed_without_losing_an_event() {
    let (sandbox, okta) = acme().await;
    let both = HookReceiver::new(&secret(SECRET)).also_accepting(&secret("n3w"));
    let mut service = Service::with(both).await;
    let hook = verified(&okta, &service.uri).await;
    let ann = somebody(&okta).await;
    suspend_and_back(&okta, &ann).await;
    assert!(sandbox.deliver_hooks().await[0].arrived());

    let replaced = okta.event_hooks().replace(&hook, &secret("n3w")).await.unwrap();
    assert_eq!(replaced.verification_status, HookVerification::Unverified);
    assert_eq!(replaced.channel, hook.channel);
    okta.event_hooks().verify(&hook.id).await.unwrap();
    suspend_and_back(&okta, &ann).await;
    assert!(sandbox.deliver_hooks().await[0].arrived());
    assert_eq!(service.deliveries().len(), 2);

    // The same again changes nothing, so it stays verified; other events are no other channel.
    let mut more = okta.event_hooks().replace(&hook, &secret("n3w")).await.unwrap();
    assert_eq!(more.verification_status, HookVerification::Verified);
    more.events.items = vec!["user.lifecycle.deactivate".into()];
    more.description = Some("leavers".into());
    let more = okta.event_hooks().replace(&more, &secret("n3w")).await.unwrap();
    assert_eq!(more.verification_status, HookVerification::Verified);
    assert_eq!(
        (more.description.as_deref(), &more.events.items[0][..]),
        (Some("leavers"), "user.lifecycle.deactivate")
    );
    okta.users().deactivate(&ann.id).await.unwrap();
    assert!(sandbox.deliver_hooks().await[0].arrived());
}

#[tokio::test]
async fn what_okta_does_not_take_is_refused() {
    let (_sandbox, okta) = acme().await;
    let hooks = okta.event_hooks();
    let with = |uri: &str, types: &[&str]| {
        NewEventHook::new("feed", uri, secret(SECRET)).events(types.iter().copied())
    };
    let https = "https://hooks.example.com/okta";
    let many: Vec<String> = (0..301).map(|n| format!("user.made.up{n}")).collect();
    for new in [
        with(https, &[]),
        with(https, &["policy.evaluate_sign_on"]),
        with(https, &["user.account.lock", "event_hook.delivery"]),
        with("http://hooks.example.com/okta", &["user.account.lock"]),
        with("nonsense", &["user.account.lock"]),
        NewEventHook::new(" ", https, secret(SECRET)).events(["user.account.lock"]),
        NewEventHook::new("feed", https, secret(SECRET)).events(many),
    ] {
        let error = hooks.create(&new).await.unwrap_err();
        let problem = error.problem().unwrap();
        assert!(problem.status == 400 && problem.is_code("E0000001"), "{new:?}: {problem}");
        assert_eq!(problem.causes.len(), 1);
    }
    for _ in 0..25 {
        hooks.create(&with(https, &["user.account.lock"])).await.unwrap();
    }
    let error = hooks.create(&with(https, &["user.account.lock"])).await.unwrap_err();
    assert_eq!(error.problem().unwrap().status, 400);
    // What the sandbox does not know it does not pretend to.
    let filtered = with(https, &["user.account.lock"]).filter("user.account.lock", "true");
    assert_eq!(hooks.create(&filtered).await.unwrap_err().problem().unwrap().status, 501);
    let nobody: EventHookId = "who0".parse().unwrap();
    let error = hooks.activate(&nobody).await.unwrap_err();
    assert_eq!(
        error.problem().unwrap().summary.as_deref(),
        Some("Not found: Resource not found: who0 (Webhook)")
    );
}

#[tokio::test]
async fn nothing_that_anybody_can_look_at_has_the_secret_in_it() {
    let (sandbox, okta) = acme().await;
    let service = Service::start().await;
    let hook = verified(&okta, &service.uri).await;
    let ann = somebody(&okta).await;
    suspend_and_back(&okta, &ann).await;
    let sent = sandbox.deliver_hooks().await;
    let state = sandbox.state();
    assert_eq!(state["okta"]["eventHooks"][0]["id"], hook.id.as_str());
    let scheme = &state["okta"]["eventHooks"][0]["channel"]["config"]["authScheme"];
    assert_eq!(*scheme, json!({ "type": "HEADER", "key": "x-hook-secret" }));
    let shown = format!("{state} {:?} {sandbox:?} {hook:?} {sent:?}", sandbox.requests());
    assert!(shown.contains("x-hook-secret") && !shown.contains(SECRET));
}

#[tokio::test]
async fn hooks_deliver_by_themselves_if_they_are_to() {
    let sandbox = Sandbox::builder().people(10).automatic_hooks().start().await.unwrap();
    let okta = client(&sandbox);
    let mut service = Service::start().await;
    verified(&okta, &service.uri).await;
    let ann = somebody(&okta).await;
    okta.users().suspend(&ann.id).await.unwrap();
    let delivery = service.arrived.recv().await.unwrap();
    assert_eq!(delivery.events[0].event_type(), Some("user.lifecycle.suspend"));
    sandbox.add_log_events([json!({ "eventType": "user.lifecycle.unsuspend", "uuid": "made-up" })]).unwrap();
    let delivery = service.arrived.recv().await.unwrap();
    assert_eq!(delivery.events[0].uuid(), Some("made-up"));
}

#[cfg(feature = "axum")]
mod route {
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// A queue that is full until it is not.
    #[tokio::test]
    async fn the_route_answers_only_what_was_kept() {
        let (sandbox, okta) = acme().await;
        let (queue, mut kept) = unbounded_channel();
        let full = Arc::new(AtomicBool::new(true));
        let fills = Arc::clone(&full);
        let keep = move |delivery: HookDelivery| {
            let (queue, full) = (queue.clone(), fills.swap(false, Ordering::SeqCst));
            async move {
                if full {
                    return Err("the queue is full");
                }
                queue.send(delivery).map_err(|_| "nobody works")
            }
        };
        let route = HookReceiver::new(&secret(SECRET)).body_cap(64 * 1024).into_route(keep);
        let (uri, server) = serve(Router::new().route("/okta/events", route)).await;

        verified(&okta, &uri).await;
        let ann = somebody(&okta).await;
        suspend_and_back(&okta, &ann).await;
        assert_eq!(sandbox.deliver_hooks().await[0].attempts, [Some(503), Some(204)]);
        let HookDelivery { events, .. } = kept.recv().await.unwrap();
        assert_eq!(events.len(), 2);

        let plain = said_to(&uri, "POST", "x-hook-secret: wrong\r\n").await;
        assert!(plain.starts_with("HTTP/1.1 403 "), "{plain}");
        let plain = said_to(&uri, "DELETE", &format!("x-hook-secret: {SECRET}\r\n")).await;
        assert!(plain.starts_with("HTTP/1.1 405 ") && plain.contains("allow: GET, POST"), "{plain}");
        let large =
            format!("x-hook-secret: {SECRET}\r\ncontent-type: application/json\r\ncontent-length: 70000\r\n");
        let plain = said_to(&uri, "POST", &large).await;
        assert!(plain.starts_with("HTTP/1.1 413 "), "{plain}");
        assert!(kept.try_recv().is_err());
        server.abort();
    }

    /// The head of the answer to a request without a body.
    async fn said_to(uri: &str, method: &str, headers: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let address = uri.trim_start_matches("http://").split('/').next().unwrap();
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!(
            "{method} /okta/events HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}
