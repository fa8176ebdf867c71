use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::*;

/// A clock that moves when somebody sleeps, and never backwards.
#[derive(Debug, Default)]
struct TestClock(AtomicU64);

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        self.0.fetch_add(u64::try_from(duration.as_millis()).unwrap() + 1, Ordering::SeqCst);
    }
}

fn bucket(limit: u32) -> Bucket {
    Bucket { name: "b".into(), limit: NonZeroU32::new(limit), window: Duration::from_secs(60) }
}

/// An ordinary call's place, once it has it.
async fn reserve(pacer: &Pacer, bucket: &Bucket) -> Place {
    let mut place = pacer.reserve(bucket, pacer.turn(Lane::Normal), |_| ()).await.unwrap();
    place.sent();
    place
}

/// Whether an ordinary call gets a place at once. It keeps it.
fn goes(pacer: &Pacer, bucket: &Bucket) -> bool {
    goes_in(Lane::Normal, pacer, bucket)
}

fn goes_in(lane: Lane, pacer: &Pacer, bucket: &Bucket) -> bool {
    let mut state = pacer.0.lock();
    let index = state.lines.line(bucket);
    state.lines.take_at_once(pacer.0.clock.monotonic(), index, pacer.turn(lane)).is_some()
}

fn told(limit: u32, remaining: u32, seconds: u64) -> Signal {
    let resets_in = Duration::from_secs(seconds);
    Signal::Window { limit, remaining, resets_in, answered_at: None }
}

const PATIENCE: Duration = Duration::from_secs(300);

fn pacer(config: PacerConfig) -> (Pacer, Arc<TestClock>) {
    starting(config, None)
}

fn starting(config: PacerConfig, start: Option<u32>) -> (Pacer, Arc<TestClock>) {
    let clock = Arc::new(TestClock::default());
    (Pacer::new(config, start, PATIENCE, clock.clone()), clock)
}

impl From<Signal> for Heard {
    fn from(signal: Signal) -> Self {
        Self { signal, load: Load::Unknown }
    }
}

impl From<Load> for Heard {
    fn from(load: Load) -> Self {
        Self { signal: Signal::None, load }
    }
}

fn wide() -> PacerConfig {
    PacerConfig { concurrency: 1000, ..PacerConfig::default() }
}

/// A server whose window starts with the first request in it, as Okta's do.
struct Server {
    limit: u32,
    window: Option<(Duration, u32)>,
    refused: u32,
}

impl Server {
    fn call(&mut self, now: Duration) -> Signal {
        let (end, used) = match self.window {
            Some((end, used)) if now < end => (end, used),
            _ => (now + Duration::from_secs(60), 0),
        };
        let used = if used == self.limit {
            self.refused += 1;
            used
        } else {
            used + 1
        };
        self.window = Some((end, used));
        Signal::Window {
            limit: self.limit,
            remaining: self.limit - used,
            resets_in: end.saturating_sub(now),
            answered_at: None,
        }
    }
}

#[tokio::test]
async fn a_sequence_of_calls_sees_no_refusal_and_uses_the_windows() {
    let (pacer, clock) = pacer(wide());
    let mut server = Server { limit: 50, window: None, refused: 0 };
    for _ in 0..500 {
        let place = reserve(&pacer, &bucket(300)).await;
        place.answered(server.call(clock.monotonic()).into());
    }
    assert_eq!(server.refused, 0);
    let minutes = clock.monotonic().as_secs_f64() / 60.0;
    assert!(minutes < 10.8, "500 calls at 50 a minute took {minutes:.1} minutes");
}

#[tokio::test]
async fn what_is_in_flight_counts_before_it_is_answered() {
    let (pacer, _clock) = pacer(wide());
    reserve(&pacer, &bucket(100)).await.answered(told(100, 2, 60).into());
    assert!(goes_in(Lane::Urgent, &pacer, &bucket(100)));
    assert!(goes_in(Lane::Urgent, &pacer, &bucket(100)));
    assert!(!goes_in(Lane::Urgent, &pacer, &bucket(100)));
}

