//! The configuration of a storage.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::ledger::{Amount, Limits};

/// A clock that tells the time in Unix seconds.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The limits of a storage. Sizes are in bytes.
#[derive(Clone)]
pub struct StorageConfig {
    /// The most bytes that all blocks may take. It also limits their number, in proportion.
    pub total_quota: u64,
    /// The most bytes that the DAGs of one peer may take. It also limits the number of their
    /// blocks, in proportion.
    pub per_peer_quota: u64,
    /// The most bytes that one file may have.
    pub max_file: u64,
    /// How many bytes are granted to an uploader that does not declare a size.
    pub unsized_grant: u64,
    /// How long a token is valid, and how long its DAG is kept at least.
    pub token_ttl: Duration,
    /// How long an incomplete DAG is kept after its last block.
    pub partial_ttl: Duration,
    /// How many bytes are left free on the disk.
    pub min_free: u64,
    /// How long a reader waits for a block that is on its way, since the last one that arrived.
    pub patience: Duration,
    /// How long a reader waits for a root that no upload was granted for.
    pub unannounced_patience: Duration,
    /// How long an uploader may send nothing.
    pub uploader_patience: Duration,
    /// The clock that the storage uses.
    pub clock: Clock,
}

impl StorageConfig {
    /// The limits that the ledger enforces.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            total: Amount::quota(self.total_quota),
            per_peer: Amount::quota(self.per_peer_quota),
            partial_ttl: self.partial_ttl.as_secs(),
        }
    }
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            total_quota: 64 << 30,
            per_peer_quota: 16 << 30,
            max_file: 16 << 30,
            unsized_grant: 256 << 20,
            token_ttl: Duration::from_secs(60 * 60),
            partial_ttl: Duration::from_secs(10 * 60),
            min_free: 256 << 20,
            patience: Duration::from_secs(30),
            unannounced_patience: Duration::from_secs(3),
            uploader_patience: Duration::from_secs(30),
            clock: Arc::new(|| {
                SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |time| time.as_secs())
            }),
        }
    }
}

impl std::fmt::Debug for StorageConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StorageConfig")
            .field("total_quota", &self.total_quota)
            .field("per_peer_quota", &self.per_peer_quota)
            .field("max_file", &self.max_file)
            .finish_non_exhaustive()
    }
}
