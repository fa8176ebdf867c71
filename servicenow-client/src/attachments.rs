//! Files at records: the Attachment API, `/api/now/attachment`.
//!
//! ```
//! use futures::TryStreamExt as _;
//! use servicenow_client::attachments::NewAttachment;
//! use servicenow_client::{Query, ServiceNowClient, SysId, Upload};
//!
//! # async fn example(servicenow: ServiceNowClient, ticket: SysId) -> Result<(), Box<dyn std::error::Error>> {
//! let attachments = servicenow.attachments();
//!
//! // Read while it is sent, and not sent again if it is there already.
//! let report = NewAttachment::new("report.csv", "text/csv", Upload::file("report.csv").await?);
//! let attached = attachments.upload_once("sc_req_item", &ticket, &report).await?;
//!
//! // Read while it comes. If it breaks off or is not what was stored, the stream says so before it ends.
//! let mut download = attachments.download(&attached.record().sys_id).await?;
//! while let Some(piece) = download.try_next().await? {
//!     println!("{} bytes", piece.len());
//! }
//! # Ok(()) }
//! ```

mod digest;
mod download;
mod new;

use std::collections::BTreeMap;

use client_core::{Call, Delivery, Path, Request, Safety};
use http::HeaderValue;
use http::header::ACCEPT;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use self::digest::{Digest, watched};
pub use self::download::{Download, Verified};
pub use self::new::NewAttachment;
use crate::client::{ServiceNowClient, result};
use crate::id::SysId;
use crate::prepared::Prepared;
use crate::problem::{Error, ProblemKind, Result, ServiceNowProblem};
use crate::query::Query;
use crate::record::Record as _;
use crate::table::{Once, Rows, Table};
use crate::tables::SysAttachment;

/// What `com.glide.attachment.max_size` is by default, in bytes.
const MAX_SIZE: u64 = 1024 * 1024 * 1024;

/// Files at records. Cheap to clone.
///
/// An upload wants read and write rights on the record, and the roles of `sys_attachment`. There is an upload in
/// several parts too (`multipart/form-data`), which can do nothing more than the plain one, so it is not here.
#[derive(Debug, Clone)]
pub struct Attachments {
    client: ServiceNowClient,
    max_size: u64,
    extensions: Option<Vec<String>>,
}

impl Attachments {
    pub(crate) fn new(client: ServiceNowClient) -> Self {
        Self { client, max_size: MAX_SIZE, extensions: None }
    }

    /// Sends and reads no file that is longer than this many bytes. Default 1024 MiB, as in
    /// `com.glide.attachment.max_size`.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// Sends only files whose names end in one of these (`csv`, `pdf`), in any case. Default any; the instance has a list
    /// of its own in `glide.attachment.extensions`.
    pub fn extensions<S: Into<String>>(mut self, extensions: impl IntoIterator<Item = S>) -> Self {
        self.extensions = Some(extensions.into_iter().map(Into::into).collect());
        self
    }

    /// The files at a record. `GET /api/now/attachment?sysparm_query=…`, a page at a time.
    ///
    /// Hidden ones (`ZZ_YY` and the table) are listed under that name only.
    pub fn list(&self, table: &str, sys_id: &SysId) -> Rows<SysAttachment> {
        self.table().list(Query::new().eq("table_name", table).eq("table_sys_id", sys_id))
    }

    /// A file's metadata. `GET /api/now/attachment/{sys_id}`.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if there is none, or none that the API user may see.
    pub fn get(&self, sys_id: &SysId) -> Prepared<SysAttachment> {
        self.table().get(sys_id)
    }

