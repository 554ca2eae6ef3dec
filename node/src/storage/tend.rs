//! What has to be done for a storage again and again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::index::DbError;
use super::{Storage, StorageError};

/// How often [`Storage::tend`] looks for what has expired.
const TEND_EVERY: Duration = Duration::from_secs(30);
/// DAGs that are written down in one transaction.
const SAVED_AT_ONCE: usize = 1024;

impl Storage {
    /// Syncs what was written down, and with it when each DAG was last used, and what is known of it since. Blocks.
    ///
    /// # Errors
    /// When the disk fails.
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

    /// Looks after the storage for as long as it is polled: frees what has expired, writes down what was used.
    pub async fn tend(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(TEND_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let storage = Arc::clone(&self);
            let swept = tokio::task::spawn_blocking(move || {
                let swept = storage.sweep()?;
                storage.flush()?;
                Ok::<_, StorageError>(swept)
            })
            .await;
            match swept {
                Ok(Ok(0)) | Err(_) => {}
                Ok(Ok(dags)) => tracing::info!(dags, "freed uploads that were not completed"),
                Ok(Err(error)) => tracing::error!(%error, "the storage cannot be tended"),
            }
        }
    }
}
