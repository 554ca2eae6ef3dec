//! The storage in a node: a cache of DAGs on disk, that peers fill with the tokens that they were granted.
//!
//! Bytes lie in block files, one for each multihash; which DAG they belong to, and which peer pays for it,
//! stands in a database beside them. A block counts when its bytes were hashed and its DAG links to it. What is stored can be uploaded again
//! by its provider, so nothing is synced block by block. The database is synced at the end of each upload, and [`Storage::open`] makes both agree after a kill.
//!
//! How much each peer may have is decided by a `Ledger`, which is pure. It is locked for the length of one question, and never while
//! something waits for the disk, so that threads which drive tasks may ask it. The database is written to in short
//! transactions, one at a time; within one of them block files are moved to where they count, or away from there, and the
//! ledger is told. So each of the three changes in the same order, and only threads that may block wait for each other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, MutexGuard, PoisonError};

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
mod removal;
mod repair;
mod status;
mod tend;
mod token;
pub(crate) mod traverse;
mod turns;
mod upload;
mod waiters;

use activity::Activities;
pub use activity::TransferCounters;
use chores::Chores;
pub use config::{Clock, StorageConfig};
pub use error::{OpenError, StorageError};
use files::BlockFiles;
pub use grant::{Grant, MAX_PEER, Refusal};
use index::Index;
pub use ipld::BlockError;
use key::Key;
use ledger::Ledger;
pub(crate) use operate::section;
pub use operate::{CheckReport, Damage, ExportError, ImportError, Imported, StoredDag};
pub use read::{ReadError, Reader};
pub use status::{Arrival, Usage};
pub use token::{MAX_TOKEN, TokenError};
pub use upload::{AddError, Upload};
use waiters::BlockWaiters;
pub use waiters::MAX_WAITING;

/// The DAGs that are kept, complete or not.
pub const MAX_DAGS: usize = 1 << 20;

/// The storage: open once in a process, shared by all that use it.
pub struct Storage {
    config: StorageConfig,
    token_key: token::TokenKey,
    files: BlockFiles,
    index: Index,
    ledger: Mutex<Ledger>,
    blocks: BlockWaiters,
    activities: Activities,
    chores: Chores,
    /// Blocks whose bytes are gone and whose DAGs are looked for, with those that took them meanwhile.
    losing: Mutex<HashMap<Vec<u8>, Vec<Key>>>,
    /// The database failed and must be opened again.
    broken: AtomicBool,
    /// Held by the one that opens it again.
    repairing: Mutex<()>,
    /// Bytes of blocks that came since the database was synced.
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
    /// The accounting. Not to be held while anything waits for the disk.
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // What a panic leaves half done is put right when the storage is opened next.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn losing(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Vec<Key>>> {
        self.losing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        (self.config.clock)()
    }

    /// The limits that it was opened with.
    pub fn config(&self) -> &StorageConfig {
        &self.config
    }
}
