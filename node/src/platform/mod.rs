//! The native side of [`fluence::ports`]: files on a disk, HTTP by reqwest, the network by libp2p, tokio's clock.

mod failure;
mod http;
mod journal;
mod log;
mod partial;
mod source;
mod store;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use fluence::Cid;
use fluence::content::hash::{self, HashError};
use fluence::ports::{Network, Platform};
use fluence::state::Event;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::broadcast;

pub use http::{WebBody, WebClient};
pub use journal::{Journal, Opened};
pub use partial::FilePartial;
pub use source::FileSource;
pub use store::FileStore;

/// Events that a slow watcher may be behind; after that it misses some and reads the state instead.
const WATCHER_LAG: usize = 4096;

/// Blocks of fewer bytes are hashed at once: another thread would take longer to be woken.
const HASH_ELSEWHERE: usize = 16 * 1024;

/// What the engine runs on natively. Its futures belong to a tokio `LocalSet`.
#[derive(Debug)]
pub struct Native<N> {
    store: FileStore,
    http: WebClient,
    network: N,
    journal: Journal,
    events: broadcast::Sender<Event>,
}

impl<N> Native<N> {
    /// A platform of these parts.
    pub fn new(store: FileStore, http: WebClient, network: N, journal: Journal) -> Self {
        Self {
            store,
            http,
            network,
            journal,
            events: broadcast::Sender::new(WATCHER_LAG),
        }
    }

    /// Every event from now on.
    pub fn watch(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}

impl<N: Network> Platform for Native<N> {
    type Source = FileSource;
    type Store = FileStore;
    type Http = WebClient;
    type Network = N;

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

    fn verify(&self, cid: Cid, block: Bytes) -> LocalBoxFuture<'static, Result<(), HashError>> {
        if block.len() < HASH_ELSEWHERE {
            return std::future::ready(hash::verify(&cid, &block)).boxed_local();
        }
        async move {
            match tokio::task::spawn_blocking(move || hash::verify(&cid, &block)).await {
                Ok(verified) => verified,
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                // The program is stopping: nobody is to believe that the block is sound, or wrong.
                Err(_) => std::future::pending().await,
            }
        }
        .boxed_local()
    }

    fn record(&self, events: Vec<Event>) -> LocalBoxFuture<'static, ()> {
        let written = self.journal.append(&events);
        let watchers = self.events.clone();
        async move {
            if let Err(error) = written.await {
                // The person must learn of it, and nothing else can tell: the plans go on from memory.
                tracing::error!("the journal cannot be written: {error}; it is tried again with what happens next, and a restart before that will not know what happened now");
            }
            for event in events {
                // Nobody watching is no error.
                let _ = watchers.send(event);
            }
        }
        .boxed_local()
    }
}

/// Unix time in milliseconds.
pub fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

/// A number that nobody can guess.
pub fn random() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system's random numbers are there");
    u128::from_le_bytes(bytes)
}
