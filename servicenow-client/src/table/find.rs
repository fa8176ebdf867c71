//! Looking up the one record that matches, before anything is written.

use client_core::{Call, DecodeError, Request, Response};

use super::read::{Listed, Unread};
use super::{Table, total};
use crate::problem::{Cancellation, ProblemKind, Result};
use crate::query::Query;
use crate::record::{RawRecord, Record};
use crate::value::{DisplayMode, Row};

const NAME: &str = "servicenow.table.find_one";

impl<T: Record> Table<T> {
    /// The one record that matches, for look-ups that decide what is written.
    /// `GET /api/now/table/{table}?sysparm_query=…`.
    ///
    /// The query needs a condition of equality, and the row that comes back is compared with it. "None" is
    /// only said when the instance counted none, since a twin would be made of a record that is hidden, and
    /// when the fields of the query were seen in the table: with `glide.invalid_query.returns_no_rows` an
    /// instance finds nothing where a field does not exist. That takes one more call, the first time that a
    /// field of a table finds nothing.
    ///
    /// # Errors
    ///
    /// [`Ambiguous`](ProblemKind::Ambiguous) if more than one matches, [`Hidden`](ProblemKind::Hidden) if one
    /// matches that may not be read, or nobody can tell; [`NotHonoured`](ProblemKind::NotHonoured) if a row does
    /// not match, or a field of the query does not show.
    pub async fn find_one(&self, query: impl Into<Query>) -> Result<Option<T>> {
        let query = query.into();
        let mut request = self.listing(&query, &[], &[]).query("sysparm_limit", 2);
        if query.encoded().is_ok() && !query.can_be_checked() {
            request = request.flawed("a look-up needs a condition of equality, in each alternative");
        }
        if self.display == DisplayMode::Labels {
            request = request.flawed("a look-up compares values, not labels");
        }
        let (rows, call, response) = self.rows(NAME, request).await?;
        let counted = total(&response);
        let (matches, hidden) = (rows.len(), rows.iter().filter(|row| row.is_hidden()).count());
        let unreadable = |fault| self.client.pipeline.unreadable(&call, &response, fault);
        let wanted: Vec<&str> = query.checked_fields().collect();
        for row in rows.iter().filter(|row| !row.is_hidden()) {
            self.check(&query, &call, &response, &row.row(&wanted).map_err(unreadable)?)?;
        }
        if matches > 1 {
            let message = "more than one record matches";
            return Err(self.found(&call, &response, ProblemKind::Ambiguous, message));
        }
        if matches == 0 && counted.is_none() {
            let message = "no record came, and the instance did not count how many match";
            return Err(self.found(&call, &response, ProblemKind::Hidden, message));
        }
        if hidden > 0 || counted.is_some_and(|counted| counted > matches as u64) {
            let message = "a record matches that may not be read";
            return Err(self.found(&call, &response, ProblemKind::Hidden, message));
        }
        match rows.first() {
            Some(row) => {
                self.learn(wanted.into_iter());
                row.record().map(Some).map_err(unreadable)
            }
            // It is meant, and not what comes of a field that the table does not have.
            None => self.has_fields_of(NAME, &query).await.map(|()| None),
        }
    }

    /// Makes sure that the table has the fields that a query names. Any row shows that, and no row in the whole table
    /// is as good.
    pub(crate) async fn has_fields_of(&self, name: &'static str, query: &Query) -> Result<()> {
        let known = |field: &&str| self.client.known.has(&self.name, field);
        let unknown: Vec<&str> = query.fields().filter(|field| !known(field)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let table = Table::<RawRecord>::new(self.client.clone(), self.name.clone(), Vec::new());
        let request = table
            .select(unknown.iter().copied())
            .reading(Request::get(self.path()), &[])
            .query("sysparm_suppress_pagination_header", true)
            // A few, as the first may be hidden.
            .query("sysparm_limit", 10);
        let (rows, call, response) = self.rows(name, request).await?;
        let rows: Vec<_> = rows.into_iter().filter(|row| !row.is_hidden()).collect();
        if rows.is_empty() && total(&response) == Some(0) {
            return Ok(());
        }
        if rows.is_empty() {
            let message =
                "no record of the table came: whether it has the fields of the query cannot be told";
            return Err(self.found(&call, &response, ProblemKind::Hidden, message));
        }
        let rows: Result<Vec<Row>, DecodeError> = rows.iter().map(|row| row.row(&unknown)).collect();
        let rows = rows.map_err(|fault| self.client.pipeline.unreadable(&call, &response, fault))?;
        let shows = |field: &str| rows.iter().any(|row| row.text(field).is_some());
        if let Some(field) = unknown.iter().find(|field| !shows(field)) {
            let message = format!("no record of the table shows a `{field}`, which the query names");
            let kind = ProblemKind::NotHonoured { field: (*field).to_owned() };
            return Err(self.found(&call, &response, kind, &message));
        }
        self.learn(unknown.into_iter());
        Ok(())
    }

    /// A page of rows, not read yet.
    pub(super) async fn rows(
        &self,
        name: &'static str,
        request: Request,
    ) -> Result<(Vec<Unread>, Call<Listed>, Response)> {
        let call = Call::<()>::read(name, request).with_decode(Listed::read);
        match self.client.pipeline.send_with_response(&call).await? {
            (Listed::Rows(rows), response) => Ok((rows, call, response)),
            (Listed::Cut, response) => {
                let kind = ProblemKind::Cancelled { cause: Cancellation::Unknown };
                Err(self.found(&call, &response, kind, "the answer breaks off"))
            }
        }
    }

    fn learn<'a>(&self, fields: impl Iterator<Item = &'a str>) {
        for field in fields {
            self.client.known.add(&self.name, field);
        }
    }
}
