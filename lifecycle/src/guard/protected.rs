//! Accounts that nothing automatic is done to.

use std::collections::BTreeSet;

use async_trait::async_trait;
use okta_client::groups::GroupId;
use okta_client::users::UserId;
use serde::{Deserialize, Serialize};

use super::Safeguards;
use crate::action::okta::Account;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// The account is on no list of protected ones, and in no group that is. Changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct Protected {
    /// The account.
    pub account: Account,
    /// Protected accounts.
    pub accounts: BTreeSet<UserId>,
    /// Groups whose members are protected.
    pub groups: BTreeSet<GroupId>,
}

impl Protected {
    /// The account, by these safeguards.
    #[must_use]
    pub fn by(safeguards: &Safeguards, account: Account) -> Self {
        let Safeguards { protected_accounts, protected_groups, .. } = safeguards.clone();
        Self { account, accounts: protected_accounts, groups: protected_groups }
    }
}

#[typetag::serde(name = "guard.protected")]
#[async_trait]
impl Action for Protected {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Confirm, format!("{} is no protected account", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.read", "okta.groups.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let (id, login) = (self.account.id(context)?, self.account.login());
        if self.accounts.contains(&id) {
            return Ok(State::Drifted(format!("{login} is a protected account")));
        }
        if self.groups.is_empty() {
            return Ok(State::reached());
        }
        let groups = context.systems.okta.users().groups(&id).collect_all().await?;
        Ok(match groups.iter().find(|group| self.groups.contains(&group.id)) {
            Some(group) => {
                State::Drifted(format!("{login} is in {:?}, whose members are protected", group.profile.name))
            }
            None => State::reached(),
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}
