//! How the plans reach the world: small traits, so that the same plan runs in the worker, in the command line and in
//! a test on simulated time.
//!
//! Futures here need not be `Send`: a plan runs on one thread, which in a browser is all there is.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use futures::future::LocalBoxFuture;
use futures::stream::LocalBoxStream;

use crate::Cid;
use crate::call::{CallError, Reply, Request};
use crate::cars::{Blocks, Kept};
use crate::content::hash::{self, HashError};
use crate::content::{Block, Dag};
use crate::names::FunctionName;
use crate::state::{Event, ItemId};

/// All that a plan needs of the world.
pub trait Platform: 'static {
    /// Bytes that are stored.
    type Source: Source;
    /// Where bytes are stored.
    type Store: Store<Source = Self::Source>;
    /// HTTP.
    type Http: Http<Source = Self::Source>;
    /// The function network.
    type Network: Network;

    /// See [`Store`].
    fn store(&self) -> &Self::Store;
    /// See [`Http`].
    fn http(&self) -> &Self::Http;
    /// See [`Network`].
    fn network(&self) -> &Self::Network;
    /// Unix time in milliseconds.
    fn now_ms(&self) -> u64;
    /// Ends after the duration.
    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()>;
    /// Runs a task on this thread; it goes on when nobody waits for it.
    fn spawn(&self, task: LocalBoxFuture<'static, ()>);
    /// A number that nobody can guess.
    fn random(&self) -> u128;
    /// Whether a block is what its CID says. A platform that can hash off this thread, or faster than this program,
    /// does so here ([`hash::is_sha2_256`]); several are asked for at the same time.
    fn verify(&self, cid: Cid, block: Bytes) -> LocalBoxFuture<'static, Result<(), HashError>> {
        Box::pin(std::future::ready(hash::verify(&cid, &block)))
    }
    /// Fetches a CAR and gives its blocks verified. A platform that can do so off this thread does so here, and may keep
    /// raw blocks where it will write them ([`Partial::append_kept`]); else this program does all of it.
    fn car(
        &self,
        _request: &HttpRequest<Self::Source>,
    ) -> Option<LocalBoxFuture<'static, Result<HttpResponse<Blocks>, HttpError>>> {
        None
    }
    /// Writes events to the journal, in order, and shows them to open faces; the engine has applied them to its state.
    /// When it returns they outlast a kill, except those that [`crate::state::EventKind::is_ephemeral`], which are only
    /// shown. A failing disk is reported by the platform itself; what could not be written it writes before what comes next.
    fn record(&self, events: Vec<Event>) -> LocalBoxFuture<'static, ()>;
}

/// Why stored bytes could not be had or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk, or the browser's share of it, is full.
    #[error("there is no room left on the disk")]
    Full,
    /// What was stored is not there any more, or is shorter than it was.
    #[error("the stored file is gone or was changed: {0}")]
    Gone(String),
    /// Anything else.
    #[error("storage failed: {0}")]
    Failed(String),
}

/// Bytes that stay where they are; they are read in slices. Cheap to clone.
pub trait Source: Clone + 'static {
    /// How many bytes.
    fn len(&self) -> u64;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Reads a slice; shorter is an error.
    fn read(&self, range: Range<u64>) -> LocalBoxFuture<'static, Result<Bytes, StoreError>>;
    /// SHA-256 of `prefix`, the slice and `suffix`, off this thread where the platform can: the slice's bytes need not
    /// pass through this program's memory.
    fn sha256(
        &self,
        prefix: Bytes,
        range: Range<u64>,
        suffix: Bytes,
    ) -> LocalBoxFuture<'static, Result<[u8; 32], StoreError>>;
}

/// Where bytes are stored, under an item's id.
pub trait Store: 'static {
    /// What reading gives.
    type Source: Source;
    /// A file that is being written.
    type Partial: Partial<Source = Self::Source>;

    /// Opens the file that is being written under this id, or begins one. What an earlier run wrote is there.
    fn partial(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<Self::Partial, StoreError>>;
    /// The whole file and its DAG: what [`Partial::finish`] was called on.
    fn open(&self, id: &ItemId)
    -> LocalBoxFuture<'static, Result<(Self::Source, Dag), StoreError>>;
    /// Forgets it, finished or not. One that is not there is no error.
    fn remove(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<(), StoreError>>;
    /// The ids of all that is stored, for clearing what nothing points to.
    fn ids(&self) -> LocalBoxFuture<'static, Result<Vec<ItemId>, StoreError>>;
}

/// A file that is being written, piece by piece, in order.
pub trait Partial: 'static {
    /// What reading gives.
    type Source: Source;

    /// Bytes written so far, those that wait to be written included.
    fn len(&self) -> u64;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The blocks that were written down with the bytes, in order: where a fetch goes on from.
    fn blocks(&self) -> Vec<Block>;
    /// Takes bytes and the blocks that they end (for a fetch), to be written down together. Returns when there is room
    /// for more in the bounded queue; small pieces are gathered.
    fn append(
        &mut self,
        data: Bytes,
        blocks: Vec<Block>,
    ) -> LocalBoxFuture<'_, Result<(), StoreError>>;
    /// Takes bytes that [`Platform::car`] kept, and the blocks that they end.
    fn append_kept(
        &mut self,
        kept: Kept,
        _blocks: Vec<Block>,
    ) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        let error = format!("{} bytes are kept where nothing is kept", kept.len);
        Box::pin(std::future::ready(Err(StoreError::Failed(error))))
    }
    /// Takes a slice of other stored bytes, without passing them through this program's memory where the platform can
    /// avoid it (and without any copy where the source is already as safe as this store).
    fn adopt(
        &mut self,
        source: Self::Source,
        range: Range<u64>,
    ) -> LocalBoxFuture<'_, Result<(), StoreError>>;
    /// Returns when all that was appended outlasts a kill.
    fn flush(&mut self) -> LocalBoxFuture<'_, Result<(), StoreError>>;
    /// What was flushed, readable; for hashing in place.
    fn source(&mut self) -> LocalBoxFuture<'_, Result<Self::Source, StoreError>>;
    /// Flushes, writes the DAG, and makes it the whole file for [`Store::open`].
    fn finish(self, dag: Dag) -> LocalBoxFuture<'static, Result<(), StoreError>>;
}

