//! Reads CARs (content addressable archives) from a stream, and makes them of slices of a file.

use std::collections::VecDeque;
use std::ops::Range;

use crate::Cid;
use bytes::{Bytes, BytesMut};

use super::hash::IDENTITY;
use super::unixfs::{put_varint, read_cid};
use super::{Dag, MAX_BLOCK};
use crate::ports::{Piece, Source};

/// The longest binary CID in bytes: version, codec, hash and length of up to nine bytes each, and a digest.
pub const MAX_CID: usize = 100;
/// The longest varint that is read, in bytes.
const MAX_VARINT: usize = 10;
/// The bytes with which a CARv2 begins in place of a header.
const PRAGMA_V2: &[u8] = b"\xa1gversion\x02";
/// The size in bytes of a CARv2's header after its pragma: characteristics, and the offsets of data and index.
const HEADER_V2: usize = 40;

/// The limits on what is accepted from the sender of a CAR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CarLimits {
    /// The longest header, in bytes.
    pub header: usize,
    /// The largest block, in bytes.
    pub block: usize,
}

impl Default for CarLimits {
    fn default() -> Self {
        Self {
            header: 16 * 1024,
            block: MAX_BLOCK,
        }
    }
}

/// Why a stream is not a CAR.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarError {
    /// The stream is empty, which is how some gateways say that they do not have the blocks.
    #[error("the CAR is empty")]
    Empty,
    /// The stream does not begin like a CAR.
    #[error("this is not a CAR: {0}")]
    Header(&'static str),
    /// The stream ends in the middle of a block.
    #[error("the CAR ends in the middle of a block")]
    Truncated,
    /// A block has no CID that can be read.
    #[error("the CAR has a block without a CID that is understood")]
    BadCid,
    /// A block is over the limit.
    #[error("the CAR has a block of {size} bytes; {limit} is the most that is taken")]
    BlockTooLarge {
        /// The size that the block would have, in bytes.
        size: u64,
        /// The limit in bytes.
        limit: usize,
    },
}

/// Reads a CAR (version 1, or version 2 around one) that arrives in pieces of any size. It is bounded: it keeps one
/// block, and the piece that was pushed last.
#[derive(Debug)]
pub struct CarReader {
    limits: CarLimits,
    chunks: VecDeque<Bytes>,
    /// The number of bytes in `chunks`.
    buffered: usize,
    /// A section that began in an earlier chunk; it is no longer than the length in [`Stage::Section`].
    gathered: BytesMut,
    stage: Stage,
    roots: Vec<Cid>,
    /// The number of bytes of the inner CAR that have not arrived yet, if a CARv2 states its
    /// length.
    remaining: Option<u64>,
    began: bool,
    failed: Option<CarError>,
}

/// A block that has not arrived as a whole yet ([`CarReader::begun`]).
#[derive(Debug, Clone)]
pub struct Begun {
    /// The CID that the CAR states for it.
    pub cid: Cid,
    /// Its size in bytes.
    pub len: usize,
    /// Those of its bytes that have arrived.
    pub bytes: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before the length of a header.
    HeaderLength {
        inner: bool,
    },
    Header {
        len: usize,
        inner: bool,
    },
    HeaderV2,
    Skip {
        len: u64,
    },
    /// Before the length of a section, which is where a CAR may end.
    Length,
    Section {
        len: usize,
    },
    /// After the blocks of a CARv2.
    Rest,
}

impl CarReader {
    /// A reader at the beginning of a stream.
    pub fn new(limits: CarLimits) -> Self {
        Self {
            limits,
            chunks: VecDeque::new(),
            buffered: 0,
            gathered: BytesMut::new(),
            stage: Stage::HeaderLength { inner: false },
            roots: Vec::new(),
            remaining: None,
            began: false,
            failed: None,
        }
    }

    /// Takes a piece that has arrived. Call [`CarReader::next`] until it returns `None` before
    /// pushing the next piece.
    pub fn push(&mut self, chunk: Bytes) {
        if chunk.is_empty() || self.failed.is_some() {
            return;
        }
        self.began = true;
        self.buffered += chunk.len();
        self.chunks.push_back(chunk);
    }

    /// The roots that the header names; empty before the header has been read.
    pub fn roots(&self) -> &[Cid] {
        &self.roots
    }

