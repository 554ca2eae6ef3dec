//! Bytes in blobs: files in the extension's own file system, files that a person chose, and blobs that were made here.

use std::ops::Range;

use bytes::Bytes;
use files::message::Leaf;
use fluence::ports::{Piece, Source, StoreError};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web::handle::FileHandle;
use web::hash;
use web_sys::{Blob, File};

use crate::database;
use crate::disk::Disk;

/// Bytes in a blob.
#[derive(Clone)]
pub struct BlobSource {
    blob: Blob,
    len: u64,
    /// If the bytes are a stored file, the file worker, which has direct access to it, and its
    /// name.
    stored: Option<(Disk, String)>,
    /// If the bytes are a file that the person chose, its handle, where the browser gives one.
    handle: Option<FileHandle>,
}

impl BlobSource {
    /// The bytes of a blob, which may be a file that a person chose.
    pub fn new(blob: Blob) -> Self {
        let len = blob.size() as u64;
        Self {
            blob,
            len,
            stored: None,
            handle: None,
        }
    }

    /// The bytes of a file that a person chose, which can be opened again with a handle.
    pub fn chosen(file: File, handle: FileHandle) -> Self {
        Self {
            handle: Some(handle),
            ..Self::new(file.into())
        }
    }

    /// A file that a person chose, and its handle, if there is one.
    pub fn left(&self) -> Option<(&File, &FileHandle)> {
        Some((self.blob.dyn_ref()?, self.handle.as_ref()?))
    }

    /// A source without bytes.
    ///
    /// # Errors
    /// [`StoreError`] if the browser makes no blob.
    pub fn empty() -> Result<Self, StoreError> {
        Ok(Self::new(blob_of(&Array::new())?))
    }

    /// The first `len` bytes of a stored file, which the file worker knows under `name`.
    ///
    /// # Errors
    /// [`StoreError::Gone`] if the file is shorter.
    pub fn stored(file: &File, len: u64, disk: Disk, name: &str) -> Result<Self, StoreError> {
        let there = file.size() as u64;
        if there < len {
            let text = format!("{there} of its {len} bytes are there");
            return Err(StoreError::Gone(text));
        }
        let all = Self::new(file.clone().into());
        Ok(Self {
            blob: all.slice(&(0..len))?,
            len,
            stored: Some((disk, name.to_owned())),
            handle: None,
        })
    }

    /// The blob with all bytes.
    pub fn blob(&self) -> &Blob {
        &self.blob
    }

    /// The name under which the file worker knows the bytes, if they are a stored file.
    pub fn stored_name(&self) -> Option<&str> {
        self.stored.as_ref().map(|(_, name)| name.as_str())
    }

    /// A blob of a range of the bytes, without copying them.
    ///
    /// # Errors
    /// [`StoreError::Gone`] if the range is not within the bytes.
    pub fn slice(&self, range: &Range<u64>) -> Result<Blob, StoreError> {
        if range.start > range.end || range.end > self.len {
            return Err(StoreError::Gone(format!(
                "bytes {} to {} of {} were asked for",
                range.start, range.end, self.len
            )));
        }
        // A number is exact up to 2^53, which is more than a disk holds.
        self.blob
            .slice_with_f64_and_f64(range.start as f64, range.end as f64)
            .map_err(database::error)
    }
}

impl Source for BlobSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn can_stay(&self) -> bool {
        self.left().is_some()
    }

    fn read(&self, range: Range<u64>) -> LocalBoxFuture<'static, Result<Bytes, StoreError>> {
        let slice = self.slice(&range);
        async move { Ok(bytes_of(&slice?).await?.to_vec().into()) }.boxed_local()
    }

    fn sha256(
        &self,
        prefix: Bytes,
        range: Range<u64>,
        suffix: Bytes,
    ) -> LocalBoxFuture<'static, Result<[u8; 32], StoreError>> {
        let slice = self.slice(&range);
        let Some((disk, name)) = self.stored.clone() else {
            return async move {
                // The bytes stay out of this program's own memory.
                let bytes = bytes_of(&slice?).await?;
                let whole = if prefix.is_empty() && suffix.is_empty() {
                    bytes
                } else {
                    let (before, len) = (prefix.len() as u32, bytes.length());
                    let whole = Uint8Array::new_with_length(before + len + suffix.len() as u32);
                    whole.subarray(0, before).copy_from(&prefix);
                    whole.set(&bytes, before);
                    whole
                        .subarray(before + len, whole.length())
                        .copy_from(&suffix);
                    whole
                };
                let digest = hash::sha256_of(&whole).await.map_err(database::error)?;
                <[u8; 32]>::try_from(digest.to_vec())
                    .map_err(|_| StoreError::Failed("a digest does not have 32 bytes".to_owned()))
            }
            .boxed_local();
        };
        async move {
            // The range is within the file.
            slice?;
            let leaf = Leaf {
                at: range.start as f64,
                len: u32::try_from(range.end - range.start).unwrap_or(u32::MAX),
                prefix: Uint8Array::from(&prefix[..]),
                suffix: Uint8Array::from(&suffix[..]),
            };
            disk.hash(&name, leaf).await
        }
        .boxed_local()
    }
}

/// All bytes of a slice.
async fn bytes_of(slice: &Blob) -> Result<Uint8Array, StoreError> {
    let bytes = JsFuture::from(slice.array_buffer())
        .await
        .map_err(database::error)?;
    let bytes = Uint8Array::new(&bytes);
    if f64::from(bytes.length()) != slice.size() {
        return Err(StoreError::Gone(format!(
            "{} of {} bytes were left",
            bytes.length(),
            slice.size()
        )));
    }
    Ok(bytes)
}

/// A blob of these blobs and byte arrays, one after the other.
///
/// # Errors
/// [`StoreError`] if the browser makes none.
pub fn blob_of(parts: &Array) -> Result<Blob, StoreError> {
    Blob::new_with_blob_sequence(parts).map_err(database::error)
}

/// A blob of these bytes and slices, one after the other. The slices are not copied.
///
/// # Errors
/// [`StoreError`] if a slice is not there.
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

/// A blob of the same bytes with a MIME type.
///
/// # Errors
/// The exception of the browser.
pub fn typed(blob: &Blob, mime: &str) -> Result<Blob, JsValue> {
    blob.slice_with_f64_and_f64_and_content_type(0.0, blob.size(), mime)
}
