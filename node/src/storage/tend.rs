//! The regular maintenance of a storage.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::index::DbError;
use super::ledger::Amount;
use super::{Storage, StorageError};

/// How often [`Storage::tend`] does its work.
const TEND_EVERY: Duration = Duration::from_secs(30);
/// How many records are saved in one transaction.
const SAVED_AT_ONCE: usize = 1024;

impl Storage {
    /// Saves changes of records that are only in memory, such as when each DAG was last used, and
    /// syncs the database. Blocks the thread.
    ///
    /// # Errors
    /// Fails if the disk fails.
    pub fn flush(&self) -> Result<(), StorageError> {
        self.recover()?;
        self.unsynced.store(0, Ordering::Relaxed);
        loop {
            let unsaved = self.ledger().unsaved();
            if unsaved == 0 {
                break;
            }
            let is_last = unsaved <= SAVED_AT_ONCE;
            self.write(is_last, |tables| {
                let unsaved = self.ledger().take_unsaved(SAVED_AT_ONCE);
                for (key, record) in unsaved {
                    tables.put_dag(&key, &record)?;
                }
                Ok::<_, DbError>(())
            })?;
            if is_last {
                return Ok(());
            }
        }
        self.index.sync().map_err(|error| {
            self.broken.store(true, Ordering::Release);
            error.into()
        })
    }

    /// Notes how much the disk has room for, so that the shares are shares of what there is. Blocks
    /// the thread.
    pub(super) fn measure_disk(&self) -> Result<(), StorageError> {
        let (bytes, files) = self.files.free().map_err(StorageError::from)?;
        let bytes = bytes.saturating_sub(self.config.min_free);
        self.ledger().set_free(Amount { bytes, files });
        Ok(())
    }

    /// Maintains the storage for as long as it is polled: removes DAGs that were not completed in
    /// time, and saves what has changed.
    pub async fn tend(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(TEND_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let storage = Arc::clone(&self);
            let swept = tokio::task::spawn_blocking(move || {
                let swept = storage.sweep()?;
                storage.measure_disk()?;
                storage.flush()?;
                Ok::<_, StorageError>(swept)
            })
            .await;
            match swept {
                Ok(Ok(0)) | Err(_) => {}
                Ok(Ok(dags)) => tracing::info!(dags, "removed uploads that were not completed"),
                Ok(Err(error)) => tracing::error!(%error, "the maintenance of the storage failed"),
            }
        }
    }
}
