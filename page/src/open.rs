//! Opens a private share while it arrives. What is decrypted stays in the browser's memory: this program reads only what the
//! archive says of the files.

use std::collections::VecDeque;

use fluence::private::Key;
use fluence::private::record::{
    self, CONTENT, HEADER, Header, KEY_INFO, MORE, NONCE_INFO, Nonce, RECORD, RecordError, nonce,
};
use fluence::private::tar::{Entry, Part, Reader};
use futures::future::try_join_all;
use js_sys::Uint8Array;
use web::crypto::AesGcm;

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

/// The encrypted body so far. It holds no more than a record, and what came last.
pub struct Opening {
    key: Key,
    /// What was not decrypted yet.
    sealed: Vec<u8>,
    /// The cipher, once the header is here.
    cipher: Option<(AesGcm, Nonce)>,
    /// The number of the next record.
    number: u64,
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
        let header = Header::parse_share(&self.sealed[..HEADER.min(self.sealed.len())])?;
        let infos = [KEY_INFO, NONCE_INFO];
        let derived = AesGcm::derive(self.key.bytes(), &header.salt, infos).await;
        self.cipher = Some(derived.map_err(|_| RecordError::Cipher)?);
        self.sealed.drain(..HEADER);
        Ok(())
    }

    /// Opens the records that are the first bytes, all at the same time. If they are the last ones, there is one.
    async fn records(&mut self, len: usize, last: bool) -> Result<VecDeque<Brought>, Trouble> {
        let (cipher, base) = self.cipher.as_ref().ok_or(RecordError::Header)?;
        let sealed = &self.sealed[..len];
        // An empty body has one record too: its end is missing.
        let records = sealed.chunks(RECORD as usize);
        let records: Vec<&[u8]> = if sealed.is_empty() {
            vec![&[]]
        } else {
            records.collect()
        };
        let opening = (self.number..).zip(&records).map(|(number, record)| {
            let opened = cipher.open(&nonce(base, number), record);
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
        let contents = try_join_all(opening).await?;
        self.number += records.len() as u64;
        let mut brought = VecDeque::new();
        for content in contents {
            let content = match content {
                Content::Full(bytes) if CONTENT as u64 <= self.reader.left() => {
                    self.reader.skip(CONTENT as u64);
                    brought.push_back(Brought::Bytes(bytes));
                    continue;
                }
                Content::Full(bytes) => bytes.to_vec(),
                Content::Other(bytes) => bytes,
            };
            let parts = self.reader.push_owned(content)?;
            brought.extend(parts.into_iter().map(|part| match part {
                Part::Entry(entry) => Brought::Entry(entry),
                Part::Bytes(bytes) => Brought::Bytes(Uint8Array::from(&bytes[..])),
            }));
        }
        Ok(brought)
    }
}

/// Whether this is the content of a full record that is not the last one, with its delimiter.
fn is_full(content: &Uint8Array) -> bool {
    content.length() == CONTENT as u32 + 1 && content.get_index(CONTENT as u32) == MORE
}
