//! The org itself: its settings, its engine, its features.

pub use crate::id::{FeatureId, OrgId};
use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, open_enum};

use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::list::Listing;

entity! {
    /// The org's general settings. Addresses and phone numbers are in `extra`.
    pub struct OrgSettings shows(id, subdomain, status) {
        /// Okta's id.
        pub id: OrgId = "id",
        /// The name in the org's address: `acme` of `acme.okta.com`.
        pub subdomain: Option<String> = opt "subdomain",
        /// The company's name.
        pub company_name: Option<String> = opt "companyName",
        /// Its website.
        pub website: Option<String> = opt "website",
        /// Whether the org is in use.
        pub status: Option<OrgStatus> = opt "status",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When its settings last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
        /// When a trial ends.
        pub expires_at: Option<DateTime<Utc>> = time "expiresAt",
    }
}

open_enum! {
    /// Whether an org is in use.
    pub enum OrgStatus {
        /// It is.
        Active = "ACTIVE",
        /// It is not.
        Inactive = "INACTIVE",
    }
}

entity! {
    /// What everybody may know of an org.
    pub struct OrgMetadata shows(id, pipeline) {
        /// Okta's id.
        pub id: OrgId = "id",
        /// Which engine it runs.
        pub pipeline: Engine = "pipeline",
    }
}

open_enum! {
    /// An org's engine. Some calls exist on one of them only, and some behave otherwise.
    pub enum Engine {
        /// Identity Engine.
        IdentityEngine = "idx",
        /// Classic Engine.
        Classic = "v1",
    }
}

entity! {
    /// A feature that admins may switch on and off. What a licence includes is not among them.
    pub struct Feature shows(id, name, status) {
        /// Okta's id.
        pub id: FeatureId = "id",
        /// Its name.
        pub name: Option<String> = opt "name",
        /// What it is.
        pub description: Option<String> = opt "description",
        /// Whether it is on.
        pub status: FeatureStatus = "status",
        /// How far along it is; nothing once it is there for all.
        pub stage: Option<FeatureStage> = opt "stage",
    }
}

open_enum! {
    /// Whether a feature is on.
    pub enum FeatureStatus {
        /// It is.
        Enabled = "ENABLED",
        /// It is not.
        Disabled = "DISABLED",
    }
}

entity! {
    /// How far along a feature is.
    pub struct FeatureStage shows(value, state) {
        /// `BETA` or `EA`.
        pub value: Option<String> = opt "value",
        /// `OPEN` to all, or `CLOSED`.
        pub state: Option<String> = opt "state",
    }
}

/// The org, from [`OktaClient::org`].
#[derive(Debug, Clone, Copy)]
pub struct Org<'a> {
    client: &'a OktaClient,
}

impl<'a> Org<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/org`: the general settings. Scope `okta.orgs.read`.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn settings(&self) -> Result<OrgSettings, Error> {
        self.client.send(&Call::read("okta.org.settings", Request::get(Path::new("/api/v1/org")))).await
    }

    /// `GET /.well-known/okta-organization`: the org's id and its engine. Okta tells it to anybody, so no scope is
    /// needed.
    ///
    /// # Errors
    ///
    /// As every call. Where no org is, Okta answers a page in HTML: is the org URL right?
    pub async fn metadata(&self) -> Result<OrgMetadata, Error> {
        let request = Request::get(Path::new("/.well-known/okta-organization"));
        self.client.send(&Call::read("okta.org.metadata", request)).await
    }

    /// `GET /api/v1/features`: what admins may switch on and off, and what of it is on. Scope
    /// `okta.features.read`.
    pub fn features(&self) -> Listing<Feature> {
        self.client.list("okta.org.features", Request::get(Path::new("/api/v1/features")))
    }
}
