//! A private key, in every form that people paste.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;

use crate::auth::CredentialError;

/// What a statement is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with SHA-256: what an RSA key signs with unless told otherwise.
    Rs256,
    /// RSA with SHA-384.
    Rs384,
    /// RSA with SHA-512.
    Rs512,
    /// ECDSA on P-256.
    Es256,
    /// ECDSA on P-384.
    Es384,
    /// ECDSA on P-521.
    Es512,
}

impl Algorithm {
    /// Its `alg`: `RS256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let all = [Self::Rs256, Self::Rs384, Self::Rs512, Self::Es256, Self::Es384, Self::Es512];
        all.into_iter().find(|algorithm| algorithm.name() == name)
    }

    fn rsa(self) -> Option<&'static dyn RsaEncoding> {
        match self {
            Self::Rs256 => Some(&RSA_PKCS1_SHA256),
            Self::Rs384 => Some(&RSA_PKCS1_SHA384),
            Self::Rs512 => Some(&RSA_PKCS1_SHA512),
            _ => None,
        }
    }
}

/// Why a private key cannot be used. Says what would be right, and never shows a part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the private key cannot be used: {0}")]
pub struct InvalidKey(String);

fn invalid(why: impl Into<String>) -> InvalidKey {
    InvalidKey(why.into())
}

/// The curves, with the bytes of a coordinate.
const CURVES: [(&str, usize, Algorithm, &EcdsaSigningAlgorithm); 3] = [
    ("P-256", 32, Algorithm::Es256, &ECDSA_P256_SHA256_FIXED_SIGNING),
    ("P-384", 48, Algorithm::Es384, &ECDSA_P384_SHA384_FIXED_SIGNING),
    ("P-521", 66, Algorithm::Es512, &ECDSA_P521_SHA512_FIXED_SIGNING),
];

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair, Algorithm),
}

/// A key that can sign, and what it signs with.
pub struct SigningKey {
    pair: Pair,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// The `kid` that came with a JWK.
    pub id: Option<String>,
}

impl SigningKey {
    /// Reads PEM (PKCS#1, PKCS#8, SEC1; line breaks may be literal `\n`) or a JWK. It signs with what is `wanted`, or
    /// the JWK's `alg`, or RS256 for an RSA key; a curve has its own.
    ///
    /// # Errors
    ///
    /// If it is no private key that can sign with that. The error never shows a part of it.
    pub fn read(text: &str, wanted: Option<Algorithm>) -> Result<Self, InvalidKey> {
        let text = text.trim().trim_matches(['"', '\'']).trim();
        if text.is_empty() {
            return Err(invalid("it is empty"));
        }
        let (pair, named, id) = if text.starts_with('{') { jwk(text)? } else { (pem(text)?, None, None) };
        let algorithm = match (&pair, wanted.or(named)) {
            (Pair::Rsa(_), None) => Algorithm::Rs256,
            (Pair::Rsa(_), Some(wanted)) if wanted.rsa().is_some() => wanted,
            (Pair::Ec(_, own), None) => *own,
            (Pair::Ec(_, own), Some(wanted)) if wanted == *own => wanted,
            (Pair::Rsa(_), Some(wanted)) => {
                return Err(invalid(format!("an RSA key cannot sign with {}", wanted.name())));
            }
            (Pair::Ec(_, own), Some(wanted)) => {
                let (own, wanted) = (own.name(), wanted.name());
                return Err(invalid(format!("a key on its curve signs with {own}, not with {wanted}")));
            }
        };
        Ok(Self { pair, algorithm, id })
    }

    /// The signature of a message, as JWS wants it.
    ///
    /// # Errors
    ///
    /// If the system has no randomness left.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CredentialError> {
        let failed = |_| CredentialError::new("the private key cannot sign");
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding = self.algorithm.rsa().unwrap_or(&RSA_PKCS1_SHA256);
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Pair::Ec(pair, _) => {
                Ok(pair.sign(&SystemRandom::new(), message).map_err(failed)?.as_ref().to_vec())
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, hidden)", self.algorithm.name())
    }
}

