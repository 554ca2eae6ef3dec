//! Private shares: what is shared is encrypted before it is stored, and what was fetched is decrypted beside it.

use std::collections::HashSet;
use std::ops::Range;

use bytes::Bytes;
use futures::future::try_join_all;
use futures::stream::{self, StreamExt};
use multihash::Multihash;

use super::pace::Meter;
use super::share::{DIRECTORY, distinct_paths};
use super::{Engine, Input};
use crate::Cid;
use crate::content::walk::Limits;
use crate::content::{Block, Dag, DagFile};
use crate::failure::{Code, Failure};
use crate::names::{chosen_name, mime_of};
use crate::ports::{Partial, Piece, Platform, Source, Store};
use crate::private::Key;
use crate::private::record::{
    self, CONTENT, HEADER, Header, Nonce, RECORD, RecordError, Records, Run,
};
use crate::private::tar::{self, Entry, Part, Reader, TarError};
use crate::state::{EventKind, ItemId};

/// How many records are in this program's memory, to be encrypted or decrypted at the same time.
const RECORDS_AT_ONCE: u64 = 8;
/// How many times as many bytes are being read meanwhile.
const READS_AHEAD: usize = 2;
/// The most records that the platform is given at a time, of bytes that stay where they are.
const RECORDS_OF_SLICES: u64 = 64;
/// The most bytes and slices of what is shared that wait to be encrypted together.
const PIECES: usize = 1024;
/// By which bits the id of what is decrypted differs from that of the item.
const OPENED: u128 = u128::MAX / 3;
/// The codec of raw bytes.
const RAW: u64 = 0x55;

/// A body that is being encrypted.
struct Sealing<P: Platform> {
    cipher: P::Cipher,
    base: Nonce,
    /// The number of the next record.
    number: u64,
    /// What comes next.
    plain: Vec<Piece<P::Source>>,
    /// The number of bytes of all that.
    waiting: u64,
    /// How many of these are in memory.
    in_memory: u64,
    /// The number of bytes that were taken.
    taken: u64,
    /// Whether its last record is written.
    is_whole: bool,
}

impl<P: Platform> Sealing<P> {
    /// Goes on after so many records, which have so many bytes in them.
    fn after(cipher: P::Cipher, base: Nonce, number: u64, taken: u64) -> Self {
        Self {
            cipher,
            base,
            number,
            plain: Vec::new(),
            waiting: 0,
            in_memory: 0,
            taken,
            is_whole: false,
        }
    }

    /// Whether what waits is worth being encrypted.
    fn is_enough(&self) -> bool {
        self.waiting > RECORDS_OF_SLICES * CONTENT as u64
            || self.in_memory > RECORDS_AT_ONCE * CONTENT as u64
            || self.plain.len() >= PIECES
    }

    /// The pieces of the next `len` bytes, of which there are so many.
    fn next(&mut self, len: u64) -> Vec<Piece<P::Source>> {
        let mut left = len;
        let mut rest = Vec::new();
        let mut next = std::mem::take(&mut self.plain);
        let cut = next.iter().position(|piece| {
            let fits = piece.len() <= left;
            left -= piece.len().min(left);
            !fits
        });
        if let Some(at) = cut {
            rest = next.split_off(at);
            let before: u64 = next.iter().map(Piece::len).sum();
            let (now, later) = split(rest.remove(0), len - before);
            next.push(now);
            rest.insert(0, later);
        }
        self.plain = rest;
        self.waiting -= len;
        self.in_memory = self
            .plain
            .iter()
            .filter(|piece| matches!(piece, Piece::Bytes(_)))
            .map(Piece::len)
            .sum();
        next
    }
}

/// The first `at` bytes of a piece, and the others.
fn split<S: Source>(piece: Piece<S>, at: u64) -> (Piece<S>, Piece<S>) {
    match piece {
        Piece::Bytes(mut bytes) => {
            let first = bytes.split_to(at as usize);
            (Piece::Bytes(first), Piece::Bytes(bytes))
        }
        Piece::Slice(source, range) => {
            let middle = range.start + at;
            let first = Piece::Slice(source.clone(), range.start..middle);
            (first, Piece::Slice(source, middle..range.end))
        }
    }
}

