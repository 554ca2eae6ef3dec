//! The seal of a routed call: what only the caller and the provider can read, whoever passes it on.
//!
//! The request is sealed with a key that is derived from the function's name, which nodes do not know, and carries the
//! caller's signature. The reply is sealed with a key to which both sides have contributed in an X25519 exchange, which
//! the provider has signed. So what is altered, made up or repeated on the way is noticed, and a node that knows the name
//! can read the request but not the reply. `docs/protocol.md` has the format, “Routed calls”.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use fluence::names::FunctionName;
use hkdf::Hkdf;
use libp2p::PeerId;
use libp2p::identity::{Keypair, PublicKey};
use sha2::{Digest, Sha256};
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

use crate::records::Hash;

/// What the keys are for, and what is signed.
const REQUEST_KEY: &[u8] = b"fluence route 1 request";
const REPLY_KEY: &[u8] = b"fluence route 1 reply";
const REQUEST_SIGNED: &[u8] = b"fluence route 1 request signed";
const REPLY_SIGNED: &[u8] = b"fluence route 1 reply signed";
/// The bytes before the ciphertext of a letter: the function's key and the caller's half of the exchange.
const HEAD: usize = 32 + 32;
const TAG: usize = 16;
/// How many bytes a letter has besides the request at most: the head, the tag, the caller's key, the time, the signature.
pub(crate) const LETTER_BESIDE: usize = HEAD + TAG + 1 + 255 + 8 + 1 + 255;
/// How many bytes a part of the answer has besides the reply at most.
pub(crate) const PART_BESIDE: usize = 1 + TAG;
/// The longest first part of an answer, which has no reply: the provider's half of the exchange, its key, the signature.
pub(crate) const FIRST_PART: usize = 32 + TAG + 1 + 255 + 1 + 255;
/// With what a part of an answer begins that says that the provider is still at work, or has the reply.
const AT_WORK: u8 = 0;
const REPLY: u8 = 1;

/// Something was not sealed by whom it should be for whom it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the seal is broken")]
pub(crate) struct Broken;

/// Opens the parts of an answer, in their order.
pub(crate) struct Opener {
    provider: PeerId,
    name: FunctionName,
    secret: [u8; 32],
    half: [u8; 32],
    letter: Hash,
    parts: Option<Parts>,
}

/// Seals the parts of an answer, in their order.
pub(crate) struct Sealer(Parts);

/// The key of an answer and the number of its next part.
struct Parts {
    cipher: ChaCha20Poly1305,
    letter: Hash,
    next: u64,
}

/// What a letter had in it.
#[derive(Debug)]
pub(crate) struct Letter {
    /// The caller, who has signed it.
    pub(crate) from: PeerId,
    /// When the caller says that it was sealed, in milliseconds since 1970.
    pub(crate) unix_ms: u64,
    /// The request, encoded.
    pub(crate) request: Vec<u8>,
    /// The hash of the letter, by which it is told from others.
    pub(crate) hash: Hash,
    half: [u8; 32],
}

/// Seals a request to a provider. `secret` is random and used once. `None` if the identity has a key that is too long.
pub(crate) fn seal(
    keypair: &Keypair,
    provider: PeerId,
    name: &FunctionName,
    request: &[u8],
    unix_ms: u64,
    secret: [u8; 32],
) -> Option<(Vec<u8>, Opener)> {
    let key = digest_of(name);
    let half = x25519(secret, X25519_BASEPOINT_BYTES);
    let signed = request_signed(&provider, &key, &half, unix_ms, request);
    let signature = keypair.sign(&signed).ok()?;
    let mut plain = Vec::with_capacity(request.len() + LETTER_BESIDE);
    put(&mut plain, &keypair.public().encode_protobuf())?;
    plain.extend(unix_ms.to_be_bytes());
    put(&mut plain, &signature)?;
    plain.extend(request);
    let mut letter = [key, half].concat();
    let aad = request_aad(&key, &provider);
    let cipher = cipher(name.as_str().as_bytes(), &half, REQUEST_KEY);
    letter.extend(encrypt(&cipher, 0, &plain, &aad)?);
    let opener = Opener {
        provider,
        name: name.clone(),
        secret,
        half,
        letter: Sha256::digest(&letter).into(),
        parts: None,
    };
    Some((letter, opener))
}

