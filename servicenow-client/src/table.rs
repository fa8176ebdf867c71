//! The Table API: `/api/now/table/{table}`.

mod changes;
mod find;
mod once;
mod password;
mod read;
mod rows;
mod unchanged;
mod written;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use client_core::{Call, Path, Request, Response, Safety};
use http::Method;
use serde::Serialize;
use serde_json::{Map, Value as Json};

pub use self::changes::Changes;
pub use self::once::Once;
use self::read::Read;
pub use self::rows::{Collected, Rows};
pub use self::unchanged::Updated;
use crate::aggregate::Aggregate;
use crate::client::{ServiceNowClient, valid_table};
use crate::id::SysId;
use crate::prepared::Prepared;
use crate::problem::{Error, ProblemKind, Result, ServiceNowProblem};
use crate::query::{Query, valid_field};
use crate::record::Record;
use crate::value::{DisplayMode, Row};

/// A table of an instance. Cheap to clone.
///
/// Records are read as stored (`sysparm_display_value=false`), references as bare ids
/// (`sysparm_exclude_reference_link=true`), and with `sys_id` always.
pub struct Table<T> {
    client: ServiceNowClient,
    name: Cow<'static, str>,
    /// Where its records are, if not in the Table API.
    path: Option<Path>,
    /// The fields to read; none for all.
    fields: Vec<Cow<'static, str>>,
    display: DisplayMode,
    view: Option<String>,
    category: Option<String>,
    across_domains: bool,
    record: PhantomData<fn() -> T>,
}

impl<T: Record> Table<T> {
    pub(crate) fn new(
        client: ServiceNowClient,
        name: Cow<'static, str>,
        fields: Vec<Cow<'static, str>>,
    ) -> Self {
        Self {
            client,
            name,
            path: None,
            fields,
            display: DisplayMode::default(),
            view: None,
            category: None,
            across_domains: false,
            record: PhantomData,
        }
    }

    pub(crate) fn client(&self) -> &ServiceNowClient {
        &self.client
    }

