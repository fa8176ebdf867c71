//! How a run is driven: each step is observe, decide, journal the intent, act, verify, journal the outcome.

use std::sync::Arc;
use std::time::Duration;

use client_core::{Delivery, Observer};

use super::recorder::Recorder;
use super::{Core, EngineError, Progress};
use crate::action::{ActionError, Context, Findings, State, Verb};
use crate::ledger::{Entry, Head};
use crate::plan::{OnFailure, Plan, Step};
use crate::run::{Mark, Outcome, RunId, RunStatus, StepReport};
use crate::systems::Systems;

/// How often a write whose fate is unknown is sent, if looking says each time that it was not done.
const ATTEMPTS: u32 = 3;

/// How long a change may take to show after the other side accepted it: an activation does its work
/// afterwards, and users report memberships that show after half a minute.
const SHOWS_WITHIN: Duration = Duration::from_secs(60);

/// Drives a run until it comes to rest.
pub(super) async fn drive(core: &Arc<Core>, id: &RunId) -> Result<(), EngineError> {
    let unknown = || EngineError::UnknownRun(id.clone());
    let (_, plan) = core.journal.load(id).await?.ok_or_else(unknown)?;
    let _turns = core.subjects.turns(&plan.subject).await;
    // Only fails when closed, and nobody closes it.
    let _slot = core.slots.acquire().await;
    // Read anew: another may have had its turn meanwhile.
    let run = core.journal.run(id).await?.ok_or_else(unknown)?;
    if run.status.is_final() {
        return Ok(());
    }
    let head = core.journal.head().await?;
    let mut driver = Driver { core, id, steps: run.steps, head };
    let status = driver.walk(&plan).await?;
    core.journal.rest(id, &status, core.clock.now()).await?;
    tracing::info!(run = %id, %status, "run came to rest");
    driver.tell(Progress::Rested { run: id.clone(), status });
    Ok(())
}

struct Driver<'a> {
    core: &'a Core,
    id: &'a RunId,
    steps: Vec<StepReport>,
    head: Head,
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
    fn patience(&self, step: &Step) -> Duration {
        match self {
            Self::Nothing => Duration::ZERO,
            Self::Accepted => SHOWS_WITHIN.max(step.action.shows_within()),
            Self::Lost(_) => step.action.shows_within(),
        }
    }
}

/// How taking a step ended.
enum Taken {
    Ended(Outcome),
    Interrupted(String),
}

