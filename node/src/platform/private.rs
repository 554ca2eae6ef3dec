//! Private shares natively: the cipher, the encrypted body that is made while it is read, and the opening of one.

use std::collections::VecDeque;
use std::fmt;
use std::future::ready;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use fluence::ports::{Source, StoreError};
use fluence::private::Key;
use fluence::private::record::{
    self, CONTENT, Cipher, HEADER, Header, KEY_INFO, NONCE, NONCE_INFO, Nonce, RecordError,
    Records, SALT, TAG,
};
use fluence::private::tar::{self, Entry, Part, Reader, TarError};
use futures::FutureExt;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce as RingNonce, UnboundKey};
use ring::hkdf;

use super::random;
use super::source::FileSource;

/// How many records are opened at a time.
const RECORDS_AT_ONCE: u64 = 4;

/// How many records are kept of which a part was read, for all bodies together.
const MAX_BORDERS: usize = 8;

/// The records of which a part was read last. A leaf ends within a record, so that this one is wanted for the next leaf as
/// well, most likely soon and by another thread.
static BORDERS: Mutex<VecDeque<Border>> = Mutex::new(VecDeque::new());

/// The token of a body, the number of a record, and the record.
type Border = (u128, u64, Arc<[u8]>);

/// AES-128-GCM with the key of one body.
pub struct Aes128Gcm(LessSafeKey);

impl Aes128Gcm {
    /// Derives the cipher of a body, and what its nonces are made from.
    pub(super) fn derive(key: &Key, salt: &[u8; SALT]) -> Result<(Self, Nonce), RecordError> {
        let failed = |_| RecordError::Cipher;
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(key.bytes());
        let content_key = secret.expand(&[KEY_INFO], &AES_128_GCM).map_err(failed)?;
        let mut base = [0; NONCE];
        secret
            .expand(&[NONCE_INFO], NonceLen)
            .and_then(|output| output.fill(&mut base))
            .map_err(failed)?;
        let cipher = Self(LessSafeKey::new(UnboundKey::from(content_key)));
        Ok((cipher, base))
    }
}

/// The length that is derived for the nonces.
struct NonceLen;

impl hkdf::KeyType for NonceLen {
    fn len(&self) -> usize {
        NONCE
    }
}

impl Cipher for Aes128Gcm {
    fn seal(
        &self,
        nonce: Nonce,
        mut plain: Vec<u8>,
    ) -> impl Future<Output = Result<Vec<u8>, RecordError>> {
        plain.reserve_exact(TAG);
        let nonce = RingNonce::assume_unique_for_key(nonce);
        let sealed = self
            .0
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut plain);
        ready(sealed.map(|()| plain).map_err(|_| RecordError::Cipher))
    }

    fn open(&self, nonce: Nonce, mut sealed: Vec<u8>) -> impl Future<Output = Option<Vec<u8>>> {
        let nonce = RingNonce::assume_unique_for_key(nonce);
        let len = self.0.open_in_place(nonce, Aad::empty(), &mut sealed);
        let len = len.ok().map(|plain| plain.len());
        ready(len.map(|len| {
            sealed.truncate(len);
            sealed
        }))
    }
}

/// The result of a future of a native cipher, which waits for nothing.
fn now<T>(future: impl Future<Output = Result<T, RecordError>>) -> Result<T, RecordError> {
    future.now_or_never().unwrap_or(Err(RecordError::Cipher))
}

/// The encrypted body of a private share. It is in no file: each slice is encrypted when it is read, and is the same each
/// time, because a share keeps its key and its salt. A process forgets it when it ends, and another one cannot make it
/// again.
pub(super) struct Sealed {
    /// A random number by which the store finds it again. Nothing about the share follows from it.
    pub token: u128,
    header: Vec<u8>,
    cipher: Aes128Gcm,
    base: Nonce,
    records: Records,
    archive: Archive,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({:032x})", self.token)
    }
}

impl PartialEq for Sealed {
    fn eq(&self, other: &Self) -> bool {
        self.token == other.token
    }
}

impl Eq for Sealed {}

impl Sealed {
    /// The body of these entries, with a salt of its own.
    pub fn new(entries: Vec<(Entry, FileSource)>, key: &Key) -> Result<Self, SealError> {
        Self::with_salt(entries, key, random().to_le_bytes())
    }

