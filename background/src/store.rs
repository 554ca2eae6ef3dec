//! Files in IndexedDB: extents of some megabytes, each a blob with the blocks that end in it, put in one transaction. A
//! file is read as one blob made of its extents' blobs.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;
use fluence::content::{Block, Dag};
use fluence::ports::{Partial, Source, Store, StoreError};
use fluence::state::ItemId;
use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use crate::browser;
use crate::codec;
use crate::database::{self, DAGS, Database, EXTENTS};
use crate::source::{BlobSource, blob_of, blob_of_bytes};

/// Bytes that are gathered before they are written as one extent.
const EXTENT: usize = 4 * 1024 * 1024;
/// Blocks that are gathered at most, however few bytes they have.
const EXTENT_BLOCKS: usize = 4096;
/// The largest extent that is made of other stored bytes.
const ADOPTED: u64 = 64 * 1024 * 1024;
/// Extents that are on their way to the disk at the same time. The database writes one after the other; so the next one
/// is with it already when one ends.
const WRITING: usize = 4;

/// All files of this peer.
#[derive(Clone)]
pub struct BlobStore(Database);

impl BlobStore {
    /// In this database.
    pub fn new(database: Database) -> Self {
        Self(database)
    }
}

impl Store for BlobStore {
    type Source = BlobSource;
    type Partial = BlobPartial;