/// One HTTP request.
#[derive(Debug, Clone)]
pub struct HttpRequest<S> {
    /// `GET`, `HEAD` or `POST`.
    pub method: &'static str,
    /// Absolute.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body in pieces; what is a slice is never copied where the platform can avoid it.
    pub body: Vec<Piece<S>>,
    /// How long to wait for the response's head, and then for each next byte of the body.
    pub patience: Duration,
}

/// A piece of an HTTP body.
#[derive(Debug, Clone)]
pub enum Piece<S> {
    /// These bytes.
    Bytes(Bytes),
    /// A slice of what is stored.
    Slice(S, Range<u64>),
}

impl<S> Piece<S> {
    /// Bytes of the piece.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Slice(_, range) => range.end - range.start,
        }
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why there was no (whole) answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No connection, a broken one, or a browser that forbids the request.
    #[error("{0} cannot be reached")]
    Unreachable(String),
    /// Nothing came for as long as the request's patience.
    #[error("{0} has been silent for too long")]
    Silent(String),
    /// The body broke off.
    #[error("the answer of {0} broke off")]
    Broken(String),
}

/// HTTP, as much as a storage needs.
pub trait Http: 'static {
    /// What bodies are made of.
    type Source: Source;
    /// A response's body.
    type Body: HttpBody;
    /// Sends a request; returns when the response's head is there. Redirects are followed, ten at most, to http(s) only.
    fn send(
        &self,
        request: HttpRequest<Self::Source>,
    ) -> LocalBoxFuture<'static, Result<HttpResponse<Self::Body>, HttpError>>;
}

/// The head of a response, and its body to be read.
#[derive(Debug)]
pub struct HttpResponse<B> {
    /// The status code.
    pub status: u16,
    /// `Content-Type`, if there is one.
    pub content_type: Option<String>,
    /// `Content-Length`, if there is one.
    pub content_length: Option<u64>,
    /// `Content-Disposition`'s file name, else empty; not yet made safe.
    pub file_name: Option<String>,
    /// The body. Dropping it ends the transfer.
    pub body: B,
}

impl<B> HttpResponse<B> {
    /// The same with another body.
    pub fn with_body<C>(self, make: impl FnOnce(B) -> C) -> HttpResponse<C> {
        HttpResponse {
            status: self.status,
            content_type: self.content_type,
            content_length: self.content_length,
            file_name: self.file_name,
            body: make(self.body),
        }
    }
}

/// A body that comes piece by piece.
pub trait HttpBody: 'static {
    /// The next piece, `None` at the end.
    fn chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Bytes>, HttpError>>;
}

/// The identity of a peer in its text form (`12D3Koo…`).
pub type PeerName = String;

/// Why a call has no reply.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NetworkError {
    /// This peer has no connection to any node.
    #[error("there is no connection to the network")]
    Offline,
    /// The provider could not be reached; it has not received the request.
    #[error("the provider cannot be reached")]
    Unreachable,
    /// No reply by the deadline, or the connection broke; the request may have been received.
    #[error("the provider did not answer in time; it may have received the call")]
    NoReply,
    /// What came is not a reply.
    #[error("the provider's answer is not understood")]
    Malformed,
    /// The provider said why.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// The function network, from one peer's view.
pub trait Network: 'static {
    /// The peers that provide a function, as look-up finds them; ends with the look-up, at most 30 s later.
    /// The own peer is never among them.
    fn providers(&self, name: FunctionName) -> LocalBoxStream<'static, PeerName>;
    /// Calls a function at one provider. Returns by the deadline.
    fn call(
        &self,
        provider: PeerName,
        request: Request,
        deadline: Duration,
    ) -> LocalBoxFuture<'static, Result<Reply, NetworkError>>;
    /// Announces functions, and returns when a stranger (a second peer, of a fresh identity) has found this peer by look-up under each
    /// name and has reached it with a probing call. Returns the names that could not be confirmed.
    fn announce(
        &self,
        names: Vec<FunctionName>,
    ) -> LocalBoxFuture<'static, Result<Vec<FunctionName>, NetworkError>>;
    /// Announces them no more; records at nodes end by themselves.
    fn withdraw(&self, names: Vec<FunctionName>);
}
