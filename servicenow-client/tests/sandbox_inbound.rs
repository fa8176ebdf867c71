//! Pushes from beginning to end: an item is approved, the instance tells, the record is read.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::any;
use chrono::{DateTime, Utc};
use sandbox::{OnboardingRequest, Sandbox};
use serde_json::json;
use servicenow_client::inbound::{Hint, PushKey, PushReceiver, PushRefusal, RecentHints};
use servicenow_client::tables::{Approval, ScReqItem};
use servicenow_client::{Clock, RawRecord, ServiceNowClient};
use tokio::net::TcpListener;

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const NEW_KEY: &str = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

/// The sandbox's time, as much as a receiver wants to know of it.
#[derive(Debug)]
struct Theirs(sandbox::Clock);

#[async_trait]
impl Clock for Theirs {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, _: Duration) {}
}

struct Story {
    sandbox: Sandbox,
    servicenow: ServiceNowClient,
    heard: Arc<Mutex<Vec<Result<Hint, PushRefusal>>>>,
    url: String,
}

impl Story {
    /// An instance that pushes to a receiver with these keys, the first of which the instance has.
    async fn begin(keys: &[&str]) -> Self {
        let sandbox = Sandbox::builder().people(5).frozen_clock().start().await.unwrap();
        let servicenow = ServiceNowClient::builder(sandbox.servicenow_url())
            .basic(sandbox.servicenow_username(), sandbox.servicenow_password().to_owned().into())
            .build()
            .unwrap();
        let mut keys = keys.iter().map(|key| PushKey::new((*key).to_owned().into()).unwrap());
        let receiver = PushReceiver::new(keys.next().unwrap()).clock(Arc::new(Theirs(sandbox.clock())));
        let receiver = keys.fold(receiver, PushReceiver::also_accepting);
        let heard = Arc::<Mutex<Vec<_>>>::default();
        let url = serve(receiver, Arc::clone(&heard)).await;
        sandbox.push_to(&url, KEY).unwrap();
        Self { sandbox, servicenow, heard, url }
    }

    /// An item that was asked for, approved or not.
    fn item(&self, approval: &str) -> String {
        let item = self.sandbox.add_onboarding_request(&OnboardingRequest::default()).item_sys_id;
        self.set_approval(&item, approval);
        item
    }

    fn set_approval(&self, item: &str, approval: &str) {
        self.sandbox.edit_record("sc_req_item", item, &json!({ "approval": approval })).unwrap();
    }

    async fn deliver(&self) -> Vec<Option<u16>> {
        self.sandbox.deliver_pushes().await.into_iter().map(|delivery| delivery.status).collect()
    }

    fn heard(&self) -> Vec<Result<Hint, PushRefusal>> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

async fn serve(receiver: PushReceiver, heard: Arc<Mutex<Vec<Result<Hint, PushRefusal>>>>) -> String {
    let handler = move |request: Request| {
        let (receiver, heard) = (receiver.clone(), Arc::clone(&heard));
        async move {
            let outcome = receiver.read(request).await;
            heard.lock().unwrap().push(outcome.clone());
            outcome.map_or_else(PushRefusal::response, |_| PushReceiver::accepted()).map(Body::from)
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/pushes", listener.local_addr().unwrap());
    let app = Router::new().route("/pushes", any(handler));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

#[tokio::test]
async fn an_approval_is_told_and_the_record_read() {
    let story = Story::begin(&[KEY]).await;
    let item = story.item("requested");
    story.deliver().await;
    story.heard();

    story.set_approval(&item, "approved");
    assert_eq!(story.deliver().await, [Some(204)]);
    assert!(story.deliver().await.is_empty(), "once");
    let hint = story.heard().remove(0).unwrap();
    let record: ScReqItem = hint.read(&story.servicenow).await.unwrap();
    assert_eq!((record.sys_id.as_str(), record.number.as_str()), (item.as_str(), hint.number.as_deref()));
    assert_eq!(record.approval.get(), Some(&Approval::Approved));

    // What was said when it was pushed is not what counts.
    story.set_approval(&item, "rejected");
    let record: ScReqItem = hint.read(&story.servicenow).await.unwrap();
    assert_eq!(record.approval.get(), Some(&Approval::Rejected));
    let newer: RawRecord = hint.read(&story.servicenow).await.unwrap();
    assert!(
        newer.field::<i64>("sys_mod_count").unwrap().into_option().unwrap()
            > i64::try_from(hint.sys_mod_count).unwrap()
    );
}

#[tokio::test]
async fn each_approval_is_new_and_each_double_is_not() {
    let story = Story::begin(&[KEY]).await;
    let item = story.item("approved");
    story.set_approval(&item, "requested");
    story.set_approval(&item, "approved");
    story.deliver().await;
    let mut hints: Vec<Hint> = story.heard().into_iter().map(Result::unwrap).collect();
    hints.extend(hints.clone());
    hints.reverse();
    let mut recent = RecentHints::new(100);
    let counts: Vec<u64> =
        hints.iter().filter(|hint| recent.is_new(hint)).map(|hint| hint.sys_mod_count).collect();
    assert_eq!(counts.len(), hints.len() / 2);
    assert!(counts.is_sorted_by(|a, b| a > b), "{counts:?}");
}

#[tokio::test]
async fn the_key_is_changed_without_a_push_lost() {
    let story = Story::begin(&[KEY]).await;
    let both = Story::begin(&[NEW_KEY, KEY]).await;
    story.item("approved");
    assert!(story.deliver().await.iter().all(|status| *status == Some(204)));
    // The receiver that knows both keys takes over, then the instance gets the new one.
    story.sandbox.push_to(&both.url, KEY).unwrap();
    story.item("approved");
    assert!(story.deliver().await.iter().all(|status| *status == Some(204)));
    story.sandbox.push_to(&both.url, NEW_KEY).unwrap();
    story.item("approved");
    assert!(story.deliver().await.iter().all(|status| *status == Some(204)));
    // The old receiver does not know it.
    story.sandbox.push_to(&story.url, NEW_KEY).unwrap();
    story.heard();
    story.item("approved");
    assert!(story.deliver().await.iter().all(|status| *status == Some(403)));
    assert!(story.heard().iter().all(|heard| *heard == Err(PushRefusal::Signature)));
}

#[tokio::test]
async fn clocks_that_are_far_apart_are_noticed() {
    let story = Story::begin(&[KEY]).await;
    let apart = Story::begin(&[KEY]).await;
    apart.sandbox.clock().advance(Duration::from_secs(301));
    story.sandbox.push_to(&apart.url, KEY).unwrap();
    story.item("approved");
    assert!(story.deliver().await.iter().all(|status| *status == Some(403)));
    assert!(apart.heard().iter().all(|heard| *heard == Err(PushRefusal::Time)));
}

#[tokio::test]
async fn a_record_that_was_deleted_since_is_not_found() {
    let story = Story::begin(&[KEY]).await;
    let item = story.item("approved").parse().unwrap();
    story.deliver().await;
    let hint = story.heard().remove(0).unwrap();
    story.servicenow.table::<ScReqItem>().delete(&item).await.unwrap();
    assert!(hint.read::<ScReqItem>(&story.servicenow).await.unwrap_err().is_not_found());
}
