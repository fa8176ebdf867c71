//! Lists of users.

use client_core::{Path, Request};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use super::model::{PartialUser, User};
use crate::client::OktaClient;
use crate::filter::{Filter, Filtered as _};
use crate::list::{Listing, SortOrder};

/// A list of users, to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a list fetches nothing until `send`"]
pub struct ListUsers<'a> {
    client: &'a OktaClient,
    search: Option<Filter>,
    filter: Option<Filter>,
    q: Option<String>,
    sort: Option<(String, SortOrder)>,
    limit: u16,
    classification: bool,
    lean: bool,
}

impl<'a> ListUsers<'a> {
    pub(super) fn new(client: &'a OktaClient) -> Self {
        Self {
            client,
            search: None,
            filter: None,
            q: None,
            sort: None,
            limit: 200,
            classification: false,
            lean: false,
        }
    }

    /// Any attribute, deactivated users included; `eq`, `sw`, `pr`, `gt`, `ge`, `lt`, `le`, and `co` on names, `email`
    /// and `login`. Reads an index that lags behind writes by seconds: what it finds are candidates, and
    /// [`Users::get`](super::Users::get) is the truth.
    pub fn search(mut self, search: Filter) -> Self {
        self.search = Some(search);
        self
    }

    /// `status`, `lastUpdated`, `id` and four profile attributes, `eq` only. Not together with
    /// [`search`](Self::search), which Okta refuses.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Who has a first name, last name or address that begins so: for a box in which somebody types. There is one
    /// page, in no particular order, without deactivated users. Not together with [`search`](Self::search) or
    /// [`filter`](Self::filter).
    pub fn q(mut self, beginning: impl Into<String>) -> Self {
        self.q = Some(beginning.into());
        self
    }

    /// Sorts what a [`search`](Self::search) finds by one attribute, `profile.lastName`; who has the same value, by
    /// id. A list in the order of `id` or `lastUpdated` misses the least of what changes meanwhile.
    pub fn sort_by(mut self, attribute: impl Into<String>, order: SortOrder) -> Self {
        self.sort = Some((attribute.into(), order));
        self
    }

    /// Users a page: 1 to 200, the default.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// Puts everybody's classification into [`User::extra`], under `_embedded`.
    pub fn with_classification(mut self) -> Self {
        self.classification = true;
        self
    }

    /// Leaves out credentials, and whether a change of status is under way. In orgs that let a directory check
    /// passwords that saves Okta a question to the directory for each user.
    pub fn lean(mut self) -> Self {
        self.lean = true;
        self
    }

    /// Sends it: a stream of users.
    pub fn send(self) -> Listing<User> {
        self.sent(None)
    }

    /// Sends it for these fields only, as [`Filter`] names them: `status`, `profile.department`. The id always comes.
    pub fn only<S: Into<String>>(self, fields: impl IntoIterator<Item = S>) -> Listing<PartialUser> {
        let fields = fields.into_iter().map(Into::into).collect::<Vec<_>>();
        self.sent(Some(&fields))
    }

    fn sent<T: DeserializeOwned + Send + 'static>(self, fields: Option<&[String]>) -> Listing<T> {
        self.client.list("okta.users.list", self.request(fields))
    }

    fn request(&self, fields: Option<&[String]>) -> Request {
        let (by, order) =
            self.sort.as_ref().map_or((None, None), |(by, order)| (Some(by), Some(order.as_str())));
        let request = Request::get(Path::new("/api/v1/users"))
            .filtered("search", self.search.as_ref())
            .filtered("filter", self.filter.as_ref())
            .query_opt("q", self.q.as_ref())
            .query_opt("sortBy", by)
            .query_opt("sortOrder", order)
            .query_opt("fields", fields.map(projection))
            .query_opt("expand", self.classification.then_some("classification"))
            .query("limit", self.limit);
        let request = if self.lean { request.header(CONTENT_TYPE, LEAN) } else { request };
        match self.flaw().or_else(|| fields.and_then(odd_field)) {
            Some(flaw) => request.flawed(flaw),
            None => request,
        }
    }

    fn flaw(&self) -> Option<String> {
        let ways = [self.search.is_some(), self.filter.is_some(), self.q.is_some()];
        if ways.iter().filter(|way| **way).count() > 1 {
            return Some("search, filter and q: Okta takes one of them".to_owned());
        }
        let unsorted = self.sort.is_some() && self.search.is_none();
        unsorted.then(|| "sortBy: Okta sorts what a search finds, and nothing else".to_owned())
    }
}

/// Okta takes this media type for a wish. Only all three together spare it the work.
const LEAN: HeaderValue = HeaderValue::from_static(
    r#"application/json; okta-response="omitCredentials,omitCredentialsLinks,omitTransitioningToStatus""#,
);

/// `id,status,profile:(login,department)`
fn projection(fields: &[String]) -> String {
    let within: Vec<&str> = fields.iter().filter_map(|field| field.strip_prefix("profile.")).collect();
    let mut top: Vec<String> = vec!["id".to_owned()];
    top.extend(fields.iter().filter(|field| *field != "id" && !field.starts_with("profile.")).cloned());
    if !within.is_empty() {
        top.push(format!("profile:({})", within.join(",")));
    }
    top.join(",")
}

fn odd_field(fields: &[String]) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let odd = fields.iter().find(|field| field.is_empty() || !field.chars().all(fits))?;
    Some(format!("fields: {odd:?} is no name of a field"))
}