    /// The next block, which has not been hashed; `None` when more has to be pushed.
    ///
    /// # Errors
    /// [`CarError`], which every later call repeats.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<(Cid, Bytes)>, CarError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = self.step();
        if let Err(error) = &result {
            self.failed = Some(error.clone());
            self.chunks.clear();
            self.buffered = 0;
            self.gathered = BytesMut::new();
        }
        result
    }

    fn step(&mut self) -> Result<Option<(Cid, Bytes)>, CarError> {
        loop {
            match self.stage {
                Stage::HeaderLength { inner } => {
                    let Some(len) = self.varint(CarError::Header("it has no header"))? else {
                        return Ok(None);
                    };
                    if len == 0 || len > self.limits.header as u64 {
                        return Err(CarError::Header("its header has an impossible length"));
                    }
                    self.stage = Stage::Header {
                        len: len as usize,
                        inner,
                    };
                }
                Stage::Header { len, inner } => {
                    let Some(header) = self.take(len)? else {
                        return Ok(None);
                    };
                    if header == PRAGMA_V2 && !inner {
                        self.stage = Stage::HeaderV2;
                    } else {
                        self.roots = read_header(&header)?;
                        self.stage = Stage::Length;
                    }
                }
                Stage::HeaderV2 => {
                    let Some(header) = self.take(HEADER_V2)? else {
                        return Ok(None);
                    };
                    let number = |at: usize| {
                        let mut bytes = [0; 8];
                        bytes.copy_from_slice(&header[at..at + 8]);
                        u64::from_le_bytes(bytes)
                    };
                    let begin = (1 + PRAGMA_V2.len() + HEADER_V2) as u64;
                    let len = number(16)
                        .checked_sub(begin)
                        .ok_or(CarError::Header("its data begins before its header ends"))?;
                    self.remaining = Some(number(24));
                    self.stage = Stage::Skip { len };
                }
                Stage::Skip { len } => {
                    let now = len.min(self.buffered as u64);
                    self.discard(now as usize);
                    if now < len {
                        self.stage = Stage::Skip { len: len - now };
                        return Ok(None);
                    }
                    self.stage = Stage::HeaderLength { inner: true };
                }
                Stage::Length => {
                    if self.remaining == Some(0) {
                        self.stage = Stage::Rest;
                        continue;
                    }
                    let Some(len) = self.varint(CarError::BadCid)? else {
                        return Ok(None);
                    };
                    if len > (self.limits.block + MAX_CID) as u64 {
                        return Err(CarError::BlockTooLarge {
                            size: len,
                            limit: self.limits.block,
                        });
                    }
                    if len == 0 {
                        return Err(CarError::BadCid);
                    }
                    self.stage = Stage::Section { len: len as usize };
                }
                Stage::Section { len } => {
                    let Some(section) = self.take(len)? else {
                        return Ok(None);
                    };
                    self.stage = Stage::Length;
                    let (cid, at) = read_cid(&section).ok_or(CarError::BadCid)?;
                    let block = section.slice(at..);
                    if block.len() > self.limits.block {
                        return Err(CarError::BlockTooLarge {
                            size: block.len() as u64,
                            limit: self.limits.block,
                        });
                    }
                    return Ok(Some((cid, block)));
                }
                Stage::Rest => {
                    self.discard(self.buffered);
                    return Ok(None);
                }
            }
        }
    }

    /// The block that has begun but is not complete, if [`CarReader::next`] has returned `None` and
    /// `wanted` accepts the block's CID and size. The caller then reads the rest of its bytes from
    /// the stream itself, and pushes what follows them.
    ///
    /// # Errors
    /// [`CarError`] if the block extends beyond the end of the CAR.
    pub fn begun(
        &mut self,
        wanted: impl FnOnce(&Cid, usize) -> bool,
    ) -> Result<Option<Begun>, CarError> {
        let Stage::Section { len } = self.stage else {
            return Ok(None);
        };
        // Everything that has arrived of it is gathered; even its CID may be incomplete.
        let Some((cid, at)) = read_cid(&self.gathered).filter(|_| self.failed.is_none()) else {
            return Ok(None);
        };
        let block = len - at;
        // A block that is too large fails once it is whole, or ends the stream before that.
        if block > self.limits.block || !wanted(&cid, block) {
            return Ok(None);
        }
        if let Err(error) = self.consume(len) {
            self.failed = Some(error.clone());
            return Err(error);
        }
        self.stage = Stage::Length;
        let bytes = std::mem::take(&mut self.gathered).freeze().slice(at..);
        Ok(Some(Begun {
            cid,
            len: block,
            bytes,
        }))
    }

    /// Checks that the stream may end here. Call this at its end.
    ///
    /// # Errors
    /// [`CarError`] if a CAR may not end here.
    pub fn finish(&self) -> Result<(), CarError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if !self.began {
            return Err(CarError::Empty);
        }
        let whole = match self.stage {
            Stage::Length => self.buffered == 0 && self.remaining.is_none_or(|left| left == 0),
            Stage::Rest => true,
            _ => false,
        };
        if whole {
            Ok(())
        } else {
            Err(CarError::Truncated)
        }
    }

    /// Reads a varint, once all of it has arrived.
    fn varint(&mut self, bad: CarError) -> Result<Option<u64>, CarError> {
        let mut buffer = [0; MAX_VARINT];
        let mut len = 0;
        let bytes = self.chunks.iter().flat_map(|chunk| chunk.iter());
        for byte in bytes.take(MAX_VARINT) {
            buffer[len] = *byte;
            len += 1;
            if *byte < 0x80 {
                let (number, _) = unsigned_varint::decode::u64(&buffer[..len]).map_err(|_| bad)?;
                self.consume(len)?;
                self.discard(len);
                return Ok(Some(number));
            }
        }
        if len == MAX_VARINT {
            Err(bad)
        } else {
            Ok(None)
        }
    }

    /// The next `len` bytes, once all of them have arrived: a slice of a chunk if one chunk holds
    /// them all, and otherwise a single copy.
    fn take(&mut self, len: usize) -> Result<Option<Bytes>, CarError> {
        if self.gathered.is_empty() {
            if let Some(chunk) = self.chunks.front_mut()
                && chunk.len() >= len
            {
                let bytes = chunk.split_to(len);
                if chunk.is_empty() {
                    self.chunks.pop_front();
                }
                self.buffered -= len;
                self.consume(len)?;
                return Ok(Some(bytes));
            }
            if self.buffered > 0 {
                self.gathered.reserve(len);
            }
        }
        while self.gathered.len() < len {
            let Some(chunk) = self.chunks.front_mut() else {
                return Ok(None);
            };
            let bytes = chunk.split_to(chunk.len().min(len - self.gathered.len()));
            if chunk.is_empty() {
                self.chunks.pop_front();
            }
            self.buffered -= bytes.len();
            self.gathered.extend_from_slice(&bytes);
        }
        self.consume(len)?;
        Ok(Some(std::mem::take(&mut self.gathered).freeze()))
    }

    /// Counts bytes of the inner CAR.
    fn consume(&mut self, len: usize) -> Result<(), CarError> {
        let inside = !matches!(
            self.stage,
            Stage::HeaderLength { inner: false }
                | Stage::Header { inner: false, .. }
                | Stage::HeaderV2
        );
        if let Some(left) = &mut self.remaining
            && inside
        {
            *left = left.checked_sub(len as u64).ok_or(CarError::Truncated)?;
        }
        Ok(())
    }

    fn discard(&mut self, mut len: usize) {
        self.buffered -= len;
        while len > 0 {
            let Some(chunk) = self.chunks.front_mut() else {
                return;
            };
            let now = chunk.len().min(len);
            let _ = chunk.split_to(now);
            len -= now;
            if chunk.is_empty() {
                self.chunks.pop_front();
            }
        }
    }
}