fn pem(text: &str) -> Result<Pair, InvalidKey> {
    // Environment variables and JSON files hold a PEM in one line.
    let text = text.replace("\\r", "").replace("\\n", "\n");
    if text.contains("ENCRYPTED") {
        return Err(invalid("it is encrypted: decrypt it first, `openssl pkey -in key.pem`"));
    }
    if !text.contains("-----BEGIN") {
        return Err(invalid("it is neither PEM (it would begin with -----BEGIN) nor a JWK (with {)"));
    }
    if !text.contains("PRIVATE KEY-----") {
        return Err(invalid("it holds no private key: a public key or a certificate is of no use here"));
    }
    let der = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| {
        invalid("its PEM is damaged: are all lines there, each on a line of its own or parted by \\n?")
    })?;
    match &der {
        PrivateKeyDer::Pkcs1(der) => rsa(RsaKeyPair::from_der(der.secret_pkcs1_der())),
        PrivateKeyDer::Sec1(der) => ec(der.secret_sec1_der()),
        PrivateKeyDer::Pkcs8(der) => match ec(der.secret_pkcs8_der()) {
            Ok(pair) => Ok(pair),
            Err(_) => rsa(RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())),
        },
        _ => Err(invalid("it is of a kind that is not known here: use RSA, P-256, P-384 or P-521")),
    }
}

fn rsa(pair: Result<RsaKeyPair, aws_lc_rs::error::KeyRejected>) -> Result<Pair, InvalidKey> {
    pair.map(|pair| Pair::Rsa(Box::new(pair))).map_err(|error| {
        invalid(format!("use RSA of 2048 to 8192 bits, or EC on P-256, P-384 or P-521 ({error})"))
    })
}

fn ec(der: &[u8]) -> Result<Pair, InvalidKey> {
    CURVES
        .iter()
        .find_map(|(_, _, algorithm, curve)| {
            Some(Pair::Ec(EcdsaKeyPair::from_private_key_der(curve, der).ok()?, *algorithm))
        })
        .ok_or_else(|| invalid("its curve is none of P-256, P-384, P-521, or it is damaged"))
}

/// A private JWK: the pair, and its `alg` and `kid` if it has them.
fn jwk(text: &str) -> Result<(Pair, Option<Algorithm>, Option<String>), InvalidKey> {
    // What serde says could quote the key.
    let jwk: Value =
        serde_json::from_str(text).map_err(|_| invalid("it begins like a JWK and is no JSON"))?;
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let number = |name: &str| {
        let digits =
            text(name).ok_or_else(|| invalid(format!("the JWK has no `{name}`: is it the public half?")))?;
        let digits = URL_SAFE_NO_PAD.decode(digits.trim_end_matches('='));
        digits.map_err(|_| invalid(format!("the JWK's `{name}` is not base64url")))
    };
    if jwk.get("keys").is_some() {
        return Err(invalid("it is a set of keys: give one of them"));
    }
    let pair = match text("kty") {
        Some("RSA") => {
            let components = aws_lc_rs::rsa::KeyPairComponents {
                public_key: aws_lc_rs::rsa::PublicKeyComponents { n: number("n")?, e: number("e")? },
                d: number("d")?,
                p: number("p")?,
                q: number("q")?,
                dP: number("dp")?,
                dQ: number("dq")?,
                qInv: number("qi")?,
            };
            rsa(RsaKeyPair::from_components(&components))?
        }
        Some("EC") => {
            let named = text("crv").unwrap_or_default();
            let (_, size, algorithm, curve) = CURVES
                .iter()
                .find(|(name, ..)| *name == named)
                .ok_or_else(|| invalid("the JWK's `crv` is none of P-256, P-384, P-521"))?;
            let padded = |name: &str| {
                let digits = number(name)?;
                let missing = size.checked_sub(digits.len());
                let missing = missing.ok_or_else(|| invalid(format!("the JWK's `{name}` is too long")))?;
                Ok([vec![0; missing], digits].concat())
            };
            let public = [vec![4], padded("x")?, padded("y")?].concat();
            let pair = EcdsaKeyPair::from_private_key_and_public_key(curve, &padded("d")?, &public);
            Pair::Ec(pair.map_err(|_| invalid("the JWK's numbers do not belong together"))?, *algorithm)
        }
        _ => return Err(invalid("the JWK's `kty` is neither RSA nor EC")),
    };
    let algorithm =
        match text("alg") {
            None => None,
            Some(name) => Some(Algorithm::parse(name).ok_or_else(|| {
                invalid("the JWK's `alg` is none of RS256, RS384, RS512, ES256, ES384, ES512")
            })?),
        };
    Ok((pair, algorithm, text("kid").map(str::to_owned)))
}

#[cfg(test)]
mod tests;
