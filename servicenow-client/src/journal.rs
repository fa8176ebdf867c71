//! Work notes and comments: text that is appended to a record and never changed.

use std::fmt;

use chrono::{DateTime, Utc};
use client_core::{Call, Path, Request, Safety};
use serde_json::json;

use crate::client::{ServiceNowClient, result, valid_table};
use crate::id::SysId;
use crate::prepared::Prepared;
use crate::problem::{Error, ProblemKind, Result, ServiceNowProblem};
use crate::query::{Query, valid_field};
use crate::record;
use crate::record::RawRecord;
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

/// Which journal field an entry is in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum JournalKind {
    /// `work_notes`: for those who work on it.
    WorkNote,
    /// `comments`: the requester sees them.
    Comment,
    /// Another field: `approval_history`, or one of a customer's own.
    Other(String),
}

impl JournalKind {
    const OF_TICKETS: [Self; 2] = [Self::WorkNote, Self::Comment];

    /// The field's name.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::WorkNote => "work_notes",
            Self::Comment => "comments",
            Self::Other(field) => field,
        }
    }

    fn of(field: &str) -> Self {
        let known = Self::OF_TICKETS.into_iter().find(|kind| kind.field() == field);
        known.unwrap_or_else(|| Self::Other(field.to_owned()))
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

impl JournalEntry {
    /// The HTML of an entry that is shown as such: one that is `[code]…[/code]`. It is whoever wrote it that is to be
    /// trusted, or not.
    #[must_use]
    pub fn html(&self) -> Option<&str> {
        self.text.trim().strip_prefix("[code]")?.strip_suffix("[/code]")
    }
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

/// Work notes, comments and other journal fields of any record. What is written there stays: nothing changes an entry
/// or takes it back.
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
    /// display value of the record's own fields is read, if it has more. There the work notes come first, then the
    /// comments, and nobody knows when they were written: the date is in the API user's zone and form. Where only a
    /// part may be read either way, that part is what comes.
    ///
    /// # Errors
    ///
    /// [`Hidden`](ProblemKind::Hidden) if nothing came and there may be something that the API user may not read; and
    /// what the calls met.
    pub async fn entries(&self, table: &str, sys_id: &SysId) -> Result<Vec<JournalEntry>> {
        some(self.read(table, sys_id, &JournalKind::OF_TICKETS).await?)
    }

    /// All entries of another journal field, oldest first: `approval_history`, or one of a customer's own. See
    /// [`entries`](Self::entries).
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn entries_of(&self, table: &str, sys_id: &SysId, field: &str) -> Result<Vec<JournalEntry>> {
        some(self.read(table, sys_id, &[JournalKind::of(field)]).await?)
    }

    /// The entries, and whether these are all.
    async fn read(
        &self,
        table: &str,
        sys_id: &SysId,
        kinds: &[JournalKind],
    ) -> Result<(Vec<JournalEntry>, bool)> {
        let (mut rows, mut complete) = match self.rows(sys_id, kinds).await {
            Ok(found) => found,
            Err(error) if error.is_forbidden() => (Vec::new(), false),
            Err(error) => return Err(error),
        };
        if rows.is_empty() || !complete {
            let (shown, whole) = self.shown(table, sys_id, kinds).await?;
            if shown.len() > rows.len() {
                return Ok((shown, whole));
            }
            complete |= whole && shown.len() == rows.len();
        }
        rows.sort_by_key(|entry| entry.written_at);
        Ok((rows, complete))
    }

    /// The first entry that holds `mark`, work note or comment. Compared here, not by the instance.
    ///
    /// This is how to find out whether a note was added by a call that ended ambiguously: put something
    /// unique in each note.
    ///
    /// # Errors
    ///
    /// [`Hidden`](ProblemKind::Hidden) if it is not in what may be read, and that is not all: then nobody knows whether
    /// it is there. What the calls met; an empty mark is refused.
    pub async fn find_note(&self, table: &str, sys_id: &SysId, mark: &str) -> Result<Option<JournalEntry>> {
        if mark.is_empty() {
            return Err(Error::invalid("servicenow.journal.find", "the mark is empty: every note holds it"));
        }
        let (entries, complete) = self.read(table, sys_id, &JournalKind::OF_TICKETS).await?;
        let written = defused(mark);
        let holds = |entry: &JournalEntry| entry.text.contains(mark) || entry.text.contains(&written);
        match entries.into_iter().find(holds) {
            None if !complete => Err(hidden()),
            found => Ok(found),
        }
    }

    /// Appends a work note. See [`add`](Self::add).
    ///
    /// # Errors
    ///
    /// What the call met; an empty text is refused, as it would do nothing.
    pub fn add_work_note(&self, table: &str, sys_id: &SysId, text: &str) -> Prepared<()> {
        self.add(&JournalKind::WorkNote, table, sys_id, text)
    }

    /// Appends a comment, which the requester sees and is told of. See [`add`](Self::add).
    ///
    /// # Errors
    ///
    /// What the call met; an empty text is refused, as it would do nothing.
    pub fn add_comment(&self, table: &str, sys_id: &SysId, text: &str) -> Prepared<()> {
        self.add(&JournalKind::Comment, table, sys_id, text)
    }

    /// Appends to a journal field. `PATCH /api/now/table/{table}/{sys_id}`.
    ///
    /// Never repeated after an ambiguous end: look with [`find_note`](Self::find_note), then decide.
    ///
    /// The instance shows what stands between `[code]` and `[/code]` as HTML. A text may come from anywhere, so it is
    /// kept from that by a space: `[ code]`. Whoever means it writes it with [`update`](crate::Table::update).
    ///
    /// # Errors
    ///
    /// [`NotWritten`](ProblemKind::NotWritten) if the record comes back without the field: the table has none of this
    /// name, and the text was dropped, or the API user may not read it. What the call met; an empty text is refused, as
    /// it would do nothing.
    pub fn add(&self, kind: &JournalKind, table: &str, sys_id: &SysId, text: &str) -> Prepared<()> {
        let field = kind.field();
        let mut request = Request::patch(Path::new("/api/now/table").value(table).value(sys_id))
            .query("sysparm_exclude_reference_link", true)
            .query("sysparm_fields", format!("sys_id,{field}"))
            .json(&json!({ field: defused(text) }));
        if !valid_table(table) || !valid_field(field) {
            request = request.flawed("the table or the field has a name that none has: a-z 0-9 _");
        }
        if text.trim().is_empty() {
            request = request.flawed("the text is empty");
        }
        let call = Call::<()>::write("servicenow.journal.add", Safety::Unsafe, request)
            .with_decode(result::<RawRecord>);
        let (wanted, field) = (sys_id.clone(), field.to_owned());
        Prepared::new(&self.client, call, move |record: RawRecord| {
            let came = record.sys_id();
            if *came != wanted {
                let message = format!("the record that came back is {came}, not {wanted}");
                return Err(ServiceNowProblem::found(ProblemKind::WrongRecord, message));
            }
            if record.text(&field).is_none() {
                let message = format!("the record came back without `{field}`");
                let fields = vec![field.clone()];
                return Err(ServiceNowProblem::found(ProblemKind::NotWritten { fields }, message));
            }
            Ok(())
        })
    }

    /// The journal's rows, and whether these are all.
    async fn rows(&self, sys_id: &SysId, kinds: &[JournalKind]) -> Result<(Vec<JournalEntry>, bool)> {
        let fields = kinds.iter().map(JournalKind::field);
        let query = Query::new().eq("element_id", sys_id).one_of("element", fields);
        let list = self.client.table::<SysJournalField>().list(query).collect_all().await?;
        Ok((list.rows.into_iter().map(entry).collect(), list.complete))
    }

    /// What the record itself shows of its journals, and whether it shows all of them.
    async fn shown(
        &self,
        table: &str,
        sys_id: &SysId,
        kinds: &[JournalKind],
    ) -> Result<(Vec<JournalEntry>, bool)> {
        let record = self.labels(table, sys_id, kinds.iter().map(JournalKind::field)).await?;
        if kinds.len() > 1 && kinds.iter().all(|kind| record.text(kind.field()).is_none()) {
            // Where the one and the other may not be read, both together may.
            let both = self.labels(table, sys_id, [BOTH]).await?;
            let Some(both) = both.text(BOTH) else { return Ok((Vec::new(), false)) };
            return Ok((parse(&JournalKind::of(BOTH), &both).into_iter().rev().collect(), true));
        }
        let (mut entries, mut whole) = (Vec::new(), true);
        for kind in kinds {
            match record.text(kind.field()) {
                // Newest first, as shown.
                Some(text) => entries.extend(parse(kind, &text).into_iter().rev()),
                None => whole = false,
            }
        }
        Ok((entries, whole))
    }

    async fn labels<'f>(
        &self,
        table: &str,
        sys_id: &SysId,
        fields: impl IntoIterator<Item = &'f str>,
    ) -> Result<RawRecord> {
        self.client.records(table)?.select(fields).display(DisplayMode::Labels).get(sys_id).await
    }
}

