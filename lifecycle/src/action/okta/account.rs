//! Accounts: which one an action is about.

use okta_client::users::{User, UserId};
use okta_client::{Filter, OktaClient};
use serde::{Deserialize, Serialize};

use crate::action::{ActionError, Context};
use crate::plan::StepId;

/// The name under which a step's findings hold an account's id.
pub const OKTA_USER: &str = "okta_user";

/// An account, known when the plan is made or made by one of its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// It exists.
    Existing {
        /// Okta's id.
        id: UserId,
        /// What the person signs in with.
        login: String,
    },
    /// A step of the same plan makes it.
    MadeBy {
        /// The step.
        step: StepId,
        /// What the person will sign in with.
        login: String,
    },
}

impl Account {
    /// What the person signs in with.
    #[must_use]
    pub fn login(&self) -> &str {
        match self {
            Self::Existing { login, .. } | Self::MadeBy { login, .. } => login,
        }
    }

    pub(crate) fn id(&self, context: &Context<'_>) -> Result<UserId, ActionError> {
        match self {
            Self::Existing { id, .. } => Ok(id.clone()),
            Self::MadeBy { step, .. } => context
                .finding(step, OKTA_USER)?
                .parse()
                .map_err(|error| ActionError::permanent(format!("step {step} found no account: {error}"))),
        }
    }

    pub(crate) async fn read(&self, context: &Context<'_>) -> Result<User, ActionError> {
        Ok(context.systems.okta.users().get(&self.id(context)?).await?)
    }
}

/// Every account with this employee number, deactivated ones too, as they are now.
///
/// The search lags behind by seconds and shows old values: what it finds are candidates, read again by id.
pub(crate) async fn accounts_numbered(
    okta: &OktaClient,
    number: &str,
) -> Result<Vec<User>, okta_client::Error> {
    let mut same = Vec::new();
    if number.is_empty() {
        return Ok(same);
    }
    let candidates = okta.users().list().search(Filter::eq("profile.employeeNumber", number)).send();
    for candidate in candidates.collect_all().await? {
        let user = okta.users().find(&candidate.id).await?;
        same.extend(user.filter(|user| user.profile.text("employeeNumber") == Some(number)));
    }
    Ok(same)
}
