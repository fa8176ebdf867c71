//! Where a batch stands, and files about its rows.

use std::fmt;
use std::io::Write;
use std::time::Duration;

use serde::Serialize;

use super::parent::Command;
use super::{Bulk, BulkError, CHUNK, Recipe, RowState, Rows};
use crate::engine::Engine;
use crate::journal::Journal;
use crate::run::{RunId, RunStatus};

/// Where a batch stands.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The batch.
    pub batch: String,
    /// Its run.
    pub run: RunId,
    /// Whether it goes on, and if not, why.
    pub state: BatchState,
    /// How many rows went how.
    pub rows: Rows,
    /// How many rows a minute were settled since it was last driven; none if it is not.
    pub per_minute: Option<f64>,
    /// How long the rest will take at that rate.
    #[serde(skip)]
    pub time_left: Option<Duration>,
    /// What is left of the rate limits that it draws from.
    #[serde(skip)]
    pub budget: Vec<client_core::BucketStatus>,
}

/// Whether a batch goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum BatchState {
    /// It goes on, when it is driven.
    Open,
    /// A person paused it.
    Paused {
        /// Who, and why.
        why: String,
    },
    /// It stopped by itself, and waits for a person.
    Stopped {
        /// Why.
        why: String,
    },
    /// It was called off.
    Cancelled {
        /// Who, and why.
        why: String,
    },
    /// No row is left.
    Done,
    /// The rows are through, and its ticket could not be told.
    Untold {
        /// Why.
        why: String,
    },
}

impl Report {
    pub(super) async fn of(bulk: &Bulk, run: RunId) -> Result<Self, BulkError> {
        let Bulk { engine, name, .. } = bulk;
        let rows = engine.journal().count_rows(name).await?;
        let state = state(engine, &run).await?;
        let per_minute = bulk.rate(&rows);
        let left = f64::from(rows.of(RowState::Left));
        let time_left =
            per_minute.filter(|rate| *rate > 0.0).map(|rate| Duration::from_secs_f64(left * 60.0 / rate));
        let mut budget = engine.systems().okta.buckets();
        budget.extend(engine.systems().servicenow.buckets());
        Ok(Self { batch: name.clone(), run, state, rows, per_minute, time_left, budget })
    }

    /// The bucket of which the smallest share is left: it sets the pace.
    #[must_use]
    pub fn tightest(&self) -> Option<(&client_core::BucketStatus, f64)> {
        let share = |bucket: &client_core::BucketStatus| {
            let limit = bucket.limit.filter(|limit| *limit > 0)?;
            Some(1.0 - f64::from(bucket.remaining?) / f64::from(limit))
        };
        let used = self.budget.iter().filter_map(|bucket| Some((bucket, share(bucket)?)));
        used.max_by(|(_, one), (_, other)| one.total_cmp(other))
    }
}

/// In one line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            BatchState::Open => f.write_str("going on")?,
            BatchState::Paused { why } => write!(f, "paused ({why})")?,
            BatchState::Stopped { why } => write!(f, "stopped by itself ({why})")?,
            BatchState::Cancelled { why } => write!(f, "called off ({why})")?,
            BatchState::Done => f.write_str("done")?,
            BatchState::Untold { why } => write!(f, "through, but its ticket does not know ({why})")?,
        }
        write!(f, ": {} of {}; {}", self.rows.settled(), self.rows.total(), self.rows)?;
        if let Some(rate) = self.per_minute {
            write!(f, "; {rate:.0} a minute")?;
        }
        if let Some(left) = self.time_left.filter(|_| self.rows.of(RowState::Left) > 0) {
            write!(f, ", {} min left", left.as_secs().div_ceil(60))?;
        }
        match self.tightest() {
            Some((bucket, used)) => write!(f, "; {:.0} % of {} used", used * 100.0, bucket.name),
            None => Ok(()),
        }
    }
}

async fn state(engine: &Engine, run: &RunId) -> Result<BatchState, BulkError> {
    let why = match engine.status(run).await?.status {
        RunStatus::Done => return Ok(BatchState::Done),
        RunStatus::Cancelled { by, why } => return Ok(BatchState::Cancelled { why: format!("{by}: {why}") }),
        status @ (RunStatus::NeedsHuman { .. } | RunStatus::Stalled { .. }) => {
            return Ok(BatchState::Untold { why: status.to_string() });
        }
        _ => engine.journal().last_signal(run).await?,
    };
    Ok(match why.and_then(|told| Some((Command::read(&told.name)?, told.payload))) {
        Some((Command::Pause, why)) => BatchState::Paused { why },
        Some((Command::Stop, why)) => BatchState::Stopped { why },
        Some((Command::Cancel, why)) => BatchState::Cancelled { why },
        Some((Command::Resume, _)) | None => BatchState::Open,
    })
}

/// The refused rows as a file that can be mended and read again, but for its first two columns.
pub(super) async fn refused(
    journal: &Journal,
    batch: &str,
    recipe: &Recipe,
    file: impl Write,
) -> Result<u32, BulkError> {
    let mut csv = csv::Writer::from_writer(file);
    csv.write_record(["row", "problem"].into_iter().chain(recipe.columns()))?;
    let (mut after, mut count) = (0, 0);
    loop {
        let chunk = journal.rows(batch, Some(RowState::Refused), after, CHUNK).await?;
        let Some(last) = chunk.last() else { break };
        after = last.row.number;
        for stored in &chunk {
            let number = stored.row.number.to_string();
            let problem = stored.why.as_deref().unwrap_or_default();
            let fields = recipe.columns().map(|column| stored.row.get(column).unwrap_or_default());
            csv.write_record([number.as_str(), problem].into_iter().chain(fields))?;
            count += 1;
        }
    }
    csv.flush().map_err(csv::Error::from)?;
    Ok(count)
}

/// What became of each row.
pub(super) async fn all(journal: &Journal, batch: &str) -> Result<Vec<u8>, BulkError> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["row", "state", "run", "why"])?;
    let mut after = 0;
    loop {
        let chunk = journal.rows(batch, None, after, CHUNK).await?;
        let Some(last) = chunk.last() else { break };
        after = last.row.number;
        for stored in &chunk {
            let number = stored.row.number.to_string();
            let run = stored.run.as_ref().map(RunId::as_str).unwrap_or_default();
            csv.write_record([
                &number,
                stored.state.as_str(),
                run,
                stored.why.as_deref().unwrap_or_default(),
            ])?;
        }
    }
    csv.into_inner().map_err(|error| BulkError::Write(error.into_error().into()))
}
