//! Killed or struck at any request, help ends as if it had not been.

#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

mod support;

use lifecycle::hooks::{Proof, Verdict};
use lifecycle::{ResetFactors, ResetPassword};
use okta_client::factors::FactorType;

use support::World;
use support::help_desk::{own_ticket, rules};
use support::sweep::Scenario;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_killed_or_struck_at_any_request_ends_with_one_mail() {
    let ask = async |world: &World| ResetPassword::ticket(own_ticket(world, "10009").number, rules(world));
    Scenario::new(ask).sweep().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_factor_killed_or_struck_at_any_request_ends_as_if_it_had_not_been() {
    Scenario::new(async |world: &World| {
        let ticket = own_ticket(world, "10009");
        for kind in ["push", "sms"] {
            world.sandbox.add_okta_factor(&ticket.login, kind, "OKTA").unwrap();
        }
        let at = world.sandbox.clock().now();
        world.person.says(Verdict::Proven(Proof { id: "1".into(), method: "video call".into(), at }));
        ResetFactors::lost(ticket.number, FactorType::Push, rules(world))
    })
    .sweep()
    .await;
}
