//! Lists that lose no row silently.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use client_core::{Call, Failure, Listing, Page, Response};
use futures::stream::{Stream, StreamExt as _};

use super::read::{Listed, Unread};
use super::{Table, total};
use crate::id::SysId;
use crate::problem::{Error, ProblemKind, Result};
use crate::query::Query;
use crate::record::Record;

const NAME: &str = "servicenow.table.list";

/// The rows that match a query, as a stream.
///
/// Pages follow the `sys_id` (`sys_id>last^ORDERBYsys_id`), so that rows that come and go meanwhile shift
/// nothing: what is there and readable from the first page to the last comes exactly once. ServiceNow cuts a page
/// before it hides what may not be read, so a page can be short or empty in the middle of the table: the stream steps over
/// it by `X-Total-Count`. A page that breaks off, since it took the instance longer than its quota, is asked for again at
/// half its size, and so are those that follow. The next page is on its way while you work on this one.
///
/// A row that cannot be read as its type is an error in its place, and the list goes on. Any other error ends it.
///
/// A query that sorts otherwise is paged by offset; so is one where the API user may not sort by `sys_id`. Rows may then be
/// missed or come twice when the table changes, and the list never calls itself complete.
#[must_use = "a list fetches nothing until it is polled"]
pub struct Rows<T> {
    table: Table<T>,
    query: Query,
    page_size: u32,
    uncounted: bool,
    listing: Option<Listing<T, Error, Position>>,
    tally: Arc<Mutex<Tally>>,
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
    /// How many rows match, as the instance counted them with the first page, before it hid any; none if it did not count.
    /// What a before-query rule takes out is in no count.
    pub counted: Option<u64>,
    /// How many rows match and may not be read; none if the instance did not count.
    pub unseen: Option<u64>,
    /// Whether no row was hidden. Without a count nobody knows, so: no.
    pub complete: bool,
}

impl<T: Record> Rows<T> {
    pub(super) fn new(table: Table<T>, query: Query) -> Self {
        Self {
            table,
            query,
            page_size: 500,
            uncounted: false,
            listing: None,
            tally: Arc::default(),
            seen: 0,
            failed: false,
            ended: false,
        }
    }

    /// Sets how many rows a page has, at least 1. Default 500; beyond 1000 pages tend to hit the quota of 60
    /// seconds and break off.
    pub fn page_size(mut self, rows: u32) -> Self {
        self.page_size = rows.max(1);
        self
    }

    /// Spares the instance counting (`sysparm_no_count`), which can take long on a large table. Without a count the list
    /// ends at the first page that holds nothing it may read, and never calls itself complete.
    pub fn uncounted(mut self) -> Self {
        self.uncounted = true;
        self
    }

    /// How many rows came so far.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// How many rows match, in the instance's count with the first page, which includes those that the API user may not
    /// read. None before the first page, and if the instance does not count.
    pub fn counted(&self) -> Option<u64> {
        self.tally().counted
    }

    /// How many rows of the pages that were fetched so far match and may not be read, by the instance's counts. Rows that
    /// come or go between two pages shift it by as many. None if the instance does not count.
    pub fn unseen(&self) -> Option<u64> {
        let tally = self.tally();
        tally.counted.map(|_| u64::try_from(tally.unseen).unwrap_or_default())
    }

    /// Whether the stream has ended and no row of it was hidden. Only then the absence of a row means
    /// something: change nothing in bulk on less.
    ///
    /// It is as good as the instance's count. What a before-query rule hides (inactive users, mostly) is not counted either,
    /// and nobody can tell: [`check`](crate::ServiceNowClient::check) looks for that.
    pub fn is_complete(&self) -> bool {
        let tally = self.tally();
        self.ended && !self.failed && tally.counted.is_some() && !tally.hid && !tally.drifts
    }

    /// All rows at once.
    ///
    /// # Errors
    ///
    /// The first error met; the rows before it are dropped, so that half a list is never taken for a whole one.
    pub async fn collect_all(mut self) -> Result<Collected<T>> {
        let mut rows = Vec::new();
        while let Some(row) = self.next().await {
            rows.push(row?);
        }
        let complete = self.is_complete();
        Ok(Collected { rows, seen: self.seen, counted: self.counted(), unseen: self.unseen(), complete })
    }

