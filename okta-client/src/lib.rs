#![doc = include_str!("../README.md")]

mod auth;
mod builder;
mod checkup;
mod client;
mod dialect;
mod entity;
mod filter;
mod groups;
mod id;
mod list;
mod problem;
mod system_log;
mod time;
mod users;

pub use auth::{Algorithm, InvalidKey, ServiceApp};
pub use builder::{Builder, ConfigError};
pub use checkup::Finding;
pub use client::OktaClient;
pub use client_core::{
    Attempt, Call, Class, Clock, Delivery, Event, ExposeSecret, Failure, InvalidId, Observer, PacerConfig,
    Path, Problem, Randomness, Request, RetryPolicy, Safety, SecretString, SetupError, Transport,
    TransportConfig, TransportError,
};
pub use entity::Extra;
pub use filter::{Filter, Operand};
pub use groups::{Group, GroupKind, GroupProfile, Groups, ListGroups};
pub use id::{GroupId, UserId};
pub use list::{Listing, Position};
pub use problem::OktaProblem;
pub use system_log::{LogEvent, LogQuery, SystemLog};
pub use users::{
    Activation, ActivationLink, ListUsers, Mail, NewUser, Profile, ProfilePatch, User, UserStatus, Users,
};

/// Why a call failed; [`problem`](client_core::Error::problem) is what Okta said.
pub type Error = client_core::Error<OktaProblem>;
