//! Every endpoint of the client against Okta's own OpenAPI descriptions: method, path, query names and types,
//! the body by its schema, every success status, and answers made by the description decoded.
//!
//! The names of all calls are read from this crate's sources: one without a case here fails the test.
//!
//! The descriptions are Okta's files: `specs/okta-{management,oauth,governance}.yaml` in `SHARED_DIR`, or beside the
//! workspace. `OKTA_OPENAPI_SPEC` names another file for the first. Without them the test says that it is skipped.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod apps;
mod check;

mod factors;
mod governance;
mod groups;
mod hooks;
mod identity_sources;
mod org;
mod roles;
mod sample;
#[path = "../support/mod.rs"]
mod support;
mod system_log;
mod user_meta;
mod users;

use check::Contract;

#[tokio::test]
async fn every_endpoint_is_one_that_okta_describes() {
    let Some(mut contract) = Contract::load() else { return };
    factors::cases(&mut contract).await;
    governance::cases(&mut contract).await;
    apps::cases(&mut contract).await;
    groups::cases(&mut contract).await;
    hooks::cases(&mut contract).await;
    identity_sources::cases(&mut contract).await;
    org::cases(&mut contract).await;
    roles::cases(&mut contract).await;
    system_log::cases(&mut contract).await;
    user_meta::cases(&mut contract).await;
    users::cases(&mut contract).await;
    contract.finish();
}
