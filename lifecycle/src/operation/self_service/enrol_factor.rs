//! Somebody has a new phone, mailbox or token to prove with who they are.

use async_trait::async_trait;

use super::course::{self, Course, Owner};
use super::diagnosis::Help;
use super::{Asked, Case, HelpDesk, Treatment};
use crate::action::Permissions;
use crate::action::okta::{self, Enrolment};
use crate::operation::{Operation, OperationError};
use crate::plan::{Intent, Plan, Step};
use crate::systems::Systems;

/// Enrols an incident's caller in a factor, active at once: proof that it is them stands for the code that they would have
/// typed in. FastPass and push cannot be enrolled so.
#[derive(Debug, Clone)]
pub struct EnrolFactor {
    number: String,
    desk: HelpDesk,
    factor: Enrolment,
}

impl EnrolFactor {
    /// For the caller of the incident `number`.
    #[must_use]
    pub fn ticket(number: impl Into<String>, factor: Enrolment, desk: HelpDesk) -> Self {
        Self { number: number.into(), desk, factor }
    }
}

#[async_trait]
impl Operation for EnrolFactor {
    type Asked = Asked;

    fn permissions(&self) -> Option<Permissions> {
        Some(super::permissions())
    }

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        Asked::read(systems, &self.number).await
    }

    fn intent(&self, asked: &Asked) -> Intent {
        asked.intent("enrol_factor", &self.factor)
    }

    async fn plan(&self, systems: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        if matches!(self.factor, Enrolment::Hotp { .. }) && !systems.has_courier() {
            return Err(super::no_courier("a token's secret"));
        }
        let intent = self.intent(&asked);
        let case = Case::open(systems, &self.desk, asked).await?;
        if let Some(Course::Route(owner, why, tell)) = course::factors(&case.diagnosis) {
            return Ok(case.route(intent, owner, why, tell));
        }
        let enrol = okta::EnrolFactor { account: case.account(), factor: self.factor.clone() };
        let label = self.factor.label();
        Ok(case.help(
            intent,
            Treatment {
                steps: vec![Step::new("enrol-factor", "the person showed that it is theirs", enrol)],
                help: vec![Help::Factors],
                keeps_factor: case.diagnosis.keeps_a_factor_besides(&[]),
                tell: format!(
                    "We have set up {label} for your account. You can use it the next time you sign in. If you did \
                     not ask for this, answer this ticket at once."
                ),
                owner: Owner::SecondLine,
            },
        ))
    }
}
