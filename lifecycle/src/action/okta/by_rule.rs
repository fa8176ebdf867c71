//! Memberships that rules give and end: looked at, and left to the rules.

use async_trait::async_trait;
use chrono::TimeDelta;
use okta_client::groups::GroupId;
use serde::{Deserialize, Serialize};

use super::Account;
use super::groups::{is_member, membership};
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// How long after an account last changed a rule may take to take notice.
const SETTLES_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// Confirms that a group rule has taken an account in, or has let it go. Changes nothing: a membership by hand would outlive the rule, and one
/// that is ended by hand leaves an exclusion in it.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConfirmRuled {
    /// The account.
    pub account: Account,
    /// The group.
    pub group: GroupId,
    /// Its name, for people.
    pub group_name: String,
    /// The rule that fills it, by name.
    pub rule: String,
    /// Whether the account is to be in it.
    pub is_in: bool,
}

#[typetag::serde(name = "okta.confirm_ruled")]
#[async_trait]
impl Action for ConfirmRuled {
    fn describe(&self) -> Change {
        let change = membership(Verb::Confirm, &self.account, &self.group, &self.group_name);
        change.to(if self.is_in { "taken in by rule" } else { "let go by rule" }, &self.rule)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.groups.read", "okta.users.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        if is_member(context, &self.account, &self.group).await? == self.is_in {
            return Ok(State::reached());
        }
        let changed = self.account.read(context).await?.last_updated;
        if context.systems.clock().now() < changed + SETTLES_WITHIN {
            return Ok(State::Underway);
        }
        let Self { rule, group_name, .. } = self;
        let but = if self.is_in { "has not taken the account in" } else { "has not let the account go" };
        Ok(State::Drifted(format!("the rule {rule:?} fills the group {group_name:?}, and {but}")))
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::permanent("there is nothing to do but to look"))
    }
}