    fn partial(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<BlobPartial, StoreError>> {
        let (database, id) = (self.0.clone(), id.clone());
        async move {
            let mut partial = BlobPartial {
                database,
                id,
                blobs: Array::new(),
                in_blobs: 0,
                extents: 0,
                blocks: Vec::new(),
                len: 0,
                gathered: Gathered::default(),
                writing: VecDeque::new(),
            };
            for extent in extents(&partial.database, &partial.id, 0, 0).await? {
                partial.len += extent.len();
                partial.blobs.push(&extent.blob);
                partial.blocks.extend(extent.blocks);
            }
            partial.in_blobs = partial.len;
            partial.extents = partial.blobs.length();
            // Where one was not written, those after it may be: they must not be taken for what is written anew.
            let beyond = from(&partial.id, partial.extents)?;
            partial
                .database
                .write(&[EXTENTS], |transaction| {
                    transaction.object_store(EXTENTS)?.delete(&beyond.into())?;
                    Ok(())
                })
                .await?;
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
        let (database, id) = (self.0.clone(), id.clone());
        async move {
            let dag = database.get(DAGS, &JsValue::from_str(&id.0)).await?;
            let dag = dag
                .dyn_into::<Uint8Array>()
                .ok()
                .and_then(|bytes| codec::decode_dag(&bytes.to_vec()))
                .ok_or_else(|| StoreError::Gone("its hashes are not there".to_owned()))?;
            let blobs: Array = extents(&database, &id, 0, 0)
                .await?
                .into_iter()
                .map(|extent| extent.blob)
                .collect();
            let source = BlobSource::new(blob_of(&blobs)?);
            if source.len() != dag.len() {
                return Err(StoreError::Gone(format!(
                    "{} of its {} bytes are there",
                    source.len(),
                    dag.len()
                )));
            }
            Ok((source, dag))
        }
        .boxed_local()
    }

    fn remove(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<(), StoreError>> {
        let (database, id) = (self.0.clone(), id.clone());
        async move {
            database
                .write(&[EXTENTS, DAGS], |transaction| {
                    transaction
                        .object_store(EXTENTS)?
                        .delete(&database::beginning_with(&prefix(&id))?.into())?;
                    transaction
                        .object_store(DAGS)?
                        .delete(&JsValue::from_str(&id.0))?;
                    Ok(())
                })
                .await
        }
        .boxed_local()
    }

    fn ids(&self) -> LocalBoxFuture<'static, Result<Vec<ItemId>, StoreError>> {
        let database = self.0.clone();
        async move {
            let extents = database.read(EXTENTS, |store| store.get_all_keys()).await?;
            let dags = database.read(DAGS, |store| store.get_all_keys()).await?;
            let mut ids: Vec<ItemId> = Array::from(&extents)
                .iter()
                .chain(Array::from(&dags).iter())
                .filter_map(|key| key.as_string())
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
    blob: Blob,
    blocks: Vec<Block>,
}

impl Extent {
    fn len(&self) -> u64 {
        self.blob.size() as u64
    }
}

/// The extents from a number and its offset on, as far as they follow one another.
async fn extents(
    database: &Database,
    id: &ItemId,
    number: u32,
    offset: u64,
) -> Result<Vec<Extent>, StoreError> {
    let range = from(id, number)?;
    let records = database
        .read(EXTENTS, |store| store.get_all_with_key(&range.into()))
        .await?;
    let mut at = offset;
    let mut found = Vec::new();
    for record in Array::from(&records).iter() {
        let Some(extent) = extent(&record, at) else {
            break;
        };
        at += extent.len();
        found.push(extent);
    }
    Ok(found)
}

fn extent(record: &JsValue, expected: u64) -> Option<Extent> {
    let offset = browser::member(record, "offset").as_f64()?;
    let blob: Blob = browser::member(record, "blob").dyn_into().ok()?;
    let blocks: Uint8Array = browser::member(record, "blocks").dyn_into().ok()?;
    (offset as u64 == expected).then_some(Extent {
        blob,
        blocks: codec::decode_blocks(&blocks.to_vec())?,
    })
}

/// A file that is being written: one extent is gathered while some before it are written.
pub struct BlobPartial {
    database: Database,
    id: ItemId,
    /// Blobs of the first `in_blobs` bytes, as the database gave them back: they are files, not memory.
    blobs: Array,
    in_blobs: u64,
    /// Extents that are written or being written.
    extents: u32,
    blocks: Vec<Block>,
    len: u64,
    gathered: Gathered,
    /// In the order of the extents.
    writing: VecDeque<Writing>,
}

type Writing = Shared<LocalBoxFuture<'static, Result<(), StoreError>>>;

/// What the next extent is made of.
#[derive(Default)]
struct Gathered {
    offset: u64,
    len: u64,
    parts: Vec<Bytes>,
    /// How many of the partial's blocks are written.
    blocks_written: usize,
}

impl BlobPartial {
    /// Waits until at most so many extents are being written; after a failure, says so again and again.
    async fn written(&mut self, most: usize) -> Result<(), StoreError> {
        while self.writing.len() > most
            && let Some(writing) = self.writing.front()
        {
            writing.clone().await?;
            self.writing.pop_front();
        }
        Ok(())
    }

    /// Begins to write a blob with the blocks that are not written yet.
    fn write(&mut self, blob: Blob, len: u64) {
        let offset = self.gathered.offset;
        let blocks = codec::encode_blocks(&self.blocks[self.gathered.blocks_written..]);
        self.gathered = Gathered {
            offset: offset + len,
            blocks_written: self.blocks.len(),
            ..Gathered::default()
        };
        let key = key(&self.id, self.extents);
        self.extents += 1;
        let database = self.database.clone();
        let writing = async move {
            let record = browser::object([
                ("offset", JsValue::from_f64(offset as f64)),
                ("blob", blob.into()),
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
        // The transaction begins now, not when somebody waits.
        wasm_bindgen_futures::spawn_local(writing.clone().map(drop));
        self.writing.push_back(writing);
    }

    /// Begins to write what is gathered, if anything is.
    async fn write_gathered(&mut self) -> Result<(), StoreError> {
        self.written(WRITING - 1).await?;
        let unwritten_blocks = self.blocks.len() > self.gathered.blocks_written;
        if self.gathered.len == 0 && !unwritten_blocks {
            return Ok(());
        }
        let blob = blob_of_bytes(&self.gathered.parts)?;
        let len = self.gathered.len;
        self.write(blob, len);
        Ok(())
    }
}

impl Partial for BlobPartial {
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
            self.len += data.len() as u64;
            self.gathered.len += data.len() as u64;
            if !data.is_empty() {
                self.gathered.parts.push(data);
            }
            self.blocks.extend(blocks);
            if self.gathered.len >= EXTENT as u64
                || self.blocks.len() - self.gathered.blocks_written >= EXTENT_BLOCKS
            {
                self.write_gathered().await?;
            }
            Ok(())
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
                self.written(WRITING - 1).await?;
                let slice = source.slice(&(at..end))?;
                self.write(slice, end - at);
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
            let known = self.blobs.length();
            for extent in extents(&self.database, &self.id, known, self.in_blobs).await? {
                self.in_blobs += extent.len();
                self.blobs.push(&extent.blob);
            }
            Ok(BlobSource::new(blob_of(&self.blobs)?))
        }
        .boxed_local()
    }

    fn finish(mut self, dag: Dag) -> LocalBoxFuture<'static, Result<(), StoreError>> {
        async move {
            self.flush().await?;
            let bytes = Uint8Array::from(&codec::encode_dag(&dag)[..]);
            self.database
                .write(&[DAGS], |transaction| {
                    transaction
                        .object_store(DAGS)?
                        .put_with_key(&bytes, &JsValue::from_str(&self.id.0))?;
                    Ok(())
                })
                .await
        }
        .boxed_local()
    }
}
