//! Batches: very many operations at once, each a run of its own, under a parent run.
//!
//! # Expected flow
//!
//! A [`Recipe`] says which columns a file has and which operation a row asks for. [`Bulk::check`] reads all rows,
//! looks at both systems, plans every row, and writes nothing but into the journal; what is wrong comes back with row
//! numbers, as a file that can be mended and handed in again ([`Bulk::write_refused`]). [`Bulk::begin`] makes the batch
//! durable, and [`Bulk::drive`] does the rows: one first, then five, then a twentieth, then the rest.
//!
//! ```no_run
//! # async fn run(engine: lifecycle::Engine, policy: lifecycle::Policy) -> Result<(), Box<dyn std::error::Error>> {
//! use lifecycle::Onboard;
//! use lifecycle::bulk::{Bulk, Partial, Recipe};
//!
//! let recipe = Recipe::new("onboard", move |row| {
//!     Ok(Box::new(Onboard::ticket(row.get("ticket").unwrap_or_default(), policy.clone())))
//! })
//! .required("ticket")
//! .unique("ticket");
//! let bulk = Bulk::new(&engine, "hires of april", recipe);
//! let rows = bulk.recipe().csv(std::fs::File::open("hires.csv")?)?;
//! let checked = bulk.check(rows).await?;
//! println!("{checked}");
//! bulk.begin(&checked, Partial::Refuse).await?;
//! println!("{}", bulk.drive().await?);
//! # Ok(()) }
//! ```
//!
//! # Guarantees
//!
//! - Nothing is written to a system before every row was checked, and nothing at all if one is wrong, unless
//!   [`Partial::Allow`] says so.
//! - A row is planned anew when its turn comes, and its run has all the guarantees of a run. A restart goes on: what
//!   is done is known from the journal, and what was at work is taken up.
//! - What takes access away is counted over the whole batch before the first write, and again while it is done:
//!   beyond a twentieth of the people, or 50, nothing is begun without a person's word
//!   ([`Bulk::may_take_away`]).
//! - If more than one row in fifty goes wrong, one of the first six, or our credentials are refused, the batch stops
//!   by itself, and goes on when a person says so and why ([`Bulk::resume`]). Runs that are at work come to their end.
//! - A row that stalls again and again is put aside, and holds up nobody.
//! - Rows wait for everything else: leavers, people who help themselves, single tickets.
//! - Who paused, resumed or called it off, and why, is in the ledger, with the parent run.
//!
//! # Caveats
//!
//! - To check costs what planning costs: about ten reads a row, inside the rate limits.
//! - A row whose run waits for its day counts as settled. Its run goes on by [`Engine::keep_time`].

mod breaker;
mod parent;
mod report;
mod row;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::stream::{FuturesUnordered, StreamExt as _};
use sha2::{Digest as _, Sha256};

pub use self::report::{BatchState, Report};
pub use self::row::{Flaw, Row, RowState, Rows};

use self::breaker::Breaker;
use self::parent::{Command, ROWS};
use crate::action::servicenow::Ticket;
use crate::canonical;
use crate::engine::{Engine, EngineError};
use crate::journal::{JournalError, StoredRow};
use crate::operation::{Operation, OperationError};
use crate::plan::{Intent, Plan, Precedence, Request, Subject};
use crate::run::{RunId, RunStatus};

/// How often a row is tried that could not be brought to an end.
const ATTEMPTS: u32 = 3;

/// How long it is left alone before it is tried again, times the attempts so far.
const PAUSE: Duration = Duration::from_secs(30);

/// How many rows are read from the journal, or staged in it, at once.
const CHUNK: usize = 200;

/// The first waves. After them come a twentieth, and the rest.
const FIRST_WAVES: [u32; 2] = [1, 6];

