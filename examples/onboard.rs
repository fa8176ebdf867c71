//! Onboards the new hire of a ticket: shows the plan, applies it step by step, and shows what it left in both
//! systems. What every such example does with its operation is in `support/fulfil.rs`.
//!
//! `cargo run --example onboard`

use std::process::ExitCode;

use lifecycle::Onboard;
use support::{Common, Work, World};

/// Requests for this catalog item ask for an onboarding.
const ONBOARDING: Work = Work { operation: "onboard", catalog_item: "Employee onboarding" };

fn main() -> ExitCode {
    support::main("Onboards the new hire that a ticket asks for", async |arguments: Common| {
        let world = World::open(arguments).await?;
        let policy = world.policy()?;
        support::fulfil(&world, &ONBOARDING, |ticket| Onboard::ticket(ticket, policy)).await
    })
}
