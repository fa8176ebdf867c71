//! Time that passes only when nobody has anything to do, and a network on which requests take some of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use client_core::{Clock, HttpTransport, Transport, TransportConfig, TransportError};
use tokio::sync::{Notify, oneshot};

/// So often nothing must have happened before time moves on: all tasks have had their turn.
const QUIET: u32 = 12;

/// The sandbox's clock. It jumps to the next moment for which somebody sleeps, once no request is being answered
/// and no task has asked for the time: so it passes as it would if the programs took no time and the network took
/// what [`Network`] says.
#[derive(Debug)]
pub(crate) struct VirtualTime {
    clock: sandbox::Clock,
    state: Mutex<State>,
    answered: Notify,
}

#[derive(Debug, Default)]
struct State {
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
    sleeps: u64,
    being_answered: u32,
    doings: u64,
}

impl VirtualTime {
    pub(crate) fn new(clock: sandbox::Clock) -> Arc<Self> {
        Arc::new(Self { clock, state: Mutex::default(), answered: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Lets time pass while `work` goes on.
    pub(crate) async fn passes_during<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            () = self.pass() => unreachable!("time does not end"),
        }
    }

    async fn pass(&self) {
        loop {
            self.silence().await;
            let Some((at, _)) = self.state().sleepers.keys().next().copied() else { continue };
            self.clock.advance(at.saturating_sub(self.elapsed()));
            let mut state = self.state();
            let later = state.sleepers.split_off(&(at, u64::MAX));
            for (_, wake) in std::mem::replace(&mut state.sleepers, later) {
                let _ = wake.send(());
            }
        }
    }

    /// Returns when nothing is going on.
    async fn silence(&self) {
        let mut quiet = 0;
        while quiet < QUIET {
            let before = self.state().doings;
            if self.state().being_answered > 0 {
                self.answered.notified().await;
            } else {
                tokio::task::yield_now().await;
            }
            quiet = if self.state().doings == before { quiet + 1 } else { 0 };
        }
    }

    fn elapsed(&self) -> Duration {
        (self.clock.now() - DateTime::UNIX_EPOCH).to_std().unwrap()
    }
}

#[async_trait]
impl Clock for VirtualTime {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        self.state().doings += 1;
        self.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        let (wake, woken) = oneshot::channel();
        {
            let mut state = self.state();
            state.doings += 1;
            state.sleeps += 1;
            let key = (self.elapsed() + duration, state.sleeps);
            state.sleepers.insert(key, wake);
        }
        let _ = woken.await;
        self.state().doings += 1;
    }
}

/// Loopback, made as slow as a service far away is: an answer takes a tenth to half a second, by a die of its own.
#[derive(Debug)]
pub(crate) struct Network {
    loopback: HttpTransport,
    time: Arc<VirtualTime>,
    die: Mutex<u64>,
}

impl Network {
    pub(crate) fn new(time: Arc<VirtualTime>, seed: u64) -> Arc<Self> {
        let loopback = HttpTransport::new(&TransportConfig::default()).unwrap();
        Arc::new(Self { loopback, time, die: Mutex::new(seed) })
    }

    fn one_way(&self) -> Duration {
        let mut die = self.die.lock().unwrap();
        *die = die.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis(50 + (*die >> 33) % 200)
    }
}

#[async_trait]
impl Transport for Network {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.time.sleep(self.one_way()).await;
        self.time.state().being_answered += 1;
        let answer = self.loopback.send(request).await;
        self.time.state().being_answered -= 1;
        self.time.state().doings += 1;
        self.time.answered.notify_one();
        self.time.sleep(self.one_way()).await;
        answer
    }
}
