//! People, and who stands in for them.

use std::fmt;

use chrono::{DateTime, Utc};

use super::organization::{CmnCostCenter, CmnDepartment, CmnLocation, CoreCompany};
use crate::record;
use crate::value::Ref;

record! {
    /// A user. Table `sys_user`. Its `Debug` shows the `sys_id` only.
    ///
    /// Inactive users are hidden from API users without an administrator's rights: a look-up that finds
    /// nobody may have met one.
    ///
    /// To disable somebody, set `active` to false and `locked_out` to true, which ends sessions. Do not delete: tickets
    /// would lose their people. Groups and roles stay until they are taken away.
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
        /// Department.
        department: Ref<CmnDepartment>,
        /// Company.
        company: Ref<CoreCompany>,
        /// Cost center.
        cost_center: Ref<CmnCostCenter>,
        /// Location.
        location: Ref<CmnLocation>,
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
        /// The user's key at the identity provider.
        federated_id: String,
        /// May use APIs only.
        web_service_access_only: bool,
        /// Human, Machine or AI, as newer releases have it.
        identity_type: String,
        /// Time zone; `GMT` for an integration user. Empty: the instance's own.
        time_zone: String,
        /// How dates are shown. Empty: as the instance shows them.
        date_format: String,
        /// Language of labels and messages. Empty: the instance's own.
        preferred_language: String,
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
    /// Somebody who stands in for somebody else, for a while. Table `sys_user_delegate`.
    #[derive(Debug)]
    SysUserDelegate in "sys_user_delegate" {
        /// Who is away.
        user: Ref<SysUser>,
        /// Who stands in.
        delegate: Ref<SysUser>,
        /// From when.
        starts: DateTime<Utc>,
        /// Until when.
        ends: DateTime<Utc>,
        /// Answers approvals.
        approvals: bool,
        /// Gets what is assigned.
        assignments: bool,
        /// Gets the mails.
        notifications: bool,
    }
}
