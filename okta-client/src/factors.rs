//! Factors: what people prove with, besides the password, that it is them.

mod model;
mod new;
mod phone;
mod push;

pub use crate::id::{FactorId, FactorTransactionId};
use std::time::Duration;

use client_core::{Call, Path, Request, Safety, SecretString};
use serde_json::json;

pub use self::model::{
    Factor, FactorActivation, FactorEnrollment, FactorProfile, FactorProvider, FactorResult, FactorStatus,
    FactorType, FactorVerification, SecurityQuestion, SupportedFactor,
};
pub use self::new::{ActivationProof, EnrollFactor, NewFactor, Proof};
pub use self::phone::PhoneNumber;
pub use self::push::PushChallenge;
use crate::Error;
use crate::client::OktaClient;
use crate::id::UserId;
use crate::list::Listing;
use crate::users::absent_is_none;

/// One person's factors, from [`OktaClient::factors`]. Scopes `okta.users.read` and `okta.users.manage`.
#[derive(Debug, Clone, Copy)]
pub struct Factors<'a> {
    client: &'a OktaClient,
    user: &'a UserId,
}

impl<'a> Factors<'a> {
    pub(crate) fn new(client: &'a OktaClient, user: &'a UserId) -> Self {
        Self { client, user }
    }

    /// `GET /api/v1/users/{id}/factors`: what the person is enrolled in.
    ///
    /// Okta leaves out what the enrolment policy does not allow, and judges that by the network *you* call from: a factor
    /// can be missing here that the person has.
    pub fn list(&self) -> Listing<Factor> {
        self.client.list("okta.factors.list", Request::get(self.factors()))
    }

    /// `GET /api/v1/users/{id}/factors/catalog`: what the person may be enrolled in, by the same policy.
    pub fn catalog(&self) -> Listing<SupportedFactor> {
        self.client.list("okta.factors.catalog", Request::get(self.factors().word("catalog")))
    }

    /// `GET /api/v1/users/{id}/factors/questions`: the security questions to choose from. For API tokens only: no scope
    /// lets a service app call it.
    pub fn questions(&self) -> Listing<SecurityQuestion> {
        self.client.list("okta.factors.questions", Request::get(self.factors().word("questions")))
    }

    /// `GET /api/v1/users/{id}/factors/{factor}`.
    ///
    /// # Errors
    ///
    /// `is_not_found` if there is none.
    pub async fn get(&self, factor: &FactorId) -> Result<Factor, Error> {
        self.client.send(&Call::read("okta.factors.get", Request::get(self.factor(factor)))).await
    }

