//! Writing only what nobody else has changed meanwhile.

use std::borrow::Cow;

use serde::Serialize;

use super::Table;
use crate::id::SysId;
use crate::problem::Result;
use crate::record::Record;

const COUNT: &str = "sys_mod_count";

/// A record that was changed while somebody else may have changed it too.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Updated<T> {
    /// The record after it.
    pub record: T,
    /// How often it has been changed (`sys_mod_count`): what to pass the next time.
    pub mod_count: u64,
    /// How many more changes than ours were made since the count that was passed: by somebody else, or by the
    /// instance's own rules. More than 0 means: read again before you build on what you knew.
    pub others: u64,
}

impl<T: Record> Table<T> {
    /// Changes fields unless the record was changed since it was read with this `sys_mod_count`: then none, and
    /// nothing is written. `GET`, then `PATCH /api/now/table/{table}/{sys_id}`.
    ///
    /// ServiceNow has no conditional writes. The count is read right before the write, and compared right after
    /// it: who comes between the two is told by [`Updated::others`], not kept out.
    ///
    /// # Errors
    ///
    /// What [`get`](Self::get) and [`update`](Self::update) meet. A count that may not be read is as good as
    /// another one.
    pub async fn update_unchanged(
        &self,
        sys_id: &SysId,
        seen: u64,
        fields: &impl Serialize,
    ) -> Result<Option<Updated<T>>> {
        let now = self.client.records(&self.name)?.select([COUNT]).get(sys_id).await?;
        if count(now.text(COUNT)) != Some(seen) {
            return Ok(None);
        }
        let update = self.changing(sys_id, fields, &[COUNT], move |read| {
            // A write that changes nothing is not counted.
            let mod_count = count(read.row.text(COUNT)).unwrap_or(seen);
            Updated { record: read.record, mod_count, others: mod_count.saturating_sub(seen + 1) }
        });
        update.await.map(Some)
    }
}

fn count(text: Option<Cow<'_, str>>) -> Option<u64> {
    text?.parse().ok()
}
