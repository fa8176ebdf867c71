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
        let place = pacer.reserve(&bucket(300), |_| ()).await;
        place.answered(server.call(clock.monotonic()));
    }
    assert_eq!(server.refused, 0);
    let minutes = clock.monotonic().as_secs_f64() / 60.0;
    assert!(minutes < 10.8, "500 calls at 50 a minute took {minutes:.1} minutes");
}

#[tokio::test]
async fn what_is_in_flight_counts_before_it_is_answered() {
    let (pacer, _clock) = pacer(wide());
    let first = pacer.reserve(&bucket(100), |_| ()).await;
    first.answered(Signal::Window {
        limit: 100,
        remaining: 2,
        resets_in: Duration::from_secs(60),
        answered_at: None,
    });
    assert_eq!(pacer.try_reserve(&bucket(100)), Ok(()));
    assert_eq!(pacer.try_reserve(&bucket(100)), Ok(()));
    assert_eq!(pacer.try_reserve(&bucket(100)), Err(Hold::ForAnswer));
}

#[tokio::test]
async fn an_unknown_bucket_is_scouted() {
    let (pacer, _clock) = pacer(wide());
    for _ in 0..SCOUTS {
        assert_eq!(pacer.try_reserve(&bucket(300)), Ok(()));
    }
    assert_eq!(pacer.try_reserve(&bucket(300)), Err(Hold::ForAnswer));
}

#[tokio::test]
async fn a_concurrency_refusal_lowers_what_is_in_flight_and_leaves_the_bucket_open() {
    let (pacer, _clock) = pacer(PacerConfig { concurrency: 8, ..PacerConfig::default() });
    let unlimited = Bucket { name: "b".into(), limit: None, window: Duration::from_secs(60) };
    pacer.reserve(&unlimited, |_| ()).await.answered(Signal::Concurrency);
    let held: Vec<_> = (0..4).map(|_| pacer.try_reserve(&unlimited)).collect();
    assert!(held.iter().all(Result::is_ok));
    assert_eq!(pacer.try_reserve(&unlimited), Err(Hold::ForAnswer));
}

#[tokio::test]
async fn an_old_answer_does_not_close_a_new_window() {
    let (pacer, clock) = pacer(wide());
    let late = pacer.reserve(&bucket(10), |_| ()).await;
    let quick = pacer.reserve(&bucket(10), |_| ()).await;
    quick.answered(Signal::Window {
        limit: 10,
        remaining: 8,
        resets_in: Duration::from_secs(60),
        answered_at: None,
    });
    clock.sleep(Duration::from_secs(62)).await;
    let fresh = pacer.reserve(&bucket(10), |_| ()).await;
    fresh.answered(Signal::Window {
        limit: 10,
        remaining: 9,
        resets_in: Duration::from_secs(60),
        answered_at: None,
    });
    late.answered(Signal::Window { limit: 10, remaining: 0, resets_in: Duration::ZERO, answered_at: None });
    assert_eq!(pacer.try_reserve(&bucket(10)), Ok(()));
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
    let slow = pacer.reserve(&bucket(100), |_| ()).await;
    pacer.reserve(&bucket(100), |_| ()).await.answered(told(100, 99, 60, 1_000));
    clock.sleep(Duration::from_secs(50)).await;
    // Made in the first second too, and fifty on its way: its window ends when the other's does.
    slow.answered(told(100, 0, 60, 1_000));
    clock.sleep(Duration::from_secs(11)).await;
    assert_eq!(pacer.try_reserve(&bucket(100)), Ok(()));
}

#[tokio::test]
async fn a_share_caps_what_one_client_takes() {
    let (pacer, clock) = pacer(PacerConfig { share: 0.5, ..wide() });
    let mut server = Server { limit: 20, window: None, refused: 0 };
    for _ in 0..10 {
        pacer.reserve(&bucket(20), |_| ()).await.answered(server.call(clock.monotonic()));
    }
    assert!(clock.monotonic() < Duration::from_secs(60));
    pacer.reserve(&bucket(20), |_| ()).await.answered(server.call(clock.monotonic()));
    assert!(clock.monotonic() >= Duration::from_secs(60));
}

#[tokio::test]
async fn a_refusal_by_a_window_that_ends_earlier_closes_the_bucket_until_then() {
    let (pacer, clock) = pacer(wide());
    let ours =
        Signal::Window { limit: 100, remaining: 90, resets_in: Duration::from_secs(50), answered_at: None };
    pacer.reserve(&bucket(100), |_| ()).await.answered(ours);
    let theirs =
        Signal::Window { limit: 100, remaining: 0, resets_in: Duration::from_secs(8), answered_at: None };
    pacer.reserve(&bucket(100), |_| ()).await.refused(theirs);
    assert_eq!(pacer.try_reserve(&bucket(100)), Err(Hold::For(Duration::from_secs(9))));
    clock.sleep(Duration::from_secs(9)).await;
    assert_eq!(pacer.try_reserve(&bucket(100)), Ok(()));
}
