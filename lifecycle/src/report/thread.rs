//! The golden thread of a run: request, plan, step, Okta's request id, Okta's own log, ticket note.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use okta_client::Filter;
use okta_client::system_log::LogEvent;
use serde::Serialize;
use servicenow_client::tables::{ScReqItem, ScTask};
use servicenow_client::{Query, Record as _, SysId};

use crate::action::servicenow::NOTE;
use crate::ledger::{self, Entry, Head, Record};
use crate::plan::StepId;
use crate::run::{Mark, Outcome, Run, StepReport};
use crate::systems::Systems;

/// How long after it was done a thing may be missing from Okta's log.
const LOG_WITHIN: TimeDelta = TimeDelta::seconds(30);

/// How far Okta's clock and ours may be apart.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// A run from its request to the traces that it left in both systems, as those systems have them now.
#[derive(Debug, Clone, Serialize)]
pub struct Thread {
    /// The run.
    pub run: Run,
    /// Its steps, with what each left in Okta's log and on the ticket.
    pub steps: Vec<StepThread>,
    /// The ledger's head, if the whole ledger is as it was written.
    pub ledger: Option<Head>,
    /// Where the thread is broken. None: every change that Okta logged for this run is a step of its plan,
    /// every step that changed Okta is in Okta's log, every note is on the ticket, and the ledger is untouched.
    pub breaks: Vec<String>,
}

/// A step, and what it left.
#[derive(Debug, Clone, Serialize)]
pub struct StepThread {
    /// The step.
    pub report: StepReport,
    /// What Okta's System Log has of it.
    pub log: Vec<LogEntry>,
    /// What the ticket has of it.
    pub notes: Vec<TicketNote>,
}

/// An entry of Okta's System Log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// Its id.
    pub uuid: String,
    /// What happened.
    pub event_type: String,
    /// When.
    pub published: Option<DateTime<Utc>>,
    /// The request that caused it.
    pub request_id: Option<String>,
}

/// A note that carries the step's mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TicketNote {
    /// The ticket's number.
    pub ticket: String,
    /// `work_notes` or `comments`.
    pub field: String,
    /// When it was written, if that may be read.
    pub written_at: Option<DateTime<Utc>>,
}

/// Why a thread cannot be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ThreadError {
    /// Okta.
    #[error(transparent)]
    Okta(#[from] okta_client::Error),
    /// ServiceNow.
    #[error(transparent)]
    ServiceNow(#[from] servicenow_client::Error),
}

impl Thread {
    /// Whether the thread is whole.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.breaks.is_empty()
    }
}

/// Follows the thread of `run`: checks `ledger` (all of it), and looks in both systems for what the run left.
///
/// Okta's log lags behind by seconds, so this waits for it, up to half a minute after the run's last step.
///
/// # Errors
///
/// If a system cannot be asked. A thread that is broken is no error: see [`Thread::breaks`].
pub async fn thread(systems: &Systems, run: &Run, ledger: &[Record]) -> Result<Thread, ThreadError> {
    let mut breaks = Vec::new();
    let head = ledger::verify(ledger).map_err(|tampered| breaks.push(tampered.to_string())).ok();
    let accepted = accepted_at(run, ledger, &mut breaks);
    let events = logged(systems, run, accepted).await?;
    let notes = noted(systems, run).await?;
    let steps: Vec<StepThread> = run
        .steps
        .iter()
        .map(|report| {
            let mark = Mark { run: &run.id, step: &report.step };
            let (agent, mark) = (mark.user_agent(), mark.to_string());
            let of_step = |event: &&LogEvent| event.user_agent().is_some_and(|text| text.ends_with(&agent));
            StepThread {
                log: events.iter().filter(of_step).map(LogEntry::from).collect(),
                notes: notes
                    .iter()
                    .filter(|note| note.text.contains(&mark))
                    .map(|n| n.note.clone())
                    .collect(),
                report: report.clone(),
            }
        })
        .collect();
    breaks.extend(steps.iter().filter_map(unlogged));
    breaks.extend(steps.iter().filter_map(unnoted));
    let known: usize = steps.iter().map(|step| step.log.len()).sum();
    if known < events.len() {
        breaks
            .push(format!("{} of Okta's log entries name this run and no step of it", events.len() - known));
    }
    Ok(Thread { run: run.clone(), steps, ledger: head, breaks })
}

/// When the run was accepted, which the ledger must know, with the digest of the plan that is in the journal.
fn accepted_at(run: &Run, ledger: &[Record], breaks: &mut Vec<String>) -> Option<DateTime<Utc>> {
    let accepted =
        ledger.iter().filter(|record| record.run == run.id).find_map(|record| match &record.entry {
            Entry::Accepted { digest, .. } => Some((record.at, digest)),
            _ => None,
        });
    match accepted {
        None => breaks.push("the ledger has no record that the run was accepted".to_owned()),
        Some((_, digest)) if *digest != run.digest => {
            breaks.push(format!("the run was accepted with plan {digest}, and has plan {}", run.digest));
        }
        Some(_) => {}
    }
    accepted.map(|(at, _)| at)
}

