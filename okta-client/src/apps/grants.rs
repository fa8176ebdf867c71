//! The scopes of Okta's API that an app was granted.

use client_core::{Call, Path, Request, Safety};
use serde_json::json;

use crate::Error;
use crate::client::OktaClient;
use crate::id::{AppId, GrantId};
use crate::list::Listing;
use crate::users::ScopeGrant;

/// The scopes that one app was granted, from [`Apps::grants`](super::Apps::grants): `okta.users.read`. They need the
/// scopes `okta.appGrants.read` and `okta.appGrants.manage`.
///
/// A service app needs an admin role as well: [`Roles::of_client`](crate::roles::Roles::of_client).
#[derive(Debug, Clone)]
pub struct AppGrants<'a> {
    client: &'a OktaClient,
    path: Path,
}

impl<'a> AppGrants<'a> {
    pub(super) fn new(client: &'a OktaClient, app: &AppId) -> Self {
        Self { client, path: super::app(app).word("grants") }
    }

    /// `GET /api/v1/apps/{app}/grants`.
    pub fn list(&self) -> Listing<ScopeGrant> {
        self.client.list("okta.apps.grants.list", Request::get(self.path.clone()))
    }

    /// `GET /api/v1/apps/{app}/grants/{grant}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, grant: &GrantId) -> Result<ScopeGrant, Error> {
        let request = Request::get(self.path.clone().value(grant));
        self.client.send(&Call::read("okta.apps.grants.get", request)).await
    }

    /// `POST /api/v1/apps/{app}/grants`: grants a scope. For super administrators only.
    ///
    /// `issuer` is the URL of the org's own authorization server: usually the org's, `https://acme.okta.com`, and not
    /// that of a custom authorization server, which knows no such scopes.
    ///
    /// # Errors
    ///
    /// `is_forbidden` for other admins; E0000001 if there is no such scope or issuer. Never repeated after an ambiguous
    /// end: list the grants.
    pub async fn grant(&self, scope: &str, issuer: &str) -> Result<ScopeGrant, Error> {
        let body = json!({ "scopeId": scope, "issuer": issuer });
        let request = Request::post(self.path.clone()).json(&body);
        self.client.send(&Call::write("okta.apps.grants.grant", Safety::Unsafe, request)).await
    }

    /// `DELETE /api/v1/apps/{app}/grants/{grant}`: takes a scope back.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none (a repetition that finds none succeeds).
    pub async fn revoke(&self, grant: &GrantId) -> Result<(), Error> {
        let request = Request::delete(self.path.clone().value(grant));
        let call = Call::done("okta.apps.grants.revoke", Safety::Idempotent, request);
        self.client.send(&call).await
    }
}
