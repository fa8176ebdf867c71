//! Thousands of calls inside hourly rules and few threads: how long they take, how many are refused, and in how many
//! sessions.
//!
//! The HTTP is real and the time is not: see [`time`]. What happened is read from the sandbox's log of requests and of
//! sessions, and what the rules allow is computed from their limits alone.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../../../client-core/tests/support/time.rs"]
mod time;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use client_core::{Transport, TransportError};
use futures::future::join_all;
use sandbox::{Capacity, Effect, Fault, Habits, RateRule, Sandbox};
use serde_json::json;
use servicenow_client::{Call, Clock, PacerConfig, Path, Request, RetryPolicy, Safety, ServiceNowClient};

use time::{Network, VirtualTime};

const LIMIT: u32 = 400;

struct World {
    sandbox: Sandbox,
    time: Arc<VirtualTime>,
    work: Duration,
}

impl World {
    async fn new(habits: Habits) -> Self {
        let work = Duration::from_millis(habits.capacity.work_millis.into());
        let builder = Sandbox::builder().people(1).new_hires(0).frozen_clock().habits(habits);
        let sandbox = builder.start().await.unwrap();
        Self { time: VirtualTime::new(sandbox.clock()), sandbox, work }
    }

    fn network(&self, seed: u64) -> Arc<Busy> {
        Arc::new(Busy {
            network: Network::new(self.time.clone(), seed),
            time: self.time.clone(),
            work: self.work,
        })
    }

    /// A client that shares nothing with any other but the instance and the clock on the wall, and waits for an hour
    /// if it has to.
    fn client(&self, seed: u64, pacer: PacerConfig) -> ServiceNowClient {
        let patient = RetryPolicy { rate_limit_wait: Duration::from_secs(3600), ..RetryPolicy::default() };
        ServiceNowClient::builder(self.sandbox.servicenow_url())
            .basic(self.sandbox.servicenow_username(), self.sandbox.servicenow_password().to_owned().into())
            .transport(self.network(seed))
            .clock(self.time.clone())
            .retry(patient)
            .pacer(pacer)
            .build()
            .unwrap()
    }

    /// Makes so many calls at once, shared out among `clients`, each of which has to succeed. How long that took.
    async fn calls(&self, clients: &[ServiceNowClient], calls: usize) -> Duration {
        let before = self.sandbox.clock().now();
        let calls = (0..calls).map(|number| {
            let servicenow = clients[number % clients.len()].clone();
            tokio::spawn(async move { servicenow.send(&list()).await })
        });
        let ends = self.time.passes_during(join_all(calls)).await;
        for end in ends {
            end.unwrap().unwrap();
        }
        (self.sandbox.clock().now() - before).to_std().unwrap()
    }

    /// How often each status was answered.
    fn statuses(&self) -> BTreeMap<u16, usize> {
        let mut statuses = BTreeMap::new();
        for request in self.sandbox.requests() {
            *statuses.entry(request.status).or_default() += 1;
        }
        statuses
    }
}

/// A network whose answers come as late as the instance says that they would: after its waits, and its work.
#[derive(Debug)]
struct Busy {
    network: Arc<Network>,
    time: Arc<VirtualTime>,
    work: Duration,
}

#[async_trait]
impl Transport for Busy {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let answer = self.network.send(request).await?;
        if answer.status().is_success() && answer.status() != 202 {
            let timing = answer.headers()["server-timing"].to_str().unwrap();
            let waits = timing.split("_wait;dur=").skip(1);
            let waits: u64 = waits.map(|wait| wait.split(',').next().unwrap().parse::<u64>().unwrap()).sum();
            self.time.sleep(Duration::from_millis(waits) + self.work).await;
        }
        Ok(answer)
    }
}

fn list() -> Call<()> {
    let request = Request::get(Path::new("/api/now/table").value("incident")).query("sysparm_limit", 1);
    // Only the status counts here.
    Call::done("test.incidents", Safety::Read, request).with_decode(|_| Ok(()))
}

fn rule() -> Habits {
    let path = "/api/now/table/incident".to_owned();
    Habits { rate_rules: vec![RateRule { limit: LIMIT, path, ..RateRule::default() }], ..Habits::default() }
}

fn hours(time: Duration) -> f64 {
    time.as_secs_f64() / 3600.0
}

/// Three hours' worth of calls, and a little more: the rule needs three hours at least.
#[tokio::test]
async fn calls_take_what_the_rule_allows_and_none_is_refused() {
    let world = World::new(rule()).await;
    let calls = 3 * LIMIT as usize + 50;
    let took = hours(world.calls(&[world.client(1, PacerConfig::default())], calls).await);
    println!("{took:.3} hours, of which the rule needs 3; {:?}", world.statuses());
    assert_eq!(world.statuses(), BTreeMap::from([(200, calls)]));
    assert!((3.0..3.09).contains(&took), "{took:.3} hours");
}

#[tokio::test]
async fn half_a_share_is_half_of_each_hour() {
    let world = World::new(rule()).await;
    let client = world.client(2, PacerConfig { share: 0.5, ..PacerConfig::default() });
    let calls = LIMIT as usize + 20;
    let took = hours(world.calls(&[client], calls).await);
    assert_eq!(world.statuses(), BTreeMap::from([(200, calls)]));
    let mut by_hour: BTreeMap<i64, u32> = BTreeMap::new();
    for request in world.sandbox.requests() {
        *by_hour.entry(request.at.timestamp() / 3600).or_default() += 1;
    }
    println!("{took:.3} hours, of which the share needs 2; {by_hour:?}");
    assert!((2.0..2.06).contains(&took), "{took:.3} hours");
    assert!(by_hour.values().all(|calls| *calls <= LIMIT / 2), "{by_hour:?}");
}

