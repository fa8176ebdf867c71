//! Roles: who has which, and why.

use chrono::{DateTime, Utc};

use super::groups::SysUserGroup;
use super::users::SysUser;
use crate::record;
use crate::value::Ref;

record! {
    /// A role. Table `sys_user_role`.
    #[derive(Debug)]
    SysUserRole in "sys_user_role" {
        /// Its name: `itil`.
        name: String,
        /// What it is for.
        description: String,
        /// Whether it can be given.
        grantable: bool,
        /// Whether it has to be switched on in each session.
        elevated_privilege: bool,
        /// The role that may give it, by name.
        assignable_by: String,
    }
}

record! {
    /// A role that a user has. Table `sys_user_has_role`.
    ///
    /// Only rows that are not `inherited` can be taken away. An inherited one comes back: take away the group that
    /// grants it, or the role that includes it.
    #[derive(Debug)]
    SysUserHasRole in "sys_user_has_role" {
        /// Who.
        user: Ref<SysUser>,
        /// Which role.
        role: Ref<SysUserRole>,
        /// The role's name.
        role_name = "role.name": String,
        /// Whether it came with a group or with another role.
        inherited: bool,
        /// The group that it came with.
        granted_by: Ref<SysUserGroup>,
        /// The role that it came with.
        included_in_role: Ref<SysUserRole>,
        /// `active`, or that it was only asked for.
        state: String,
        /// Since when.
        sys_created_on: DateTime<Utc>,
    }
}

record! {
    /// A role that a group gives its members. Table `sys_group_has_role`.
    #[derive(Debug)]
    SysGroupHasRole in "sys_group_has_role" {
        /// The group.
        group: Ref<SysUserGroup>,
        /// Which role.
        role: Ref<SysUserRole>,
        /// The role's name.
        role_name = "role.name": String,
        /// Whether members get it.
        inherits: bool,
    }
}

record! {
    /// A role that another one contains. Table `sys_user_role_contains`.
    #[derive(Debug)]
    SysUserRoleContains in "sys_user_role_contains" {
        /// Whoever has this one …
        role: Ref<SysUserRole>,
        /// … has this one too.
        contains: Ref<SysUserRole>,
    }
}
