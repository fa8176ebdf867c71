//! Okta's rate limits: buckets of method and path class, windows that start with their first request.

use std::collections::HashMap;
use std::str::FromStr;

use crate::http::Ask;
use chrono::{DateTime, Utc};

/// Which of Okta's published tables applies. A token gets half of each bucket, as it does by default.
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

impl Limits {
    /// What one token may send a minute.
    fn share(self, bucket: Bucket) -> u32 {
        match self {
            Self::Workforce => bucket.workforce() / 2,
            Self::IntegratorFree => bucket.integrator_free() / 2,
            Self::Unlimited => UNLIMITED,
        }
    }

    /// How many requests of one token may be in flight.
    pub(crate) fn concurrency(self) -> usize {
        match self {
            Self::Workforce => 37,
            Self::IntegratorFree => 17,
            Self::Unlimited => usize::MAX,
        }
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
    Logs,
    Token,
    Rest,
}

impl Bucket {
    fn of(ask: &Ask) -> Self {
        let path: Vec<&str> = ask.segments.iter().skip(2).map(String::as_str).collect();
        match (path.as_slice(), ask.method.as_str()) {
            (["users", "me"], "GET") => Self::Me,
            (["users", _], "GET") => Self::UserRead,
            (["users", _], _) => Self::UserWrite,
            (["users", ..], _) => Self::Users,
            (["groups", _], _) => Self::Group,
            (["groups", ..], _) => Self::Groups,
            (["logs", ..], _) => Self::Logs,
            (["token"], _) => Self::Token,
            _ => Self::Rest,
        }
    }

    fn workforce(self) -> u32 {
        match self {
            Self::Users | Self::UserWrite => 600,
            Self::UserRead | Self::Me => 2000,
            Self::Groups => 500,
            Self::Group => 1000,
            Self::Logs => 120,
            Self::Token => 300,
            Self::Rest => 1200,
        }
    }

    fn integrator_free(self) -> u32 {
        if self == Self::Logs { 20 } else { 100 }
    }
}

/// How a request stands with its bucket: the three headers, and whether it may pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) reset: i64,
    pub(crate) passes: bool,
}

/// The windows that are open.
#[derive(Debug)]
pub(crate) struct Windows {
    limits: Limits,
    open: HashMap<Bucket, Window>,
}

#[derive(Debug)]
struct Window {
    reset: i64,
    used: u32,
}

impl Windows {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, open: HashMap::new() }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Counts a request. The window begins with the first request in it, not with the clock's minute.
    pub(crate) fn count(&mut self, ask: &Ask) -> Standing {
        let (bucket, now) = (Bucket::of(ask), ask.at.timestamp());
        let limit = self.limits.share(bucket);
        let window = self.open.entry(bucket).or_insert(Window { reset: 0, used: 0 });
        if now >= window.reset {
            *window = Window { reset: now + WINDOW_SECONDS, used: 0 };
        }
        let passes = window.used < limit;
        window.used += u32::from(passes);
        Standing { limit, remaining: limit - window.used, reset: window.reset, passes }
    }

    /// What a refusal that is not due shows: an injected 429, some seconds before its window ends.
    pub(crate) fn spent(&self, ask: &Ask) -> Standing {
        let limit = self.limits.share(Bucket::of(ask));
        Standing { limit, remaining: 0, reset: soon(ask.at), passes: false }
    }
}

impl Standing {
    /// Too many in flight: zeroes, and a reset that is only a suggestion.
    pub(crate) fn too_many_at_once(at: DateTime<Utc>) -> Self {
        Self { limit: 0, remaining: 0, reset: soon(at), passes: false }
    }
}

fn soon(at: DateTime<Utc>) -> i64 {
    at.timestamp() + 3
}
