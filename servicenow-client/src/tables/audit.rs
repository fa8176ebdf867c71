//! Who changed what.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::id::SysId;
use crate::record;

record! {
    /// A change of one field, on tables that are audited. Table `sys_audit`. Only administrators may read it. Its
    /// `Debug` hides the values.
    SysAudit in "sys_audit" {
        /// The table.
        tablename: String,
        /// The field.
        fieldname: String,
        /// The record.
        documentkey: SysId,
        /// What it was: references as `sys_id`, date-times in UTC.
        oldvalue: String,
        /// What it became.
        newvalue: String,
        /// Who changed it: a `user_name`.
        user: String,
        /// When.
        sys_created_on: DateTime<Utc>,
    }
}

impl fmt::Debug for SysAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SysAudit")
            .field("sys_id", &self.sys_id)
            .field("tablename", &self.tablename)
            .field("fieldname", &self.fieldname)
            .finish_non_exhaustive()
    }
}
