//! Sweeps: whatever goes wrong at whichever request, an operation ends as if nothing had.
//!
//! A [`Scenario`] sets a world up and answers the operation to submit. For one of yours:
//!
//! ```ignore
//! #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
//! async fn a_transfer_killed_or_struck_at_any_request_ends_as_if_it_had_not_been() {
//!     Scenario::new(async |world: &World| transfer(&mover(world).await)) // what there is, and what is asked for
//!         .company(|sandbox| sandbox.log_lag(LAG)) // if ten people without rate limits will not do
//!         .meanwhile(async |world: &World, _: &Engine, run: &Run| approve(world, run)) // at each gate; may come twice
//!         .ends(|status| matches!(status, RunStatus::Declined { .. })) // if not as Done
//!         .sweep()
//!         .await;
//! }
//! ```
//!
//! Time needs no telling: while a run waits the clock moves to when it looks again. What is asked for can be more than
//! one operation: implement [`Submit`] for a struct that holds them.

use std::future::Ready;
use std::sync::Arc;

use client_core::HttpTransport;
use futures::StreamExt as _;
use futures::future::Either;
use lifecycle::{Engine, EngineError, Operation, Run, RunId, RunStatus, ledger};
use sandbox::{Effect, Fault, RequestRecord};
use serde_json::Value;

use super::World;
use super::end_state::{differences, end_state};
use super::network::{DeadlyNetwork, Moment, real_network};

/// What is done to a write.
const TO_WRITES: [Effect; 4] =
    [Effect::CutBefore, Effect::CutAfter, Effect::Status(429), Effect::Status(503)];

/// What is done to a read, in turns: whichever it is, the client asks again.
const TO_READS: [Effect; 3] = [Effect::CutBefore, Effect::Status(429), Effect::Status(503)];

/// How many worlds there are at once.
const AT_ONCE: usize = 8;

/// How often a run may wait or stall before it is taken for stuck.
const RESTS: usize = 100;

/// What is asked of an engine. An operation is; more than one takes a type of its own.
pub trait Submit {
    /// Submits it: the first time, again after a crash.
    async fn submit(&self, engine: &Engine) -> Result<Vec<RunId>, EngineError>;
}

impl<O: Operation> Submit for O {
    async fn submit(&self, engine: &Engine) -> Result<Vec<RunId>, EngineError> {
        Ok(vec![engine.submit_operation(self).await?])
    }
}

/// What there is, what is asked for, what happens meanwhile, and how it ends.
pub struct Scenario<P, M = fn(&World, &Engine, &Run) -> Ready<()>> {
    company: fn(sandbox::Builder) -> sandbox::Builder,
    prepare: P,
    meanwhile: M,
    ends: fn(&RunStatus) -> bool,
}

impl<P> Scenario<P> {
    /// The operation that `prepare` answers, in the world that it prepares.
    pub fn new<S: Submit>(prepare: P) -> Self
    where
        P: AsyncFn(&World) -> S,
    {
        Self {
            company: |sandbox| sandbox,
            prepare,
            meanwhile: |_, _, _| std::future::ready(()),
            ends: |status| *status == RunStatus::Done,
        }
    }

    /// What others do each time a run waits. A crash may make it come twice.
    pub fn meanwhile<M: AsyncFn(&World, &Engine, &Run)>(self, meanwhile: M) -> Scenario<P, M> {
        let Self { company, prepare, ends, .. } = self;
        Scenario { company, prepare, meanwhile, ends }
    }
}

