//! Enrolments in authenticators, and temporary access codes: Okta Identity Engine's way of looking at factors.

pub use crate::id::AuthenticatorEnrollmentId;
use std::time::Duration;

use chrono::{DateTime, Utc};
use client_core::{Call, DecodeError, Path, Request, Response, Safety, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Error;
use crate::authenticators::AuthenticatorKey;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::factors::PhoneNumber;
use crate::id::{AuthenticatorId, UserId};
use crate::list::Listing;

entity! {
    /// Somebody's enrolment in an authenticator.
    pub struct AuthenticatorEnrollment shows(id, key, status) {
        /// Okta's id.
        pub id: AuthenticatorEnrollmentId = "id",
        /// In which authenticator.
        pub key: Option<AuthenticatorKey> = opt "key",
        /// Of what sort: `app`, `email`, `phone`, `password`, `tac`, …
        pub kind: Option<String> = opt "type",
        /// `ACTIVE`, for one that can be used.
        pub status: Option<String> = opt "status",
        /// The authenticator's name.
        pub name: Option<String> = opt "name",
        /// What the person calls it.
        pub nickname: Option<String> = opt "nickname",
        /// When the person was enrolled.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
        /// Number or address.
        pub profile: Option<AuthenticatorEnrollmentProfile> = opt "profile",
    }
}

entity! {
    /// What is known of an enrolment. What only some kinds have is in `extra`.
    pub struct AuthenticatorEnrollmentProfile shows() {
        /// Mostly hidden, `+1 XXX-XXX-6065`: see [`Identifiers::Disclosed`].
        pub phone_number: Option<String> = opt "phoneNumber",
        /// Of `email`.
        pub email: Option<String> = opt "email",
    }
}

/// How phone numbers are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identifiers {
    /// But for the last digits.
    Hidden,
    /// Whole.
    Disclosed,
}

/// A temporary access code: signs in whoever holds it. Okta shows it this once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TemporaryAccessCode {
    /// The enrolment's id, to delete it before its time.
    pub id: AuthenticatorEnrollmentId,
    /// The code.
    pub code: SecretString,
    /// Until when it is good.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it is good more than once.
    pub multi_use: bool,
}

impl TemporaryAccessCode {
    fn read(response: &Response) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Body {
            id: AuthenticatorEnrollmentId,
            profile: Profile,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Profile {
            tac: SecretString,
            #[serde(default, deserialize_with = "crate::time::lenient")]
            expires_at: Option<DateTime<Utc>>,
            multi_use: Option<bool>,
        }
        let Body { id, profile: Profile { tac, expires_at, multi_use } } = response.json()?;
        Ok(Self { id, code: tac, expires_at, multi_use: multi_use.unwrap_or(false) })
    }
}

/// One person's enrolments, from [`OktaClient::authenticator_enrollments`]. Scopes `okta.users.read` and
/// `okta.users.manage`. Okta Identity Engine only.
#[derive(Debug, Clone, Copy)]
pub struct AuthenticatorEnrollments<'a> {
    client: &'a OktaClient,
    user: &'a UserId,
}

impl<'a> AuthenticatorEnrollments<'a> {
    pub(crate) fn new(client: &'a OktaClient, user: &'a UserId) -> Self {
        Self { client, user }
    }

    /// `GET /api/v1/users/{id}/authenticator-enrollments`.
    pub fn list(&self, identifiers: Identifiers) -> Listing<AuthenticatorEnrollment> {
        let request = identifiers.asked(Request::get(self.enrollments()));
        self.client.list("okta.authenticator_enrollments.list", request)
    }

