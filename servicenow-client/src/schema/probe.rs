//! A look at a table that costs next to nothing.

use std::collections::BTreeSet;

use client_core::{Call, Path, Request};
use serde_json::{Map, Value as Json};

use super::no_such_table;
use crate::client::{ServiceNowClient, result, valid_table};
use crate::problem::Result;
use crate::query::valid_field;

/// What a look at a table showed.
#[derive(Debug)]
pub(crate) enum Probe {
    /// There is none, or none that REST may see.
    NoTable,
    /// It may not be read.
    Denied,
    /// No row came: it is empty, or its rows may not be read.
    NoRow,
    /// The fields that came.
    Fields(BTreeSet<String>),
}

/// Asks for some fields of a few rows. More than one, for the first may be one that may not be read.
pub(crate) async fn probe(client: &ServiceNowClient, table: &str, fields: &[&str]) -> Result<Probe> {
    // With the key, which every row that may be read has.
    let names = [&["sys_id"], fields].concat();
    let mut request = Request::get(Path::new("/api/now/table").value(table))
        .query("sysparm_fields", names.join(","))
        .query("sysparm_exclude_reference_link", true)
        .query("sysparm_suppress_pagination_header", true)
        .query("sysparm_no_count", true)
        .query("sysparm_limit", 5);
    if !valid_table(table) || !names.iter().all(|name| valid_field(name)) {
        request = request.flawed("the table or a field has a name that none has: a-z 0-9 _");
    }
    let call =
        Call::<()>::read("servicenow.schema.probe", request).with_decode(result::<Vec<Map<String, Json>>>);
    let rows = match client.send(&call).await {
        Ok(rows) => rows,
        Err(error) if no_such_table(&error) => return Ok(Probe::NoTable),
        Err(error) if error.is_forbidden() => return Ok(Probe::Denied),
        Err(error) => return Err(error),
    };
    // A row that may not be read has no fields.
    let came: BTreeSet<String> = rows.into_iter().flatten().map(|(field, _)| field).collect();
    Ok(if came.is_empty() { Probe::NoRow } else { Probe::Fields(came) })
}