#[tokio::test]
async fn an_unknown_bucket_is_scouted() {
    let (pacer, _clock) = pacer(wide());
    for _ in 0..window::SCOUTS {
        assert!(goes(&pacer, &bucket(300)));
    }
    assert!(!goes(&pacer, &bucket(300)));
}

#[tokio::test]
async fn a_concurrency_refusal_lowers_what_is_in_flight_and_leaves_the_bucket_open() {
    let (pacer, _clock) = pacer(PacerConfig { concurrency: 8, ..PacerConfig::default() });
    let unlimited = unlimited();
    reserve(&pacer, &unlimited).await.answered(Load::Heavy.into());
    assert!((0..4).all(|_| goes(&pacer, &unlimited)));
    assert!(!goes(&pacer, &unlimited));
}

#[tokio::test]
async fn an_old_answer_does_not_close_a_new_window() {
    let (pacer, clock) = pacer(wide());
    let late = reserve(&pacer, &bucket(10)).await;
    let quick = reserve(&pacer, &bucket(10)).await;
    quick.answered(
        Signal::Window { limit: 10, remaining: 8, resets_in: Duration::from_secs(60), answered_at: None }
            .into(),
    );
    clock.sleep(Duration::from_secs(62)).await;
    let fresh = reserve(&pacer, &bucket(10)).await;
    fresh.answered(
        Signal::Window { limit: 10, remaining: 9, resets_in: Duration::from_secs(60), answered_at: None }
            .into(),
    );
    late.answered(
        Signal::Window { limit: 10, remaining: 0, resets_in: Duration::ZERO, answered_at: None }.into(),
    );
    assert!(goes(&pacer, &bucket(10)));
}

#[tokio::test]
async fn an_answer_that_was_long_on_its_way_does_not_make_its_window_longer() {
    let (pacer, clock) = pacer(wide());
    let told = |limit, remaining, resets_in, answered_at| Signal::Window {
        limit,
        remaining,
        resets_in: Duration::from_secs(resets_in),
        answered_at: Some(Duration::from_secs(answered_at)),
    };
    let slow = reserve(&pacer, &bucket(100)).await;
    reserve(&pacer, &bucket(100)).await.answered(told(100, 99, 60, 1_000).into());
    clock.sleep(Duration::from_secs(50)).await;
    // Made in the first second too, and fifty on its way: its window ends when the other's does.
    slow.answered(told(100, 0, 60, 1_000).into());
    clock.sleep(Duration::from_secs(11)).await;
    assert!(goes(&pacer, &bucket(100)));
}

#[tokio::test]
async fn a_server_whose_clock_is_far_ahead_does_not_open_a_bucket_that_is_closed() {
    let (pacer, clock) = pacer(wide());
    let told = |remaining, answered_at| Signal::Window {
        limit: 100,
        remaining,
        resets_in: Duration::from_secs(30),
        answered_at: Some(Duration::from_secs(answered_at)),
    };
    reserve(&pacer, &bucket(100)).await.answered(told(90, 2_000).into());
    // Another server, whose clock is right: its answer looks as if it had been on its way for a quarter of an hour.
    reserve(&pacer, &bucket(100)).await.refused(told(0, 1_001).into());
    assert!(!goes(&pacer, &bucket(100)));
    clock.sleep(Duration::from_secs(32)).await;
    assert!(goes(&pacer, &bucket(100)));
}

#[tokio::test]
async fn a_share_caps_what_one_client_takes() {
    let (pacer, clock) = pacer(PacerConfig { share: 0.5, ..wide() });
    let mut server = Server { limit: 20, window: None, refused: 0 };
    for _ in 0..10 {
        reserve(&pacer, &bucket(20)).await.answered(server.call(clock.monotonic()).into());
    }
    assert!(clock.monotonic() < Duration::from_secs(60));
    reserve(&pacer, &bucket(20)).await.answered(server.call(clock.monotonic()).into());
    assert!(clock.monotonic() >= Duration::from_secs(60));
}

