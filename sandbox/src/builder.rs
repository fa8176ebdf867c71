//! How a sandbox is configured and started.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use crate::clock::Clock;
use crate::fault::Faults;
use crate::id::Ids;
use crate::limits::{Limits, Setup};
use crate::okta::{Org, Settings};
use crate::record::System;
use crate::sandbox::{Postman, Sandbox};
use crate::seed::{self, Company};
use crate::server::{Server, Shared, Side, World};
use crate::servicenow::{Habits, Instance};

/// How to start a [`Sandbox`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    people: usize,
    seed: u64,
    new_hires: usize,
    limits: Setup,
    search_lag: Duration,
    log_lag: Duration,
    frozen: bool,
    hook_timeout: Duration,
    automatic_hooks: bool,
    habits: Habits,
    custom_attributes: BTreeSet<String>,
    okta: SocketAddr,
    servicenow: SocketAddr,
    control: SocketAddr,
}

impl Default for Builder {
    fn default() -> Self {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            people: 50,
            seed: 7,
            new_hires: 3,
            limits: Setup { limits: Limits::Workforce, token_share: 50, others: 0, tells_both: false },
            search_lag: Duration::from_secs(1),
            log_lag: Duration::from_millis(500),
            frozen: false,
            hook_timeout: Duration::from_secs(3),
            automatic_hooks: false,
            habits: Habits::default(),
            custom_attributes: ["startDate", "endDate", "lcOpId"].map(str::to_owned).into(),
            okta: anywhere,
            servicenow: anywhere,
            control: anywhere,
        }
    }
}

impl Builder {
    /// How many people the company has. Default 50.
    pub fn people(mut self, people: usize) -> Self {
        self.people = people;
        self
    }

    /// What names, ids, credentials and dice depend on. Default 7.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many requests to onboard somebody are open at the start. Default 3.
    pub fn new_hires(mut self, new_hires: usize) -> Self {
        self.new_hires = new_hires;
        self
    }

    /// Okta's rate limits. Default [`Limits::Workforce`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits.limits = limits;
        self
    }

    /// What the token may take of each rate-limit bucket, and of the requests in flight, in percent. Default 50,
    /// as in Okta.
    pub fn token_share(mut self, percent: u32) -> Self {
        self.limits.token_share = percent.min(100);
        self
    }

    /// Others take so many percent of each of the org's rate-limit buckets, evenly, from the bucket's first
    /// request on. Default none.
    pub fn others_take(mut self, percent: u32) -> Self {
        self.limits.others = percent.min(100);
        self
    }

    /// Answers have the rate-limit headers twice, the org's and the token's, as has been seen. Default once: the
    /// tighter ones.
    pub fn rate_limit_headers_twice(mut self) -> Self {
        self.limits.tells_both = true;
        self
    }

    /// How long Okta's `search` and `filter` lag behind writes. Default one second.
    pub fn search_lag(mut self, lag: Duration) -> Self {
        self.search_lag = lag;
        self
    }

    /// How long the System Log lags behind events. Default half a second.
    pub fn log_lag(mut self, lag: Duration) -> Self {
        self.log_lag = lag;
        self
    }

    /// Time stands at 2026-03-02T08:00:00Z and moves only by [`Clock::advance`]: lags and rate-limit
    /// windows too.
    pub fn frozen_clock(mut self) -> Self {
        self.frozen = true;
        self
    }

    /// How long the service of an event hook may take to answer, in real time. Default three seconds, as Okta has it.
    pub fn hook_timeout(mut self, timeout: Duration) -> Self {
        self.hook_timeout = timeout;
        self
    }

    /// Event hooks deliver by themselves, as soon as something happens, and not only by
    /// [`Sandbox::deliver_hooks`].
    pub fn automatic_hooks(mut self) -> Self {
        self.automatic_hooks = true;
        self
    }

    /// What this ServiceNow instance does and others do not. Default [`Habits::default`].
    pub fn habits(mut self, habits: Habits) -> Self {
        self.habits = habits;
        self
    }

    /// Profile attributes that Okta takes besides the base ones. Default `startDate`, `endDate`, `lcOpId`.
    pub fn custom_attributes<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.custom_attributes = names.into_iter().map(Into::into).collect();
        self
    }

    /// Where Okta listens. Default a free port on loopback.
    pub fn okta_addr(mut self, address: SocketAddr) -> Self {
        self.okta = address;
        self
    }

    /// Where ServiceNow listens. Default a free port on loopback.
    pub fn servicenow_addr(mut self, address: SocketAddr) -> Self {
        self.servicenow = address;
        self
    }

    /// Where the control API listens. Default a free port on loopback. It asks for no credentials.
    pub fn control_addr(mut self, address: SocketAddr) -> Self {
        self.control = address;
        self
    }

    /// Makes the company and starts to listen.
    pub async fn start(self) -> std::io::Result<Sandbox> {
        let clock = if self.frozen { Clock::frozen() } else { Clock::real() };
        let world = self.world(&clock);
        let okta_token = world.okta.token.clone();
        let servicenow_username = world.servicenow.username.clone();
        let servicenow_password = world.servicenow.password.clone();
        let shared = Arc::new(Shared::new(world, clock, self.hook_timeout));
        let listen = |side, at| Server::start(side, at, Arc::clone(&shared));
        Ok(Sandbox {
            okta: listen(Side::Vendor(System::Okta), self.okta).await?,
            servicenow: listen(Side::Vendor(System::ServiceNow), self.servicenow).await?,
            control: listen(Side::Control, self.control).await?,
            _postman: self.automatic_hooks.then(|| Postman::start(Arc::clone(&shared))),
            shared: Arc::clone(&shared),
            okta_token,
            servicenow_username,
            servicenow_password,
        })
    }

    fn world(&self, clock: &Clock) -> World {
        let company = Company::draw(self.seed, self.people, self.new_hires);
        let mut okta = Org::new(Settings {
            seed: self.seed,
            limits: self.limits,
            search_lag: span(self.search_lag),
            log_lag: span(self.log_lag),
            custom_attributes: self.custom_attributes.clone(),
        });
        seed::fill_okta(&mut okta, &company);
        let mut servicenow = Instance::new(self.seed);
        seed::fill_servicenow(&mut servicenow, &company, clock.now());
        servicenow.habits = self.habits.clone();
        World {
            okta,
            servicenow,
            faults: Faults::new(self.seed),
            requests: Vec::new(),
            request_ids: Ids::new(self.seed, "request"),
            provisioning: None,
        }
    }
}

fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
