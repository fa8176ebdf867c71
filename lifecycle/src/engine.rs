//! The engine: applies plans, one journalled step at a time.

mod drive;
mod line;
mod next;
mod recorder;

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use chrono::TimeDelta;
use client_core::{Clock, SystemRandomness};
use futures::Stream;
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::AbortHandle;

use self::drive::drive;
use self::line::{Line, Place, Rank};
use crate::journal::{Accepted, Journal, JournalError, Known};
use crate::ledger::{Head, Record};
use crate::operation::{Operation, OperationError};
use crate::permissions::{Matrix, NotPermitted};
use crate::plan::{Intent, Plan, PlanFlaw, StepId, Subject};
use crate::run::{Outcome, Received, Ruling, Run, RunId, RunStatus, Stop, Verdict};
use crate::systems::Systems;

/// The longest that [`Engine::keep_time`] sleeps: clocks are set right meanwhile.
const LONGEST_SLEEP: TimeDelta = TimeDelta::hours(1);

/// Why an engine did not do what it was asked to.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The journal. Without it nothing is written anywhere.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The operation could not make a plan.
    #[error(transparent)]
    Operation(#[from] Arc<OperationError>),
    /// The request was taken up before, and says something else now.
    #[error(
        "{key} was taken up by run {run}, and asks for something else now: let that run finish, then open a new request for what is still missing"
    )]
    IntentChanged {
        /// What both are for.
        key: String,
        /// The run.
        run: RunId,
    },
    /// The request was taken up before, under another policy.
    #[error(
        "{key} was taken up by run {run} under policy {was}, and this is policy {now}: use the policy it began with, or a journal of its own"
    )]
    PolicyChanged {
        /// What both are for.
        key: String,
        /// The run.
        run: RunId,
        /// The policy it was taken up under.
        was: String,
        /// The policy given now.
        now: String,
    },
    /// Our permissions do not reach so far.
    #[error(transparent)]
    NotPermitted(#[from] NotPermitted),
    /// The plan would misbehave.
    #[error(transparent)]
    Flawed(#[from] PlanFlaw),
    /// The run has come to its end, or is coming to it.
    #[error("run {run} has ended ({status}): nothing can be told to it any more")]
    AtRest {
        /// The run.
        run: RunId,
        /// How.
        status: RunStatus,
    },
    /// Nobody is asked to decide about the run.
    #[error("run {run} asks nobody to decide: it is {status}")]
    NothingToDecide {
        /// The run.
        run: RunId,
        /// Where it stands.
        status: RunStatus,
    },
    /// A step that is to be waived was not begun, or the run has no such step.
    #[error("run {run} has no step {step} that was begun: nothing to waive")]
    NothingToWaive {
        /// The run.
        run: RunId,
        /// The step.
        step: StepId,
    },
    /// A more pressing run came after, and going on would undo what that one did.
    #[error("run {by} came after run {run} and takes its place: open a new request for what is still wanted")]
    Overtaken {
        /// The run.
        run: RunId,
        /// The one that came after.
        by: RunId,
    },
    /// There is no such run.
    #[error("the journal knows no run {0}")]
    UnknownRun(RunId),
    /// The engine was dropped while the run was at work. It is in the journal: a new engine resumes it.
    #[error("the engine stopped before run {0} came to rest: resume it")]
    Stopped(RunId),
}

/// Something an engine did, as it happens. The journal and the ledger have it all; this is for watching.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Progress {
    /// A step is about to act.
    Began {
        /// The run.
        run: RunId,
        /// The step.
        step: StepId,
        /// The change, in words.
        change: String,
    },
    /// A step ended.
    Ended {
        /// The run.
        run: RunId,
        /// The step.
        step: StepId,
        /// The change, in words.
        change: String,
        /// How.
        outcome: Outcome,
    },
    /// A run came to rest.
    Rested {
        /// The run.
        run: RunId,
        /// How.
        status: RunStatus,
    },
}

/// Applies plans, with its journal and ledger in one SQLite file and nothing to install.
///
/// # Guarantees
///
/// - Nothing is written to a system before the journal has the intent of it, on disk.
/// - After a crash anywhere, [`resume`](Self::resume) goes on at the first step that is not known to be done,
///   and looks before it acts: no second user, no second note.
/// - The same request submitted twice is one run; two runs never work on one subject at once; two engines
///   never have one journal.
/// - A run that waits at a gate holds nothing, and survives restarts. Where two runs meet at one person the more pressing
///   one goes first, and a leaver puts an end to the others: see [`Precedence`](crate::plan::Precedence).
/// - If the journal cannot be written, nothing more is done.
///
/// # Caveats
///
/// Every `.await` is a place where a run may stop for good: dropping the engine is as safe as a crash, and
/// no cleaner. Every action must be able to tell whether its change is already made.
#[derive(Debug, Clone)]
pub struct Engine {
    core: Arc<Core>,
    // Last clone gone, tasks gone.
    tasks: Arc<Tasks>,
}