/// Why a batch was not begun, or does not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BulkError {
    /// The file's header.
    #[error("the header cannot be used: {0}")]
    Header(String),
    /// There is nothing to do: more likely the wrong file than an empty day.
    #[error("there is no row to do: check that this is the right file, and that it is complete")]
    Empty,
    /// Rows are wrong.
    #[error(
        "{refused} of {all} rows are wrong, so none was begun: mend them, or allow the others to be done without them"
    )]
    Refused {
        /// How many.
        refused: u32,
        /// Of how many.
        all: u32,
    },
    /// It would take access away from too many.
    #[error(
        "{people} people would lose access, and without a person's word at most {limit} of {population} may: check the file, then allow as many as you mean"
    )]
    TooManyLeave {
        /// How many rows take access away.
        people: u32,
        /// How many may.
        limit: u32,
        /// How many people can sign in.
        population: u32,
    },
    /// There is no such batch.
    #[error("there is no batch {0:?}: check it and begin it first")]
    Unknown(String),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A system could not be asked, so nobody knows whether the rows are right.
    #[error("row {row} could not be checked: {why}")]
    Unchecked {
        /// The row.
        row: u32,
        /// Why.
        why: Arc<OperationError>,
    },
    /// Okta.
    #[error(transparent)]
    Okta(#[from] okta_client::Error),
    /// A file could not be written.
    #[error("the rows could not be written: {0}")]
    Write(#[from] csv::Error),
}

impl From<JournalError> for BulkError {
    fn from(error: JournalError) -> Self {
        Self::Engine(error.into())
    }
}

/// Any operation: what a [`Recipe`] makes of a row. Implemented for every [`Operation`].
#[async_trait]
pub trait AnyOperation: Send + Sync {
    /// The run that does it already, or a plan.
    ///
    /// # Errors
    ///
    /// As [`Engine::submit_operation`].
    async fn planned(&self, engine: &Engine) -> Result<Planned, EngineError>;
}

/// What there is for an operation.
#[derive(Debug)]
pub enum Planned {
    /// It was taken up before.
    Known(RunId),
    /// It can be taken up.
    New(Box<Plan>),
}

#[async_trait]
impl<O: Operation> AnyOperation for O {
    async fn planned(&self, engine: &Engine) -> Result<Planned, EngineError> {
        let systems = engine.systems().in_lane(client_core::Lane::Bulk);
        let asked = self.read(&systems).await.map_err(Arc::new)?;
        if let Some(run) = engine.find(&self.intent(&asked)).await? {
            return Ok(Planned::Known(run));
        }
        Ok(Planned::New(Box::new(self.plan(&systems, asked).await.map_err(Arc::new)?)))
    }
}

type Make = dyn Fn(&Row) -> Result<Box<dyn AnyOperation>, Vec<String>> + Send + Sync;

/// Which columns rows have, and which operation each asks for.
#[derive(Clone)]
pub struct Recipe {
    name: String,
    required: Vec<String>,
    optional: Vec<String>,
    unique: Vec<String>,
    make: Arc<Make>,
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipe({}, {})", self.name, self.columns().collect::<Vec<_>>().join(", "))
    }
}

impl Recipe {
    /// What a row asks for, under a name for it. `make` says everything that is wrong with a row.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        make: impl Fn(&Row) -> Result<Box<dyn AnyOperation>, Vec<String>> + Send + Sync + 'static,
    ) -> Self {
        let (required, optional, unique) = (Vec::new(), Vec::new(), Vec::new());
        Self { name: name.into(), required, optional, unique, make: Arc::new(make) }
    }

    /// A column that every row fills.
    #[must_use]
    pub fn required(mut self, column: impl Into<String>) -> Self {
        self.required.push(column.into());
        self
    }

    /// A column that a row may leave empty.
    #[must_use]
    pub fn optional(mut self, column: impl Into<String>) -> Self {
        self.optional.push(column.into());
        self
    }

    /// Two rows never have the same in this column, which is one of the others: the person's number. Of several such
    /// columns none repeats.
    #[must_use]
    pub fn unique(mut self, column: impl Into<String>) -> Self {
        self.unique.push(column.into());
        self
    }

    fn columns(&self) -> impl Iterator<Item = &str> {
        self.required.iter().chain(&self.optional).map(String::as_str)
    }
}

