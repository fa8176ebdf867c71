//! Somebody lost what they prove with who they are.

use async_trait::async_trait;
use okta_client::authenticators::{AuthenticatorId, AuthenticatorKey, AuthenticatorStatus};
use okta_client::factors::{Factor, FactorType};

use super::course::{self, Course, Owner};
use super::diagnosis::Help;
use super::{Asked, Case, HelpDesk, Treatment};
use crate::action::Permissions;
use crate::action::okta::{self, EndSessions, IssueAccessCode, RemoveFactor};
use crate::operation::{Operation, OperationError};
use crate::plan::{Intent, Plan, Step};
use crate::systems::Systems;

/// For how many minutes the code is good that bridges the time until a new factor is enrolled.
const BRIDGE_MINUTES: u16 = 60;

/// Removes what an incident's caller lost: one kind of factor, or all of them. Whoever has the device now is signed out,
/// and a temporary access code bridges the time until something new is enrolled, if nothing is left.
#[derive(Debug, Clone)]
pub struct ResetFactors {
    number: String,
    desk: HelpDesk,
    lost: Option<FactorType>,
}

impl ResetFactors {
    /// For the caller of the incident `number`, who lost factors of this kind. Only these are removed.
    #[must_use]
    pub fn lost(number: impl Into<String>, kind: FactorType, desk: HelpDesk) -> Self {
        Self { number: number.into(), desk, lost: Some(kind) }
    }

    /// For the caller of the incident `number`, who lost everything.
    #[must_use]
    pub fn all(number: impl Into<String>, desk: HelpDesk) -> Self {
        Self { number: number.into(), desk, lost: None }
    }
}

#[async_trait]
impl Operation for ResetFactors {
    type Asked = Asked;

    fn permissions(&self) -> Option<Permissions> {
        Some(super::permissions())
    }

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        Asked::read(systems, &self.number).await
    }

    fn intent(&self, asked: &Asked) -> Intent {
        asked.intent("reset_factors", &self.lost.as_ref().map(FactorType::as_str))
    }

    async fn plan(&self, systems: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        let intent = self.intent(&asked);
        let case = Case::open(systems, &self.desk, asked).await?;
        if let Some(Course::Route(owner, why, tell)) = course::factors(&case.diagnosis) {
            return Ok(case.route(intent, owner, why, tell));
        }
        let lost: Vec<&Factor> = match &self.lost {
            Some(kind) => case.diagnosis.factors_of(kind).collect(),
            None => case.diagnosis.factors.iter().collect(),
        };
        if lost.is_empty() {
            return Ok(if case.diagnosis.hidden().is_empty() {
                case.nothing(intent, NOTHING_ENROLLED)
            } else {
                case.route(intent, Owner::SecondLine, HIDDEN, super::COLLEAGUE)
            });
        }
        let keeps_factor = case.diagnosis.keeps_a_factor_besides(&lost);
        let mut steps = self.removal(&case, &lost);
        let sessions = EndSessions { account: case.account(), tokens: false, forget_devices: true };
        steps.push(Step::new("end-sessions", "whoever has the device is signed out", sessions));
        let bridge = if keeps_factor { None } else { bridge(systems).await? };
        let tell = match (keeps_factor, &bridge) {
            (true, _) => KEEPS,
            (false, Some(_)) => CODE,
            (false, None) => SUPERVISED,
        };
        if let Some(authenticator) = bridge {
            let code = IssueAccessCode { account: case.account(), authenticator, minutes: BRIDGE_MINUTES };
            let why = "nothing is left to sign in with until something new is enrolled";
            steps.push(Step::new("access-code", why, code).needs(["end-sessions"]));
        }
        let treatment = Treatment {
            steps,
            help: vec![Help::Factors],
            keeps_factor,
            tell: tell.to_owned(),
            owner: Owner::SecondLine,
        };
        Ok(case.help(intent, treatment))
    }
}

impl ResetFactors {
    /// Only what was lost is removed; the call that removes all is for when all is lost.
    fn removal(&self, case: &Case<'_>, lost: &[&Factor]) -> Vec<Step> {
        if self.lost.is_none() {
            let reset = okta::ResetFactors { account: case.account() };
            return vec![Step::new("reset-factors", "all of them are lost", reset)];
        }
        let remove = |(n, factor): (usize, &&Factor)| {
            let (factor, kind) = (factor.id.clone(), factor.factor_type.clone());
            let remove = RemoveFactor { account: case.account(), factor, kind };
            Step::new(&format!("remove-factor-{n}"), "it is lost", remove)
        };
        (1..).zip(lost).map(remove).collect()
    }
}

/// The authenticator of temporary access codes, if the org has it and somebody can hand a code over.
async fn bridge(systems: &Systems) -> Result<Option<AuthenticatorId>, OperationError> {
    if !systems.has_courier() {
        return Ok(None);
    }
    let tac = match systems.okta.authenticators().find_by_key(&AuthenticatorKey::Tac).await {
        // A Classic org has none.
        Err(error) if error.is_not_found() => None,
        found => found?,
    };
    Ok(tac.filter(|tac| tac.status == Some(AuthenticatorStatus::Active)).map(|tac| tac.id))
}

const HIDDEN: &str = "the person is enrolled in something that the list of factors does not show: the enrolment policy hides it from \
     where this program calls. Remove it in the Admin Console";

const NOTHING_ENROLLED: &str = "Nothing of that kind is set up for your account, so there was nothing to remove. Sign in, and set up what Okta asks for.";

const KEEPS: &str = "We have removed what you lost from your account, and signed you out everywhere. Sign in with what you have left, and set \
     up a new device then.";

const CODE: &str = "We have removed what you lost from your account, and signed you out everywhere. A code for one sign-in, good for an hour, \
     comes to you the way that was agreed, never by mail or in this ticket. Sign in with it, and set up a new device then.";

const SUPERVISED: &str = "We have removed what you lost from your account, and signed you out everywhere. Come to the service desk with your badge to \
     set up a new device.";
