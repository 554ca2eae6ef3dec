//! A directory as one ZIP file, made of slices. Files are stored without compression, and ZIP64 is
//! used where it is needed.
//!
//! The fields are those of PKWARE's [APPNOTE](https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT) 6.3.

use std::fmt;

use bytes::Bytes;
use crc::{CRC_32_ISO_HDLC, Crc, Digest, Table};
use futures::StreamExt;

use super::{Dag, DagFile};
use crate::ports::{Piece, Source, StoreError};

/// The number of bytes that are read at a time for checksums.
const READ: u64 = 1024 * 1024;
/// The number of reads that are under way at a time.
const READS_IN_FLIGHT: usize = 4;

/// The smallest size or offset for which a field of 32 bits does not suffice.
const MAX_32: u64 = 0xffff_ffff;
/// The smallest number of files for which a field of 16 bits does not suffice.
const MAX_16: u64 = 0xffff;
/// Version 2.0 of the format, and 4.5, which introduced ZIP64.
const VERSION: u16 = 20;
const VERSION_64: u16 = 45;
/// The flag that names are UTF-8.
const FLAGS: u16 = 1 << 11;
/// The flag that checksum and sizes follow the bytes of a file.
const LATER: u16 = 1 << 3;
/// Midnight of 1 January 1980, since a DAG has no times.
const TIME_AND_DATE: u32 = 0x0021_0000;
/// Made on Unix, so that the attributes are those of Unix: a plain file with `rw-r--r--`.
const MADE_ON: u16 = 3 << 8;
const ATTRIBUTES: u32 = 0o100_644 << 16;
/// A folder with `rwxr-xr-x`, for which MS-DOS has a bit too.
const FOLDER_ATTRIBUTES: u32 = 0o040_755 << 16 | 0x10;
/// The id of ZIP64's extra field.
const EXTRA_64: u16 = 1;

/// The CRC-32 of each file of a DAG, which a ZIP states before the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksums(Vec<u32>);

/// The CRC-32 of ZIP, with the small table, to keep the worker's download small.
static CRC_32: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

/// Reads the whole body for the checksums of its files. `progress` is called with the number of
/// bytes read so far.
///
/// # Errors
/// [`StoreError`] if the bytes cannot be read.
pub async fn checksums<S: Source>(
    dag: &Dag,
    source: &S,
    mut progress: impl FnMut(u64),
) -> Result<Checksums, StoreError> {
    let mut sums = Vec::with_capacity(dag.files.len());
    let mut done = 0;
    for file in &dag.files {
        let end = file.offset + file.len;
        let mut reading = futures::stream::iter((file.offset..end).step_by(READ as usize))
            .map(|start| source.read(start..(start + READ).min(end)))
            .buffered(READS_IN_FLIGHT);
        let mut digest = CRC_32.digest();
        while let Some(bytes) = reading.next().await {
            let bytes = bytes?;
            digest.update(&bytes);
            done += bytes.len() as u64;
            progress(done);
        }
        sums.push(digest.finalize());
    }
    Ok(Checksums(sums))
}

/// The ZIP file of a DAG's files, in pieces.
pub fn pieces<S: Source>(dag: &Dag, source: &S, checksums: &Checksums) -> Vec<Piece<S>> {
    let mut zip = Zip {
        pieces: Vec::new(),
        bytes: Vec::new(),
        len: 0,
    };
    let mut central = Vec::new();
    for (file, crc) in dag.files.iter().zip(&checksums.0) {
        let name = name(file);
        let offset = zip.here();
        local_header(&mut zip.bytes, name, file.len, *crc);
        central_header(&mut central, name, file.len, *crc, FLAGS, offset);
        zip.slice(source, file);
    }
    let directory = zip.here();
    let size = central.len() as u64;
    zip.bytes.append(&mut central);
    zip.end(dag.files.len() as u64, directory, size);
    zip.pieces
}

