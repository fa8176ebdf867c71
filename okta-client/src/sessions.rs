//! Sessions of people who are signed in.

use std::fmt;

use chrono::{DateTime, Utc};
use client_core::{Call, ExposeSecret as _, Path, Request, Safety, SecretString, open_enum};
use serde::{Deserialize, Serialize, Serializer};

use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::id::UserId;

entity! {
    /// A session.
    pub struct Session shows(user_id, status, expires_at) {
        /// Okta's id of it.
        pub id: SessionId = "id",
        /// Whose it is.
        pub user_id: UserId = "userId",
        /// What they signed in with.
        pub login: Option<String> = opt "login",
        /// Whether it is good, or waits for a second factor.
        pub status: SessionStatus = "status",
        /// Since when.
        pub created_at: Option<DateTime<Utc>> = time "createdAt",
        /// Until when, if nobody refreshes it.
        pub expires_at: Option<DateTime<Utc>> = time "expiresAt",
        /// When the password was last shown.
        pub last_password_verification: Option<DateTime<Utc>> = time "lastPasswordVerification",
        /// When a second factor was last shown.
        pub last_factor_verification: Option<DateTime<Utc>> = time "lastFactorVerification",
        /// How the person proved who they are, in RFC 8176's words: `pwd`, `otp`, `hwk`.
        pub amr: Vec<String> = or_default "amr",
    }
}

open_enum! {
    /// Whether a session is good.
    pub enum SessionStatus {
        /// It is.
        Active = "ACTIVE",
        /// The second factor is still missing.
        MfaRequired = "MFA_REQUIRED",
        /// A second factor has to be enrolled first.
        MfaEnroll = "MFA_ENROLL",
    }
}

/// The id of a session. Not the `externalSessionId` of the System Log, from which a session cannot be had.
///
/// Whoever holds it may hold the session, so it is kept like a credential: no `Debug`, no `Display`.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct SessionId(SecretString);

impl SessionId {
    /// An id that came from somewhere: Okta's cookie, or [`Session::id`].
    pub fn new(id: impl Into<SecretString>) -> Self {
        Self(id.into())
    }
}

impl PartialEq for SessionId {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.expose_secret())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

/// Sessions, from [`OktaClient::sessions`]. Scopes: `okta.sessions.read`, `okta.sessions.manage`.
///
/// There is no list of a user's sessions: to end them all is a call on the user.
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'a> {
    client: &'a OktaClient,
}

impl<'a> Sessions<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/sessions/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if it is over.
    pub async fn get(&self, id: &SessionId) -> Result<Session, Error> {
        self.client.send(&Call::read("okta.sessions.get", Request::get(session(id)))).await
    }

    /// `POST /api/v1/sessions/{id}/lifecycle/refresh`: puts the end off, as if the person had done something.
    ///
    /// # Errors
    ///
    /// `is_not_found` if it is over.
    pub async fn refresh(&self, id: &SessionId) -> Result<Session, Error> {
        let request = Request::post(session(id).word("lifecycle/refresh"));
        self.client.send(&Call::write("okta.sessions.refresh", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/sessions/{id}`: ends it. Tokens that apps got in it live on.
    ///
    /// # Errors
    ///
    /// `is_not_found` if it is over.
    pub async fn revoke(&self, id: &SessionId) -> Result<(), Error> {
        let request = Request::delete(session(id));
        self.client.send(&Call::done("okta.sessions.revoke", Safety::Idempotent, request)).await
    }
}

fn session(id: &SessionId) -> Path {
    Path::new("/api/v1/sessions").value(id.0.expose_secret())
}
