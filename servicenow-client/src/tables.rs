//! Typed tables: what identity work reads and writes.
//!
//! A type is called what its table is called: `sys_user_group` is [`SysUserGroup`]. Each holds the fields that identity
//! work needs, and what else came in `extra`. Define your own with [`record!`](crate::record).
//!
//! | about | types |
//! | --- | --- |
//! | tickets | [`Task`], which all others extend; [`Incident`]; [`SnSiIncident`] and [`SnSiTask`] |
//! | the catalog | [`ScRequest`], [`ScReqItem`], [`ScTask`], [`ScCatItem`] |
//! | approvals | [`SysapprovalApprover`], [`SysapprovalGroup`] |
//! | people | [`SysUser`], [`SysUserDelegate`], [`SysUserGroup`], [`SysUserGrmember`] |
//! | roles | [`SysUserRole`], [`SysUserHasRole`], [`SysGroupHasRole`], [`SysUserRoleContains`] |
//! | places | [`CmnDepartment`], [`CmnLocation`], [`CmnCostCenter`], [`CoreCompany`] |
//! | the instance | [`SysDbObject`], [`SysDictionary`], [`SysChoice`], [`SysProperties`], [`SysJournalField`], [`SysAttachment`], [`SysAudit`] |
//!
//! Choice values are enums that know the base system's and keep any other: [`TaskState`], [`IncidentState`], ….

mod approvals;
mod attachments;
mod audit;
mod choice;
mod dictionary;
mod groups;
mod incident;
mod organization;
mod requests;
mod roles;
mod security;
mod task;
mod users;

pub use crate::journal::SysJournalField;
pub use approvals::{SysapprovalApprover, SysapprovalGroup};
pub(crate) use attachments::record_table;
pub use attachments::{AttachmentState, SysAttachment};
pub use audit::SysAudit;
pub use dictionary::{SysChoice, SysDbObject, SysDictionary, SysProperties};
pub use groups::{SysUserGrmember, SysUserGroup};
pub use incident::{HoldReason, Incident, IncidentState};
pub use organization::{CmnCostCenter, CmnDepartment, CmnLocation, CoreCompany};
pub use requests::{RequestState, ScCatItem, ScReqItem, ScRequest, ScTask};
pub use roles::{SysGroupHasRole, SysUserHasRole, SysUserRole, SysUserRoleContains};
pub use security::{SecurityState, SecurityTaskState, SnSiIncident, SnSiTask};
pub use task::{Approval, Task, TaskState, Watcher};
pub use users::{SysUser, SysUserDelegate};
