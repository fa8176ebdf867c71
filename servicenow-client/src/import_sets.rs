//! The Import Set API: rows go into a staging table, and transform maps make records of them.
//!
//! With a map that coalesces, this is the platform's own "update, or create": an administrator makes the staging table, the
//! map and its coalesce fields. The API user needs the roles `import_set_loader` and `import_transformer`.
//!
//! ```
//! # async fn example(servicenow: servicenow_client::ServiceNowClient) -> servicenow_client::Result<()> {
//! use serde_json::json;
//!
//! // Its map coalesces on the user's name, so that a row may be sent twice.
//! let staging = servicenow.staging_table("imp_user")?.coalescing();
//! let imported = staging.insert(&json!({ "user_name": "nora", "title": "Software Engineer" })).await?;
//! for made in &imported.results {
//!     println!("{:?} {:?} in {:?}", made.status, made.sys_id, made.table);
//! }
//! # Ok(()) }
//! ```

use std::fmt;
use std::time::Duration;

use client_core::{Call, DecodeError, Path, Request, Response, Safety};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::client::ServiceNowClient;
use crate::id::SysId;
use crate::prepared::Prepared;
use crate::problem::{ProblemKind, Result, ServiceNowProblem};
use crate::query::{Query, valid_field};
use crate::record;
use crate::table::Collected;
use crate::value::Field;

/// The pauses between looks at an import that goes on.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A staging table. See [`ServiceNowClient::staging_table`].
#[derive(Clone)]
pub struct StagingTable {
    client: ServiceNowClient,
    name: String,
    safety: Safety,
}

impl StagingTable {
    pub(crate) fn new(client: ServiceNowClient, name: &str) -> Self {
        Self { client, name: name.to_owned(), safety: Safety::Unsafe }
    }

    /// Says that each of its maps coalesces on fields that every row has, so that a row which comes twice changes
    /// nothing more: rows are then repeated after an ambiguous end. Only its administrator knows.
    pub fn coalescing(mut self) -> Self {
        self.safety = Safety::Idempotent;
        self
    }

    /// Imports one row and waits for its transform. `POST /api/now/import/{staging table}`.
    ///
    /// All values must be text; there is no dot-walking, and what is nested would be mangled: such rows are refused
    /// before they are sent.
    ///
    /// # Errors
    ///
    /// [`NotTransformed`](ProblemKind::NotTransformed) if a map says that it failed; other maps may have done their part.
    /// [`Hidden`](ProblemKind::Hidden) if the row was taken and an access rule hides what became of it.
    pub fn insert(&self, row: &impl Serialize) -> Prepared<Imported> {
        let request = with_row(Request::post(self.path()), row);
        let call = Call::<Json>::write("servicenow.import.insert", self.safety, request);
        Prepared::new(&self.client, call.with_decode(Imported::read), Imported::checked)
    }

    /// What became of a row, again, by the staging row's `sys_id`. `GET /api/now/import/{staging table}/{sys_id}`.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert); [`is_not_found`](crate::Error::is_not_found) after the staging rows were cleaned up.
    pub fn get(&self, row: &SysId) -> Prepared<Imported> {
        let request = Request::get(self.path().value(row));
        let call = Call::<Json>::read("servicenow.import.get", request);
        Prepared::new(&self.client, call.with_decode(Imported::read), Imported::checked)
    }

    /// Imports many rows. `POST /api/now/import/{staging table}/insertMultiple`.
    ///
    /// The members of a row are the **labels** of the table's columns, unless an administrator's `sys_rest_insert_multiple`
    /// record says that they are names; what fits no column is dropped in silence. The transform goes on after the answer,
    /// unless that record says otherwise: see [`outcome`](Self::outcome).
    ///
    /// # Errors
    ///
    /// What the call met. That it was taken says nothing of its rows.
    pub fn insert_multiple<R: Serialize>(&self, rows: &[R]) -> Prepared<ImportRun> {
        let request = Request::post(self.path().word("insertMultiple"));
        let request = match rows.iter().map(texts).collect::<Result<Vec<_>, String>>() {
            Ok(rows) if rows.is_empty() => request.flawed("there is no row to import"),
            Ok(rows) => request.json(&json!({ "records": rows })),
            Err(why) => request.flawed(why),
        };
        let call = Call::<ImportRun>::write("servicenow.import.insert_multiple", self.safety, request);
        Prepared::new(&self.client, call, Ok)
    }

    /// What became of an import, once it is processed, or as far as it is when `patience` ends. Looks at `sys_import_set`
    /// again and again, with growing pauses, and then reads its rows from `sys_import_set_row`.
    ///
    /// # Errors
    ///
    /// What the calls met.
    pub async fn outcome(&self, import_set: &SysId, patience: Duration) -> Result<ImportOutcome> {
        let clock = self.client.clock();
        let (until, mut pause) = (clock.monotonic() + patience, FIRST_PAUSE);
        let sets = self.client.table::<SysImportSet>();
        loop {
            let set = sets.get(import_set).await?;
            let processed = set.state.as_str() == Some("processed");
            if processed || clock.monotonic() + pause > until {
                let query = Query::new().eq("sys_import_set", import_set);
                let rows = self.client.table::<SysImportSetRow>().list(query).collect_all().await?;
                return Ok(ImportOutcome { processed, set, rows });
            }
            clock.sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn path(&self) -> Path {
        Path::new("/api/now/import").value(&self.name)
    }
}

impl fmt::Debug for StagingTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StagingTable({})", self.name)
    }
}

