//! Opens a private share while it arrives.

use std::collections::VecDeque;

use fluence::private::Key;
use fluence::private::record::{self, HEADER, Header, Nonce, RECORD};
use fluence::private::tar::{Part, Reader};

use crate::cipher::Cipher;
use crate::text::Trouble;

/// The encrypted body so far. It holds no more than two records.
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
        let mut parts = VecDeque::new();
        if self.cipher.is_none() && self.sealed.len() > HEADER {
            self.begin().await?;
        }
        // Only the last record says that it is the last, so it is not opened before something follows or nothing comes.
        while self.cipher.is_some() && self.sealed.len() > RECORD as usize {
            let rest = self.sealed.split_off(RECORD as usize);
            let record = std::mem::replace(&mut self.sealed, rest);
            parts.extend(self.record(record, false).await?);
        }
        Ok(parts)
    }

    /// Opens the last record, and returns what it brings, if nothing is missing.
    pub async fn end(mut self) -> Result<VecDeque<Part>, Trouble> {
        if self.cipher.is_none() {
            self.begin().await?;
        }
        let record = std::mem::take(&mut self.sealed);
        let parts = self.record(record, true).await?;
        self.reader.finish()?;
        Ok(parts)
    }

    async fn begin(&mut self) -> Result<(), Trouble> {
        let header = Header::parse_share(&self.sealed[..HEADER.min(self.sealed.len())])?;
        self.cipher = Some(Cipher::derive(&self.key, &header.salt).await?);
        self.sealed.drain(..HEADER);
        Ok(())
    }

    async fn record(&mut self, record: Vec<u8>, last: bool) -> Result<VecDeque<Part>, Trouble> {
        let Some((cipher, base)) = &self.cipher else {
            return Err(record::RecordError::Header.into());
        };
        let content = record::open(cipher, base, self.number, record, last).await?;
        self.number += 1;
        Ok(self.reader.push(&content)?)
    }
}
