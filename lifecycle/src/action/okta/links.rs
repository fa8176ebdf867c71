//! Whom a person is linked with.

use async_trait::async_trait;
use okta_client::users::UserId;
use serde::{Deserialize, Serialize};

use super::Account;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Links an account with another by one of the org's relations: with the manager, say. Whoever was it before is not any more.
/// Okta lets service apps do this, and API tokens not.
#[derive(Debug, Serialize, Deserialize)]
pub struct LinkWith {
    /// The account.
    pub account: Account,
    /// The relation, by its primary name: `manager`.
    pub relation: String,
    /// The other, who is the primary one.
    pub primary: UserId,
    /// What the other signs in with, for people.
    pub primary_login: String,
}

#[typetag::serde(name = "okta.link_with")]
#[async_trait]
impl Action for LinkWith {
    fn describe(&self) -> Change {
        let target = format!("{} of user {}", self.relation, self.account.login());
        Change::new("okta", Verb::Change, target).to(&self.relation, &self.primary_login)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let id = self.account.id(context)?;
        let linked = context.systems.okta.users().linked_objects(&id).list(&self.relation).await?;
        Ok(if linked == [self.primary.clone()] { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let id = self.account.id(context)?;
        let links = context.systems.okta.users().linked_objects(&id);
        Ok(links.set_primary(&self.relation, &self.primary).await?)
    }
}
