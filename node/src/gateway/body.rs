//! Response bodies that are sent while they are produced.

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

/// How many pieces are produced ahead of the client.
const AHEAD: usize = 1;
/// How long a client may go without taking a piece.
const TAKER_PATIENCE: Duration = Duration::from_secs(120);
/// Pieces are gathered until they reach this size, in bytes.
const GATHERED: usize = 64 * 1024;

/// Why a body was not completed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfinished {
    /// The client has gone, or has stopped reading.
    #[error("the client does not read the response")]
    Gone,
    /// The data to be sent cannot be read.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// The file does not have the size that it declares.
    #[error("the file does not have the size that it declares")]
    Size,
}

/// The writing end of a body.
pub(super) struct Sink {
    to: mpsc::Sender<Bytes>,
    gathered: BytesMut,
}

impl Sink {
    /// Sends bytes, or gathers them if they are few.
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

    /// Sends what was gathered. Called before a wait, so that the client gets all that is
    /// available.
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

/// The state that a body's task and its connection share.
struct Shared {
    pieces: Mutex<mpsc::Receiver<Bytes>>,
    /// Whether the task failed before the end of the body.
    broken: AtomicBool,
}

impl Shared {
    fn pieces(&self) -> MutexGuard<'_, mpsc::Receiver<Bytes>> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that a task writes to the [`Sink`] that it is given. If the task fails, the connection is
/// aborted, so that what was sent is not taken for the whole. If the client leaves or stops
/// reading, the task ends and releases its permit.
pub(super) fn produced<F>(permit: OwnedSemaphorePermit, produce: impl FnOnce(Sink) -> F) -> Body
where
    F: Future<Output = Result<Sink, Unfinished>> + Send + 'static,
{
    let (to, pieces) = mpsc::channel(AHEAD);
    let shared = Arc::new(Shared {
        pieces: Mutex::new(pieces),
        broken: AtomicBool::new(false),
    });
    let client = to.clone();
    let task = produce(Sink {
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
            // A client that leaves while the task waits for a block releases its permit at once.
            () = client.closed() => Ok(()),
            made = finish => made,
        };
        if let Err(error) = made {
            tracing::debug!(%error, "a response was cut off");
            shared.broken.store(true, Ordering::Release);
            if matches!(error, Unfinished::Gone) {
                // The connection may stay open, and must not keep the pieces in memory.
                let mut pieces = shared.pieces();
                pieces.close();
                while pieces.try_recv().is_ok() {}
            }
        }
        // Dropping the last sender ends the body.
        drop(client);
        drop(permit);
    });
    Body::from_stream(stream::poll_fn(move |context| {
        let piece = ready!(body.pieces().poll_recv(context));
        Poll::Ready(match piece {
            Some(piece) => Some(Ok(piece)),
            None if body.broken.swap(false, Ordering::AcqRel) => {
                Some(Err(io::Error::other("the response could not be completed")))
            }
            None => None,
        })
    }))
}
