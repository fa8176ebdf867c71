//! What Okta sends to an inline hook's service: one envelope, and one type for each kind of hook.

mod data;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

pub use data::{
    HookedCredential, HookedProfile, HookedRequest, HookedToken, HookedUser, ImportHookAction,
    ImportHookContext, ImportHookData, InlineHookContext, PasswordImportContext, PasswordImportHookData,
    RegistrationHookData, SamlHookData, TelephonyChannel, TelephonyHookData, TelephonyMessage, TelephonyUser,
    TokenHookData,
};

use super::model::InlineHookKind;

/// A request of Okta's to an inline hook's service, which has 3 seconds to answer it with an
/// [`InlineHookAnswer`](crate::hooks::InlineHookAnswer). Look at the secret first
/// ([`HookReceiver::admits`](crate::hooks::HookReceiver::admits)) and cap the body where you read it.
#[derive(Debug)]
#[non_exhaustive]
pub struct InlineHookRequest {
    /// Okta's id of the request.
    pub event_id: Option<String>,
    /// When it was sent.
    pub event_time: Option<DateTime<Utc>>,
    /// What it comes from: the hook, or the endpoint whose flow waits.
    pub source: Option<String>,
    /// The kind of flow within the kind of hook: `self.service.registration`, `progressive.profile`,
    /// `com.okta.user.telephony.pre-enrollment`.
    pub request_type: Option<String>,
    /// What Okta asks.
    pub data: InlineHookData,
}

/// What Okta asks, by kind of hook.
#[derive(Debug)]
#[non_exhaustive]
pub enum InlineHookData {
    /// To change claims of tokens.
    Token(Box<TokenHookData>),
    /// To change a SAML assertion.
    Saml(Box<SamlHookData>),
    /// What to do with a user who is imported.
    Import(Box<ImportHookData>),
    /// Whether somebody may register.
    Registration(Box<RegistrationHookData>),
    /// Whether a password is right.
    PasswordImport(Box<PasswordImportHookData>),
    /// To send a one-time code.
    Telephony(Box<TelephonyHookData>),
    /// A kind newer than this crate.
    Unknown(InlineHookKind, UnknownHookData),
}

/// What a hook asks that this crate does not know. `Debug` does not show it.
pub struct UnknownHookData(pub Value);

impl fmt::Debug for UnknownHookData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnknownHookData")
    }
}

/// Why a body is no request of an inline hook. It does not show the body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body is no request of an inline hook: {0}")]
pub struct NoInlineHookRequest(&'static str);

/// The envelope.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(default)]
    event_id: Option<String>,
    #[serde(default, deserialize_with = "crate::time::lenient")]
    event_time: Option<DateTime<Utc>>,
    event_type: InlineHookKind,
    #[serde(default)]
    request_type: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl InlineHookRequest {
    /// Reads a request's body.
    ///
    /// # Errors
    ///
    /// If it is no JSON, or lacks what every request of its kind has.
    pub fn parse(body: &[u8]) -> Result<Self, NoInlineHookRequest> {
        let envelope: Envelope = serde_json::from_slice(body)
            .map_err(|_| NoInlineHookRequest("no JSON with eventType and data"))?;
        let data = InlineHookData::read(envelope.event_type, envelope.data)
            .map_err(|_| NoInlineHookRequest("data is not as this kind of hook has it"))?;
        Ok(Self {
            event_id: envelope.event_id,
            event_time: envelope.event_time,
            source: envelope.source,
            request_type: envelope.request_type,
            data,
        })
    }
}

impl InlineHookData {
    fn read(kind: InlineHookKind, data: &RawValue) -> Result<Self, serde_json::Error> {
        let data = data.get();
        Ok(match kind {
            InlineHookKind::Token => Self::Token(serde_json::from_str(data)?),
            InlineHookKind::Saml => Self::Saml(serde_json::from_str(data)?),
            InlineHookKind::Import => Self::Import(serde_json::from_str(data)?),
            InlineHookKind::Registration => Self::Registration(serde_json::from_str(data)?),
            InlineHookKind::PasswordImport => Self::PasswordImport(serde_json::from_str(data)?),
            InlineHookKind::Telephony => Self::Telephony(serde_json::from_str(data)?),
            kind @ InlineHookKind::Unknown(_) => {
                Self::Unknown(kind, UnknownHookData(serde_json::from_str(data)?))
            }
        })
    }
}
