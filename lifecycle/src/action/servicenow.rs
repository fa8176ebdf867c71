//! Changes to ServiceNow.

mod notes;
mod ticket;
mod users;

use servicenow_client::SysId;

use super::Context;

pub use self::notes::{AddNote, Audience, NOTE};
pub(crate) use self::ticket::state_label;
pub use self::ticket::{ConfirmRequest, SetTicketState, Ticket, TicketTable};
pub use self::users::{EnsureUser, NewServiceNowUser};

/// A key made of run and step: a second insert of the same step hits the first one's record.
fn own_sys_id(context: &Context<'_>) -> SysId {
    SysId::derived(&context.mark.to_string())
}
