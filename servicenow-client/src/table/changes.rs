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

/// When a record changed, and for which time, as far as it shows that.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Change {
    time: Option<DateTime<Utc>>,
    count: Option<u64>,
}

impl Change {
    fn of(row: &Row) -> Self {
        Self {
            time: row.text("sys_updated_on").and_then(|time| DateTime::read(&time)),
            count: row.text("sys_mod_count").and_then(|count| count.parse().ok()),
        }
    }
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
    /// What was given out, of the time that is read again; and what does not show its time.
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
    ///         match user {
    ///             Ok(user) => println!("{} changed", user.sys_id),
    ///             Err(error) => eprintln!("somebody changed who cannot be read: {error}"),
    ///         }
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
    /// A record that cannot be read as its type is an error in its place, which names it, and those after it come all
    /// the same. So is one that does not show when it changed ([`NotHonoured`](ProblemKind::NotHonoured)): it comes
    /// again when its `sys_mod_count` is another, if it shows that.
    ///
    /// # Errors
    ///
    /// What the call met; the next one goes on where this one stood.
    /// [`NotHonoured`](ProblemKind::NotHonoured) if a record does not match.
    pub async fn next_batch(&mut self) -> Result<Option<Vec<Result<T>>>> {
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
    async fn page(&mut self) -> Result<(Vec<Result<T>>, bool)> {
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
            let id = row.sys_id().map_err(unreadable)?;
            let values = row.row(&wanted).map_err(unreadable)?;
            let change = Change::of(&values);
            let asked = if change.time.is_some() { &query } else { &self.query };
            self.table.check(asked, &call, &response, &values)?;
            let record = if change.time.is_some() {
                row.record().map_err(|fault| unreadable(fault.within(id.as_str())))
            } else {
                let kind = ProblemKind::NotHonoured { field: "sys_updated_on".into() };
                let message = format!("the record {id} does not show when it was changed");
                Err(self.table.found(&call, &response, kind, &message))
            };
            changed.push((id, change, record));
        }
        match changed.iter().rev().find_map(|(id, change, _)| Some((change.time?, id.clone()))) {
            Some((time, id)) => self.go_on_after(time, id)?,
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
    fn fresh(&mut self, changed: Vec<(SysId, Change, Result<T>)>) -> Vec<Result<T>> {
        let mut fresh = Vec::new();
        for (id, change, record) in changed {
            if self.given.insert(id, change) != Some(change) {
                fresh.push(record);
            }
        }
        let again = self.position();
        self.given.retain(|_, change| change.time.is_none_or(|time| time >= again));
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