#[derive(Debug)]
struct Core {
    systems: Systems,
    journal: Arc<Journal>,
    allowed: Option<Matrix>,
    clock: Arc<dyn Clock>,
    slots: Slots,
    subjects: Subjects,
    at_work: Mutex<HashMap<RunId, Work>>,
    progress: broadcast::Sender<Progress>,
    /// Rung whenever a run came to rest.
    rested: Notify,
    /// The runs that could not go on for want of a journal, or of a plan that can be trusted.
    broken: Mutex<HashSet<RunId>>,
}

/// A run that is being driven.
#[derive(Debug)]
struct Work {
    ended: watch::Receiver<Option<Ended>>,
    /// Whether something was told to the run that it has not heard yet.
    called: bool,
}

type Ended = Result<(), EngineError>;

/// How many runs act at once. Those that end somebody's access do not wait for the others.
#[derive(Debug)]
struct Slots {
    urgent: Arc<Line>,
    ordinary: Arc<Line>,
}

impl Slots {
    fn new(places: usize) -> Self {
        Self { urgent: Line::new(places), ordinary: Line::new(places) }
    }

    async fn enter(&self, urgent: bool, rank: Rank) -> Place {
        if urgent { self.urgent.enter(rank).await } else { self.ordinary.enter(rank).await }
    }
}

/// The tasks that drive runs, aborted with the engine.
#[derive(Debug, Default)]
struct Tasks(Mutex<Vec<AbortHandle>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in lock(&self.0).drain(..) {
            task.abort();
        }
    }
}

/// Settings of an engine to be.
#[derive(Debug)]
#[must_use = "a builder does nothing until `embedded` or `in_memory`"]
pub struct EngineBuilder {
    systems: Systems,
    concurrency: usize,
    allowed: Option<Matrix>,
}

impl EngineBuilder {
    /// How many runs are at work at once. Default 8: enough to keep Okta's buckets busy from one process.
    pub fn concurrency(mut self, runs: usize) -> Self {
        self.concurrency = runs.max(1);
        self
    }

    /// Refuses plans that these permissions do not suffice for, before anything of them is written. Default: nothing is
    /// refused, and what lacks a permission stalls.
    pub fn allow(mut self, permissions: Matrix) -> Self {
        self.allowed = Some(permissions);
        self
    }

    /// Opens the journal at `path`, or makes it.
    ///
    /// # Errors
    ///
    /// If another engine has it, or it is no journal.
    pub fn embedded(self, path: impl AsRef<Path>) -> Result<Engine, JournalError> {
        let journal = Journal::open(path.as_ref())?;
        Ok(self.with(journal))
    }

    /// An engine that forgets everything when dropped: for tests.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub fn in_memory(self) -> Result<Engine, JournalError> {
        let journal = Journal::in_memory()?;
        Ok(self.with(journal))
    }

    fn with(self, journal: Journal) -> Engine {
        let journal = Arc::new(journal);
        let core = Core {
            clock: self.systems.clock().clone(),
            systems: self.systems.knowing(journal.clone()),
            journal,
            allowed: self.allowed,
            slots: Slots::new(self.concurrency),
            subjects: Subjects::default(),
            at_work: Mutex::default(),
            progress: broadcast::Sender::new(1024),
            rested: Notify::new(),
            broken: Mutex::default(),
        };
        Engine { core: Arc::new(core), tasks: Arc::default() }
    }
}

impl Engine {
    /// Begins an engine that works on `systems`.
    pub fn builder(systems: Systems) -> EngineBuilder {
        EngineBuilder { systems, concurrency: 8, allowed: None }
    }

    /// An engine whose journal is at `path`.
    ///
    /// # Errors
    ///
    /// If another engine has it, or it is no journal.
    pub fn embedded(path: impl AsRef<Path>, systems: Systems) -> Result<Self, JournalError> {
        Self::builder(systems).embedded(path)
    }