/// Whether a batch is begun although some of its rows are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partial {
    /// No.
    Refuse,
    /// Yes: those are left out.
    Allow,
}

/// What a look at all rows found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// How many are good, and how many refused.
    pub rows: Rows,
    /// How many take access away.
    pub take_away: u32,
    /// How many people can sign in; 0 if nobody loses access.
    pub population: u32,
    /// A hash of all rows.
    pub fingerprint: String,
    /// The batch that they were begun as, if that was done before.
    pub begun: Option<RunId>,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused = self.rows.of(RowState::Refused);
        write!(f, "{} rows are good, {refused} are not", self.rows.total())?;
        match self.take_away {
            0 => Ok(()),
            n => write!(f, "; {n} take access away, of {} people", self.population),
        }
    }
}

/// Since when a batch is driven, and how many rows were settled then.
type Since = (DateTime<Utc>, u32);

/// A batch of operations.
#[derive(Debug, Clone)]
pub struct Bulk {
    engine: Engine,
    name: String,
    recipe: Recipe,
    ticket: Option<(Ticket, Request)>,
    at_once: usize,
    may_take_away: Option<u32>,
    driven: Arc<Mutex<Option<Since>>>,
}

impl Bulk {
    /// The batch `name`, which is new or was begun before.
    #[must_use]
    pub fn new(engine: &Engine, name: impl Into<String>, recipe: Recipe) -> Self {
        let (engine, name) = (engine.clone(), name.into());
        Self { engine, name, recipe, ticket: None, at_once: 8, may_take_away: None, driven: Arc::default() }
    }

    /// The ticket that asked for all of it: at the end it gets the counts, and a file with what became of each row.
    #[must_use]
    pub fn ticket(mut self, ticket: Ticket, request: Request) -> Self {
        self.ticket = Some((ticket, request));
        self
    }

    /// How many rows are at work at once. Default 8. More than the engine's slots leaves rows waiting in line.
    #[must_use]
    pub fn at_once(mut self, rows: usize) -> Self {
        self.at_once = rows.max(1);
        self
    }

    /// So many rows may take access away: a person's word, for when it is more than a mistake would explain.
    #[must_use]
    pub fn may_take_away(mut self, people: u32) -> Self {
        self.may_take_away = Some(people);
        self
    }

    /// The recipe.
    #[must_use]
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Looks at all rows, in both systems too, and writes to neither. Rows of an earlier check of this name, which was
    /// not begun, are forgotten.
    ///
    /// # Errors
    ///
    /// [`BulkError::Empty`]; [`BulkError::Unchecked`] if a system does not answer; [`EngineError::IntentChanged`] if a
    /// batch of this name was begun with other rows. That a row is wrong is no error.
    pub async fn check(
        &self,
        rows: impl IntoIterator<Item = Result<Row, Flaw>>,
    ) -> Result<Checked, BulkError> {
        let rows = rows.into_iter();
        let begun = self.engine.journal().find(&self.key()).await?.map(|known| known.id);
        if let Some(run) = begun {
            return self.begun_before(run, rows).await;
        }
        self.engine.journal().forget_rows(&self.name).await?;
        let fingerprint = self.stage(rows).await?;
        let take_away = self.plan_all().await?;
        let population = if take_away == 0 { 0 } else { self.population().await? };
        let rows = self.engine.journal().count_rows(&self.name).await?;
        if rows == Rows::default() {
            return Err(BulkError::Empty);
        }
        Ok(Checked { rows, take_away, population, fingerprint, begun: None })
    }

