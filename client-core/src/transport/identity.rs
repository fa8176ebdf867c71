//! The certificate that this side shows.

use std::fmt;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::secret::{ExposeSecret as _, SecretString};

/// A certificate and its private key, for mutual TLS.
#[derive(Clone)]
pub struct ClientIdentity {
    /// Both, as one PEM text.
    pem: SecretString,
}

/// Why a certificate and its key cannot be used. Never shows a part of the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the client certificate cannot be used: {0}")]
pub struct InvalidIdentity(&'static str);

impl ClientIdentity {
    /// A chain of certificates, this side's own first and then those that lead to one that the other side trusts, and
    /// the private key of the first: PEM both. Whether the two belong together is seen when the network is set up.
    ///
    /// # Errors
    ///
    /// If there is no certificate in the one, or no readable private key in the other.
    pub fn new(chain: &str, private_key: &SecretString) -> Result<Self, InvalidIdentity> {
        let key = private_key.expose_secret();
        if chain.contains("PRIVATE KEY-----") {
            return Err(InvalidIdentity("the chain holds a private key: give that on its own"));
        }
        let certificates = CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<Vec<_>, _>>();
        match certificates {
            Ok(certificates) if certificates.is_empty() => {
                return Err(InvalidIdentity(
                    "the chain holds no certificate: it would begin with -----BEGIN CERTIFICATE-----",
                ));
            }
            Ok(_) => {}
            Err(_) => return Err(InvalidIdentity("the chain's PEM is damaged: are all lines there?")),
        }
        if key.contains("ENCRYPTED") {
            return Err(InvalidIdentity(
                "its key is encrypted: decrypt it first, `openssl pkey -in key.pem`",
            ));
        }
        PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| InvalidIdentity("its key is no private key as PEM, or damaged"))?;
        Ok(Self { pem: format!("{chain}\n{key}\n").into() })
    }

    pub(super) fn pem(&self) -> &[u8] {
        self.pem.expose_secret().as_bytes()
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity(hidden)")
    }
}
