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
    let others = instance.rows_with("sysapproval_approver", "sysapproval", &target).unwrap_or_default();
    let open = others.iter().filter(|other| other.get("state") == "requested");
    let open: Vec<String> = open.map(|other| other.get("sys_id").to_owned()).collect();
    for other in open {
        instance.update("sysapproval_approver", &other, record([("state", "not_required")]), author)?;
    }
    if instance.find("task", &target).is_some() {
        instance.update("task", &target, record([("approval", &state)]), author)?;
    }
    Ok(())
}
