//! How an app is provisioned.

use client_core::{Call, Path, Request, Safety, open_enum};
use serde_json::Value;

use super::model::OpenObject;
use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::id::AppId;
use crate::list::Listing;

entity! {
    /// One direction of provisioning: `USER_PROVISIONING` (to the app) or `INBOUND_PROVISIONING` (to Okta).
    pub struct ProvisioningFeature shows(name, status) {
        /// Which.
        pub name: String = "name",
        /// Whether it is on.
        pub status: Option<AppFeatureStatus> = opt "status",
        /// What it does, each part with a status of its own.
        pub capabilities: OpenObject = or_default "capabilities",
    }
}

open_enum! {
    /// Whether a feature or connection is on.
    pub enum AppFeatureStatus {
        /// It is.
        Enabled = "ENABLED",
        /// It is not.
        Disabled = "DISABLED",
    }
}

entity! {
    /// The connection by which Okta provisions an app.
    pub struct ProvisioningConnection shows(status) {
        /// Whether it is on. `UNKNOWN` if the app cannot be provisioned.
        pub status: AppFeatureStatus = "status",
        /// How Okta authenticates there.
        pub profile: OpenObject = or_default "profile",
    }
}

/// How one app is provisioned, from [`Apps::features`](super::Apps::features).
#[derive(Debug, Clone)]
pub struct AppFeatures<'a> {
    client: &'a OktaClient,
    app: AppId,
}

impl<'a> AppFeatures<'a> {
    pub(super) fn new(client: &'a OktaClient, app: AppId) -> Self {
        Self { client, app }
    }

    /// `GET /api/v1/apps/{app}/features`. E0000001 if provisioning is not switched on for the app.
    pub fn list(&self) -> Listing<ProvisioningFeature> {
        self.client.list("okta.apps.features.list", Request::get(self.all()))
    }

    /// `GET /api/v1/apps/{app}/features/{name}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if the app has no such feature.
    pub async fn get(&self, name: &str) -> Result<ProvisioningFeature, Error> {
        let request = Request::get(self.all().value(name));
        self.client.send(&Call::read("okta.apps.features.get", request)).await
    }

    /// `PUT /api/v1/apps/{app}/features/{name}`: changes what it does. Unlike other calls of this method, Okta leaves as it
    /// is what `capabilities` does not name.
    ///
    /// # Errors
    ///
    /// E0000001 if the app cannot do that.
    pub async fn update(&self, name: &str, capabilities: &Value) -> Result<ProvisioningFeature, Error> {
        let request = Request::put(self.all().value(name)).json(capabilities);
        self.client.send(&Call::write("okta.apps.features.update", Safety::Idempotent, request)).await
    }

    /// `GET /api/v1/apps/{app}/connections/default`: the connection that all of it goes by.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn connection(&self) -> Result<ProvisioningConnection, Error> {
        let path = super::app(&self.app).word("connections/default");
        self.client.send(&Call::read("okta.apps.features.connection", Request::get(path))).await
    }

    fn all(&self) -> Path {
        super::app(&self.app).word("features")
    }
}
