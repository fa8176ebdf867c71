//! Somebody needs a new password.

use async_trait::async_trait;

use super::course::{self, Channel, Course, Deed, Owner};
use super::diagnosis::{Help, Provider};
use super::{Asked, Case, HelpDesk, Treatment};
use crate::action::Permissions;
use crate::action::okta;
use crate::operation::{Operation, OperationError};
use crate::plan::{Intent, Plan, Step};
use crate::systems::Systems;

/// Resets the password of an incident's caller: Okta mails them a link. What else may be needed instead follows from how
/// the account stands.
#[derive(Debug, Clone)]
pub struct ResetPassword {
    number: String,
    desk: HelpDesk,
    channel: Channel,
    forgotten: bool,
    compromised: bool,
}

impl ResetPassword {
    /// For the caller of the incident `number`.
    #[must_use]
    pub fn ticket(number: impl Into<String>, desk: HelpDesk) -> Self {
        let number = number.into();
        Self { number, desk, channel: Channel::Mail, forgotten: false, compromised: false }
    }

    /// For somebody without their mailbox: a temporary password, by the [`Courier`](crate::hooks::Courier).
    #[must_use]
    pub fn without_mailbox(mut self) -> Self {
        self.channel = Channel::Courier;
        self
    }

    /// An expired password is reset too: it is forgotten.
    #[must_use]
    pub fn forgotten(mut self) -> Self {
        self.forgotten = true;
        self
    }

    /// Ends the person's sessions too: somebody else may know the password.
    #[must_use]
    pub fn compromised(mut self) -> Self {
        self.compromised = true;
        self
    }
}

#[async_trait]
impl Operation for ResetPassword {
    type Asked = Asked;

    fn permissions(&self) -> Option<Permissions> {
        Some(super::permissions())
    }

    async fn read(&self, systems: &Systems) -> Result<Asked, OperationError> {
        Asked::read(systems, &self.number).await
    }

    fn intent(&self, asked: &Asked) -> Intent {
        asked.intent("reset_password", &(self.channel, self.forgotten, self.compromised))
    }

    async fn plan(&self, systems: &Systems, asked: Asked) -> Result<Plan, OperationError> {
        if self.channel == Channel::Courier && !systems.has_courier() {
            return Err(super::no_courier("a temporary password"));
        }
        let intent = self.intent(&asked);
        let case = Case::open(systems, &self.desk, asked).await?;
        let course =
            course::password(&case.diagnosis, self.forgotten, self.channel, self.desk.delegated_reset);
        Ok(match course {
            Course::Act(deeds) => case.help(intent, self.treatment(&case, &deeds)),
            Course::Nothing(tell) => case.nothing(intent, &tell),
            Course::Route(owner, why, tell) => case.route(intent, owner, why, tell),
        })
    }
}

impl ResetPassword {
    fn treatment(&self, case: &Case<'_>, deeds: &[Deed]) -> Treatment {
        let mut treatment = Treatment {
            steps: Vec::new(),
            help: Vec::new(),
            keeps_factor: true,
            tell: String::new(),
            owner: match case.diagnosis.provider {
                Provider::Directory => Owner::Directory,
                _ => Owner::SecondLine,
            },
        };
        for deed in deeds {
            let (account, unlocked) = (case.account(), treatment.help.contains(&Help::Unlock));
            // An unlocked account is ACTIVE by then.
            let from =
                if unlocked { okta_client::users::UserStatus::Active } else { case.diagnosis.status.clone() };
            let (step, help, tell) = match deed {
                Deed::Unlock => (
                    Step::new("unlock", "it is locked", okta::Unlock { account }),
                    Help::Unlock,
                    super::UNLOCKED,
                ),
                Deed::ResetPassword => {
                    let reset = okta::ResetPassword { account, from, end_sessions: self.compromised };
                    (Step::new("reset-password", "the person asked for it", reset), Help::Password, MAILED)
                }
                Deed::TemporaryPassword => {
                    let issue =
                        okta::IssueTemporaryPassword { account, from, end_sessions: self.compromised };
                    let why = "the person asked for it, and has no mailbox";
                    (Step::new("issue-password", why, issue), Help::Password, HANDED_OVER)
                }
                Deed::ResendLink => (super::resend_link::step(case), Help::Password, super::RESENT),
            };
            treatment.steps.push(if unlocked { step.needs(["unlock"]) } else { step });
            treatment.help.push(help);
            treatment.tell.push_str(tell);
        }
        treatment
    }
}

const MAILED: &str = "We have reset your password. Okta has mailed you a link: set a new password with it. Until you have, you cannot sign \
     in. The link is good for a limited time, which the mail tells, and only the newest mail counts.";

const HANDED_OVER: &str = "We have made you a temporary password. It comes to you the way that was agreed, never by mail or in this ticket, and is good \
     for one sign-in: Okta asks you for a new one then.";