/// The row, if all of it can be imported.
fn with_row(request: Request, row: &impl Serialize) -> Request {
    match texts(row) {
        Ok(row) => match row.keys().find(|name| !valid_field(name) || name.contains('.')) {
            Some(name) => request.flawed(format!("`{}` is no column's name", shortened(name))),
            None => request.json(&row),
        },
        Err(why) => request.flawed(why),
    }
}

fn texts(row: &impl Serialize) -> Result<Map<String, Json>, String> {
    let Ok(Json::Object(row)) = serde_json::to_value(row) else {
        return Err("a row to import must be an object".to_owned());
    };
    match row.iter().find(|(_, value)| !value.is_string()) {
        Some((name, _)) => {
            Err(format!("`{}` must be text, as all values of a row to import", shortened(name)))
        }
        None => Ok(row),
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(80).collect()
}

client_core::open_enum!(
    /// What a transform map did with a row.
    pub enum ImportStatus {
        /// It made a record.
        Inserted = "inserted",
        /// It changed one.
        Updated = "updated",
        /// Nothing was to change, or a script said so.
        Ignored = "ignored",
        /// The map, or a script in it, left the row out.
        Skipped = "skipped",
        /// It failed.
        Error = "error",
    }
);

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Imported {
    /// The import set's number: `ISET0010001`.
    #[serde(default)]
    pub import_set: Field<String>,
    /// The staging table.
    #[serde(default)]
    pub staging_table: Field<String>,
    /// What each transform map did.
    #[serde(rename = "result")]
    pub results: Vec<TransformResult>,
}

/// What one transform map did with a row. Its `Debug` hides what the record is called, and the other members.
#[derive(Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct TransformResult {
    /// The map's name.
    #[serde(default)]
    pub transform_map: Field<String>,
    /// The table that it fills.
    #[serde(default)]
    pub table: Field<String>,
    /// What it did.
    pub status: ImportStatus,
    /// The record; none if there is none.
    #[serde(default)]
    pub sys_id: Field<SysId>,
    /// What stands for the record where it is shown.
    #[serde(default)]
    pub display_value: Field<String>,
    /// Why it failed.
    #[serde(default)]
    pub error_message: Field<String>,
    /// What a script of the map had to say.
    #[serde(default)]
    pub status_message: Field<String>,
    /// Members that came and are none of the above.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

impl fmt::Debug for TransformResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransformResult")
            .field("transform_map", &self.transform_map)
            .field("table", &self.table)
            .field("status", &self.status)
            .field("sys_id", &self.sys_id)
            .field("error_message", &self.error_message)
            .field("status_message", &self.status_message)
            .finish_non_exhaustive()
    }
}

impl Imported {
    /// None, if an access rule hides it: then a 201 has no body.
    fn read(response: &Response) -> Result<Option<Self>, DecodeError> {
        if response.body.is_empty() { Ok(None) } else { response.json().map(Some) }
    }

    fn checked(read: Option<Self>) -> Result<Self, ServiceNowProblem> {
        let Some(imported) = read else {
            let message = "the row was taken, and an access rule hides what became of it";
            return Err(ServiceNowProblem::found(ProblemKind::Hidden, message));
        };
        let failed = |result: &&TransformResult| result.status == ImportStatus::Error;
        let Some(failed) = imported.results.iter().find(failed) else { return Ok(imported) };
        let map = failed.transform_map.as_str().unwrap_or_default().to_owned();
        let why =
            failed.error_message.as_str().or(failed.status_message.as_str()).unwrap_or("it does not say why");
        let message = format!("the transform map `{map}` failed: {why}");
        Err(ServiceNowProblem::found(ProblemKind::NotTransformed { map }, message))
    }
}

/// An import of many rows that was taken.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ImportRun {
    /// The import set, a `sys_import_set`.
    #[serde(default)]
    pub import_set_id: Field<String>,
    /// What several import sets may belong to, a `sys_multi_import_set`.
    #[serde(default)]
    pub multi_import_set_id: Field<String>,
}

/// What became of an import of many rows.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ImportOutcome {
    /// Whether it was processed. If not, rows are still pending.
    pub processed: bool,
    /// The import set.
    pub set: SysImportSet,
    /// Its rows: `rows.complete` says whether all of them may be read.
    pub rows: Collected<SysImportSetRow>,
}

record! {
    /// An import: rows that came together. Table `sys_import_set`.
    #[derive(Debug)]
    SysImportSet in "sys_import_set" {
        /// Its number: `ISET0010001`.
        number: String,
        /// How far it is: `loading`, `loaded`, `processed`, `cancelled`, …
        state: String,
        /// The staging table.
        table_name: String,
    }
}

record! {
    /// A row of an import. Table `sys_import_set_row`, which every staging table extends.
    #[derive(Debug)]
    SysImportSetRow in "sys_import_set_row" {
        /// The import that it came with.
        sys_import_set: SysId,
        /// What became of it: `pending`, `inserted`, `updated`, `ignored`, `skipped`, `error`, …
        sys_import_state: String,
        /// Why, if there is anything to say.
        sys_import_state_comment: String,
        /// The table that it was transformed into.
        sys_target_table: String,
        /// The record that it became.
        sys_target_sys_id: SysId,
    }
}
