//! The links in blocks of every codec that is stored, and path resolution within a block.
//!
//! UnixFS is handled by [`fluence::content::unixfs`], and this module handles the other codecs.
//! Blocks come from strangers: nothing here recurses deeper than [`MAX_NESTING`] or allocates more
//! than the size of the block justifies.

use bytes::Bytes;
use fluence::Cid;
use fluence::content::hash::IDENTITY;
use fluence::content::unixfs::{self, DAG_PB, NodeError, RAW};

use super::key::{Key, key};

/// CBOR with links.
pub(crate) const DAG_CBOR: u64 = 0x71;
/// JSON with links.
pub(crate) const DAG_JSON: u64 = 0x0129;
/// CBOR without links.
pub(crate) const CBOR: u64 = 0x51;
/// JSON without links.
pub(crate) const JSON: u64 = 0x0200;
/// The codecs of blocks that are stored.
pub(super) const CODECS: [u64; 6] = [RAW, DAG_PB, DAG_CBOR, DAG_JSON, CBOR, JSON];

/// The CBOR tag of a link.
const LINK_TAG: u64 = 42;
/// How deep maps and lists, or identity CIDs in identity CIDs, may be nested in a block.
const MAX_NESTING: usize = 128;

/// Why a block cannot be part of a DAG here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The block's codec is not one that is stored.
    #[error("this storage does not keep blocks with the codec 0x{0:x}")]
    Codec(u64),
    /// The block is malformed for its codec.
    #[error("the block is not valid for its codec: {0}")]
    Malformed(&'static str),
    /// The block is not dag-pb, or is not a UnixFS node where one is needed.
    #[error("the block is not a valid UnixFS node: {0}")]
    Node(#[from] NodeError),
}

/// The CIDs that a block links to, in order and with repetitions.
pub(crate) fn links(codec: u64, data: &Bytes) -> Result<Vec<Cid>, BlockError> {
    match codec {
        RAW | CBOR | JSON => Ok(Vec::new()),
        // The data in the node does not matter here: not all dag-pb is UnixFS.
        DAG_PB => Ok(unixfs::links(data)?.iter().map(|link| link.cid).collect()),
        DAG_CBOR => {
            let mut links = Vec::new();
            let mut reader = Cbor { data };
            reader.value(0, &mut |cid| links.push(cid))?;
            if reader.data.is_empty() {
                Ok(links)
            } else {
                Err(BlockError::Malformed(
                    "there is trailing data after its CBOR",
                ))
            }
        }
        DAG_JSON => {
            let mut links = Vec::new();
            json_links(&json(data)?, &mut links)?;
            Ok(links)
        }
        other => Err(BlockError::Codec(other)),
    }
}

/// The keys of the blocks that a block needs: its links, with each identity CID replaced by the
/// links inside it.
pub(crate) fn needed(codec: u64, data: &Bytes) -> Result<Vec<Key>, BlockError> {
    let mut keys = Vec::new();
    let mut found = vec![(links(codec, data)?, 0)];
    while let Some((cids, depth)) = found.pop() {
        for cid in cids {
            if cid.hash().code() != IDENTITY {
                keys.push(key(&cid));
            } else if depth == MAX_NESTING {
                return Err(BlockError::Malformed("it is nested too deeply"));
            } else {
                let inline = Bytes::copy_from_slice(cid.hash().digest());
                found.push((links(cid.codec(), &inline)?, depth + 1));
            }
        }
    }
    Ok(keys)
}

/// Where a path leads inside a dag-cbor or dag-json block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// To a link, after this many segments.
    Link(Cid, usize),
    /// To a value that is not a link, at the end of the path.
    Value,
    /// To a value that does not have the next member of the path.
    Missing,
}

