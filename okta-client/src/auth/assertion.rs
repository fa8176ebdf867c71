//! Signed statements (JWS, compact), and the one by which an app proves who it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use client_core::CredentialError;
use serde_json::{Value, json};

use super::key::SigningKey;

/// How long an assertion is good for. Okta allows an hour.
const LIFETIME: i64 = 300;

/// `header.claims.signature`
pub(super) fn jws(
    header: &Value,
    claims: &Value,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, CredentialError>,
) -> Result<String, CredentialError> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut text = format!("{}.{}", part(header), part(claims));
    let signature = sign(text.as_bytes())?;
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    Ok(text)
}

/// What the client assertion says. Okta takes each `jti` once, so each attempt needs a new one.
pub(super) struct Assertion<'a> {
    pub(super) client_id: &'a str,
    pub(super) key_id: Option<&'a str>,
    pub(super) audience: &'a str,
    /// Seconds since the epoch, by Okta's clock.
    pub(super) now: i64,
    pub(super) jti: String,
}

impl Assertion<'_> {
    pub(super) fn sign(self, key: &SigningKey) -> Result<String, CredentialError> {
        let Self { client_id, key_id, audience, now, jti } = self;
        let mut header = json!({ "alg": key.algorithm.name(), "typ": "JWT" });
        if let Some(id) = key_id {
            header["kid"] = id.into();
        }
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": audience,
            "iat": now, "exp": now + LIFETIME, "jti": jti,
        });
        jws(&header, &claims, |message| key.sign(message))
    }
}