    /// Attaches a file to a record, as one more even if it is there already: see [`upload_once`](Self::upload_once).
    /// `POST /api/now/attachment/file`.
    ///
    /// The file is read while it is sent, and may take as long as something moves. Never repeated after an ambiguous
    /// end: look for it with [`find_same`](Self::find_same).
    ///
    /// # Errors
    ///
    /// What is wrong with the file's name, type or size, before anything is sent; what the call met, with
    /// [`is_not_found`](Error::is_not_found) if the record is not there or may not be seen;
    /// [`NotWritten`](ProblemKind::NotWritten) if the file is there with another name, size, hash or record.
    pub async fn upload(&self, table: &str, sys_id: &SysId, file: &NewAttachment) -> Result<SysAttachment> {
        let (body, sent) = watched(&file.body, self.max_size);
        let mut request = Request::post(path().word("file"))
            .query("table_name", table)
            .query("table_sys_id", sys_id)
            .query("file_name", &file.file_name)
            .upload(&file.content_type, body);
        if let Some(why) = self.flaw(table, file) {
            request = request.flawed(why);
        }
        let call = Call::<Json>::write("servicenow.attachments.upload", Safety::Unsafe, request);
        let (table, sys_id, name) = (table.to_owned(), sys_id.clone(), file.file_name.clone());
        let check = move |made: SysAttachment| {
            let fields = differences(&made, &table, &sys_id, &name, &sent.take());
            if fields.is_empty() { Ok(made) } else { Err(not_written(fields)) }
        };
        Prepared::new(&self.client, call.with_decode(result::<SysAttachment>), check).await
    }

    /// Attaches a file to a record unless it is there already: one with the same name and content.
    ///
    /// It looks before, and after an ambiguous end. The file is read twice: for its hash, and to be sent. Nothing keeps two
    /// who do this at the same time from both attaching it.
    ///
    /// # Errors
    ///
    /// What [`upload`](Self::upload) and [`find_same`](Self::find_same) meet. After an ambiguous end nobody may have
    /// found the file yet though the instance still works on it: wait for more than a minute, then call again.
    pub async fn upload_once(
        &self,
        table: &str,
        sys_id: &SysId,
        file: &NewAttachment,
    ) -> Result<Once<SysAttachment>> {
        const NAME: &str = "servicenow.attachments.upload_once";
        if let Some(why) = self.flaw(table, file) {
            return Err(Error::invalid(NAME, why));
        }
        let digest = self.digest(NAME, file).await?;
        if let Some(found) = self.same(table, sys_id, file, &digest).await? {
            return Ok(Once::Found(found));
        }
        let error = match self.upload(table, sys_id, file).await {
            Ok(attachment) => return Ok(Once::Created(attachment)),
            Err(error) => error,
        };
        if !matches!(error.delivery(), Delivery::Unknown | Delivery::Done) {
            return Err(error);
        }
        match self.same(table, sys_id, file, &digest).await {
            Ok(Some(found)) => Ok(Once::Created(found)),
            // Nobody knows more than before.
            Ok(None) | Err(_) => Err(error),
        }
    }

    /// The file of this name and content at a record, if it is there.
    ///
    /// Compared are name, size and SHA-256. Where the instance has no hash yet, its content is read.
    ///
    /// # Errors
    ///
    /// What the calls met; if none of the files is the one and there are some that may not be seen, that.
    pub async fn find_same(
        &self,
        table: &str,
        sys_id: &SysId,
        file: &NewAttachment,
    ) -> Result<Option<SysAttachment>> {
        let digest = self.digest("servicenow.attachments.find_same", file).await?;
        self.same(table, sys_id, file, &digest).await
    }

    /// A file's content, in pieces. `GET /api/now/attachment/{sys_id}`, then `…/file`.
    ///
    /// Size and hash are compared when it has come: see [`Download`].
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if there is none, or none that the API user may see; if it is longer than
    /// [`max_size`](Self::max_size); what the calls met.
    pub async fn download(&self, sys_id: &SysId) -> Result<Download> {
        const NAME: &str = "servicenow.attachments.download";
        let attachment = self.get(sys_id).await?;
        let size = attachment.size_bytes.get().and_then(|size| u64::try_from(*size).ok());
        if size.is_some_and(|size| size > self.max_size) {
            return Err(Error::invalid(NAME, format!("the file is longer than {} bytes", self.max_size)));
        }
        let request =
            Request::get(path().value(sys_id).word("file")).header(ACCEPT, HeaderValue::from_static("*/*"));
        let call = Call::done(NAME, Safety::Read, request).with_decode(download::metadata);
        let (told, body) = self.client.pipeline.download(&call).await?;
        if let Some(other) = told.as_ref().map(|told| &told.sys_id).filter(|other| *other != sys_id) {
            let message = format!("the file that came is {other}, not {sys_id}");
            return Err(body.distrust(ServiceNowProblem::found(ProblemKind::WrongRecord, message)));
        }
        Ok(Download::new(attachment, body, size, self.max_size))
    }

