//! The journal: the engine's durable memory of runs and steps, and the ledger beside it, in one SQLite file.
//!
//! One thread writes, with full sync, and commits together whatever waits: what was acknowledged survives a
//! power cut. A step's report and its ledger record are one transaction. Only one engine at a time may have a
//! journal open; a lock on the file next to it sees to that, and is gone when its process is.

mod bulk;
mod writer;

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use self::bulk::StoredRow;
use self::writer::Writer;
use crate::ledger::{Entry, Head, Record};
use crate::plan::{Claim, Intent, Plan, Precedence, Request, StepId, Subject};
use crate::run::{LiveClaim, Outcome, Received, Ruling, Run, RunId, RunStatus, StepReport, Stop, Verdict};

/// `lcjl`: tells our files from other SQLite databases.
const APPLICATION_ID: i32 = 0x6c63_6a6c;

/// The version of `schema.sql`.
const SCHEMA: i32 = 2;

/// What may go wrong with a journal.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another engine has it.
    #[error("the journal {} is in use by another engine: stop that one, or give this one a journal of its own", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is no journal of this program: give the path of a journal, or of a file that does not exist yet", path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// The file is of another version.
    #[error("the journal {} has the form {found}, and this program knows {SCHEMA}: use the program that wrote it, or a newer one", path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i32,
    },
    /// The file cannot be opened or made.
    #[error("the journal {} cannot be opened or made: {why}; give a file in a folder that exists and may be written to", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// It cannot be written.
    #[error("the journal cannot be written: {0}")]
    Io(String),
    /// It holds what this program cannot read.
    #[error("the journal holds what this program cannot read ({what}): {why}")]
    Unreadable {
        /// What could not be read.
        what: String,
        /// Why not.
        why: String,
    },
    /// A run's plan is not the one that was accepted.
    #[error(
        "the plan of run {run} was changed in the journal after it was accepted: nothing of it is applied"
    )]
    PlanChanged {
        /// The run.
        run: RunId,
    },
    /// The writer is gone.
    #[error("the journal is closed")]
    Closed,
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Io(error.to_string())
    }
}

/// A journal that is open.
#[derive(Debug)]
pub(crate) struct Journal {
    writer: Writer,
    /// Held, not used: the lock goes with it.
    _lock: Option<File>,
}

/// What became of a plan that was handed in.
#[derive(Debug)]
pub(crate) enum Accepted {
    /// It is a run of its own, and these come to their end because of it.
    New { superseded: Vec<RunId> },
    /// An open run does the same for the same person already.
    Joined(RunId),
    /// The request was taken up before.
    Known(Known),
}

/// A run as it is taken up.
pub(crate) struct Loaded {
    pub(crate) run: Run,
    pub(crate) plan: Plan,
    pub(crate) stop: Option<Stop>,
    pub(crate) signals: Vec<Received>,
}

/// Where a run rests, and when it is looked at again.
pub(crate) struct Rest {
    pub(crate) status: RunStatus,
    pub(crate) due: Stamp,
    /// Whether access ends then.
    pub(crate) revokes: bool,
}

/// A run that the journal knew already, and what it was meant to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: RunId,
    pub(crate) intent: Intent,
}

