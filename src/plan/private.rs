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
use crate::failure::Failure;
use crate::names::{chosen_name, mime_of};
use crate::ports::{Partial, Platform, Source, Store};
use crate::private::Key;
use crate::private::record::{
    self, CONTENT, Cipher, HEADER, Header, Nonce, RECORD, RecordError, Records,
};
use crate::private::tar::{self, Entry, Part, Reader, TarError};
use crate::state::{EventKind, ItemId};

/// How many records are encrypted or decrypted at the same time.
const RECORDS_AT_ONCE: usize = 32;
/// How many times as many bytes are being read meanwhile.
const READS_AHEAD: usize = 2;
/// How many bytes of what is shared are read at a time.
const READ: u64 = (RECORDS_AT_ONCE * CONTENT) as u64;
/// By which bits the id of what is decrypted differs from that of the item.
const OPENED: u128 = u128::MAX / 3;
/// The codec of raw bytes.
const RAW: u64 = 0x55;

/// A body that is being encrypted.
struct Sealing<C> {
    cipher: C,
    base: Nonce,
    /// The number of the next record.
    number: u64,
    /// The content of the next records, all of which but the last are full.
    plain: Vec<Vec<u8>>,
    /// What is encrypted, and the header, as far as they were not written yet.
    sealed: Vec<Bytes>,
}

impl<C: Cipher> Sealing<C> {
    /// Takes the next bytes.
    async fn push(&mut self, mut bytes: &[u8]) -> Result<(), RecordError> {
        while !bytes.is_empty() {
            let filling = self.plain.last_mut().filter(|last| last.len() < CONTENT);
            if let Some(content) = filling {
                let (now, rest) = bytes.split_at(bytes.len().min(CONTENT - content.len()));
                content.extend_from_slice(now);
                bytes = rest;
                continue;
            }
            // The last record says that it is the last, so there has to be something after all that are encrypted here.
            if self.plain.len() >= RECORDS_AT_ONCE {
                self.seal(false).await?;
            }
            self.plain.push(Vec::with_capacity(RECORD as usize));
        }
        Ok(())
    }

    /// Ends the body.
    async fn end(&mut self) -> Result<(), RecordError> {
        if self.plain.is_empty() {
            self.plain.push(Vec::new());
        }
        self.seal(true).await
    }

    async fn seal(&mut self, ends: bool) -> Result<(), RecordError> {
        let plain = std::mem::take(&mut self.plain);
        let count = plain.len() as u64;
        let records = (self.number..).zip(plain).map(|(number, content)| {
            let last = ends && number + 1 == self.number + count;
            record::seal(&self.cipher, &self.base, number, content, last)
        });
        let records = try_join_all(records).await?;
        self.number += count;
        self.sealed.extend(records.into_iter().map(Bytes::from));
        Ok(())
    }
}

/// Where bytes from outside are stored: as they are, or encrypted.
pub(super) struct Intake<P: Platform> {
    partial: <P::Store as Store>::Partial,
    /// For a private share, the cipher, and the number of bytes that were taken.
    sealing: Option<(Sealing<P::Cipher>, u64)>,
}

impl<P: Platform> Intake<P> {
    /// The number of bytes that were taken.
    pub fn len(&self) -> u64 {
        match &self.sealing {
            Some((_, taken)) => *taken,
            None => self.partial.len(),
        }
    }

    /// Takes the next bytes.
    pub async fn append(&mut self, bytes: Bytes) -> Result<(), Failure> {
        match &mut self.sealing {
            Some((sealing, taken)) => {
                *taken += bytes.len() as u64;
                sealing.push(&bytes).await?;
                self.write().await
            }
            None => Ok(self.partial.append(bytes, Vec::new()).await?),
        }
    }