    fn start(&self) -> Listing<T, Error, Position> {
        let pages = Arc::new(Pages {
            table: self.table.clone(),
            query: self.query.clone(),
            tally: self.tally.clone(),
            uncounted: self.uncounted,
            order: Mutex::new(Order { by_key: !self.query.is_ordered(), size: u64::from(self.page_size) }),
        });
        let circles = || Error::protocol(NAME, "the list goes in circles: the instance ignores its position");
        Listing::new(Position::default(), move |at| pages.clone().fetch(at), circles)
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        lock(&self.tally)
    }
}

/// Where a page begins: so many rows after the last one that could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Position {
    after: Option<SysId>,
    offset: u64,
}

/// What the pages that came say about those rows that did not.
#[derive(Debug, Default)]
struct Tally {
    /// The count of the first page.
    counted: Option<u64>,
    /// The count at the last position, and how many rows came since. Less the count at the next position, that is how
    /// many were hidden in between.
    open: Option<(u64, u64)>,
    unseen: i64,
    /// Whether a page had fewer rows than were counted for it.
    hid: bool,
    /// Whether pages were counted off, so that rows may have come twice, or not at all.
    drifts: bool,
}

/// How pages are asked for.
#[derive(Debug, Clone, Copy)]
struct Order {
    by_key: bool,
    size: u64,
}

/// A part of the list as it came.
struct Window {
    /// Those that may be read.
    rows: Vec<Unread>,
    /// How many came, with those that stand there as `{}`.
    came: u64,
    count: Option<u64>,
    size: u64,
    call: Call<Listed>,
    response: Response,
}

struct Pages<T> {
    table: Table<T>,
    query: Query,
    tally: Arc<Mutex<Tally>>,
    uncounted: bool,
    order: Mutex<Order>,
}

impl<T: Record> Pages<T> {
    async fn fetch(self: Arc<Self>, at: Position) -> Result<Page<T, Error, Position>> {
        let window = self.window(&at).await?;
        let by_key = lock(&self.order).by_key;
        let (first, last) = (self.key(&window, window.rows.first())?, self.key(&window, window.rows.last())?);
        let next = next(&at, &window, last, by_key);
        let mut windows = Vec::new();
        // The steps end at a row, or with the list.
        if by_key && at.offset > 0 && (first.is_some() || next.is_none()) {
            windows = self.stepped_over(&at, first.as_ref()).await?;
        }
        let slipped: usize = windows.iter().map(|window: &Window| window.rows.len()).sum();
        lock(&self.tally).note(&at, &window, slipped, next.is_none(), by_key);
        windows.push(window);
        let read = move || windows.into_iter().flat_map(|window| self.items(window)).collect();
        Ok(Page::unread(read, next))
    }

    /// The rows at a position: fewer, if the instance cannot bring as many in its time.
    async fn window(&self, at: &Position) -> Result<Window> {
        loop {
            let order = *lock(&self.order);
            let bounds: Vec<String> = at.after.iter().map(|id| format!("sys_id>{id}")).collect();
            match self.ask(&bounds, at.offset, order).await {
                Err(error) if order.size > 1 && broke_off(&error) => lock(&self.order).size = order.size / 2,
                // Only the query of the user may sort then.
                Err(error) if order.by_key && *at == Position::default() && may_not_query(&error) => {
                    lock(&self.order).by_key = false;
                }
                answer => return answer,
            }
        }
    }

    /// What stands between a position and the first row that was found by stepping on from it, or the end. Normally
    /// nothing that may be read; but a row that went meanwhile has shifted the steps, and one may have slipped through. A
    /// window over all of it shows that, whatever comes and goes; nothing smaller would. If that takes the instance too
    /// long it stays unproven, and with rows hidden the list is not complete anyhow.
    async fn stepped_over(&self, at: &Position, first: Option<&SysId>) -> Result<Vec<Window>> {
        let before = first.map(|id| format!("sys_id<{id}"));
        let bounds: Vec<String> = at.after.iter().map(|id| format!("sys_id>{id}")).chain(before).collect();
        let mut size = at.offset + lock(&self.order).size;
        loop {
            match self.ask(&bounds, 0, Order { by_key: true, size }).await {
                Ok(Window { count: Some(count), .. }) if count > size => size = count,
                Err(error) if broke_off(&error) => return Ok(Vec::new()),
                window => return Ok(vec![window?]),
            }
        }
    }

