//! Killed anywhere, an onboarding ends as if it had not been.

mod support;

use std::sync::Arc;

use lifecycle::{Run, RunStatus, ledger};
use sandbox::{Effect, Fault, Ticket};
use serde_json::Value;

use support::end_state::{differences, end_state};
use support::network::{DeadlyNetwork, Moment};
use support::{World, onboard};

/// What a run that nothing disturbs sends and leaves.
struct Undisturbed {
    requests: usize,
    end: Value,
}

async fn undisturbed(prepare: fn(&World) -> Ticket) -> Undisturbed {
    let world = World::start().await;
    let ticket = prepare(&world);
    let network = DeadlyNetwork::harmless();
    let engine = world.engine(world.systems_over(Some(network.clone()))).await;
    let run = engine.run(&onboard(&ticket)).await.unwrap();
    assert_eq!(run.status, RunStatus::Done);
    Undisturbed { requests: network.sent(), end: end_state(&world.sandbox) }
}

/// Kills the engine at one request, and goes on with a fresh one on the same journal.
async fn killed_at(prepare: fn(&World) -> Ticket, at: usize, moment: Moment) -> (World, Run) {
    let world = World::start().await;
    let ticket = prepare(&world);
    let network = DeadlyNetwork::new(at, moment);
    let engine = world.engine(world.systems_over(Some(network.clone()))).await;
    let operation = onboard(&ticket);
    tokio::select! {
        _ = engine.run(&operation) => panic!("request {at} was never sent"),
        () = network.death() => {}
    }
    drop(engine);
    let engine = world.engine(world.systems()).await;
    let run = engine.run(&operation).await.unwrap();
    ledger::verify(&engine.ledger(None).await.unwrap()).unwrap();
    (world, run)
}

async fn sweep(prepare: fn(&World) -> Ticket) {
    let undisturbed = Arc::new(undisturbed(prepare).await);
    assert!(undisturbed.requests > 20, "{} requests are hardly an onboarding", undisturbed.requests);
    let mut failures = Vec::new();
    for at in 0..undisturbed.requests {
        for moment in [Moment::Before, Moment::After] {
            let (world, run) = killed_at(prepare, at, moment).await;
            let mut wrong = differences(&undisturbed.end, &end_state(&world.sandbox));
            if run.status != RunStatus::Done {
                wrong.push(format!("the run is {}", run.status));
            }
            if !wrong.is_empty() {
                failures.push(format!("killed {moment:?} request {at}: {wrong:#?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_onboarding_killed_at_any_request_ends_as_if_it_had_not_been() {
    sweep(World::hire).await;
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
