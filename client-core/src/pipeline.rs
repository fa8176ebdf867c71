//! What happens to a call, in order: span; the retry loop; and in it, for each attempt, pacer, credentials,
//! transport, classification.

mod part;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tracing::Instrument as _;

use crate::auth::{Credentials, Outlook, Remedy};
use crate::backoff::Delays;
use crate::body::{BodyStream, Upload};
use crate::clock::{Clock, Randomness, SystemClock, SystemRandomness};
use crate::download::Download;
use crate::error::{Class, Delivery, Error, Failure, Problem, Report};
use crate::observe::{Attempt, Event, Observer};
use crate::origin::Origin;
use crate::pacer::{
    Bucket, BucketStatus, Closed, Concurrency, Heard, Lane, Load, Pacer, PacerConfig, Signal, Turn, Wait,
};
use crate::request::{Call, Request, Safety};
use crate::response::{DecodeError, Response};
use crate::retry::{self, RetryBudget, RetryPolicy, Verdict};
use crate::transport::{HttpTransport, Transport, TransportConfig, TransportError};

pub use self::part::FailedPart;

/// A vendor's ways: how it names buckets, tells limits, and says no.
pub trait Dialect: fmt::Debug + Send + Sync + 'static {
    /// What an error answer says.
    type Problem: Problem;

    /// The bucket that a request draws from.
    fn bucket(&self, request: &Request) -> Bucket;

    /// How many calls may be in flight to begin with, where more are allowed only once answers tell of room for them
    /// ([`Load::Light`]). None: as many as configured.
    fn first_in_flight(&self) -> Option<u32> {
        None
    }

    /// What an answer tells about limits.
    fn signal(&self, response: &Response) -> Signal;

    /// What an answer tells about how busy the other side is.
    fn load(&self, response: &Response) -> Load {
        let _ = response;
        Load::Unknown
    }

    /// The vendor's id of an answer.
    fn request_id(&self, headers: &HeaderMap) -> Option<String>;

    /// Whether an answer is a success, a refusal, or nothing that this API would say.
    fn judge(&self, response: &Response) -> Answer<Self::Problem>;
}

/// What a dialect makes of an answer.
#[derive(Debug)]
pub enum Answer<P> {
    /// It was done.
    Accepted,
    /// It was refused.
    Refused(P),
    /// The status says success and the rest does not.
    Nonsense {
        /// What came instead.
        what: String,
        /// Whether the other side may have acted.
        delivery: Delivery,
    },
}

/// What every client lets its user choose. Each has a sensible default.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program that embeds the client, `payroll/3.2`: comes first in the user agent.
    pub product: Option<String>,
    /// How the network is used. Ignored if `transport` is given.
    pub network: TransportConfig,
    /// The network itself, if not ours.
    pub transport: Option<Arc<dyn Transport>>,
    /// How patient we are.
    pub retry: RetryPolicy,
    /// How we pace ourselves.
    pub pacer: PacerConfig,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where chance comes from.
    pub randomness: Arc<dyn Randomness>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            product: None,
            network: TransportConfig::default(),
            transport: None,
            retry: RetryPolicy::default(),
            pacer: PacerConfig::default(),
            clock: Arc::new(SystemClock::default()),
            randomness: Arc::new(SystemRandomness),
        }
    }
}

/// Why the parts of a client do not fit together.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The user agent holds what no header may hold.
    #[error("the user agent must be visible ASCII, like payroll/3.2")]
    UserAgent,
    /// The network cannot be set up.
    #[error("the network cannot be set up")]
    Network(#[from] TransportError),
}

/// The machinery under a client. Cheap to clone; clones share connections, pacing and retry budget.
#[derive(Debug)]
pub struct Pipeline<D> {
    shared: Arc<Shared<D>>,
    scope: Scope,
}

impl<D> Clone for Pipeline<D> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), scope: self.scope.clone() }
    }
}

