//! Open files.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web::bytes::ByteReader;
use web::garbage;
use web_sys::{Blob, FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use crate::directory;
use crate::message::{Answer, Leaf, MAX_EXCERPT, Problem, Request, Said};
use crate::records;

/// The most files that are open at the same time. Beyond that one is closed, and opened again when it is
/// needed.
const MAX_OPEN: usize = 64;
/// How many times, and at which interval in milliseconds, opening a file is tried that an earlier worker still
/// has open.
const TRIES: u32 = 50;
/// The time between two tries, in milliseconds.
const TRY_AGAIN_MS: u32 = 50;
/// The number of bytes of a blob that are read at a time.
const PIECE: u32 = 2 << 20;
/// The most bytes that are hashed at once, with prefix and suffix: those of a block.
pub(crate) const MAX_HASHED: u32 = 4 << 20;

thread_local! {
    /// Where bytes are put together for hashing, or pass from one file to another. The browser copies them at once.
    static SCRATCH: Uint8Array = Uint8Array::new_with_length(MAX_HASHED.max(MAX_EXCERPT));
}

type Handle = Shared<LocalBoxFuture<'static, Result<FileSystemSyncAccessHandle, Problem>>>;

/// The open files, by name. A file is opened once, however many requests ask for it at the same time.
#[derive(Default)]
pub(crate) struct Open {
    handles: RefCell<BTreeMap<String, Handle>>,
    ended: Cell<bool>,
    /// The buffer for the next blob that is copied.
    buffer: Cell<Option<ArrayBuffer>>,
    /// The blocks that wait to be written, by number.
    kept: RefCell<BTreeMap<u32, Uint8Array>>,
}

impl Open {
    /// Closes all files. From then on none is opened.
    pub(crate) fn end(&self) {
        self.ended.set(true);
        self.kept.take();
        for handle in std::mem::take(&mut *self.handles.borrow_mut()).into_values() {
            close(handle);
        }
    }

    /// Carries out a request about files.
    pub(crate) async fn perform(&self, request: Request) -> Answer {
        let nothing = || Said::Done(Uint8Array::new_with_length(0));
        match request {
            Request::Write { name, at, pieces } => {
                let handle = self.handle(&name).await?;
                let mut written = 0.0;
                for piece in pieces.iter() {
                    let piece: Uint8Array = piece.dyn_into().map_err(|_| no_bytes())?;
                    write(&handle, &piece, at + written)?;
                    written += f64::from(piece.length());
                }
                Ok(nothing())
            }
            Request::Keep {
                kept,
                bytes,
                own,
                hash,
            } => {
                // It is kept first, because it may be released before the hash is known.
                self.keep(kept, bytes.subarray(own.start, own.end));
                if hash {
                    sha256_of(&bytes).await.map(Said::Done)
                } else {
                    Ok(nothing())
                }
            }
            Request::WriteKept { name, at, kept } => {
                let handle = self.handle(&name).await?;
                let blocks = self.kept.borrow();
                let mut written = 0.0;
                for kept in kept {
                    let block = blocks.get(&kept).ok_or_else(not_kept)?;
                    write(&handle, block, at + written)?;
                    written += f64::from(block.length());
                }
                Ok(nothing())
            }
            Request::LetGo { kept } => {
                self.let_go(&kept);
                Ok(nothing())
            }
            Request::Copy { name, at, blob } => {
                let handle = self.handle(&name).await?;
                self.copy(&handle, &blob, at).await.map(|()| nothing())
            }
            Request::Hash { name, leaves } => {
                let handle = self.handle(&name).await?;
                let digests = Uint8Array::new_with_length(32 * leaves.len() as u32);
                for (at, leaf) in (0..).step_by(32).zip(&leaves) {
                    let digest = hash(&handle, leaf).await?;
                    digests.set(&digest, at);
                }
                Ok(Said::Done(digests))
            }
            Request::Read { name, leaves, into } => {
                let handle = self.handle(&name).await?;
                let pieces = Array::new();
                for (leaf, buffer) in leaves.iter().zip(into.iter()) {
                    let buffer: ArrayBuffer = buffer.dyn_into().map_err(|_| no_bytes())?;
                    let piece = read(&handle, leaf, &Uint8Array::new(&buffer))?;
                    pieces.push(&piece);
                }
                Ok(Said::Read(pieces))
            }
            Request::Seal {
                name,
                at,
                records,
                parts,
                ends,
            } => {
                let handle = self.handle(&name).await?;
                records::seal(&handle, at, records, parts.iter(), ends).await?;
                Ok(nothing())
            }
            Request::Unseal {
                name,
                at,
                records,
                from,
                offset,
                count,
            } => {
                let source = self.handle(&from).await?;
                let handle = self.handle(&name).await?;
                records::unseal((&source, offset), (&handle, at), records, count).await?;
                Ok(nothing())
            }
            Request::Excerpt {
                name,
                at,
                from,
                offset,
                len,
            } => {
                let source = self.handle(&from).await?;
                let handle = self.handle(&name).await?;
                excerpt((&source, offset), (&handle, at), len)?;
                Ok(nothing())
            }
            Request::Finish { name, len } => {
                let handle = self.handle(&name).await?;
                let finished = finish(&handle, len);
                self.close(&name);
                finished.map(|()| nothing())
            }
            Request::Close { name } => {
                self.close(&name);
                Ok(nothing())
            }
            Request::Car { .. } | Request::Next { .. } | Request::Stop { .. } => Err(
                Problem::Failed("the request does not concern a file".to_owned()),
            ),
        }
    }

    /// Keeps the bytes of a block under a number.
    pub(crate) fn keep(&self, kept: u32, bytes: Uint8Array) {
        self.kept.borrow_mut().insert(kept, bytes);
    }

    /// Releases kept blocks, and returns their buffers.
    pub(crate) fn let_go(&self, kept: &[u32]) -> Array {
        let mut blocks = self.kept.borrow_mut();
        let let_go = kept.iter().filter_map(|kept| blocks.remove(kept));
        let_go.map(|block| block.buffer()).collect()
    }

    async fn handle(&self, name: &str) -> Result<FileSystemSyncAccessHandle, Problem> {
        let handle = {
            let mut handles = self.handles.borrow_mut();
            if self.ended.get() {
                return Err(ended());
            }
            if handles.len() >= MAX_OPEN && !handles.contains_key(name) {
                // A file that is being opened is in use.
                let idle = handles.iter().find(|(_, handle)| handle.peek().is_some());
                if let Some(idle) = idle.map(|(name, _)| name.clone())
                    && let Some(handle) = handles.remove(&idle)
                {
                    close(handle);
                }
            }
            let opening = |name: &String| open(name.clone()).boxed_local().shared();
            handles
                .entry(name.to_owned())
                .or_insert_with_key(opening)
                .clone()
        };
        let opened = handle.await;
        if opened.is_err() {
            self.handles.borrow_mut().remove(name);
        } else if self.ended.get() {
            opened?.close();
            return Err(ended());
        }
        opened
    }

    fn close(&self, name: &str) {
        let handle = self.handles.borrow_mut().remove(name);
        if let Some(handle) = handle {
            close(handle);
        }
    }

    async fn copy(
        &self,
        handle: &FileSystemSyncAccessHandle,
        blob: &Blob,
        at: f64,
    ) -> Result<(), Problem> {
        let of = |why: JsValue| Problem::of(&why);
        // A new buffer for each blob would stay in memory until the garbage is collected.
        let buffer = self.buffer.take();
        let buffer = buffer.unwrap_or_else(|| ArrayBuffer::new(PIECE));
        let mut reader = ByteReader::new(&blob.stream(), buffer).map_err(of)?;
        let mut copied = 0.0;
        while let Some(piece) = reader.read().await.map_err(of)? {
            if self.ended.get() {
                return Err(ended());
            }
            write(handle, &piece, at + copied)?;
            copied += f64::from(piece.length());
            garbage::made();
        }
        self.buffer.set(Some(reader.into_buffer()));
        if copied == blob.size() {
            Ok(())
        } else {
            let text = format!("{copied} of {} bytes were left", blob.size());
            Err(Problem::Gone(text))
        }
    }
}

pub(crate) fn ended() -> Problem {
    Problem::Failed("another worker has taken over".to_owned())
}

/// Closes a file that is open. A file that is still being opened is closed by whoever opens it.
fn close(handle: Handle) {
    if let Some(Ok(handle)) = handle.peek() {
        handle.close();
    }
}

async fn open(name: String) -> Result<FileSystemSyncAccessHandle, Problem> {
    let mut tries = 0;
    loop {
        let file = directory::handle(&name, true).await;
        let file = file.map_err(|why| Problem::of(&why))?;
        match JsFuture::from(file.create_sync_access_handle()).await {
            Ok(handle) => return Ok(handle.unchecked_into()),
            Err(why) if tries < TRIES && directory::is(&why, "NoModificationAllowedError") => {
                tries += 1;
                gloo_timers::future::TimeoutFuture::new(TRY_AGAIN_MS).await;
            }
            Err(why) => return Err(Problem::of(&why)),
        }
    }
}

fn position(at: f64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(at);
    options
}

/// Writes bytes at an offset.
pub(crate) fn write(
    handle: &FileSystemSyncAccessHandle,
    bytes: &Uint8Array,
    at: f64,
) -> Result<(), Problem> {
    let written = handle.write_with_js_u8_array_and_options(bytes, &position(at));
    whole(written, bytes.length())
}

fn whole(written: Result<f64, JsValue>, len: u32) -> Result<(), Problem> {
    // The browser writes less if the disk takes no more.
    match written {
        Ok(written) if written == f64::from(len) => Ok(()),
        Ok(_) => Err(Problem::Full),
        Err(why) => Err(Problem::of(&why)),
    }
}

fn finish(handle: &FileSystemSyncAccessHandle, len: f64) -> Result<(), Problem> {
    let of = |why: JsValue| Problem::of(&why);
    let have = handle.get_size().map_err(of)?;
    if have < len {
        return Err(Problem::Gone(format!("{have} of {len} bytes are there")));
    }
    if have > len {
        handle.truncate_with_f64(len).map_err(of)?;
    }
    // What the system has taken outlasts a kill of the browser, but only what is on the disk outlasts a loss of power.
    handle.flush().map_err(of)
}

/// Reads a leaf, with its prefix and suffix.
fn read(
    handle: &FileSystemSyncAccessHandle,
    leaf: &Leaf,
    into: &Uint8Array,
) -> Result<Uint8Array, Problem> {
    let (before, len, after) = (leaf.prefix.length(), leaf.len, leaf.suffix.length());
    let whole = leaf
        .whole()
        .filter(|whole| *whole <= MAX_HASHED.min(into.length()))
        .ok_or_else(|| Problem::Failed(format!("{len} bytes are too many for a block")))?;
    into.set(&leaf.prefix, 0);
    read_at(handle, &into.subarray(before, before + len), leaf.at)?;
    into.set(&leaf.suffix, whole - after);
    Ok(into.subarray(0, whole))
}

/// Fills an array with the bytes at an offset.
pub(crate) fn read_at(
    handle: &FileSystemSyncAccessHandle,
    into: &Uint8Array,
    at: f64,
) -> Result<(), Problem> {
    let len = into.length();
    let read = handle
        .read_with_js_u8_array_and_options(into, &position(at))
        .map_err(|why| Problem::of(&why))?;
    if read != f64::from(len) {
        return Err(Problem::Gone(format!("{read} of {len} bytes were left")));
    }
    Ok(())
}

/// Writes bytes of one file to another. They pass through memory that is there already.
fn excerpt(
    (from, offset): (&FileSystemSyncAccessHandle, f64),
    (to, at): (&FileSystemSyncAccessHandle, f64),
    len: u32,
) -> Result<(), Problem> {
    if len > MAX_EXCERPT {
        return Err(Problem::Failed(format!("{len} bytes are too many")));
    }
    SCRATCH.with(|scratch| {
        let bytes = scratch.subarray(0, len);
        read_at(from, &bytes, offset)?;
        write(to, &bytes, at)
    })
}

async fn hash(handle: &FileSystemSyncAccessHandle, leaf: &Leaf) -> Result<Uint8Array, Problem> {
    let digest =
        SCRATCH.with(|scratch| read(handle, leaf, scratch).map(|leaf| sha256_of(&leaf)))?;
    digest.await
}

/// The SHA-256 digest of bytes in the browser's memory.
pub(crate) fn sha256_of(
    bytes: &Uint8Array,
) -> impl Future<Output = Result<Uint8Array, Problem>> + use<> {
    let digest = web::hash::sha256_of(bytes);
    async move { digest.await.map_err(|why| Problem::of(&why)) }
}

fn not_kept() -> Problem {
    Problem::Failed("a block was not kept".to_owned())
}

pub(crate) fn no_bytes() -> Problem {
    Problem::Failed("what was transferred is not an array of bytes".to_owned())
}
