//! Okta's rate limits: buckets of method and path class, windows that start with their first request.

use std::collections::HashMap;
use std::str::FromStr;

use crate::http::Ask;
use chrono::{DateTime, Utc};

/// Which of Okta's published tables applies. A token gets half of each bucket, unless
/// [`Builder::token_share`](crate::Builder::token_share) says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Limits {
    /// A workforce org: 300 a minute on `/users`, 250 on `/groups`, 60 on `/logs`.
    #[default]
    Workforce,
    /// A free integrator org: 50 a minute on most, 10 on `/logs`.
    IntegratorFree,
    /// Headers with huge numbers, and never a 429.
    Unlimited,
}

impl FromStr for Limits {
    type Err = String;

    /// `workforce`, `integrator-free` or `unlimited`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "workforce" => Ok(Self::Workforce),
            "integrator-free" => Ok(Self::IntegratorFree),
            "unlimited" => Ok(Self::Unlimited),
            _ => Err(format!("`{text}` is none of workforce, integrator-free, unlimited")),
        }
    }
}

const WINDOW_SECONDS: i64 = 60;
const UNLIMITED: u32 = 1_000_000;

/// How an org's limits are set up and who else uses them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) limits: Limits,
    /// What a token may take of each bucket, and of the requests in flight, in percent.
    pub(crate) token_share: u32,
    /// What others take of each bucket, in percent, evenly.
    pub(crate) others: u32,
    /// Whether answers tell the org's and the token's limit, and not only the tighter one.
    pub(crate) tells_both: bool,
}

impl Setup {
    fn org(self, bucket: Bucket) -> u32 {
        match self.limits {
            Limits::Workforce => bucket.workforce(),
            Limits::IntegratorFree => bucket.integrator_free(),
            Limits::Unlimited => UNLIMITED,
        }
    }

    /// What one token may send a minute.
    fn token(self, bucket: Bucket) -> u32 {
        match self.limits {
            Limits::Unlimited => UNLIMITED,
            _ => self.org(bucket) * self.token_share / 100,
        }
    }

    /// How many requests of one token may be in flight.
    pub(crate) fn concurrency(self) -> usize {
        let org = match self.limits {
            Limits::Workforce => 75,
            Limits::IntegratorFree => 35,
            Limits::Unlimited => return usize::MAX,
        };
        org * self.token_share as usize / 100
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Bucket {
    Users,
    UserWrite,
    UserRead,
    Me,
    Groups,
    Group,
    Apps,
    App,
    Logs,
    Sessions,
    Devices,
    DeviceUsers,
    Clients,
    Token,
    Rest,
}

impl Bucket {
    fn of(ask: &Ask) -> Self {
        let path: Vec<&str> = ask.segments.iter().map(String::as_str).collect();
        match (path.as_slice(), ask.method.as_str()) {
            (["oauth2", "v1", "token"], _) => return Self::Token,
            (["oauth2", "v1", "clients", ..], _) => return Self::Clients,
            _ => {}
        }
        match (path.get(2..).unwrap_or_default(), ask.method.as_str()) {
            (["users", "me"], "GET") => Self::Me,
            (["users", _], "GET") => Self::UserRead,
            (["users", _], _) => Self::UserWrite,
            (["users", ..], _) => Self::Users,
            (["groups", "rules"], _) => Self::Groups,
            (["groups", _], _) => Self::Group,
            (["groups", ..], _) => Self::Groups,
            (["apps", _], _) => Self::App,
            (["apps", ..], _) => Self::Apps,
            (["logs", ..], _) => Self::Logs,
            (["sessions", ..], _) => Self::Sessions,
            (["devices", _, "users"], _) => Self::DeviceUsers,
            (["devices", ..], _) => Self::Devices,
            _ => Self::Rest,
        }
    }

    fn workforce(self) -> u32 {
        match self {
            Self::Users | Self::UserWrite => 600,
            Self::UserRead | Self::Me | Self::Token => 2000,
            Self::Groups | Self::App => 500,
            Self::Group => 1000,
            Self::Apps | Self::Devices | Self::DeviceUsers | Self::Clients => 100,
            Self::Logs => 120,
            Self::Sessions => 750,
            Self::Rest => 1200,
        }
    }

    fn integrator_free(self) -> u32 {
        match self {
            Self::Apps | Self::Logs => 20,
            Self::Clients => 25,
            Self::Token => 300,
            _ => 100,
        }
    }
}

/// How a request stands with its bucket: the three headers, once or twice, and whether it may pass.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) told: Vec<Told>,
    pub(crate) passes: bool,
}

/// What the three headers say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) reset: i64,
}

