//! Moves the person that a ticket names to another position: shows the plan, does what is due today, and says until when it
//! waits with the rest. Start it again then, with the same journal, and it goes on.
//!
//! `cargo run --example transfer`

use std::process::ExitCode;

use lifecycle::Transfer;
use sandbox::Sandbox;
use support::{BoxError, Common, Work, World};

/// Requests for this catalog item ask for a move.
const TRANSFER: Work = Work { operation: "transfer", catalog_item: "Employee transfer" };

fn main() -> ExitCode {
    support::main("Moves the person that a ticket names to another position", async |arguments: Common| {
        let world = World::open(arguments).await?;
        let policy = world.policy()?;
        if let Some(sandbox) = world.sandbox().filter(|_| world.arguments.ticket.is_none()) {
            ask_for_a_move(sandbox)?;
        }
        support::fulfil(&world, &TRANSFER, |ticket| Transfer::ticket(ticket, policy)).await
    })
}

/// Has a software engineer of the sandbox company move to sales, today.
fn ask_for_a_move(sandbox: &Sandbox) -> Result<(), BoxError> {
    let state = sandbox.state();
    let users = state["okta"]["users"].as_array().into_iter().flatten();
    let titled = |title: &str| {
        let user = users.clone().find(|user| user["profile"]["title"] == title);
        user.and_then(|user| user["profile"]["login"].as_str()).ok_or_else(|| format!("nobody is a {title}"))
    };
    let (engineer, manager) = (titled("Software Engineer")?, titled("VP of Sales")?);
    let answers = [
        ("employee", engineer),
        ("department", "Sales"),
        ("title", "Sales Engineer"),
        ("manager", manager),
        ("effective_date", "today"),
    ];
    sandbox.order_item(TRANSFER.catalog_item, manager, &answers).map_err(|error| error.to_string())?;
    Ok(())
}