    fn with_salt(
        entries: Vec<(Entry, FileSource)>,
        key: &Key,
        salt: [u8; SALT],
    ) -> Result<Self, SealError> {
        tar::check(entries.iter().map(|(entry, _)| entry))?;
        let archive = Archive::new(entries);
        let (cipher, base) = Aes128Gcm::derive(key, &salt)?;
        Ok(Self {
            token: random(),
            header: Header::of_share(salt).bytes(),
            cipher,
            base,
            records: Records::of_share(archive.len),
            archive,
        })
    }

    /// The number of bytes.
    pub fn len(&self) -> u64 {
        self.records.body_len()
    }

    /// Checks that no file has changed since it was taken.
    pub fn check(&self) -> Result<(), StoreError> {
        for (_, source) in &self.archive.entries {
            source.check().map_err(without_name)?;
        }
        Ok(())
    }

    /// A record, in memory that is used again.
    fn seal(&self, number: u64, mut record: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let start = number * CONTENT as u64;
        let place = start..self.archive.len.min(start + CONTENT as u64);
        record.clear();
        record.reserve_exact(CONTENT + record::OVERHEAD);
        record.resize((place.end - place.start) as usize, 0);
        self.archive
            .read(place, &mut record)
            .map_err(without_name)?;
        let last = self.records.is_last(number);
        now(record::seal(&self.cipher, &self.base, number, record, last))
            .map_err(|error| StoreError::Failed(error.to_string()))
    }

    /// A record of which a part was read before, once.
    fn kept(&self, number: u64) -> Option<Arc<[u8]>> {
        let mut borders = BORDERS.lock().unwrap_or_else(PoisonError::into_inner);
        let at = borders
            .iter()
            .position(|(token, kept, _)| (*token, *kept) == (self.token, number))?;
        Some(borders.remove(at)?.2)
    }

    fn keep(&self, number: u64, record: Arc<[u8]>) {
        let mut borders = BORDERS.lock().unwrap_or_else(PoisonError::into_inner);
        borders.truncate(MAX_BORDERS - 1);
        borders.push_front((self.token, number, record));
    }

    /// Gives the bytes of a range to `take`, in order and in pieces. Blocks the thread.
    pub fn read(&self, range: Range<u64>, mut take: impl FnMut(&[u8])) -> Result<(), StoreError> {
        let head = HEADER as u64;
        if range.start < head {
            take(&self.header[range.start as usize..range.end.min(head) as usize]);
        }
        let mut record = Vec::new();
        for number in self.records.within(&range) {
            let place = self.records.range(number);
            let from = range.start.max(place.start) - place.start;
            let to = range.end.min(place.end) - place.start;
            let part = from as usize..to as usize;
            let is_whole = to - from == place.end - place.start;
            if !is_whole && let Some(kept) = self.kept(number) {
                take(&kept[part]);
                continue;
            }
            record = self.seal(number, record)?;
            take(&record[part]);
            if !is_whole {
                self.keep(number, record[..].into());
            }
        }
        Ok(())
    }
}

/// A private share's failure to be read, without the name of the file: it goes into logs and journals.
fn without_name(error: StoreError) -> StoreError {
    match error {
        StoreError::Gone(_) => {
            StoreError::Gone("a file has changed since it was shared privately".to_owned())
        }
        StoreError::Failed(_) => {
            StoreError::Failed("a file that is shared privately cannot be read".to_owned())
        }
        StoreError::Full | StoreError::Locked => error,
    }
}

