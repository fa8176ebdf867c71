//! Lists of resources.

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use client_core::{Call, DecodeError, Listing, Page, Request, Response, read_json};
use futures::stream::{Stream, StreamExt as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::filter::{Filter, valid_attribute};
use super::model::Resource;
use super::{Resources, lenient};
use crate::id::SysId;
use crate::last_page::LastPage;
use crate::problem::{Error, Result};
use crate::table::Collected;

const NAME: &str = "servicenow.scim.list";

/// The most that a page may have; more is a 400.
const LARGEST_PAGE: u32 = 500;

/// Resources, as a stream that asks for the next page while you work on this one.
///
/// SCIM counts its pages by position and sorts nothing, so what comes or goes meanwhile shifts them: a resource that comes
/// twice is left out the second time, and one that was missed shows in [`is_complete`](Self::is_complete). One that
/// cannot be read is an error in its place, and the list goes on after it.
#[must_use = "a list fetches nothing until it is polled"]
pub struct List<T> {
    resources: Resources<T>,
    filter: Option<Filter>,
    selection: Selection,
    page_size: u32,
    listing: Option<Listing<T, Error, u64>>,
    /// What the last page said.
    total: Arc<Mutex<Option<u64>>>,
    seen: HashSet<SysId>,
    failed: bool,
    ended: bool,
}

/// Which attributes come.
enum Selection {
    All,
    Only(Vec<String>),
    Without(Vec<String>),
}

impl<T: Resource> List<T> {
    pub(super) fn new(resources: Resources<T>) -> Self {
        Self {
            resources,
            filter: None,
            selection: Selection::All,
            page_size: 100,
            listing: None,
            total: Arc::default(),
            seen: HashSet::new(),
            failed: false,
            ended: false,
        }
    }

    /// Only what this lets through.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// How many resources a page has: 1 to 500. Default 100.
    pub fn page_size(mut self, resources: u32) -> Self {
        self.page_size = resources;
        self
    }

    /// Only these attributes come, and `id`. Instead of [`without`](Self::without): one rules the other out.
    pub fn only<A: Into<String>>(mut self, attributes: impl IntoIterator<Item = A>) -> Self {
        self.selection = Selection::Only(attributes.into_iter().map(Into::into).collect());
        self
    }

    /// These attributes do not come; `members` of large groups, say. Instead of [`only`](Self::only).
    pub fn without<A: Into<String>>(mut self, attributes: impl IntoIterator<Item = A>) -> Self {
        self.selection = Selection::Without(attributes.into_iter().map(Into::into).collect());
        self
    }

    /// How many resources there were so far.
    pub fn seen(&self) -> u64 {
        self.seen.len() as u64
    }

    /// How many there are, in the instance's count. None before the first page, and if it does not count.
    pub fn counted(&self) -> Option<u64> {
        *self.total.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it came to its end and every resource that was counted came. Only then may a change of many follow.
    pub fn is_complete(&self) -> bool {
        self.ended && !self.failed && self.counted().is_some_and(|counted| self.seen() >= counted)
    }

    /// All at once.
    ///
    /// # Errors
    ///
    /// The first error met.
    pub async fn collect_all(mut self) -> Result<Collected<T>> {
        let mut rows = Vec::new();
        while let Some(resource) = self.next().await {
            rows.push(resource?);
        }
        let (seen, counted, complete) = (self.seen(), self.counted(), self.is_complete());
        let unseen = counted.map(|counted| counted.saturating_sub(seen));
        Ok(Collected { rows, seen, counted, unseen, complete })
    }

    /// The request for a page, but for where it begins.
    pub(super) fn request(&self) -> Request {
        let mut request = Request::get(self.resources.path()).query("count", self.page_size);
        if !(1..=LARGEST_PAGE).contains(&self.page_size) {
            request = request.flawed(format!("a page has 1 to {LARGEST_PAGE} resources"));
        }
        let chosen = match &self.selection {
            Selection::All => None,
            Selection::Only(names) => Some(("attributes", names)),
            Selection::Without(names) => Some(("excludedAttributes", names)),
        };
        if let Some((parameter, names)) = chosen {
            if names.is_empty() || !names.iter().all(|name| valid_attribute(name)) {
                request = request.flawed(format!("{parameter} names none, or what no attribute is called"));
            }
            request = request.query(parameter, names.join(","));
        }
        match self.filter.as_ref().map(|filter| (filter, filter.flaw())) {
            None => request,
            Some((_, Some(flaw))) => request.flawed(flaw),
            Some((filter, None)) => request.query("filter", filter),
        }
    }

    fn listing(&self) -> Listing<T, Error, u64> {
        let (client, request) = (self.resources.client.clone(), self.request());
        let (total, step) = (Arc::clone(&self.total), u64::from(self.page_size));
        let circle = || Error::protocol(NAME, "the list goes round in circles");
        let last = LastPage::default();
        let fetch = move |start: u64| {
            let call = Call::<Answered>::read(NAME, request.clone().query("startIndex", start));
            let (client, total, last) = (client.clone(), Arc::clone(&total), last.clone());
            async move {
                let (answered, response) = client.pipeline.send_with_response(&call).await?;
                *total.lock().unwrap_or_else(PoisonError::into_inner) = answered.total;
                // With a total it ends anyway, and what was inserted meanwhile may well shift a page onto the last.
                if answered.total.is_none() && answered.first().is_some_and(|first| last.came_again(first)) {
                    return Err(circle());
                }
                let next = answered.next(start, step);
                let unreadable = move |fault| client.pipeline.unreadable(&call, &response, fault);
                let read = move || answered.read().map(|item| item.map_err(&unreadable)).collect();
                Ok(Page::unread(read, next))
            }
        };
        Listing::new(1, fetch, circle)
    }
}

impl<T: Resource> Stream for List<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.listing.is_none() {
            this.listing = Some(this.listing());
        }
        let Some(listing) = &mut this.listing else { return Poll::Ready(None) };
        loop {
            let item = std::task::ready!(listing.poll_next_unpin(cx));
            match &item {
                Some(Ok(resource)) if !this.seen.insert(resource.id().clone()) => continue,
                Some(Ok(_)) => {}
                Some(Err(_)) => this.failed = true,
                None => this.ended = true,
            }
            return Poll::Ready(item);
        }
    }
}

