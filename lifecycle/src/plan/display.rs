//! A plan as people read it: a diff, with the reason for each line and what it needs.

use std::fmt;

use super::{OnFailure, Plan, Step, StepId, Work};
use crate::action::Change;
use crate::report::printable;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Plan: {} {} <{}>",
            self.operation,
            printable(&self.subject.name),
            printable(&self.subject.login)
        )?;
        if let Some(request) = &self.request {
            write!(f, ", asked for by {}", printable(&request.number))?;
        }
        writeln!(f, "\ndigest {}", self.digest())?;
        if let Some(policy) = &self.intent.policy {
            writeln!(
                f,
                "policy {} ({})",
                printable(&policy.name),
                &policy.hash[..12.min(policy.hash.len())]
            )?;
        }
        section(f, "", &self.steps, 1)?;
        section(f, "When all is done:", &self.closing.done, self.steps.len() + 1)?;
        section(f, "If it is declined or called off:", &self.closing.declined, self.steps.len() + 1)?;
        section(f, "If a step fails for good:", &self.closing.failed, self.steps.len() + 1)?;
        write!(f, "\nNeeds in all: {}", self.permissions())
    }
}

fn section(f: &mut fmt::Formatter<'_>, title: &str, steps: &[Step], first: usize) -> fmt::Result {
    if steps.is_empty() {
        return Ok(());
    }
    writeln!(f)?;
    if !title.is_empty() {
        writeln!(f, "{title}")?;
    }
    for (number, step) in (first..).zip(steps) {
        write!(f, "{number:>4} {}", step.describe())?;
        if let Work::Gate { deadline: Some(instant), .. } = &step.work {
            writeln!(f, "       until {}", instant.format("%Y-%m-%d %H:%M UTC"))?;
        }
        writeln!(f, "       why: {}", printable(&step.why))?;
        match step.on_failure {
            OnFailure::Stop => {}
            OnFailure::CarryOn => writeln!(f, "       optional: the run goes on if this fails")?,
            OnFailure::Escalate => {
                writeln!(f, "       if this fails the run goes on, and a person is asked")?;
            }
        }
        if !step.needs.is_empty() {
            let needs: Vec<&str> = step.needs.iter().map(StepId::as_str).collect();
            writeln!(f, "       only after: {}", needs.join(", "))?;
        }
        if let Work::Action { undo: Some(undo), .. } = &step.work {
            write!(f, "       undone by: {}", undo.describe())?;
        }
        writeln!(f, "       needs: {}", step.permissions())?;
    }
    Ok(())
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} {}", self.verb.symbol(), self.system, printable(&self.target))?;
        for detail in &self.details {
            write!(f, "         {}: ", printable(&detail.name))?;
            match (&detail.before, &detail.after) {
                (None, Some(after)) => writeln!(f, "{}", printable(after))?,
                (Some(before), Some(after)) => writeln!(f, "{} -> {}", printable(before), printable(after))?,
                (Some(before), None) => writeln!(f, "{} -> (removed)", printable(before))?,
                (None, None) => writeln!(f, "(none)")?,
            }
        }
        Ok(())
    }
}
