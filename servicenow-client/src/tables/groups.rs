//! Groups, and who is in them.

use chrono::{DateTime, Utc};

use super::users::SysUser;
use crate::id::SysId;
use crate::record;
use crate::value::Ref;

record! {
    /// A group. Table `sys_user_group`.
    #[derive(Debug)]
    SysUserGroup in "sys_user_group" {
        /// Its name.
        name: String,
        /// What it is for.
        description: String,
        /// Who leads it.
        manager: Ref<SysUser>,
        /// Mail address.
        email: String,
        /// The group above.
        parent: Ref<SysUserGroup>,
        /// What kinds of group it is, of `sys_user_group_type`.
        types = "type": Vec<SysId>,
        /// Whether it is in use.
        active: bool,
        /// Where the record comes from.
        source: String,
        /// Who gets what is assigned to the group.
        default_assignee: Ref<SysUser>,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
        /// How often it was changed.
        sys_mod_count: i64,
    }
}

record! {
    /// A user's membership in a group. Table `sys_user_grmember`.
    ///
    /// Create a row to add somebody, delete it to remove them. Nothing keeps it from being there twice: look first,
    /// with [`find_one`](crate::Table::find_one) by `user` and `group`. The group's roles come and go some time after it.
    #[derive(Debug)]
    SysUserGrmember in "sys_user_grmember" {
        /// Who.
        user: Ref<SysUser>,
        /// In which group.
        group: Ref<SysUserGroup>,
        /// Since when.
        sys_created_on: DateTime<Utc>,
    }
}
