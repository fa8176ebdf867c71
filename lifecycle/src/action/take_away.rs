//! Taking access away that nothing justifies.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::okta::Account;
use super::servicenow::Reviewed;
use super::{Action, ActionError, Change, Context, Findings, Permissions, State};
use crate::plan::Subject;

/// The name under which the findings of [`TakeAway`] say why access was kept.
pub const KEPT: &str = "kept";

/// Takes access away, unless something justifies it when the step's turn comes, which may be days after it was planned: a
/// grant that has not ended, or a reviewer who said that it is still needed.
#[derive(Debug, Serialize, Deserialize)]
pub struct TakeAway {
    /// Whose access it is.
    pub subject: Subject,
    /// What it is, in the words of [`Claim::target`](crate::plan::Claim::target).
    pub target: String,
    /// How it is taken away.
    pub how: Box<dyn Action>,
    /// The attributes by which it was decided: if one is another by then, a person has to decide anew.
    pub decided_by: Option<Decided>,
    /// The review that may keep it.
    pub review: Option<Reviewed>,
}

/// Attributes that a decision was made by.
#[derive(Clone, Serialize, Deserialize)]
pub struct Decided {
    /// Whose they are.
    pub account: Account,
    /// What they were, by name; `null` for those that were not there.
    pub attributes: BTreeMap<String, Value>,
}

/// Hides the values.
impl std::fmt::Debug for Decided {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.attributes.keys()).finish()
    }
}

impl Decided {
    /// The attribute that is another now, if one is.
    async fn outdated(&self, context: &Context<'_>) -> Result<Option<&str>, ActionError> {
        let user = self.account.read(context).await?;
        let is = |name: &str| user.profile.get(name).unwrap_or(&Value::Null);
        Ok(self.attributes.iter().find(|(name, was)| is(name) != *was).map(|(name, _)| name.as_str()))
    }
}

impl TakeAway {
    /// Why it is kept, if it is.
    async fn justification(&self, context: &Context<'_>) -> Result<Option<String>, ActionError> {
        let now = context.systems.clock().now();
        let claims = context.systems.claims(&self.subject).await.map_err(journal)?.unwrap_or_default();
        let claim = claims.iter().find(|claim| {
            claim.target == self.target
                && claim.run != *context.mark.run
                && claim.until.is_none_or(|end| end > now)
        });
        if let Some(claim) = claim {
            return Ok(Some(format!("run {} has granted it", claim.run)));
        }
        match &self.review {
            Some(review) => {
                Ok(review.kept_by(context).await?.map(|who| format!("{who} said that it is needed")))
            }
            None => Ok(None),
        }
    }
}

fn journal(error: crate::JournalError) -> ActionError {
    ActionError::transient(super::with_sources(&error), client_core::Delivery::NotSent)
}

#[typetag::serde(name = "take_away")]
#[async_trait]
impl Action for TakeAway {
    fn describe(&self) -> Change {
        let change = self.how.describe();
        let unless =
            if self.review.is_some() { "granted, or kept by the reviewer" } else { "granted meanwhile" };
        change.to("unless", unless)
    }

    fn permissions(&self) -> Permissions {
        [self.how.permissions(), Permissions::okta(&["okta.users.read"])].into_iter().collect()
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let state = self.how.verify(context).await?;
        if state != State::Open {
            return Ok(state);
        }
        if let Some(why) = self.justification(context).await? {
            return Ok(State::Reached(Findings::from([(KEPT.to_owned(), why)])));
        }
        let Some(decided_by) = &self.decided_by else { return Ok(State::Open) };
        Ok(match decided_by.outdated(context).await? {
            Some(name) => State::Drifted(format!("{name} is another since it was decided: decide anew")),
            None => State::Open,
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        self.how.apply(context).await
    }
}
