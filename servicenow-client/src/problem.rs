//! What ServiceNow says when it says no, and what its yes was found to hide.

use std::fmt;

use client_core::{Class, Problem, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::id::SysId;

/// The error of this crate's calls.
pub type Error = client_core::Error<ServiceNowProblem>;

/// What this crate's calls answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A refusal, or a success that does not fit what was asked.
///
/// `message` and `detail` are the instance's prose, in the language of the API user and cut to
/// [`TEXT`](Self::TEXT) characters. Decide on [`kind`](Self::kind), show the rest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct ServiceNowProblem {
    /// The answer's status.
    pub status: StatusCode,
    /// The instance's message; ours, if the instance said nothing or did not notice.
    pub message: String,
    /// The instance's detail.
    pub detail: Option<String>,
    /// What it is about.
    pub kind: ProblemKind,
}

/// What a problem is about.
///
/// ServiceNow has no error codes: this is read from the status and the English message. An API user whose
/// language is not English gets the kinds that the status alone tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// No such table, or none that REST may see.
    InvalidTable,
    /// No such API: a wrong path, or a plugin that is not installed.
    UnknownResource,
    /// Another fault in the request.
    Invalid,
    /// The API does not know this method, this form of answer, or this form of body.
    Unsupported,
    /// Bad, missing or expired credentials.
    Unauthenticated,
    /// The instance answered as if to a guest, so the credentials were not used.
    Guest,
    /// An access-control rule: the API user lacks a role. ServiceNow does not say which rule.
    AccessControl {
        /// What was refused, if the answer says so.
        operation: Option<Operation>,
    },
    /// A data policy wants more fields, or these not to be written.
    DataPolicy {
        /// The fields' labels (not their names).
        fields: Vec<String>,
    },
    /// A business rule stopped it.
    BusinessRule {
        /// The rule's name.
        name: String,
        /// The rule: a record of `sys_script`.
        sys_id: Option<SysId>,
    },
    /// The query names a field, or sorts by one, that the API user may not query.
    QueryRights,
    /// It may not be done, for a reason in words that are not known here: those of another language, or of a
    /// script.
    Forbidden,
    /// There is no such record, or none that the API user may see: ServiceNow does not tell the two apart.
    NotFound,
    /// A record with this unique key exists.
    DuplicateKey,
    /// An hourly rate-limit rule.
    RateLimit {
        /// The rule: a record of `sys_rate_limit_rules`.
        rule: Option<SysId>,
    },
    /// All threads for REST are busy and the queue is full. Nothing was done.
    Semaphore,
    /// The session's queue was full and the request was dropped, with a 202. Nothing was done.
    Dropped,
    /// The transaction was cancelled. A list breaks off; a write may have been done.
    Cancelled {
        /// By what.
        cause: Cancellation,
    },
    /// The instance, or what stands before it, failed.
    Unavailable,

    /// A row came back that the query does not allow: a condition was dropped. Nothing it says about other
    /// rows can be believed either.
    NotHonoured {
        /// The field of the condition.
        field: String,
    },
    /// More than one row where one was wanted.
    Ambiguous,
    /// A record was created, and another with the same key is there as well. Look which is in use, then take one
    /// away.
    Twins {
        /// The records, ours among them.
        sys_ids: Vec<SysId>,
    },
    /// Rows match that the API user may not read; or none came and nobody counted.
    Hidden,
    /// The record that came back is another one.
    WrongRecord,
    /// The record that came back is older than the one that a [hint](crate::inbound::Hint) told of: read it later.
    Stale,
    /// The file that came is not the one that is stored, by its size or its hash. Another download may bring it.
    Damaged,
    /// The write was answered as done, and these fields do not have the value that was sent: no such field,
    /// not writable, a choice that does not exist, a value that was cut or changed by a rule.
    NotWritten {
        /// The fields' names.
        fields: Vec<String>,
    },
    /// The write was answered as done, and the look at the record afterwards failed: whether it is as wanted, and the
    /// only one, is not known. The message tells why the look failed.
    NotLookedAt {
        /// The record: it is there.
        sys_id: SysId,
    },
    /// A row was taken by the Import Set API, and a transform map failed on it.
    NotTransformed {
        /// The map's name.
        map: String,
    },
}

/// What an access-control rule refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Creating the record.
    Insert,
    /// Changing the record.
    Update,
    /// Deleting the record.
    Delete,
}

/// What cancelled a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cancellation {
    /// A quota rule: 60 seconds, unless an administrator set another time.
    MaximumTime,
    /// Another transaction of the same session.
    OtherTransaction,
    /// Somebody, by hand.
    User,
    /// The answer does not say.
    Unknown,
}