/// A ZIP file that is made while the bytes of its files come. Checksums and sizes follow each file.
#[derive(Debug, Default)]
pub struct Stream {
    /// The number of bytes so far.
    len: u64,
    count: u64,
    central: Vec<u8>,
    /// The file whose bytes come.
    open: Option<Growing>,
}

struct Growing {
    name: Vec<u8>,
    offset: u64,
    len: u64,
    digest: Digest<'static, u32, Table<1>>,
}

impl fmt::Debug for Growing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Growing({})", self.len)
    }
}

impl Stream {
    /// Begins the next file, or a folder whose path ends with `/`, and returns what stands before its bytes.
    pub fn begin(&mut self, path: &str) -> Vec<u8> {
        let mut out = self.close();
        let name = if path.is_empty() { "file" } else { path };
        let offset = self.len + out.len() as u64;
        // Nobody knows yet whether there will be more than 4 GiB, so the sizes that follow have 64 bits.
        let mut extra = Vec::new();
        extra_64(&mut extra, &[0, 0]);
        put(&mut out, b"PK\x03\x04");
        common(&mut out, name.as_bytes(), 0, 0, FLAGS | LATER, &extra);
        put(&mut out, name.as_bytes());
        put(&mut out, &extra);
        self.len += out.len() as u64;
        self.open = Some(Growing {
            name: name.into(),
            offset,
            len: 0,
            digest: CRC_32.digest(),
        });
        out
    }

    /// Counts the next bytes of the file that began last.
    pub fn take(&mut self, bytes: &[u8]) {
        if let Some(open) = &mut self.open {
            open.digest.update(bytes);
            open.len += bytes.len() as u64;
            self.len += bytes.len() as u64;
        }
    }

    /// Returns what stands after all files.
    pub fn end(mut self) -> Vec<u8> {
        let mut out = self.close();
        let directory = self.len + out.len() as u64;
        let size = self.central.len() as u64;
        out.append(&mut self.central);
        end(&mut out, directory + size, self.count, directory, size);
        out
    }

    /// Ends the file that is open, and returns what stands after its bytes, which does not count yet.
    fn close(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let Some(Growing {
            name,
            offset,
            len,
            digest,
        }) = self.open.take()
        else {
            return out;
        };
        let crc = digest.finalize();
        put(&mut out, b"PK\x07\x08");
        put(&mut out, &crc.to_le_bytes());
        put(&mut out, &len.to_le_bytes());
        put(&mut out, &len.to_le_bytes());
        self.count += 1;
        central_header(&mut self.central, &name, len, crc, FLAGS | LATER, offset);
        out
    }
}

/// The name of a file that is not in a directory, since it has none of its own.
fn name(file: &DagFile) -> &[u8] {
    match file.path.as_str() {
        "" => b"file",
        path => path.as_bytes(),
    }
}

struct Zip<S> {
    pieces: Vec<Piece<S>>,
    /// The bytes after the last piece.
    bytes: Vec<u8>,
    /// The number of bytes in the pieces.
    len: u64,
}

impl<S: Source> Zip<S> {
    /// The offset of the next byte.
    fn here(&self) -> u64 {
        self.len + self.bytes.len() as u64
    }

    fn flush(&mut self) {
        self.len = self.here();
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        self.pieces.push(Piece::Bytes(bytes));
    }

    fn slice(&mut self, source: &S, file: &DagFile) {
        if file.len > 0 {
            self.flush();
            let range = file.offset..file.offset + file.len;
            self.pieces.push(Piece::Slice(source.clone(), range));
            self.len += file.len;
        }
    }

    /// The end of the file.
    fn end(&mut self, count: u64, directory: u64, size: u64) {
        let here = self.here();
        end(&mut self.bytes, here, count, directory, size);
        self.flush();
    }
}

