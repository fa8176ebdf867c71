//! What ServiceNow says when it says no, and what its yes was found to hide.

use std::fmt;

use client_core::{Class, Problem, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Json, json};

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
    /// Bad, missing or expired credentials.
    Unauthenticated,
    /// The instance answered as if to a guest, so the credentials were not used.
    Guest,
    /// An access-control rule: the API user lacks a role.
    AccessControl,
    /// A data policy wants more fields.
    DataPolicy {
        /// The labels (not the names) of the missing fields.
        fields: Vec<String>,
    },
    /// A business rule stopped it.
    BusinessRule {
        /// The rule's name.
        name: String,
    },
    /// The query names a field, or sorts by one, that the API user may not query.
    QueryRights,
    /// There is no such record, or none that the API user may see: ServiceNow does not tell the two apart.
    NotFound,
    /// A record with this unique key exists.
    DuplicateKey,
    /// An hourly rate-limit rule.
    RateLimit,
    /// All threads for REST are busy and the queue is full. Nothing was done.
    Semaphore,
    /// The session's queue was full and the request was dropped, with a 202. Nothing was done.
    Dropped,
    /// The transaction was cancelled, mostly by the quota of 60 seconds. A list breaks off; a write may have
    /// been done.
    Cancelled,
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
    /// A row was taken by the Import Set API, and a transform map failed on it.
    NotTransformed {
        /// The map's name.
        map: String,
    },
}

impl ServiceNowProblem {
    /// How many characters of a message or a detail are kept.
    pub const TEXT: usize = 500;

    /// A problem that the client itself found in a success.
    pub(crate) fn found(kind: ProblemKind, message: impl AsRef<str>) -> Self {
        Self { status: StatusCode::OK, message: bounded(message.as_ref()), detail: None, kind }
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

    /// What may help, where experience has something to say.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match &self.kind {
            ProblemKind::Unauthenticated => {
                "check user and password; on newer instances basic authentication is restricted: a user with \
                 web_service_access_only, or with the role snc_basic_auth_api_access, passes"
            }
            ProblemKind::Guest => {
                "the address may lead to a login page, or a proxy may strip the credentials"
            }
            ProblemKind::InvalidTable | ProblemKind::UnknownResource => {
                "the plugin may not be installed, or the table not be open to web services"
            }
            ProblemKind::QueryRights => {
                "the API user needs the rights query_match and query_range on the fields of the query"
            }
            ProblemKind::NotFound => "an access-control rule that hides the record looks the same",
            ProblemKind::Cancelled => "ask for fewer fields or smaller pages",
            ProblemKind::NotHonoured { .. } => {
                "the field may not exist on the table, or not be readable for the API user"
            }
            ProblemKind::NotWritten { .. } => {
                "the fields may not exist on the table, not be writable for the API user, be limited to other \
                 choices, or be set by a business rule"
            }
            ProblemKind::Hidden => "the API user may lack a role, or see active records only",
            _ => return None,
        })
    }
}

impl Problem for ServiceNowProblem {
    fn class(&self) -> Class {
        use ProblemKind as K;
        match &self.kind {
            K::InvalidTable
            | K::UnknownResource
            | K::Invalid
            | K::DataPolicy { .. }
            | K::NotHonoured { .. }
            | K::Ambiguous
            | K::WrongRecord
            | K::Damaged
            | K::NotWritten { .. }
            | K::NotTransformed { .. } => Class::Invalid,
            K::Unauthenticated | K::Guest => Class::Unauthenticated,
            K::AccessControl | K::QueryRights | K::Hidden => Class::Forbidden,
            K::BusinessRule { .. } => Class::WrongState,
            K::NotFound => Class::NotFound,
            K::DuplicateKey => Class::Conflict,
            K::RateLimit | K::Semaphore => Class::RateLimited,
            K::Dropped | K::Stale => Class::Busy,
            K::Cancelled => Class::Exhausted,
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
        match self.hint() {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// The `error` member of an answer: an object on `/api/now`, a text where OAuth speaks.
pub(crate) struct ErrorBody(Json);

impl ErrorBody {
    /// The `error` member, if the body is JSON and has one; or what SCIM says.
    pub(crate) fn read(response: &Response) -> Option<Self> {
        #[derive(Deserialize)]
        struct Envelope {
            error: Option<Json>,
            #[serde(flatten)]
            scim: ScimError,
        }
        let envelope = serde_json::from_slice::<Envelope>(&response.body).ok()?;
        envelope.error.or_else(|| envelope.scim.into_error()).map(Self)
    }

    fn texts(&self) -> (String, Option<String>) {
        let text = |name: &str| self.0.get(name).and_then(Json::as_str).map(str::to_owned);
        let message = text("message").or_else(|| self.0.as_str().map(str::to_owned));
        (message.unwrap_or_default(), text("detail"))
    }
}

/// SCIM's error, which stands at the top as the standard has it, or in `errors` as ServiceNow documents it.
#[derive(Deserialize)]
struct ScimError {
    errors: Option<Json>,
    schemas: Option<Json>,
    detail: Option<Json>,
    #[serde(rename = "scimType")]
    scim_type: Option<Json>,
}

impl ScimError {
    /// In the form of the other APIs' errors.
    fn into_error(self) -> Option<Json> {
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

/// Status first, then message: facts/servicenow §6.
fn kind(response: &Response, message: &str, detail: &str) -> ProblemKind {
    let says = |text: &str| message.contains(text) || detail.contains(text);
    if says("Unique Key violation") || detail == "uniqueness" {
        return ProblemKind::DuplicateKey;
    }
    // A part of a batch that was under way when its time was up, with whatever status.
    if says("maximum execution time exceeded") {
        return ProblemKind::Cancelled;
    }
    match response.status.as_u16() {
        200..=299 if response.status == StatusCode::ACCEPTED => ProblemKind::Dropped,
        200..=299 => ProblemKind::Cancelled,
        400 if message.starts_with("Invalid table") => ProblemKind::InvalidTable,
        400 if says("does not represent any resource") => ProblemKind::UnknownResource,
        401 => ProblemKind::Unauthenticated,
        403 => forbidden(message, detail),
        404 => ProblemKind::NotFound,
        409 => ProblemKind::DuplicateKey,
        429 if response.headers.contains_key("retry-after") || says("Rate limit") => ProblemKind::RateLimit,
        429 => ProblemKind::Semaphore,
        408 | 499 | 500..=599 => ProblemKind::Unavailable,
        _ => ProblemKind::Invalid,
    }
}

fn forbidden(message: &str, detail: &str) -> ProblemKind {
    if message.contains("Insufficient rights to query") {
        return ProblemKind::QueryRights;
    }
    if let Some((_, fields)) = detail.split_once("fields are mandatory:") {
        let fields = fields.split(',').map(bounded).filter(|field| !field.is_empty()).collect();
        return ProblemKind::DataPolicy { fields };
    }
    if let Some((_, rule)) = detail.split_once("aborted by Business Rule '") {
        // The name is followed by `^` and the rule's sys_id.
        let name = rule.split(['^', '\'']).next().unwrap_or_default();
        return ProblemKind::BusinessRule { name: bounded(name) };
    }
    ProblemKind::AccessControl
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
