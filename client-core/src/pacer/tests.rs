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
async fn reserve<'a>(pacer: &'a Pacer, bucket: &Bucket) -> Place<'a> {
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
    let unlimited = Bucket { name: "b".into(), limit: None, window: Duration::from_secs(60) };
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
