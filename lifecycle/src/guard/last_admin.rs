//! Somebody must be left who can administer the org.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures::TryStreamExt as _;
use okta_client::OktaClient;
use okta_client::factors::FactorStatus;
use okta_client::roles::RoleAssignment;
use okta_client::users::{UserId, UserStatus};
use serde::{Deserialize, Serialize};

use crate::action::okta::Account;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Without this account there are enough super administrators: people whose account is in use, who have a factor to sign in
/// with, and who are not kept for emergencies. Holds for whoever is no super administrator. Changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct LastAdmin {
    /// The account.
    pub account: Account,
    /// How many are enough.
    pub least: usize,
    /// Accounts that do not count.
    pub not_counting: BTreeSet<UserId>,
}

#[typetag::serde(name = "guard.last_admin")]
#[async_trait]
impl Action for LastAdmin {
    fn describe(&self) -> Change {
        let (login, least) = (self.account.login(), self.least);
        let target = format!("without {login} there are super administrators left: {least} or more");
        Change::new("okta", Verb::Confirm, target)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.roles.read", "okta.users.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let (okta, account) = (&context.systems.okta, self.account.id(context)?);
        let own = okta.roles().of_user(&account).list().collect_all().await?;
        if !own.iter().any(RoleAssignment::is_super_admin) {
            return Ok(State::reached());
        }
        let admins: Vec<_> = okta.roles().super_admins().try_collect().await?;
        let mut left = 0;
        for admin in admins {
            let counts = admin.user != account && !self.not_counting.contains(&admin.user);
            if counts && is_usable(okta, &admin.user).await? {
                left += 1;
            }
        }
        Ok(if left < self.least {
            let (login, least) = (self.account.login(), self.least);
            State::Drifted(format!(
                "without {login} there would be {left} usable super administrators, and there must be {least}"
            ))
        } else {
            State::reached()
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

async fn is_usable(okta: &OktaClient, user: &UserId) -> Result<bool, okta_client::Error> {
    if okta.users().get(user).await?.status != UserStatus::Active {
        return Ok(false);
    }
    let factors = okta.factors(user).list().collect_all().await?;
    Ok(factors.iter().any(|factor| factor.status == FactorStatus::Active))
}
