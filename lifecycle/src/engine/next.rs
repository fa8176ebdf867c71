//! What a run does next: a decision over its plan and what is known of its steps.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use crate::action::Action;
use crate::gate::Gate;
use crate::plan::{OnFailure, Plan, Step, StepId, Work};
use crate::run::{Outcome, RunStatus, StepReport, Stop};

/// What is known of a run.
pub(super) struct Standing<'a> {
    pub(super) steps: &'a [StepReport],
    /// Why it ends before its steps do.
    pub(super) stop: Option<&'a Stop>,
    /// The guards that were looked at since it was taken up.
    pub(super) looked: &'a HashSet<StepId>,
    /// The steps that could not be brought to an end since then, and why.
    pub(super) interrupted: &'a [(StepId, String)],
}

/// What is next.
pub(super) enum Next<'p> {
    /// Something to do, or to look at.
    Take(Deed<'p>),
    /// A gate to look at.
    Wait(&'p Step, Barrier<'p>),
    /// A step that is not taken, since it needs another that did not succeed.
    Skip(&'p Step, &'p StepId),
    /// Nothing more for now.
    Rest(RunStatus),
}

/// A change to make, or a guard to look at.
pub(super) struct Deed<'p> {
    pub(super) id: StepId,
    pub(super) why: &'p str,
    pub(super) action: &'p dyn Action,
    pub(super) is_guard: bool,
}

/// A gate, and when waiting at it has failed.
pub(super) struct Barrier<'p> {
    pub(super) gate: &'p dyn Gate,
    pub(super) deadline: Option<DateTime<Utc>>,
}

/// How a list of steps went.
enum Went<'p> {
    /// There is more to do.
    On(Next<'p>),
    /// It is through, and this is what became of it.
    Through(RunStatus),
}