/// Where bytes from outside are stored: as they are, or encrypted.
pub(super) struct Intake<P: Platform> {
    engine: Engine<P>,
    partial: PartialOf<P>,
    /// For a private share, what is encrypted.
    sealing: Option<Sealing<P>>,
}

/// A file that is being written.
type PartialOf<P> = <<P as Platform>::Store as Store>::Partial;

impl<P: Platform> Intake<P> {
    /// The number of bytes that were taken.
    pub fn len(&self) -> u64 {
        match &self.sealing {
            Some(sealing) => sealing.taken,
            None => self.partial.len(),
        }
    }

    /// Whether nothing more belongs to it, because an earlier run took all of it.
    pub fn is_whole(&self) -> bool {
        self.sealing
            .as_ref()
            .is_some_and(|sealing| sealing.is_whole)
    }

    /// Takes the next bytes.
    pub async fn append(&mut self, bytes: Bytes) -> Result<(), Failure> {
        match &self.sealing {
            Some(_) => self.push(Piece::Bytes(bytes)).await,
            None => Ok(self.partial.append(bytes, Vec::new()).await?),
        }
    }

    /// Takes what is to be encrypted next.
    async fn push(&mut self, piece: Piece<P::Source>) -> Result<(), Failure> {
        if let Some(sealing) = self.sealing.as_mut().filter(|_| !piece.is_empty()) {
            let len = piece.len();
            sealing.taken += len;
            sealing.waiting += len;
            if let Piece::Bytes(_) = piece {
                sealing.in_memory += len;
            }
            sealing.plain.push(piece);
            if sealing.is_enough() {
                // The last record says that it is the last, so something has to be left for it.
                let records = (sealing.waiting - 1) / CONTENT as u64;
                return self.seal(records * CONTENT as u64, false).await;
            }
        }
        Ok(())
    }

    /// Returns when what was taken is written, as far as it can be already.
    pub async fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.partial.flush().await?)
    }

    /// What was taken, as it is stored.
    pub fn into_partial(self) -> PartialOf<P> {
        self.partial
    }

    /// Takes no more.
    pub async fn end(&mut self) -> Result<(), Failure> {
        match &self.sealing {
            Some(sealing) if !sealing.is_whole => self.seal(sealing.waiting, true).await,
            Some(_) | None => Ok(()),
        }
    }

    /// Encrypts this many of the bytes that wait.
    async fn seal(&mut self, len: u64, ends: bool) -> Result<(), Failure> {
        let Some(sealing) = self.sealing.as_mut().filter(|_| len > 0 || ends) else {
            return Ok(());
        };
        let plain = sealing.next(len);
        let run = Run {
            cipher: &sealing.cipher,
            base: &sealing.base,
            size: RECORD,
            first: sealing.number,
        };
        sealing.number += len.div_ceil(CONTENT as u64);
        sealing.is_whole = ends;
        let platform = &self.engine.0.platform;
        platform.seal(&mut self.partial, run, plain, ends).await
    }
}

/// What can be shared privately.
enum Body<P: Platform> {
    Plain(P::Source),
    /// It was stored as encrypted bytes, because its size was not known.
    Sealed(Sealed<P>),
    Nothing,
}

/// A whole encrypted body.
struct Sealed<P: Platform> {
    source: P::Source,
    cipher: P::Cipher,
    base: Nonce,
    records: Records,
}

