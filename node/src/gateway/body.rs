//! Bodies that are sent as they are made.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::stream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::storage::traverse::WalkError;

/// Pieces that are made before the client has taken them.
const AHEAD: usize = 1;
/// How long a client may take no piece at all.
const TAKER_PATIENCE: Duration = Duration::from_secs(120);
/// Pieces smaller than this are gathered, in bytes.
const GATHERED: usize = 64 * 1024;

/// Why a body is not made to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfinished {
    /// The client has gone, or takes nothing.
    #[error("the client takes nothing")]
    Gone,
    /// What is to be sent cannot be had.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// It has not the size that it said.
    #[error("the file has not the size that it declares")]
    Size,
}

/// Where a body's pieces go.
pub(super) struct Sink {
    to: mpsc::Sender<Bytes>,
    gathered: BytesMut,
}

impl Sink {
    /// Sends bytes, or gathers them when they are few.
    pub async fn send(&mut self, bytes: Bytes) -> Result<(), Unfinished> {
        if self.gathered.len() + bytes.len() < GATHERED {
            self.gathered.extend_from_slice(&bytes);
            return Ok(());
        }
        self.flush().await?;
        if bytes.len() < GATHERED {
            self.gathered.extend_from_slice(&bytes);
            return Ok(());
        }
        self.put(bytes).await
    }

    /// Sends what was gathered: before a wait, so that the client has all there is.
    pub async fn flush(&mut self) -> Result<(), Unfinished> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let gathered = self.gathered.split().freeze();
        self.put(gathered).await
    }

    async fn put(&mut self, bytes: Bytes) -> Result<(), Unfinished> {
        match tokio::time::timeout(TAKER_PATIENCE, self.to.send(bytes)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Unfinished::Gone),
        }
    }
}

/// What a body's task and its connection share.
struct Shared {
    pieces: Mutex<mpsc::Receiver<Bytes>>,
    /// The task ended before the body's end.
    broken: AtomicBool,
}

impl Shared {
    fn pieces(&self) -> MutexGuard<'_, mpsc::Receiver<Bytes>> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that a task makes with the [`Sink`] that it is given. When the task fails the connection breaks, so that what
/// was sent is not taken for the whole. The task ends, and frees its place, when the client has gone or takes nothing.
pub(super) fn made<F>(permit: OwnedSemaphorePermit, make: impl FnOnce(Sink) -> F) -> Body
where
    F: Future<Output = Result<Sink, Unfinished>> + Send + 'static,
{
    let (to, pieces) = mpsc::channel(AHEAD);
    let shared = Arc::new(Shared {
        pieces: Mutex::new(pieces),
        broken: AtomicBool::new(false),
    });
    let client = to.clone();
    let task = make(Sink {
        to,
        gathered: BytesMut::new(),
    });
    let body = Arc::clone(&shared);
    tokio::spawn(async move {
        let finish = async {
            let mut sink = task.await?;
            sink.flush().await
        };
        let made = tokio::select! {
            // A client that goes while a block is waited for frees its place at once.
            () = client.closed() => Ok(()),
            made = finish => made,
        };
        if let Err(error) = made {
            tracing::debug!(%error, "a response breaks off");
            shared.broken.store(true, Ordering::Release);
            if matches!(error, Unfinished::Gone) {
                // The connection may stay, and must not keep them.
                let mut pieces = shared.pieces();
                pieces.close();
                while pieces.try_recv().is_ok() {}
            }
        }
        // The end of `client` is the end of the body.
        drop(client);
        drop(permit);
    });
    Body::from_stream(stream::poll_fn(move |context| {
        let piece = ready!(body.pieces().poll_recv(context));
        Poll::Ready(match piece {
            Some(piece) => Some(Ok(piece)),
            None if body.broken.swap(false, Ordering::AcqRel) => {
                Some(Err(io::Error::other("not all of it could be had")))
            }
            None => None,
        })
    }))
}
