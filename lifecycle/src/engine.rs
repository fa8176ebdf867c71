//! The engine: applies plans, one journalled step at a time.

mod drive;
mod recorder;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use client_core::{Clock, SystemRandomness};
use futures::Stream;
use tokio::sync::{Semaphore, broadcast, watch};
use tokio::task::AbortHandle;

use self::drive::drive;
use crate::journal::{Journal, JournalError, Known};
use crate::ledger::{Head, Record};
use crate::operation::{Operation, OperationError};
use crate::plan::{Intent, Plan, StepId, Subject};
use crate::run::{Outcome, Run, RunId, RunStatus};
use crate::systems::Systems;

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
    /// Two steps of a plan have one name.
    #[error("the plan has two steps named {0}")]
    StepTwice(StepId),
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
    journal: Journal,
    clock: Arc<dyn Clock>,
    slots: Semaphore,
    subjects: Subjects,
    at_work: Mutex<HashMap<RunId, watch::Receiver<Option<Ended>>>>,
    progress: broadcast::Sender<Progress>,
}

type Ended = Result<(), EngineError>;

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
}

impl EngineBuilder {
    /// How many runs are at work at once. Default 8: enough to keep Okta's buckets busy from one process.
    pub fn concurrency(mut self, runs: usize) -> Self {
        self.concurrency = runs.max(1);
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
        let core = Core {
            clock: self.systems.clock().clone(),
            systems: self.systems,
            journal,
            slots: Semaphore::new(self.concurrency),
            subjects: Subjects::default(),
            at_work: Mutex::default(),
            progress: broadcast::Sender::new(1024),
        };
        Engine { core: Arc::new(core), tasks: Arc::default() }
    }
}

impl Engine {
    /// Begins an engine that works on `systems`.
    pub fn builder(systems: Systems) -> EngineBuilder {
        EngineBuilder { systems, concurrency: 8 }
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
    /// # Errors
    ///
    /// As [`find`](Self::find); [`EngineError::StepTwice`]; or if the journal fails.
    pub async fn submit(&self, plan: &Plan) -> Result<RunId, EngineError> {
        plan.check().map_err(EngineError::StepTwice)?;
        let new = RunId::generate(&*self.core.clock, &SystemRandomness);
        let id = match self.core.journal.accept(new.clone(), plan, self.core.clock.now()).await? {
            Some(known) => same(known, &plan.intent)?,
            None => new,
        };
        self.start(&id);
        Ok(id)
    }

    /// Takes up every run that has something left to do: after a start, and after whatever stalled them is
    /// mended.
    ///
    /// # Errors
    ///
    /// If the journal fails.
    pub async fn resume(&self) -> Result<Vec<RunId>, EngineError> {
        let open = self.open_runs().await?;
        for run in &open {
            self.start(run);
        }
        Ok(open)
    }

    /// The runs that have something left to do, oldest first.
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
        let at_work = lock(&self.core.at_work).get(id).cloned();
        if let Some(mut at_work) = at_work {
            let ended =
                at_work.wait_for(Option::is_some).await.map_err(|_| EngineError::Stopped(id.clone()))?;
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
            Some((_, plan)) => Ok(plan),
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

    /// Begins to drive a run, unless that is being done.
    fn start(&self, id: &RunId) {
        let mut at_work = lock(&self.core.at_work);
        if at_work.contains_key(id) {
            return;
        }
        let (tell, ended) = watch::channel(None);
        at_work.insert(id.clone(), ended);
        let (core, id) = (self.core.clone(), id.clone());
        let task = tokio::spawn(async move {
            // Also if an action panics: the run can be taken up again.
            let at_work = AtWork { core: &core, id: &id };
            let result = drive(&core, &id).await;
            if let Err(error) = &result {
                tracing::error!(run = %id, %error, "the run cannot go on");
            }
            drop(at_work);
            let _ = tell.send(Some(result));
        });
        let mut tasks = lock(&self.tasks.0);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task.abort_handle());
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
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        lock(&self.core.at_work).remove(self.id);
    }
}

/// Whose turn it is: one run at a time for each login, and for each person.
#[derive(Debug, Default)]
struct Subjects(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl Subjects {
    async fn turns(&self, subject: &Subject) -> Vec<tokio::sync::OwnedMutexGuard<()>> {
        // Okta compares logins without regard to case.
        let mut keys = vec![format!("login {}", subject.login.to_lowercase())];
        keys.extend(subject.person.iter().map(|person| format!("person {person}")));
        // Everybody takes them in one order, so that no two wait for each other.
        keys.sort();
        let mut turns = Vec::new();
        for key in keys {
            turns.push(self.queue(key).lock_owned().await);
        }
        turns
    }

    fn queue(&self, key: String) -> Arc<tokio::sync::Mutex<()>> {
        let mut queues = lock(&self.0);
        queues.retain(|_, queue| queue.strong_count() > 0);
        let known = queues.get(&key).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let queue = Arc::default();
            queues.insert(key, Arc::downgrade(&queue));
            queue
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics half-way through a change of what these hold.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
