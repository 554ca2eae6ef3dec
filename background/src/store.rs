//! Files in the extension's own file system, which the file worker writes. IndexedDB records the
//! blocks of their bytes. Only the bytes that the database knows of count; others are overwritten.
//!
//! A large file that a person chose stays where it is, where the browser gives a handle on it. The database keeps the
//! handle, and the offscreen page the opened file, because the permission to open it ends sooner.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use files::directory;
use files::message::{Records, Request};
use fluence::cars;
use fluence::content::{Block, Dag};
use fluence::ports::{Partial, Piece, Source, Store, StoreError};
use fluence::private::record::OVERHEAD;
use fluence::state::ItemId;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{LocalBoxFuture, Shared, try_join_all};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web::handle::FileHandle;
use web::js;
use web::time;
use web_sys::IdbObjectStore;

use crate::codec;
use crate::database::{self, DAGS, Database, EXTENTS, HANDLES};
use crate::disk::{self, Disk, Kept, Use};
use crate::offscreen::Hold;
use crate::source::{BlobSource, blob_of, blob_of_pieces};

/// How many bytes are buffered before they are written.
const GATHERED: u64 = 2 * 1024 * 1024;
/// How many bytes are written before they are recorded in the database as one extent, which takes
/// equally long for few and for many. If they arrive slowly, they are recorded after
/// [`EXTENT_TIME`] milliseconds, because bytes that are not recorded are fetched again after a
/// kill.
const EXTENT: u64 = 16 * 1024 * 1024;
const EXTENT_TIME: u64 = 500;
/// The most blocks of an extent, however few bytes they have.
const EXTENT_BLOCKS: usize = 4096;
/// The largest extent that is made of other stored bytes, in bytes.
const ADOPTED: u64 = 32 * 1024 * 1024;
/// How many writes are under way at the same time, so that the disk never waits for the next one.
const WRITING: usize = 2;
/// How many extents are being written to the database at the same time.
const RECORDING: usize = 2;
/// How many bytes are given back when the disk is full, because a browser that cannot write a
/// single byte cannot do anything else either.
const GIVEN_BACK: u64 = 24 * 1024 * 1024;

/// How many times, and how often, the removal of a file is tried that an earlier worker has open.
const TRIES: u32 = 50;
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// All files of this peer. Small ones are in the database, with their DAGs.
#[derive(Clone)]
pub struct DiskStore {
    database: Database,
    disk: Disk,
    small: Rc<RefCell<Smalls>>,
    /// The files that are read where the person has them, and what keeps the page open that holds them.
    left: Rc<RefCell<BTreeMap<ItemId, (BlobSource, Hold)>>>,
}

/// Whom to tell that a small file is written.
type Written = oneshot::Sender<Result<(), StoreError>>;

/// The small files that are written together with the next transaction.
#[derive(Default)]
struct Smalls {
    waiting: Vec<(String, JsValue, Written)>,
    /// Whether a transaction runs.
    running: bool,
}

impl DiskStore {
    /// The files that this database and this file worker have.
    pub fn new(database: Database, disk: Disk) -> Self {
        Self {
            database,
            disk,
            small: Rc::default(),
            left: Rc::default(),
        }
    }

    /// Writes the small files that wait, until none does.
    async fn write_smalls(&self) {
        loop {
            let waiting = std::mem::take(&mut self.small.borrow_mut().waiting);
            if waiting.is_empty() {
                self.small.borrow_mut().running = false;
                return;
            }
            let written = self
                .database
                .write(&[DAGS], |transaction| {
                    let store = transaction.object_store(DAGS)?;
                    for (id, value, _) in &waiting {
                        store.put_with_key(value, &id.as_str().into())?;
                    }
                    Ok(())
                })
                .await;
            for (.., done) in waiting {
                // The share may have been given up.
                let _ = done.send(written.clone());
            }
        }
    }

