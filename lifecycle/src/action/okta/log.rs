//! What Okta's System Log shows of a step.

use std::time::Duration;

use chrono::TimeDelta;
use okta_client::Filter;

use super::Account;
use crate::action::{ActionError, Context};

/// How far Okta's clock and ours may be apart.
pub(super) const SKEW: TimeDelta = TimeDelta::minutes(5);

/// How long after it was done a thing is looked for in the System Log. Okta promises no time; seconds are usual.
pub(super) const LOGGED_WITHIN: Duration = Duration::from_secs(120);

/// Whether the System Log has an event of this type, for this account, from this very step.
pub(super) async fn logged(
    context: &Context<'_>,
    account: &Account,
    event_type: &str,
) -> Result<bool, ActionError> {
    let Some(intended) = context.intended_at else { return Ok(false) };
    let until = context.systems.clock().now() + SKEW;
    let filter =
        Filter::eq("target.id", account.id(context)?.as_str()).and(Filter::eq("eventType", event_type));
    let events = context.systems.okta.system_log().between(intended - SKEW, until).filter(filter).send();
    let mark = context.mark.user_agent();
    let ours = |agent: Option<&str>| agent.is_some_and(|agent| agent.ends_with(&mark));
    Ok(events.collect_all().await?.iter().any(|event| ours(event.user_agent())))
}
