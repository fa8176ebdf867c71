//! Rows: what a batch is made of, where they come from, and what becomes of each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;

use serde::{Deserialize, Serialize};

use super::{BulkError, Recipe};
use crate::report::text::turns_text;

/// The longest text of a field, in characters: what ServiceNow's and Okta's longest fields hold.
const LONGEST_FIELD: usize = 4000;

/// One row: a number, and texts by column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its number as a spreadsheet counts: the header is row 1.
    pub number: u32,
    /// What it says. A column without a text is not there.
    pub fields: BTreeMap<String, String>,
}

impl Row {
    /// What it says in a column; nothing if that is empty.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&str> {
        self.fields.get(column).map(String::as_str)
    }
}

/// A row that cannot be used, and everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The row, as far as it could be read.
    pub row: Row,
    /// What is wrong: the column, its value, and what would be right.
    pub problems: Vec<String>,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowState {
    /// It was refused before the batch began.
    Refused,
    /// Its turn has not come.
    Left,
    /// Its run is done.
    Done,
    /// Its run waits for its time, or for somebody, and goes on by itself.
    Waiting,
    /// A person has to look at it.
    Failed,
    /// Another operation took its run's place.
    Superseded,
    /// It could not be brought to an end again and again, and the batch went on without it.
    Quarantined,
    /// The batch was called off before its turn came.
    Cancelled,
}

impl RowState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Left => "left",
            Self::Done => "done",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::Quarantined => "quarantined",
            Self::Cancelled => "cancelled",
        }
    }

    /// What a newer release calls otherwise is for a person to look at.
    pub(crate) fn read(text: &str) -> Self {
        let all = [
            Self::Refused,
            Self::Left,
            Self::Done,
            Self::Waiting,
            Self::Superseded,
            Self::Quarantined,
            Self::Cancelled,
        ];
        all.into_iter().find(|state| state.as_str() == text).unwrap_or(Self::Failed)
    }
}

/// How many rows are in which state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Rows(BTreeMap<RowState, u32>);

impl Rows {
    pub(crate) fn add(&mut self, state: RowState, count: u32) {
        *self.0.entry(state).or_default() += count;
    }

    /// How many are in this state.
    #[must_use]
    pub fn of(&self, state: RowState) -> u32 {
        self.0.get(&state).copied().unwrap_or_default()
    }

    /// All that are to be done, or were.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.values().sum::<u32>() - self.of(RowState::Refused)
    }

    /// Those whose turn came and that the batch is through with.
    #[must_use]
    pub fn settled(&self) -> u32 {
        self.total() - self.of(RowState::Left)
    }

    /// Those that went wrong.
    #[must_use]
    pub fn wrong(&self) -> u32 {
        self.of(RowState::Failed) + self.of(RowState::Quarantined)
    }
}

/// `4997 done, 3 quarantined`.
impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<String> =
            self.0.iter().map(|(state, count)| format!("{count} {}", state.as_str())).collect();
        f.write_str(if counts.is_empty() { "no rows" } else { "" })?;
        f.write_str(&counts.join(", "))
    }
}

impl Recipe {
    /// The rows of a CSV file, with a header and in UTF-8.
    ///
    /// # Errors
    ///
    /// If the header is not as the recipe wants it. What is wrong with a row comes in its place.
    pub fn csv(&self, file: impl Read) -> Result<impl Iterator<Item = Result<Row, Flaw>>, BulkError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let header = reader.byte_headers().map_err(|error| BulkError::Header(error.to_string()))?;
        let columns = self.header(header)?;
        // An error of the file itself comes again and again.
        let mut broken = false;
        Ok((2..).zip(reader.into_byte_records()).map_while(move |(number, record)| {
            if broken {
                return None;
            }
            broken = record.is_err();
            Some(read(number, &columns, record))
        }))
    }

    fn header(&self, header: &csv::ByteRecord) -> Result<Vec<String>, BulkError> {
        let wrong = |what: String| Err(BulkError::Header(what));
        let Ok(names) = header.iter().map(std::str::from_utf8).collect::<Result<Vec<_>, _>>() else {
            return wrong("it is not in UTF-8: save the file as \"CSV UTF-8\"".into());
        };
        let names: Vec<String> =
            names.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
        let wanted = || self.columns().collect::<Vec<_>>().join(", ");
        if let Some(unknown) = names.iter().find(|name| !self.columns().any(|column| column == **name)) {
            return wrong(format!("it has the column {unknown:?}: give {}, separated by commas", wanted()));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            return wrong(format!("it has the column {twice:?} twice"));
        }
        if let Some(missing) = self.required.iter().find(|column| !names.contains(column)) {
            return wrong(format!("it has no column {missing:?}: give {}", wanted()));
        }
        Ok(names)
    }

    /// What is wrong with a row, by itself.
    pub(super) fn check(&self, row: &Row) -> Vec<String> {
        let missing = self.required.iter().filter(|column| row.get(column).is_none());
        let mut problems: Vec<String> = missing.map(|column| format!("{column} is missing")).collect();
        for (column, text) in &row.fields {
            if !self.columns().any(|known| known == column) {
                problems.push(format!("there is no column {column:?}"));
            }
            if text.chars().any(|c| c.is_control() || turns_text(c)) {
                problems.push(format!("{column} holds a line break or another control character: {text:?}"));
            }
            if text.chars().count() > LONGEST_FIELD {
                problems.push(format!("{column} is longer than {LONGEST_FIELD} characters"));
            }
        }
        problems
    }
}

fn read(number: u32, columns: &[String], record: csv::Result<csv::ByteRecord>) -> Result<Row, Flaw> {
    let mut row = Row { number, fields: BTreeMap::new() };
    let mut problems = Vec::new();
    let record = match record {
        Ok(record) => record,
        Err(error) => {
            return Err(Flaw { row, problems: vec![format!("the file cannot be read on: {error}")] });
        }
    };
    if record.len() != columns.len() {
        problems.push(format!("it has {} fields, and the header {}", record.len(), columns.len()));
    }
    for (column, field) in columns.iter().zip(&record) {
        if let Ok(text) = std::str::from_utf8(field) {
            let text = text.trim();
            if !text.is_empty() {
                row.fields.insert(column.clone(), text.to_owned());
            }
        } else {
            problems.push(format!("{column} is not in UTF-8: save the file as \"CSV UTF-8\""));
        }
    }
    if problems.is_empty() { Ok(row) } else { Err(Flaw { row, problems }) }
}
