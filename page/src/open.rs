//! Opens a private share while it arrives, or from anywhere in it. What is decrypted stays in the browser's memory: this
//! program reads only what the archive says of the files.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use fluence::private::Key;
use fluence::private::record::{
    self, HEADER, Header, KEY_INFO, MORE, NONCE_INFO, Nonce, OVERHEAD, RecordError, Records, nonce,
};
use fluence::private::tar::{Entry, Part, Reader, TarError};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use js_sys::Uint8Array;
use web::crypto::AesGcm;

use crate::reading::{Body, Stretch};
use crate::text::Trouble;

/// How many records are being opened while the next bytes are fetched.
const AHEAD: usize = 8;

/// What a private share brings.
pub enum Brought {
    /// A file or a folder begins.
    Entry(Entry),
    /// The next bytes of the file that began last.
    Bytes(Uint8Array),
}

/// The content of a record.
enum Content {
    /// All that a record can have.
    Full(Uint8Array),
    Other(Vec<u8>),
}

/// The cipher of a body, what its nonces are made from, and its header.
struct Cipher {
    cipher: AesGcm,
    base: Nonce,
    header: Header,
}

impl Cipher {
    /// The cipher of a body that begins with these bytes.
    async fn of(key: &Key, beginning: &[u8]) -> Result<Self, RecordError> {
        let header = Header::parse_share(&beginning[..HEADER.min(beginning.len())])?;
        let infos = [KEY_INFO, NONCE_INFO];
        let derived = AesGcm::derive(key.bytes(), &header.salt, infos).await;
        let (cipher, base) = derived.map_err(|_| RecordError::Cipher)?;
        Ok(Self {
            cipher,
            base,
            header,
        })
    }

    /// The size of a full record in bytes.
    fn record(&self) -> usize {
        self.header.record_size as usize
    }

    /// The content of a full record in bytes.
    fn content(&self) -> usize {
        self.record() - OVERHEAD
    }

    /// Begins to open a record. The browser copies it at once, and works while this program does other things.
    fn begin(&self, number: u64, record: &[u8], last: bool) -> Record {
        let opened = self.cipher.open(&nonce(&self.base, number), record);
        let full = self.content() as u32;
        async move {
            match opened.await {
                Some(content) if !last && is_full(&content, full) => {
                    Ok(Content::Full(content.subarray(0, full)))
                }
                other => {
                    let other = other.map(|content| content.to_vec());
                    record::content(other, number, last).map(Content::Other)
                }
            }
        }
        .boxed_local()
    }
}

/// A record that is being opened.
type Record = LocalBoxFuture<'static, Result<Content, RecordError>>;

/// The records of a body, which come in pieces and are opened in their order, several at the same time.
struct Sealed {
    /// The number of the next record.
    number: u64,
    /// What has come of it. Only the last record says that it is the last, so none is begun before something follows it or
    /// nothing comes.
    next: Vec<u8>,
    /// The records before it.
    opening: VecDeque<Record>,
}

impl Sealed {
    /// The records of a body from this one on.
    fn at(number: u64) -> Self {
        Self {
            number,
            next: Vec::new(),
            opening: VecDeque::new(),
        }
    }

    /// Begins to open what is whole with the next bytes.
    fn push(&mut self, cipher: &Cipher, mut bytes: &[u8]) {
        let size = cipher.record();
        while !bytes.is_empty() {
            if self.next.len() == size {
                self.begin(cipher, false);
            }
            if self.next.is_empty() && bytes.len() > size {
                // Most records are in one piece, and are not put together first.
                let (record, rest) = bytes.split_at(size);
                self.opening
                    .push_back(cipher.begin(self.number, record, false));
                self.number += 1;
                bytes = rest;
                continue;
            }
            let missing = size - self.next.len();
            let (now, rest) = bytes.split_at(missing.min(bytes.len()));
            self.next.extend_from_slice(now);
            bytes = rest;
        }
    }

    /// Begins to open what has come of the next record, which nothing follows if it is the last one.
    fn begin(&mut self, cipher: &Cipher, last: bool) {
        let record = cipher.begin(self.number, &self.next, last);
        self.opening.push_back(record);
        self.number += 1;
        self.next.clear();
    }