    /// Returns when what was taken is written, as far as it can be already.
    pub async fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.partial.flush().await?)
    }

    /// What was taken, as it is stored.
    pub fn into_partial(self) -> <P::Store as Store>::Partial {
        self.partial
    }

    /// Takes no more.
    pub async fn end(&mut self) -> Result<(), Failure> {
        if let Some((sealing, _)) = &mut self.sealing {
            sealing.end().await?;
        }
        self.write().await
    }

    async fn write(&mut self) -> Result<(), Failure> {
        if let Some((sealing, _)) = &mut self.sealing {
            for piece in sealing.sealed.drain(..) {
                self.partial.append(piece, Vec::new()).await?;
            }
        }
        Ok(())
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
            .step_by(RECORDS_AT_ONCE)
            .map(|first| first..count.min(first + RECORDS_AT_ONCE as u64));
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

    async fn sealing(&self, key: &Key) -> Result<Sealing<P::Cipher>, RecordError> {
        // Each body has a salt of its own, so that no nonce is used twice with one key.
        let header = Header::of_share(self.0.platform.random().to_le_bytes());
        let (cipher, base) = self.0.platform.cipher(key, header.salt).await?;
        Ok(Sealing {
            cipher,
            base,
            number: 0,
            plain: Vec::new(),
            sealed: vec![header.bytes().into()],
        })
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

    /// Begins to take what is at an address, or goes on with it. If it is shared privately, it is encrypted with a key of
    /// its own until its name and its size are known, and taken from its beginning, because the state of a cipher does
    /// not outlast a run.
    pub(super) async fn intake(
        &self,
        id: &ItemId,
        key: Option<&Key>,
    ) -> Result<Intake<P>, Failure> {
        let store = self.0.platform.store();
        let (id, sealing) = match key {
            Some(key) => {
                let place = opened_id(id);
                store.remove(&place).await?;
                (place, Some((self.sealing(key).await?, 0)))
            }
            None => (id.clone(), None),
        };
        Ok(Intake {
            partial: store.partial(&id).await?,
            sealing,
        })
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
                let own_key = self.new_key();
                let mut intake = self.take_remote(id, &*remote, Some(&own_key)).await?;
                intake.end().await?;
                intake.flush().await?;
                let source = intake.partial.source().await?;
                let sealed = self.sealed(source, &own_key).await?;
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
        let mut whole = Intake::<P> {
            partial: store.partial(id).await?,
            sealing: Some((self.sealing(key).await?, 0)),
        };
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
            let mut take = async |bytes: Bytes| {
                came += bytes.len() as u64;
                whole.append(bytes).await?;
                self.show(id, &mut meter, done + came);
                Ok(())
            };
            match &body {
                Body::Nothing => {}
                Body::Sealed(sealed) => sealed.each(async |bytes| take(bytes.into()).await).await?,
                Body::Plain(source) => {
                    let ranges = (0..entry.len)
                        .step_by(READ as usize)
                        .map(|start| start..entry.len.min(start + READ));
                    let mut reads = stream::iter(ranges)
                        .map(|range| source.read(range))
                        .buffered(READS_AHEAD);
                    while let Some(bytes) = reads.next().await {
                        take(bytes?).await?;
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
        self.close(id).await;
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

    /// Removes what [`Self::opened`] has decrypted. The item stays, and can be opened again.
    pub async fn close(&self, id: &ItemId) {
        if self.key_of(id).is_some() {
            self.forget_bytes(&opened_id(id)).await;
        }
    }

    /// Removes everything that was decrypted, except of these items.
    pub async fn close_others(&self, needed: &[ItemId]) {
        let private: Vec<ItemId> = self.with_state(|state| {
            let items = state.items.values();
            items
                .filter(|item| item.key.is_some() && item.status.is_here())
                .map(|item| item.id.clone())
                .filter(|id| !needed.contains(id))
                .collect()
        });
        for id in private {
            let _slot = self.0.unlocking.take().await;
            self.close(&id).await;
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
        let unlocked = self.unlock_to(&place, &sealed).await;
        if unlocked.is_err() {
            self.forget_bytes(&place).await;
        }
        unlocked
    }

    async fn unlock_to(&self, place: &ItemId, sealed: &Sealed<P>) -> Result<Contents, Failure> {
        let mut partial = self.0.platform.store().partial(place).await?;
        let mut reader = Reader::new(Limits {
            size: self.settings().max_file,
            ..Limits::default()
        });
        let mut entries: Vec<Entry> = Vec::new();
        sealed
            .each(async |content| {
                for part in reader.push(&content)? {
                    match part {
                        Part::Entry(entry) => entries.push(entry),
                        Part::Bytes(bytes) => partial.append(bytes.into(), Vec::new()).await?,
                    }
                }
                Ok(())
            })
            .await?;
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
