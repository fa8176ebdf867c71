//! The seam to the network.

mod reqwest;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::Delivery;

pub use self::reqwest::{HttpTransport, TransportConfig};

/// Sends one request and brings one answer, whole. No retries, no redirects, no cookies.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends `request`, whose URI is absolute.
    ///
    /// # Errors
    ///
    /// If there is no answer. The error says whether the request may have arrived.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError>;
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
