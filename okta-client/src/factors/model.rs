//! What Okta answers about factors.

use chrono::{DateTime, Utc};
use client_core::{DecodeError, Response, SecretString, open_enum};
use serde_json::{Value, json};

use crate::entity::{Extra, entity};
use crate::id::{FactorId, FactorTransactionId};

entity! {
    /// A factor that a person is enrolled in.
    ///
    /// Until it is activated, the one that an enrolment answers holds what activates it (a shared secret, a QR code's
    /// link) in `extra`, as Okta sent it. `Debug` does not show that; writing the factor as JSON does.
    pub struct Factor shows(id, factor_type, provider, status) {
        /// Okta's id.
        pub id: FactorId = "id",
        /// What it is.
        pub factor_type: FactorType = "factorType",
        /// Whose it is.
        pub provider: FactorProvider = "provider",
        /// Whether it can be used.
        pub status: FactorStatus = "status",
        /// The provider's name, which differs from `provider` for on-premises ones.
        pub vendor_name: Option<String> = opt "vendorName",
        /// When the person was enrolled.
        pub created: Option<DateTime<Utc>> = time "created",
        /// When it last changed.
        pub last_updated: Option<DateTime<Utc>> = time "lastUpdated",
        /// Number, address, device or question.
        pub profile: Option<FactorProfile> = opt "profile",
    }
}

impl Factor {
    /// What the person needs to finish the enrolment: only in the answer to [`enroll`](crate::factors::Factors::enroll), and
    /// only of some kinds.
    #[must_use]
    pub fn activation(&self) -> Option<FactorActivation> {
        let embedded = self.extra.get("_embedded")?;
        let activation = embedded.get("activation").filter(|activation| activation.is_object())?;
        Some(FactorActivation::of(activation, &embedded))
    }
}

/// What the person needs to finish an enrolment. Whoever has it can finish it in the person's place.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FactorActivation {
    /// What an app that makes codes is fed with, in Base32.
    pub shared_secret: Option<SecretString>,
    /// Where the picture is that the person's device scans.
    pub qr_code: Option<SecretString>,
    /// Until when it is good. Later, begin anew with [`activate_push`](crate::factors::Factors::activate_push).
    pub expires_at: Option<DateTime<Utc>>,
    /// How far a push enrolment is.
    pub result: Option<FactorResult>,
}

impl FactorActivation {
    /// The picture's link is inside of the activation, or `beside` it.
    fn of(activation: &Value, beside: &Value) -> Self {
        const PICTURE: &str = "/_links/qrcode/href";
        let secret = |value: &Value| value.as_str().map(SecretString::from);
        let text = |name: &str| activation.get(name)?.as_str();
        Self {
            shared_secret: activation.get("sharedSecret").and_then(secret),
            qr_code: activation.pointer(PICTURE).or_else(|| beside.pointer(PICTURE)).and_then(secret),
            expires_at: text("expiresAt").and_then(|time| time.parse().ok()),
            result: text("factorResult").map(FactorResult::from),
        }
    }

    /// An activation, or a factor with one.
    pub(super) fn read(response: &Response) -> Result<Self, DecodeError> {
        let body: Value = response.json()?;
        let activation = body.pointer("/_embedded/activation").unwrap_or(&body);
        Ok(Self::of(activation, &body["_embedded"]))
    }
}

entity! {
    /// What is known of a factor. What only some kinds have is in `extra`.
    pub struct FactorProfile shows() {
        /// Of `sms` and `call`.
        pub phone_number: Option<String> = opt "phoneNumber",
        /// Of `email`.
        pub email: Option<String> = opt "email",
        /// Of apps and tokens: what the factor is tied to, mostly the person's login or a serial number.
        pub credential_id: Option<String> = opt "credentialId",
        /// Of `push`: the device's name.
        pub name: Option<String> = opt "name",
        /// Of `push`: `IOS`, `ANDROID`.
        pub platform: Option<String> = opt "platform",
        /// Of `webauthn`: the authenticator's name.
        pub authenticator_name: Option<String> = opt "authenticatorName",
        /// Of `question`: its key.
        pub question: Option<String> = opt "question",
        /// Of `question`: as the person reads it.
        pub question_text: Option<String> = opt "questionText",
    }
}

entity! {
    /// A kind of factor that the person may be enrolled in. Phones that are known already are in `extra`, under
    /// `_embedded`.
    pub struct SupportedFactor shows(factor_type, provider, enrollment, status) {
        /// What it is.
        pub factor_type: FactorType = "factorType",
        /// Whose it is.
        pub provider: FactorProvider = "provider",
        /// The provider's name.
        pub vendor_name: Option<String> = opt "vendorName",
        /// Whether the person must be enrolled.
        pub enrollment: Option<FactorEnrollment> = opt "enrollment",
        /// Whether the person is.
        pub status: Option<FactorStatus> = opt "status",
    }
}

entity! {
    /// A question that a person may choose.
    pub struct SecurityQuestion shows(question) {
        /// Its key: `disliked_food`.
        pub question: String = "question",
        /// As the person reads it.
        pub question_text: Option<String> = opt "questionText",
    }
}

