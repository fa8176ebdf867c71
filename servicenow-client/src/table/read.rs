//! A record twice: as its type, and as it came, to compare.

use client_core::{DecodeError, Response};
use serde_json::Value as Json;

use crate::client::result;
use crate::id::SysId;
use crate::problem::{ProblemKind, ServiceNowProblem};
use crate::record::Record;
use crate::value::Row;

pub(super) struct Read<T> {
    pub(super) row: Row,
    pub(super) record: T,
}

impl<T: Record> Read<T> {
    /// `{"result": {…}}`.
    pub(super) fn one(response: &Response) -> Result<Self, DecodeError> {
        Self::new(result(response)?, "result")
    }

    /// `{"result": [{…}, …]}`. A row that may not be read stands there as `{}`.
    pub(super) fn many(response: &Response) -> Result<Vec<Option<Self>>, DecodeError> {
        let rows: Vec<Row> = result(response)?;
        let read = |(n, row): (usize, Row)| {
            if row.0.is_empty() { Ok(None) } else { Self::new(row, &format!("result[{n}]")).map(Some) }
        };
        rows.into_iter().enumerate().map(read).collect()
    }

    /// The record that was asked for, and no other.
    pub(super) fn exactly(self, sys_id: &SysId) -> Result<Self, ServiceNowProblem> {
        let came = self.record.sys_id();
        if came == sys_id {
            return Ok(self);
        }
        let message = format!("the record that came back is {came}, not {sys_id}");
        Err(ServiceNowProblem::found(ProblemKind::WrongRecord, message))
    }

    fn new(row: Row, at: &str) -> Result<Self, DecodeError> {
        let json = Json::Object(row.0);
        // Only the place is told: what serde says quotes the value.
        let record = serde_path_to_error::deserialize(&json).map_err(|error| {
            DecodeError::new(format!("{at}.{}", error.path()), "a field that is missing or of another kind")
        })?;
        let Json::Object(row) = json else { return Err(DecodeError::new(at, "no object")) };
        Ok(Self { row: Row(row), record })
    }
}
