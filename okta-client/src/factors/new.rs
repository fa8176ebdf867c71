//! What is sent: factors to be, and proofs.

use std::fmt;
use std::time::Duration;

use client_core::{Call, ExposeSecret as _, Request, Safety, SecretString};
use serde_json::{Value, json};

use super::model::{Factor, FactorProvider, FactorType};
use super::phone::PhoneNumber;
use crate::Error;
use crate::client::OktaClient;

/// The shortest answer to a security question that Okta takes.
const SHORTEST_ANSWER: usize = 4;

/// A factor to enrol a person in. Its `Debug` shows kind and provider only.
#[derive(Clone)]
pub struct NewFactor {
    kind: FactorType,
    provider: FactorProvider,
    details: Details,
}

/// What a kind needs.
#[derive(Clone)]
enum Details {
    Nothing,
    Phone(PhoneNumber, Option<String>),
    Email(String),
    Question(String, SecretString),
    /// A token's serial number, and the codes that it shows.
    Token(Option<String>, SecretString, Option<SecretString>),
    Hotp(String, SecretString),
}

impl NewFactor {
    fn new(kind: FactorType, provider: FactorProvider, details: Details) -> Self {
        Self { kind, provider, details }
    }

    /// Text messages. A person has one such number; another is refused (E0000001), see
    /// [`replacing_phone`](EnrollFactor::replacing_phone).
    #[must_use]
    pub fn sms(number: PhoneNumber) -> Self {
        Self::new(FactorType::Sms, FactorProvider::Okta, Details::Phone(number, None))
    }

    /// Calls, with an extension to be dialled if there is one.
    #[must_use]
    pub fn call(number: PhoneNumber, extension: Option<String>) -> Self {
        Self::new(FactorType::Call, FactorProvider::Okta, Details::Phone(number, extension))
    }

    /// Mails to the account's primary or secondary address.
    #[must_use]
    pub fn email(address: impl Into<String>) -> Self {
        Self::new(FactorType::Email, FactorProvider::Okta, Details::Email(address.into()))
    }

    /// A security question by its key ([`questions`](crate::factors::Factors::questions) has them), and its answer of at least 4
    /// characters. Active at once.
    #[must_use]
    pub fn question(question: impl Into<String>, answer: SecretString) -> Self {
        Self::new(FactorType::Question, FactorProvider::Okta, Details::Question(question.into(), answer))
    }

    /// Codes from Okta Verify. The answer has the secret for the app: [`Factor::activation`].
    #[must_use]
    pub fn totp() -> Self {
        Self::new(FactorType::Totp, FactorProvider::Okta, Details::Nothing)
    }

    /// Codes from Google Authenticator, or any app that does the same. The answer has the secret for the app:
    /// [`Factor::activation`].
    #[must_use]
    pub fn google_totp() -> Self {
        Self::new(FactorType::Totp, FactorProvider::Google, Details::Nothing)
    }

    /// Questions on the device by Okta Verify. The answer has the picture to scan: [`Factor::activation`]; the factor is
    /// `ACTIVE` once the person did.
    #[must_use]
    pub fn push() -> Self {
        Self::new(FactorType::Push, FactorProvider::Okta, Details::Nothing)
    }

    /// A `YubiKey` in its mode of one-time passwords, with a code that it typed. The org must have its secret.
    #[must_use]
    pub fn yubikey(pass_code: SecretString) -> Self {
        let details = Details::Token(None, pass_code, None);
        Self::new(FactorType::HardwareToken, FactorProvider::Yubico, details)
    }

    /// A token of the org's own kind: the id of its *factor profile*, from the Admin Console, and the token's secret.
    /// Must be [activated at once](EnrollFactor::activated).
    #[must_use]
    pub fn hotp(factor_profile: impl Into<String>, shared_secret: SecretString) -> Self {
        let details = Details::Hotp(factor_profile.into(), shared_secret);
        Self::new(FactorType::Hotp, FactorProvider::Custom, details)
    }

    /// An RSA `SecurID` token by its credential id, with the code that it shows.
    #[must_use]
    pub fn rsa(credential_id: impl Into<String>, pass_code: SecretString) -> Self {
        let details = Details::Token(Some(credential_id.into()), pass_code, None);
        Self::new(FactorType::Token, FactorProvider::Rsa, details)
    }

    /// A Symantec VIP token by its credential id, with the code that it shows and the one after that.
    #[must_use]
    pub fn symantec(
        credential_id: impl Into<String>,
        pass_code: SecretString,
        next_pass_code: SecretString,
    ) -> Self {
        let details = Details::Token(Some(credential_id.into()), pass_code, Some(next_pass_code));
        Self::new(FactorType::Token, FactorProvider::Symantec, details)
    }

    /// A passkey or security key. What the person's browser needs to make one is in the answer's `extra`, under
    /// `_embedded`.
    #[must_use]
    pub fn webauthn() -> Self {
        Self::new(FactorType::WebAuthn, FactorProvider::Fido, Details::Nothing)
    }

