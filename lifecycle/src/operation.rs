//! Operations: what somebody wants. Each reads both systems and yields a plan; none writes.

mod colleague;
pub mod convert;
mod desk;
mod entitlement;
mod form;
pub mod grant_access;
mod item;
pub mod leave;
pub mod offboard;
pub mod onboard;
mod person;
mod position;
pub mod rename;
pub mod revert_block;
pub mod revoke_access;
pub mod self_service;
pub mod transfer;

use async_trait::async_trait;

use crate::action::Permissions;
use crate::plan::{Intent, Plan};
use crate::policy::EvaluationError;
use crate::systems::Systems;

pub use self::convert::Convert;
pub use self::grant_access::GrantAccess;
pub use self::leave::Leave;
pub use self::offboard::Offboard;
pub use self::onboard::Onboard;
pub use self::rename::Rename;
pub use self::revert_block::RevertBlock;
pub use self::revoke_access::RevokeAccess;
pub use self::self_service::{EnrolFactor, HelpDesk, ResendLink, ResetFactors, ResetPassword, Unlock};
pub use self::transfer::Transfer;

/// Something that somebody wants done. One file each; read it like the procedure it is.
#[async_trait]
pub trait Operation: Send + Sync {
    /// What was asked for, read from its record and checked.
    type Asked: Send + Sync;

    /// Reads what was asked for.
    ///
    /// # Errors
    ///
    /// If there is no such request, or it does not say what is needed.
    async fn read(&self, systems: &Systems) -> Result<Self::Asked, OperationError>;

    /// What makes two submissions of it the same.
    fn intent(&self, asked: &Self::Asked) -> Intent;

    /// Looks at both systems, and says what is to be done.
    ///
    /// # Errors
    ///
    /// If nothing sensible can be done.
    async fn plan(&self, systems: &Systems, asked: Self::Asked) -> Result<Plan, OperationError>;

    /// The least that it may need, whoever it is for: what it reads to make a plan, and every action that the plan
    /// may have. None if only a plan can tell.
    fn permissions(&self) -> Option<Permissions> {
        None
    }

    /// Reads and plans in one go: for looking, not for doing.
    ///
    /// # Errors
    ///
    /// As the two.
    async fn what_if(&self, systems: &Systems) -> Result<Plan, OperationError> {
        let asked = self.read(systems).await?;
        self.plan(systems, asked).await
    }
}

/// Why there is no plan. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperationError {
    /// What was given cannot be a ticket's number.
    #[error("{text:?} is no ticket number: give one as RITM0010001 or SCTASK0010001")]
    NoTicketNumber {
        /// What was given.
        text: String,
    },
    /// There is no such ticket.
    #[error(
        "there is no requested item or catalog task {number}, or none that the API user may see: check the number, and the user's roles"
    )]
    NoTicket {
        /// What was looked for.
        number: String,
    },
    /// The ticket is for something else.
    #[error("{number} is for another item of the catalog: {wanted} is what is done here")]
    OtherItem {
        /// The ticket.
        number: String,
        /// The items whose requests are carried out.
        wanted: String,
    },
    /// The ticket is closed.
    #[error("{number} is {state} already: to have it done all the same, reopen it or order anew")]
    TicketClosed {
        /// The ticket.
        number: String,
        /// Its state.
        state: String,
    },
    /// The ticket is not approved.
    #[error(
        "{number} is not approved (its approval is {approval:?}): only an approved request is carried out"
    )]
    NotApproved {
        /// The ticket.
        number: String,
        /// What its approval says.
        approval: String,
    },
    /// The ticket does not say what is needed.
    #[error("{number} cannot be done as it stands:{}", problems.iter().fold(String::new(), |list, problem| list + "\n  - " + problem))]
    BadRequest {
        /// The ticket.
        number: String,
        /// Each thing that is wrong, with the name of the variable, its value, and what would be right.
        problems: Vec<String>,
    },
    /// The policy says nothing about such a person.
    #[error("policy {policy}: {what}")]
    Uncovered {
        /// The policy.
        policy: String,
        /// About whom, and what would be covered.
        what: String,
    },
    /// The policy names something that is not there.
    #[error("policy {policy}{}, target {target}: {what}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
    BadTarget {
        /// The policy.
        policy: String,
        /// The target's line in the file, if it is one.
        line: Option<usize>,
        /// The target.
        target: String,
        /// What is wrong, and what would be right.
        what: String,
    },
    /// The policy cannot be asked.
    #[error(transparent)]
    Policy(#[from] EvaluationError),
    /// A person has to decide.
    #[error("a person has to look at this: {0}")]
    NeedsHuman(String),
    /// Okta.
    #[error(transparent)]
    Okta(#[from] okta_client::Error),
    /// ServiceNow.
    #[error(transparent)]
    ServiceNow(#[from] servicenow_client::Error),
    /// What the engine knows cannot be read.
    #[error(transparent)]
    Journal(#[from] crate::journal::JournalError),
}
