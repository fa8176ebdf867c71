//! Hashes of passwords that people had elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client_core::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

/// A password of which only the hash is known. Okta checks the first sign-in by it and then makes its own.
#[derive(Debug, Clone)]
pub struct PasswordHash(Form);

#[derive(Debug, Clone)]
enum Form {
    Bcrypt { whole: SecretString },
    Digest { algorithm: &'static str, value: SecretString, salt: Salt },
    Pbkdf2 { digest: Pbkdf2Digest, salt: SecretString, value: SecretString, iterations: u32, key_size: u32 },
}

/// What stood beside the password when it was hashed, in Base64.
#[derive(Debug, Clone)]
pub enum Salt {
    /// Nothing.
    None,
    /// This, before it.
    Prefix(SecretString),
    /// This, after it.
    Postfix(SecretString),
}

/// What PBKDF2 was run with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pbkdf2Digest {
    /// HMAC-SHA-256
    Sha256,
    /// HMAC-SHA-512
    Sha512,
}

/// Okta takes no PBKDF2 of fewer.
const FEWEST_ITERATIONS: u32 = 4096;

impl PasswordHash {
    /// BCRYPT, in the form in which libraries write it: `$2b$10$` with 22 characters of salt and 31 of hash.
    #[must_use]
    pub fn bcrypt(hash: SecretString) -> Self {
        Self(Form::Bcrypt { whole: hash })
    }

    /// SHA-512, in Base64.
    #[must_use]
    pub fn sha512(hash: SecretString, salt: Salt) -> Self {
        Self(Form::Digest { algorithm: "SHA-512", value: hash, salt })
    }

    /// SHA-256, in Base64.
    #[must_use]
    pub fn sha256(hash: SecretString, salt: Salt) -> Self {
        Self(Form::Digest { algorithm: "SHA-256", value: hash, salt })
    }

    /// SHA-1, in Base64.
    #[must_use]
    pub fn sha1(hash: SecretString, salt: Salt) -> Self {
        Self(Form::Digest { algorithm: "SHA-1", value: hash, salt })
    }

    /// MD5, in Base64.
    #[must_use]
    pub fn md5(hash: SecretString, salt: Salt) -> Self {
        Self(Form::Digest { algorithm: "MD5", value: hash, salt })
    }

    /// PBKDF2: salt and hash in Base64, at least 4096 iterations, the key's size in bytes.
    #[must_use]
    pub fn pbkdf2(
        digest: Pbkdf2Digest,
        salt: SecretString,
        hash: SecretString,
        iterations: u32,
        key_size: u32,
    ) -> Self {
        Self(Form::Pbkdf2 { digest, salt, value: hash, iterations, key_size })
    }

    /// What is wrong with it, if anything is: Okta would say so only when the person first signs in.
    pub(in crate::users) fn flaw(&self) -> Option<String> {
        let fault = match &self.0 {
            Form::Bcrypt { whole } if Bcrypt::read(whole.expose_secret()).is_none() => {
                "value: a BCRYPT hash is $2b$, two digits from 01 to 20, $, and 53 of ./A-Za-z0-9"
            }
            Form::Digest { value, .. } if !is_base64(value) => "value: it is no Base64",
            Form::Digest { salt: Salt::Prefix(salt) | Salt::Postfix(salt), .. } if !is_base64(salt) => {
                "salt: it is no Base64"
            }
            Form::Pbkdf2 { iterations, .. } if *iterations < FEWEST_ITERATIONS => {
                "iterationCount: Okta takes 4096 or more"
            }
            Form::Pbkdf2 { key_size: 0, .. } => "keySize: none",
            Form::Pbkdf2 { value, .. } if !is_base64(value) => "value: it is no Base64",
            Form::Pbkdf2 { salt, .. } if !is_base64(salt) => "salt: it is no Base64",
            _ => return None,
        };
        Some(format!("credentials.password.hash.{fault}"))
    }