/// Follows path segments through a dag-cbor or dag-json block up to its first link.
pub(crate) fn step(codec: u64, data: &[u8], path: &[String]) -> Result<Step, BlockError> {
    match codec {
        DAG_CBOR => Cbor { data }.step(path),
        DAG_JSON => {
            let root = json(data)?;
            let mut at = &root;
            for used in 0..=path.len() {
                if let Some(cid) = json_link(at)? {
                    return Ok(Step::Link(cid, used));
                }
                let Some(segment) = path.get(used) else {
                    return Ok(Step::Value);
                };
                let next = match at {
                    serde_json::Value::Object(map) => map.get(segment),
                    serde_json::Value::Array(list) => {
                        segment.parse::<usize>().ok().and_then(|n| list.get(n))
                    }
                    _ => None,
                };
                match next {
                    Some(next) => at = next,
                    None => return Ok(Step::Missing),
                }
            }
            Ok(Step::Value)
        }
        other => Err(BlockError::Codec(other)),
    }
}

fn json(data: &[u8]) -> Result<serde_json::Value, BlockError> {
    // serde_json itself limits the nesting to 128.
    serde_json::from_slice(data).map_err(|_| BlockError::Malformed("it is not JSON"))
}

/// The CID of a value of the form `{"/": "CID"}`.
fn json_link(value: &serde_json::Value) -> Result<Option<Cid>, BlockError> {
    let serde_json::Value::Object(map) = value else {
        return Ok(None);
    };
    match map.get("/") {
        Some(serde_json::Value::String(text)) if map.len() == 1 => text
            .parse()
            .map(Some)
            .map_err(|_| BlockError::Malformed("a link in it is not a CID")),
        _ => Ok(None),
    }
}

fn json_links(value: &serde_json::Value, links: &mut Vec<Cid>) -> Result<(), BlockError> {
    if let Some(cid) = json_link(value)? {
        links.push(cid);
        return Ok(());
    }
    match value {
        serde_json::Value::Object(map) => map.values().try_for_each(|v| json_links(v, links)),
        serde_json::Value::Array(list) => list.iter().try_for_each(|v| json_links(v, links)),
        _ => Ok(()),
    }
}

/// A reader of DAG-CBOR (RFC 8949 without indefinite lengths) that does not build values.
#[derive(Clone, Copy)]
struct Cbor<'a> {
    data: &'a [u8],
}

/// The head of a CBOR item.
struct Head {
    major: u8,
    argument: u64,
}

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const LIST: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

