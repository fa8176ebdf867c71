//! When things happen to a leaver, and when they did.

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use servicenow_client::SysId;
use servicenow_client::tables::{Approval, ScReqItem};

use super::departure::end_of;
use crate::action::okta::UNCONFIRMED_APPS;
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, TOLD, Verb};
use crate::gate::{Gate, Passage, When};
use crate::plan::StepId;
use crate::run::StepReport;

/// How long until a ticket is read again, on which the last day may have been moved.
const READ_AGAIN: TimeDelta = TimeDelta::hours(1);

/// The name under which the gate's findings hold when access ends.
const EFFECTIVE: &str = "effective";

/// Waits for somebody's last hour, as the ticket has it: it may be moved, and the departure called off.
///
/// With the ticket out of reach it is the hour that was planned: a block can be taken back, and a leaver who is let in
/// cannot.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LastHour {
    pub(super) item: SysId,
    pub(super) number: String,
    /// As it was when the plan was made.
    pub(super) planned: When,
    /// The zone of tickets that name none.
    pub(super) zone: String,
}

impl LastHour {
    /// When it is by the ticket; or why it never will be.
    async fn by_ticket(&self, context: &Context<'_>) -> Result<Result<When, String>, ActionError> {
        let servicenow = &context.systems.servicenow;
        let item = servicenow.table::<ScReqItem>().get(&self.item).await?;
        let closed = item.state.get().is_some_and(servicenow_client::tables::TaskState::is_closed);
        if closed || item.active.get() == Some(&false) {
            return Ok(Err(format!("{} was called off", self.number)));
        }
        if item.approval.get() != Some(&Approval::Approved) {
            return Ok(Err(format!("{} is not approved any more", self.number)));
        }
        let answers = servicenow.request_item_variables(&self.item).await?;
        Ok(Ok(end_of(&answers, &self.zone).unwrap_or_else(|| self.planned.clone())))
    }
}

#[typetag::serde(name = "offboard.last_hour")]
#[async_trait]
impl Gate for LastHour {
    fn describe(&self) -> Change {
        let target = format!("{}, or when {} says so by then", self.planned, self.number);
        Change::new("clock", Verb::Await, target)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        let when = match self.by_ticket(context).await {
            Ok(Ok(when)) => when,
            Ok(Err(why)) => return Ok(Passage::Declined(why)),
            Err(_) => self.planned.clone(),
        };
        let now = context.systems.clock().now();
        if now < when.instant() {
            let look_again = when.instant().min(now + READ_AGAIN);
            return Ok(Passage::Closed { waits_for: when.to_string(), look_again });
        }
        let effective = when.instant().to_rfc3339();
        Ok(Passage::Open(Findings::from([(EFFECTIVE.to_owned(), effective)])))
    }

    fn revokes(&self) -> bool {
        true
    }
}

/// Waits until some time has gone by since the first of some steps was done.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct After {
    pub(super) steps: Vec<StepId>,
    pub(super) minutes: u32,
}

#[typetag::serde(name = "offboard.after")]
#[async_trait]
impl Gate for After {
    fn describe(&self) -> Change {
        Change::new("clock", Verb::Await, format!("{} after the block", spoken(self.wait())))
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        let now = context.systems.clock().now();
        let due = done_at(context.steps, &self.steps).map_or(now, |at| at + self.wait());
        if now >= due {
            return Ok(Passage::Open(Findings::new()));
        }
        let waits_for = format!("{} to have gone by since the block", spoken(self.wait()));
        Ok(Passage::Closed { waits_for, look_again: due })
    }
}

impl After {
    fn wait(&self) -> TimeDelta {
        TimeDelta::minutes(self.minutes.into())
    }
}

/// When the first of these steps was done.
pub(super) fn done_at(reports: &[StepReport], steps: &[StepId]) -> Option<DateTime<Utc>> {
    let succeeded =
        |report: &&StepReport| report.outcome.as_ref().is_some_and(crate::run::Outcome::is_success);
    reports
        .iter()
        .filter(|report| steps.contains(&report.step))
        .filter(succeeded)
        .filter_map(|report| report.ended_at)
        .min()
}

/// Says when access was to end and when it did: what an auditor asks first. Changes nothing.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Timeline {
    /// The gate of the last hour, if there was one.
    pub(super) gate: Option<StepId>,
    /// When access was to end, as it was planned.
    pub(super) effective: DateTime<Utc>,
    /// What each instant is called, and the steps of which the first that was done tells it.
    pub(super) instants: Vec<(String, Vec<StepId>)>,
    /// The steps that looked whether apps have ended their accounts.
    pub(super) downstream: Vec<StepId>,
}

impl Timeline {
    fn effective(&self, context: &Context<'_>) -> DateTime<Utc> {
        let gate = self.gate.as_ref().and_then(|gate| context.finding(gate, EFFECTIVE).ok());
        gate.and_then(|text| text.parse().ok()).unwrap_or(self.effective)
    }

    /// The apps that have not told that they ended an account.
    fn unconfirmed(&self, context: &Context<'_>) -> Vec<String> {
        let said = |step| context.finding(step, UNCONFIRMED_APPS).ok().filter(|apps| !apps.is_empty());
        self.downstream.iter().filter_map(said).map(str::to_owned).collect()
    }
}

#[typetag::serde(name = "offboard.timeline")]
#[async_trait]
impl Action for Timeline {
    fn describe(&self) -> Change {
        Change::new("clock", Verb::Confirm, "when access was to end, and when it did")
    }

    fn permissions(&self) -> Permissions {
        Permissions::default()
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let effective = self.effective(context).trunc_subsecs(0);
        let mut findings = Findings::from([(EFFECTIVE.to_owned(), effective.to_rfc3339())]);
        let mut told = vec![format!("effective {}", shown(effective))];
        for (name, steps) in &self.instants {
            match done_at(context.steps, steps).map(|at| at.trunc_subsecs(0)) {
                Some(at) => {
                    findings.insert(name.replace(' ', "_"), at.to_rfc3339());
                    told.push(format!("{name} {} ({} after)", shown(at), spoken(at - effective)));
                }
                None => told.push(format!("{name}: no")),
            }
        }
        let unconfirmed = self.unconfirmed(context);
        told.extend(unconfirmed.iter().map(|apps| format!("not confirmed by the apps {apps}")));
        findings.insert(TOLD.to_owned(), told.join("; "));
        Ok(State::Reached(findings))
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

fn shown(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// `15 min`, `7 d`, `3 d 4 h`.
fn spoken(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).take(2).map(|(n, unit)| format!("{n} {unit}")).collect();
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}