    pub(in crate::users) fn body(&self) -> Value {
        match &self.0 {
            Form::Bcrypt { whole } => Bcrypt::read(whole.expose_secret()).map_or(Value::Null, |hash| {
                json!({
                    "algorithm": "BCRYPT", "workFactor": hash.work_factor, "salt": hash.salt, "value": hash.value,
                })
            }),
            Form::Digest { algorithm, value, salt } => {
                let mut body = json!({ "algorithm": algorithm, "value": value.expose_secret() });
                let (salt, order) = match salt {
                    Salt::None => return body,
                    Salt::Prefix(salt) => (salt, "PREFIX"),
                    Salt::Postfix(salt) => (salt, "POSTFIX"),
                };
                body["salt"] = salt.expose_secret().into();
                body["saltOrder"] = order.into();
                body
            }
            Form::Pbkdf2 { digest, salt, value, iterations, key_size } => json!({
                "algorithm": "PBKDF2", "digestAlgorithm": digest.as_str(), "salt": salt.expose_secret(),
                "value": value.expose_secret(), "iterationCount": iterations, "keySize": key_size,
            }),
        }
    }
}

impl Pbkdf2Digest {
    fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA256_HMAC",
            Self::Sha512 => "SHA512_HMAC",
        }
    }
}

/// The parts of a BCRYPT hash.
struct Bcrypt<'a> {
    work_factor: u8,
    salt: &'a str,
    value: &'a str,
}

impl<'a> Bcrypt<'a> {
    fn read(hash: &'a str) -> Option<Self> {
        let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|kind| hash.strip_prefix(kind))?;
        let (work_factor, rest) = rest.split_once('$')?;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/');
        if work_factor.len() != 2 || rest.len() != 53 || !rest.chars().all(fits) {
            return None;
        }
        let work_factor = work_factor.parse().ok().filter(|factor| (1..=20).contains(factor))?;
        let (salt, value) = rest.split_at(22);
        Some(Self { work_factor, salt, value })
    }
}

fn is_base64(text: &SecretString) -> bool {
    let text = text.expose_secret();
    !text.is_empty() && STANDARD.decode(text).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SALT: &str = "rwh>3H1g1vfoUgL0tRHHm.";

    #[test]
    fn a_bcrypt_hash_comes_apart_where_okta_wants_it() {
        let hash = "$2b$10$rwh13H1g1vfoUgL0tRHHm.cdpEg/D/8nmeVDjaVz7Ky5F2u1ToVD6";
        assert_eq!(
            PasswordHash::bcrypt(hash.into()).body(),
            json!({
                "algorithm": "BCRYPT", "workFactor": 10, "salt": "rwh13H1g1vfoUgL0tRHHm.",
                "value": "cdpEg/D/8nmeVDjaVz7Ky5F2u1ToVD6",
            })
        );
    }

    #[test]
    fn a_hash_that_could_never_match_is_told() {
        let rest = "c".repeat(31);
        for (hash, place) in [
            (PasswordHash::bcrypt(format!("$2b$10${SALT}{rest}").into()), "value"),
            (PasswordHash::bcrypt(format!("$2b$21${}", "c".repeat(53)).into()), "value"),
            (PasswordHash::bcrypt(format!("$2x$10${}", "c".repeat(53)).into()), "value"),
            (PasswordHash::sha256("not base64!".into(), Salt::None), "value"),
            (PasswordHash::md5("aGk=".into(), Salt::Prefix("?".into())), "salt"),
            (
                PasswordHash::pbkdf2(Pbkdf2Digest::Sha256, "aGk=".into(), "aGk=".into(), 4095, 32),
                "iterationCount",
            ),
            (PasswordHash::pbkdf2(Pbkdf2Digest::Sha256, "aGk=".into(), "aGk=".into(), 4096, 0), "keySize"),
        ] {
            let flaw = hash.flaw().unwrap();
            assert!(flaw.starts_with(&format!("credentials.password.hash.{place}:")), "{flaw}");
        }
        assert_eq!(PasswordHash::sha512("aGk=".into(), Salt::None).flaw(), None);
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_for_bcrypt(text in ".*") {
            let _ = PasswordHash::bcrypt(text.into()).flaw();
        }
    }
}
