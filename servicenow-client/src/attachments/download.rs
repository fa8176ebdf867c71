//! A file's content while it comes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use client_core::{DecodeError, Response};
use futures::stream::{Stream, StreamExt as _, TryStreamExt as _};

use super::digest::{Digest, too_long};
use crate::problem::{Error, ProblemKind, Result, ServiceNowProblem};
use crate::tables::SysAttachment;

/// A file's content, in pieces, read while it comes.
///
/// When all of it has come it is compared with the size and the hash that the instance has. If it broke off, or is not
/// what was stored, the last item is an error: do not use the pieces before the stream has ended without one.
///
/// The call keeps its place among those in flight until this has ended or is dropped.
#[must_use = "a download is read by whoever polls it"]
pub struct Download {
    attachment: SysAttachment,
    body: client_core::Download<ServiceNowProblem>,
    digest: Digest,
    size: Option<u64>,
    max_size: u64,
    ended: bool,
    verified: Option<Verified>,
}

/// What showed that a file came whole and unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// The instance's SHA-256 of it.
    Hash,
    /// Its size alone: the instance has no hash of it, or not yet.
    Size,
    /// Nothing: neither size nor hash may be read.
    Nothing,
}

impl Download {
    pub(super) fn new(
        attachment: SysAttachment,
        body: client_core::Download<ServiceNowProblem>,
        size: Option<u64>,
        max_size: u64,
    ) -> Self {
        let digest = Digest::default();
        Self { attachment, body, digest, size, max_size, ended: false, verified: None }
    }

    /// The file's metadata.
    pub fn attachment(&self) -> &SysAttachment {
        &self.attachment
    }

    /// What showed that it came whole and unchanged; none before it has ended, and if it was not.
    pub fn verified(&self) -> Option<Verified> {
        self.verified
    }

    /// SHA-256 of what came so far, in small hex digits.
    pub fn sha256(&self) -> String {
        self.digest.sha256()
    }

    /// All of it at once, for small files.
    ///
    /// # Errors
    ///
    /// If it breaks off or is not what was stored.
    pub async fn bytes(mut self) -> Result<Bytes> {
        let mut bytes = BytesMut::new();
        while let Some(piece) = self.try_next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }

    fn checked(&mut self, piece: Bytes) -> Result<Bytes> {
        self.digest.update(&piece);
        let size = self.digest.size();
        match self.size {
            Some(expected) if size > expected => {
                Err(self.damaged("the file that came is longer than the one stored"))
            }
            None if size > self.max_size => Err(self.damaged(&too_long(self.max_size))),
            _ => Ok(piece),
        }
    }

    fn verify(&self) -> Result<Verified> {
        if self.size.is_some_and(|size| size != self.digest.size()) {
            return Err(self.damaged("the file that came is shorter than the one stored"));
        }
        match (self.attachment.hash.as_str(), self.size) {
            (Some(hash), _) if !hash.eq_ignore_ascii_case(&self.sha256()) => {
                Err(self.damaged("the file that came has another SHA-256 than the one stored"))
            }
            (Some(_), _) => Ok(Verified::Hash),
            (None, Some(_)) => Ok(Verified::Size),
            (None, None) => Ok(Verified::Nothing),
        }
    }

    fn damaged(&self, message: &str) -> Error {
        self.body.distrust(ServiceNowProblem::found(ProblemKind::Damaged, message))
    }
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let item = match std::task::ready!(self.body.poll_next_unpin(cx)) {
            Some(piece) => Some(piece.and_then(|piece| self.checked(piece))),
            None => self.verify().map(|verified| self.verified = Some(verified)).err().map(Err),
        };
        self.ended = !matches!(item, Some(Ok(_)));
        Poll::Ready(item)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("attachment", &self.attachment.sys_id)
            .field("came", &self.digest.size())
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

/// The metadata that come with a file, in a header. They serve as a check only, so what cannot be read is as good as
/// none.
#[expect(clippy::unnecessary_wraps, reason = "what calls want")]
pub(super) fn metadata(response: &Response) -> Result<Option<SysAttachment>, DecodeError> {
    let header = response.headers.get("x-attachment-metadata");
    Ok(header.and_then(|header| serde_json::from_slice(header.as_bytes()).ok()))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};
    use proptest::prelude::*;

    use super::*;

    fn told(header: &[u8]) -> Option<SysAttachment> {
        let value = HeaderValue::from_bytes(header).ok()?;
        let headers = HeaderMap::from_iter([(http::HeaderName::from_static("x-attachment-metadata"), value)]);
        metadata(&Response { status: StatusCode::OK, headers, body: Bytes::new() }).unwrap()
    }

    #[test]
    fn metadata_in_a_header_are_read() {
        let json =
            r#"{"sys_id":"615ea769c0a80166001cf5f2367302f5","file_name":"Gehälter.csv","size_bytes":"462"}"#;
        let read = told(json.as_bytes()).unwrap();
        assert_eq!((read.file_name.as_str(), read.size_bytes.get()), (Some("Gehälter.csv"), Some(&462)));
        assert_eq!(told(br#"{"result":{}}"#), None);
        assert_eq!(told(b"\xff{"), None);
    }

    proptest! {
        #[test]
        fn no_header_panics(header in prop::collection::vec(32_u8.., 0..200)) {
            let _ = told(&header);
        }
    }
}
