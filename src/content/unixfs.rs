//! The nodes of UnixFS: a protobuf `Data` in a dag-pb node, read strictly and written as Kubo writes it.
//!
//! The rules are those of the [dag-pb](https://ipld.io/specs/codecs/dag-pb/spec/) and
//! [UnixFS](https://specs.ipfs.tech/unixfs/) specifications.

use std::ops::Range;

use crate::Cid;
use bytes::Bytes;

use super::{Block, MAX_BLOCK};

/// The codec of a leaf that consists of nothing but bytes.
pub const RAW: u64 = 0x55;
/// The codec of a node with links.
pub const DAG_PB: u64 = 0x70;
/// The most links of a node that are read.
pub const MAX_LINKS: usize = 100_000;
/// The multihash code of the hash by which names are found in a [`Kind::HamtShard`].
pub const MURMUR3_X64_64: u64 = 0x22;
/// The number of slots of a [`Kind::HamtShard`] that is written here (as in Kubo).
pub const FANOUT: u64 = 256;
/// The widest [`Kind::HamtShard`] that is read (as in Kubo).
pub const MAX_FANOUT: u64 = 1024;

/// The kind of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A part of a file, in the old form.
    Raw,
    /// A directory: links with names.
    Directory,
    /// A file or a part of one: its own bytes, followed by those of its links.
    File,
    /// A file with a MIME type; out of use.
    Metadata,
    /// A symbolic link, whose target is its data.
    Symlink,
    /// A part of a large directory: the names begin with hex digits, as many as [`Node::fanout`]
    /// requires.
    HamtShard,
}

/// A link of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The CID of the target.
    pub cid: Cid,
    /// The bytes of its name, which need not be text; empty in files.
    pub name: Bytes,
    /// The size of the DAG behind the link as the node states it, which is not to be trusted.
    pub tsize: Option<u64>,
}

/// A node that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its kind.
    pub kind: Kind,
    /// Its links in their order.
    pub links: Vec<Link>,
    /// Where its own data is in the block; an empty range at the end of the block if there is none.
    pub data: Range<usize>,
    /// The number of bytes of the file from this node downwards, as the node states it.
    pub filesize: Option<u64>,
    /// The number of bytes behind each link, as the node states it.
    pub blocksizes: Vec<u64>,
    /// The hash function of a [`Kind::HamtShard`].
    pub hash_type: Option<u64>,
    /// The number of slots of a [`Kind::HamtShard`].
    pub fanout: Option<u64>,
}

/// Why a block is not a node of UnixFS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// The block is larger than [`MAX_BLOCK`].
    #[error("it is larger than {MAX_BLOCK} bytes")]
    TooLarge,
    /// The bytes end too early, or are not a protobuf.
    #[error("it is not dag-pb")]
    Malformed,
    /// The node has more than [`MAX_LINKS`] links.
    #[error("it has more than {MAX_LINKS} links")]
    TooManyLinks,
    /// A link has no CID that can be read.
    #[error("it links to something that is not a CID")]
    BadLink,
    /// There is dag-pb without UnixFS inside, or a kind of node that is not known yet.
    #[error("it is not UnixFS")]
    NotUnixFs,
    /// The sizes that a file states contradict one another.
    #[error("its sizes do not add up")]
    Sizes,
    /// A file [lacks the sizes](Node::lacks_sizes) of what it links to.
    #[error("it does not state the sizes of its parts")]
    NoSizes,
    /// The hash function or the width of a shard is not supported.
    #[error("it is a part of a directory of a kind that is not understood")]
    Shard,
}

impl Node {
    /// Whether the node is a file with links whose sizes it does not state, as some old writers left them out. They
    /// can only be found out by reading what it links to.
    pub fn lacks_sizes(&self) -> bool {
        matches!(self.kind, Kind::File | Kind::Raw)
            && self.blocksizes.is_empty()
            && !self.links.is_empty()
    }

