//! An account's beginning and end.

use std::time::Duration;

use async_trait::async_trait;
use okta_client::users::{Credentials, Mail, ProviderKind, User, UserStatus};
use serde::{Deserialize, Serialize};

use super::Account;
use super::log::{LOGGED_WITHIN, logged};
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Activates an account that is STAGED or DEPROVISIONED.
#[derive(Debug, Serialize, Deserialize)]
pub struct Activate {
    /// The account.
    pub account: Account,
    /// The status it has when the plan is carried out that far.
    pub from: UserStatus,
    /// Whether Okta mails the person the link. If not, nobody gets one: see [`SendActivation`].
    pub mail: bool,
}

#[typetag::serde(name = "okta.activate")]
#[async_trait]
impl Action for Activate {
    fn describe(&self) -> Change {
        let link = if self.mail { "mailed to the person by Okta" } else { "withheld" };
        Change::new("okta", Verb::Change, format!("user {} activated", self.account.login()))
            .from_to("status", self.from.as_str(), "PROVISIONED")
            .to("activation link", link)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let user = self.account.read(context).await?;
        Ok(match user.status {
            _ if user.transitioning_to_status.is_some() => State::Underway,
            // Nobody but us takes up a former account: whoever did may have meant something else.
            status @ (UserStatus::Provisioned | UserStatus::Active)
                if self.from == UserStatus::Deprovisioned && context.intended_at.is_none() =>
            {
                State::Drifted(format!("the account is {status} already"))
            }
            // ACTIVE where the org allows an account without a password.
            UserStatus::Provisioned | UserStatus::Active => State::reached(),
            ref status if *status == self.from => State::Open,
            status => State::Drifted(format!("the account is {status}")),
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        let mail = if self.mail { Mail::Send } else { Mail::Withhold };
        // The link, if one comes, is a credential: dropped here, and never written anywhere.
        context.systems.okta.users().activate(&account, mail).await?;
        Ok(())
    }
}

/// Mails the person a fresh activation link. For an account that was activated with the link withheld until
/// everything else was in place. One that kept its password from before, and so is ACTIVE at once, has it reset: the old
/// one opens nothing any more, and the mail has the link to set another.
///
/// A second mail would void the first one's link, and the account does not show whether a mail was sent: what
/// shows it is the System Log, where the entry carries this run and step in its user agent.
#[derive(Debug, Serialize, Deserialize)]
pub struct SendActivation {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "okta.send_activation")]
#[async_trait]
impl Action for SendActivation {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Add, format!("activation mail to {}", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage", "okta.logs.read"])
    }

    fn shows_within(&self) -> Duration {
        LOGGED_WITHIN
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        for event in ["user.lifecycle.reactivate", "user.account.reset_password"] {
            if logged(context, &self.account, event).await? {
                return Ok(State::reached());
            }
        }
        let user = self.account.read(context).await?;
        Ok(match user.status {
            UserStatus::Provisioned => State::Open,
            UserStatus::Active if is_okta_sourced(&user) => State::Open,
            // The log is slower.
            UserStatus::Recovery if context.intended_at.is_some() => State::Underway,
            status => State::Drifted(format!("the account is {status}, and no link helps")),
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let (users, account) = (context.systems.okta.users(), self.account.id(context)?);
        if users.get(&account).await?.status == UserStatus::Active {
            users.reset_password(&account, Mail::Send).revoke_sessions().await?;
        } else {
            users.reactivate(&account, Mail::Send).await?;
        }
        Ok(())
    }
}

/// Whether the password is Okta's to reset. A reset takes an account away from another identity provider.
fn is_okta_sourced(user: &User) -> bool {
    let provider = user.credentials.as_ref().and_then(Credentials::provider);
    provider.is_none_or(|provider| provider.kind == ProviderKind::Okta)
}

/// Ends an account: DEPROVISIONED. **Destructive**: every app is deprovisioned, and what the apps delete is gone.
/// Memberships of groups stay, and would come back with the account: see [`LeaveGroups`](super::LeaveGroups).
///
/// Okta answers at once and does the work later.
#[derive(Debug, Serialize, Deserialize)]
pub struct Deactivate {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "okta.deactivate")]
#[async_trait]
impl Action for Deactivate {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Remove, format!("user {} deactivated", self.account.login()))
            .to("status", "DEPROVISIONED")
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let user = self.account.read(context).await?;
        Ok(match user.status {
            _ if user.transitioning_to_status.is_some() => State::Underway,
            UserStatus::Deprovisioned => State::reached(),
            UserStatus::Unknown(status) => State::Drifted(unknown_status(&status)),
            _ => State::Open,
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        Ok(context.systems.okta.users().deactivate(&account).in_background().await?)
    }
}

/// What is said of a status that this release does not know.
pub(super) fn unknown_status(status: &str) -> String {
    format!("the account is {status}, a status that this release does not know")
}

/// Deletes a deactivated account **for good**, and with it its history in Okta. Its login is free for somebody else
/// afterwards.
///
/// Okta's call deactivates an account that is in use: this is only ever sent for one that is DEPROVISIONED.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeleteUser {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "okta.delete_user")]
#[async_trait]
impl Action for DeleteUser {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Remove, format!("user {} deleted for good", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let found = context.systems.okta.users().find(&self.account.id(context)?).await?;
        Ok(match found {
            None => State::reached(),
            Some(user) if user.transitioning_to_status.is_some() => State::Underway,
            Some(user) if user.status == UserStatus::Deprovisioned => State::Open,
            Some(user) => State::Drifted(format!("the account is {}, and not DEPROVISIONED", user.status)),
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let users = context.systems.okta.users();
        let proof = users.deprovisioned(&self.account.id(context)?).await?;
        let proof =
            proof.ok_or_else(|| ActionError::permanent("the account is not DEPROVISIONED any more"))?;
        Ok(users.delete(proof).await?)
    }
}
