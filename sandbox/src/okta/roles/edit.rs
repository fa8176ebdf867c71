//! Roles that somebody held all along.

use super::{Assignment, Holder};
use crate::edit::EditError;
use crate::sandbox::Sandbox;

impl Sandbox {
    /// Gives an Okta user, named by id or login, an admin role, such as `USER_ADMIN`. Nothing is logged.
    pub fn add_okta_role(&self, user: &str, role: &str) -> Result<(), EditError> {
        let found = self.shared.world().okta.users.find(user).map(|user| user.id.clone());
        let id = found.ok_or_else(|| EditError(format!("no user {user}")))?;
        self.give(Holder::User(id), role)
    }

    /// Gives an Okta group, named by id or name, an admin role, such as `HELP_DESK_ADMIN`: all its members hold it.
    /// Nothing is logged.
    pub fn add_okta_group_role(&self, group: &str, role: &str) -> Result<(), EditError> {
        let id = {
            let groups = &self.shared.world().okta.groups;
            groups.find(group).or_else(|| groups.named(group)).map(|group| group.id.clone())
        };
        let id = id.ok_or_else(|| EditError(format!("no group {group}")))?;
        self.give(Holder::Group(id), role)
    }

    fn give(&self, holder: Holder, role: &str) -> Result<(), EditError> {
        let now = self.shared.clock.now();
        let role = Assignment::standard(role, now).ok_or_else(|| EditError(format!("no role {role}")))?;
        self.shared.world().okta.roles.give(holder, role);
        Ok(())
    }
}
