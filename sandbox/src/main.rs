//! The sandbox as a program: prints where it is as one line of JSON, then serves until told to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use sandbox::{Habits, Limits, RateRule, Sandbox};
use serde_json::json;

/// An Okta org and a ServiceNow instance on loopback.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Where the Okta org listens; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    okta: SocketAddr,
    /// Where the ServiceNow instance listens
    #[arg(long, default_value = "127.0.0.1:0")]
    servicenow: SocketAddr,
    /// Where the control API listens; it asks for no credentials
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// How many people the company has
    #[arg(long, default_value_t = 50)]
    people: usize,
    /// What names, ids and credentials depend on
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many onboarding requests are open at the start
    #[arg(long, default_value_t = 3)]
    new_hires: usize,
    /// Okta's rate limits: workforce, integrator-free or unlimited
    #[arg(long, default_value = "workforce")]
    limits: Limits,
    /// How long Okta's search lags behind writes, in milliseconds
    #[arg(long, default_value_t = 1000)]
    search_lag_ms: u64,
    /// How long Okta's System Log lags behind events, in milliseconds
    #[arg(long, default_value_t = 500)]
    log_lag_ms: u64,
    /// Requests an hour that ServiceNow allows; no rule if absent
    #[arg(long)]
    servicenow_hourly_limit: Option<u32>,
    /// Let time stand at 2026-03-02T08:00:00Z and move only by the control API
    #[arg(long)]
    frozen_clock: bool,
}

impl Options {
    async fn start(self) -> std::io::Result<Sandbox> {
        let mut builder = Sandbox::builder()
            .okta_addr(self.okta)
            .servicenow_addr(self.servicenow)
            .control_addr(self.control)
            .people(self.people)
            .seed(self.seed)
            .new_hires(self.new_hires)
            .limits(self.limits)
            .search_lag(Duration::from_millis(self.search_lag_ms))
            .log_lag(Duration::from_millis(self.log_lag_ms))
            .automatic_hooks();
        if let Some(limit) = self.servicenow_hourly_limit {
            let rate_rules = vec![RateRule { limit, ..RateRule::default() }];
            builder = builder.habits(Habits { rate_rules, ..Habits::default() });
        }
        if self.frozen_clock {
            builder = builder.frozen_clock();
        }
        builder.start().await
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let sandbox = Options::parse().start().await?;
    announce(&sandbox)?;
    stopped().await
}

fn announce(sandbox: &Sandbox) -> std::io::Result<()> {
    let line = json!({
        "okta_url": sandbox.okta_url(),
        "okta_token": sandbox.okta_token(),
        "servicenow_url": sandbox.servicenow_url(),
        "servicenow_username": sandbox.servicenow_username(),
        "servicenow_password": sandbox.servicenow_password(),
        "control_url": sandbox.control_url(),
    });
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

#[cfg(unix)]
async fn stopped() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = tokio::signal::ctrl_c() => outcome,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn stopped() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