impl<P: Platform> Sealed<P> {
    /// Decrypts everything, in order. Each piece is authentic; that nothing is missing is known once this has returned.
    async fn each(
        &self,
        mut take: impl AsyncFnMut(Vec<u8>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let count = self.records.count();
        let batches = (0..count)
            .step_by(RECORDS_AT_ONCE as usize)
            .map(|first| first..count.min(first + RECORDS_AT_ONCE));
        let mut batches = stream::iter(batches)
            .map(|numbers| self.open(numbers))
            .buffered(READS_AHEAD);
        while let Some(records) = batches.next().await {
            for content in records? {
                take(content).await?;
            }
        }
        Ok(())
    }

    async fn open(&self, numbers: Range<u64>) -> Result<Vec<Vec<u8>>, Failure> {
        let range = self.records.range(numbers.start).start
            ..self.records.range(numbers.end.saturating_sub(1)).end;
        let start = range.start;
        let bytes = self.source.read(range).await?;
        let records = numbers.map(|number| {
            let place = self.records.range(number);
            let record =
                bytes[(place.start - start) as usize..(place.end - start) as usize].to_vec();
            let last = self.records.is_last(number);
            record::open(&self.cipher, &self.base, number, record, last)
        });
        Ok(try_join_all(records).await?)
    }
}

/// What a private share turned out to be.
pub(super) struct Contents {
    /// Its name; that of a folder has the ending of the file that it is saved as.
    pub name: String,
    /// Its MIME type, if it is known.
    pub mime: Option<String>,
    /// The number of files, if it is a folder.
    pub files: Option<u64>,
    /// The bytes of all files together.
    pub size: u64,
}

/// What the beginning of a private share says.
pub enum Begun<C> {
    /// Not enough of it is here.
    Little,
    /// It is a folder.
    Folder,
    /// It is a file.
    File(BegunFile<C>),
}

/// A file in a private share of which only the beginning is here.
pub struct BegunFile<C> {
    /// The cipher of its body.
    pub cipher: C,
    /// What the nonces are made from.
    pub base: Nonce,
    /// The records of which the beginning consists. The last of them may be a part of one.
    pub records: Records,
    /// Where the bytes of the file begin in the content of all records, in bytes.
    pub start: u64,
    /// Its name.
    pub name: String,
    /// The number of its bytes.
    pub size: u64,
}

impl<P: Platform> Engine<P> {
    /// The key of an item, if it is a private share.
    pub(super) fn key_of(&self, id: &ItemId) -> Option<Key> {
        self.item(id, |item| item.key.clone())
            .flatten()
            .map(|key| key.0)
    }

    /// A key that nobody knows.
    pub(super) fn new_key(&self) -> Key {
        Key::new(self.0.platform.random().to_le_bytes())
    }

    /// Begins an encrypted body in an empty file.
    async fn sealing(&self, key: &Key, mut partial: PartialOf<P>) -> Result<Intake<P>, Failure> {
        // Each body has a salt of its own, so that no nonce is used twice with one key.
        let header = Header::of_share(self.0.platform.random().to_le_bytes());
        let (cipher, base) = self.0.platform.cipher(key, header.salt).await?;
        partial.append(header.bytes().into(), Vec::new()).await?;
        Ok(Intake {
            engine: self.clone(),
            partial,
            sealing: Some(Sealing::after(cipher, base, 0, 0)),
        })
    }

    /// Goes on with an encrypted body that an earlier run began, if it ends with an authentic record: with the next one, or
    /// with nothing if the last one is there. What that run may have written beyond, which nothing knows of, is written again
    /// as the same bytes: those of the version that the server still has.
    async fn sealing_on(
        &self,
        key: &Key,
        partial: &mut PartialOf<P>,
    ) -> Result<Option<Sealing<P>>, Failure> {
        let source = partial.source().await?;
        let Ok(sealed) = self.sealed(source, key).await else {
            return Ok(None);
        };
        if sealed.records.size() != u64::from(RECORD) {
            return Ok(None);
        }
        let last = sealed.records.count() - 1;
        let place = sealed.records.range(last);
        let is_full = place.end - place.start == u64::from(RECORD);
        let Ok(record) = sealed.source.read(place).await else {
            return Ok(None);
        };
        let opened = record::open(&sealed.cipher, &sealed.base, last, record.to_vec(), true);
        let (taken, is_whole) = match opened.await {
            Ok(content) => (last * CONTENT as u64 + content.len() as u64, true),
            Err(RecordError::Truncated) if is_full => ((last + 1) * CONTENT as u64, false),
            Err(_) => return Ok(None),
        };
        let after = Sealing::after(sealed.cipher, sealed.base, last + 1, taken);
        Ok(Some(Sealing { is_whole, ..after }))
    }

