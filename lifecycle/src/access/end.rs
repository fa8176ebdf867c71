//! The end of access: when it comes, that people know of it, and that it does not go unnoticed if it fails.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use servicenow_client::SysId;

use super::{report, succeeded};
use crate::action::servicenow::{AddNote, Audience, OpenIncident, Ticket};
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};
use crate::approval;
use crate::gate::{Gate, Passage};
use crate::plan::StepId;
use crate::run::LiveClaim;

/// The name under which the findings of [`AccessEnds`] hold why it ended.
pub const ENDED: &str = "ended";

/// The name under which the findings of [`AnnounceEnd`] hold what is to end.
const ENDS: &str = "ends";

/// How often somebody looks whether a grant ends early.
const EVERY: TimeDelta = TimeDelta::minutes(5);

/// When what a step gave is over: its time counts from then.
fn over_at(context: &Context<'_>, given_by: &StepId, lasts: u64) -> Result<DateTime<Utc>, ActionError> {
    let given = report(context, given_by).and_then(|given| given.ended_at);
    let lasts = TimeDelta::seconds(lasts.try_into().unwrap_or(i64::MAX / 1000));
    given
        .map(|given| given + lasts)
        .ok_or_else(|| ActionError::permanent(format!("step {given_by} gave nothing that could end")))
}

/// Waits until access is over: its time is up, somebody [ends it](AnnounceEnd) before that, or the request for it was
/// withdrawn or called off.
///
/// At its time it opens without asking anybody: a system that is away keeps nobody's access alive.
#[derive(Debug, Serialize, Deserialize)]
pub struct AccessEnds {
    /// What, as claims have it.
    pub target: String,
    /// The step that gave it.
    pub given_by: StepId,
    /// For how many seconds.
    pub lasts: u64,
    /// The requested item.
    pub item: SysId,
}

impl AccessEnds {
    /// Why it ends before its time.
    async fn ended_early(&self, context: &Context<'_>) -> Result<Option<String>, ActionError> {
        if let Some(by) = context.signal(ENDED) {
            return Ok(Some(by.to_owned()));
        }
        let runs = context.systems.runs_about(&context.plan.subject).await;
        let runs = runs.map_err(|error| ActionError::permanent(error.to_string()))?.unwrap_or_default();
        let given = report(context, &self.given_by).and_then(|given| given.ended_at);
        let announced = runs.iter().find(|run| {
            let announced = run.steps.iter().find(|step| step.findings.get(ENDS) == Some(&self.target));
            announced.is_some_and(|announced| announced.ended_at >= given)
        });
        if let Some(run) = announced {
            return Ok(Some(format!("run {} ends it", run.id)));
        }
        match approval::withdrawn(context, &self.item).await {
            Ok(withdrawn) => Ok(withdrawn),
            Err(error) => {
                tracing::warn!(%error, "whether a grant's request was withdrawn cannot be told now");
                Ok(None)
            }
        }
    }
}

#[typetag::serde(name = "access.ends")]
#[async_trait]
impl Gate for AccessEnds {
    fn describe(&self) -> Change {
        let lasts = humantime::format_duration(std::time::Duration::from_secs(self.lasts));
        Change::new("clock", Verb::Await, format!("{lasts} after {}, or that it ends early", self.given_by))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        let ended = |why: &str| Passage::Open(Findings::from([(ENDED.to_owned(), why.to_owned())]));
        let (now, over) = (context.systems.clock().now(), over_at(context, &self.given_by, self.lasts)?);
        if now >= over {
            return Ok(ended("its time is up"));
        }
        if let Some(why) = self.ended_early(context).await? {
            return Ok(ended(&why));
        }
        Ok(Passage::Closed {
            waits_for: format!("its end on {}", over.format("%Y-%m-%d %H:%M UTC")),
            look_again: over.min(now + EVERY),
        })
    }

    fn revokes(&self) -> bool {
        true
    }
}

/// Tells whoever asked until when they have it.
#[derive(Debug, Serialize, Deserialize)]
pub struct TellEnd {
    /// The ticket.
    pub ticket: Ticket,
    /// What they have.
    pub what: String,
    /// The step that gave it.
    pub given_by: StepId,
    /// For how many seconds.
    pub lasts: u64,
}

