//! The state of DAGs and of the storage, without reading any blocks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fluence::Cid;
use serde::Serialize;

use super::Storage;
use super::key::key;
use super::ledger::{EXPECTED, Progress};

/// How long after its last block, or its grant, an upload without a request under way counts as
/// stalled.
const LULL: Duration = Duration::from_secs(10);

/// How far the upload of a DAG has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The DAG is complete.
    Whole,
    /// Its blocks are arriving, or are about to.
    Coming,
    /// It was begun or granted, but nothing has arrived for a while.
    Stalled,
    /// It is not here, and nobody is expected to upload it.
    Absent,
}

/// What a storage is using.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// The number of DAGs, complete or not.
    pub dags: usize,
    /// The number of incomplete DAGs.
    pub unfinished: usize,
    /// The total size of all blocks, in bytes.
    pub bytes: u64,
    /// The most bytes that all blocks may take.
    pub quota: u64,
    /// The number of block files, each of which takes an inode.
    pub files: u64,
    /// The largest number of block files.
    pub files_quota: u64,
}

impl Storage {
    /// Whether a DAG is here: `Some(true)` if it is complete, `Some(false)` if a part of it is here
    /// or if its upload is granted, and `None` otherwise.
    pub fn dag_state(&self, root: &Cid) -> Option<bool> {
        let progress = self.ledger().progress(&key(root), self.now());
        progress.map(|progress| progress == Progress::Complete)
    }

    /// Determines how far the upload of a DAG has got.
    pub fn arrival(&self, root: &Cid) -> Arrival {
        let key = key(root);
        let now = self.now();
        let progress = self.ledger().progress(&key, now);
        let last = match progress {
            Some(Progress::Complete) => return Arrival::Whole,
            Some(Progress::Begun(at) | Progress::Granted(at)) => at,
            None => return Arrival::Absent,
        };
        if last.saturating_add(LULL.as_secs()) > now || self.activities.is_uploaded(&key) {
            Arrival::Coming
        } else if matches!(progress, Some(Progress::Begun(_)))
            || last.saturating_add(EXPECTED) > now
        {
            Arrival::Stalled
        } else {
            Arrival::Absent
        }
    }

    /// Whether a root that is not here may be on its way: its own DAG is expected, or some upload
    /// that may contain it is open, was open a moment ago, or was just granted.
    pub(super) fn expects(&self, root: &[u8]) -> bool {
        if self.activities.any_upload() {
            return true;
        }
        let now = self.now();
        let mut ledger = self.ledger();
        matches!(
            ledger.progress(root, now),
            Some(Progress::Begun(_) | Progress::Granted(_))
        ) || ledger.expects_blocks(now)
    }

    /// Notes the name and the MIME type that a DAG's provider gives, for those who open a link to
    /// it. A value that is absent or too long leaves the previous one. Both are saved by the next
    /// [`Storage::flush`].
    pub fn describe(&self, root: &Cid, name: Option<String>, mime: Option<String>) {
        let bounded = |text: Option<String>| text.filter(|t| t.len() <= fluence::names::MAX_LINK);
        let (name, mime) = (bounded(name), bounded(mime));
        self.ledger().describe(&key(root), name, mime);
    }

    /// The name and the MIME type that [`Storage::describe`] noted. Both come from a stranger.
    pub fn description(&self, root: &Cid) -> (Option<String>, Option<String>) {
        let ledger = self.ledger();
        let record = ledger.dag(&key(root));
        record.map_or((None, None), |record| {
            (record.name.clone(), record.mime.clone())
        })
    }

    /// Whether the database has failed. It is opened again when somebody needs it.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Bytes that are free on the disk; `None` if the system does not tell.
    pub fn disk_free(&self) -> Option<u64> {
        self.files.free().ok().map(|(bytes, _)| bytes)
    }

    /// How many uploads were granted since the storage was opened, and how many were refused.
    pub fn grants(&self) -> (u64, u64) {
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        (count(&self.granted), count(&self.refused))
    }

    /// What the storage is using.
    pub fn usage(&self) -> Usage {
        let quota = self.config.limits().total;
        let ledger = self.ledger();
        let (dags, unfinished) = ledger.count();
        Usage {
            dags,
            unfinished,
            bytes: ledger.stored().bytes,
            quota: quota.bytes,
            files: ledger.stored().files,
            files_quota: quota.files,
        }
    }
}
