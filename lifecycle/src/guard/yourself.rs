//! Not the branch we sit on.

use async_trait::async_trait;
use okta_client::users::UserId;
use serde::{Deserialize, Serialize};

use crate::action::okta::Account;
use crate::action::servicenow::UserRecord;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// The account is not the one whose API token this program uses. Changes nothing.
///
/// A service app has no account.
#[derive(Debug, Serialize, Deserialize)]
pub struct Yourself {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "guard.yourself")]
#[async_trait]
impl Action for Yourself {
    fn describe(&self) -> Change {
        let target = format!("{} is not whose API token this program uses", self.account.login());
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
        Ok(match me {
            Some(me) if me.id == id => {
                State::Drifted(format!("the API token of this program is {login}'s: use another first"))
            }
            _ => State::reached(),
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

/// The ServiceNow user is not the one that this program signs in as. Changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotOurUser {
    /// The user.
    pub user: UserRecord,
}

#[typetag::serde(name = "guard.not_our_user")]
#[async_trait]
impl Action for NotOurUser {
    fn describe(&self) -> Change {
        let target = format!("{} is not whom this program signs in as", self.user.user_name);
        Change::new("servicenow", Verb::Confirm, target)
    }

    fn permissions(&self) -> Permissions {
        Permissions::default()
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let us = context.systems.servicenow.who_am_i().await?;
        Ok(match us {
            Some(us) if us.sys_id == self.user.sys_id => {
                let who = &self.user.user_name;
                State::Drifted(format!(
                    "this program signs in to ServiceNow as {who}: use another user first"
                ))
            }
            _ => State::reached(),
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}