    /// The size of the file from this node downwards.
    ///
    /// # Errors
    /// [`NodeError`] if the node is not a file, if it states no sizes, or if they contradict one another.
    pub fn file_size(&self) -> Result<u64, NodeError> {
        if self.lacks_sizes() {
            return Err(NodeError::NoSizes);
        }
        if !matches!(self.kind, Kind::File | Kind::Raw) || self.blocksizes.len() != self.links.len()
        {
            return Err(NodeError::Sizes);
        }
        let sum = self
            .blocksizes
            .iter()
            .try_fold(self.data.len() as u64, |sum, size| sum.checked_add(*size))
            .ok_or(NodeError::Sizes)?;
        match self.filesize {
            Some(size) if size != sum => Err(NodeError::Sizes),
            _ => Ok(sum),
        }
    }

    /// The number of hex digits before the names in a [`Kind::HamtShard`].
    ///
    /// # Errors
    /// [`NodeError::Shard`] if its hash function or its number of slots is not supported.
    pub fn prefix_len(&self) -> Result<usize, NodeError> {
        let fanout = self.fanout.ok_or(NodeError::Shard)?;
        let known = self.hash_type == Some(MURMUR3_X64_64)
            && fanout.is_power_of_two()
            && (8..=MAX_FANOUT).contains(&fanout)
            && fanout.is_multiple_of(8);
        if !known {
            return Err(NodeError::Shard);
        }
        Ok(format!("{:x}", fanout - 1).len())
    }

    /// The block as it is recorded: what surrounds the bytes of the file, without them.
    ///
    /// The prefix and the suffix are copies, so that they do not keep a whole network buffer alive.
    pub fn split(&self, cid: Cid, block: &Bytes) -> (Block, Bytes) {
        let own = match self.kind {
            Kind::File | Kind::Raw => self.data.clone(),
            _ => block.len()..block.len(),
        };
        let recorded = Block {
            cid,
            prefix: Bytes::copy_from_slice(&block[..own.start]),
            len: own.len() as u64,
            suffix: Bytes::copy_from_slice(&block[own.end..]),
        };
        (recorded, block.slice(own))
    }
}

/// Reads a dag-pb block.
///
/// # Errors
/// [`NodeError`] says why it is not a node of UnixFS.
pub fn decode(block: &Bytes) -> Result<Node, NodeError> {
    decode_around(block, 0, &Bytes::new())
}

/// The links of a dag-pb block, of UnixFS or not.
///
/// # Errors
/// [`NodeError`] if it is not dag-pb.
pub fn links(block: &Bytes) -> Result<Vec<Link>, NodeError> {
    let none = Bytes::new();
    let rope = Rope {
        prefix: block,
        hole: 0,
        suffix: &none,
    };
    Ok(rope.node()?.0)
}

/// Reads a dag-pb block that was recorded without the bytes of the file.
///
/// # Errors
/// [`NodeError`] if it is not a node of UnixFS whose data is where those bytes are.
pub fn decode_recorded(block: &Block) -> Result<Node, NodeError> {
    if block.size() > MAX_BLOCK as u64 {
        return Err(NodeError::TooLarge);
    }
    let node = decode_around(&block.prefix, block.len as usize, &block.suffix)?;
    let own = match node.kind {
        Kind::File | Kind::Raw => node.data.clone(),
        _ => 0..0,
    };
    let hole = block.prefix.len()..block.prefix.len() + block.len as usize;
    if own == hole || (own.is_empty() && hole.is_empty()) {
        Ok(node)
    } else {
        Err(NodeError::Malformed)
    }
}

/// Where the bytes of a file are in a dag-pb block that is a leaf, by its first and last bytes; `between` bytes lie between
/// these, and all of them must be the file's.
pub fn in_leaf(first: &Bytes, between: usize, last: &Bytes) -> Option<Range<usize>> {
    let node = decode_around(first, between, last).ok()?;
    let own = node.data;
    let is_around = own.start <= first.len() && own.end >= first.len() + between;
    let is_leaf = matches!(node.kind, Kind::File | Kind::Raw) && node.links.is_empty();
    (is_leaf && is_around).then_some(own)
}

