//! Who was given which role. Roles that came with a group, or with another role, are left alone: they would come back.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use servicenow_client::tables::SysUserHasRole;
use servicenow_client::{Query, SysId};

use super::own_sys_id;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// Somebody with a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRole {
    /// The user's record.
    pub user: SysId,
    /// The user's `user_name`, for people.
    pub user_name: String,
    /// The role's record.
    pub role: SysId,
    /// Its name: `itil`.
    pub role_name: String,
}

impl UserRole {
    fn describe(&self, verb: Verb) -> Change {
        Change::new("servicenow", verb, format!("role {} of {}", self.role_name, self.user_name))
    }

    /// The rows of the role, inherited ones too.
    async fn rows(&self, context: &Context<'_>) -> Result<Vec<SysUserHasRole>, ActionError> {
        let query = Query::new().eq("user", &self.user).eq("role", &self.role);
        let found = context.systems.servicenow.table::<SysUserHasRole>().list(query).collect_all().await?;
        if found.complete {
            return Ok(found.rows);
        }
        let (user, role) = (&self.user_name, &self.role_name);
        Err(ActionError::permanent(format!(
            "whether {user} has the role {role} cannot be told: rows of sys_user_has_role are hidden from the API user"
        )))
    }

    /// The rows by which it was given, and can be taken away.
    async fn given(&self, context: &Context<'_>) -> Result<Vec<SysUserHasRole>, ActionError> {
        let mut rows = self.rows(context).await?;
        if let Some(odd) = rows.iter().find(|row| row.inherited.get().is_none()) {
            let why = format!("sys_user_has_role {} does not show whether it is inherited", odd.sys_id);
            return Err(ActionError::permanent(why));
        }
        rows.retain(|row| row.inherited.get() == Some(&false));
        Ok(rows)
    }
}

/// Makes sure that a user has a role, if only by a group. A group that has the role is better than this.
#[derive(Debug, Serialize, Deserialize)]
pub struct AddRole(pub UserRole);

#[typetag::serde(name = "servicenow.add_role")]
#[async_trait]
impl Action for AddRole {
    fn describe(&self) -> Change {
        self.0.describe(Verb::Add)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let rows = self.0.rows(context).await?;
        // A role may only have been asked for.
        let active = rows.iter().any(|row| row.state.as_str().is_none_or(|state| state == "active"));
        Ok(if active { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let roles = context.systems.servicenow.table::<SysUserHasRole>();
        let fields = serde_json::json!({ "user": self.0.user, "role": self.0.role });
        roles.create_as(&own_sys_id(context), &fields).await?;
        Ok(())
    }
}

/// Takes a role away that was given to a user. What came with a group, or with another role, stays.
#[derive(Debug, Serialize, Deserialize)]
pub struct RemoveRole(pub UserRole);

#[typetag::serde(name = "servicenow.remove_role")]
#[async_trait]
impl Action for RemoveRole {
    fn describe(&self) -> Change {
        self.0.describe(Verb::Remove)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let given = self.0.given(context).await?;
        Ok(if given.is_empty() { State::reached() } else { State::Open })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let roles = context.systems.servicenow.table::<SysUserHasRole>();
        for row in self.0.given(context).await? {
            match roles.delete(&row.sys_id).await {
                Err(error) if error.is_not_found() => {}
                result => result?,
            }
        }
        Ok(())
    }
}