    fn body(&self) -> Value {
        let mut body = json!({ "factorType": self.kind, "provider": self.provider });
        match &self.details {
            Details::Nothing => {}
            Details::Phone(number, extension) => {
                body["profile"] = json!({ "phoneNumber": number.as_str() });
                if let Some(extension) = extension {
                    body["profile"]["phoneExtension"] = json!(extension);
                }
            }
            Details::Email(address) => body["profile"] = json!({ "email": address }),
            Details::Question(question, answer) => body["profile"] = answered(question, answer),
            Details::Token(credential, code, next) => {
                if let Some(credential) = credential {
                    body["profile"] = json!({ "credentialId": credential });
                }
                body["verify"] = json!({ "passCode": code.expose_secret() });
                if let Some(next) = next {
                    body["verify"]["nextPassCode"] = json!(next.expose_secret());
                }
            }
            Details::Hotp(profile, secret) => {
                body["factorProfileId"] = json!(profile);
                body["profile"] = json!({ "sharedSecret": secret.expose_secret() });
            }
        }
        body
    }

    fn flaw(&self) -> Option<&'static str> {
        match &self.details {
            Details::Question(_, answer) => too_short(answer),
            _ => None,
        }
    }
}

impl fmt::Debug for NewFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewFactor")
            .field("kind", &self.kind)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

pub(super) fn answered(question: &str, answer: &SecretString) -> Value {
    json!({ "question": question, "answer": answer.expose_secret() })
}

pub(super) fn too_short(answer: &SecretString) -> Option<&'static str> {
    let short = answer.expose_secret().chars().count() < SHORTEST_ANSWER;
    short.then_some("an answer to a security question has at least 4 characters")
}

/// How a person proves to hold a factor.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Proof {
    /// The code that the person got, or reads from app or token.
    PassCode(SecretString),
    /// The answer to the security question.
    Answer(SecretString),
    /// What the browser made of the challenge, each part in Base64.
    WebAuthn {
        /// The client data.
        client_data: String,
        /// The authenticator data.
        authenticator_data: String,
        /// The signature.
        signature_data: String,
    },
}

impl Proof {
    pub(super) fn body(&self) -> Value {
        match self {
            Self::PassCode(code) => json!({ "passCode": code.expose_secret() }),
            Self::Answer(answer) => json!({ "answer": answer.expose_secret() }),
            Self::WebAuthn { client_data, authenticator_data, signature_data } => json!({
                "clientData": client_data, "authenticatorData": authenticator_data,
                "signatureData": signature_data,
            }),
        }
    }
}

/// How a person finishes an enrolment.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ActivationProof {
    /// The code that the person got, or reads from the app.
    PassCode(SecretString),
    /// What the browser made of the challenge, each part in Base64.
    WebAuthn {
        /// The attestation.
        attestation: String,
        /// The client data.
        client_data: String,
    },
}

impl ActivationProof {
    pub(super) fn body(&self) -> Value {
        match self {
            Self::PassCode(code) => json!({ "passCode": code.expose_secret() }),
            Self::WebAuthn { attestation, client_data } => {
                json!({ "attestation": attestation, "clientData": client_data })
            }
        }
    }
}

/// An enrolment, to be refined and sent.
#[derive(Debug, Clone)]
#[must_use = "nobody is enrolled before `send`"]
pub struct EnrollFactor<'a> {
    pub(super) client: &'a OktaClient,
    pub(super) request: Request,
    pub(super) factor: NewFactor,
}

impl EnrollFactor<'_> {
    /// Active at once, with no code to be typed in: for `sms`, `call`, `email` and `token:hotp`. Whoever says so vouches
    /// that number or address are the person's.
    pub fn activated(mut self) -> Self {
        self.request = self.request.query("activate", true);
        self
    }

    /// Takes the place of the number that is registered; not of one that is an active factor, which must be
    /// [deleted](crate::factors::Factors::delete) first.
    pub fn replacing_phone(mut self) -> Self {
        self.request = self.request.query("updatePhone", true);
        self
    }

    /// How long the code is good: 1 second to a day. Okta's default is 5 minutes.
    pub fn code_lifetime(mut self, lifetime: Duration) -> Self {
        self.request = with_lifetime(self.request, lifetime);
        self
    }

    /// The id of the org's own SMS template. One that there is not is passed over.
    pub fn template(mut self, id: impl Into<String>) -> Self {
        self.request = self.request.query("templateId", id.into());
        self
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// E0000001 if another number is enrolled; `is_conflict` (E0000109) within 30 s of the last message to the number.
    /// Never repeated after an ambiguous end: list the factors.
    pub async fn send(self) -> Result<Factor, Error> {
        let mut request = self.request.json(&self.factor.body());
        if let Some(flaw) = self.factor.flaw() {
            request = request.flawed(flaw);
        }
        self.client.send(&Call::write("okta.factors.enroll", Safety::Unsafe, request)).await
    }
}

pub(super) fn with_lifetime(request: Request, lifetime: Duration) -> Request {
    match lifetime.as_secs() {
        seconds @ 1..=86_400 if lifetime.subsec_nanos() == 0 => {
            request.query("tokenLifetimeSeconds", seconds)
        }
        _ => request.flawed("a code is good for 1 to 86400 whole seconds"),
    }
}