impl Standing<'_> {
    pub(super) fn next<'p>(&self, plan: &'p Plan) -> Next<'p> {
        if let Some(stop) = self.stop {
            return self.ended(plan, stop.clone().into());
        }
        match self.walked(&plan.steps) {
            Went::On(next) => next,
            Went::Through(RunStatus::Stalled { step, why }) => Next::Rest(RunStatus::Stalled { step, why }),
            Went::Through(status) => self.ended(plan, status),
        }
    }

    /// What is left once the steps are through: undoing, and the closing.
    fn ended<'p>(&self, plan: &'p Plan, status: RunStatus) -> Next<'p> {
        let (undoes, closing) = match &status {
            RunStatus::Done => (false, &plan.closing.done),
            RunStatus::NeedsHuman { .. } => (plan.undo_on_failure, &plan.closing.failed),
            // What came after takes care of what was done.
            RunStatus::Superseded { .. } => (false, &plan.closing.declined),
            _ => (true, &plan.closing.declined),
        };
        let undone = if undoes { self.undone(plan) } else { Went::Through(RunStatus::Done) };
        let went = match undone {
            Went::Through(RunStatus::Done) => self.walked(closing),
            unfinished => unfinished,
        };
        match went {
            Went::On(next) => next,
            Went::Through(RunStatus::Done) => Next::Rest(status),
            Went::Through(unfinished) => Next::Rest(unfinished),
        }
    }

    fn walked<'p>(&self, steps: &'p [Step]) -> Went<'p> {
        let mut worst: Option<RunStatus> = None;
        for step in steps {
            if let Some(why) = self.interrupted(&step.id) {
                if step.on_failure == OnFailure::Stop {
                    return Went::Through(stalled(&step.id, why));
                }
                continue;
            }
            let Some(outcome) = self.outcome(&step.id) else {
                match step.needs.iter().find(|needs| !self.succeeded(needs)) {
                    // It may succeed yet.
                    Some(needs) if self.outcome(needs).is_none() => continue,
                    Some(needs) => return Went::On(Next::Skip(step, needs)),
                    None => return Went::On(take(self.to_hold(step, steps).unwrap_or(step))),
                }
            };
            if outcome.is_success() {
                continue;
            }
            let what = step.id.clone();
            let status = match outcome {
                Outcome::Declined { why } => RunStatus::Declined { step: what, why: why.clone() },
                outcome => RunStatus::NeedsHuman { step: what, why: outcome.to_string() },
            };
            match (step.on_failure, outcome) {
                (OnFailure::CarryOn, _) => {}
                // The step that it needed has said what that means.
                (OnFailure::Escalate, _) | (_, Outcome::Skipped { .. }) => {
                    worst.get_or_insert(status);
                }
                (OnFailure::Stop, _) => return Went::Through(status),
            }
        }
        // Not before everything is settled: what is away now may come back.
        let open = self.interrupted.iter().find(|(id, _)| steps.iter().any(|step| step.id == *id));
        match open {
            Some((step, why)) => Went::Through(stalled(step, why)),
            None => Went::Through(worst.unwrap_or(RunStatus::Done)),
        }
    }

    /// What this run did, taken back from the last to the first, as far as nothing irrevocable was done after it.
    fn undone<'p>(&self, plan: &'p Plan) -> Went<'p> {
        for step in plan.steps.iter().rev() {
            // Also if nobody knows what became of it: undoing looks before it acts.
            let is_ours = |report: &StepReport| report.step == step.id && report.intended_at.is_some();
            if !self.steps.iter().any(is_ours) {
                continue;
            }
            if step.irrevocable {
                break;
            }
            let Work::Action { undo: Some(undo), .. } = &step.work else { continue };
            let Some(id) = step.undo_id() else { continue };
            if let Some(why) = self.interrupted(&id) {
                return Went::Through(stalled(&id, why));
            }
            match self.outcome(&id) {
                None => {
                    return Went::On(Next::Take(Deed {
                        id,
                        why: &step.why,
                        action: &**undo,
                        is_guard: false,
                    }));
                }
                Some(outcome) if outcome.is_success() => {}
                Some(outcome) => {
                    return Went::Through(RunStatus::NeedsHuman { step: id, why: outcome.to_string() });
                }
            }
        }
        Went::Through(RunStatus::Done)
    }

    /// The guard to look at again before a step is taken: it held, but that was before the run was taken up.
    fn to_hold<'p>(&self, step: &Step, steps: &'p [Step]) -> Option<&'p Step> {
        let is_waived = |guard: &Step| matches!(self.outcome(&guard.id), Some(Outcome::Waived { .. }));
        let guards = steps.iter().filter(|guard| matches!(guard.work, Work::Guard(_)));
        let mut needed = guards.filter(|guard| step.needs.contains(&guard.id));
        needed.find(|guard| !self.looked.contains(&guard.id) && !is_waived(guard))
    }

    fn outcome(&self, id: &StepId) -> Option<&Outcome> {
        self.steps.iter().find(|report| report.step == *id)?.outcome.as_ref()
    }

    fn succeeded(&self, id: &StepId) -> bool {
        self.outcome(id).is_some_and(Outcome::is_success) && self.interrupted(id).is_none()
    }

    fn interrupted(&self, id: &StepId) -> Option<&str> {
        self.interrupted.iter().find(|(step, _)| step == id).map(|(_, why)| why.as_str())
    }
}

fn take(step: &Step) -> Next<'_> {
    let deed = |action, is_guard| Next::Take(Deed { id: step.id.clone(), why: &step.why, action, is_guard });
    match &step.work {
        Work::Action { action, .. } => deed(&**action, false),
        Work::Guard(action) => deed(&**action, true),
        Work::Gate { gate, deadline } => Next::Wait(step, Barrier { gate: &**gate, deadline: *deadline }),
    }
}

fn stalled(step: &StepId, why: &str) -> RunStatus {
    RunStatus::Stalled { step: step.clone(), why: why.to_owned() }
}