#[derive(Debug)]
struct Shared<D> {
    dialect: D,
    origin: Origin,
    user_agent: String,
    transport: Arc<dyn Transport>,
    retry: RetryPolicy,
    budget: RetryBudget,
    pacer: Pacer,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

/// What a clone may have of its own.
#[derive(Debug, Clone)]
struct Scope {
    credentials: Arc<dyn Credentials>,
    tag: Option<String>,
    lane: Lane,
    observers: Vec<Arc<dyn Observer>>,
}

impl<D: Dialect> Pipeline<D> {
    /// Puts the parts together. `client` names the client crate in the user agent: `okta-client/0.1.0`.
    ///
    /// # Errors
    ///
    /// If they do not fit.
    pub fn new(
        dialect: D,
        origin: Origin,
        credentials: Arc<dyn Credentials>,
        client: &'static str,
        settings: Settings,
    ) -> Result<Self, SetupError> {
        let Settings { product, network, transport, retry, pacer, clock, randomness } = settings;
        let user_agent = product.map_or_else(|| client.to_owned(), |product| format!("{product} {client}"));
        if !user_agent.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(SetupError::UserAgent);
        }
        let transport = match transport {
            Some(transport) => transport,
            None => Arc::new(HttpTransport::new(&network)?),
        };
        let pacer = Pacer::new(pacer, dialect.first_in_flight(), retry.rate_limit_wait, clock.clone());
        let budget = RetryBudget::full();
        let shared =
            Shared { dialect, origin, user_agent, transport, retry, budget, pacer, clock, randomness };
        let scope = Scope { credentials, tag: None, lane: Lane::default(), observers: Vec::new() };
        Ok(Self { shared: Arc::new(shared), scope })
    }

    /// A clone that authenticates with `credentials`, and shares everything else.
    #[must_use]
    pub fn with_credentials(&self, credentials: Arc<dyn Credentials>) -> Self {
        let mut clone = self.clone();
        clone.scope.credentials = credentials;
        clone
    }

    /// A clone whose user agent ends in `tag`, so that its calls can be told apart in the vendor's logs.
    #[must_use]
    pub fn tagged(&self, tag: impl Into<String>) -> Self {
        let mut clone = self.clone();
        clone.scope.tag = Some(tag.into());
        clone
    }

    /// A clone whose calls wait in `lane`.
    #[must_use]
    pub fn in_lane(&self, lane: Lane) -> Self {
        let mut clone = self.clone();
        clone.scope.lane = lane;
        clone
    }

    /// A clone whose calls `observer` hears of too, after those that hear of this one's.
    #[must_use]
    pub fn observed(&self, observer: Arc<dyn Observer>) -> Self {
        let mut clone = self.clone();
        clone.scope.observers.push(observer);
        clone
    }

