//! API tokens: their records. A token itself is shown once, in the Admin Console, and by no API.

pub use crate::id::ApiTokenId;
use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety};

use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::id::UserId;
use crate::list::Listing;

entity! {
    /// The record of an API token: who made it, and how long it lives.
    pub struct ApiToken shows(id, name, user_id) {
        /// Okta's id.
        pub id: ApiTokenId = "id",
        /// What its maker called it.
        pub name: String = "name",
        /// Its maker, as whom it acts. It dies with this account.
        pub user_id: Option<UserId> = opt "userId",
        /// What made it: `Okta API`, or an agent.
        pub client_name: Option<String> = opt "clientName",
        /// When it dies if it is not used before that.
        pub expires_at: Option<DateTime<Utc>> = time "expiresAt",
        /// How far each use moves its end: `P30D`.
        pub token_window: Option<String> = opt "tokenWindow",
        /// From where it may be used.
        pub network: Option<ApiTokenNetwork> = opt "network",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

entity! {
    /// From where an API token may be used.
    pub struct ApiTokenNetwork shows(connection, include, exclude) {
        /// `ANYWHERE` or `ZONE`.
        pub connection: Option<String> = opt "connection",
        /// The zones it may be used from.
        pub include: Vec<String> = or_default "include",
        /// The zones it may not be used from.
        pub exclude: Vec<String> = or_default "exclude",
    }
}

/// API tokens, from [`OktaClient::api_tokens`]. Scopes `okta.apiTokens.read` and `okta.apiTokens.manage`.
#[derive(Debug, Clone, Copy)]
pub struct ApiTokens<'a> {
    client: &'a OktaClient,
}

impl<'a> ApiTokens<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/api-tokens`: the records of all tokens that live. Whoever offboards an admin looks for that
    /// [`user_id`](ApiToken::user_id): what runs on these tokens stops.
    pub fn list(&self) -> Listing<ApiToken> {
        self.client.list("okta.api_tokens.list", Request::get(Path::new("/api/v1/api-tokens")))
    }

    /// `GET /api/v1/api-tokens/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &ApiTokenId) -> Result<ApiToken, Error> {
        self.client.send(&Call::read("okta.api_tokens.get", Request::get(token(id)))).await
    }

    /// `DELETE /api/v1/api-tokens/{id}`: the token is dead.
    ///
    /// # Errors
    ///
    /// `is_not_found` if it is gone.
    pub async fn revoke(&self, id: &ApiTokenId) -> Result<(), Error> {
        let request = Request::delete(token(id));
        self.client.send(&Call::done("okta.api_tokens.revoke", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/api-tokens/current`: the token that this client uses is dead, and every call after this one fails.
    ///
    /// # Errors
    ///
    /// As every call. `is_unauthenticated` may mean that an attempt before, whose answer was lost, did it.
    pub async fn revoke_current(&self) -> Result<(), Error> {
        let request = Request::delete(Path::new("/api/v1/api-tokens/current"));
        self.client.send(&Call::done("okta.api_tokens.revoke_current", Safety::Idempotent, request)).await
    }
}

fn token(id: &ApiTokenId) -> Path {
    Path::new("/api/v1/api-tokens").value(id)
}