    /// Does `operation`: reads, plans, and applies the plan until it comes to rest.
    ///
    /// # Errors
    ///
    /// As [`submit_operation`](Self::submit_operation). How the run itself went is in [`Run::status`].
    pub async fn run<O: Operation>(&self, operation: &O) -> Result<Run, EngineError> {
        let id = self.submit_operation(operation).await?;
        self.finish(&id).await
    }

    /// Reads, plans, and begins to apply the plan. If the request was taken up before, that run is taken up
    /// again instead, and nothing is planned anew.
    ///
    /// # Errors
    ///
    /// If there is no plan, or the journal fails.
    pub async fn submit_operation<O: Operation>(&self, operation: &O) -> Result<RunId, EngineError> {
        let asked = operation.read(&self.core.systems).await.map_err(Arc::new)?;
        if let Some(run) = self.find(&operation.intent(&asked)).await? {
            self.start(&run);
            return Ok(run);
        }
        let plan = operation.plan(&self.core.systems, asked).await.map_err(Arc::new)?;
        self.submit(&plan).await
    }

    /// The run that was accepted for this intent, if there is one.
    ///
    /// # Errors
    ///
    /// [`EngineError::IntentChanged`] or [`EngineError::PolicyChanged`] if there is one for the same request
    /// that was meant to do something else.
    pub async fn find(&self, intent: &Intent) -> Result<Option<RunId>, EngineError> {
        let known = self.core.journal.find(&intent.key).await?;
        known.map(|known| same(known, intent)).transpose()
    }

    /// Takes a plan in and begins to apply it. Once this returns, a crash loses nothing.
    ///
    /// A leaver who is leaving already, by another request, leaves once: that run is returned.
    ///
    /// # Errors
    ///
    /// As [`find`](Self::find); [`EngineError::Flawed`]; [`EngineError::NotPermitted`]; or if the journal fails.
    pub async fn submit(&self, plan: &Plan) -> Result<RunId, EngineError> {
        plan.check()?;
        self.permits(plan)?;
        let new = RunId::generate(&*self.core.clock, &SystemRandomness);
        let (id, superseded) =
            match self.core.journal.accept(new.clone(), plan, self.core.clock.now()).await? {
                Accepted::Known(known) => (same(known, &plan.intent)?, Vec::new()),
                Accepted::Joined(id) => (id, Vec::new()),
                Accepted::New { superseded } => (new, superseded),
            };
        self.start(&id);
        for run in &superseded {
            self.start(run);
        }
        Ok(id)
    }

    /// Takes up every run that has something left to do, and does not wait for an instant that is still to come: after a
    /// start, and after whatever stalled them is mended. Leavers go first, then access that should have ended
    /// meanwhile, then the others by [`Precedence`](crate::plan::Precedence).
    ///
    /// # Errors
    ///
    /// If the journal fails.
    pub async fn resume(&self) -> Result<Vec<RunId>, EngineError> {
        let idle = self.core.journal.idle_runs(self.core.clock.now()).await?;
        for run in &idle {
            self.start(run);
        }
        Ok(idle)
    }

    /// Takes runs up as their time comes, and those that stalled after a while, for as long as it is awaited. Begin with
    /// [`resume`](Self::resume). Dropping it is safe at any time.
    ///
    /// # Errors
    ///
    /// If the journal fails.
    pub async fn keep_time(&self) -> Result<Infallible, EngineError> {
        let core = &self.core;
        loop {
            let rested = core.rested.notified();
            let now = core.clock.now();
            for run in core.journal.due_runs(now).await? {
                let is_left_alone =
                    lock(&core.at_work).contains_key(&run) || lock(&core.broken).contains(&run);
                if !is_left_alone {
                    self.start(&run);
                }
            }
            let next = core.journal.next_due(now).await?.unwrap_or(now + LONGEST_SLEEP);
            let pause = (next - now).min(LONGEST_SLEEP).to_std().unwrap_or_default();
            tokio::select! {
                () = core.clock.sleep(pause) => {}
                () = rested => {}
            }
        }
    }

    /// Tells a run something that it waits for, or will: see [`gate::Signal`](crate::gate::Signal). The run looks at once.
    ///
    /// What comes with it is written into the journal and the ledger: never a secret.
    ///
    /// # Errors
    ///
    /// If the run has ended, there is none, or the journal fails.
    pub async fn signal(&self, run: &RunId, name: &str, payload: &str) -> Result<(), EngineError> {
        let at = self.core.clock.now();
        let received = Received { name: name.to_owned(), payload: payload.to_owned(), at };
        if !self.core.journal.signal(run, received).await? {
            return Err(self.at_rest(run).await);
        }
        self.start(run);
        Ok(())
    }

