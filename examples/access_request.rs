//! Somebody asks for access: the run waits for the approval, gives the access, and takes it back at its end.
//!
//! In the sandbox the manager approves a moment later. On real tenants this waits until somebody does; stopped or killed
//! meanwhile, it goes on when it is started again.
//!
//! `cargo run --example access_request`

use std::process::ExitCode;
use std::time::Duration;

use lifecycle::{Engine, GrantAccess, Policy, RunId, RunStatus};
use sandbox::{AccessRequest, Sandbox};
use serde_json::Value;
use support::{BoxError, Common, Work, World};

/// Requests for this catalog item ask for access.
const ACCESS: Work = Work { operation: "grant_access", catalog_item: "Temporary permission" };

fn main() -> ExitCode {
    support::main(
        "Gives the access that a ticket asks for, once it is approved",
        async |arguments: Common| {
            let mut world = World::open(arguments).await?;
            let policy = world.policy()?;
            let asked = world.sandbox().map(ask).transpose()?;
            if let (Some(asked), None) = (&asked, &world.arguments.ticket) {
                world.arguments.ticket = Some(asked.number.clone());
            }
            if world.arguments.plan_only {
                return support::fulfil(&world, &ACCESS, |ticket| GrantAccess::ticket(ticket, policy)).await;
            }
            give(&world, policy, asked).await
        },
    )
}

async fn give(world: &World, policy: Policy, asked: Option<Asked>) -> Result<u8, BoxError> {
    let json = world.arguments.json;
    if !json {
        println!("{world}");
    }
    let engine = world.engine()?;
    let operation = GrantAccess::ticket(world.ticket(&ACCESS, Some(&engine)).await?, policy);
    let run = engine.submit_operation(&operation).await?;
    if let RunStatus::Waiting { waits_for, .. } = engine.finish(&run).await?.status
        && !json
    {
        println!("\nWaiting for {waits_for}");
    }
    if let (Some(sandbox), Some(asked)) = (world.sandbox(), asked) {
        world.systems.okta.clock().sleep(Duration::from_secs(1)).await;
        sandbox.answer_approval(&asked.item, &asked.manager, &asked.manager, "approved")?;
        // As a business rule would tell: the run looks at once, and not within the next minute.
        engine.signal(&run, "approval", "somebody answered").await?;
    }
    tokio::select! {
        stopped = engine.keep_time() => match stopped? {},
        decided = decided(world, &engine, &run) => decided?,
    }
    support::carry_out(world, &engine, &operation).await
}

/// Returns once the run waits for no approval any more.
async fn decided(world: &World, engine: &Engine, run: &RunId) -> Result<(), BoxError> {
    loop {
        match engine.finish(run).await?.status {
            RunStatus::Waiting { step, .. } if step.as_str() != "expiry" => {
                world.systems.okta.clock().sleep(Duration::from_millis(200)).await;
            }
            _ => return Ok(()),
        }
    }
}

/// What was ordered in the sandbox, and who is to approve it.
struct Asked {
    number: String,
    item: String,
    manager: String,
}

/// Orders access for the first person who has a manager.
fn ask(sandbox: &Sandbox) -> Result<Asked, BoxError> {
    let state = sandbox.state();
    let users: Vec<&Value> = state["servicenow"]["sys_user"].as_array().into_iter().flatten().collect();
    let name = |user: &Value| user["user_name"].as_str().unwrap_or_default().to_owned();
    let manager = |user: &Value| users.iter().find(|other| other["sys_id"] == user["manager"]).copied();
    let pair = users.iter().find_map(|user| Some((name(user), name(manager(user)?))));
    let (requested_for, manager) = pair.ok_or("nobody has a manager")?;
    let access = Some("production-access".to_owned());
    let ticket =
        sandbox.request_access(&AccessRequest { requested_for, access, ..AccessRequest::default() })?;
    Ok(Asked { number: ticket.number, item: ticket.item_sys_id, manager })
}
