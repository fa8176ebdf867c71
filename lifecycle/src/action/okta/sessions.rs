//! What somebody is signed in to, and what acts in their name.

use std::time::Duration;

use async_trait::async_trait;
use okta_client::users::UserStatus;
use serde::{Deserialize, Serialize};

use super::Account;
use super::log::{LOGGED_WITHIN, logged};
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Ends a person's sessions with Okta. Not those inside apps: see [`UniversalLogout`].
///
/// No call shows a person's sessions. What shows that it was done is the System Log.
#[derive(Debug, Serialize, Deserialize)]
pub struct EndSessions {
    /// The account.
    pub account: Account,
    /// Whether the refresh and access tokens that apps hold go too.
    pub tokens: bool,
    /// Whether it is forgotten on which devices no second factor was asked for.
    pub forget_devices: bool,
}

#[typetag::serde(name = "okta.end_sessions")]
#[async_trait]
impl Action for EndSessions {
    fn describe(&self) -> Change {
        let yes = |is| if is { "yes" } else { "no" };
        Change::new("okta", Verb::Remove, format!("sessions of {}", self.account.login()))
            .to("tokens of apps too", yes(self.tokens))
            .to("remembered devices too", yes(self.forget_devices))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage", "okta.logs.read"])
    }

    fn shows_within(&self) -> Duration {
        LOGGED_WITHIN
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        if logged(context, &self.account, "user.session.clear").await? {
            return Ok(State::reached());
        }
        let user = self.account.read(context).await?;
        // What a deactivated account was signed in to ended with it.
        Ok(if user.status == UserStatus::Deprovisioned { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        let mut revoke = context.systems.okta.users().revoke_sessions(&account);
        if self.tokens {
            revoke = revoke.oauth_tokens();
        }
        let revoke = if self.forget_devices { revoke.forget_devices() } else { revoke.keep_devices() };
        Ok(revoke.await?)
    }
}

/// Universal Logout: ends the sessions inside the apps that support it too. For orgs that have it.
#[derive(Debug, Serialize, Deserialize)]
pub struct UniversalLogout {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "okta.universal_logout")]
#[async_trait]
impl Action for UniversalLogout {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Remove, format!("sessions of {} inside apps", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.universalLogout.manage", "okta.logs.read"])
    }

    fn shows_within(&self) -> Duration {
        LOGGED_WITHIN
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let done = logged(context, &self.account, "user.authentication.universal_logout").await?;
        Ok(if done { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        Ok(context.systems.okta.users().universal_logout(&account).await?)
    }
}

/// Takes back every consent that a person gave to an app, and, if wished, the refresh tokens that apps hold.
#[derive(Debug, Serialize, Deserialize)]
pub struct RevokeGrants {
    /// The account.
    pub account: Account,
    /// Whether refresh tokens go too. Integrations that run on them break.
    pub tokens: bool,
}

impl RevokeGrants {
    /// Whether an app holds a refresh token still.
    async fn has_tokens(&self, context: &Context<'_>) -> Result<bool, ActionError> {
        let (users, account) = (context.systems.okta.users(), self.account.id(context)?);
        for client in users.clients(&account).collect_all().await? {
            if !users.client(&account, &client.client_id).tokens().collect_all().await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[typetag::serde(name = "okta.revoke_grants")]
#[async_trait]
impl Action for RevokeGrants {
    fn describe(&self) -> Change {
        let what = if self.tokens { "consents and refresh tokens" } else { "consents" };
        Change::new("okta", Verb::Remove, format!("{what} of {}", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let grants = context.systems.okta.users().grants(&self.account.id(context)?);
        let held = !grants.list().collect_all().await?.is_empty()
            || (self.tokens && self.has_tokens(context).await?);
        Ok(if held { State::Open } else { State::reached() })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let (users, account) = (context.systems.okta.users(), self.account.id(context)?);
        users.grants(&account).revoke_all().await?;
        if self.tokens {
            for client in users.clients(&account).collect_all().await? {
                users.client(&account, &client.client_id).revoke_tokens().await?;
            }
        }
        Ok(())
    }
}
