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
    match text(hash, "algorithm") {
        "BCRYPT" => bcrypt(hash),
        "PBKDF2" => pbkdf2(hash),
        "SHA-512" | "SHA-256" | "SHA-1" | "MD5" => digest(hash),
        _ => Some("algorithm is none of BCRYPT, SHA-512, SHA-256, SHA-1, MD5, PBKDF2"),
    }
}

fn bcrypt(hash: &Value) -> Option<&'static str> {
    if !(1..=20).contains(&number(hash, "workFactor")) {
        return Some("workFactor must be from 1 to 20");
    }
    if text(hash, "salt").len() != 22 {
        return Some("salt must be 22 characters long");
    }
    (text(hash, "value").len() != 31).then_some("value must be 31 characters long")
}

fn pbkdf2(hash: &Value) -> Option<&'static str> {
    if !is_encoded(hash, "value") || !is_encoded(hash, "salt") {
        return Some("value and salt must be Base64");
    }
    if number(hash, "iterationCount") < 4096 || number(hash, "keySize") == 0 {
        return Some("iterationCount must be 4096 or more, and keySize is required");
    }
    let known = matches!(text(hash, "digestAlgorithm"), "SHA256_HMAC" | "SHA512_HMAC");
    (!known).then_some("digestAlgorithm must be SHA256_HMAC or SHA512_HMAC")
}

fn digest(hash: &Value) -> Option<&'static str> {
    if !is_encoded(hash, "value") {
        return Some("value must be Base64");
    }
    let salted = hash.get("salt").is_some();
    if salted && !is_encoded(hash, "salt") {
        return Some("salt must be Base64");
    }
    let placed = matches!(text(hash, "saltOrder"), "PREFIX" | "POSTFIX");
    (salted && !placed).then_some("saltOrder must be PREFIX or POSTFIX")
}

fn text<'a>(hash: &'a Value, name: &str) -> &'a str {
    hash.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(hash: &Value, name: &str) -> u64 {
    hash.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn is_encoded(hash: &Value, name: &str) -> bool {
    !text(hash, name).is_empty() && STANDARD.decode(text(hash, name)).is_ok()
}