/// The digest of the name of the function for which a letter is.
pub(crate) fn key_of(letter: &[u8]) -> Option<Hash> {
    letter.first_chunk().copied()
}

/// Opens a letter to this provider for the function of this name.
///
/// # Errors
/// [`Broken`] if it is none, or not signed by the caller that it names.
pub(crate) fn open(provider: PeerId, name: &FunctionName, letter: &[u8]) -> Result<Letter, Broken> {
    let (key, rest) = letter.split_first_chunk::<32>().ok_or(Broken)?;
    let (half, sealed) = rest.split_first_chunk::<32>().ok_or(Broken)?;
    let cipher = cipher(name.as_str().as_bytes(), half, REQUEST_KEY);
    let plain = decrypt(&cipher, 0, sealed, &request_aad(key, &provider))?;
    let (public, rest) = take(&plain)?;
    let (time, rest) = rest.split_first_chunk::<8>().ok_or(Broken)?;
    let (signature, request) = take(rest)?;
    let unix_ms = u64::from_be_bytes(*time);
    let public = PublicKey::try_decode_protobuf(public).map_err(|_| Broken)?;
    let signed = request_signed(&provider, key, half, unix_ms, request);
    if !public.verify(&signed, signature) {
        return Err(Broken);
    }
    Ok(Letter {
        from: public.to_peer_id(),
        unix_ms,
        request: request.to_vec(),
        hash: Sha256::digest(letter).into(),
        half: *half,
    })
}

impl Letter {
    /// The first part of the answer, which says that the letter has come, and what seals the others. `secret` is random and
    /// used once. `None` if the identity has a key that is too long.
    pub(crate) fn answer(
        &self,
        keypair: &Keypair,
        name: &FunctionName,
        secret: [u8; 32],
    ) -> Option<(Vec<u8>, Sealer)> {
        let half = x25519(secret, X25519_BASEPOINT_BYTES);
        let shared = x25519(secret, self.half);
        let mut parts = Parts::new(name, &shared, &self.half, &half, self.hash);
        let signature = keypair.sign(&reply_signed(&self.hash, &half)).ok()?;
        let mut plain = Vec::new();
        put(&mut plain, &keypair.public().encode_protobuf())?;
        put(&mut plain, &signature)?;
        let mut first = half.to_vec();
        first.extend(parts.seal(&plain));
        Some((first, Sealer(parts)))
    }
}

impl Sealer {
    /// A part that says that the provider is at work.
    pub(crate) fn at_work(&mut self) -> Vec<u8> {
        self.0.seal(&[AT_WORK])
    }

    /// The last part, with the reply.
    pub(crate) fn reply(&mut self, reply: &[u8]) -> Vec<u8> {
        self.0.seal(&[&[REPLY], reply].concat())
    }
}

impl Opener {
    /// Opens the next part of the answer, and returns the reply if that is in it.
    ///
    /// # Errors
    /// [`Broken`] if it is not the next part, or if it is not from the provider.
    pub(crate) fn open(&mut self, part: &[u8]) -> Result<Option<Vec<u8>>, Broken> {
        let Some(parts) = &mut self.parts else {
            let (half, sealed) = part.split_first_chunk::<32>().ok_or(Broken)?;
            let shared = x25519(self.secret, *half);
            let mut parts = Parts::new(&self.name, &shared, &self.half, half, self.letter);
            let plain = parts.open(sealed)?;
            let (public, rest) = take(&plain)?;
            let (signature, _) = take(rest)?;
            let public = PublicKey::try_decode_protobuf(public).map_err(|_| Broken)?;
            if public.to_peer_id() != self.provider
                || !public.verify(&reply_signed(&self.letter, half), signature)
            {
                return Err(Broken);
            }
            self.parts = Some(parts);
            return Ok(None);
        };
        let mut plain = parts.open(part)?;
        match plain.first() {
            Some(&REPLY) => Ok(Some(plain.split_off(1))),
            // What a later version adds is not the reply.
            Some(_) => Ok(None),
            None => Err(Broken),
        }
    }
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opener").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

impl Parts {
    fn new(
        name: &FunctionName,
        shared: &[u8; 32],
        caller: &[u8; 32],
        provider: &[u8; 32],
        letter: Hash,
    ) -> Self {
        let secret = [&shared[..], name.as_str().as_bytes()].concat();
        let salt = [&caller[..], provider].concat();
        Self {
            cipher: cipher(&secret, &salt, REPLY_KEY),
            letter,
            next: 0,
        }
    }