/// Work notes and comments in one.
const BOTH: &str = "comments_and_work_notes";

/// What the instance calls its fields, in English, where it shows both in one.
const LABELS: [(&str, JournalKind); 2] =
    [("Work notes", JournalKind::WorkNote), ("Additional comments", JournalKind::Comment)];

/// What could be read, unless that is nothing and says nothing.
fn some((entries, complete): (Vec<JournalEntry>, bool)) -> Result<Vec<JournalEntry>> {
    if entries.is_empty() && !complete { Err(hidden()) } else { Ok(entries) }
}

fn hidden() -> Error {
    let message = "the API user may not read all of the record's journal: what is not found may be there";
    Error::distrusted("servicenow.journal.read", ServiceNowProblem::found(ProblemKind::Hidden, message))
}

/// Keeps the instance from showing a part of a text as HTML.
fn defused(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        let (before, tag) = rest.split_at(at + 1);
        safe.push_str(before);
        let begins = |word: &str| tag.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if begins("code]") || begins("/code]") {
            safe.push(' ');
        }
        rest = tag;
    }
    safe + rest
}

fn entry(row: SysJournalField) -> JournalEntry {
    JournalEntry {
        kind: JournalKind::of(row.element.as_str().unwrap_or_default()),
        text: row.value.into_option().unwrap_or_default(),
        author: row.sys_created_by.into_option(),
        written_at: row.sys_created_on.into_option(),
        sys_id: Some(row.sys_id),
    }
}

