//! What a policy says about the things that it can grant.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Entitlement;

/// Something that the policy can grant, under a name of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Target {
    /// What it is.
    pub entitlement: Entitlement,
    /// What harm it can do in the wrong hands.
    pub risk: Risk,
    /// How long it may be granted for at most. None: until it is taken back.
    pub max_duration: Option<Duration>,
    /// How many working days a mover keeps it whose new position does not bring it. 0: it goes at once.
    pub grace_working_days: u32,
    /// Whether whom a rule grants it has it from the first day. If not, a rule that grants it says who may ask for it.
    /// Privileged access never is.
    pub birthright: bool,
    /// Who may approve a request for it.
    pub approvers: Vec<Approver>,
    /// How many of them, each another person, have to. 0: none; a request that approves itself is enough.
    pub approvals: u32,
    /// After how long somebody has to look whether it is still needed.
    pub review: Option<Duration>,
    /// The line in the file.
    pub line: usize,
}

/// What harm access can do in the wrong hands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// What everybody in the company could have.
    Low,
    /// What is usual. What holds where a policy says nothing.
    #[default]
    Medium,
    /// Money, personal data, customers' data.
    High,
    /// Power over systems, or over other people's access. Never a birthright, never without approval, taken from a
    /// mover at once.
    Privileged,
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Privileged => "privileged",
        })
    }
}

/// Who may approve a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Approver {
    /// The manager of the person who is to get it.
    Manager,
    /// An owner of the group or app.
    Owner,
    /// One person, by login.
    Login(String),
}

impl From<String> for Approver {
    fn from(text: String) -> Self {
        match text.as_str() {
            "manager" => Self::Manager,
            "owner" => Self::Owner,
            _ => Self::Login(text),
        }
    }
}

impl From<Approver> for String {
    fn from(approver: Approver) -> Self {
        match approver {
            Approver::Manager => "manager".to_owned(),
            Approver::Owner => "owner".to_owned(),
            Approver::Login(login) => login,
        }
    }
}
