use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use client_core::Delivery;
use futures::TryStreamExt as _;
use tokio::sync::Semaphore;

use super::*;

/// Moves when told.
#[derive(Debug, Default)]
struct TestClock(Mutex<Duration>);

impl TestClock {
    fn pass(&self, seconds: u64) {
        *self.0.lock().unwrap() += Duration::from_secs(seconds);
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, _: Duration) {}
}

/// Answers in order, as far as it is let, and remembers which cookies came.
#[derive(Debug)]
struct Network {
    let_through: Semaphore,
    answers: Mutex<VecDeque<Result<http::Response<Bytes>, TransportError>>>,
    cookies: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let cookies = request.headers().get(COOKIE).map_or("", |cookies| cookies.to_str().unwrap());
        self.cookies.lock().unwrap().push(cookies.to_owned());
        self.let_through.acquire().await.unwrap().forget();
        self.answers.lock().unwrap().pop_front().unwrap()
    }
}

struct World {
    network: Arc<Network>,
    clock: Arc<TestClock>,
    sessions: Sessions,
}

impl World {
    /// With a network that gives these answers.
    fn new(answers: impl IntoIterator<Item = http::Response<Bytes>>) -> Self {
        Self::lossy(answers.into_iter().map(Ok))
    }

    fn lossy(answers: impl IntoIterator<Item = Result<http::Response<Bytes>, TransportError>>) -> Self {
        let answers: VecDeque<_> = answers.into_iter().collect();
        let network = Arc::new(Network {
            let_through: Semaphore::new(answers.len()),
            answers: Mutex::new(answers),
            cookies: Mutex::default(),
        });
        let clock = Arc::new(TestClock::default());
        Self { sessions: Sessions::new(network.clone(), clock.clone()), network, clock }
    }

    async fn call(&self) {
        self.sessions.send(as_user("ann")).await.unwrap();
    }

    /// The cookies of each request so far.
    fn cookies(&self) -> Vec<String> {
        self.network.cookies.lock().unwrap().clone()
    }
}

fn as_user(user: &str) -> http::Request<Bytes> {
    let request = http::Request::get("https://acme.service-now.com/api/now/table/incident");
    request.header(AUTHORIZATION, user).body(Bytes::new()).unwrap()
}

fn answer(status: u16, cookies: &[&str]) -> http::Response<Bytes> {
    let answer = http::Response::builder().status(status);
    let with = |answer: http::response::Builder, cookie: &&str| answer.header(SET_COOKIE, *cookie);
    cookies.iter().fold(answer, with).body("body".into()).unwrap()
}

/// An answer of a session.
fn in_session(number: u32) -> http::Response<Bytes> {
    answer(200, &[&format!("JSESSIONID={number}; Path=/; HttpOnly; SameSite=None; Secure")])
}

#[tokio::test]
async fn a_call_goes_on_in_the_session_that_was_used_last() {
    let world = World::new([
        answer(200, &["JSESSIONID=A; Path=/; HttpOnly", "glide_user_route=glide.b; Path=/"]),
        answer(200, &["JSESSIONID=C; Path=/"]),
        answer(200, &[]),
    ]);
    for _ in 0..3 {
        world.call().await;
    }
    assert_eq!(
        world.cookies(),
        ["", "JSESSIONID=A; glide_user_route=glide.b", "glide_user_route=glide.b; JSESSIONID=C"]
    );
}

#[tokio::test]
async fn no_session_has_two_calls_in_flight() {
    let world = World::new([in_session(1), in_session(2), in_session(3), in_session(4)]);
    world.network.let_through.forget_permits(4);
    for _ in 0..2 {
        let release = async { world.network.let_through.add_permits(2) };
        tokio::join!(world.call(), world.call(), release);
    }
    assert_eq!(world.cookies(), ["", "", "JSESSIONID=2", "JSESSIONID=1"]);
}

#[tokio::test]
async fn a_session_that_may_be_busy_or_somebody_elses_is_not_used_again() {
    for status in [202, 401, 403, 502, 503, 504] {
        let world = World::new([in_session(1), answer(status, &["JSESSIONID=2"]), in_session(3)]);
        for _ in 0..3 {
            world.call().await;
        }
        assert_eq!(world.cookies(), ["", "JSESSIONID=1", ""], "{status}");
    }
    for status in [200, 201, 204, 400, 404, 429, 500] {
        let world = World::new([in_session(1), answer(status, &[]), in_session(3)]);
        for _ in 0..3 {
            world.call().await;
        }
        assert_eq!(world.cookies(), ["", "JSESSIONID=1", "JSESSIONID=1"], "{status}");
    }
}

