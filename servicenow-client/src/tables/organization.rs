//! Where people belong: departments, locations, cost centers, companies.

use chrono::{DateTime, Utc};

use super::users::SysUser;
use crate::record;
use crate::value::Ref;

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
        /// Cost center.
        cost_center: Ref<CmnCostCenter>,
        /// Company.
        company: Ref<CoreCompany>,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
    }
}

record! {
    /// A location. Table `cmn_location`.
    #[derive(Debug)]
    CmnLocation in "cmn_location" {
        /// Its name.
        name: String,
        /// Street.
        street: String,
        /// City.
        city: String,
        /// Postal code.
        zip: String,
        /// Country.
        country: String,
        /// The location that it is in.
        parent: Ref<CmnLocation>,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
    }
}

record! {
    /// A cost center. Table `cmn_cost_center`.
    #[derive(Debug)]
    CmnCostCenter in "cmn_cost_center" {
        /// Its name.
        name: String,
        /// Its code.
        code: String,
        /// Who answers for it.
        manager: Ref<SysUser>,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
    }
}

record! {
    /// A company. Table `core_company`.
    #[derive(Debug)]
    CoreCompany in "core_company" {
        /// Its name.
        name: String,
        /// The company above.
        parent: Ref<CoreCompany>,
        /// Country.
        country: String,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
    }
}
