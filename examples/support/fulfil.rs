//! How an example carries out its operation: choose the ticket, show the plan, apply it, show what it left.

use std::pin::pin;

use futures::{FutureExt as _, Stream, StreamExt as _};
use lifecycle::report::thread;
use lifecycle::{Engine, Operation, Progress, Run, RunId, RunStatus, permissions};

use crate::output::{Document, say, status_of_run, thread_summary};
use crate::{BoxError, World, show};

/// Which requests an example fulfils.
#[derive(Debug)]
pub struct Work {
    /// The operation's name, as its plans have it.
    pub operation: &'static str,
    /// The catalog item whose requests ask for it.
    pub catalog_item: &'static str,
}

/// Fulfils one request with the operation that `operation` makes of its ticket's number, or only shows the
/// plan. Answers the exit status.
///
/// # Errors
///
/// If there is no such request, no plan for it, or the engine fails. How the run went is no error.
pub async fn fulfil<O: Operation>(
    world: &World,
    work: &Work,
    operation: impl FnOnce(String) -> O,
) -> Result<u8, BoxError> {
    if !world.arguments.json {
        println!("{world}");
    }
    if world.arguments.check {
        // What it needs does not depend on the ticket.
        return check(world, &operation(String::new())).await;
    }
    if world.arguments.plan_only {
        let ticket = world.ticket(work, None).await?;
        return show_plan(world, &operation(ticket)).await;
    }
    let engine = world.engine()?;
    let ticket = world.ticket(work, Some(&engine)).await?;
    carry_out(world, &engine, &operation(ticket)).await
}

/// Shows what our credentials may do, of what the operation needs. Answers the exit status.
///
/// # Errors
///
/// If a system does not answer, or does not know the credentials.
pub async fn check(world: &World, operation: &impl Operation) -> Result<u8, BoxError> {
    let needed = operation.permissions().ok_or("what it needs is known only once there is a plan")?;
    let matrix = permissions::check(&world.systems, &needed).await?;
    if world.arguments.json {
        println!("{:#}", serde_json::json!({ "permissions": matrix }));
    } else {
        say!("\n{matrix}");
    }
    Ok(u8::from(matrix.missing().next().is_some()))
}

/// Shows an operation's plan, or that of the run that took its request up before. Answers the exit status.
///
/// # Errors
///
/// If there is no plan.
pub async fn show_plan<O: Operation>(world: &World, operation: &O) -> Result<u8, BoxError> {
    let plan = match world.planned(operation).await? {
        // Planned anew, it would see its own half-done work.
        Some(plan) => plan,
        None => operation.what_if(&world.systems).await?,
    };
    if world.arguments.json {
        Document::of_plan(&plan).print();
    } else {
        println!("\n{plan}\n\nNothing was written. Leave out --plan-only to apply this.");
    }
    Ok(2)
}

/// Plans and applies an operation, or goes on with the run that did so before, and shows how it goes and what
/// it left. Answers the exit status.
///
/// # Errors
///
/// If there is no plan, or the engine fails. How the run went is no error.
pub async fn carry_out<O: Operation>(world: &World, engine: &Engine, operation: &O) -> Result<u8, BoxError> {
    let json = world.arguments.json;
    let known = engine.ledger_head().await?.records;
    let events = engine.progress();
    let id = engine.submit_operation(operation).await?;
    let plan = engine.plan(&id).await?;
    if !json {
        let accepted = engine.ledger(Some(&id)).await?.first().map_or(0, |record| record.seq);
        let doing = if accepted > known { "Applying it, as run" } else { "Going on with run" };
        println!("\n{plan}\n\n{doing} {id}");
    }
    let run = follow(engine, &id, events, |event| {
        if !json {
            show::progress(&plan, event);
        }
    })
    .await?;
    let thread = match run.status {
        // That it cannot be followed now changes nothing about how the run went.
        RunStatus::Done => Some(thread(&world.systems, &run, &engine.ledger(None).await?).await),
        _ => None,
    };
    if json {
        let document = Document {
            run: Some((&run).into()),
            ledger: Some(engine.ledger_head().await?.into()),
            thread: thread.as_ref().map(thread_summary),
            ..Document::of_plan(&plan)
        };
        document.print();
    } else {
        show::status(&run);
        if let Err(error) = show::traces(world, &run).await {
            // That changes nothing about how the run went.
            eprintln!("what it left cannot be shown: {error}");
        }
        match &thread {
            Some(Ok(thread)) => show::thread(world, thread),
            Some(Err(error)) => eprintln!("the audit thread cannot be followed now: {error}"),
            None => {}
        }
    }
    Ok(status_of_run(&run))
}

/// Waits until the run comes to rest, and tells everything that happens meanwhile.
async fn follow(
    engine: &Engine,
    id: &RunId,
    events: impl Stream<Item = Progress>,
    tell: impl Fn(&Progress),
) -> Result<Run, BoxError> {
    let (mut events, mut rest) = (pin!(events), pin!(engine.finish(id)));
    let run = loop {
        tokio::select! {
            Some(event) = events.next() => tell(&event),
            run = &mut rest => break run,
        }
    };
    // What happened last may not have been told yet.
    while let Some(Some(event)) = events.next().now_or_never() {
        tell(&event);
    }
    Ok(run?)
}
