//! Stored bytes: blobs, of which slices copy nothing. What is hashed, uploaded or adopted never passes through this
//! program's memory, and what the browser reads for it goes into the same few buffers again and again.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use bytes::Bytes;
use fluence::ports::{Piece, Source, StoreError};
use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Blob;

use crate::browser::{self, ByteReader};
use crate::database;

/// Bytes that are read at once for hashing: a read costs a way to the browser's own process and back, whatever its size.
const WINDOW: u64 = 4 * 1024 * 1024;
/// Windows that are read ahead: with three, a file is hashed a fifth faster than with one (measured).
const AHEAD: u64 = 3;
/// Windows that are held: the one before, since leaves are hashed side by side, this one, and those ahead.
const WINDOWS: usize = 2 + AHEAD as usize;

/// The largest blob that is made of bytes without garbage.
pub const GATHERED: usize = 8 * 1024 * 1024;
/// How much earlier the collection comes than for the bytes alone.
const WEIGHT: u32 = 4;

/// Bytes in a blob.
#[derive(Clone)]
pub struct BlobSource {
    blob: Blob,
    len: u64,
    windows: Rc<RefCell<VecDeque<(u64, Reading)>>>,
}

/// Bytes that were read, or are being read.
type Reading = Shared<LocalBoxFuture<'static, Result<Rc<Read>, StoreError>>>;

/// Bytes in a buffer, which is used again when nobody needs them any more.
struct Read(Uint8Array);

impl Drop for Read {
    fn drop(&mut self) {
        let buffer = self.0.buffer();
        if u64::from(buffer.byte_length()) == WINDOW {
            BUFFERS.with_borrow_mut(|buffers| {
                if buffers.len() < WINDOWS {
                    buffers.push(buffer);
                }
            });
        }
    }
}

thread_local! {
    /// Where the bytes of a blob are put together.
    static SCRATCH: Uint8Array = Uint8Array::new_with_length(GATHERED as u32);
    /// Buffers that are not in use, each of [`WINDOW`] bytes.
    static BUFFERS: RefCell<Vec<ArrayBuffer>> = const { RefCell::new(Vec::new()) };
}

impl BlobSource {
    /// The bytes of this blob, or of a file that a person chose.
    pub fn new(blob: Blob) -> Self {
        let len = blob.size() as u64;
        Self {
            blob,
            len,
            windows: Rc::default(),
        }
    }

    /// The blob.
    pub fn blob(&self) -> &Blob {
        &self.blob
    }

    /// A blob of a slice; it copies nothing.
    pub fn slice(&self, range: &Range<u64>) -> Result<Blob, StoreError> {
        if range.start > range.end || range.end > self.len {
            return Err(StoreError::Gone(format!(
                "bytes {} to {} of {} were asked for",
                range.start, range.end, self.len
            )));
        }
        // Exact up to 2^53, which no disk holds.
        self.blob
            .slice_with_f64_and_f64(range.start as f64, range.end as f64)
            .map_err(database::error)
    }

    /// The window with this number, and those ahead of it where they are read one after the other.
    fn window(&self, number: u64) -> Reading {
        let mut windows = self.windows.borrow_mut();
        let known = |windows: &VecDeque<(u64, Reading)>, n: u64| {
            windows.iter().any(|(other, _)| *other == n)
        };
        let in_order = number == 0 || known(&windows, number - 1);
        let ahead = if in_order { AHEAD } else { 0 };
        for n in number..=number + ahead {
            if known(&windows, n) || n * WINDOW >= self.len {
                continue;
            }
            let slice = self.slice(&(n * WINDOW..((n + 1) * WINDOW).min(self.len)));
            let reading = async move { Ok(Rc::new(read(&slice?).await?)) };
            let reading = reading.boxed_local().shared();
            spawn_local(reading.clone().map(drop));
            if windows.len() >= WINDOWS {
                windows.pop_front();
            }
            windows.push_back((n, reading));
        }
        windows
            .iter()
            .find(|(other, _)| *other == number)
            .map(|(_, reading)| reading.clone())
            .unwrap_or_else(|| {
                let beyond = StoreError::Gone("bytes beyond the end were asked for".to_owned());
                std::future::ready(Err(beyond)).boxed_local().shared()
            })
    }
}

