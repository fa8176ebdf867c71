//! A client of a sandbox whose time stands still unless somebody sleeps.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use okta_client::{Clock, OktaClient};
use sandbox::Sandbox;

use super::Longest;
use super::described::Described;

/// The sandbox's clock as the client's: to sleep is to move it on.
#[derive(Debug)]
pub(crate) struct SharedClock {
    clock: sandbox::Clock,
    started: DateTime<Utc>,
}

#[async_trait::async_trait]
impl Clock for SharedClock {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        (self.clock.now() - self.started).to_std().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.advance_to(self.clock.now() + duration);
    }
}

/// A client that lives in the sandbox's time, and believes only what Okta describes.
pub(crate) fn client(sandbox: &Sandbox) -> OktaClient {
    let clock = sandbox.clock();
    let started = clock.now();
    OktaClient::builder(sandbox.okta_url())
        .api_token(sandbox.okta_token().into())
        .user_agent("payroll/3.2")
        .clock(Arc::new(SharedClock { clock, started }))
        .randomness(Arc::new(Longest))
        .transport(Described::network())
        .build()
        .unwrap()
}
