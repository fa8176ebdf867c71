#![doc = include_str!("../README.md")]

mod builder;
pub mod catalog;
mod client;
mod dialect;
mod id;
pub mod journal;
mod prepared;
mod problem;
mod query;
mod record;
mod table;
pub mod tables;
mod value;

pub use builder::{Builder, ConfigError};
pub use client::{ServiceNowClient, result};
pub use id::SysId;
pub use prepared::Prepared;
pub use problem::{Error, ProblemKind, Result, ServiceNowProblem};
pub use query::{Flaw, Operand, Query};
pub use record::{RawRecord, Record};
pub use table::{Collected, Rows, Table};
pub use value::{DisplayMode, Field, FieldValue, Ref, Value, sys_id};

pub use client_core::{
    Attempt, Call, Class, Clock, DecodeError, Delivery, Event, ExposeSecret, Failure, InvalidId, Observer,
    PacerConfig, Path, Problem, Randomness, Request, Response, RetryPolicy, Safety, SecretString, SetupError,
    SystemClock, Transport, TransportConfig, TransportError,
};
