//! Who may approve.

use std::collections::BTreeSet;

use okta_client::groups::{GroupId, Owner};
use okta_client::users::User;
use servicenow_client::tables::{SysUser, SysUserGroup};
use servicenow_client::{Query, Ref, SysId};

use crate::operation::OperationError;
use crate::policy::{Approver, Entitlement};
use crate::systems::Systems;

/// The ServiceNow users who may approve this for this person, as things are now.
///
/// An owner whom ServiceNow does not know cannot have answered there, and is left out.
pub(crate) async fn permitted(
    systems: &Systems,
    approvers: &[Approver],
    entitlement: &Entitlement,
    requested_for: &SysId,
) -> Result<BTreeSet<SysId>, OperationError> {
    let mut permitted = BTreeSet::new();
    for approver in approvers {
        match approver {
            Approver::Manager => {
                let person = systems.servicenow.table::<SysUser>().get(requested_for).await?;
                permitted.extend(person.manager.into_option().map(Ref::into_id));
            }
            Approver::Owner => permitted.extend(owners(systems, entitlement).await?),
            Approver::Login(login) => {
                permitted.extend(user_named(systems, login).await?.map(|user| user.sys_id));
            }
        }
    }
    Ok(permitted)
}

/// The user of this `user_name`.
pub(super) async fn user_named(
    systems: &Systems,
    user_name: &str,
) -> Result<Option<SysUser>, servicenow_client::Error> {
    systems.servicenow.table::<SysUser>().find_one(Query::new().eq("user_name", user_name)).await
}

async fn owners(systems: &Systems, entitlement: &Entitlement) -> Result<BTreeSet<SysId>, OperationError> {
    let mut owners = BTreeSet::new();
    match entitlement {
        Entitlement::OktaGroup { id, .. } => {
            for user in owners_in_okta(systems, id).await? {
                let login = user.profile.text("login").unwrap_or_default();
                owners.extend(user_named(systems, login).await?.map(|user| user.sys_id));
            }
        }
        Entitlement::ServiceNowGroup { sys_id, .. } => {
            let group = systems.servicenow.table::<SysUserGroup>().get(sys_id).await?;
            owners.extend(group.manager.into_option().map(Ref::into_id));
        }
        // Neither has owners.
        Entitlement::OktaApp { .. } | Entitlement::ServiceNowRole { .. } => {}
    }
    Ok(owners)
}

/// The people who own a group, also as members of a group that does.
async fn owners_in_okta(systems: &Systems, group: &GroupId) -> Result<Vec<User>, okta_client::Error> {
    let groups = systems.okta.groups();
    let mut people = Vec::new();
    let owners = match groups.owners(group).list().send().collect_all().await {
        // A group that is gone has none.
        Err(error) if error.is_not_found() => return Ok(people),
        owners => owners?,
    };
    for owner in owners {
        match owner.owner() {
            Some(Owner::User(user)) => people.extend(systems.okta.users().find(&user).await?),
            Some(Owner::Group(group)) => people.extend(groups.members(&group).collect_all().await?),
            None => {}
        }
    }
    Ok(people)
}
