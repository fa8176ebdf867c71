#![doc = include_str!("../README.md")]

pub mod access;
pub mod action;
pub mod approval;
pub mod bulk;
mod canonical;
mod engine;
pub mod gate;
pub mod guard;
pub mod holdings;
pub mod hooks;
mod journal;
pub mod ledger;
pub mod operation;
pub mod permissions;
pub mod plan;
pub mod policy;
pub mod rails;
pub mod report;
pub mod run;
mod systems;

pub use engine::{Engine, EngineBuilder, EngineError, Progress};
pub use journal::JournalError;
pub use operation::{
    Convert, EnrolFactor, GrantAccess, HelpDesk, Leave, Offboard, Onboard, Operation, OperationError, Rename,
    ResendLink, ResetFactors, ResetPassword, RevertBlock, RevokeAccess, Transfer, Unlock,
};
pub use plan::Plan;
pub use policy::Policy;
pub use run::{Run, RunId, RunStatus};
pub use systems::Systems;

/// What this program calls itself, in user agents and in the ledger.
pub const PRODUCT: &str = concat!("lifecycle/", env!("CARGO_PKG_VERSION"));
