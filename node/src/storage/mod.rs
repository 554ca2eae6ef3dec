//! A node's storage: a cache of DAGs on disk, to which peers upload with the tokens that they were
//! granted.
//!
//! The bytes are in block files, one per multihash; a database next to them says which DAG each
//! block belongs to, and which peer's quota it counts against. A block becomes part of a DAG only
//! after its bytes were hashed, and if the DAG links to it. Whatever is lost can be uploaded again
//! by its provider, so blocks are not synced one by one. The database is synced at the end of each
//! upload, and [`Storage::open`] reconciles files and database after a crash.
//!
//! A `Ledger`, which does no I/O, decides how much each peer may store. It is locked for one call
//! at a time, and never while something waits for the disk, so that async tasks may call it. The
//! database is written in short transactions, one at a time; within a transaction, block files are
//! moved into or out of place and the ledger is updated. So all three change in the same order, and
//! only threads that may block wait for each other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use fluence::Cid;
use tokio::sync::Semaphore;

mod activity;
mod chores;
mod config;
mod error;
mod eviction;
mod files;
mod grant;
mod index;
pub(crate) mod ipld;
mod key;
mod ledger;
mod operate;
mod read;
mod record;
mod refusal;
mod removal;
mod repair;
mod rules;
mod status;
mod tend;
mod token;
pub(crate) mod traverse;
mod turns;
mod upload;
mod verify;
mod waiters;

use activity::Activities;
pub use activity::TransferCounters;
use chores::Chores;
pub use config::{Clock, StorageConfig};
pub use error::{OpenError, StorageError};
use files::BlockFiles;
pub use grant::Grant;
use index::Index;
pub use ipld::BlockError;
use key::Key;
use ledger::Ledger;
pub(crate) use operate::section;
pub use operate::{CheckReport, Damage, ExportError, ImportError, Imported, StoredDag};
pub use read::{Behind, ReadError, Reader};
pub use refusal::{MAX_PEER, Refusal};
use repair::Repair;
pub use rules::{PUBLIC, Rules};
pub use status::{Arrival, Usage};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use token::fuzz as fuzz_token;
pub use token::{MAX_TOKEN, TokenError};
pub use upload::{AddError, Upload};
use waiters::BlockWaiters;

use crate::fairness::{Notes, Shares};

/// How many DAGs are kept at most, complete or not.
pub const MAX_DAGS: usize = 1 << 20;

/// A storage. It is opened once in a process and shared by all its users.
pub struct Storage {
    config: StorageConfig,
    token_key: token::TokenKey,
    files: BlockFiles,
    index: Index,
    ledger: Mutex<Ledger>,
    blocks: BlockWaiters,
    behind: OnceLock<Arc<dyn Behind>>,
    /// The blocks of which it was logged that they are wrong there.
    wrong: Mutex<Notes<Cid, ()>>,
    /// The memory that blocks may take which are read for responses, in KiB.
    memory: Arc<Semaphore>,
    activities: Activities,
    chores: Chores,
    /// One place for each DAG that may wait to be built from blocks of others.
    adoptions: Arc<Shares>,
    /// Blocks whose bytes are gone and whose DAGs are being searched for, each with the DAGs that
    /// took it in the meantime.
    losing: Mutex<HashMap<Vec<u8>, Vec<Key>>>,
    /// The blocks that were damaged or gone when the storage was opened, until somebody checks it.
    found: Mutex<Vec<Damage>>,
    /// Whether the machine stopped while the storage was open, and not all blocks are verified since.
    is_suspect: AtomicBool,
    /// Says how the storage was last closed.
    marker: verify::Marker,
    /// Whether the database has failed and must be opened again.
    broken: AtomicBool,
    /// Has one thread at a time open the database again.
    repair: Repair,
    rules: RwLock<Arc<Rules>>,
    /// How many uploads were granted, and how many were not.
    granted: AtomicU64,
    refused: AtomicU64,
    /// How many CARs an operator has imported.
    imports: AtomicU64,
    /// How many bytes of blocks were added since the database was synced.
    unsynced: AtomicU64,
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Storage")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Storage {
    /// Locks the accounting, which must not be held while waiting for the disk.
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // What a panic leaves half done is repaired when the storage is next opened.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn losing(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Vec<Key>>> {
        self.losing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        (self.config.clock)()
    }

    /// The configuration that the storage was opened with.
    pub fn config(&self) -> &StorageConfig {
        &self.config
    }
}
