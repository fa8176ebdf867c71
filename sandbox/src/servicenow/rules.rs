//! The base system's business rules that tickets and users depend on: numbers, defaults, closing and
//! what closing one record does to another.

use super::schema::{self, Schema};
use super::store::{Author, Instance, Record, record};
use super::{added, approvals, error, roles};
use crate::clock::servicenow_time;
use crate::http::Answer;

/// A new security incident's state.
const DRAFT: &str = "10";

/// The states of a security incident, in the order in which it goes through them.
const SECURITY_STATES: [&str; 7] = [DRAFT, "16", "18", "19", "20", "100", "3"];

fn get<'a>(record: &'a Record, field: &str) -> &'a str {
    record.get(field).map_or("", String::as_str)
}

fn set(record: &mut Record, field: &str, value: &str) {
    record.insert(field.to_owned(), value.to_owned());
}

fn default(record: &mut Record, field: &str, value: &str) {
    if get(record, field).is_empty() {
        set(record, field, value);
    }
}

pub(super) fn before_insert(
    instance: &mut Instance,
    table: &'static Schema,
    new: &mut Record,
    author: &Author,
) -> Result<(), Answer> {
    drop_unknown_choices(instance, table, &Record::new(), new);
    if table.is_task() {
        task_defaults(instance, table, new, author);
    }
    if table.name == "sys_user" {
        check_user_name(instance, new)?;
        default(new, "active", "true");
        default(new, "locked_out", "false");
        set_name(new);
    }
    if table.name == "sys_user_group" {
        default(new, "active", "true");
    }
    if table.name == "sysapproval_approver" {
        approvals::defaults(instance, new);
    }
    if table.name == "sys_user_has_role" {
        roles::defaults(new);
    }
    added::check(instance, table, new)?;
    close(instance, table, &Record::new(), new, author)
}

fn task_defaults(instance: &mut Instance, table: &'static Schema, new: &mut Record, author: &Author) {
    if get(new, "number").is_empty() {
        let number = instance.next_number(table.prefix.unwrap_or("TASK"));
        set(new, "number", &number);
    }
    let number = get(new, "number").to_owned();
    set(new, "sys_class_name", table.name);
    let state = if table.name == "sn_si_incident" { DRAFT } else { "1" };
    for (field, value) in [
        ("state", state),
        ("impact", "3"),
        ("urgency", "3"),
        ("priority", "4"),
        ("approval", "not requested"),
        ("active", "true"),
        ("opened_at", &servicenow_time(author.at)),
        ("opened_by", &instance.user),
        ("escalation", "0"),
        ("made_sla", "true"),
        ("reassignment_count", "0"),
        ("knowledge", "false"),
        ("task_effective_number", &number),
    ] {
        default(new, field, value);
    }
    if table.name == "incident" {
        default(new, "category", "inquiry");
        default(new, "severity", "3");
        set_priority(new);
    }
}

pub(super) fn before_update(
    instance: &mut Instance,
    table: &'static Schema,
    old: &Record,
    new: &mut Record,
    author: &Author,
) -> Result<(), Answer> {
    drop_unknown_choices(instance, table, old, new);
    match table.name {
        "incident" => set_priority(new),
        "sys_user" => {
            check_user_name(instance, new)?;
            set_name(new);
            // The base system's rule "Lock Out Inactive Users".
            if get(old, "active") == "true" && get(new, "active") == "false" {
                set(new, "locked_out", "true");
            }
        }
        _ => {}
    }
    if table.is_task() && get(old, "approval") != get(new, "approval") {
        set(new, "approval_set", &servicenow_time(author.at));
    }
    added::check(instance, table, new)?;
    close(instance, table, old, new, author)
}

/// A value that is not among a field's choices is ignored, as it is while
/// `glide.rest.choice.allow_non_existing_value` is off. Nor can a choice be cleared.
fn drop_unknown_choices(instance: &Instance, table: &Schema, old: &Record, new: &mut Record) {
    if instance.habits.non_existing_choices_are_stored {
        return;
    }
    let names: Vec<String> = new.keys().cloned().collect();
    for name in names {
        let choices = instance.choices(table.name, &name);
        let value = get(new, &name);
        if choices.is_empty() || get(old, &name) == value || choices.iter().any(|(known, _)| *known == value)
        {
            continue;
        }
        match old.get(&name) {
            Some(before) => set(new, &name, &before.clone()),
            None => drop(new.remove(&name)),
        }
    }
}

fn check_user_name(instance: &Instance, new: &Record) -> Result<(), Answer> {
    let (name, sys_id) = (get(new, "user_name"), get(new, "sys_id"));
    if name.is_empty() {
        return Ok(());
    }
    let named = instance.rows_with("sys_user", "user_name", name).unwrap_or_default();
    if named.iter().all(|user| user.get("sys_id") == sys_id) {
        return Ok(());
    }
    let detail =
        format!("Unique Key violation detected by database (Duplicate entry '{name}' for key 'user_name')");
    Err(error::refused(&detail))
}

fn set_name(user: &mut Record) {
    let name = format!("{} {}", get(user, "first_name"), get(user, "last_name"));
    set(user, "name", name.trim());
}

/// Impact and urgency make the priority; what was sent for it does not count.
fn set_priority(incident: &mut Record) {
    let level = |field: &str| get(incident, field).parse::<u8>().unwrap_or(3);
    let priority = (level("impact") + level("urgency")).saturating_sub(1).clamp(1, 5);
    set(incident, "priority", &priority.to_string());
}

