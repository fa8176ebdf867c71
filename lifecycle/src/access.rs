//! Access that has an end: given, watched over, and taken back.
//!
//! While a grant's run is open it claims what it gave ([`Claim`](crate::plan::Claim)). At its end the access goes, unless
//! something else explains it: another grant that is not over, a rule of Okta's that fills the group, or that the person
//! had it before. Then only the claim goes.

mod end;
mod give;
mod still;

use okta_client::users::UserId;
use serde::{Deserialize, Serialize};
use servicenow_client::SysId;

use crate::action::okta::{Account, AddToGroup, AssignApp, RemoveFromGroup, UnassignApp};
use crate::action::servicenow::{
    AddRole, AddToUserGroup, RemoveFromUserGroup, RemoveRole, UserGroupMember, UserRole,
};
use crate::action::{Action, ActionError, Context};
use crate::plan::StepId;
use crate::policy::Entitlement;
use crate::run::{LiveClaim, StepReport};

pub use self::end::{AccessEnds, AnnounceEnd, ENDED, Overdue, TakenBackOrLate, TellEnd, Unclaimed};
pub(crate) use self::give::is_filled_by_rule;
pub use self::give::{Give, KEPT, PROVENANCE, Provenance, TakeBack};
pub(crate) use self::still::role_named;
pub use self::still::{PersonIsActive, StillGrantable};

/// Something that somebody is to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Whose it is: the account in Okta.
    pub okta_user: UserId,
    /// What the person signs in with.
    pub login: String,
    /// Whose it is: the record in ServiceNow.
    pub user: SysId,
    /// Its `user_name`.
    pub user_name: String,
    /// What it is.
    pub entitlement: Entitlement,
    /// What it was called when it was planned, for people.
    pub name: String,
    /// The record of a ServiceNow role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<SysId>,
}

impl Access {
    /// What it is, in the words of claims: `okta_group:00g…`.
    #[must_use]
    pub fn target(&self) -> String {
        target_of(&self.entitlement)
    }

    /// The action that gives it.
    fn giving(&self) -> Box<dyn Action> {
        let account = self.account();
        match &self.entitlement {
            Entitlement::OktaGroup { id, .. } => {
                Box::new(AddToGroup { account, group: id.clone(), group_name: self.name.clone() })
            }
            Entitlement::OktaApp { id, profile, .. } => Box::new(AssignApp {
                account,
                app: id.clone(),
                label: self.name.clone(),
                profile: profile.clone(),
            }),
            Entitlement::ServiceNowGroup { sys_id, .. } => Box::new(AddToUserGroup(self.member_of(sys_id))),
            Entitlement::ServiceNowRole { .. } => Box::new(AddRole(self.user_role())),
        }
    }

    /// The action that takes it away.
    fn taking(&self) -> Box<dyn Action> {
        let account = self.account();
        match &self.entitlement {
            Entitlement::OktaGroup { id, .. } => {
                Box::new(RemoveFromGroup { account, group: id.clone(), group_name: self.name.clone() })
            }
            Entitlement::OktaApp { id, .. } => {
                Box::new(UnassignApp { account, app: id.clone(), label: self.name.clone() })
            }
            Entitlement::ServiceNowGroup { sys_id, .. } => {
                Box::new(RemoveFromUserGroup(self.member_of(sys_id)))
            }
            Entitlement::ServiceNowRole { .. } => Box::new(RemoveRole(self.user_role())),
        }
    }

    fn account(&self) -> Account {
        Account::Existing { id: self.okta_user.clone(), login: self.login.clone() }
    }

    fn member_of(&self, group: &SysId) -> UserGroupMember {
        UserGroupMember {
            user: self.user.clone(),
            user_name: self.user_name.clone(),
            group: group.clone(),
            group_name: self.name.clone(),
        }
    }

    fn user_role(&self) -> UserRole {
        let nobody_gives = || SysId::derived(&self.name);
        UserRole {
            user: self.user.clone(),
            user_name: self.user_name.clone(),
            role: self.role.clone().unwrap_or_else(nobody_gives),
            role_name: self.name.clone(),
        }
    }

    /// The claims that other runs have on it.
    async fn other_claims(&self, context: &Context<'_>) -> Result<Vec<LiveClaim>, ActionError> {
        let claims = context.systems.claims(&context.plan.subject).await;
        let claims = claims.map_err(|error| ActionError::permanent(error.to_string()))?.unwrap_or_default();
        let target = self.target();
        let others =
            claims.into_iter().filter(|claim| claim.run != *context.mark.run && claim.target == target);
        Ok(others.collect())
    }
}

/// What an entitlement is called in claims.
#[must_use]
pub(crate) fn target_of(entitlement: &Entitlement) -> String {
    format!("{}:{}", entitlement.kind(), entitlement.id())
}

/// How a step of the same run went.
fn report<'c>(context: &Context<'c>, step: &StepId) -> Option<&'c StepReport> {
    context.steps.iter().find(|report| report.step == *step)
}

/// Whether a step of the same run succeeded.
fn succeeded(context: &Context<'_>, step: &StepId) -> bool {
    let outcome = report(context, step).and_then(|report| report.outcome.as_ref());
    outcome.is_some_and(crate::run::Outcome::is_success)
}