#[tokio::test]
async fn a_session_as_guest_is_not_used_again() {
    let mut guest = in_session(1);
    guest.headers_mut().insert("x-is-logged-in", HeaderValue::from_static("false"));
    let world = World::new([guest, in_session(2)]);
    world.call().await;
    world.call().await;
    assert_eq!(world.cookies(), ["", ""]);
}

#[tokio::test]
async fn a_session_whose_answer_was_lost_or_not_waited_for_is_not_used_again() {
    let lost = TransportError::new("the connection was cut", Delivery::Unknown);
    let world = World::lossy([Ok(in_session(1)), Err(lost), Ok(in_session(2)), Ok(in_session(3))]);
    world.call().await;
    world.sessions.send(as_user("ann")).await.unwrap_err();
    world.call().await;
    world.network.let_through.forget_permits(1);
    {
        let mut given_up = Box::pin(world.call());
        assert!(futures::poll!(&mut given_up).is_pending());
    }
    world.network.let_through.add_permits(1);
    world.call().await;
    assert_eq!(world.cookies(), ["", "JSESSIONID=1", "", "JSESSIONID=2", ""]);
}

#[tokio::test]
async fn a_session_serves_who_began_it() {
    let world = World::new((1..=5).map(in_session));
    world.sessions.send(as_user("ann")).await.unwrap();
    world.sessions.send(as_user("bob")).await.unwrap();
    world.sessions.send(as_user("ann")).await.unwrap();
    let mut key = HeaderValue::from_static("secret");
    key.set_sensitive(true);
    for expected in ["", "JSESSIONID=4"] {
        let mut request = as_user("ann");
        request.headers_mut().insert("x-sn-apikey", key.clone());
        world.sessions.send(request).await.unwrap();
        assert_eq!(world.cookies().pop().unwrap(), expected);
    }
    assert_eq!(world.cookies()[..3], ["", "", "JSESSIONID=1"]);
}

#[tokio::test]
async fn a_session_that_was_idle_for_a_minute_is_begun_anew() {
    let world = World::new([in_session(1), in_session(2), in_session(3)]);
    world.call().await;
    world.clock.pass(59);
    world.call().await;
    world.clock.pass(60);
    world.call().await;
    assert_eq!(world.cookies(), ["", "JSESSIONID=1", ""]);
}

#[tokio::test]
async fn cookies_run_out_by_the_clock_of_the_client_and_servers_take_them_away() {
    let world = World::new([
        answer(
            200,
            &["JSESSIONID=1", "a=1; Max-Age=30", "b=1; Expires=Thu, 01 Jan 1970 00:00:40 GMT", "c=1", "d=1"],
        ),
        answer(200, &["c=; Max-Age=0", "d=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]),
        answer(200, &["JSESSIONID=2"]),
        answer(200, &["a=2; Max-Age=30"]),
        answer(200, &[]),
    ]);
    for seconds in [0, 29, 1, 10, 29] {
        world.clock.pass(seconds);
        world.call().await;
    }
    let expected =
        ["", "JSESSIONID=1; a=1; b=1; c=1; d=1", "JSESSIONID=1; b=1", "JSESSIONID=2", "JSESSIONID=2; a=2"];
    assert_eq!(world.cookies(), expected);
}

#[tokio::test]
async fn a_streamed_answer_occupies_its_session_until_its_end() {
    let broken = || {
        let pieces = [Ok(Bytes::from("half")), Err(TransportError::new("cut", Delivery::Unknown))];
        BodyStream::new(None, stream::iter(pieces))
    };
    let world = World::new([in_session(1), in_session(2), in_session(3), in_session(4)]);
    let request = || as_user("ann").map(BodyStream::from);
    let answer = world.sessions.stream(request()).await.unwrap();
    world.call().await;
    assert_eq!(answer.into_body().whole(100).await.unwrap(), "body");
    drop(world.sessions.stream(request()).await.unwrap());
    world.call().await;
    assert_eq!(world.cookies(), ["", "", "JSESSIONID=1", "JSESSIONID=2"]);

    let loan = Idle::lend(&world.sessions.idle, &mut HeaderMap::new());
    let loan = loan.after(StatusCode::OK, in_session(5).headers());
    let pieces = until_the_end(broken(), loan).try_collect::<Vec<_>>().await;
    pieces.unwrap_err();
    assert!(world.sessions.idle.sessions().iter().all(|session| !session.owner.is_empty()));
}

#[tokio::test]
async fn debug_shows_no_cookie() {
    let world = World::new([in_session(4711)]);
    world.call().await;
    assert!(format!("{:?}", world.sessions.idle).contains("sessions: 1"));
    assert!(!format!("{:?}", world.sessions.idle).contains("4711"));
    let mut headers = as_user("ann").headers().clone();
    let _loan = Idle::lend(&world.sessions.idle, &mut headers);
    assert!(headers.contains_key(COOKIE) && !format!("{headers:?}").contains("4711"));
}
