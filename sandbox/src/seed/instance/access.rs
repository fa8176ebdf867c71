//! Roles, who has them by which group, and who stands in for whom.

use super::Writer;
use crate::seed::company::Company;
use crate::servicenow::store::record;

/// Roles of the base system, and the roles that each contains.
const ROLES: [(&str, &str, &[&str]); 10] = [
    ("snc_platform_rest_api_access", "May use the REST APIs", &[]),
    ("sn_request_write", "Writes requests and their tasks", &[]),
    ("approver_user", "Answers approvals", &[]),
    ("approval_admin", "Answers approvals for others", &["approver_user"]),
    ("itil", "Works on tickets", &["snc_platform_rest_api_access", "sn_request_write"]),
    ("itil_admin", "Looks after tickets", &["itil"]),
    ("user_admin", "Looks after users, groups and their roles", &[]),
    ("personalize_dictionary", "Looks after tables and fields", &[]),
    ("catalog_admin", "Looks after the service catalog", &[]),
    ("admin", "May do everything", &["approval_admin", "itil_admin", "user_admin", "catalog_admin"]),
];

/// Roles that groups bring.
const OF_GROUPS: [(&str, &str); 4] = [
    (super::FULFILMENT_GROUP, "itil"),
    (super::FULFILMENT_GROUP, "user_admin"),
    ("Service Desk", "itil"),
    ("HR Operations", "sn_request_write"),
];

impl Writer<'_> {
    pub(super) fn roles(&mut self) {
        for (name, description, contained) in ROLES {
            let elevated = if name == "admin" { "true" } else { "false" };
            let mut row = record([("name", name), ("description", description), ("grantable", "true")]);
            row.extend(record([("elevated_privilege", elevated)]));
            let role = self.insert("sys_user_role", row);
            for contained in contained {
                let contained = self.role(contained);
                self.insert("sys_user_role_contains", record([("role", &role), ("contains", &contained)]));
            }
        }
    }

    /// To be called before a group has members.
    pub(super) fn roles_of_group(&mut self, name: &str, group: &str) {
        for (_, role) in OF_GROUPS.iter().filter(|(of, _)| *of == name) {
            let role = self.role(role);
            let row = record([("group", group), ("role", &role), ("inherits", "true")]);
            self.insert("sys_group_has_role", row);
        }
    }

    /// Everybody who leads answers approvals. The integration user has its roles directly.
    pub(super) fn roles_of_people(&mut self, company: &Company, people: &[String]) {
        let approver = self.role("approver_user");
        for (_, user) in company.people.iter().zip(people).filter(|(person, _)| person.leads) {
            self.give(user, &approver);
        }
        let user = self.instance.user.clone();
        for name in ["itil", "user_admin", "personalize_dictionary", "approval_admin"] {
            let role = self.role(name);
            self.give(&user, &role);
        }
    }

    /// While the chief executive is away the first vice president answers.
    pub(super) fn delegate(&mut self, people: &[String]) {
        let [chief, deputy, ..] = people else { return };
        let mut row = record([("user", chief.as_str()), ("delegate", deputy)]);
        row.extend(record([("starts", "2026-03-01 00:00:00"), ("ends", "2026-03-31 23:59:59")]));
        row.extend(record([("approvals", "true"), ("assignments", "false"), ("notifications", "true")]));
        self.insert("sys_user_delegate", row);
    }

    fn give(&mut self, user: &str, role: &str) {
        self.insert("sys_user_has_role", record([("user", user), ("role", role)]));
    }

    fn role(&self, name: &str) -> String {
        let role = self.instance.find_by("sys_user_role", "name", name);
        role.map_or_else(String::new, |role| role.get("sys_id").to_owned())
    }
}
