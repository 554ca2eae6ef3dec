//! The small traits through which the plans reach the world, so that the same plan runs in the
//! worker, in the command line and in a test on simulated time.
//!
//! The futures need not be `Send`: a plan runs on one thread, and in a browser there is no other.

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
use crate::failure::Failure;
use crate::names::FunctionName;
use crate::plan::Remote;
use crate::private::Key;
use crate::private::record::{self, CONTENT, Cipher, Nonce, OVERHEAD, RecordError, Run, SALT};
use crate::state::{Event, Item, ItemId};

/// Everything that a plan needs from the world.
pub trait Platform: 'static {
    /// The type of stored bytes.
    type Source: Source;
    /// The type of the store.
    type Store: Store<Source = Self::Source>;
    /// The type of the HTTP client.
    type Http: Http<Source = Self::Source>;
    /// The type of the function network.
    type Network: Network;
    /// The type of the cipher of private shares.
    type Cipher: Cipher;

    /// The store.
    fn store(&self) -> &Self::Store;
    /// The HTTP client.
    fn http(&self) -> &Self::Http;
    /// The function network.
    fn network(&self) -> &Self::Network;
    /// The time in Unix milliseconds.
    fn now_ms(&self) -> u64;
    /// Returns after the duration.
    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()>;
    /// Runs a task on this thread, whether or not anything waits for it.
    fn spawn(&self, task: LocalBoxFuture<'static, ()>);
    /// Whether each byte costs something on the network that is used now, as far as this is known.
    fn is_metered(&self) -> bool {
        false
    }
    /// A random number from a cryptographic source.
    fn random(&self) -> u128;
    /// The cipher of a private share with this key and this salt, and what its nonces are made from: HKDF-SHA-256 with
    /// [`KEY_INFO`](crate::private::record::KEY_INFO) and [`NONCE_INFO`](crate::private::record::NONCE_INFO).
    ///
    /// # Errors
    /// [`RecordError::Cipher`] if the platform cannot compute it.
    fn cipher(
        &self,
        key: &Key,
        salt: [u8; SALT],
    ) -> LocalBoxFuture<'static, Result<(Self::Cipher, Nonce), RecordError>>;
    /// Encrypts bytes as the next records of a private share, and appends these to a file. Every record is full, except
    /// for the last one if the body `ends`. A platform that can do so off this thread does so here.
    ///
    /// # Errors
    /// [`Failure`] if the bytes cannot be read, encrypted or written; that they cannot be written may come later, as in
    /// [`Partial::append`].
    fn seal<'a>(
        &'a self,
        into: &'a mut <Self::Store as Store>::Partial,
        run: Run<'a, Self::Cipher>,
        plain: Vec<Piece<Self::Source>>,
        ends: bool,
    ) -> LocalBoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let mut content = Vec::new();
            for piece in plain {
                match piece {
                    Piece::Bytes(bytes) => content.extend_from_slice(&bytes),
                    Piece::Slice(source, range) => {
                        content.extend_from_slice(&source.read(range).await?);
                    }
                }
            }
            // A body has a record even if there is nothing in it.
            let count = content.len().div_ceil(CONTENT).max(usize::from(ends));
            for (number, at) in (run.first..).zip(0..count) {
                let end = content.len().min((at + 1) * CONTENT);
                let piece = content[at * CONTENT..end].to_vec();
                let last = ends && at + 1 == count;
                let record = record::seal(run.cipher, run.base, number, piece, last).await?;
                into.append(record.into(), Vec::new()).await?;
            }
            Ok(())
        })
    }
    /// Decrypts this many records of a private share, all of which are full and none of which is its last, and appends
    /// their contents to a file. They begin at `at` in the source. A platform that can do so off this thread does so
    /// here.
    ///
    /// # Errors
    /// [`Failure`] if the records are not authentic or not full, or their contents cannot be written; all of this may come
    /// later, as in [`Partial::append`].
    fn open<'a>(
        &'a self,
        into: &'a mut <Self::Store as Store>::Partial,
        run: Run<'a, Self::Cipher>,
        source: &'a Self::Source,
        at: u64,
        count: u64,
    ) -> LocalBoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let size = u64::from(run.size);
            for (number, index) in (run.first..).zip(0..count) {
                let start = at + index * size;
                let sealed = source.read(start..start + size).await?.to_vec();
                let content = record::open(run.cipher, run.base, number, sealed, false).await?;
                if content.len() + OVERHEAD != run.size as usize {
                    return Err(RecordError::Altered(number).into());
                }
                into.append(content.into(), Vec::new()).await?;
            }
            Ok(())
        })
    }
    /// Verifies a block against its CID. A platform that can hash off this thread, or faster than
    /// this program, does so here ([`hash::is_sha2_256`]). Several blocks are verified at the same
    /// time.
    ///
    /// # Errors
    /// [`HashError`] if the CID does not prove the block.
    fn verify(&self, cid: Cid, block: Bytes) -> LocalBoxFuture<'static, Result<(), HashError>> {
        Box::pin(std::future::ready(hash::verify(&cid, &block)))
    }
    /// Fetches a CAR as verified blocks. A platform that can do so off this thread does so here,
    /// and may keep the bytes of leaves where it will write them ([`Partial::append_kept`]). If it returns
    /// `None`, this program does all of it.
    ///
    /// # Errors
    /// [`HttpError`] if no head of a response arrives. Later errors are in the stream.
    fn car(
        &self,
        _request: &HttpRequest<Self::Source>,
    ) -> Option<LocalBoxFuture<'static, Result<HttpResponse<Blocks>, HttpError>>> {
        None
    }
    /// Whether the whole answer to a request is read into memory as fast as it comes, however slowly this program reads
    /// it. Then large files are asked for in pieces.
    fn reads_ahead(&self) -> bool {
        false
    }
    /// What a share was read from, so that it can be read on or read again; `None` if this platform reads nothing from
    /// addresses, or the item came from elsewhere.
    fn remote(&self, _item: &Item) -> Option<Box<dyn Remote>> {
        None
    }
    /// Writes events to the journal in their order, and shows them to open faces. The engine has applied them to its
    /// state already. When this returns, the events survive a kill, except for those that are
    /// [ephemeral](crate::state::EventKind::is_ephemeral), which are only shown. A platform reports a failing disk
    /// itself, and writes what it could not write before any later event.
    fn record(&self, events: Vec<Event>) -> LocalBoxFuture<'static, ()>;
}

