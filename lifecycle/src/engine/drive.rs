//! How a run is driven: each step is observe, decide, journal the intent, act, verify, journal the outcome.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use client_core::{Delivery, Observer};

use super::line::{Place, Rank};
use super::next::{Barrier, Deed, Next, Standing};
use super::recorder::Recorder;
use super::{Core, EngineError, Progress};
use crate::action::{ActionError, Change, Context, Findings, State, Verb};
use crate::gate::{Gate, Passage};
use crate::journal::{Loaded, Rest};
use crate::ledger::{Entry, Head};
use crate::plan::{Plan, Step, StepId};
use crate::run::{Mark, Outcome, Received, Run, RunId, RunStatus, StepReport, Stop};
use crate::systems::Systems;

/// How often a write whose fate is unknown is sent, if looking says each time that it was not done.
const ATTEMPTS: u32 = 3;

/// How long a change may take to show after the other side accepted it: an activation does its work
/// afterwards, and users report memberships that show after half a minute.
const SHOWS_WITHIN: Duration = Duration::from_secs(60);

/// After how long a run that stalled is taken up by itself: the first time, and at most.
const STALLS_FOR: (TimeDelta, TimeDelta) = (TimeDelta::minutes(1), TimeDelta::minutes(15));

/// Drives a run until it comes to rest.
///
/// At a gate it has neither slot nor turn. Between two steps it gives both up if somebody more pressing waits, or if it is
/// told something, and takes itself up anew.
pub(super) async fn drive(core: &Core, id: &RunId) -> Result<(), EngineError> {
    let mut interrupted = Vec::new();
    let mut revokes = false;
    loop {
        core.heeds(id);
        let (run, plan, mut driver) = Driver::take_up(core, id, &mut interrupted).await?;
        if run.status.is_final() {
            return Ok(());
        }
        let rest = if let Next::Wait(step, gate) = driver.standing().next(&plan) {
            revokes = gate.gate.revokes();
            driver.wait(step, gate).await?
        } else {
            let rank = plan.precedence as Rank;
            let urgent = plan.precedence.is_urgent() || revokes;
            let _slot = core.slots.enter(urgent, rank).await;
            let turns = core.subjects.turns(&plan.subject, rank).await;
            // Read anew: another may have had its turn meanwhile.
            let (_, plan, mut driver) = Driver::take_up(core, id, &mut interrupted).await?;
            driver.take_over(&plan).await?;
            driver.walk(&plan, rank, &turns).await?
        };
        if let Some(rest) = rest {
            let status = rest.status.clone();
            core.journal.rest(id, rest, core.clock.now()).await?;
            tracing::info!(run = %id, %status, "run came to rest");
            // Nobody need be watching.
            let _ = core.progress.send(Progress::Rested { run: id.clone(), status });
            return Ok(());
        }
    }
}

struct Driver<'a> {
    core: &'a Core,
    id: &'a RunId,
    plan: Arc<Plan>,
    systems: Systems,
    steps: Vec<StepReport>,
    signals: Vec<Received>,
    stop: Option<Stop>,
    head: Head,
    /// The guards that were looked at since the run was taken up.
    looked: HashSet<StepId>,
    /// The steps that could not be brought to an end since the run began to be driven, and why.
    interrupted: &'a mut Vec<(StepId, String)>,
}

const CRASHED: &str = "the engine stopped while it was being sent";
const NOT_SHOWN: &str = "it was accepted, and does not show";

/// What became of the last write.
enum Sent {
    Nothing,
    Accepted,
    /// It may have been done, or not, or be at work still.
    Lost(String),
}

impl Sent {
    /// How long to look for what it should have done.
    fn patience(&self, deed: &Deed<'_>) -> Duration {
        match self {
            Self::Nothing => Duration::ZERO,
            Self::Accepted => SHOWS_WITHIN.max(deed.action.shows_within()),
            Self::Lost(_) => deed.action.shows_within(),
        }
    }
}

/// How taking a step ended.
enum Taken {
    Ended(Outcome),
    Interrupted(String),
}