/// Splits what a journal field shows: `2026-02-27 09:10:44 - Abel Tuter (Work notes)`, the text, an empty
/// line. A text can hold a line of that form and is split there; none of it gets lost.
fn parse(field: &JournalKind, shown: &str) -> Vec<JournalEntry> {
    let mut entries: Vec<JournalEntry> = Vec::new();
    for line in shown.lines() {
        match (header(line), entries.last_mut()) {
            (Some((author, label)), _) => {
                let labelled = LABELS.into_iter().find(|(known, _)| field.field() == BOTH && *known == label);
                let kind = labelled.map_or_else(|| field.clone(), |(_, kind)| kind);
                entries.push(shown_entry(kind, Some(author.to_owned())));
            }
            (None, Some(entry)) => {
                entry.text.push_str(line);
                entry.text.push('\n');
            }
            (None, None) if line.trim().is_empty() => {}
            (None, None) => {
                let mut entry = shown_entry(field.clone(), None);
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

/// Whose entry the line begins, and in which field, if it does. The date's form and the label's language are the API
/// user's.
fn header(line: &str) -> Option<(&str, &str)> {
    let (date, rest) = line.split_once(" - ")?;
    let dated = date.len() <= 30 && date.contains(':') && date.starts_with(|c: char| c.is_ascii_digit());
    let named = rest.trim_end().strip_suffix(')')?.rsplit_once(" (")?;
    dated.then_some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_text_is_split_into_entries() {
        let shown = "2026-02-27 09:10:44 - System Administrator (Work notes)\nSuspended\n\nin Okta\n\n\
                     27.02.2026 09:02:00 - Ann (Dr) Lee (Arbeitsnotizen)\nStarted\n\n";
        let entries = parse(&JournalKind::WorkNote, shown);
        let texts: Vec<_> = entries.iter().map(|entry| entry.text.as_str()).collect();
        let authors: Vec<_> = entries.iter().map(|entry| entry.author.as_deref()).collect();
        assert_eq!(texts, ["Suspended\n\nin Okta", "Started"]);
        assert_eq!(authors, [Some("System Administrator"), Some("Ann (Dr) Lee")]);
    }

    #[test]
    fn text_of_an_unknown_form_is_kept_whole() {
        let entries = parse(&JournalKind::Comment, "no header\nat all");
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].text, "no header\nat all");
        assert!(parse(&JournalKind::Comment, "").is_empty());
    }

    #[test]
    fn where_both_are_shown_in_one_the_label_tells_which_it_is() {
        let shown = "2026-02-27 09:10:44 - Ann (Additional comments)\nAny news?\n\n2026-02-27 09:02:00 - Ann (Work notes)\n\
                     Started\n\n27.02.2026 09:00:00 - Ann (Arbeitsnotizen)\nVorher\n\n";
        let kinds: Vec<_> =
            parse(&JournalKind::of(BOTH), shown).into_iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [JournalKind::Comment, JournalKind::WorkNote, JournalKind::Other(BOTH.into())]);
    }

    #[test]
    fn html_is_told_from_text_and_text_is_kept_from_being_html() {
        let entry =
            |text: &str| JournalEntry { text: text.into(), ..shown_entry(JournalKind::WorkNote, None) };
        assert_eq!(entry("[code]<b>done</b>[/code]\n").html(), Some("<b>done</b>"));
        assert_eq!(entry("see [code]").html(), None);
        let text = "[code]<img src=x>[/CODE] [[Code]] [x] [";
        assert_eq!(defused(text), "[ code]<img src=x>[ /CODE] [[ Code]] [x] [");
        assert_eq!(entry(&defused(text)).html(), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_none_gets_lost(shown in "([0-9:. -]{0,20} - (é| \\(|\\)|x){0,6}\n|[^\n]{0,20}\n|\n){0,8}") {
            let entries = parse(&JournalKind::WorkNote, &shown);
            for line in shown.lines().filter(|line| header(line).is_none() && !line.trim().is_empty()) {
                proptest::prop_assert!(entries.iter().any(|entry| entry.text.contains(line.trim_end())));
            }
        }

        #[test]
        fn what_is_defused_has_no_code_in_it(text in "(\\[|/|code\\]|CODE\\]|é| ){0,20}") {
            let safe = defused(&text).to_lowercase();
            proptest::prop_assert!(!safe.contains("[code]") && !safe.contains("[/code]"));
            proptest::prop_assert_eq!(safe.replace(' ', ""), text.to_lowercase().replace(' ', ""));
        }
    }
}
