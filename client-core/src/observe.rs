//! What a client tells about its calls, for metrics and for the ledger.

use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};

use crate::error::Delivery;
use crate::request::Safety;

/// Something a client did.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A call stands in line for its place in a rate-limit bucket. How long it stood there is in
    /// [`Attempt::waited`].
    #[non_exhaustive]
    Waiting {
        /// The endpoint.
        call: &'static str,
        /// The bucket.
        bucket: &'a str,
        /// How many calls stand before it in the same line.
        ahead: usize,
        /// How long that is likely to take, by what is known of the bucket. Zero: until something in flight comes
        /// back.
        delay: Duration,
    },
    /// An attempt ended.
    Attempt(&'a Attempt),
    /// A call will be repeated.
    #[non_exhaustive]
    Retrying {
        /// The endpoint.
        call: &'static str,
        /// How often it was sent so far.
        attempts: u32,
        /// The pause before the next attempt.
        delay: Duration,
    },
}

/// One request that was sent, and how it ended. Holds no query, body or credential.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The endpoint: `okta.users.get`.
    pub call: &'static str,
    /// What a repetition would mean.
    pub safety: Safety,
    /// The method.
    pub method: Method,
    /// The path with `{}` for values.
    pub path: String,
    /// The answer's status; none if there was no answer.
    pub status: Option<StatusCode>,
    /// The vendor's id of the answer.
    pub request_id: Option<String>,
    /// For a failure, whether the other side may have acted; none for a success.
    pub failed: Option<Delivery>,
    /// How long it stood in line for its place before that.
    pub waited: Duration,
    /// From sending to the end.
    pub elapsed: Duration,
}

/// Hears of everything a client does. Called on the sending task: be quick.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Hears of one event.
    fn on_event(&self, event: &Event<'_>);
}