/// The windows that are open.
#[derive(Debug)]
pub(crate) struct Windows {
    setup: Setup,
    open: HashMap<Bucket, Counts>,
}

/// The windows of one bucket: the org's, which all draw from, and the token's.
#[derive(Debug)]
struct Counts {
    org: Window,
    token: Window,
    /// Up to when, in microseconds, others have taken their part.
    others_until: i64,
}

#[derive(Debug)]
struct Window {
    limit: u32,
    reset: i64,
    used: u32,
}

impl Windows {
    pub(crate) fn new(setup: Setup) -> Self {
        Self { setup, open: HashMap::new() }
    }

    pub(crate) fn setup(&self) -> Setup {
        self.setup
    }

    /// Counts a request.
    pub(crate) fn count(&mut self, ask: &Ask) -> Standing {
        let (setup, bucket) = (self.setup, Bucket::of(ask));
        let counts = self.open.entry(bucket).or_insert_with(|| Counts {
            org: Window::new(setup.org(bucket)),
            token: Window::new(setup.token(bucket)),
            others_until: ask.at.timestamp_micros(),
        });
        counts.let_others(setup.others, ask.at.timestamp_micros());
        let now = ask.at.timestamp();
        let passes = counts.org.has_room(now) && counts.token.has_room(now);
        for window in [&mut counts.org, &mut counts.token] {
            window.used += u32::from(passes);
        }
        let (org, token) = (counts.org.told(), counts.token.told());
        let told = match setup.tells_both {
            true => vec![org, token],
            false if org.remaining < token.remaining => vec![org],
            false => vec![token],
        };
        Standing { told, passes }
    }

    /// What a refusal that is not due shows: an injected 429, some seconds before its window ends.
    pub(crate) fn spent(&self, ask: &Ask) -> Standing {
        Standing::refused(self.setup.token(Bucket::of(ask)), ask.at)
    }
}

impl Counts {
    /// Others send evenly, whatever comes of it, and begin windows too.
    fn let_others(&mut self, percent: u32, now: i64) {
        let a_minute = i64::from(self.org.limit) * i64::from(percent) / 100;
        let Some(interval) = (WINDOW_SECONDS * 1_000_000).checked_div(a_minute) else { return };
        // What was longer ago than two windows has left no trace.
        self.others_until = self.others_until.max(now - 2 * WINDOW_SECONDS * 1_000_000);
        while self.others_until + interval <= now {
            self.others_until += interval;
            let passes = self.org.has_room(self.others_until.div_euclid(1_000_000));
            self.org.used += u32::from(passes);
        }
    }
}

impl Window {
    fn new(limit: u32) -> Self {
        Self { limit, reset: 0, used: 0 }
    }

    /// The window begins with the first request in it, not with the clock's minute.
    fn has_room(&mut self, now: i64) -> bool {
        if now >= self.reset {
            (self.reset, self.used) = (now + WINDOW_SECONDS, 0);
        }
        self.used < self.limit
    }

    fn told(&self) -> Told {
        Told { limit: self.limit, remaining: self.limit - self.used, reset: self.reset }
    }
}

impl Standing {
    /// Too many in flight: zeroes, and a reset that is only a suggestion.
    pub(crate) fn too_many_at_once(at: DateTime<Utc>) -> Self {
        Self::refused(0, at)
    }

    fn refused(limit: u32, at: DateTime<Utc>) -> Self {
        Self { told: vec![Told { limit, remaining: 0, reset: at.timestamp() + 3 }], passes: false }
    }
}
