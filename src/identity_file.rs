//! An identity as a file, which a passphrase opens: the private key as a JSON Web Key (RFC 8037), encrypted as a JSON Web
//! Encryption in its flattened form (RFC 7516) with `PBES2-HS256+A128KW` and `A128GCM` (RFC 7518). Other programs read and
//! write such files. What is computed with the passphrase is the platform's; here is what stands in the file.

use std::fmt;

use multibase::Base::Base64Url;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The name of the file.
pub const NAME: &str = "fluence-share-identity.json";
/// The longest file that is read, in bytes.
pub const MAX_FILE: usize = 16 * 1024;
/// How many rounds of PBKDF2 a new file takes, as OWASP recommends for SHA-256.
pub const ROUNDS: u32 = 600_000;
/// The most rounds that are computed for a file: a minute or so. Whoever made the file chooses their number.
const MAX_ROUNDS: u32 = 20_000_000;
/// The length of the salt of a new file, of a nonce, and of a private or public key, in bytes.
pub const SALT: usize = 16;
/// See [`SALT`].
pub const NONCE: usize = 12;
/// See [`SALT`].
pub const KEY: usize = 32;

const ALGORITHM: &str = "PBES2-HS256+A128KW";
const ENCRYPTION: &str = "A128GCM";
/// The length of the tag of AES-GCM, in bytes.
const TAG: usize = 16;
/// The length of a wrapped key of AES-128, in bytes.
const WRAPPED: usize = 24;

/// An encrypted identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What the key of the passphrase is derived from, and what is authenticated beside the encrypted bytes.
    pub header: Header,
    /// The key of the contents, wrapped with the key of the passphrase.
    pub wrapped: Vec<u8>,
    /// The nonce of the contents.
    pub nonce: [u8; NONCE],
    /// The encrypted contents, and their tag.
    pub contents: Vec<u8>,
}

/// The protected header of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// It as it stands in the file. These bytes are authenticated beside the contents.
    pub text: String,
    /// The salt of PBKDF2, which begins with the name of the algorithm.
    pub salt: Vec<u8>,
    /// The number of its rounds.
    pub rounds: u32,
}

/// What opens a file. It is sent to whoever computes with it, and never shown by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Passphrase(pub String);

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// Why a file holds no identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoIdentity;

/// The members of a file.
#[derive(Serialize, Deserialize)]
struct File {
    protected: String,
    encrypted_key: String,
    iv: String,
    ciphertext: String,
    tag: String,
}

/// The members of the protected header.
#[derive(Serialize, Deserialize)]
struct Protected {
    alg: String,
    enc: String,
    p2s: String,
    p2c: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cty: Option<String>,
    /// What a reader must understand; nothing of that kind is known here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crit: Option<Value>,
    /// Contents may be compressed, which those here are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zip: Option<Value>,
}

impl Header {
    /// The header of a new file.
    pub fn new(salt: &[u8; SALT]) -> Self {
        let protected = json!({
            "alg": ALGORITHM, "enc": ENCRYPTION, "cty": "jwk+json",
            "p2s": Base64Url.encode(salt), "p2c": ROUNDS,
        });
        Self {
            text: Base64Url.encode(protected.to_string()),
            salt: whole(salt),
            rounds: ROUNDS,
        }
    }

    fn read(text: String) -> Option<Self> {
        let protected: Protected = serde_json::from_slice(&Base64Url.decode(&text).ok()?).ok()?;
        let is_known = protected.alg == ALGORITHM && protected.enc == ENCRYPTION;
        let is_plain = protected.crit.is_none() && protected.zip.is_none();
        let salt = Base64Url.decode(protected.p2s).ok()?;
        let is_bounded = (1..=MAX_ROUNDS).contains(&protected.p2c) && salt.len() >= 8;
        (is_known && is_plain && is_bounded).then(|| Self {
            text,
            salt: whole(&salt),
            rounds: protected.p2c,
        })
    }
}

impl Sealed {
    /// The text of the file.
    pub fn write(&self) -> String {
        let (contents, tag) = self
            .contents
            .split_at(self.contents.len().saturating_sub(TAG));
        let file = File {
            protected: self.header.text.clone(),
            encrypted_key: Base64Url.encode(&self.wrapped),
            iv: Base64Url.encode(self.nonce),
            ciphertext: Base64Url.encode(contents),
            tag: Base64Url.encode(tag),
        };
        // Plain texts can always be written.
        serde_json::to_string_pretty(&file).unwrap_or_default()
    }

    /// Reads a file; members that are not known are ignored.
    ///
    /// # Errors
    /// [`NoIdentity`] if it is none, or one that is encrypted in another way.
    pub fn read(text: &str) -> Result<Self, NoIdentity> {
        Self::parse(text).ok_or(NoIdentity)
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_FILE {
            return None;
        }
        let file: File = serde_json::from_str(text).ok()?;
        let wrapped = Base64Url.decode(file.encrypted_key).ok()?;
        let mut contents = Base64Url.decode(file.ciphertext).ok()?;
        let tag = Base64Url.decode(file.tag).ok()?;
        if wrapped.len() != WRAPPED || tag.len() != TAG {
            return None;
        }
        contents.extend(tag);
        Some(Self {
            header: Header::read(file.protected)?,
            wrapped,
            nonce: Base64Url.decode(file.iv).ok()?.try_into().ok()?,
            contents,
        })
    }
}

