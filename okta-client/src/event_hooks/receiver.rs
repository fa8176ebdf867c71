//! The other end of an event hook: what your service does with a request that claims to be Okta's.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use bytes::Bytes;
use client_core::{UnreadBody, announced_length, bare_answer, names_json, read_body};
use http::header::{ALLOW, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use serde_json::json;

use super::delivery::{HookDelivery, NoHookDelivery};
use crate::hook_secret::HookSecret;

/// The header of the request by which Okta verifies a hook.
const CHALLENGE: &str = "x-okta-verification-challenge";

/// More than any challenge that Okta sends.
const LONGEST_CHALLENGE: usize = 512;

/// Some hundreds of events.
const DEFAULT_CAP: usize = 1024 * 1024;

/// Receives an event hook's requests: knows them by their secret, answers the verification, and reads
/// deliveries. It has no socket: any web framework hands it the request and sends what it answers. With the feature
/// `axum` it mounts itself: `HookReceiver::into_route`.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use okta_client::hooks::{HookDelivery, HookReceived, HookReceiver};
///
/// # fn queue(_: &HookDelivery) -> std::io::Result<()> { Ok(()) }
/// fn on_request(receiver: &HookReceiver, request: Request<Bytes>) -> Response<Bytes> {
///     match receiver.receive(request) {
///         HookReceived::Challenge(answer) => answer,
///         HookReceived::Refused(refusal) => refusal.response(),
///         // Keep it first (on disk, in a queue), answer then, and work later.
///         HookReceived::Delivery(delivery) => match queue(&delivery) {
///             Ok(()) => HookReceiver::accepted(),
///             Err(_) => HookReceiver::try_again(),
///         },
///     }
/// }
/// ```
///
/// # What a hook promises, and what not
///
/// - Okta waits for 3 seconds. **Put the delivery where it survives a crash, answer, and work on it afterwards.**
///   What was answered with a 2xx never comes again.
/// - After a time-out or a 5xx Okta tries once more; after a 4xx, or the second failure, the events are lost to the
///   hook. So a hook is for speed, and polling the System Log is for completeness: run both into one queue.
/// - A delivery may come twice, and in any order. Leave out doubles by [`HookDelivery::event_id`] and by each event's
///   `uuid` (which the System Log has too); put events in order by `published`.
///
/// # To change the secret
///
/// Accept both ([`also_accepting`](Self::also_accepting)), [replace](crate::hooks::EventHooks::replace) the hook with
/// the new one and verify it, and stop accepting the old one when all is well: deliveries on the way carry the old one.
#[derive(Clone)]
pub struct HookReceiver {
    accepted: Vec<Accepted>,
    cap: usize,
}

/// A secret that opens the door. Its digest will do: what is not kept cannot leak, and digests are of one length.
#[derive(Clone)]
struct Accepted {
    header: HeaderName,
    digest: Digest,
}

impl Accepted {
    fn new(secret: &HookSecret) -> Self {
        Self { header: secret.header().clone(), digest: digest(&SHA256, secret.expose().as_bytes()) }
    }

    fn is_in(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(&self.header).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return false };
        let given = digest(&SHA256, value.as_bytes());
        verify_slices_are_equal(given.as_ref(), self.digest.as_ref()).is_ok()
    }
}

/// What a request turned out to be.
#[derive(Debug)]
pub enum HookReceived {
    /// Okta verifies the hook: send this.
    Challenge(Response<Bytes>),
    /// Events. Keep them, then answer [`HookReceiver::accepted`]; if that fails, [`HookReceiver::try_again`].
    Delivery(HookDelivery),
    /// Nothing to act upon: send [`HookRefusal::response`].
    Refused(HookRefusal),
}

impl HookReceiver {
    /// A receiver of requests with this secret.
    #[must_use]
    pub fn new(secret: &HookSecret) -> Self {
        Self { accepted: vec![Accepted::new(secret)], cap: DEFAULT_CAP }
    }

    /// Takes requests with this secret too, while one takes the other's place.
    #[must_use]
    pub fn also_accepting(mut self, secret: &HookSecret) -> Self {
        self.accepted.push(Accepted::new(secret));
        self
    }

    /// The most bytes that a delivery may have. Default 1 MiB.
    #[must_use]
    pub fn body_cap(mut self, bytes: usize) -> Self {
        self.cap = bytes;
        self
    }

    /// Whether these headers carry an accepted secret, compared in constant time: for endpoints of your own,
    /// such as an inline hook's.
    #[must_use]
    pub fn admits(&self, headers: &HeaderMap) -> bool {
        // All are looked at, so that the time does not tell which one fitted.
        self.accepted.iter().fold(false, |admitted, accepted| accepted.is_in(headers) | admitted)
    }

