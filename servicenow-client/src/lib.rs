#![doc = include_str!("../README.md")]

mod builder;
mod client;
mod dialect;
mod id;
mod journal;
mod problem;
mod query;
mod record;
mod requests;
mod table;
mod task;
mod users;
mod value;
mod variables;

pub use builder::{Builder, ConfigError};
pub use client::{ServiceNowClient, result};
pub use id::SysId;
pub use journal::{Journal, JournalEntry, JournalKind, JournalRow};
pub use problem::{Error, ProblemKind, Result, ServiceNowProblem};
pub use query::{Flaw, Operand, Query};
pub use record::{RawRecord, Record};
pub use requests::{ScReqItem, ScRequest, ScTask};
pub use table::{Collected, Rows, Table};
pub use task::{Approval, TaskState};
pub use users::{Department, SysUser, SysUserGroup};
pub use value::{DisplayMode, Field, FieldValue, Ref, Value, sys_id};
pub use variables::{Variable, Variables};

pub use client_core::{
    Attempt, Call, Class, Clock, DecodeError, Delivery, Event, ExposeSecret, Failure, InvalidId, Observer,
    PacerConfig, Path, Problem, Randomness, Request, Response, RetryPolicy, Safety, SecretString, SetupError,
    SystemClock, Transport, TransportConfig, TransportError,
};