/// Reads the DAG-CBOR map `{roots: [CID…], version: 1}`.
fn read_header(header: &[u8]) -> Result<Vec<Cid>, CarError> {
    let bad = || CarError::Header("its header is not understood");
    let mut cbor = Cbor(header);
    let (mut roots, mut version) = (None, None);
    for _ in 0..cbor.head(5).ok_or_else(bad)? {
        let len = cbor.head(3).ok_or_else(bad)?;
        match cbor.bytes(len).ok_or_else(bad)? {
            b"version" if version.is_none() => version = Some(cbor.head(0).ok_or_else(bad)?),
            b"roots" if roots.is_none() => {
                let count = cbor.head(4).ok_or_else(bad)?;
                let mut cids = Vec::new();
                for _ in 0..count {
                    cids.push(cbor.cid().ok_or_else(bad)?);
                }
                roots = Some(cids);
            }
            _ => return Err(bad()),
        }
    }
    match (version, roots, cbor.0) {
        (Some(1), Some(roots), []) => Ok(roots),
        (Some(1), _, _) => Err(bad()),
        _ => Err(CarError::Header("only versions 1 and 2 are understood")),
    }
}

/// A reader of as much CBOR as a header contains.
struct Cbor<'a>(&'a [u8]);

impl<'a> Cbor<'a> {
    fn bytes(&mut self, len: u64) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(len).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }

    /// The argument of an item of this major type.
    fn head(&mut self, major: u8) -> Option<u64> {
        let first = self.bytes(1)?[0];
        if first >> 5 != major {
            return None;
        }
        let following = match first & 0x1f {
            small @ 0..24 => return Some(u64::from(small)),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return None,
        };
        let bytes = self.bytes(following)?;
        Some(bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    /// Tag 42 around a byte string that begins with a zero byte.
    fn cid(&mut self) -> Option<Cid> {
        if self.head(6)? != 42 {
            return None;
        }
        let len = self.head(2)?;
        let bytes = self.bytes(len)?.strip_prefix(&[0])?;
        let (cid, read) = read_cid(bytes)?;
        (read == bytes.len()).then_some(cid)
    }
}

/// The header of a CAR with one root.
pub fn header(root: &Cid) -> Bytes {
    let cid = root.to_bytes();
    // This encodes {"roots": [42(h'00…')], "version": 1}; a CID has at most MAX_CID bytes.
    let mut map = b"\xa2eroots\x81\xd8\x2a\x58".to_vec();
    map.push(cid.len() as u8 + 1);
    map.push(0);
    map.extend(cid);
    map.extend(b"gversion\x01");
    let mut header = Vec::with_capacity(map.len() + 2);
    put_varint(&mut header, map.len() as u64);
    header.extend(map);
    header.into()
}

/// A part of a DAG that makes one CAR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The blocks, by their positions in the DAG.
    pub blocks: Range<usize>,
    /// The offset of the part's first byte in the body.
    pub offset: u64,
    /// The number of bytes of the body.
    pub body: u64,
    /// The size of the CAR in bytes.
    pub car: u64,
}

