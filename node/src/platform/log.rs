//! The log that is kept beside a file's bytes. It says which bytes are there, and which blocks they
//! make.
//!
//! A log is a sequence of frames. Each has the length of its payload (`u32`), the CRC-32 of the
//! payload (`u32`), and the payload, which is a sequence of entries. Numbers are little-endian. A
//! torn or damaged frame ends the log; the frames before it are valid.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use fluence::Cid;
use fluence::content::{Block, DagFile};

use super::source::{Extent, Stamp};

/// The largest payload that is read, in bytes.
const MAX_FRAME: usize = 64 * 1024 * 1024;
/// A frame is closed once its payload has this many bytes.
const FRAME: usize = 1024 * 1024;

/// An entry of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// The item's own data file has this many more bytes.
    Own(u64),
    /// A slice of another file is the next part of the item.
    Adopted(Extent),
    /// A slice of the body of a private share is. The number is the token by which the store finds it as long as the
    /// process runs; the key, the files and their names are not written down.
    Sealed {
        /// The token of the body.
        token: u128,
        /// Where the slice begins, in bytes.
        offset: u64,
        /// The length of the slice in bytes.
        len: u64,
    },
    /// A block that the bytes so far complete.
    Block(Block),
    /// The root of the DAG, which is complete.
    Root(Cid),
    /// A file in the DAG.
    File(DagFile),
}

/// Collects entries into frames.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// The closed frames.
    frames: Vec<u8>,
    /// The payload of the frame that is open.
    payload: Vec<u8>,
}

impl From<Extent> for Entry {
    fn from(extent: Extent) -> Self {
        match &extent.sealed {
            Some(sealed) => Self::Sealed {
                token: sealed.token,
                offset: extent.offset,
                len: extent.len,
            },
            None => Self::Adopted(extent),
        }
    }
}

impl Writer {
    /// Adds an entry.
    pub fn put(&mut self, entry: &Entry) {
        let out = &mut self.payload;
        match entry {
            Entry::Own(len) => {
                out.push(1);
                out.extend(len.to_le_bytes());
            }
            Entry::Adopted(extent) => {
                out.push(2);
                put_bytes(out, &path_bytes(&extent.path));
                let stamp = extent
                    .stamp
                    .map_or([u64::MAX; 2], |stamp| [stamp.size, stamp.modified]);
                for number in [extent.offset, extent.len, stamp[0], stamp[1]] {
                    out.extend(number.to_le_bytes());
                }
            }
            Entry::Sealed { token, offset, len } => {
                out.push(6);
                out.extend(token.to_le_bytes());
                out.extend(offset.to_le_bytes());
                out.extend(len.to_le_bytes());
            }
            Entry::Block(block) => {
                out.push(3);
                put_bytes(out, &block.cid.to_bytes());
                put_bytes(out, &block.prefix);
                out.extend(block.len.to_le_bytes());
                put_bytes(out, &block.suffix);
            }
            Entry::Root(root) => {
                out.push(4);
                put_bytes(out, &root.to_bytes());
            }
            Entry::File(file) => {
                out.push(5);
                put_bytes(out, file.path.as_bytes());
                out.extend(file.offset.to_le_bytes());
                out.extend(file.len.to_le_bytes());
            }
        }
        if self.payload.len() >= FRAME {
            self.close();
        }
    }

    /// Takes out the frames of all entries so far. They must be written in one go.
    pub fn take(&mut self) -> Vec<u8> {
        self.close();
        std::mem::take(&mut self.frames)
    }

