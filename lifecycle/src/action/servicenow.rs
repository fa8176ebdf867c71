//! Changes to ServiceNow.

mod assign;
mod delegation;
mod escalation;
mod evidence;
mod groups;
mod hand_over;
mod incident;
mod incidents;
mod item;
mod leave;
mod notes;
mod recertification;
mod roles;
mod ticket;
mod user_record;
mod users;

use servicenow_client::SysId;

use super::Context;

pub use self::assign::Assign;
pub use self::delegation::{Delegate, Delegation, EndDelegation, EndDelegations};
pub use self::escalation::Escalate;
pub(crate) use self::evidence::plan_file;
pub use self::evidence::{ATTACHMENT, AttachEvidence, AttachPlan};
pub use self::groups::{AddToUserGroup, RemoveFromUserGroup, UserGroupMember};
pub use self::hand_over::{Belongings, HandOver};
pub use self::incident::{INCIDENT, OpenIncident};
pub use self::item::CloseItem;
pub use self::leave::{LeaveUserGroups, RemoveGivenRoles};
pub use self::notes::{AddNote, Audience, NOTE};
pub use self::recertification::{
    AskForReview, CloseReview, REVIEW_TASK, ReviewAnswered, ReviewItem, Reviewed,
};
pub use self::roles::{AddRole, RemoveRole, UserRole};
pub(crate) use self::ticket::state_label;
pub use self::ticket::{ConfirmRequest, SetTicketState, Ticket, TicketTable};
pub use self::user_record::{
    ConfirmUser, FieldChange, FieldValue, LockUser, SetUserActive, UpdateUser, UserRecord,
};
pub use self::users::{EnsureUser, NewServiceNowUser};

/// A key made of run and step: a second insert of the same step hits the first one's record.
fn own_sys_id(context: &Context<'_>) -> SysId {
    SysId::derived(&context.mark.to_string())
}