/// Cuts a DAG into parts whose CARs have at most `target` bytes, except where a single block is larger.
pub fn parts(dag: &Dag, target: u64) -> Vec<Part> {
    let (mut parts, mut next, mut offset) = (Vec::new(), 0, 0);
    while next < dag.blocks.len() {
        let part = part(dag, next..dag.blocks.len(), offset, target);
        next = part.blocks.end;
        offset += part.body;
        parts.push(part);
    }
    parts
}

/// The first part of some blocks of a DAG, the first of which begins at `offset` in the body. It has as many blocks as
/// make a CAR of at most `target` bytes, and at least one if there is one.
pub fn part(dag: &Dag, blocks: Range<usize>, offset: u64, target: u64) -> Part {
    let mut part = Part {
        blocks: blocks.start..blocks.start,
        offset,
        body: 0,
        car: header(&dag.root).len() as u64,
    };
    for block in &dag.blocks[blocks] {
        let section = section_len(block);
        if !part.blocks.is_empty() && part.car + section > target {
            break;
        }
        part.blocks.end += 1;
        part.body += block.len;
        part.car += section;
    }
    part
}

/// The CAR of a part, including its header, made of slices of the body.
pub fn pieces<S: Source>(dag: &Dag, source: &S, part: &Part) -> Vec<Piece<S>> {
    let mut pieces = Vec::new();
    let mut bytes = header(&dag.root).to_vec();
    let mut offset = part.offset;
    for block in &dag.blocks[part.blocks.clone()] {
        if block.cid.hash().code() != IDENTITY {
            let cid = block.cid.to_bytes();
            put_varint(&mut bytes, cid.len() as u64 + block.size());
            bytes.extend(cid);
            bytes.extend_from_slice(&block.prefix);
            if block.len > 0 {
                pieces.push(Piece::Bytes(std::mem::take(&mut bytes).into()));
                pieces.push(Piece::Slice(source.clone(), offset..offset + block.len));
            }
            bytes.extend_from_slice(&block.suffix);
        }
        offset += block.len;
    }
    if !bytes.is_empty() {
        pieces.push(Piece::Bytes(bytes.into()));
    }
    pieces
}

/// The size of a block's section in a CAR, in bytes. A block that its own CID holds is not sent.
fn section_len(block: &super::Block) -> u64 {
    if block.cid.hash().code() == IDENTITY {
        return 0;
    }
    let len = block.cid.encoded_len() as u64 + block.size();
    let mut buffer = unsigned_varint::encode::u64_buffer();
    unsigned_varint::encode::u64(len, &mut buffer).len() as u64 + len
}
