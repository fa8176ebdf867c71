//! What stops with an account, though it is nobody's sign-in.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::action::okta::{Account, api_tokens};
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// No API token dies with the account: integrations run on them. Changes nothing.
///
/// Only a super administrator may see API tokens. For an app that is none it does not hold: nobody knows.
#[derive(Debug, Serialize, Deserialize)]
pub struct OwnsSecrets {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "guard.owns_secrets")]
#[async_trait]
impl Action for OwnsSecrets {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Confirm, format!("{} owns no API token", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.apiTokens.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let (login, account) = (self.account.login(), self.account.id(context)?);
        let tokens = match api_tokens(&context.systems.okta, &account).await {
            Err(error) if error.is_forbidden() => {
                return Ok(State::Drifted(format!(
                    "whether {login} owns API tokens cannot be seen: it takes okta.apiTokens.read and a super administrator"
                )));
            }
            tokens => tokens?,
        };
        if tokens.is_empty() {
            return Ok(State::reached());
        }
        let names: Vec<String> = tokens
            .iter()
            .map(|token| {
                let from = token.network.as_ref().and_then(|network| network.connection.as_deref());
                format!("{:?} (usable from {})", token.name, from.unwrap_or("an unknown place"))
            })
            .collect();
        Ok(State::Drifted(format!(
            "{login} owns API tokens that die with the account: {}. Give what runs on them tokens of another account first",
            names.join(", ")
        )))
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}
