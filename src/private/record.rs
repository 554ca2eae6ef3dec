//! The content coding `aes128gcm` (RFC 8188): a header, and records of one size, each encrypted and authenticated.

use std::future::Future;
use std::ops::Range;

/// The record size of private shares, in bytes. A browser takes as long to begin and end a record as to decrypt a hundred
/// kilobytes.
pub const RECORD: u32 = 262_144;
/// The record size of private shares that were made by earlier programs, in bytes. They are still opened.
pub const RECORD_BEFORE: u32 = 65_536;
/// The length of a header without a key id, in bytes: the salt, the record size, and the length of the key id.
pub const HEADER: usize = 21;
/// The length of a salt, in bytes.
pub const SALT: usize = 16;
/// The length of a nonce, in bytes.
pub const NONCE: usize = 12;
/// The length of the authentication tag at the end of each record, in bytes.
pub const TAG: usize = 16;
/// What each record has beside its content, in bytes: the delimiter and the tag.
pub const OVERHEAD: usize = 1 + TAG;
/// The most content of a record of a private share, in bytes.
pub const CONTENT: usize = RECORD as usize - OVERHEAD;
/// The `info` from which HKDF-SHA-256 derives the 16 bytes of the content encryption key, with the salt as its salt.
pub const KEY_INFO: &[u8] = b"Content-Encoding: aes128gcm\0";
/// The `info` from which HKDF-SHA-256 derives the 12 bytes that become the nonces.
pub const NONCE_INFO: &[u8] = b"Content-Encoding: nonce\0";

/// The largest record size that is read, in bytes: a record is in memory as a whole.
const MAX_RECORD: u32 = 1 << 20;
/// The smallest record size that the RFC allows, in bytes: one byte of content.
const MIN_RECORD: u32 = 18;
/// The delimiter of the last record.
pub const LAST: u8 = 2;
/// The delimiter of every other record.
pub const MORE: u8 = 1;

/// A nonce of AES-GCM.
pub type Nonce = [u8; NONCE];

/// Why a body cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It is not a body of this coding, or one with parameters that are not used here.
    #[error("it is not encrypted in the way of a private share")]
    Header,
    /// The first record is not authentic: another key encrypted it, or it was changed.
    #[error("the key does not open it")]
    Key,
    /// A record is not authentic, or not the one that belongs there.
    #[error("record {0} was changed")]
    Altered(u64),
    /// The last record is not there.
    #[error("its end is missing")]
    Truncated,
    /// The cipher itself failed.
    #[error("the cipher failed")]
    Cipher,
}

/// AES-128-GCM with one key. A browser's cipher is asynchronous, so both functions are; a native one returns futures that
/// are ready.
pub trait Cipher {
    /// Encrypts a record with no additional data, and appends the tag.
    ///
    /// # Errors
    /// [`RecordError::Cipher`] if the platform's cipher fails.
    fn seal(
        &self,
        nonce: Nonce,
        plain: Vec<u8>,
    ) -> impl Future<Output = Result<Vec<u8>, RecordError>>;
    /// Authenticates and decrypts a record with the tag at its end; `None` if it is not authentic.
    fn open(&self, nonce: Nonce, sealed: Vec<u8>) -> impl Future<Output = Option<Vec<u8>>>;
}

/// The header of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The salt, which makes the keys of each body its own.
    pub salt: [u8; SALT],
    /// The size of each record but the last, in bytes.
    pub record_size: u32,
    /// What names the key to those who have several; at most 255 bytes. Private shares have none.
    pub key_id: Vec<u8>,
}

impl Header {
    /// The header of a private share.
    pub fn of_share(salt: [u8; SALT]) -> Self {
        Self {
            salt,
            record_size: RECORD,
            key_id: Vec::new(),
        }
    }

    /// The header at the beginning of a body, which must be that of a private share. Anything else is refused, because a
    /// header is authenticated only as far as it changes the keys and the borders of records.
    ///
    /// # Errors
    /// [`RecordError::Header`].
    pub fn parse_share(body: &[u8]) -> Result<Self, RecordError> {
        let header = Self::parse(body)?;
        let is_share =
            [RECORD, RECORD_BEFORE].contains(&header.record_size) && header.key_id.is_empty();
        is_share.then_some(header).ok_or(RecordError::Header)
    }