    /// The same rows again are the same batch.
    async fn begun_before(
        &self,
        run: RunId,
        rows: impl Iterator<Item = Result<Row, Flaw>>,
    ) -> Result<Checked, BulkError> {
        let mut fingerprint = Fingerprint::default();
        rows.for_each(|row| fingerprint.add(row.as_ref().unwrap_or_else(|flaw| &flaw.row)));
        let Fingerprint(fingerprint) = fingerprint;
        self.engine.find(&self.intent(&fingerprint)).await?;
        let rows = self.engine.journal().count_rows(&self.name).await?;
        Ok(Checked { rows, take_away: 0, population: 0, fingerprint, begun: Some(run) })
    }

    /// Reads all rows into the journal, each with what is wrong with it by itself or beside the others.
    async fn stage(&self, rows: impl Iterator<Item = Result<Row, Flaw>>) -> Result<String, BulkError> {
        let mut fingerprint = Fingerprint::default();
        let mut seen = Seen::default();
        let mut staged = Vec::with_capacity(CHUNK);
        for row in rows {
            let (row, problems) = match row {
                Err(Flaw { row, problems }) => (row, problems),
                Ok(row) => {
                    let problems = self.problems(&row, &mut seen);
                    (row, problems)
                }
            };
            fingerprint.add(&row);
            staged.push((row, (!problems.is_empty()).then(|| problems.join("; "))));
            if staged.len() == CHUNK {
                self.engine.journal().stage_rows(&self.name, std::mem::take(&mut staged)).await?;
            }
        }
        self.engine.journal().stage_rows(&self.name, staged).await?;
        Ok(fingerprint.0)
    }

    fn problems(&self, row: &Row, seen: &mut Seen) -> Vec<String> {
        let mut problems = self.recipe.check(row);
        for column in &self.recipe.unique {
            let Some(text) = row.get(column) else { continue };
            if let Some(first) = seen.before(&format!("{column} {}", text.to_lowercase()), row.number) {
                problems.push(format!("{column} is {text:?}, as in row {first}"));
            }
        }
        if problems.is_empty()
            && let Err(wrong) = (self.recipe.make)(row)
        {
            problems = wrong;
        }
        problems
    }

    /// Plans every row that is good by itself. Answers how many take access away.
    async fn plan_all(&self) -> Result<u32, BulkError> {
        let mut seen = Seen::default();
        let mut take_away = 0;
        let mut after = 0;
        loop {
            let chunk = self.engine.journal().rows(&self.name, Some(RowState::Left), after, CHUNK).await?;
            let Some(last) = chunk.last() else { return Ok(take_away) };
            after = last.row.number;
            // In order, so that of two rows about one person the later one is refused.
            let mut planned = futures::stream::iter(chunk)
                .map(|stored| async move { (self.look(&stored.row).await, stored) })
                .buffered(self.at_once);
            while let Some((looked, stored)) = planned.next().await {
                let refused = match looked? {
                    Err(why) => Some(why),
                    Ok(None) => None,
                    Ok(Some(about)) => {
                        take_away += u32::from(about.takes_away);
                        seen.before(&about.what, stored.row.number)
                            .map(|first| format!("it is about the same as row {first}"))
                    }
                };
                if let Some(why) = refused {
                    let refused = StoredRow { state: RowState::Refused, why: Some(why), ..stored };
                    self.engine.journal().set_row(&self.name, refused).await?;
                }
            }
        }
    }