    /// Calls a run off, at its next step. What it has done is undone as far as its plan says, and it closes as
    /// declined.
    ///
    /// # Errors
    ///
    /// If the run has ended or is ending already, there is none, or the journal fails.
    pub async fn cancel(&self, run: &RunId, by: &str, why: &str) -> Result<(), EngineError> {
        let stop = Stop::Cancelled { by: by.to_owned(), why: why.to_owned() };
        if !self.core.journal.stop(run, stop, self.core.clock.now()).await? {
            return Err(self.at_rest(run).await);
        }
        self.start(run);
        Ok(())
    }

    /// Does what a person decided about a run that [needs one](RunStatus::NeedsHuman).
    ///
    /// # Errors
    ///
    /// If the run needs nobody, a more pressing one came after it, there is none, or the journal fails.
    pub async fn decide(&self, run: &RunId, ruling: Ruling) -> Result<(), EngineError> {
        let known = self.status(run).await?;
        if let Verdict::Waive(step) = &ruling.verdict
            && known.step(step.as_str()).is_none()
        {
            return Err(EngineError::NothingToWaive { run: run.clone(), step: step.clone() });
        }
        if ruling.verdict != Verdict::Abort
            && let Some(by) = self.core.journal.overtaken(run).await?
        {
            return Err(EngineError::Overtaken { run: run.clone(), by });
        }
        if !self.core.journal.rule(run, ruling, self.core.clock.now()).await? {
            return Err(EngineError::NothingToDecide { run: run.clone(), status: known.status });
        }
        self.start(run);
        Ok(())
    }

    async fn at_rest(&self, run: &RunId) -> EngineError {
        match self.status(run).await {
            Ok(Run { id, status, .. }) => EngineError::AtRest { run: id, status },
            Err(error) => error,
        }
    }

    /// The runs that have something left to do, the most pressing first.
    ///
    /// # Errors
    ///
    /// If the journal fails.
    pub async fn open_runs(&self) -> Result<Vec<RunId>, EngineError> {
        Ok(self.core.journal.open_runs().await?)
    }

    /// Waits until a run comes to rest: done, waiting, stalled, or in need of a person.
    ///
    /// # Errors
    ///
    /// If there is no such run, the journal fails, or the engine is dropped.
    pub async fn finish(&self, id: &RunId) -> Result<Run, EngineError> {
        let at_work = lock(&self.core.at_work).get(id).map(|work| work.ended.clone());
        if let Some(mut ended) = at_work {
            let ended =
                ended.wait_for(Option::is_some).await.map_err(|_| EngineError::Stopped(id.clone()))?;
            if let Some(Err(error)) = &*ended {
                return Err(error.clone());
            }
        }
        self.status(id).await
    }

    /// A run as the journal knows it now.
    ///
    /// # Errors
    ///
    /// If there is no such run, or the journal fails.
    pub async fn status(&self, id: &RunId) -> Result<Run, EngineError> {
        match self.core.journal.run(id).await? {
            Some(run) => Ok(run),
            None => Err(EngineError::UnknownRun(id.clone())),
        }
    }

    /// The plan that a run applies.
    ///
    /// # Errors
    ///
    /// If there is no such run, or the journal fails.
    pub async fn plan(&self, id: &RunId) -> Result<Plan, EngineError> {
        match self.core.journal.load(id).await? {
            Some(loaded) => Ok(loaded.plan),
            None => Err(EngineError::UnknownRun(id.clone())),
        }
    }

    /// The ledger, all of it or one run's part, in order. Check it with [`ledger::verify`](crate::ledger::verify);
    /// one run's part is no chain by itself.
    ///
    /// # Errors
    ///
    /// If the journal fails.
    pub async fn ledger(&self, run: Option<&RunId>) -> Result<Vec<Record>, EngineError> {
        Ok(self.core.journal.ledger(run).await?)
    }

    /// The ledger's head.
    ///
    /// # Errors
    ///
    /// If the journal fails.
    pub async fn ledger_head(&self) -> Result<Head, EngineError> {
        Ok(self.core.journal.head().await?)
    }

    /// What happens from now on. A watcher that is too slow misses some of it, and goes on.
    pub fn progress(&self) -> impl Stream<Item = Progress> + Send + use<> {
        futures::stream::unfold(self.core.progress.subscribe(), |mut events| async move {
            loop {
                match events.recv().await {
                    Ok(event) => return Some((event, events)),
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return None,
                }
            }
        })
    }

