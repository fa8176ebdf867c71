//! Approvals: one answer settles a record, as the base system's "anyone approves" does.

use super::store::{Author, Instance, Record, record};
use crate::http::Answer;

pub(super) fn defaults(instance: &Instance, new: &mut Record) {
    new.entry("state".to_owned()).or_insert_with(|| "requested".to_owned());
    let target = new.get("sysapproval").cloned().unwrap_or_default();
    if let Some(found) = instance.find("task", &target) {
        new.entry("document_id".to_owned()).or_insert(target);
        new.entry("source_table".to_owned()).or_insert_with(|| found.schema.name.to_owned());
    }
}

/// The record takes the decision; the other approvers' rows are no longer required.
pub(super) fn decided(instance: &mut Instance, row: &Record, author: &Author) -> Result<(), Answer> {
    let get = |field: &str| row.get(field).cloned().unwrap_or_default();
    let (state, target) = (get("state"), get("sysapproval"));
    if !matches!(state.as_str(), "approved" | "rejected") || target.is_empty() {
        return Ok(());
    }
    no_longer_required(instance, &target, author)?;
    for decided in [get("group"), target] {
        if instance.find("task", &decided).is_some() {
            instance.update("task", &decided, record([("approval", &state)]), author)?;
        }
    }
    Ok(())
}

/// Nobody has to answer any more: somebody did, or the record is closed.
pub(super) fn no_longer_required(
    instance: &mut Instance,
    target: &str,
    author: &Author,
) -> Result<(), Answer> {
    let rows = instance.rows_with("sysapproval_approver", "sysapproval", target).unwrap_or_default();
    let open = rows.iter().filter(|row| row.get("state") == "requested");
    let open: Vec<String> = open.map(|row| row.get("sys_id").to_owned()).collect();
    for row in open {
        instance.update("sysapproval_approver", &row, record([("state", "not_required")]), author)?;
    }
    Ok(())
}
