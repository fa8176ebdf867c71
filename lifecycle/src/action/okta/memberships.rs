//! What group rules have made of a change.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use okta_client::groups::GroupId;
use serde::{Deserialize, Serialize};

use super::Account;
use super::groups::is_member;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// How far two looks are apart.
const APART: Duration = Duration::from_secs(10);

/// The groups of an account do not change any more: two looks, ten seconds apart, see the same, and what rules were to bring
/// and to end. Okta does not tell when its rules are through. Changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct MembershipsSettled {
    /// The account.
    pub account: Account,
    /// Groups that rules fill, and whether the account is to be in them.
    pub expected: BTreeMap<String, bool>,
}

impl MembershipsSettled {
    async fn look(&self, context: &Context<'_>) -> Result<BTreeSet<String>, ActionError> {
        let groups = context.systems.okta.users().groups(&self.account.id(context)?).collect_all().await?;
        Ok(groups.into_iter().map(|group| group.id.to_string()).collect())
    }
}

#[typetag::serde(name = "okta.memberships_settled")]
#[async_trait]
impl Action for MembershipsSettled {
    fn describe(&self) -> Change {
        let target = format!("group rules are through with {}", self.account.login());
        Change::new("okta", Verb::Confirm, target)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.read", "okta.groups.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let first = self.look(context).await?;
        context.systems.clock().sleep(APART).await;
        let second = self.look(context).await?;
        let as_expected = self.expected.iter().all(|(group, member)| second.contains(group) == *member);
        Ok(if first == second && as_expected { State::reached() } else { State::Underway })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

/// A group that a rule fills has an account, or has it no more, as its attributes want it. Changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConfirmMembership {
    /// The account.
    pub account: Account,
    /// The group.
    pub group: GroupId,
    /// Its name, for people.
    pub group_name: String,
    /// Whether the account is to be in it.
    pub member: bool,
}

#[typetag::serde(name = "okta.confirm_membership")]
#[async_trait]
impl Action for ConfirmMembership {
    fn describe(&self) -> Change {
        let how = if self.member { "has" } else { "has not" };
        let target = format!("group \"{}\" {how} member {}", self.group_name, self.account.login());
        Change::new("okta", Verb::Confirm, target).to("group id", self.group.as_str())
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.read", "okta.groups.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let member = is_member(context, &self.account, &self.group).await?;
        let (who, name) = (self.account.login(), &self.group_name);
        Ok(match (member, self.member) {
            (true, true) | (false, false) => State::reached(),
            (false, true) => State::Drifted(format!("no rule has put {who} into {name:?}")),
            (true, false) => State::Drifted(format!("no rule has taken {who} out of {name:?}")),
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}
