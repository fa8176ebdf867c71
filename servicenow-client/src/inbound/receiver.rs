//! The other end of a push: what your service does with a request that claims to come from the instance.

use std::sync::Arc;

use bytes::Bytes;
use client_core::{Clock, SystemClock, UnreadBody, announced_length, bare_answer, names_json, read_body};
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;

use super::hint::{Hint, NoHint};
use super::key::{Code, PushKey};

const TIMESTAMP: &str = "x-push-timestamp";
const SIGNATURE: &str = "x-push-signature";

/// How many seconds old a push may be.
const OLDEST: u64 = 5 * 60;

/// How many seconds the instance's clock may be ahead of ours.
const MOST_AHEAD: u64 = 60;

/// Hundred times what a hint has.
const DEFAULT_CAP: usize = 16 * 1024;

/// Receives an instance's pushes: knows them by their signature, and reads the hint. It has no socket: any web
/// framework hands it the request and sends what it answers. With the feature `axum` it mounts itself:
/// `PushReceiver::into_route`.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use servicenow_client::inbound::{Hint, PushReceiver};
///
/// # fn queue(_: &Hint) -> std::io::Result<()> { Ok(()) }
/// fn on_request(receiver: &PushReceiver, request: Request<Bytes>) -> Response<Bytes> {
///     match receiver.receive(request) {
///         Err(refusal) => refusal.response(),
///         // Keep it, answer, and read the record later: the instance waits.
///         Ok(hint) => match queue(&hint) {
///             Ok(()) => PushReceiver::accepted(),
///             Err(_) => PushReceiver::try_again(),
///         },
///     }
/// }
/// ```
///
/// # To change the key
///
/// Accept both ([`also_accepting`](Self::also_accepting)), put the new one into the instance's property, and stop
/// accepting the old one when nothing signed with it can be on the way: after five minutes.
#[derive(Debug, Clone)]
pub struct PushReceiver {
    keys: Vec<PushKey>,
    cap: usize,
    clock: Arc<dyn Clock>,
}

impl PushReceiver {
    /// A receiver of pushes signed with this key.
    #[must_use]
    pub fn new(key: PushKey) -> Self {
        Self { keys: vec![key], cap: DEFAULT_CAP, clock: Arc::new(SystemClock::default()) }
    }

    /// Takes pushes signed with this key too, while one takes the other's place.
    #[must_use]
    pub fn also_accepting(mut self, key: PushKey) -> Self {
        self.keys.push(key);
        self
    }

    /// The most bytes that a push may have. Default 16 KiB.
    #[must_use]
    pub fn body_cap(mut self, bytes: usize) -> Self {
        self.cap = bytes;
        self
    }

    /// Where the time comes from, for tests. Default the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Receives a request whose body has been read. Cap it where you read it: here it is too late to save memory.
    ///
    /// # Errors
    ///
    /// If it is not the instance's, or no hint: send [`PushRefusal::response`].
    pub fn receive(&self, request: Request<Bytes>) -> Result<Hint, PushRefusal> {
        let (parts, body) = request.into_parts();
        let seal = self.open(&parts)?;
        self.hint(&seal, &body)
    }

    /// Receives a request, and reads its body as far as the cap allows; that of somebody who has no fresh signature to
    /// show is not read at all. How long reading may take is your server's to say.
    ///
    /// # Errors
    ///
    /// If it is not the instance's, or no hint: send [`PushRefusal::response`].
    pub async fn read<B>(&self, request: Request<B>) -> Result<Hint, PushRefusal>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let seal = self.open(&parts)?;
        let body = read_body(body, self.cap).await?;
        self.hint(&seal, &body)
    }

    /// The answer to a hint that is safely kept: 204.
    #[must_use]
    pub fn accepted() -> Response<Bytes> {
        bare_answer(StatusCode::NO_CONTENT)
    }

    /// The answer to a hint that could not be kept: 503. The instance logs it and does not try again.
    #[must_use]
    pub fn try_again() -> Response<Bytes> {
        bare_answer(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// All that can be said before the body is read. Who shows no signature learns nothing else.
    fn open(&self, parts: &Parts) -> Result<Seal, PushRefusal> {
        let seal = Seal::read(&parts.headers).ok_or(PushRefusal::Signature)?;
        if !seal.is_fresh(self.clock.now().timestamp()) {
            return Err(PushRefusal::Time);
        }
        if parts.method != Method::POST {
            return Err(PushRefusal::Method);
        }
        if !names_json(&parts.headers) {
            return Err(PushRefusal::ContentType);
        }
        if announced_length(&parts.headers).is_some_and(|length| length > self.cap) {
            return Err(PushRefusal::TooLarge);
        }
        Ok(seal)
    }

    fn hint(&self, seal: &Seal, body: &[u8]) -> Result<Hint, PushRefusal> {
        if body.len() > self.cap {
            return Err(PushRefusal::TooLarge);
        }
        // All are tried, so that the time does not tell which one fitted.
        let made = |key: &PushKey| key.made(&seal.code, &seal.timestamp, body);
        if !self.keys.iter().fold(false, |genuine, key| made(key) | genuine) {
            return Err(PushRefusal::Signature);
        }
        Ok(Hint::parse(body)?)
    }
}

/// What the headers of a push say.
struct Seal {
    timestamp: String,
    seconds: i64,
    code: Code,
}

impl Seal {
    fn read(headers: &HeaderMap) -> Option<Self> {
        let timestamp = only(headers, TIMESTAMP)?;
        // `parse` alone would take a sign.
        let is_plain = timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = is_plain.then(|| timestamp.parse().ok())??;
        let code = Code::read(only(headers, SIGNATURE)?)?;
        Some(Self { timestamp: timestamp.to_owned(), seconds, code })
    }

    fn is_fresh(&self, now: i64) -> bool {
        let apart = now.abs_diff(self.seconds);
        if self.seconds > now { apart <= MOST_AHEAD } else { apart <= OLDEST }
    }
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushRefusal {
    /// The signature, or the time that it covers, is missing, wrong, or there twice: 403. If it is the instance that
    /// is refused, its key is another one.
    #[error("the signature is missing or wrong")]
    Signature,
    /// It is older than five minutes, or more than one minute ahead: 403. If it is the instance that is refused, a
    /// clock is wrong.
    #[error("it is too old, or from the future")]
    Time,
    /// Something else than a POST: 405.
    #[error("the method is not POST")]
    Method,
    /// Something else than JSON: 415.
    #[error("the content type is not application/json")]
    ContentType,
    /// The body is larger than the [cap](PushReceiver::body_cap): 413.
    #[error("the body is too large")]
    TooLarge,
    /// The connection ended before the body did: 503.
    #[error("the body could not be read to its end")]
    Unread,
    /// The body is no hint, although the signature is right: 400.
    #[error(transparent)]
    Body(#[from] NoHint),
}

impl From<UnreadBody> for PushRefusal {
    fn from(unread: UnreadBody) -> Self {
        match unread {
            UnreadBody::TooLarge => Self::TooLarge,
            UnreadBody::BrokenOff => Self::Unread,
        }
    }
}

impl PushRefusal {
    /// The status to answer with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Signature | Self::Time => StatusCode::FORBIDDEN,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unread => StatusCode::SERVICE_UNAVAILABLE,
            Self::Body(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// The answer: the status, and no word about why.
    #[must_use]
    pub fn response(self) -> Response<Bytes> {
        let mut answer = bare_answer(self.status());
        if self == Self::Method {
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        }
        answer
    }
}
