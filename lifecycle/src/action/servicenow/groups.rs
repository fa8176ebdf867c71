//! Who is in which group.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use servicenow_client::tables::SysUserGrmember;
use servicenow_client::{Query, SysId};

use super::own_sys_id;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Somebody in a group. Nothing keeps the instance from having the same membership twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserGroupMember {
    /// The user's record.
    pub user: SysId,
    /// The user's `user_name`, for people.
    pub user_name: String,
    /// The group's record.
    pub group: SysId,
    /// Its name, for people.
    pub group_name: String,
}

impl UserGroupMember {
    fn describe(&self, verb: Verb) -> Change {
        let target = format!("group \"{}\" member {}", self.group_name, self.user_name);
        Change::new("servicenow", verb, target).to("group sys_id", self.group.as_str())
    }

    /// Every row that says so.
    async fn rows(&self, context: &Context<'_>) -> Result<Vec<SysUserGrmember>, ActionError> {
        let query = Query::new().eq("user", &self.user).eq("group", &self.group);
        let found = context.systems.servicenow.table::<SysUserGrmember>().list(query).collect_all().await?;
        if found.complete {
            return Ok(found.rows);
        }
        let (user, group) = (&self.user_name, &self.group_name);
        Err(ActionError::permanent(format!(
            "whether {user} is in the group {group:?} cannot be told: rows of sys_user_grmember are hidden from the API user"
        )))
    }
}

/// Makes a user a member of a group. The group's roles come some time after it.
#[derive(Debug, Serialize, Deserialize)]
pub struct AddToUserGroup(pub UserGroupMember);

#[typetag::serde(name = "servicenow.add_to_user_group")]
#[async_trait]
impl Action for AddToUserGroup {
    fn describe(&self) -> Change {
        self.0.describe(Verb::Add)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let rows = self.0.rows(context).await?;
        Ok(if rows.is_empty() { State::Open } else { State::reached() })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let members = context.systems.servicenow.table::<SysUserGrmember>();
        let fields = serde_json::json!({ "user": self.0.user, "group": self.0.group });
        members.create_as(&own_sys_id(context), &fields).await?;
        Ok(())
    }
}

/// Ends a user's membership of a group, however often it is there. The roles that came with it go some time after it.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemoveFromUserGroup(pub UserGroupMember);

#[typetag::serde(name = "servicenow.remove_from_user_group")]
#[async_trait]
impl Action for RemoveFromUserGroup {
    fn describe(&self) -> Change {
        self.0.describe(Verb::Remove)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let rows = self.0.rows(context).await?;
        Ok(if rows.is_empty() { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let members = context.systems.servicenow.table::<SysUserGrmember>();
        for row in self.0.rows(context).await? {
            match members.delete(&row.sys_id).await {
                Err(error) if error.is_not_found() => {}
                result => result?,
            }
        }
        Ok(())
    }
}
