//! The running sandbox, and the builder that starts it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use crate::clock::{Clock, okta_time};
use crate::control;
use crate::fault::{Fault, Faults};
use crate::id::Ids;
use crate::limits::Limits;
use crate::okta::{Org, Settings, Status, User};
use crate::onboarding::{self, OnboardingRequest, Ticket};
use crate::record::{RequestRecord, System};
use crate::seed::{self, Company};
use crate::server::{Server, Shared, Side, World};
use crate::servicenow::{HourlyRule, Instance, Record};

/// A running Okta org and ServiceNow instance. Dropping it stops both.
#[derive(Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
    okta: Server,
    servicenow: Server,
    control: Server,
    okta_token: String,
    servicenow_username: String,
    servicenow_password: String,
}

/// How to start a [`Sandbox`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    people: usize,
    seed: u64,
    new_hires: usize,
    limits: Limits,
    search_lag: Duration,
    log_lag: Duration,
    frozen: bool,
    hourly_limit: Option<u32>,
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
            limits: Limits::Workforce,
            search_lag: Duration::from_secs(1),
            log_lag: Duration::from_millis(500),
            frozen: false,
            hourly_limit: None,
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
        self.limits = limits;
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

    /// Gives ServiceNow a rate-limit rule of so many requests an hour. Default none.
    pub fn servicenow_hourly_limit(mut self, limit: u32) -> Self {
        self.hourly_limit = Some(limit);
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
        let shared = Arc::new(Shared::new(world, clock));
        let listen = |side, at| Server::start(side, at, Arc::clone(&shared));
        Ok(Sandbox {
            okta: listen(Side::Vendor(System::Okta), self.okta).await?,
            servicenow: listen(Side::Vendor(System::ServiceNow), self.servicenow).await?,
            control: listen(Side::Control, self.control).await?,
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
        servicenow.rule = self.hourly_limit.map(HourlyRule::new);
        World {
            okta,
            servicenow,
            faults: Faults::new(self.seed),
            requests: Vec::new(),
            request_ids: Ids::new(self.seed, "request"),
        }
    }
}

fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// An edit that makes no sense: what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditError(String);

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EditError {}

impl Sandbox {
    /// A sandbox to configure. `Sandbox::builder().start().await?` has 50 people and 3 new hires.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where the Okta org is.
    pub fn okta_url(&self) -> String {
        self.okta.url()
    }

    /// The org's API token: `Authorization: SSWS {token}`.
    pub fn okta_token(&self) -> &str {
        &self.okta_token
    }

    /// Where the ServiceNow instance is.
    pub fn servicenow_url(&self) -> String {
        self.servicenow.url()
    }

    /// The integration user's name.
    pub fn servicenow_username(&self) -> &str {
        &self.servicenow_username
    }

    /// The integration user's password.
    pub fn servicenow_password(&self) -> &str {
        &self.servicenow_password
    }

    /// Where the control API is.
    pub fn control_url(&self) -> String {
        self.control.url()
    }

    /// The clock that both vendors go by.
    pub fn clock(&self) -> Clock {
        self.shared.clock.clone()
    }

    /// Every request to either vendor, oldest first, those that a fault hit too.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.world().requests.clone()
    }

    /// Everything both systems hold: `clock`; `okta` with `users` (each with its `groups`), `groups`
    /// (each with its `members`), `logs` and `mails`; `servicenow` with the records of each table. No
    /// credentials are in it.
    pub fn state(&self) -> Value {
        control::state(&self.shared)
    }

    /// Makes chosen requests go wrong from now on.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.world().faults.add(fault);
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.shared.world().faults.clear();
    }

    /// Opens one more request to onboard somebody.
    ///
    /// # Panics
    ///
    /// If a test has deleted the catalog item that the request is for.
    pub fn add_onboarding_request(&self, request: &OnboardingRequest) -> Ticket {
        let now = self.shared.clock.now();
        onboarding::order(&mut self.shared.world().servicenow, request, now)
            .expect("the catalog item for onboarding was deleted")
    }

    /// Puts a user into Okta as if it had long been there: seen by searches at once, nothing logged.
    /// Answers its id.
    ///
    /// `user` has a `profile` and, if wanted, a `status` (default `ACTIVE`) and `groups` by name or id.
    /// The profile is taken as it is, so it may lack what the API would want.
    pub fn add_okta_user(&self, user: &Value) -> Result<String, EditError> {
        let now = self.shared.clock.now();
        let mut world = self.shared.world();
        let org = &mut world.okta;
        let profile =
            user["profile"].as_object().cloned().ok_or_else(|| EditError("no profile".to_owned()))?;
        let status = user["status"].as_str().unwrap_or("ACTIVE");
        let status = Status::parse(status).ok_or_else(|| EditError(format!("no status {status}")))?;
        let groups = group_keys(org, &user["groups"])?;
        let user = add_user(org, profile, status, now)?;
        for group in groups {
            org.groups.seed_member(group, user.key);
        }
        Ok(user.id)
    }

    /// Puts an Okta user, named by id or login, into a status, whatever the transitions allow: locked
    /// out, say. Nothing is logged.
    pub fn set_okta_status(&self, user: &str, status: &str) -> Result<(), EditError> {
        let status = Status::parse(status).ok_or_else(|| EditError(format!("no status {status}")))?;
        let now = self.shared.clock.now();
        self.edit_okta_user(user, |user| user.enter(status, now))
    }

    /// Gives an Okta user an admin role, such as `USER_ADMIN`.
    pub fn add_okta_role(&self, user: &str, role: &str) -> Result<(), EditError> {
        let now = okta_time(self.shared.clock.now());
        let role = json!({
            "id": "ra1sandboxassignment", "label": role, "type": role, "status": "ACTIVE", "created": now,
            "lastUpdated": now, "assignmentType": "USER",
        });
        self.edit_okta_user(user, |user| user.roles.push(role))
    }

    /// Enrols an Okta user in a factor, such as `push` of `OKTA`.
    pub fn add_okta_factor(&self, user: &str, factor: &str, provider: &str) -> Result<(), EditError> {
        let now = okta_time(self.shared.clock.now());
        let id = self.shared.world().okta.ids.okta("opf");
        let factor = json!({
            "id": id, "factorType": factor, "provider": provider, "vendorName": provider, "status": "ACTIVE",
            "created": now, "lastUpdated": now, "profile": {},
        });
        self.edit_okta_user(user, |user| user.factors.push(factor))
    }

    fn edit_okta_user(&self, name: &str, edit: impl FnOnce(&mut User)) -> Result<(), EditError> {
        let mut world = self.shared.world();
        let found = world.okta.users.find(name).cloned();
        let mut user = found.ok_or_else(|| EditError(format!("no user {name}")))?;
        edit(&mut user);
        world.okta.users.seed(user);
        Ok(())
    }

    /// Sets fields of a ServiceNow record the way somebody at work there would: stamps are set and
    /// business rules run. `changes` maps fields to texts.
    pub fn edit_record(&self, table: &str, sys_id: &str, changes: &Value) -> Result<(), EditError> {
        let fields = changes.as_object().ok_or_else(|| EditError("changes are no object".to_owned()))?;
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let changes: Record = fields.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        let mut world = self.shared.world();
        let author = world.servicenow.author(self.shared.clock.now());
        let edited = world.servicenow.update(table, sys_id, changes, &author);
        edited.map_err(|refusal| EditError(String::from_utf8_lossy(&refusal.body).into_owned()))
    }

    /// Sets the state of a catalog task, as somebody else who works on it would.
    pub fn set_task_state(&self, task_sys_id: &str, state: &str) -> Result<(), EditError> {
        self.edit_record("sc_task", task_sys_id, &json!({ "state": state }))
    }
}

fn group_keys(org: &Org, names: &Value) -> Result<Vec<u64>, EditError> {
    let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
    let find = |name: &str| org.groups.find(name).or_else(|| org.groups.named(name)).map(|group| group.key);
    names.map(|name| find(name).ok_or_else(|| EditError(format!("no group {name}")))).collect()
}

fn add_user(
    org: &mut Org,
    profile: Map<String, Value>,
    status: Status,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<User, EditError> {
    let login = profile.get("login").and_then(Value::as_str).unwrap_or_default();
    if org.users.is_taken(login, 0) {
        return Err(EditError(format!("the login {login} is taken")));
    }
    let mut user = User::new(org.ids.okta("00u"), profile, now);
    user.has_password = !matches!(status, Status::Staged | Status::Provisioned | Status::Deprovisioned);
    user.enter(status, now);
    Ok(org.users.seed(user))
}
