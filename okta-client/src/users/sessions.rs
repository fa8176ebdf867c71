//! Ending what a person is signed in to.

use std::future::IntoFuture;

use client_core::{Call, Path, Request, Safety};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{Users, user};
use crate::Error;
use crate::client::OktaClient;
use crate::id::UserId;

impl<'a> Users<'a> {
    /// `DELETE /api/v1/users/{id}/sessions`: ends a person's sessions with Okta. Not those inside apps: see
    /// [`universal_logout`](Self::universal_logout).
    ///
    /// # Errors
    ///
    /// As every call.
    pub fn revoke_sessions(&self, id: &UserId) -> RevokeSessions<'a> {
        RevokeSessions { client: self.client, request: Request::delete(user(id).word("sessions")) }
    }

    /// `POST /oauth2/v1/global-token-revocation`: Universal Logout. Ends sessions with Okta, revokes tokens, and ends
    /// the sessions of the apps that support it. Needs an API token or the scope `okta.universalLogout.manage`.
    ///
    /// # Errors
    ///
    /// As every call. 400, without Okta's error object, if nobody fits.
    pub async fn universal_logout(&self, who: impl Into<Subject>) -> Result<(), Error> {
        let body = json!({ "sub_id": who.into().body() });
        let request = Request::post(Path::new("/oauth2/v1/global-token-revocation")).json(&body);
        self.client.send(&Call::done("okta.users.universal_logout", Safety::Idempotent, request)).await
    }
}

/// Whom a Universal Logout is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// A user of the org.
    User(UserId),
    /// Somebody as another identity provider calls them.
    IssuerSubject {
        /// The provider: an issuer's URL, or a SAML entity id.
        issuer: String,
        /// Its name for the person.
        subject: String,
    },
}

impl From<&UserId> for Subject {
    fn from(id: &UserId) -> Self {
        Self::User(id.clone())
    }
}

impl Subject {
    fn body(&self) -> Value {
        match self {
            Self::User(id) => json!({ "format": "opaque", "id": id }),
            Self::IssuerSubject { issuer, subject } => {
                json!({ "format": "iss_sub", "iss": issuer, "sub": subject })
            }
        }
    }
}

/// The end of a person's sessions with Okta.
#[derive(Debug)]
#[must_use = "nothing is sent until it is awaited"]
pub struct RevokeSessions<'a> {
    client: &'a OktaClient,
    request: Request,
}

impl RevokeSessions<'_> {
    /// Revokes the refresh and access tokens that apps hold too. Okta leaves them if it is not told.
    pub fn oauth_tokens(mut self) -> Self {
        self.request = self.request.query("oauthTokens", true);
        self
    }

    /// Forgets on which devices a second factor was not to be asked for again. Okta does so unasked in Identity
    /// Engine orgs, and not in Classic ones.
    pub fn forget_devices(mut self) -> Self {
        self.request = self.request.query("forgetDevices", true);
        self
    }

    /// Goes on not to ask for a second factor where the person wished so.
    pub fn keep_devices(mut self) -> Self {
        self.request = self.request.query("forgetDevices", false);
        self
    }
}

impl<'a> IntoFuture for RevokeSessions<'a> {
    type Output = Result<(), Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let call = Call::done("okta.users.revoke_sessions", Safety::Idempotent, self.request);
        async move { self.client.send(&call).await }.boxed()
    }
}
