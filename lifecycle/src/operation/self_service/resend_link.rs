//! Somebody's mail with the link did not come.

use async_trait::async_trait;

use super::course::{self, Course, Owner};
use super::diagnosis::Help;
use super::{Asked, Case, HelpDesk, RESENT, Treatment};
use crate::action::Permissions;
use crate::action::okta;
use crate::operation::{Operation, OperationError};
use crate::plan::{Intent, Plan, Step};
use crate::systems::Systems;

/// Has Okta mail the link once more: to set a password that was reset, or up an account that is new. A command of its
/// own, and counted: each time is help like any other.
#[derive(Debug, Clone)]
pub struct ResendLink {
    number: String,
    desk: HelpDesk,
    time: u32,
}

impl ResendLink {
    /// For the caller of the incident `number`, who says for the `time`th time (1, 2, …) that no mail came.
    #[must_use]
    pub fn ticket(number: impl Into<String>, desk: HelpDesk, time: u32) -> Self {
        Self { number: number.into(), desk, time }
    }
}

#[async_trait]
impl Operation for ResendLink {
    type Asked = Asked;

    fn permissions(&self) -> Option<Permissions> {
        Some(super::permissions())
    }

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        Asked::read(systems, &self.number).await
    }

    fn intent(&self, asked: &Asked) -> Intent {
        let mut intent = asked.intent("resend_link", &self.time);
        intent.key = format!("{}/{}", intent.key, self.time);
        intent
    }

    async fn plan(&self, systems: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        let intent = self.intent(&asked);
        let case = Case::open(systems, &self.desk, asked).await?;
        Ok(match course::resend(&case.diagnosis) {
            Course::Act(_) => case.help(
                intent,
                Treatment {
                    steps: vec![step(&case)],
                    help: vec![Help::Password],
                    keeps_factor: true,
                    tell: RESENT.to_owned(),
                    owner: Owner::SecondLine,
                },
            ),
            Course::Nothing(tell) => case.nothing(intent, &tell),
            Course::Route(owner, why, tell) => case.route(intent, owner, why, tell),
        })
    }
}

/// The link once more.
pub(super) fn step(case: &Case<'_>) -> Step {
    let resend = okta::ResendLink { account: case.account(), status: case.diagnosis.status.clone() };
    Step::new("resend-link", "a reset is under way: the person needs its link, and no second reset", resend)
}
