//! Journal fields: text goes in, rows of `sys_journal_field` come out.

use super::schema::{self, Kind, Schema};
use super::store::{Author, Instance, Record, record};

/// Takes the journal text out of a record that is about to be stored.
pub(super) fn take(table: &Schema, record: &mut Record) -> Vec<(&'static str, String)> {
    let fields = table.fields().filter(|(_, kind)| *kind == Kind::Journal);
    let taken = fields.filter_map(|(name, _)| record.remove(name).map(|text| (name, text)));
    taken.filter(|(name, text)| !text.is_empty() && *name != "comments_and_work_notes").collect()
}

/// Appends entries. There is no way to change or take back one.
pub(super) fn append(
    instance: &mut Instance,
    table: &Schema,
    sys_id: &str,
    notes: Vec<(&'static str, String)>,
    author: &Author,
) {
    let Some(journal) = schema::find("sys_journal_field") else { return };
    for (element, text) in notes {
        let row =
            record([("element_id", sys_id), ("name", table.name), ("element", element), ("value", &text)]);
        if let Ok(entry) = instance.insert(journal, row, author) {
            instance.journal.entry(sys_id.to_owned()).or_default().push(entry);
        }
    }
}

/// All entries of a field as one text, newest first.
pub(super) fn text(instance: &Instance, record: &Record, field: &str) -> String {
    let sys_id = record.get("sys_id").map_or("", String::as_str);
    let entries = instance.journal.get(sys_id).into_iter().flatten().rev();
    let rows = entries.filter_map(|entry| instance.find("sys_journal_field", entry));
    let wanted = rows.filter(|row| field == "comments_and_work_notes" || row.get("element") == field);
    wanted.map(|row| shown(instance, row.record)).collect()
}

fn shown(instance: &Instance, row: &Record) -> String {
    let get = |field: &str| row.get(field).map_or("", String::as_str);
    let label = if get("element") == "work_notes" { "Work notes" } else { "Additional comments" };
    let writer = instance.find_by("sys_user", "user_name", get("sys_created_by"));
    let name = writer.map_or(get("sys_created_by"), |user| user.get("name"));
    format!("{} - {name} ({label})\n{}\n\n", get("sys_created_on"), get("value"))
}
