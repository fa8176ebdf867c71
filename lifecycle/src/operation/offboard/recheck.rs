//! Whether somebody who left is still gone: an import from personnel or a directory, or a colleague, may bring an account
//! back.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use okta_client::Filter;
use okta_client::system_log::LogEvent;
use okta_client::users::{UserId, UserStatus};
use serde::{Deserialize, Serialize};
use servicenow_client::tables::SysUser;

use super::times::done_at;
use crate::PRODUCT;
use crate::action::okta::{Account, ConfirmBlocked, DenyGroup};
use crate::action::servicenow::UserRecord;
use crate::action::{Action, ActionError, Change, Context, Findings, Permissions, State, TOLD, Verb};
use crate::plan::StepId;
use crate::run::Outcome;

/// What brings an account back.
const REVIVALS: [&str; 3] =
    ["user.lifecycle.activate", "user.lifecycle.reactivate", "user.lifecycle.unsuspend"];

/// What somebody who is gone does not do, nor anybody for them.
const SIGNS_OF_LIFE: [&str; 2] = ["user.session.start", "group.user_membership.add"];

/// Suspends an account that was brought back, unless this program did so: then it was asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BlockAgain {
    pub(super) account: Account,
    pub(super) group: Option<DenyGroup>,
    /// The steps by which it was blocked.
    pub(super) blocked: Vec<StepId>,
}

#[typetag::serde(name = "offboard.block_again")]
#[async_trait]
impl Action for BlockAgain {
    fn describe(&self) -> Change {
        let target = format!("user {} suspended, if somebody brought it back", self.account.login());
        Change::new("okta", Verb::Change, target)
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.manage", "okta.logs.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let account = self.account.id(context)?;
        let Some(user) = context.systems.okta.users().find(&account).await? else {
            return Ok(State::reached());
        };
        let blocked = ConfirmBlocked { account: self.account.clone(), group: self.group.clone() };
        let blocked = blocked.verify(context).await?;
        if matches!(blocked, State::Reached(_)) || matches!(user.status, UserStatus::Unknown(_)) {
            return Ok(blocked);
        }
        Ok(match since(context, &account, &self.blocked).await?.last_revival() {
            Some(event) if is_ours(event) => wanted(event),
            _ => State::Open,
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let account = self.account.id(context)?;
        Ok(context.systems.okta.users().suspend(&account).await?)
    }
}

/// Confirms that nobody has brought a leaver back since: no activation, no sign-in, no new group, and ServiceNow shut still.
/// Changes nothing, and names who did it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StillGone {
    pub(super) account: Account,
    pub(super) user: Option<UserRecord>,
    /// Whether the ServiceNow record is only locked, and in use still.
    pub(super) only_locked: bool,
    /// The steps by which it was blocked.
    pub(super) blocked: Vec<StepId>,
    /// The step that blocks it again if need be.
    pub(super) again: StepId,
}

#[typetag::serde(name = "offboard.still_gone")]
#[async_trait]
impl Action for StillGone {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Confirm, format!("nobody brought {} back", self.account.login()))
    }

    fn permissions(&self) -> Permissions {
        Permissions::okta(&["okta.users.read", "okta.logs.read"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let account = self.account.id(context)?;
        let events = since(context, &account, &self.blocked).await?;
        if let Some(event) = events.last_revival().filter(|event| is_ours(event)) {
            return Ok(wanted(event));
        }
        if let Some(event) = events.0.iter().find(|event| !is_ours(event)) {
            return Ok(State::Drifted(told(event)));
        }
        if context
            .steps
            .iter()
            .any(|report| report.step == self.again && report.outcome == Some(Outcome::Done))
        {
            return Ok(State::Drifted(
                "the account was in use again, and the log does not say by whom".into(),
            ));
        }
        let Some(user) = &self.user else { return Ok(State::reached()) };
        let record = context.systems.servicenow.table::<SysUser>().get(&user.sys_id).await?;
        let shut = record.locked_out.get() == Some(&true)
            && (self.only_locked || record.active.get() == Some(&false));
        Ok(if shut {
            State::reached()
        } else {
            State::Drifted(format!("the ServiceNow user {} is in use again", user.user_name))
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

/// What happened to an account, oldest first, as far as it matters here.
struct Events(Vec<LogEvent>);

impl Events {
    fn last_revival(&self) -> Option<&LogEvent> {
        self.0.iter().rev().find(|event| event.event_type().is_some_and(|kind| REVIVALS.contains(&kind)))
    }
}

/// What happened since the account was blocked.
async fn since(context: &Context<'_>, account: &UserId, blocked: &[StepId]) -> Result<Events, ActionError> {
    let now = context.systems.clock().now();
    let from = done_at(context.steps, blocked).unwrap_or(now);
    let about = Filter::eq("target.id", account.as_str()).or(Filter::eq("actor.id", account.as_str()));
    let kinds = Filter::any_of("eventType", REVIVALS.into_iter().chain(SIGNS_OF_LIFE));
    let log = context.systems.okta.system_log().between(from, now).filter(about.and(kinds)).send();
    let mut events = log.collect_all().await?;
    // A sign-in that was refused is none.
    events.retain(|event| event.outcome().is_none_or(|outcome| outcome.as_str() != "FAILURE"));
    Ok(Events(events))
}

/// Whether this program did it.
fn is_ours(event: &LogEvent) -> bool {
    event.user_agent().is_some_and(|agent| agent.contains(PRODUCT))
}

fn wanted(event: &LogEvent) -> State {
    let told = format!("brought back by a run of this program: {}", event.user_agent().unwrap_or_default());
    State::Reached(Findings::from([(TOLD.to_owned(), told)]))
}

fn told(event: &LogEvent) -> String {
    let actor = event.actor();
    let actor = actor.as_ref().and_then(|actor| actor.alternate_id().or(actor.id())).unwrap_or("somebody");
    let at = event
        .published()
        .map_or_else(String::new, |at: DateTime<Utc>| format!(" at {}", at.format("%F %T UTC")));
    let from = event.user_agent().map_or_else(String::new, |agent| format!(", with {agent}"));
    format!("{} by {actor}{at}{from}", event.event_type().unwrap_or("something"))
}