    /// Whether a plan can be carried out, as far as [`EngineBuilder::allow`] tells.
    pub(crate) fn permits(&self, plan: &Plan) -> Result<(), NotPermitted> {
        self.core.allowed.as_ref().map_or(Ok(()), |allowed| allowed.permits(plan))
    }

    pub(crate) fn systems(&self) -> &Systems {
        &self.core.systems
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.core.journal
    }

    /// Begins to drive a run; if that is being done, it hears that there is news.
    pub(crate) fn start(&self, id: &RunId) {
        let mut at_work = lock(&self.core.at_work);
        if let Some(work) = at_work.get_mut(id) {
            work.called = true;
            return;
        }
        let (tell, ended) = watch::channel(None);
        at_work.insert(id.clone(), Work { ended, called: false });
        let (core, id) = (self.core.clone(), id.clone());
        let task = tokio::spawn(async move {
            // Also if an action panics: the run can be taken up again.
            let mut at_work = AtWork { core: &core, id: &id, over: false };
            let result = loop {
                let result = drive(&core, &id).await;
                if result.is_err() || at_work.ends() {
                    break result;
                }
            };
            if let Err(error) = &result {
                tracing::error!(run = %id, %error, "the run cannot go on");
                lock(&core.broken).insert(id.clone());
            }
            drop(at_work);
            core.rested.notify_waiters();
            let _ = tell.send(Some(result));
        });
        let mut tasks = lock(&self.tasks.0);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task.abort_handle());
    }
}

impl Core {
    /// Has a run that is being driven hear that there is news. One that waits is due, and taken up with what else is.
    fn call(&self, id: &RunId) {
        if let Some(work) = lock(&self.at_work).get_mut(id) {
            work.called = true;
        }
    }

    /// Whether a run was told something since the last time.
    fn heeds(&self, id: &RunId) -> bool {
        lock(&self.at_work).get_mut(id).is_some_and(|work| std::mem::take(&mut work.called))
    }
}

fn same(known: Known, intent: &Intent) -> Result<RunId, EngineError> {
    let Known { id, intent: was } = known;
    if was.policy != intent.policy {
        let show = |intent: &Intent| match &intent.policy {
            Some(policy) => format!("{} ({})", policy.name, &policy.hash[..12.min(policy.hash.len())]),
            None => "none".to_owned(),
        };
        let (was, now) = (show(&was), show(intent));
        return Err(EngineError::PolicyChanged { key: intent.key.clone(), run: id, was, now });
    }
    if was.fingerprint != intent.fingerprint {
        return Err(EngineError::IntentChanged { key: intent.key.clone(), run: id });
    }
    Ok(id)
}

/// A run that is being driven, until dropped.
struct AtWork<'a> {
    core: &'a Core,
    id: &'a RunId,
    over: bool,
}

impl AtWork<'_> {
    /// Ends the work, unless the run was told something meanwhile. Answers whether it did.
    fn ends(&mut self) -> bool {
        let mut at_work = lock(&self.core.at_work);
        let called = at_work.get_mut(self.id).is_some_and(|work| std::mem::take(&mut work.called));
        if !called {
            at_work.remove(self.id);
            self.over = true;
        }
        self.over
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        // Once over, the run may be at work anew.
        if !self.over {
            lock(&self.core.at_work).remove(self.id);
        }
    }
}

/// Whose turn it is: one run at a time for each login, and for each person.
#[derive(Debug, Default)]
struct Subjects(Mutex<HashMap<String, Weak<Line>>>);

impl Subjects {
    async fn turns(&self, subject: &Subject, rank: Rank) -> Vec<Place> {
        // Okta compares logins without regard to case.
        let mut keys = vec![format!("login {}", subject.login.to_lowercase())];
        keys.extend(subject.person.iter().map(|person| format!("person {person}")));
        // Everybody takes them in one order, so that no two wait for each other.
        keys.sort();
        let mut turns = Vec::new();
        for key in keys {
            turns.push(self.line(key).enter(rank).await);
        }
        turns
    }

    fn line(&self, key: String) -> Arc<Line> {
        let mut lines = lock(&self.0);
        lines.retain(|_, line| line.strong_count() > 0);
        let known = lines.get(&key).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let line = Line::new(1);
            lines.insert(key, Arc::downgrade(&line));
            line
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics half-way through a change of what these hold.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