fn decode_around(prefix: &Bytes, hole: usize, suffix: &Bytes) -> Result<Node, NodeError> {
    let rope = Rope {
        prefix,
        hole,
        suffix,
    };
    let (links, data) = rope.node()?;
    rope.data(data.ok_or(NodeError::NotUnixFs)?, links)
}

/// A block with a hole where the bytes of a file are.
struct Rope<'a> {
    prefix: &'a Bytes,
    hole: usize,
    suffix: &'a Bytes,
}

impl<'a> Rope<'a> {
    fn len(&self) -> usize {
        self.prefix.len() + self.hole + self.suffix.len()
    }

    fn cursor(&'a self, range: Range<usize>) -> Cursor<'a> {
        Cursor { rope: self, range }
    }

    /// The bytes outside the hole.
    fn slice(&self, range: Range<usize>) -> Result<Bytes, NodeError> {
        let after = self.prefix.len() + self.hole;
        if range.end <= self.prefix.len() {
            Ok(self.prefix.slice(range))
        } else if range.start >= after && range.end <= self.len() {
            Ok(self.suffix.slice(range.start - after..range.end - after))
        } else {
            Err(NodeError::Malformed)
        }
    }

    fn byte(&self, at: usize) -> Result<u8, NodeError> {
        let after = self.prefix.len() + self.hole;
        let byte = match self.prefix.get(at) {
            Some(byte) => Some(byte),
            None => at.checked_sub(after).and_then(|at| self.suffix.get(at)),
        };
        byte.copied().ok_or(NodeError::Malformed)
    }

    /// The fields of a dag-pb node: its links, and the range of its data if it has any.
    fn node(&self) -> Result<(Vec<Link>, Option<Range<usize>>), NodeError> {
        if self.len() > MAX_BLOCK {
            return Err(NodeError::TooLarge);
        }
        let mut links = Vec::new();
        let mut data = None;
        let mut fields = self.cursor(0..self.len());
        while let Some((field, value)) = fields.field()? {
            match (field, value) {
                (1, Value::Bytes(range)) if data.is_none() => data = Some(range),
                (2, Value::Bytes(range)) => {
                    if links.len() == MAX_LINKS {
                        return Err(NodeError::TooManyLinks);
                    }
                    links.push(self.link(range)?);
                }
                _ => return Err(NodeError::Malformed),
            }
        }
        Ok((links, data))
    }

    fn link(&self, range: Range<usize>) -> Result<Link, NodeError> {
        let (mut cid, mut name, mut tsize) = (None, None, None);
        let mut fields = self.cursor(range);
        while let Some((field, value)) = fields.field()? {
            match (field, value) {
                (1, Value::Bytes(range)) if cid.is_none() => {
                    let bytes = self.slice(range)?;
                    let (read, len) = read_cid(&bytes).ok_or(NodeError::BadLink)?;
                    if len != bytes.len() {
                        return Err(NodeError::BadLink);
                    }
                    cid = Some(read);
                }
                (2, Value::Bytes(range)) if name.is_none() => name = Some(self.slice(range)?),
                (3, Value::Number(size)) if tsize.is_none() => tsize = Some(size),
                _ => return Err(NodeError::Malformed),
            }
        }
        Ok(Link {
            cid: cid.ok_or(NodeError::BadLink)?,
            name: name.unwrap_or_default(),
            tsize,
        })
    }

    fn data(&self, range: Range<usize>, links: Vec<Link>) -> Result<Node, NodeError> {
        let (mut kind, mut data, mut filesize, mut hash_type, mut fanout) =
            (None, None, None, None, None);
        let mut blocksizes = Vec::new();
        let mut fields = self.cursor(range);
        while let Some((field, value)) = fields.field().map_err(|_| NodeError::NotUnixFs)? {
            match (field, value) {
                (1, Value::Number(number)) if kind.is_none() => {
                    kind = Some(match number {
                        0 => Kind::Raw,
                        1 => Kind::Directory,
                        2 => Kind::File,
                        3 => Kind::Metadata,
                        4 => Kind::Symlink,
                        5 => Kind::HamtShard,
                        _ => return Err(NodeError::NotUnixFs),
                    });
                }
                (2, Value::Bytes(range)) if data.is_none() => data = Some(range),
                (3, Value::Number(size)) if filesize.is_none() => filesize = Some(size),
                (4, Value::Number(size)) if blocksizes.len() < links.len() => blocksizes.push(size),
                // The packed form, which newer protobuf writers may use.
                (4, Value::Bytes(range)) => {
                    let mut packed = self.cursor(range);
                    while !packed.range.is_empty() && blocksizes.len() < links.len() {
                        blocksizes.push(packed.varint().map_err(|_| NodeError::NotUnixFs)?);
                    }
                    if !packed.range.is_empty() {
                        return Err(NodeError::Sizes);
                    }
                }
                (4, _) => return Err(NodeError::Sizes),
                (5, Value::Number(number)) if hash_type.is_none() => hash_type = Some(number),
                (6, Value::Number(number)) if fanout.is_none() => fanout = Some(number),
                (1..=6, _) => return Err(NodeError::NotUnixFs),
                // Mode and time, and fields that are not known yet.
                _ => {}
            }
        }
        Ok(Node {
            kind: kind.ok_or(NodeError::NotUnixFs)?,
            links,
            data: data.unwrap_or(self.len()..self.len()),
            filesize,
            blocksizes,
            hash_type,
            fanout,
        })
    }
}

/// A value in protobuf's wire format.
enum Value {
    Number(u64),
    Bytes(Range<usize>),
    /// A value of fixed size, none of which is used here.
    Fixed,
}

struct Cursor<'a> {
    rope: &'a Rope<'a>,
    range: Range<usize>,
}