    /// The encrypted body in a source.
    async fn sealed(&self, source: P::Source, key: &Key) -> Result<Sealed<P>, Failure> {
        let head = source.read(0..source.len().min(HEADER as u64)).await?;
        let header = Header::parse_share(&head)?;
        let records = Records::new(&header, source.len())?;
        let (cipher, base) = self.0.platform.cipher(key, header.salt).await?;
        Ok(Sealed {
            source,
            cipher,
            base,
            records,
        })
    }

    /// Begins to take what is at an address, or goes on with it. If it is shared privately, it is encrypted beside the item,
    /// as a body with a salt of its own, until its name and its size are known.
    pub(super) async fn intake(
        &self,
        id: &ItemId,
        key: Option<&Key>,
    ) -> Result<Intake<P>, Failure> {
        let store = self.0.platform.store();
        let Some(key) = key else {
            return Ok(Intake {
                engine: self.clone(),
                partial: store.partial(id).await?,
                sealing: None,
            });
        };
        let mut partial = store.partial(&opened_id(id)).await?;
        if !partial.is_empty() {
            if let Some(sealing) = self.sealing_on(key, &mut partial).await? {
                return Ok(Intake {
                    engine: self.clone(),
                    partial,
                    sealing: Some(sealing),
                });
            }
            drop(partial);
            return self.intake_again(id, Some(key)).await;
        }
        self.sealing(key, partial).await
    }

    /// Begins again to take what is at an address.
    pub(super) async fn intake_again(
        &self,
        id: &ItemId,
        key: Option<&Key>,
    ) -> Result<Intake<P>, Failure> {
        let place = key.map_or_else(|| id.clone(), |_| opened_id(id));
        let store = self.0.platform.store();
        store.remove(&place).await?;
        let partial = store.partial(&place).await?;
        match key {
            Some(key) => self.sealing(key, partial).await,
            None => Ok(Intake {
                engine: self.clone(),
                partial,
                sealing: None,
            }),
        }
    }

    /// Stores what is shared privately, encrypted, and returns when all of it is written.
    pub(super) async fn take_private(
        &self,
        id: &ItemId,
        key: &Key,
        body: Input<P::Source>,
    ) -> Result<<P::Store as Store>::Partial, Failure> {
        let store = self.0.platform.store();
        let body = match body {
            Input::Remote(remote) => {
                let mut intake = self.take_remote(id, &*remote, Some(key)).await?;
                intake.end().await?;
                intake.flush().await?;
                let source = intake.partial.source().await?;
                let sealed = self.sealed(source, key).await?;
                let len = intake.len();
                vec![(String::new(), len, Body::Sealed(sealed))]
            }
            Input::Stored(source) => vec![(String::new(), source.len(), Body::Plain(source))],
            Input::Many(many) => distinct_paths(many)
                .into_iter()
                .map(|(path, source)| (path, source.len(), Body::Plain(source)))
                .collect(),
        };
        let (name, mime) = self
            .item(id, |item| (chosen_name(&item.name), item.mime.clone()))
            .unwrap_or_default();
        let files = entries(&name, mime, body);
        tar::check(files.iter().map(|(entry, _)| entry))?;
        store.remove(id).await?;
        let mut whole = self.sealing(key, store.partial(id).await?).await?;
        let total = files.iter().map(|(entry, _)| entry.len).sum();
        self.limit_for(Some(id)).check(total)?;
        self.record([EventKind::Described {
            id: id.clone(),
            name: None,
            mime: None,
            size: Some(total),
            validator: None,
        }])
        .await;
        let (mut meter, mut done) = (Meter::new(self.now(), 0, Some(total)), 0);
        for (entry, body) in files {
            whole.append(entry.head().into()).await?;
            let mut came = 0;
            let mut take = async |piece: Piece<P::Source>| {
                came += piece.len();
                whole.push(piece).await?;
                self.show(id, &mut meter, done + came);
                Ok(())
            };
            match body {
                Body::Nothing => {}
                Body::Sealed(sealed) => {
                    let each = async |bytes: Vec<u8>| take(Piece::Bytes(bytes.into())).await;
                    sealed.each(each).await?;
                }
                Body::Plain(source) => {
                    let most = RECORDS_OF_SLICES * CONTENT as u64;
                    for start in (0..entry.len).step_by(most as usize) {
                        let range = start..entry.len.min(start + most);
                        take(Piece::Slice(source.clone(), range)).await?;
                    }
                }
            }
            if came != entry.len {
                return Err(TarError::Truncated.into());
            }
            done += came;
            whole
                .append(vec![0; tar::padding(entry.len)].into())
                .await?;
        }
        whole.append(Bytes::from_static(&tar::END)).await?;
        whole.end().await?;
        whole.flush().await?;
        Ok(whole.partial)
    }

