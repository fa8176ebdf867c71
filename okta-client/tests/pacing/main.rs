//! Ten thousand calls inside the rate limits: how long they take, how many are refused, and who goes first.
//!
//! The HTTP is real and the time is not: see [`time`]. What the limits allow is computed from Okta's published
//! numbers, which the sandbox goes by, and from nothing that the client says. What happened is read from the
//! sandbox's log of requests and from what it holds.
//!
//! The floor: a bucket of `L` a window lets `n` calls through in `ceil(n / L)` windows of a minute, the last of
//! which may take no time at all. So `n` calls take at least `ceil(n / L) - 1` minutes, and of several buckets the
//! slowest counts.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../../../client-core/tests/support/time.rs"]
mod time;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use okta_client::{Call, Clock, Event, Lane, Observer, OktaClient, Path, Request, Safety};
use sandbox::Sandbox;
use serde_json::{Value, json};

use time::{Network, VirtualTime};

const CALLS: usize = 10_000;

const PEOPLE: usize = 5;

/// What a workforce org allows a minute in the three buckets that the calls draw from.
const USERS: u32 = 600;
const GROUPS: u32 = 500;
const READS: u32 = 2000;

struct World {
    sandbox: Sandbox,
    time: Arc<VirtualTime>,
    /// Somebody who is there already, and a group.
    somebody: String,
    group: String,
}

impl World {
    async fn with(settings: impl FnOnce(sandbox::Builder) -> sandbox::Builder) -> Self {
        let builder = settings(Sandbox::builder().people(PEOPLE).new_hires(0).frozen_clock());
        let sandbox = builder.start().await.unwrap();
        let state = sandbox.state();
        let groups = state["okta"]["groups"].as_array().unwrap();
        let group = groups.iter().find(|group| group["type"] == "OKTA_GROUP").unwrap();
        let id = |thing: &Value| thing["id"].as_str().unwrap().to_owned();
        let (somebody, group) = (id(&state["okta"]["users"][0]), id(group));
        Self { time: VirtualTime::new(sandbox.clock()), sandbox, somebody, group }
    }

    /// A client that shares nothing with any other but the org and the clock on the wall: as in a process of its
    /// own.
    fn client(&self, seed: u64) -> OktaClient {
        OktaClient::builder(self.sandbox.okta_url())
            .api_token(self.sandbox.okta_token().into())
            .transport(Network::new(self.time.clone(), seed))
            .clock(self.time.clone())
            .build()
            .unwrap()
    }

    /// The call number `number`: seven of ten make a user, two put somebody into a group, one reads somebody.
    fn call(&self, number: usize) -> Call<()> {
        let call = match number % 10 {
            0..7 => {
                let login = format!("u{number}@acme.example");
                let profile = json!({"login": login, "email": login, "firstName": "A", "lastName": "B"});
                let request = Request::post(Path::new("/api/v1/users")).json(&json!({"profile": profile}));
                Call::done("test.users.create", Safety::Unsafe, request)
            }
            7..9 => {
                let path = Path::new("/api/v1/groups").value(&self.group).word("users").value(&self.somebody);
                Call::done("test.groups.add", Safety::Idempotent, Request::put(path))
            }
            _ => {
                let path = Path::new("/api/v1/users").value(&self.somebody);
                Call::done("test.users.get", Safety::Read, Request::get(path))
            }
        };
        // Only the status counts here.
        call.with_decode(|_| Ok(()))
    }

    /// Makes all the calls at once, shared out among `clients`. How many minutes that took.
    async fn minutes(&self, clients: &[OktaClient]) -> f64 {
        let before = self.sandbox.clock().now();
        let calls = (0..CALLS).map(|number| {
            let (okta, call) = (clients[number % clients.len()].clone(), self.call(number));
            tokio::spawn(async move { okta.send(&call).await.map(drop) })
        });
        let ends = self.time.passes_during(join_all(calls)).await;
        assert!(ends.iter().all(|end| matches!(end, Ok(Ok(())))), "every call is done");
        (self.sandbox.clock().now() - before).as_seconds_f64() / 60.0
    }

    /// Asserts that the org did each of the calls once, and tells how many requests it refused.
    fn refusals(&self) -> usize {
        let state = self.sandbox.state();
        let users = state["okta"]["users"].as_array().unwrap();
        assert_eq!(users.len(), PEOPLE + CALLS / 10 * 7, "logins are unique: each was made once");
        let mut answers: BTreeMap<(String, u16), usize> = BTreeMap::new();
        for request in self.sandbox.requests() {
            *answers.entry((request.method, request.status)).or_default() += 1;
        }
        let refused = answers.iter().filter(|((_, status), _)| *status == 429).map(|(_, times)| times).sum();
        answers.retain(|(_, status), _| *status != 429);
        let done = [("GET", 200, CALLS / 10), ("POST", 200, CALLS / 10 * 7), ("PUT", 204, CALLS / 10 * 2)];
        let done = done.map(|(method, status, times)| ((method.to_owned(), status), times));
        assert_eq!(answers, BTreeMap::from(done), "what was not refused was done, and once");
        refused
    }
}

