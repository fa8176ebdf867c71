//! Tables that turn one value into another.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of the function by which a condition asks a table.
pub(super) const LOOKUP: &str = "lookup";

/// Everything under `[lookups]`. Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookups(Arc<BTreeMap<String, Lookup>>);

#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) line: usize,
    pub(super) entries: BTreeMap<String, String>,
}

impl Lookups {
    pub(super) fn get(&self, table: &str) -> Option<&Lookup> {
        self.0.get(table)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Lookup)> {
        self.0.iter().map(|(name, lookup)| (name.as_str(), lookup))
    }

    /// What a table has for a key, if anything.
    pub(super) fn find(&self, table: &str, key: &str) -> Option<&str> {
        self.get(table)?.entries.get(key).map(String::as_str)
    }

    /// Makes the tables known to a condition. A key that a table does not have gives the empty string.
    pub(super) fn declare(&self, context: &mut cel::Context<'_, '_>) {
        if self.0.is_empty() {
            return;
        }
        let tables = self.clone();
        let lookup = move |table: Arc<String>, key: Arc<String>| {
            tables.find(&table, &key).unwrap_or_default().to_owned()
        };
        // It is no function of CEL's own, so the name is free.
        let _ = context.add_function(LOOKUP, lookup);
    }
}

impl FromIterator<(String, Lookup)> for Lookups {
    fn from_iter<I: IntoIterator<Item = (String, Lookup)>>(tables: I) -> Self {
        Self(Arc::new(tables.into_iter().collect()))
    }
}
