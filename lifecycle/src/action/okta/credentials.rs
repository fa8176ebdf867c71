//! Changes to what people sign in with.
//!
//! None of these is simply done again when its answer is lost: a second mail voids the first one's link, and a second
//! temporary password the first. What shows that one was done is the System Log, where the entry carries this run and
//! step in its user agent, and the account itself; what shows that a secret reached its person is the
//! [`Courier`](crate::hooks::Courier). Where these do not settle it, a person is asked.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use okta_client::SecretString;
use okta_client::authenticator_enrollments::AuthenticatorEnrollment;
use okta_client::authenticators::AuthenticatorId;
use okta_client::users::{Mail, UserBlock, UserId, UserStatus};
use serde::{Deserialize, Serialize};

use super::Account;
use super::factors::enrolled;
use super::log::{LOGGED_WITHIN, SKEW, logged};
use crate::Systems;
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb, with_sources};
use crate::hooks::Parcel;

/// The name under which a step's findings hold the keyed digest of the secret that it handed over.
pub const ISSUED: &str = "issued";

/// Has Okta mail the person a link by which they set a new password. Until they have, they cannot sign in with one.
///
/// The link goes from Okta to the person, and nowhere else.
#[derive(Debug, Serialize, Deserialize)]
pub struct ResetPassword {
    /// The account.
    pub account: Account,
    /// The status it has when the plan is carried out that far. RECOVERY it becomes.
    pub from: UserStatus,
    /// Whether the person's sessions end too: where the old password may be in other hands.
    pub end_sessions: bool,
}

#[typetag::serde(name = "okta.reset_password")]
#[async_trait]
impl Action for ResetPassword {
    fn describe(&self) -> Change {
        let change = Change::new("okta", Verb::Change, format!("password of {} reset", self.account.login()))
            .from_to("status", self.from.as_str(), "RECOVERY")
            .to("link", "mailed to the person by Okta");
        if self.end_sessions { change.to("sessions", "ended") } else { change }
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage", "okta.logs.read"])
    }

