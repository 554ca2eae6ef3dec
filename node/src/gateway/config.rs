//! A gateway's configuration, and what it needs from its node.

use std::sync::Arc;

use fluence::Cid;
use futures::future::BoxFuture;

use super::limits::{MAX_RESPONSES, MAX_UPLOADS};
use crate::fairness::AddressBlock;

/// Fetches files that the storage lacks: the node calls a file's function, so that the provider
/// uploads it.
pub trait Fetcher: Send + Sync + 'static {
    /// Fetches a DAG into the storage, for somebody at these addresses. Returns once its blocks are on their way or have
    /// arrived.
    fn fetch(
        &self,
        cid: Cid,
        from: AddressBlock,
    ) -> BoxFuture<'static, Result<Fetched, FetchError>>;

    /// Asks a provider to describe its file, without moving any data. Where the file is `absent`, others may be asked
    /// whether they have it, too.
    fn describe(&self, cid: Cid, absent: bool) -> BoxFuture<'static, Option<Fetched>>;
}

/// A provider's description of its file. It comes from a stranger and must be sanitized before use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The file's name.
    pub name: Option<String>,
    /// The file's MIME type.
    pub mime: Option<String>,
    /// The file's size, in bytes.
    pub size: Option<u64>,
}

/// Why a file could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Nobody provides the file's function.
    #[error("nobody shares this file now; ask its sharer to open the browser or to share it again")]
    NotFound,
    /// Somebody provides it, but the file could not be fetched from there.
    #[error("the file's provider could not be made to upload it: {0}")]
    Failed(String),
}

/// Supplies more members for the JSON object of `/healthz`.
pub type Health = Arc<dyn Fn() -> serde_json::Map<String, serde_json::Value> + Send + Sync>;

/// Tells the nodes that are listed, as multiaddrs.
pub type Nodes = Arc<dyn Fn() -> BoxFuture<'static, Vec<String>> + Send + Sync>;

/// Tells why the node cannot serve now, as sentences; none if it can.
pub type Ready = Arc<dyn Fn() -> BoxFuture<'static, Vec<&'static str>> + Send + Sync>;

/// How much is done over HTTP at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// Responses that are sent.
    pub responses: usize,
    /// Uploads that are received. Each has up to two blocks in memory.
    pub uploads: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            responses: MAX_RESPONSES,
            uploads: MAX_UPLOADS,
        }
    }
}

/// A gateway's configuration.
#[derive(Clone, Default)]
pub struct GatewayConfig {
    /// Whether links open in a plain browser: files are served as they are, not only as verifiable
    /// blocks.
    pub open: bool,
    /// Fetches what the storage lacks, if the gateway is open.
    pub fetcher: Option<Arc<dyn Fetcher>>,
    /// What `/healthz` reports in addition.
    pub health: Option<Health>,
    /// What `/readyz` reports.
    pub ready: Option<Ready>,
    /// How much is done at one time.
    pub limits: HttpLimits,
    /// The nodes that are listed; without it there is no list.
    pub nodes: Option<Nodes>,
}

impl std::fmt::Debug for GatewayConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayConfig")
            .field("open", &self.open)
            .field("fetcher", &self.fetcher.is_some())
            .finish_non_exhaustive()
    }
}
