//! What is known of a DAG without looking at its blocks.

use std::time::Duration;

use fluence::Cid;
use serde::Serialize;

use super::Storage;
use super::key::key;
use super::ledger::{Progress, RESERVATION};

/// How long after its last block, or its grant, an upload without a request under way counts as stalled.
const LULL: Duration = Duration::from_secs(10);

/// How far a DAG has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It is complete.
    Whole,
    /// Its blocks come, or are about to.
    Coming,
    /// It was begun or granted, and nothing came for a while.
    Stalled,
    /// It is not here, and nobody is expected to bring it.
    Absent,
}

/// What a storage has in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// DAGs, complete or not.
    pub dags: usize,
    /// DAGs that are not complete.
    pub unfinished: usize,
    /// Bytes of blocks.
    pub bytes: u64,
    /// The most bytes of blocks.
    pub quota: u64,
    /// Block files, each of which takes an inode.
    pub files: u64,
    /// The most block files.
    pub files_quota: u64,
}

impl Storage {
    /// Whether a DAG is here: `Some(true)` when it is complete, `Some(false)` when a part of it is, or when it was granted
    /// and is awaited.
    pub fn dag_state(&self, root: &Cid) -> Option<bool> {
        let progress = self.ledger().progress(&key(root), self.now());
        progress.map(|progress| progress == Progress::Complete)
    }

    /// How far a DAG has come.
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
            || last.saturating_add(RESERVATION) > now
        {
            Arrival::Stalled
        } else {
            Arrival::Absent
        }
    }

    /// Whether a root that is not here may be on its way: its DAG is to come, or an upload that may have it in it is open,
    /// or was a moment ago, or was just granted.
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

    /// Whether counters of a DAG are worth keeping: it is stored or granted.
    pub(super) fn is_known(&self, key: &[u8]) -> bool {
        self.ledger().knows(key)
    }

    /// Notes what a DAG's provider calls it, for whoever opens a link to it. What it does not say, and what is too long to
    /// be kept, stays as it was. It is written down with the next [`Storage::flush`].
    pub fn describe(&self, root: &Cid, name: Option<String>, mime: Option<String>) {
        let bounded = |text: Option<String>| text.filter(|t| t.len() <= fluence::names::MAX_LINK);
        let (name, mime) = (bounded(name), bounded(mime));
        self.ledger().describe(&key(root), name, mime);
    }

    /// What [`Storage::describe`] noted: name and MIME type. Both are what a stranger says.
    pub fn description(&self, root: &Cid) -> (Option<String>, Option<String>) {
        let ledger = self.ledger();
        let record = ledger.dag(&key(root));
        record.map_or((None, None), |record| {
            (record.name.clone(), record.mime.clone())
        })
    }

    /// What is in use.
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
