//! Entitlements, looked up, and how they are given and taken away.

use std::collections::BTreeMap;

use okta_client::apps::AppId;
use okta_client::groups::{GroupId, GroupKind};
use serde_json::Value;
use servicenow_client::tables::{SysUserGroup, SysUserRole};
use servicenow_client::{Query, SysId};

use super::OperationError;
use crate::action::Action;
use crate::action::okta::{Account, AddToGroup, AssignApp, RemoveFromGroup, UnassignApp};
use crate::action::servicenow::{
    AddRole, AddToUserGroup, RemoveFromUserGroup, RemoveRole, UserGroupMember, UserRecord, UserRole,
};
use crate::plan::Step;
use crate::policy::Entitlement;
use crate::systems::Systems;

/// Whom access is given to, and taken from.
#[derive(Debug, Clone)]
pub(crate) struct Holder {
    pub(crate) account: Account,
    pub(crate) user: UserRecord,
}

/// An entitlement that is there, with the name that it has.
#[derive(Debug, Clone)]
pub(crate) enum Thing {
    OktaGroup { id: GroupId, name: String },
    OktaApp { id: AppId, label: String, profile: BTreeMap<String, Value> },
    Group { sys_id: SysId, name: String },
    Role { sys_id: SysId, name: String },
}

impl Thing {
    /// The entitlement as its system has it, or what is wrong with it.
    pub(crate) async fn find(
        systems: &Systems,
        entitlement: &Entitlement,
    ) -> Result<Result<Self, String>, OperationError> {
        let thing = match entitlement {
            Entitlement::OktaGroup { id, .. } => match systems.okta.groups().find(id).await? {
                Some(group) if group.kind != GroupKind::OktaGroup => {
                    return Ok(Err(format!("{entitlement} is filled by a directory, an app or Okta itself")));
                }
                group => group.map(|group| Self::OktaGroup { id: group.id, name: group.profile.name }),
            },
            Entitlement::OktaApp { id, profile, .. } => {
                let app = systems.okta.apps().find(id).await?;
                app.map(|app| Self::OktaApp { id: app.id, label: app.label, profile: profile.clone() })
            }
            Entitlement::ServiceNowGroup { sys_id, .. } => {
                let group = systems.servicenow.table::<SysUserGroup>().find(sys_id).await?;
                let group = group.filter(|group| group.active.get() != Some(&false));
                group.map(|group| Self::Group {
                    name: group.name.into_option().unwrap_or_else(|| sys_id.to_string()),
                    sys_id: group.sys_id,
                })
            }
            Entitlement::ServiceNowRole { name } => {
                let roles = systems.servicenow.table::<SysUserRole>();
                let role = roles.find_one(Query::new().eq("name", name.as_str())).await?;
                role.map(|role| Self::Role { sys_id: role.sys_id, name: name.clone() })
            }
        };
        Ok(thing
            .ok_or_else(|| format!("there is no {entitlement}"))
            .and_then(|thing| thing.named_like(entitlement)))
    }

    /// That it has the name that the policy's author expected.
    fn named_like(self, entitlement: &Entitlement) -> Result<Self, String> {
        match entitlement.name() {
            Some(expected) if expected != self.name() => {
                Err(format!("{entitlement} is named {:?} there", self.name()))
            }
            _ => Ok(self),
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::OktaGroup { name, .. } | Self::Group { name, .. } | Self::Role { name, .. } => name,
            Self::OktaApp { label, .. } => label,
        }
    }

    /// The step that gives it.
    pub(crate) fn give(&self, id: &str, why: String, to: &Holder) -> Step {
        let account = to.account.clone();
        match self.clone() {
            Self::OktaGroup { id: group, name } => {
                Step::new(id, why, AddToGroup { account, group, group_name: name })
            }
            Self::OktaApp { id: app, label, profile } => {
                Step::new(id, why, AssignApp { account, app, label, profile })
            }
            Self::Group { sys_id, name } => Step::new(id, why, AddToUserGroup(member(to, sys_id, name))),
            Self::Role { sys_id, name } => Step::new(id, why, AddRole(role(to, sys_id, name))),
        }
    }

    /// The change that takes it away.
    pub(crate) fn take(&self, from: &Holder) -> Box<dyn Action> {
        let account = from.account.clone();
        match self.clone() {
            Self::OktaGroup { id, name } => {
                Box::new(RemoveFromGroup { account, group: id, group_name: name })
            }
            Self::OktaApp { id, label, .. } => Box::new(UnassignApp { account, app: id, label }),
            Self::Group { sys_id, name } => Box::new(RemoveFromUserGroup(member(from, sys_id, name))),
            Self::Role { sys_id, name } => Box::new(RemoveRole(role(from, sys_id, name))),
        }
    }
}

fn member(of: &Holder, group: SysId, group_name: String) -> UserGroupMember {
    let UserRecord { sys_id: user, user_name } = of.user.clone();
    UserGroupMember { user, user_name, group, group_name }
}

fn role(of: &Holder, role: SysId, role_name: String) -> UserRole {
    let UserRecord { sys_id: user, user_name } = of.user.clone();
    UserRole { user, user_name, role, role_name }
}

/// An entitlement in the words of [`Claim::target`](crate::plan::Claim::target).
pub(crate) fn claimed(entitlement: &Entitlement) -> String {
    format!("{}:{}", entitlement.kind(), entitlement.id())
}