/// The contents of a file: an Ed25519 key as a JSON Web Key.
pub fn write_key(secret: &[u8; KEY], public: &[u8; KEY]) -> String {
    json!({
        "kty": "OKP", "crv": "Ed25519",
        "d": Base64Url.encode(secret), "x": Base64Url.encode(public),
    })
    .to_string()
}

/// The secret and the public key in the contents of a file. Whether they belong together is not checked here.
///
/// # Errors
/// [`NoIdentity`] if it is another kind of key.
pub fn read_key(contents: &[u8]) -> Result<([u8; KEY], [u8; KEY]), NoIdentity> {
    let key: Value = serde_json::from_slice(contents).map_err(|_| NoIdentity)?;
    let is = |member: &str, value: &str| key.get(member).and_then(Value::as_str) == Some(value);
    let bytes = |member: &str| {
        let text = key.get(member).and_then(Value::as_str)?;
        Base64Url.decode(text).ok()?.try_into().ok()
    };
    match (bytes("d"), bytes("x")) {
        (Some(secret), Some(public)) if is("kty", "OKP") && is("crv", "Ed25519") => {
            Ok((secret, public))
        }
        _ => Err(NoIdentity),
    }
}

/// The salt that PBKDF2 gets (RFC 7518, section 4.8.1.1).
fn whole(salt: &[u8]) -> Vec<u8> {
    [ALGORITHM.as_bytes(), &[0], salt].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Sealed {
        Sealed {
            header: Header::new(&[7; SALT]),
            wrapped: vec![1; WRAPPED],
            nonce: [2; NONCE],
            contents: vec![3; 100 + TAG],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(Sealed::read(&sealed().write()), Ok(sealed()));
        let key = write_key(&[4; KEY], &[5; KEY]);
        assert_eq!(read_key(key.as_bytes()), Ok(([4; KEY], [5; KEY])));
    }

    #[test]
    fn the_salt_is_that_of_the_standard() {
        // RFC 7517, appendix C.4.
        let salt = [
            217, 96, 147, 112, 150, 117, 70, 247, 127, 8, 155, 137, 174, 42, 80, 215,
        ];
        let mut expected = vec![
            80, 66, 69, 83, 50, 45, 72, 83, 50, 53, 54, 43, 65, 49, 50, 56, 75, 87, 0,
        ];
        expected.extend(salt);
        assert_eq!(Header::new(&salt).salt, expected);
    }

    #[test]
    fn what_is_no_identity_is_refused() {
        let good = sealed();
        let with = |header: Value| {
            let header = Header {
                text: Base64Url.encode(header.to_string()),
                ..good.header.clone()
            };
            let file = Sealed {
                header,
                ..good.clone()
            };
            Sealed::read(&file.write())
        };
        let header = json!({"alg": ALGORITHM, "enc": ENCRYPTION, "p2s": "AAAAAAAAAAAA", "p2c": 1});
        assert!(with(header.clone()).is_ok());
        for (member, value) in [
            ("alg", json!("dir")),
            ("enc", json!("A256GCM")),
            ("p2s", json!("AAAA")),
            ("p2c", json!(0)),
            ("p2c", json!(MAX_ROUNDS + 1)),
            ("p2c", json!(-1)),
            ("crit", json!(["exp"])),
            ("zip", json!("DEF")),
        ] {
            let mut header = header.clone();
            header[member] = value;
            assert_eq!(with(header.clone()), Err(NoIdentity), "{header}");
        }
        for bad in ["", "{}", "[]", "null", r#"{"fluence_settings": 1}"#] {
            assert_eq!(Sealed::read(bad), Err(NoIdentity), "{bad}");
        }
        let short = Sealed {
            wrapped: vec![1; WRAPPED - 1],
            ..sealed()
        };
        assert_eq!(Sealed::read(&short.write()), Err(NoIdentity));
        let long = sealed().write() + &" ".repeat(MAX_FILE);
        assert_eq!(Sealed::read(&long), Err(NoIdentity));
        for bad in [
            json!({"kty": "oct", "k": "AAAA"}),
            json!({"kty": "OKP", "crv": "X25519", "d": Base64Url.encode([0; KEY]), "x": Base64Url.encode([0; KEY])}),
            json!({"kty": "OKP", "crv": "Ed25519", "d": "AAAA", "x": Base64Url.encode([0; KEY])}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": Base64Url.encode([0; KEY])}),
        ] {
            assert_eq!(
                read_key(bad.to_string().as_bytes()),
                Err(NoIdentity),
                "{bad}"
            );
        }
    }
}