    /// Gives a file another name. `PATCH /api/now/attachment/{sys_id}`, which answers nothing, so it is read after that.
    ///
    /// # Errors
    ///
    /// [`NotWritten`](ProblemKind::NotWritten) if it has another name after that,
    /// [`NotLookedAt`](ProblemKind::NotLookedAt) if it could not be read; what the call met.
    pub async fn rename(&self, sys_id: &SysId, file_name: &str) -> Result<SysAttachment> {
        const NAME: &str = "servicenow.attachments.rename";
        let mut request = Request::patch(path().value(sys_id)).json(&json!({ "file_name": file_name }));
        if let Some(why) = new::flaw_of_name(file_name) {
            request = request.flawed(why);
        }
        let write = Call::done(NAME, Safety::Idempotent, request);
        let ((), response) = self.client.pipeline.send_with_response(&write).await?;
        let call = Call::<Json>::read(NAME, Request::get(path().value(sys_id)));
        let name = file_name.to_owned();
        let check = move |now: SysAttachment| {
            let renamed = now.file_name.as_str() == Some(&name);
            if renamed { Ok(now) } else { Err(not_written(vec!["file_name".to_owned()])) }
        };
        let look = Prepared::new(&self.client, call.with_decode(result::<SysAttachment>), check).await;
        look.map_err(|error| self.client.after_write(&write, &response, sys_id, error))
    }

    /// Deletes a file. `DELETE /api/now/attachment/{sys_id}`.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if it is not there, or is hidden.
    pub fn delete(&self, sys_id: &SysId) -> Prepared<()> {
        self.done("servicenow.attachments.delete", Safety::Idempotent, Request::delete(path().value(sys_id)))
    }

    /// The attributes of a file: words that programs leave at it, by key.
    /// `GET /api/now/attachment/{sys_id}/attributes`.
    ///
    /// # Errors
    ///
    /// What the call met.
    pub fn attributes(&self, sys_id: &SysId) -> Prepared<BTreeMap<String, String>> {
        #[derive(Deserialize)]
        struct Attribute {
            key: String,
            value: String,
        }
        let call = Call::<Json>::read("servicenow.attachments.attributes", Request::get(attributes(sys_id)));
        let by_key = |all: Vec<Attribute>| Ok(all.into_iter().map(|one| (one.key, one.value)).collect());
        Prepared::new(&self.client, call.with_decode(result::<Vec<Attribute>>), by_key)
    }

    /// Sets an attribute of a file. `POST /api/now/attachment/{sys_id}/attributes` if it is new, and
    /// `PUT …/attributes/{key}` if it has another value.
    ///
    /// # Errors
    ///
    /// What the calls met.
    pub async fn set_attribute(&self, sys_id: &SysId, key: &str, value: &str) -> Result<()> {
        const NAME: &str = "servicenow.attachments.set_attribute";
        let body = json!({ "key": key, "value": value });
        let (safety, request) = match self.attributes(sys_id).await?.get(key) {
            Some(before) if before == value => return Ok(()),
            Some(_) => (Safety::Idempotent, Request::put(attributes(sys_id).value(key))),
            None => (Safety::Unsafe, Request::post(attributes(sys_id))),
        };
        self.done(NAME, safety, request.json(&body)).await
    }