impl Cancellation {
    fn read(text: &str) -> Self {
        match text {
            _ if text.contains("maximum execution time") => Self::MaximumTime,
            _ if text.contains("by other transaction") => Self::OtherTransaction,
            _ if text.contains("by user") => Self::User,
            _ => Self::Unknown,
        }
    }
}

impl ServiceNowProblem {
    /// How many characters of a message or a detail are kept.
    pub const TEXT: usize = 500;

    /// A problem that the client itself found in a success.
    pub(crate) fn found(kind: ProblemKind, message: impl AsRef<str>) -> Self {
        Self { status: StatusCode::OK, message: bounded(message.as_ref()), detail: None, kind }
    }

    /// What was written, and then could not be looked at.
    pub(crate) fn not_looked_at(sys_id: &SysId, why: &Error) -> Self {
        let message = format!("the record {sys_id} was written, and then not looked at: {why}");
        Self::found(ProblemKind::NotLookedAt { sys_id: sys_id.clone() }, message)
    }

    /// What an error answer says.
    pub(crate) fn read(response: &Response) -> Self {
        let (message, detail) =
            ErrorBody::read(response).map_or((String::new(), None), |error| error.texts());
        let kind = kind(response, &message, detail.as_deref().unwrap_or_default());
        let message = if message.is_empty() { said_by_status(response.status, &kind) } else { message };
        Self {
            status: response.status,
            message: bounded(&message),
            detail: detail.map(|detail| bounded(&detail)),
            kind,
        }
    }

    /// A transaction that was cancelled in the middle of its answer, as `text` tells.
    pub(crate) fn broken_off(status: StatusCode, text: &str) -> Self {
        // Rows may speak of anything: only what follows is about the transaction.
        let said = text.rsplit("Transaction cancel").next().unwrap_or_default();
        let kind = ProblemKind::Cancelled { cause: Cancellation::read(said) };
        let message = "Transaction cancelled: the answer breaks off".into();
        Self { status, message, detail: None, kind }
    }

    /// What may help.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match &self.kind {
            ProblemKind::Unauthenticated => {
                "check the credentials; on newer instances basic authentication is restricted (property \
                 glide.authenticate.basic_auth.restriction.enforce): a user with web_service_access_only passes, or \
                 with the role snc_basic_auth_api_access; an API key or a scope needs a policy for each API"
            }
            ProblemKind::Guest => {
                "the address may lead to a login page, or a proxy may strip the credentials"
            }
            ProblemKind::InvalidTable => {
                "the plugin that brings the table may not be installed, or the table not be open to web services"
            }
            ProblemKind::UnknownResource => {
                "the path may be wrong, or the plugin that brings the API not installed"
            }
            ProblemKind::Invalid if matches!(self.status.as_u16(), 413 | 414 | 431) => {
                "the request is too long: ask for fewer ids or fields at a time"
            }
            ProblemKind::Invalid => {
                "the request is at fault, and will be the next time: the message may tell where"
            }
            ProblemKind::Unsupported => match self.status.as_u16() {
                405 => "this path does not take this method: the API may be of another release",
                406 => "the API answers in another form than application/json",
                _ => "the API takes its body in another form than application/json",
            },
            ProblemKind::AccessControl { operation } => match operation {
                Some(Operation::Insert) => {
                    "the API user needs a role with the right to create on the table and its fields"
                }
                Some(Operation::Update) => {
                    "the API user needs a role with the right to write the record and the fields that were sent"
                }
                Some(Operation::Delete) => "the API user needs a role with the right to delete on the table",
                None => "the API user needs a role that an access-control rule of the table asks for",
            },
            ProblemKind::DataPolicy { .. } => {
                "send these fields too, by their names, not their labels; data policies may ask for more in some \
                 states than in others"
            }
            ProblemKind::BusinessRule { .. } => {
                "the rule's script in sys_script says when it aborts; who administers the instance can change it"
            }
            ProblemKind::QueryRights => {
                "the API user needs the rights query_match and query_range on the fields of the query; newer releases \
                 say the same of a field that does not exist"
            }
            ProblemKind::Forbidden => {
                "the API user may lack a role; with its language set to en the reason is told apart"
            }
            ProblemKind::NotFound => "an access-control rule that hides the record looks the same",
            ProblemKind::DuplicateKey => "a record with this key exists: look it up",
            ProblemKind::RateLimit { .. } => {
                "the rule in sys_rate_limit_rules counts by the hour: ask less often, or for more at a time, or have \
                 the limit raised"
            }
            ProblemKind::Semaphore => {
                "the instance's threads for REST are shared by all integrations: have fewer calls in flight, or wait"
            }
            ProblemKind::Dropped => "have fewer calls in flight in one session",
            ProblemKind::Cancelled { cause } => match cause {
                Cancellation::OtherTransaction => "have one call at a time in a session",
                Cancellation::User => "somebody cancelled it: ask who administers the instance",
                Cancellation::MaximumTime | Cancellation::Unknown => "ask for fewer fields or smaller pages",
            },
            ProblemKind::Unavailable if self.status == StatusCode::NOT_FOUND => {
                "it was not the instance's API that answered: the address may be wrong, or there is maintenance"
            }
            ProblemKind::Unavailable => {
                "the instance restarts, is upgraded, or a script of it failed: its log has the transaction id"
            }
            ProblemKind::NotHonoured { .. } => {
                "the field may not exist on the table, or not be readable for the API user; if it is a date, the \
                 API user's time zone may not be GMT"
            }
            ProblemKind::Ambiguous => "look up by what is unique, or have the duplicates merged",
            ProblemKind::Twins { .. } => "find out which of them is in use, then delete the other",
            ProblemKind::Hidden => "the API user may lack a role, or see active records only",
            ProblemKind::WrongRecord => {
                "with glide.rest.table_api.admin_only_sys_fields set, only an admin may choose a sys_id"
            }
            ProblemKind::Damaged => "the file was changed on the way or meanwhile: ask again",
            ProblemKind::NotTransformed { .. } => {
                "the transform map decides: its script, its coalesce fields, or a rule of the target table refused the row"
            }
            ProblemKind::Stale => "a copy of the database that is behind may have answered: read again later",
            ProblemKind::NotLookedAt { .. } => "do not write it again before you have read it",
            ProblemKind::NotWritten { .. } => {
                "the fields may not exist on the table, not be writable for the API user, be limited to other \
                 choices, or be set by a business rule"
            }
        }
    }
}

