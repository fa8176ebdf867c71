//! The refresh tokens that an app holds.

use client_core::{Call, Path, Request, Safety};

use crate::Error;
use crate::client::OktaClient;
use crate::id::{AppId, RefreshTokenId};
use crate::list::Listing;
use crate::users::RefreshToken;

/// The refresh tokens that one app holds, of everybody, from [`Apps::tokens`](super::Apps::tokens). For one person's:
/// [`Users::client`](crate::users::Users::client).
#[derive(Debug, Clone)]
pub struct AppTokens<'a> {
    client: &'a OktaClient,
    path: Path,
}

impl<'a> AppTokens<'a> {
    pub(super) fn new(client: &'a OktaClient, app: &AppId) -> Self {
        Self { client, path: super::app(app).word("tokens") }
    }

    /// `GET /api/v1/apps/{app}/tokens`.
    pub fn list(&self) -> Listing<RefreshToken> {
        self.client.list("okta.apps.tokens.list", Request::get(self.path.clone()).query("limit", 200))
    }

    /// `GET /api/v1/apps/{app}/tokens/{token}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, token: &RefreshTokenId) -> Result<RefreshToken, Error> {
        let request = Request::get(self.path.clone().value(token));
        self.client.send(&Call::read("okta.apps.tokens.get", request)).await
    }

    /// `DELETE /api/v1/apps/{app}/tokens/{token}`: one refresh token, and the access tokens from it.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none (a repetition that finds none succeeds).
    pub async fn revoke(&self, token: &RefreshTokenId) -> Result<(), Error> {
        let request = Request::delete(self.path.clone().value(token));
        let call = Call::done("okta.apps.tokens.revoke", Safety::Idempotent, request);
        self.client.send(&call).await
    }

    /// `DELETE /api/v1/apps/{app}/tokens`: all refresh tokens, of everybody, and the access tokens from them. Access
    /// tokens that came without a refresh token hold until they end. Succeeds if there is none.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn revoke_all(&self) -> Result<(), Error> {
        let request = Request::delete(self.path.clone());
        self.client.send(&Call::done("okta.apps.tokens.revoke_all", Safety::Idempotent, request)).await
    }
}
