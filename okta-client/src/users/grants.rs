//! What a person has allowed apps to do, and the refresh tokens that apps hold for it.

use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety, open_enum};

use super::{Users, user};
use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::id::{ClientId, GrantId, RefreshTokenId, UserId};
use crate::list::Listing;

entity! {
    /// That an app may act within a scope.
    pub struct ScopeGrant shows(id, client_id, scope_id, status) {
        /// Okta's id.
        pub id: GrantId = "id",
        /// The app.
        pub client_id: Option<ClientId> = opt "clientId",
        /// The scope.
        pub scope_id: String = "scopeId",
        /// The authorization server.
        pub issuer: Option<String> = opt "issuer",
        /// For whom, if a person has consented.
        pub user_id: Option<UserId> = opt "userId",
        /// Who has consented.
        pub source: Option<GrantSource> = opt "source",
        /// Whether it still holds.
        pub status: Option<GrantStatus> = opt "status",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

open_enum! {
    /// Who has consented to a grant.
    pub enum GrantSource {
        /// An admin, for everybody.
        Admin = "ADMIN",
        /// The person.
        EndUser = "END_USER",
    }
}

open_enum! {
    /// Whether a grant or token still holds.
    pub enum GrantStatus {
        /// It does.
        Active = "ACTIVE",
        /// It does not.
        Revoked = "REVOKED",
    }
}

entity! {
    /// A refresh token that an app holds for a person: that there is one, and never the token.
    pub struct RefreshToken shows(id, client_id, status) {
        /// Okta's id.
        pub id: RefreshTokenId = "id",
        /// The app.
        pub client_id: Option<ClientId> = opt "clientId",
        /// For whom.
        pub user_id: Option<UserId> = opt "userId",
        /// The authorization server.
        pub issuer: Option<String> = opt "issuer",
        /// What it allows.
        pub scopes: Vec<String> = or_default "scopes",
        /// Whether it still holds.
        pub status: Option<GrantStatus> = opt "status",
        /// When it was issued.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it ends.
        pub expires_at: Option<DateTime<Utc>> = time "expiresAt",
    }
}

entity! {
    /// An app that holds grants or tokens of a person.
    pub struct OAuthClient shows(client_id, client_name) {
        /// The app's client id.
        pub client_id: ClientId = "client_id",
        /// Its name.
        pub client_name: Option<String> = opt "client_name",
        /// Its home page.
        pub client_uri: Option<String> = opt "client_uri",
        /// Its logo.
        pub logo_uri: Option<String> = opt "logo_uri",
    }
}

impl<'a> Users<'a> {
    /// What a user has allowed apps to do.
    #[must_use]
    pub fn grants(&self, id: &UserId) -> UserGrants<'a> {
        UserGrants { client: self.client, path: user(id).word("grants") }
    }

    /// `GET /api/v1/users/{id}/clients`: the apps that hold grants or tokens of a user.
    pub fn clients(&self, id: &UserId) -> Listing<OAuthClient> {
        self.client.list("okta.users.clients", Request::get(user(id).word("clients")))
    }

    /// What one app holds of a user.
    #[must_use]
    pub fn client(&self, id: &UserId, app: &ClientId) -> UserClient<'a> {
        UserClient { client: self.client, path: user(id).word("clients").value(app) }
    }
}

/// What a user has allowed apps to do, from [`Users::grants`].
#[derive(Debug, Clone)]
pub struct UserGrants<'a> {
    client: &'a OktaClient,
    path: Path,
}

impl UserGrants<'_> {
    /// `GET /api/v1/users/{id}/grants`
    pub fn list(&self) -> Listing<ScopeGrant> {
        self.client.list("okta.users.grants.list", Request::get(self.path.clone()).query("limit", 200))
    }

    /// `GET /api/v1/users/{id}/grants?scopeId=`: those of one scope.
    pub fn of_scope(&self, scope: &str) -> Listing<ScopeGrant> {
        let request = Request::get(self.path.clone()).query("scopeId", scope).query("limit", 200);
        self.client.list("okta.users.grants.list", request)
    }

    /// `GET /api/v1/users/{id}/grants/{grant}`
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, grant: &GrantId) -> Result<ScopeGrant, Error> {
        let request = Request::get(self.path.clone().value(grant));
        self.client.send(&Call::read("okta.users.grants.get", request)).await
    }

    /// `DELETE /api/v1/users/{id}/grants/{grant}`
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn revoke(&self, grant: &GrantId) -> Result<(), Error> {
        let request = Request::delete(self.path.clone().value(grant));
        self.client.send(&Call::done("okta.users.grants.revoke", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/users/{id}/grants`: all of them. Succeeds if there is none.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn revoke_all(&self) -> Result<(), Error> {
        let request = Request::delete(self.path.clone());
        self.client.send(&Call::done("okta.users.grants.revoke_all", Safety::Idempotent, request)).await
    }
}

/// What one app holds of a user, from [`Users::client`].
#[derive(Debug, Clone)]
pub struct UserClient<'a> {
    client: &'a OktaClient,
    path: Path,
}

impl UserClient<'_> {
    /// `GET /api/v1/users/{id}/clients/{client}/grants`
    pub fn grants(&self) -> Listing<ScopeGrant> {
        let request = Request::get(self.path.clone().word("grants")).query("limit", 200);
        self.client.list("okta.users.client.grants", request)
    }

    /// `DELETE /api/v1/users/{id}/clients/{client}/grants`: all of them. Succeeds if there is none.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn revoke_grants(&self) -> Result<(), Error> {
        let request = Request::delete(self.path.clone().word("grants"));
        self.client.send(&Call::done("okta.users.client.revoke_grants", Safety::Idempotent, request)).await
    }

    /// `GET /api/v1/users/{id}/clients/{client}/tokens`: its refresh tokens.
    pub fn tokens(&self) -> Listing<RefreshToken> {
        let request = Request::get(self.path.clone().word("tokens")).query("limit", 200);
        self.client.list("okta.users.client.tokens", request)
    }

    /// `GET /api/v1/users/{id}/clients/{client}/tokens/{token}`
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn token(&self, token: &RefreshTokenId) -> Result<RefreshToken, Error> {
        let request = Request::get(self.path.clone().word("tokens").value(token));
        self.client.send(&Call::read("okta.users.client.token", request)).await
    }

    /// `DELETE /api/v1/users/{id}/clients/{client}/tokens/{token}`: one refresh token, and the access tokens from it.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn revoke_token(&self, token: &RefreshTokenId) -> Result<(), Error> {
        let request = Request::delete(self.path.clone().word("tokens").value(token));
        self.client.send(&Call::done("okta.users.client.revoke_token", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/users/{id}/clients/{client}/tokens`: all of them. Succeeds if there is none.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn revoke_tokens(&self) -> Result<(), Error> {
        let request = Request::delete(self.path.clone().word("tokens"));
        self.client.send(&Call::done("okta.users.client.revoke_tokens", Safety::Idempotent, request)).await
    }
}