    async fn ask(&self, bounds: &[String], offset: u64, order: Order) -> Result<Window> {
        let key: &[&str] = if order.by_key || self.query.is_ordered() { &["ORDERBYsys_id"] } else { &[] };
        let request = self
            .table
            .listing(&self.query, bounds, key)
            .query("sysparm_limit", order.size)
            .query_opt("sysparm_no_count", self.uncounted.then_some(true))
            .query_opt("sysparm_offset", (offset > 0).then_some(offset));
        let (rows, call, response) = self.table.rows(NAME, request).await?;
        let came = rows.len() as u64;
        let rows = rows.into_iter().filter(|row| !row.is_hidden()).collect();
        // Uncounted, it only tells how far the page goes.
        let count = total(&response).filter(|_| !self.uncounted);
        Ok(Window { rows, came, count, size: order.size, call, response })
    }

    fn key(&self, window: &Window, row: Option<&Unread>) -> Result<Option<SysId>> {
        let pipeline = &self.table.client.pipeline;
        let unreadable = |fault| pipeline.unreadable(&window.call, &window.response, fault);
        row.map(Unread::sys_id).transpose().map_err(unreadable)
    }

    /// Reads the rows, up to the first that the query does not allow.
    fn items(&self, window: Window) -> Vec<Result<T>> {
        let wanted: Vec<&str> = self.query.checked_fields().collect();
        let mut items = Vec::with_capacity(window.rows.len());
        for row in &window.rows {
            let item = self.item(&window, row, &wanted);
            let trusted = item.as_ref().err().is_none_or(is_about_one_row);
            items.push(item);
            if !trusted {
                break;
            }
        }
        items
    }

    fn item(&self, window: &Window, row: &Unread, wanted: &[&str]) -> Result<T> {
        let Window { call, response, .. } = window;
        let unreadable = |fault| self.table.client.pipeline.unreadable(call, response, fault);
        if !wanted.is_empty() {
            let values = row.row(wanted).map_err(unreadable)?;
            self.table.check(&self.query, call, response, &values)?;
        }
        row.record().map_err(unreadable)
    }
}

/// Where the next page begins; none after the last.
fn next(at: &Position, window: &Window, last: Option<SysId>, by_key: bool) -> Option<Position> {
    let came = window.came;
    let more_than = |rows: u64| window.count.is_some_and(|count| count > rows);
    let step = Position { after: at.after.clone(), offset: at.offset + window.size };
    if !by_key {
        let more = came >= window.size || more_than(step.offset) || (window.count.is_none() && came > 0);
        return more.then_some(step);
    }
    match last {
        // A short page that holds all that was counted is the last. Any other may hide some more.
        Some(_) if came < window.size && window.count.is_some() && !more_than(at.offset + came) => None,
        Some(last) => Some(Position { after: Some(last), offset: 0 }),
        None => more_than(step.offset).then_some(step),
    }
}

impl Tally {
    /// Takes note of a page, before which `slipped` rows were found that had been stepped over.
    fn note(&mut self, at: &Position, window: &Window, slipped: usize, is_last: bool, by_key: bool) {
        self.drifts |= !by_key;
        let Some(count) = window.count else { return };
        if *at == Position::default() {
            self.counted = Some(count);
        }
        let came = window.rows.len() as u64;
        self.hid |= came < count.saturating_sub(at.offset).min(window.size);
        let moved = at.offset == 0 && by_key;
        if let Some((before, came)) = self.open.filter(|_| moved) {
            self.unseen += signed(before) - signed(count) - signed(came);
        }
        let before = self.open.filter(|_| !moved).map_or(0, |(_, since)| since);
        let since = before + came + slipped as u64;
        self.open = Some((count, since));
        if is_last {
            self.unseen += signed(count) - signed(since);
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn broke_off(error: &Error) -> bool {
    error.problem().is_some_and(|problem| matches!(problem.kind, ProblemKind::Cancelled { .. }))
}

fn may_not_query(error: &Error) -> bool {
    error.problem().is_some_and(|problem| problem.kind == ProblemKind::QueryRights)
}

/// Whether the other rows can be believed all the same.
fn is_about_one_row(error: &Error) -> bool {
    matches!(error.failure(), Failure::Decode(_))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Record> Stream for Rows<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        if this.listing.is_none() {
            this.listing = Some(this.start());
        }
        let Some(listing) = &mut this.listing else { return Poll::Ready(None) };
        let item = std::task::ready!(listing.poll_next_unpin(cx));
        match &item {
            Some(Ok(_)) => this.seen += 1,
            Some(Err(error)) => {
                this.failed = true;
                this.ended = !is_about_one_row(error);
            }
            None => this.ended = true,
        }
        Poll::Ready(item)
    }
}

impl<T> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("table", &self.table).field("seen", &self.seen).finish_non_exhaustive()
    }
}
