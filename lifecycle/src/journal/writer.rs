//! One thread that owns the database, and commits what waits for it together.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::JournalError;

/// The most jobs in one transaction: enough to make the cost of a commit vanish, few enough that nobody waits
/// long.
const BATCH: usize = 256;

/// What a caller wants done, or hears why nothing can be. `Err` if it failed: then whatever it wrote is taken
/// back.
type Job = Box<dyn FnOnce(Result<&Transaction<'_>, JournalError>) -> Result<Commit, Commit> + Send>;

/// What tells the caller of a job that it is durable, or that it is not.
type Commit = Box<dyn FnOnce(Result<(), JournalError>) + Send>;

/// The thread, until dropped: then it finishes what it was given and closes the database.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self, JournalError> {
        let (sender, receiver) = sync_channel(BATCH);
        let thread = std::thread::Builder::new()
            .name("lifecycle-journal".into())
            .spawn(move || write(connection, &receiver))
            .map_err(|error| JournalError::Io(error.to_string()))?;
        Ok(Self { jobs: Some(sender), thread: Some(thread) })
    }

    /// Runs `job` in a transaction, with others' jobs if there are any, and answers when it is on disk.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (answer, wait) = oneshot::channel();
        let job: Job = Box::new(move |transaction| {
            let result = transaction.and_then(job);
            let failed = result.is_err();
            let commit: Commit = Box::new(move |committed| {
                // Nobody listens if the caller was dropped meanwhile.
                let _ = answer.send(result.and_then(|value| committed.map(|()| value)));
            });
            if failed { Err(commit) } else { Ok(commit) }
        });
        let jobs = self.jobs.as_ref().ok_or(JournalError::Closed)?.clone();
        // The queue is full only while a commit is at work: wait off the runtime's threads.
        if let Err(full) = jobs.try_send(job) {
            use std::sync::mpsc::TrySendError::{Disconnected, Full};
            match full {
                Full(job) => {
                    let sent = tokio::task::spawn_blocking(move || jobs.send(job)).await;
                    if !matches!(sent, Ok(Ok(()))) {
                        return Err(JournalError::Closed);
                    }
                }
                Disconnected(_) => return Err(JournalError::Closed),
            }
        }
        wait.await.map_err(|_| JournalError::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported to whoever waited.
            let _ = thread.join();
        }
    }
}

fn write(mut connection: Connection, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let more = std::iter::from_fn(|| jobs.try_recv().ok()).take(BATCH - 1);
        let (commits, result) = transact(&mut connection, std::iter::once(first).chain(more));
        for commit in commits {
            commit(result.clone());
        }
    }
}

fn transact(
    connection: &mut Connection,
    batch: impl Iterator<Item = Job>,
) -> (Vec<Commit>, Result<(), JournalError>) {
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => return (batch.map(|job| refuse(job, error.to_string())).collect(), Ok(())),
    };
    let mut commits = Vec::new();
    let mut result = Ok(());
    for job in batch {
        let commit = match &result {
            Ok(()) => {
                let (commit, isolated) = isolate(&transaction, job);
                result = isolated;
                commit
            }
            // SQLite may have ended the transaction by itself: nothing more is written outside of one.
            Err(error) => refuse(job, error.to_string()),
        };
        commits.push(commit);
    }
    let result = result.and_then(|()| transaction.commit());
    (commits, result.map_err(|error| JournalError::Io(format!("the database gave up: {error}"))))
}

/// Runs one job so that its failure takes back its own writes and nobody else's.
fn isolate(transaction: &Transaction<'_>, job: Job) -> (Commit, rusqlite::Result<()>) {
    if let Err(error) = transaction.execute_batch("SAVEPOINT job") {
        return (refuse(job, error.to_string()), Err(error));
    }
    let (commit, end) = match job(Ok(transaction)) {
        Ok(commit) => (commit, "RELEASE job"),
        Err(commit) => (commit, "ROLLBACK TO job; RELEASE job"),
    };
    (commit, transaction.execute_batch(end))
}

fn refuse(job: Job, why: String) -> Commit {
    match job(Err(JournalError::Io(why))) {
        Ok(commit) | Err(commit) => commit,
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    fn writer() -> Writer {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY)").unwrap();
        Writer::start(connection).unwrap()
    }

    fn insert(db: &Transaction<'_>, n: i64) -> Result<(), JournalError> {
        db.execute("INSERT INTO t (n) VALUES (?1)", [n])?;
        Ok(())
    }

    async fn all(writer: &Writer) -> Vec<i64> {
        writer
            .run(|db| {
                let mut query = db.prepare("SELECT n FROM t ORDER BY n")?;
                let rows = query.query_map([], |row| row.get(0))?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_job_that_fails_takes_back_its_own_writes_and_nobody_elses() {
        let writer = writer();
        let jobs = (0..100).map(|n| {
            writer.run(move |db| {
                insert(db, n)?;
                // Every third fails after it wrote.
                if n % 3 == 0 { Err(JournalError::Closed) } else { Ok(()) }
            })
        });
        let results = join_all(jobs).await;
        for (n, result) in (0..).zip(results) {
            assert_eq!(result.is_err(), n % 3 == 0, "{n}");
        }
        let kept: Vec<i64> = (0..100).filter(|n| n % 3 != 0).collect();
        assert_eq!(all(&writer).await, kept);
    }

    #[tokio::test]
    async fn a_job_whose_caller_is_gone_is_done_all_the_same() {
        let writer = writer();
        let mut abandoned = Box::pin(writer.run(|db| insert(db, 1)));
        let _ = futures::poll!(&mut abandoned);
        drop(abandoned);
        assert_eq!(all(&writer).await, [1]);
    }

    #[tokio::test]
    async fn a_full_disk_is_told_as_that_and_nothing_is_half_written() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)").unwrap();
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        connection.execute_batch(&format!("PRAGMA max_page_count = {}", pages + 4)).unwrap();
        let writer = Writer::start(connection).unwrap();
        let jobs = (0..20).map(|n| {
            writer.run(move |db| {
                db.execute("INSERT INTO t (n, text) VALUES (?1, ?2)", (n, "x".repeat(2000)))?;
                Ok(n)
            })
        });
        let results = join_all(jobs).await;
        let told: Vec<i64> = results.iter().filter_map(|result| result.as_ref().ok().copied()).collect();
        let errors: String =
            results.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
        assert!(errors.contains("full"), "{errors}");
        assert_eq!(all(&writer).await, told, "what was told as written is there, and nothing else");
    }

    #[tokio::test]
    async fn jobs_are_done_in_the_order_they_were_given() {
        let writer = writer();
        let results = join_all((0..50).map(|_| {
            writer.run(|db| {
                let next = db.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?;
                insert(db, next)?;
                Ok(next)
            })
        }));
        let expected: Vec<i64> = (0..50).collect();
        assert_eq!(results.await.into_iter().map(Result::unwrap).collect::<Vec<i64>>(), expected);
    }
}
