//! The native implementation of [`fluence::ports`]: files on disk, HTTP through reqwest, the
//! network through libp2p, and tokio's clock.

mod failure;
mod files;
mod hasher;
mod http;
mod journal;
mod log;
mod partial;
mod private;
mod process;
mod source;
mod store;
#[cfg(test)]
mod test_log;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use fluence::Cid;
use fluence::content::hash::HashError;
use fluence::ports::{Network, Platform};
use fluence::private::Key;
use fluence::private::record::{Nonce, RecordError, SALT};
use fluence::state::Event;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::broadcast;

use hasher::Hasher;

pub use files::{file_limit, raise_file_limit};
pub(crate) use http::Careful;
pub use http::{WebBody, WebClient};
pub use journal::{Journal, Opened};
pub use partial::{FilePartial, sync_directory};
pub use private::{Aes128Gcm, OpenError, Opening, SealError};
pub use process::{memory, open_files};
pub use source::FileSource;
pub use store::FileStore;
#[cfg(test)]
pub(crate) use test_log::captured;

/// How many events a slow watcher may fall behind. Beyond that it misses some, and reads the state
/// instead.
const WATCHER_LAG: usize = 4096;

/// The platform that the engine runs on natively. Its futures must run in a tokio `LocalSet`.
#[derive(Debug)]
pub struct Native<N> {
    store: FileStore,
    http: WebClient,
    network: N,
    journal: Journal,
    hasher: Hasher,
    events: broadcast::Sender<Event>,
}

impl<N> Native<N> {
    /// A platform made of these parts.
    pub fn new(store: FileStore, http: WebClient, network: N, journal: Journal) -> Self {
        Self {
            store,
            http,
            network,
            journal,
            hasher: Hasher::default(),
            events: broadcast::Sender::new(WATCHER_LAG),
        }
    }

    /// Subscribes to all events from now on.
    pub fn watch(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}

impl<N: Network> Platform for Native<N> {
    type Source = FileSource;
    type Store = FileStore;
    type Http = WebClient;
    type Network = N;
    type Cipher = Aes128Gcm;

    fn store(&self) -> &FileStore {
        &self.store
    }

    fn http(&self) -> &WebClient {
        &self.http
    }

    fn network(&self) -> &N {
        &self.network
    }

    fn now_ms(&self) -> u64 {
        now_ms()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        tokio::time::sleep(duration).boxed_local()
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        tokio::task::spawn_local(task);
    }

    fn random(&self) -> u128 {
        random()
    }

    fn cipher(
        &self,
        key: &Key,
        salt: [u8; SALT],
    ) -> LocalBoxFuture<'static, Result<(Aes128Gcm, Nonce), RecordError>> {
        std::future::ready(Aes128Gcm::derive(key, &salt)).boxed_local()
    }

    fn verify(&self, cid: Cid, block: Bytes) -> LocalBoxFuture<'static, Result<(), HashError>> {
        self.hasher.verify(cid, block)
    }

    fn record(&self, events: Vec<Event>) -> LocalBoxFuture<'static, ()> {
        let written = self.journal.append(&events);
        let watchers = self.events.clone();
        async move {
            if let Err(error) = written.await {
                // The plans continue from memory, so nothing else would tell the person.
                tracing::error!("the journal cannot be written: {error}; the next event will cause another attempt, and a restart before then will lose what has just happened");
            }
            for event in events {
                // It is not an error if nobody is watching.
                let _ = watchers.send(event);
            }
        }
        .boxed_local()
    }
}

/// The current Unix time in milliseconds.
pub fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

/// A random number from the system's cryptographic source.
///
/// # Panics
/// If the system provides no random numbers.
pub fn random() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system provides random numbers");
    u128::from_le_bytes(bytes)
}