    fn seal(&mut self, plain: &[u8]) -> Vec<u8> {
        let number = self.next;
        self.next += 1;
        // This fails for gigabytes only.
        encrypt(&self.cipher, number, plain, &self.letter).unwrap_or_default()
    }

    fn open(&mut self, part: &[u8]) -> Result<Vec<u8>, Broken> {
        let plain = decrypt(&self.cipher, self.next, part, &self.letter)?;
        self.next += 1;
        Ok(plain)
    }
}

/// The digest in the DHT key of a function.
pub(crate) fn digest_of(name: &FunctionName) -> Hash {
    Sha256::digest(name.as_str().as_bytes()).into()
}

fn cipher(secret: &[u8], salt: &[u8], purpose: &[u8]) -> ChaCha20Poly1305 {
    let mut key = [0; 32];
    // A key of this length can always be derived.
    let derived = Hkdf::<Sha256>::new(Some(salt), secret).expand(purpose, &mut key);
    debug_assert!(derived.is_ok());
    ChaCha20Poly1305::new(Key::from_slice(&key))
}

fn encrypt(cipher: &ChaCha20Poly1305, number: u64, msg: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
    cipher.encrypt(&nonce(number), Payload { msg, aad }).ok()
}

fn decrypt(
    cipher: &ChaCha20Poly1305,
    number: u64,
    msg: &[u8],
    aad: &[u8],
) -> Result<Vec<u8>, Broken> {
    let plain = cipher.decrypt(&nonce(number), Payload { msg, aad });
    plain.map_err(|_| Broken)
}

/// Four bytes of zeros and the number, the highest byte first.
fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    nonce.into()
}

fn request_aad(key: &Hash, provider: &PeerId) -> Vec<u8> {
    [&key[..], &provider.to_bytes()].concat()
}

fn request_signed(
    provider: &PeerId,
    key: &Hash,
    half: &[u8; 32],
    unix_ms: u64,
    request: &[u8],
) -> Vec<u8> {
    let request: Hash = Sha256::digest(request).into();
    let time = unix_ms.to_be_bytes();
    let provider = provider.to_bytes();
    [REQUEST_SIGNED, key, half, &time, &request, &provider].concat()
}

fn reply_signed(letter: &Hash, half: &[u8; 32]) -> Vec<u8> {
    [REPLY_SIGNED, letter, half].concat()
}

/// Writes the length as one byte, and the bytes.
fn put(to: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    to.push(u8::try_from(bytes.len()).ok()?);
    to.extend(bytes);
    Some(())
}