#[tokio::test]
async fn a_refusal_by_a_window_that_ends_earlier_closes_the_bucket_until_then() {
    let (pacer, clock) = pacer(wide());
    let ours =
        Signal::Window { limit: 100, remaining: 90, resets_in: Duration::from_secs(50), answered_at: None };
    reserve(&pacer, &bucket(100)).await.answered(ours.into());
    let theirs =
        Signal::Window { limit: 100, remaining: 0, resets_in: Duration::from_secs(8), answered_at: None };
    reserve(&pacer, &bucket(100)).await.refused(theirs.into());
    assert!(!goes(&pacer, &bucket(100)));
    clock.sleep(Duration::from_millis(8900)).await;
    assert!(!goes(&pacer, &bucket(100)));
    clock.sleep(Duration::from_millis(200)).await;
    assert!(goes(&pacer, &bucket(100)));
}

/// The lanes and numbers of those who wait, as they get their places one by one.
async fn order_of(pacer: &Arc<Pacer>, held: Place, lanes: &[Lane]) -> Vec<Lane> {
    let order = Arc::new(Mutex::new(Vec::new()));
    let waiting: Vec<_> = lanes
        .iter()
        .map(|&lane| {
            let (pacer, order, turn) = (pacer.clone(), order.clone(), pacer.turn(lane));
            tokio::spawn(async move {
                let _place = pacer.reserve(&unlimited(), turn, |_| ()).await.unwrap();
                order.lock().unwrap().push(lane);
            })
        })
        .collect();
    while pacer.buckets()[0].waiting < lanes.len() {
        tokio::task::yield_now().await;
    }
    drop(held);
    for task in waiting {
        task.await.unwrap();
    }
    Arc::into_inner(order).unwrap().into_inner().unwrap()
}

fn unlimited() -> Bucket {
    Bucket { name: "b".into(), limit: None, window: Duration::from_secs(60) }
}

fn one_at_a_time() -> (Arc<Pacer>, Arc<TestClock>) {
    let (pacer, clock) = pacer(PacerConfig { concurrency: 1, ..PacerConfig::default() });
    (Arc::new(pacer), clock)
}

#[tokio::test]
async fn the_more_urgent_go_first_and_each_lane_in_its_order() {
    use Lane::{Bulk, Normal, Urgent};
    let (pacer, _clock) = one_at_a_time();
    let held = reserve(&pacer, &unlimited()).await;
    let order = order_of(&pacer, held, &[Bulk, Normal, Bulk, Urgent, Normal]).await;
    assert_eq!(order, [Urgent, Normal, Normal, Bulk, Bulk]);
}

#[tokio::test]
async fn a_call_given_up_in_line_or_with_its_place_just_granted_loses_nothing() {
    let (pacer, _clock) = one_at_a_time();
    let held = reserve(&pacer, &unlimited()).await;
    let bucket = unlimited();
    let mut waiting: Vec<_> =
        (0..3).map(|_| Box::pin(pacer.reserve(&bucket, pacer.turn(Lane::Normal), |_| ()))).collect();
    for call in &mut waiting {
        assert!(futures::poll!(call).is_pending());
    }
    assert_eq!(pacer.buckets()[0].waiting, 3);
    drop(waiting.remove(1));
    assert_eq!(pacer.buckets()[0].waiting, 2);
    drop(held);
    // The first has its place now and does not know yet.
    assert_eq!((pacer.concurrency().in_flight, pacer.buckets()[0].waiting), (1, 1));
    drop(waiting.remove(0));
    let last = waiting.remove(0).await.unwrap();
    assert_eq!(pacer.concurrency().in_flight, 1);
    drop(last);
    assert_eq!(pacer.concurrency().in_flight, 0);
}