impl TellEnd {
    fn note(&self, context: &Context<'_>) -> Result<AddNote, ActionError> {
        let over = over_at(context, &self.given_by, self.lasts)?;
        let text = format!("{} is in place until {}.", self.what, over.format("%Y-%m-%d %H:%M UTC"));
        Ok(AddNote { ticket: self.ticket.clone(), audience: Audience::Requester, text, with_steps: false })
    }
}

#[typetag::serde(name = "access.tell_end")]
#[async_trait]
impl Action for TellEnd {
    fn describe(&self) -> Change {
        Change::new("servicenow", Verb::Add, format!("comment on {}", self.ticket.number))
            .to("text", format!("until when {} is in place", self.what))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        self.note(context)?.verify(context).await
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        self.note(context)?.apply(context).await
    }
}

/// Waits until access was taken back, or has been there for too long after its end.
#[derive(Debug, Serialize, Deserialize)]
pub struct TakenBackOrLate {
    /// The step that takes it back.
    pub taken_by: StepId,
    /// The gate that says that it is over.
    pub over: StepId,
    /// How many seconds after that it is late.
    pub late: u32,
}

#[typetag::serde(name = "access.taken_back_or_late")]
#[async_trait]
impl Gate for TakenBackOrLate {
    fn describe(&self) -> Change {
        Change::new(
            "clock",
            Verb::Await,
            format!("{} done, or {} s after its time", self.taken_by, self.late),
        )
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        let is_settled = report(context, &self.taken_by).is_some_and(|taken| taken.outcome.is_some());
        let late = over_at(context, &self.over, self.late.into())?;
        if is_settled || context.systems.clock().now() >= late {
            return Ok(Passage::Open(Findings::new()));
        }
        Ok(Passage::Closed {
            waits_for: format!("{}, which is being tried again", self.taken_by),
            look_again: late,
        })
    }
}

/// Opens an incident, unless the access was taken back.
#[derive(Debug, Serialize, Deserialize)]
pub struct Overdue {
    /// The step that takes it back.
    pub taken_by: StepId,
    /// The incident.
    pub incident: OpenIncident,
}

#[typetag::serde(name = "access.overdue")]
#[async_trait]
impl Action for Overdue {
    fn describe(&self) -> Change {
        self.incident.describe().to("unless", format!("{} is done", self.taken_by))
    }

    fn permissions(&self) -> Permissions {
        self.incident.permissions()
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        if context.intended_at.is_none() && succeeded(context, &self.taken_by) {
            return Ok(State::reached());
        }
        self.incident.verify(context).await
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        self.incident.apply(context).await
    }
}

/// Says in the journal that somebody's access is to end: the runs that grant it see that, and take it back.
#[derive(Debug, Serialize, Deserialize)]
pub struct AnnounceEnd {
    /// What, as claims have it.
    pub target: String,
}

#[typetag::serde(name = "access.announce_end")]
#[async_trait]
impl Action for AnnounceEnd {
    fn describe(&self) -> Change {
        Change::new("lifecycle", Verb::Confirm, format!("the end of every grant of {}", self.target))
    }

    fn permissions(&self) -> Permissions {
        Permissions::default()
    }

    async fn verify(&self, _: &Context<'_>) -> Result<State, ActionError> {
        Ok(State::Reached(Findings::from([(ENDS.to_owned(), self.target.clone())])))
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

/// Waits until no other run claims the access.
#[derive(Debug, Serialize, Deserialize)]
pub struct Unclaimed {
    /// What, as claims have it.
    pub target: String,
}

#[typetag::serde(name = "access.unclaimed")]
#[async_trait]
impl Gate for Unclaimed {
    fn describe(&self) -> Change {
        Change::new("lifecycle", Verb::Await, format!("the end of every grant of {}", self.target))
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        let claims = context.systems.claims(&context.plan.subject).await;
        let claims = claims.map_err(|error| ActionError::permanent(error.to_string()))?.unwrap_or_default();
        let other = |claim: &&LiveClaim| claim.target == self.target && claim.run != *context.mark.run;
        Ok(match claims.iter().find(other) {
            None => Passage::Open(Findings::new()),
            Some(claim) => Passage::Closed {
                waits_for: format!("run {} to take it back", claim.run),
                look_again: context.systems.clock().now() + TimeDelta::seconds(60),
            },
        })
    }
}
