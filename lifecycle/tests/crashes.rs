//! Killed anywhere, with any answer lost or refused, an onboarding ends as if nothing had happened.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use support::sweep::Scenario;
use support::{World, onboard};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_onboarding_killed_or_struck_at_any_request_ends_as_if_it_had_not_been() {
    Scenario::new(async |world: &World| onboard(&world.hire())).sweep().await;
}
