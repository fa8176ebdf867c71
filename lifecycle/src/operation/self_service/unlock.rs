//! Somebody is locked out.

use async_trait::async_trait;

use super::course::{self, Course, Owner};
use super::diagnosis::Help;
use super::{Asked, Case, HelpDesk, Treatment, UNLOCKED};
use crate::action::Permissions;
use crate::action::okta;
use crate::operation::{Operation, OperationError};
use crate::plan::{Intent, Plan, Step};
use crate::systems::Systems;

/// Unlocks the account of an incident's caller, unless it is under attack.
#[derive(Debug, Clone)]
pub struct Unlock {
    number: String,
    desk: HelpDesk,
}

impl Unlock {
    /// For the caller of the incident `number`.
    #[must_use]
    pub fn ticket(number: impl Into<String>, desk: HelpDesk) -> Self {
        Self { number: number.into(), desk }
    }
}

#[async_trait]
impl Operation for Unlock {
    type Asked = Asked;

    fn permissions(&self) -> Option<Permissions> {
        Some(super::permissions())
    }

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        Asked::read(systems, &self.number).await
    }

    fn intent(&self, asked: &Asked) -> Intent {
        asked.intent("unlock", &())
    }

    async fn plan(&self, systems: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        let intent = self.intent(&asked);
        let case = Case::open(systems, &self.desk, asked).await?;
        Ok(match course::unlock(&case.diagnosis) {
            Course::Act(_) => case.help(
                intent,
                Treatment {
                    steps: vec![Step::new(
                        "unlock",
                        "it is locked",
                        okta::Unlock { account: case.account() },
                    )],
                    help: vec![Help::Unlock],
                    keeps_factor: true,
                    tell: UNLOCKED.to_owned(),
                    owner: Owner::SecondLine,
                },
            ),
            Course::Nothing(tell) => case.nothing(intent, &tell),
            Course::Route(owner, why, tell) => case.route(intent, owner, why, tell),
        })
    }
}
