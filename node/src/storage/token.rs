//! Upload tokens: a peer's grant, authenticated with a key that only this node has.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fluence::Cid;
use serde::{Deserialize, Serialize};

use crate::fairness::AddressBlock;

/// The longest token that is accepted, in bytes.
pub const MAX_TOKEN: usize = 1024;

/// The node's secret key for authenticating tokens.
pub(super) type TokenKey = [u8; 32];

/// The contents of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The DAG that may be uploaded, in canonical form.
    #[serde(rename = "c", with = "text")]
    pub root: Cid,
    /// The size that was declared for its file, in bytes.
    #[serde(rename = "s")]
    pub size: u64,
    /// The peer that the upload was granted to.
    #[serde(rename = "p")]
    pub peer: String,
    /// Where that peer called from: what it uploads counts against the share of these addresses.
    #[serde(rename = "b", default)]
    pub block: AddressBlock,
    /// When the token expires, in Unix seconds.
    #[serde(rename = "e")]
    pub expires: u64,
}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The token was not made by this node, or was changed.
    #[error("the token was not made by this storage")]
    Invalid,
    /// The token has expired.
    #[error("the token has expired")]
    Expired,
    /// The peer has taken the DAG back since it was given the token.
    #[error("the file was taken back after this token was given")]
    Released,
    /// The operator has changed whose uploads, or which files, are taken.
    #[error("this storage's operator no longer takes this upload")]
    Forbidden,
}

/// Creates the token for these claims: `base64url(JSON).base64url(MAC)`.
pub(super) fn sign(key: &TokenKey, claims: &Claims) -> String {
    let body = serde_json::to_vec(claims).expect("claims are plain JSON");
    let mac = blake3::keyed_hash(key, &body);
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(body),
        URL_SAFE_NO_PAD.encode(mac.as_bytes())
    )
}

/// Reads a token that anybody may have made, and one whose body anybody has made.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(data: &[u8]) {
    const KEY: TokenKey = [9; 32];
    let text = String::from_utf8_lossy(data);
    assert!(open(&KEY, &text, 0).is_err(), "it was forged");
    let mac = blake3::keyed_hash(&KEY, data);
    let token = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(data),
        URL_SAFE_NO_PAD.encode(mac.as_bytes())
    );
    if let Ok(claims) = open(&KEY, &token, 0) {
        assert!(open(&KEY, &sign(&KEY, &claims), 0).is_ok());
    }
}

/// Reads a token, if this node made it and it has not expired.
pub(super) fn open(key: &TokenKey, token: &str, now: u64) -> Result<Claims, TokenError> {
    if token.len() > MAX_TOKEN {
        return Err(TokenError::Invalid);
    }
    let (body, mac) = token.split_once('.').ok_or(TokenError::Invalid)?;
    let body = URL_SAFE_NO_PAD
        .decode(body)
        .map_err(|_| TokenError::Invalid)?;
    let mac: [u8; 32] = URL_SAFE_NO_PAD
        .decode(mac)
        .ok()
        .and_then(|mac| mac.try_into().ok())
        .ok_or(TokenError::Invalid)?;
    // Comparing two values of `blake3::Hash` takes constant time.
    if blake3::keyed_hash(key, &body) != blake3::Hash::from_bytes(mac) {
        return Err(TokenError::Invalid);
    }
    let claims: Claims = serde_json::from_slice(&body).map_err(|_| TokenError::Invalid)?;
    if claims.expires <= now {
        return Err(TokenError::Expired);
    }
    Ok(claims)
}

mod text {
    use fluence::Cid;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(cid: &Cid, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&fluence::names::canonical(cid))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Cid, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// Reads the key that authenticates tokens, or generates it.
pub(super) fn load_key(path: &Path) -> io::Result<TokenKey> {
    match fs::read(path) {
        Ok(bytes) => bytes.try_into().map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "{} is not a key; remove it to have a new one generated",
                    path.display()
                ),
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = TokenKey::default();
            getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
            let new = path.with_extension("new");
            write_secret(&new, &key)?;
            fs::rename(new, path)?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

fn write_secret(path: &Path, key: &[u8]) -> io::Result<()> {
    use io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(key)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn a_token_is_accepted_only_by_its_maker_and_until_it_expires() {
        let claims = Claims {
            root: "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"
                .parse()
                .unwrap(),
            size: 5,
            peer: "12D3KooW".into(),
            block: AddressBlock::from(IpAddr::from([192, 0, 2, 1])),
            expires: 100,
        };
        let token = sign(&[1; 32], &claims);
        assert_eq!(open(&[1; 32], &token, 99), Ok(claims));
        assert_eq!(open(&[1; 32], &token, 100), Err(TokenError::Expired));
        assert_eq!(open(&[2; 32], &token, 99), Err(TokenError::Invalid));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(
                open(&[1; 32], &changed, 99),
                Err(TokenError::Invalid),
                "{at}"
            );
        }
        for bad in ["", ".", "a.b", &"x".repeat(5000)] {
            assert_eq!(open(&[1; 32], bad, 99), Err(TokenError::Invalid));
        }
    }
}