    /// Decrypts an item, unless that is done already, and returns what is in it: the bytes of its files one after the
    /// other, and where each of them is. What is not private is returned as it is.
    ///
    /// # Errors
    /// If the bytes are not here, or the key does not open all of them.
    pub async fn opened(&self, id: &ItemId) -> Result<(P::Source, Dag), Failure> {
        let store = self.0.platform.store();
        let Some(key) = self.key_of(id) else {
            return Ok(store.open(id).await?);
        };
        let _slot = self.0.unlocking.take().await;
        let place = opened_id(id);
        if let Ok(opened) = store.open(&place).await {
            return Ok(opened);
        }
        self.unlock_now(id, &key).await?;
        Ok(store.open(&place).await?)
    }

    /// Whether what is here of an item begins as a private share does.
    pub(super) async fn is_sealed(&self, id: &ItemId) -> bool {
        let Ok((source, _)) = self.0.platform.store().open(id).await else {
            return false;
        };
        let head = source.read(0..source.len().min(HEADER as u64)).await;
        head.is_ok_and(|head| Header::parse_share(&head).is_ok())
    }

    /// Tries a key on the beginning of an item whose bytes are here.
    ///
    /// # Errors
    /// If it does not open that, or the bytes cannot be read.
    pub(super) async fn try_key(&self, id: &ItemId, key: &Key) -> Result<(), Failure> {
        let (source, _) = self.0.platform.store().open(id).await?;
        let sealed = self.sealed(source, key).await?;
        sealed.open(0..1).await?;
        Ok(())
    }

    /// What a private share is that begins like this.
    ///
    /// # Errors
    /// If the key does not open it, or it is none.
    pub async fn begun(
        &self,
        key: &Key,
        beginning: &P::Source,
    ) -> Result<Begun<P::Cipher>, Failure> {
        let head = beginning.read(0..beginning.len().min(HEADER as u64));
        let header = Header::parse_share(&head.await?)?;
        let (cipher, base) = self.0.platform.cipher(key, header.salt).await?;
        let records = Records::arriving(&header, beginning.len());
        let mut reader = Reader::default();
        let mut archive = 0;
        // Only a record that another one follows is known not to be the last.
        for number in 0..records.count().saturating_sub(1) {
            let record = beginning.read(records.range(number)).await?.to_vec();
            let content = record::open(&cipher, &base, number, record, false).await?;
            archive += content.len() as u64;
            for part in reader.push_owned(content)? {
                let Part::Entry(entry) = part else {
                    continue;
                };
                if entry.folder || entry.path.contains('/') {
                    return Ok(Begun::Folder);
                }
                // What ends in the record in which it begins is as good as here.
                if reader.left() == 0 {
                    return Ok(Begun::Little);
                }
                let start = (archive + reader.left()).saturating_sub(entry.len);
                return Ok(Begun::File(BegunFile {
                    cipher,
                    base,
                    records,
                    start,
                    name: chosen_name(&entry.path),
                    size: entry.len,
                }));
            }
        }
        Ok(Begun::Little)
    }