    fn shows_within(&self) -> Duration {
        LOGGED_WITHIN
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        if logged(context, &self.account, "user.account.reset_password").await? {
            return Ok(State::reached());
        }
        let user = self.account.read(context).await?;
        Ok(match user.status {
            ref status if *status == self.from => State::Open,
            UserStatus::Recovery => unclear(context, user.status_changed, "the password was reset"),
            status => State::Drifted(format!("the account is {status} now")),
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        let reset = context.systems.okta.users().reset_password(&account, Mail::Send);
        let reset = if self.end_sessions { reset.revoke_sessions().await } else { reset.await };
        reset.map(|_| ()).map_err(refused)
    }
}

/// Has Okta mail the link once more: to set up an account that is PROVISIONED, or a password in RECOVERY. Links from
/// before are void then.
#[derive(Debug, Serialize, Deserialize)]
pub struct ResendLink {
    /// The account.
    pub account: Account,
    /// The status it has, and keeps: PROVISIONED or RECOVERY.
    pub status: UserStatus,
}

#[typetag::serde(name = "okta.resend_link")]
#[async_trait]
impl Action for ResendLink {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Add, format!("the link mailed to {} again", self.account.login()))
            .to("links from before", "void")
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
        Ok(if user.status == self.status {
            State::Open
        } else {
            State::Drifted(format!("the account is {} now, and waits for no link", user.status))
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        context.systems.okta.users().reactivate(&account, Mail::Send).await?;
        Ok(())
    }
}

/// Makes a temporary password and gives it to the [`Courier`](crate::hooks::Courier): for somebody without their
/// mailbox. Good for one sign-in, at which a new one is chosen.
#[derive(Debug, Serialize, Deserialize)]
pub struct IssueTemporaryPassword {
    /// The account.
    pub account: Account,
    /// The status it has when the plan is carried out that far: ACTIVE or PASSWORD_EXPIRED. PASSWORD_EXPIRED it
    /// becomes.
    pub from: UserStatus,
    /// Whether the person's sessions end too.
    pub end_sessions: bool,
}

const TEMPORARY_PASSWORD: &str = "temporary password";

#[typetag::serde(name = "okta.issue_temporary_password")]
#[async_trait]
impl Action for IssueTemporaryPassword {
    fn describe(&self) -> Change {
        let target = format!("{TEMPORARY_PASSWORD} for {}", self.account.login());
        Change::new("okta", Verb::Change, target)
            .from_to("status", self.from.as_str(), "PASSWORD_EXPIRED")
            .to("handed over", "by the courier")
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage", "okta.logs.read"])
    }

    fn shows_within(&self) -> Duration {
        LOGGED_WITHIN
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        if let Some(issued) = handed_over(context).await? {
            return Ok(issued);
        }
        // Which of the two Okta logs is not documented.
        for event in ["user.account.expire_password", "user.account.reset_password"] {
            if logged(context, &self.account, event).await? {
                return Ok(lost(TEMPORARY_PASSWORD, "the password before"));
            }
        }
        let user = self.account.read(context).await?;
        let changed = user.password_changed.filter(|at| is_ours(context, *at));
        Ok(match user.status {
            ref status if *status == self.from && changed.is_none() => State::Open,
            UserStatus::PasswordExpired => {
                unclear(context, changed.or(user.status_changed), "the password was expired")
            }
            status => State::Drifted(format!("the account is {status} now")),
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        // Looked for first: a secret that nobody takes would leave the person with nothing.
        context.systems.courier()?;
        let account = self.account.id(context)?;
        let issue = context.systems.okta.users().expire_password_with_temp_password(&account);
        let secret = if self.end_sessions { issue.revoke_sessions().await } else { issue.await };
        let secret = secret.map_err(refused)?;
        let parcel = parcel(context, &self.account, TEMPORARY_PASSWORD, secret)?;
        hand_over(context, parcel).await
    }
}

/// Gives out a temporary access code by the [`Courier`](crate::hooks::Courier): the bridge for somebody whose factors
/// were reset. Good once. Codes from before are void then.
#[derive(Debug, Serialize, Deserialize)]
pub struct IssueAccessCode {
    /// The account.
    pub account: Account,
    /// The org's authenticator with the key `tac`.
    pub authenticator: AuthenticatorId,
    /// For how many minutes it is good: 10 to 14400, if the org allows so many.
    pub minutes: u16,
}

const ACCESS_CODE: &str = "temporary access code";

#[typetag::serde(name = "okta.issue_access_code")]
#[async_trait]
impl Action for IssueAccessCode {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Add, format!("{ACCESS_CODE} for {}", self.account.login()))
            .to("good for", format!("one use within {} minutes", self.minutes))
            .to("handed over", "by the courier")
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        if let Some(issued) = handed_over(context).await? {
            return Ok(issued);
        }
        let enrollments = enrolled(context.systems, &self.account.id(context)?).await?;
        let new = |code: &AuthenticatorEnrollment| code.created.is_none_or(|at| is_ours(context, at));
        let made = context.intended_at.is_some()
            && enrollments.iter().any(|one| one.kind.as_deref() == Some("tac") && new(one));
        Ok(if made { lost(ACCESS_CODE, "a code from before") } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        context.systems.courier()?;
        let account = self.account.id(context)?;
        let enrollments = context.systems.okta.authenticator_enrollments(&account);
        let ttl = Duration::from_secs(u64::from(self.minutes) * 60);
        let code = enrollments.issue_code(&self.authenticator).ttl(ttl).send().await?;
        let mut parcel = parcel(context, &self.account, ACCESS_CODE, code.code)?;
        parcel.expires_at = code.expires_at;
        hand_over(context, parcel).await
    }
}

/// Makes the person choose a new password at their next sign-in.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExpirePassword {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "okta.expire_password")]
#[async_trait]
impl Action for ExpirePassword {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Change, format!("password of {} expired", self.account.login())).from_to(
            "status",
            "ACTIVE",
            "PASSWORD_EXPIRED",
        )
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        Ok(match self.account.read(context).await?.status {
            UserStatus::PasswordExpired => State::reached(),
            UserStatus::Active => State::Open,
            status => State::Drifted(format!("the account is {status} now")),
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        context.systems.okta.users().expire_password(&account).await?;
        Ok(())
    }
}

/// Lifts a lock-out, or a block of devices that the status does not show.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unlock {
    /// The account.
    pub account: Account,
}

#[typetag::serde(name = "okta.unlock")]
#[async_trait]
impl Action for Unlock {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Change, format!("user {} unlocked", self.account.login()))
            .to("status", "ACTIVE")
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let account = self.account.id(context)?;
        Ok(match self.account.read(context).await?.status {
            UserStatus::Active if blocks(context.systems, &account).await?.is_empty() => State::reached(),
            UserStatus::LockedOut | UserStatus::Active => State::Open,
            status => State::Drifted(format!("the account is {status} now")),
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        Ok(context.systems.okta.users().unlock(&account).await?)
    }
}

/// From where a person is kept out. None in an org without the feature.
pub(crate) async fn blocks(
    systems: &Systems,
    account: &UserId,
) -> Result<Vec<UserBlock>, okta_client::Error> {
    match systems.okta.users().blocks(account).await {
        Err(error) if is_without_feature(&error) => Ok(Vec::new()),
        blocks => blocks,
    }
}

/// Whether Okta refused because the org has no such feature, and not because we may not.
pub(crate) fn is_without_feature(error: &okta_client::Error) -> bool {
    error.problem().is_some_and(|problem| problem.is_code("E0000015"))
}

/// That a directory keeps the password is no matter of our rights, and will not pass.
fn refused(error: okta_client::Error) -> ActionError {
    let elsewhere = |code| error.problem().is_some_and(|problem| problem.is_code(code));
    if elsewhere("E0000076") || elsewhere("E0000017") {
        return ActionError::permanent(with_sources(&error));
    }
    error.into()
}

/// Whether something that Okta did at this time came after our intent.
pub(super) fn is_ours(context: &Context<'_>, at: DateTime<Utc>) -> bool {
    context.intended_at.is_some_and(|intended| at >= intended - SKEW)
}

/// It was done, at `since`, and the System Log does not (yet) say that it was us.
fn unclear(context: &Context<'_>, since: Option<DateTime<Utc>>, what: &str) -> State {
    let shows_until = since.map(|at| at + TimeDelta::from_std(LOGGED_WITHIN).unwrap_or(TimeDelta::MAX));
    let now = context.systems.clock().now();
    if context.intended_at.is_some() && shows_until.is_some_and(|until| now < until) {
        return State::Underway;
    }
    State::Drifted(format!(
        "{what} meanwhile, and the System Log does not say that it was this step: a link or password that the \
         person got earlier may be void. Ask them what they have, and issue anew on purpose"
    ))
}

/// It was issued, and its answer lost before it was handed over.
fn lost(what: &str, before: &str) -> State {
    State::Drifted(format!(
        "a {what} was issued, and nobody has it: its answer was lost, or the courier did not take it. {before} is void \
         now. Issue anew on purpose"
    ))
}

/// The same for the same step, after a crash too.
fn parcel_id(context: &Context<'_>) -> String {
    format!("{}/{}", context.mark.run, context.mark.step)
}

fn parcel(
    context: &Context<'_>,
    account: &Account,
    kind: &'static str,
    secret: SecretString,
) -> Result<Parcel, ActionError> {
    context.systems.parcel(parcel_id(context), account.login(), kind, secret)
}

/// What the courier has of this step.
async fn handed_over(context: &Context<'_>) -> Result<Option<State>, ActionError> {
    if context.intended_at.is_none() {
        return Ok(None);
    }
    let digest = context.systems.courier()?.delivered(&parcel_id(context)).await?;
    Ok(digest.map(|digest| State::Reached(Findings::from([(ISSUED.to_owned(), digest)]))))
}

async fn hand_over(context: &Context<'_>, parcel: Parcel) -> Result<(), ActionError> {
    let what = parcel.kind;
    context.systems.courier()?.deliver(parcel).await.map_err(|error| {
        ActionError::permanent(format!(
            "the {what} was issued, and the courier did not take it ({error}): nobody has it, and what the person had \
             before is void. Issue anew on purpose"
        ))
    })
}
