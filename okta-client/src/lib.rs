#![doc = include_str!("../README.md")]

pub mod api_tokens;
pub mod apps;
mod auth;
pub mod authenticator_enrollments;
pub mod authenticators;
mod builder;
mod checkup;
mod client;
pub mod devices;
mod dialect;
mod entity;
mod event_hooks;
pub mod factors;
mod filter;
pub mod governance;
pub mod group_rules;
pub mod groups;
mod hook_channel;
mod hook_secret;
pub mod hooks;
pub mod iam;
mod id;
pub mod identity_sources;
mod inline_hooks;
pub mod linked_objects;
mod list;
pub mod org;
mod problem;
pub mod profile_mappings;
pub mod rate_limits;
pub mod roles;
pub mod sessions;
pub mod system_log;
mod time;
pub mod user_schema;
pub mod user_types;
pub mod users;

pub use auth::{Algorithm, InvalidKey, ServiceApp};
pub use builder::{Builder, ConfigError};
pub use checkup::{Finding, Principal};
pub use client::OktaClient;
pub use client_core::{
    Attempt, BucketStatus, Call, Class, Clock, Concurrency, Delivery, Event, ExposeSecret, Failure,
    InvalidId, Lane, Observer, PacerConfig, Path, Problem, Randomness, Request, RetryPolicy, Safety,
    SecretString, SetupError, Transport, TransportConfig, TransportError,
};
pub use entity::Extra;
pub use filter::{Filter, Operand};
pub use list::{Listing, Position, SortOrder};
pub use problem::OktaProblem;

/// Why a call failed; [`problem`](client_core::Error::problem) is what Okta said.
pub type Error = client_core::Error<OktaProblem>;
