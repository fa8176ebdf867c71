//! Attributes that change from what they are known to be, and user types.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use async_trait::async_trait;
use client_core::Delivery;
use okta_client::OktaProblem;
use okta_client::user_types::UserTypeId;
use okta_client::users::{ETag, Profile, ProfilePatch, User, UserUpdate, WholeUser};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Account;
use super::profile::shown;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb, with_sources};

/// How often a change is tried that somebody else was faster with.
const ATTEMPTS: u32 = 3;

/// Changes attributes of an account, all in one call, and leaves the others alone.
///
/// An attribute that somebody has set to something else since the plan was made is not overwritten: the profile is read
/// again before the change, and the change is refused by Okta if it is another by then (`If-Match`).
#[derive(Debug, Serialize, Deserialize)]
pub struct ChangeProfile {
    /// The account.
    pub account: Account,
    /// The attributes to change, by name.
    pub attributes: BTreeMap<String, AttributeChange>,
}

/// An attribute that is to change. Its `Debug` hides both values.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// What it is when the plan is made; `null` if it is not there.
    pub before: Value,
    /// What it is to be; `null` if it is to go.
    pub after: Value,
}

impl fmt::Debug for AttributeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttributeChange")
    }
}

impl ChangeProfile {
    /// The change that takes this one back.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let reversed = |change: &AttributeChange| AttributeChange {
            before: change.after.clone(),
            after: change.before.clone(),
        };
        let attributes = self.attributes.iter().map(|(name, change)| (name.clone(), reversed(change)));
        Self { account: self.account.clone(), attributes: attributes.collect() }
    }

    fn state(&self, user: &User) -> State {
        let is = |name: &str| user.profile.get(name).unwrap_or(&Value::Null);
        let other = self
            .attributes
            .iter()
            .find(|(name, change)| !same(is(name), &change.before) && !same(is(name), &change.after));
        if let Some((name, _)) = other {
            let who = self.account.login();
            return State::Drifted(format!("somebody gave {who} another {name} meanwhile"));
        }
        let all = self.attributes.iter().all(|(name, change)| same(is(name), &change.after));
        if all { State::reached() } else { State::Open }
    }

    fn patch(&self) -> ProfilePatch {
        let attributes = self.attributes.iter();
        attributes.fold(ProfilePatch::new(), |patch, (name, change)| patch.set(name, change.after.clone()))
    }
}

/// An attribute that is absent, `null` or empty is the same for whoever reads it.
fn same(one: &Value, other: &Value) -> bool {
    let blank = |value: &Value| value.is_null() || value == "";
    one == other || (blank(one) && blank(other))
}

#[typetag::serde(name = "okta.change_profile")]
#[async_trait]
impl Action for ChangeProfile {
    fn describe(&self) -> Change {
        let change = Change::new("okta", Verb::Change, format!("profile of {}", self.account.login()));
        self.attributes.iter().fold(change, |change, (name, attribute)| {
            change.from_to(name, told(&attribute.before), told(&attribute.after))
        })
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        Ok(self.state(&self.account.read(context).await?))
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let write = |_: &User, tag| Write::Some(UserUpdate::from(self.patch()).if_match(tag));
        if_unchanged(context, &self.account, |user| self.state(user), write).await
    }
}

/// A conditional write.
enum Write {
    Some(UserUpdate),
    All(WholeUser),
}

/// Reads an account, and writes it under the condition that it is still the same; again if somebody else was faster.
async fn if_unchanged(
    context: &Context<'_>,
    account: &Account,
    state: impl Fn(&User) -> State + Send,
    write: impl Fn(&User, ETag) -> Write + Send,
) -> Result<(), ActionError> {
    let (users, id) = (context.systems.okta.users(), account.id(context)?);
    for _ in 0..ATTEMPTS {
        let (user, tag) = users.get_tagged(&id).await?;
        match state(&user) {
            State::Drifted(why) => return Err(ActionError::permanent(why)),
            State::Reached(_) => return Ok(()),
            State::Open | State::Underway => {}
        }
        let written = match write(&user, tag) {
            Write::Some(update) => users.update(&id, update).await,
            Write::All(whole) => users.replace(&id, &whole).await,
        };
        match written {
            Err(error) if error.problem().is_some_and(OktaProblem::is_stale) => {}
            result => return result.map(drop).map_err(|error| refused(&error)),
        }
    }
    Err(ActionError::transient("somebody else keeps changing the profile", Delivery::Refused))
}

/// What a refusal means. An attribute that HR or a directory masters cannot be written here however often it is tried.
fn refused(error: &okta_client::Error) -> ActionError {
    const MASTERED: [&str; 5] = ["E0000023", "E0000076", "E0000077", "E0000078", "E0000111"];
    let mastered = |problem: &OktaProblem| MASTERED.iter().any(|code| problem.is_code(code));
    if error.problem().is_some_and(mastered) {
        let why = with_sources(error);
        return ActionError::permanent(format!("HR or a directory says what is true of the person: {why}"));
    }
    error.clone().into()
}

fn told(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        value => shown(value),
    }
}

/// Gives an account another user type, and changes attributes with it.
///
/// Okta has one call for it, which drops what it is not given: the profile is read, merged, written whole under the
/// condition that it is still the same (`If-Match`), and looked at afterwards: no attribute may be lost. One that the other
/// type does not have refuses it all, before anything is changed.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChangeUserType {
    /// The attributes that change, and whose.
    pub change: ChangeProfile,
    /// The type to have.
    pub user_type: UserTypeId,
    /// Its name, for people.
    pub type_name: String,
    /// The attributes that have a value when the plan is made, and are to have one afterwards.
    pub kept: BTreeSet<String>,
}

impl ChangeUserType {
    /// Everything that the account is to have.
    fn whole(&self, user: &User) -> Profile {
        let now = user.profile.iter().map(|(name, value)| (name.to_owned(), value.clone()));
        let changes =
            self.change.attributes.iter().map(|(name, change)| (name.clone(), change.after.clone()));
        let mut whole: Map<String, Value> = now.chain(changes).collect();
        whole.retain(|_, value| !value.is_null());
        whole.into()
    }

    fn state(&self, user: &User) -> State {
        let typed = user.user_type.as_ref().is_some_and(|is| is.id == self.user_type);
        match self.change.state(user) {
            drifted @ State::Drifted(_) => drifted,
            State::Reached(_) if typed => {
                let lost = self.kept.iter().find(|name| user.profile.get(name).is_none_or(Value::is_null));
                lost.map_or_else(State::reached, |name| State::Drifted(format!("{name} is gone")))
            }
            _ => State::Open,
        }
    }
}

#[typetag::serde(name = "okta.change_user_type")]
#[async_trait]
impl Action for ChangeUserType {
    fn describe(&self) -> Change {
        self.change.describe().to("user type", &self.type_name)
    }

    fn permissions(&self) -> Permissions {
        self.change.permissions()
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        Ok(self.state(&self.change.account.read(context).await?))
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let write = |user: &User, tag| {
            let whole = WholeUser::new(self.whole(user)).user_type(self.user_type.clone());
            Write::All(whole.if_match(tag))
        };
        if_unchanged(context, &self.change.account, |user| self.state(user), write).await
    }
}
