//! Assignments of apps.

use std::collections::BTreeMap;

use async_trait::async_trait;
use okta_client::apps::{AppId, AppUser, AssignmentScope, NewAppUser};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Account;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Gives an account an app, directly. That it has the app through a group already is enough.
///
/// An app that is assigned already with other attributes than these is left as it is, and a person is asked.
#[derive(Debug, Serialize, Deserialize)]
pub struct AssignApp {
    /// The account.
    pub account: Account,
    /// The app.
    pub app: AppId,
    /// Its label, for people.
    pub label: String,
    /// What is asked of the account in the app: a role, a seat. Empty for what Okta maps.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub profile: BTreeMap<String, Value>,
}

#[typetag::serde(name = "okta.assign_app")]
#[async_trait]
impl Action for AssignApp {
    fn describe(&self) -> Change {
        assignment(Verb::Add, &self.account, &self.app, &self.label)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.apps.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let Some(assigned) = assigned(context, &self.account, &self.app).await? else {
            return Ok(State::Open);
        };
        let is = |name: &str| assigned.profile.get(name);
        Ok(match self.profile.iter().find(|(name, wanted)| is(name) != Some(*wanted)) {
            None => State::reached(),
            Some((name, wanted)) => {
                State::Drifted(format!("the app is assigned already, with another {name} than {wanted}"))
            }
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let profile = self.profile.iter().map(|(name, value)| (name.clone(), value.clone()));
        let new = NewAppUser::new(&self.account.id(context)?).profile(profile.collect());
        context.systems.okta.apps().users(&self.app).assign(&new).await?;
        Ok(())
    }
}

/// Takes away an app that an account has directly. **Destructive**: the attributes in the app are lost, and many apps end
/// the account there. One that comes through a group goes with the group, and is left alone here.
#[derive(Debug, Serialize, Deserialize)]
pub struct UnassignApp {
    /// The account.
    pub account: Account,
    /// The app.
    pub app: AppId,
    /// Its label, for people.
    pub label: String,
}

#[typetag::serde(name = "okta.unassign_app")]
#[async_trait]
impl Action for UnassignApp {
    fn describe(&self) -> Change {
        assignment(Verb::Remove, &self.account, &self.app, &self.label)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.apps.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        Ok(match assigned(context, &self.account, &self.app).await? {
            None => State::reached(),
            Some(found) if found.scope == Some(AssignmentScope::Group) => {
                let group = found.granting_group().map(|group| format!(" {group}")).unwrap_or_default();
                State::Drifted(format!("the app comes through the group{group}: take the account out of it"))
            }
            Some(_) => State::Open,
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        Ok(context.systems.okta.apps().users(&self.app).unassign(&account).await?)
    }
}

fn assignment(verb: Verb, account: &Account, app: &AppId, label: &str) -> Change {
    Change::new("okta", verb, format!("app \"{label}\" for {}", account.login())).to("app id", app.as_str())
}

async fn assigned(
    context: &Context<'_>,
    account: &Account,
    app: &AppId,
) -> Result<Option<AppUser>, ActionError> {
    let found = context.systems.okta.apps().users(app).find(&account.id(context)?).await?;
    Ok(found.filter(AppUser::is_assigned))
}
