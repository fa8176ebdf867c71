//! The sockets: one HTTP/1 connection after another, faults, and the log of requests.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::request::Parts;
use http::{HeaderValue, Response};
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::{Clock, http_date};
use crate::control;
use crate::fault::{Effect, Faults};
use crate::http::{Answer, Ask, Query};
use crate::id::Ids;
use crate::okta::Org;
use crate::okta::hooks::{self, Challenge};
use crate::record::{RequestRecord, System};
use crate::servicenow::Instance;
use crate::servicenow_ud;

/// More than any body that a test sends: an attachment may have a gigabyte.
const MOST_BODY: usize = 80 * 1024 * 1024;

/// Everything that requests read and change.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) okta: Org,
    pub(crate) servicenow: Instance,
    pub(crate) faults: Faults,
    pub(crate) requests: Vec<RequestRecord>,
    pub(crate) request_ids: Ids,
    /// Okta's own ServiceNow app, if the org has it.
    pub(crate) provisioning: Option<servicenow_ud::Provisioning>,
}

/// The world and its clock, as the servers and the handle share them.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) clock: Clock,
    /// How long event hooks' services may take to answer, in real time.
    pub(crate) hook_timeout: Duration,
    /// Hears when something may have happened that event hooks are to be told.
    pub(crate) stirred: Notify,
    okta_in_flight: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(world: World, clock: Clock, hook_timeout: Duration) -> Self {
        Self {
            world: Mutex::new(world),
            clock,
            hook_timeout,
            stirred: Notify::new(),
            okta_in_flight: AtomicUsize::new(0),
        }
    }

    /// A panic while the lock was held leaves the world as consistent as one request can; tests that
    /// follow should still see it.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a listener serves.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    Vendor(System),
    Control,
}

/// A listener's task; it and its connections end when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn start(side: Side, at: SocketAddr, shared: Arc<Shared>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(at).await?;
        let address = listener.local_addr()?;
        Ok(Self { address, task: tokio::spawn(accept(side, listener, shared)) })
    }

    pub(crate) fn url(&self) -> String {
        if self.address.ip().is_unspecified() {
            return format!("http://127.0.0.1:{}", self.address.port());
        }
        format!("http://{}", self.address)
    }
}

async fn accept(side: Side, listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(side, stream, Arc::clone(&shared)));
            }
            Err(error) => tracing::warn!(%error, "accept failed"),
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(side: Side, stream: TcpStream, shared: Arc<Shared>) {
    // Small answers must not wait for one another.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let shared = Arc::clone(&shared);
        async move {
            let (parts, body) = request.into_parts();
            let body = Limited::new(body, MOST_BODY).collect().await.map_err(|_| Cut)?.to_bytes();
            answer(side, &shared, parts, body).await
        }
    });
    // An error of the service closes the connection without an answer: that is how faults cut it.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was cut")
    }
}

impl std::error::Error for Cut {}

async fn answer(
    side: Side,
    shared: &Shared,
    parts: Parts,
    body: Bytes,
) -> Result<Response<Either<Full<Bytes>, Half>>, Cut> {
    let mut cut_within = false;
    let answer = match side {
        Side::Control => control::answer(shared, &parts, &body),
        Side::Vendor(system) => {
            let flight = Flight::begin(shared, system);
            let mut outcome = act(shared, system, parts, body, flight.count);
            if let Some(errand) = outcome.errand.take() {
                outcome.answer = run(shared, errand, outcome.answer).await;
            }
            cut_within = outcome.cut_within;
            shared.stirred.notify_one();
            shared.clock.pass(Duration::from_millis(outcome.delay_ms)).await;
            if !shared.clock.is_frozen() {
                shared.clock.pass(outcome.answer.as_ref().map_or(Duration::ZERO, |answer| answer.held)).await;
            }
            outcome.answer.ok_or(Cut)?
        }
    };
    let response = response(answer, shared.clock.now());
    Ok(response
        .map(|body| if cut_within { Either::Right(Half::of(body)) } else { Either::Left(Full::new(body)) }))
}

/// Half of a body that was announced whole. Then the connection is closed.
#[derive(Debug)]
struct Half {
    to_send: Option<Bytes>,
    announced: u64,
    flushed: bool,
}

impl Half {
    fn of(body: Bytes) -> Self {
        Self { announced: body.len() as u64, to_send: Some(body.slice(..body.len() / 2)), flushed: false }
    }
}

impl Body for Half {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(half) = self.to_send.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        if self.flushed {
            return Poll::Ready(Some(Err(Cut)));
        }
        // What is buffered goes out before the next poll.
        self.flushed = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}

/// Counts a request as in flight for as long as it lives.
struct Flight<'a> {
    shared: &'a Shared,
    system: System,
    count: usize,
}

impl<'a> Flight<'a> {
    fn begin(shared: &'a Shared, system: System) -> Self {
        let okta = usize::from(system == System::Okta);
        let count = shared.okta_in_flight.fetch_add(okta, Ordering::SeqCst) + okta;
        Self { shared, system, count }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let okta = usize::from(self.system == System::Okta);
        self.shared.okta_in_flight.fetch_sub(okta, Ordering::SeqCst);
    }
}

