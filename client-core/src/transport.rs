//! The seam to the network.

mod identity;
mod reqwest;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

use crate::body::BodyStream;
use crate::error::Delivery;

pub use self::identity::{ClientIdentity, InvalidIdentity};
pub use self::reqwest::{HttpTransport, TransportConfig};

/// Sends one request and brings one answer. No retries, no redirects, no cookies.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends `request`, whose URI is absolute.
    ///
    /// # Errors
    ///
    /// If there is no answer. The error says whether the request may have arrived.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError>;

    /// Like [`send`](Self::send), for bodies that are too long to be held: sends one piece by piece, and brings the
    /// answer as soon as its head is there, with a body that is read while it comes.
    ///
    /// By default both are held after all, and [`send`](Self::send) does it. Who wraps another transport forwards
    /// both; what has to be kept until the answer has come is for [`BodyStream::holding`].
    ///
    /// # Errors
    ///
    /// If there is no answer, or what is to be sent cannot be read.
    async fn stream(
        &self,
        request: http::Request<BodyStream>,
    ) -> Result<http::Response<BodyStream>, TransportError> {
        let (parts, body) = request.into_parts();
        let request = http::Request::from_parts(parts, body.whole(usize::MAX).await?);
        Ok(self.send(request).await?.map(BodyStream::from))
    }
}

/// A request that got no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub struct TransportError {
    what: String,
    delivery: Delivery,
    lasting: bool,
}

impl TransportError {
    /// What happened, and whether the request may have arrived. `what` must not hold a URL or a header.
    #[must_use]
    pub fn new(what: impl Into<String>, delivery: Delivery) -> Self {
        Self { what: what.into(), delivery, lasting: false }
    }

    /// The same, where another try would only meet it again, like an answer that is too long.
    #[must_use]
    pub fn lasting(mut self) -> Self {
        self.lasting = true;
        self
    }

    /// Whether another try would only meet it again.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        self.lasting
    }

    /// Whether the request may have arrived.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }
}