    /// Whether no record is being opened.
    fn is_empty(&self) -> bool {
        self.opening.is_empty()
    }

    /// The content of the next record, if more than `ahead` are being opened.
    async fn next(&mut self, ahead: usize) -> Option<Result<Content, RecordError>> {
        if self.opening.len() <= ahead {
            return None;
        }
        let record = self.opening.front_mut()?;
        let content = record.await;
        self.opening.pop_front();
        Some(content)
    }
}

/// Whether this is the content of a full record that is not the last one, with its delimiter.
fn is_full(content: &Uint8Array, full: u32) -> bool {
    content.length() == full + 1 && content.get_index(full) == MORE
}

/// The encrypted body so far. It holds no more than [`AHEAD`] records, and what came last.
pub struct Opening {
    key: Key,
    /// What has come of the header.
    header: Vec<u8>,
    /// The cipher, once the header is here.
    cipher: Option<Rc<Cipher>>,
    sealed: Sealed,
    /// The number of bytes of the archive so far.
    archive: u64,
    reader: Reader,
}

impl Opening {
    /// A body that is opened with this key.
    pub fn new(key: Key) -> Self {
        Self {
            key,
            header: Vec::new(),
            cipher: None,
            sealed: Sealed::at(0),
            archive: 0,
            reader: Reader::default(),
        }
    }

    /// Takes the next bytes, and returns what earlier ones bring, all of which is authentic. The browser opens the last of
    /// them while the next ones are fetched.
    pub async fn push(&mut self, mut bytes: &[u8]) -> Result<VecDeque<Brought>, Trouble> {
        // What comes first says what all of it is, and is waited for.
        let ahead = if self.archive == 0 { 0 } else { AHEAD };
        if self.cipher.is_none() {
            let missing = HEADER - self.header.len();
            let (header, rest) = bytes.split_at(missing.min(bytes.len()));
            self.header.extend_from_slice(header);
            bytes = rest;
            if self.header.len() < HEADER {
                return Ok(VecDeque::new());
            }
        }
        let cipher = self.cipher().await?;
        self.sealed.push(&cipher, bytes);
        self.brought(ahead).await
    }

    /// Opens the last record, and returns what it and those before it bring, if nothing is missing.
    pub async fn end(mut self) -> Result<VecDeque<Brought>, Trouble> {
        let cipher = self.cipher().await?;
        // An empty body has one record too: its end is missing.
        self.sealed.begin(&cipher, true);
        let brought = self.brought(0).await?;
        self.reader.finish()?;
        Ok(brought)
    }

    async fn cipher(&mut self) -> Result<Rc<Cipher>, RecordError> {
        if let Some(cipher) = &self.cipher {
            return Ok(Rc::clone(cipher));
        }
        let cipher = Rc::new(Cipher::of(&self.key, &self.header).await?);
        Ok(Rc::clone(self.cipher.insert(cipher)))
    }

    /// What the records bring, but for the last `ahead` that are being opened.
    async fn brought(&mut self, ahead: usize) -> Result<VecDeque<Brought>, Trouble> {
        let mut brought = VecDeque::new();
        while let Some(content) = self.sealed.next(ahead).await {
            let content = match content? {
                Content::Full(bytes) => {
                    let len = u64::from(bytes.length());
                    self.archive += len;
                    if len <= self.reader.left() {
                        self.reader.skip(len);
                        brought.push_back(Brought::Bytes(bytes));
                        continue;
                    }
                    bytes.to_vec()
                }
                Content::Other(bytes) => {
                    self.archive += bytes.len() as u64;
                    bytes
                }
            };
            let parts = self.reader.push_owned(content)?;
            brought.extend(parts.into_iter().map(|part| match part {
                Part::Entry(entry) => Brought::Entry(entry),
                Part::Bytes(bytes) => Brought::Bytes(Uint8Array::from(&bytes[..])),
            }));
        }
        Ok(brought)
    }