    /// Receives a request whose body has been read. Cap it where you read it: here it is too late to save memory.
    #[must_use]
    pub fn receive(&self, request: Request<Bytes>) -> HookReceived {
        let (parts, body) = request.into_parts();
        match self.open(&parts) {
            Ok(Opened::Challenge(answer)) => HookReceived::Challenge(answer),
            Ok(Opened::Delivery) => self.delivered(body),
            Err(refusal) => HookReceived::Refused(refusal),
        }
    }

    /// Receives a request, and reads its body as far as the cap allows; that of somebody without the secret is not
    /// read at all. How long reading may take is your server's to say.
    pub async fn read<B>(&self, request: Request<B>) -> HookReceived
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        match self.open(&parts) {
            Ok(Opened::Challenge(answer)) => return HookReceived::Challenge(answer),
            Ok(Opened::Delivery) => {}
            Err(refusal) => return HookReceived::Refused(refusal),
        }
        match read_body(body, self.cap).await {
            Ok(body) => self.delivered(body),
            Err(unread) => HookReceived::Refused(unread.into()),
        }
    }

    /// The answer to a delivery that is safely kept: 204.
    #[must_use]
    pub fn accepted() -> Response<Bytes> {
        bare_answer(StatusCode::NO_CONTENT)
    }

    /// The answer to a delivery that could not be kept: 503, and Okta tries once more.
    #[must_use]
    pub fn try_again() -> Response<Bytes> {
        bare_answer(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// All that can be said before the body is read. The secret comes first: a stranger learns nothing else.
    fn open(&self, parts: &Parts) -> Result<Opened, HookRefusal> {
        if !self.admits(&parts.headers) {
            return Err(HookRefusal::Secret);
        }
        match parts.method {
            Method::GET => challenge(&parts.headers).map(Opened::Challenge),
            Method::POST if !names_json(&parts.headers) => Err(HookRefusal::ContentType),
            Method::POST if announced_length(&parts.headers).is_some_and(|length| length > self.cap) => {
                Err(HookRefusal::TooLarge)
            }
            Method::POST => Ok(Opened::Delivery),
            _ => Err(HookRefusal::Method),
        }
    }

    fn delivered(&self, body: Bytes) -> HookReceived {
        if body.len() > self.cap {
            return HookReceived::Refused(HookRefusal::TooLarge);
        }
        match HookDelivery::parse(body) {
            Ok(delivery) => HookReceived::Delivery(delivery),
            Err(why) => HookReceived::Refused(HookRefusal::Body(why)),
        }
    }
}

impl fmt::Debug for HookReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.accepted.iter().map(|accepted| accepted.header.as_str()).collect();
        f.debug_struct("HookReceiver").field("secrets_in", &headers).field("body_cap", &self.cap).finish()
    }
}

enum Opened {
    Challenge(Response<Bytes>),
    Delivery,
}

/// The challenge comes from outside, so only what is plain text goes back, and as JSON.
fn challenge(headers: &HeaderMap) -> Result<Response<Bytes>, HookRefusal> {
    let value = headers.get(CHALLENGE).and_then(|value| value.to_str().ok()).ok_or(HookRefusal::Challenge)?;
    let is_plain = value.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_plain || !(1..=LONGEST_CHALLENGE).contains(&value.len()) {
        return Err(HookRefusal::Challenge);
    }
    let mut answer = Response::new(Bytes::from(json!({ "verification": value }).to_string()));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(answer)
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HookRefusal {
    /// The secret is missing, wrong, or there twice: 403. If Okta itself is refused, the hook was registered with
    /// another secret.
    #[error("the hook's secret is missing or wrong")]
    Secret,
    /// Neither a verification nor a delivery: 405.
    #[error("the method is neither GET nor POST")]
    Method,
    /// A GET without a challenge, or with one that nobody should echo: 400.
    #[error("the verification challenge is missing, too long, or no plain text")]
    Challenge,
    /// A POST of something else than JSON: 415.
    #[error("the content type is not application/json")]
    ContentType,
    /// The body is larger than the [cap](HookReceiver::body_cap): 413. Okta does not try again.
    #[error("the body is too large")]
    TooLarge,
    /// The connection ended before the body did: 503.
    #[error("the body could not be read to its end")]
    Unread,
    /// The body is no delivery: 400.
    #[error(transparent)]
    Body(#[from] NoHookDelivery),
}

impl From<UnreadBody> for HookRefusal {
    fn from(unread: UnreadBody) -> Self {
        match unread {
            UnreadBody::TooLarge => Self::TooLarge,
            UnreadBody::BrokenOff => Self::Unread,
        }
    }
}

impl HookRefusal {
    /// The status to answer with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Secret => StatusCode::FORBIDDEN,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Challenge | Self::Body(_) => StatusCode::BAD_REQUEST,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unread => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The answer: the status, and no word about why.
    #[must_use]
    pub fn response(self) -> Response<Bytes> {
        let mut answer = bare_answer(self.status());
        if self == Self::Method {
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
        }
        answer
    }
}
