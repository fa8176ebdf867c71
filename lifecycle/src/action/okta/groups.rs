//! Memberships of groups.

use std::collections::BTreeSet;

use async_trait::async_trait;
use okta_client::group_rules::GroupRuleStatus;
use okta_client::groups::{Group, GroupId, GroupKind};
use serde::{Deserialize, Serialize};

use super::Account;
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};

/// Makes an account a member of a group.
#[derive(Debug, Serialize, Deserialize)]
pub struct AddToGroup {
    /// The account.
    pub account: Account,
    /// The group.
    pub group: GroupId,
    /// Its name, for people.
    pub group_name: String,
}

#[typetag::serde(name = "okta.add_to_group")]
#[async_trait]
impl Action for AddToGroup {
    fn describe(&self) -> Change {
        membership(Verb::Add, &self.account, &self.group, &self.group_name)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.groups.manage", "okta.users.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let member = is_member(context, &self.account, &self.group).await?;
        Ok(if member { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        Ok(context.systems.okta.groups().add(&self.group, &account).await?)
    }
}

/// Ends an account's membership of a group.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemoveFromGroup {
    /// The account.
    pub account: Account,
    /// The group.
    pub group: GroupId,
    /// Its name, for people.
    pub group_name: String,
}

#[typetag::serde(name = "okta.remove_from_group")]
#[async_trait]
impl Action for RemoveFromGroup {
    fn describe(&self) -> Change {
        membership(Verb::Remove, &self.account, &self.group, &self.group_name)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.groups.manage", "okta.users.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let member = is_member(context, &self.account, &self.group).await?;
        Ok(if member { State::Open } else { State::reached() })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        match context.systems.okta.groups().remove(&self.group, &account).await {
            // Okta does not say what it answers to someone who is no member: then there is nothing to end.
            Err(error) if error.is_not_found() => Ok(()),
            result => Ok(result?),
        }
    }
}

pub(super) fn membership(verb: Verb, account: &Account, group: &GroupId, name: &str) -> Change {
    let target = format!("group \"{name}\" member {}", account.login());
    Change::new("okta", verb, target).to("group id", group.as_str())
}

pub(super) async fn is_member(
    context: &Context<'_>,
    account: &Account,
    group: &GroupId,
) -> Result<bool, ActionError> {
    let groups = context.systems.okta.users().groups(&account.id(context)?).collect_all().await?;
    Ok(groups.iter().any(|member_of| member_of.id == *group))
}

/// The name under which the findings of [`LeaveGroups`] hold the groups that rules fill, and that were left alone.
pub const KEPT_BY_RULES: &str = "kept_by_rules";

/// Ends every membership that an account has by hand. What a directory, an app or Okta itself fills is not ours to end; nor
/// is what a group rule fills, since Okta would keep an exception from the rule, for good.
#[derive(Debug, Serialize, Deserialize)]
pub struct LeaveGroups {
    /// The account.
    pub account: Account,
    /// The groups to stay in.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub except: BTreeSet<GroupId>,
}

impl LeaveGroups {
    /// The groups to leave, and those that rules fill.
    async fn held(&self, context: &Context<'_>) -> Result<(Vec<Group>, Vec<Group>), ActionError> {
        let okta = &context.systems.okta;
        let mut groups = okta.users().groups(&self.account.id(context)?).collect_all().await?;
        groups.retain(|group| group.kind == GroupKind::OktaGroup && !self.except.contains(&group.id));
        let filled = if groups.is_empty() { BTreeSet::new() } else { filled_by_rules(okta).await? };
        Ok(groups.into_iter().partition(|group| !filled.contains(&group.id)))
    }
}

/// The groups that an active rule puts people into.
pub(crate) async fn filled_by_rules(
    okta: &okta_client::OktaClient,
) -> Result<BTreeSet<GroupId>, okta_client::Error> {
    let mut rules = okta.group_rules().list().send().collect_all().await?;
    rules.retain(|rule| rule.status == GroupRuleStatus::Active);
    Ok(rules.iter().flat_map(okta_client::group_rules::GroupRule::groups).collect())
}

#[typetag::serde(name = "okta.leave_groups")]
#[async_trait]
impl Action for LeaveGroups {
    fn describe(&self) -> Change {
        let all = if self.except.is_empty() { "all groups" } else { "groups" };
        let change = Change::new("okta", Verb::Remove, format!("{all} of {}", self.account.login()));
        let kept: Vec<&str> = self.except.iter().map(GroupId::as_str).collect();
        if kept.is_empty() { change } else { change.to("but", kept.join(", ")) }
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.groups.manage", "okta.users.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let (held, kept) = self.held(context).await?;
        if !held.is_empty() {
            return Ok(State::Open);
        }
        let kept: Vec<String> = kept.into_iter().map(|group| group.profile.name).collect();
        let kept = (!kept.is_empty()).then(|| (KEPT_BY_RULES.to_owned(), kept.join("; ")));
        Ok(State::Reached(Findings::from_iter(kept)))
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let (groups, account) = (context.systems.okta.groups(), self.account.id(context)?);
        let mut refused = None;
        for group in self.held(context).await?.0 {
            match groups.remove(&group.id, &account).await {
                Err(error) if error.is_not_found() => {}
                // One that cannot be left keeps nobody in the others.
                Err(error) => refused = Some(error),
                Ok(()) => {}
            }
        }
        refused.map_or(Ok(()), |error| Err(error.into()))
    }
}
