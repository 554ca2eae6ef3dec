//! Private shares: what is stored and sent is one encrypted body, and only the link has the key to it.
//!
//! The body is encrypted with `aes128gcm` ([`record`], RFC 8188), and what is encrypted is a tar archive ([`mod@tar`])
//! that has the names and the type beside the bytes. `docs/protocol.md`, “Private links”, has the format.
//!
//! Nothing here reads files or computes a cipher: both belong to the platform.

pub mod record;
pub mod tar;

use std::fmt;
use std::str::FromStr;

/// The length of a key, in bytes.
pub const KEY: usize = 16;
/// The MIME type of a private share to whoever has no key.
pub const SEALED: &str = "application/octet-stream";
/// The characters of base64url (RFC 4648, section 5). The library knows every base there is, and is a twenty-fifth part of
/// the popup, which needs no other.
const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// How many of them a key has. They have four bits more than its bytes, which are zero.
const TEXT: usize = 22;
const SPARE: u32 = 4;

/// The key of a private share. It has no `Display` and is not serialized, so that it gets into no message, log or
/// journal by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; KEY]);

/// A text is not a key: not 22 characters of base64url (RFC 4648, section 5) without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not the key of a private share")]
pub struct BadKey;

impl Key {
    /// The key with these bytes, which must come from a cryptographic source.
    pub fn new(bytes: [u8; KEY]) -> Self {
        Self(bytes)
    }

    /// The bytes, which are the input keying material of RFC 8188.
    pub fn bytes(&self) -> &[u8; KEY] {
        &self.0
    }

    /// The text in a link: 22 characters. It is meant for the link alone.
    pub fn text(&self) -> String {
        let number = u128::from_be_bytes(self.0);
        let digit = |at: usize| match TEXT - 1 - at {
            0 => number << SPARE,
            left => number >> (left as u32 * 6 - SPARE),
        };
        let characters = (0..TEXT).map(|at| CHARACTERS[(digit(at) & 63) as usize]);
        characters.map(char::from).collect()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl FromStr for Key {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        if text.len() != TEXT {
            return Err(BadKey);
        }
        let mut number = 0;
        for (left, character) in (0..TEXT).rev().zip(text.bytes()) {
            let digit = CHARACTERS.iter().position(|known| *known == character);
            let digit = digit.ok_or(BadKey)? as u128;
            number = match left {
                // A key has one text: the bits after its end are zero.
                0 if digit.trailing_zeros() < SPARE => return Err(BadKey),
                0 => number << (6 - SPARE) | digit >> SPARE,
                _ => number << 6 | digit,
            };
        }
        Ok(Self(u128::to_be_bytes(number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_text_and_is_not_shown() {
        let key = Key::new(std::array::from_fn(|n| 0xff - n as u8));
        let text = key.text();
        assert_eq!(text, "__79_Pv6-fj39vX08_Lx8A");
        assert_eq!(Key::new([0; KEY]).text(), "A".repeat(TEXT));
        assert_eq!(
            Key::new([0xff; KEY]).text().parse(),
            Ok(Key::new([0xff; KEY]))
        );
        assert_eq!(text.parse(), Ok(key.clone()));
        assert!(!format!("{key:?}").contains(&text[..4]), "{key:?}");
        let mut other = text.clone();
        other.pop();
        for bad in [
            "",
            &text[..21],
            &format!("{text}A"),
            &format!("{text}=="),
            &format!("{other}B"),
            &text.replace('_', "/"),
            &format!(" {text}"),
        ] {
            assert_eq!(bad.parse::<Key>(), Err(BadKey), "{bad}");
        }
    }
}
