//! Kills the engine at every request of a run in turn, or strikes the request, and compares how it ends.

use lifecycle::{Run, RunStatus, ledger};
use sandbox::{Effect, Fault, Ticket};
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
    if at.is_multiple_of(2) {
        // As a service does when it starts; the others as a person who asks again.
        for run in engine.resume().await.unwrap() {
            engine.finish(&run).await.unwrap();
        }
    }
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

/// Strikes each request of a run with `effect`, once: the run ends as if it had not been struck.
pub async fn strike(start: impl AsyncFn() -> World, prepare: impl AsyncFn(&World) -> Ticket, effect: Effect) {
    let calm = start().await;
    let ticket = prepare(&calm).await;
    let prepared = calm.sandbox.requests().len();
    let engine = calm.engine(calm.systems()).await;
    engine.run(&onboard(&ticket)).await.unwrap();
    let (requests, end) = (calm.sandbox.requests().split_off(prepared), end_state(&calm.sandbox));
    let mut failures = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        let before = requests[..at].iter().filter(|earlier| earlier.system == request.system).count();
        let world = start().await;
        let ticket = prepare(&world).await;
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