/// Why stored bytes could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk, or the browser's quota on it, is full.
    #[error("there is no room left on the disk")]
    Full,
    /// The stored bytes are missing, or there are fewer of them than there were.
    #[error("the stored file is gone or was changed: {0}")]
    Gone(String),
    /// The file is the person's own, and the browser wants a click of theirs before it is read.
    #[error("the file may be read after a click")]
    Locked,
    /// Something else went wrong; the text is the system's own.
    #[error("storage failed: {0}")]
    Failed(String),
}

/// Bytes that stay where they are and are read in slices. A clone is cheap.
pub trait Source: Clone + 'static {
    /// The number of bytes.
    fn len(&self) -> u64;
    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Whether it is a file of the person's that can be read where it is, by a later run too ([`Partial::leave`]).
    fn can_stay(&self) -> bool {
        false
    }
    /// Reads a slice.
    ///
    /// # Errors
    /// [`StoreError`], also if the slice is shorter than the range.
    fn read(&self, range: Range<u64>) -> LocalBoxFuture<'static, Result<Bytes, StoreError>>;
    /// The SHA-256 of `prefix`, the slice and `suffix`, computed off this thread if the platform
    /// can do that, so that the bytes of the slice need not pass through this program's memory.
    ///
    /// # Errors
    /// [`StoreError`], also if the slice is shorter than the range.
    fn sha256(
        &self,
        prefix: Bytes,
        range: Range<u64>,
        suffix: Bytes,
    ) -> LocalBoxFuture<'static, Result<[u8; 32], StoreError>>;
}

