//! What a push says, and reading the record that it is about.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::client::{ServiceNowClient, valid_table};
use crate::id::SysId;
use crate::problem::{Error, ProblemKind, Result, ServiceNowProblem};
use crate::record::Record;
use crate::table::Table;
use crate::value::Row;

const READ: &str = "servicenow.hint.read";

/// How often a record was changed: 0 when it is new, and one more with each update.
const COUNT: &str = "sys_mod_count";

/// More than any number that an instance gives out.
const LONGEST_NUMBER: usize = 40;

/// That a record may have changed. It says which one and not how: [`read`](Self::read) it.
///
/// A queue can keep it as JSON, in the form in which it came.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Json>")]
#[non_exhaustive]
pub struct Hint {
    /// The record's table.
    pub table: String,
    /// The record's key.
    pub sys_id: SysId,
    /// The record's number, for people: `RITM0010001`.
    pub number: Option<String>,
    /// How often the record had been changed when the hint was made.
    pub sys_mod_count: u64,
}

/// Why a body is no hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoHint {
    /// It is no JSON object.
    #[error("the body is no JSON object")]
    NoObject,
    /// `table` is missing, or no table can have that name.
    #[error("table is missing, or no table's name")]
    Table,
    /// `sys_id` is missing, or is none.
    #[error("sys_id is missing, or none")]
    SysId,
    /// `number` is longer than numbers are, or has signs that they do not have.
    #[error("number is no record's number")]
    Number,
    /// `sys_mod_count` is missing, or not a number from 0 on.
    #[error("sys_mod_count is missing, or no count")]
    ModCount,
}

impl Hint {
    /// Reads what a push says. Members that it does not know are ignored.
    ///
    /// # Errors
    ///
    /// If it is no JSON object, or a member is missing or odd: [`NoHint`] says which.
    pub fn parse(body: &[u8]) -> std::result::Result<Self, NoHint> {
        serde_json::from_slice::<Map<String, Json>>(body).map_err(|_| NoHint::NoObject)?.try_into()
    }

    /// Reads the record as it is now. `GET /api/now/table/{table}/{sys_id}`.
    ///
    /// `T` is the type of the hint's table, or [`RawRecord`](crate::RawRecord) for any. The record is at least as new as the hint; mostly
    /// it is newer, so decide on what it says and not on what made somebody push.
    ///
    /// # Errors
    ///
    /// [`Stale`](ProblemKind::Stale) if what came is older than the hint: read it again later.
    /// [`Hidden`](ProblemKind::Hidden) if it does not tell its `sys_mod_count`. Refused unsent if `T` is of another
    /// table than the hint.
    pub async fn read<T: Record>(&self, servicenow: &ServiceNowClient) -> Result<T> {
        if !T::TABLE.is_empty() && T::TABLE != self.table {
            let why = format!("the hint is about {}, and a record of {} is wanted", self.table, T::TABLE);
            return Err(Error::invalid(READ, why));
        }
        let mut table = Table::<T>::new(servicenow.clone(), self.table.clone().into(), Vec::new());
        if !T::FIELDS.is_empty() {
            table = table.select(T::FIELDS.iter().copied().chain([COUNT]));
        }
        let told = self.sys_mod_count;
        table.get_if(&self.sys_id, move |row| is_as_new(row, told)).await
    }
}

/// Whether a record has been changed so often at least, and tells.
fn is_as_new(row: &Row, told: u64) -> Result<(), ServiceNowProblem> {
    let (kind, message) = match row.text(COUNT).and_then(|count| count.parse::<u64>().ok()) {
        Some(count) if count >= told => return Ok(()),
        Some(_) => (ProblemKind::Stale, "the record that came is older than the push said"),
        None => (ProblemKind::Hidden, "the record's sys_mod_count may not be read"),
    };
    Err(ServiceNowProblem::found(kind, message))
}

impl TryFrom<Map<String, Json>> for Hint {
    type Error = NoHint;

    fn try_from(fields: Map<String, Json>) -> std::result::Result<Self, NoHint> {
        let text = |name: &str| fields.get(name).and_then(Json::as_str);
        let table = text("table").filter(|table| valid_table(table)).ok_or(NoHint::Table)?;
        let sys_id = text("sys_id").and_then(|id| id.parse().ok()).ok_or(NoHint::SysId)?;
        let sys_mod_count = fields.get(COUNT).and_then(count).ok_or(NoHint::ModCount)?;
        let number = match fields.get("number") {
            None | Some(Json::Null) => None,
            Some(Json::String(number)) if number.is_empty() => None,
            Some(Json::String(number)) if is_number(number) => Some(number.clone()),
            Some(_) => return Err(NoHint::Number),
        };
        Ok(Self { table: table.to_owned(), sys_id, number, sys_mod_count })
    }
}

/// A count, as a number or as text: instances have it as text.
fn count(json: &Json) -> Option<u64> {
    json.as_u64().or_else(|| json.as_str()?.parse().ok())
}

/// Customers choose prefixes and lengths.
fn is_number(text: &str) -> bool {
    text.len() <= LONGEST_NUMBER
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
