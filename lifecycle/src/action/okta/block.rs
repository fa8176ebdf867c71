//! Who is kept out, and let in again. All of it can be taken back; nothing is destroyed.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use okta_client::groups::GroupId;
use okta_client::users::{User, UserStatus};
use serde::{Deserialize, Serialize};

use super::groups::is_member;
use super::status::unknown_status;
use super::{Account, OKTA_USER};
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};
use crate::plan::StepId;
use crate::run::Outcome;

/// The name under which a step's findings hold the status that keeps somebody out.
pub const STATUS: &str = "status";

/// The name under which a step's findings hold since when the account has that status.
pub const STATUS_CHANGED: &str = "status_changed";

/// The name under which a step's findings hold the group that keeps somebody out.
pub const DENY_GROUP: &str = "deny_group";

/// Makes sure that nobody signs in with an account: SUSPENDED, if it is in use. Groups and apps stay.
///
/// A DEPROVISIONED account is past that, and with a STAGED one nobody ever could. Okta documents it for ACTIVE accounts
/// only; for PROVISIONED, RECOVERY, PASSWORD_EXPIRED and LOCKED_OUT it is tried, and may be refused: whoever plans it has
/// something else in store ([`KeepOut`], [`Deactivate`](super::Deactivate)). An account is never unlocked for it: that
/// would open a gap.
#[derive(Debug, Serialize, Deserialize)]
pub struct Suspend {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "okta.suspend")]
#[async_trait]
impl Action for Suspend {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Change, format!("user {} suspended", self.account.login()))
            .to("status", "SUSPENDED")
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let user = self.account.read(context).await?;
        Ok(match &user.status {
            _ if user.transitioning_to_status.is_some() => State::Underway,
            _ if is_shut(&user) => State::Reached(shut_since(&user)),
            UserStatus::Unknown(status) => State::Drifted(unknown_status(status)),
            _ => State::Open,
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        Ok(context.systems.okta.users().suspend(&account).await?)
    }
}

/// Whether the status alone keeps everybody out.
fn is_shut(user: &User) -> bool {
    use UserStatus::{Deprovisioned, Staged, Suspended};
    user.transitioning_to_status.is_none() && matches!(user.status, Suspended | Deprovisioned | Staged)
}

fn shut_since(user: &User) -> Findings {
    let since = user.status_changed.map(|at| (STATUS_CHANGED.to_owned(), at.to_rfc3339()));
    let account = (OKTA_USER.to_owned(), user.id.to_string());
    since.into_iter().chain([account, (STATUS.to_owned(), user.status.to_string())]).collect()
}

/// A group to which a sign-on policy of the first priority gives no access: prepared by an administrator, in advance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenyGroup {
    /// The group.
    pub id: GroupId,
    /// Its name, for people.
    pub name: String,
}

/// Puts an account that could not be suspended into a group that may not sign in. Works in every status but DEPROVISIONED,
/// and for statuses that this release does not know.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeepOut {
    /// The account.
    pub account: Account,
    /// The group.
    pub group: DenyGroup,
}

#[typetag::serde(name = "okta.keep_out")]
#[async_trait]
impl Action for KeepOut {
    fn describe(&self) -> Change {
        let target = format!("user {} kept out by a group, unless suspended", self.account.login());
        Change::new("okta", Verb::Add, target).to("group", &self.group.name)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.groups.manage", "okta.users.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let user = self.account.read(context).await?;
        if is_shut(&user) {
            return Ok(State::Reached(shut_since(&user)));
        }
        if !is_member(context, &self.account, &self.group.id).await? {
            return Ok(State::Open);
        }
        let group = (DENY_GROUP.to_owned(), self.group.id.to_string());
        Ok(State::Reached(Findings::from([group, (OKTA_USER.to_owned(), user.id.to_string())])))
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        Ok(context.systems.okta.groups().add(&self.group.id, &account).await?)
    }
}

/// Confirms that nobody can sign in with an account: by its status, or by a group. Changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConfirmBlocked {
    /// The account.
    pub account: Account,
    /// The group that may keep it out.
    pub group: Option<DenyGroup>,
}

#[typetag::serde(name = "okta.confirm_blocked")]
#[async_trait]
impl Action for ConfirmBlocked {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Confirm, format!("nobody can sign in as {}", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let user = self.account.read(context).await?;
        if is_shut(&user) {
            return Ok(State::Reached(shut_since(&user)));
        }
        if let UserStatus::Unknown(status) = &user.status {
            return Ok(State::Drifted(unknown_status(status)));
        }
        match &self.group {
            Some(group) if is_member(context, &self.account, &group.id).await? => Ok(State::reached()),
            _ => Ok(State::Drifted(format!(
                "the account is {}, and nothing keeps the person out",
                user.status
            ))),
        }
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

/// One particular suspension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suspension {
    /// The one that took effect at this instant, by Okta's `statusChanged`.
    At(DateTime<Utc>),
    /// The one that this step of the same run made, if it made one.
    By(StepId),
}

/// Ends one particular suspension, and no other: what somebody else suspended meanwhile, or had suspended before, stays
/// so.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unsuspend {
    /// The account.
    pub account: Account,
    /// The suspension.
    pub suspension: Suspension,
}

impl Unsuspend {
    /// When the suspension took effect; none if the step found the account suspended, or did not suspend it.
    fn since(&self, context: &Context<'_>) -> Option<DateTime<Utc>> {
        match &self.suspension {
            Suspension::At(instant) => Some(*instant),
            Suspension::By(step) => {
                let report = context.steps.iter().find(|report| report.step == *step)?;
                let ours = report.outcome == Some(Outcome::Done);
                report.findings.get(STATUS_CHANGED).filter(|_| ours)?.parse().ok()
            }
        }
    }
}

#[typetag::serde(name = "okta.unsuspend")]
#[async_trait]
impl Action for Unsuspend {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Change, format!("user {} let in again", self.account.login())).from_to(
            "status",
            "SUSPENDED",
            "ACTIVE",
        )
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let user = self.account.read(context).await?;
        Ok(match user.status {
            UserStatus::Active => State::reached(),
            UserStatus::Suspended => match (self.since(context), user.status_changed) {
                (Some(ours), Some(is)) if ours == is => State::Open,
                _ => State::Drifted(
                    "the account was suspended by somebody else, who meant something by it".into(),
                ),
            },
            status => State::Drifted(format!("the account is {status}")),
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        Ok(context.systems.okta.users().unsuspend(&account).await?)
    }
}
