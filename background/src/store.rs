//! Files in the extension's own file system, written by the file worker; beside them, in IndexedDB, which blocks were
//! written down with which bytes. What is in the database counts: bytes beyond it are written over.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use bytes::Bytes;
use files::directory;
use files::message::Request;
use fluence::cars;
use fluence::content::{Block, Dag};
use fluence::ports::{Partial, Store, StoreError};
use fluence::state::ItemId;
use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared, try_join_all};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::File;

use crate::browser;
use crate::codec;
use crate::database::{self, DAGS, Database, EXTENTS};
use crate::disk::{self, Disk, Kept, Use};
use crate::source::BlobSource;

/// Bytes that are gathered before they are written as one extent.
const EXTENT: usize = 2 * 1024 * 1024;
/// Blocks that are gathered at most, however few bytes they have.
const EXTENT_BLOCKS: usize = 4096;
/// The largest extent that is made of other stored bytes.
const ADOPTED: u64 = 32 * 1024 * 1024;
/// Extents that are on their way to the disk at the same time, so that the disk never waits for the next one.
const WRITING: usize = 2;
/// Bytes that are given back where the disk is full: a browser that cannot write one more byte cannot do anything else.
const GIVEN_BACK: u64 = 24 * 1024 * 1024;

/// All files of this peer.
#[derive(Clone)]
pub struct DiskStore {
    database: Database,
    disk: Disk,
}

impl DiskStore {
    /// In this database, and with this file worker.
    pub fn new(database: Database, disk: Disk) -> Self {
        Self { database, disk }
    }

    /// The file worker.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// The first bytes of a file.
    async fn source(&self, id: &ItemId, len: u64) -> Result<BlobSource, StoreError> {
        let file = directory::file(&id.0).await.map_err(disk::error)?;
        BlobSource::stored(&file, len, self.disk.clone(), &id.0)
    }
}

impl Store for DiskStore {
    type Source = BlobSource;
    type Partial = DiskPartial;