#[test]
fn who_waits_goes_on_when_the_runtime_of_the_timekeeper_ends() {
    let clock = Arc::new(crate::clock::SystemClock::default());
    let pacer = Arc::new(Pacer::new(wide(), None, PATIENCE, clock));
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let closed = Signal::Pause(Duration::from_millis(50));
    let first = runtime();
    first.block_on(async {
        reserve(&pacer, &bucket(10)).await.refused(closed.into());
        let bucket = bucket(10);
        let mut waiting = Box::pin(pacer.reserve(&bucket, pacer.turn(Lane::Bulk), |_| ()));
        assert!(futures::poll!(&mut waiting).is_pending());
    });
    let second = runtime();
    let bucket = bucket(10);
    let mut waiting = Box::pin(pacer.reserve(&bucket, pacer.turn(Lane::Bulk), |_| ()));
    second.block_on(async { assert!(futures::poll!(&mut waiting).is_pending()) });
    drop(first);
    drop(second.block_on(waiting).unwrap());
}

#[tokio::test]
async fn refusals_of_calls_that_went_together_halve_the_concurrency_once() {
    let (pacer, clock) = pacer(PacerConfig { concurrency: 16, ..PacerConfig::default() });
    clock.sleep(Duration::from_secs(1)).await;
    let mut together = Vec::new();
    for _ in 0..8 {
        together.push(reserve(&pacer, &unlimited()).await);
    }
    for place in together {
        place.refused(Load::Heavy.into());
    }
    assert_eq!(pacer.concurrency().allowed, 8);
    clock.sleep(Duration::from_secs(1)).await;
    reserve(&pacer, &unlimited()).await.refused(Load::Heavy.into());
    assert_eq!(pacer.concurrency().allowed, 4);
}

#[tokio::test]
async fn bulk_is_spread_over_the_window_and_leaves_places_for_the_urgent() {
    let (pacer, clock) = pacer(wide());
    let mut server = Server { limit: 100, window: None, refused: 0 };
    let mut sent = Vec::new();
    for _ in 0..99 {
        let place = pacer.reserve(&bucket(100), pacer.turn(Lane::Bulk), |_| ()).await.unwrap();
        sent.push(clock.monotonic().as_secs_f64());
        place.answered(server.call(clock.monotonic()).into());
    }
    let longest = sent.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!(longest < 1.5, "{longest}");
    assert!(sent[49] > 25.0 && sent[98] < 60.0, "{sent:?}");
    assert!(!goes_in(Lane::Bulk, &pacer, &bucket(100)));
    assert!(goes_in(Lane::Urgent, &pacer, &bucket(100)));
}

/// An ordinary call's place, if there is one.
fn at_once(pacer: &Pacer, bucket: &Bucket) -> Option<Place> {
    match pacer.arrive(bucket, pacer.turn(Lane::Normal)).unwrap() {
        Arrival::Placed(mut place) => {
            place.sent();
            Some(place)
        }
        Arrival::Standing(..) => None,
    }
}

/// Fills what may be in flight, and answers that. How many may be in flight then.
fn fill(pacer: &Pacer, load: Load) -> u32 {
    let places: Vec<_> = std::iter::from_fn(|| at_once(pacer, &unlimited())).collect();
    for place in places {
        place.answered(load.into());
    }
    pacer.concurrency().allowed
}

#[tokio::test]
async fn what_is_in_flight_grows_from_its_start_only_while_it_is_used_up_and_told_that_there_is_room() {
    let (pacer, clock) = starting(PacerConfig { concurrency: 16, ..PacerConfig::default() }, Some(4));
    assert_eq!(pacer.concurrency().allowed, 4);
    // One at a time says nothing about five.
    for _ in 0..100 {
        reserve(&pacer, &unlimited()).await.answered(Load::Light.into());
    }
    assert_eq!(pacer.concurrency().allowed, 4);
    assert_eq!(fill(&pacer, Load::Unknown), 4);
    assert_eq!(fill(&pacer, Load::Steady), 4);
    let grown = (0..1000).map(|_| fill(&pacer, Load::Light)).max();
    assert_eq!(grown, Some(16));
    for halved in [8, 4, 2, 1, 1] {
        clock.sleep(Duration::from_secs(1)).await;
        assert_eq!(fill(&pacer, Load::Heavy), halved);
    }
    // Who is told nothing grows back to where it began.
    let grown = (0..1000).map(|_| fill(&pacer, Load::Unknown)).max();
    assert_eq!(grown, Some(4));
}

