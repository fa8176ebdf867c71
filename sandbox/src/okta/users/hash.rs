//! Hashes of passwords: what Okta takes of each algorithm.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::http::Answer;
use crate::okta::error;

/// Refuses a hash that no password could match.
pub(super) fn check(hash: &Value) -> Result<(), Answer> {
    match flaw(hash) {
        None => Ok(()),
        Some(cause) => Err(error::validation("password", &[format!("hash: {cause}")])),
    }
}

fn flaw(hash: &Value) -> Option<&'static str> {
    let text = |name: &str| hash.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| hash.get(name).and_then(Value::as_u64).unwrap_or_default();
    let encoded = |name: &str| !text(name).is_empty() && STANDARD.decode(text(name)).is_ok();
    match text("algorithm") {
        "BCRYPT" if !(1..=20).contains(&number("workFactor")) => Some("workFactor must be from 1 to 20"),
        "BCRYPT" if text("salt").len() != 22 => Some("salt must be 22 characters long"),
        "BCRYPT" if text("value").len() != 31 => Some("value must be 31 characters long"),
        "BCRYPT" => None,
        "SHA-512" | "SHA-256" | "SHA-1" | "MD5" | "PBKDF2" if !encoded("value") => Some("value must be Base64"),
        "PBKDF2" if !encoded("salt") => Some("salt must be Base64"),
        "PBKDF2" if number("iterationCount") < 4096 => Some("iterationCount must be 4096 or more"),
        "PBKDF2" if number("keySize") == 0 => Some("keySize is required"),
        "PBKDF2" if !matches!(text("digestAlgorithm"), "SHA256_HMAC" | "SHA512_HMAC") => {
            Some("digestAlgorithm must be SHA256_HMAC or SHA512_HMAC")
        }
        "SHA-512" | "SHA-256" | "SHA-1" | "MD5" if hash.get("salt").is_none() => None,
        "SHA-512" | "SHA-256" | "SHA-1" | "MD5" if !encoded("salt") => Some("salt must be Base64"),
        "SHA-512" | "SHA-256" | "SHA-1" | "MD5" if !matches!(text("saltOrder"), "PREFIX" | "POSTFIX") => {
            Some("saltOrder must be PREFIX or POSTFIX")
        }
        "SHA-512" | "SHA-256" | "SHA-1" | "MD5" | "PBKDF2" => None,
        _ => Some("algorithm is none of BCRYPT, SHA-512, SHA-256, SHA-1, MD5, PBKDF2"),
    }
}
