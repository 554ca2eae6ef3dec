//! Opens a private share while it arrives.

use std::collections::VecDeque;

use fluence::private::Key;
use fluence::private::record::{self, HEADER, Header, Nonce, RECORD};
use fluence::private::tar::{Part, Reader};
use futures::future::try_join_all;

use crate::cipher::Cipher;
use crate::text::Trouble;

/// The encrypted body so far. It holds no more than a record, and what came last.
pub struct Opening {
    key: Key,
    /// What was not decrypted yet.
    sealed: Vec<u8>,
    /// The cipher, once the header is here.
    cipher: Option<(Cipher, Nonce)>,
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
    pub async fn push(&mut self, bytes: &[u8]) -> Result<VecDeque<Part>, Trouble> {
        self.sealed.extend_from_slice(bytes);
        if self.cipher.is_none() && self.sealed.len() > HEADER {
            self.begin().await?;
        }
        if self.cipher.is_none() {
            return Ok(VecDeque::new());
        }
        // Only the last record says that it is the last, so it is not opened before something follows or nothing comes.
        let whole = self.sealed.len().saturating_sub(1) / RECORD as usize;
        let records = self.sealed.drain(..whole * RECORD as usize);
        let records: Vec<u8> = records.collect();
        self.records(records.chunks(RECORD as usize), false).await
    }

    /// Opens the last record, and returns what it brings, if nothing is missing.
    pub async fn end(mut self) -> Result<VecDeque<Part>, Trouble> {
        if self.cipher.is_none() {
            self.begin().await?;
        }
        let record = std::mem::take(&mut self.sealed);
        let parts = self.records([&record[..]].into_iter(), true).await?;
        self.reader.finish()?;
        Ok(parts)
    }

    async fn begin(&mut self) -> Result<(), Trouble> {
        let header = Header::parse_share(&self.sealed[..HEADER.min(self.sealed.len())])?;
        self.cipher = Some(Cipher::derive(&self.key, &header.salt).await?);
        self.sealed.drain(..HEADER);
        Ok(())
    }

    /// Opens the next records, all at the same time. If they are the last ones, there is one.
    async fn records(
        &mut self,
        records: impl ExactSizeIterator<Item = &[u8]>,
        last: bool,
    ) -> Result<VecDeque<Part>, Trouble> {
        let Some((cipher, base)) = &self.cipher else {
            return Err(record::RecordError::Header.into());
        };
        let first = self.number;
        self.number += records.len() as u64;
        let opening = (first..)
            .zip(records)
            .map(|(number, record)| record::open(cipher, base, number, record.to_vec(), last));
        let mut parts = VecDeque::new();
        for content in try_join_all(opening).await? {
            parts.extend(self.reader.push_owned(content)?);
        }
        Ok(parts)
    }
}
