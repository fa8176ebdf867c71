//! The journal: the engine's durable memory of runs and steps, and the ledger beside it, in one SQLite file.
//!
//! One thread writes, with full sync, and commits together whatever waits: what was acknowledged survives a
//! power cut. A step's report and its ledger record are one transaction. Only one engine at a time may have a
//! journal open; a lock on the file next to it sees to that, and is gone when its process is.

mod writer;

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::writer::Writer;
use crate::ledger::{Entry, Head, Record};
use crate::plan::{Intent, Plan, Request, Subject};
use crate::run::{Run, RunId, RunStatus, StepReport};

/// `lcjl`: tells our files from other SQLite databases.
const APPLICATION_ID: i32 = 0x6c63_6a6c;

/// The version of `schema.sql`.
const SCHEMA: i32 = 1;

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

    /// Takes a run in, unless one with the same intent is there: then that one is returned.
    pub(crate) async fn accept(
        &self,
        run: RunId,
        plan: &Plan,
        record: Stamp,
    ) -> Result<Option<Known>, JournalError> {
        let intent = plan.intent.clone();
        let (digest, text) = (plan.digest(), to_text(plan));
        let entry = Entry::Accepted {
            operation: plan.operation.clone(),
            subject: plan.subject.clone(),
            request: plan.request.clone(),
            policy: plan.intent.policy.clone(),
            digest: digest.clone(),
        };
        self.writer
            .run(move |db| {
                if let Some(known) = known(db, &intent.key)? {
                    return Ok(Some(known));
                }
                db.execute(
                    "INSERT INTO run (id, key, intent, plan, digest, status) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![
                        run.as_str(),
                        intent.key,
                        to_text(&intent),
                        text,
                        digest,
                        to_text(&RunStatus::Running)
                    ],
                )?;
                append(db, &run, entry, record)?;
                Ok(None)
            })
            .await
    }

    /// The run with this key.
    pub(crate) async fn find(&self, key: &str) -> Result<Option<Known>, JournalError> {
        let key = key.to_owned();
        self.writer.run(move |db| known(db, &key)).await
    }

    /// The runs that have something left to do, oldest first.
    pub(crate) async fn open_runs(&self) -> Result<Vec<RunId>, JournalError> {
        self.writer
            .run(|db| {
                let mut query = db.prepare("SELECT id FROM run WHERE final = 0 ORDER BY id")?;
                let ids = query.query_map([], |row| row.get::<_, String>(0))?;
                ids.map(|id| parse_id(&id?)).collect()
            })
            .await
    }

    /// A run, without its plan: readable also where the plan has actions that this program does not know.
    pub(crate) async fn run(&self, id: &RunId) -> Result<Option<Run>, JournalError> {
        let id = id.clone();
        self.writer.run(move |db| Ok(stored(db, &id)?.map(|(run, _)| run))).await
    }

    /// A run with its plan, which must be the one that was accepted.
    pub(crate) async fn load(&self, id: &RunId) -> Result<Option<(Run, Plan)>, JournalError> {
        let id = id.clone();
        self.writer
            .run(move |db| {
                let Some((run, text)) = stored(db, &id)? else { return Ok(None) };
                // The stored text is the canonical one, so its hash is the plan's digest.
                if accepted_digest(db, &id)?.as_deref() != Some(&crate::canonical::sha256(text.as_bytes())) {
                    return Err(JournalError::PlanChanged { run: id });
                }
                Ok(Some((run, from_text(&text, "a plan")?)))
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
        let (run, name, text) = (run.clone(), report.step.clone(), to_text(report));
        self.writer
            .run(move |db| {
                db.execute(
                    "INSERT INTO step (run, place, name, report)
                     VALUES (?1, (SELECT count(*) FROM step WHERE run = ?1), ?2, ?3)
                     ON CONFLICT (run, name) DO UPDATE SET report = excluded.report",
                    params![run.as_str(), name.as_str(), text],
                )?;
                append(db, &run, entry, record)
            })
            .await
    }

    /// Stores where a run came to rest, with a ledger record unless it rests there already.
    pub(crate) async fn rest(
        &self,
        run: &RunId,
        status: &RunStatus,
        record: Stamp,
    ) -> Result<(), JournalError> {
        let (run, status) = (run.clone(), status.clone());
        self.writer
            .run(move |db| {
                let changed = db.execute(
                    "UPDATE run SET status = ?2, final = ?3 WHERE id = ?1 AND status <> ?2",
                    params![run.as_str(), to_text(&status), status.is_final()],
                )?;
                if changed > 0 {
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
            "BEGIN; {} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA}; COMMIT;",
            include_str!("journal/schema.sql")
        ))?);
    }
    Ok(())
}

fn known(db: &Transaction<'_>, key: &str) -> Result<Option<Known>, JournalError> {
    let row = db
        .query_row("SELECT id, intent FROM run WHERE key = ?1", [key], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    row.map(|(id, intent)| Ok(Known { id: parse_id(&id)?, intent: from_text(&intent, "a run's intent")? }))
        .transpose()
}

/// What is read of a stored plan without knowing its actions.
#[derive(serde::Deserialize)]
struct Outline {
    operation: String,
    intent: Intent,
    subject: Subject,
    request: Option<Request>,
}

/// A run, and the text of its plan.
fn stored(db: &Transaction<'_>, id: &RunId) -> Result<Option<(Run, String)>, JournalError> {
    let row = db
        .query_row("SELECT plan, digest, status FROM run WHERE id = ?1", [id.as_str()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })
        .optional()?;
    let Some((plan, digest, status)) = row else { return Ok(None) };
    let Outline { operation, intent, subject, request } = from_text(&plan, "a plan")?;
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
    let mut query = db.prepare("SELECT report FROM step WHERE run = ?1 ORDER BY place")?;
    let reports = query.query_map([run.as_str()], |row| row.get::<_, String>(0))?;
    reports.map(|report| from_text(&report?, "a step")).collect()
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