/// Reads what [`put`] has written, and returns it and the rest.
fn take(from: &[u8]) -> Result<(&[u8], &[u8]), Broken> {
    let (length, rest) = from.split_first().ok_or(Broken)?;
    rest.split_at_checked(usize::from(*length)).ok_or(Broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The identity with a seed of such bytes.
    fn identity(byte: u8) -> Keypair {
        Keypair::ed25519_from_bytes([byte; 32]).unwrap()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn sealed(name: &FunctionName) -> (Vec<u8>, Opener) {
        let (caller, provider) = (identity(1), identity(2).public().to_peer_id());
        let request = br#"{"function":"hello","args":{}}"#;
        seal(&caller, provider, name, request, 1_790_000_000_000, [3; 32]).unwrap()
    }

    /// The vectors of `docs/protocol.md`.
    #[test]
    fn letters_and_answers_are_those_of_the_protocol() {
        let name: FunctionName = "hello".parse().unwrap();
        let (letter, mut opener) = sealed(&name);
        let opened = open(identity(2).public().to_peer_id(), &name, &letter).unwrap();
        assert_eq!(opened.from, identity(1).public().to_peer_id());
        assert_eq!(opened.unix_ms, 1_790_000_000_000);
        assert_eq!(opened.request, br#"{"function":"hello","args":{}}"#);
        let (first, mut sealer) = opened.answer(&identity(2), &name, [4; 32]).unwrap();
        let (work, reply) = (sealer.at_work(), sealer.reply(br#"{"ok":{}}"#));
        assert_eq!(opener.open(&first), Ok(None));
        assert_eq!(opener.open(&work), Ok(None));
        assert_eq!(opener.open(&reply), Ok(Some(br#"{"ok":{}}"#.to_vec())));
        let protocol = include_str!("../../docs/protocol.md");
        for vector in [&letter, &first, &work, &reply] {
            let text = hex(vector);
            let lines: Vec<&str> = (0..text.len())
                .step_by(96)
                .map(|at| &text[at..text.len().min(at + 96)])
                .collect();
            for line in &lines {
                assert!(protocol.contains(line), "not in the document: {lines:#?}");
            }
        }
    }

    #[test]
    fn nothing_that_was_changed_is_opened() {
        let name: FunctionName = "hello".parse().unwrap();
        let provider = identity(2).public().to_peer_id();
        let (letter, _) = sealed(&name);
        for at in 0..letter.len() {
            let mut changed = letter.clone();
            changed[at] ^= 1;
            assert_eq!(open(provider, &name, &changed).err(), Some(Broken), "{at}");
            assert_eq!(open(provider, &name, &letter[..at]).err(), Some(Broken));
        }
        // It is for another provider, or another function.
        let other = identity(5).public().to_peer_id();
        assert!(open(other, &name, &letter).is_err());
        assert!(open(provider, &"hallo".parse().unwrap(), &letter).is_err());
        let opened = open(provider, &name, &letter).unwrap();
        let (first, mut sealer) = opened.answer(&identity(2), &name, [4; 32]).unwrap();
        let reply = sealer.reply(b"{}");
        for at in 0..first.len() {
            let mut changed = first.clone();
            changed[at] ^= 1;
            assert_eq!(sealed(&name).1.open(&changed), Err(Broken), "{at}");
        }
        for at in 0..reply.len() {
            let mut changed = reply.clone();
            changed[at] ^= 1;
            let mut opener = sealed(&name).1;
            assert_eq!(opener.open(&first), Ok(None));
            assert_eq!(opener.open(&changed), Err(Broken));
        }
    }

    #[test]
    fn an_answer_is_of_the_provider_to_this_letter_and_in_order() {
        let name: FunctionName = "hello".parse().unwrap();
        let provider = identity(2).public().to_peer_id();
        let (letter, mut opener) = sealed(&name);
        let opened = open(provider, &name, &letter).unwrap();
        // A node that knows the name can read the letter, but cannot sign for the provider.
        let (first, _) = opened.answer(&identity(6), &name, [4; 32]).unwrap();
        assert_eq!(opener.open(&first), Err(Broken));
        let (first, mut sealer) = opened.answer(&identity(2), &name, [4; 32]).unwrap();
        let (work, reply) = (sealer.at_work(), sealer.reply(b"{}"));
        // The answer to another letter.
        let request = br#"{"function":"hello"}"#;
        let another = seal(&identity(1), provider, &name, request, 0, [7; 32]);
        assert_eq!(another.unwrap().1.open(&first), Err(Broken));
        for wrong in [&work, &reply] {
            assert_eq!(sealed(&name).1.open(wrong), Err(Broken));
        }
        let mut opener = sealed(&name).1;
        assert_eq!(opener.open(&first), Ok(None));
        assert_eq!(opener.open(&reply), Err(Broken));
        assert_eq!(opener.open(&work), Ok(None));
        assert_eq!(opener.open(&work), Err(Broken));
        assert!(matches!(opener.open(&reply), Ok(Some(_))));
    }
}