entity! {
    /// How a verification stands.
    pub struct FactorVerification shows(result, expires_at) {
        /// What came of it. Only [`FactorResult::Success`] is a yes.
        pub result: FactorResult = "factorResult",
        /// Until when the person can answer.
        pub expires_at: Option<DateTime<Utc>> = time "expiresAt",
        /// What Okta has to say about it.
        pub message: Option<String> = opt "factorMessage",
    }
}

impl FactorVerification {
    /// With number matching, while it waits: the number to tell the person, who picks it on the device.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        let embedded = self.extra.get("_embedded")?;
        let number = embedded.pointer("/challenge/correctAnswer")?;
        match number.as_u64() {
            Some(number) => number.try_into().ok(),
            None => number.as_str()?.parse().ok(),
        }
    }

    /// Of a push: what to ask for with [`push_status`](crate::factors::Factors::push_status). Only in the answer that begins it
    /// and while it waits.
    #[must_use]
    pub fn transaction(&self) -> Option<FactorTransactionId> {
        transaction(&self.extra)
    }

    /// A 202 has no result: its error object says that the person has not answered yet.
    pub(super) fn read(response: &Response) -> Result<Self, DecodeError> {
        let body: Value = response.json()?;
        if body["errorCode"] == "E0000070" {
            let waiting = json!({ "factorResult": FactorResult::Waiting.as_str() });
            return Self::from_value(&waiting);
        }
        response.json()
    }

    fn from_value(value: &Value) -> Result<Self, DecodeError> {
        client_core::read_json(value.to_string().as_bytes())
    }
}

/// The last part of the link to poll.
fn transaction(extra: &Extra) -> Option<FactorTransactionId> {
    let links = extra.get("_links")?;
    let link = links.pointer("/poll/href")?.as_str()?;
    let path = link.split(['?', '#']).next()?;
    path.rsplit_once("/transactions/")?.1.parse().ok()
}

open_enum! {
    /// What a factor is.
    pub enum FactorType {
        /// A call that says a code.
        Call = "call",
        /// A mail with a code.
        Email = "email",
        /// Okta Verify asks on the device.
        Push = "push",
        /// A security question.
        Question = "question",
        /// Okta FastPass. Cannot be enrolled by API.
        SignedNonce = "signed_nonce",
        /// A text message with a code.
        Sms = "sms",
        /// A token of RSA or Symantec.
        Token = "token",
        /// A key that types its code.
        HardwareToken = "token:hardware",
        /// A token of the org's own kind.
        Hotp = "token:hotp",
        /// An app that makes codes.
        Totp = "token:software:totp",
        /// A security key of the old kind.
        U2f = "u2f",
        /// A web page of another vendor.
        Web = "web",
        /// A passkey or security key.
        WebAuthn = "webauthn",
    }
}

open_enum! {
    /// Whose a factor is.
    pub enum FactorProvider {
        /// The org's own kind.
        Custom = "CUSTOM",
        /// Duo.
        Duo = "DUO",
        /// Whatever speaks FIDO.
        Fido = "FIDO",
        /// Google Authenticator.
        Google = "GOOGLE",
        /// Okta.
        Okta = "OKTA",
        /// RSA SecurID.
        Rsa = "RSA",
        /// Symantec VIP.
        Symantec = "SYMANTEC",
        /// YubiKey.
        Yubico = "YUBICO",
    }
}

open_enum! {
    /// Whether a factor can be used.
    pub enum FactorStatus {
        /// It can.
        Active = "ACTIVE",
        /// Switched off.
        Disabled = "DISABLED",
        /// The person is enrolled.
        Enrolled = "ENROLLED",
        /// Its time is over.
        Expired = "EXPIRED",
        /// Switched off.
        Inactive = "INACTIVE",
        /// The person is not enrolled.
        NotSetup = "NOT_SETUP",
        /// The enrolment is not finished.
        PendingActivation = "PENDING_ACTIVATION",
    }
}

open_enum! {
    /// Whether a person must be enrolled.
    pub enum FactorEnrollment {
        /// May.
        Optional = "OPTIONAL",
        /// Must.
        Required = "REQUIRED",
    }
}

open_enum! {
    /// What came of a verification. Treat an unknown one as no.
    pub enum FactorResult {
        /// A code was sent, or is asked for.
        Challenge = "CHALLENGE",
        /// The person has not answered yet.
        Waiting = "WAITING",
        /// It is the person.
        Success = "SUCCESS",
        /// The person said no: perhaps somebody else asked.
        Rejected = "REJECTED",
        /// The person did not answer in time.
        Timeout = "TIMEOUT",
        /// The answer came too late, or the device's clock is wrong.
        TimeWindowExceeded = "TIME_WINDOW_EXCEEDED",
        /// The code was used before.
        PasscodeReplayed = "PASSCODE_REPLAYED",
        /// It is not the person.
        Failed = "FAILED",
        /// Okta could not do it.
        Error = "ERROR",
        /// The challenge is too old.
        Expired = "EXPIRED",
        /// Called off, as Okta's list of results spells it.
        Canceled = "CANCELED",
        /// Called off, as Okta's older documents spell it.
        Cancelled = "CANCELLED",
    }
}

impl FactorResult {
    /// Whether the person may still answer.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        *self == Self::Waiting
    }
}
