//! Fetching files that the storage lacks, and asking for their names: once for all clients that
//! want the same file.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fluence::Cid;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::time::timeout;

use super::config::{FetchError, Fetched, GatewayConfig};
use super::limits::{MAX_FETCHES, MAX_QUESTIONS, MAX_UNANNOUNCED, MAX_UPLOADS_OF_ONE, MAX_WAITING};
use crate::fairness::{AddressBlock, Repeated, Shares};
use crate::storage::Storage;

/// How many DAGs are remembered whose providers were asked for a description.
const MAX_DESCRIPTIONS: usize = 4096;
/// How long a response may wait for a file's name.
const DESCRIBE_PATIENCE: Duration = Duration::from_secs(2);
/// How long it may take until the provider of a file that is not here has described it.
const QUESTION_PATIENCE: Duration = Duration::from_secs(10);

/// A description that a DAG's provider was asked for.
type Description = Shared<BoxFuture<'static, Option<Fetched>>>;
/// A fetch of a DAG under way.
type Fetch = Shared<BoxFuture<'static, Result<Fetched, FetchError>>>;

/// The state that all handlers share.
pub(super) struct Gateway {
    /// The storage that is served.
    pub storage: Arc<Storage>,
    /// The gateway's configuration.
    pub config: GatewayConfig,
    /// One place for each response that may be sent at one time.
    pub responses: Arc<Shares>,
    /// One place for each upload that may be received at one time.
    pub uploads: Arc<Shares>,
    /// How many uploads each peer makes of each DAG.
    pub uploads_of_one: Arc<Repeated>,
    /// One place for each provider that may be asked about a file that is not here.
    questions: Arc<Shares>,
    /// One place for each request that may wait for a root that is on its way or being fetched.
    pub waiting: Arc<Shares>,
    /// One place for each request that may wait for a root of which nobody has heard.
    pub unannounced: Arc<Shares>,
    fetches: Mutex<HashMap<Cid, Fetch>>,
    /// One place for each fetch that may be under way.
    fetching: Arc<Shares>,
    /// The descriptions of DAGs that arrived without a name; each is requested once.
    descriptions: Mutex<HashMap<Cid, Description>>,
}

impl Gateway {
    /// Creates the state for a storage.
    pub fn new(storage: Arc<Storage>, config: GatewayConfig) -> Self {
        Self {
            storage,
            responses: Shares::new(config.limits.responses, "reads more at a time than it may"),
            uploads: Shares::new(config.limits.uploads, "uploads more at a time than it may"),
            config,
            uploads_of_one: Repeated::new(MAX_UPLOADS_OF_ONE),
            questions: Shares::new(MAX_QUESTIONS, "asks about more files at a time than it may"),
            waiting: Shares::new(MAX_WAITING, "waits for more files at a time than it may"),
            unannounced: Shares::new(
                MAX_UNANNOUNCED,
                "waits for more files that nobody has announced than it may",
            ),
            fetches: Mutex::default(),
            fetching: Shares::new(MAX_FETCHES, "has more files fetched at a time than it may"),
            descriptions: Mutex::default(),
        }
    }

    /// Fetches a DAG, once for all who ask for it at one time; `None` if this gateway does not
    /// fetch or fetches too many already.
    pub fn fetch(self: &Arc<Self>, cid: &Cid, from: AddressBlock) -> Option<Fetch> {
        let fetcher = self.config.fetcher.as_ref().filter(|_| self.config.open)?;
        let mut fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetch) = fetches.get(cid) {
            return Some(fetch.clone());
        }
        let place = self.fetching.take(from)?;
        let fetch = fetcher.fetch(*cid, from).shared();
        fetches.insert(*cid, fetch.clone());
        drop(fetches);
        // The fetch continues even if the client that asked for it leaves, since others may be
        // waiting for it.
        let (gateway, task, cid) = (Arc::clone(self), fetch.clone(), *cid);
        tokio::spawn(async move {
            if let Ok(Fetched { name, mime, .. }) = task.await {
                gateway.storage.describe(&cid, name, mime);
            }
            gateway
                .fetches
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&cid);
            drop(place);
        });
        Some(fetch)
    }

    /// The name and type of a DAG: those that were noted, or else those that its provider gives if
    /// it answers a request within [`DESCRIBE_PATIENCE`].
    pub async fn description(&self, root: &Cid) -> (Option<String>, Option<String>) {
        let noted = self.storage.description(root);
        if noted != (None, None) {
            return noted;
        }
        let Some(asked) = self.describe(root) else {
            return noted;
        };
        let Some(Fetched { name, mime, .. }) = asked.await else {
            return noted;
        };
        self.storage.describe(root, name.clone(), mime.clone());
        (name, mime)
    }

    /// Asks the providers of a file that is not here to describe it, which moves none of it; `None` if
    /// this gateway does not ask, or asks for too many files in the name of these addresses already.
    pub async fn question(&self, root: &Cid, block: AddressBlock) -> Option<Option<Fetched>> {
        let fetcher = self.config.fetcher.as_ref().filter(|_| self.config.open)?;
        let _place = self.questions.take(block)?;
        let described = timeout(QUESTION_PATIENCE, fetcher.describe(*root, true)).await;
        Some(described.ok().flatten())
    }

    /// Asks a DAG's provider for a description, which may take [`DESCRIBE_PATIENCE`] from the first
    /// request for it; `None` if this gateway does not ask.
    fn describe(&self, root: &Cid) -> Option<Description> {
        let fetcher = self.config.fetcher.as_ref().filter(|_| self.config.open)?;
        // A block that is here only as a part of other DAGs has no known provider.
        self.storage.dag_state(root)?;
        let fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetch) = fetches.get(root) {
            // The fetch yields the description too.
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
            .or_insert_with(|| soon(fetcher.describe(*root, false)));
        Some(description.clone())
    }
}

/// Limits a request for a description to [`DESCRIBE_PATIENCE`].
fn soon(asked: impl Future<Output = Option<Fetched>> + Send + 'static) -> Description {
    timeout(DESCRIBE_PATIENCE, asked)
        .map(|known| known.ok().flatten())
        .boxed()
        .shared()
}
