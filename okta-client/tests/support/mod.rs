//! A clock that moves when somebody sleeps, chance without luck, and where shared recordings are.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod describe;
pub(crate) mod described;
pub(crate) mod frozen;
pub(crate) mod org;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, Utc};
use okta_client::{Clock, Randomness};

/// Starts at zero and moves only when somebody sleeps.
#[derive(Debug, Default)]
pub(crate) struct TestClock {
    sleeps: Mutex<Vec<Duration>>,
}

impl TestClock {
    pub(crate) fn slept_millis(&self) -> Vec<u128> {
        self.sleeps.lock().unwrap().iter().map(Duration::as_millis).collect()
    }
}

#[async_trait::async_trait]
impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.sleeps.lock().unwrap().iter().sum()
    }

    async fn sleep(&self, duration: Duration) {
        self.sleeps.lock().unwrap().push(duration);
    }
}

/// Draws every back-off at its longest: one less than a common multiple of all counts of milliseconds.
#[derive(Debug)]
pub(crate) struct Longest;

impl Randomness for Longest {
    fn next_u64(&self) -> u64 {
        501 * 1001 * 2001 * 4001 * 8001 - 1
    }
}

/// A file or folder below `SHARED_DIR`, or beside the workspace; says so if it is not there.
pub(crate) fn shared(below: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SHARED_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    let path = root.join(below);
    if !path.exists() {
        // Straight to the stream: what `println!` writes is not shown for a test that passes.
        let said = writeln!(std::io::stderr(), "skipped: no {below} in SHARED_DIR or beside the workspace");
        said.unwrap();
        return None;
    }
    Some(path)
}
