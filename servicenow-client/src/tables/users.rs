//! People, groups and departments.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::id::SysId;
use crate::record;
use crate::value::Ref;

record! {
    /// A user. Table `sys_user`. Its `Debug` shows the `sys_id` only.
    ///
    /// Inactive users are hidden from API users without an administrator's rights: a look-up that finds
    /// nobody may have met one.
    SysUser in "sys_user" {
        /// The login. Unique.
        user_name: String,
        /// Given name.
        first_name: String,
        /// Middle name.
        middle_name: String,
        /// Family name.
        last_name: String,
        /// The whole name; computed.
        name: String,
        /// Mail address. Not unique.
        email: String,
        /// The number in the personnel system.
        employee_number: String,
        /// Job title.
        title: String,
        /// CmnDepartment.
        department: Ref<CmnDepartment>,
        /// Company, a `core_company`.
        company: SysId,
        /// Cost center, a `cmn_cost_center`.
        cost_center: SysId,
        /// Location, a `cmn_location`.
        location: SysId,
        /// Manager.
        manager: Ref<SysUser>,
        /// Office phone.
        phone: String,
        /// Mobile phone.
        mobile_phone: String,
        /// Whether the user is in use.
        active: bool,
        /// Whether the user is locked out. Locking ends sessions.
        locked_out: bool,
        /// Where the record comes from (`ldap:…`); the next import overwrites what you change.
        source: String,
        /// May use APIs only.
        web_service_access_only: bool,
        /// Time zone; `GMT` for an integration user.
        time_zone: String,
        /// Last login.
        last_login_time: DateTime<Utc>,
        /// Created.
        sys_created_on: DateTime<Utc>,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
        /// How often it was changed.
        sys_mod_count: i64,
    }
}

impl fmt::Debug for SysUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SysUser({})", self.sys_id)
    }
}

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
        /// Whether it is in use.
        active: bool,
        /// Where the record comes from.
        source: String,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
        /// How often it was changed.
        sys_mod_count: i64,
    }
}

record! {
    /// A department. Table `cmn_department`.
    #[derive(Debug)]
    CmnDepartment in "cmn_department" {
        /// Its name.
        name: String,
        /// Its id, for people.
        id: String,
        /// Its code.
        code: String,
        /// Who heads it.
        dept_head: Ref<SysUser>,
        /// The department above.
        parent: Ref<CmnDepartment>,
        /// Cost center, a `cmn_cost_center`.
        cost_center: SysId,
        /// Company, a `core_company`.
        company: SysId,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
    }
}
