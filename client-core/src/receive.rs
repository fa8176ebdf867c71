//! What receivers of a vendor's calls have in common: a body read as far as a cap, and answers that say little.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnreadBody {
    /// It is longer than the cap.
    TooLarge,
    /// The connection ended before it did.
    BrokenOff,
}

/// Reads a body of any framework, and no further than `cap` bytes. How long that may take is the server's to say.
///
/// # Errors
///
/// If it is longer, or breaks off.
pub async fn read_body<B>(body: B, cap: usize) -> Result<Bytes, UnreadBody>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match Limited::new(body, cap).collect().await {
        Ok(read) => Ok(read.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(UnreadBody::TooLarge),
        Err(_) => Err(UnreadBody::BrokenOff),
    }
}

/// Whether the content type is JSON, whatever its parameters.
#[must_use]
pub fn names_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// How long the body says it is.
#[must_use]
pub fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// An answer that is a status and nothing else.
#[must_use]
pub fn bare_answer(status: StatusCode) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}