/// A store of bytes under the ids of items.
pub trait Store: 'static {
    /// The type of stored bytes.
    type Source: Source;
    /// The type of a file that is being written.
    type Partial: Partial<Source = Self::Source>;

    /// Opens the file that is being written under this id, or begins one. It holds what an earlier
    /// run wrote.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    fn partial(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<Self::Partial, StoreError>>;
    /// Writes a small file and its DAG at once, and returns when both survive a kill. Several are written together if
    /// the platform can do that.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be written.
    fn put<'a>(
        &'a self,
        id: &'a ItemId,
        bytes: Bytes,
        dag: Dag,
    ) -> LocalBoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut partial = self.partial(id).await?;
            partial.append(bytes, Vec::new()).await?;
            partial.finish(dag).await
        })
    }
    /// Opens the whole file and its DAG, after [`Partial::finish`].
    ///
    /// # Errors
    /// [`StoreError`], which is [`StoreError::Gone`] if the file or a part of it is missing.
    fn open(&self, id: &ItemId)
    -> LocalBoxFuture<'static, Result<(Self::Source, Dag), StoreError>>;
    /// Removes a file, finished or not. It is not an error if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if the file cannot be removed.
    fn remove(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<(), StoreError>>;
    /// The ids of everything that is stored, so that leftovers can be found.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    fn ids(&self) -> LocalBoxFuture<'static, Result<Vec<ItemId>, StoreError>>;
}

/// A file that is being written in order, piece by piece.
pub trait Partial: 'static {
    /// The type of stored bytes.
    type Source: Source;

    /// The number of bytes written so far, including those that wait to be written.
    fn len(&self) -> u64;
    /// Whether nothing has been written yet.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The blocks that were recorded with the bytes, in order. A fetch continues after them.
    fn blocks(&self) -> Vec<Block>;
    /// Takes bytes and the blocks that they complete (of a fetch), which are recorded together.
    /// Returns when the bounded queue has room for more. Small pieces are buffered.
    ///
    /// # Errors
    /// [`StoreError`] if these or earlier bytes could not be written.
    fn append(
        &mut self,
        data: Bytes,
        blocks: Vec<Block>,
    ) -> LocalBoxFuture<'_, Result<(), StoreError>>;
    /// Takes bytes that [`Platform::car`] kept, and the blocks that they complete.
    ///
    /// # Errors
    /// [`StoreError`] as in [`Partial::append`], or if the platform keeps no bytes.
    fn append_kept(
        &mut self,
        kept: Kept,
        _blocks: Vec<Block>,
    ) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        let error = format!("{} bytes are kept where nothing is kept", kept.len);
        Box::pin(std::future::ready(Err(StoreError::Failed(error))))
    }
    /// Takes a slice of other stored bytes. The platform keeps it out of this program's memory if
    /// it can, and copies nothing if the source is as safe as this store.
    ///
    /// # Errors
    /// [`StoreError`] if the slice cannot be read, or the bytes cannot be written.
    fn adopt(
        &mut self,
        source: Self::Source,
        range: Range<u64>,
    ) -> LocalBoxFuture<'_, Result<(), StoreError>>;
    /// Leaves a whole source where it is, as all that there is of this file, and writes down how to find it again.
    /// Returns `false` if it has to be [adopted](Self::adopt), and nothing is written down.
    ///
    /// # Errors
    /// [`StoreError`] if it is no longer there.
    fn leave(&mut self, _source: &Self::Source) -> LocalBoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(std::future::ready(Ok(false)))
    }
    /// Returns when everything that was appended survives a kill.
    ///
    /// # Errors
    /// [`StoreError`] if something could not be written.
    fn flush(&mut self) -> LocalBoxFuture<'_, Result<(), StoreError>>;
    /// The bytes that were flushed, for hashing them in place.
    ///
    /// # Errors
    /// [`StoreError`] if the bytes cannot be read.
    fn source(&mut self) -> LocalBoxFuture<'_, Result<Self::Source, StoreError>>;
    /// Flushes, writes the DAG, and makes this the whole file that [`Store::open`] returns.
    ///
    /// # Errors
    /// [`StoreError`] if something could not be written.
    fn finish(self, dag: Dag) -> LocalBoxFuture<'static, Result<(), StoreError>>;
}

/// An HTTP request.
#[derive(Debug, Clone)]
pub struct HttpRequest<S> {
    /// The method: `GET`, `HEAD` or `POST`.
    pub method: &'static str,
    /// The absolute URL.
    pub url: String,
    /// The headers, with their names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body in pieces. The platform avoids copying slices if it can.
    pub body: Vec<Piece<S>>,
    /// How long to wait for the head of the response, and then for each further piece of its body.
    pub patience: Duration,
}