/// Okta's log of the run, as soon as every step that changed Okta is in it.
async fn logged(
    systems: &Systems,
    run: &Run,
    since: Option<DateTime<Utc>>,
) -> Result<Vec<LogEvent>, ThreadError> {
    let clock = systems.clock();
    let ended = run.steps.iter().filter_map(|step| step.ended_at).max();
    let filter = Filter::contains("client.userAgent.rawUserAgent", format!("op/{}", run.id));
    let mut pause = Duration::from_millis(250);
    loop {
        let until = clock.now() + SKEW;
        let since = since.unwrap_or(until - TimeDelta::days(90)) - SKEW;
        let query = systems.okta.system_log().between(since, until).filter(filter.clone());
        let events = query.send().collect_all().await?;
        let has = |step: &StepId| {
            let agent = Mark { run: &run.id, step }.user_agent();
            events.iter().any(|event| event.user_agent().is_some_and(|text| text.ends_with(&agent)))
        };
        let complete = run.steps.iter().filter(|step| changed_okta(step)).all(|step| has(&step.step));
        if complete || ended.is_none_or(|ended| clock.now() >= ended + LOG_WITHIN) {
            return Ok(events);
        }
        clock.sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(4));
    }
}

fn changed_okta(step: &StepReport) -> bool {
    step.outcome == Some(Outcome::Done) && step.calls.iter().any(|call| call.call.starts_with("okta."))
}

/// What is missing, if a step changed Okta and Okta's log does not have it under a request of ours.
fn unlogged(step: &StepThread) -> Option<String> {
    let ours = |entry: &LogEntry| {
        // The answer to a request that was cut off never told its id.
        let lost = step.report.calls.iter().any(|call| call.request_id.is_none());
        lost || step.report.calls.iter().any(|call| call.request_id == entry.request_id)
    };
    if !changed_okta(&step.report) {
        None
    } else if step.log.is_empty() {
        Some(format!("step {} changed Okta, and Okta's log does not have it", step.report.step))
    } else if step.log.iter().any(|entry| !ours(entry)) {
        Some(format!("step {}: Okta's log names a request that we did not note", step.report.step))
    } else {
        None
    }
}

/// What is missing, if a step wrote a note and the ticket does not have it.
fn unnoted(step: &StepThread) -> Option<String> {
    let missing = step.report.findings.contains_key(NOTE) && step.notes.is_empty();
    missing.then(|| format!("step {} wrote a note, and the ticket does not have it", step.report.step))
}

struct Noted {
    note: TicketNote,
    text: String,
}

/// The notes of the run on the record that asked and, if that is an item, on its tasks.
async fn noted(systems: &Systems, run: &Run) -> Result<Vec<Noted>, ThreadError> {
    let Some(request) = &run.request else { return Ok(Vec::new()) };
    let tasks = if request.table == ScReqItem::TABLE {
        let tasks = systems.servicenow.table::<ScTask>();
        tasks.list(Query::new().eq("request_item", request.sys_id.clone())).collect_all().await?.rows
    } else {
        Vec::new()
    };
    let item: (&str, &SysId, &str) = (&request.table, &request.sys_id, &request.number);
    let tickets =
        tasks.iter().map(|task| (ScTask::TABLE, &task.sys_id, task.number.as_str().unwrap_or_default()));
    let mut notes = Vec::new();
    for (table, id, number) in std::iter::once(item).chain(tickets) {
        for entry in systems.servicenow.journal().entries(table, id).await? {
            if entry.text.contains(&format!("[lc {}/", run.id)) {
                let (field, written_at) = (entry.kind.field().to_owned(), entry.written_at);
                let note = TicketNote { ticket: number.to_owned(), field, written_at };
                notes.push(Noted { note, text: entry.text });
            }
        }
    }
    Ok(notes)
}

impl From<&LogEvent> for LogEntry {
    fn from(event: &LogEvent) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            uuid: text(event.uuid()),
            event_type: text(event.event_type()),
            published: event.published(),
            request_id: event.request_id().map(str::to_owned),
        }
    }
}

impl fmt::Display for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = &self.run;
        if let Some(request) = &run.request {
            writeln!(f, "request {} asked for it", request.number)?;
        }
        writeln!(f, "plan    {}", run.digest)?;
        if let Some(policy) = &run.policy {
            writeln!(f, "policy  {} ({})", policy.name, policy.hash)?;
        }
        writeln!(f, "run     {}", run.id)?;
        for step in &self.steps {
            write!(f, "{step}")?;
        }
        match &self.ledger {
            Some(head) => {
                writeln!(
                    f,
                    "ledger  {} records, each fits the one before; head {}",
                    head.records, head.hash
                )?;
            }
            None => writeln!(f, "ledger  NOT as it was written")?,
        }
        if self.is_verified() {
            f.write_str(
                "verified: each change in Okta's log is a step of this plan, and each step is in Okta's log",
            )
        } else {
            self.breaks.iter().try_for_each(|broken| writeln!(f, "BROKEN: {broken}"))
        }
    }
}

impl fmt::Display for StepThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.report;
        let outcome = report.outcome.as_ref().map_or_else(|| "begun".to_owned(), ToString::to_string);
        writeln!(f, "  {:<24} {outcome}", report.step.as_str())?;
        for call in &report.calls {
            let status = call.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            let id = call.request_id.as_deref().unwrap_or("unknown");
            writeln!(f, "    {}: {status}, request {id}", call.request)?;
        }
        for entry in &self.log {
            writeln!(
                f,
                "    System Log {} {}, request {}",
                entry.event_type,
                entry.uuid,
                entry.request_id.as_deref().unwrap_or("unknown")
            )?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "    {} on {}", note.field, note.ticket))
    }
}