    /// The file worker.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// How many extents and bytes of a file that is being written are recorded, if so many of each are known already.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn recorded(
        &self,
        id: &ItemId,
        (mut count, mut len): (u32, u64),
    ) -> Result<(u32, u64), StoreError> {
        let range = from(id, count)?;
        let records = self
            .database
            .read(EXTENTS, |store| store.get_all_with_key(&range))
            .await?;
        for record in Array::from(&records).iter() {
            let Some(extent) = extent(&record, len) else {
                break;
            };
            count += 1;
            len += extent.len;
        }
        Ok((count, len))
    }

    /// The first bytes of a file.
    async fn source(&self, id: &ItemId, len: u64) -> Result<BlobSource, StoreError> {
        match directory::file(&id.0).await {
            Ok(file) => BlobSource::stored(&file, len, self.disk.clone(), &id.0),
            Err(why) if directory::is_missing(&why) => match self.left(id).await? {
                Some(left) => Ok(left),
                None => Err(disk::error(why)),
            },
            Err(why) => Err(disk::error(why)),
        }
    }

    /// Leaves a file where the person has it. Returns `false` if it has to be copied.
    async fn leave(&self, id: &ItemId, source: &BlobSource) -> Result<bool, StoreError> {
        let (Some(page), Some((file, handle))) = (self.disk.page(), source.left()) else {
            return Ok(false);
        };
        if !handle.may_be_read().await {
            return Ok(false);
        }
        let record = js::object([
            ("handle", handle.into()),
            ("size", file.size().into()),
            ("modified", file.last_modified().into()),
        ]);
        let key = JsValue::from_str(&id.0);
        let put = |store: IdbObjectStore| store.put_with_key(&record, &key).map(drop);
        self.database
            .write(&[HANDLES], |transaction| {
                put(transaction.object_store(HANDLES)?)
            })
            .await?;
        let held = page.hold();
        let kept = page.keep_file(&id.0, file).await;
        if kept.is_ok() {
            let left = (source.clone(), held);
            self.left.borrow_mut().insert(id.clone(), left);
            return Ok(true);
        }
        js::warn_on_error("a file could not stay where it is", kept);
        let forget = |store: IdbObjectStore| store.delete(&key).map(drop);
        self.database
            .write(&[HANDLES], |transaction| {
                forget(transaction.object_store(HANDLES)?)
            })
            .await?;
        Ok(false)
    }

    /// A file that stays where the person has it, as long as it is the one that was left; `None` if none was.
    async fn left(&self, id: &ItemId) -> Result<Option<BlobSource>, StoreError> {
        let known = self.left.borrow().get(id).map(|(source, _)| source.clone());
        let source = match known {
            Some(source) => source,
            None => match self.open_left(id).await? {
                Some(source) => source,
                None => return Ok(None),
            },
        };
        // The browser refuses to read a file that was moved, or changed at another time.
        source.read(0..source.len().min(1)).await?;
        Ok(Some(source))
    }

    async fn open_left(&self, id: &ItemId) -> Result<Option<BlobSource>, StoreError> {
        let record = self
            .database
            .get(HANDLES, &JsValue::from_str(&id.0))
            .await?;
        let handle = FileHandle::of(js::member(&record, "handle"));
        let (Some(handle), Some(page)) = (handle, self.disk.page()) else {
            return Ok(None);
        };
        let held = page.hold();
        let kept = page.kept_file(&id.0).await.map_err(StoreError::Failed)?;
        let file = match kept {
            Some(file) => file,
            None if !handle.may_be_read().await => return Err(StoreError::Locked),
            None => {
                let file = handle.file().await.map_err(disk::error)?;
                let is = |name, value| js::member(&record, name).as_f64() == Some(value);
                if !is("size", file.size()) || !is("modified", file.last_modified()) {
                    let text = "it was changed where it is";
                    return Err(StoreError::Gone(text.to_owned()));
                }
                let kept = page.keep_file(&id.0, &file).await;
                kept.map_err(StoreError::Failed)?;
                file
            }
        };
        let source = BlobSource::chosen(file, handle);
        let left = (source.clone(), held);
        self.left.borrow_mut().insert(id.clone(), left);
        Ok(Some(source))
    }

    /// The handles on those of these items that stay where the person has them.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub async fn handles(&self, ids: Array) -> Result<Array, StoreError> {
        let handles = Array::new();
        for id in ids.iter() {
            let record = self.database.get(HANDLES, &id).await?;
            if let Some(handle) = FileHandle::of(js::member(&record, "handle")) {
                handles.push(&handle);
            }
        }
        Ok(handles)
    }

    /// Lets go of a file that stays where the person has it.
    async fn let_go(&self, id: &ItemId) {
        let left = self.left.borrow_mut().remove(id);
        // An earlier worker may have given it to the page.
        let handle = self.database.get(HANDLES, &id.0.as_str().into()).await;
        let is_held = left.is_some() || handle.is_ok_and(|handle| !handle.is_undefined());
        if let (true, Some(page)) = (is_held, self.disk.page()) {
            let forgotten = page.forget_file(&id.0).await;
            js::warn_on_error("a file is held longer than it is shared", forgotten);
        }
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
                blocks: Vec::new(),
                len: 0,
                gathered: Gathered::default(),
                writing: VecDeque::new(),
                written: 0,
                extents: 0,
                extent: Extending::default(),
                recording: VecDeque::new(),
                left: None,
            };
            let database = &partial.store.database;
            for extent in extents(database, &partial.id).await? {
                partial.len += extent.len;
                partial.extents += 1;
                partial.blocks.extend(extent.blocks);
            }
            // If one extent was not recorded, later ones may have been. They must not be mistaken
            // for extents that are recorded from now on.
            let beyond = from(&partial.id, partial.extents)?;
            database
                .write(&[EXTENTS], |transaction| {
                    transaction.object_store(EXTENTS)?.delete(&beyond.into())?;
                    Ok(())
                })
                .await?;
            partial.written = partial.len;
            partial.gathered.offset = partial.len;
            partial.extent = Extending::new(partial.len, partial.blocks.len());
            if partial.len == 0 {
                partial.left = partial.store.left(&partial.id).await?;
            }
            Ok(partial)
        }
        .boxed_local()
    }

    fn put<'a>(
        &'a self,
        id: &'a ItemId,
        bytes: Bytes,
        dag: Dag,
    ) -> LocalBoxFuture<'a, Result<(), StoreError>> {
        async move {
            let value = js::object([
                ("dag", Uint8Array::from(&codec::encode_dag(&dag)[..]).into()),
                ("bytes", Uint8Array::from(&bytes[..]).into()),
            ]);
            let (done, written) = oneshot::channel();
            let starts = {
                let mut small = self.small.borrow_mut();
                small.waiting.push((id.0.clone(), value, done));
                !std::mem::replace(&mut small.running, true)
            };
            if starts {
                let store = self.clone();
                spawn_local(async move { store.write_smalls().await });
            }
            written
                .await
                .unwrap_or_else(|_| Err(StoreError::Failed("nothing was written".to_owned())))
        }
        .boxed_local()
    }

    fn open(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<(BlobSource, Dag), StoreError>> {
        let (store, id) = (self.clone(), id.clone());
        async move {
            let value = store.database.get(DAGS, &JsValue::from_str(&id.0)).await?;
            let small: Option<Uint8Array> = js::member(&value, "bytes").dyn_into().ok();
            let dag = match small {
                Some(_) => js::member(&value, "dag"),
                None => value,
            };
            let dag = dag
                .dyn_into::<Uint8Array>()
                .ok()
                .and_then(|bytes| codec::decode_dag(&bytes.to_vec()))
                .ok_or_else(|| StoreError::Gone("its hashes are not there".to_owned()))?;
            let source = match small {
                Some(bytes) => BlobSource::new(blob_of(&Array::of1(&bytes))?),
                None => store.source(&id, dag.len()).await?,
            };
            if source.len() != dag.len() {
                return Err(StoreError::Gone("it has another length".to_owned()));
            }
            Ok((source, dag))
        }
        .boxed_local()
    }

    fn remove(&self, id: &ItemId) -> LocalBoxFuture<'static, Result<(), StoreError>> {
        let (store, id) = (self.clone(), id.clone());
        async move {
            let forget = || {
                store
                    .database
                    .write(&[EXTENTS, DAGS, HANDLES], |transaction| {
                        transaction
                            .object_store(EXTENTS)?
                            .delete(&database::beginning_with(&prefix(&id))?.into())?;
                        for name in [DAGS, HANDLES] {
                            let store = transaction.object_store(name)?;
                            store.delete(&JsValue::from_str(&id.0))?;
                        }
                        Ok(())
                    })
            };
            store.let_go(&id).await;
            match forget().await {
                // What is removed makes the room in which its removal is written down.
                Err(StoreError::Full) => {
                    store.disk.close(&id.0).await;
                    directory::remove(&id.0).await.map_err(disk::error)?;
                    return forget().await;
                }
                forgotten => forgotten?,
            }
            store.disk.close(&id.0).await;
            if directory::remove(&id.0).await.is_ok() {
                return Ok(());
            }
            // An earlier worker may have left it open. A new connection closes what earlier ones had open, which takes
            // a moment.
            let name = id.0.clone();
            store.disk.ask(Request::Close { name }).await?;
            let mut tries = 0;
            loop {
                match directory::remove(&id.0).await {
                    Ok(()) => return Ok(()),
                    Err(_) if tries < TRIES => tries += 1,
                    Err(why) => return Err(disk::error(why)),
                }
                time::sleep(TRY_AGAIN).await;
            }
        }
        .boxed_local()
    }

    fn ids(&self) -> LocalBoxFuture<'static, Result<Vec<ItemId>, StoreError>> {
        let database = self.database.clone();
        async move {
            let extents = database.read(EXTENTS, |store| store.get_all_keys()).await?;
            let dags = database.read(DAGS, |store| store.get_all_keys()).await?;
            let handles = database.read(HANDLES, |store| store.get_all_keys()).await?;
            let files = directory::names().await.map_err(disk::error)?;
            let mut ids: Vec<ItemId> = Array::from(&extents)
                .iter()
                .chain(Array::from(&dags).iter())
                .chain(Array::from(&handles).iter())
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

/// The key of an extent, by its number. An extent whose blocks have no bytes also has its own key.
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

/// The extents of a file, as far as they follow one another and their bytes are there.
async fn extents(database: &Database, id: &ItemId) -> Result<Vec<Extent>, StoreError> {
    let range = from(id, 0)?;
    let records = database
        .read(EXTENTS, |store| store.get_all_with_key(&range))
        .await?;
    let records = Array::from(&records);
    if records.length() == 0 {
        return Ok(Vec::new());
    }
    // After a power failure the file may be shorter than the database knows.
    let there = match directory::file(&id.0).await {
        Ok(file) => file.size() as u64,
        Err(why) if directory::is_missing(&why) => 0,
        // What cannot be looked for now is not given up.
        Err(why) => return Err(disk::error(why)),
    };
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
    let number = |name| js::member(record, name).as_f64();
    let blocks: Uint8Array = js::member(record, "blocks").dyn_into().ok()?;
    (number("offset")? as u64 == expected).then_some(Extent {
        len: number("len")? as u64,
        blocks: codec::decode_blocks(&blocks.to_vec())?,
    })
}

/// A file that is being written. The next bytes are buffered while earlier ones are written.
pub struct DiskPartial {
    store: DiskStore,
    held: Use,
    id: ItemId,
    blocks: Vec<Block>,
    len: u64,
    gathered: Gathered,
    /// The writes that are under way, in the order of the file, with the number of bytes of each.
    writing: VecDeque<(Writing, u64)>,
    /// How many bytes are written.
    written: u64,
    /// The number of extents that are, or are being, written to the database.
    extents: u32,
    /// The next extent.
    extent: Extending,
    /// The extents that are being written to the database, in their order.
    recording: VecDeque<Writing>,
    /// The whole file, if it stays where the person has it and nothing is written.
    left: Option<BlobSource>,
}

/// A request to the file worker that has begun.
type Asked = LocalBoxFuture<'static, Result<Uint8Array, StoreError>>;
type Writing = Shared<LocalBoxFuture<'static, Result<(), StoreError>>>;

/// A piece that is to be written.
enum Part {
    /// Bytes in this program's memory.
    Bytes(Bytes),
    /// A block that the file worker keeps, and its size in bytes.
    Kept(Rc<Kept>, u64),
}

/// Starts a future now, and not only when it is awaited.
fn begin(writing: impl Future<Output = Result<(), StoreError>> + 'static) -> Writing {
    let writing = writing.boxed_local().shared();
    wasm_bindgen_futures::spawn_local(writing.clone().map(drop));
    writing
}

/// All these bytes in one array.
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

/// The bytes that are buffered for the next write.
#[derive(Default)]
struct Gathered {
    offset: u64,
    len: u64,
    parts: Vec<Part>,
}

/// The extent that is written to the database next.
#[derive(Default)]
struct Extending {
    /// The offset of its first byte.
    offset: u64,
    /// The number of its first block.
    block: usize,
    /// When it was begun, in Unix milliseconds.
    since: u64,
    /// The writes of its bytes.
    writing: Vec<Writing>,
}

impl Extending {
    fn new(offset: u64, block: usize) -> Self {
        Self {
            offset,
            block,
            since: time::now_ms(),
            writing: Vec::new(),
        }
    }
}

impl DiskPartial {
    /// Waits until at most this many writes are under way. After a failure, every later call fails
    /// too.
    async fn written(&mut self, most: usize) -> Result<(), StoreError> {
        while self.writing.len() > most
            && let Some((writing, len)) = self.writing.front()
        {
            let (written, len) = (writing.clone().await, *len);
            self.full(&written).await;
            written?;
            self.written += len;
            self.writing.pop_front();
        }
        Ok(())
    }

    /// Waits until at most this many extents are being written to the database.
    async fn recorded(&mut self, most: usize) -> Result<(), StoreError> {
        while self.recording.len() > most
            && let Some(recording) = self.recording.front()
        {
            let recorded = recording.clone().await;
            self.full(&recorded).await;
            recorded?;
            self.recording.pop_front();
        }
        Ok(())
    }

    /// Gives back the bytes that were written last if the disk is full. Records in the database of
    /// bytes that are not there do not count.
    async fn full(&self, written: &Result<(), StoreError>) {
        if *written != Err(StoreError::Full) {
            return;
        }
        for (writing, _) in &self.writing {
            // It makes no difference which of them fail.
            let _ = writing.clone().await;
        }
        let cut = Request::Finish {
            name: self.id.0.clone(),
            len: self.written.saturating_sub(GIVEN_BACK) as f64,
        };
        let cut = self.store.disk.ask(cut).await;
        js::warn_on_error("nothing was given back", cut.map_err(|why| why.to_string()));
    }

    /// Begins to write this many bytes.
    fn write(&mut self, asked: Vec<Asked>, len: u64) {
        let writing = begin(try_join_all(asked).map(|written| written.map(drop)));
        self.gathered = Gathered {
            offset: self.gathered.offset + len,
            ..Gathered::default()
        };
        self.extent.writing.push(writing.clone());
        self.writing.push_back((writing, len));
    }

    /// Has the file worker write this many bytes by a request, which is given the offset.
    async fn append_by(
        &mut self,
        len: u64,
        request: impl FnOnce(String, f64) -> Request,
    ) -> Result<(), StoreError> {
        self.write_gathered().await?;
        self.written(WRITING - 1).await?;
        let request = request(self.id.0.clone(), self.gathered.offset as f64);
        let asked = self.store.disk.ask(request);
        self.write(vec![asked], len);
        self.len += len;
        self.record_if_due(false).await
    }

    /// Whether the extent was begun so long ago that it is to be recorded, however few bytes it has.
    fn is_old(&self) -> bool {
        time::now_ms().saturating_sub(self.extent.since) >= EXTENT_TIME
    }

    /// Begins to write the extent to the database if it is large or old enough, or has too many blocks.
    async fn record_if_due(&mut self, many: bool) -> Result<(), StoreError> {
        if many || self.is_old() || self.gathered.offset - self.extent.offset >= EXTENT {
            self.record().await?;
        }
        Ok(())
    }

    /// Has the file worker encrypt bytes, and append them as records of a private share. All are full, except for the
    /// last one if the body `ends`.
    ///
    /// # Errors
    /// [`StoreError`] as in [`Partial::append`].
    pub async fn seal(
        &mut self,
        records: Records,
        plain: Vec<Piece<BlobSource>>,
        ends: bool,
    ) -> Result<(), StoreError> {
        let len: u64 = plain.iter().map(Piece::len).sum();
        let content = u64::from(records.size) - OVERHEAD as u64;
        let count = len.div_ceil(content).max(u64::from(ends));
        // What is in memory is handed over, and what is not is read by the file worker.
        let in_memory = |piece: &Piece<BlobSource>| matches!(piece, Piece::Bytes(_));
        let parts = if plain.iter().all(in_memory) {
            plain
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Bytes(bytes) => Some(Uint8Array::from(&bytes[..])),
                    Piece::Slice(..) => None,
                })
                .collect()
        } else {
            Array::of1(&blob_of_pieces(&plain)?.into())
        };
        self.append_by(len + count * OVERHEAD as u64, |name, at| Request::Seal {
            name,
            at,
            records,
            parts,
            ends,
        })
        .await
    }

    /// Has the file worker decrypt this many full records, and append their contents. The records begin at an offset of
    /// a file that it knows under this name.
    ///
    /// # Errors
    /// [`StoreError`] as in [`Partial::append`], also if the records are not authentic.
    pub async fn unseal(
        &mut self,
        records: Records,
        from: &str,
        offset: u64,
        count: u64,
    ) -> Result<(), StoreError> {
        let content = u64::from(records.size) - OVERHEAD as u64;
        self.append_by(count * content, |name, at| Request::Unseal {
            name,
            at,
            records,
            from: from.to_owned(),
            offset: offset as f64,
            count: count as u32,
        })
        .await
    }

    /// Begins to write the extent of all bytes so far to the database, once these are written.
    async fn record(&mut self) -> Result<(), StoreError> {
        self.recorded(RECORDING - 1).await?;
        let Extending { offset, block, .. } = self.extent;
        let len = self.gathered.offset - offset;
        if len == 0 && self.blocks.len() == block {
            return Ok(());
        }
        let blocks = codec::encode_blocks(&self.blocks[block..]);
        let next = Extending::new(self.gathered.offset, self.blocks.len());
        let written = try_join_all(std::mem::replace(&mut self.extent, next).writing);
        let key = key(&self.id, self.extents);
        self.extents += 1;
        let database = self.store.database.clone();
        self.recording.push_back(begin(async move {
            written.await?;
            let record = js::object([
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
        }));
        Ok(())
    }

    /// Buffers a piece that is to be written, and the blocks that end with it.
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
        let many = self.blocks.len() - self.extent.block >= EXTENT_BLOCKS;
        if self.gathered.len < GATHERED && !many && !self.is_old() {
            return Ok(());
        }
        self.write_gathered().await?;
        self.record_if_due(many).await
    }

    /// Begins to write the buffered bytes, if there are any.
    async fn write_gathered(&mut self) -> Result<(), StoreError> {
        self.written(WRITING - 1).await?;
        let len = self.gathered.len;
        if len == 0 {
            return Ok(());
        }
        let (disk, name) = (&self.store.disk, &self.id.0);
        let mut asked = Vec::new();
        let mut at = self.gathered.offset;
        let mut parts = std::mem::take(&mut self.gathered.parts)
            .into_iter()
            .peekable();
        // Consecutive blocks are written by one request.
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
            self.flush().await?;
            let mut at = range.start;
            while at < range.end {
                let end = range.end.min(at + ADOPTED);
                let request = Request::Copy {
                    name: self.id.0.clone(),
                    at: self.gathered.offset as f64,
                    blob: source.slice(&(at..end))?,
                };
                let asked = self.store.disk.ask(request);
                self.write(vec![asked], end - at);
                self.len += end - at;
                at = end;
                // The extents are copied one after the other, because each has its own buffers and
                // all wait for the same disk.
                self.flush().await?;
            }
            Ok(())
        }
        .boxed_local()
    }

    fn leave(&mut self, source: &BlobSource) -> LocalBoxFuture<'_, Result<bool, StoreError>> {
        let source = source.clone();
        async move {
            let left = self.store.leave(&self.id, &source).await?;
            self.left = left.then_some(source);
            Ok(left)
        }
        .boxed_local()
    }

    fn flush(&mut self) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        async move {
            self.write_gathered().await?;
            self.record().await?;
            self.written(0).await?;
            self.recorded(0).await?;
            // Nothing waits any more.
            self.extent.since = time::now_ms();
            Ok(())
        }
        .boxed_local()
    }

    fn source(&mut self) -> LocalBoxFuture<'_, Result<BlobSource, StoreError>> {
        async move {
            if let Some(left) = &self.left {
                return Ok(left.clone());
            }
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
            if self.left.is_none() {
                self.flush().await?;
                let request = Request::Finish {
                    name: self.id.0.clone(),
                    len: self.len as f64,
                };
                self.store.disk.ask(request).await?;
            }
            let bytes = Uint8Array::from(&codec::encode_dag(&dag)[..]);
            self.store
                .database
                .write_through(&[DAGS], |transaction| {
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
