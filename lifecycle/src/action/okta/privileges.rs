//! Power over the org: admin roles and API tokens.

use async_trait::async_trait;
use okta_client::OktaClient;
use okta_client::api_tokens::ApiToken;
use okta_client::roles::RoleAssignment;
use okta_client::users::UserId;
use serde::{Deserialize, Serialize};

use super::Account;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Takes away every admin role that an account holds itself. What it holds through a group goes with the group.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemoveAdminRoles {
    /// The account.
    pub account: Account,
}

impl RemoveAdminRoles {
    async fn held(&self, context: &Context<'_>) -> Result<Vec<RoleAssignment>, ActionError> {
        let account = self.account.id(context)?;
        let mut roles = context.systems.okta.roles().of_user(&account).list().collect_all().await?;
        roles.retain(|role| !role.is_through_group());
        Ok(roles)
    }
}

#[typetag::serde(name = "okta.remove_admin_roles")]
#[async_trait]
impl Action for RemoveAdminRoles {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Remove, format!("admin roles of {}", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.roles.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        Ok(if self.held(context).await?.is_empty() { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let roles = context.systems.okta.roles().of_user(&self.account.id(context)?);
        for role in self.held(context).await? {
            gone(roles.unassign(&role.id).await)?;
        }
        Ok(())
    }
}

/// Revokes every API token that an account made. What runs on them stops.
///
/// Only a super administrator may see API tokens.
#[derive(Debug, Serialize, Deserialize)]
pub struct RevokeApiTokens {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "okta.revoke_api_tokens")]
#[async_trait]
impl Action for RevokeApiTokens {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Remove, format!("API tokens of {}", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.apiTokens.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let account = self.account.id(context)?;
        let tokens = api_tokens(&context.systems.okta, &account).await?;
        Ok(if tokens.is_empty() { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let (okta, account) = (&context.systems.okta, self.account.id(context)?);
        for token in api_tokens(okta, &account).await? {
            gone(okta.api_tokens().revoke(&token.id).await)?;
        }
        Ok(())
    }
}

/// The API tokens that an account made and that live.
pub(crate) async fn api_tokens(
    okta: &OktaClient,
    account: &UserId,
) -> Result<Vec<ApiToken>, okta_client::Error> {
    let mut tokens = okta.api_tokens().list().collect_all().await?;
    tokens.retain(|token| token.user_id.as_ref() == Some(account));
    Ok(tokens)
}

/// What is not there is gone.
fn gone(result: Result<(), okta_client::Error>) -> Result<(), ActionError> {
    match result {
        Err(error) if error.is_not_found() => Ok(()),
        result => Ok(result?),
    }
}
