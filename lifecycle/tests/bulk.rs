//! Many at once, inside the rate limits.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]
#![expect(clippy::cast_precision_loss, reason = "minutes and thousands of calls")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use lifecycle::{Engine, Onboard, RunStatus};

use support::{World, policy};

const HIRES: usize = 200;

/// Production limits: half of a workforce org's buckets, as one API token gets them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_new_hires_are_onboarded_without_one_refusal() {
    let world = World::with(|sandbox| sandbox.people(50).new_hires(HIRES)).await;
    let begun = world.sandbox.clock().now();
    let engine = Arc::new(Engine::builder(world.systems()).concurrency(16).in_memory().unwrap());
    let policy = policy();
    let tickets = tickets(&world);
    assert_eq!(tickets.len(), HIRES);
    let runs: Vec<_> = futures::stream::iter(tickets)
        .map(|number| {
            let (engine, operation) = (engine.clone(), Onboard::ticket(number, policy.clone()));
            async move { engine.run(&operation).await.unwrap() }
        })
        .buffer_unordered(16)
        .collect()
        .await;

    assert!(runs.iter().all(|run| run.status == RunStatus::Done), "{:?}", statuses(&runs));
    let requests = world.sandbox.requests();
    let refused: Vec<_> = requests.iter().filter(|request| request.status == 429).collect();
    assert!(
        refused.is_empty(),
        "{} of {} requests were refused: {refused:#?}",
        refused.len(),
        requests.len()
    );
    let minutes = (world.sandbox.clock().now() - begun).num_seconds() as f64 / 60.0;
    // The fullest bucket: 300 calls a minute for one token; the first window's allowance is there at once.
    let users = requests.iter().filter(|request| is_in_users_bucket(&request.path)).count();
    let floor = users as f64 / 300.0 - 1.0;
    println!(
        "{} requests in {minutes:.1} minutes; the fullest bucket alone needs {floor:.1}",
        requests.len()
    );
    assert!(minutes < 1.3 * floor + 1.0, "the limits allow {floor:.1} minutes, and it took {minutes:.1}");
}

/// Listing and making users, and everything below one; reading one by id or login has a bucket of its own.
fn is_in_users_bucket(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    path.strip_prefix("/api/v1/users").is_some_and(|rest| rest.matches('/').count() != 1)
}

fn tickets(world: &World) -> Vec<String> {
    let state = world.sandbox.state();
    let items = state["servicenow"]["sc_req_item"].as_array().unwrap();
    items.iter().map(|item| item["number"].as_str().unwrap().to_owned()).collect()
}

fn statuses(runs: &[lifecycle::Run]) -> BTreeMap<String, usize> {
    runs.iter().fold(BTreeMap::new(), |mut counts, run| {
        *counts.entry(run.status.to_string()).or_default() += 1;
        counts
    })
}