    /// Plans a row: whom it is about, or what is wrong with it. Nothing if it was taken up before.
    async fn look(&self, row: &Row) -> Result<Result<Option<About>, String>, BulkError> {
        let operation = match (self.recipe.make)(row) {
            Ok(operation) => operation,
            Err(problems) => return Ok(Err(problems.join("; "))),
        };
        match operation.planned(&self.engine).await {
            Ok(Planned::Known(_)) => Ok(Ok(None)),
            Ok(Planned::New(plan)) => Ok(match self.engine.permits(&plan) {
                Ok(()) => Ok(Some(About::of(&plan))),
                Err(refusal) => Err(refusal.to_string()),
            }),
            Err(EngineError::Operation(why)) if is_outage(&why) => {
                Err(BulkError::Unchecked { row: row.number, why })
            }
            Err(EngineError::Operation(why)) => Ok(Err(why.to_string())),
            Err(error @ (EngineError::IntentChanged { .. } | EngineError::PolicyChanged { .. })) => {
                Ok(Err(error.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// How many people can sign in.
    async fn population(&self) -> Result<u32, BulkError> {
        let mut users = self.engine.systems().okta.users().list().lean().send();
        let mut population = 0;
        while let Some(user) = users.next().await {
            user?;
            population += 1;
        }
        Ok(population)
    }

    /// Writes the rows that were refused as CSV: the row's number, what is wrong with it, and the row itself. Answers how
    /// many there are.
    ///
    /// # Errors
    ///
    /// If they cannot be written, or the journal fails.
    pub async fn write_refused(&self, file: impl Write) -> Result<u32, BulkError> {
        report::refused(self.engine.journal(), &self.name, &self.recipe, file).await
    }

    /// Takes the batch in. From now on a crash loses nothing, and [`drive`](Self::drive) does the rows. Begun twice, it is
    /// one batch.
    ///
    /// # Errors
    ///
    /// If rows are wrong and the others are not to be done without them, if too many would lose access, or the journal
    /// fails.
    pub async fn begin(&self, checked: &Checked, partial: Partial) -> Result<RunId, BulkError> {
        if let Some(run) = &checked.begun {
            return Ok(run.clone());
        }
        let (refused, good) = (checked.rows.of(RowState::Refused), checked.rows.total());
        if refused > 0 && partial == Partial::Refuse {
            return Err(BulkError::Refused { refused, all: good + refused });
        }
        if good == 0 {
            return Err(BulkError::Empty);
        }
        let limit = self.may_take_away.unwrap_or_else(|| usual_limit(checked.population));
        if checked.take_away > limit {
            let Checked { take_away: people, population, .. } = *checked;
            return Err(BulkError::TooManyLeave { people, limit, population });
        }
        self.engine.journal().limit_rows(&self.name, limit).await?;
        let intent = self.intent(&checked.fingerprint);
        Ok(self.engine.submit(&parent::plan(&self.name, intent, self.ticket.as_ref(), good)).await?)
    }

    /// Does the rows, until there is none left or something stops it. To be called again after that is mended, and after a
    /// restart. Dropping it is as safe as a crash.
    ///
    /// # Errors
    ///
    /// If there is no such batch, or the journal fails. That rows went wrong is no error.
    pub async fn drive(&self) -> Result<Report, BulkError> {
        let run = self.run().await?;
        let rows = self.engine.journal().count_rows(&self.name).await?;
        *self.driven() = Some((self.engine.systems().clock().now(), rows.settled()));
        let went = Drive { bulk: self, run: &run, breaker: Breaker::default(), rows }.go().await;
        *self.driven() = None;
        went?;
        self.report().await
    }

    /// Where the batch stands.
    ///
    /// # Errors
    ///
    /// If there is no such batch, or the journal fails.
    pub async fn report(&self) -> Result<Report, BulkError> {
        let run = self.run().await?;
        Report::of(self, run).await
    }

    /// Begins no more rows, until it is resumed. Those at work come to their end.
    ///
    /// # Errors
    ///
    /// If there is no such batch, it has ended, or the journal fails.
    pub async fn pause(&self, by: &str, why: &str) -> Result<(), BulkError> {
        self.command(Command::Pause, by, why).await
    }

    /// Lets the batch go on, after a pause or after it stopped by itself: [`drive`](Self::drive) it then.
    ///
    /// # Errors
    ///
    /// As [`pause`](Self::pause).
    pub async fn resume(&self, by: &str, why: &str) -> Result<(), BulkError> {
        self.command(Command::Resume, by, why).await
    }

    /// Calls off the rows whose turn has not come. Those at work come to their end, and what is done stays.
    /// [`drive`](Self::drive) ends it.
    ///
    /// # Errors
    ///
    /// As [`pause`](Self::pause).
    pub async fn cancel(&self, by: &str, why: &str) -> Result<(), BulkError> {
        self.command(Command::Cancel, by, why).await
    }

    fn driven(&self) -> MutexGuard<'_, Option<Since>> {
        self.driven.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many rows a minute are settled.
    fn rate(&self, rows: &Rows) -> Option<f64> {
        let (since, settled) = (*self.driven())?;
        let elapsed = (self.engine.systems().clock().now() - since).as_seconds_f64();
        (elapsed >= 1.0).then(|| f64::from(rows.settled() - settled) * 60.0 / elapsed)
    }

    async fn command(&self, command: Command, by: &str, why: &str) -> Result<(), BulkError> {
        let run = self.run().await?;
        Ok(self.engine.signal(&run, command.as_str(), &format!("{by}: {why}")).await?)
    }

    async fn run(&self) -> Result<RunId, BulkError> {
        let known = self.engine.journal().find(&self.key()).await?;
        known.map(|known| known.id).ok_or_else(|| BulkError::Unknown(self.name.clone()))
    }

    fn key(&self) -> String {
        self.intent("").key
    }

    fn intent(&self, fingerprint: &str) -> Intent {
        Intent::new("bulk", &self.name, &(&self.recipe.name, fingerprint), None)
    }
}

/// How many people may lose access without a person's word.
fn usual_limit(population: u32) -> u32 {
    (population / 20).clamp(3, 50)
}

/// Whether the systems, and not the row, kept it from being planned.
fn is_outage(error: &OperationError) -> bool {
    match error {
        OperationError::Okta(error) => {
            error.is_retryable() || error.is_unauthenticated() || error.is_forbidden()
        }
        OperationError::ServiceNow(error) => {
            error.is_retryable() || error.is_unauthenticated() || error.is_forbidden()
        }
        _ => false,
    }
}

/// What two rows of a batch must not both be about, and whether somebody loses access.
struct About {
    what: String,
    takes_away: bool,
}

impl About {
    fn of(plan: &Plan) -> Self {
        let Subject { login, person, .. } = &plan.subject;
        // A person joins, moves or leaves once; of grants there may be several.
        let once = plan.precedence >= Precedence::Onboard && plan.precedence != Precedence::Revoke;
        let what = match person {
            _ if !once => plan.intent.key.clone(),
            Some(number) => format!("{} person {number}", plan.operation),
            None => format!("{} login {}", plan.operation, login.to_lowercase()),
        };
        Self { what, takes_away: takes_away(plan) }
    }
}

fn takes_away(plan: &Plan) -> bool {
    plan.precedence >= Precedence::Revoke
}

/// What stood in which row first.
#[derive(Default)]
struct Seen(HashMap<[u8; 32], u32>);

impl Seen {
    /// The row in which the same stood before, if it did.
    fn before(&mut self, what: &str, row: u32) -> Option<u32> {
        // Of a fixed size, however long the text: ten thousand rows are half a megabyte.
        let first = *self.0.entry(Sha256::digest(what).into()).or_insert(row);
        (first != row).then_some(first)
    }
}

/// A hash of all rows: each row's, chained to the one before.
#[derive(Default)]
struct Fingerprint(String);

impl Fingerprint {
    fn add(&mut self, row: &Row) {
        self.0 = canonical::digest(&(&self.0, row));
    }
}

/// A batch that is being done.
struct Drive<'a> {
    bulk: &'a Bulk,
    run: &'a RunId,
    breaker: Breaker,
    rows: Rows,
}

/// How trying a row ended.
struct Ended {
    stored: StoredRow,
    /// Why no other row should be begun.
    stop: Option<String>,
}

impl Drive<'_> {
    async fn go(&mut self) -> Result<(), BulkError> {
        let journal = self.bulk.engine.journal();
        let (mut at_work, mut next, mut after) = (FuturesUnordered::new(), VecDeque::new(), 0);
        loop {
            let stopped = self.stopped().await?;
            while stopped.is_none() && at_work.len() < self.room() {
                if next.is_empty() {
                    next = journal.rows(&self.bulk.name, Some(RowState::Left), after, CHUNK).await?.into();
                }
                let Some(stored) = next.pop_front() else { break };
                after = stored.row.number;
                at_work.push(self.bulk.try_row(stored));
            }
            match at_work.next().await {
                Some(ended) => self.settle(ended?).await?,
                None => return self.end(stopped).await,
            }
        }
    }

    /// How many rows may be at work: no wave begins before the one before is through.
    fn room(&self) -> usize {
        let (settled, total) = (self.rows.settled(), self.rows.total());
        let third = FIRST_WAVES[1] + (total / 20).max(1);
        let ends = FIRST_WAVES.into_iter().chain([third]).filter(|end| *end < total);
        let end = ends.chain([total]).find(|end| settled < *end).unwrap_or(total);
        self.bulk.at_once.min(usize::try_from(end - settled).unwrap_or(usize::MAX))
    }

    /// Why no more rows are begun, if that is so.
    async fn stopped(&self) -> Result<Option<Command>, BulkError> {
        let engine = &self.bulk.engine;
        if engine.status(self.run).await?.status.is_final() {
            return Ok(Some(Command::Stop));
        }
        let last = engine.journal().last_signal(self.run).await?;
        Ok(last.and_then(|told| Command::read(&told.name)).filter(|command| *command != Command::Resume))
    }

    async fn settle(&mut self, Ended { stored, stop }: Ended) -> Result<(), BulkError> {
        let Bulk { engine, name, .. } = self.bulk;
        engine.journal().set_row(name, stored.clone()).await?;
        self.rows = engine.journal().count_rows(name).await?;
        let why = stored.why.as_deref().unwrap_or_default();
        let stop = stop.or_else(|| self.breaker.flaw(stored.state, &self.rows, stored.row.number, why));
        if let Some(why) = stop {
            tracing::warn!(batch = %name, %why, "the batch stops");
            engine.signal(self.run, Command::Stop.as_str(), &why).await?;
        }
        Ok(())
    }

    /// Nothing is at work any more.
    async fn end(&self, stopped: Option<Command>) -> Result<(), BulkError> {
        let Bulk { engine, name, .. } = self.bulk;
        match stopped {
            None => engine.signal(self.run, ROWS, "every row is through").await?,
            Some(Command::Cancel) => {
                engine.journal().move_rows(name, RowState::Left, RowState::Cancelled).await?;
                let told = engine.journal().last_signal(self.run).await?.map(|told| told.payload);
                let told = told.unwrap_or_default();
                let (by, why) = told.split_once(": ").unwrap_or(("somebody", &told));
                engine.cancel(self.run, by, why).await?;
            }
            Some(_) => return Ok(()),
        }
        engine.finish(self.run).await?;
        Ok(())
    }
}

/// How a row went.
enum Went {
    Through(RowState, Option<String>),
    /// It could not be brought to an end, and may be later.
    Badly(String),
    /// It was not begun, and no other should be.
    Stopped(String),
}

impl Bulk {
    /// Tries a row until something comes of it.
    async fn try_row(&self, mut stored: StoredRow) -> Result<Ended, BulkError> {
        loop {
            let (state, why) = match self.run_row(&mut stored).await? {
                Went::Through(state, why) => (state, why),
                Went::Stopped(why) => return Ok(Ended { stored, stop: Some(why) }),
                Went::Badly(why) => {
                    if let Some(refusal) = breaker::unauthorised(self.engine.systems()).await {
                        // The row is none the worse for it: its turn comes again.
                        return Ok(Ended { stored, stop: Some(refusal) });
                    }
                    stored.attempts += 1;
                    if stored.attempts < ATTEMPTS {
                        self.engine.journal().set_row(&self.name, stored.clone()).await?;
                        self.engine.systems().clock().sleep(PAUSE * stored.attempts).await;
                        continue;
                    }
                    (RowState::Quarantined, Some(why))
                }
            };
            return Ok(Ended { stored: StoredRow { state, why, ..stored }, stop: None });
        }
    }

    async fn run_row(&self, stored: &mut StoredRow) -> Result<Went, BulkError> {
        let run = match &stored.run {
            Some(run) => run.clone(),
            None => match self.begin_row(stored).await? {
                Ok(run) => {
                    stored.run = Some(run.clone());
                    self.engine.journal().set_row(&self.name, stored.clone()).await?;
                    run
                }
                Err(went) => return Ok(went),
            },
        };
        self.engine.start(&run);
        Ok(match self.engine.finish(&run).await {
            Ok(run) => became(run.status),
            Err(error @ EngineError::Stopped(_)) => Went::Badly(error.to_string()),
            Err(error) => return Err(error.into()),
        })
    }

    /// Plans a row anew, and has its run taken in.
    async fn begin_row(&self, stored: &StoredRow) -> Result<Result<RunId, Went>, BulkError> {
        let failed = |why: String| Ok(Err(Went::Through(RowState::Failed, Some(why))));
        let operation = match (self.recipe.make)(&stored.row) {
            Ok(operation) => operation,
            Err(problems) => return failed(problems.join("; ")),
        };
        // An operation that panics takes nobody with it.
        let planned = AssertUnwindSafe(operation.planned(&self.engine)).catch_unwind().await;
        let accepted = match planned {
            Err(_) => return Ok(Err(Went::Badly("it made the program panic".to_owned()))),
            Ok(Err(error)) => Err(error),
            Ok(Ok(Planned::Known(run))) => Ok(run),
            Ok(Ok(Planned::New(plan))) if takes_away(&plan) => {
                if let Some(why) = self.beyond_the_limit(stored).await? {
                    return Ok(Err(Went::Stopped(why)));
                }
                self.engine.submit(&plan).await
            }
            Ok(Ok(Planned::New(mut plan))) => {
                plan.precedence = Precedence::Bulk;
                self.engine.submit(&plan).await
            }
        };
        match accepted {
            Ok(run) => Ok(Ok(run)),
            Err(EngineError::Operation(why)) if is_outage(&why) => Ok(Err(Went::Badly(why.to_string()))),
            Err(error @ EngineError::Journal(_)) => Err(error.into()),
            Err(error) => failed(error.to_string()),
        }
    }

    /// Counts a row that takes access away, and says if it is one too many.
    async fn beyond_the_limit(&self, stored: &StoredRow) -> Result<Option<String>, BulkError> {
        let (taken, limit) = self.engine.journal().take_away(&self.name, stored.row.number).await?;
        Ok((taken > limit).then(|| format!("{taken} people would have lost access, and {limit} may")))
    }
}

fn became(status: RunStatus) -> Went {
    let state = match &status {
        RunStatus::Stalled { .. } | RunStatus::Running => return Went::Badly(status.to_string()),
        RunStatus::Done => return Went::Through(RowState::Done, None),
        RunStatus::Waiting { .. } => RowState::Waiting,
        RunStatus::Superseded { .. } => RowState::Superseded,
        RunStatus::NeedsHuman { .. } | RunStatus::Declined { .. } | RunStatus::Cancelled { .. } => {
            RowState::Failed
        }
    };
    Went::Through(state, Some(status.to_string()))
}