impl Journal {
    /// Opens the journal at `path`, making it if there is none.
    pub(crate) fn open(path: &Path) -> Result<Self, JournalError> {
        let (lock, lock_path) = lock(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(path, flags).map_err(|error| open_failed(path, &error))?;
        if let Err(error) = prepare(&connection, path) {
            if matches!(error, JournalError::NotAJournal { .. }) {
                // Nothing is left beside a file that is not ours. Should it stay, it does no harm.
                let _ = std::fs::remove_file(lock_path);
            }
            return Err(error);
        }
        Ok(Self { writer: Writer::start(connection)?, _lock: Some(lock) })
    }

    /// A journal that is gone when dropped.
    pub(crate) fn in_memory() -> Result<Self, JournalError> {
        let connection = Connection::open_in_memory()?;
        prepare(&connection, Path::new(":memory:"))?;
        Ok(Self { writer: Writer::start(connection)?, _lock: None })
    }

    /// Takes a run in, unless one for the same request is there, or one that does the same already.
    pub(crate) async fn accept(
        &self,
        run: RunId,
        plan: &Plan,
        record: Stamp,
    ) -> Result<Accepted, JournalError> {
        let outline = Outline::of(plan);
        let (digest, text) = (plan.digest(), to_text(plan));
        self.writer
            .run(move |db| {
                if let Some(known) = known(db, &outline.intent.key)? {
                    return Ok(Accepted::Known(known));
                }
                let others = open_about(db, &outline.subject)?;
                if let Some(other) = others.iter().find(|other| outline.joins(other)) {
                    request(db, &outline.intent, &other.id)?;
                    let entry = Entry::Joined { key: outline.intent.key, request: outline.request };
                    append(db, &other.id, entry, record)?;
                    return Ok(Accepted::Joined(other.id.clone()));
                }
                insert(db, &run, &outline, &text, &digest)?;
                request(db, &outline.intent, &run)?;
                append(db, &run, outline.accepted(digest), record)?;
                let superseded = match outline.takes_over_after {
                    None => supersede(db, &run, outline.precedence, &others, record)?,
                    Some(_) => Vec::new(),
                };
                Ok(Accepted::New { superseded })
            })
            .await
    }

    /// Puts an end to the open runs that this one supersedes. Answers which.
    pub(crate) async fn take_over(&self, run: &RunId, record: Stamp) -> Result<Vec<RunId>, JournalError> {
        let run = run.clone();
        self.writer
            .run(move |db| {
                let Some(this) = outline(db, &run)? else { return Ok(Vec::new()) };
                let others = open_about(db, &this.subject)?;
                supersede(db, &run, this.precedence, &others, record)
            })
            .await
    }

    /// The run with this key.
    pub(crate) async fn find(&self, key: &str) -> Result<Option<Known>, JournalError> {
        let key = key.to_owned();
        self.writer.run(move |db| known(db, &key)).await
    }

    /// The runs that have something left to do, the most pressing first.
    pub(crate) async fn open_runs(&self) -> Result<Vec<RunId>, JournalError> {
        self.writer.run(|db| pressing(db, "1", 0)).await
    }

    /// Those of them that wait for nothing, or whose time has come.
    pub(crate) async fn idle_runs(&self, now: Stamp) -> Result<Vec<RunId>, JournalError> {
        let waits = "(json_extract(status, '$.state') <> 'waiting' OR due <= ?1)";
        self.writer.run(move |db| pressing(db, waits, now.timestamp_millis())).await
    }

    /// Those of them that are to be looked at again by now.
    pub(crate) async fn due_runs(&self, now: Stamp) -> Result<Vec<RunId>, JournalError> {
        self.writer.run(move |db| pressing(db, "due <= ?1", now.timestamp_millis())).await
    }

    /// When the next of them is to be looked at, after now.
    pub(crate) async fn next_due(&self, now: Stamp) -> Result<Option<Stamp>, JournalError> {
        self.writer
            .run(move |db| {
                let next: Option<i64> = db.query_row(
                    "SELECT min(due) FROM run WHERE final = 0 AND due > ?1",
                    [now.timestamp_millis()],
                    |row| row.get(0),
                )?;
                Ok(next.and_then(Stamp::from_timestamp_millis))
            })
            .await
    }

    /// A run, without its plan: readable also where the plan has actions that this program does not know.
    pub(crate) async fn run(&self, id: &RunId) -> Result<Option<Run>, JournalError> {
        let id = id.clone();
        self.writer.run(move |db| Ok(stored(db, &id)?.map(|(run, _)| run))).await
    }

    /// A run with its plan, which must be the one that was accepted.
    pub(crate) async fn load(&self, id: &RunId) -> Result<Option<Loaded>, JournalError> {
        let id = id.clone();
        self.writer
            .run(move |db| {
                let Some((run, text)) = stored(db, &id)? else { return Ok(None) };
                // The stored text is the canonical one, so its hash is the plan's digest.
                if accepted_digest(db, &id)?.as_deref() != Some(&crate::canonical::sha256(text.as_bytes())) {
                    return Err(JournalError::PlanChanged { run: id });
                }
                let stop: Option<String> =
                    db.query_row("SELECT stop FROM run WHERE id = ?1", [id.as_str()], |row| row.get(0))?;
                let stop = stop.map(|text| from_text(&text, "why a run is to end")).transpose()?;
                let signals = texts(db, "SELECT received FROM signal WHERE run = ?1 ORDER BY rowid", &id)?;
                let signals =
                    signals.iter().map(|text| from_text(text, "a signal")).collect::<Result<_, _>>()?;
                Ok(Some(Loaded { run, plan: from_text(&text, "a plan")?, stop, signals }))
            })
            .await
    }

    /// The runs about a person, oldest first.
    pub(crate) async fn about(&self, subject: &Subject) -> Result<Vec<Run>, JournalError> {
        let subject = subject.clone();
        self.writer
            .run(move |db| {
                let ids = ids_about(db, &subject, "1", None)?;
                let runs = ids.iter().map(|id| Ok(stored(db, id)?.map(|(run, _)| run)));
                runs.filter_map(Result::transpose).collect()
            })
            .await
    }

    /// The access that open runs justify for a person.
    pub(crate) async fn claims(&self, subject: &Subject) -> Result<Vec<LiveClaim>, JournalError> {
        let subject = subject.clone();
        self.writer
            .run(move |db| {
                let mut live = Vec::new();
                for open in open_about(db, &subject)? {
                    let reports = steps(db, &open.id)?;
                    let outcome = |step: &StepId| {
                        let report = reports.iter().find(|report| report.step == *step);
                        report.and_then(|report| report.outcome.as_ref())
                    };
                    for Claim { step, target, until, ends_with } in open.claims {
                        let has_ended = ends_with.is_some_and(|end| outcome(&end).is_some());
                        if let Some(outcome) = outcome(&step)
                            && outcome.is_success()
                            && !has_ended
                        {
                            let found = *outcome == Outcome::AlreadySatisfied;
                            live.push(LiveClaim { run: open.id.clone(), target, until, found });
                        }
                    }
                }
                Ok(live)
            })
            .await
    }

    /// Takes in a signal for a run that has not come to its end. Answers whether there is one.
    pub(crate) async fn signal(&self, run: &RunId, received: Received) -> Result<bool, JournalError> {
        let run = run.clone();
        self.writer
            .run(move |db| {
                let changed = db.execute(
                    "INSERT INTO signal (run, received) SELECT id, ?2 FROM run WHERE id = ?1 AND final = 0",
                    params![run.as_str(), to_text(&received)],
                )?;
                if changed > 0 {
                    let Received { name, payload, at } = received;
                    append(db, &run, Entry::Signalled { name, payload }, at)?;
                }
                Ok(changed > 0)
            })
            .await
    }

    /// Has a run end before its steps do, unless it has ended or is ending. Answers whether it does.
    pub(crate) async fn stop(&self, run: &RunId, why: Stop, record: Stamp) -> Result<bool, JournalError> {
        let run = run.clone();
        self.writer.run(move |db| stop(db, &run, why, record)).await
    }

    /// The run that came after this one and takes its place, if there is one that was not called off.
    pub(crate) async fn overtaken(&self, run: &RunId) -> Result<Option<RunId>, JournalError> {
        let run = run.clone();
        self.writer
            .run(move |db| {
                let Some(this) = outline(db, &run)? else { return Ok(None) };
                for id in ids_about(db, &this.subject, "stop IS NULL", Some(&run))? {
                    let Some(other) = outline(db, &id)? else { continue };
                    if other.precedence.supersedes(this.precedence) && has_taken_over(db, &id, &other)? {
                        return Ok(Some(id));
                    }
                }
                Ok(None)
            })
            .await
    }

    /// Does what a person decided about a run that needs one: it is open again then. Answers whether it needed one.
    pub(crate) async fn rule(
        &self,
        run: &RunId,
        ruling: Ruling,
        record: Stamp,
    ) -> Result<bool, JournalError> {
        let run = run.clone();
        self.writer
            .run(move |db| {
                let reopened = db.execute(
                    "UPDATE run SET status = ?2, final = 0, due = 0
                     WHERE id = ?1 AND json_extract(status, '$.state') = 'needs_human'",
                    params![run.as_str(), to_text(&RunStatus::Running)],
                )?;
                if reopened == 0 {
                    return Ok(false);
                }
                append(db, &run, Entry::Ruled { ruling: ruling.clone() }, record)?;
                let Ruling { by, why, verdict } = ruling;
                if verdict == Verdict::Abort {
                    return stop(db, &run, Stop::Cancelled { by, why }, record);
                }
                for mut report in steps(db, &run)? {
                    let waived = verdict == Verdict::Waive(report.step.clone());
                    if waived {
                        report.outcome = Some(Outcome::Waived { by: by.clone(), why: why.clone() });
                        report.ended_at = Some(record);
                    } else if report.outcome.as_ref().is_some_and(|outcome| !outcome.is_success()) {
                        report.outcome = None;
                        report.ended_at = None;
                    }
                    put(db, &run, &report)?;
                }
                Ok(true)
            })
            .await
    }

    /// Stores a step's report and what the ledger says of it, together. Answers the ledger's head after it.
    pub(crate) async fn step(
        &self,
        run: &RunId,
        report: &StepReport,
        entry: Entry,
        record: Stamp,
    ) -> Result<Head, JournalError> {
        let (run, report) = (run.clone(), report.clone());
        self.writer
            .run(move |db| {
                put(db, &run, &report)?;
                append(db, &run, entry, record)
            })
            .await
    }

    /// Stores where a run came to rest, with a ledger record unless it rests there already.
    pub(crate) async fn rest(&self, run: &RunId, rest: Rest, record: Stamp) -> Result<(), JournalError> {
        let run = run.clone();
        self.writer
            .run(move |db| {
                let Rest { status, due, revokes } = rest;
                let before: String =
                    db.query_row("SELECT status FROM run WHERE id = ?1", [run.as_str()], |row| row.get(0))?;
                let before: RunStatus = from_text(&before, "a run's status")?;
                db.execute(
                    "UPDATE run SET status = ?2, final = ?3, due = ?4, revokes = ?5 WHERE id = ?1",
                    params![
                        run.as_str(),
                        to_text(&status),
                        status.is_final(),
                        due.timestamp_millis(),
                        revokes
                    ],
                )?;
                if !before.is_same_place(&status) {
                    append(db, &run, Entry::Rested { status }, record)?;
                }
                Ok(())
            })
            .await
    }

    /// The ledger, or one run's part of it, in order.
    pub(crate) async fn ledger(&self, run: Option<&RunId>) -> Result<Vec<Record>, JournalError> {
        let run = run.map(|id| id.as_str().to_owned());
        self.writer
            .run(move |db| {
                let mut query =
                    db.prepare("SELECT record FROM ledger WHERE ?1 IS NULL OR run = ?1 ORDER BY seq")?;
                let records = query.query_map([run], |row| row.get::<_, String>(0))?;
                records.map(|record| from_text(&record?, "a ledger record")).collect()
            })
            .await
    }

    /// The ledger's head.
    pub(crate) async fn head(&self) -> Result<Head, JournalError> {
        self.writer.run(head).await
    }
}

/// When a ledger record is written.
pub(crate) type Stamp = chrono::DateTime<chrono::Utc>;

fn lock(path: &Path) -> Result<(File, PathBuf), JournalError> {
    // The journal itself is made here, so that it is ours alone to read from the first byte on.
    let _journal = private_file(path)?;
    // One journal has one lock, whatever name it is opened by.
    let mut name = path.canonicalize().map_err(|error| open_failed(path, &error))?.into_os_string();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = private_file(&name)?;
    match file.try_lock() {
        Ok(()) => Ok((file, name)),
        Err(std::fs::TryLockError::WouldBlock) => Err(JournalError::InUse { path: path.to_owned() }),
        Err(std::fs::TryLockError::Error(error)) => Err(open_failed(path, &error)),
    }
}

/// Opens or makes a file that only its owner may read: a journal holds people's data.
fn private_file(path: &Path) -> Result<File, JournalError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| open_failed(path, &error))
}

