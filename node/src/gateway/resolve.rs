//! Resolving a path below a root to what it names.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use fluence::Cid;
use fluence::content::hash::IDENTITY;
use fluence::content::trail::{self, InShard, in_directory};
use fluence::content::unixfs::{self, DAG_PB, Kind, Node, NodeError};

use super::reply::failure;
use crate::storage::ipld::{self, DAG_CBOR, DAG_JSON, Step};
use crate::storage::traverse::WalkError;
use crate::storage::{BlockError, ReadError, Reader};

/// Why a request cannot be answered; nothing has been sent yet.
#[derive(Debug)]
pub(super) enum AnswerError {
    /// A block cannot be read.
    Read(ReadError),
    /// There is no link with this name.
    NoLink(String),
    /// The path leads into a value that is not a link.
    Inside,
    /// A block is malformed or of an unsupported kind.
    Block(Cid, BlockError),
    /// The DAG needs more memory than one request may use.
    TooWide,
    /// The operator does not serve it.
    Denied,
}

impl From<ReadError> for AnswerError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<WalkError> for AnswerError {
    fn from(error: WalkError) -> Self {
        match error {
            WalkError::Read(error) => Self::Read(error),
            WalkError::Block(cid, error) => Self::Block(cid, error),
            WalkError::TooWide => Self::TooWide,
        }
    }
}

impl AnswerError {
    /// The HTTP response that reports the error.
    pub fn response(self, only_if_cached: bool) -> Response<Body> {
        match self {
            Self::Read(ReadError::Missing(_) | ReadError::Late(_)) if only_if_cached => {
                failure(StatusCode::PRECONDITION_FAILED, "not in this storage")
            }
            Self::Read(error) => {
                let status = match &error {
                    ReadError::Missing(_) => StatusCode::NOT_FOUND,
                    ReadError::Late(_) => StatusCode::GATEWAY_TIMEOUT,
                    ReadError::Busy => StatusCode::TOO_MANY_REQUESTS,
                    ReadError::Storage(error) => {
                        tracing::error!(%error, "a block could not be read");
                        StatusCode::INTERNAL_SERVER_ERROR
                    }
                };
                failure(status, error)
            }
            Self::NoLink(name) => failure(
                StatusCode::NOT_FOUND,
                format!("there is no link named {name:?} there"),
            ),
            Self::Inside => failure(
                StatusCode::NOT_IMPLEMENTED,
                "the path leads into a value that is not a link; ask for the block and read it",
            ),
            Self::Block(cid, error) => failure(
                StatusCode::BAD_REQUEST,
                format!("{cid} cannot be read: {error}"),
            ),
            Self::Denied => failure(
                StatusCode::GONE,
                "this node's operator does not serve this file",
            ),
            Self::TooWide => failure(
                StatusCode::BAD_REQUEST,
                "the directory is too large to be shown; ask for a name in it",
            ),
        }
    }
}

/// The result of resolving a path.
#[derive(Debug)]
pub(super) struct Resolved {
    /// The blocks on the path, in order, without the last.
    pub path: Vec<Cid>,
    /// The root, and the CID that each name on the path leads to.
    pub roots: Vec<Cid>,
    /// The CID that the path names.
    pub cid: Cid,
}

/// Follows a path of names from a root.
pub(super) async fn resolve(
    reader: &Reader,
    root: Cid,
    names: &[Vec<u8>],
) -> Result<Resolved, AnswerError> {
    let mut resolved = Resolved {
        path: Vec::new(),
        roots: vec![root],
        cid: root,
    };
    let mut rest = names;
    while let Some(name) = rest.first() {
        let cid = resolved.cid;
        let no_link = || AnswerError::NoLink(text_of_name(name));
        if !matches!(cid.codec(), DAG_PB | DAG_CBOR | DAG_JSON) {
            return Err(no_link());
        }
        let data = reader.block(&cid).await?;
        resolved.pass(cid);
        if cid.codec() == DAG_PB {
            let node = decode(&cid, &data)?;
            resolved.cid = match node.kind {
                Kind::Directory => in_directory(&node, name).ok_or_else(no_link)?,
                Kind::HamtShard => in_shard(reader, &mut resolved, cid, &node, name).await?,
                _ => return Err(no_link()),
            };
            rest = &rest[1..];
        } else {
            let texts: Vec<String> = rest.iter().map(|name| text_of_name(name)).collect();
            match ipld::step(cid.codec(), &data, &texts).map_err(|e| AnswerError::Block(cid, e))? {
                Step::Link(cid, used) => {
                    resolved.cid = cid;
                    rest = &rest[used..];
                }
                Step::Value => return Err(AnswerError::Inside),
                Step::Missing => return Err(no_link()),
            }
        }
        resolved.roots.push(resolved.cid);
    }
    Ok(resolved)
}

impl Resolved {
    /// Adds a block to the path, unless its data is inlined in its CID.
    fn pass(&mut self, cid: Cid) {
        if cid.hash().code() != IDENTITY {
            self.path.push(cid);
        }
    }
}

/// Decodes a block as a UnixFS node.
pub(super) fn decode(cid: &Cid, data: &Bytes) -> Result<Node, AnswerError> {
    unixfs::decode(data).map_err(|error| AnswerError::Block(*cid, error.into()))
}

/// A name on a path, for people and for structured data.
pub(super) fn text_of_name(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// Finds a name in a sharded directory.
async fn in_shard(
    reader: &Reader,
    resolved: &mut Resolved,
    cid: Cid,
    node: &Node,
    name: &[u8],
) -> Result<Cid, AnswerError> {
    let broken = |error: NodeError| AnswerError::Block(cid, error.into());
    node.prefix_len().map_err(broken)?;
    let width = node.fanout.unwrap_or_default().trailing_zeros();
    let before = resolved.path.len();
    // The root of the request may be an inner shard, which finds names by later bits of their hashes.
    for used in (0..u64::BITS).step_by(width as usize) {
        match in_shard_at(reader, resolved, cid, node.clone(), name, used).await {
            Err(AnswerError::NoLink(_)) => resolved.path.truncate(before),
            found => return found,
        }
    }
    Err(AnswerError::NoLink(text_of_name(name)))
}

/// Finds a name in a shard that is below others which use this many bits of the hash.
async fn in_shard_at(
    reader: &Reader,
    resolved: &mut Resolved,
    mut cid: Cid,
    mut node: Node,
    name: &[u8],
    mut used: u32,
) -> Result<Cid, AnswerError> {
    loop {
        let broken = |error: NodeError| AnswerError::Block(cid, error.into());
        let found;
        (found, used) = trail::in_shard(&node, name, used).map_err(broken)?;
        cid = match found {
            InShard::Entry(cid) => return Ok(cid),
            InShard::Shard(cid) => cid,
            InShard::Missing => return Err(AnswerError::NoLink(text_of_name(name))),
        };
        let data = reader.block(&cid).await?;
        resolved.pass(cid);
        node = decode(&cid, &data)?;
        if node.kind != Kind::HamtShard {
            return Err(AnswerError::Block(cid, NodeError::Shard.into()));
        }
    }
}
