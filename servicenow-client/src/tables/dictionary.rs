//! What an instance says of its own tables, and of its settings.

use std::fmt;

use crate::record;
use crate::value::Ref;

record! {
    /// A table. Table `sys_db_object`.
    #[derive(Debug)]
    SysDbObject in "sys_db_object" {
        /// Its name.
        name: String,
        /// What people call it.
        label: String,
        /// The table it extends.
        super_class: Ref<SysDbObject>,
        /// Whether others may extend it.
        is_extendable: bool,
    }
}

record! {
    /// A field of a table, or, with an empty `element`, the table itself. Table `sys_dictionary`.
    ///
    /// A table has the fields of those that it extends too: [`table`](crate::schema::Schema::table) gathers them.
    #[derive(Debug)]
    SysDictionary in "sys_dictionary" {
        /// The table that has the field.
        name: String,
        /// The field.
        element: String,
        /// What people call it.
        column_label: String,
        /// `string`, `integer`, `boolean`, `glide_date_time`, `reference`, …
        internal_type: String,
        /// The table that it refers to.
        reference: String,
        /// Whether a record needs it.
        mandatory: bool,
        /// Whether it can be written.
        read_only: bool,
        /// Whether it stands for the record where that is referred to.
        display: bool,
        /// Whether it is in use.
        active: bool,
        /// How many characters it holds.
        max_length: i64,
        /// What it is if nothing is given.
        default_value: String,
    }
}

record! {
    /// A value that a field may have. Table `sys_choice`.
    ///
    /// A table without rows for a field has those of the table it extends: [`choices`](crate::schema::Schema::choices)
    /// knows.
    #[derive(Debug)]
    SysChoice in "sys_choice" {
        /// The table.
        name: String,
        /// The field.
        element: String,
        /// The value, as stored.
        value: String,
        /// What people call it.
        label: String,
        /// Its place in the list.
        sequence: i64,
        /// The language of the label.
        language: String,
        /// Whether it is no longer offered.
        inactive: bool,
        /// The value that another field must have for this one to be offered: a subcategory's category.
        dependent_value: String,
    }
}

record! {
    /// A setting of the instance. Table `sys_properties`. Many cannot be read without an administrator's rights.
    ///
    /// [`properties`](crate::ServiceNowClient::properties) reads some by name. Its `Debug` hides the value, which may be a
    /// key or a password.
    SysProperties in "sys_properties" {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
        /// What it is for.
        description: String,
    }
}

impl fmt::Debug for SysProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SysProperties")
            .field("sys_id", &self.sys_id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
