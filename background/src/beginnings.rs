//! The beginnings of files that are being fetched, so that faces can show them while the rest comes.
//!
//! The file worker has such a file open, and a browser lets nobody read a file that was written to after it was opened. So
//! what is recorded of it, all of which is verified, is copied to files of its own, which are written once: parts of a
//! blob that grows. Nothing of it is in memory. A private file is decrypted on the way.

use std::collections::BTreeMap;
use std::ops::Range;

use files::directory;
use files::message::{MAX_EXCERPT, Request};
use fluence::failure::Failure;
use fluence::plan::{Begun, BegunFile, Engine};
use fluence::ports::{Platform, StoreError};
use fluence::private::Key;
use fluence::private::record::{HEADER, RECORD, Run};
use fluence::state::ItemId;
use futures::lock::Mutex;
use js_sys::Array;
use web::extension::storage;
use web::{js, time};
use web_sys::{Blob, File};

use crate::cipher::Cipher;
use crate::disk::{self, Disk};
use crate::platform::Browser;
use crate::source::{BlobSource, blob_of};
use crate::store::DiskStore;

/// The most bytes of all beginnings together. What comes after that is shown when the file is here.
const MOST: u64 = 1 << 30;
/// How many bytes of the disk are left to the files themselves.
const SPARED: u64 = 128 << 20;
/// The most files of which a beginning consists.
const MAX_PARTS: usize = 512;
/// How many records of a private file are decrypted by one request.
const RECORDS_AT_ONCE: u64 = 16;
/// How many bytes of a private share say what it is: those of the first records, in which it has its name.
const HEAD: u64 = HEADER as u64 + 4 * RECORD as u64;

/// The beginnings that are shown.
pub struct Beginnings {
    store: DiskStore,
    engine: Engine<Browser>,
    known: Mutex<BTreeMap<ItemId, Beginning>>,
}

/// What is here of a file.
pub enum Here {
    /// Its first bytes, and its name if only they say it.
    File(Blob, Option<String>),
    /// It is shown when all of it is here.
    Later,
}

/// The beginning of a file.
#[derive(Default)]
struct Beginning {
    /// Its parts, by name.
    parts: Vec<(String, File)>,
    /// The number of bytes in them.
    len: u64,
    /// The extents of the file that were recorded, and the number of their bytes.
    recorded: (u32, u64),
    /// What is known of a private file.
    private: Option<BegunFile<Cipher>>,
}

impl Beginning {
    /// The first bytes of the file.
    fn blob(&self) -> Result<Blob, StoreError> {
        let blob = blob_of(&self.parts.iter().map(|(_, file)| file).collect::<Array>())?;
        let Some(file) = &self.private else {
            return Ok(blob);
        };
        let end = self.len.min(file.start + file.size);
        BlobSource::new(blob).slice(&(file.start.min(end)..end))
    }
}

impl Beginnings {
    /// Those of the files that this store has.
    pub fn new(engine: Engine<Browser>) -> Self {
        Self {
            store: engine.platform().store().clone(),
            engine,
            known: Mutex::default(),
        }
    }

    /// The beginning of a file, as far as it is here now. It can be read until it is [forgotten](Self::forget).
    ///
    /// # Errors
    /// The [`Failure`] that prevents it from being read.
    pub async fn of(&self, id: &ItemId, key: Option<&Key>) -> Result<Here, Failure> {
        let mut known = self.known.lock().await;
        let others: u64 = known.values().map(|beginning| beginning.len).sum();
        let beginning = known.entry(id.clone()).or_default();
        beginning.recorded = self.store.recorded(id, beginning.recorded).await?;
        let here = beginning.recorded.1;
        if let (Some(key), None) = (key, &beginning.private) {
            match self.begun(id, key, here).await? {
                Begun::File(file) => beginning.private = Some(file),
                Begun::Folder => return Ok(Here::Later),
                Begun::Little => return Ok(Here::File(blob_of(&Array::new())?, None)),
            }
        }
        let room = MOST.saturating_sub(others);
        let free = storage::free().await.unwrap_or(u64::MAX);
        if beginning.parts.len() < MAX_PARTS {
            let room = room.min(free.saturating_sub(SPARED));
            self.extend(id, beginning, here, room).await?;
        }
        let name = beginning.private.as_ref().map(|file| file.name.clone());
        Ok(Here::File(beginning.blob()?, name))
    }

