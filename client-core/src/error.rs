//! One error for a call: where it failed, whether the other side may have acted, and what may help.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use http::StatusCode;

use crate::auth::CredentialError;
use crate::request::Safety;
use crate::response::DecodeError;
use crate::transport::TransportError;

/// Whether the other side may have acted on a request that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It never left, or never arrived.
    NotSent,
    /// It was answered, and the answer says that nothing was done.
    Refused,
    /// It may or may not have been done: look before doing anything again.
    Unknown,
    /// It was done, though what the answer said could not be read.
    Done,
}

/// What a refusal means to a caller, whatever the vendor calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// The request is wrong; sending it again changes nothing.
    Invalid,
    /// The credentials are missing, wrong or expired.
    Unauthenticated,
    /// The credentials are good and may not do this.
    Forbidden,
    /// There is no such thing, or none that the credentials may see.
    NotFound,
    /// It is so already, or somebody else was faster.
    Conflict,
    /// The thing is in a state in which this cannot be done.
    WrongState,
    /// The other side is busy with the thing and did nothing: the same request will do later.
    Busy,
    /// A rate limit was hit and nothing was done.
    RateLimited,
    /// The other side failed, and may have acted before it did.
    Unavailable,
    /// The other side gave up on what would take it too long, and may have acted before it did. The same request would
    /// meet the same end now; a smaller one may not.
    Exhausted,
}

/// What a vendor says of a request it refused.
pub trait Problem: std::error::Error + Clone + Send + Sync + 'static {
    /// What it means.
    fn class(&self) -> Class;
}

/// Why a call failed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Failure<P> {
    /// The request could not be made from what was given.
    InvalidRequest(String),
    /// There are no credentials to send.
    Credentials(CredentialError),
    /// The rate limit that the call draws from refused others, and is closed for longer than
    /// [`RetryPolicy::rate_limit_wait`](crate::RetryPolicy::rate_limit_wait). See [`Error::retry_at`].
    Limited,
    /// The connection failed, or the answer did not come.
    Transport(TransportError),
    /// The other side refused.
    Api(P),
    /// The answer was a success that cannot be read.
    Decode(DecodeError),
    /// The answer was no answer of this API, though its status says success: a login page, a hibernating
    /// instance, half a document.
    Protocol(String),
    /// The answer is a proper success, and shows that it was not done as asked: rows that the query does not
    /// allow, a field that did not take its value. See [`Pipeline::distrust`](crate::Pipeline::distrust).
    Distrusted(P),
}

/// A call that failed, after all the attempts that were safe.
///
/// `Display` is one line without the vendor's text; the source has that. Neither shows a body, a query or a
/// credential.
#[derive(Clone)]
pub struct Error<P>(Box<Report<P>>);

#[derive(Clone)]
pub(crate) struct Report<P> {
    pub(crate) call: &'static str,
    pub(crate) safety: Safety,
    pub(crate) origin: String,
    pub(crate) request: String,
    pub(crate) failure: Failure<P>,
    pub(crate) delivery: Delivery,
    pub(crate) status: Option<StatusCode>,
    pub(crate) request_id: Option<String>,
    pub(crate) bucket: Option<String>,
    pub(crate) retry_at: Option<DateTime<Utc>>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
}

impl<P: Problem> Error<P> {
    pub(crate) fn new(report: Report<P>) -> Self {
        Self(Box::new(report))
    }

    /// An error of a call that was refused before anything was sent.
    #[must_use]
    pub fn invalid(call: &'static str, why: impl Into<String>) -> Self {
        Self::before_sending(call, Failure::InvalidRequest(why.into()))
    }

    /// An error about an answer that arrived but cannot be right, nor will be the next time.
    #[must_use]
    pub fn protocol(call: &'static str, what: impl Into<String>) -> Self {
        let mut error = Self::before_sending(call, Failure::Protocol(what.into()));
        error.0.delivery = Delivery::Done;
        error
    }

    /// An error about what several answers, each of them proper, do not tell together.
    #[must_use]
    pub fn distrusted(call: &'static str, problem: P) -> Self {
        let mut error = Self::before_sending(call, Failure::Distrusted(problem));
        error.0.delivery = Delivery::Done;
        error
    }

    fn before_sending(call: &'static str, failure: Failure<P>) -> Self {
        Self::new(Report {
            call,
            safety: Safety::Read,
            origin: String::new(),
            request: String::new(),
            failure,
            delivery: Delivery::NotSent,
            status: None,
            request_id: None,
            bucket: None,
            retry_at: None,
            attempts: 0,
            elapsed: Duration::ZERO,
        })
    }

    /// The same, for another reason.
    pub(crate) fn because(mut self, failure: Failure<P>) -> Self {
        self.0.failure = failure;
        self
    }