    /// Like [`get`](Self::get), with `None` if there is none.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn find(&self, factor: &FactorId) -> Result<Option<Factor>, Error> {
        absent_is_none(self.get(factor).await)
    }

    /// `POST /api/v1/users/{id}/factors`: enrols the person. Most kinds are then `PENDING_ACTIVATION`, until
    /// [`activate`](Self::activate) with the code that Okta sent.
    ///
    /// ```
    /// use okta_client::factors::{ActivationProof, NewFactor};
    ///
    /// # async fn run(okta: okta_client::OktaClient, ann: okta_client::users::UserId, code: okta_client::SecretString)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let factors = okta.factors(&ann);
    /// let sms = factors.enroll(NewFactor::sms("+15554151337".parse()?)).send().await?;
    /// factors.activate(&sms.id, &ActivationProof::PassCode(code)).await?;
    /// # Ok(()) }
    /// ```
    pub fn enroll(&self, factor: NewFactor) -> EnrollFactor<'a> {
        EnrollFactor { client: self.client, request: Request::post(self.factors()), factor }
    }

    /// `POST /api/v1/users/{id}/factors/{factor}/lifecycle/activate`: finishes an enrolment. Five tries in five minutes;
    /// after that no code can be sent again either.
    ///
    /// # Errors
    ///
    /// [`OktaProblem::is_wrong_pass_code`](crate::OktaProblem::is_wrong_pass_code). Never repeated after an ambiguous
    /// end: a try would be lost. [Look](Self::get) whether the factor is active.
    pub async fn activate(&self, factor: &FactorId, proof: &ActivationProof) -> Result<Factor, Error> {
        let request = Request::post(self.factor(factor).word("lifecycle/activate")).json(&proof.body());
        self.client.send(&Call::write("okta.factors.activate", Safety::Unsafe, request)).await
    }

    /// `POST /api/v1/users/{id}/factors/{factor}/lifecycle/activate` of a `push` factor that is not active yet: a new
    /// picture to scan, after the first one's time is over. The factor is active once the person scanned it:
    /// [look](Self::get).
    ///
    /// # Errors
    ///
    /// As every call. Never repeated after an ambiguous end.
    pub async fn activate_push(&self, factor: &FactorId) -> Result<FactorActivation, Error> {
        let request = Request::post(self.factor(factor).word("lifecycle/activate"));
        let call = Call::done("okta.factors.activate_push", Safety::Unsafe, request);
        self.client.send(&call.with_decode(FactorActivation::read)).await
    }

    /// `POST /api/v1/users/{id}/factors/{factor}/resend`: sends the code of an enrolment once more, by way of another
    /// carrier, of `sms`, `call` and `email`.
    ///
    /// # Errors
    ///
    /// `is_conflict` (E0000109) within 30 s of the last message. Never repeated after an ambiguous end.
    pub async fn resend(&self, factor: &Factor) -> Result<(), Error> {
        let body = json!({
            "factorType": factor.factor_type, "provider": factor.provider, "profile": factor.profile,
        });
        let request = Request::post(self.factor(&factor.id).word("resend")).json(&body);
        self.client.send(&Call::done("okta.factors.resend", Safety::Unsafe, request)).await
    }

    /// `POST /api/v1/users/{id}/factors/{factor}/verify` with no proof: sends a code by `sms`, `call` or `email`, or
    /// makes a challenge for a `webauthn` factor. For a push there is [`verify_push`](Self::verify_push).
    pub fn challenge(&self, factor: &FactorId) -> ChallengeFactor<'a> {
        ChallengeFactor { client: self.client, request: Request::post(self.factor(factor).word("verify")) }
    }

    /// `POST /api/v1/users/{id}/factors/{factor}/verify`: whether it is the person. Only
    /// [`FactorResult::Success`] is a yes.
    ///
    /// # Errors
    ///
    /// [`OktaProblem::is_wrong_pass_code`](crate::OktaProblem::is_wrong_pass_code); `is_wrong_state` (E0000069) after too
    /// many wrong ones. Never repeated by itself: a code is good once.
    pub async fn verify(&self, factor: &FactorId, proof: &Proof) -> Result<FactorVerification, Error> {
        let request = Request::post(self.factor(factor).word("verify")).json(&proof.body());
        let call = Call::done("okta.factors.verify", Safety::Unsafe, request);
        self.client.send(&call.with_decode(FactorVerification::read)).await
    }

    /// `PUT /api/v1/users/{id}/factors/{factor}` of a `question` factor: another question and answer. Okta takes it,
    /// though its reference does not have it.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn replace_question(
        &self,
        factor: &FactorId,
        question: &str,
        answer: &SecretString,
    ) -> Result<Factor, Error> {
        let body = json!({ "profile": new::answered(question, answer) });
        let mut request = Request::put(self.factor(factor)).json(&body);
        if let Some(flaw) = new::too_short(answer) {
            request = request.flawed(flaw);
        }
        self.client.send(&Call::write("okta.factors.replace_question", Safety::Idempotent, request)).await
    }

    /// `DELETE /api/v1/users/{id}/factors/{factor}`: the person can no longer use it, and may be enrolled anew. With a
    /// `push` or `signed_nonce` factor the device's other Okta Verify factors go too. All factors at once:
    /// [`reset_factors`](crate::users::Users::reset_factors).
    ///
    /// # Errors
    ///
    /// `is_not_found` if it is gone. Not possible once the account is DEPROVISIONED.
    pub async fn delete(&self, factor: &FactorId, number: RecoveryNumber) -> Result<(), Error> {
        let mut request = Request::delete(self.factor(factor));
        if number == RecoveryNumber::Remove {
            request = request.query("removeRecoveryEnrollment", true);
        }
        self.client.send(&Call::done("okta.factors.delete", Safety::Idempotent, request)).await
    }

    fn factors(&self) -> Path {
        Path::new("/api/v1/users").value(self.user).word("factors")
    }

    fn factor(&self, factor: &FactorId) -> Path {
        self.factors().value(factor)
    }
}

/// What becomes of a phone number that is a factor and, besides, a way to recover the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryNumber {
    /// It stays a way to recover the account.
    Keep,
    /// It goes: whoever has the phone now can recover nothing with it.
    Remove,
}

/// A code to be sent.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct ChallengeFactor<'a> {
    client: &'a OktaClient,
    request: Request,
}

impl ChallengeFactor<'_> {
    /// How long the code is good: 1 second to a day. Okta's default is 5 minutes.
    pub fn code_lifetime(mut self, lifetime: Duration) -> Self {
        self.request = new::with_lifetime(self.request, lifetime);
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
    /// `is_conflict` (E0000109) within 30 s of the last message to the number. Never repeated by itself: each is a new
    /// code.
    pub async fn send(self) -> Result<FactorVerification, Error> {
        let call = Call::done("okta.factors.challenge", Safety::Unsafe, self.request);
        self.client.send(&call.with_decode(FactorVerification::read)).await
    }
}
