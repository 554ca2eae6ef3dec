//! Blocks and DAGs as bytes for the database. They are short, and every length is checked when they are read.

use bytes::Bytes;
use fluence::Cid;
use fluence::content::{Block, Dag, DagFile};

/// The first byte of a stored DAG, which is the version of its format.
const VERSION: u8 = 1;

/// Writes blocks one after the other.
pub fn encode_blocks(blocks: &[Block]) -> Vec<u8> {
    let mut out = Vec::with_capacity(blocks.len() * 48);
    put_number(&mut out, blocks.len() as u64);
    for block in blocks {
        put_bytes(&mut out, &block.cid.to_bytes());
        put_bytes(&mut out, &block.prefix);
        put_number(&mut out, block.len);
        put_bytes(&mut out, &block.suffix);
    }
    out
}

/// Reads what [`encode_blocks`] wrote; `None` if the bytes are anything else.
pub fn decode_blocks(bytes: &[u8]) -> Option<Vec<Block>> {
    let mut reader = Reader(bytes);
    let blocks = reader.blocks()?;
    reader.0.is_empty().then_some(blocks)
}

/// Writes a whole DAG.
pub fn encode_dag(dag: &Dag) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_bytes(&mut out, &dag.root.to_bytes());
    put_number(&mut out, dag.files.len() as u64);
    for file in &dag.files {
        put_bytes(&mut out, file.path.as_bytes());
        put_number(&mut out, file.offset);
        put_number(&mut out, file.len);
    }
    out.extend(encode_blocks(&dag.blocks));
    out
}

/// Reads what [`encode_dag`] wrote; `None` if the bytes are anything else.
pub fn decode_dag(bytes: &[u8]) -> Option<Dag> {
    let (&version, rest) = bytes.split_first()?;
    if version != VERSION {
        return None;
    }
    let mut reader = Reader(rest);
    let root = reader.cid()?;
    let count = reader.count()?;
    let mut files = Vec::with_capacity(count);
    for _ in 0..count {
        files.push(DagFile {
            path: String::from_utf8(reader.bytes()?.to_vec()).ok()?,
            offset: reader.number()?,
            len: reader.number()?,
        });
    }
    let blocks = reader.blocks()?;
    reader.0.is_empty().then_some(Dag {
        root,
        blocks,
        files,
    })
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// Reads a count of things that take at least a byte each, so that no more memory is reserved than there can be
    /// things.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.count()?;
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        Some(bytes)
    }

    fn cid(&mut self) -> Option<Cid> {
        Cid::try_from(self.bytes()?).ok()
    }

    fn blocks(&mut self) -> Option<Vec<Block>> {
        let count = self.count()?;
        let mut blocks = Vec::with_capacity(count);
        for _ in 0..count {
            blocks.push(Block {
                cid: self.cid()?,
                prefix: Bytes::copy_from_slice(self.bytes()?),
                len: self.number()?,
                suffix: Bytes::copy_from_slice(self.bytes()?),
            });
        }
        Some(blocks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::names::cid_v1;

    fn dag() -> Dag {
        let leaf = Block {
            cid: cid_v1(0x55, &[7; 32]),
            prefix: Bytes::new(),
            len: 1 << 40,
            suffix: Bytes::new(),
        };
        let root = Block {
            cid: cid_v1(0x70, &[8; 32]),
            prefix: Bytes::from(vec![9; 300]),
            len: 0,
            suffix: Bytes::from_static(b"x"),
        };
        Dag {
            root: root.cid,
            blocks: vec![root, leaf.clone(), leaf],
            files: vec![DagFile {
                path: "отпуск/a.jpg".to_owned(),
                offset: 5,
                len: u64::MAX,
            }],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let dag = dag();
        assert_eq!(decode_dag(&encode_dag(&dag)), Some(dag.clone()));
        assert_eq!(decode_blocks(&encode_blocks(&dag.blocks)), Some(dag.blocks));
        assert_eq!(decode_blocks(&encode_blocks(&[])), Some(vec![]));
    }

    #[test]
    fn what_is_cut_or_foreign_is_refused() {
        let bytes = encode_dag(&dag());
        for end in 0..bytes.len() {
            assert_eq!(decode_dag(&bytes[..end]), None, "cut at {end}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(decode_dag(&longer), None);
        assert_eq!(decode_dag(&[2]), None);
        assert_eq!(decode_blocks(&[0xff; 32]), None);
    }
}
