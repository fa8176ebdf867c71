//! Asking somebody whether a person still needs what they have, and what was answered.

use std::fmt::Write as _;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use servicenow_client::tables::{Approval, ScTask, SysapprovalApprover, TaskState};
use servicenow_client::{Query, Record as _, SysId};

use super::delegation::instant;
use super::user_record::UserRecord;
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, Verb};
use crate::gate::{Gate, Passage};
use crate::plan::{Request, StepId};

/// The name under which the findings of [`AskForReview`] hold the task's `sys_id`.
pub const REVIEW_TASK: &str = "review_task";

/// How often it is looked whether a reviewer has answered.
const EVERY: TimeDelta = TimeDelta::hours(4);

/// Asks a person's manager which of their access is still needed: one task with everything in it, and one approval for each
/// thing that is decided, which the manager approves to keep it. What is written on the task decides nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct AskForReview {
    /// Whose access it is, for people.
    pub about: String,
    /// Who decides.
    pub reviewer: UserRecord,
    /// The request that brought it about.
    pub parent: Option<Request>,
    /// When silence begins to mean something.
    pub due: DateTime<Utc>,
    /// What is decided, in order.
    pub items: Vec<ReviewItem>,
    /// What the reviewer should know besides: access that a grant covers, say.
    pub remarks: Vec<String>,
}

/// Access to be decided on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewItem {
    /// What it is.
    pub what: String,
    /// Why it is asked, and what it can do.
    pub why: String,
}

impl AskForReview {
    fn description(&self) -> String {
        let mut text = format!(
            "Which of this does {} still need? Approve each approval below to keep it, reject it to have it taken away. \
             What is not answered by {} UTC is taken away.\n",
            self.about,
            instant(self.due)
        );
        for (n, item) in (1..).zip(&self.items) {
            let _ = write!(text, "\n{n}. {}: {}", item.what, item.why);
        }
        for remark in &self.remarks {
            let _ = write!(text, "\n- {remark}");
        }
        text
    }

    async fn task(&self, context: &Context<'_>) -> Result<Option<ScTask>, ActionError> {
        let key = correlation_id(context);
        let tasks = context.systems.servicenow.table::<ScTask>();
        Ok(tasks.find_one(Query::new().eq("correlation_id", key.as_str())).await?)
    }
}

#[typetag::serde(name = "servicenow.ask_for_review")]
#[async_trait]
impl Action for AskForReview {
    fn describe(&self) -> Change {
        let target = format!("task for {}: review the access of {}", self.reviewer.user_name, self.about);
        let change = Change::new("servicenow", Verb::Add, target).to("due", instant(self.due));
        self.items.iter().fold(change, |change, item| change.to("keep?", &item.what))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil", "approval_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let Some(task) = self.task(context).await? else { return Ok(State::Open) };
        for n in 0..self.items.len() {
            if answer(context, &task.sys_id, n).await?.is_none() {
                return Ok(State::Open);
            }
        }
        Ok(State::Reached(Findings::from([(REVIEW_TASK.to_owned(), task.sys_id.to_string())])))
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let servicenow = &context.systems.servicenow;
        let key = correlation_id(context);
        let mut fields = serde_json::json!({
            "short_description": format!("Review the access of {}", self.about),
            "description": self.description(),
            "assigned_to": self.reviewer.sys_id,
            "due_date": instant(self.due),
            "correlation_id": key,
            "correlation_display": crate::PRODUCT,
        });
        if let Some(parent) = &self.parent {
            fields["parent"] = parent.sys_id.as_str().into();
        }
        let by_key = Query::new().eq("correlation_id", key.as_str());
        let task = servicenow.table::<ScTask>().create_once(by_key, &fields).await?.into_record();
        let approvals = servicenow.table::<SysapprovalApprover>();
        for (n, item) in self.items.iter().enumerate() {
            let fields = serde_json::json!({
                "approver": self.reviewer.sys_id,
                "state": Approval::Requested,
                "source_table": ScTask::TABLE,
                "document_id": task.sys_id,
                "iteration": (n + 1).to_string(),
                "due_date": instant(self.due),
                "comments": format!("{}. {}: approve to keep it, reject to have it taken away", n + 1, item.what),
            });
            approvals.create_once(place(&task.sys_id, n), &fields).await?;
        }
        Ok(())
    }
}

/// Run and step in at most the 100 characters that the column has.
fn correlation_id(context: &Context<'_>) -> String {
    let run = context.mark.run.as_str().replace('-', "");
    format!("lc:{run}:{}", context.mark.step)
}