/// `active` and the closing stamps follow the state.
fn close(
    instance: &Instance,
    table: &'static Schema,
    old: &Record,
    new: &mut Record,
    author: &Author,
) -> Result<(), Answer> {
    if !table.is_task() || get(old, "state") == get(new, "state") {
        return Ok(());
    }
    match table.name {
        "incident" => {
            resolve(instance, new, author)?;
            let state = get(new, "state").to_owned();
            set(new, "incident_state", &state);
        }
        "sn_si_incident" => go_on(old, new)?,
        "sc_req_item" => close_item(instance, new)?,
        _ => {}
    }
    let (was, is) = (is_closed(table, get(old, "state")), is_closed(table, get(new, "state")));
    if is && !was {
        set(new, "active", "false");
        set(new, "closed_at", &servicenow_time(author.at));
        set(new, "closed_by", &instance.user);
    } else if was && !is {
        set(new, "active", "true");
        set(new, "closed_at", "");
        set(new, "closed_by", "");
    }
    Ok(())
}

fn resolve(instance: &Instance, incident: &mut Record, author: &Author) -> Result<(), Answer> {
    if !matches!(get(incident, "state"), "6" | "7") {
        return Ok(());
    }
    mandatory(incident, &[("close_code", "Resolution code"), ("close_notes", "Resolution notes")])?;
    default(incident, "resolved_at", &servicenow_time(author.at));
    default(incident, "resolved_by", &instance.user);
    Ok(())
}

fn mandatory(record: &Record, fields: &[(&str, &str)]) -> Result<(), Answer> {
    let missing: Vec<&str> =
        fields.iter().filter_map(|(field, label)| get(record, field).is_empty().then_some(*label)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(error::mandatory(&missing.join(", ")))
}

/// A security incident goes forward only, and is closed with a code and notes.
fn go_on(old: &Record, new: &Record) -> Result<(), Answer> {
    let place = |record: &Record| SECURITY_STATES.iter().position(|state| *state == get(record, "state"));
    if let (Some(was), Some(is)) = (place(old), place(new))
        && is < was
    {
        return Err(aborted("sn_si_incident", "Enforce state flow"));
    }
    if get(new, "state") == "3" {
        mandatory(new, &[("close_code", "Close code"), ("close_notes", "Close notes")])?;
    }
    Ok(())
}

/// Where a rule has it so, an item is closed by closing its tasks.
fn close_item(instance: &Instance, item: &Record) -> Result<(), Answer> {
    let Some(tasks) = schema::find("sc_task") else { return Ok(()) };
    let open = |sys_id: &str| {
        let rows = instance.rows_with(tasks.name, "request_item", sys_id).unwrap_or_default();
        rows.iter().any(|task| !is_closed(tasks, task.get("state")))
    };
    let closing = is_closed(tasks, get(item, "state"));
    if instance.habits.items_close_through_tasks && closing && open(get(item, "sys_id")) {
        return Err(aborted("sc_req_item", "Close items with their tasks"));
    }
    Ok(())
}

pub(super) fn aborted(table: &str, rule: &str) -> Answer {
    let id = crate::id::sha256_hex(rule);
    let rule = format!("{rule}^{}", &id[..32]);
    let detail = format!(
        "Operation against file '{table}' was aborted by Business Rule '{rule}'. Business Rule Stack:{rule}"
    );
    error::refused(&detail)
}

fn is_closed(table: &Schema, state: &str) -> bool {
    match table.name {
        "incident" => matches!(state, "7" | "8"),
        "sn_si_incident" => matches!(state, "3" | "7"),
        _ => matches!(state, "3" | "4" | "7"),
    }
}

/// What one record's change does to others.
pub(super) fn after_update(
    instance: &mut Instance,
    table: &'static Schema,
    old: &Record,
    new: &Record,
    author: &Author,
) -> Result<(), Answer> {
    let changed = get(old, "state") != get(new, "state");
    if changed && table.is_task() && is_closed(table, get(new, "state")) {
        approvals::no_longer_required(instance, get(new, "sys_id"), author)?;
    }
    match table.name {
        "sc_task" if changed && is_closed(table, get(new, "state")) => {
            roll_up(instance, "sc_task", "request_item", "sc_req_item", new, author)
        }
        "sc_req_item" if changed && is_closed(table, get(new, "state")) => {
            roll_up(instance, "sc_req_item", "request", "sc_request", new, author)
        }
        "sysapproval_approver" if changed => approvals::decided(instance, new, author),
        _ => Ok(()),
    }
}

/// When the last child closes its parent closes: incomplete if one is, skipped if all are.
fn roll_up(
    instance: &mut Instance,
    table: &str,
    link: &str,
    parents: &str,
    child: &Record,
    author: &Author,
) -> Result<(), Answer> {
    if instance.habits.items_stay_open {
        return Ok(());
    }
    let parent = get(child, link).to_owned();
    let Some(schema) = schema::find(table) else { return Ok(()) };
    let siblings = instance.rows_with(table, link, &parent).unwrap_or_default();
    let states: Vec<&str> = siblings.iter().map(|row| row.get("state")).collect();
    if parent.is_empty() || states.iter().any(|state| !is_closed(schema, state)) {
        return Ok(());
    }
    let state = match () {
        () if states.contains(&"4") => "4",
        () if states.iter().all(|state| *state == "7") => "7",
        () => "3",
    };
    let (phase, request_state) = match state {
        "4" => ("Request Cancelled", "closed_incomplete"),
        "7" => ("Request Cancelled", "closed_skipped"),
        _ => ("complete", "closed_complete"),
    };
    let mut changes = record([("state", state), ("stage", phase)]);
    if parents == "sc_request" {
        set(&mut changes, "request_state", request_state);
    }
    match instance.find(parents, &parent) {
        Some(found) if found.get("active") == "true" => instance.update(parents, &parent, changes, author),
        _ => Ok(()),
    }
}
