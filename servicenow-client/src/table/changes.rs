//! What changed in a table, again and again.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Table, total};
use crate::id::SysId;
use crate::problem::{Error, ProblemKind, Result};
use crate::query::Query;
use crate::record::Record;
use crate::value::{DisplayMode, FieldValue as _, Row};

const NAME: &str = "servicenow.table.changes";
const PAGE: u64 = 500;
const OVERLAP: TimeDelta = TimeDelta::minutes(5);

/// Tells one change of a record from the next.
const STAMPS: [&str; 2] = ["sys_updated_on", "sys_mod_count"];

/// When a record changed, and for which time.
type Change = (DateTime<Utc>, Option<u64>);

fn change(row: &Row) -> Option<Change> {
    let time = DateTime::<Utc>::read(&row.text("sys_updated_on")?)?;
    Some((time, row.text("sys_mod_count").and_then(|count| count.parse().ok())))
}

/// The changed records of a table, in the order of their changes: see [`Table::changes`].
#[must_use = "nothing is read until the next batch is asked for"]
pub struct Changes<T> {
    table: Table<T>,
    query: Query,
    since: DateTime<Utc>,
    overlap: TimeDelta,
    /// The last record that was read since then, and how many hidden ones after it.
    after: Option<(DateTime<Utc>, SysId)>,
    offset: u64,
    latest: DateTime<Utc>,
    /// What was given out, of the time that is read again.
    given: HashMap<SysId, Change>,
}

impl<T: Record> Table<T> {
    /// The records that match and were changed since then, and those that are changed from now on: for whoever
    /// follows a table. `GET /api/now/table/{table}?sysparm_query=…`, a page at a time.
    ///
    /// ```
    /// # use servicenow_client::{Query, Result, ServiceNowClient};
    /// # use servicenow_client::tables::SysUser;
    /// # async fn example(servicenow: ServiceNowClient, since: chrono::DateTime<chrono::Utc>) -> Result<()> {
    /// let mut changes = servicenow.table::<SysUser>().changes(Query::all(), since);
    /// while let Some(users) = changes.next_batch().await? {
    ///     for user in users {
    ///         println!("{} changed", user.sys_id);
    ///     }
    ///     // Kept with what was made of them: this is where to begin after a restart.
    ///     let position = changes.position();
    /// }
    /// // Nothing new for now. Ask the same `changes` again in a while.
    /// # Ok(()) }
    /// ```
    ///
    /// Each change comes at least once: a record appears when its transaction ends, under the time of its
    /// change, so the last five minutes are read again each time, and what was given out already is left out.
    /// After a restart it may come again. Who changes twice between two reads comes once. **Deleted records do
    /// not come.**
    pub fn changes(&self, query: impl Into<Query>, since: DateTime<Utc>) -> Changes<T> {
        let mut table = self.clone();
        if !table.fields.is_empty() {
            table.fields.extend(STAMPS.map(Into::into));
        }
        Changes {
            table,
            query: query.into(),
            since,
            overlap: OVERLAP,
            after: None,
            offset: 0,
            latest: since,
            given: HashMap::new(),
        }
    }
}

impl<T: Record> Changes<T> {
    /// Sets how much time is read again. Default 5 minutes; longer than any transaction takes.
    pub fn overlap(mut self, time: Duration) -> Self {
        self.overlap = TimeDelta::from_std(time).unwrap_or(OVERLAP);
        self
    }

    /// Records that changed, oldest change first; none when there is nothing new for now.
    ///
    /// # Errors
    ///
    /// What the call met; the next one goes on where this one stood.
    /// [`NotHonoured`](ProblemKind::NotHonoured) if a record does not match or does not show when it changed.
    pub async fn next_batch(&mut self) -> Result<Option<Vec<T>>> {
        loop {
            let (records, more) = self.page().await?;
            if !more {
                // On a table that changes all the time every batch is the last one of its round: were the time
                // read again only when nothing is new, it never would be.
                self.since = self.position();
                (self.after, self.offset) = (None, 0);
            }
            if !records.is_empty() {
                return Ok(Some(records));
            }
            if !more {
                return Ok(None);
            }
        }
    }

    /// What to pass to [`Table::changes`] to go on from here later.
    pub fn position(&self) -> DateTime<Utc> {
        // A record may bear a time to come.
        let latest = self.latest.min(self.table.client.clock().now());
        latest.checked_sub_signed(self.overlap).map_or(self.since, |again| self.since.max(again))
    }

    /// What is new on the next page, and whether more may follow.
    async fn page(&mut self) -> Result<(Vec<T>, bool)> {
        if self.table.display == DisplayMode::Labels {
            return Err(Error::invalid(NAME, "changes are followed by value: labels of times cannot be"));
        }
        let after = self.after.as_ref().map(|(time, id)| (*time, id));
        let query = self.query.clone().changed_since(self.since, after);
        let request = self
            .table
            .listing(&query, &[], &[])
            .query("sysparm_limit", PAGE)
            .query_opt("sysparm_offset", (self.offset > 0).then_some(self.offset));
        let (rows, call, response) = self.table.rows(NAME, request).await?;
        let (came, count) = (rows.len() as u64, total(&response));
        let more = count.map_or(came > 0, |count| count > self.offset + came) || came >= PAGE;
        let unreadable = |fault| self.table.client.pipeline.unreadable(&call, &response, fault);
        let wanted: Vec<&str> = query.checked_fields().chain(STAMPS).collect();
        let mut changed = Vec::new();
        for row in rows.iter().filter(|row| !row.is_hidden()) {
            let values = row.row(&wanted).map_err(unreadable)?;
            self.table.check(&query, &call, &response, &values)?;
            let change = change(&values).ok_or_else(|| {
                let kind = ProblemKind::NotHonoured { field: "sys_updated_on".into() };
                self.table.found(&call, &response, kind, "a record does not show when it was changed")
            })?;
            changed.push((change, row.record::<T>().map_err(unreadable)?));
        }
        match changed.last() {
            Some((change, record)) => self.go_on_after(change.0, record.sys_id().clone())?,
            None => self.offset += PAGE,
        }
        Ok((self.fresh(changed), more))
    }

    fn go_on_after(&mut self, time: DateTime<Utc>, id: SysId) -> Result<()> {
        let place = Some((time, id));
        if self.after == place {
            return Err(Error::protocol(NAME, "the list goes in circles: the instance ignores its position"));
        }
        (self.after, self.offset) = (place, 0);
        self.latest = self.latest.max(time);
        Ok(())
    }

    /// Those that were not given out yet.
    fn fresh(&mut self, changed: Vec<(Change, T)>) -> Vec<T> {
        let mut fresh = Vec::new();
        for (change, record) in changed {
            if self.given.insert(record.sys_id().clone(), change) != Some(change) {
                fresh.push(record);
            }
        }
        let again = self.position();
        self.given.retain(|_, (time, _)| *time >= again);
        fresh
    }
}

impl<T> fmt::Debug for Changes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("table", &self.table)
            .field("since", &self.since)
            .finish_non_exhaustive()
    }
}
