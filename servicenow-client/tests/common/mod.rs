//! A clock that nobody waits for, and a network that says what a test wrote.
#![allow(dead_code, reason = "each test program uses a part")]

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use servicenow_client::{Builder, Clock, Randomness, ServiceNowClient, Transport, TransportError};

/// Moves when somebody sleeps, and remembers how long.
#[derive(Debug, Default)]
pub(crate) struct TestClock {
    slept: Mutex<Vec<Duration>>,
}

impl TestClock {
    pub(crate) fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap().clone()
    }

    /// Moves as if somebody had slept.
    pub(crate) fn pass(&self, time: Duration) {
        self.slept.lock().unwrap().push(time);
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        chrono::DateTime::UNIX_EPOCH + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        self.slept.lock().unwrap().iter().sum()
    }

    async fn sleep(&self, duration: Duration) {
        self.slept.lock().unwrap().push(duration);
    }
}

#[derive(Debug)]
pub(crate) struct NoChance;

impl Randomness for NoChance {
    fn next_u64(&self) -> u64 {
        1
    }
}

/// Answers in order, and remembers what it was asked.
#[derive(Debug, Default)]
pub(crate) struct Script {
    answers: Mutex<VecDeque<Result<http::Response<Bytes>, TransportError>>>,
    asked: Mutex<Vec<http::Request<Bytes>>>,
}

impl Script {
    pub(crate) fn asked(&self) -> Vec<http::Request<Bytes>> {
        self.asked.lock().unwrap().clone()
    }

    /// The value of a query parameter of the n-th request, decoded.
    pub(crate) fn parameter(&self, n: usize, name: &str) -> Option<String> {
        let asked = self.asked();
        let url = asked[n].uri().to_string();
        let (_, query) = url.split_once('?')?;
        let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")))?;
        Some(decoded(value))
    }
}

fn decoded(value: &str) -> String {
    let value = value.replace('+', " ");
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.asked.lock().unwrap().push(request);
        self.answers.lock().unwrap().pop_front().expect("a request that the test did not foresee")
    }
}

/// An answer to be given.
#[derive(Debug)]
pub(crate) struct Answer(http::Response<Bytes>);

impl Answer {
    pub(crate) fn json(status: u16, body: impl ToString) -> Self {
        Self::text(status, body.to_string()).header("content-type", "application/json;charset=UTF-8")
    }

    pub(crate) fn text(status: u16, body: impl Into<Bytes>) -> Self {
        Self(http::Response::builder().status(status).body(body.into()).unwrap())
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    /// Rows, and how many there are in all.
    pub(crate) fn rows(rows: serde_json::Value, total: u64) -> Self {
        Self::json(200, serde_json::json!({ "result": rows })).header("x-total-count", &total.to_string())
    }
}

/// A client that gets these answers.
pub(crate) fn scripted(
    answers: impl IntoIterator<Item = Answer>,
) -> (ServiceNowClient, Arc<Script>, Arc<TestClock>) {
    lossy(answers.into_iter().map(|answer| Ok(answer.0)))
}

/// A client that gets an answer, or loses it.
pub(crate) fn lossy(
    answers: impl IntoIterator<Item = Result<http::Response<Bytes>, TransportError>>,
) -> (ServiceNowClient, Arc<Script>, Arc<TestClock>) {
    scripted_as(|builder| builder.basic("api", "hunter2".to_owned().into()), answers)
}

/// The same, as whoever `login` says.
pub(crate) fn scripted_as(
    login: impl FnOnce(Builder) -> Builder,
    answers: impl IntoIterator<Item = Result<http::Response<Bytes>, TransportError>>,
) -> (ServiceNowClient, Arc<Script>, Arc<TestClock>) {
    let script = Arc::new(Script { answers: Mutex::new(answers.into_iter().collect()), ..Script::default() });
    let clock = Arc::new(TestClock::default());
    let builder = ServiceNowClient::builder("acme")
        .clock(clock.clone())
        .randomness(Arc::new(NoChance))
        .transport(script.clone());
    (login(builder).build().unwrap(), script, clock)
}

impl From<Answer> for Result<http::Response<Bytes>, TransportError> {
    fn from(answer: Answer) -> Self {
        Ok(answer.0)
    }
}

/// Where recorded and published bodies are, if they are at hand.
pub(crate) fn fixtures() -> PathBuf {
    let shared = std::env::var_os("SHARED_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    shared.join("fixtures/servicenow")
}

/// A recorded or published body; none, with a note, where the fixtures are not at hand.
pub(crate) fn fixture(name: &str) -> Option<String> {
    let path = fixtures().join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: no fixture {name} (set SHARED_DIR)");
    }
    text
}