    /// Removes what [`Self::opened`] has decrypted, unless it is needed. The item stays, and can be opened again. `is_needed`
    /// is asked while nothing is being opened, so whoever says so before they open an item keeps it.
    pub async fn close(&self, id: &ItemId, is_needed: impl Fn(&ItemId) -> bool) {
        if self.key_of(id).is_none() {
            return;
        }
        let _slot = self.0.unlocking.take().await;
        if !is_needed(id) {
            self.close_now(id).await;
        }
    }

    /// Removes what is beside a private item, which nobody uses.
    pub(super) async fn close_now(&self, id: &ItemId) {
        if self.key_of(id).is_some() {
            self.forget_bytes(&opened_id(id)).await;
        }
    }

    /// Removes everything that was decrypted and is not needed.
    pub async fn close_others(&self, is_needed: impl Fn(&ItemId) -> bool) {
        let private: Vec<ItemId> = self.with_state(|state| {
            let items = state.items.values();
            items
                .filter(|item| item.key.is_some() && item.status.is_here())
                .map(|item| item.id.clone())
                .collect()
        });
        for id in private {
            self.close(&id, &is_needed).await;
        }
    }

    /// Decrypts a whole item, and says what it is.
    pub(super) async fn unlock(&self, id: &ItemId, key: &Key) -> Result<Contents, Failure> {
        let _slot = self.0.unlocking.take().await;
        self.unlock_now(id, key).await
    }

    async fn unlock_now(&self, id: &ItemId, key: &Key) -> Result<Contents, Failure> {
        let store = self.0.platform.store();
        let (source, _) = store.open(id).await?;
        let sealed = self.sealed(source, key).await?;
        let place = opened_id(id);
        store.remove(&place).await?;
        let mut unlocked = self.unlock_to(&place, &sealed, true).await;
        // Only this program says exactly what is wrong, and reads what other writers may do, such as padding.
        let is_long = sealed.records.count() > RECORDS_AT_ONCE;
        if is_long && matches!(&unlocked, Err(failure) if failure.code != Code::DiskFull) {
            store.remove(&place).await?;
            unlocked = self.unlock_to(&place, &sealed, false).await;
        }
        // It may have been removed meanwhile, and nobody would remove this then.
        let is_gone = self.key_of(id).is_none();
        if unlocked.is_err() || is_gone {
            self.forget_bytes(&place).await;
        }
        if is_gone {
            return Err(Code::UnknownItem.into());
        }
        unlocked
    }

