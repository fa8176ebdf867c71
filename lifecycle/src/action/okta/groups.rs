//! Memberships of groups.

use async_trait::async_trait;
use okta_client::groups::GroupId;
use serde::{Deserialize, Serialize};

use super::Account;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

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

fn membership(verb: Verb, account: &Account, group: &GroupId, name: &str) -> Change {
    let target = format!("group \"{name}\" member {}", account.login());
    Change::new("okta", verb, target).to("group id", group.as_str())
}

async fn is_member(context: &Context<'_>, account: &Account, group: &GroupId) -> Result<bool, ActionError> {
    let groups = context.systems.okta.users().groups(&account.id(context)?).collect_all().await?;
    Ok(groups.iter().any(|member_of| member_of.id == *group))
}