impl Problem for ServiceNowProblem {
    fn class(&self) -> Class {
        use ProblemKind as K;
        match &self.kind {
            K::InvalidTable
            | K::UnknownResource
            | K::Invalid
            | K::Unsupported
            | K::DataPolicy { .. }
            | K::NotHonoured { .. }
            | K::Ambiguous
            | K::WrongRecord
            | K::Damaged
            | K::NotWritten { .. }
            | K::NotLookedAt { .. }
            | K::NotTransformed { .. } => Class::Invalid,
            K::Unauthenticated | K::Guest => Class::Unauthenticated,
            K::AccessControl { .. } | K::QueryRights | K::Forbidden | K::Hidden => Class::Forbidden,
            K::BusinessRule { .. } => Class::WrongState,
            K::NotFound => Class::NotFound,
            K::DuplicateKey | K::Twins { .. } => Class::Conflict,
            K::RateLimit { .. } | K::Semaphore => Class::RateLimited,
            K::Dropped | K::Stale => Class::Busy,
            K::Cancelled { .. } => Class::Exhausted,
            K::Unavailable => Class::Unavailable,
        }
    }
}

impl fmt::Display for ServiceNowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(detail) = &self.detail {
            write!(f, " ({detail})")?;
        }
        write!(f, "; {}", self.hint())
    }
}

/// The `error` member of an answer: an object on `/api/now`, a text where OAuth speaks.
pub(crate) struct ErrorBody(Json);

impl ErrorBody {
    /// The `error` member, if the body is JSON and has one; or what SCIM says.
    pub(crate) fn read(response: &Response) -> Option<Self> {
        let mut envelope: Envelope = serde_json::from_slice(&response.body).ok()?;
        envelope.error.take().or_else(|| envelope.of_scim()).map(Self)
    }

    fn texts(&self) -> (String, Option<String>) {
        let text = |name: &str| self.0.get(name).and_then(Json::as_str).map(str::to_owned);
        let message = text("message").or_else(|| self.0.as_str().map(str::to_owned));
        (message.unwrap_or_default(), text("detail"))
    }
}

/// What of a body may be an error. SCIM's stands at the top, as the standard has it, or in `errors`, as ServiceNow
/// documents it.
#[derive(Deserialize)]
struct Envelope {
    error: Option<Json>,
    errors: Option<Json>,
    schemas: Option<Json>,
    detail: Option<Json>,
    #[serde(rename = "scimType")]
    scim_type: Option<Json>,
}