impl<P, S, M> Scenario<P, M>
where
    P: AsyncFn(&World) -> S,
    S: Submit,
    M: AsyncFn(&World, &Engine, &Run),
{
    /// Settings of the sandbox, beside ten people and no rate limits.
    pub fn company(mut self, settings: fn(sandbox::Builder) -> sandbox::Builder) -> Self {
        self.company = settings;
        self
    }

    /// How each run ends, if not as [`RunStatus::Done`].
    pub fn ends(mut self, ends: fn(&RunStatus) -> bool) -> Self {
        self.ends = ends;
        self
    }

    /// Every kill and every strike, each in a new world.
    pub async fn sweep(self) {
        let real = real_network();
        let calm = self.undisturbed(&real).await;
        let points = calm.requests.iter().enumerate().flat_map(|(at, request)| kills(at, request));
        let killed = points.map(|(at, moment)| self.killed(&calm, &real, at, moment));
        let points = calm.requests.iter().enumerate().flat_map(|(at, request)| strikes(at, request));
        let struck = points.map(|(at, effect)| self.struck(&calm, &real, at, effect));
        let all = killed.map(Either::Left).chain(struck.map(Either::Right));
        let told: Vec<Option<String>> = futures::stream::iter(all).buffer_unordered(AT_ONCE).collect().await;
        let wrong: Vec<String> = told.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Kills the engine at one request, and goes on with a fresh one on the same journal.
    async fn killed(
        &self,
        calm: &Calm,
        real: &Arc<HttpTransport>,
        at: usize,
        moment: Moment,
    ) -> Option<String> {
        let (world, asked) = self.prepared().await;
        let network = DeadlyNetwork::new(real, at, moment);
        let engine = world.engine(world.systems_over(Some(network.clone()))).await;
        tokio::select! {
            _ = self.finished(&world, &engine, &asked) => {}
            () = network.death() => {}
        }
        drop(engine);
        let engine = world.engine(world.systems_over(Some(real.clone()))).await;
        if at.is_multiple_of(2) {
            // As a service does when it starts; the others as a person who asks again.
            for run in engine.resume().await.unwrap() {
                self.at_rest(&world, &engine, &run).await.unwrap();
            }
        }
        let runs = self.finished(&world, &engine, &asked).await.unwrap();
        ledger::verify(&engine.ledger(None).await.unwrap()).unwrap();
        // Requests that are sent side by side are not always in the same order.
        self.wrong(
            calm,
            &world,
            &runs,
            &format!("killed {moment:?} request {at}, {}", told(&calm.requests[at])),
        )
    }

    /// Strikes one request once.
    async fn struck(
        &self,
        calm: &Calm,
        real: &Arc<HttpTransport>,
        at: usize,
        effect: Effect,
    ) -> Option<String> {
        let (world, asked) = self.prepared().await;
        let system = calm.requests[at].system;
        let before = calm.requests[..at].iter().filter(|earlier| earlier.system == system).count();
        world.sandbox.add_fault(Fault::on(system, "*", "*", effect).skip(u32::try_from(before).unwrap()));
        let engine = world.engine(world.systems_over(Some(real.clone()))).await;
        let struck = format!("{effect:?} at request {at}, {}", told(&calm.requests[at]));
        match self.finished(&world, &engine, &asked).await {
            Ok(runs) => self.wrong(calm, &world, &runs, &struck),
            Err(error) => Some(format!("{struck}: {error}")),
        }
    }

    async fn prepared(&self) -> (World, S) {
        let world = World::with(|sandbox| {
            (self.company)(sandbox.people(10).new_hires(0).limits(sandbox::Limits::Unlimited))
        });
        let world = world.await;
        let asked = (self.prepare)(&world).await;
        (world, asked)
    }

    async fn undisturbed(&self, real: &Arc<HttpTransport>) -> Calm {
        let (world, asked) = self.prepared().await;
        let prepared = world.sandbox.requests().len();
        let engine = world.engine(world.systems_over(Some(real.clone()))).await;
        let runs = self.finished(&world, &engine, &asked).await.unwrap();
        for run in &runs {
            assert!((self.ends)(&run.status), "undisturbed, the run is {}", run.status);
        }
        let requests = world.sandbox.requests().split_off(prepared);
        assert!(requests.iter().any(is_write), "it writes nothing");
        Calm { requests, end: end_state(&world.sandbox) }
    }

    async fn finished(&self, world: &World, engine: &Engine, asked: &S) -> Result<Vec<Run>, EngineError> {
        let mut runs = Vec::new();
        for id in asked.submit(engine).await? {
            runs.push(self.at_rest(world, engine, &id).await?);
        }
        Ok(runs)
    }

    /// Lets time pass, and others do their part, until the run is at its end.
    async fn at_rest(&self, world: &World, engine: &Engine, id: &RunId) -> Result<Run, EngineError> {
        let mut run = engine.finish(id).await?;
        for _ in 0..RESTS {
            match run.status {
                RunStatus::Waiting { until, .. } => {
                    (self.meanwhile)(world, engine, &run).await;
                    // What others did may have woken it already.
                    if engine.finish(id).await?.status == run.status {
                        world.sandbox.clock().advance_to(until);
                    }
                }
                RunStatus::Stalled { .. } => {}
                _ => return Ok(run),
            }
            engine.resume().await?;
            run = engine.finish(id).await?;
        }
        panic!("the run does not get anywhere: {}", run.status);
    }

    fn wrong(&self, calm: &Calm, world: &World, runs: &[Run], what: &str) -> Option<String> {
        let mut wrong = differences(&calm.end, &end_state(&world.sandbox));
        let ended = |run: &&Run| !(self.ends)(&run.status);
        wrong.extend(runs.iter().filter(ended).map(|run| format!("the run is {}", run.status)));
        (!wrong.is_empty()).then(|| format!("{what}: {wrong:#?}"))
    }
}

/// What a run that nothing disturbs sends and leaves.
struct Calm {
    requests: Vec<RequestRecord>,
    end: Value,
}

fn is_write(request: &RequestRecord) -> bool {
    request.method != "GET"
}

fn told(request: &RequestRecord) -> String {
    format!("{} {}", request.method, request.path)
}

/// To die after a read is to die before it: it changed nothing, and nothing was journalled.
fn kills(at: usize, request: &RequestRecord) -> impl Iterator<Item = (usize, Moment)> + use<> {
    let after = is_write(request).then_some(Moment::After);
    std::iter::once(Moment::Before).chain(after).map(move |moment| (at, moment))
}

fn strikes(at: usize, request: &RequestRecord) -> impl Iterator<Item = (usize, Effect)> + use<> {
    let turn = at % TO_READS.len();
    let effects = if is_write(request) { &TO_WRITES[..] } else { &TO_READS[turn..=turn] };
    effects.iter().map(move |effect| (at, *effect))
}
