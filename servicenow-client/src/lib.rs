//! ServiceNow.
mod id;
pub use id::SysId;
