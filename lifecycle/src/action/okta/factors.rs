//! Factors: what a person proves with who they are.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Account;
use super::log::{LOGGED_WITHIN, logged};
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Removes every enrolled factor of an account, so that an old phone opens nothing.
///
/// What shows that it was done is the System Log: an account may have had no factor before.
#[derive(Debug, Serialize, Deserialize)]
pub struct ResetFactors {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "okta.reset_factors")]
#[async_trait]
impl Action for ResetFactors {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Remove, format!("all factors of {}", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage", "okta.logs.read"])
    }

    fn shows_within(&self) -> Duration {
        LOGGED_WITHIN
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let done = logged(context, &self.account, "user.mfa.factor.reset_all").await?;
        Ok(if done { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        Ok(context.systems.okta.users().reset_factors(&account).await?)
    }
}
