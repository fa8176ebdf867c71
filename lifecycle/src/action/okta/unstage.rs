//! Accounts that nobody ever signed in with, taken back.

use async_trait::async_trait;
use okta_client::users::UserStatus;
use serde::{Deserialize, Serialize};

use super::Account;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Deletes an account that was made and never activated: what takes [`CreateUser`](super::CreateUser) back. One that was
/// activated meanwhile has a history, and is left for a person to decide.
///
/// Okta deletes only what is DEPROVISIONED, so it is deactivated first.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unstage {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "okta.unstage")]
#[async_trait]
impl Action for Unstage {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Remove, format!("user {}, never activated", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let found = context.systems.okta.users().find(&self.account.id(context)?).await?;
        Ok(match found {
            None => State::reached(),
            Some(user) if user.transitioning_to_status.is_some() => State::Underway,
            Some(user) if user.activated.is_some() => State::Drifted("the account was activated".to_owned()),
            Some(user) => match user.status {
                UserStatus::Staged | UserStatus::Deprovisioned => State::Open,
                status => State::Drifted(format!("the account is {status}")),
            },
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let (users, id) = (context.systems.okta.users(), self.account.id(context)?);
        if users.get(&id).await?.status == UserStatus::Staged {
            users.deactivate(&id).await?;
        }
        match users.deprovisioned(&id).await? {
            Some(proof) => Ok(users.delete(proof).await?),
            // The work may go on after the answer: looking again shows it.
            None => Ok(()),
        }
    }
}
