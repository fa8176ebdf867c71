//! Mail that the instance sends: `/api/now/v1/email`.
//!
//! ```
//! # async fn example(servicenow: servicenow_client::ServiceNowClient, ticket: servicenow_client::SysId) -> servicenow_client::Result<()> {
//! use servicenow_client::email::NewEmail;
//!
//! let mail = NewEmail::new("Your account is ready").to("Ann Lee <ann.lee@example.com>").text("Welcome!").about("sc_req_item", &ticket);
//! let id = servicenow.email().send(&mail).await?;
//! let kind = servicenow.email().get(&id).await?.kind; // send-ready, then sent
//! # Ok(()) }
//! ```

use std::collections::BTreeMap;
use std::fmt;

use client_core::{Call, Path, Request, Safety, open_enum};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json};

use crate::client::{ServiceNowClient, result, valid_table};
use crate::id::SysId;
use crate::prepared::Prepared;
use crate::problem::{ProblemKind, ServiceNowProblem};

/// How many addresses each list of recipients may have.
const MOST_ADDRESSES: usize = 100;

/// Headers that have a method of their own, or are the instance's to set.
const RESERVED: [&str; 10] = [
    "to",
    "cc",
    "bcc",
    "from",
    "sender",
    "subject",
    "content-type",
    "content-transfer-encoding",
    "mime-version",
    "reply-to",
];

/// Mail that the instance sends, and what became of it.
#[derive(Debug, Clone)]
pub struct Emails {
    client: ServiceNowClient,
}

impl Emails {
    pub(crate) fn new(client: ServiceNowClient) -> Self {
        Self { client }
    }

    /// Makes a record in `sys_email` that the instance sends as soon as it can, and tells its id.
    /// `POST /api/now/v1/email`. Needs the role `email_api_send`.
    ///
    /// Never repeated after an ambiguous end, since it would be sent twice: look for its subject in `sys_email`.
    ///
    /// # Errors
    ///
    /// Refused unsent if somebody could be added to the recipients by what stands in an address, a subject or a header,
    /// if there are more than 100 addresses in a list, or nobody to send it to.
    pub fn send(&self, email: &NewEmail) -> Prepared<SysId> {
        #[derive(Deserialize)]
        struct Sent {
            id: SysId,
        }
        let request = Request::post(Path::new("/api/now/v1/email"));
        let request = match email.flaw() {
            Some(flaw) => request.flawed(flaw),
            None => request.json(email),
        };
        let call = Call::<Sent>::write("servicenow.email.send", Safety::Unsafe, request).with_decode(result);
        Prepared::new(&self.client, call, |sent: Sent| Ok(sent.id))
    }

    /// A mail, and what became of it. `GET /api/now/v1/email/{id}`.
    ///
    /// # Errors
    ///
    /// [`is_forbidden`](crate::Error::is_forbidden) if there is none, too: the instance does not tell the two apart.
    pub fn get(&self, id: &SysId) -> Prepared<Email> {
        let wanted = id.clone();
        let request = Request::get(Path::new("/api/now/v1/email").value(id));
        let call = Call::<Email>::read("servicenow.email.get", request).with_decode(result);
        Prepared::new(&self.client, call, move |email: Email| {
            if email.id == wanted {
                return Ok(email);
            }
            let message = format!("the mail that came back is {}, not {wanted}", email.id);
            Err(ServiceNowProblem::found(ProblemKind::WrongRecord, message))
        })
    }
}

/// A mail to be sent.
#[derive(Clone, Serialize)]
#[must_use]
pub struct NewEmail {
    to: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cc: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bcc: Vec<String>,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_record_id: Option<SysId>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, String>,
}

impl NewEmail {
    /// A mail with this subject: one line.
    pub fn new(subject: impl Into<String>) -> Self {
        Self {
            to: Vec::new(),
            cc: Vec::new(),
            bcc: Vec::new(),
            subject: subject.into(),
            text: None,
            html: None,
            table_name: None,
            table_record_id: None,
            headers: BTreeMap::new(),
        }
    }

    /// Adds somebody to whom it goes: `ann@example.com`, or `Ann Lee <ann@example.com>`. One address a call.
    pub fn to(mut self, address: impl Into<String>) -> Self {
        self.to.push(address.into());
        self
    }

    /// Adds somebody who gets a copy.
    pub fn cc(mut self, address: impl Into<String>) -> Self {
        self.cc.push(address.into());
        self
    }

