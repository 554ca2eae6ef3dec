//! Records of private shares, which the browser encrypts and decrypts outside of this program's memory.

use std::future::Future;
use std::ops::Range;

use fluence::private::record::{LAST, MORE, NONCE, OVERHEAD, nonce};
use futures::future::try_join_all;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web::bytes::ByobReader;
use web::crypto::AesGcm;
use web::garbage;
use web_sys::{Blob, FileSystemSyncAccessHandle};

use crate::message::{Problem, Records};
use crate::open::{no_bytes, read_at, write};

/// How many records are encrypted or decrypted while as many more are read.
const AT_ONCE: u32 = 8;

/// The cipher of some records, and the number of the next one.
struct Cipher {
    cipher: AesGcm,
    base: [u8; NONCE],
    /// The size of a full record, in bytes, and that of its content.
    record: u32,
    full: u32,
    number: u64,
}

impl Cipher {
    fn new(records: Records) -> Result<Self, Problem> {
        let base = records.base.to_vec().try_into();
        let full = records.size.checked_sub(OVERHEAD as u32);
        let no_record = || Problem::Failed("a record has content".to_owned());
        Ok(Self {
            cipher: AesGcm::of_key(records.key),
            base: base.map_err(|_| Problem::Failed("a nonce has 12 bytes".to_owned()))?,
            record: records.size,
            full: full.filter(|full| *full > 0).ok_or_else(no_record)?,
            number: records.first as u64,
        })
    }

    /// Begins to encrypt the first bytes of an array as records. If they are the end, there is at least one.
    fn seal(
        &mut self,
        plain: &Uint8Array,
        filled: u32,
        ends: bool,
    ) -> Vec<impl Future<Output = Result<Uint8Array, Problem>> + use<>> {
        let count = filled.div_ceil(self.full).max(u32::from(ends));
        let begin = |record: u32| {
            let (start, number) = (record * self.full, self.number + u64::from(record));
            let end = filled.min(start + self.full);
            // The delimiter stands for a moment where the next record begins: what is encrypted is copied at once.
            let next = plain.get_index(end);
            let is_last = ends && record + 1 == count;
            plain.set_index(end, if is_last { LAST } else { MORE });
            let content = plain.subarray(start, end + 1);
            let sealed = self.cipher.seal_array(&nonce(&self.base, number), &content);
            plain.set_index(end, next);
            async move { sealed.await.map_err(Problem::Failed) }
        };
        let sealed = (0..count).map(begin).collect();
        self.number += u64::from(count);
        sealed
    }

    /// Begins to decrypt full records.
    fn open(
        &mut self,
        sealed: &Uint8Array,
    ) -> Vec<impl Future<Output = Result<Uint8Array, Problem>> + use<>> {
        let (size, full) = (self.record, self.full);
        let count = sealed.length() / size;
        let begin = |record: u32| {
            let number = self.number + u64::from(record);
            let place = sealed.subarray(record * size, (record + 1) * size);
            let opened = self.cipher.open_array(&nonce(&self.base, number), &place);
            async move {
                // With its delimiter, and not the last one.
                let is_full = |content: &Uint8Array| {
                    content.length() == full + 1 && content.get_index(full) == MORE
                };
                let content = opened.await.filter(is_full);
                let not_full =
                    || Problem::Failed(format!("record {number} is not authentic and full"));
                Ok(content.ok_or_else(not_full)?.subarray(0, full))
            }
        };
        let opened = (0..count).map(begin).collect();
        self.number += u64::from(count);
        opened
    }
}

/// A `Blob` or a `Uint8Array` that is being read.
struct Part {
    /// The number of bytes that come.
    left: f64,
    bytes: Bytes,
}

enum Bytes {
    Streamed(ByobReader),
    Here(Uint8Array),
}

