//! `GET /api/v1/apps`.

use client_core::{Path, Request};

use super::model::App;
use crate::client::OktaClient;
use crate::filter::{Filter, Filtered as _};
use crate::id::UserId;
use crate::list::Listing;

/// A list of apps, to be narrowed and sent. Without [`including_inactive`](Self::including_inactive) Okta leaves out those
/// not in use.
#[derive(Debug, Clone)]
#[must_use = "a list fetches nothing until `send`"]
pub struct ListApps<'a> {
    client: &'a OktaClient,
    q: Option<String>,
    filter: Option<Filter>,
    user: Option<UserId>,
    including_inactive: bool,
    limit: u16,
}

impl<'a> ListApps<'a> {
    pub(super) fn new(client: &'a OktaClient) -> Self {
        Self { client, q: None, filter: None, user: None, including_inactive: false, limit: 200 }
    }

    /// Apps whose name or label begins so.
    pub fn q(mut self, beginning: impl Into<String>) -> Self {
        self.q = Some(beginning.into());
        self
    }

    /// One `eq` over `id`, `status`, `name`, `credentials.signing.kid`, `settings.slo.enabled`, `group.id` or `user.id`.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// The apps that somebody has, each with the assignment in [`App::user`]: everything, apps hidden from the person
    /// too. Takes the place of [`filter`](Self::filter), since Okta takes one expression.
    pub fn of_user(mut self, user: &UserId) -> Self {
        self.user = Some(user.clone());
        self
    }

    /// Inactive apps too.
    pub fn including_inactive(mut self) -> Self {
        self.including_inactive = true;
        self
    }

    /// Apps a page: 1 to 200, the default.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// Sends it: a stream of apps.
    pub fn send(self) -> Listing<App> {
        let of_user = self.user.as_ref().map(|user| Filter::eq("user.id", user.as_str()));
        let request = Request::get(Path::new("/api/v1/apps"))
            .query_opt("q", self.q)
            .filtered("filter", of_user.or(self.filter).as_ref())
            .query_opt("expand", self.user.map(|user| format!("user/{user}")))
            .query_opt("includeNonDeleted", self.including_inactive.then_some(true))
            .query("limit", self.limit);
        self.client.list("okta.apps.list", request)
    }
}
