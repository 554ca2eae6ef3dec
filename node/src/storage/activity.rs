//! The readers and uploads of each DAG, and how much data is transferred.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

use super::key::Key;

/// What was transferred since the storage was opened: for one DAG, or for all, including removed
/// ones.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TransferCounters {
    /// Blocks that were received over the network and were new.
    pub received_blocks: u64,
    /// Their bytes.
    pub received_bytes: u64,
    /// Blocks that were read for a response.
    pub served_blocks: u64,
    /// Their bytes.
    pub served_bytes: u64,
}

/// The activity on a DAG that is stored, granted, read or uploaded.
#[derive(Debug)]
pub(super) struct Activity {
    /// The number of responses that read it.
    pub readers: AtomicUsize,
    /// The number of requests that upload it.
    pub uploads: AtomicUsize,
    /// Incremented for each block that arrives, and for anything else that may end a wait.
    pub progress: watch::Sender<u64>,
    counts: Counts,
}

/// The counters behind [`TransferCounters`].
#[derive(Debug, Default)]
struct Counts {
    received_blocks: AtomicU64,
    received_bytes: AtomicU64,
    served_blocks: AtomicU64,
    served_bytes: AtomicU64,
}

impl Counts {
    fn get(&self) -> TransferCounters {
        TransferCounters {
            received_blocks: self.received_blocks.load(Ordering::Relaxed),
            received_bytes: self.received_bytes.load(Ordering::Relaxed),
            served_blocks: self.served_blocks.load(Ordering::Relaxed),
            served_bytes: self.served_bytes.load(Ordering::Relaxed),
        }
    }

    fn received(&self, bytes: u64) {
        self.received_blocks.fetch_add(1, Ordering::Relaxed);
        self.received_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn served(&self, bytes: u64) {
        self.served_blocks.fetch_add(1, Ordering::Relaxed);
        self.served_bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// The activities of all DAGs that are in use, or that have been used since they were stored.
#[derive(Debug, Default)]
pub(super) struct Activities {
    map: Mutex<HashMap<Key, Arc<Activity>>>,
    /// The number of requests that upload anything.
    uploads: AtomicUsize,
    total: Counts,
}

impl Activities {
    fn map(&self) -> MutexGuard<'_, HashMap<Key, Arc<Activity>>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins a DAG's activity in one role; [`Activities::leave`] must follow.
    pub fn join(&self, key: &[u8], role: impl Fn(&Activity) -> &AtomicUsize) -> Arc<Activity> {
        let mut map = self.map();
        let activity = map.entry(key.to_vec()).or_insert_with(|| {
            Arc::new(Activity {
                readers: AtomicUsize::new(0),
                uploads: AtomicUsize::new(0),
                progress: watch::Sender::new(0),
                counts: Counts::default(),
            })
        });
        role(activity).fetch_add(1, Ordering::Relaxed);
        Arc::clone(activity)
    }

    /// Ends [`Activities::join`]. A DAG that `is_known` to the storage keeps its counters.
    pub fn leave(&self, key: &[u8], role: impl Fn(&Activity) -> &AtomicUsize, is_known: bool) {
        let mut map = self.map();
        let Some(activity) = map.get(key) else {
            return;
        };
        role(activity).fetch_sub(1, Ordering::Relaxed);
        if !is_known && !is_used(activity) {
            map.remove(key);
        }
    }

    /// Joins a DAG's activity as an uploader.
    pub fn begin_upload(&self, key: &[u8]) -> Arc<Activity> {
        self.uploads.fetch_add(1, Ordering::Relaxed);
        self.join(key, |a| &a.uploads)
    }

    /// Ends [`Activities::begin_upload`].
    pub fn end_upload(&self, key: &[u8], is_known: bool) {
        self.uploads.fetch_sub(1, Ordering::Relaxed);
        self.leave(key, |a| &a.uploads, is_known);
    }

    /// Whether anything is being uploaded.
    pub fn any_upload(&self) -> bool {
        self.uploads.load(Ordering::Relaxed) > 0
    }

    /// Whether the DAG is being uploaded.
    pub fn is_uploaded(&self, key: &[u8]) -> bool {
        self.map()
            .get(key)
            .is_some_and(|activity| activity.uploads.load(Ordering::Relaxed) > 0)
    }

    /// Forgets the counters of a DAG that was removed, unless somebody still uses it.
    pub fn forget(&self, key: &[u8]) {
        let mut map = self.map();
        if map.get(key).is_some_and(|activity| !is_used(activity)) {
            map.remove(key);
        }
    }

    /// Tells readers that wait for blocks of a DAG that a block has arrived, or will.
    pub fn progress(&self, key: &[u8]) {
        if let Some(activity) = self.map().get(key) {
            activity.progress.send_modify(|n| *n += 1);
        }
    }

    /// Counts a new block.
    pub fn received(&self, activity: &Activity, bytes: u64) {
        self.total.received(bytes);
        activity.counts.received(bytes);
    }

    /// Counts a block that was read for a response.
    pub fn served(&self, activity: &Activity, bytes: u64) {
        self.total.served(bytes);
        activity.counts.served(bytes);
    }
}

/// Whether somebody reads or uploads the DAG.
fn is_used(activity: &Activity) -> bool {
    activity.readers.load(Ordering::Relaxed) + activity.uploads.load(Ordering::Relaxed) > 0
}

impl Activities {
    /// What was transferred for all DAGs.
    pub fn total(&self) -> TransferCounters {
        self.total.get()
    }

    /// What was transferred for one DAG.
    pub fn counters(&self, key: &[u8]) -> TransferCounters {
        let map = self.map();
        map.get(key)
            .map(|activity| activity.counts.get())
            .unwrap_or_default()
    }
}