    /// The endpoint: `okta.users.get`.
    #[must_use]
    pub fn call(&self) -> &'static str {
        self.0.call
    }

    /// Why it failed.
    #[must_use]
    pub fn failure(&self) -> &Failure<P> {
        &self.0.failure
    }

    /// What the vendor said, if it answered with an error, or what its success was found to hide.
    #[must_use]
    pub fn problem(&self) -> Option<&P> {
        match &self.0.failure {
            Failure::Api(problem) | Failure::Distrusted(problem) => Some(problem),
            _ => None,
        }
    }

    /// Whether the other side may have acted. After [`Delivery::Unknown`] read before you write again.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// The last answer's status.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The vendor's id of the last answer (`X-Okta-Request-Id`, `X-Transaction-ID`): give it to support, or
    /// look it up in the System Log or the transaction log.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The rate-limit bucket that the call draws from; none if it was refused before anybody asked.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        self.0.bucket.as_deref()
    }

    /// When the rate limit lets calls through again, if one that said so is why it failed.
    #[must_use]
    pub fn retry_at(&self) -> Option<DateTime<Utc>> {
        self.0.retry_at
    }

    /// How often it was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    fn is(&self, class: Class) -> bool {
        self.problem().is_some_and(|problem| problem.class() == class)
    }

    /// There is no such thing, or none that these credentials may see.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.is(Class::NotFound)
    }

    /// It is so already, or somebody else was faster: read, then decide.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.is(Class::Conflict)
    }

    /// The thing is in a state that does not allow this: read its state, then decide.
    #[must_use]
    pub fn is_wrong_state(&self) -> bool {
        self.is(Class::WrongState)
    }

    /// The credentials are missing, wrong or expired: nothing will work until they are mended.
    #[must_use]
    pub fn is_unauthenticated(&self) -> bool {
        self.is(Class::Unauthenticated)
            || matches!(&self.0.failure, Failure::Credentials(error) if !error.is_passing())
    }

    /// The credentials lack a scope or a role.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.is(Class::Forbidden)
    }

    /// A rate limit held for longer than the client was willing to wait.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.is(Class::RateLimited) || matches!(self.0.failure, Failure::Limited)
    }

    /// Whether the same call may succeed later: an outage, a limit, a busy thing. The client has already
    /// tried as often as its policy allows, so wait minutes, not seconds. What the call may have done
    /// meanwhile is another question: see [`delivery`](Self::delivery).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match &self.0.failure {
            Failure::Transport(error) => !error.is_lasting(),
            Failure::Credentials(error) => error.is_passing(),
            // Without a status it is not an answer that is odd but what a client made of good ones.
            Failure::Protocol(_) => self.0.status.is_some(),
            Failure::Limited => true,
            Failure::Api(problem) => {
                matches!(
                    problem.class(),
                    Class::Busy | Class::RateLimited | Class::Unavailable | Class::Exhausted
                )
            }
            _ => false,
        }
    }
}

impl<P> fmt::Display for Error<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.0;
        write!(f, "{}", report.call)?;
        if !report.request.is_empty() {
            write!(f, " ({})", report.request)?;
        }
        match &report.failure {
            Failure::InvalidRequest(why) => write!(f, " was not sent: {why}")?,
            Failure::Credentials(_) => f.write_str(" was not sent: no credentials")?,
            Failure::Transport(_) if report.status.is_some() => {
                write!(f, " lost the rest of the answer from {}", report.origin)?;
            }
            Failure::Limited => f.write_str(" was not sent: its rate limit is closed")?,
            Failure::Transport(_) => write!(f, " got no answer from {}", report.origin)?,
            Failure::Api(_) => f.write_str(" was refused")?,
            Failure::Decode(_) => f.write_str(" got an answer that cannot be read")?,
            Failure::Protocol(what) => write!(f, " got no proper answer: {what}")?,
            Failure::Distrusted(_) => f.write_str(" got an answer that does not fit what was asked")?,
        }
        if let Some(status) = report.status {
            write!(f, ", status {}", status.as_u16())?;
        }
        if let Some(id) = &report.request_id {
            write!(f, ", request {id}")?;
        }
        if let Some(at) = report.retry_at {
            write!(f, ", to be tried again at {}", at.to_rfc3339_opts(SecondsFormat::Secs, true))?;
        }
        if report.attempts > 1 {
            write!(f, ", {} attempts in {:.1?}", report.attempts, report.elapsed)?;
        }
        if report.delivery == Delivery::Unknown && report.safety != Safety::Read {
            f.write_str("; it may have been done all the same")?;
        }
        Ok(())
    }
}

impl<P: fmt::Debug> fmt::Debug for Error<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report {
            call,
            safety: _,
            origin,
            request,
            failure,
            delivery,
            status,
            request_id,
            bucket,
            retry_at,
            attempts,
            elapsed,
        } = &*self.0;
        f.debug_struct("Error")
            .field("call", call)
            .field("origin", origin)
            .field("request", request)
            .field("failure", failure)
            .field("delivery", delivery)
            .field("status", status)
            .field("request_id", request_id)
            .field("bucket", bucket)
            .field("retry_at", retry_at)
            .field("attempts", attempts)
            .field("elapsed", elapsed)
            .finish()
    }
}

impl<P: Problem> std::error::Error for Error<P> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.failure {
            Failure::InvalidRequest(_) | Failure::Limited | Failure::Protocol(_) => None,
            Failure::Credentials(error) => Some(error),
            Failure::Transport(error) => Some(error),
            Failure::Api(problem) | Failure::Distrusted(problem) => Some(problem),
            Failure::Decode(error) => Some(error),
        }
    }
}
