//! Fields that a table was seen to have.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Remembers them, so that what takes a call to find out is found out once. Tables lose no fields while a
/// program runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownFields(Arc<Mutex<HashSet<(String, String)>>>);

impl KnownFields {
    /// Whether this table has the field. Every table has a `sys_id`.
    pub(crate) fn has(&self, table: &str, field: &str) -> bool {
        field == "sys_id" || self.known().contains(&(table.to_owned(), field.to_owned()))
    }

    pub(crate) fn add(&self, table: &str, field: &str) {
        self.known().insert((table.to_owned(), field.to_owned()));
    }

    fn known(&self) -> MutexGuard<'_, HashSet<(String, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