    fn partial(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<DiskPartial, StoreError>> {
        let (store, id) = (self.clone(), id.clone());
        async move {
            let mut partial = DiskPartial {
                held: store.disk.hold(),
                store,
                id,
                extents: 0,
                blocks: Vec::new(),
                len: 0,
                gathered: Gathered::default(),
                writing: VecDeque::new(),
                written: 0,
            };
            let database = &partial.store.database;
            for extent in extents(database, &partial.id).await? {
                partial.len += extent.len;
                partial.extents += 1;
                partial.blocks.extend(extent.blocks);
            }
            // Where one was not written, those after it may be: they must not be taken for what is written anew.
            let beyond = from(&partial.id, partial.extents)?;
            database
                .write(&[EXTENTS], |transaction| {
                    transaction.object_store(EXTENTS)?.delete(&beyond.into())?;
                    Ok(())
                })
                .await?;
            partial.written = partial.len;
            partial.gathered = Gathered {
                offset: partial.len,
                blocks_written: partial.blocks.len(),
                ..Gathered::default()
            };
            Ok(partial)
        }
        .boxed_local()
    }

    fn open(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<(BlobSource, Dag), StoreError>> {
        let (store, id) = (self.clone(), id.clone());
        async move {
            let dag = store.database.get(DAGS, &JsValue::from_str(&id.0)).await?;
            let dag = dag
                .dyn_into::<Uint8Array>()
                .ok()
                .and_then(|bytes| codec::decode_dag(&bytes.to_vec()))
                .ok_or_else(|| StoreError::Gone("its hashes are not there".to_owned()))?;
            let source = store.source(&id, dag.len()).await?;
            Ok((source, dag))
        }
        .boxed_local()
    }

    fn remove(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<(), StoreError>> {
        let (store, id) = (self.clone(), id.clone());
        async move {
            store
                .database
                .write(&[EXTENTS, DAGS], |transaction| {
                    transaction
                        .object_store(EXTENTS)?
                        .delete(&database::beginning_with(&prefix(&id))?.into())?;
                    transaction
                        .object_store(DAGS)?
                        .delete(&JsValue::from_str(&id.0))?;
                    Ok(())
                })
                .await?;
            store.disk.close(&id.0).await;
            if directory::remove(&id.0).await.is_ok() {
                return Ok(());
            }
            // An earlier worker may have left it open: who connects anew closes all of that.
            let name = id.0.clone();
            store.disk.ask(Request::Close { name }).await?;
            directory::remove(&id.0).await.map_err(disk::error)
        }
        .boxed_local()
    }

    fn ids(&self) -> LocalBoxFuture<'static, Result<Vec<ItemId>, StoreError>> {
        let database = self.database.clone();
        async move {
            let extents = database.read(EXTENTS, |store| store.get_all_keys()).await?;
            let dags = database.read(DAGS, |store| store.get_all_keys()).await?;
            let files = directory::names().await.map_err(disk::error)?;
            let mut ids: Vec<ItemId> = Array::from(&extents)
                .iter()
                .chain(Array::from(&dags).iter())
                .filter_map(|key| key.as_string())
                .chain(files)
                .map(|key| ItemId(key.split(':').next().unwrap_or_default().to_owned()))
                .collect();
            ids.sort();
            ids.dedup();
            Ok(ids)
        }
        .boxed_local()
    }
}

fn prefix(id: &ItemId) -> String {
    format!("{}:", id.0)
}

/// The key of an extent by its number: one that has blocks and no bytes has a key of its own too.
fn key(id: &ItemId, number: u32) -> String {
    format!("{}:{number:08x}", id.0)
}

/// The keys of the extents from a number on.
fn from(id: &ItemId, number: u32) -> Result<web_sys::IdbKeyRange, StoreError> {
    let (first, last) = (key(id, number), format!("{}\u{ffff}", prefix(id)));
    web_sys::IdbKeyRange::bound(&first.into(), &last.into()).map_err(database::error)
}

struct Extent {
    len: u64,
    blocks: Vec<Block>,
}

/// The extents, as far as they follow one another and their bytes are there.
async fn extents(database: &Database, id: &ItemId) -> Result<Vec<Extent>, StoreError> {
    let range = from(id, 0)?;
    let records = database
        .read(EXTENTS, |store| store.get_all_with_key(&range.into()))
        .await?;
    let records = Array::from(&records);
    if records.length() == 0 {
        return Ok(Vec::new());
    }
    // After a loss of power the file may be shorter than the database knows.
    let there = directory::file(&id.0)
        .await
        .map_or(0, |file: File| file.size() as u64);
    let mut at = 0;
    let mut found = Vec::new();
    for record in records.iter() {
        let Some(extent) = extent(&record, at).filter(|extent| at + extent.len <= there) else {
            break;
        };
        at += extent.len;
        found.push(extent);
    }
    Ok(found)
}

fn extent(record: &JsValue, expected: u64) -> Option<Extent> {
    let number = |name| browser::member(record, name).as_f64();
    let blocks: Uint8Array = browser::member(record, "blocks").dyn_into().ok()?;
    (number("offset")? as u64 == expected).then_some(Extent {
        len: number("len")? as u64,
        blocks: codec::decode_blocks(&blocks.to_vec())?,
    })
}

/// A file that is being written: one extent is gathered while some before it are written.
pub struct DiskPartial {
    store: DiskStore,
    held: Use,
    id: ItemId,
    /// Extents that are written or being written.
    extents: u32,
    blocks: Vec<Block>,
    len: u64,
    gathered: Gathered,
    /// In the order of the extents, with the bytes of each.
    writing: VecDeque<(Writing, u64)>,
    /// Bytes of those that are written.
    written: u64,
}

/// What was asked of the file worker.
type Asked = LocalBoxFuture<'static, Result<Uint8Array, StoreError>>;
type Writing = Shared<LocalBoxFuture<'static, Result<(), StoreError>>>;

/// Bytes that are to be written.
enum Part {
    /// These.
    Bytes(Bytes),
    /// A block that the file worker keeps, and how many bytes it has.
    Kept(Rc<Kept>, u64),
}

/// All bytes in one array.
fn joined(pieces: &[Bytes]) -> Uint8Array {
    let len: usize = pieces.iter().map(Bytes::len).sum();
    let all = Uint8Array::new_with_length(len as u32);
    let mut at = 0;
    for piece in pieces {
        let end = at + piece.len() as u32;
        all.subarray(at, end).copy_from(piece);
        at = end;
    }
    all
}

/// What the next extent is made of.
#[derive(Default)]
struct Gathered {
    offset: u64,
    len: u64,
    parts: Vec<Part>,
    /// How many of the partial's blocks are written.
    blocks_written: usize,
}

impl DiskPartial {
    /// Waits until at most so many extents are being written; after a failure, says so again and again.
    async fn written(&mut self, most: usize) -> Result<(), StoreError> {
        while self.writing.len() > most
            && let Some((writing, len)) = self.writing.front()
        {
            let (written, len) = (writing.clone().await, *len);
            if written == Err(StoreError::Full) {
                self.give_back().await;
            }
            written?;
            self.written += len;
            self.writing.pop_front();
        }
        Ok(())
    }

    /// Gives back what was written last: what the database knows of bytes that are not there does not count.
    async fn give_back(&self) {
        for (writing, _) in &self.writing {
            // Which of them fail makes no difference.
            let _ = writing.clone().await;
        }
        let cut = Request::Finish {
            name: self.id.0.clone(),
            len: self.written.saturating_sub(GIVEN_BACK) as f64,
        };
        let cut = self.store.disk.ask(cut).await;
        browser::grumble("nothing was given back", cut.map_err(|why| why.to_string()));
    }

    /// Begins to write down which blocks are written with the next bytes, so many, once what writes those is answered.
    fn write(&mut self, asked: Vec<Asked>, len: u64) {
        let offset = self.gathered.offset;
        let blocks = codec::encode_blocks(&self.blocks[self.gathered.blocks_written..]);
        self.gathered = Gathered {
            offset: offset + len,
            blocks_written: self.blocks.len(),
            ..Gathered::default()
        };
        let key = key(&self.id, self.extents);
        self.extents += 1;
        let database = self.store.database.clone();
        let written = try_join_all(asked);
        let writing = async move {
            written.await?;
            let record = browser::object([
                ("offset", JsValue::from_f64(offset as f64)),
                ("len", JsValue::from_f64(len as f64)),
                ("blocks", Uint8Array::from(&blocks[..]).into()),
            ]);
            database
                .write(&[EXTENTS], |transaction| {
                    transaction
                        .object_store(EXTENTS)?
                        .put_with_key(&record, &key.as_str().into())?;
                    Ok(())
                })
                .await
        }
        .boxed_local()
        .shared();
        // It begins now, not when somebody waits.
        wasm_bindgen_futures::spawn_local(writing.clone().map(drop));
        self.writing.push_back((writing, len));
    }

    /// Takes what is to be written, and the blocks that it ends.
    async fn gather(
        &mut self,
        part: Option<Part>,
        len: u64,
        blocks: Vec<Block>,
    ) -> Result<(), StoreError> {
        self.len += len;
        self.gathered.len += len;
        self.gathered.parts.extend(part);
        self.blocks.extend(blocks);
        if self.gathered.len >= EXTENT as u64
            || self.blocks.len() - self.gathered.blocks_written >= EXTENT_BLOCKS
        {
            self.write_gathered().await?;
        }
        Ok(())
    }

    /// Begins to write what is gathered, if anything is.
    async fn write_gathered(&mut self) -> Result<(), StoreError> {
        self.written(WRITING - 1).await?;
        let unwritten_blocks = self.blocks.len() > self.gathered.blocks_written;
        let len = self.gathered.len;
        if len == 0 && !unwritten_blocks {
            return Ok(());
        }
        let (disk, name) = (&self.store.disk, &self.id.0);
        let mut asked = Vec::new();
        let mut at = self.gathered.offset;
        let mut parts = std::mem::take(&mut self.gathered.parts)
            .into_iter()
            .peekable();
        // Those that follow one another go in one.
        while let Some(part) = parts.next() {
            let start = at as f64;
            match part {
                Part::Kept(first, len) => {
                    at += len;
                    let mut kept = vec![first];
                    while let Some(Part::Kept(next, len)) = parts.next_if(
                        |part| matches!(part, Part::Kept(next, _) if next.beside(&kept[0])),
                    ) {
                        at += len;
                        kept.push(next);
                    }
                    asked.push(disk.write_kept(kept, name, start));
                }
                Part::Bytes(first) => {
                    let mut pieces = vec![first];
                    while let Some(Part::Bytes(bytes)) =
                        parts.next_if(|part| matches!(part, Part::Bytes(_)))
                    {
                        pieces.push(bytes);
                    }
                    let bytes = joined(&pieces);
                    at += u64::from(bytes.length());
                    asked.push(disk.ask(Request::Write {
                        name: name.clone(),
                        at: start,
                        pieces: Array::of1(&bytes),
                    }));
                }
            }
        }
        self.write(asked, len);
        Ok(())
    }
}

impl Partial for DiskPartial {
    type Source = BlobSource;

    fn len(&self) -> u64 {
        self.len
    }

    fn blocks(&self) -> Vec<Block> {
        self.blocks.clone()
    }

    fn append(
        &mut self,
        data: Bytes,
        blocks: Vec<Block>,
    ) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        async move {
            let len = data.len() as u64;
            self.gather((len > 0).then_some(Part::Bytes(data)), len, blocks)
                .await
        }
        .boxed_local()
    }

    fn append_kept(
        &mut self,
        kept: cars::Kept,
        blocks: Vec<Block>,
    ) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        async move {
            let place = kept.place.downcast::<Kept>().map_err(|_| {
                StoreError::Failed("bytes are kept where they cannot be written".to_owned())
            })?;
            self.gather(Some(Part::Kept(place, kept.len)), kept.len, blocks)
                .await
        }
        .boxed_local()
    }

