//! The catalog: what can be asked for.

use client_core::{Call, Path, Request, open_enum};
use serde_json::Value;

use super::{MOST_PER_PAGE, RiskAssessment};
use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::filter::{Filter, Filtered as _};
use crate::id::{CatalogEntryId, UserId};
use crate::list::Listing;

entity! {
    /// Something that can be asked for, or that holds such.
    pub struct CatalogEntry shows(id, name, requestable) {
        /// Okta's id.
        pub id: CatalogEntryId = "id",
        /// Its name: the app's, or the entitlement bundle's.
        pub name: String = "name",
        /// What it is for.
        pub description: Option<String> = opt "description",
        /// What kind of thing it is, for people: `Application`.
        pub label: Option<String> = opt "label",
        /// The entry that holds it. None at the top.
        pub parent: Option<CatalogEntryId> = opt "parent",
        /// Whether it can be asked for itself; else one of its children can.
        pub requestable: bool = "requestable",
    }
}

entity! {
    /// What has to be told to ask for an entry.
    pub struct RequestFields shows(fields) {
        /// The fields.
        pub fields: Vec<RequestField> = or_default "data",
        /// What else Okta says, if the request would break a separation of duties.
        pub metadata: Option<RequestFieldsMetadata> = opt "metadata",
    }
}

entity! {
    /// What Okta says beside the fields of a request.
    pub struct RequestFieldsMetadata shows(risk_assessment) {
        /// Which separation of duties the request would break, and whether it may be made all the same.
        pub risk_assessment: Option<RiskAssessment> = opt "riskAssessment",
    }
}

entity! {
    /// A field of a request.
    pub struct RequestField shows(id, kind, required) {
        /// What the answer is called by.
        pub id: String = "id",
        /// What the answer may be.
        pub kind: RequestFieldKind = "type",
        /// Whether it has to be answered.
        pub required: Option<bool> = opt "required",
        /// What people read.
        pub label: Option<String> = opt "label",
        /// What can be chosen.
        pub choices: Vec<Value> = or_default "choices",
        /// What the answer is if none is given, or always if it is read-only.
        pub value: Option<String> = opt "value",
        /// The most that the answer may be: the longest duration.
        pub maximum_value: Option<String> = opt "maximumValue",
        /// Whether it cannot be answered otherwise.
        pub read_only: Option<bool> = opt "readOnly",
    }
}

open_enum! {
    /// What the answer to a field may be.
    pub enum RequestFieldKind {
        /// Text.
        Text = "TEXT",
        /// One of the choices.
        Select = "SELECT",
        /// Several of the choices.
        Multiselect = "MULTISELECT",
        /// A date.
        IsoDate = "ISO_DATE",
        /// How long: `P4D`.
        Duration = "DURATION",
        /// A user's id.
        OktaUserId = "OKTA_USER_ID",
    }
}

/// The catalog, from [`Governance::catalog`](super::Governance::catalog). Scope
/// `okta.accessRequests.catalog.read`; service apps only, an API token does not do.
#[derive(Debug, Clone, Copy)]
pub struct Catalog<'a> {
    client: &'a OktaClient,
}

impl<'a> Catalog<'a> {
    pub(super) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /governance/api/v2/catalogs/default/entries?filter=not(parent pr)`: the entries at the top.
    pub fn top_level(&self) -> ListCatalogEntries<'a> {
        // As Okta writes it: whether it would take a space after `not` is not known.
        self.entries(Filter::raw("not(parent pr)"))
    }

    /// `GET /governance/api/v2/catalogs/default/entries?filter=parent eq …`: the entries that an entry holds.
    pub fn children(&self, of: &CatalogEntryId) -> ListCatalogEntries<'a> {
        self.entries(Filter::eq("parent", of.as_str()))
    }

    /// `GET /governance/api/v2/catalogs/default/entries/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &CatalogEntryId) -> Result<CatalogEntry, Error> {
        let request = Request::get(catalog().word("entries").value(id));
        self.client.send(&Call::read("okta.governance.catalog.get", request)).await
    }

    /// `GET /governance/api/v2/catalogs/default/entries/{id}/users/{user}/request-fields`: what has to be told to
    /// ask for it for somebody. Scope `okta.accessRequests.request.read`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is no such entry, or not for this person.
    pub async fn request_fields(&self, id: &CatalogEntryId, user: &UserId) -> Result<RequestFields, Error> {
        let path = catalog().word("entries").value(id).word("users").value(user).word("request-fields");
        self.client.send(&Call::read("okta.governance.catalog.request_fields", Request::get(path))).await
    }

    fn entries(self, filter: Filter) -> ListCatalogEntries<'a> {
        ListCatalogEntries { client: self.client, filter, user: None, text: None, limit: MOST_PER_PAGE }
    }
}

fn catalog() -> Path {
    Path::new("/governance/api/v2/catalogs/default")
}

/// A list of catalog entries, to be narrowed and sent.
#[derive(Debug, Clone)]
#[must_use = "a list fetches nothing until `send`"]
pub struct ListCatalogEntries<'a> {
    client: &'a OktaClient,
    filter: Filter,
    user: Option<UserId>,
    text: Option<String>,
    limit: u16,
}

impl ListCatalogEntries<'_> {
    /// Those that this person sees: `GET /governance/api/v2/catalogs/default/user/{user}/entries`.
    pub fn for_user(mut self, user: &UserId) -> Self {
        self.user = Some(user.clone());
        self
    }

    /// Those with this text in name or description: 3 to 50 characters.
    pub fn matching(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Entries a page: 1 to 200, the default.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = limit;
        self
    }

    /// Sends it: a stream of entries.
    pub fn send(self) -> Listing<CatalogEntry> {
        let (name, path) = match &self.user {
            None => ("okta.governance.catalog.entries", catalog().word("entries")),
            Some(user) => (
                "okta.governance.catalog.entries_for_user",
                catalog().word("user").value(user).word("entries"),
            ),
        };
        let request = Request::get(path)
            .filtered("filter", Some(&self.filter))
            .query_opt("match", self.text)
            .query("limit", self.limit);
        self.client.list_named(name, "data", request)
    }
}
