//! What an example prints.

use std::error::Error;
use std::process::ExitCode;

use lifecycle::action::Permissions;
use lifecycle::ledger::Head;
use lifecycle::plan::{Plan, Step};
use lifecycle::report::{Thread, ThreadError, printable};
use lifecycle::run::{Outcome, Run, RunStatus};
use lifecycle::{EngineError, OperationError};
use serde::Serialize;
use serde_json::{Value, json};

/// Prints to people what may hold text from outside: names, notes, errors. A terminal that is closed ends nothing.
macro_rules! say {
    ($($part:tt)*) => {{
        use std::io::Write as _;
        for line in format!($($part)*).split('\n') {
            let _ = writeln!(std::io::stdout(), "{}", lifecycle::report::printable(line));
        }
    }};
}

pub(crate) use say;

/// The one document that `--json` prints.
#[derive(Debug, Serialize)]
pub struct Document {
    /// The plan.
    pub plan: PlanSummary,
    /// The run; null with `--plan-only`.
    pub run: Option<RunSummary>,
    /// The ledger; null with `--plan-only`.
    pub ledger: Option<LedgerSummary>,
    /// The audit thread; null with `--plan-only`, and for a run that is not done.
    pub thread: Option<Value>,
}

impl Document {
    /// A document about a plan alone.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Self {
        Self { plan: PlanSummary::from(plan), run: None, ledger: None, thread: None }
    }

    /// Prints it.
    pub fn print(&self) {
        println!("{:#}", json!(self));
    }
}

/// A plan, for programs.
#[derive(Debug, Serialize)]
pub struct PlanSummary {
    digest: String,
    operation: String,
    subject: Value,
    request: Value,
    policy: Value,
    permissions: Permissions,
    steps: Vec<Value>,
    when_done: Vec<Value>,
    when_failed: Vec<Value>,
}

impl From<&Plan> for PlanSummary {
    fn from(plan: &Plan) -> Self {
        let steps = |steps: &[Step]| steps.iter().map(step).collect();
        Self {
            digest: plan.digest(),
            operation: plan.operation.clone(),
            subject: json!(plan.subject),
            request: json!(plan.request),
            policy: json!(plan.intent.policy),
            permissions: plan.permissions(),
            steps: steps(&plan.steps),
            when_done: steps(&plan.closing.done),
            when_failed: steps(&plan.closing.failed),
        }
    }
}

fn step(step: &Step) -> Value {
    json!({
        "id": step.id,
        "why": step.why,
        "on_failure": step.on_failure,
        "needs": step.needs,
        "change": step.describe(),
        "permissions": step.permissions(),
    })
}

/// A run, for programs.
#[derive(Debug, Serialize)]
pub struct RunSummary {
    id: String,
    status: String,
    detail: Option<String>,
    steps: Vec<Value>,
}

impl From<&Run> for RunSummary {
    fn from(run: &Run) -> Self {
        let steps = run.steps.iter().map(|report| {
            json!({
                "id": report.step,
                "outcome": report.outcome.as_ref().map(|outcome| word(outcome, "result")),
                "detail": report.outcome.as_ref().filter(|outcome| !outcome.is_success()).map(ToString::to_string),
                "attempts": report.attempts,
                "ended_at": report.ended_at,
                "calls": report.calls,
            })
        });
        let status = word(&run.status, "state");
        let detail = (run.status != RunStatus::Done).then(|| run.status.to_string());
        Self { id: run.id.to_string(), status, detail, steps: steps.collect() }
    }
}

/// The word by which the journal calls it.
fn word(value: &impl Serialize, tag: &str) -> String {
    json!(value)[tag].as_str().unwrap_or_default().to_owned()
}

/// A ledger, for programs.
#[derive(Debug, Serialize)]
pub struct LedgerSummary {
    records: u64,
    head: String,
}

impl From<Head> for LedgerSummary {
    fn from(Head { records, hash }: Head) -> Self {
        Self { records, head: hash }
    }
}

/// The verdict on a thread, for programs.
#[must_use]
pub fn thread_summary(thread: &Result<Thread, ThreadError>) -> Value {
    match thread {
        Ok(thread) => {
            json!({ "verified": thread.is_verified(), "breaks": thread.breaks, "steps": thread.steps })
        }
        Err(error) => {
            json!({ "verified": false, "breaks": [format!("it cannot be followed now: {error}")], "steps": [] })
        }
    }
}

/// The exit status that a run's status means.
#[must_use]
pub fn status_of_run(run: &Run) -> u8 {
    let drifted = run.steps.iter().any(|step| matches!(step.outcome, Some(Outcome::Drifted { .. })));
    match run.status {
        RunStatus::Done => 0,
        RunStatus::Waiting { .. } => 2,
        RunStatus::NeedsHuman { .. } if drifted => 4,
        RunStatus::Declined { .. } => 5,
        _ => 1,
    }
}

/// The exit status that an error means: 5 if an approval is missing, else 1.
pub(crate) fn status_of(error: &(dyn Error + 'static)) -> u8 {
    if matches!(operation_error(error), Some(OperationError::NotApproved { .. })) { 5 } else { 1 }
}

fn operation_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a OperationError> {
    match error.downcast_ref::<EngineError>() {
        Some(EngineError::Operation(operation)) => Some(operation),
        _ => error.downcast_ref::<OperationError>(),
    }
}

/// Tells an error with its causes: to people on stderr, and to programs as the one document on stdout.
pub(crate) fn error(error: &(dyn Error + 'static), json: bool) {
    let mut lines = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        // Some errors repeat their cause.
        if !lines.iter().any(|line| line.contains(&cause.to_string())) {
            lines.push(cause.to_string());
        }
        source = cause.source();
    }
    let advice = unanswered(error);
    if json {
        lines.extend(advice);
        println!("{:#}", json!({ "error": lines.join(": ") }));
    } else {
        let text = format!("error: {}", lines.join("\n  because: "));
        text.lines().for_each(|line| eprintln!("{}", printable(line)));
        if let Some(advice) = advice {
            eprintln!("  {advice}");
        }
    }
}

/// What to look at when a system gave no answer at all.
fn unanswered(error: &(dyn Error + 'static)) -> Option<String> {
    let (okta, servicenow): (Option<&okta_client::Error>, Option<&servicenow_client::Error>) =
        match operation_error(error) {
            Some(OperationError::Okta(okta)) => (Some(okta), None),
            Some(OperationError::ServiceNow(servicenow)) => (None, Some(servicenow)),
            _ => (error.downcast_ref(), error.downcast_ref()),
        };
    let variable = if okta.is_some_and(|error| error.status().is_none() && error.attempts() > 0) {
        "OKTA_CLIENT_ORGURL"
    } else if servicenow.is_some_and(|error| error.status().is_none() && error.attempts() > 0) {
        "SN_HOST"
    } else {
        return None;
    };
    Some(format!("check {variable}, and that this machine reaches it"))
}

/// Arguments that make no sense, or a wish for help.
pub(crate) fn refused(refusal: &clap::Error) -> ExitCode {
    if !refusal.use_stderr() {
        // Nothing can be done if the terminal is gone.
        let _ = refusal.print();
        return ExitCode::SUCCESS;
    }
    if std::env::args_os().any(|argument| argument == "--json") {
        println!("{:#}", json!({ "error": refusal.to_string().trim().trim_start_matches("error: ") }));
    } else {
        let _ = refusal.print();
    }
    ExitCode::FAILURE
}