/// A piece of an HTTP body.
#[derive(Debug, Clone)]
pub enum Piece<S> {
    /// These bytes.
    Bytes(Bytes),
    /// A slice of stored bytes.
    Slice(S, Range<u64>),
}

impl<S> Piece<S> {
    /// The number of bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Slice(_, range) => range.end - range.start,
        }
    }
    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why there was no answer over HTTP, or not a whole one. Each variant names the host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No connection could be made, or the browser forbids the request.
    #[error("{0} cannot be reached")]
    Unreachable(String),
    /// Nothing arrived for as long as the request allows.
    #[error("{0} has been silent for too long")]
    Silent(String),
    /// The body broke off.
    #[error("the answer of {0} broke off")]
    Broken(String),
}

/// An HTTP client that can do what storage needs.
pub trait Http: 'static {
    /// The type of the stored bytes in request bodies.
    type Source: Source;
    /// The type of a response's body.
    type Body: HttpBody;
    /// Sends a request, and returns when the head of the response has arrived. Up to ten redirects
    /// to `http:` or `https:` are followed.
    ///
    /// # Errors
    /// [`HttpError`] if no head of a response arrives.
    fn send(
        &self,
        request: HttpRequest<Self::Source>,
    ) -> LocalBoxFuture<'static, Result<HttpResponse<Self::Body>, HttpError>>;
}

/// The head of a response, with its body still to be read.
#[derive(Debug)]
pub struct HttpResponse<B> {
    /// The status code.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The header `Content-Length`.
    pub content_length: Option<u64>,
    /// The body. Dropping it ends the transfer.
    pub body: B,
}

impl<B> HttpResponse<B> {
    /// The same head with another body.
    pub fn with_body<C>(self, make: impl FnOnce(B) -> C) -> HttpResponse<C> {
        HttpResponse {
            status: self.status,
            content_type: self.content_type,
            content_length: self.content_length,
            body: make(self.body),
        }
    }
}

/// A body that arrives piece by piece.
pub trait HttpBody: 'static {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`HttpError`] if the body breaks off, or nothing arrives for too long.
    fn chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Bytes>, HttpError>>;
}

/// A peer id in its text form (`12D3Koo…`).
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
    /// No reply came by the deadline, or the connection broke; the provider may have received the request.
    #[error("the provider did not answer in time; it may have received the call")]
    NoReply,
    /// The answer is not a reply.
    #[error("the provider's answer is not understood")]
    Malformed,
    /// The provider answered with an error, or this peer refused to send the call.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// The network of functions, as one peer sees it.
pub trait Network: 'static {
    /// The peers that provide a function, in the order in which the look-up finds them. The stream ends with the
    /// look-up, after at most 30 s. This peer itself is never among them.
    fn providers(&self, name: FunctionName) -> LocalBoxStream<'static, PeerName>;
    /// Calls a function at one provider. Returns by the deadline.
    ///
    /// # Errors
    /// [`NetworkError`] if there is no reply. An error that the provider replies with is a
    /// [`Reply`].
    fn call(
        &self,
        provider: PeerName,
        request: Request,
        deadline: Duration,
    ) -> LocalBoxFuture<'static, Result<Reply, NetworkError>>;
    /// Announces functions. Returns when a second peer with a fresh identity has found this peer
    /// under each name by look-up and has reached it with a probing call. The result is the names
    /// for which that did not succeed. With `again`, the functions were announced by an earlier run, and are
    /// most likely known still.
    ///
    /// # Errors
    /// [`NetworkError::Offline`] if there is no connection to the network.
    fn announce(
        &self,
        names: Vec<FunctionName>,
        again: bool,
    ) -> LocalBoxFuture<'static, Result<Vec<FunctionName>, NetworkError>>;
    /// The nodes that this peer is connected to and that its person chose, in their order.
    fn nodes(&self) -> LocalBoxFuture<'static, Vec<PeerName>>;
    /// Something waits for the network: if there is no connection, one is tried for more often until there is.
    fn hurry(&self);
    /// Stops announcing functions at once, and has the nodes that hold their records forget these, once there is a
    /// connection. Returns those of which some node could not be told, whose records may be there until they expire.
    fn withdraw(&self, names: Vec<FunctionName>) -> LocalBoxFuture<'static, Vec<FunctionName>>;
}
