//! `GET /api/v1/groups`.

use client_core::{Path, Request};

use super::model::Group;
use crate::client::OktaClient;
use crate::filter::{Filter, Filtered as _};
use crate::list::{Listing, SortOrder};

/// What else comes with each group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupExpand {
    /// How many members, apps and group pushes it has, and whether it grants an admin role.
    Stats,
    /// The app it comes from.
    App,
}

/// A list of groups, to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a list fetches nothing until `send`"]
pub struct ListGroups<'a> {
    client: &'a OktaClient,
    search: Option<Filter>,
    filter: Option<Filter>,
    q: Option<String>,
    sort: Option<(String, SortOrder)>,
    expand: Option<GroupExpand>,
    limit: Option<u16>,
}

impl<'a> ListGroups<'a> {
    pub(super) fn new(client: &'a OktaClient) -> Self {
        Self { client, search: None, filter: None, q: None, sort: None, expand: None, limit: None }
    }

    /// Any attribute, `source.id` (the app of an APP_GROUP) among them; `co` on name and description only. Lags behind
    /// writes by seconds: what it finds are candidates.
    pub fn search(mut self, search: Filter) -> Self {
        self.search = Some(search);
        self
    }

    /// `id`, `type`, `lastUpdated` and `lastMembershipUpdated`: what changed since, say.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Groups whose name begins so, for somebody who types. One page only, whatever else there is.
    pub fn q(mut self, beginning: impl Into<String>) -> Self {
        self.q = Some(beginning.into());
        self
    }

    /// Sorts what [`search`](Self::search) finds by one attribute (`profile.name`), then by id.
    pub fn sort_by(mut self, attribute: impl Into<String>, order: SortOrder) -> Self {
        self.sort = Some((attribute.into(), order));
        self
    }

    /// More with each group, in [`Group::embedded`].
    pub fn expand(mut self, expand: GroupExpand) -> Self {
        self.expand = Some(expand);
        self
    }

    /// Groups a page. By default 200, which Okta recommends as the most, and 50 with [`GroupExpand::Stats`], which
    /// take longer.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sends it: a stream of groups.
    pub fn send(self) -> Listing<Group> {
        let usual = if self.expand == Some(GroupExpand::Stats) { 50 } else { 200 };
        let (sort_by, order) = self.sort.unzip();
        let request = Request::get(Path::new("/api/v1/groups"))
            .filtered("search", self.search.as_ref())
            .filtered("filter", self.filter.as_ref())
            .query_opt("q", self.q)
            .query_opt("sortBy", sort_by)
            .query_opt("sortOrder", order.map(SortOrder::as_str))
            .query_opt("expand", self.expand.map(GroupExpand::as_str))
            .query("limit", self.limit.unwrap_or(usual));
        self.client.list("okta.groups.list", request)
    }
}

impl GroupExpand {
    fn as_str(self) -> &'static str {
        match self {
            Self::Stats => "stats",
            Self::App => "app",
        }
    }
}
