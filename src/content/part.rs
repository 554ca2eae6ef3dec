//! Reading a part of a file block by block, from anywhere in it: which block is expected next, and whether the one that
//! arrived fits.
//!
//! A [`Part`] goes depth first from the root to the blocks that hold the bytes, as a trustless gateway sends them for
//! `entity-bytes`. It holds only the links that are still to be followed, and trusts nobody.

use std::ops::Range;

use bytes::Bytes;

use crate::Cid;

use super::unixfs::{self, DAG_PB, Kind, RAW};
use super::walk::{Limited, Limits, WalkError, same, too_large};
use super::{MAX_BLOCK, hash};

/// A part of a file that is being read.
#[derive(Debug)]
pub struct Part {
    limits: Limits,
    /// The bytes of the file that are wanted and have not come.
    range: Range<u64>,
    /// The size of the file, once its root is here.
    size: Option<u64>,
    /// The nodes that are to come, the next one last.
    pending: Vec<Visit>,
}

/// A node that is to come.
#[derive(Debug, Clone, Copy)]
struct Visit {
    cid: Cid,
    /// Where its bytes begin in the file.
    start: u64,
    /// How many it has, which everything but the root has been told of.
    size: Option<u64>,
    depth: usize,
}

impl Part {
    /// These bytes of the file with this root, as far as it has them.
    pub fn new(root: Cid, range: Range<u64>, limits: Limits) -> Self {
        Self {
            limits,
            range,
            size: None,
            pending: vec![Visit {
                cid: root,
                start: 0,
                size: None,
                depth: 0,
            }],
        }
    }

    /// Where the bytes begin that are to come.
    pub fn offset(&self) -> u64 {
        self.range.start
    }

    /// The number of bytes of the whole file, once it is known.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The block that is expected next; `None` when all bytes have come.
    pub fn next_cid(&self) -> Option<Cid> {
        self.pending.last().map(|next| next.cid)
    }

    /// Whether all bytes have come.
    pub fn is_done(&self) -> bool {
        self.pending.is_empty()
    }

    /// The bytes of the next block, if its own CID contains it, so that nobody has to send it. Call this until it returns
    /// `None` before a block is asked of anybody.
    ///
    /// # Errors
    /// [`WalkError`] as in [`Part::accept`].
    pub fn inline(&mut self) -> Result<Option<Bytes>, WalkError> {
        let Some((cid, bytes)) = self.next_cid().and_then(|cid| {
            let bytes = hash::identity(&cid).map(Bytes::copy_from_slice);
            bytes.map(|bytes| (cid, bytes))
        }) else {
            return Ok(None);
        };
        self.accept(cid, bytes).map(Some)
    }

    /// Takes a block that was verified against its CID, and returns the wanted bytes in it, which may be none.
    ///
    /// # Errors
    /// [`WalkError`] if the block is not the next one, or if no part of such a file can be read.
    pub fn accept(&mut self, cid: Cid, bytes: Bytes) -> Result<Bytes, WalkError> {
        let Some(visit) = self.pending.last().copied() else {
            return Err(WalkError::Surplus(cid));
        };
        if !same(&visit.cid, &cid) {
            // Nobody has to send what is in a CID.
            if hash::identity(&cid).is_some() {
                return Ok(Bytes::new());
            }
            return Err(WalkError::Foreign {
                cid,
                expected: Box::new(visit.cid),
            });
        }
        self.pending.pop();
        if bytes.len() > MAX_BLOCK {
            return Err(too_large(cid));
        }
        let (size, own) = match cid.codec() {
            RAW => (bytes.len() as u64, bytes),
            DAG_PB => self.open(visit, &bytes)?,
            _ => return Err(WalkError::Codec(cid)),
        };
        if visit.size.is_some_and(|stated| stated != size) {
            return Err(WalkError::Contradiction(cid));
        }
        if self.size.is_none() {
            self.size = Some(size);
            self.range.end = self.range.end.min(size);
        }
        // The bytes of the nodes follow one another, so what is wanted of this one begins where the last one ended.
        let from = self
            .range
            .start
            .clamp(visit.start, visit.start + own.len() as u64);
        let to = self.range.end.clamp(from, visit.start + own.len() as u64);
        if to > from {
            self.range.start = to;
        }
        Ok(own.slice((from - visit.start) as usize..(to - visit.start) as usize))
    }

    /// Notes which nodes below one are needed. Returns the size of the file from it downwards, and its own bytes.
    fn open(&mut self, visit: Visit, block: &Bytes) -> Result<(u64, Bytes), WalkError> {
        let cid = visit.cid;
        let wrong = |reason| WalkError::Node { cid, reason };
        let node = unixfs::decode(block).map_err(wrong)?;
        if !matches!(node.kind, Kind::File | Kind::Raw) {
            return Err(WalkError::NotAFile(cid));
        }
        let size = node.file_size().map_err(wrong)?;
        let too_much = |what, limit: usize| WalkError::TooMuch {
            cid,
            what,
            limit: limit as u64,
        };
        if visit.start.saturating_add(size) > self.limits.size {
            return Err(WalkError::TooMuch {
                cid,
                what: Limited::Bytes,
                limit: self.limits.size,
            });
        }
        let mut start = visit.start + node.data.len() as u64;
        let before = self.pending.len();
        for (link, size) in node.links.iter().zip(&node.blocksizes) {
            let end = start + size;
            // As gateways choose the blocks that they send.
            if start < self.range.end && end > self.range.start {
                self.pending.push(Visit {
                    cid: link.cid,
                    start,
                    size: Some(*size),
                    depth: visit.depth + 1,
                });
            }
            start = end;
        }
        self.pending[before..].reverse();
        if self.pending.len() > self.limits.links {
            return Err(too_much(Limited::Links, self.limits.links));
        }
        if visit.depth >= self.limits.depth {
            return Err(too_much(Limited::Levels, self.limits.depth));
        }
        Ok((size, block.slice(node.data)))
    }
}
