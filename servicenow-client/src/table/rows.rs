//! Lists that lose no row silently.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use client_core::{Call, Listing, Page};
use futures::stream::{Stream, StreamExt as _};
use serde_json::Value as Json;

use super::{Read, Table, total};
use crate::id::SysId;
use crate::problem::{Error, Result};
use crate::query::Query;
use crate::record::Record;

const NAME: &str = "servicenow.table.list";

/// The rows that match a query, as a stream. Ends after the first error.
///
/// Pages follow the `sys_id` (`sys_id>last^ORDERBYsys_id`), so that rows that come and go meanwhile shift
/// nothing. ServiceNow cuts a page before it hides what may not be read, so a page can be short or empty in
/// the middle of the table: the stream steps over it by `X-Total-Count`. The next page is on its way while
/// you work on this one.
///
/// A query that sorts otherwise is paged by offset; rows may then be missed or come twice when the table
/// changes, and the list never calls itself complete.
#[must_use = "a list fetches nothing until it is polled"]
pub struct Rows<T> {
    table: Table<T>,
    query: Query,
    page_size: u32,
    listing: Option<Listing<T, Error, Position>>,
    /// The count of the first page.
    counted: Arc<OnceLock<Option<u64>>>,
    seen: u64,
    failed: bool,
    ended: bool,
}

/// A whole list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collected<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// How many rows came.
    pub seen: u64,
    /// How many rows match, as the instance counted them before it hid any; none if it did not count.
    pub counted: Option<u64>,
    /// Whether all counted rows came. Without a count nobody knows, so: no.
    pub complete: bool,
}

impl<T: Record> Rows<T> {
    pub(super) fn new(table: Table<T>, query: Query) -> Self {
        let counted = Arc::default();
        Self { table, query, page_size: 500, listing: None, counted, seen: 0, failed: false, ended: false }
    }

    /// Sets how many rows a page has, at least 1. Default 500; beyond 1000 pages tend to hit the quota of 60
    /// seconds and break off.
    pub fn page_size(mut self, rows: u32) -> Self {
        self.page_size = rows.max(1);
        self
    }

    /// How many rows came so far.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// How many rows match, in the instance's count, which includes those that the API user may not read.
    /// None before the first page, and if the instance does not count.
    pub fn counted(&self) -> Option<u64> {
        self.counted.get().copied().flatten()
    }

    /// Whether the stream has ended and every counted row came. Only then the absence of a row means
    /// something: change nothing in bulk on less.
    pub fn is_complete(&self) -> bool {
        self.ended && !self.query.is_ordered() && self.counted().is_some_and(|counted| self.seen >= counted)
    }

    /// All rows at once.
    ///
    /// # Errors
    ///
    /// What the first failing page met; the rows before it are dropped.
    pub async fn collect_all(mut self) -> Result<Collected<T>> {
        let mut rows = Vec::new();
        while let Some(row) = self.next().await {
            rows.push(row?);
        }
        let (seen, counted, complete) = (self.seen(), self.counted(), self.is_complete());
        Ok(Collected { rows, seen, counted, complete })
    }

    fn start(&self) -> Listing<T, Error, Position> {
        let pages = Arc::new(Pages {
            table: self.table.clone(),
            query: self.query.clone(),
            size: u64::from(self.page_size),
            counted: self.counted.clone(),
        });
        let circles = || Error::protocol(NAME, "the list goes in circles: the instance ignores its position");
        Listing::new(Position::default(), move |at| pages.clone().fetch(at), circles)
    }
}

/// Where a page begins: so many rows after the last one that could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Position {
    after: Option<SysId>,
    offset: u64,
}

struct Pages<T> {
    table: Table<T>,
    query: Query,
    size: u64,
    counted: Arc<OnceLock<Option<u64>>>,
}

impl<T: Record> Pages<T> {
    async fn fetch(self: Arc<Self>, at: Position) -> Result<Page<T, Error, Position>> {
        let request = self
            .table
            .listing(&self.query, at.after.as_ref(), &["ORDERBYsys_id"])
            .query("sysparm_limit", self.size)
            .query_opt("sysparm_offset", (at.offset > 0).then_some(at.offset));
        let call = Call::<Json>::read(NAME, request).with_decode(Read::<T>::many);
        let (rows, response) = self.table.client.pipeline.send_with_response(&call).await?;
        let count = total(&response);
        self.counted.get_or_init(|| count);
        for read in rows.iter().flatten() {
            self.table.check(&self.query, &call, &response, read)?;
        }
        let next = self.next(&at, &rows, count);
        let items = rows.into_iter().flatten().map(|read| read.record).collect();
        Ok(Page::new(items, next))
    }

    fn next(&self, at: &Position, rows: &[Option<Read<T>>], count: Option<u64>) -> Option<Position> {
        let came = rows.len() as u64;
        let more_than = |rows: u64| count.is_some_and(|count| count > rows);
        if self.query.is_ordered() {
            let more = came >= self.size || more_than(at.offset + self.size) || (count.is_none() && came > 0);
            return more.then(|| Position { after: None, offset: at.offset + self.size });
        }
        match rows.iter().rev().flatten().next() {
            // A short page that holds all that was counted is the last. Any other may hide some more.
            Some(_) if came < self.size && count.is_some() && !more_than(at.offset + came) => None,
            Some(last) => Some(Position { after: Some(last.record.sys_id().clone()), offset: 0 }),
            None if more_than(at.offset + self.size) => {
                Some(Position { after: at.after.clone(), offset: at.offset + self.size })
            }
            None => None,
        }
    }
}

impl<T: Record> Stream for Rows<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let this = &mut *self;
        if this.listing.is_none() {
            this.listing = Some(this.start());
        }
        let Some(listing) = &mut this.listing else { return Poll::Ready(None) };
        let item = std::task::ready!(listing.poll_next_unpin(cx));
        match &item {
            Some(Ok(_)) => this.seen += 1,
            // The stream ends after an error too, and is not complete then.
            Some(Err(_)) => this.failed = true,
            None => this.ended = !this.failed,
        }
        Poll::Ready(item)
    }
}

impl<T> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("table", &self.table).field("seen", &self.seen).finish_non_exhaustive()
    }
}
