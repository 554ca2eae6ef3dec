//! Readers that wait for blocks that are on their way. How many may wait is limited by whoever lets strangers read: the
//! gateway has a place for each, of which no address gets more than its share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The waiting readers, by the block that they wait for.
#[derive(Debug, Default)]
pub(super) struct BlockWaiters {
    by_hash: Mutex<ByHash>,
}

/// For each multihash, what wakes the readers that wait for it, and the number of those readers.
type ByHash = HashMap<Vec<u8>, (Arc<Notify>, usize)>;

/// One reader's wait for a block, which ends when this is dropped.
pub(super) struct BlockWait<'a> {
    waiters: &'a BlockWaiters,
    hash: &'a [u8],
    /// Notified when the block has arrived.
    pub came: Arc<Notify>,
}

impl BlockWaiters {
    fn by_hash(&self) -> MutexGuard<'_, ByHash> {
        self.by_hash.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to wait.
    pub fn join<'a>(&'a self, hash: &'a [u8]) -> BlockWait<'a> {
        let mut by_hash = self.by_hash();
        let (came, readers) = by_hash.entry(hash.to_vec()).or_default();
        *readers += 1;
        BlockWait {
            waiters: self,
            hash,
            came: Arc::clone(came),
        }
    }

    /// Wakes the readers that wait for a block.
    pub fn wake(&self, hash: &[u8]) {
        if let Some((came, _)) = self.by_hash().get(hash) {
            came.notify_waiters();
        }
    }
}

impl Drop for BlockWait<'_> {
    fn drop(&mut self) {
        let mut by_hash = self.waiters.by_hash();
        if let Some((_, readers)) = by_hash.get_mut(self.hash) {
            *readers -= 1;
            if *readers == 0 {
                by_hash.remove(self.hash);
            }
        }
    }
}