impl Part {
    fn new(part: JsValue) -> Result<Self, Problem> {
        let part = match part.dyn_into::<Uint8Array>() {
            Ok(bytes) => {
                let left = bytes.length().into();
                let bytes = Bytes::Here(bytes);
                return Ok(Self { left, bytes });
            }
            Err(part) => part,
        };
        let blob: Blob = part.dyn_into().map_err(|_| no_bytes())?;
        let reader = ByobReader::new(&blob.stream()).map_err(|why| Problem::of(&why))?;
        Ok(Self {
            left: blob.size(),
            bytes: Bytes::Streamed(reader),
        })
    }

    /// Reads the next bytes to a place in an array, and returns the array with the number of them, because the browser
    /// takes its buffer meanwhile.
    async fn read(
        &mut self,
        into: Uint8Array,
        place: Range<u32>,
    ) -> Result<(Uint8Array, u32), Problem> {
        let (into, read) = match &self.bytes {
            Bytes::Here(bytes) => {
                let now = (place.end - place.start).min(self.left as u32);
                let at = bytes.length() - self.left as u32;
                into.set(&bytes.subarray(at, at + now), place.start);
                (into, now)
            }
            Bytes::Streamed(reader) => {
                let array = into.subarray(place.start, place.end);
                let read = reader.read_into(&array).await;
                let read = read.map_err(|why| Problem::of(&why))?;
                garbage::made();
                let piece = read.piece.filter(|_| !read.ended).ok_or_else(|| {
                    Problem::Gone(format!("the last {} bytes were missing", self.left))
                })?;
                (Uint8Array::new(&piece.buffer()), piece.length())
            }
        };
        self.left -= f64::from(read);
        Ok((into, read))
    }
}

/// Writes pieces one after the other, and returns where the last one ends.
async fn write_all<F>(
    handle: &FileSystemSyncAccessHandle,
    pieces: Vec<F>,
    mut at: f64,
) -> Result<f64, Problem>
where
    F: Future<Output = Result<Uint8Array, Problem>>,
{
    for piece in try_join_all(pieces).await? {
        write(handle, &piece, at)?;
        at += f64::from(piece.length());
        garbage::left(piece);
    }
    Ok(at)
}

/// Encrypts blobs and arrays as records, and writes these at an offset.
pub(crate) async fn seal(
    handle: &FileSystemSyncAccessHandle,
    mut at: f64,
    records: Records,
    parts: impl Iterator<Item = JsValue>,
    ends: bool,
) -> Result<(), Problem> {
    let mut cipher = Cipher::new(records)?;
    let most = AT_ONCE * cipher.full;
    // The delimiter of the last record of a batch needs a place after it.
    let mut plain = Uint8Array::new_with_length(most + 1);
    let mut filled = 0;
    let mut sealing = Vec::new();
    for part in parts {
        let mut part = Part::new(part)?;
        while part.left > 0.0 {
            if filled == most {
                let next = cipher.seal(&plain, filled, false);
                at = write_all(handle, std::mem::replace(&mut sealing, next), at).await?;
                filled = 0;
            }
            let read;
            (plain, read) = part.read(plain, filled..most).await?;
            filled += read;
        }
    }
    let last = cipher.seal(&plain, filled, ends);
    at = write_all(handle, sealing, at).await?;
    write_all(handle, last, at).await?;
    Ok(())
}

/// Decrypts full records of one file, and writes their contents to another.
pub(crate) async fn unseal(
    (from, mut offset): (&FileSystemSyncAccessHandle, f64),
    (to, mut at): (&FileSystemSyncAccessHandle, f64),
    records: Records,
    count: u32,
) -> Result<(), Problem> {
    let mut cipher = Cipher::new(records)?;
    let size = cipher.record;
    let sealed = Uint8Array::new_with_length(AT_ONCE * size);
    let mut opening = Vec::new();
    let mut left = count;
    while left > 0 {
        let now = left.min(AT_ONCE);
        let batch = sealed.subarray(0, now * size);
        read_at(from, &batch, offset)?;
        let next = cipher.open(&batch);
        at = write_all(to, std::mem::replace(&mut opening, next), at).await?;
        offset += f64::from(now * size);
        left -= now;
    }
    write_all(to, opening, at).await?;
    Ok(())
}