/// Neither knows of the other, and the nodes of each other only every half minute.
#[tokio::test]
async fn two_clients_on_one_rule_are_refused_now_and_then_and_lose_nothing() {
    let capacity = Capacity { nodes: 2, ..Capacity::default() };
    let world = World::new(Habits { capacity, ..rule() }).await;
    let clients = [3, 4].map(|seed| world.client(seed, PacerConfig::default()));
    let calls = 2 * LIMIT as usize + 100;
    let took = hours(world.calls(&clients, calls).await);
    let statuses = world.statuses();
    println!("{took:.3} hours, of which the rule needs 2; {statuses:?}");
    assert_eq!(statuses[&200], calls);
    assert!((1..=calls / 20).contains(&statuses[&429]), "{statuses:?}");
    assert!(took < 2.1, "{took:.3} hours");
}

/// Four threads, which a call occupies for 0.3 s, and few places to wait.
fn four_threads() -> Habits {
    let capacity = Capacity { threads: 4, queue: 4, work_millis: 300, ..Capacity::default() };
    Habits { capacity, ..Habits::default() }
}

#[tokio::test]
async fn what_is_in_flight_settles_at_what_the_threads_can_do() {
    const CALLS: usize = 600;
    // Seconds: 0.3 for each call, on four threads.
    let floor = 45.0;
    let world = World::new(four_threads()).await;
    let client = world.client(5, PacerConfig { concurrency: 16, ..PacerConfig::default() });
    let took = world.calls(std::slice::from_ref(&client), CALLS).await.as_secs_f64();
    let ours = world.statuses();
    println!("{took:.1} s, of which the threads need {floor:.1}; {ours:?}; {:?}", client.concurrency());

    let fixed = World::new(four_threads()).await;
    let fixed_took = fixed.sixteen_at_once(CALLS).await.as_secs_f64();
    let theirs = fixed.statuses();
    println!("sixteen at once: {fixed_took:.1} s; {theirs:?}");

    let refused = |statuses: &BTreeMap<u16, usize>| statuses.get(&429).copied().unwrap_or_default();
    assert_eq!(ours[&200], CALLS);
    assert!(refused(&ours) <= CALLS / 50, "{ours:?}");
    assert!(refused(&theirs) >= 10 * refused(&ours).max(1), "{theirs:?}");
    assert!(took < 1.3 * floor, "{took:.1} s");
}

impl World {
    /// What a client does that heeds nothing but a 429.
    async fn sixteen_at_once(&self, calls: usize) -> Duration {
        let before = self.sandbox.clock().now();
        let url = format!("{}/api/now/table/incident?sysparm_limit=1", self.sandbox.servicenow_url());
        let credentials = {
            use base64::Engine as _;
            let (user, password) = (self.sandbox.servicenow_username(), self.sandbox.servicenow_password());
            base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
        };
        let worker = |seed: u64| {
            let (network, time, url) = (self.network(seed), self.time.clone(), url.clone());
            let authorization = format!("Basic {credentials}");
            tokio::spawn(async move {
                let mut left = calls / 16;
                while left > 0 {
                    let request = http::Request::get(&url).header("authorization", &authorization);
                    let request = request.header("accept", "application/json").body(Bytes::new()).unwrap();
                    match network.send(request).await.unwrap().status().as_u16() {
                        200 => left -= 1,
                        _ => time.sleep(Duration::from_secs(1)).await,
                    }
                }
            })
        };
        self.time.passes_during(join_all((0..16).map(worker))).await;
        (self.sandbox.clock().now() - before).to_std().unwrap()
    }
}

#[tokio::test]
async fn sessions_are_few_and_none_has_two_requests_at_once() {
    let capacity = Capacity { nodes: 2, threads: 16, work_millis: 200, ..Capacity::default() };
    let world = World::new(Habits { capacity, ..Habits::default() }).await;
    let client = world.client(6, PacerConfig { concurrency: 16, ..PacerConfig::default() });
    world.calls(std::slice::from_ref(&client), 500).await;
    let sessions = world.sandbox.servicenow_sessions();
    println!("{} sessions for 500 calls; {:?}", sessions.len(), client.concurrency());
    assert!((4..=16).contains(&sessions.len()), "{} sessions", sessions.len());
    assert!(sessions.iter().all(|session| session.most_at_once == 1), "{sessions:?}");
    assert_eq!(sessions.iter().map(|session| session.requests).sum::<usize>(), 500);
}

#[tokio::test]
async fn what_a_session_dropped_is_done_in_another_and_once() {
    let world = World::new(Habits::default()).await;
    let client = world.client(7, PacerConfig::default());
    world.calls(std::slice::from_ref(&client), 1).await;
    world.sandbox.add_fault(Fault::servicenow("POST", "/api/now/table/incident", Effect::Status(202)));
    let incident = client.records("incident").unwrap();
    let fields = json!({"short_description": "Badge lost"});
    let created = world.time.passes_during(async { incident.create(&fields).await }).await;
    created.unwrap();
    let posts: Vec<_> =
        world.sandbox.requests().iter().filter(|r| r.method == "POST").map(|r| r.status).collect();
    assert_eq!(posts, [202, 201]);
    let state = world.sandbox.state();
    let incidents = state["servicenow"]["incident"].as_array().unwrap();
    let same = incidents.iter().filter(|incident| incident["short_description"] == "Badge lost");
    assert_eq!(same.count(), 1);
    // The one that began with the first call was given up.
    assert_eq!(world.sandbox.servicenow_sessions().len(), 2);
}
