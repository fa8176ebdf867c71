//! Offboards the person of a ticket: shows the plan, blocks, looks, destroys, and waits for the first look afterwards,
//! a quarter of an hour later, with which the ticket closes. Started again with the same `--journal`, it goes on.
//!
//! `cargo run --example offboard`

use std::process::ExitCode;

use lifecycle::Offboard;
use sandbox::OffboardingRequest;
use support::{BoxError, Common, Work, World};

/// Requests for this catalog item ask for an offboarding.
const OFFBOARDING: Work = Work { operation: "offboard", catalog_item: "Employee offboarding" };

fn main() -> ExitCode {
    support::main("Offboards the person that a ticket is about", async |arguments: Common| {
        let world = World::open(arguments).await?;
        somebody_leaves(&world)?;
        support::fulfil(&world, &OFFBOARDING, Offboard::ticket).await
    })
}

/// In the sandbox company somebody's last day was yesterday.
fn somebody_leaves(world: &World) -> Result<(), BoxError> {
    let Some(company) = world.sandbox() else { return Ok(()) };
    let state = company.state();
    let users = state["okta"]["users"].as_array().ok_or("the company has nobody")?;
    let leaves = users.iter().find(|user| user["profile"]["title"] == "Account Executive");
    let login = leaves.and_then(|user| user["profile"]["login"].as_str()).ok_or("nobody sells anything")?;
    let yesterday = (company.clock().now().date_naive().pred_opt()).ok_or("there is no yesterday")?;
    company
        .add_offboarding_request(&OffboardingRequest::scheduled(login, &yesterday.to_string()))
        .map_err(|error| error.to_string())?;
    Ok(())
}
