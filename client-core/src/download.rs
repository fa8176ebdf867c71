//! The answer of a call whose body is read while it comes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::stream::{Stream, StreamExt as _};

use crate::body::BodyStream;
use crate::error::{Error, Failure, Problem};

/// The body of an answer, in pieces. The call keeps its place in the pacer until this has ended or is dropped, as the
/// other side is busy with it for so long.
///
/// If it breaks off, the last item is an error: it never ends early in silence.
pub struct Download<P> {
    body: BodyStream,
    /// What is said if it breaks off, but for why.
    broken: Error<P>,
}

impl<P: Problem> Download<P> {
    pub(crate) fn new(body: BodyStream, broken: Error<P>) -> Self {
        Self { body, broken }
    }

    /// The error of a body that came and is not what it should be.
    #[must_use]
    pub fn distrust(&self, problem: P) -> Error<P> {
        self.broken.clone().because(Failure::Distrusted(problem))
    }

    /// Its length in bytes, if the head told it.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.body.length()
    }
}

impl<P: Problem> Stream for Download<P> {
    type Item = Result<Bytes, Error<P>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = std::task::ready!(self.body.poll_next_unpin(cx));
        let broken = |error| self.broken.clone().because(Failure::Transport(error));
        Poll::Ready(piece.map(|piece| piece.map_err(broken)))
    }
}

impl<P> fmt::Debug for Download<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("body", &self.body).finish_non_exhaustive()
    }
}
