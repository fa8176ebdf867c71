//! Calls that travel inside another one, in a batch: judged, read and repeated like those that go by themselves.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, USER_AGENT};

use super::{Dialect, Failed, Pipeline};
use crate::backoff::Delays;
use crate::error::{Class, Delivery, Error, Failure};
use crate::pacer::Signal;
use crate::request::Call;
use crate::response::Response;
use crate::retry::{self, RetryPolicy, Verdict};

/// Why a call that went inside another one failed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FailedPart<P> {
    /// The error.
    pub error: Error<P>,
    /// Whether it is safe to send the call again, and that may help. Not if a rate limit is closed for longer than
    /// [`RetryPolicy::rate_limit_wait`].
    pub again: bool,
    /// For how long a rate limit is closed, if that is why.
    pub closed_for: Duration,
}

impl<D: Dialect> Pipeline<D> {
    /// What a call sends, to be put into another one. Without credentials: those are the other's.
    ///
    /// # Errors
    ///
    /// If it cannot be sent at all.
    pub fn enclosed<T>(&self, call: &Call<T>) -> Result<http::Request<Bytes>, Error<D::Problem>> {
        let streamed = || Failure::InvalidRequest("a streamed body cannot go inside another call".into());
        let prepared = match &call.request.upload {
            Some(_) => Err(streamed()),
            None => self.prepare(&call.request),
        };
        let mut parts = prepared.map_err(|flaw| {
            let bucket = self.shared.dialect.bucket(&call.request).name.into_owned();
            self.report(call, bucket, *Failed::before_sending(flaw), 0, Duration::ZERO)
        })?;
        parts.headers.remove(USER_AGENT);
        parts.headers.remove(CONTENT_LENGTH);
        Ok(http::Request::from_parts(parts, call.request.body.clone().unwrap_or_default()))
    }

    /// Judges and reads an answer that came inside another one, as if it had come by itself. `unsure`: an earlier
    /// attempt may have acted.
    ///
    /// # Errors
    ///
    /// If it is no success, or cannot be read.
    pub fn answered<T>(
        &self,
        call: &Call<T>,
        response: Response,
        unsure: bool,
    ) -> Result<(T, Response), FailedPart<D::Problem>> {
        let signal = self.shared.dialect.signal(&response);
        let mut failed = match self.classify(call, response, &signal, None) {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        if failed.is(Class::RateLimited) {
            failed.closed_for = closed_for(&signal);
        }
        if unsure && let Some(gone) = failed.gone(call) {
            return Ok(gone);
        }
        Err(self.failed_part(call, *failed, unsure))
    }

    /// Judges that a call which went inside another one has no answer of its own.
    #[must_use]
    pub fn unanswered<T>(
        &self,
        call: &Call<T>,
        failure: Failure<D::Problem>,
        delivery: Delivery,
        unsure: bool,
    ) -> FailedPart<D::Problem> {
        let closed_for = Duration::ZERO;
        let failed = Failed { failure, delivery, response: None, pause: None, closed_for, remedy: None };
        self.failed_part(call, failed, unsure)
    }

    /// How patient it is with calls that it makes.
    #[must_use]
    pub fn retry(&self) -> &RetryPolicy {
        &self.shared.retry
    }

    /// The delays before repetitions, one after the other.
    pub fn delays(&self) -> impl FnMut() -> Duration {
        let mut delays = Delays::new(self.shared.retry.base, self.shared.retry.cap);
        move || delays.next(&*self.shared.randomness)
    }

    fn failed_part<T>(
        &self,
        call: &Call<T>,
        mut failed: Failed<D::Problem>,
        unsure: bool,
    ) -> FailedPart<D::Problem> {
        let closed_for = failed.closed_for;
        let may_help = retry::judge(&failed.failure, failed.delivery, call.safety, None) != Verdict::GiveUp;
        let again = may_help && closed_for <= self.shared.retry.rate_limit_wait;
        failed.remember(unsure);
        let bucket = self.shared.dialect.bucket(&call.request).name.into_owned();
        FailedPart { error: self.report(call, bucket, failed, 1, Duration::ZERO), again, closed_for }
    }
}

/// For how long a refusal closes what it counts: a part stands in no line of the pacer, which would know.
fn closed_for(signal: &Signal) -> Duration {
    match signal {
        Signal::Pause(pause) | Signal::Rule { pause: Some(pause), .. } => *pause,
        _ => Duration::ZERO,
    }
}