// Nothing in it is pinned in place.
impl<T> Unpin for List<T> {}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List({:?})", self.resources)
    }
}

/// A page as it came.
#[derive(Deserialize)]
struct Answered {
    #[serde(rename = "totalResults", default, deserialize_with = "lenient::count")]
    total: Option<u64>,
    #[serde(rename = "Resources", default)]
    resources: Option<Vec<Box<RawValue>>>,
}

impl Answered {
    fn len(&self) -> u64 {
        self.resources.as_ref().map_or(0, |resources| resources.len() as u64)
    }

    fn first(&self) -> Option<&str> {
        Some(self.resources.as_ref()?.first()?.get())
    }

    /// Where the next page begins. One that is shorter than asked for is not the last for that; after an empty one
    /// the step goes over what may be hidden.
    fn next(&self, start: u64, step: u64) -> Option<u64> {
        let next = if self.len() == 0 { start + step } else { start + self.len() };
        let more = self.total.map_or(self.len() > 0, |total| next <= total);
        more.then_some(next)
    }

    fn read<T: DeserializeOwned>(self) -> impl Iterator<Item = Result<T, DecodeError>> {
        let resources = self.resources.unwrap_or_default().into_iter().enumerate();
        resources.map(|(n, raw)| {
            read_json(raw.get().as_bytes()).map_err(|fault| fault.within(&format!("Resources[{n}]")))
        })
    }
}

/// A page, and how many resources there are in all.
pub(super) fn page<T: DeserializeOwned>(response: &Response) -> Result<(Option<u64>, Vec<T>), DecodeError> {
    let answered: Answered = response.json()?;
    let total = answered.total;
    Ok((total, answered.read().collect::<Result<_, _>>()?))
}

/// All of a list that has one page, and may be bare.
pub(super) fn all<T: DeserializeOwned>(response: &Response) -> Result<Vec<T>, DecodeError> {
    if response.body.trim_ascii_start().starts_with(b"[") {
        return response.json();
    }
    response.json::<Answered>()?.read().collect()
}
