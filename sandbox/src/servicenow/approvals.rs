//! Approvals: one answer settles a record, as the base system's "anyone approves" does, unless the flow of an item asks
//! in rounds, or everybody.

use std::collections::VecDeque;

use super::later::Work;
use super::schema;
use super::store::{Author, Instance, Record, record};
use crate::http::Answer;

/// Whom the flow of an item asks.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    /// The rounds that are still to come.
    rounds: VecDeque<Vec<String>>,
    all_must_approve: bool,
}

impl Asking {
    /// User names, `manager`, or `group:` and a group's name, one round after the other.
    pub(crate) fn new(rounds: Vec<Vec<&str>>, all_must_approve: bool) -> Self {
        let round = |round: Vec<&str>| round.into_iter().map(str::to_owned).collect();
        Self { rounds: rounds.into_iter().map(round).collect(), all_must_approve }
    }
}

pub(super) fn defaults(instance: &Instance, new: &mut Record) {
    new.entry("state".to_owned()).or_insert_with(|| "requested".to_owned());
    let target = new.get("sysapproval").cloned().unwrap_or_default();
    if let Some(found) = instance.find("task", &target) {
        new.entry("document_id".to_owned()).or_insert(target);
        new.entry("source_table".to_owned()).or_insert_with(|| found.schema.name.to_owned());
    }
}

/// The flow of an item asks the next round; after the last one it goes on to fulfilment.
pub(crate) fn ask(
    instance: &mut Instance,
    item: &str,
    mut asking: Asking,
    author: &Author,
) -> Result<(), Answer> {
    let Some(round) = asking.rounds.pop_front() else {
        instance.asking.remove(item);
        instance.do_later(author.at, instance.habits.flow_seconds, Work::Task { item: item.to_owned() });
        return Ok(());
    };
    instance.asking.insert(item.to_owned(), asking);
    for approver in round {
        match approver.strip_prefix("group:") {
            Some(group) => ask_group(instance, item, group, author)?,
            None => ask_person(instance, item, &approver, author)?,
        }
    }
    Ok(())
}

fn ask_person(instance: &mut Instance, item: &str, approver: &str, author: &Author) -> Result<(), Answer> {
    let approver = if approver == "manager" {
        let beneficiary = instance.find("sc_req_item", item).map(|item| item.get("requested_for").to_owned());
        let user = instance.find("sys_user", &beneficiary.unwrap_or_default());
        user.map(|user| user.get("manager").to_owned())
    } else {
        instance.find_by("sys_user", "user_name", approver).map(|user| user.get("sys_id").to_owned())
    };
    put(instance, "sysapproval_approver", asked(item, &approver.unwrap_or_default(), ""), author).map(drop)
}

/// A row for the group, and one for each of its members.
fn ask_group(instance: &mut Instance, item: &str, name: &str, author: &Author) -> Result<(), Answer> {
    let group = instance.find_by("sys_user_group", "name", name).map(|group| group.get("sys_id").to_owned());
    let group = group.unwrap_or_default();
    let mut row = record([("parent", item), ("assignment_group", &group), ("approval", "requested")]);
    row.extend(record([("wait_for", "any")]));
    let asked_group = put(instance, "sysapproval_group", row, author)?;
    let members = instance.rows_with("sys_user_grmember", "group", &group).unwrap_or_default();
    let members: Vec<String> = members.iter().map(|row| row.get("user").to_owned()).collect();
    for member in members {
        put(instance, "sysapproval_approver", asked(item, &member, &asked_group), author)?;
    }
    Ok(())
}

fn asked(item: &str, approver: &str, group: &str) -> Record {
    record([("sysapproval", item), ("approver", approver), ("group", group), ("state", "requested")])
}

fn put(instance: &mut Instance, table: &str, row: Record, author: &Author) -> Result<String, Answer> {
    let schema = schema::find(table).ok_or_else(|| super::error::no_table(table))?;
    instance.insert(schema, row, author)
}

/// The record takes the decision; the other approvers' rows are no longer required.
pub(super) fn decided(instance: &mut Instance, row: &Record, author: &Author) -> Result<(), Answer> {
    let get = |field: &str| row.get(field).cloned().unwrap_or_default();
    let (state, target) = (get("state"), get("sysapproval"));
    if !matches!(state.as_str(), "approved" | "rejected") || target.is_empty() {
        return Ok(());
    }
    let asking = instance.asking.get(&target).cloned();
    let approved = state == "approved";
    if approved && asking.as_ref().is_some_and(|asking| asking.all_must_approve) && is_open(instance, &target)
    {
        return Ok(());
    }
    no_longer_required(instance, &target, author)?;
    let group = get("group");
    if instance.find("task", &group).is_some() {
        instance.update("task", &group, record([("approval", &state)]), author)?;
    }
    if instance.find("task", &target).is_none() {
        return Ok(());
    }
    match asking {
        Some(asking) if approved && !asking.rounds.is_empty() => ask(instance, &target, asking, author),
        asking => {
            instance.update("task", &target, record([("approval", &state)]), author)?;
            match asking {
                Some(asking) if approved => ask(instance, &target, asking, author),
                Some(_) => reject(instance, &target, author),
                None => Ok(()),
            }
        }
    }
}

/// What a flow does with an item that was rejected.
fn reject(instance: &mut Instance, item: &str, author: &Author) -> Result<(), Answer> {
    instance.asking.remove(item);
    if instance.habits.rejected_items_stay_open {
        return Ok(());
    }
    instance.update("sc_req_item", item, record([("state", "4"), ("stage", "Request Cancelled")]), author)
}

fn is_open(instance: &Instance, target: &str) -> bool {
    let rows = instance.rows_with("sysapproval_approver", "sysapproval", target).unwrap_or_default();
    rows.iter().any(|row| row.get("state") == "requested")
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
