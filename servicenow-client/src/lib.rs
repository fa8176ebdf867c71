#![doc = include_str!("../README.md")]

pub mod aggregate;
pub mod approvals;
pub mod attachments;
pub mod auth;
pub mod batch;
mod builder;
pub mod catalog;
pub mod checkup;
mod client;
mod dialect;
pub mod email;
mod id;
pub mod import_sets;
pub mod inbound;
pub mod incidents;
pub mod journal;
mod known;
mod last_page;
mod prepared;
mod problem;
mod properties;
mod query;
mod record;
pub mod roles;
pub mod schema;
pub mod scim;
mod sessions;
mod settled;
mod table;
pub mod tables;
mod value;

pub use builder::{Builder, ConfigError};
pub use client::{ServiceNowClient, result};
pub use id::SysId;
pub use prepared::Prepared;
pub use problem::{Cancellation, Error, Operation, ProblemKind, Result, ServiceNowProblem};
pub use properties::Release;
pub use query::{Flaw, Gap, Operand, Query, Related, RelativeTime, Unit};
pub use record::{RawRecord, Record};
pub use settled::Settled;
pub use table::{Changes, Collected, Once, Rows, Table, Updated};
pub use value::{DisplayMode, Field, FieldValue, Ref, Value, sys_id};

pub use client_core::{
    Attempt, BucketStatus, Call, Class, Clock, Concurrency, DecodeError, Delivery, Event, ExposeSecret,
    Extra, Failure, InvalidId, Lane, Observer, PacerConfig, Path, Problem, Randomness, Request, Response,
    RetryPolicy, Safety, SecretString, SetupError, SystemClock, Transport, TransportConfig, TransportError,
    Upload,
};

// So that the macros work inside this crate's own tests and doc examples too.
extern crate self as servicenow_client;

/// What [`record!`] needs in the caller's crate. Not part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use client_core::__private::Name;
    pub use serde;
    pub use serde::de::IgnoredAny;

    pub use crate::record::PASSWORD;
}