    /// `GET /api/v1/users/{id}/authenticator-enrollments/{enrollment}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(
        &self,
        id: &AuthenticatorEnrollmentId,
        identifiers: Identifiers,
    ) -> Result<AuthenticatorEnrollment, Error> {
        let request = identifiers.asked(Request::get(self.enrollments().value(id)));
        self.client.send(&Call::read("okta.authenticator_enrollments.get", request)).await
    }

    /// `DELETE /api/v1/users/{id}/authenticator-enrollments/{enrollment}`: the person may be enrolled anew.
    ///
    /// # Errors
    ///
    /// `is_not_found` if it is gone.
    pub async fn delete(&self, id: &AuthenticatorEnrollmentId) -> Result<(), Error> {
        let request = Request::delete(self.enrollments().value(id));
        self.client
            .send(&Call::done("okta.authenticator_enrollments.delete", Safety::Idempotent, request))
            .await
    }

    /// `POST /api/v1/users/{id}/authenticator-enrollments/phone`: enrols a number, active at once. Whoever does so
    /// vouches that it is the person's. `phone` is the org's authenticator with the key `phone_number`.
    ///
    /// # Errors
    ///
    /// As every call. Never repeated after an ambiguous end: list the enrolments.
    pub async fn enroll_phone(
        &self,
        phone: &AuthenticatorId,
        number: &PhoneNumber,
    ) -> Result<AuthenticatorEnrollment, Error> {
        let body = json!({ "authenticatorId": phone, "profile": { "phoneNumber": number.as_str() } });
        let request = Request::post(self.enrollments().word("phone")).json(&body);
        let call = Call::write("okta.authenticator_enrollments.enroll_phone", Safety::Unsafe, request);
        self.client.send(&call).await
    }

    /// `POST /api/v1/users/{id}/authenticator-enrollments/tac`: gives out a temporary access code, for the first day or a
    /// lost phone. Codes from before are void then. `tac` is the org's authenticator with the key `tac`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use okta_client::authenticators::AuthenticatorKey;
    ///
    /// # async fn run(okta: okta_client::OktaClient, ann: okta_client::users::UserId) -> Result<(), okta_client::Error> {
    /// if let Some(tac) = okta.authenticators().find_by_key(&AuthenticatorKey::Tac).await? {
    ///     let hour = Duration::from_secs(3600);
    ///     let code = okta.authenticator_enrollments(&ann).issue_code(&tac.id).ttl(hour).send().await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn issue_code(&self, tac: &AuthenticatorId) -> IssueCode<'a> {
        IssueCode {
            client: self.client,
            request: Request::post(self.enrollments().word("tac")),
            body: json!({ "authenticatorId": tac }),
        }
    }

    fn enrollments(&self) -> Path {
        Path::new("/api/v1/users").value(self.user).word("authenticator-enrollments")
    }
}

impl Identifiers {
    fn asked(self, request: Request) -> Request {
        if self == Self::Disclosed { request.query("discloseIdentifiers", "phone") } else { request }
    }
}

/// A temporary access code, to be refined and given out.
#[derive(Debug, Clone)]
#[must_use = "no code is given out before `send`"]
pub struct IssueCode<'a> {
    client: &'a OktaClient,
    request: Request,
    body: Value,
}

impl IssueCode<'_> {
    /// How long it is good: whole minutes, 10 to 14400 (ten days), if the org allows so much. Without it, as long as the
    /// org says.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        let minutes = ttl.as_secs() / 60;
        if (10..=14_400).contains(&minutes) && Duration::from_secs(minutes * 60) == ttl {
            self.body["profile"]["ttl"] = json!(minutes.to_string());
        } else {
            self.request =
                self.request.flawed("a temporary access code is good for 10 to 14400 whole minutes");
        }
        self
    }

    /// Good more than once, if the org allows it.
    pub fn multi_use(mut self) -> Self {
        self.body["profile"]["multiUse"] = json!(true);
        self
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// As every call. Never repeated after an ambiguous end: whatever code was made is lost, and the next one voids it.
    pub async fn send(self) -> Result<TemporaryAccessCode, Error> {
        let request = self.request.json(&self.body);
        let call = Call::done("okta.authenticator_enrollments.issue_code", Safety::Unsafe, request);
        self.client.send(&call.with_decode(TemporaryAccessCode::read)).await
    }
}
