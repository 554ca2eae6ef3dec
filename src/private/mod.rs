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

use multibase::Base;

/// The length of a key, in bytes.
pub const KEY: usize = 16;

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
        Base::Base64Url.encode(self.0)
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
        let bytes = Base::Base64Url.decode(text).map_err(|_| BadKey)?;
        let key = Self(bytes.try_into().map_err(|_| BadKey)?);
        // A key has one text: the four bits after its end are zero.
        (key.text() == text).then_some(key).ok_or(BadKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_text_and_is_not_shown() {
        let key = Key::new(std::array::from_fn(|n| 0xff - n as u8));
        let text = key.text();
        assert_eq!(text.len(), 22);
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
