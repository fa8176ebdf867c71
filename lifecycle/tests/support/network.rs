//! A network that does what no test server can: count across both vendors, and die.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use bytes::Bytes;
use client_core::{HttpTransport, Transport, TransportConfig, TransportError};
use tokio::sync::Notify;

/// When, seen from the other side, the engine dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before the request arrives.
    Before,
    /// After it was answered, and before anybody reads the answer.
    After,
}

/// The real network, which many worlds may share: making one takes longer than most runs.
pub fn real_network() -> Arc<HttpTransport> {
    Arc::new(HttpTransport::new(&TransportConfig::default()).unwrap())
}

/// A network, up to the request at which everything stops for good.
#[derive(Debug)]
pub struct DeadlyNetwork {
    real: Arc<HttpTransport>,
    sent: AtomicUsize,
    deadly: (usize, Moment),
    died: Notify,
}

impl DeadlyNetwork {
    /// Stops at the request number `at`, counted from 0.
    pub fn new(real: &Arc<HttpTransport>, at: usize, moment: Moment) -> Arc<Self> {
        Arc::new(Self {
            real: real.clone(),
            sent: AtomicUsize::new(0),
            deadly: (at, moment),
            died: Notify::new(),
        })
    }

    /// Returns when the deadly request was reached.
    pub async fn death(&self) {
        self.died.notified().await;
    }

    async fn die(&self) -> ! {
        self.died.notify_one();
        std::future::pending().await
    }
}

#[async_trait]
impl Transport for DeadlyNetwork {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let number = self.sent.fetch_add(1, SeqCst);
        // Once dead, nothing leaves any more.
        match self.deadly {
            (at, moment) if number > at || (number == at && moment == Moment::Before) => self.die().await,
            (at, Moment::After) if number == at => {
                let _lost = self.real.send(request).await;
                self.die().await
            }
            _ => self.real.send(request).await,
        }
    }
}
