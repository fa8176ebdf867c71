//! Files at records.

use chrono::{DateTime, Utc};

use crate::id::SysId;
use crate::record;
use crate::value::FieldValue;

record! {
    /// A file at a record: its metadata. Table `sys_attachment`. For its content see
    /// [`Attachments`](crate::attachments::Attachments).
    ///
    /// A `download_link` in `extra` is not to be followed: it may name another host than the one that was called.
    #[derive(Debug)]
    SysAttachment in "sys_attachment" {
        /// The table of the record it is at. Pictures and the like have `ZZ_YY` before it, which hides them from
        /// people: see [`record_table`](SysAttachment::record_table).
        table_name: String,
        /// The record it is at.
        table_sys_id: SysId,
        /// Its name. Not unique, not even at one record.
        file_name: String,
        /// Its media type, as it was sent: `text/csv`.
        content_type: String,
        /// Its size, as it was sent.
        size_bytes: i64,
        /// Its size, as it is stored.
        size_compressed: i64,
        /// Whether it is stored compressed.
        compressed: bool,
        /// Whether it has been scanned.
        state: AttachmentState,
        /// SHA-256 of its content in hex digits. Not there while it is [`Pending`](AttachmentState::Pending), and on old
        /// files.
        hash: String,
        /// Who sent it.
        sys_created_by: String,
        /// When.
        sys_created_on: DateTime<Utc>,
        /// Last changed.
        sys_updated_on: DateTime<Utc>,
    }
}

/// What hides a file from people who look at its record.
const HIDDEN: &str = "ZZ_YY";

/// A record's table, without what hides a file from people.
pub(crate) fn record_table(name: &str) -> &str {
    name.strip_prefix(HIDDEN).unwrap_or(name)
}

impl SysAttachment {
    /// The table of the record it is at, without what hides it from people; none if that did not come.
    pub fn record_table(&self) -> Option<&str> {
        self.table_name.as_str().map(record_table)
    }

    /// Whether people who look at its record do not see it.
    pub fn is_hidden(&self) -> bool {
        self.table_name.as_str().is_some_and(|name| name.starts_with(HIDDEN))
    }
}

client_core::open_enum!(
    /// Whether a file has been scanned.
    pub enum AttachmentState {
        /// Not yet. It may have no hash.
        Pending = "pending",
        /// It has.
        Available = "available",
        /// It has, and is kept back.
        NotAvailable = "not_available",
    }
);

impl FieldValue for AttachmentState {
    fn read(text: &str) -> Option<Self> {
        Some(text.into())
    }

    fn write(&self) -> String {
        self.as_str().to_owned()
    }
}
