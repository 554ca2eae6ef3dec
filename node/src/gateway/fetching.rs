//! Having files brought that the storage lacks, and asking what they are called: each once for all that want it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fluence::Cid;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::config::{FetchError, Fetched, GatewayConfig};
use crate::storage::Storage;

/// Files that are asked for by name at one time, because a link to them was opened.
const MAX_FETCHES: usize = 64;
/// DAGs of which it is remembered that their providers were asked for a name.
const MAX_DESCRIPTIONS: usize = 4096;
/// How long an answer may wait for a name.
const DESCRIBE_PATIENCE: Duration = Duration::from_secs(2);
/// Responses that are made at one time.
const MAX_RESPONSES: usize = 256;
/// Uploads that are taken at one time.
const MAX_UPLOADS: usize = 64;

/// What a DAG's provider was asked to say of it.
type Description = Shared<BoxFuture<'static, Option<Fetched>>>;
/// A DAG that is being brought.
type Fetch = Shared<BoxFuture<'static, Result<Fetched, FetchError>>>;

/// What all handlers share.
pub(super) struct Gateway {
    /// What is served.
    pub storage: Arc<Storage>,
    /// How it is served.
    pub config: GatewayConfig,
    /// A permit for each response that may be made.
    pub responses: Arc<Semaphore>,
    /// A permit for each upload that may be taken.
    pub uploads: Arc<Semaphore>,
    fetches: Mutex<HashMap<Cid, Fetch>>,
    /// Of DAGs that came without a name, each asked for once.
    descriptions: Mutex<HashMap<Cid, Description>>,
}

impl Gateway {
    /// On a storage, with nothing under way.
    pub fn new(storage: Arc<Storage>, config: GatewayConfig) -> Self {
        Self {
            storage,
            config,
            responses: Arc::new(Semaphore::new(MAX_RESPONSES)),
            uploads: Arc::new(Semaphore::new(MAX_UPLOADS)),
            fetches: Mutex::default(),
            descriptions: Mutex::default(),
        }
    }

    /// Has a DAG brought, once for all who ask for it at one time; `None` where that is not done here.
    pub fn fetch(self: &Arc<Self>, cid: &Cid) -> Option<Fetch> {
        let fetcher = self.config.fetcher.as_ref().filter(|_| self.config.open)?;
        let mut fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetch) = fetches.get(cid) {
            return Some(fetch.clone());
        }
        if fetches.len() >= MAX_FETCHES {
            return None;
        }
        let fetch = fetcher.fetch(*cid).shared();
        fetches.insert(*cid, fetch.clone());
        drop(fetches);
        // It goes on when the one who asked has gone, and others may be waiting for it.
        let (gateway, task, cid) = (Arc::clone(self), fetch.clone(), *cid);
        tokio::spawn(async move {
            if let Ok(Fetched { name, mime }) = task.await {
                gateway.storage.describe(&cid, name, mime);
            }
            gateway
                .fetches
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&cid);
        });
        Some(fetch)
    }

    /// What a DAG's provider calls it, and its type: as it was noted, else as the provider says when it is asked now,
    /// for which it has a little time.
    pub async fn description(&self, root: &Cid) -> (Option<String>, Option<String>) {
        let noted = self.storage.description(root);
        if noted != (None, None) {
            return noted;
        }
        let Some(asked) = self.describe(root) else {
            return noted;
        };
        let Some(Fetched { name, mime }) = asked.await else {
            return noted;
        };
        self.storage.describe(root, name.clone(), mime.clone());
        (name, mime)
    }

    /// Asks what a DAG's provider calls it, within [`DESCRIBE_PATIENCE`] from when it was first asked; `None` where that
    /// is not done.
    fn describe(&self, root: &Cid) -> Option<Description> {
        let fetcher = self.config.fetcher.as_ref().filter(|_| self.config.open)?;
        // What is here as a part of others only has no provider that is known.
        self.storage.dag_state(root)?;
        let fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetch) = fetches.get(root) {
            // Having it brought tells that as well.
            return Some(soon(fetch.clone().map(Result::ok)));
        }
        drop(fetches);
        let mut asked = self
            .descriptions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if asked.len() >= MAX_DESCRIPTIONS && !asked.contains_key(root) {
            asked.clear();
        }
        let description = asked
            .entry(*root)
            .or_insert_with(|| soon(fetcher.describe(*root)));
        Some(description.clone())
    }
}

/// What is known within [`DESCRIBE_PATIENCE`].
fn soon(asked: impl Future<Output = Option<Fetched>> + Send + 'static) -> Description {
    timeout(DESCRIBE_PATIENCE, asked)
        .map(|known| known.ok().flatten())
        .boxed()
        .shared()
}