fn table(name: &'static str) -> Bucket {
    Bucket { name: name.into(), limit: None, window: Duration::from_secs(3600) }
}

fn rule(id: &str, limit: u32, seconds: u64) -> Signal {
    let resets_in = Duration::from_secs(seconds);
    Signal::Rule { id: id.into(), limit, resets_in, answered_at: None, pause: None }
}

/// Makes calls one after the other until just before the hour ends. How many they were.
async fn calls_of_an_hour(pacer: &Pacer, clock: &TestClock) -> u32 {
    let mut calls = 0;
    while clock.monotonic() < Duration::from_secs(3590) {
        let place = reserve(pacer, &table("a")).await;
        place.answered(rule("r", 100, 3600 - clock.monotonic().as_secs()).into());
        calls += 1;
    }
    calls
}

#[tokio::test]
async fn a_rule_that_tells_no_remainder_is_counted_and_used_up_by_the_end_of_its_window() {
    let (pacer, clock) = pacer(wide());
    let calls = calls_of_an_hour(&pacer, &clock).await;
    // One place is kept for urgent calls, and the last may come a little late.
    assert!((98..=100).contains(&calls), "{calls} calls");
}

#[tokio::test]
async fn a_share_caps_what_is_taken_of_a_rule() {
    let (pacer, clock) = pacer(PacerConfig { share: 0.5, ..wide() });
    let calls = calls_of_an_hour(&pacer, &clock).await;
    assert!((48..=50).contains(&calls), "{calls} calls");
}

/// As many calls as the bucket lets through without delay, each answered by the rule.
fn spend(pacer: &Pacer, bucket: &Bucket, heard: &Signal) -> usize {
    let places = std::iter::from_fn(|| at_once(pacer, bucket));
    places.map(|place| place.answered(heard.clone().into())).count()
}

#[tokio::test]
async fn buckets_with_the_same_rule_share_its_count_and_others_do_not() {
    let (pacer, _clock) = pacer(wide());
    reserve(&pacer, &table("a")).await.answered(rule("r", 100, 3600).into());
    reserve(&pacer, &table("b")).await.answered(rule("r", 100, 3600).into());
    // A fifth goes at once, of which two are gone, and the first that is spread.
    assert_eq!(spend(&pacer, &table("a"), &rule("r", 100, 3600)), 19);
    assert_eq!(spend(&pacer, &table("b"), &rule("r", 100, 3600)), 0);
    assert_eq!(spend(&pacer, &table("c"), &rule("s", 100, 3600)), 21);
    let statuses = pacer.buckets();
    let told: Vec<_> =
        statuses.iter().map(|status| (&*status.name, status.rule.as_deref(), status.remaining)).collect();
    assert_eq!(told, [("a", Some("r"), Some(79)), ("b", Some("r"), Some(79)), ("c", Some("s"), Some(79))]);
}

#[tokio::test]
async fn who_stands_in_line_when_a_bucket_learns_its_rule_obeys_it() {
    let (pacer, _clock) = pacer(PacerConfig { concurrency: 2, ..PacerConfig::default() });
    reserve(&pacer, &table("b")).await.answered(rule("r", 10, 3600).into());
    let (first, second) = (reserve(&pacer, &table("a")).await, reserve(&pacer, &table("c")).await);
    let (a, b) = (table("a"), table("b"));
    let mut in_a = Box::pin(pacer.reserve(&a, pacer.turn(Lane::Normal), |_| ()));
    let mut in_b = Box::pin(pacer.reserve(&b, pacer.turn(Lane::Normal), |_| ()));
    assert!(futures::poll!(&mut in_a).is_pending() && futures::poll!(&mut in_b).is_pending());
    let minute = Duration::from_secs(60);
    let pause =
        Signal::Rule { id: "r".into(), limit: 10, resets_in: minute, answered_at: None, pause: Some(minute) };
    first.refused(pause.into());
    second.answered(Signal::None.into());
    assert!(futures::poll!(&mut in_a).is_pending() && futures::poll!(&mut in_b).is_pending());
    assert!(goes(&pacer, &table("c")), "and no other bucket is closed");
}

