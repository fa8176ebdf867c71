//! A company to test on: the sandbox with a clock that moves when somebody waits, clients that follow that
//! clock, and a network that can be made to kill the engine.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub mod access;
pub mod end_state;
pub mod help_desk;
pub mod hooks;
pub mod house;
pub mod lamps;
pub mod looking;
pub mod mover;
pub mod network;
pub mod sweep;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use lifecycle::{Engine, JournalError, Onboard, Policy, Systems};
use okta_client::{Clock, OktaClient, Transport};
use sandbox::{Limits, OnboardingRequest, Sandbox, Ticket};
use servicenow_client::ServiceNowClient;

pub const POLICY: &str = include_str!("../../../examples/policies/acme.toml");

/// The sandbox's clock, as the clients see it: it moves to where somebody sleeps, at once. A call that is on
/// its way meanwhile has merely been slow.
#[derive(Debug)]
pub struct SandboxClock(pub sandbox::Clock);

#[async_trait]
impl Clock for SandboxClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        (self.0.now() - DateTime::UNIX_EPOCH).to_std().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.advance_to(self.0.now() + duration);
        tokio::task::yield_now().await;
    }
}

pub struct World {
    pub sandbox: Sandbox,
    /// What was handed to people.
    pub letterbox: hooks::Letterbox,
    /// What a verifier says about whoever asks.
    pub person: hooks::Says,
    folder: tempfile::TempDir,
}

impl World {
    /// Twenty people, no open request, no rate limits.
    pub async fn start() -> Self {
        Self::with(|sandbox| sandbox.people(20).new_hires(0).limits(Limits::Unlimited)).await
    }

    pub async fn with(settings: impl FnOnce(sandbox::Builder) -> sandbox::Builder) -> Self {
        let builder = settings(Sandbox::builder().seed(7).frozen_clock());
        let sandbox = builder.start().await.expect("the sandbox starts");
        let (letterbox, person) = Default::default();
        Self {
            sandbox,
            letterbox,
            person,
            folder: tempfile::tempdir().expect("there is a place for temporary files"),
        }
    }

    pub fn systems(&self) -> Systems {
        self.systems_over(None)
    }

    /// Clients whose requests go through `network`.
    pub fn systems_over(&self, network: Option<Arc<dyn Transport>>) -> Systems {
        let clock: Arc<dyn Clock> = Arc::new(SandboxClock(self.sandbox.clock()));
        let mut okta = OktaClient::builder(self.sandbox.okta_url())
            .api_token(self.sandbox.okta_token().to_owned().into())
            .clock(clock.clone());
        let password = self.sandbox.servicenow_password().to_owned();
        let mut servicenow = ServiceNowClient::builder(self.sandbox.servicenow_url())
            .basic(self.sandbox.servicenow_username(), password.into())
            .clock(clock);
        if let Some(network) = network {
            okta = okta.transport(network.clone());
            servicenow = servicenow.transport(network);
        }
        Systems::new(okta.build().unwrap(), servicenow.build().unwrap())
            .with_courier(self.letterbox.clone(), "a key for digests".into())
            .with_verifier(self.person.clone())
    }

    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    /// An engine on this world's journal, as soon as the one before has let go of it.
    pub async fn engine(&self, systems: Systems) -> Engine {
        loop {
            match Engine::embedded(self.journal(), systems.clone()) {
                Err(JournalError::InUse { .. }) => tokio::task::yield_now().await,
                engine => return engine.expect("the journal opens"),
            }
        }
    }

    /// Adds the default request: a software engineer who starts today.
    pub fn hire(&self) -> Ticket {
        self.hire_with(|_| {})
    }

    /// Adds the default request with changes.
    pub fn hire_with(&self, change: impl FnOnce(&mut OnboardingRequest)) -> Ticket {
        let mut request = OnboardingRequest::default();
        change(&mut request);
        self.sandbox.add_onboarding_request(&request)
    }
}

pub fn policy() -> Policy {
    Policy::parse("acme.toml", POLICY).expect("the bundled policy is right")
}

pub fn onboard(ticket: &Ticket) -> Onboard {
    Onboard::ticket(&ticket.number, policy())
}
