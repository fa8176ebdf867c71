//! What can be seen in Okta and ServiceNow.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _};
use okta_client::apps::{AppId, AppStatus};
use okta_client::group_rules::{GroupRule, GroupRuleStatus};
use okta_client::groups::{GroupId, GroupKind};
use servicenow_client::tables::{SysGroupHasRole, SysUserGroup, SysUserRole};
use servicenow_client::{Query, SysId};

use super::{Check, Finding};
use crate::operation::OperationError;
use crate::policy::words::list;
use crate::policy::{Entitlement, Inner, Policy, Risk, Target};
use crate::systems::Systems;

/// How many targets are looked at at once. The clients' pacers have the last word.
const AT_ONCE: usize = 8;

/// Roles of ServiceNow that give power over the instance, or over other people's access.
const ADMIN_ROLES: [&str; 4] = ["admin", "security_admin", "user_admin", "role_delegator"];

impl Policy {
    /// What is probably not meant like that, seen from the tenants: each target is read by its id, and Okta's group rules.
    ///
    /// Scopes `okta.groups.read`, `okta.apps.read` and `okta.roles.read`; in ServiceNow `sys_user_group`,
    /// `sys_group_has_role` and `sys_user_role`.
    ///
    /// # Errors
    ///
    /// If a system cannot be read.
    pub async fn lint_tenants(&self, systems: &Systems) -> Result<Vec<Finding>, OperationError> {
        let policy = &*self.0;
        let rules: Vec<GroupRule> = systems.okta.group_rules().list().send().try_collect().await?;
        let active: Vec<&GroupRule> =
            rules.iter().filter(|rule| rule.status == GroupRuleStatus::Active).collect();
        let found: Vec<Vec<Finding>> = futures::stream::iter(&policy.targets)
            .map(|(name, target)| policy.target_lint(systems, name, target, &active))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }
}

impl Inner {
    async fn target_lint(
        &self,
        systems: &Systems,
        name: &str,
        target: &Target,
        rules: &[&GroupRule],
    ) -> Result<Vec<Finding>, OperationError> {
        let mut looked = Looked { policy: self, name, target, findings: Vec::new() };
        match &target.entitlement {
            Entitlement::OktaGroup { id, .. } => looked.okta_group(systems, id, rules).await?,
            Entitlement::OktaApp { id, .. } => looked.okta_app(systems, id).await?,
            Entitlement::ServiceNowGroup { sys_id, .. } => looked.servicenow_group(systems, sys_id).await?,
            Entitlement::ServiceNowRole { name } => looked.servicenow_role(systems, name).await?,
        }
        Ok(looked.findings)
    }
}

/// A target, and what was found about it.
struct Looked<'p> {
    policy: &'p Inner,
    name: &'p str,
    target: &'p Target,
    findings: Vec<Finding>,
}

