//! Killed anywhere, an onboarding ends as if it had not been.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use lifecycle::RunStatus;
use sandbox::{Effect, Fault};

use support::end_state::{differences, end_state};
use support::sweep::sweep;
use support::{World, onboard};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_onboarding_killed_at_any_request_ends_as_if_it_had_not_been() {
    sweep(async |world: &World| world.hire()).await;
}

/// Strikes each request of an onboarding with `effect`, once.
async fn strike_each(effect: Effect) {
    let calm = World::start().await;
    let ticket = calm.hire();
    let engine = calm.engine(calm.systems()).await;
    engine.run(&onboard(&ticket)).await.unwrap();
    let (requests, end) = (calm.sandbox.requests(), end_state(&calm.sandbox));
    let mut failures = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        let before = requests[..at].iter().filter(|earlier| earlier.system == request.system).count();
        let world = World::start().await;
        let ticket = world.hire();
        let fault = Fault::on(request.system, "*", "*", effect).skip(u32::try_from(before).unwrap());
        world.sandbox.add_fault(fault);
        let engine = world.engine(world.systems()).await;
        let struck = format!("{effect:?} at {} {}", request.method, request.path);
        match engine.run(&onboard(&ticket)).await {
            Ok(run) if run.status == RunStatus::Done => {
                let wrong = differences(&end, &end_state(&world.sandbox));
                if !wrong.is_empty() {
                    failures.push(format!("{struck}: {wrong:#?}"));
                }
            }
            Ok(run) => failures.push(format!("{struck}: the run is {}", run.status)),
            Err(error) => failures.push(format!("{struck}: {error}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_lost_after_the_server_acted_changes_nothing_in_the_end() {
    strike_each(Effect::CutAfter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_lost_before_the_server_acted_changes_nothing_in_the_end() {
    strike_each(Effect::CutBefore).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_limit_at_any_request_changes_nothing_in_the_end() {
    strike_each(Effect::Status(429)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_at_any_request_changes_nothing_in_the_end() {
    strike_each(Effect::Status(503)).await;
}
