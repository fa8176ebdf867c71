//! What went through: how much, and its SHA-256.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use client_core::Upload;
use futures::stream::{Stream, StreamExt as _, TryStreamExt as _};
use sha2::{Digest as _, Sha256};

/// Size and SHA-256 of what it was shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Digest {
    size: u64,
    hash: Sha256,
}

impl Digest {
    pub(super) fn update(&mut self, piece: &Bytes) {
        self.size += piece.len() as u64;
        self.hash.update(piece);
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// In small hex digits.
    pub(super) fn sha256(&self) -> String {
        format!("{:x}", self.hash.clone().finalize())
    }
}

/// What went through a body that was opened last.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent(Arc<Mutex<Digest>>);

impl Sent {
    pub(super) fn take(&self) -> Digest {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Digest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same body, of which no more than `most` bytes are read, and what was read of it.
pub(super) fn watched(body: &Upload, most: u64) -> (Upload, Sent) {
    let (source, sent) = (body.clone(), Sent::default());
    let watch = sent.clone();
    let upload = Upload::new(body.length(), move || {
        let watch = watch.clone();
        watch.take();
        source.open().map_err(io::Error::other).and_then(move |piece| {
            let mut digest = watch.lock();
            digest.update(&piece);
            let fits = digest.size <= most;
            std::future::ready(if fits { Ok(piece) } else { Err(io::Error::other(too_long(most))) })
        })
    });
    (upload, sent)
}

pub(super) fn too_long(most: u64) -> String {
    format!("the file is longer than {most} bytes")
}

/// Reads to the end, and keeps nothing.
pub(super) async fn drain<E>(pieces: impl Stream<Item = Result<Bytes, E>>) -> Result<(), E> {
    pieces.map(|piece| piece.map(drop)).try_collect().await
}