/// How many minutes the calls take at least, when `percent` of each of the org's buckets is ours.
fn floor(percent: u32) -> f64 {
    let (calls, window) = (u32::try_from(CALLS).unwrap(), |limit: u32| limit * percent / 100);
    let minutes = |calls: u32, limit: u32| calls.div_ceil(window(limit)) - 1;
    let slowest = minutes(calls / 10 * 7, USERS).max(minutes(calls / 10 * 2, GROUPS));
    slowest.max(minutes(calls / 10, READS)).into()
}

#[tokio::test]
async fn ten_thousand_calls_take_what_the_buckets_allow_and_none_is_refused() {
    let world = World::with(|sandbox| sandbox).await;
    let minutes = world.minutes(&[world.client(1)]).await;
    let (floor, refused) = (floor(50), world.refusals());
    println!("{minutes:.2} minutes, of which the buckets need {floor:.2}; {refused} refused");
    assert_eq!(refused, 0);
    assert!(minutes <= 1.03 * floor, "{minutes:.2} minutes, and {floor:.2} would do");
}

/// The token may use the whole limit, so what others take is missing.
#[tokio::test]
async fn others_who_take_two_fifths_of_the_limit_leave_the_rest_to_us() {
    let world =
        World::with(|sandbox| sandbox.token_share(100).others_take(40).rate_limit_headers_twice()).await;
    let minutes = world.minutes(&[world.client(2)]).await;
    let (floor, refused) = (floor(60), world.refusals());
    println!("{minutes:.2} minutes, of which the buckets need {floor:.2}; {refused} refused");
    assert!(refused <= CALLS / 100, "{refused} were refused");
    assert!(minutes <= 1.03 * floor, "{minutes:.2} minutes, and {floor:.2} would do");
}

#[tokio::test]
async fn four_processes_share_one_token() {
    let world = World::with(|sandbox| sandbox).await;
    let processes: Vec<_> = (3..7).map(|seed| world.client(seed)).collect();
    let minutes = world.minutes(&processes).await;
    let (floor, refused) = (floor(50), world.refusals());
    println!("{minutes:.2} minutes, of which the buckets need {floor:.2}; {refused} refused");
    assert!(refused <= CALLS / 100, "{refused} were refused");
    assert!(minutes <= 1.1 * floor, "{minutes:.2} minutes, and {floor:.2} would do");
}

/// How long attempts had to wait for their places.
#[derive(Debug, Default)]
struct Waits(Mutex<Vec<Duration>>);

impl Observer for Waits {
    fn on_event(&self, event: &Event<'_>) {
        if let Event::Attempt(attempt) = event {
            self.0.lock().unwrap().push(attempt.waited);
        }
    }
}

#[tokio::test]
async fn an_urgent_call_waits_less_than_a_second_while_ten_thousand_others_wait() {
    let world = World::with(|sandbox| sandbox).await;
    let okta = world.client(8);
    let waits = Arc::new(Waits::default());
    let urgent = okta.in_lane(Lane::Urgent).observed(waits.clone());
    let bulk: Vec<_> = (0..CALLS)
        .map(|_| {
            let okta = okta.in_lane(Lane::Bulk);
            tokio::spawn(async move {
                let list = Request::get(Path::new("/api/v1/users")).query("limit", 1);
                okta.send(&Call::<Value>::read("test.users.list", list)).await.map(drop)
            })
        })
        .collect();
    // Five windows, and an urgent call in each part of one: 7.3 seconds do not divide a minute.
    let calls = 41;
    let day = async {
        for _ in 0..calls {
            world.time.sleep(Duration::from_millis(7300)).await;
            let sessions = Path::new("/api/v1/users").value(&world.somebody).word("sessions");
            let call = Call::done("test.sessions.revoke", Safety::Idempotent, Request::delete(sessions));
            urgent.send(&call).await.unwrap();
        }
    };
    world.time.passes_during(day).await;

    let waits = waits.0.lock().unwrap().clone();
    let longest = waits.iter().max().unwrap();
    let users = okta.buckets().into_iter().find(|bucket| bucket.name == "/api/v1/users").unwrap();
    println!(
        "{} urgent calls, the longest wait {longest:?}; {} bulk calls wait still",
        waits.len(),
        users.waiting
    );
    assert!(users.waiting > CALLS / 2, "they were in line all the while: {users:?}");
    assert_eq!(waits.len(), calls);
    assert!(*longest < Duration::from_secs(1), "{longest:?}");
    let requests = world.sandbox.requests();
    assert_eq!(requests.iter().filter(|request| request.method == "DELETE").count(), calls);
    assert!(requests.iter().all(|request| request.status != 429));
    // Bulk had all the rest: five minutes and a little, at half of the bucket.
    assert!(requests.len() > 5 * USERS as usize / 2, "{} requests", requests.len());
    bulk.iter().for_each(tokio::task::JoinHandle::abort);
}
