//! A scripted network, a clock that moves when somebody sleeps, chance without luck, and a tiny vendor.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::VecDeque;
use std::fmt;
use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use client_core::{
    Answer, Attempt, Bucket, Call, Class, Clock, CredentialError, Credentials, Delivery, Dialect, Event,
    Load, Observer, Origin, Path, Pipeline, Problem, Randomness, Request, Response, Safety, Settings, Signal,
    Transport, TransportError,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// What happened, in order. Everything in a test world writes to the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    pub(crate) fn write(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Starts at zero and moves only when somebody sleeps, or is told to.
#[derive(Debug, Default)]
pub(crate) struct TestClock {
    now: Mutex<Duration>,
    sleeps: Mutex<Vec<Duration>>,
    diary: Diary,
}

impl TestClock {
    pub(crate) fn advance(&self, by: Duration) {
        *self.now.lock().unwrap() += by;
    }

    pub(crate) fn sleeps(&self) -> Vec<Duration> {
        self.sleeps.lock().unwrap().clone()
    }

    pub(crate) fn slept_millis(&self) -> Vec<u128> {
        self.sleeps().iter().map(Duration::as_millis).collect()
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        *self.now.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.diary.write(format!("sleep {}", duration.as_millis()));
        self.sleeps.lock().unwrap().push(duration);
        self.advance(duration);
    }
}

/// Numbers given beforehand, the last of them for ever.
#[derive(Debug)]
pub(crate) struct Dice(Mutex<VecDeque<u64>>);

impl Dice {
    pub(crate) fn showing(numbers: impl IntoIterator<Item = u64>) -> Self {
        Self(Mutex::new(numbers.into_iter().collect()))
    }

    /// Every back-off of the default policy drawn at its longest: the number before a common multiple of
    /// all the (odd) counts of milliseconds from zero to each bound.
    pub(crate) fn longest() -> Self {
        Self::showing([501 * 1001 * 2001 * 4001 * 8001 - 1])
    }
}

impl Randomness for Dice {
    fn next_u64(&self) -> u64 {
        let mut numbers = self.0.lock().unwrap();
        if numbers.len() > 1 { numbers.pop_front().unwrap() } else { numbers[0] }
    }
}

/// What the network does with one request.
pub(crate) struct Step {
    takes: Duration,
    result: Result<http::Response<Bytes>, TransportError>,
}

impl Step {
    pub(crate) fn lost(delivery: Delivery) -> Self {
        Self { takes: Duration::ZERO, result: Err(TransportError::new("connection reset", delivery)) }
    }

    pub(crate) fn lasting(mut self) -> Self {
        self.result = self.result.map_err(TransportError::lasting);
        self
    }

    pub(crate) fn status(status: u16) -> Self {
        let mut answer = http::Response::new(Bytes::from_static(b"{}"));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        answer.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        Self { takes: Duration::ZERO, result: Ok(answer) }
    }

    pub(crate) fn body(mut self, body: &'static str) -> Self {
        *self.result.as_mut().unwrap().body_mut() = Bytes::from_static(body.as_bytes());
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let headers = self.result.as_mut().unwrap().headers_mut();
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    /// A 429 whose window allows nothing for `seconds`.
    pub(crate) fn limited(seconds: u64) -> Self {
        Self::status(429).header("x-limit", &format!("100 0 {seconds}"))
    }

    pub(crate) fn taking(mut self, takes: Duration) -> Self {
        self.takes = takes;
        self
    }
}

/// Answers as the script says. Without a script left it fails the test.
pub(crate) struct Network {
    script: Mutex<VecDeque<Step>>,
    seen: Mutex<Vec<http::Request<Bytes>>>,
    clock: Arc<TestClock>,
    diary: Diary,
}

impl Network {
    pub(crate) fn seen(&self) -> Vec<http::Request<Bytes>> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    pub(crate) fn forget_the_rest(&self) {
        self.script.lock().unwrap().clear();
    }

    pub(crate) fn will(&self, steps: impl IntoIterator<Item = Step>) {
        self.script.lock().unwrap().extend(steps);
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.diary.write("send");
        self.seen.lock().unwrap().push(request);
        let step = self.script.lock().unwrap().pop_front().expect("a request that the script does not have");
        self.clock.advance(step.takes);
        step.result
    }
}

/// A token that is another one each time it is asked for.
#[derive(Debug)]
pub(crate) struct Tokens {
    given: Mutex<u32>,
    diary: Diary,
}

#[async_trait]
impl Credentials for Tokens {
    async fn authorize(&self, request: &mut http::request::Parts) -> Result<(), CredentialError> {
        self.diary.write("credentials");
        let mut given = self.given.lock().unwrap();
        *given += 1;
        let value = HeaderValue::from_str(&format!("Token {given}")).unwrap();
        request.headers.insert("authorization", value);
        Ok(())
    }
}

/// Has nothing to give.
#[derive(Debug)]
pub(crate) struct NoTokens;

#[async_trait]
impl Credentials for NoTokens {
    async fn authorize(&self, _: &mut http::request::Parts) -> Result<(), CredentialError> {
        Err(CredentialError::new("the vault is closed"))
    }
}

/// A vendor with one bucket. Header `x-limit` holds limit, remaining and seconds to the reset; `x-pause`
/// seconds; `x-busy` means too many at once.
#[derive(Debug, Default)]
pub(crate) struct Tiny {
    pub(crate) limit: Option<u32>,
    pub(crate) diary: Diary,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tiny said {status}")]
pub(crate) struct TinyProblem {
    pub(crate) status: u16,
}

impl Problem for TinyProblem {
    fn class(&self) -> Class {
        match self.status {
            401 => Class::Unauthenticated,
            403 => Class::Forbidden,
            404 => Class::NotFound,
            409 => Class::Conflict,
            422 => Class::WrongState,
            423 => Class::Busy,
            429 => Class::RateLimited,
            500.. => Class::Unavailable,
            _ => Class::Invalid,
        }
    }
}

impl Dialect for Tiny {
    type Problem = TinyProblem;

    fn bucket(&self, _: &Request) -> Bucket {
        self.diary.write("bucket");
        let limit = self.limit.and_then(NonZeroU32::new);
        Bucket { name: "all".into(), limit, window: Duration::from_secs(60) }
    }

    fn signal(&self, response: &Response) -> Signal {
        self.diary.write("signal");
        let numbers = |name: &str| -> Option<Vec<u32>> {
            Some(response.header(name)?.split(' ').map(|number| number.parse().unwrap()).collect())
        };
        if let Some(pause) = numbers("x-pause") {
            return Signal::Pause(Duration::from_secs(pause[0].into()));
        }
        match numbers("x-limit").as_deref() {
            Some(&[limit, remaining, seconds]) => Signal::Window {
                limit,
                remaining,
                resets_in: Duration::from_secs(seconds.into()),
                answered_at: None,
            },
            _ => Signal::None,
        }
    }

    fn load(&self, response: &Response) -> Load {
        response.header("x-busy").map_or(Load::Unknown, |_| Load::Heavy)
    }

    fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        headers.get("x-id")?.to_str().ok().map(str::to_owned)
    }

    fn judge(&self, response: &Response) -> Answer<TinyProblem> {
        self.diary.write("judge");
        if !response.status.is_success() {
            return Answer::Refused(TinyProblem { status: response.status.as_u16() });
        }
        if !response.body.is_empty() && !response.is_json() {
            return Answer::Nonsense { what: "a page for people".into(), delivery: Delivery::Unknown };
        }
        Answer::Accepted
    }
}

/// Keeps every event as text, and attempts as they are.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    pub(crate) attempts: Mutex<Vec<Attempt>>,
    diary: Diary,
}

impl Observer for Ear {
    fn on_event(&self, event: &Event<'_>) {
        self.diary.write(match event {
            Event::Waiting { call, bucket, delay, .. } => {
                format!("{call} waits {} for {bucket}", delay.as_millis())
            }
            Event::Attempt(attempt) => {
                self.attempts.lock().unwrap().push((*attempt).clone());
                let status = attempt.status.map_or("-".into(), |status| status.as_u16().to_string());
                format!("{} attempt {status}", attempt.call)
            }
            Event::Retrying { call, attempts, delay, .. } => {
                format!("{call} again after {attempts} in {}", delay.as_millis())
            }
            _ => "something new".into(),
        });
    }
}

/// A pipeline and everything around it.
pub(crate) struct World {
    pub(crate) pipeline: Pipeline<Tiny>,
    pub(crate) network: Arc<Network>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ear: Arc<Ear>,
    pub(crate) diary: Diary,
}

impl World {
    /// A world in which the network does `script`.
    pub(crate) fn new(script: impl IntoIterator<Item = Step>) -> Self {
        Self::with(script, |_, _| {})
    }

    /// Like `new`, with the dialect and the configuration changed beforehand.
    pub(crate) fn with(
        script: impl IntoIterator<Item = Step>,
        change: impl FnOnce(&mut Tiny, &mut Settings),
    ) -> Self {
        Self::make(script, None, change)
    }

    /// Like `with`, with other credentials than tokens that are counted.
    pub(crate) fn with_credentials(
        script: impl IntoIterator<Item = Step>,
        credentials: Arc<dyn Credentials>,
        change: impl FnOnce(&mut Tiny, &mut Settings),
    ) -> Self {
        Self::make(script, Some(credentials), change)
    }

    fn make(
        script: impl IntoIterator<Item = Step>,
        credentials: Option<Arc<dyn Credentials>>,
        change: impl FnOnce(&mut Tiny, &mut Settings),
    ) -> Self {
        let diary = Diary::default();
        let clock = Arc::new(TestClock { diary: diary.clone(), ..TestClock::default() });
        let network = Arc::new(Network {
            script: Mutex::new(script.into_iter().collect()),
            seen: Mutex::default(),
            clock: clock.clone(),
            diary: diary.clone(),
        });
        let origin = Origin::parse("https://tiny.example").unwrap();
        let tokens = Tokens { given: Mutex::new(0), diary: diary.clone() };
        let tokens = credentials.unwrap_or_else(|| Arc::new(tokens));
        let mut settings = Settings {
            product: Some("payroll/3.2".into()),
            transport: Some(network.clone()),
            clock: clock.clone(),
            randomness: Arc::new(Dice::longest()),
            ..Settings::default()
        };
        let mut dialect = Tiny { limit: None, diary: diary.clone() };
        change(&mut dialect, &mut settings);
        let ear = Arc::new(Ear { diary: diary.clone(), ..Ear::default() });
        let pipeline =
            Pipeline::new(dialect, origin, tokens, "tiny/1", settings).unwrap().observed(ear.clone());
        Self { pipeline, network, clock, ear, diary }
    }
}

pub(crate) fn read() -> Call<serde_json::Value> {
    Call::read("tiny.things.list", Request::get(Path::new("/api/things")))
}

pub(crate) fn done(safety: Safety) -> Call<()> {
    Call::done("tiny.things.do", safety, Request::post(Path::new("/api/things").value("7").word("do")))
}

/// Accepts one connection, reads a request's head, and does the rest with `serve`.
pub(crate) fn server<T: Send + 'static>(
    serve: impl FnOnce(&mut TcpStream, String) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api/secret?q=hunter2", listener.local_addr().unwrap());
    let serve = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        serve(&mut stream, String::from_utf8(head).unwrap().to_lowercase())
    });
    (url, serve)
}