impl<'a> Cbor<'a> {
    fn take(&mut self, len: u64) -> Result<&'a [u8], BlockError> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let (taken, rest) = self
            .data
            .split_at_checked(len)
            .ok_or(BlockError::Malformed("its CBOR ends early"))?;
        self.data = rest;
        Ok(taken)
    }

    fn head(&mut self) -> Result<Head, BlockError> {
        let first = self.take(1)?[0];
        let argument = match first & 0x1f {
            small @ 0..24 => u64::from(small),
            width @ 24..28 => self
                .take(1 << (width - 24))?
                .iter()
                .fold(0, |n, byte| (n << 8) | u64::from(*byte)),
            _ => return Err(BlockError::Malformed("its CBOR has an indefinite length")),
        };
        Ok(Head {
            major: first >> 5,
            argument,
        })
    }

    /// Skips one value, and calls `link` for each link in it.
    fn value(&mut self, depth: usize, link: &mut impl FnMut(Cid)) -> Result<(), BlockError> {
        if depth > MAX_NESTING {
            return Err(BlockError::Malformed("it is nested too deeply"));
        }
        let head = self.head()?;
        match head.major {
            BYTES | TEXT => {
                self.take(head.argument)?;
            }
            LIST => {
                for _ in 0..head.argument {
                    self.value(depth + 1, link)?;
                }
            }
            MAP => {
                for _ in 0..head.argument {
                    self.value(depth + 1, link)?;
                    self.value(depth + 1, link)?;
                }
            }
            TAG if head.argument == LINK_TAG => link(self.link()?),
            TAG => {
                return Err(BlockError::Malformed(
                    "its CBOR has a tag other than a link",
                ));
            }
            UNSIGNED | NEGATIVE => {}
            // false, true, null, float
            _ => {}
        }
        Ok(())
    }

    /// Reads the CID after a link's tag: a byte string that consists of a zero and the CID.
    fn link(&mut self) -> Result<Cid, BlockError> {
        let not_a_cid = BlockError::Malformed("a link in it is not a CID");
        let head = self.head()?;
        if head.major != BYTES {
            return Err(not_a_cid);
        }
        match self.take(head.argument)? {
            [0, cid @ ..] => Cid::try_from(cid).map_err(|_| not_a_cid),
            _ => Err(not_a_cid),
        }
    }

    fn step(&mut self, path: &[String]) -> Result<Step, BlockError> {
        for used in 0..=path.len() {
            let head = self.head()?;
            if head.major == TAG && head.argument == LINK_TAG {
                return Ok(Step::Link(self.link()?, used));
            }
            let Some(segment) = path.get(used) else {
                return Ok(Step::Value);
            };
            let found = match head.major {
                MAP => self.member(head.argument, segment)?,
                LIST => match segment.parse::<u64>() {
                    Ok(n) if n < head.argument => {
                        for _ in 0..n {
                            self.value(0, &mut |_| ())?;
                        }
                        true
                    }
                    _ => false,
                },
                _ => false,
            };
            if !found {
                return Ok(Step::Missing);
            }
        }
        Ok(Step::Value)
    }

    /// Advances to the value of a map's member; `false` if there is no such member.
    fn member(&mut self, entries: u64, name: &str) -> Result<bool, BlockError> {
        for _ in 0..entries {
            let key = self.head()?;
            if key.major != TEXT {
                return Err(BlockError::Malformed("a key in its CBOR is not text"));
            }
            if self.take(key.argument)? == name.as_bytes() {
                return Ok(true);
            }
            self.value(0, &mut |_| ())?;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAF: &str = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";

    fn cbor_link() -> Vec<u8> {
        let cid: Cid = LEAF.parse().unwrap();
        let bytes = cid.to_bytes();
        let mut out = vec![0xd8, 42, 0x58, bytes.len() as u8 + 1, 0];
        out.extend(bytes);
        out
    }

    #[test]
    fn links_in_cbor_are_found_and_walked_to() {
        // {"a": [1, link], "b": "x"}
        let mut data = vec![0xa2, 0x61, b'a', 0x82, 1];
        data.extend(cbor_link());
        data.extend([0x61, b'b', 0x61, b'x']);
        let leaf: Cid = LEAF.parse().unwrap();
        assert_eq!(links(DAG_CBOR, &Bytes::from(data.clone())), Ok(vec![leaf]));
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            step(DAG_CBOR, &data, &path("a/1/more")),
            Ok(Step::Link(leaf, 2))
        );
        assert_eq!(step(DAG_CBOR, &data, &path("b")), Ok(Step::Value));
        assert_eq!(step(DAG_CBOR, &data, &path("c")), Ok(Step::Missing));
        assert_eq!(step(DAG_CBOR, &data, &path("a/7")), Ok(Step::Missing));
        assert_eq!(step(DAG_CBOR, &data, &path("b/c")), Ok(Step::Missing));
        for end in 0..data.len() {
            assert!(
                links(DAG_CBOR, &Bytes::copy_from_slice(&data[..end])).is_err(),
                "{end}"
            );
        }
    }

    #[test]
    fn links_in_json_are_found_and_walked_to() {
        let leaf: Cid = LEAF.parse().unwrap();
        let data = format!(r#"{{"a":[1,{{"/":"{LEAF}"}}],"b":{{"/":{{"bytes":"AA"}}}}}}"#);
        assert_eq!(links(DAG_JSON, &Bytes::from(data.clone())), Ok(vec![leaf]));
        assert_eq!(
            step(DAG_JSON, data.as_bytes(), &["a".into(), "1".into()]),
            Ok(Step::Link(leaf, 2))
        );
    }

    #[test]
    fn nesting_and_lengths_are_bounded() {
        assert!(links(DAG_CBOR, &vec![0x81; 100_000].into()).is_err());
        // A list that claims to have 2^64 - 1 members.
        let endless = Bytes::from_static(&[0x9b, 255, 255, 255, 255, 255, 255, 255, 255]);
        assert!(links(DAG_CBOR, &endless).is_err());
        assert!(links(DAG_JSON, &"[".repeat(100_000).into()).is_err());
        assert_eq!(links(0x72, &Bytes::new()), Err(BlockError::Codec(0x72)));
    }
}
