//! Pushes: asking a person on the device, and waiting for the answer.

use std::time::Duration;

use client_core::{Call, Path, Request, Safety};
use serde_json::json;

use super::Factors;
use super::model::FactorVerification;
use crate::Error;
use crate::id::{FactorId, FactorTransactionId};

/// Okta asks for 2 to 4 seconds between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_secs(3);

/// A push lives for 5 minutes; Okta says when it is over, if a little late.
const LONGEST_WAIT: Duration = Duration::from_secs(330);

/// What a person is asked on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushChallenge {
    /// Yes or no.
    Approve,
    /// To pick the number that you tell them ([`FactorVerification::number`]). Whoever does not hear you cannot say yes by
    /// habit, so this is the one for calls to a help desk.
    NumberMatching,
}

impl Factors<'_> {
    /// `POST /api/v1/users/{id}/factors/{factor}/verify` of a `push` factor: asks the person on the device, and answers
    /// at once. [`await_push`](Self::await_push) waits for what the person says.
    ///
    /// ```
    /// use okta_client::factors::{FactorResult, PushChallenge};
    ///
    /// # async fn run(okta: okta_client::OktaClient, caller: okta_client::users::UserId, factor: okta_client::factors::FactorId)
    /// # -> Result<(), okta_client::Error> {
    /// let factors = okta.factors(&caller);
    /// let push = factors.verify_push(&factor, PushChallenge::NumberMatching).await?;
    /// println!("Please pick {:?}", push.number());
    /// let is_caller = factors.await_push(&factor, &push).await?.result == FactorResult::Success;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As every call. Never repeated by itself: the person would be asked twice.
    pub async fn verify_push(
        &self,
        factor: &FactorId,
        challenge: PushChallenge,
    ) -> Result<FactorVerification, Error> {
        let mut request = Request::post(self.factor(factor).word("verify"));
        if challenge == PushChallenge::NumberMatching {
            request = request.json(&json!({ "useNumberMatchingChallenge": true }));
        }
        let call = Call::done("okta.factors.verify_push", Safety::Unsafe, request);
        self.client.send(&call.with_decode(FactorVerification::read)).await
    }

    /// `GET /api/v1/users/{id}/factors/{factor}/transactions/{transaction}`: how a push stands now.
    ///
    /// # Errors
    ///
    /// `is_not_found` if it was never there, or is long over.
    pub async fn push_status(
        &self,
        factor: &FactorId,
        transaction: &FactorTransactionId,
    ) -> Result<FactorVerification, Error> {
        let path: Path = self.factor(factor).word("transactions").value(transaction);
        let call = Call::<FactorVerification>::read("okta.factors.push_status", Request::get(path));
        self.client.send(&call.with_decode(FactorVerification::read)).await
    }

    /// Waits for what the person says to a push, for the 5 minutes that it lives, and looks every 3 seconds: 100 calls
    /// at most, from the bucket of all calls on users. Still waiting after that, it answers so.
    ///
    /// Giving up the wait does not call the push off: the person may still answer it.
    ///
    /// # Errors
    ///
    /// As [`push_status`](Self::push_status). A push that names no transaction cannot be waited for.
    pub async fn await_push(
        &self,
        factor: &FactorId,
        push: &FactorVerification,
    ) -> Result<FactorVerification, Error> {
        if !push.result.is_waiting() {
            return Ok(push.clone());
        }
        let transaction = push.transaction().ok_or_else(|| {
            Error::protocol(
                "okta.factors.push_status",
                "a push that waits, and no link to ask what became of it",
            )
        })?;
        let clock = self.client.clock();
        let began = clock.monotonic();
        loop {
            clock.sleep(BETWEEN_LOOKS).await;
            let now = self.push_status(factor, &transaction).await?;
            if !now.result.is_waiting() || clock.monotonic().saturating_sub(began) >= LONGEST_WAIT {
                return Ok(now);
            }
        }
    }
}
