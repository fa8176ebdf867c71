//! What only your own systems can do: hand a secret to a person, and tell whether it is really them who asks.
//!
//! Both are given to [`Systems`], since plans are stored and secrets must not be.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac as _};
use okta_client::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::action::ActionError;
use crate::systems::Systems;

/// The hooks that were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hooks {
    courier: Option<(Arc<dyn Courier>, SecretString)>,
    verifier: Option<Arc<dyn Verifier>>,
}

impl Systems {
    /// The same, with somebody to hand secrets to people. `key` makes the digests that prove what was handed over:
    /// keep it where auditors can use it, and away from the journal.
    #[must_use]
    pub fn with_courier(mut self, courier: impl Courier + 'static, key: SecretString) -> Self {
        self.hooks.courier = Some((Arc::new(courier), key));
        self
    }

    /// The same, with somebody to tell whether it is the person who asks.
    #[must_use]
    pub fn with_verifier(mut self, verifier: impl Verifier + 'static) -> Self {
        self.hooks.verifier = Some(Arc::new(verifier));
        self
    }

    /// Whether secrets can be handed to people.
    pub(crate) fn has_courier(&self) -> bool {
        self.hooks.courier.is_some()
    }

    pub(crate) fn courier(&self) -> Result<&dyn Courier, ActionError> {
        let (courier, _) = self.hooks.courier.as_ref().ok_or_else(no_courier)?;
        Ok(courier.as_ref())
    }

    /// Seals a secret for the courier.
    pub(crate) fn parcel(
        &self,
        id: String,
        login: &str,
        kind: &'static str,
        secret: SecretString,
    ) -> Result<Parcel, ActionError> {
        let (_, key) = self.hooks.courier.as_ref().ok_or_else(no_courier)?;
        Ok(Parcel::new(key, id, login, kind, secret))
    }

    pub(crate) fn verifier(&self) -> Option<&dyn Verifier> {
        self.hooks.verifier.as_deref()
    }
}

fn no_courier() -> ActionError {
    ActionError::permanent("nobody is there to hand a secret over: give one with `Systems::with_courier`")
}

/// Hands secrets to people: a sealed letter, a privileged desk, a text message to the number on file.
///
/// What it is given is in its hands alone: no plan, journal, ledger, log or ticket ever has it.
#[async_trait]
pub trait Courier: fmt::Debug + Send + Sync {
    /// Takes a parcel, once and for good: when this returns `Ok`, the person will get it, and
    /// [`delivered`](Self::delivered) knows its digest. After an error it must be as if it had never come.
    ///
    /// # Errors
    ///
    /// If the person cannot be reached. The secret is void to them then: a person has to see to it.
    async fn deliver(&self, parcel: Parcel) -> Result<(), HookError>;

    /// The digest of the parcel with this id, if it was taken. Asked instead of issuing anything twice, after a
    /// crash too: keep the answer where it outlives the process.
    ///
    /// # Errors
    ///
    /// If it cannot be told now. It is asked again later.
    async fn delivered(&self, parcel: &str) -> Result<Option<String>, HookError>;

    /// The shared secret of the hardware token with this serial number, as its maker gave it.
    ///
    /// # Errors
    ///
    /// If it is not known: without tokens there is nothing to implement.
    async fn token_secret(&self, serial: &str) -> Result<SecretString, HookError> {
        Err(HookError(format!("this courier knows no secret of a token {serial}")))
    }
}

/// A secret on its way to a person. Its `Debug` does not show it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Parcel {
    /// Which it is: run and step. The same step has the same parcel, after a crash too.
    pub id: String,
    /// Who is to get it, by login.
    pub login: String,
    /// What it is, for people: `temporary password`.
    pub kind: &'static str,
    /// The secret.
    pub secret: SecretString,
    /// Until when it is good, if Okta said so.
    pub expires_at: Option<DateTime<Utc>>,
    /// What proves later that this very secret was handed over, to whoever has the secret and the key:
    /// HMAC-SHA256, in hex. This, and nothing else of the secret, is journalled.
    pub digest: String,
}

impl Parcel {
    fn new(key: &SecretString, id: String, login: &str, kind: &'static str, secret: SecretString) -> Self {
        let digest = keyed_digest(key, secret.expose_secret());
        Self { id, login: login.to_owned(), kind, secret, expires_at: None, digest }
    }
}

/// A plain hash of a code of eight characters tells the code to whoever tries them all; with a key it does not.
fn keyed_digest(key: &SecretString, secret: &str) -> String {
    use fmt::Write as _;
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(secret.as_bytes());
    mac.finalize().into_bytes().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Tells whether whoever asks is the person: a push with a number to be read out, a video call, a badge at the desk.
#[async_trait]
pub trait Verifier: fmt::Debug + Send + Sync {
    /// What is known by now about who is behind this request. Asked again and again, until it is proven or refused,
    /// or nobody waits any more: begin at the first question, and answer at once.
    ///
    /// # Errors
    ///
    /// If it cannot be told now. It is asked again later.
    async fn verdict(&self, question: &Question) -> Result<Verdict, HookError>;
}

/// Whose identity is to be proven, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Question {
    /// The person, by login.
    pub login: String,
    /// The ticket that asks: `INC0010001`.
    pub ticket: String,
    /// The run that waits.
    pub run: String,
}

impl Question {
    pub(crate) fn new(login: &str, ticket: &str, run: &str) -> Self {
        Self { login: login.to_owned(), ticket: ticket.to_owned(), run: run.to_owned() }
    }
}

/// What a verifier found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the person.
    Proven(Proof),
    /// Nobody knows yet.
    Pending,
    /// It is not, or it cannot be shown: why, for those who work on the ticket.
    Refused(String),
}

/// That it is the person. Good for [a quarter of an hour](crate::operation::self_service::PROOF_LASTS).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The verifier's own key for it. On the ticket stands a hash of it.
    pub id: String,
    /// How it was shown: `push with number`, `manager`.
    pub method: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Why a hook could not do what it was asked to. Without any secret: it is journalled, and stands on tickets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HookError(pub String);

impl From<HookError> for ActionError {
    /// A hook that cannot tell now is asked again.
    fn from(error: HookError) -> Self {
        Self::transient(error.0, okta_client::Delivery::NotSent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_rfc_4231_and_a_parcel_shows_no_secret() {
        let parcel = Parcel::new(
            &"Jefe".into(),
            "run/step".into(),
            "ann@acme.example",
            "temporary password",
            "what do ya want for nothing?".into(),
        );
        assert_eq!(parcel.digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert!(!format!("{parcel:?}").contains("nothing"));
    }
}
