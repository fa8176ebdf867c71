//! Work notes and comments: text that is appended to a record and never changed.

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::client::ServiceNowClient;
use crate::id::SysId;
use crate::problem::{Error, Result};
use crate::query::Query;
use crate::record;
use crate::value::DisplayMode;

record! {
    /// A row of `sys_journal_field`. Its `Debug` hides the text.
    SysJournalField in "sys_journal_field" {
        /// The record it belongs to.
        element_id: SysId,
        /// The record's table.
        name: String,
        /// The journal field: `work_notes` or `comments`.
        element: String,
        /// The text.
        value: String,
        /// Who wrote it: a `user_name`, not an id.
        sys_created_by: String,
        /// When.
        sys_created_on: DateTime<Utc>,
    }
}

impl fmt::Debug for SysJournalField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SysJournalField({})", self.sys_id)
    }
}

/// Which journal an entry is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JournalKind {
    /// `work_notes`: for those who work on it.
    WorkNote,
    /// `comments`: the requester sees them.
    Comment,
}

impl JournalKind {
    const ALL: [Self; 2] = [Self::WorkNote, Self::Comment];

    /// The field's name.
    pub fn field(self) -> &'static str {
        match self {
            Self::WorkNote => "work_notes",
            Self::Comment => "comments",
        }
    }
}

/// One work note or comment. Its `Debug` hides the text.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalEntry {
    /// Which journal it is in.
    pub kind: JournalKind,
    /// The text.
    pub text: String,
    /// Who wrote it: a `user_name`; a display name if the journal's rows may not be read.
    pub author: Option<String>,
    /// When. None if the journal's rows may not be read: the display value has the API user's zone and format.
    pub written_at: Option<DateTime<Utc>>,
    /// The journal's row. None if that may not be read.
    pub sys_id: Option<SysId>,
}

impl fmt::Debug for JournalEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalEntry")
            .field("kind", &self.kind)
            .field("written_at", &self.written_at)
            .field("sys_id", &self.sys_id)
            .finish_non_exhaustive()
    }
}

/// Work notes and comments of any record.
#[derive(Debug, Clone)]
pub struct Journal {
    client: ServiceNowClient,
}

impl Journal {
    pub(crate) fn new(client: ServiceNowClient) -> Self {
        Self { client }
    }

    /// All work notes and comments of a record, oldest first.
    ///
    /// `GET /api/now/table/sys_journal_field`. Many instances deny that table, or show parts of it: then the
    /// display value of the record's own fields is read, if it has more.
    ///
    /// # Errors
    ///
    /// What the calls met.
    pub async fn entries(&self, table: &str, sys_id: &SysId) -> Result<Vec<JournalEntry>> {
        let (mut rows, complete) = match self.rows(sys_id).await {
            Ok(found) => found,
            Err(error) if error.is_forbidden() => (Vec::new(), false),
            Err(error) => return Err(error),
        };
        if rows.is_empty() || !complete {
            let shown = self.shown(table, sys_id).await?;
            if shown.len() > rows.len() {
                return Ok(shown);
            }
        }
        rows.sort_by_key(|entry| entry.written_at);
        Ok(rows)
    }

    /// The first entry that holds `mark`, work note or comment. Compared here, not by the instance.
    ///
    /// This is how to find out whether a note was added by a call that ended ambiguously: put something
    /// unique in each note.
    ///
    /// # Errors
    ///
    /// What the calls met; an empty mark is refused.
    pub async fn find_note(&self, table: &str, sys_id: &SysId, mark: &str) -> Result<Option<JournalEntry>> {
        if mark.is_empty() {
            return Err(Error::invalid("servicenow.journal.find", "the mark is empty: every note holds it"));
        }
        let entries = self.entries(table, sys_id).await?;
        Ok(entries.into_iter().find(|entry| entry.text.contains(mark)))
    }

    /// Appends a work note. `PATCH /api/now/table/{table}/{sys_id}`.
    ///
    /// Never repeated after an ambiguous end: look with [`find_note`](Self::find_note), then decide.
    ///
    /// # Errors
    ///
    /// What the call met; an empty text is refused, as it would do nothing.
    pub async fn add_work_note(&self, table: &str, sys_id: &SysId, text: &str) -> Result<()> {
        self.add(JournalKind::WorkNote, table, sys_id, text).await
    }

    /// Appends a comment, which the requester sees and is told of. See
    /// [`add_work_note`](Self::add_work_note).
    ///
    /// # Errors
    ///
    /// What the call met; an empty text is refused, as it would do nothing.
    pub async fn add_comment(&self, table: &str, sys_id: &SysId, text: &str) -> Result<()> {
        self.add(JournalKind::Comment, table, sys_id, text).await
    }

