//! What must hold of the person and of what is given, however long the approval took.

use async_trait::async_trait;
use okta_client::apps::AppStatus;
use okta_client::groups::GroupKind;
use okta_client::users::UserStatus;
use serde::{Deserialize, Serialize};
use servicenow_client::tables::{SysUser, SysUserGrmember, SysUserGroup, SysUserHasRole, SysUserRole};
use servicenow_client::{Query, SysId};

use super::Access;
use crate::action::{Action, ActionError, Change, Context, Permissions, State, Verb};
use crate::policy::{Entitlement, Risk};

/// Confirms that somebody still works here: the account can be signed in to, and the record in ServiceNow is active.
#[derive(Debug, Serialize, Deserialize)]
pub struct PersonIsActive {
    /// Whose access it is about.
    pub access: Access,
}

#[typetag::serde(name = "access.person_is_active")]
#[async_trait]
impl Action for PersonIsActive {
    fn describe(&self) -> Change {
        Change::new("okta", Verb::Confirm, format!("user {} is active", self.access.login))
    }

    fn permissions(&self) -> Permissions {
        [Permissions::okta(&["okta.users.read"]), Permissions::servicenow(&["itil"])].into_iter().collect()
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        let login = &self.access.login;
        let Some(user) = context.systems.okta.users().find(&self.access.okta_user).await? else {
            return Ok(State::Drifted(format!("the person is inactive: the account {login} is gone")));
        };
        match user.status {
            UserStatus::Active
            | UserStatus::Provisioned
            | UserStatus::Recovery
            | UserStatus::PasswordExpired
            | UserStatus::LockedOut
                if user.transitioning_to_status.is_none() => {}
            status => {
                return Ok(State::Drifted(format!(
                    "the person is inactive: the account {login} is {status}"
                )));
            }
        }
        let record = context.systems.servicenow.table::<SysUser>().find(&self.access.user).await?;
        Ok(match record.and_then(|user| user.active.into_option()) {
            Some(true) => State::reached(),
            _ => State::Drifted(format!(
                "the person is inactive: {} is so in ServiceNow",
                self.access.user_name
            )),
        })
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

/// Confirms that what was approved may still be given: it is there under the name that it had, has not become
/// privileged, and the person holds nothing that must not be held together with it.
#[derive(Debug, Serialize, Deserialize)]
pub struct StillGrantable {
    /// What, and to whom.
    pub access: Access,
    /// What harm it may do, as the policy says.
    pub risk: Risk,
    /// What must not be held together with it, by the policy's names.
    pub conflicts: Vec<(String, Entitlement)>,
}

#[typetag::serde(name = "access.still_grantable")]
#[async_trait]
impl Action for StillGrantable {
    fn describe(&self) -> Change {
        let change =
            Change::new("policy", Verb::Confirm, format!("{} may be given", self.access.entitlement));
        self.conflicts.iter().fold(change, |change, (name, _)| change.to("not together with", name))
    }

    fn permissions(&self) -> Permissions {
        let okta =
            Permissions::okta(&["okta.groups.read", "okta.apps.read", "okta.roles.read", "okta.users.read"]);
        [okta, Permissions::servicenow(&["itil"])].into_iter().collect()
    }

    async fn verify(&self, context: &Context<'_>) -> Result<State, ActionError> {
        if let Some(flaw) = self.flaw(context).await? {
            return Ok(State::Drifted(flaw));
        }
        for (name, entitlement) in &self.conflicts {
            if holds(&self.access, entitlement, context).await? {
                let what = &self.access.entitlement;
                return Ok(State::Drifted(format!(
                    "{} holds {name}, which must not go together with {what}",
                    self.access.login
                )));
            }
        }
        Ok(State::reached())
    }

    async fn apply(&self, _: &Context<'_>) -> Result<(), ActionError> {
        Err(ActionError::nothing_to_do())
    }
}

impl StillGrantable {
    /// What is wrong with what is to be given.
    async fn flaw(&self, context: &Context<'_>) -> Result<Option<String>, ActionError> {
        let (okta, servicenow) = (&context.systems.okta, &context.systems.servicenow);
        let what = &self.access.entitlement;
        let gone = || Some(format!("{what} is gone"));
        let renamed = |is: &str| (is != self.access.name).then(|| format!("{what} is named {is:?} now"));
        Ok(match what {
            Entitlement::OktaGroup { id, .. } => {
                let Some(group) = okta.groups().find(id).await? else { return Ok(gone()) };
                if group.kind != GroupKind::OktaGroup {
                    return Ok(Some(format!("{what} is filled by a directory, an app or Okta itself now")));
                }
                let roles = okta.roles().of_group(id).list().collect_all().await?;
                if self.risk < Risk::Privileged && !roles.is_empty() {
                    return Ok(Some(format!(
                        "{what} gives admin roles, and the policy does not call it privileged"
                    )));
                }
                renamed(&group.profile.name)
            }
            Entitlement::OktaApp { id, .. } => match okta.apps().find(id).await? {
                None => gone(),
                Some(app) if app.status != AppStatus::Active => Some(format!("{what} is {} now", app.status)),
                Some(app) => renamed(&app.label),
            },
            Entitlement::ServiceNowGroup { sys_id, .. } => {
                match servicenow.table::<SysUserGroup>().find(sys_id).await? {
                    None => gone(),
                    Some(group) if group.active.get() == Some(&false) => {
                        Some(format!("{what} is not active"))
                    }
                    Some(group) => renamed(group.name.as_str().unwrap_or_default()),
                }
            }
            Entitlement::ServiceNowRole { .. } => {
                let role = self.access.user_role().role;
                match servicenow.table::<SysUserRole>().find(&role).await? {
                    None => gone(),
                    Some(role) if role.grantable.get() == Some(&false) => {
                        Some(format!("{what} cannot be given"))
                    }
                    Some(role) => renamed(role.name.as_str().unwrap_or_default()),
                }
            }
        })
    }
}

/// Whether the person holds something, on whatever way.
async fn holds(access: &Access, what: &Entitlement, context: &Context<'_>) -> Result<bool, ActionError> {
    let (okta, servicenow) = (&context.systems.okta, &context.systems.servicenow);
    Ok(match what {
        Entitlement::OktaGroup { id, .. } => {
            let groups = okta.users().groups(&access.okta_user).collect_all().await?;
            groups.iter().any(|group| group.id == *id)
        }
        Entitlement::OktaApp { id, .. } => okta.apps().users(id).find(&access.okta_user).await?.is_some(),
        Entitlement::ServiceNowGroup { sys_id, .. } => {
            let query = Query::new().eq("user", &access.user).eq("group", sys_id);
            !servicenow.table::<SysUserGrmember>().list(query).collect_all().await?.rows.is_empty()
        }
        Entitlement::ServiceNowRole { name } => {
            let query = Query::new().eq("user", &access.user).eq("role.name", name.as_str());
            !servicenow.table::<SysUserHasRole>().list(query).collect_all().await?.rows.is_empty()
        }
    })
}

/// The record of a role, by its name.
pub(crate) async fn role_named(
    servicenow: &servicenow_client::ServiceNowClient,
    name: &str,
) -> Result<Option<SysId>, servicenow_client::Error> {
    let role = servicenow.table::<SysUserRole>().find_one(Query::new().eq("name", name)).await?;
    Ok(role.map(|role| role.sys_id))
}
