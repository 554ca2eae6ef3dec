//! How a gateway behaves, and what its node does for it.

use std::sync::Arc;

use fluence::Cid;
use futures::future::BoxFuture;

/// Brings files that the storage lacks: the node calls their function, so that their provider uploads them.
pub trait Fetcher: Send + Sync + 'static {
    /// Has a DAG brought into the storage. Returns when its blocks are on their way or have come.
    fn fetch(&self, cid: Cid) -> BoxFuture<'static, Result<Fetched, FetchError>>;

    /// Asks what a provider says of its file, and moves nothing.
    fn describe(&self, cid: Cid) -> BoxFuture<'static, Option<Fetched>>;
}

/// What a provider says of its file. Readers of it must make it safe before use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// What it calls it.
    pub name: Option<String>,
    /// Its MIME type.
    pub mime: Option<String>,
}

/// Why a file is not brought.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Nobody provides its function.
    #[error("nobody shares this file now; ask its sharer to open the browser or to share it again")]
    NotFound,
    /// Someone does, and it failed.
    #[error("the file's provider could not be made to upload it: {0}")]
    Failed(String),
}

/// Tells more for `/healthz`: an object whose members are added.
pub type Health = Arc<dyn Fn() -> serde_json::Map<String, serde_json::Value> + Send + Sync>;

/// How a gateway behaves.
#[derive(Clone, Default)]
pub struct GatewayConfig {
    /// Whether links open for anyone: files as they are, not only as verifiable blocks.
    pub open: bool,
    /// Brings what the storage lacks, when the gateway is open.
    pub fetcher: Option<Arc<dyn Fetcher>>,
    /// What else `/healthz` tells.
    pub health: Option<Health>,
}

impl std::fmt::Debug for GatewayConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayConfig")
            .field("open", &self.open)
            .field("fetcher", &self.fetcher.is_some())
            .finish_non_exhaustive()
    }
}
