//! Changes to Okta.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use okta_client::groups::GroupId;
use okta_client::users::{Activation, Mail, NewUser, Profile, ProfilePatch, User, UserId, UserStatus};
use okta_client::{Filter, OktaClient};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};
use crate::plan::StepId;

/// The name under which a step's findings hold an account's id.
pub const OKTA_USER: &str = "okta_user";

/// How far Okta's clock and ours may be apart.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// How long after it was done a thing is looked for in the System Log. Okta promises no time; seconds are usual.
const LOGGED_WITHIN: Duration = Duration::from_secs(120);

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

    fn id(&self, context: &Context<'_>) -> Result<UserId, ActionError> {
        match self {
            Self::Existing { id, .. } => Ok(id.clone()),
            Self::MadeBy { step, .. } => context
                .finding(step, OKTA_USER)?
                .parse()
                .map_err(|error| ActionError::permanent(format!("step {step} found no account: {error}"))),
        }
    }

    async fn read(&self, context: &Context<'_>) -> Result<User, ActionError> {
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

/// Makes an account a member of a group.
#[derive(Debug, Serialize, Deserialize)]
pub struct AddToGroup {
    /// The account.
    pub account: Account,
    /// The group.
    pub group: GroupId,
    /// Its name, for people.
    pub group_name: String,
}

#[typetag::serde(name = "okta.add_to_group")]
#[async_trait]
impl Action for AddToGroup {
    fn describe(&self) -> Change {
        membership(Verb::Add, &self.account, &self.group, &self.group_name)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.groups.manage", "okta.users.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let member = is_member(context, &self.account, &self.group).await?;
        Ok(if member { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        Ok(context.systems.okta.groups().add(&self.group, &account).await?)
    }
}

/// Ends an account's membership of a group.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemoveFromGroup {
    /// The account.
    pub account: Account,
    /// The group.
    pub group: GroupId,
    /// Its name, for people.
    pub group_name: String,
}

#[typetag::serde(name = "okta.remove_from_group")]
#[async_trait]
impl Action for RemoveFromGroup {
    fn describe(&self) -> Change {
        membership(Verb::Remove, &self.account, &self.group, &self.group_name)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.groups.manage", "okta.users.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let member = is_member(context, &self.account, &self.group).await?;
        Ok(if member { State::Open } else { State::reached() })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        match context.systems.okta.groups().remove(&self.group, &account).await {
            // Okta does not say what it answers to someone who is no member: then there is nothing to end.
            Err(error) if error.is_not_found() => Ok(()),
            result => Ok(result?),
        }
    }
}

fn membership(verb: Verb, account: &Account, group: &GroupId, name: &str) -> Change {
    let target = format!("group \"{name}\" member {}", account.login());
    Change::new("okta", verb, target).to("group id", group.as_str())
}

async fn is_member(context: &Context<'_>, account: &Account, group: &GroupId) -> Result<bool, ActionError> {
    let groups = context.systems.okta.users().groups(&account.id(context)?).collect_all().await?;
    Ok(groups.iter().any(|member_of| member_of.id == *group))
}

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
/// everything else was in place.
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
        if logged(context, &self.account, "user.lifecycle.reactivate").await? {
            return Ok(State::reached());
        }
        let user = self.account.read(context).await?;
        Ok(match user.status {
            UserStatus::Provisioned => State::Open,
            status => State::Drifted(format!("the account is {status}, and needs no activation")),
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        context.systems.okta.users().reactivate(&account, Mail::Send).await?;
        Ok(())
    }
}

/// Whether the System Log has an event of this type, for this account, from this very step.
async fn logged(context: &Context<'_>, account: &Account, event_type: &str) -> Result<bool, ActionError> {
    let Some(intended) = context.intended_at else { return Ok(false) };
    let until = context.systems.clock().now() + SKEW;
    let filter =
        Filter::eq("target.id", account.id(context)?.as_str()).and(Filter::eq("eventType", event_type));
    let events = context.systems.okta.system_log().between(intended - SKEW, until).filter(filter).send();
    let mark = context.mark.user_agent();
    let ours = |agent: Option<&str>| agent.is_some_and(|agent| agent.ends_with(&mark));
    Ok(events.collect_all().await?.iter().any(|event| ours(event.user_agent())))
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

/// Removes every enrolled factor of an account, so that an old phone opens nothing.
///
/// What shows that it was done is the System Log: an account may have had no factor before.
#[derive(Debug, Serialize, Deserialize)]
pub struct ResetFactors {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "okta.reset_factors")]
#[async_trait]
impl Action for ResetFactors {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Remove, format!("all factors of {}", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage", "okta.logs.read"])
    }

    fn shows_within(&self) -> Duration {
        LOGGED_WITHIN
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let done = logged(context, &self.account, "user.mfa.factor.reset_all").await?;
        Ok(if done { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        Ok(context.systems.okta.users().reset_factors(&account).await?)
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
