//! An Okta org and a ServiceNow instance on loopback, over real HTTP, for tests.
//!
//! Both are stateful: what one call writes the next one reads, search indexes lag, rate-limit windows
//! run, every change leaves an entry in the System Log, and closing a task closes its request. They
//! start with a company of people, the same in both, drawn from a seed.
//!
//! ```
//! use sandbox::{Effect, Fault, OnboardingRequest, Sandbox};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::builder().people(20).seed(7).frozen_clock().start().await?;
//!
//! // Point any client at it.
//! let users = reqwest::Client::new()
//!     .get(format!("{}/api/v1/users?limit=5", sandbox.okta_url()))
//!     .header("authorization", format!("SSWS {}", sandbox.okta_token()))
//!     .send()
//!     .await?;
//! assert_eq!(users.headers()["x-rate-limit-remaining"], "299");
//!
//! // Somebody asks for an account …
//! let ticket = sandbox.add_onboarding_request(&OnboardingRequest::default());
//! assert!(ticket.number.starts_with("RITM"));
//!
//! // … and the answer to its creation gets lost.
//! sandbox.add_fault(Fault::okta("POST", "/api/v1/users$", Effect::CutAfter));
//!
//! // What reached the sandbox, and what it holds now.
//! assert_eq!(sandbox.requests()[0].path, "/api/v1/users?limit=5");
//! assert_eq!(sandbox.state()["okta"]["users"].as_array().map(Vec::len), Some(20));
//! # Ok(())
//! # }
//! ```
//!
//! # What is where
//!
//! - [`Sandbox::builder`] sets size, seed, limits, lags, addresses and the clock.
//! - [`Clock`] is the time both live in; frozen, it moves only by [`Clock::advance`].
//! - [`Fault`] delays, refuses, cuts or spoils chosen requests.
//! - [`Habits`] is what one ServiceNow instance does and another does not.
//! - [`Sandbox::requests`] and [`Sandbox::state`] tell what happened; the control API at
//!   [`Sandbox::control_url`] tells it to other processes.
//! - [`Sandbox::add_onboarding_request`], [`Sandbox::add_okta_user`], [`Sandbox::add_records`] and
//!   [`Sandbox::edit_record`] make the situations that a test needs.
//! - [`Sandbox::add_trouble`], [`Sandbox::sign_in_to_okta`] and [`Sandbox::set_okta_provider`] make people who cannot sign
//!   in, and the incidents by which they say so.
//! - [`Sandbox::add_log_events`], [`Sandbox::cut_log_pages`] and [`Sandbox::forget_log_cursors`] do the same to
//!   the System Log.
//! - [`Sandbox::register_oauth_client`] and [`Sandbox::register_api_key`] are other ways into ServiceNow than basic
//!   authentication.
//! - [`Sandbox::register_service_app`] lets an app in by OAuth, with a private key and DPoP.
//! - [`Sandbox::deliver_hooks`] sends what is due to event hooks, and [`Builder::automatic_hooks`] whenever something is.
//! - [`Sandbox::push_to`] and [`Sandbox::deliver_pushes`] have ServiceNow tell a service what was approved.
//! - [`Sandbox::order_item`] orders a move, another name, a leave or another contract; [`Sandbox::master_okta_user`],
//!   [`Sandbox::import_okta_profile`] and [`Sandbox::provision_servicenow_from_okta`] are who else writes people's attributes.
//! - [`group_id`] is the id of a group by its name, the same for every seed.
//!
//! What is not modelled answers 501 and says so. The crate's README lists what is.

mod access_request;
mod builder;
mod clock;
mod control;
mod edit;
mod fault;
mod http;
mod id;
mod limits;
mod moves;
mod offboarding;
mod okta;
mod onboarding;
mod outgoing;
mod record;
mod sandbox;
mod seed;
mod server;
mod servicenow;
mod servicenow_ud;
mod trouble;

pub use access_request::{AccessRequest, AccessTicket};
pub use builder::Builder;
pub use clock::Clock;
pub use edit::EditError;
pub use fault::{Effect, Fault};
pub use id::{app_id, group_id};
pub use limits::Limits;
pub use offboarding::OffboardingRequest;
pub use okta::{PushAnswer, ServiceApp, SignIn};
pub use onboarding::{OnboardingRequest, Ticket};
pub use record::{HookDelivery, PushDelivery, RequestRecord, SessionRecord, System};
pub use sandbox::Sandbox;
pub use servicenow::{ApiKey, Capacity, DataPolicy, Habits, OAuthClient, RateRule};
pub use trouble::{Trouble, TroubleTicket};

/// Compiles and runs what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
