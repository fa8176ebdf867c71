//! Killed or struck anywhere, an offboarding ends as if it had not been.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use lifecycle::Offboard;
use sandbox::OffboardingRequest;

use support::World;
use support::looking::text;
use support::sweep::Scenario;

fn titled(world: &World, title: &str) -> String {
    let users = world.okta_users();
    text(&users.iter().find(|user| user["profile"]["title"] == title).unwrap()["profile"]["login"])
}

/// Somebody with a consent and a refresh token, and who may order that they leave at once.
async fn leaver(world: &World) -> Offboard {
    let (login, by) = (titled(world, "VP of Sales"), titled(world, "VP of People"));
    world.sandbox.add_okta_grant(&login, "0oaclient", "openid").unwrap();
    world.sandbox.add_okta_refresh_token(&login, "0oaclient", &["offline_access"]).unwrap();
    let request = OffboardingRequest { opened_by: Some(by.clone()), ..OffboardingRequest::immediate(&login) };
    let ticket = world.sandbox.add_offboarding_request(&request).unwrap();
    Offboard::ticket(&ticket.number).may_order_at_once([by]).with_universal_logout()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_killed_or_struck_at_any_request_ends_as_if_it_had_not_been() {
    Scenario::new(async |world: &World| Offboard::contain(titled(world, "VP of Sales"), "odd sign-ins"))
        .sweep()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "hundreds of worlds with a hundred requests each: minutes"]
async fn an_offboarding_killed_or_struck_at_any_request_ends_as_if_it_had_not_been() {
    Scenario::new(leaver).sweep().await;
}