    /// Decrypts to a place. `in_place`, the platform decrypts what is in the middle of a large file, and the bytes need not
    /// pass through this program.
    async fn unlock_to(
        &self,
        place: &ItemId,
        sealed: &Sealed<P>,
        in_place: bool,
    ) -> Result<Contents, Failure> {
        let platform = &self.0.platform;
        let mut partial = platform.store().partial(place).await?;
        let mut reader = Reader::new(Limits {
            size: self.settings().max_file,
            ..Limits::default()
        });
        let mut entries: Vec<Entry> = Vec::new();
        let (mut number, count) = (0, sealed.records.count());
        let content = sealed.records.content();
        while number < count {
            // The last record is shorter than the others.
            let within = (reader.left() / content).min(count - 1 - number);
            if in_place && within >= RECORDS_AT_ONCE {
                let records = within.min(RECORDS_OF_SLICES);
                let run = Run {
                    cipher: &sealed.cipher,
                    base: &sealed.base,
                    size: sealed.records.size() as u32,
                    first: number,
                };
                let at = sealed.records.range(number).start;
                platform
                    .open(&mut partial, run, &sealed.source, at, records)
                    .await?;
                reader.skip(records * content);
                number += records;
                continue;
            }
            let next = count.min(number + RECORDS_AT_ONCE);
            for content in sealed.open(number..next).await? {
                for part in reader.push_owned(content)? {
                    match part {
                        Part::Entry(entry) => entries.push(entry),
                        Part::Bytes(bytes) => partial.append(bytes.into(), Vec::new()).await?,
                    }
                }
            }
            number = next;
        }
        reader.finish()?;
        let (files, contents) = contents(&entries)?;
        let root = nothing();
        let block = Block {
            cid: root,
            prefix: Bytes::new(),
            len: partial.len(),
            suffix: Bytes::new(),
        };
        partial
            .finish(Dag {
                root,
                blocks: vec![block],
                files,
            })
            .await?;
        Ok(contents)
    }
}

/// Where a private item is decrypted to, and where what is at an address is until it is shared privately. It is as unique
/// as the item's own id.
pub(super) fn opened_id(id: &ItemId) -> ItemId {
    let number = u128::from_str_radix(&id.0, 16).unwrap_or_default();
    ItemId(format!("{:032x}", number ^ OPENED))
}

/// The CID of what is decrypted. No file has it, so that what is private is never taken for something that can be shared.
fn nothing() -> Cid {
    Cid::new_v1(RAW, Multihash::default())
}

/// Whether this is the DAG of something that was decrypted.
pub(super) fn is_opened(dag: &Dag) -> bool {
    dag.root == nothing()
}

/// The entries of the archive of a private share: of one file, whose path is empty, or of a folder.
fn entries<P: Platform>(
    name: &str,
    media_type: Option<String>,
    files: Vec<(String, u64, Body<P>)>,
) -> Vec<(Entry, Body<P>)> {
    let is_folder = !matches!(files.as_slice(), [(path, ..)] if path.is_empty());
    let entry = |path: String, folder, len| Entry {
        path,
        folder,
        len,
        media_type: None,
    };
    let mut entries = Vec::with_capacity(files.len() + 1);
    if is_folder {
        entries.push((entry(name.to_owned(), true, 0), Body::Nothing));
    }
    for (path, len, body) in files {
        entries.push(match path.strip_suffix('/') {
            Some(path) => (entry(format!("{name}/{path}"), true, 0), Body::Nothing),
            None if is_folder => (entry(format!("{name}/{path}"), false, len), body),
            None => {
                let media_type = media_type.clone();
                let entry = Entry {
                    media_type,
                    ..entry(name.to_owned(), false, len)
                };
                (entry, body)
            }
        });
    }
    entries
}

/// The files in an archive with these entries, whose bytes follow one another, and what they are.
fn contents(entries: &[Entry]) -> Result<(Vec<DagFile>, Contents), TarError> {
    let first = entries.first().ok_or(TarError::Truncated)?;
    if let ([_], false, false) = (entries, first.folder, first.path.contains('/')) {
        let file = DagFile {
            path: String::new(),
            offset: 0,
            len: first.len,
        };
        let contents = Contents {
            name: chosen_name(&first.path),
            mime: first.media_type.as_deref().and_then(mime_of),
            files: None,
            size: first.len,
        };
        return Ok((vec![file], contents));
    }
    let parents: HashSet<&str> = entries
        .iter()
        .filter_map(|entry| entry.path.rsplit_once('/'))
        .map(|(parent, _)| parent)
        .collect();
    let mut offset = 0;
    let mut files = Vec::with_capacity(entries.len());
    let folder = first.path.split('/').next().unwrap_or_default();
    for entry in entries {
        let Some((_, path)) = entry.path.split_once('/') else {
            continue;
        };
        if entry.folder && parents.contains(entry.path.as_str()) {
            continue;
        }
        let mut path = path.to_owned();
        if entry.folder {
            path.push('/');
        }
        files.push(DagFile {
            path,
            offset,
            len: entry.len,
        });
        offset += entry.len;
    }
    let contents = Contents {
        name: chosen_name(&format!("{folder}.zip")),
        mime: Some(DIRECTORY.to_owned()),
        files: Some(files.iter().filter(|file| !file.is_folder()).count() as u64),
        size: offset,
    };
    Ok((files, contents))
}
