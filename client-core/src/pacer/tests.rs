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
    let mut place = pacer.reserve(bucket, pacer.turn(Lane::Normal), |_| ()).await;
    place.sent();
    place
}

/// Whether an ordinary call gets a place at once. It keeps it.
fn goes(pacer: &Pacer, bucket: &Bucket) -> bool {
    goes_in(Lane::Normal, pacer, bucket)
}

fn goes_in(lane: Lane, pacer: &Pacer, bucket: &Bucket) -> bool {
    let mut state = pacer.0.lock();
    let index = state.lines.index(bucket);
    state.lines.take_at_once(pacer.0.clock.monotonic(), index, pacer.turn(lane))
}

fn told(limit: u32, remaining: u32, seconds: u64) -> Signal {
    let resets_in = Duration::from_secs(seconds);
    Signal::Window { limit, remaining, resets_in, answered_at: None }
}

fn pacer(config: PacerConfig) -> (Pacer, Arc<TestClock>) {
    let clock = Arc::new(TestClock::default());
    (Pacer::new(config, clock.clone()), clock)
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
        place.answered(server.call(clock.monotonic()));
    }
    assert_eq!(server.refused, 0);
    let minutes = clock.monotonic().as_secs_f64() / 60.0;
    assert!(minutes < 10.8, "500 calls at 50 a minute took {minutes:.1} minutes");
}

#[tokio::test]
async fn what_is_in_flight_counts_before_it_is_answered() {
    let (pacer, _clock) = pacer(wide());
    reserve(&pacer, &bucket(100)).await.answered(told(100, 2, 60));
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
    reserve(&pacer, &unlimited).await.answered(Signal::Concurrency);
    assert!((0..4).all(|_| goes(&pacer, &unlimited)));
    assert!(!goes(&pacer, &unlimited));
}

#[tokio::test]
async fn an_old_answer_does_not_close_a_new_window() {
    let (pacer, clock) = pacer(wide());
    let late = reserve(&pacer, &bucket(10)).await;
    let quick = reserve(&pacer, &bucket(10)).await;
    quick.answered(Signal::Window {
        limit: 10,
        remaining: 8,
        resets_in: Duration::from_secs(60),
        answered_at: None,
    });
    clock.sleep(Duration::from_secs(62)).await;
    let fresh = reserve(&pacer, &bucket(10)).await;
    fresh.answered(Signal::Window {
        limit: 10,
        remaining: 9,
        resets_in: Duration::from_secs(60),
        answered_at: None,
    });
    late.answered(Signal::Window { limit: 10, remaining: 0, resets_in: Duration::ZERO, answered_at: None });
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
    reserve(&pacer, &bucket(100)).await.answered(told(100, 99, 60, 1_000));
    clock.sleep(Duration::from_secs(50)).await;
    // Made in the first second too, and fifty on its way: its window ends when the other's does.
    slow.answered(told(100, 0, 60, 1_000));
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
    reserve(&pacer, &bucket(100)).await.answered(told(90, 2_000));
    // Another server, whose clock is right: its answer looks as if it had been on its way for a quarter of an hour.
    reserve(&pacer, &bucket(100)).await.refused(told(0, 1_001));
    assert!(!goes(&pacer, &bucket(100)));
    clock.sleep(Duration::from_secs(32)).await;
    assert!(goes(&pacer, &bucket(100)));
}

#[tokio::test]
async fn a_share_caps_what_one_client_takes() {
    let (pacer, clock) = pacer(PacerConfig { share: 0.5, ..wide() });
    let mut server = Server { limit: 20, window: None, refused: 0 };
    for _ in 0..10 {
        reserve(&pacer, &bucket(20)).await.answered(server.call(clock.monotonic()));
    }
    assert!(clock.monotonic() < Duration::from_secs(60));
    reserve(&pacer, &bucket(20)).await.answered(server.call(clock.monotonic()));
    assert!(clock.monotonic() >= Duration::from_secs(60));
}

#[tokio::test]
async fn a_refusal_by_a_window_that_ends_earlier_closes_the_bucket_until_then() {
    let (pacer, clock) = pacer(wide());
    let ours =
        Signal::Window { limit: 100, remaining: 90, resets_in: Duration::from_secs(50), answered_at: None };
    reserve(&pacer, &bucket(100)).await.answered(ours);
    let theirs =
        Signal::Window { limit: 100, remaining: 0, resets_in: Duration::from_secs(8), answered_at: None };
    reserve(&pacer, &bucket(100)).await.refused(theirs);
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
                let _place = pacer.reserve(&unlimited(), turn, |_| ()).await;
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
    let last = waiting.remove(0).await;
    assert_eq!(pacer.concurrency().in_flight, 1);
    drop(last);
    assert_eq!(pacer.concurrency().in_flight, 0);
}

#[test]
fn who_waits_goes_on_when_the_runtime_of_the_timekeeper_ends() {
    let clock = Arc::new(crate::clock::SystemClock::default());
    let pacer = Arc::new(Pacer::new(wide(), clock));
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let closed = Signal::Pause(Duration::from_millis(50));
    let first = runtime();
    first.block_on(async {
        reserve(&pacer, &bucket(10)).await.refused(closed);
        let bucket = bucket(10);
        let mut waiting = Box::pin(pacer.reserve(&bucket, pacer.turn(Lane::Bulk), |_| ()));
        assert!(futures::poll!(&mut waiting).is_pending());
    });
    let second = runtime();
    let bucket = bucket(10);
    let mut waiting = Box::pin(pacer.reserve(&bucket, pacer.turn(Lane::Bulk), |_| ()));
    second.block_on(async { assert!(futures::poll!(&mut waiting).is_pending()) });
    drop(first);
    drop(second.block_on(waiting));
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
        place.refused(Signal::Concurrency);
    }
    assert_eq!(pacer.concurrency().allowed, 8);
    clock.sleep(Duration::from_secs(1)).await;
    reserve(&pacer, &unlimited()).await.refused(Signal::Concurrency);
    assert_eq!(pacer.concurrency().allowed, 4);
}

#[tokio::test]
async fn bulk_is_spread_over_the_window_and_leaves_places_for_the_urgent() {
    let (pacer, clock) = pacer(wide());
    let mut server = Server { limit: 100, window: None, refused: 0 };
    let mut sent = Vec::new();
    for _ in 0..99 {
        let place = pacer.reserve(&bucket(100), pacer.turn(Lane::Bulk), |_| ()).await;
        sent.push(clock.monotonic().as_secs_f64());
        place.answered(server.call(clock.monotonic()));
    }
    let longest = sent.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!(longest < 1.5, "{longest}");
    assert!(sent[49] > 25.0 && sent[98] < 60.0, "{sent:?}");
    assert!(!goes_in(Lane::Bulk, &pacer, &bucket(100)));
    assert!(goes_in(Lane::Urgent, &pacer, &bucket(100)));
}