#[tokio::test]
async fn the_order_of_calls_holds_among_buckets_that_share_a_rule() {
    let (pacer, _clock) = pacer(wide());
    let pacer = Arc::new(pacer);
    for name in ["a", "b"] {
        reserve(&pacer, &table(name)).await.answered(rule("r", 60, 3600).into());
    }
    let order = Arc::new(Mutex::new(Vec::new()));
    let calls: Vec<_> = (0..10)
        .map(|number| {
            let (pacer, order, turn) = (pacer.clone(), order.clone(), pacer.turn(Lane::Bulk));
            tokio::spawn(async move {
                let bucket = table(if number % 3 == 0 { "a" } else { "b" });
                let mut place = pacer.reserve(&bucket, turn, |_| ()).await.unwrap();
                place.sent();
                order.lock().unwrap().push(number);
                place.answered(Signal::None.into());
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_rule_is_forgotten_when_its_window_ends_unless_an_answer_tells_it_again() {
    let (pacer, clock) = pacer(wide());
    reserve(&pacer, &table("a")).await.answered(rule("r", 10, 60).into());
    clock.sleep(Duration::from_secs(62)).await;
    assert_eq!(pacer.buckets()[0].limit, None);
    reserve(&pacer, &table("a")).await.answered(rule("s", 20, 3600).into());
    let status = pacer.buckets().remove(0);
    assert_eq!((status.rule.as_deref(), status.remaining), (Some("s"), Some(19)));
}

#[tokio::test]
async fn a_slow_answer_from_the_window_before_does_not_begin_another() {
    let (pacer, clock) = pacer(wide());
    let told = |resets_in, answered_at| Signal::Rule {
        id: "r".into(),
        limit: 100,
        resets_in: Duration::from_secs(resets_in),
        answered_at: Some(Duration::from_secs(answered_at)),
        pause: None,
    };
    reserve(&pacer, &table("a")).await.answered(told(40, 1_000).into());
    let slow = reserve(&pacer, &table("a")).await;
    clock.sleep(Duration::from_secs(45)).await;
    reserve(&pacer, &table("a")).await.answered(told(3595, 1_045).into());
    slow.answered(told(38, 1_002).into());
    let status = pacer.buckets().remove(0);
    assert!(status.remaining >= Some(98), "{status:?}");
    assert!(status.resets_in > Some(Duration::from_secs(3590)), "{status:?}");
}

#[tokio::test]
async fn nobody_waits_for_a_bucket_that_a_refusal_closed_for_too_long() {
    let (pacer, clock) = one_at_a_time();
    let held = reserve(&pacer, &table("a")).await;
    let bucket = table("a");
    let mut waiting = Box::pin(pacer.reserve(&bucket, pacer.turn(Lane::Normal), |_| ()));
    assert!(futures::poll!(&mut waiting).is_pending());
    let hour = Duration::from_secs(3600);
    let closed = held.refused(Signal::Pause(hour).into());
    assert_eq!(closed, hour);
    assert_eq!(waiting.await.err(), Some(Closed(hour)));
    assert!(pacer.reserve(&bucket, pacer.turn(Lane::Urgent), |_| ()).await.is_err());
    drop(reserve(&pacer, &table("b")).await);
    clock.sleep(Duration::from_secs(3300)).await;
    assert!(matches!(pacer.arrive(&bucket, pacer.turn(Lane::Normal)), Ok(Arrival::Standing(..))));
}
