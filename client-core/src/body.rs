//! Bodies that are too long to be held: what is sent can be opened again for another attempt, and what comes is
//! handed over piece by piece.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use crate::error::Delivery;
use crate::transport::TransportError;

/// How much is handed to the network at once, so that it shows whether anything moves.
const PIECE: usize = 64 * 1024;

/// A body to send, read while it is sent, and opened anew for each attempt.
///
/// Give its length where you know it: servers like to know, and a source that turns out longer or shorter is an
/// error, not half a file.
#[derive(Clone)]
pub struct Upload {
    length: Option<u64>,
    open: Arc<dyn Fn() -> BoxStream<'static, io::Result<Bytes>> + Send + Sync>,
}

impl Upload {
    /// A body that `open` makes anew, from its beginning, each time. `length` is in bytes.
    ///
    /// ```
    /// use client_core::Upload;
    /// use futures::stream;
    ///
    /// let zeros = Upload::new(Some(3_000), || stream::iter((0..3).map(|_| Ok(vec![0; 1_000].into()))));
    /// assert_eq!(zeros.length(), Some(3_000));
    /// ```
    pub fn new<S>(length: Option<u64>, open: impl Fn() -> S + Send + Sync + 'static) -> Self
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        Self { length, open: Arc::new(move || open().boxed()) }
    }

    /// Bytes that are there already.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::new(Some(bytes.len() as u64), move || stream::iter([Ok(bytes.clone())]))
    }

    /// A file, as long as it is now.
    ///
    /// # Errors
    ///
    /// If it is not there, or may not be looked at.
    pub async fn file(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let length = tokio::fs::metadata(&path).await?.len();
        Ok(Self::new(Some(length), move || {
            stream::once(File::open(path.clone())).map_ok(contents).try_flatten()
        }))
    }

    /// Its length in bytes, if that is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Opens it, from its beginning. If it has another length than was said, the last item is an error.
    #[must_use]
    pub fn open(&self) -> BodyStream {
        let whole = (self.open)().map_err(unreadable);
        let pieces = whole.map_ok(|chunk| stream::iter(pieces(chunk)).map(Ok)).try_flatten();
        match self.length {
            Some(length) => BodyStream::new(Some(length), exactly(length, pieces)),
            None => BodyStream::new(None, pieces),
        }
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("length", &self.length).finish_non_exhaustive()
    }
}

fn contents(file: File) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold(file, |mut file| async move {
        let mut chunk = BytesMut::with_capacity(PIECE);
        let read = file.read_buf(&mut chunk).await?;
        Ok((read > 0).then(|| (chunk.freeze(), file)))
    })
}

fn pieces(mut chunk: Bytes) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(move || (!chunk.is_empty()).then(|| chunk.split_to(chunk.len().min(PIECE))))
}

/// The last piece is held back until it is known to be the last: once all that was announced is there, nobody asks
/// for more.
fn exactly(
    length: u64,
    pieces: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static {
    let changed = || broken("it has another length than was said");
    stream::try_unfold((pieces.boxed(), length), move |(mut pieces, left)| async move {
        match pieces.try_next().await? {
            Some(piece) => {
                let left = left.checked_sub(piece.len() as u64).ok_or_else(changed)?;
                if left == 0 && pieces.try_next().await?.is_some() {
                    return Err(changed());
                }
                Ok(Some((piece, (pieces, left))))
            }
            None if left == 0 => Ok(None),
            None => Err(changed()),
        }
    })
}

/// What reads another body passes on what that one said.
fn unreadable(error: io::Error) -> TransportError {
    error.downcast().unwrap_or_else(|error| broken(&error.to_string()))
}

/// Some of it may be under way.
fn broken(why: &str) -> TransportError {
    TransportError::new(format!("the body to send cannot be read: {why}"), Delivery::Unknown).lasting()
}

/// A body on its way, in pieces. It ends after the first error, and an error is the only way to end early: what
/// breaks off never looks whole.
pub struct BodyStream {
    length: Option<u64>,
    pieces: BoxStream<'static, Result<Bytes, TransportError>>,
}

impl BodyStream {
    /// A body of these pieces. `length` is in bytes, none if it is not known beforehand.
    pub fn new(
        length: Option<u64>,
        pieces: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
    ) -> Self {
        Self { length, pieces: pieces.boxed() }
    }

    /// Its length in bytes, if that is known beforehand.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The same, and `guard` is kept until it has ended or is dropped: whatever a transfer occupies, it occupies for
    /// as long as it takes.
    #[must_use]
    pub fn holding(self, guard: impl Send + 'static) -> Self {
        let pieces = stream::unfold(Some((self.pieces, guard)), |state| async {
            let (mut pieces, guard) = state?;
            let piece = pieces.next().await?;
            let rest = piece.is_ok().then_some((pieces, guard));
            Some((piece, rest))
        });
        Self::new(self.length, pieces)
    }

    /// All of it, if it is no longer than `most` bytes.
    ///
    /// # Errors
    ///
    /// If it is longer, or breaks off.
    pub async fn whole(mut self, most: usize) -> Result<Bytes, TransportError> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.pieces.try_next().await? {
            if whole.len() + piece.len() > most {
                let what = format!("the answer is longer than {most} bytes");
                return Err(TransportError::new(what, Delivery::Unknown).lasting());
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}

impl From<Bytes> for BodyStream {
    fn from(bytes: Bytes) -> Self {
        Self::new(Some(bytes.len() as u64), stream::iter((!bytes.is_empty()).then_some(Ok(bytes))))
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pieces.poll_next_unpin(cx)
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream").field("length", &self.length).finish_non_exhaustive()
    }
}