    fn close(&mut self) {
        if !self.payload.is_empty() {
            let len =
                u32::try_from(self.payload.len()).expect("a frame is closed long before 4 GiB");
            self.frames.extend(len.to_le_bytes());
            self.frames
                .extend(crc32fast::hash(&self.payload).to_le_bytes());
            self.frames.append(&mut self.payload);
        }
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let len = u32::try_from(bytes.len()).expect("a block's parts and paths are under 4 GiB");
    out.extend(len.to_le_bytes());
    out.extend(bytes);
}

/// Reads the valid frames of a log, oldest first. Each comes as its entries and the offset in the
/// log at which it ends.
pub(super) fn read(log: &Bytes) -> Vec<(Vec<Entry>, u64)> {
    let mut frames = Vec::new();
    let mut at = 0;
    while let Some(head) = log.get(at..at + 8) {
        let number =
            |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes"));
        let len = number(0) as usize;
        if len > MAX_FRAME || log.len() < at + 8 + len {
            break;
        }
        let payload = log.slice(at + 8..at + 8 + len);
        if crc32fast::hash(&payload) != number(4) {
            break;
        }
        let Some(entries) = entries(payload) else {
            break;
        };
        at += 8 + len;
        frames.push((entries, at as u64));
    }
    frames
}

fn entries(mut rest: Bytes) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let tag = rest.split_to(1)[0];
        entries.push(match tag {
            1 => Entry::Own(number(&mut rest)?),
            2 => {
                let path = bytes_path(&bytes(&mut rest)?)?;
                let [offset, len, size, modified] = [
                    number(&mut rest)?,
                    number(&mut rest)?,
                    number(&mut rest)?,
                    number(&mut rest)?,
                ];
                let stamp = (size != u64::MAX).then_some(Stamp { size, modified });
                Entry::Adopted(Extent {
                    path,
                    sealed: None,
                    offset,
                    len,
                    stamp,
                })
            }
            3 => Entry::Block(Block {
                cid: Cid::try_from(bytes(&mut rest)?.as_ref()).ok()?,
                // Copied, because a slice would keep the whole log in memory with the block.
                prefix: Bytes::copy_from_slice(&bytes(&mut rest)?),
                len: number(&mut rest)?,
                suffix: Bytes::copy_from_slice(&bytes(&mut rest)?),
            }),
            4 => Entry::Root(Cid::try_from(bytes(&mut rest)?.as_ref()).ok()?),
            5 => Entry::File(DagFile {
                path: String::from_utf8(bytes(&mut rest)?.to_vec()).ok()?,
                offset: number(&mut rest)?,
                len: number(&mut rest)?,
            }),
            6 => {
                let [low, high] = [number(&mut rest)?, number(&mut rest)?];
                Entry::Sealed {
                    token: u128::from(high) << 64 | u128::from(low),
                    offset: number(&mut rest)?,
                    len: number(&mut rest)?,
                }
            }
            _ => return None,
        });
    }
    Some(entries)
}

fn number(rest: &mut Bytes) -> Option<u64> {
    (rest.len() >= 8)
        .then(|| u64::from_le_bytes(rest.split_to(8)[..].try_into().expect("eight bytes")))
}

fn bytes(rest: &mut Bytes) -> Option<Bytes> {
    if rest.len() < 4 {
        return None;
    }
    let len = u32::from_le_bytes(rest.split_to(4)[..].try_into().expect("four bytes")) as usize;
    (rest.len() >= len).then(|| rest.split_to(len))
}

#[cfg(unix)]
fn path_bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(unix)]
fn bytes_path(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path_bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().into_owned().into_bytes()
}

#[cfg(not(unix))]
fn bytes_path(bytes: &[u8]) -> Option<PathBuf> {
    String::from_utf8(bytes.to_vec()).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_or_damaged_log_is_read_up_to_the_fault() {
        let block = Block {
            cid: fluence::names::cid_v1(0x55, &[7; 32]),
            prefix: Bytes::from_static(b"head"),
            len: 12,
            suffix: Bytes::new(),
        };
        let first = vec![
            Entry::Adopted(Extent {
                path: "/a/ü\u{fffd}".into(),
                sealed: None,
                offset: 3,
                len: 9,
                stamp: Some(Stamp {
                    size: 12,
                    modified: 5,
                }),
            }),
            Entry::Own(3),
            Entry::Sealed {
                token: u128::MAX - 7,
                offset: 1,
                len: 2,
            },
            Entry::Block(block.clone()),
        ];
        let second = vec![
            Entry::Root(block.cid),
            Entry::File(DagFile {
                path: "x/y".to_owned(),
                offset: 0,
                len: 12,
            }),
        ];
        let mut writer = Writer::default();
        first.iter().for_each(|entry| writer.put(entry));
        let one = writer.take();
        second.iter().for_each(|entry| writer.put(entry));
        let both = [one.clone(), writer.take()].concat();
        let ends = [one.len() as u64, both.len() as u64];
        assert_eq!(
            read(&Bytes::from(both.clone())),
            [(first.clone(), ends[0]), (second, ends[1])]
        );
        for cut in one.len()..both.len() {
            assert_eq!(
                read(&Bytes::copy_from_slice(&both[..cut])),
                [(first.clone(), ends[0])],
                "cut at {cut}"
            );
        }
        for at in one.len()..both.len() {
            let mut damaged = both.clone();
            damaged[at] ^= 0x10;
            assert_eq!(
                read(&Bytes::from(damaged)),
                [(first.clone(), ends[0])],
                "damaged at {at}"
            );
        }
    }
}
