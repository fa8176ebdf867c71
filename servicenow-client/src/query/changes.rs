//! What changed since.

use chrono::{DateTime, Utc};

use super::Query;
use super::condition::{Check, Condition};
use crate::id::SysId;

impl Query {
    /// Of these records those that were changed at `since` or later, in the order of their last change: by
    /// `sys_updated_on` and, within a second, by `sys_id`. Given the time and the id of the last record that was
    /// read, those that come after it.
    ///
    /// ```
    /// use servicenow_client::{Query, SysId};
    ///
    /// let since = "2026-03-02T09:00:00Z".parse().unwrap();
    /// let (time, id): (_, SysId) = ("2026-03-02T09:10:00Z".parse().unwrap(), "ab12".parse().unwrap());
    /// let query = Query::new().eq("active", true).changed_since(since, Some((time, &id)));
    /// assert_eq!(
    ///     query.encoded().unwrap(),
    ///     "active=true^sys_updated_on>=2026-03-02 09:00:00^sys_updated_on>2026-03-02 09:10:00\
    ///      ^NQactive=true^sys_updated_on>=2026-03-02 09:00:00^sys_updated_on=2026-03-02 09:10:00^sys_id>ab12\
    ///      ^ORDERBYsys_updated_on^ORDERBYsys_id"
    /// );
    /// ```
    ///
    /// A record appears when its transaction ends, under the time at which it was changed before that: read a few
    /// minutes again each time, and know what you had by `sys_id` and `sys_mod_count`. Deleted records do not
    /// appear. [`Table::changes`](crate::Table::changes) does all of that.
    pub fn changed_since(self, since: DateTime<Utc>, after: Option<(DateTime<Utc>, &SysId)>) -> Self {
        if self.raw.is_some() || !self.order.is_empty() || self.or_next {
            return self
                .flawed("changes are in an order of their own, of conditions that are not raw".to_owned());
        }
        let groups = if self.groups.is_empty() { vec![Vec::new()] } else { self.groups };
        let query = Self { groups, everything: false, ..self };
        let query = query.everywhere(&Self::new().ge("sys_updated_on", since));
        let query = match after {
            None => query,
            Some((time, id)) => {
                let later = query.clone().everywhere(&Self::new().gt("sys_updated_on", time));
                let same = Self::new().eq("sys_updated_on", time).after(id);
                later.or_query(query.everywhere(&same))
            }
        };
        query.order_by("sys_updated_on").order_by("sys_id")
    }

    /// Adds the conditions of another query's one group to each alternative.
    fn everywhere(mut self, other: &Self) -> Self {
        let added = other.groups.iter().flatten();
        for group in &mut self.groups {
            group.extend(added.clone().cloned());
        }
        self
    }

    /// The id's order is the database's, so it is not checked here.
    fn after(mut self, id: &SysId) -> Self {
        let condition = Condition {
            field: "sys_id".to_owned(),
            text: format!(">{id}"),
            check: Check::Field,
            alone: false,
        };
        if let Some(group) = self.groups.last_mut() {
            group.push(vec![condition]);
        }
        self
    }
}
