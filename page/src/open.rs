//! Opens a private share while it arrives, or from anywhere in it. What is decrypted stays in the browser's memory: this
//! program reads only what the archive says of the files.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use fluence::private::Key;
use fluence::private::record::{
    self, CONTENT, HEADER, Header, KEY_INFO, MORE, NONCE_INFO, Nonce, OVERHEAD, RECORD,
    RecordError, Records, SALT, nonce,
};
use fluence::private::tar::{Entry, Part, Reader, TarError};
use futures::future::try_join_all;
use js_sys::Uint8Array;
use web::crypto::AesGcm;

use crate::reading::{Body, Stretch};
use crate::text::Trouble;

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

/// The cipher of a body, and what its nonces are made from.
struct Cipher {
    cipher: AesGcm,
    base: Nonce,
}

impl Cipher {
    /// The cipher of a body that begins with these bytes.
    async fn of(key: &Key, beginning: &[u8]) -> Result<Self, RecordError> {
        let header = Header::parse_share(&beginning[..HEADER.min(beginning.len())])?;
        let infos = [KEY_INFO, NONCE_INFO];
        let derived = AesGcm::derive(key.bytes(), &header.salt, infos).await;
        let (cipher, base) = derived.map_err(|_| RecordError::Cipher)?;
        Ok(Self { cipher, base })
    }

    /// Opens the records that are these bytes, from this number on, all at the same time. If they are the last ones, there
    /// is one.
    async fn open(
        &self,
        first: u64,
        sealed: &[u8],
        last: bool,
    ) -> Result<Vec<Content>, RecordError> {
        // An empty body has one record too: its end is missing.
        let records = sealed.chunks(RECORD as usize);
        let records: Vec<&[u8]> = if sealed.is_empty() {
            vec![&[]]
        } else {
            records.collect()
        };
        let ends = records.len() - 1;
        let opening = (first..)
            .zip(records)
            .enumerate()
            .map(|(at, (number, record))| {
                let opened = self.cipher.open(&nonce(&self.base, number), record);
                let last = last && at == ends;
                async move {
                    let opened = opened.await;
                    match opened {
                        Some(content) if !last && is_full(&content) => {
                            Ok(Content::Full(content.subarray(0, CONTENT as u32)))
                        }
                        other => {
                            let other = other.map(|content| content.to_vec());
                            record::content(other, number, last).map(Content::Other)
                        }
                    }
                }
            });
        try_join_all(opening).await
    }
}

/// Whether this is the content of a full record that is not the last one, with its delimiter.
fn is_full(content: &Uint8Array) -> bool {
    content.length() == CONTENT as u32 + 1 && content.get_index(CONTENT as u32) == MORE
}

/// The encrypted body so far. It holds no more than a record, and what came last.
pub struct Opening {
    key: Key,
    /// What was not decrypted yet.
    sealed: Vec<u8>,
    /// The cipher, once the header is here.
    cipher: Option<Rc<Cipher>>,
    /// The number of the next record.
    number: u64,
    /// The number of bytes of the archive so far.
    archive: u64,
    reader: Reader,
}

impl Opening {
    /// A body that is opened with this key.
    pub fn new(key: Key) -> Self {
        Self {
            key,
            sealed: Vec::new(),
            cipher: None,
            number: 0,
            archive: 0,
            reader: Reader::default(),
        }
    }

    /// Takes the next bytes, and returns what they bring. All of it is authentic.
    pub async fn push(&mut self, bytes: &[u8]) -> Result<VecDeque<Brought>, Trouble> {
        self.sealed.extend_from_slice(bytes);
        if self.cipher.is_none() && self.sealed.len() > HEADER {
            self.begin().await?;
        }
        // Only the last record says that it is the last, so it is not opened before something follows or nothing comes.
        let whole = self.sealed.len().saturating_sub(1) / RECORD as usize;
        if self.cipher.is_none() || whole == 0 {
            return Ok(VecDeque::new());
        }
        let len = whole * RECORD as usize;
        let brought = self.records(len, false).await?;
        self.sealed.drain(..len);
        Ok(brought)
    }