    /// Where requests go.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.shared.origin
    }

    /// Where the time comes from.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// Where chance comes from.
    #[must_use]
    pub fn randomness(&self) -> &Arc<dyn Randomness> {
        &self.shared.randomness
    }

    /// The rate-limit buckets that were drawn from so far, by name.
    #[must_use]
    pub fn buckets(&self) -> Vec<BucketStatus> {
        self.shared.pacer.buckets()
    }

    /// How many calls are in flight, and may be.
    #[must_use]
    pub fn concurrency(&self) -> Concurrency {
        self.shared.pacer.concurrency()
    }

    /// Makes a call: sends it, repeats it where that is safe and may help, and reads the answer.
    ///
    /// # Errors
    ///
    /// What the last attempt met.
    pub async fn send<T>(&self, call: &Call<T>) -> Result<T, Error<D::Problem>> {
        let (value, _) = self.send_with_response(call).await?;
        Ok(value)
    }

    /// Like [`send`](Self::send), and hands over the answer too, for its headers.
    ///
    /// # Errors
    ///
    /// What the last attempt met.
    pub async fn send_with_response<T>(&self, call: &Call<T>) -> Result<(T, Response), Error<D::Problem>> {
        let span = tracing::debug_span!("call", name = call.name, request = ?call.request);
        let (value, response, _) = self.attempts(call, Answers::Held).instrument(span).await?;
        Ok((value, response))
    }

    /// Makes a call whose answer is too long to be held: reads its head, and hands over its body while it comes.
    ///
    /// The call's `decode`, and the dialect, see a success with an empty body. Any other answer is read whole, and is
    /// an error like any other. Once the body has begun nothing is repeated any more: if it breaks off, that is an error
    /// in the stream.
    ///
    /// # Errors
    ///
    /// What the last attempt met.
    pub async fn download<T>(&self, call: &Call<T>) -> Result<(T, Download<D::Problem>), Error<D::Problem>> {
        let span = tracing::debug_span!("call", name = call.name, request = ?call.request);
        let (value, response, body) = self.attempts(call, Answers::Streamed).instrument(span).await?;
        let broken = self.after_success(call, &response, Failure::Protocol("its body breaks off".into()));
        let body = body.unwrap_or_else(|| Bytes::new().into());
        Ok((value, Download::new(body, broken)))
    }

    /// The error of a call whose answer was accepted and then found not to be what was asked for.
    #[must_use]
    pub fn distrust<T>(&self, call: &Call<T>, response: &Response, problem: D::Problem) -> Error<D::Problem> {
        self.after_success(call, response, Failure::Distrusted(problem))
    }

    /// The error of a call whose answer was accepted, and part of which turned out to be unreadable.
    #[must_use]
    pub fn unreadable<T>(&self, call: &Call<T>, response: &Response, part: DecodeError) -> Error<D::Problem> {
        self.after_success(call, response, Failure::Decode(part))
    }

    fn after_success<T>(
        &self,
        call: &Call<T>,
        response: &Response,
        failure: Failure<D::Problem>,
    ) -> Error<D::Problem> {
        let failed = Failed {
            failure,
            delivery: Delivery::Done,
            response: Some(response.clone()),
            pause: None,
            closed_for: Duration::ZERO,
            remedy: None,
        };
        let bucket = self.shared.dialect.bucket(&call.request).name.into_owned();
        self.report(call, bucket, failed, 1, Duration::ZERO)
    }

    async fn attempts<T>(
        &self,
        call: &Call<T>,
        answers: Answers,
    ) -> Result<(T, Response, Option<BodyStream>), Error<D::Problem>> {
        let Shared { retry, clock, randomness, budget, .. } = &*self.shared;
        let bucket = self.shared.dialect.bucket(&call.request);
        let turn = self.shared.pacer.turn(self.scope.lane);
        let started = clock.monotonic();
        let mut waited = Duration::ZERO;
        let mut delays = Delays::new(retry.base, retry.cap);
        let (mut attempts, mut failures, mut refusals, mut denials) = (0, 0, 0, 0);
        let mut unsure = false;
        loop {
            let mut failed = match self.attempt(call, answers, &bucket, turn, &mut waited).await {
                Ok(answer) => {
                    budget.earn();
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            if unsure && let Some((value, response)) = failed.gone(call) {
                return Ok((value, response, None));
            }
            if !failed.is_before_sending() {
                attempts += 1;
            }
            unsure |= failed.delivery == Delivery::Unknown;
            let elapsed = clock.monotonic().saturating_sub(started);
            let mut delay = Duration::ZERO;
            let mend = failed.remedy.and_then(|remedy| remedy.pause(denials));
            let again = match retry::judge(&failed.failure, failed.delivery, call.safety, mend) {
                Verdict::GiveUp => false,
                Verdict::RepeatMended(pause) => {
                    denials += 1;
                    delay = pause;
                    waited += pause;
                    true
                }
                Verdict::RepeatWhenAllowed => {
                    refusals += 1;
                    delay = failed.pause.unwrap_or_else(|| delays.next(&**randomness));
                    waited += delay;
                    refusals <= retry.rate_limit_refusals
                        && delay.max(failed.closed_for) <= retry.rate_limit_wait
                }
                Verdict::Repeat => {
                    failures += 1;
                    delay = delays.next(&**randomness);
                    let patient = elapsed.saturating_sub(waited) + delay < retry.time;
                    failures < retry.attempts && patient && budget.spend()
                }
            };
            if !again {
                failed.remember(unsure);
                return Err(self.report(call, bucket.name.into_owned(), *failed, attempts, elapsed));
            }
            tracing::debug!(attempts, ?delay, "will be repeated");
            self.tell(&Event::Retrying { call: call.name, attempts, delay });
            clock.sleep(delay).await;
        }
    }

    async fn attempt<T>(
        &self,
        call: &Call<T>,
        answers: Answers,
        bucket: &Bucket,
        turn: Turn,
        waited: &mut Duration,
    ) -> Result<(T, Response, Option<BodyStream>), Box<Failed<D::Problem>>> {
        let mut parts = self.prepare(&call.request).map_err(Failed::before_sending)?;
        let asked = self.shared.clock.monotonic();
        let place = self.shared.pacer.reserve(bucket, turn, |wait| self.tell_wait(call, bucket, wait)).await;
        let in_line = self.shared.clock.monotonic().saturating_sub(asked);
        *waited += in_line;
        let mut place = place.map_err(|Closed(length)| Failed::limited(length))?;
        if call.request.upload.is_none() {
            parts.extensions.insert(call.request.body.clone().unwrap_or_default());
        }
        let authorized = self.scope.credentials.authorize(&mut parts).await;
        authorized.map_err(|error| Failed::before_sending(Failure::Credentials(error)))?;
        let authorization = parts.headers.get(AUTHORIZATION).cloned();
        let sent = self.shared.clock.monotonic();
        place.sent();
        let mut rest = None;
        let result = match self.exchange(&call.request, parts, answers).await {
            Ok((response, body)) => {
                let remedy = self.scope.credentials.heard(authorization.as_ref(), &response);
                let signal = self.shared.dialect.signal(&response);
                let load = self.shared.dialect.load(&response);
                let mut result = self.classify(call, response, &signal, remedy);
                let heard = Heard { signal, load };
                match (&mut result, body) {
                    (Err(failed), _) if failed.is(Class::RateLimited) => {
                        failed.closed_for = place.refused(heard);
                    }
                    (_, Some(body)) => rest = Some(body.holding(place.hearing(heard))),
                    (_, None) => place.answered(heard),
                }
                result
            }
            Err(error) => {
                drop(place);
                let delivery = error.delivery();
                Err(Box::new(Failed {
                    failure: Failure::Transport(error),
                    delivery,
                    response: None,
                    pause: None,
                    closed_for: Duration::ZERO,
                    remedy: None,
                }))
            }
        };
        self.log(call, &result, in_line, self.shared.clock.monotonic().saturating_sub(sent));
        result.map(|(value, response)| (value, response, rest))
    }

    /// Sends a request and hears the answer. The body of a success that is wanted so is still to come.
    async fn exchange(
        &self,
        request: &Request,
        parts: http::request::Parts,
        answers: Answers,
    ) -> Result<(Response, Option<BodyStream>), TransportError> {
        let transport = &self.shared.transport;
        let body = request.body.clone().unwrap_or_default();
        if request.upload.is_none() && answers == Answers::Held {
            let (head, body) = transport.send(http::Request::from_parts(parts, body)).await?.into_parts();
            return Ok((Response { status: head.status, headers: head.headers, body }, None));
        }
        let body = request.upload.as_ref().map_or_else(|| body.into(), Upload::open);
        let (head, body) = transport.stream(http::Request::from_parts(parts, body)).await?.into_parts();
        let (whole, rest) = match answers {
            Answers::Streamed if head.status.is_success() => (Bytes::new(), Some(body)),
            _ => (body.whole(MOST_HELD).await?, None),
        };
        Ok((Response { status: head.status, headers: head.headers, body: whole }, rest))
    }

    fn prepare(&self, request: &Request) -> Result<http::request::Parts, Failure<D::Problem>> {
        if let Some(flaw) = request.flaw() {
            return Err(Failure::InvalidRequest(flaw.to_owned()));
        }
        let url = self
            .shared
            .origin
            .join(request.path.encoded(), &request.query)
            .map_err(|error| Failure::InvalidRequest(error.to_string()))?;
        let mut parts = http::Request::builder()
            .method(request.method.clone())
            .uri(url.as_str())
            .body(())
            .map_err(|error| Failure::InvalidRequest(error.to_string()))?
            .into_parts()
            .0;
        parts.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        parts.headers.insert(USER_AGENT, self.user_agent()?);
        if request.body.is_some() {
            parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        } else if let Some(upload) = &request.upload {
            parts.headers.extend(upload.length().map(|length| (CONTENT_LENGTH, length.into())));
        } else if matches!(request.method, Method::POST | Method::PUT | Method::PATCH) {
            // Okta answers 411 without it.
            parts.headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        parts.headers.extend(request.headers.clone());
        Ok(parts)
    }

    fn user_agent(&self) -> Result<HeaderValue, Failure<D::Problem>> {
        let text = match &self.scope.tag {
            Some(tag) => format!("{} {tag}", self.shared.user_agent),
            None => self.shared.user_agent.clone(),
        };
        HeaderValue::from_str(&text)
            .map_err(|_| Failure::InvalidRequest("the user agent holds what no header may hold".into()))
    }

    fn classify<T>(
        &self,
        call: &Call<T>,
        response: Response,
        signal: &Signal,
        remedy: Option<Remedy>,
    ) -> Result<(T, Response), Box<Failed<D::Problem>>> {
        let (failure, delivery) = match self.shared.dialect.judge(&response) {
            Answer::Accepted => match (call.decode)(&response) {
                Ok(value) => return Ok((value, response)),
                Err(error) => (Failure::Decode(error), Delivery::Done),
            },
            Answer::Refused(problem) => {
                // A refusal whose status calls it a success came after the work, if there was any.
                let late = response.status == StatusCode::OK && call.safety != Safety::Read;
                let acted = late || matches!(problem.class(), Class::Unavailable | Class::Exhausted);
                (Failure::Api(problem), if acted { Delivery::Unknown } else { Delivery::Refused })
            }
            Answer::Nonsense { what, delivery } => (Failure::Protocol(what), delivery),
        };
        // The pacer keeps everybody out of a bucket that is used up; only what it does not know of has to
        // be waited for here.
        let pause = (*signal != Signal::None).then_some(Duration::ZERO);
        let closed_for = Duration::ZERO;
        Err(Box::new(Failed { failure, delivery, response: Some(response), pause, closed_for, remedy }))
    }

    fn log<T>(
        &self,
        call: &Call<T>,
        result: &Result<(T, Response), Box<Failed<D::Problem>>>,
        waited: Duration,
        elapsed: Duration,
    ) {
        let (response, failed) = match result {
            Ok((_, response)) => (Some(response), None),
            Err(failed) => (failed.response.as_ref(), Some(failed.delivery)),
        };
        let attempt = Attempt {
            call: call.name,
            safety: call.safety,
            method: call.request.method.clone(),
            path: call.request.path.template().to_owned(),
            status: response.map(|response| response.status),
            request_id: response.and_then(|response| self.shared.dialect.request_id(&response.headers)),
            failed,
            waited,
            elapsed,
        };
        let status = attempt.status.map(|status| status.as_u16());
        tracing::debug!(status, request_id = attempt.request_id, ?elapsed, ?failed, "attempt");
        self.tell(&Event::Attempt(&attempt));
    }

    fn tell_wait<T>(&self, call: &Call<T>, bucket: &Bucket, wait: Wait) {
        let Wait { ahead, delay } = wait;
        tracing::debug!(bucket = &*bucket.name, ahead, ?delay, "waits for its rate limit");
        self.tell(&Event::Waiting { call: call.name, bucket: &bucket.name, ahead, delay });
    }

    fn tell(&self, event: &Event<'_>) {
        for observer in &self.scope.observers {
            observer.on_event(event);
        }
    }

    fn report<T>(
        &self,
        call: &Call<T>,
        bucket: String,
        failed: Failed<D::Problem>,
        attempts: u32,
        elapsed: Duration,
    ) -> Error<D::Problem> {
        Error::new(Report {
            call: call.name,
            safety: call.safety,
            origin: self.shared.origin.to_string(),
            request: format!("{:?}", call.request),
            failure: failed.failure,
            delivery: failed.delivery,
            status: failed.response.as_ref().map(|response| response.status),
            request_id: failed.response.as_ref().and_then(|r| self.shared.dialect.request_id(&r.headers)),
            bucket: Some(bucket),
            retry_at: (!failed.closed_for.is_zero()).then(|| self.shared.clock.now() + failed.closed_for),
            attempts,
            elapsed,
        })
    }
}

/// How a call's success is wanted. All other answers are read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// Whole.
    Held,
    /// The head, and the body while it comes.
    Streamed,
}

/// The longest answer to an upload, or refusal of a download, that is read.
const MOST_HELD: usize = 16 * 1024 * 1024;

/// An attempt that failed.
struct Failed<P> {
    failure: Failure<P>,
    delivery: Delivery,
    response: Option<Response>,
    /// How long to wait before the next, if the pacer sees to the rest.
    pause: Option<Duration>,
    /// For how long the rate limit lets nothing through.
    closed_for: Duration,
    /// What may mend it, if it is about the credentials.
    remedy: Option<Remedy>,
}

impl<P: Problem> Failed<P> {
    /// The answer of a deletion that finds nothing. After one whose answer was lost that is what was wanted: it was
    /// the first that deleted, though nobody heard.
    fn gone<T>(&self, call: &Call<T>) -> Option<(T, Response)> {
        let deletes = call.request.method == Method::DELETE && call.safety == Safety::Idempotent;
        let response = self.response.as_ref().filter(|_| deletes && self.is(Class::NotFound))?;
        Some(((call.decode)(response).ok()?, response.clone()))
    }

    /// What an earlier attempt may have done, no later refusal undoes.
    fn remember(&mut self, unsure: bool) {
        if unsure && self.delivery != Delivery::Done {
            self.delivery = Delivery::Unknown;
        }
    }

    fn is(&self, class: Class) -> bool {
        matches!(&self.failure, Failure::Api(problem) if problem.class() == class)
    }

    fn is_before_sending(&self) -> bool {
        matches!(self.failure, Failure::InvalidRequest(_) | Failure::Credentials(_) | Failure::Limited)
    }

    /// A rate limit is closed for too long.
    fn limited(closed_for: Duration) -> Box<Self> {
        let mut failed = Self::before_sending(Failure::Limited);
        failed.closed_for = closed_for;
        failed
    }

    fn before_sending(failure: Failure<P>) -> Box<Self> {
        let pause = match &failure {
            Failure::Credentials(error) => match error.outlook() {
                Outlook::After(pause) => Some(pause),
                Outlook::Lasting | Outlook::Passing => None,
            },
            _ => None,
        };
        let (delivery, closed_for) = (Delivery::NotSent, pause.unwrap_or_default());
        Box::new(Self { failure, delivery, response: None, pause, closed_for, remedy: None })
    }
}
