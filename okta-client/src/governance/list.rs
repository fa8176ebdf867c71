//! Lists that are narrowed by a filter, as most of governance's are.

use std::fmt;
use std::marker::PhantomData;

use client_core::{Path, Request};
use serde::de::DeserializeOwned;

use super::MOST_PER_PAGE;
use crate::client::OktaClient;
use crate::filter::{Filter, Filtered as _};
use crate::list::Listing;

/// A list of governance, to be narrowed and sent.
#[must_use = "a list fetches nothing until `send`"]
pub struct GovernanceList<'a, T> {
    client: &'a OktaClient,
    name: &'static str,
    path: Path,
    filter: Option<Filter>,
    limit: u16,
    items: PhantomData<fn() -> T>,
}

impl<'a, T: DeserializeOwned + Send + 'static> GovernanceList<'a, T> {
    pub(super) fn new(client: &'a OktaClient, name: &'static str, path: Path) -> Self {
        Self { client, name, path, filter: None, limit: MOST_PER_PAGE, items: PhantomData }
    }

    /// Narrows it. By what, says the method that begins the list.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Items a page: 1 to 200, the default.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// Sends it: a stream of items.
    pub fn send(self) -> Listing<T> {
        let request =
            Request::get(self.path).filtered("filter", self.filter.as_ref()).query("limit", self.limit);
        self.client.list_named(self.name, "data", request)
    }
}

impl<T> fmt::Debug for GovernanceList<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GovernanceList({})", self.name)
    }
}
