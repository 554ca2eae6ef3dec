//! Response bodies that are sent while they are produced.
//!
//! A client that reads slowly must not hold much memory: what waits for it are a few pieces of
//! [`PIECE`] bytes. A block of which it has taken only a part is given back, and read again when it
//! goes on.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use fluence::Cid;
use futures::stream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::limits::{PIECE, READER_GRACE, SLOWEST_READER};
use crate::fairness::Place;
use crate::storage::Reader;
use crate::storage::traverse::WalkError;

/// How many pieces are produced ahead of the client.
const AHEAD: usize = 3;
/// How long a block is held in memory for a client that does not take its next piece. It is read
/// again when the client goes on, so a client that takes a piece in this time causes no more reads
/// than it should.
const HELD: Duration = Duration::from_millis(500);

/// Why a body was not completed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfinished {
    /// The client has gone, or reads too slowly.
    #[error(
        "the client does not read the response, or reads less than {SLOWEST_READER} bytes a second"
    )]
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
    /// For how long the client may still let this wait.
    credit: Duration,
}

impl Sink {
    /// Adds a few bytes, which are sent with what comes next.
    pub fn gather(&mut self, bytes: &[u8]) {
        self.gathered.extend_from_slice(bytes);
    }

    /// Sends a part of a block. A small one is gathered with others until they are worth a piece.
    pub async fn send_block(
        &mut self,
        reader: &Reader,
        cid: &Cid,
        data: Bytes,
        part: Range<usize>,
    ) -> Result<(), Unfinished> {
        if self.gathered.len() + part.len() < PIECE {
            self.gather(&data[part]);
            return Ok(());
        }
        let Self {
            to,
            gathered,
            credit,
        } = self;
        let mut block = Some(data);
        if !gathered.is_empty() {
            let place = place_or_drop(to, credit, &mut block).await?;
            earn(credit, gathered.len());
            place.send(gathered.split().freeze());
        }
        let mut at = part.start;
        while at < part.end {
            let end = part.end.min(at + PIECE);
            let place = place_or_drop(to, credit, &mut block).await?;
            let data = match block.take() {
                Some(data) => data,
                None => reader.block(cid).await.map_err(WalkError::from)?,
            };
            // A copy, since a slice would hold the whole block.
            place.send(Bytes::copy_from_slice(&data[at..end]));
            earn(credit, end - at);
            block = Some(data);
            at = end;
        }
        Ok(())
    }

    /// Sends what was gathered. Called before a wait, so that the client gets all that is
    /// available.
    pub async fn flush(&mut self) -> Result<(), Unfinished> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let gathered = self.gathered.split().freeze();
        let place = reserve(&self.to, &mut self.credit).await?;
        let len = gathered.len();
        place.send(gathered);
        earn(&mut self.credit, len);
        Ok(())
    }
}

/// Waits until the client takes a piece, and drops the block if that takes long.
async fn place_or_drop<'a>(
    to: &'a mpsc::Sender<Bytes>,
    credit: &mut Duration,
    block: &mut Option<Bytes>,
) -> Result<mpsc::Permit<'a, Bytes>, Unfinished> {
    // A timer costs more than a piece, so there is none as long as the client keeps up.
    if let Ok(place) = to.try_reserve() {
        return Ok(place);
    }
    match timeout(HELD, to.reserve()).await {
        Ok(place) => place.map_err(|_| Unfinished::Gone),
        Err(_) => {
            *block = None;
            reserve(to, credit).await
        }
    }
}

/// Waits until the client takes a piece, but no longer than its credit.
async fn reserve<'a>(
    to: &'a mpsc::Sender<Bytes>,
    credit: &mut Duration,
) -> Result<mpsc::Permit<'a, Bytes>, Unfinished> {
    let began = Instant::now();
    match timeout(*credit, to.reserve()).await {
        Ok(Ok(place)) => {
            *credit = credit.saturating_sub(began.elapsed());
            Ok(place)
        }
        _ => Err(Unfinished::Gone),
    }
}

/// Gives a client credit for what it has taken.
fn earn(credit: &mut Duration, bytes: usize) {
    let earned = Duration::from_secs_f64(bytes as f64 / SLOWEST_READER as f64);
    *credit = (*credit + earned).min(READER_GRACE);
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

    /// Tells the task that nothing more is taken, and frees what was produced.
    fn close(&self) {
        let mut pieces = self.pieces();
        pieces.close();
        while pieces.try_recv().is_ok() {}
    }
}

/// The reading end of a body. A connection drops it when its client has gone.
struct Taken(Arc<Shared>);

impl Drop for Taken {
    fn drop(&mut self) {
        // The task holds the shared state as well, and would not notice otherwise.
        self.0.close();
    }
}

/// A body that a task writes to the [`Sink`] that it is given. If the task fails, the connection is
/// aborted, so that what was sent is not taken for the whole. If the client leaves or stops
/// reading, the task ends and its place is free.
pub(super) fn produced<F>(place: Place, produce: impl FnOnce(Sink) -> F) -> Body
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
        credit: READER_GRACE,
    });
    let body = Taken(Arc::clone(&shared));
    tokio::spawn(async move {
        let finish = async {
            let mut sink = task.await?;
            sink.flush().await
        };
        let made = tokio::select! {
            // A client that leaves frees its place at once, also while the task waits for a block.
            () = client.closed() => Ok(()),
            made = finish => made,
        };
        if let Err(error) = made {
            tracing::debug!(%error, "a response was cut off");
            shared.broken.store(true, Ordering::Release);
            if matches!(error, Unfinished::Gone) {
                // The connection may stay open, and must not keep the pieces in memory.
                shared.close();
            }
        }
        // Dropping the last sender ends the body.
        drop(client);
        drop(place);
    });
    Body::from_stream(stream::poll_fn(move |context| {
        let body = &body.0;
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
