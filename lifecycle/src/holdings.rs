//! What a person holds in both systems, and where each thing comes from.

use okta_client::apps::AssignmentScope;
use okta_client::group_rules::{GroupRule, GroupRuleStatus};
use okta_client::groups::{GroupId, GroupKind};
use okta_client::users::UserId;
use serde::{Deserialize, Serialize};
use servicenow_client::tables::{SysUserGrmember, SysUserHasRole};
use servicenow_client::{Query, RawRecord, Record as _, SysId};

use crate::operation::OperationError;
use crate::policy::Entitlement;
use crate::systems::Systems;

/// Something that a person holds. Its entitlement has the name that it has in its system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What.
    pub entitlement: Entitlement,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// Where access comes from, and so how it can be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// The person was given it: it can be taken away.
    Direct,
    /// A group rule may have given it. Okta does not tell; taken away by hand, it would become an exception from the rule, for
    /// good. It follows the person's attributes.
    Rule,
    /// It came with a group or a role, and goes with that.
    Inherited,
    /// A directory, an app or Okta itself says who has it.
    Elsewhere,
}

/// Everything that a person holds: Okta's groups and apps, and ServiceNow's groups and roles if there is a user.
///
/// # Errors
///
/// If some of it cannot be seen: whoever takes away what is too much must know all of it.
pub async fn held(
    systems: &Systems,
    account: &UserId,
    servicenow_user: Option<&SysId>,
) -> Result<Vec<Held>, OperationError> {
    let mut all = groups(systems, account).await?;
    all.extend(apps(systems, account).await?);
    if let Some(user) = servicenow_user {
        all.extend(servicenow_groups(systems, user).await?);
        all.extend(servicenow_roles(systems, user).await?);
    }
    Ok(all)
}

async fn groups(systems: &Systems, account: &UserId) -> Result<Vec<Held>, OperationError> {
    let groups = systems.okta.users().groups(account).collect_all().await?;
    let by_rules = filled_by_rules(systems, account).await?;
    let held = |group: okta_client::groups::Group| Held {
        provenance: match group.kind {
            GroupKind::OktaGroup if by_rules.contains(&group.id) => Provenance::Rule,
            GroupKind::OktaGroup => Provenance::Direct,
            _ => Provenance::Elsewhere,
        },
        entitlement: Entitlement::OktaGroup { id: group.id, name: Some(group.profile.name) },
    };
    Ok(groups.into_iter().map(held).collect())
}

/// The groups that rules at work fill, but for rules from which the person is excepted.
pub(crate) async fn filled_by_rules(
    systems: &Systems,
    account: &UserId,
) -> Result<Vec<GroupId>, OperationError> {
    let rules = systems.okta.group_rules().list().send().collect_all().await?;
    let at_work = rules.iter().filter(|rule| rule.status == GroupRuleStatus::Active);
    Ok(at_work.filter(|rule| !rule.excluded().contains(account)).flat_map(GroupRule::groups).collect())
}

async fn apps(systems: &Systems, account: &UserId) -> Result<Vec<Held>, OperationError> {
    let apps = systems.okta.apps().list().of_user(account).send().collect_all().await?;
    let held = |app: okta_client::apps::App| Held {
        provenance: match app.user().and_then(|user| user.scope) {
            Some(AssignmentScope::User) => Provenance::Direct,
            Some(AssignmentScope::Group) => Provenance::Inherited,
            _ => Provenance::Elsewhere,
        },
        entitlement: Entitlement::OktaApp { id: app.id, name: Some(app.label), profile: [].into() },
    };
    Ok(apps.into_iter().map(held).collect())
}

async fn servicenow_groups(systems: &Systems, user: &SysId) -> Result<Vec<Held>, OperationError> {
    let members = systems.servicenow.records(SysUserGrmember::TABLE)?;
    let found = members.select(["user", "group", "group.name"]).list(Query::new().eq("user", user));
    let rows = all_of(found.collect_all().await?, "groups in ServiceNow")?;
    let held = |row: RawRecord| {
        let sys_id = row.text("group")?.parse().ok()?;
        let name = row.text("group.name").map(String::from);
        let entitlement = Entitlement::ServiceNowGroup { sys_id, name };
        Some(Held { entitlement, provenance: Provenance::Direct })
    };
    Ok(rows.into_iter().filter_map(held).collect())
}

async fn servicenow_roles(systems: &Systems, user: &SysId) -> Result<Vec<Held>, OperationError> {
    let roles = systems.servicenow.table::<SysUserHasRole>();
    let found = roles.list(Query::new().eq("user", user)).collect_all().await?;
    let held = |row: SysUserHasRole| {
        let provenance = match row.inherited.get() {
            Some(false) => Provenance::Direct,
            _ => Provenance::Inherited,
        };
        let entitlement = Entitlement::ServiceNowRole { name: row.role_name.into_option()? };
        Some(Held { entitlement, provenance })
    };
    Ok(all_of(found, "roles in ServiceNow")?.into_iter().filter_map(held).collect())
}

fn all_of<T>(found: servicenow_client::Collected<T>, what: &str) -> Result<Vec<T>, OperationError> {
    if found.complete {
        return Ok(found.rows);
    }
    Err(OperationError::NeedsHuman(format!("the person has {what} that the API user may not see")))
}
