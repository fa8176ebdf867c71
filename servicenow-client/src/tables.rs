//! Typed tables: what identity work reads and writes.
//!
//! A type is called what its table is called: `sys_user_group` is [`SysUserGroup`]. Each holds the fields that identity
//! work needs, and what else came in `extra`. Define your own with [`Record`](crate::Record).

mod attachments;
mod requests;
mod task;
mod users;

pub use crate::journal::SysJournalField;
pub(crate) use attachments::record_table;
pub use attachments::{AttachmentState, SysAttachment};
pub use requests::{ScReqItem, ScRequest, ScTask};
pub use task::{Approval, TaskState};
pub use users::{CmnDepartment, SysUser, SysUserGroup};
