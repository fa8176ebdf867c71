//! Calls that travel inside another one, in a batch: judged, read and repeated like those that go by themselves.

use std::time::Duration;

use super::{Dialect, Failed, Pipeline};
use crate::error::{Delivery, Error, Failure};
use crate::pacer::Signal;
use crate::request::Call;
use crate::response::Response;
use crate::retry::{self, Verdict};

/// Why a call that went inside another one failed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FailedPart<P> {
    /// The error.
    pub error: Error<P>,
    /// Whether it is safe to send the call again, and that may help.
    pub again: bool,
}

impl<D: Dialect> Pipeline<D> {
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
        let failed = match self.classify(call, response, Signal::None, None) {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
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
        let failed = Failed { failure, delivery, response: None, pause: None, remedy: None };
        self.failed_part(call, failed, unsure)
    }

    fn failed_part<T>(
        &self,
        call: &Call<T>,
        mut failed: Failed<D::Problem>,
        unsure: bool,
    ) -> FailedPart<D::Problem> {
        let again = retry::judge(&failed.failure, failed.delivery, call.safety, None) != Verdict::GiveUp;
        failed.remember(unsure);
        let bucket = self.shared.dialect.bucket(&call.request).name.into_owned();
        FailedPart { error: self.report(call, bucket, failed, 1, Duration::ZERO), again }
    }
}
