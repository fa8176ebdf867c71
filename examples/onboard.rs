//! Onboards the new hire of a ticket: shows the plan, applies it step by step, and shows what it left in both
//! systems.
//!
//! `cargo run --example onboard`

use std::process::ExitCode;

use clap::Parser;
use futures::StreamExt as _;
use lifecycle::report::thread;
use lifecycle::{Engine, Onboard, Operation as _, Progress, Run, RunStatus};
use servicenow_client::{Query, ScReqItem, ScTask, TaskState};
use support::{BoxError, Common, Document, World, status_of_run, thread_summary};

/// The catalog item whose requests are for onboarding.
const CATALOG_ITEM: &str = "Employee onboarding";

#[derive(Parser)]
#[command(name = "onboard")]
struct Arguments {
    #[command(flatten)]
    common: Common,
}

impl AsRef<Common> for Arguments {
    fn as_ref(&self) -> &Common {
        &self.common
    }
}

fn main() -> ExitCode {
    support::main("Onboards the new hire that a ticket asks for", |arguments: Arguments| {
        onboard(arguments.common)
    })
}

async fn onboard(arguments: Common) -> Result<u8, BoxError> {
    let world = World::open().await?;
    let policy = world.policy(&arguments)?;
    let say = |text: String| {
        if !arguments.json {
            println!("{text}");
        }
    };
    say(world.describe());

    if arguments.plan_only {
        let ticket = ticket(&world, &arguments, None).await?;
        let plan = Onboard::ticket(ticket, policy).what_if(&world.systems).await?;
        if arguments.json {
            Document::of_plan(&plan).print();
        } else {
            println!("\n{plan}\n\nNothing was written. Leave out --plan-only to apply it.");
        }
        return Ok(2);
    }

    let engine = world.engine(&arguments)?;
    let ticket = ticket(&world, &arguments, Some(&engine)).await?;
    let operation = Onboard::ticket(ticket, policy);
    let progress = engine.progress();
    let run = engine.submit_operation(&operation).await?;
    let plan = engine.plan(&run).await?;
    say(format!("\n{plan}\n\nApplying, as run {run}"));
    if !arguments.json {
        tokio::spawn(progress.for_each(async |event| tell(&event)));
    }
    let run = engine.finish(&run).await?;
    let ledger = engine.ledger(None).await?;
    let thread = match run.status {
        RunStatus::Done => Some(thread(&world.systems, &run, &ledger).await?),
        _ => None,
    };
    if arguments.json {
        let document = Document {
            run: Some((&run).into()),
            ledger: Some(engine.ledger_head().await?.into()),
            thread: thread.as_ref().map(thread_summary),
            ..Document::of_plan(&plan)
        };
        document.print();
    } else {
        println!("\nThe run is {}", run.status);
        show_ticket(&world, &run).await?;
        show_account(&world, &run).await?;
        if let Some(thread) = &thread {
            println!("\nAudit thread\n{thread}");
        }
    }
    Ok(status_of_run(&run))
}

/// The ticket that was asked for; else that of a run which was interrupted; else the oldest open one.
async fn ticket(world: &World, arguments: &Common, engine: Option<&Engine>) -> Result<String, BoxError> {
    if let Some(number) = &arguments.ticket {
        return Ok(number.clone());
    }
    if let Some(engine) = engine
        && let Some(interrupted) = engine.open_runs().await?.first()
        && let Some(request) = engine.status(interrupted).await?.request
    {
        return Ok(request.number);
    }
    world.oldest_request(CATALOG_ITEM).await
}

fn tell(event: &Progress) {
    match event {
        Progress::Ended { change, outcome, .. } => println!("  {change}: {outcome}"),
        Progress::Rested { .. } | Progress::Began { .. } => {}
        _ => {}
    }
}

async fn show_ticket(world: &World, run: &Run) -> Result<(), BoxError> {
    let Some(request) = &run.request else { return Ok(()) };
    let servicenow = &world.systems.servicenow;
    let item = servicenow.table::<ScReqItem>().get(&request.sys_id).await?;
    println!("\nTicket\n  {} {}", request.number, label(item.state.get()));
    let tasks = servicenow.table::<ScTask>().list(Query::new().eq("request_item", request.sys_id.clone()));
    for task in tasks.collect_all().await?.rows {
        println!("  {} {}", task.number.as_str().unwrap_or("?"), label(task.state.get()));
        for entry in servicenow.journal().entries("sc_task", &task.sys_id).await? {
            println!("  {}:\n    {}", entry.kind.field(), entry.text.trim().replace('\n', "\n    "));
        }
    }
    Ok(())
}

fn label(state: Option<&TaskState>) -> String {
    match state {
        Some(TaskState::Open) => "Open".to_owned(),
        Some(TaskState::WorkInProgress) => "Work in Progress".to_owned(),
        Some(TaskState::ClosedComplete) => "Closed Complete".to_owned(),
        Some(state) => format!("state {state}"),
        None => "in an unknown state".to_owned(),
    }
}

async fn show_account(world: &World, run: &Run) -> Result<(), BoxError> {
    let users = world.systems.okta.users();
    let Some(user) = users.find_by_login(&run.subject.login).await? else { return Ok(()) };
    println!("\nOkta\n  {} {} {}", run.subject.login, user.id, user.status);
    for group in users.groups(&user.id).collect_all().await? {
        println!("  member of {}", group.profile.name);
    }
    Ok(())
}