    /// Takes an attribute away. `DELETE /api/now/attachment/{sys_id}/attributes/{key}`.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if the file has none of that key; what the call met.
    pub fn remove_attribute(&self, sys_id: &SysId, key: &str) -> Prepared<()> {
        let request = Request::delete(attributes(sys_id).value(key));
        self.done("servicenow.attachments.remove_attribute", Safety::Idempotent, request)
    }

    fn done(&self, name: &'static str, safety: Safety, request: Request) -> Prepared<()> {
        Prepared::new(&self.client, Call::done(name, safety, request), Ok)
    }

    /// Metadata are records of a table, with an API of their own.
    fn table(&self) -> Table<SysAttachment> {
        self.client.table::<SysAttachment>().through(path())
    }

    async fn digest(&self, name: &'static str, file: &NewAttachment) -> Result<Digest> {
        let (body, read) = watched(&file.body, self.max_size);
        let ended = digest::drain(body.open()).await;
        ended.map_err(|error| Error::invalid(name, error.to_string()))?;
        Ok(read.take())
    }

    async fn same(
        &self,
        table: &str,
        sys_id: &SysId,
        file: &NewAttachment,
        digest: &Digest,
    ) -> Result<Option<SysAttachment>> {
        let list = self.list(table, sys_id).collect_all().await?;
        for attachment in list.rows {
            if attachment.file_name.as_str() == Some(&file.file_name) && self.is(&attachment, digest).await? {
                return Ok(Some(attachment));
            }
        }
        match list.unseen {
            None | Some(0) => Ok(None),
            Some(_) => {
                let what = "a file at the record may not be seen, so nobody knows whether this one is there";
                Err(Error::protocol("servicenow.attachments.find_same", what))
            }
        }
    }

    /// Whether a file has this content: by its hash, or by its content if the instance has none yet.
    async fn is(&self, attachment: &SysAttachment, digest: &Digest) -> Result<bool> {
        if attachment.size_bytes.get().is_some_and(|size| u64::try_from(*size) != Ok(digest.size())) {
            return Ok(false);
        }
        if let Some(hash) = attachment.hash.as_str() {
            return Ok(hash.eq_ignore_ascii_case(&digest.sha256()));
        }
        let mut download = self.download(attachment.sys_id()).await?;
        digest::drain(&mut download).await?;
        Ok(download.sha256() == digest.sha256())
    }

    /// What is wrong with a file before it is sent.
    fn flaw(&self, table: &str, file: &NewAttachment) -> Option<String> {
        if !crate::client::valid_table(crate::tables::record_table(table)) {
            return Some("the record's table has a name that no table has".to_owned());
        }
        if file.body.length().is_some_and(|length| length > self.max_size) {
            return Some(format!("the file is longer than {} bytes", self.max_size));
        }
        file.flaw(self.extensions.as_deref())
    }
}

fn path() -> Path {
    Path::new("/api/now/attachment")
}

fn attributes(sys_id: &SysId) -> Path {
    path().value(sys_id).word("attributes")
}

/// What of a new file is not as it was sent.
fn differences(
    made: &SysAttachment,
    table: &str,
    sys_id: &SysId,
    file_name: &str,
    sent: &Digest,
) -> Vec<String> {
    let same_hash = |hash: &String| hash.eq_ignore_ascii_case(&sent.sha256());
    [
        ("table_name", made.table_name.as_str().is_none_or(|name| name == table)),
        ("table_sys_id", made.table_sys_id.get().is_none_or(|id| id == sys_id)),
        ("file_name", made.file_name.as_str().is_none_or(|name| name == file_name)),
        ("size_bytes", made.size_bytes.get().is_none_or(|size| u64::try_from(*size) == Ok(sent.size()))),
        ("hash", made.hash.get().is_none_or(same_hash)),
    ]
    .into_iter()
    .filter(|(_, same)| !same)
    .map(|(field, _)| field.to_owned())
    .collect()
}

fn not_written(fields: Vec<String>) -> ServiceNowProblem {
    let message = format!("the file is not as it was sent: {}", fields.join(", "));
    ServiceNowProblem::found(ProblemKind::NotWritten { fields }, message)
}
