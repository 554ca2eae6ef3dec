//! The blocks in a Kubo daemon, as the part of a storage that lies behind it.
//!
//! Only single blocks are asked for, by CIDs that this node has resolved itself, and each is
//! verified by the storage. So no request of a stranger reaches Kubo, and no response of Kubo
//! reaches a stranger: paths, ranges, CARs and headers are the node's own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fluence::Cid;
use fluence::names::canonical_cid;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Kubo, KuboError};
use crate::fairness::{AddressBlock, Notes};
use crate::storage::Behind;

/// How many blocks are asked for at one time.
const MAX_READS: usize = 64;
/// How long one block may take, with the wait for its turn. Kubo is told not to search for it, so
/// that it answers at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many files that were taken back are remembered, since Kubo keeps their blocks until its next
/// garbage collection. Of more, the oldest of the block of addresses that has most is forgotten.
const MAX_RELEASED: usize = 4096;

/// The blocks in a Kubo daemon.
#[derive(Debug)]
pub struct Blocks {
    kubo: Kubo,
    reads: Semaphore,
    /// Whether Kubo answered when it was last asked for anything.
    answers: AtomicBool,
    /// The roots that were taken back, as canonical CIDs.
    released: Mutex<Notes<Cid, ()>>,
}

impl Blocks {
    /// The blocks in this daemon; `answers` says whether it was just seen to answer.
    pub fn new(kubo: Kubo, answers: bool) -> Arc<Self> {
        Arc::new(Self {
            kubo,
            reads: Semaphore::new(MAX_READS),
            answers: answers.into(),
            released: Mutex::new(Notes::new(MAX_RELEASED)),
        })
    }

    /// The client of Kubo.
    pub(super) fn kubo(&self) -> &Kubo {
        &self.kubo
    }

    /// Whether Kubo answered when it was last asked.
    pub fn answers(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
    }

    /// Notes whether Kubo answers; returns whether it did before.
    pub(super) fn set_answers(&self, answers: bool) -> bool {
        self.answers.swap(answers, Ordering::Relaxed)
    }

    fn released(&self) -> MutexGuard<'_, Notes<Cid, ()>> {
        self.released.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a file was taken back, by somebody at these addresses: its root is not read from Kubo any more.
    pub(super) fn release(&self, cid: &Cid, block: AddressBlock) {
        self.released().insert(canonical_cid(cid), (), block);
    }

    /// Whether a file was taken back.
    pub(super) fn is_released(&self, cid: &Cid) -> bool {
        self.released().get(&canonical_cid(cid)).is_some()
    }

    /// Notes that a file is kept again.
    pub(super) fn keep(&self, cid: &Cid) {
        self.released().remove(&canonical_cid(cid));
    }

    async fn read(&self, cid: &Cid) -> Result<Option<Bytes>, KuboError> {
        // The semaphore is never closed.
        let _place = self.reads.acquire().await;
        self.kubo.block(cid).await
    }
}

/// A [`Blocks`] that a storage may own.
pub struct BehindStorage(pub Arc<Blocks>);

impl Behind for BehindStorage {
    fn block(&self, cid: Cid) -> BoxFuture<'static, Option<Bytes>> {
        let blocks = Arc::clone(&self.0);
        async move {
            if !blocks.answers() || blocks.is_released(&cid) {
                return None;
            }
            match timeout(PATIENCE, blocks.read(&cid)).await {
                Ok(Ok(found)) => found,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a block could not be read from the IPFS node");
                    None
                }
                Err(_) => None,
            }
        }
        .boxed()
    }
}