    /// Removes what is here for the faces that showed a file.
    pub async fn forget(&self, id: &ItemId) {
        let beginning = self.known.lock().await.remove(id);
        for (name, _) in beginning.into_iter().flat_map(|beginning| beginning.parts) {
            self.remove(&name).await;
        }
    }

    /// Copies what came since, as far as there is room for it.
    async fn extend(
        &self,
        id: &ItemId,
        beginning: &mut Beginning,
        here: u64,
        room: u64,
    ) -> Result<(), Failure> {
        let name = format!("{:032x}", time::random());
        let Some((file, len)) = (match &beginning.private {
            None => {
                let range = beginning.len..here.min(beginning.len + room);
                let copied = self.copy(id, &name, range).await;
                self.part(&name, copied).await?
            }
            Some(file) => {
                let opened = self
                    .unseal(id, &name, file, beginning.len, here, room)
                    .await;
                self.part(&name, opened).await?
            }
        }) else {
            return Ok(());
        };
        beginning.parts.push((name, file));
        beginning.len += len;
        Ok(())
    }

    /// A part that was written, unless it is empty.
    async fn part(
        &self,
        name: &str,
        written: Result<u64, StoreError>,
    ) -> Result<Option<(File, u64)>, StoreError> {
        let part = match written {
            Ok(0) => return Ok(None),
            Ok(len) => self.finish(name, len).await.map(|file| Some((file, len))),
            Err(why) => Err(why),
        };
        if part.is_err() {
            self.remove(name).await;
        }
        part
    }

    async fn finish(&self, name: &str, len: u64) -> Result<File, StoreError> {
        let finish = Request::Finish {
            name: name.to_owned(),
            len: len as f64,
        };
        self.disk().ask(finish).await?;
        directory::file(name).await.map_err(disk::error)
    }

    /// Copies bytes of a file to another, and returns how many.
    async fn copy(&self, id: &ItemId, to: &str, range: Range<u64>) -> Result<u64, StoreError> {
        for at in range.clone().step_by(MAX_EXCERPT as usize) {
            let excerpt = Request::Excerpt {
                name: to.to_owned(),
                at: (at - range.start) as f64,
                from: id.0.clone(),
                offset: at as f64,
                len: (range.end - at).min(u64::from(MAX_EXCERPT)) as u32,
            };
            self.disk().ask(excerpt).await?;
        }
        Ok(range.end.saturating_sub(range.start))
    }

    /// Decrypts the records of a private file after the first `done` bytes of their content, and returns how many bytes
    /// they have in them.
    async fn unseal(
        &self,
        id: &ItemId,
        to: &str,
        file: &BegunFile<Cipher>,
        done: u64,
        here: u64,
        room: u64,
    ) -> Result<u64, StoreError> {
        let (size, content) = (file.records.size(), file.records.content());
        let whole = here.saturating_sub(HEADER as u64) / size;
        // The last record is another one, and may be as long as the others.
        let first = done / content;
        let end = whole.saturating_sub(1).min(first + room / content);
        for number in (first..end).step_by(RECORDS_AT_ONCE as usize) {
            let run = Run {
                cipher: &file.cipher,
                base: &file.base,
                size: size as u32,
                first: number,
            };
            let unseal = Request::Unseal {
                name: to.to_owned(),
                at: ((number - first) * content) as f64,
                records: Cipher::records(&run),
                from: id.0.clone(),
                offset: file.records.range(number).start as f64,
                count: (end - number).min(RECORDS_AT_ONCE) as u32,
            };
            self.disk().ask(unseal).await?;
        }
        Ok(end.saturating_sub(first) * content)
    }

    /// What a private share is of which so many bytes are here.
    async fn begun(&self, id: &ItemId, key: &Key, here: u64) -> Result<Begun<Cipher>, Failure> {
        let name = format!("{:032x}", time::random());
        let copied = self.copy(id, &name, 0..here.min(HEAD)).await;
        let Some((head, _)) = self.part(&name, copied).await? else {
            return Ok(Begun::Little);
        };
        let begun = self.engine.begun(key, &BlobSource::new(head.into())).await;
        self.remove(&name).await;
        begun
    }

    async fn remove(&self, name: &str) {
        self.disk().close(name).await;
        // The next start of the worker removes what no item has.
        let removed = directory::remove(name).await;
        let removed = removed.map_err(|why| js::message_of(&why));
        js::warn_on_error("a part of a file that was shown was not removed", removed);
    }

    fn disk(&self) -> &Disk {
        self.store.disk()
    }
}