    async fn add(&self, kind: JournalKind, table: &str, sys_id: &SysId, text: &str) -> Result<()> {
        if text.trim().is_empty() {
            return Err(Error::invalid("servicenow.journal.add", "the text is empty"));
        }
        let table = self.client.records(table)?.select(["sys_id"]);
        table.update(sys_id, &json!({ kind.field(): text })).await?;
        Ok(())
    }

    /// The journal's rows, and whether these are all.
    async fn rows(&self, sys_id: &SysId) -> Result<(Vec<JournalEntry>, bool)> {
        let fields = JournalKind::ALL.map(JournalKind::field);
        let query = Query::new().eq("element_id", sys_id).one_of("element", fields);
        let list = self.client.table::<SysJournalField>().list(query).collect_all().await?;
        let entries = list.rows.into_iter().filter_map(entry).collect();
        Ok((entries, list.complete))
    }

    /// What the record itself shows of its journals.
    async fn shown(&self, table: &str, sys_id: &SysId) -> Result<Vec<JournalEntry>> {
        let fields = JournalKind::ALL.map(JournalKind::field);
        let record =
            self.client.records(table)?.select(fields).display(DisplayMode::Labels).get(sys_id).await?;
        let mut entries = Vec::new();
        for kind in JournalKind::ALL {
            let text = record.text(kind.field()).unwrap_or_default();
            // Newest first, as shown.
            entries.extend(parse(kind, &text).into_iter().rev());
        }
        Ok(entries)
    }
}

fn entry(row: SysJournalField) -> Option<JournalEntry> {
    let kind = JournalKind::ALL.into_iter().find(|kind| row.element.as_str() == Some(kind.field()))?;
    Some(JournalEntry {
        kind,
        text: row.value.into_option().unwrap_or_default(),
        author: row.sys_created_by.into_option(),
        written_at: row.sys_created_on.into_option(),
        sys_id: Some(row.sys_id),
    })
}

/// Splits what a journal field shows: `2026-02-27 09:10:44 - Abel Tuter (Work notes)`, the text, an empty
/// line. A text can hold a line of that form and is split there; none of it gets lost.
fn parse(kind: JournalKind, shown: &str) -> Vec<JournalEntry> {
    let mut entries: Vec<JournalEntry> = Vec::new();
    for line in shown.lines() {
        match (author(line), entries.last_mut()) {
            (Some(author), _) => entries.push(shown_entry(kind, Some(author.to_owned()))),
            (None, Some(entry)) => {
                entry.text.push_str(line);
                entry.text.push('\n');
            }
            (None, None) if line.trim().is_empty() => {}
            (None, None) => {
                let mut entry = shown_entry(kind, None);
                entry.text = format!("{line}\n");
                entries.push(entry);
            }
        }
    }
    for entry in &mut entries {
        entry.text.truncate(entry.text.trim_end().len());
    }
    entries
}

fn shown_entry(kind: JournalKind, author: Option<String>) -> JournalEntry {
    JournalEntry { kind, text: String::new(), author, written_at: None, sys_id: None }
}

/// Whose entry the line begins, if it does. The date's form and the label's language are the API user's.
fn author(line: &str) -> Option<&str> {
    let (date, rest) = line.split_once(" - ")?;
    let dated = date.len() <= 30 && date.contains(':') && date.starts_with(|c: char| c.is_ascii_digit());
    let (author, _) = rest.trim_end().strip_suffix(')')?.rsplit_once(" (")?;
    dated.then_some(author)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_text_is_split_into_entries() {
        let shown = "2026-02-27 09:10:44 - System Administrator (Work notes)\nSuspended\n\nin Okta\n\n\
                     27.02.2026 09:02:00 - Ann (Dr) Lee (Arbeitsnotizen)\nStarted\n\n";
        let entries = parse(JournalKind::WorkNote, shown);
        let texts: Vec<_> = entries.iter().map(|entry| entry.text.as_str()).collect();
        let authors: Vec<_> = entries.iter().map(|entry| entry.author.as_deref()).collect();
        assert_eq!(texts, ["Suspended\n\nin Okta", "Started"]);
        assert_eq!(authors, [Some("System Administrator"), Some("Ann (Dr) Lee")]);
    }

    #[test]
    fn text_of_an_unknown_form_is_kept_whole() {
        let entries = parse(JournalKind::Comment, "no header\nat all");
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].text, "no header\nat all");
        assert!(parse(JournalKind::Comment, "").is_empty());
    }
}
