//! What is asked for: who leaves, how, when, and what becomes of their work.

use chrono::NaiveTime;
use serde::Serialize;
use servicenow_client::SysId;
use servicenow_client::catalog::Variables;

use super::Manner;
use crate::gate::{DstGap, When};
use crate::operation::OperationError;
use crate::operation::form::Form;

/// The reasons that a ticket may give.
const REASONS: [&str; 5] = ["voluntary", "involuntary", "contract end", "death", "security"];

/// A departure, as a ticket or a caller has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Departure {
    pub(super) who: Who,
    pub(super) manner: Manner,
    pub(super) reason: String,
    pub(super) heir: Option<SysId>,
    pub(super) legal_hold: Option<String>,
    /// When access ends. It may move as long as the run waits for it, so it is no part of what was asked.
    #[serde(skip)]
    pub(super) when: Option<When>,
    /// When groups are reduced.
    #[serde(skip)]
    pub(super) handover: Option<When>,
}

/// Who leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Who {
    /// A ServiceNow user, named by a ticket.
    Employee(SysId),
    /// Who signs in to Okta so.
    Login(String),
}

impl Departure {
    /// Reads the answers, and tells everything that is wrong with them at once.
    pub(super) fn read(number: &str, answers: &Variables, zone: &str) -> Result<Self, OperationError> {
        let mut form = Form::new(answers);
        let employee = form.required("employee", 32);
        let employee = form.reference("employee", &employee);
        let manner = form.optional("mode", 50);
        let manner = manner.map_or(Manner::Scheduled, |text| read_manner(&mut form, &text));
        let reason = form.required("reason", 50).to_lowercase();
        if !reason.is_empty() && !REASONS.contains(&reason.as_str()) {
            form.problem(format!("reason is {reason:?}: give one of {}", REASONS.join(", ")));
        }
        let heir = form.optional("heir", 32).and_then(|text| form.reference("heir", &text));
        let legal_hold = form.optional("legal_hold", 200);
        let waits = matches!(manner, Manner::Scheduled | Manner::Graceful);
        let when = if waits { end(&mut form, zone) } else { None };
        let handover = if manner == Manner::Graceful { start_of_handover(&mut form, zone) } else { None };
        if let (Some(from), Some(until)) = (&handover, &when)
            && from.instant() > until.instant()
        {
            form.problem("handover_from is after last_day: access is reduced before it ends");
        }
        let who = Who::Employee(employee.unwrap_or_else(|| "missing".parse().expect("letters are a sys_id")));
        form.filled(number, Self { who, manner, reason, heir, legal_hold, when, handover })
    }

    pub(super) fn is_death(&self) -> bool {
        self.reason == "death"
    }
}

/// When access ends, by a ticket's answers: the end of the last day there, unless an hour is given. None if they cannot be
/// read as that.
pub(super) fn end_of(answers: &Variables, zone: &str) -> Option<When> {
    let mut form = Form::new(answers);
    let end = end(&mut form, zone);
    form.filled("", end).ok().flatten()
}

fn read_manner(form: &mut Form<'_>, text: &str) -> Manner {
    match text.to_lowercase().as_str() {
        "scheduled" => Manner::Scheduled,
        "graceful" => Manner::Graceful,
        "immediate" => Manner::Immediate,
        "contain" => Manner::ContainOnly,
        _ => {
            form.problem(format!("mode is {text:?}: give scheduled, graceful, immediate or contain"));
            Manner::Scheduled
        }
    }
}

fn end(form: &mut Form<'_>, zone: &str) -> Option<When> {
    let time = match form.optional("last_time", 20) {
        None => NaiveTime::from_hms_opt(23, 59, 59),
        Some(text) => {
            let time = NaiveTime::parse_from_str(&text, "%H:%M").ok();
            if time.is_none() {
                form.problem(format!("last_time is {text:?}: give an hour as 17:30"));
            }
            time
        }
    };
    local(form, "last_day", time.unwrap_or_default(), zone)
}

fn start_of_handover(form: &mut Form<'_>, zone: &str) -> Option<When> {
    local(form, "handover_from", NaiveTime::MIN, zone)
}

/// An end that is ambiguous is the earlier instant.
fn local(form: &mut Form<'_>, name: &str, time: NaiveTime, zone: &str) -> Option<When> {
    let day = form.required(name, 50);
    let day = form.date(name, &day)?;
    let named = form.optional("time_zone", 50);
    let zone = named.as_deref().unwrap_or(zone);
    When::local(day.and_time(time), zone, DstGap::Earlier)
        .map_err(|error| form.problem(format!("time_zone: {error}")))
        .ok()
}