    /// The same table, read through an API of its own.
    pub(crate) fn through(mut self, path: Path) -> Self {
        self.path = Some(path);
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads these fields only, dot-walked ones (`request.requested_for`) too, and `sys_id`.
    ///
    /// Names that do not exist or are not readable are left out of the answer without an error.
    pub fn select<F: Into<String>>(mut self, fields: impl IntoIterator<Item = F>) -> Self {
        self.fields = fields.into_iter().map(|field| Cow::Owned(field.into())).collect();
        self
    }

    /// Reads in another mode. Typed fields can be read from [`Values`](DisplayMode::Values) and
    /// [`Both`](DisplayMode::Both); [`Labels`](DisplayMode::Labels) are for [raw](crate::RawRecord) records
    /// and people, and are not compared with the query.
    pub fn display(mut self, mode: DisplayMode) -> Self {
        self.display = mode;
        self
    }

    /// Reads the fields of a view (`sysparm_view`: `desktop`, `mobile`, `both`, or one of your own) where none are
    /// [selected](Self::select), as for raw records.
    pub fn view(mut self, view: impl Into<String>) -> Self {
        self.view = Some(view.into());
        self
    }

    /// Names the category of lists (`sysparm_query_category`), by which an administrator may have given them an index.
    pub fn query_category(mut self, category: impl Into<String>) -> Self {
        self.category = Some(category.into());
        self
    }

    /// Reads and changes records of all domains (`sysparm_query_no_domain`), not only of the API user's. For administrators
    /// and the role `query_no_domain_table_api`; records are created in the user's domain all the same.
    pub fn across_domains(mut self) -> Self {
        self.across_domains = true;
        self
    }

    /// The record with this id. `GET /api/now/table/{table}/{sys_id}`.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if there is none, or none that the API user may see;
    /// [`WrongRecord`](ProblemKind::WrongRecord) if another came. See [`find`](Self::find).
    pub fn get(&self, sys_id: &SysId) -> Prepared<T> {
        self.get_if(sys_id, |_| Ok(()))
    }

    /// Like [`get`](Self::get), for who finds fault with some records.
    pub(crate) fn get_if(
        &self,
        sys_id: &SysId,
        check: impl Fn(&Row) -> Result<(), ServiceNowProblem> + Send + Sync + 'static,
    ) -> Prepared<T> {
        let request = self.reading(Request::get(self.path().value(sys_id)), &[]);
        let call = Call::<Json>::read("servicenow.table.get", request).with_decode(Read::<T>::one);
        let wanted = sys_id.clone();
        Prepared::new(&self.client, call, move |read| {
            let read = read.exactly(&wanted)?;
            check(&read.row)?;
            Ok(read.record)
        })
    }

    /// Like [`get`](Self::get), with none for what does not exist or is hidden.
    ///
    /// # Errors
    ///
    /// What the call met, but not that there is no such record.
    pub async fn find(&self, sys_id: &SysId) -> Result<Option<T>> {
        match self.get(sys_id).await {
            Err(error) if error.is_not_found() => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// All records that match, as a stream that knows whether it saw them all.
    /// `GET /api/now/table/{table}?sysparm_query=…`, a page at a time.
    pub fn list(&self, query: impl Into<Query>) -> Rows<T> {
        Rows::new(self.clone(), query.into())
    }

    /// A question for numbers about the records that match: how many, the mean of a field, and so on.
    /// `GET /api/now/stats/{table}`.
    pub fn aggregate(&self, query: impl Into<Query>) -> Aggregate {
        let raw = Table::new(self.client.clone(), self.name.clone(), Vec::new());
        Aggregate::new(raw, self.path_in("/api/now/stats"), query.into())
    }

    /// Creates a record. `POST /api/now/table/{table}`.
    ///
    /// Never repeated after an ambiguous end: look for what you made before you make it again, or let
    /// [`create_once`](Self::create_once) do so. The record that comes back is compared with what was sent, as with
    /// [`update`](Self::update).
    ///
    /// Requests of the service catalog and their items are [ordered](crate::catalog::Catalog::order), not created: an
    /// inserted one has no variables and no flow, so it is refused here.
    ///
    /// # Errors
    ///
    /// [`NotWritten`](ProblemKind::NotWritten) if fields do not have the value sent: the record exists, under the id that
    /// the message names. Else what the call met.
    pub fn create(&self, fields: &impl Serialize) -> Prepared<T> {
        self.inserting(object(fields), None)
    }

    /// Creates a record under an id of ours ([`SysId::derived`]), so that a second insert hits the primary key
    /// ([`is_conflict`](Error::is_conflict)). [`create_once`](Self::create_once) looks before and after.
    ///
    /// # Errors
    ///
    /// [`WrongRecord`](ProblemKind::WrongRecord) if the instance took another id: the record exists, under
    /// the id that the message names. The system property
    /// `glide.rest.table_api.admin_only_sys_fields` decides who may choose. [`NotWritten`](ProblemKind::NotWritten) as for
    /// [`create`](Self::create).
    pub fn create_as(&self, sys_id: &SysId, fields: &impl Serialize) -> Prepared<T> {
        let body = object(fields).map(|mut body| {
            body.insert("sys_id".into(), sys_id.as_str().into());
            body
        });
        self.inserting(body, Some(sys_id.clone()))
    }

    /// Changes the named fields and no others; `""` clears one. `PATCH /api/now/table/{table}/{sys_id}`.
    ///
    /// The record that comes back is compared with what was sent, for a 200 may have dropped some of it.
    /// Journal fields (`work_notes`, `comments`) cannot be compared; with one of them the call is not
    /// repeated after an ambiguous end, as it would add the text again. Other tables' own journal fields are
    /// not known here: write those with [`Journal::add`](crate::journal::Journal::add).
    ///
    /// # Errors
    ///
    /// [`NotWritten`](ProblemKind::NotWritten) names the fields that do not have the value sent;
    /// [`is_not_found`](Error::is_not_found) if there is no such record.
    pub fn update(&self, sys_id: &SysId, fields: &impl Serialize) -> Prepared<T> {
        self.changing(sys_id, fields, &[], |read| read.record)
    }

    /// Deletes a record. `DELETE /api/now/table/{table}/{sys_id}`.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if it is not there, or is hidden. Not if an earlier attempt may have
    /// deleted it, its answer being lost: then it is gone, as was wanted, and that is `Ok`.
    pub fn delete(&self, sys_id: &SysId) -> Prepared<()> {
        let request = Request::delete(self.path().value(sys_id));
        let call = Call::done("servicenow.table.delete", Safety::Idempotent, request);
        Prepared::new(&self.client, call, Ok)
    }

    /// Changes fields, reads back these and `more`, and compares.
    fn changing<U: 'static>(
        &self,
        sys_id: &SysId,
        fields: &impl Serialize,
        more: &[&str],
        answer: impl Fn(Read<T>) -> U + Send + Sync + 'static,
    ) -> Prepared<U> {
        let body = object(fields);
        let sent = body.as_ref().ok().cloned().unwrap_or_default();
        let names: Vec<&str> = sent.keys().map(String::as_str).chain(more.iter().copied()).collect();
        let safety = if written::has_journal(&sent) { Safety::Unsafe } else { Safety::Idempotent };
        let request = self.writing(Request::patch(self.path().value(sys_id)), &names);
        let call = Call::<Json>::write("servicenow.table.update", safety, with_body(request, body))
            .with_decode(Read::<T>::one);
        let wanted = sys_id.clone();
        Prepared::new(&self.client, call, move |read: Read<T>| {
            let read = read.exactly(&wanted)?;
            written::check(&sent, &read.row)?;
            Ok(answer(read))
        })
    }

    fn creating(&self, body: Result<Map<String, Json>, String>, more: &[&str]) -> Call<Read<T>> {
        let mut request = self.writing(Request::post(self.path()), more);
        if matches!(&*self.name, "sc_request" | "sc_req_item") {
            request = request
                .flawed("a request made like this has no variables and no flow: order it, by catalog()");
        }
        Call::<Json>::write("servicenow.table.create", Safety::Unsafe, with_body(request, body))
            .with_decode(Read::<T>::one)
    }

    /// Creates a record, reads back what was sent, and compares.
    fn inserting(&self, body: Result<Map<String, Json>, String>, wanted: Option<SysId>) -> Prepared<T> {
        let sent = body.as_ref().ok().cloned().unwrap_or_default();
        let names: Vec<&str> = sent.keys().map(String::as_str).collect();
        let call = self.creating(body, &names);
        Prepared::new(&self.client, call, move |read: Read<T>| {
            let read = match &wanted {
                Some(sys_id) => read.exactly(sys_id)?,
                None => read,
            };
            written::check_new(&sent, &read.row, read.record.sys_id())?;
            Ok(read.record)
        })
    }

    /// Compares a row with the query it came for.
    fn check<C>(&self, query: &Query, call: &Call<C>, response: &Response, row: &Row) -> Result<()> {
        if self.display == DisplayMode::Labels {
            return Ok(());
        }
        let Some(field) = query.broken_by(row) else { return Ok(()) };
        let message = match row.text(field) {
            Some(_) => format!("the query was not honoured: a row has another `{field}` than asked for"),
            None => format!("the query cannot be trusted: rows come without `{field}`"),
        };
        let kind = ProblemKind::NotHonoured { field: field.to_owned() };
        Err(self.found(call, response, kind, &message))
    }

    fn found<C>(&self, call: &Call<C>, response: &Response, kind: ProblemKind, message: &str) -> Error {
        self.client.distrust(call, response, ServiceNowProblem::found(kind, message))
    }

    fn path(&self) -> Path {
        self.path.clone().unwrap_or_else(|| self.path_in("/api/now/table"))
    }

    fn path_in(&self, api: &'static str) -> Path {
        match &self.name {
            Cow::Borrowed(name) if valid_table(name) => Path::new(api).word(name),
            name => Path::new(api).value(name),
        }
    }

    /// A request for the rows of a query, within more conditions.
    fn listing(&self, query: &Query, bounds: &[String], order: &[&str]) -> Request {
        let checked: Vec<&str> = query.checked_fields().collect();
        let mut request = self.reading(Request::get(self.path()), &checked);
        if self.fields.is_empty() && checked.iter().any(|field| field.contains('.')) {
            request =
                request.flawed("select the fields to read: only then dot-walked conditions can be checked");
        }
        request = request.query_opt("sysparm_query_category", self.category.as_ref());
        match query.encode(bounds, order) {
            Ok(text) => request
                .query_opt("sysparm_query", (!text.is_empty()).then_some(text))
                .query("sysparm_suppress_pagination_header", true),
            Err(flaw) => request.flawed(flaw.to_string()),
        }
    }

    /// Adds how to read what was written. Labels cannot be compared with what was sent.
    fn writing(&self, request: Request, more: &[&str]) -> Request {
        let request = self.reading(request, more);
        match self.display {
            DisplayMode::Labels => {
                request.flawed("what was written is compared by value: read labels afterwards")
            }
            DisplayMode::Values | DisplayMode::Both => request,
        }
    }

    /// Adds how, and which fields, to read.
    fn reading(&self, request: Request, more: &[&str]) -> Request {
        // In mode `true` the link is all that tells a reference's id.
        let links = self.display == DisplayMode::Labels;
        let mut request = request
            .query("sysparm_display_value", self.display.parameter())
            .query("sysparm_exclude_reference_link", !links)
            .query_opt("sysparm_view", self.view.as_ref());
        if self.across_domains && request.method() != Method::POST {
            request = request.query("sysparm_query_no_domain", true);
        }
        if self.name.is_empty() {
            request = request.flawed("raw records have no table of their own: use records(name)");
        }
        if self.fields.is_empty() {
            return request;
        }
        let mut names = vec!["sys_id"];
        for name in self.fields.iter().map(AsRef::as_ref).chain(more.iter().copied()) {
            if !valid_field(name) || name.ends_with("user_password") {
                return request.flawed("a field to read has a name that no field has, or is a password");
            }
            if !names.contains(&name) {
                names.push(name);
            }
        }
        request.query("sysparm_fields", names.join(","))
    }
}

/// The fields to write, if they are that.
fn object(fields: &impl Serialize) -> Result<Map<String, Json>, String> {
    let Ok(Json::Object(body)) = serde_json::to_value(fields) else {
        return Err("the fields to write must be an object".into());
    };
    if body.contains_key("user_password") {
        return Err("a password sent like this is stored in clear: use set_password".into());
    }
    if !body.keys().all(|name| valid_field(name)) {
        return Err("a field to write has a name that no field has".into());
    }
    match body.iter().find(|(_, value)| value.is_object() || value.is_array()) {
        Some((name, _)) => {
            Err(format!("`{name}` is neither text nor number nor boolean; lists are texts with commas"))
        }
        None => Ok(body),
    }
}

fn with_body(request: Request, body: Result<Map<String, Json>, String>) -> Request {
    match body {
        Ok(body) => request.json(&body),
        Err(why) => request.flawed(why),
    }
}

/// How many rows match, in the instance's count.
fn total(response: &Response) -> Option<u64> {
    response.header("x-total-count")?.trim().parse().ok()
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            name: self.name.clone(),
            path: self.path.clone(),
            fields: self.fields.clone(),
            display: self.display,
            view: self.view.clone(),
            category: self.category.clone(),
            across_domains: self.across_domains,
            record: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({})", self.name)
    }
}
