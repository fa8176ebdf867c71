//! Conditions on records that point here.

use std::fmt;

use super::{Flaw, Query, valid_field};
use crate::client::valid_table;

/// How many records of another table must point at a record.
///
/// Related lists must be open to queries: the dictionary attribute `allow_related_list_query`. Where they are
/// not, the instance drops the condition, and nothing in the rows shows it.
///
/// ```
/// use servicenow_client::{Query, Related};
///
/// let led = Related::at_least(1, "incident", "problem_id").matching(Query::new().eq("active", true));
/// let query = Query::new().eq("active", true).related(led);
/// assert_eq!(query.encoded().unwrap(), "active=true^RLQUERYincident.problem_id,>=1^active=true^ENDRLQUERY");
/// ```
#[derive(Clone)]
#[must_use = "a condition does nothing until it is in a query"]
pub struct Related {
    table: String,
    field: String,
    count: String,
    conditions: Option<Query>,
}

impl Related {
    /// At least so many records of `table` have this one in their `field`.
    pub fn at_least(count: u32, table: &str, field: &str) -> Self {
        Self::new(format!(">={count}"), table, field)
    }

    /// At most so many do.
    pub fn at_most(count: u32, table: &str, field: &str) -> Self {
        Self::new(format!("<={count}"), table, field)
    }

    /// None does.
    pub fn none(table: &str, field: &str) -> Self {
        Self::new("=0".to_owned(), table, field)
    }

    fn new(count: String, table: &str, field: &str) -> Self {
        Self { table: table.to_owned(), field: field.to_owned(), count, conditions: None }
    }

    /// Counts only those that match: conditions that are all to hold, in one group.
    pub fn matching(mut self, conditions: Query) -> Self {
        self.conditions = Some(conditions);
        self
    }

    pub(super) fn encoded(&self) -> Result<String, Flaw> {
        if !valid_table(&self.table) || !valid_field(&self.field) {
            return Err(Flaw("a related list has a table or a field that cannot be one".into()));
        }
        let mut text = format!("RLQUERY{}.{},{}", self.table, self.field, self.count);
        if let Some(conditions) = &self.conditions {
            if !conditions.is_one_group() {
                return Err(Flaw("a related list takes conditions of one group, without sorting".into()));
            }
            text = format!("{text}^{}", conditions.encoded()?);
        }
        Ok(text + "^ENDRLQUERY")
    }
}

/// Values are people's data.
impl fmt::Debug for Related {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Related({}.{})", self.table, self.field)
    }
}
