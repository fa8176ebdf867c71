//! People's records.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use servicenow_client::tables::SysUser;
use servicenow_client::{Query, SysId};

use super::own_sys_id;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};

/// A ServiceNow user to be there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewServiceNowUser {
    /// The login: the same as in Okta, so that single sign-on finds it.
    pub user_name: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Mail address.
    pub email: String,
    /// The person's number, by which the record is found.
    pub employee_number: String,
    /// Job title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The manager's record.
    pub manager: SysId,
}

impl std::fmt::Debug for NewServiceNowUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewServiceNowUser")
    }
}

/// Makes sure that a person has an active ServiceNow user: the one with the employee number, or a new one.
#[derive(Debug, Serialize, Deserialize)]
pub struct EnsureUser {
    /// What it should be.
    pub user: NewServiceNowUser,
}

impl EnsureUser {
    async fn find(&self, context: &Context<'_>) -> Result<Option<SysUser>, ActionError> {
        let users = context.systems.servicenow.table::<SysUser>();
        let by_number = Query::new().eq("employee_number", self.user.employee_number.as_str());
        Ok(users.find_one(by_number).await?)
    }
}

#[typetag::serde(name = "servicenow.ensure_user")]
#[async_trait]
impl Action for EnsureUser {
    fn describe(&self) -> Change {
        Change::new("servicenow", Verb::Add, format!("user {}, active", self.user.user_name))
            .to("employee_number", &self.user.employee_number)
    }

    fn permissions(&self) -> Permissions {
        Permissions::servicenow(&["user_admin"])
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let wanted = self.user.user_name.as_str();
        let Some(found) = self.find(context).await? else { return Ok(State::Open) };
        Ok(match found.user_name.as_str() {
            Some(is) if !is.eq_ignore_ascii_case(wanted) => {
                State::Drifted(format!("the user with this employee number is named {is}, not {wanted}"))
            }
            _ if found.active.get() == Some(&true) && found.locked_out.get() != Some(&true) => {
                State::reached()
            }
            _ => State::Open,
        })
    }

    async fn apply(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let users = context.systems.servicenow.table::<SysUser>();
        let mut fields =
            serde_json::to_value(&self.user).map_err(|error| ActionError::permanent(error.to_string()))?;
        fields["active"] = "true".into();
        // Reactivation alone leaves a user locked.
        fields["locked_out"] = "false".into();
        match self.find(context).await? {
            Some(former) => users.update(&former.sys_id, &fields).await?,
            None => users.create_as(&own_sys_id(context), &fields).await?,
        };
        Ok(())
    }
}
