//! The rows of batches.

use rusqlite::{OptionalExtension as _, params};

use super::{Journal, JournalError, from_text, parse_id, to_text};
use crate::bulk::{Row, RowState, Rows};
use crate::run::{Received, RunId};

/// A row as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredRow {
    pub(crate) row: Row,
    pub(crate) state: RowState,
    pub(crate) run: Option<RunId>,
    pub(crate) attempts: u32,
    pub(crate) why: Option<String>,
}

impl Journal {
    /// Forgets the rows of a batch that was never begun.
    pub(crate) async fn forget_rows(&self, batch: &str) -> Result<(), JournalError> {
        let batch = batch.to_owned();
        self.writer
            .run(move |db| {
                db.execute("DELETE FROM bulk_row WHERE batch = ?1", [batch])?;
                Ok(())
            })
            .await
    }

    /// Stores rows as they were read, each with what is wrong with it.
    pub(crate) async fn stage_rows(
        &self,
        batch: &str,
        rows: Vec<(Row, Option<String>)>,
    ) -> Result<(), JournalError> {
        let batch = batch.to_owned();
        self.writer
            .run(move |db| {
                let mut insert = db.prepare_cached(
                    "INSERT INTO bulk_row (batch, number, fields, state, why) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?;
                for (row, why) in rows {
                    let state = if why.is_some() { RowState::Refused } else { RowState::Left };
                    insert.execute(params![batch, row.number, to_text(&row.fields), state.as_str(), why])?;
                }
                Ok(())
            })
            .await
    }

    /// The next rows of a batch after this one, in this state or any, in order.
    pub(crate) async fn rows(
        &self,
        batch: &str,
        state: Option<RowState>,
        after: u32,
        most: usize,
    ) -> Result<Vec<StoredRow>, JournalError> {
        let batch = batch.to_owned();
        self.writer
            .run(move |db| {
                let mut query = db.prepare_cached(
                    "SELECT number, fields, state, run, attempts, why FROM bulk_row
                     WHERE batch = ?1 AND (?2 IS NULL OR state = ?2) AND number > ?3 ORDER BY number LIMIT ?4",
                )?;
                let state = state.map(RowState::as_str);
                let most = i64::try_from(most).unwrap_or(i64::MAX);
                let mut found = query.query(params![batch, state, after, most])?;
                let mut rows = Vec::new();
                while let Some(row) = found.next()? {
                    let run: Option<String> = row.get(3)?;
                    rows.push(StoredRow {
                        row: Row {
                            number: row.get(0)?,
                            fields: from_text(&row.get::<_, String>(1)?, "a row of a batch")?,
                        },
                        state: RowState::read(&row.get::<_, String>(2)?),
                        run: run.map(|run| parse_id(&run)).transpose()?,
                        attempts: row.get(4)?,
                        why: row.get(5)?,
                    });
                }
                Ok(rows)
            })
            .await
    }

    /// Stores what became of a row.
    pub(crate) async fn set_row(&self, batch: &str, stored: StoredRow) -> Result<(), JournalError> {
        let batch = batch.to_owned();
        self.writer
            .run(move |db| {
                let StoredRow { row, state, run, attempts, why } = stored;
                let run = run.as_ref().map(RunId::as_str);
                db.prepare_cached(
                    "UPDATE bulk_row SET state = ?3, run = ?4, attempts = ?5, why = ?6
                     WHERE batch = ?1 AND number = ?2",
                )?
                .execute(params![batch, row.number, state.as_str(), run, attempts, why])?;
                Ok(())
            })
            .await
    }

    /// Stores how many rows of a batch may take access away.
    pub(crate) async fn limit_rows(&self, batch: &str, limit: u32) -> Result<(), JournalError> {
        let batch = batch.to_owned();
        self.writer
            .run(move |db| {
                db.execute(
                    "INSERT OR REPLACE INTO bulk (name, may_take_away) VALUES (?1, ?2)",
                    params![batch, limit],
                )?;
                Ok(())
            })
            .await
    }

    /// Notes that a row takes access away. Answers how many do so far, and how many may.
    pub(crate) async fn take_away(&self, batch: &str, number: u32) -> Result<(u32, u32), JournalError> {
        let batch = batch.to_owned();
        self.writer
            .run(move |db| {
                let this = params![batch, number];
                db.execute("UPDATE bulk_row SET takes_away = 1 WHERE batch = ?1 AND number = ?2", this)?;
                let taken = "SELECT count(*) FROM bulk_row WHERE batch = ?1 AND takes_away = 1";
                let taken = db.query_row(taken, [&batch], |row| row.get(0))?;
                let limit = "SELECT may_take_away FROM bulk WHERE name = ?1";
                Ok((taken, db.query_row(limit, [&batch], |row| row.get(0))?))
            })
            .await
    }

    /// Moves every row of a batch that is in one state to another.
    pub(crate) async fn move_rows(
        &self,
        batch: &str,
        from: RowState,
        to: RowState,
    ) -> Result<(), JournalError> {
        let batch = batch.to_owned();
        self.writer
            .run(move |db| {
                db.execute(
                    "UPDATE bulk_row SET state = ?3 WHERE batch = ?1 AND state = ?2",
                    params![batch, from.as_str(), to.as_str()],
                )?;
                Ok(())
            })
            .await
    }

    /// How many rows of a batch are in which state.
    pub(crate) async fn count_rows(&self, batch: &str) -> Result<Rows, JournalError> {
        let batch = batch.to_owned();
        self.writer
            .run(move |db| {
                let mut query = db
                    .prepare_cached("SELECT state, count(*) FROM bulk_row WHERE batch = ?1 GROUP BY state")?;
                let counts =
                    query.query_map([batch], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?)))?;
                let mut rows = Rows::default();
                for count in counts {
                    let (state, count) = count?;
                    rows.add(RowState::read(&state), count);
                }
                Ok(rows)
            })
            .await
    }

    /// The last thing that a run was told.
    pub(crate) async fn last_signal(&self, run: &RunId) -> Result<Option<Received>, JournalError> {
        let run = run.clone();
        self.writer
            .run(move |db| {
                let last = "SELECT received FROM signal WHERE run = ?1 ORDER BY rowid DESC LIMIT 1";
                let last = db.query_row(last, [run.as_str()], |row| row.get::<_, String>(0)).optional()?;
                last.map(|text| from_text(&text, "a signal")).transpose()
            })
            .await
    }
}
