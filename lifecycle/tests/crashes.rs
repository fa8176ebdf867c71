//! Killed anywhere, an onboarding ends as if it had not been.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use sandbox::Effect;

use support::World;
use support::sweep::{strike, sweep};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_onboarding_killed_at_any_request_ends_as_if_it_had_not_been() {
    sweep(async |world: &World| world.hire()).await;
}

async fn strike_each(effect: Effect) {
    strike(World::start, async |world: &World| world.hire(), effect).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_lost_after_the_server_acted_changes_nothing_in_the_end() {
    strike_each(Effect::CutAfter).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_lost_before_the_server_acted_changes_nothing_in_the_end() {
    strike_each(Effect::CutBefore).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_limit_at_any_request_changes_nothing_in_the_end() {
    strike_each(Effect::Status(429)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_at_any_request_changes_nothing_in_the_end() {
    strike_each(Effect::Status(503)).await;
}
