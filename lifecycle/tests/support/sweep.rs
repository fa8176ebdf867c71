//! Kills the engine at every request of a run in turn, and compares how it ends.

use lifecycle::{Run, RunStatus, ledger};
use sandbox::Ticket;
use serde_json::Value;

use super::end_state::{differences, end_state};
use super::network::{DeadlyNetwork, Moment};
use super::{World, onboard};

/// What a run that nothing disturbs sends and leaves.
struct Undisturbed {
    requests: usize,
    end: Value,
}

async fn undisturbed(prepare: impl AsyncFn(&World) -> Ticket) -> Undisturbed {
    let world = World::start().await;
    let ticket = prepare(&world).await;
    let network = DeadlyNetwork::harmless();
    let engine = world.engine(world.systems_over(Some(network.clone()))).await;
    let run = engine.run(&onboard(&ticket)).await.unwrap();
    assert_eq!(run.status, RunStatus::Done);
    Undisturbed { requests: network.sent(), end: end_state(&world.sandbox) }
}

/// Kills the engine at one request, and goes on with a fresh one on the same journal.
async fn killed_at(prepare: impl AsyncFn(&World) -> Ticket, at: usize, moment: Moment) -> (World, Run) {
    let world = World::start().await;
    let ticket = prepare(&world).await;
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

/// Whatever request the engine dies at, the run ends as if it had not died.
pub async fn sweep(prepare: impl AsyncFn(&World) -> Ticket) {
    let undisturbed = undisturbed(&prepare).await;
    assert!(undisturbed.requests > 20, "{} requests are hardly an onboarding", undisturbed.requests);
    let mut failures = Vec::new();
    for at in 0..undisturbed.requests {
        for moment in [Moment::Before, Moment::After] {
            let (world, run) = killed_at(&prepare, at, moment).await;
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