impl Looked<'_> {
    fn found(&mut self, check: Check, what: &str, instead: &str) {
        let what = format!("target {:?}, {}, {what}", self.name, self.target.entitlement);
        self.findings.push(self.policy.finding(check, self.target.line, what, instead));
    }

    async fn okta_group(
        &mut self,
        systems: &Systems,
        id: &GroupId,
        rules: &[&GroupRule],
    ) -> Result<(), OperationError> {
        let Some(group) = systems.okta.groups().find(id).await? else {
            let instead = "Correct okta_group: the id is in the group's URL";
            self.found(Check::TargetNotFound, "is not in Okta", instead);
            return Ok(());
        };
        self.compare_name(&group.profile.name);
        if group.kind != GroupKind::OktaGroup {
            let what = format!("is of type {}: its members cannot be changed in Okta", group.kind);
            let instead = "Name a group that Okta manages, or grant this where its members come from";
            self.found(Check::NotOktaGroup, &what, instead);
        }
        let filling: Vec<&str> =
            rules.iter().filter(|rule| rule.groups().contains(id)).map(|rule| rule.name.as_str()).collect();
        if !filling.is_empty() {
            let what = format!(
                "is filled by Okta's rule {} too: whoever is taken out comes back, or never does",
                list(&filling)
            );
            self.found(Check::RuleManaged, &what, "Leave it to one of the two: the rule, or this policy");
        }
        if let Some(others) = cycle(id, rules) {
            let what = format!("is filled by rules that go in a circle through {}", list(&others));
            self.found(Check::GroupCycle, &what, "Let one of the rules look at attributes instead");
        }
        let brought = systems.okta.roles().of_group(id).list().collect_all().await?;
        let brought: Vec<String> = brought.iter().map(|role| role.role_type.to_string()).collect();
        self.compare_roles(&brought);
        Ok(())
    }

    async fn okta_app(&mut self, systems: &Systems, id: &AppId) -> Result<(), OperationError> {
        let Some(app) = systems.okta.apps().find(id).await? else {
            self.found(
                Check::TargetNotFound,
                "is not in Okta",
                "Correct okta_app: the id is in the app's URL",
            );
            return Ok(());
        };
        self.compare_name(&app.label);
        if app.status != AppStatus::Active {
            let what = format!("is {}: nobody can use it", app.status);
            self.found(Check::TargetInactive, &what, "Activate the app, or take the target out");
        }
        Ok(())
    }

    async fn servicenow_group(&mut self, systems: &Systems, sys_id: &SysId) -> Result<(), OperationError> {
        let Some(group) = systems.servicenow.table::<SysUserGroup>().find(sys_id).await? else {
            let instead =
                "Correct servicenow_group: the sys_id of a row in sys_user_group that the API user may see";
            self.found(Check::TargetNotFound, "is not in ServiceNow", instead);
            return Ok(());
        };
        self.compare_name(group.name.as_str().unwrap_or_default());
        if group.active.get() == Some(&false) {
            self.found(Check::TargetInactive, "is inactive", "Activate the group, or take the target out");
        }
        let of_group = Query::new().eq("group", sys_id.clone());
        let rows = systems.servicenow.table::<SysGroupHasRole>().list(of_group).collect_all().await?.rows;
        let roles = rows.iter().filter_map(|row| row.role_name.as_str());
        let roles: Vec<String> = roles.filter(|role| ADMIN_ROLES.contains(role)).map(str::to_owned).collect();
        self.compare_roles(&roles);
        Ok(())
    }

    async fn servicenow_role(&mut self, systems: &Systems, name: &str) -> Result<(), OperationError> {
        let roles = systems.servicenow.table::<SysUserRole>();
        let Some(role) = roles.find_one(Query::new().eq("name", name)).await? else {
            let instead =
                "Correct servicenow_role: the name of a row in sys_user_role that the API user may see";
            self.found(Check::TargetNotFound, "is not in ServiceNow", instead);
            return Ok(());
        };
        if role.elevated_privilege.get() == Some(&true) || role.grantable.get() == Some(&false) {
            let instead = "Take the target out: a person gives such a role, and answers for it";
            self.found(Check::ElevatedRole, "is an elevated role, or one that cannot be given", instead);
        }
        if ADMIN_ROLES.contains(&name) {
            self.compare_roles(&[name.to_owned()]);
        }
        Ok(())
    }

    fn compare_name(&mut self, is: &str) {
        if self.target.entitlement.name().is_some_and(|expected| expected != is) {
            let what = format!("is called {is:?} there");
            self.found(
                Check::TargetRenamed,
                &what,
                "See whether the id is the one that is meant, then correct the name",
            );
        }
    }

    fn compare_roles(&mut self, roles: &[String]) {
        if !roles.is_empty() && self.target.risk != Risk::Privileged {
            let what = format!("brings the role {}, and its risk is {}", list(roles), self.target.risk);
            self.found(
                Check::GrantsAdminRole,
                &what,
                "Add risk = \"privileged\", or take the role from the group",
            );
        }
    }
}

/// The groups through which rules lead from a group back to it, if they do. That a rule looks at a group is told by the
/// group's id in its expression.
fn cycle(group: &GroupId, rules: &[&GroupRule]) -> Option<BTreeSet<String>> {
    let mut fills: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for rule in rules {
        let looks_at = mentioned(&rule.expression().unwrap_or_default());
        for from in looks_at {
            fills.entry(from).or_default().extend(rule.groups().iter().map(ToString::to_string));
        }
    }
    let mut reached = BTreeSet::new();
    let mut next = vec![group.to_string()];
    while let Some(from) = next.pop() {
        for to in fills.get(&from).into_iter().flatten() {
            if reached.insert(to.clone()) {
                next.push(to.clone());
            }
        }
    }
    // What leads nowhere is no part of the circle, but shows where it was looked.
    reached.contains(group.as_str()).then_some(reached)
}

/// Everything in quotes that looks like a group's id.
fn mentioned(expression: &str) -> BTreeSet<String> {
    let quoted = expression.split(['"', '\'']).skip(1).step_by(2);
    quoted.filter(|text| text.starts_with("00g")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::mentioned;

    #[test]
    fn groups_are_found_in_expressions() {
        let found = mentioned(r#"isMemberOfAnyGroup("00g1", '00g2') && user.department=="Sales""#);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["00g1", "00g2"]);
        assert!(mentioned("user.title == null").is_empty());
    }
}
