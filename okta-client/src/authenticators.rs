//! Authenticators: what the org lets people sign in with.

pub use crate::id::AuthenticatorId;
use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, open_enum};
use futures::TryStreamExt as _;

use crate::Error;
use crate::client::OktaClient;
use crate::entity::entity;
use crate::list::Listing;

entity! {
    /// An authenticator of the org. Settings and provider are in `extra`.
    pub struct Authenticator shows(id, key, name, status) {
        /// Okta's id.
        pub id: AuthenticatorId = "id",
        /// Which it is. Of custom ones there can be several.
        pub key: AuthenticatorKey = "key",
        /// What people see.
        pub name: Option<String> = opt "name",
        /// Of what sort: `app`, `email`, `phone`, `password`, `security_key`, …
        pub kind: Option<String> = opt "type",
        /// Whether people can use it.
        pub status: Option<AuthenticatorStatus> = opt "status",
        /// When it was made.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
    }
}

entity! {
    /// A way in which an authenticator is used: `push` and `totp` of Okta Verify. Settings are in `extra`.
    pub struct AuthenticatorMethod shows(kind, status) {
        /// Which: `sms`, `voice`, `push`, `signed_nonce`, `totp`, `otp`, `webauthn`, …
        pub kind: String = "type",
        /// Whether people can use it.
        pub status: Option<AuthenticatorStatus> = opt "status",
    }
}

open_enum! {
    /// Which authenticator it is.
    pub enum AuthenticatorKey {
        /// An app of the org's own.
        CustomApp = "custom_app",
        /// Codes of the org's own kind.
        CustomOtp = "custom_otp",
        /// Duo.
        Duo = "duo",
        /// Another identity provider.
        ExternalIdp = "external_idp",
        /// Google Authenticator.
        GoogleOtp = "google_otp",
        /// Mails.
        OktaEmail = "okta_email",
        /// The password.
        OktaPassword = "okta_password",
        /// Okta Verify.
        OktaVerify = "okta_verify",
        /// On-premises.
        OnPremMfa = "onprem_mfa",
        /// Text messages and calls.
        PhoneNumber = "phone_number",
        /// A security key of the old kind.
        SecurityKey = "security_key",
        /// A security question.
        SecurityQuestion = "security_question",
        /// A smart card.
        SmartCardIdp = "smart_card_idp",
        /// Symantec VIP.
        SymantecVip = "symantec_vip",
        /// Temporary access codes.
        Tac = "tac",
        /// Passkeys and security keys.
        WebAuthn = "webauthn",
        /// YubiKey with one-time passwords.
        YubikeyToken = "yubikey_token",
    }
}

open_enum! {
    /// Whether an authenticator can be used.
    pub enum AuthenticatorStatus {
        /// It can.
        Active = "ACTIVE",
        /// Switched off.
        Inactive = "INACTIVE",
    }
}

/// The org's authenticators, from [`OktaClient::authenticators`]. Scope `okta.authenticators.read`.
#[derive(Debug, Clone, Copy)]
pub struct Authenticators<'a> {
    client: &'a OktaClient,
}

impl<'a> Authenticators<'a> {
    pub(crate) fn new(client: &'a OktaClient) -> Self {
        Self { client }
    }

    /// `GET /api/v1/authenticators`: all, inactive ones too.
    pub fn list(&self) -> Listing<Authenticator> {
        self.client.list("okta.authenticators.list", Request::get(Path::new("/api/v1/authenticators")))
    }

    /// The first authenticator with this key in `GET /api/v1/authenticators`: `Tac`, to give out temporary access codes.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn find_by_key(&self, key: &AuthenticatorKey) -> Result<Option<Authenticator>, Error> {
        let is = |authenticator: &Authenticator| std::future::ready(authenticator.key == *key);
        std::pin::pin!(self.list().try_filter(is)).try_next().await
    }

    /// `GET /api/v1/authenticators/{id}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, id: &AuthenticatorId) -> Result<Authenticator, Error> {
        self.client.send(&Call::read("okta.authenticators.get", Request::get(authenticator(id)))).await
    }

    /// `GET /api/v1/authenticators/{id}/methods`: the ways in which it is used.
    pub fn methods(&self, id: &AuthenticatorId) -> Listing<AuthenticatorMethod> {
        self.client.list("okta.authenticators.methods", Request::get(authenticator(id).word("methods")))
    }
}

fn authenticator(id: &AuthenticatorId) -> Path {
    Path::new("/api/v1/authenticators").value(id)
}