    /// Opens the last record, and returns what it brings, if nothing is missing.
    pub async fn end(mut self) -> Result<VecDeque<Brought>, Trouble> {
        if self.cipher.is_none() {
            self.begin().await?;
        }
        let brought = self.records(self.sealed.len(), true).await?;
        self.reader.finish()?;
        Ok(brought)
    }

    async fn begin(&mut self) -> Result<(), Trouble> {
        let cipher = Cipher::of(&self.key, &self.sealed).await?;
        self.cipher = Some(Rc::new(cipher));
        self.sealed.drain(..HEADER);
        Ok(())
    }

    /// Opens the records that are the first bytes. If they are the last ones, there is one.
    async fn records(&mut self, len: usize, last: bool) -> Result<VecDeque<Brought>, Trouble> {
        let cipher = self.cipher.as_ref().ok_or(RecordError::Header)?;
        let contents = cipher.open(self.number, &self.sealed[..len], last).await?;
        self.number += contents.len() as u64;
        let mut brought = VecDeque::new();
        for content in contents {
            let content = match content {
                Content::Full(bytes) => {
                    self.archive += CONTENT as u64;
                    if CONTENT as u64 <= self.reader.left() {
                        self.reader.skip(CONTENT as u64);
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
        // The header was that of a share, whose records have one size.
        let records = Records::new(&Header::of_share([0; SALT]), size)?;
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
        let first = archive.start / CONTENT as u64;
        let end = archive
            .end
            .div_ceil(CONTENT as u64)
            .min(self.records.count());
        let last = end == self.records.count();
        let sealed = self.records.range(first).start..match end {
            0 => 0,
            end => self.records.range(end - 1).end,
        };
        Unsealing {
            cipher: Rc::clone(&self.cipher),
            sealed: Vec::new(),
            coming: self.body.read(sealed),
            number: first,
            last,
            skip: archive.start % CONTENT as u64,
            left: archive.end - archive.start,
            opened: VecDeque::new(),
        }
    }
}

/// Bytes that are being fetched and opened.
pub struct Unsealing {
    cipher: Rc<Cipher>,
    /// What was not decrypted yet.
    sealed: Vec<u8>,
    coming: Stretch,
    /// The number of the next record.
    number: u64,
    /// Whether the last record that comes is that of the body.
    last: bool,
    /// How many bytes of the next record were not asked for.
    skip: u64,
    /// How many bytes are to be returned.
    left: u64,
    opened: VecDeque<Uint8Array>,
}

impl Unsealing {
    /// The next bytes, all of which are authentic; `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Uint8Array>, Trouble> {
        loop {
            if let Some(bytes) = self.opened.pop_front() {
                return Ok(Some(bytes));
            }
            if self.left == 0 {
                return Ok(None);
            }
            let ended = match self.coming.next().await? {
                Some(bytes) => {
                    self.sealed.extend_from_slice(&bytes);
                    false
                }
                None => true,
            };
            // The last record of the body is known by nothing following it.
            let kept = usize::from(self.last);
            let len = if ended {
                self.sealed.len()
            } else {
                self.sealed.len().saturating_sub(kept) / RECORD as usize * RECORD as usize
            };
            if len == 0 && ended {
                // What is authentic has fewer bytes than it could have.
                return Err(Trouble::not_shown());
            }
            if len == 0 {
                continue;
            }
            let last = ended && self.last;
            let opened = self
                .cipher
                .open(self.number, &self.sealed[..len], last)
                .await?;
            self.sealed.drain(..len);
            self.number += opened.len() as u64;
            let count = opened.len();
            for (at, content) in opened.into_iter().enumerate() {
                let bytes = match content {
                    Content::Full(bytes) => bytes,
                    Content::Other(bytes) if last && at + 1 == count => {
                        Uint8Array::from(&bytes[..])
                    }
                    Content::Other(_) => return Err(Trouble::not_shown()),
                };
                let len = u64::from(bytes.length());
                let from = len.min(std::mem::take(&mut self.skip));
                let to = len.min(from + self.left);
                self.left -= to - from;
                if to > from {
                    self.opened
                        .push_back(bytes.subarray(from as u32, to as u32));
                }
            }
        }
    }
}
