//! The signed statement by which an app proves who it is.

use client_core::CredentialError;
use client_core::jws::{self, SigningKey};
use serde_json::json;

/// How long an assertion is good for. Okta allows an hour.
const LIFETIME: i64 = 300;

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
        jws::compact(&header, &claims, |message| key.sign(message))
    }
}
