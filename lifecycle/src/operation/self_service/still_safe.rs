//! The last look before something is done, however long the run waited until then.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use servicenow_client::SysId;

use super::HelpDesk;
use super::diagnosis::{Diagnosis, Help};
use super::proofing::{proven_until, refusal, second_look};
use crate::action::okta::Account;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};
use crate::plan::StepId;

/// Nothing speaks against helping this account, and what proved the person is not stale. Changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StillSafe {
    /// The account.
    pub(super) account: Account,
    /// The person's ServiceNow user.
    pub(super) caller: SysId,
    /// By whose rules.
    pub(super) desk: HelpDesk,
    /// The kinds of help that are to be given.
    pub(super) help: Vec<Help>,
    /// Whether a second person has looked at how much help was given lately.
    pub(super) second_person: bool,
    /// The steps that proved that it is the person.
    pub(super) proofs: Vec<StepId>,
}

#[typetag::serde(name = "self_service.still_safe")]
#[async_trait]
impl Action for StillSafe {
    fn describe(&self) -> Change {
        let target = format!("nothing speaks against helping {}", self.account.login());
        Change::new("okta", Verb::Confirm, target)
    }

    fn permissions(&self) -> Permissions {
        let okta = [
            "okta.users.read",
            "okta.roles.read",
            "okta.logs.read",
            "okta.groups.read",
            "okta.userRisk.read",
        ];
        [Permissions::okta(&okta), Permissions::servicenow(&["itil"])].into_iter().collect()
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let user = self.account.read(context).await?;
        let own = Some(context.mark.run);
        let found = Diagnosis::read(context.systems, &self.desk, &user, &self.caller, own).await?;
        if let Some((_, why)) = refusal(&found) {
            return Ok(State::Drifted(why));
        }
        if let Some(why) = second_look(&found, &self.help).filter(|_| !self.second_person) {
            return Ok(State::Drifted(format!("{why}: a second person has to look at it")));
        }
        let now = context.systems.clock().now();
        for step in &self.proofs {
            let until = proven_until(step, context)?;
            if until < now {
                let until = until.format("%Y-%m-%d %H:%M UTC");
                return Ok(State::Drifted(format!(
                    "what proved the person was good until {until}: prove it anew"
                )));
            }
        }
        Ok(State::reached())
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}
