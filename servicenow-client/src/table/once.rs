//! Creating a record once, however often it is tried.

use client_core::Delivery;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{Table, object, written};
use crate::id::SysId;
use crate::problem::{Error, ProblemKind, Result, ServiceNowProblem};
use crate::query::Query;
use crate::record::Record;
use crate::value::Row;

const NAME: &str = "servicenow.table.create_once";

/// A column holds no more of it, so a longer one would be cut and never be found again.
const CORRELATION_ID: usize = 100;

/// A record that is there once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once<T> {
    /// It was not there, and now is.
    Created(T),
    /// It was there. Nothing was written, and its fields may differ from what would have been.
    Found(T),
}

impl<T> Once<T> {
    /// The record.
    pub fn record(&self) -> &T {
        match self {
            Self::Created(record) | Self::Found(record) => record,
        }
    }

    /// The record.
    pub fn into_record(self) -> T {
        match self {
            Self::Created(record) | Self::Found(record) => record,
        }
    }

    /// Whether it was not there before.
    pub fn is_new(&self) -> bool {
        matches!(self, Self::Created(_))
    }
}

impl<T: Record> Table<T> {
    /// Creates a record unless one with this key is there. `GET` and `POST /api/now/table/{table}`.
    ///
    /// The key is a query of equalities that the new record's fields fulfil: `user_name` of a user, `user` and
    /// `group` of a membership, `correlation_id` of a ticket, which exists for this. Begin a `correlation_id` with a
    /// name of yours, as other integrations write there too, and put the name into `correlation_display`. Any table
    /// has a `sys_id`: one that is [derived](SysId::derived) from what stays the same when a step is repeated is the
    /// only key that the database itself keeps unique, if the instance lets us choose
    /// (`glide.rest.table_api.admin_only_sys_fields`).
    ///
    /// ```
    /// # use servicenow_client::{Once, Query, Result, ServiceNowClient};
    /// # async fn example(servicenow: ServiceNowClient) -> Result<()> {
    /// let key = "payroll/run 7/step 2";
    /// let fields = serde_json::json!({
    ///     "short_description": "Account could not be made",
    ///     "correlation_id": key,
    ///     "correlation_display": "Payroll",
    /// });
    /// let incidents = servicenow.records("incident")?;
    /// match incidents.create_once(Query::new().eq("correlation_id", key), &fields).await? {
    ///     Once::Created(incident) => println!("opened {}", incident.sys_id()),
    ///     Once::Found(incident) => println!("was opened before: {}", incident.sys_id()),
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// It looks before, after an ambiguous end, and after success too: nothing keeps two who look at the same
    /// time from both creating one. Twins are told, never deleted: which of them is in use is not known here.
    /// After any error it may be called again, since it looks first. Only after [`Delivery::Unknown`] wait for
    /// more than a minute: so long may the instance work on what it has received.
    ///
    /// # Errors
    ///
    /// [`Twins`](ProblemKind::Twins) names the records if there are two afterwards;
    /// [`NotLookedAt`](ProblemKind::NotLookedAt) names the new one if the look for twins failed;
    /// [`NotWritten`](ProblemKind::NotWritten) if the new record does not have the key, so that the next look
    /// will not find it, or lacks another field that was sent, in which case the next look finds it as it is; with [`Delivery::Unknown`], the answer was lost and the record is not there yet. And what
    /// [`find_one`](Self::find_one) meets.
    pub async fn create_once(&self, key: impl Into<Query>, fields: &impl Serialize) -> Result<Once<T>> {
        let key = key.into();
        let body = keyed(&key, fields).map_err(|why| Error::invalid(NAME, why))?;
        if let Some(record) = self.find_one(&key).await? {
            return Ok(Once::Found(record));
        }
        let sent = body.clone();
        let names: Vec<&str> = sent.keys().map(String::as_str).chain(key.checked_fields()).collect();
        let call = self.creating(Ok(body), &names);
        match self.client.pipeline.send_with_response(&call).await {
            Ok((read, response)) => {
                if let Some(field) = key.broken_by(&read.row) {
                    let message =
                        format!("the record {} did not take its key in `{field}`", read.record.sys_id());
                    let kind = ProblemKind::NotWritten { fields: vec![field.to_owned()] };
                    return Err(self.found(&call, &response, kind, &message));
                }
                let sys_id = read.record.sys_id();
                let sys_ids = self.twins(&key, sys_id).await.map_err(|error| {
                    let problem = ServiceNowProblem::not_looked_at(sys_id, &error);
                    self.client.distrust(&call, &response, problem)
                })?;
                if !sys_ids.is_empty() {
                    let message = "somebody else created a record with the same key at the same time";
                    return Err(self.found(&call, &response, ProblemKind::Twins { sys_ids }, message));
                }
                written::check_new(&sent, &read.row, read.record.sys_id())
                    .map_err(|problem| self.client.distrust(&call, &response, problem))?;
                Ok(Once::Created(read.record))
            }
            Err(error) => after(error, self.find_one(&key).await),
        }
    }

    /// The records with this key, if there are others than this one.
    async fn twins(&self, key: &Query, sys_id: &SysId) -> Result<Vec<SysId>> {
        let rows = self.client.records(&self.name)?.select(["sys_id"]).list(key).collect_all().await?.rows;
        let mut ids: Vec<SysId> = rows.iter().map(|record| record.sys_id().clone()).collect();
        if ids.iter().all(|id| id == sys_id) {
            return Ok(Vec::new());
        }
        if !ids.contains(sys_id) {
            ids.push(sys_id.clone());
        }
        Ok(ids)
    }
}

/// What an insert that failed has come to, by what is there now.
fn after<T>(error: Error, found: Result<Option<T>>) -> Result<Once<T>> {
    match found {
        // Who was faster, when the database says that there is one.
        Ok(Some(record)) if error.is_conflict() => Ok(Once::Found(record)),
        Ok(Some(record)) if error.delivery() == Delivery::Unknown => Ok(Once::Created(record)),
        Err(look) if look.problem().is_some_and(|problem| problem.kind == ProblemKind::Ambiguous) => {
            Err(look)
        }
        _ => Err(error),
    }
}

/// The fields to write, if they will be found by the key.
fn keyed(key: &Query, fields: &impl Serialize) -> Result<Map<String, Json>, String> {
    key.encoded().map_err(|flaw| flaw.to_string())?;
    let body = object(fields)?;
    if body.get("correlation_id").and_then(Json::as_str).is_some_and(|id| id.chars().count() > CORRELATION_ID)
    {
        return Err(format!("a correlation_id has room for {CORRELATION_ID} characters"));
    }
    let row = Row(body);
    match key.broken_by(&row) {
        Some(field) => {
            Err(format!("the fields to write do not have the key: `{field}` is another, or missing"))
        }
        None => Ok(row.0),
    }
}
