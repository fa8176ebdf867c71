//! DPoP (RFC 9449): each request proves that its sender holds the key that the token is bound to.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use client_core::{CredentialError, jws};
use http::{HeaderMap, Uri};
use serde_json::{Value, json};

/// The key that tokens are bound to: made for this client, never stored, not the app's own.
pub(super) struct ProofKey {
    pair: EcdsaKeyPair,
    public: Value,
}

/// What one proof says.
pub(super) struct Proof<'a> {
    pub(super) method: &'a str,
    pub(super) uri: &'a Uri,
    /// Seconds since the epoch, by Okta's clock.
    pub(super) now: i64,
    pub(super) jti: String,
    pub(super) nonce: Option<String>,
    /// The hash of the token that goes with it; none at the token endpoint.
    pub(super) token_hash: Option<&'a str>,
}

impl ProofKey {
    /// A new key on P-256: signing with it costs a tenth of RSA. It comes from the system's own generator and
    /// not from the client's `Randomness`, since a key must be no test's to choose.
    pub(super) fn generate() -> Result<Self, CredentialError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| CredentialError::new("no DPoP key can be made"))?;
        // 4, then both coordinates.
        let point = pair.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        Ok(Self { public: json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y }), pair })
    }

    pub(super) fn prove(&self, proof: Proof<'_>) -> Result<String, CredentialError> {
        let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.public });
        let mut claims = json!({
            "htm": proof.method, "htu": target(proof.uri), "iat": proof.now, "jti": proof.jti,
        });
        if let Some(nonce) = proof.nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(hash) = proof.token_hash {
            claims["ath"] = hash.into();
        }
        jws::compact(&header, &claims, |message| {
            let signature = self.pair.sign(&SystemRandom::new(), message);
            Ok(signature.map_err(|_| CredentialError::new("the DPoP key cannot sign"))?.as_ref().to_vec())
        })
    }
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofKey(hidden)")
    }
}

/// The URL as a proof names it: Okta refuses one with a query.
fn target(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or("https");
    let authority = uri.authority().map_or("", http::uri::Authority::as_str);
    format!("{scheme}://{authority}{}", uri.path())
}

/// `ath`: how a proof names the token.
pub(super) fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}

/// The newest nonce that one part of the server gave. They change once a day, at any answer.
#[derive(Default)]
pub(super) struct Nonce(Mutex<Option<String>>);

impl Nonce {
    pub(super) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the answer's nonce; says whether there was one.
    pub(super) fn learn(&self, headers: &HeaderMap) -> bool {
        let Some(nonce) = headers.get("dpop-nonce").and_then(|value| value.to_str().ok()) else {
            return false;
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(nonce.to_owned());
        true
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce")
    }
}