/// Where the answer to one question is: approvals of one task are told apart by their round.
fn place(task: &SysId, item: usize) -> Query {
    Query::new().eq("document_id", task).eq("iteration", (item + 1).to_string())
}

async fn answer(
    context: &Context<'_>,
    task: &SysId,
    item: usize,
) -> Result<Option<SysapprovalApprover>, ActionError> {
    let approvals = context.systems.servicenow.table::<SysapprovalApprover>();
    Ok(approvals.find_one(place(task, item)).await?)
}

/// One question of a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    /// The step that asked.
    pub step: StepId,
    /// Which of its items, counted from 0.
    pub item: usize,
    /// Whose access it is: their own word does not count.
    pub about: UserRecord,
}

impl Reviewed {
    /// Who said that the access is still needed, if somebody who may did. Silence is a no.
    pub(crate) async fn kept_by(&self, context: &Context<'_>) -> Result<Option<String>, ActionError> {
        let task = context.finding(&self.step, REVIEW_TASK)?;
        let task = task.parse().map_err(|_| ActionError::permanent("the review's task has no sys_id"))?;
        let Some(row) = answer(context, &task, self.item).await? else { return Ok(None) };
        let said_yes = row.state.get() == Some(&Approval::Approved);
        let by = row.sys_updated_by.as_str().unwrap_or_default();
        let us = context.systems.servicenow.who_am_i().await?;
        let is_ours = us.is_none_or(|us| us.user_name.as_str() == Some(by));
        let is_theirs = by == self.about.user_name
            || row.approver.get().is_some_and(|who| *who.id() == self.about.sys_id);
        Ok((said_yes && !by.is_empty() && !is_ours && !is_theirs).then(|| by.to_owned()))
    }
}

/// Waits until everything that a step asked for review is answered, or the time for it is over.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReviewAnswered {
    /// The step that asked.
    pub step: StepId,
    /// How many things it asked about.
    pub items: usize,
    /// When the time is over.
    pub due: DateTime<Utc>,
    /// Who answers, for people.
    pub reviewer: String,
}

#[typetag::serde(name = "servicenow.review_answered")]
#[async_trait]
impl Gate for ReviewAnswered {
    fn describe(&self) -> Change {
        let target = format!("review by {}", self.reviewer);
        Change::new("servicenow", Verb::Await, target).to("until", instant(self.due))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn look(&self, context: &Context<'_>) -> Result<Passage, ActionError> {
        let now = context.systems.clock().now();
        if now >= self.due {
            return Ok(Passage::Open(Findings::new()));
        }
        let task = context.finding(&self.step, REVIEW_TASK)?;
        let task = task.parse().map_err(|_| ActionError::permanent("the review's task has no sys_id"))?;
        let mut open = 0;
        for n in 0..self.items {
            let row = answer(context, &task, n).await?;
            open += usize::from(row.is_some_and(|row| row.state.get() == Some(&Approval::Requested)));
        }
        if open == 0 {
            return Ok(Passage::Open(Findings::new()));
        }
        let waits_for = format!("{open} answers of {}", self.reviewer);
        Ok(Passage::Closed { waits_for, look_again: self.due.min(now + EVERY) })
    }

    fn revokes(&self) -> bool {
        true
    }
}

/// Closes the task of a review.
#[derive(Debug, Serialize, Deserialize)]
pub struct CloseReview {
    /// The step that asked.
    pub step: StepId,
}

#[typetag::serde(name = "servicenow.close_review")]
#[async_trait]
impl Action for CloseReview {
    fn describe(&self) -> Change {
        Change::new("servicenow", Verb::Change, format!("task of {} to Closed Complete", self.step))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["itil"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let task = context.systems.servicenow.table::<ScTask>().get(&self.task(context)?).await?;
        let closed = task.state.get().is_some_and(TaskState::is_closed);
        Ok(if closed { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let fields = serde_json::json!({
            "state": TaskState::ClosedComplete.as_str(),
            "close_notes": "What was approved was kept, and the rest was taken away.",
        });
        context.systems.servicenow.table::<ScTask>().update(&self.task(context)?, &fields).await?;
        Ok(())
    }
}

impl CloseReview {
    fn task(&self, context: &Context<'_>) -> Result<SysId, ActionError> {
        let task = context.finding(&self.step, REVIEW_TASK)?;
        task.parse().map_err(|_| ActionError::permanent("the review's task has no sys_id"))
    }
}