    /// The header at the beginning of a body.
    ///
    /// # Errors
    /// [`RecordError::Header`] if it is cut off, or its record size is none that is read here.
    pub fn parse(body: &[u8]) -> Result<Self, RecordError> {
        let parts = || {
            let (salt, rest) = body.split_first_chunk()?;
            let (size, rest) = rest.split_first_chunk()?;
            let (id_len, rest) = rest.split_first()?;
            let header = Self {
                salt: *salt,
                record_size: u32::from_be_bytes(*size),
                key_id: rest.get(..usize::from(*id_len))?.to_vec(),
            };
            (MIN_RECORD..=MAX_RECORD)
                .contains(&header.record_size)
                .then_some(header)
        };
        parts().ok_or(RecordError::Header)
    }

    /// The header as bytes. A key id is cut to 255 bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let id_len = u8::try_from(self.key_id.len()).unwrap_or(u8::MAX);
        let mut bytes = self.salt.to_vec();
        bytes.extend(self.record_size.to_be_bytes());
        bytes.push(id_len);
        bytes.extend(&self.key_id[..usize::from(id_len)]);
        bytes
    }
}

/// Where the records of a body are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Records {
    header: u64,
    size: u64,
    len: u64,
}

impl Records {
    /// The records of a body of `len` bytes with this header.
    ///
    /// # Errors
    /// [`RecordError::Truncated`] if the last one is too short to be one, or there is none.
    pub fn new(header: &Header, len: u64) -> Result<Self, RecordError> {
        let records = Self::arriving(header, len);
        let rest = len.checked_sub(records.header).filter(|rest| *rest > 0);
        let last = rest.map_or(0, |rest| (rest - 1) % records.size + 1);
        if last < OVERHEAD as u64 {
            return Err(RecordError::Truncated);
        }
        Ok(records)
    }

    /// The records of the first `len` bytes of a body with this header. The last of them may be a part of one.
    pub fn arriving(header: &Header, len: u64) -> Self {
        Self {
            header: (HEADER + header.key_id.len()) as u64,
            size: u64::from(header.record_size),
            len,
        }
    }

    /// The records of the private share of `plain` bytes, of which there is at least one.
    pub fn of_share(plain: u64) -> Self {
        let count = plain.max(1).div_ceil(CONTENT as u64);
        Self {
            header: HEADER as u64,
            size: u64::from(RECORD),
            len: HEADER as u64 + plain + count * OVERHEAD as u64,
        }
    }

    /// The size of each record but the last, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The content of each record but the last, in bytes, where nothing is padded.
    pub fn content(&self) -> u64 {
        self.size - OVERHEAD as u64
    }

    /// The length of the body in bytes.
    pub fn body_len(&self) -> u64 {
        self.len
    }

    /// The number of records.
    pub fn count(&self) -> u64 {
        self.len.saturating_sub(self.header).div_ceil(self.size)
    }

    /// Whether this is the number of the last record.
    pub fn is_last(&self, number: u64) -> bool {
        number + 1 == self.count()
    }

    /// The bytes of a record in the body.
    pub fn range(&self, number: u64) -> Range<u64> {
        let start = self.header + number * self.size;
        start..self.len.min(start + self.size)
    }

    /// The numbers of the records of which these bytes of the body have a part.
    pub fn within(&self, range: &Range<u64>) -> Range<u64> {
        let start = range.start.saturating_sub(self.header) / self.size;
        let end = range
            .end
            .saturating_sub(self.header)
            .div_ceil(self.size)
            .min(self.count());
        start..end.max(start)
    }
}

/// Records of one body that follow one another, and are encrypted or decrypted together.
#[derive(Debug)]
pub struct Run<'a, C> {
    /// The cipher with the key of the body.
    pub cipher: &'a C,
    /// What the nonces are made from.
    pub base: &'a Nonce,
    /// The size of each record but the last, in bytes.
    pub size: u32,
    /// The number of the first record.
    pub first: u64,
}

/// The nonce of a record, from what was derived for all of them.
pub fn nonce(base: &Nonce, number: u64) -> Nonce {
    let mut nonce = *base;
    // The number is one of 96 bits, of which the first 32 are zero.
    for (byte, part) in nonce[4..].iter_mut().zip(number.to_be_bytes()) {
        *byte ^= part;
    }
    nonce
}

