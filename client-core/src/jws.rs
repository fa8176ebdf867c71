//! Signed statements (JWS, compact), and the private keys that sign them, in every form that people paste.

mod key;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::auth::CredentialError;

pub use self::key::{Algorithm, InvalidKey, SigningKey};

/// `header.claims.signature`
///
/// # Errors
///
/// If `sign` fails.
pub fn compact(
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
