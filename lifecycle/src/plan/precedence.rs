//! Who goes first where two runs meet at one person.

use client_core::Lane;
use serde::{Deserialize, Serialize};

/// How pressing a plan is, from the least to the most.
///
/// Where two runs are about one person, the more pressing one goes first: the other gives up its turn between two
/// steps. A leaver also takes over: what is less pressing, and open, comes to its end as
/// [`Superseded`](crate::RunStatus::Superseded), so that nothing is given to somebody who has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precedence {
    /// Attributes are kept in step.
    Sync,
    /// One of many: it waits for everything else.
    Bulk,
    /// A person helps themselves.
    SelfService,
    /// Access is given.
    Grant,
    /// Somebody joins.
    Onboard,
    /// Somebody moves.
    Transfer,
    /// Access is taken away.
    Revoke,
    /// Somebody leaves, in due course.
    Offboard,
    /// Somebody leaves now.
    OffboardNow,
    /// An account is shut while somebody looks into it.
    Contain,
}

impl Precedence {
    /// Whether a run of this precedence puts an end to an open one of the other, about the same person.
    ///
    /// A later move takes the place of an earlier one. A move leaves grants alone, which have an end of their own, and
    /// onboardings, without which nobody would be there to move.
    #[must_use]
    pub fn supersedes(self, other: Self) -> bool {
        match self {
            Self::Contain | Self::Offboard => other < Self::Offboard,
            Self::OffboardNow => other < Self::OffboardNow,
            Self::Transfer => matches!(other, Self::Transfer | Self::Sync),
            _ => false,
        }
    }

    /// Whether its run waits behind no other work: somebody's access has to end.
    #[must_use]
    pub fn is_urgent(self) -> bool {
        self >= Self::OffboardNow
    }

    /// How its calls wait for a rate limit.
    pub(crate) fn lane(self) -> Lane {
        match self {
            Self::Sync | Self::Bulk => Lane::Bulk,
            _ if self.is_urgent() => Lane::Urgent,
            _ => Lane::Normal,
        }
    }
}