fn open_failed(path: &Path, error: &impl ToString) -> JournalError {
    JournalError::Open { path: path.to_owned(), why: error.to_string() }
}

fn prepare(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let not_ours = || JournalError::NotAJournal { path: path.to_owned() };
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application = pragma("application_id").map_err(|_| not_ours())?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let new = application == 0 && tables == 0;
    // Nothing is changed in a file that is not ours.
    match (application, pragma("user_version")?) {
        _ if new => {}
        (APPLICATION_ID, SCHEMA) => {}
        (APPLICATION_ID, found) => return Err(JournalError::OtherVersion { path: path.to_owned(), found }),
        _ => return Err(not_ours()),
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What "synced" means on macOS only with this.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    if new {
        return Ok(connection.execute_batch(&format!(
            "BEGIN; {} {} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA}; COMMIT;",
            include_str!("journal/schema.sql"),
            include_str!("journal/bulk.sql")
        ))?);
    }
    Ok(())
}

fn known(db: &Transaction<'_>, key: &str) -> Result<Option<Known>, JournalError> {
    let row = db
        .query_row("SELECT run, intent FROM request WHERE key = ?1", [key], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    row.map(|(id, intent)| {
        Ok(Known { id: parse_id(&id)?, intent: from_text(&intent, "a request's intent")? })
    })
    .transpose()
}

fn request(db: &Transaction<'_>, intent: &Intent, run: &RunId) -> Result<(), JournalError> {
    db.execute(
        "INSERT INTO request (key, run, intent) VALUES (?1, ?2, ?3)",
        params![intent.key, run.as_str(), to_text(intent)],
    )?;
    Ok(())
}

fn insert(
    db: &Transaction<'_>,
    id: &RunId,
    outline: &Outline,
    plan: &str,
    digest: &str,
) -> Result<(), JournalError> {
    db.execute(
        "INSERT INTO run (id, plan, digest, login, person, operation, precedence, status)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            id.as_str(),
            plan,
            digest,
            outline.subject.login.to_lowercase(),
            outline.subject.person,
            outline.operation,
            outline.precedence as i64,
            to_text(&RunStatus::Running)
        ],
    )?;
    Ok(())
}

fn put(db: &Transaction<'_>, run: &RunId, report: &StepReport) -> Result<(), JournalError> {
    db.execute(
        "INSERT INTO step (run, place, name, report)
         VALUES (?1, (SELECT count(*) FROM step WHERE run = ?1), ?2, ?3)
         ON CONFLICT (run, name) DO UPDATE SET report = excluded.report",
        params![run.as_str(), report.step.as_str(), to_text(report)],
    )?;
    Ok(())
}

fn stop(db: &Transaction<'_>, run: &RunId, why: Stop, record: Stamp) -> Result<bool, JournalError> {
    let stopped = db.execute(
        "UPDATE run SET stop = ?2, due = 0 WHERE id = ?1 AND final = 0 AND stop IS NULL",
        params![run.as_str(), to_text(&why)],
    )?;
    if stopped > 0 {
        append(db, run, Entry::Stopping { status: why.into() }, record)?;
    }
    Ok(stopped > 0)
}

fn supersede(
    db: &Transaction<'_>,
    by: &RunId,
    precedence: Precedence,
    others: &[Open],
    record: Stamp,
) -> Result<Vec<RunId>, JournalError> {
    // Of equals, the later one takes the place of the earlier.
    let older = others.iter().position(|other| other.id == *by).unwrap_or(others.len());
    let mut superseded = Vec::new();
    for (place, other) in others.iter().enumerate() {
        let gives_way = place < older || other.precedence < precedence;
        if gives_way && precedence.supersedes(other.precedence) {
            stop(db, &other.id, Stop::Superseded { by: by.clone() }, record)?;
            superseded.push(other.id.clone());
        }
    }
    Ok(superseded)
}

fn has_taken_over(db: &Transaction<'_>, run: &RunId, outline: &Outline) -> Result<bool, JournalError> {
    let Some(gate) = &outline.takes_over_after else { return Ok(true) };
    let is_open = |report: &StepReport| report.step == *gate && report.outcome.is_some();
    Ok(steps(db, run)?.iter().any(is_open))
}

/// Open runs, the most pressing first: leavers, then access that should have ended by now, then by precedence.
fn pressing(db: &Transaction<'_>, condition: &str, now: i64) -> Result<Vec<RunId>, JournalError> {
    let urgent = Precedence::OffboardNow as i64;
    let mut query = db.prepare(&format!(
        "SELECT id FROM run WHERE final = 0 AND {condition} AND ?1 IS NOT NULL
         ORDER BY precedence < {urgent}, revokes = 0, precedence DESC, due, rowid"
    ))?;
    let ids = query.query_map([now], |row| row.get::<_, String>(0))?;
    ids.map(|id| parse_id(&id?)).collect()
}

/// The runs about a person, oldest first; of all, or of those that came after one.
fn ids_about(
    db: &Transaction<'_>,
    subject: &Subject,
    condition: &str,
    after: Option<&RunId>,
) -> Result<Vec<RunId>, JournalError> {
    // Not by id: runs of one millisecond have ids in no order.
    let mut query = db.prepare(&format!(
        "SELECT id FROM run WHERE (login = ?1 OR person = ?2) AND {condition}
         AND rowid > coalesce((SELECT rowid FROM run WHERE id = ?3), 0) ORDER BY rowid"
    ))?;
    let after = after.map(RunId::as_str);
    let ids = query.query_map(params![subject.login.to_lowercase(), subject.person, after], |row| {
        row.get::<_, String>(0)
    })?;
    ids.map(|id| parse_id(&id?)).collect()
}

fn texts(db: &Transaction<'_>, query: &str, run: &RunId) -> Result<Vec<String>, JournalError> {
    let mut query = db.prepare(query)?;
    let texts = query.query_map([run.as_str()], |row| row.get::<_, String>(0))?;
    Ok(texts.collect::<Result<_, _>>()?)
}

/// What is read of a stored plan without knowing its actions.
#[derive(serde::Deserialize)]
struct Outline {
    operation: String,
    intent: Intent,
    subject: Subject,
    request: Option<Request>,
    precedence: Precedence,
    #[serde(default)]
    takes_over_after: Option<StepId>,
    #[serde(default)]
    claims: Vec<Claim>,
}

impl Outline {
    fn of(plan: &Plan) -> Self {
        Self {
            operation: plan.operation.clone(),
            intent: plan.intent.clone(),
            subject: plan.subject.clone(),
            request: plan.request.clone(),
            precedence: plan.precedence,
            takes_over_after: plan.takes_over_after.clone(),
            claims: plan.claims.clone(),
        }
    }

    fn accepted(&self, digest: String) -> Entry {
        let Self { operation, intent, subject, request, .. } = self;
        Entry::Accepted {
            operation: operation.clone(),
            subject: subject.clone(),
            request: request.clone(),
            policy: intent.policy.clone(),
            digest,
        }
    }

    /// Whether a leaver leaves already.
    fn joins(&self, open: &Open) -> bool {
        self.precedence >= Precedence::Offboard
            && self.operation == open.operation
            && self.precedence <= open.precedence
    }
}

fn outline(db: &Transaction<'_>, id: &RunId) -> Result<Option<Outline>, JournalError> {
    let plan = texts(db, "SELECT plan FROM run WHERE id = ?1", id)?;
    plan.first().map(|plan| from_text(plan, "a plan")).transpose()
}

/// A run that has something left to do.
struct Open {
    id: RunId,
    operation: String,
    precedence: Precedence,
    claims: Vec<Claim>,
}

/// The open runs about a person that are not to end anyhow.
fn open_about(db: &Transaction<'_>, subject: &Subject) -> Result<Vec<Open>, JournalError> {
    let mut open = Vec::new();
    for id in ids_about(db, subject, "final = 0 AND stop IS NULL", None)? {
        if let Some(Outline { operation, precedence, claims, .. }) = outline(db, &id)? {
            open.push(Open { id, operation, precedence, claims });
        }
    }
    Ok(open)
}

/// A run, and the text of its plan.
fn stored(db: &Transaction<'_>, id: &RunId) -> Result<Option<(Run, String)>, JournalError> {
    let row = db
        .query_row("SELECT plan, digest, status FROM run WHERE id = ?1", [id.as_str()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })
        .optional()?;
    let Some((plan, digest, status)) = row else { return Ok(None) };
    let Outline { operation, intent, subject, request, .. } = from_text(&plan, "a plan")?;
    let run = Run {
        id: id.clone(),
        operation,
        subject,
        request,
        policy: intent.policy,
        digest,
        status: from_text(&status, "a run's status")?,
        steps: steps(db, id)?,
    };
    Ok(Some((run, plan)))
}

/// The digest with which the ledger says that the run was accepted.
fn accepted_digest(db: &Transaction<'_>, run: &RunId) -> Result<Option<String>, JournalError> {
    let first = db
        .query_row("SELECT record FROM ledger WHERE run = ?1 ORDER BY seq LIMIT 1", [run.as_str()], |row| {
            row.get::<_, String>(0)
        })
        .optional()?;
    let Some(text) = first else { return Ok(None) };
    match from_text::<Record>(&text, "a ledger record")?.entry {
        Entry::Accepted { digest, .. } => Ok(Some(digest)),
        _ => Ok(None),
    }
}

fn steps(db: &Transaction<'_>, run: &RunId) -> Result<Vec<StepReport>, JournalError> {
    let reports = texts(db, "SELECT report FROM step WHERE run = ?1 ORDER BY place", run)?;
    reports.iter().map(|report| from_text(report, "a step")).collect()
}

fn head(db: &Transaction<'_>) -> Result<Head, JournalError> {
    let last = db
        .query_row("SELECT record FROM ledger ORDER BY seq DESC LIMIT 1", [], |row| row.get::<_, String>(0))
        .optional()?;
    match last {
        Some(text) => Ok(from_text::<Record>(&text, "the last ledger record")?.head()),
        None => Ok(Head::empty()),
    }
}

fn append(db: &Transaction<'_>, run: &RunId, entry: Entry, at: Stamp) -> Result<Head, JournalError> {
    let record = head(db)?.next(at, run.clone(), entry);
    let seq = i64::try_from(record.seq).map_err(|error| JournalError::Io(error.to_string()))?;
    db.execute(
        "INSERT INTO ledger (seq, run, record) VALUES (?1, ?2, ?3)",
        params![seq, run.as_str(), to_text(&record)],
    )?;
    Ok(record.head())
}

fn parse_id(text: &str) -> Result<RunId, JournalError> {
    text.parse().map_err(|error: client_core::InvalidId| JournalError::Unreadable {
        what: "a run's id".into(),
        why: error.to_string(),
    })
}

fn to_text(value: &impl Serialize) -> String {
    crate::canonical::json(value)
}

fn from_text<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, JournalError> {
    serde_json::from_str(text)
        .map_err(|error| JournalError::Unreadable { what: what.into(), why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_acknowledged_is_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let pragma = async |name: &'static str| {
            journal
                .writer
                .run(move |db| {
                    Ok(db.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))?)
                })
                .await
                .unwrap()
        };
        assert_eq!(pragma("synchronous").await, 2.into(), "FULL");
        assert_eq!(pragma("journal_mode").await, "wal".to_owned().into());
        assert_eq!(pragma("fullfsync").await, 1.into());
    }
}