impl Envelope {
    /// SCIM's error in the form of the other APIs'.
    fn of_scim(self) -> Option<Json> {
        let error = match self.errors {
            Some(Json::Array(errors)) => errors.into_iter().next()?,
            Some(error) => error,
            None => {
                let mut schemas = self.schemas.as_ref()?.as_array()?.iter().filter_map(Json::as_str);
                schemas.find(|schema| *schema == "urn:ietf:params:scim:api:messages:2.0:Error")?;
                json!({ "detail": self.detail, "scimType": self.scim_type })
            }
        };
        Some(json!({ "message": error.get("detail")?, "detail": error.get("scimType") }))
    }
}

/// Status first, then message, for there is no code.
fn kind(response: &Response, message: &str, detail: &str) -> ProblemKind {
    let says = |text: &str| message.contains(text) || detail.contains(text);
    if says("Unique Key violation") || detail == "uniqueness" {
        return ProblemKind::DuplicateKey;
    }
    // A part of a batch that was under way when its time was up, with whatever status.
    if says("maximum execution time exceeded") {
        return ProblemKind::Cancelled { cause: Cancellation::MaximumTime };
    }
    match response.status.as_u16() {
        202 => ProblemKind::Dropped,
        200..=299 => ProblemKind::Cancelled { cause: Cancellation::read(&format!("{message} {detail}")) },
        400 if message.starts_with("Invalid table") => ProblemKind::InvalidTable,
        400 if says("does not represent any resource") => ProblemKind::UnknownResource,
        401 => ProblemKind::Unauthenticated,
        403 => forbidden(message, detail),
        404 if ErrorBody::read(response).is_some() => ProblemKind::NotFound,
        405 | 406 | 415 => ProblemKind::Unsupported,
        409 => ProblemKind::DuplicateKey,
        429 => busy(response, says("Rate limit")),
        // A load balancer's page, or another server's: of the record it says nothing.
        404 | 408 | 499 | 500..=599 => ProblemKind::Unavailable,
        _ => ProblemKind::Invalid,
    }
}

fn forbidden(message: &str, detail: &str) -> ProblemKind {
    if message.contains("Insufficient rights to query") {
        return ProblemKind::QueryRights;
    }
    if detail.contains("Data Policy Exception") {
        let fields = detail.rsplit(':').next().unwrap_or_default();
        let fields = fields.split(',').map(bounded).filter(|field| !field.is_empty()).collect();
        return ProblemKind::DataPolicy { fields };
    }
    if let Some((name, sys_id)) = detail.split('\'').find_map(rule) {
        return ProblemKind::BusinessRule { name: bounded(name), sys_id: Some(sys_id) };
    }
    if let Some((_, name)) = detail.split_once("aborted by Business Rule '") {
        let name = bounded(name.split('\'').next().unwrap_or_default());
        return ProblemKind::BusinessRule { name, sys_id: None };
    }
    if detail.contains("ACL") || message.contains("ACL") {
        return ProblemKind::AccessControl { operation: operation(detail) };
    }
    ProblemKind::Forbidden
}

/// `Name^<sys_id>`: how a rule is quoted, in whatever language.
fn rule(quoted: &str) -> Option<(&str, SysId)> {
    let (name, sys_id) = quoted.rsplit_once('^')?;
    let hex = sys_id.len() == 32 && sys_id.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((name, sys_id.parse().ok().filter(|_| hex)?))
}

fn operation(detail: &str) -> Option<Operation> {
    let words = [("Insert", Operation::Insert), ("Update", Operation::Update), ("Delete", Operation::Delete)];
    words.into_iter().find(|(word, _)| detail.contains(word)).map(|(_, operation)| operation)
}

/// A rule names itself, or how long to wait. All threads being busy has neither.
fn busy(response: &Response, says_so: bool) -> ProblemKind {
    let rule = response.header("x-ratelimit-rule").and_then(|rule| rule.parse().ok());
    if says_so || rule.is_some() || response.header("retry-after").is_some() {
        ProblemKind::RateLimit { rule }
    } else {
        ProblemKind::Semaphore
    }
}

fn said_by_status(status: StatusCode, kind: &ProblemKind) -> String {
    match kind {
        ProblemKind::Dropped => "the session's queue was full and the request was dropped".into(),
        ProblemKind::Semaphore => "all threads for REST are busy and the queue is full".into(),
        ProblemKind::Guest => "the answer was given to a guest: the credentials were not used".into(),
        _ => status.canonical_reason().unwrap_or("an error without a message").to_lowercase(),
    }
}

/// One line of at most [`ServiceNowProblem::TEXT`] characters.
fn bounded(text: &str) -> String {
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    text.trim().chars().map(printable).take(ServiceNowProblem::TEXT).collect()
}
