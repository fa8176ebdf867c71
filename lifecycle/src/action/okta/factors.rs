//! Factors: what a person proves with who they are.

use std::time::Duration;

use async_trait::async_trait;
use okta_client::authenticator_enrollments::{AuthenticatorEnrollment, Identifiers};
use okta_client::factors::{
    Factor, FactorId, FactorStatus, FactorType, NewFactor, PhoneNumber, RecoveryNumber,
};
use okta_client::users::UserId;
use serde::{Deserialize, Serialize};

use super::Account;
use super::credentials::{is_ours, is_without_feature};
use super::log::{LOGGED_WITHIN, logged};
use crate::Systems;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

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

/// Removes one factor, so that whoever has the phone or key now proves nothing with it. With a push or FastPass the
/// device's other Okta Verify factors go too.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemoveFactor {
    /// The account.
    pub account: Account,
    /// The factor.
    pub factor: FactorId,
    /// What it is.
    pub kind: FactorType,
}

#[typetag::serde(name = "okta.remove_factor")]
#[async_trait]
impl Action for RemoveFactor {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Remove, format!("factor {} of {}", self.kind, self.account.login()))
            .to("factor id", self.factor.as_str())
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let account = self.account.id(context)?;
        let there = context.systems.okta.factors(&account).find(&self.factor).await?.is_some();
        // The enrolment policy may hide a factor from where we call.
        let enrolled = enrolled(context.systems, &account).await?;
        let hidden = enrolled.iter().any(|one| one.id.as_str() == self.factor.as_str());
        Ok(if there || hidden { State::Open } else { State::reached() })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        // A number that is lost must recover nothing either.
        match context.systems.okta.factors(&account).delete(&self.factor, RecoveryNumber::Remove).await {
            Err(error) if error.is_not_found() => Ok(()),
            result => Ok(result?),
        }
    }
}

/// Enrols the person in a factor, active at once. Whoever plans it vouches that number, address or token is theirs.
#[derive(Debug, Serialize, Deserialize)]
pub struct EnrolFactor {
    /// The account.
    pub account: Account,
    /// The factor.
    pub factor: Enrolment,
}

/// A factor that can be enrolled without the person's doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Enrolment {
    /// Text messages.
    Sms {
        /// The number, in E.164's form.
        number: Phone,
    },
    /// Calls.
    Call {
        /// The number, in E.164's form.
        number: Phone,
    },
    /// Mails, to the account's first or second address.
    Email {
        /// The address.
        address: String,
    },
    /// A token of the org's own kind. Its secret comes from the [`Courier`](crate::hooks::Courier).
    Hotp {
        /// The id of the org's factor profile, from the Admin Console.
        profile: String,
        /// The token's serial number.
        serial: String,
    },
}

/// A phone number in E.164's form. Its `Debug` hides it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(PhoneNumber);

impl From<PhoneNumber> for Phone {
    fn from(number: PhoneNumber) -> Self {
        Self(number)
    }
}

impl TryFrom<String> for Phone {
    type Error = okta_client::InvalidId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0.as_str().to_owned()
    }
}

impl Enrolment {
    /// Okta's word for it.
    #[must_use]
    pub fn kind(&self) -> FactorType {
        match self {
            Self::Sms { .. } => FactorType::Sms,
            Self::Call { .. } => FactorType::Call,
            Self::Email { .. } => FactorType::Email,
            Self::Hotp { .. } => FactorType::Hotp,
        }
    }

    /// What it is, for people, without what is the person's own.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Sms { number: Phone(number) } => format!("sms to {}", last_digits(number)),
            Self::Call { number: Phone(number) } => format!("call to {}", last_digits(number)),
            Self::Email { .. } => "email".to_owned(),
            Self::Hotp { serial, .. } => format!("token {serial}"),
        }
    }

    /// Whether a factor of the same kind is this one. Of a token Okta shows nothing to tell it by but when it came.
    fn is(&self, factor: &Factor, context: &Context<'_>) -> bool {
        let profile = factor.profile.as_ref();
        match self {
            Self::Sms { number: Phone(number) } | Self::Call { number: Phone(number) } => {
                profile.and_then(|profile| profile.phone_number.as_deref()) == Some(number.as_str())
            }
            Self::Email { address } => profile
                .and_then(|profile| profile.email.as_deref())
                .is_some_and(|email| email.eq_ignore_ascii_case(address)),
            Self::Hotp { .. } => factor.created.is_some_and(|at| is_ours(context, at)),
        }
    }
}

fn last_digits(number: &PhoneNumber) -> String {
    let number = number.as_str();
    format!("…{}", &number[number.len().saturating_sub(4)..])
}

#[typetag::serde(name = "okta.enrol_factor")]
#[async_trait]
impl Action for EnrolFactor {
    fn describe(&self) -> Change {
        let target = format!("factor {} for {}", self.factor.label(), self.account.login());
        Change::new("okta", Verb::Add, target)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let account = self.account.id(context)?;
        let kind = self.factor.kind();
        let mut factors = context.systems.okta.factors(&account).list().collect_all().await?;
        factors.retain(|factor| factor.factor_type == kind);
        let usable =
            |factor: &&Factor| matches!(factor.status, FactorStatus::Active | FactorStatus::Enrolled);
        Ok(match factors.iter().find(|factor| self.factor.is(factor, context)).or(factors.first()) {
            None => State::Open,
            Some(ours) if self.factor.is(ours, context) && usable(&ours) => State::reached(),
            Some(other) => State::Drifted(format!(
                "another factor {kind} is there, {} ({}): remove it first",
                other.id, other.status
            )),
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let new = match &self.factor {
            Enrolment::Sms { number } => NewFactor::sms(number.0.clone()),
            Enrolment::Call { number } => NewFactor::call(number.0.clone(), None),
            Enrolment::Email { address } => NewFactor::email(address),
            Enrolment::Hotp { profile, serial } => {
                let secret = context.systems.courier()?.token_secret(serial).await;
                NewFactor::hotp(profile, secret.map_err(|error| ActionError::permanent(error.to_string()))?)
            }
        };
        let account = self.account.id(context)?;
        context.systems.okta.factors(&account).enroll(new).activated().send().await?;
        Ok(())
    }
}

/// The account's enrolments, as Identity Engine shows them. None in a Classic org, which has no such list.
pub(crate) async fn enrolled(
    systems: &Systems,
    account: &UserId,
) -> Result<Vec<AuthenticatorEnrollment>, okta_client::Error> {
    match systems.okta.authenticator_enrollments(account).list(Identifiers::Hidden).collect_all().await {
        Err(error) if error.is_not_found() || is_without_feature(&error) => Ok(Vec::new()),
        enrolled => enrolled,
    }
}
