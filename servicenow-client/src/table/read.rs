//! What a record or a page of them is read from.

use bytes::Bytes;
use client_core::{DecodeError, Response, read_json};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::id::SysId;
use crate::problem::{ProblemKind, ServiceNowProblem};
use crate::record::Record;
use crate::value::Row;

/// A record twice: as its type, and as it came, to compare.
pub(super) struct Read<T> {
    pub(super) row: Row,
    pub(super) record: T,
}

impl<T: Record> Read<T> {
    /// `{"result": {…}}`.
    pub(super) fn one(response: &Response) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow)]
            result: &'a RawValue,
        }
        let json = read_json::<Envelope<'_>>(&response.body)?.result.get().as_bytes();
        let record = read_json(json).map_err(|fault| fault.within("result"))?;
        Ok(Self { row: read_json(json)?, record })
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
}

/// A page: its rows, not read yet.
pub(super) enum Listed {
    Rows(Vec<Unread>),
    /// The text ends before the page does: the instance gave up while it wrote.
    Cut,
}

impl Listed {
    /// `{"result": [{…}, …]}`.
    pub(super) fn read(response: &Response) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow)]
            result: Vec<&'a RawValue>,
        }
        let body = &response.body;
        match serde_json::from_slice::<Envelope<'_>>(body) {
            Ok(page) => Ok(Self::Rows(
                page.result.iter().map(|row| Unread(body.slice_ref(row.get().as_bytes()))).collect(),
            )),
            Err(error) if error.is_eof() && !body.is_empty() => Ok(Self::Cut),
            // Once more, for the place of the fault.
            Err(_) => read_json::<Envelope<'_>>(body).map(|_| Self::Cut),
        }
    }
}

/// A row as text.
pub(super) struct Unread(Bytes);

impl Unread {
    /// Whether it is `{}`: a row that may not be read.
    pub(super) fn is_hidden(&self) -> bool {
        self.0.iter().filter(|byte| !byte.is_ascii_whitespace()).eq(b"{}")
    }

    pub(super) fn sys_id(&self) -> Result<SysId, DecodeError> {
        #[derive(Deserialize)]
        struct Key {
            #[serde(deserialize_with = "crate::value::sys_id")]
            sys_id: SysId,
        }
        Ok(read_json::<Key>(&self.0)?.sys_id)
    }

    /// The fields with these names, to compare.
    pub(super) fn row(&self, names: &[&str]) -> Result<Row, DecodeError> {
        Row::of(&self.0, names)
    }

    pub(super) fn record<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        read_json(&self.0)
    }
}