impl<'a> Driver<'a> {
    async fn take_up(
        core: &'a Core,
        id: &'a RunId,
        interrupted: &'a mut Vec<(StepId, String)>,
    ) -> Result<(Run, Arc<Plan>, Self), EngineError> {
        let loaded = core.journal.load(id).await?.ok_or_else(|| EngineError::UnknownRun(id.clone()))?;
        let Loaded { run, plan, stop, signals } = loaded;
        let plan = Arc::new(plan);
        let driver = Self {
            core,
            id,
            plan: Arc::clone(&plan),
            systems: core.systems.in_lane(plan.precedence.lane()),
            steps: run.steps.clone(),
            signals,
            stop,
            head: core.journal.head().await?,
            looked: HashSet::new(),
            interrupted,
        };
        Ok((run, plan, driver))
    }

    fn standing(&self) -> Standing<'_> {
        Standing {
            steps: &self.steps,
            stop: self.stop.as_ref(),
            looked: &self.looked,
            interrupted: self.interrupted,
        }
    }

    /// Puts an end to the runs that this one supersedes, once it is behind the gate from which on it does.
    async fn take_over(&self, plan: &Plan) -> Result<(), EngineError> {
        let Some(gate) = &plan.takes_over_after else { return Ok(()) };
        let is_open = |report: &StepReport| {
            report.step == *gate && report.outcome.as_ref().is_some_and(Outcome::is_success)
        };
        if self.stop.is_none() && self.steps.iter().any(is_open) {
            for run in self.core.journal.take_over(self.id, self.core.clock.now()).await? {
                self.core.call(&run);
            }
        }
        Ok(())
    }

    /// Takes one step after the other. Answers where the run rests, or nothing if it goes on.
    async fn walk(&mut self, plan: &Plan, rank: Rank, turns: &[Place]) -> Result<Option<Rest>, EngineError> {
        loop {
            match self.standing().next(plan) {
                Next::Take(deed) => self.take(&deed).await?,
                Next::Skip(step, needs) => self.skip(step, needs).await?,
                Next::Wait(..) => return Ok(None),
                Next::Rest(status) => return Ok(Some(self.rest(status))),
            }
            if self.core.heeds(self.id) || turns.iter().any(|turn| turn.is_wanted_above(rank)) {
                return Ok(None);
            }
        }
    }

    /// Rests there. What was interrupted is taken up again after a while, also if a gate keeps the run longer.
    fn rest(&self, status: RunStatus) -> Rest {
        let now = self.core.clock.now();
        let times = |step: &StepId| {
            let report = self.steps.iter().find(|report| report.step == *step);
            report.map_or(1, |report| report.interruptions).clamp(1, 16)
        };
        let again = self
            .interrupted
            .iter()
            .map(|(step, _)| now + (STALLS_FOR.0 * (1 << (times(step) - 1))).min(STALLS_FOR.1));
        let due = match &status {
            RunStatus::Waiting { until, .. } => again.chain([*until]).min(),
            _ => again.min(),
        };
        Rest { status, due: due.unwrap_or(now), revokes: false }
    }

    /// Looks at a gate. Answers where the run rests, or nothing if it goes on.
    async fn wait(&mut self, step: &Step, gate: Barrier<'_>) -> Result<Option<Rest>, EngineError> {
        let mut report = self.take_report(&step.id);
        let looked = self.look_at_gate(gate.gate, &report).await;
        let now = self.core.clock.now();
        let outcome = match looked {
            Ok(Passage::Open(findings)) => {
                report.findings = findings;
                Outcome::Done
            }
            Ok(Passage::Declined(why)) => Outcome::Declined { why },
            Ok(Passage::Closed { waits_for, .. })
                if gate.deadline.is_some_and(|deadline| now >= deadline) =>
            {
                Outcome::Failed { why: format!("waited in vain for {waits_for}") }
            }
            Ok(Passage::Closed { waits_for, look_again }) => {
                let until = gate.deadline.map_or(look_again, |deadline| look_again.min(deadline));
                let until = until.max(now + TimeDelta::seconds(1));
                let status = RunStatus::Waiting { step: step.id.clone(), waits_for, until };
                return Ok(Some(Rest { revokes: gate.gate.revokes(), ..self.rest(status) }));
            }
            Err(error) => match failed(&error) {
                Taken::Ended(outcome) => outcome,
                Taken::Interrupted(why) => {
                    self.interrupt(&mut report, &why).await?;
                    self.steps.push(report);
                    return Ok(Some(self.rest(RunStatus::Stalled { step: step.id.clone(), why })));
                }
            },
        };
        self.end(step.describe(), &mut report, outcome).await?;
        Ok(None)
    }

    async fn look_at_gate(&self, gate: &dyn Gate, report: &StepReport) -> Result<Passage, ActionError> {
        let systems = self.tagged(&report.step, &Arc::new(Recorder::default()));
        gate.look(&self.context(&systems, report)).await
    }

    async fn take(&mut self, deed: &Deed<'_>) -> Result<(), EngineError> {
        let mut report = self.take_report(&deed.id);
        let recorder = Arc::new(Recorder::default());
        let systems = self.tagged(&deed.id, &recorder);
        let taken = if deed.is_guard {
            self.looked.insert(deed.id.clone());
            self.hold(deed, &systems, &mut report).await
        } else {
            self.protocol(deed, &systems, &mut report, &recorder).await?
        };
        report.calls.extend(recorder.take());
        match taken {
            Taken::Ended(outcome) => self.end(deed.action.describe(), &mut report, outcome).await?,
            Taken::Interrupted(why) => self.interrupt(&mut report, &why).await?,
        }
        self.steps.push(report);
        Ok(())
    }

    async fn skip(&mut self, step: &Step, needs: &StepId) -> Result<(), EngineError> {
        let mut report = self.take_report(&step.id);
        self.end(step.describe(), &mut report, Outcome::Skipped { needs: needs.clone() }).await?;
        self.steps.push(report);
        Ok(())
    }

    fn take_report(&mut self, step: &StepId) -> StepReport {
        match self.steps.iter().position(|report| report.step == *step) {
            Some(place) => self.steps.remove(place),
            None => StepReport::new(step.clone()),
        }
    }

    fn tagged(&self, step: &StepId, recorder: &Arc<Recorder>) -> Systems {
        let observer: Arc<dyn Observer> = recorder.clone();
        self.systems.tagged(&Mark { run: self.id, step }.user_agent(), &observer)
    }

    /// Whether a guard holds. It never writes.
    async fn hold(&self, deed: &Deed<'_>, systems: &Systems, report: &mut StepReport) -> Taken {
        match deed.action.verify(&self.context(systems, report)).await {
            Ok(State::Reached(findings)) => reached(deed, report, findings),
            Ok(State::Drifted(found)) => Taken::Ended(Outcome::Held { found }),
            Ok(State::Open) => Taken::Ended(Outcome::Held { found: "it is not so".into() }),
            Ok(State::Underway) => Taken::Interrupted("it is still under way".into()),
            Err(error) => failed(&error),
        }
    }

    /// The step protocol. Looks first, and again after every write; sends a write again only if looking says
    /// that the one before was not done.
    async fn protocol(
        &mut self,
        deed: &Deed<'_>,
        systems: &Systems,
        report: &mut StepReport,
        recorder: &Recorder,
    ) -> Result<Taken, EngineError> {
        // A write that an engine before us announced may be on its way still.
        let mut sent = if report.intended_at.is_some() { Sent::Lost(CRASHED.into()) } else { Sent::Nothing };
        for attempt in 0.. {
            match (self.look(deed, systems, report, sent.patience(deed)).await, sent) {
                (Err(error), _) => return Ok(failed(&error)),
                (Ok(State::Reached(findings)), _) => return Ok(reached(deed, report, findings)),
                (Ok(State::Drifted(found)), _) => return Ok(Taken::Ended(Outcome::Drifted { found })),
                (Ok(State::Underway), _) => return Ok(Taken::Interrupted("it is still under way".into())),
                (Ok(State::Open), Sent::Accepted) => return Ok(Taken::Interrupted(NOT_SHOWN.into())),
                (Ok(State::Open), Sent::Lost(why)) if attempt == ATTEMPTS => {
                    return Ok(Taken::Interrupted(why));
                }
                (Ok(State::Open), _) => {}
            }
            report.calls.extend(recorder.take());
            self.intend(deed, report).await?;
            sent = match deed.action.apply(&self.context(systems, report)).await {
                Ok(()) => Sent::Accepted,
                Err(error) => match error.delivery {
                    Delivery::Done => Sent::Accepted,
                    Delivery::Unknown => Sent::Lost(error.to_string()),
                    Delivery::NotSent => return Ok(failed(&error)),
                    Delivery::Refused => return self.refused(deed, systems, report, &error).await,
                },
            };
        }
        unreachable!("the loop returns at the latest after {ATTEMPTS} attempts")
    }

    /// A refusal may say that it is so already: a write that was thought lost came through after all.
    async fn refused(
        &self,
        deed: &Deed<'_>,
        systems: &Systems,
        report: &mut StepReport,
        error: &ActionError,
    ) -> Result<Taken, EngineError> {
        match self.look(deed, systems, report, Duration::ZERO).await {
            Ok(State::Reached(findings)) => Ok(reached(deed, report, findings)),
            _ => Ok(failed(error)),
        }
    }

    /// Looks whether the change is made, for up to `patience` while it is not.
    async fn look(
        &self,
        deed: &Deed<'_>,
        systems: &Systems,
        report: &StepReport,
        patience: Duration,
    ) -> Result<State, ActionError> {
        let context = self.context(systems, report);
        let clock = &self.core.clock;
        let begun = clock.monotonic();
        let mut pause = Duration::from_millis(250);
        loop {
            let state = deed.action.verify(&context).await?;
            let limit = if state == State::Underway { patience.max(SHOWS_WITHIN) } else { patience };
            let may_change = matches!(state, State::Open | State::Underway);
            if !may_change || clock.monotonic().saturating_sub(begun) >= limit {
                return Ok(state);
            }
            clock.sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(8));
        }
    }

    fn context<'c>(&'c self, systems: &'c Systems, report: &'c StepReport) -> Context<'c> {
        Context {
            systems,
            plan: &self.plan,
            mark: Mark { run: self.id, step: &report.step },
            intended_at: report.intended_at,
            steps: &self.steps,
            signals: &self.signals,
            ledger: &self.head,
        }
    }

    async fn intend(&mut self, deed: &Deed<'_>, report: &mut StepReport) -> Result<(), EngineError> {
        let now = self.core.clock.now();
        report.intended_at.get_or_insert(now);
        report.attempts += 1;
        let (step, change) = (deed.id.clone(), headline(&deed.action.describe()));
        self.tell(Progress::Began { run: self.id.clone(), step: step.clone(), change: change.clone() });
        let entry = Entry::Intent { step, attempt: report.attempts, change, why: deed.why.to_owned() };
        self.head = self.core.journal.step(self.id, report, entry, now).await?;
        Ok(())
    }

    async fn end(
        &mut self,
        change: Change,
        report: &mut StepReport,
        outcome: Outcome,
    ) -> Result<(), EngineError> {
        let now = self.core.clock.now();
        report.outcome = Some(outcome.clone());
        report.ended_at = Some(now);
        let (run, step) = (self.id.clone(), report.step.clone());
        let entry =
            Entry::Outcome { step: step.clone(), outcome: outcome.clone(), calls: report.calls.clone() };
        self.head = self.core.journal.step(self.id, report, entry, now).await?;
        self.tell(Progress::Ended { run, step, change: headline(&change), outcome });
        Ok(())
    }

    async fn interrupt(&mut self, report: &mut StepReport, why: &str) -> Result<(), EngineError> {
        report.interruptions += 1;
        self.interrupted.push((report.step.clone(), why.to_owned()));
        let entry = Entry::Interrupted {
            step: report.step.clone(),
            why: why.to_owned(),
            calls: report.calls.clone(),
        };
        self.head = self.core.journal.step(self.id, report, entry, self.core.clock.now()).await?;
        Ok(())
    }

    fn tell(&self, event: Progress) {
        // Nobody need be watching.
        let _ = self.core.progress.send(event);
    }
}

fn reached(deed: &Deed<'_>, report: &mut StepReport, findings: Findings) -> Taken {
    report.findings = findings;
    // Where nothing changes, to look is to do it.
    let ours = report.intended_at.is_some() || deed.action.describe().verb == Verb::Confirm;
    Taken::Ended(if ours { Outcome::Done } else { Outcome::AlreadySatisfied })
}

fn failed(error: &ActionError) -> Taken {
    let why = error.to_string();
    if error.retryable { Taken::Interrupted(why) } else { Taken::Ended(Outcome::Failed { why }) }
}

fn headline(change: &Change) -> String {
    format!("{} {} {}", change.verb.symbol(), change.system, change.target)
}