/// Why something cannot be shared privately.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It does not fit into an archive that others open.
    #[error(transparent)]
    Archive(#[from] TarError),
    /// The cipher failed.
    #[error(transparent)]
    Cipher(#[from] RecordError),
}

/// A tar archive of files on the disk, which is made while it is read.
struct Archive {
    entries: Vec<(Entry, FileSource)>,
    /// The offset of each entry in the archive, in bytes.
    starts: Vec<u64>,
    len: u64,
}

impl Archive {
    fn new(entries: Vec<(Entry, FileSource)>) -> Self {
        let mut at = 0;
        let starts = entries
            .iter()
            .map(|(entry, _)| {
                let start = at;
                at += entry.head().len() as u64 + entry.len + tar::padding(entry.len) as u64;
                start
            })
            .collect();
        Self {
            entries,
            starts,
            len: at + tar::END.len() as u64,
        }
    }

    /// Reads a slice, which must be within the archive and as long as `bytes`. These must be zeros: padding and end are those
    /// that are not written over. Blocks the thread.
    fn read(&self, range: Range<u64>, bytes: &mut [u8]) -> Result<(), StoreError> {
        let first = self
            .starts
            .partition_point(|start| *start <= range.start)
            .saturating_sub(1);
        for ((entry, source), start) in self.entries[first..].iter().zip(&self.starts[first..]) {
            if *start >= range.end {
                break;
            }
            let head = entry.head();
            if let Some((from, to)) = part(&range, *start, head.len() as u64) {
                bytes[to].copy_from_slice(&head[from.start as usize..from.end as usize]);
            }
            let body = start + head.len() as u64;
            if let Some((from, to)) = part(&range, body, entry.len) {
                source.read_into(from.start, &mut bytes[to])?;
            }
        }
        Ok(())
    }
}

/// What a slice has of a part of the archive that begins at `start`: which bytes of the part, and where in the slice.
fn part(slice: &Range<u64>, start: u64, len: u64) -> Option<(Range<u64>, Range<usize>)> {
    let from = slice.start.max(start);
    let to = slice.end.min(start + len);
    (from < to).then(|| {
        let place = (from - slice.start) as usize..(to - slice.start) as usize;
        (from - start..to - start, place)
    })
}

/// Opens the encrypted body of a private share, also while it still arrives. It gives out nothing of a record before that
/// is authenticated.
pub struct Opening {
    key: Key,
    /// The header and what follows from it, once it is here.
    begun: Option<Begun>,
    archive: Reader,
    /// The number of the next record.
    next: u64,
}

/// What the header of a body says.
struct Begun {
    header: Header,
    cipher: Aes128Gcm,
    base: Nonce,
}

/// Why a private share cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its body cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The body is not what the key encrypted.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The archive in it is refused.
    #[error(transparent)]
    Archive(#[from] TarError),
}

impl Opening {
    /// Begins to open a body with this key.
    pub fn new(key: Key) -> Self {
        Self {
            key,
            begun: None,
            archive: Reader::default(),
            next: 0,
        }
    }

    /// The entries and bytes that the next records of the body bring, in order, as far as they are here. `body` begins where
    /// the body does; `whole` says whether it ends there too. The result is `None` once all of the body is authenticated and
    /// its archive is whole, and there is nothing in it if more of the body has to arrive first. Blocks the thread.
    ///
    /// # Errors
    /// [`OpenError`] if anything is not what the key encrypted. What came before is authentic, but is not all.
    pub fn next(&mut self, body: &FileSource, whole: bool) -> Result<Option<Vec<Part>>, OpenError> {
        if body.len() < HEADER as u64 && !whole {
            return Ok(Some(Vec::new()));
        }
        let begun = match &mut self.begun {
            Some(begun) => begun,
            begun => {
                let head = body.read_now(0..body.len().min(HEADER as u64))?;
                let header = Header::parse_share(&head)?;
                let (cipher, base) = Aes128Gcm::derive(&self.key, &header.salt)?;
                begun.insert(Begun {
                    header,
                    cipher,
                    base,
                })
            }
        };
        let records = match whole {
            true => Records::new(&begun.header, body.len())?,
            false => Records::arriving(&begun.header, body.len()),
        };
        // The last of what is here may be a part of a record, and is the last of all only if all is here.
        let count = records.count().saturating_sub(u64::from(!whole));
        if whole && self.next >= count {
            std::mem::take(&mut self.archive).finish()?;
            return Ok(None);
        }
        let numbers = self.next..count.min(self.next + RECORDS_AT_ONCE);
        if numbers.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let mut parts = Vec::new();
        for number in numbers {
            let place = records.range(number);
            let mut record = vec![0; (place.end - place.start) as usize];
            body.read_into(place.start, &mut record)?;
            let last = whole && records.is_last(number);
            let opened = record::open(&begun.cipher, &begun.base, number, record, last);
            parts.extend(self.archive.push_owned(now(opened)?)?);
            self.next = number + 1;
        }
        Ok(Some(parts))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use base64::Engine as _;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    use serde_json::Value;
    use sha2::{Digest, Sha256};

    use super::*;

    fn file(path: &str, len: usize) -> Entry {
        Entry {
            path: path.to_owned(),
            folder: false,
            len: len as u64,
            media_type: None,
        }
    }

    /// A new file with these bytes.
    fn on_disk(directory: &Path, name: &str, bytes: &[u8]) -> FileSource {
        let path = directory.join(name);
        fs::write(&path, bytes).unwrap();
        FileSource::open(&path).unwrap()
    }

    /// Everything in a body: the entries, and the bytes of all of them together.
    fn opened(body: FileSource, key: &Key) -> Result<(Vec<Entry>, Vec<u8>), OpenError> {
        let mut opening = Opening::new(key.clone());
        let (mut entries, mut bytes) = (Vec::new(), Vec::new());
        while let Some(parts) = opening.next(&body, true)? {
            for part in parts {
                match part {
                    Part::Entry(entry) => entries.push(entry),
                    Part::Bytes(more) => bytes.extend(more),
                }
            }
        }
        Ok((entries, bytes))
    }

    /// The bytes of the vectors; `tests/vectors/README.md` says how they are made.
    fn stream(len: usize) -> Vec<u8> {
        let mut x: u32 = 2_463_534_242;
        let mut bytes = Vec::with_capacity(len);
        for _ in 0..len {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            bytes.push(x as u8);
        }
        bytes
    }

    #[test]
    fn the_examples_of_the_rfc_are_opened() {
        // RFC 8188, sections 3.1 and 3.2.
        for (key, body, count) in [
            (
                "yqdlZ-tYemfogSmv7Ws5PQ",
                "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg",
                1,
            ),
            (
                "BO3ZVPxUlnLORbVGMpbT1Q",
                "uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA",
                2,
            ),
        ] {
            let key: Key = key.parse().unwrap();
            let body = BASE64_URL_SAFE_NO_PAD.decode(body).unwrap();
            let header = Header::parse(&body).unwrap();
            assert_eq!(header.bytes(), body[..header.bytes().len()]);
            assert!(Header::parse_share(&body).is_err(), "it is no share");
            let records = Records::new(&header, body.len() as u64).unwrap();
            assert_eq!(records.count(), count);
            let (cipher, base) = Aes128Gcm::derive(&key, &header.salt).unwrap();
            let mut plain = Vec::new();
            for number in 0..count {
                let range = records.range(number);
                let record = body[range.start as usize..range.end as usize].to_vec();
                let last = records.is_last(number);
                plain.extend(now(record::open(&cipher, &base, number, record, last)).unwrap());
            }
            assert_eq!(plain, b"I am the walrus");
        }
    }

    #[test]
    fn bodies_of_another_implementation_are_opened_and_made_alike() {
        let directory = tempfile::tempdir().unwrap();
        let vectors: Vec<Value> =
            serde_json::from_str(include_str!("../../../tests/vectors/private.json")).unwrap();
        assert!(!vectors.is_empty());
        for vector in vectors {
            let about = &vector["about"];
            let key: Key = vector["key"].as_str().unwrap().parse().unwrap();
            let entries: Vec<Entry> = vector["entries"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| Entry {
                    path: entry["path"].as_str().unwrap().to_owned(),
                    folder: entry["folder"] == true,
                    len: entry["size"].as_u64().unwrap_or(0),
                    media_type: entry["type"].as_str().map(str::to_owned),
                })
                .collect();
            let contents = entries.iter().map(|entry| stream(entry.len as usize));
            let contents: Vec<Vec<u8>> = contents.collect();
            if let Some(body) = vector["body"].as_str() {
                let body = BASE64_STANDARD.decode(body).unwrap();
                let body = on_disk(directory.path(), "body", &body);
                let read = opened(body, &key).unwrap();
                assert_eq!(read, (entries.clone(), contents.concat()), "{about}");
            }
            // Where no pax records are needed, there is one way to write the archive.
            let plain = |entry: &Entry| {
                entry.media_type.is_none() && entry.path.is_ascii() && entry.path.len() < 100
            };
            if vector["record"] == record::RECORD && entries.iter().all(plain) {
                let salt = hex(vector["salt"].as_str().unwrap()).try_into().unwrap();
                let sources = contents
                    .iter()
                    .enumerate()
                    .map(|(number, bytes)| on_disk(directory.path(), &number.to_string(), bytes));
                let entries = entries.into_iter().zip(sources).collect();
                let sealed = Sealed::with_salt(entries, &key, salt).unwrap();
                assert_eq!(sealed.len(), vector["size"], "{about}");
                let mut hasher = Sha256::new();
                sealed
                    .read(0..sealed.len(), |bytes| hasher.update(bytes))
                    .unwrap();
                let digest = hasher.finalize().to_vec();
                assert_eq!(digest, hex(vector["sha256"].as_str().unwrap()), "{about}");
            }
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(digits).collect()
    }

    /// A body of five records, and the file in it.
    fn body(directory: &Path, key: &Key) -> (FileSource, Vec<u8>) {
        let bytes = stream(4 * CONTENT + 1000);
        let source = on_disk(directory, "plain", &bytes);
        let entries = vec![(file("plain", bytes.len()), source)];
        (FileSource::sealed(entries, key).unwrap(), bytes)
    }

    #[test]
    fn every_slice_is_that_of_the_whole() {
        let directory = tempfile::tempdir().unwrap();
        let key = Key::new([1; 16]);
        let (source, bytes) = body(directory.path(), &key);
        let whole = source.read_now(0..source.len()).unwrap();
        let record = u64::from(record::RECORD);
        for start in [
            0,
            1,
            20,
            21,
            22,
            600,
            21 + record - 1,
            21 + record,
            3 * record,
        ] {
            for len in [0, 1, 21, 512, record, 2 * record + 5, source.len() - start] {
                let range = start..(start + len).min(source.len());
                let slice = source.read_now(range.clone()).unwrap();
                assert!(
                    slice == whole[range.start as usize..range.end as usize],
                    "{range:?}"
                );
            }
        }
        assert!(source.read_now(1..source.len() + 1).is_err());
        let (entries, read) = opened(source, &key).unwrap();
        assert_eq!(entries, [file("plain", bytes.len())]);
        assert!(read == bytes);
    }

    #[test]
    fn the_same_file_shared_twice_is_two_bodies() {
        let directory = tempfile::tempdir().unwrap();
        let source = on_disk(directory.path(), "a", b"bytes");
        let key = Key::new([1; 16]);
        let sealed = || {
            let body = FileSource::sealed(vec![(file("a", 5), source.clone())], &key).unwrap();
            body.read_now(0..body.len()).unwrap()
        };
        assert_ne!(sealed(), sealed());
    }

    #[test]
    fn a_file_that_changes_is_noticed_and_not_named() {
        let directory = tempfile::tempdir().unwrap();
        let key = Key::new([1; 16]);
        let (source, _) = body(directory.path(), &key);
        source.check().unwrap();
        let path = directory.path().join("plain");
        fs::write(&path, "other").unwrap();
        let failed = [source.check(), source.read_now(70_000..90_000).map(drop)];
        for failed in failed {
            let Err(StoreError::Gone(why)) = failed else {
                panic!("{failed:?}");
            };
            assert!(!why.contains("plain"), "{why}");
        }
    }

    /// What opening a body with these bytes ends with, and the bytes of the file that came before.
    fn end_of(directory: &Path, body: &[u8], key: &Key) -> (Result<(), OpenError>, Vec<u8>) {
        let source = on_disk(directory, "tampered", body);
        let mut came = Vec::new();
        let mut open = || {
            let mut opening = Opening::new(key.clone());
            while let Some(parts) = opening.next(&source, true)? {
                for part in parts {
                    if let Part::Bytes(more) = part {
                        came.extend(more);
                    }
                }
            }
            Ok(())
        };
        let ended = open();
        (ended, came)
    }

    #[test]
    fn a_body_that_was_tampered_with_is_refused_where_that_is() {
        use RecordError::{Altered, Header as NoShare, Key as Wrong, Truncated};
        let directory = tempfile::tempdir().unwrap();
        let key = Key::new([1; 16]);
        let (source, bytes) = body(directory.path(), &key);
        let whole = source.read_now(0..source.len()).unwrap().to_vec();
        let size = record::RECORD as usize;
        let at = |number: usize| HEADER + number * size;
        let flipped = |place: usize, bit: u8| {
            let mut body = whole.clone();
            body[place] ^= bit;
            body
        };
        let piece = |number: usize| whole[at(number)..whole.len().min(at(number + 1))].to_vec();
        let of = |numbers: &[usize]| {
            let mut body = whole[..HEADER].to_vec();
            numbers
                .iter()
                .for_each(|number| body.extend(piece(*number)));
            body
        };
        let mut cases = vec![
            ("swapped", of(&[0, 2, 1, 3, 4]), Altered(1)),
            ("swapped with the first", of(&[1, 0, 2, 3, 4]), Wrong),
            ("twice", of(&[0, 1, 1, 2, 3, 4]), Altered(2)),
            ("dropped", of(&[0, 1, 3, 4]), Altered(2)),
            ("the first dropped", of(&[1, 2, 3, 4]), Wrong),
            ("the last dropped", of(&[0, 1, 2, 3]), Truncated),
            ("one left", of(&[0]), Truncated),
            ("the last twice", of(&[0, 1, 2, 3, 4, 4]), Altered(4)),
            (
                "appended",
                [whole.clone(), vec![0; 40]].concat(),
                Altered(4),
            ),
            (
                "a byte appended",
                [whole.clone(), vec![0]].concat(),
                Altered(4),
            ),
            ("the salt", flipped(3, 1), Wrong),
            ("a smaller record size", flipped(17, 1), NoShare),
            ("a larger record size", flipped(19, 1), NoShare),
            ("a key id", flipped(20, 1), NoShare),
            ("no records", whole[..HEADER].to_vec(), Truncated),
            ("a part of the header", whole[..10].to_vec(), NoShare),
            ("nothing", Vec::new(), NoShare),
            (
                "a part of a record",
                whole[..at(2) + 100].to_vec(),
                Altered(2),
            ),
            ("less than a tag", whole[..at(2) + 10].to_vec(), Truncated),
            (
                "the last byte",
                whole[..whole.len() - 1].to_vec(),
                Altered(4),
            ),
        ];
        for number in 0..5 {
            let error = match number {
                0 => Wrong,
                number => Altered(number as u64),
            };
            let end = whole.len().min(at(number + 1));
            for place in [at(number), end - TAG - 1, end - 1] {
                cases.push(("a flipped bit", flipped(place, 0x80), error));
            }
        }
        for (about, body, expected) in cases {
            let (ended, came) = end_of(directory.path(), &body, &key);
            match ended {
                Err(OpenError::Record(error)) => assert_eq!(error, expected, "{about}"),
                other => panic!("{about}: {other:?}"),
            }
            // What came is what comes before the record that is wrong.
            let right = match expected {
                Altered(number) => number as usize,
                Truncated => 4,
                NoShare | Wrong | RecordError::Cipher => 0,
            };
            assert!(came.len() <= right * CONTENT, "{about}: {}", came.len());
            assert!(bytes.starts_with(&came), "{about}");
        }
        let (ended, came) = end_of(directory.path(), &whole, &Key::new([2; 16]));
        assert!(matches!(ended, Err(OpenError::Record(Wrong))) && came.is_empty());
        let plain = b"a plain file of more than twenty bytes";
        let (ended, came) = end_of(directory.path(), plain, &key);
        assert!(matches!(ended, Err(OpenError::Record(NoShare))) && came.is_empty());
    }

    #[test]
    fn a_body_is_opened_while_it_arrives() {
        let directory = tempfile::tempdir().unwrap();
        let key = Key::new([1; 16]);
        let (source, bytes) = body(directory.path(), &key);
        let whole = source.read_now(0..source.len()).unwrap();
        let path = directory.path().join("arriving");
        assert!(FileSource::growing(&path).is_empty(), "nothing is there");
        let mut opening = Opening::new(key.clone());
        let mut came = Vec::new();
        let mut take = |parts: Vec<Part>| {
            for part in parts {
                if let Part::Bytes(more) = part {
                    came.extend(more);
                }
            }
            came.len()
        };
        let record = record::RECORD as usize;
        // A record is opened once a byte of the next one is here: until then it may be the last.
        for (here, opened) in [
            (0, 0),
            (5, 0),
            (HEADER, 0),
            (HEADER + record, 0),
            (HEADER + record + 1, CONTENT - tar::BLOCK),
            (HEADER + 2 * record, CONTENT - tar::BLOCK),
            (HEADER + 4 * record + 20, 4 * CONTENT - tar::BLOCK),
            (whole.len(), 4 * CONTENT - tar::BLOCK),
        ] {
            fs::write(&path, &whole[..here]).unwrap();
            let parts = opening.next(&FileSource::growing(&path), false).unwrap();
            assert_eq!(take(parts.unwrap()), opened, "{here}");
        }
        let body = FileSource::growing(&path);
        while let Some(parts) = opening.next(&body, true).unwrap() {
            take(parts);
        }
        assert!(came == bytes);
        // A wrong key is noticed with the first record.
        let mut opening = Opening::new(Key::new([2; 16]));
        fs::write(&path, &whole[..HEADER + record + 1]).unwrap();
        let opened = opening.next(&FileSource::growing(&path), false);
        assert!(matches!(opened, Err(OpenError::Record(RecordError::Key))));
    }

    #[test]
    fn what_others_could_not_open_is_not_shared() {
        let empty = || FileSource::empty();
        let deep = vec!["d"; 200].join("/");
        for path in [deep.as_str(), "a/../b", ""] {
            let sealed = FileSource::sealed(vec![(file(path, 0), empty())], &Key::new([1; 16]));
            assert!(matches!(sealed, Err(SealError::Archive(_))), "{path}");
        }
    }

    #[tokio::test]
    async fn a_store_writes_down_neither_key_nor_name_and_reads_in_place() {
        use fluence::content::{Block, Dag, DagFile};
        use fluence::ports::{Partial, Store};
        use fluence::state::ItemId;
        let home = tempfile::tempdir().unwrap();
        let key = Key::new([0xab; 16]);
        let (source, _) = body(home.path(), &key);
        let store = super::super::FileStore::open(home.path().join("store")).unwrap();
        let id = ItemId("0123456789abcdef0123456789abcdef".to_owned());
        let mut partial = store.partial(&id).await.unwrap();
        let len = source.len();
        partial.adopt(source.clone(), 0..len).await.unwrap();
        partial.flush().await.unwrap();
        // What is being written is found again, as long as the process runs.
        drop(partial);
        let partial = store.partial(&id).await.unwrap();
        assert_eq!(partial.len(), len);
        let root = fluence::names::cid_v1(0x55, &[7; 32]);
        let dag = Dag {
            root,
            blocks: vec![Block {
                cid: root,
                prefix: bytes::Bytes::new(),
                len,
                suffix: bytes::Bytes::new(),
            }],
            files: vec![DagFile {
                path: String::new(),
                offset: 0,
                len,
            }],
        };
        partial.finish(dag).await.unwrap();
        assert_eq!(store.own_file(&id), None, "nothing was copied");
        let (stored, _) = store.open(&id).await.unwrap();
        let whole = source.read_now(0..len).unwrap();
        assert!(stored.read(0..len).await.unwrap() == whole);
        let hash = stored.sha256("<".into(), 5..len, ">".into()).await.unwrap();
        let expected = [b"<", &whole[5..], b">"].concat();
        assert_eq!(hash, <[u8; 32]>::from(Sha256::digest(expected)));

        let written = fs::read(home.path().join("store").join(&id.0).join("dag")).unwrap();
        for secret in [&key.bytes()[..], key.text().as_bytes(), b"plain"] {
            let found = written.windows(secret.len()).any(|part| part == secret);
            assert!(!found, "{secret:?}");
        }
        // Another process cannot make it.
        let other = super::super::FileStore::open(home.path().join("store")).unwrap();
        assert!(matches!(other.open(&id).await, Err(StoreError::Gone(_))));
        let sealed = Arc::new(Sealed::new(Vec::new(), &key).unwrap());
        assert_eq!(
            format!("{sealed:?}"),
            format!("Sealed({:032x})", sealed.token)
        );
    }
}