    /// Adds somebody who gets a copy and is not named.
    pub fn bcc(mut self, address: impl Into<String>) -> Self {
        self.bcc.push(address.into());
        self
    }

    /// What it says, as text.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// What it says, as HTML. Escape what comes from outside.
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }

    /// The record that it is about: it shows among that record's activities.
    pub fn about(mut self, table: impl Into<String>, record: &SysId) -> Self {
        self.table_name = Some(table.into());
        self.table_record_id = Some(record.clone());
        self
    }

    /// A header of your own: `X-Run`.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Why it cannot be sent.
    fn flaw(&self) -> Option<String> {
        if self.to.is_empty() {
            return Some("a mail needs somebody to whom it goes".to_owned());
        }
        for (list, addresses) in [("to", &self.to), ("cc", &self.cc), ("bcc", &self.bcc)] {
            if addresses.len() > MOST_ADDRESSES {
                return Some(format!("`{list}` has more than {MOST_ADDRESSES} addresses"));
            }
            if !addresses.iter().all(|address| is_one_address(address)) {
                return Some(format!("`{list}` holds what is not one address, like ann@example.com"));
            }
        }
        if self.subject.contains(char::is_control) {
            return Some("the subject holds a line break or another control character".to_owned());
        }
        if self.table_name.as_ref().is_some_and(|table| !valid_table(table)) {
            return Some("the record's table has a name that no table has".to_owned());
        }
        let odd = self
            .headers
            .iter()
            .find(|(name, value)| !is_own_header(name) || value.contains(char::is_control));
        odd.map(|_| {
            "a header has a name that is none or is reserved, or a value that is more than one line"
                .to_owned()
        })
    }
}

/// `a@b`, or `Name <a@b>`. A comma or a semicolon would make two of it.
fn is_one_address(text: &str) -> bool {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>'),
        None => Some(text),
    };
    let Some((mailbox, domain)) = address.and_then(|address| address.split_once('@')) else { return false };
    let plain = |c: char| !c.is_control() && !matches!(c, ',' | ';');
    let bare =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "<>@\"".contains(c));
    text.chars().all(plain) && bare(mailbox) && bare(domain)
}

fn is_own_header(name: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    !name.is_empty()
        && name.bytes().all(token)
        && !RESERVED.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// Whom it goes to and what it says is not shown.
impl fmt::Debug for NewEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEmail")
            .field("recipients", &(self.to.len() + self.cc.len() + self.bcc.len()))
            .field("table_name", &self.table_name)
            .field("table_record_id", &self.table_record_id)
            .finish_non_exhaustive()
    }
}

open_enum! {
    /// What a mail is, and what became of it.
    pub enum EmailKind {
        /// It will be sent.
        SendReady = "send-ready",
        /// It was sent.
        Sent = "sent",
        /// It could not be sent.
        SendFailed = "send-failed",
        /// It will not be sent: sending is off, or nobody is left to send it to.
        SendIgnored = "send-ignored",
        /// It came in.
        Received = "received",
        /// It came in, and nothing was done with it.
        ReceivedIgnored = "received-ignored",
    }
}

/// A mail of the instance: a record of `sys_email`.
#[derive(Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Email {
    /// The record's key.
    pub id: SysId,
    /// What it is, and what became of it.
    #[serde(rename = "type")]
    pub kind: EmailKind,
    /// How far the instance's jobs are with it: `ready`, `processed`, `error`, `ignored`.
    #[serde(default)]
    pub state: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
    /// The subject.
    #[serde(default)]
    pub subject: Option<String>,
    /// Whom it goes to.
    #[serde(default, deserialize_with = "addresses")]
    pub to: Vec<String>,
    /// Who gets a copy.
    #[serde(default, deserialize_with = "addresses")]
    pub cc: Vec<String>,
    /// Who gets a copy and is not named.
    #[serde(default, deserialize_with = "addresses")]
    pub bcc: Vec<String>,
    /// What it says, as text.
    #[serde(default)]
    pub text: Option<String>,
    /// What it says, as HTML.
    #[serde(default)]
    pub html: Option<String>,
    /// Its headers.
    #[serde(default)]
    pub headers: Map<String, Json>,
    /// What else came.
    #[serde(flatten)]
    pub extra: Map<String, Json>,
}

/// An empty list comes as a list of one empty address.
fn addresses<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    let mut addresses = Option::<Vec<String>>::deserialize(source)?.unwrap_or_default();
    addresses.retain(|address| !address.is_empty());
    Ok(addresses)
}

/// Who wrote to whom, and what, is not shown.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