impl Source for BlobSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, range: Range<u64>) -> LocalBoxFuture<'static, Result<Bytes, StoreError>> {
        let slice = self.slice(&range);
        async move { Ok(read(&slice?).await?.0.to_vec().into()) }.boxed_local()
    }

    fn sha256(
        &self,
        prefix: Bytes,
        range: Range<u64>,
        suffix: Bytes,
    ) -> LocalBoxFuture<'static, Result<[u8; 32], StoreError>> {
        let number = range.start / WINDOW;
        let within = range.end <= self.len && range.end.div_ceil(WINDOW) <= number + 1;
        let (reading, offset) = if within && range.start < range.end {
            (self.window(number), range.start - number * WINDOW)
        } else {
            let slice = self.slice(&range);
            let reading = async move { Ok(Rc::new(read(&slice?).await?)) };
            (reading.boxed_local().shared(), 0)
        };
        let len = range.end.saturating_sub(range.start);
        async move {
            let window = reading.await?;
            let bytes = window.0.subarray(offset as u32, (offset + len) as u32);
            let digest = if prefix.is_empty() && suffix.is_empty() {
                browser::sha256(&bytes)
            } else {
                let whole = Uint8Array::new_with_length(
                    prefix.len() as u32 + bytes.length() + suffix.len() as u32,
                );
                let (body, end) = (prefix.len() as u32, prefix.len() as u32 + bytes.length());
                whole.subarray(0, body).copy_from(&prefix);
                whole.set(&bytes, body);
                whole.subarray(end, whole.length()).copy_from(&suffix);
                browser::sha256(&whole)
            };
            drop(window);
            digest.await.map_err(database::error)
        }
        .boxed_local()
    }
}

/// A blob of blobs and byte arrays.
pub fn blob_of(parts: &Array) -> Result<Blob, StoreError> {
    Blob::new_with_blob_sequence(parts).map_err(database::error)
}

/// A blob of bytes, which come in pieces.
pub fn blob_of_bytes(pieces: &[Bytes]) -> Result<Blob, StoreError> {
    let len: usize = pieces.iter().map(Bytes::len).sum();
    if len > GATHERED {
        return blob_of(
            &pieces
                .iter()
                .map(|piece| Uint8Array::from(&piece[..]))
                .collect(),
        );
    }
    let blob = SCRATCH.with(|scratch| {
        let mut at = 0;
        for piece in pieces {
            let end = at + piece.len() as u32;
            scratch.subarray(at, end).copy_from(piece);
            at = end;
        }
        // The blob has its own copy at once.
        blob_of(&Array::of1(&scratch.subarray(0, at)))
    });
    // Its bytes are with the browser until its object is collected, which looks small to the collection. A buffer that
    // nobody touches takes no memory, and says how much there is to be had.
    drop(ArrayBuffer::new(len as u32 * WEIGHT));
    blob
}

/// A blob of bytes and slices; the slices are not copied.
pub fn blob_of_pieces(pieces: &[Piece<BlobSource>]) -> Result<Blob, StoreError> {
    let parts = Array::new();
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => parts.push(&Uint8Array::from(&bytes[..])),
            Piece::Slice(source, range) => parts.push(source.slice(range)?.as_ref()),
        };
    }
    blob_of(&parts)
}

/// All bytes of a blob.
async fn read(blob: &Blob) -> Result<Read, StoreError> {
    let expected = blob.size() as u64;
    let read = if expected <= WINDOW {
        read_into(blob, buffer(expected)).await?
    } else {
        let whole = JsFuture::from(blob.array_buffer())
            .await
            .map_err(database::error)?;
        Read(Uint8Array::new(&whole))
    };
    if u64::from(read.0.length()) != expected {
        return Err(StoreError::Gone(format!(
            "{} of {expected} bytes were left",
            read.0.length()
        )));
    }
    Ok(read)
}

/// A buffer for this many bytes: one that was used before, where it is not far too large.
fn buffer(len: u64) -> ArrayBuffer {
    let used = (len > WINDOW / 8)
        .then(|| BUFFERS.with_borrow_mut(Vec::pop))
        .flatten();
    used.unwrap_or_else(|| {
        let len = if len > WINDOW / 8 { WINDOW } else { len };
        ArrayBuffer::new(len as u32)
    })
}

/// Reads a blob into a buffer that is large enough.
async fn read_into(blob: &Blob, buffer: ArrayBuffer) -> Result<Read, StoreError> {
    let mut reader = ByteReader::new(&blob.stream(), buffer).map_err(database::error)?;
    let len = blob.size() as u32;
    let mut at = 0;
    while at < len
        && let Some(piece) = reader.read(at).await.map_err(database::error)?
    {
        at += piece.length();
    }
    let buffer = reader.into_buffer();
    Ok(Read(Uint8Array::new_with_byte_offset_and_length(
        &buffer, 0, at,
    )))
}
