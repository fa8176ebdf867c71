//! Not the branch we sit on.

use async_trait::async_trait;
use okta_client::users::UserId;
use serde::{Deserialize, Serialize};
use servicenow_client::SysId;

use crate::action::okta::Account;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// The account is not the one whose API token this program uses, and the ServiceNow user not the one it signs in as. Changes
/// nothing.
///
/// A service app has no account in Okta.
#[derive(Debug, Serialize, Deserialize)]
pub struct Yourself {
    /// The account.
    pub account: Account,
    /// The person's record in ServiceNow.
    pub servicenow_user: Option<SysId>,
}

#[typetag::serde(name = "guard.yourself")]
#[async_trait]
impl Action for Yourself {
    fn describe(&self) -> Change {
        let target = format!("{} is not whom this program acts as", self.account.login());
        Change::new("okta", Verb::Confirm, target)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let me: UserId = "me".parse().expect("two letters are an id");
        let me = match context.systems.okta.users().find(&me).await {
            // What a service app is told.
            Err(error) if error.is_forbidden() => None,
            found => found?,
        };
        let (id, login) = (self.account.id(context)?, self.account.login());
        if me.is_some_and(|me| me.id == id) {
            return Ok(State::Drifted(format!(
                "the API token of this program is {login}'s: use another first"
            )));
        }
        let Some(user) = &self.servicenow_user else { return Ok(State::reached()) };
        let us = context.systems.servicenow.who_am_i().await?;
        Ok(match us {
            Some(us) if us.sys_id == *user => State::Drifted(format!(
                "this program signs in to ServiceNow as {login}: use another user first"
            )),
            _ => State::reached(),
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}
