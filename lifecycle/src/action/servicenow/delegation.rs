//! Who answers approvals for whom (`sys_user_delegate`).

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use servicenow_client::Query;
use servicenow_client::tables::SysUserDelegate;

use super::user_record::{UserRecord, written};
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Somebody who answers approvals for somebody else from some instant on: what tells one delegation from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Who is away.
    pub user: UserRecord,
    /// Who stands in.
    pub delegate: UserRecord,
    /// From when.
    pub starts: DateTime<Utc>,
}

impl Delegation {
    async fn find(&self, context: &Context<'_>) -> Result<Option<SysUserDelegate>, ActionError> {
        let delegates = context.systems.servicenow.table::<SysUserDelegate>();
        let key = Query::new()
            .eq("user", &self.user.sys_id)
            .eq("delegate", &self.delegate.sys_id)
            .eq("starts", instant(self.starts));
        Ok(delegates.find_one(key).await?)
    }

    fn describe(&self, verb: Verb) -> Change {
        let (user, delegate) = (&self.user.user_name, &self.delegate.user_name);
        Change::new("servicenow", verb, format!("delegation of {user}'s approvals to {delegate}"))
    }
}

/// Lets somebody answer another person's approvals until some instant.
#[derive(Debug, Serialize, Deserialize)]
pub struct Delegate {
    /// Who for whom.
    pub delegation: Delegation,
    /// Until when.
    pub ends: DateTime<Utc>,
}

#[typetag::serde(name = "servicenow.delegate")]
#[async_trait]
impl Action for Delegate {
    fn describe(&self) -> Change {
        self.delegation
            .describe(Verb::Add)
            .to("starts", instant(self.delegation.starts))
            .to("ends", instant(self.ends))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        if self.delegation.find(context).await?.is_some() {
            return Ok(State::reached());
        }
        Ok(self.delegation.delegate.unfit(context).await?.map_or(State::Open, State::Drifted))
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let Delegation { user, delegate, starts } = &self.delegation;
        let fields = serde_json::json!({
            "user": user.sys_id, "delegate": delegate.sys_id, "starts": instant(*starts), "ends": instant(self.ends),
            "approvals": "true", "assignments": "false", "notifications": "true",
        });
        written(context.systems.servicenow.table::<SysUserDelegate>().create(&fields).await)
    }
}

/// Ends a delegation now, if it has not ended.
#[derive(Debug, Serialize, Deserialize)]
pub struct EndDelegation {
    /// Who for whom.
    pub delegation: Delegation,
}

#[typetag::serde(name = "servicenow.end_delegation")]
#[async_trait]
impl Action for EndDelegation {
    fn describe(&self) -> Change {
        self.delegation.describe(Verb::Remove)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let row = self.delegation.find(context).await?;
        Ok(if row.is_some_and(|row| is_live(&row, context)) { State::Open } else { State::reached() })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        match self.delegation.find(context).await? {
            Some(row) => end(context, &row).await,
            None => Ok(()),
        }
    }
}

/// Ends every delegation by which somebody stands in for a person, or the person for somebody.
#[derive(Debug, Serialize, Deserialize)]
pub struct EndDelegations {
    /// The person.
    pub user: UserRecord,
}

impl EndDelegations {
    async fn live(&self, context: &Context<'_>) -> Result<Vec<SysUserDelegate>, ActionError> {
        let (delegates, id) = (context.systems.servicenow.table::<SysUserDelegate>(), &self.user.sys_id);
        let found = delegates.list(Query::new().eq("user", id).or().eq("delegate", id)).collect_all().await?;
        if !found.complete {
            let who = &self.user.user_name;
            return Err(ActionError::permanent(format!(
                "{who} has delegations that the API user may not see"
            )));
        }
        let mut rows = found.rows;
        rows.retain(|row| is_live(row, context));
        Ok(rows)
    }
}

#[typetag::serde(name = "servicenow.end_delegations")]
#[async_trait]
impl Action for EndDelegations {
    fn describe(&self) -> Change {
        Change::new("servicenow", Verb::Remove, format!("delegations from and to {}", self.user.user_name))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        Ok(if self.live(context).await?.is_empty() { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        for row in self.live(context).await? {
            end(context, &row).await?;
        }
        Ok(())
    }
}

fn is_live(row: &SysUserDelegate, context: &Context<'_>) -> bool {
    row.ends.get().is_none_or(|ends| *ends > context.systems.clock().now())
}

async fn end(context: &Context<'_>, row: &SysUserDelegate) -> Result<(), ActionError> {
    let now = instant(context.systems.clock().now());
    let delegates = context.systems.servicenow.table::<SysUserDelegate>();
    written(delegates.update(&row.sys_id, &BTreeMap::from([("ends", now)])).await)
}

/// An instant as ServiceNow writes it, in UTC.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}