impl Driver<'_> {
    async fn walk(&mut self, plan: &Plan) -> Result<RunStatus, EngineError> {
        let result = self.walk_steps(&plan.steps).await?;
        let closing = match &result {
            RunStatus::Done => &plan.closing.done,
            RunStatus::NeedsHuman { .. } => &plan.closing.failed,
            _ => return Ok(result),
        };
        match self.walk_steps(closing).await? {
            RunStatus::Done => Ok(result),
            unfinished => Ok(unfinished),
        }
    }

    async fn walk_steps(&mut self, steps: &[Step]) -> Result<RunStatus, EngineError> {
        for step in steps {
            let outcome = match self.steps.iter().find(|report| report.step == step.id) {
                Some(StepReport { outcome: Some(outcome), .. }) => outcome.clone(),
                _ => match step.not_before {
                    Some(until) if self.core.clock.now() < until => return Ok(RunStatus::Waiting { until }),
                    _ => match self.take(step).await? {
                        Taken::Ended(outcome) => outcome,
                        Taken::Interrupted(why) => {
                            return Ok(RunStatus::Stalled { step: step.id.clone(), why });
                        }
                    },
                },
            };
            if !outcome.is_success() && step.on_failure == OnFailure::Stop {
                return Ok(RunStatus::NeedsHuman { step: step.id.clone(), why: outcome.to_string() });
            }
        }
        Ok(RunStatus::Done)
    }

    async fn take(&mut self, step: &Step) -> Result<Taken, EngineError> {
        let known = self.steps.iter().position(|report| report.step == step.id);
        let mut report = match known {
            Some(place) => self.steps.remove(place),
            None => StepReport::new(step.id.clone()),
        };
        let recorder = Arc::new(Recorder::default());
        let observer: Arc<dyn Observer> = recorder.clone();
        let mark = Mark { run: self.id, step: &step.id };
        let systems = self.core.systems.tagged(&mark.user_agent(), &observer);
        let taken = self.protocol(step, &systems, &mut report, &recorder).await?;
        report.calls.extend(recorder.take());
        match &taken {
            Taken::Ended(outcome) => self.end(step, &mut report, outcome).await?,
            Taken::Interrupted(why) => self.interrupt(&report, why).await?,
        }
        self.steps.push(report);
        Ok(taken)
    }

    /// The step protocol. Looks first, and again after every write; sends a write again only if looking says
    /// that the one before was not done.
    async fn protocol(
        &mut self,
        step: &Step,
        systems: &Systems,
        report: &mut StepReport,
        recorder: &Recorder,
    ) -> Result<Taken, EngineError> {
        // A write that an engine before us announced may be on its way still.
        let mut sent = if report.intended_at.is_some() { Sent::Lost(CRASHED.into()) } else { Sent::Nothing };
        for attempt in 0.. {
            match (self.look(step, systems, report, sent.patience(step)).await, sent) {
                (Err(error), _) => return Ok(failed(&error)),
                (Ok(State::Reached(findings)), _) => return Ok(reached(step, report, findings)),
                (Ok(State::Drifted(found)), _) => return Ok(Taken::Ended(Outcome::Drifted { found })),
                (Ok(State::Underway), _) => return Ok(Taken::Interrupted("it is still under way".into())),
                (Ok(State::Open), Sent::Accepted) => return Ok(Taken::Interrupted(NOT_SHOWN.into())),
                (Ok(State::Open), Sent::Lost(why)) if attempt == ATTEMPTS => {
                    return Ok(Taken::Interrupted(why));
                }
                (Ok(State::Open), _) => {}
            }
            report.calls.extend(recorder.take());
            self.intend(step, report).await?;
            sent = match step.action.apply(&self.context(step, systems, report)).await {
                Ok(()) => Sent::Accepted,
                Err(error) => match error.delivery {
                    Delivery::Done => Sent::Accepted,
                    Delivery::Unknown => Sent::Lost(error.to_string()),
                    Delivery::NotSent => return Ok(failed(&error)),
                    Delivery::Refused => return self.refused(step, systems, report, &error).await,
                },
            };
        }
        unreachable!("the loop returns at the latest after {ATTEMPTS} attempts")
    }

    /// A refusal may say that it is so already: a write that was thought lost came through after all.
    async fn refused(
        &self,
        step: &Step,
        systems: &Systems,
        report: &mut StepReport,
        error: &ActionError,
    ) -> Result<Taken, EngineError> {
        match self.look(step, systems, report, Duration::ZERO).await {
            Ok(State::Reached(findings)) => Ok(reached(step, report, findings)),
            _ => Ok(failed(error)),
        }
    }

    /// Looks whether the change is made, for up to `patience` while it is not.
    async fn look(
        &self,
        step: &Step,
        systems: &Systems,
        report: &StepReport,
        patience: Duration,
    ) -> Result<State, ActionError> {
        let context = self.context(step, systems, report);
        let clock = &self.core.clock;
        let begun = clock.monotonic();
        let mut pause = Duration::from_millis(250);
        loop {
            let state = step.action.verify(&context).await?;
            let limit = if state == State::Underway { patience.max(SHOWS_WITHIN) } else { patience };
            let may_change = matches!(state, State::Open | State::Underway);
            if !may_change || clock.monotonic().saturating_sub(begun) >= limit {
                return Ok(state);
            }
            clock.sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(8));
        }
    }

    fn context<'c>(&'c self, step: &'c Step, systems: &'c Systems, report: &StepReport) -> Context<'c> {
        Context {
            systems,
            mark: Mark { run: self.id, step: &step.id },
            intended_at: report.intended_at,
            steps: &self.steps,
            ledger: &self.head,
        }
    }

    async fn intend(&mut self, step: &Step, report: &mut StepReport) -> Result<(), EngineError> {
        let now = self.core.clock.now();
        report.intended_at.get_or_insert(now);
        report.attempts += 1;
        let change = headline(step);
        self.tell(Progress::Began { run: self.id.clone(), step: step.id.clone(), change: change.clone() });
        let entry =
            Entry::Intent { step: step.id.clone(), attempt: report.attempts, change, why: step.why.clone() };
        self.head = self.core.journal.step(self.id, report, entry, now).await?;
        Ok(())
    }

    async fn end(
        &mut self,
        step: &Step,
        report: &mut StepReport,
        outcome: &Outcome,
    ) -> Result<(), EngineError> {
        let now = self.core.clock.now();
        report.outcome = Some(outcome.clone());
        report.ended_at = Some(now);
        let entry =
            Entry::Outcome { step: step.id.clone(), outcome: outcome.clone(), calls: report.calls.clone() };
        self.head = self.core.journal.step(self.id, report, entry, now).await?;
        self.tell(Progress::Ended {
            run: self.id.clone(),
            step: step.id.clone(),
            change: headline(step),
            outcome: outcome.clone(),
        });
        Ok(())
    }

    async fn interrupt(&mut self, report: &StepReport, why: &str) -> Result<(), EngineError> {
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

fn reached(step: &Step, report: &mut StepReport, findings: Findings) -> Taken {
    report.findings = findings;
    // Where nothing changes, to look is to do it.
    let ours = report.intended_at.is_some() || step.action.describe().verb == Verb::Confirm;
    Taken::Ended(if ours { Outcome::Done } else { Outcome::AlreadySatisfied })
}

fn failed(error: &ActionError) -> Taken {
    let why = error.to_string();
    if error.retryable { Taken::Interrupted(why) } else { Taken::Ended(Outcome::Failed { why }) }
}

fn headline(step: &Step) -> String {
    let change = step.action.describe();
    format!("{} {} {}", change.verb.symbol(), change.system, change.target)
}