/// What became of a request: an answer or none, and how long to hold it back.
struct Outcome {
    answer: Option<Answer>,
    delay_ms: u64,
    errand: Option<Errand>,
    cut_within: bool,
}

/// What is to be done without the lock before the answer is true.
struct Errand {
    challenge: Challenge,
    request_id: String,
    effect: Option<Effect>,
}

/// Does it, and puts what came of it in the place of the answer, which stays as spoilt as it is to be.
async fn run(shared: &Shared, errand: Errand, answer: Option<Answer>) -> Option<Answer> {
    let verdict = hooks::verdict(shared, errand.challenge).await;
    let mut answer = answer?;
    (answer.status, answer.body) = (verdict.status, verdict.body);
    let answer = spoilt(answer, errand.effect.as_ref())?;
    let mut world = shared.world();
    if let Some(record) =
        world.requests.iter_mut().rev().find(|record| record.request_id == errand.request_id)
    {
        record.status = answer.status;
    }
    Some(answer)
}

/// Does what was asked, under one lock, so that requests take effect in the order of the log. A delay
/// comes afterwards: a caller that gives up waiting has had its effect, as with the real systems.
fn act(shared: &Shared, system: System, parts: Parts, body: Bytes, in_flight: usize) -> Outcome {
    let mut world = shared.world();
    let ask = read(system, parts, body, shared.clock.now(), &mut world.request_ids);
    servicenow_ud::catch_up(&mut world, ask.at);
    let (delay, effect) = world.faults.strike(system, &ask.method, &ask.path);
    let answer = match effect {
        Some(Effect::CutBefore) => None,
        Some(Effect::Status(status)) => Some(injected(&world, status, &ask)),
        _ => spoilt(world.answer(&ask, in_flight), effect.as_ref()),
    };
    let errand = world.okta.hooks.take_errand();
    let errand = errand.map(|challenge| Errand { challenge, request_id: ask.request_id.clone(), effect });
    let status = answer.as_ref().map_or(0, |answer| answer.status);
    tracing::debug!(%system, method = ask.method, path = ask.path, status, "answered");
    world.requests.push(RequestRecord {
        system,
        user_agent: ask.user_agent().to_owned(),
        method: ask.method,
        path: ask.target,
        status,
        request_id: ask.request_id,
        at: ask.at,
    });
    Outcome { answer, delay_ms: delay.unwrap_or(0), errand, cut_within: effect == Some(Effect::CutWithin) }
}

impl World {
    fn answer(&mut self, ask: &Ask, in_flight: usize) -> Answer {
        match ask.system {
            System::Okta if in_flight > self.okta.concurrency() => Org::too_busy(ask),
            System::Okta => self.okta.answer(ask),
            System::ServiceNow => self.servicenow.answer(ask),
        }
    }
}

fn injected(world: &World, status: u16, ask: &Ask) -> Answer {
    match ask.system {
        System::Okta => world.okta.injected(status, ask),
        System::ServiceNow => Instance::injected(status, ask),
    }
}

/// What a fault leaves of an answer to something that was done.
fn spoilt(answer: Answer, effect: Option<&Effect>) -> Option<Answer> {
    match effect {
        Some(Effect::CutAfter) => None,
        Some(Effect::Malformed) => Some(malformed(answer)),
        Some(Effect::Truncated) => Some(truncated(answer)),
        Some(Effect::Corrupted) => Some(corrupted(answer)),
        _ => Some(answer),
    }
}

fn malformed(mut answer: Answer) -> Answer {
    if answer.status == 204 {
        answer.status = 200;
    }
    answer.body = b"{\"result\": <not json>".to_vec();
    answer
}

fn truncated(mut answer: Answer) -> Answer {
    answer.body.truncate(answer.body.len() / 2);
    answer
}

fn corrupted(mut answer: Answer) -> Answer {
    let middle = answer.body.len() / 2;
    if let Some(byte) = answer.body.get_mut(middle) {
        *byte ^= 1;
    }
    answer
}

fn read(system: System, parts: Parts, body: Bytes, at: DateTime<Utc>, ids: &mut Ids) -> Ask {
    let path = parts.uri.path().to_owned();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = header("x-forwarded-proto").filter(|scheme| *scheme == "https").unwrap_or("http");
    let host = header("host").or_else(|| parts.uri.authority().map(http::uri::Authority::as_str));
    let base = format!("{scheme}://{}", host.unwrap_or("localhost"));
    let pieces = path.split('/').filter(|piece| !piece.is_empty());
    Ask {
        system,
        method: parts.method.as_str().to_owned(),
        segments: pieces.map(|piece| percent_decode_str(piece).decode_utf8_lossy().into_owned()).collect(),
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        target: parts.uri.path_and_query().map_or_else(|| path.clone(), ToString::to_string),
        path,
        base,
        headers: parts.headers,
        body,
        at,
        request_id: ids.hex(if system == System::Okta { 32 } else { 12 }),
    }
}

fn response(answer: Answer, now: DateTime<Utc>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(answer.body));
    *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
    for (name, value) in answer.headers {
        response.headers_mut().append(name, value);
    }
    if let Ok(date) = HeaderValue::from_str(&http_date(now)) {
        response.headers_mut().insert(http::header::DATE, date);
    }
    response
}
