//! The end of everything that a user was given: groups and roles.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use servicenow_client::Query;
use servicenow_client::tables::{SysUserGrmember, SysUserHasRole};

use super::UserRecord;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Takes a user out of every group, as they are when the step is taken. The roles that came with the groups go some time
/// after it.
#[derive(Debug, Serialize, Deserialize)]
pub struct LeaveUserGroups {
    /// The user.
    pub user: UserRecord,
}

impl LeaveUserGroups {
    async fn rows(&self, context: &Context<'_>) -> Result<Vec<SysUserGrmember>, ActionError> {
        let query = Query::new().eq("user", &self.user.sys_id);
        let found = context.systems.servicenow.table::<SysUserGrmember>().list(query).collect_all().await?;
        if found.complete { Ok(found.rows) } else { Err(hidden(&self.user, "groups")) }
    }
}

#[typetag::serde(name = "servicenow.leave_user_groups")]
#[async_trait]
impl Action for LeaveUserGroups {
    fn describe(&self) -> Change {
        Change::new("servicenow", Verb::Remove, format!("all groups of {}", self.user.user_name))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        Ok(if self.rows(context).await?.is_empty() { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let members = context.systems.servicenow.table::<SysUserGrmember>();
        for row in self.rows(context).await? {
            gone(members.delete(&row.sys_id).await)?;
        }
        Ok(())
    }
}

/// Takes away every role that a user was given. What came with a group, or with another role, goes with that.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemoveGivenRoles {
    /// The user.
    pub user: UserRecord,
}

impl RemoveGivenRoles {
    async fn rows(&self, context: &Context<'_>) -> Result<Vec<SysUserHasRole>, ActionError> {
        let query = Query::new().eq("user", &self.user.sys_id).eq("inherited", false);
        let found = context.systems.servicenow.table::<SysUserHasRole>().list(query).collect_all().await?;
        if found.complete { Ok(found.rows) } else { Err(hidden(&self.user, "roles")) }
    }
}

#[typetag::serde(name = "servicenow.remove_given_roles")]
#[async_trait]
impl Action for RemoveGivenRoles {
    fn describe(&self) -> Change {
        Change::new("servicenow", Verb::Remove, format!("all roles given to {}", self.user.user_name))
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        Ok(if self.rows(context).await?.is_empty() { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let roles = context.systems.servicenow.table::<SysUserHasRole>();
        for row in self.rows(context).await? {
            gone(roles.delete(&row.sys_id).await)?;
        }
        Ok(())
    }
}

fn hidden(user: &UserRecord, what: &str) -> ActionError {
    let who = &user.user_name;
    ActionError::permanent(format!("{who} has {what} that the API user may not see"))
}

fn gone(result: servicenow_client::Result<()>) -> Result<(), ActionError> {
    match result {
        Err(error) if error.is_not_found() => Ok(()),
        result => Ok(result?),
    }
}
