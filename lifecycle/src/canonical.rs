//! One way to write a value, so that a hash of it means something (RFC 8785, JSON Canonicalization Scheme).

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The canonical JSON of `value`.
///
/// # Panics
///
/// If `value` is not representable as JSON: a map with keys that are no text. Ours all are.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json_canonicalizer::to_string(value).expect("our records are plain JSON")
}

/// SHA-256 of the canonical JSON, in hex.
pub(crate) fn digest(value: &impl Serialize) -> String {
    sha256(json(value).as_bytes())
}

/// SHA-256 in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