impl Cursor<'_> {
    fn skip(&mut self, len: u64) -> Result<Range<usize>, NodeError> {
        if len > self.range.len() as u64 {
            return Err(NodeError::Malformed);
        }
        let start = self.range.start;
        self.range.start += len as usize;
        Ok(start..self.range.start)
    }

    fn varint(&mut self) -> Result<u64, NodeError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.rope.byte(self.skip(1)?.start)?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(NodeError::Malformed);
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(NodeError::Malformed)
    }

    /// The number and value of the next field.
    fn field(&mut self) -> Result<Option<(u64, Value)>, NodeError> {
        if self.range.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.skip(8).map(|_| Value::Fixed)?,
            2 => {
                let len = self.varint()?;
                Value::Bytes(self.skip(len)?)
            }
            5 => self.skip(4).map(|_| Value::Fixed)?,
            _ => return Err(NodeError::Malformed),
        };
        match tag >> 3 {
            0 => Err(NodeError::Malformed),
            field => Ok(Some((field, value))),
        }
    }
}

/// Reads a binary CID at the beginning of `bytes`, and returns it with its length.
pub(super) fn read_cid(bytes: &[u8]) -> Option<(Cid, usize)> {
    let mut rest = bytes;
    let cid = Cid::read_bytes(&mut rest).ok()?;
    Some((cid, bytes.len() - rest.len()))
}

/// A child of a node that is being written.
#[derive(Debug, Clone, Copy)]
pub struct Child {
    /// The CID of the child.
    pub cid: Cid,
    /// The number of bytes of the file behind it.
    pub size: u64,
    /// The number of bytes of all blocks behind it.
    pub tsize: u64,
}

/// The prefix and the suffix of a dag-pb leaf with `len` bytes of the file.
pub fn leaf(len: u64) -> (Bytes, Bytes) {
    let mut head = vec![0x08, 2];
    if len > 0 {
        head.push(0x12);
        put_varint(&mut head, len);
    }
    let mut suffix = vec![0x18];
    put_varint(&mut suffix, len);
    let mut prefix = vec![0x0a];
    put_varint(&mut prefix, head.len() as u64 + len + suffix.len() as u64);
    prefix.extend(head);
    if len == 0 {
        // Without bytes between them, everything is prefix.
        prefix.append(&mut suffix);
    }
    (prefix.into(), suffix.into())
}