    fn adopt(
        &mut self,
        source: BlobSource,
        range: Range<u64>,
    ) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        async move {
            self.write_gathered().await?;
            let mut at = range.start;
            while at < range.end {
                let end = range.end.min(at + ADOPTED);
                // One after the other: each has buffers of its own, and they wait for the same disk.
                self.written(0).await?;
                let request = Request::Copy {
                    name: self.id.0.clone(),
                    at: self.gathered.offset as f64,
                    blob: source.slice(&(at..end))?,
                };
                let asked = self.store.disk.ask(request);
                self.write(vec![asked], end - at);
                self.len += end - at;
                at = end;
            }
            self.written(0).await
        }
        .boxed_local()
    }

    fn flush(&mut self) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        async move {
            self.write_gathered().await?;
            self.written(0).await
        }
        .boxed_local()
    }

    fn source(&mut self) -> LocalBoxFuture<'_, Result<BlobSource, StoreError>> {
        async move {
            self.written(0).await?;
            let len = self.gathered.offset;
            if len == 0 {
                return BlobSource::empty();
            }
            self.store.source(&self.id, len).await
        }
        .boxed_local()
    }

    fn finish(mut self, dag: Dag) -> LocalBoxFuture<'static, Result<(), StoreError>> {
        async move {
            self.flush().await?;
            let request = Request::Finish {
                name: self.id.0.clone(),
                len: self.len as f64,
            };
            self.store.disk.ask(request).await?;
            let bytes = Uint8Array::from(&codec::encode_dag(&dag)[..]);
            self.store
                .database
                .write(&[DAGS], |transaction| {
                    transaction
                        .object_store(DAGS)?
                        .put_with_key(&bytes, &JsValue::from_str(&self.id.0))?;
                    Ok(())
                })
                .await?;
            drop(self.held);
            Ok(())
        }
        .boxed_local()
    }
}
