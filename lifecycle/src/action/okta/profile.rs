//! Accounts made, and their attributes.

use async_trait::async_trait;
use okta_client::users::{Activation, NewUser, Profile, ProfilePatch, User};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Account, OKTA_USER, accounts_numbered};
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};
use crate::plan::StepId;

/// Makes an account, STAGED: nobody can sign in with it, and no mail is sent.
///
/// Okta has no key that would make a repetition harmless, so after a lost answer the account is looked up by
/// its login, and taken for ours only if the person's number agrees. Before the intent was journalled the login
/// was free, so what is there now came after.
#[derive(Debug, Serialize, Deserialize)]
pub struct CreateUser {
    /// The attributes, `login` and `employeeNumber` among them.
    pub profile: Profile,
}

impl CreateUser {
    fn text(&self, attribute: &str) -> &str {
        self.profile.text(attribute).unwrap_or_default()
    }

    fn is_ours(&self, found: &User, context: &Context<'_>) -> bool {
        let number = self.text("employeeNumber");
        let same_person = !number.is_empty() && found.profile.text("employeeNumber") == Some(number);
        same_person && context.intended_at.is_some()
    }
}

#[typetag::serde(name = "okta.create_user")]
#[async_trait]
impl Action for CreateUser {
    fn describe(&self) -> Change {
        let change = Change::new("okta", Verb::Add, format!("user {}, staged", self.text("login")));
        self.profile
            .iter()
            .filter(|(name, _)| *name != "login")
            .fold(change, |change, (name, value)| change.to(name, shown(value)))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        match context.systems.okta.users().find_by_login(self.text("login")).await? {
            None => {
                let number = self.text("employeeNumber");
                let others = accounts_numbered(&context.systems.okta, number).await?;
                Ok(others.first().map_or(State::Open, |other| {
                    let id = &other.id;
                    State::Drifted(format!(
                        "the employee number {number} belongs to the account {id} meanwhile"
                    ))
                }))
            }
            Some(found) if self.is_ours(&found, context) => {
                Ok(State::Reached(Findings::from([(OKTA_USER.to_owned(), found.id.to_string())])))
            }
            Some(found) => Ok(State::Drifted(format!(
                "the login {} was taken meanwhile, by {} made {}",
                self.text("login"),
                found.id,
                found.created.format("%Y-%m-%d %H:%M:%S UTC")
            ))),
        }
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let new = NewUser::new(self.profile.clone());
        context.systems.okta.users().create(&new, Activation::Staged).await?;
        Ok(())
    }
}

/// Sets attributes of an account, and leaves the others alone.
#[derive(Debug, Serialize, Deserialize)]
pub struct UpdateProfile {
    /// The account.
    pub account: Account,
    /// The attributes, `null` for those to remove.
    pub patch: ProfilePatch,
}

#[typetag::serde(name = "okta.update_profile")]
#[async_trait]
impl Action for UpdateProfile {
    fn describe(&self) -> Change {
        let change = Change::new("okta", Verb::Change, format!("profile of {}", self.account.login()));
        self.patch.iter().fold(change, |change, (name, value)| match value {
            Value::Null => change.to(name, "(removed)"),
            value => change.to(name, shown(value)),
        })
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let user = self.account.read(context).await?;
        // An absent attribute and `null` are the same in an answer.
        let is = |name: &str| user.profile.get(name).unwrap_or(&Value::Null);
        let same = self.patch.iter().all(|(name, value)| is(name) == value);
        Ok(if same { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        context.systems.okta.users().update(&account, &self.patch).await?;
        Ok(())
    }
}

/// Sets one attribute of an account to what an earlier step found out.
#[derive(Debug, Serialize, Deserialize)]
pub struct SetFound {
    /// The account.
    pub account: Account,
    /// The attribute.
    pub attribute: String,
    /// The step that found it out.
    pub step: StepId,
    /// The name of its finding.
    pub finding: String,
}

impl SetFound {
    fn patch(&self, context: &Context<'_>) -> Result<UpdateProfile, ActionError> {
        let found = context.finding(&self.step, &self.finding)?;
        let patch = ProfilePatch::new().set(self.attribute.as_str(), found);
        Ok(UpdateProfile { account: self.account.clone(), patch })
    }
}

#[typetag::serde(name = "okta.set_found")]
#[async_trait]
impl Action for SetFound {
    fn describe(&self) -> Change {
        let target = format!("profile of {}", self.account.login());
        Change::new("okta", Verb::Change, target).to(&self.attribute, format!("as found by {}", self.step))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        self.patch(context)?.verify(context).await
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        self.patch(context)?.apply(context).await
    }
}

pub(super) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