    /// The file of `len` bytes that is under way, as one that is opened from anywhere in it, and the end of its body, which
    /// has `size` bytes.
    ///
    /// # Errors
    /// If the body cannot have an end.
    pub fn inside(&self, body: Body, size: u64, len: u64) -> Result<(Inside, End), Trouble> {
        let cipher = self.cipher.clone().ok_or(RecordError::Header)?;
        let records = Records::new(&cipher.header, size)?;
        let begin = (self.archive + self.reader.left()).checked_sub(len);
        let inside = Inside {
            body,
            cipher,
            records,
            begin: begin.ok_or(TarError::Header)?,
        };
        let archive = size - HEADER as u64 - records.count() * OVERHEAD as u64;
        let rest = inside.read(len..archive.saturating_sub(inside.begin));
        let mut reader = self.reader.clone();
        reader.skip(reader.left());
        Ok((inside, End { rest, reader }))
    }
}

/// What follows the only file of a private share. It shows that nothing was cut off.
pub struct End {
    rest: Unsealing,
    reader: Reader,
}

impl End {
    /// Fetches the end. Returns whether the bytes of the file are where they are looked for: other programs may have put
    /// something into the records that has to be read over.
    ///
    /// # Errors
    /// If it cannot be fetched, or is not the end.
    pub async fn check(mut self) -> Result<bool, Trouble> {
        loop {
            match self.rest.next().await {
                Ok(Some(bytes)) => match self.reader.push(&bytes.to_vec()) {
                    Ok(parts) if parts.is_empty() => {}
                    _ => return Ok(false),
                },
                Ok(None) => return Ok(self.reader.finish().is_ok()),
                Err(trouble) if trouble == Trouble::not_shown() => return Ok(false),
                Err(trouble) => return Err(trouble),
            }
        }
    }
}

/// The only file of a private share, which is opened from anywhere in it.
#[derive(Clone)]
pub struct Inside {
    body: Body,
    cipher: Rc<Cipher>,
    records: Records,
    /// Where the bytes of the file begin in the archive.
    begin: u64,
}

impl Inside {
    /// Reads bytes of the file.
    pub fn read(&self, range: Range<u64>) -> Unsealing {
        let archive = self.begin + range.start..self.begin + range.end.max(range.start);
        let content = self.records.content();
        let first = archive.start / content;
        let end = archive.end.div_ceil(content).min(self.records.count());
        let last = end == self.records.count();
        let sealed = self.records.range(first).start..match end {
            0 => 0,
            end => self.records.range(end - 1).end,
        };
        Unsealing {
            cipher: Rc::clone(&self.cipher),
            sealed: Sealed::at(first),
            coming: self.body.read(sealed),
            ended: false,
            last,
            skip: archive.start % content,
            left: archive.end - archive.start,
        }
    }
}

/// Bytes that are being fetched and opened.
pub struct Unsealing {
    cipher: Rc<Cipher>,
    sealed: Sealed,
    coming: Stretch,
    /// Whether all of it has come.
    ended: bool,
    /// Whether the last record that comes is that of the body.
    last: bool,
    /// How many bytes of the next record were not asked for.
    skip: u64,
    /// How many bytes are to be returned.
    left: u64,
}

impl Unsealing {
    /// The next bytes, all of which are authentic; `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Uint8Array>, Trouble> {
        while self.left > 0 {
            let Some(content) = self.sealed.next(0).await else {
                if self.ended {
                    // What is authentic has fewer bytes than it could have.
                    return Err(Trouble::not_shown());
                }
                match self.coming.next().await? {
                    Some(bytes) => self.sealed.push(&self.cipher, &bytes),
                    None => {
                        self.ended = true;
                        if !self.sealed.next.is_empty() {
                            self.sealed.begin(&self.cipher, self.last);
                        }
                    }
                }
                continue;
            };
            let bytes = match content? {
                Content::Full(bytes) => bytes,
                Content::Other(bytes) if self.ended && self.last && self.sealed.is_empty() => {
                    Uint8Array::from(&bytes[..])
                }
                Content::Other(_) => return Err(Trouble::not_shown()),
            };
            let len = u64::from(bytes.length());
            let from = len.min(std::mem::take(&mut self.skip));
            let to = len.min(from + self.left);
            self.left -= to - from;
            if to > from {
                return Ok(Some(bytes.subarray(from as u32, to as u32)));
            }
        }
        Ok(None)
    }
}