/// The end of the central directory, preceded by that of ZIP64 if it is needed. It stands at `here`.
fn end(out: &mut Vec<u8>, here: u64, count: u64, directory: u64, size: u64) {
    if count >= MAX_16 || directory >= MAX_32 || size >= MAX_32 {
        put(out, b"PK\x06\x06");
        // The number of bytes of this record from here on.
        put(out, &44u64.to_le_bytes());
        put(out, &(MADE_ON | VERSION_64).to_le_bytes());
        put(out, &VERSION_64.to_le_bytes());
        // The number of this disk, and of the directory's.
        put(out, &[0; 8]);
        put(out, &count.to_le_bytes());
        put(out, &count.to_le_bytes());
        put(out, &size.to_le_bytes());
        put(out, &directory.to_le_bytes());
        put(out, b"PK\x06\x07");
        put(out, &[0; 4]);
        put(out, &here.to_le_bytes());
        // The number of disks.
        put(out, &1u32.to_le_bytes());
    }
    put(out, b"PK\x05\x06");
    put(out, &[0; 4]);
    put(out, &(count.min(MAX_16) as u16).to_le_bytes());
    put(out, &(count.min(MAX_16) as u16).to_le_bytes());
    put(out, &capped(size));
    put(out, &capped(directory));
    // There is no comment.
    put(out, &[0; 2]);
}

fn local_header(out: &mut Vec<u8>, name: &[u8], len: u64, crc: u32) {
    let mut extra = Vec::new();
    if len >= MAX_32 {
        extra_64(&mut extra, &[len, len]);
    }
    put(out, b"PK\x03\x04");
    common(out, name, len, crc, FLAGS, &extra);
    put(out, name);
    put(out, &extra);
}

fn central_header(out: &mut Vec<u8>, name: &[u8], len: u64, crc: u32, flags: u16, offset: u64) {
    let mut large = Vec::new();
    if len >= MAX_32 {
        large.extend([len, len]);
    }
    if offset >= MAX_32 {
        large.push(offset);
    }
    let mut extra = Vec::new();
    if !large.is_empty() {
        extra_64(&mut extra, &large);
    }
    put(out, b"PK\x01\x02");
    put(out, &(MADE_ON | VERSION_64).to_le_bytes());
    common(out, name, len, crc, flags, &extra);
    // There is no comment, one disk, and nothing internal.
    put(out, &[0; 6]);
    let attributes = if name.ends_with(b"/") {
        FOLDER_ATTRIBUTES
    } else {
        ATTRIBUTES
    };
    put(out, &attributes.to_le_bytes());
    put(out, &capped(offset));
    put(out, name);
    put(out, &extra);
}

/// The fields that both headers of a file have, from the version needed up to the length of the extra field.
fn common(out: &mut Vec<u8>, name: &[u8], len: u64, crc: u32, flags: u16, extra: &[u8]) {
    let version = if extra.is_empty() {
        VERSION
    } else {
        VERSION_64
    };
    put(out, &version.to_le_bytes());
    put(out, &flags.to_le_bytes());
    // The method: stored.
    put(out, &[0; 2]);
    put(out, &TIME_AND_DATE.to_le_bytes());
    put(out, &crc.to_le_bytes());
    put(out, &capped(len));
    put(out, &capped(len));
    // A path has at most `walk::MAX_PATH` bytes.
    put(out, &(name.len() as u16).to_le_bytes());
    put(out, &(extra.len() as u16).to_le_bytes());
}

fn extra_64(out: &mut Vec<u8>, numbers: &[u64]) {
    put(out, &EXTRA_64.to_le_bytes());
    put(out, &(numbers.len() as u16 * 8).to_le_bytes());
    for number in numbers {
        put(out, &number.to_le_bytes());
    }
}

/// A field of 32 bits, with all bits set if ZIP64 has the number.
fn capped(number: u64) -> [u8; 4] {
    (number.min(MAX_32) as u32).to_le_bytes()
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(bytes);
}