/// Encrypts the content of a record, without padding.
///
/// # Errors
/// [`RecordError::Cipher`] if the cipher fails.
pub async fn seal(
    cipher: &impl Cipher,
    base: &Nonce,
    number: u64,
    mut content: Vec<u8>,
    last: bool,
) -> Result<Vec<u8>, RecordError> {
    content.push(if last { LAST } else { MORE });
    cipher.seal(nonce(base, number), content).await
}

/// Authenticates and decrypts a record, and returns its content. `last` is whether the body ends with it.
///
/// # Errors
/// [`RecordError`] if it is not the authentic record of that number, or says otherwise about the end.
pub async fn open(
    cipher: &impl Cipher,
    base: &Nonce,
    number: u64,
    record: Vec<u8>,
    last: bool,
) -> Result<Vec<u8>, RecordError> {
    let opened = cipher.open(nonce(base, number), record).await;
    content(opened, number, last)
}

/// The content of a record that was decrypted; `None` if it was not authentic. `last` is whether the body ends with it.
///
/// # Errors
/// [`RecordError`], as of [`open`].
pub fn content(opened: Option<Vec<u8>>, number: u64, last: bool) -> Result<Vec<u8>, RecordError> {
    let altered = match number {
        0 => RecordError::Key,
        _ => RecordError::Altered(number),
    };
    let mut content = opened.ok_or(altered)?;
    // The delimiter is followed by padding alone, which is of zeros.
    let delimiter = content.iter().rposition(|byte| *byte != 0);
    let at = delimiter.ok_or(RecordError::Altered(number))?;
    match (content[at], last) {
        (LAST, true) | (MORE, false) => {}
        (MORE, true) => return Err(RecordError::Truncated),
        _ => return Err(RecordError::Altered(number)),
    }
    content.truncate(at);
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_they_were_written_and_foreign_ones_refused() {
        let header = Header::of_share([7; SALT]);
        let bytes = header.bytes();
        assert_eq!(bytes.len(), HEADER);
        assert_eq!(Header::parse_share(&bytes), Ok(header));
        for cut in 0..HEADER {
            assert_eq!(Header::parse(&bytes[..cut]), Err(RecordError::Header));
        }
        let mut before = bytes.clone();
        before[16..20].copy_from_slice(&[0, 1, 0, 0]);
        let before = Header::parse_share(&before).map(|header| header.record_size);
        assert_eq!(before, Ok(RECORD_BEFORE));
        for (at, byte) in [(16, 1), (17, 0), (18, 1), (19, 1), (20, 1)] {
            let mut other = bytes.clone();
            other[at] = byte;
            other.push(0);
            assert_eq!(
                Header::parse_share(&other),
                Err(RecordError::Header),
                "{at}"
            );
        }
        let named = Header {
            salt: [1; SALT],
            record_size: 25,
            key_id: b"a1".to_vec(),
        };
        assert_eq!(Header::parse(&named.bytes()), Ok(named));
    }

    #[test]
    fn records_follow_one_another_to_the_end() {
        for plain in [1, CONTENT, CONTENT + 1, 2 * CONTENT, 5 * CONTENT - 1] {
            let records = Records::of_share(plain as u64);
            let header = Header::of_share([0; SALT]);
            assert_eq!(Records::new(&header, records.body_len()), Ok(records));
            let mut at = HEADER as u64;
            let mut content = 0;
            for number in 0..records.count() {
                let range = records.range(number);
                assert_eq!(range.start, at);
                at = range.end;
                content += range.end - range.start - OVERHEAD as u64;
                assert_eq!(records.within(&range), number..number + 1);
                let over = range.start.saturating_sub(1)..range.end;
                assert_eq!(records.within(&over), number.saturating_sub(1)..number + 1);
            }
            assert!(records.is_last(records.count() - 1));
            assert_eq!((at, content), (records.body_len(), plain as u64));
            assert_eq!(records.within(&(0..HEADER as u64)), 0..0);
        }
        let one = 21 + u64::from(RECORD);
        for len in [0, 20, 21, 22, 37, one, one + 16] {
            let ended = Records::new(&Header::of_share([0; SALT]), len);
            let whole = len == one;
            assert_eq!(ended.is_ok(), whole, "{len}");
        }
    }

    #[test]
    fn nonces_are_those_of_the_rfc() {
        assert_eq!(nonce(&[0xff; NONCE], 0), [0xff; NONCE]);
        let mut second = [0; NONCE];
        second[10] = 1;
        second[11] = 2;
        assert_eq!(nonce(&[0; NONCE], 0x102), second);
    }
}
