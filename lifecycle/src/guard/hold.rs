//! Accounts that are not to be destroyed: on hold, or of a service.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Flag;
use crate::action::okta::Account;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Nothing says that what the person has must be kept. Blocking is allowed all the same. Changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct LegalHold {
    /// The account.
    pub account: Account,
    /// What says so on the account.
    pub flag: Option<Flag>,
    /// What says so elsewhere: the words of the ticket.
    pub asked: Option<String>,
}

#[typetag::serde(name = "guard.legal_hold")]
#[async_trait]
impl Action for LegalHold {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Confirm, format!("{} is not on legal hold", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        if let Some(asked) = &self.asked {
            return Ok(State::Drifted(format!("a legal hold is asked for: {asked}")));
        }
        Ok(match flagged(context, &self.account, self.flag.as_ref()).await? {
            Some(found) => State::Drifted(format!("there is a legal hold: {found}")),
            None => State::reached(),
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

/// The account is a person's. One of a service in a person's name is given another owner, and its secrets are changed: it is
/// not offboarded. Changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct NoServiceAccount {
    /// The account.
    pub account: Account,
    /// What makes it one of a service.
    pub flag: Option<Flag>,
}

#[typetag::serde(name = "guard.no_service_account")]
#[async_trait]
impl Action for NoServiceAccount {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Confirm, format!("{} is a person's account", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        Ok(match flagged(context, &self.account, self.flag.as_ref()).await? {
            Some(found) => State::Drifted(format!(
                "this is a service's account ({found}): give it another owner, and change its secrets"
            )),
            None => State::reached(),
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

async fn flagged(
    context: &Context<'_>,
    account: &Account,
    flag: Option<&Flag>,
) -> Result<Option<String>, ActionError> {
    let Some(flag) = flag else { return Ok(None) };
    let user = account.read(context).await?;
    Ok(flag.found(&user.profile).map(|value| format!("{} is {value:?}", flag.attribute)))
}