/// The node of a file over its children.
pub fn inner(children: &[Child]) -> Bytes {
    let mut node = Vec::new();
    for child in children {
        put_link(&mut node, &child.cid, b"", child.tsize);
    }
    let mut data = vec![0x08, 2, 0x18];
    put_varint(&mut data, children.iter().map(|child| child.size).sum());
    for child in children {
        data.push(0x20);
        put_varint(&mut data, child.size);
    }
    put_bytes(&mut node, 0x0a, &data);
    node.into()
}

/// The node of a directory. The entries are sorted by the bytes of their names.
pub fn directory<'a>(entries: impl IntoIterator<Item = (&'a str, Child)>) -> Bytes {
    let mut node = Vec::new();
    for (name, child) in entries {
        put_link(&mut node, &child.cid, name.as_bytes(), child.tsize);
    }
    put_bytes(&mut node, 0x0a, &[0x08, 1]);
    node.into()
}

/// The node of a part of a directory. For each slot that is used, in order, it takes its number, and either a name and
/// its target, or an empty name and the part below.
pub fn hamt_shard<'a>(slots: impl IntoIterator<Item = (u8, &'a str, Child)>) -> Bytes {
    let mut node = Vec::new();
    let mut bits = [0u8; FANOUT as usize / 8];
    for (slot, name, child) in slots {
        bits[bits.len() - 1 - usize::from(slot) / 8] |= 1 << (slot % 8);
        put_link(
            &mut node,
            &child.cid,
            format!("{slot:02X}{name}").as_bytes(),
            child.tsize,
        );
    }
    let used = bits
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(bits.len());
    let mut data = vec![0x08, 5];
    put_bytes(&mut data, 0x12, &bits[used..]);
    data.push(0x28);
    put_varint(&mut data, MURMUR3_X64_64);
    data.push(0x30);
    put_varint(&mut data, FANOUT);
    put_bytes(&mut node, 0x0a, &data);
    node.into()
}

/// The hash whose bytes, from first to last, give the slots of a name in a [`Kind::HamtShard`]: the first half of
/// MurmurHash3 x64 128 with the seed 0, big-endian.
pub fn hamt_hash(name: &[u8]) -> [u8; 8] {
    const C1: u64 = 0x87c3_7b91_1142_53d5;
    const C2: u64 = 0x4cf5_ad43_2745_937f;
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(bytes) {
            *to = *from;
        }
        u64::from_le_bytes(word)
    };
    let mix1 = |k: u64| k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2);
    let mix2 = |k: u64| k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1);
    let finish = |mut h: u64| {
        h ^= h >> 33;
        h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
        h ^= h >> 33;
        h = h.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        h ^ h >> 33
    };
    let (mut h1, mut h2) = (0u64, 0u64);
    let mut blocks = name.chunks_exact(16);
    for block in &mut blocks {
        h1 ^= mix1(word(&block[..8]));
        h1 = h1.rotate_left(27).wrapping_add(h2);
        h1 = h1.wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= mix2(word(&block[8..]));
        h2 = h2.rotate_left(31).wrapping_add(h1);
        h2 = h2.wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let tail = blocks.remainder();
    let (low, high) = tail.split_at(tail.len().min(8));
    h2 ^= mix2(word(high));
    h1 ^= mix1(word(low));
    let len = name.len() as u64;
    h1 ^= len;
    h2 ^= len;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    h1 = finish(h1).wrapping_add(finish(h2));
    h1.to_be_bytes()
}

fn put_link(node: &mut Vec<u8>, cid: &Cid, name: &[u8], tsize: u64) {
    let mut link = Vec::with_capacity(64 + name.len());
    put_bytes(&mut link, 0x0a, &cid.to_bytes());
    put_bytes(&mut link, 0x12, name);
    link.push(0x18);
    put_varint(&mut link, tsize);
    put_bytes(node, 0x12, &link);
}

fn put_bytes(to: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    to.push(tag);
    put_varint(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

pub(super) fn put_varint(to: &mut Vec<u8>, number: u64) {
    let mut buffer = unsigned_varint::encode::u64_buffer();
    to.extend_from_slice(unsigned_varint::encode::u64(number, &mut buffer));
}
