//! An Okta org and a ServiceNow instance on loopback, over real HTTP, for tests.

mod clock;
mod control;
mod fault;
mod http;
mod id;
mod limits;
mod okta;
mod onboarding;
mod record;
mod sandbox;
mod seed;
mod server;
mod servicenow;

pub use clock::Clock;
pub use fault::{Effect, Fault};
pub use id::group_id;
pub use limits::Limits;
pub use onboarding::{OnboardingRequest, Ticket};
pub use record::{RequestRecord, System};
pub use sandbox::{Builder, EditError, Sandbox};
