//! What each kind of inline hook is asked.

use std::fmt;

use chrono::{DateTime, Utc};
use client_core::{SecretString, open_enum};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::entity::entity;
use crate::id::UserId;
use crate::users::Profile;

entity! {
    /// The flow that waits for the hook.
    pub struct InlineHookContext shows(request) {
        /// The call to Okta that began it.
        pub request: Option<HookedRequest> = opt "request",
        /// Whom it is about.
        pub user: Option<HookedUser> = opt "user",
        /// The session, as the Sessions API has it.
        pub session: Option<Value> = opt "session",
        /// OAuth 2.0 or SAML, with issuer and client.
        pub protocol: Option<Value> = opt "protocol",
        /// The access policy and its rule.
        pub policy: Option<Value> = opt "policy",
    }
}

entity! {
    /// A call to Okta.
    pub struct HookedRequest shows(id, method) {
        /// Okta's request id, which the System Log has too.
        pub id: Option<String> = opt "id",
        /// The HTTP method.
        pub method: Option<String> = opt "method",
        /// The path and query, as `{"value": …}`.
        pub url: Option<Value> = opt "url",
        /// Who called.
        pub ip_address: Option<String> = opt "ipAddress",
    }
}

entity! {
    /// The user whom a flow is about.
    pub struct HookedUser shows(id) {
        /// Okta's id.
        pub id: Option<UserId> = opt "id",
        /// When the password was last changed.
        pub password_changed: Option<DateTime<Utc>> = time "passwordChanged",
        /// The person's attributes.
        pub profile: Option<Profile> = opt "profile",
    }
}

entity! {
    /// Tokens about to be minted.
    pub struct TokenHookData shows(context) {
        /// The flow.
        pub context: InlineHookContext = "context",
        /// The ID token, if one was asked for.
        pub identity: Option<HookedToken> = opt "identity",
        /// The access token, if one was asked for.
        pub access: Option<HookedToken> = opt "access",
        /// The refresh token, if one was asked for.
        pub refresh_token: Option<Value> = opt "refresh_token",
    }
}

entity! {
    /// A token about to be minted.
    pub struct HookedToken shows() {
        /// The claims.
        pub claims: Map<String, Value> = or_default "claims",
        /// The lifetime: `{"lifetime": {"expiration": 3600}}`.
        pub token: Option<Value> = opt "token",
        /// Of an access token: the scopes, by name.
        pub scopes: Option<Map<String, Value>> = opt "scopes",
    }
}

entity! {
    /// A SAML assertion about to be signed.
    pub struct SamlHookData shows(context) {
        /// The flow.
        pub context: InlineHookContext = "context",
        /// The assertion: `subject`, `authentication`, `conditions`, `claims`, `lifetime`.
        pub assertion: Map<String, Value> = "assertion",
    }
}

entity! {
    /// A user about to be imported.
    pub struct ImportHookData shows(context, action) {
        /// The import.
        pub context: ImportHookContext = "context",
        /// What Okta will do if it is not told otherwise.
        pub action: Option<ImportHookAction> = opt "action",
        /// The user as the app has it.
        pub app_user: Option<HookedProfile> = opt "appUser",
        /// The user as Okta will have it.
        pub user: Option<HookedProfile> = opt "user",
    }
}

entity! {
    /// An import.
    pub struct ImportHookContext shows(conflicts, policy) {
        /// Attributes that another user has the same value of.
        pub conflicts: Vec<String> = or_default "conflicts",
        /// Users of Okta whom the import may be about.
        pub matches: Vec<Value> = or_default "matches",
        /// By what the app matches users.
        pub policy: Vec<String> = or_default "policy",
        /// The app.
        pub application: Option<Value> = opt "application",
        /// The import job.
        pub job: Option<Value> = opt "job",
    }
}

entity! {
    /// What an import does with a user.
    pub struct ImportHookAction shows(result) {
        /// `CREATE_USER` or `LINK_USER`.
        pub result: String = "result",
    }
}

entity! {
    /// Attributes.
    pub struct HookedProfile shows() {
        /// By name.
        pub profile: Profile = lazy "profile",
    }
}

entity! {
    /// Somebody who registers, or completes a profile.
    pub struct RegistrationHookData shows(context, action) {
        /// The flow.
        pub context: InlineHookContext = "context",
        /// What Okta will do if it is not told otherwise: `ALLOW`.
        pub action: Option<String> = opt "action",
        /// What somebody who registers has filled in.
        pub user_profile: Option<Profile> = opt "userProfile",
        /// What somebody who completes a profile has filled in.
        pub user_profile_update: Option<Profile> = opt "userProfileUpdate",
    }
}

/// Somebody who signs in for the first time.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct PasswordImportHookData {
    /// The flow.
    pub context: PasswordImportContext,
}

/// A sign-in for the first time.
#[derive(Debug, Deserialize)]
#[non_exhaustive]
pub struct PasswordImportContext {
    /// The call to Okta.
    #[serde(default)]
    pub request: Option<HookedRequest>,
    /// What somebody typed.
    pub credential: HookedCredential,
}

/// What somebody typed to sign in. `Debug` shows neither.
#[derive(Deserialize)]
#[non_exhaustive]
pub struct HookedCredential {
    /// The login.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

impl fmt::Debug for HookedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HookedCredential")
    }
}

/// A one-time code to be sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TelephonyHookData {
    /// The flow.
    #[serde(default)]
    pub context: Option<InlineHookContext>,
    /// Whom it is for.
    #[serde(default)]
    pub user_profile: Option<TelephonyUser>,
    /// What to send.
    pub message_profile: TelephonyMessage,
}

entity! {
    /// Whom a one-time code is for.
    pub struct TelephonyUser shows(user_id) {
        /// Okta's id.
        pub user_id: Option<UserId> = opt "userId",
        /// The login.
        pub login: Option<String> = opt "login",
        /// The given name.
        pub first_name: Option<String> = opt "firstName",
        /// The family name.
        pub last_name: Option<String> = opt "lastName",
    }
}

/// A message with a one-time code. `Debug` shows neither code nor number.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TelephonyMessage {
    /// The message, with the code in it.
    pub msg_template: SecretString,
    /// The number.
    #[serde(deserialize_with = "digits")]
    pub phone_number: String,
    /// When the code ends.
    #[serde(default, deserialize_with = "crate::time::lenient")]
    pub otp_expires: Option<DateTime<Utc>>,
    /// SMS or voice.
    pub delivery_channel: TelephonyChannel,
    /// The code.
    #[serde(deserialize_with = "code")]
    pub otp_code: SecretString,
    /// The language: `EN-US`.
    #[serde(default)]
    pub locale: Option<String>,
}

open_enum! {
    /// How a one-time code is sent.
    pub enum TelephonyChannel {
        /// As a text.
        Sms = "SMS",
        /// By a voice that calls.
        VoiceCall = "VOICE_CALL",
    }
}

impl fmt::Debug for TelephonyMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelephonyMessage")
            .field("delivery_channel", &self.delivery_channel)
            .field("otp_expires", &self.otp_expires)
            .field("locale", &self.locale)
            .finish_non_exhaustive()
    }
}

/// Text, or the number that Okta's own examples have in its place.
fn digits<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    match Value::deserialize(source)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(serde::de::Error::custom("neither text nor a number")),
    }
}

fn code<'de, D: Deserializer<'de>>(source: D) -> Result<SecretString, D::Error> {
    digits(source).map(SecretString::from)
}
