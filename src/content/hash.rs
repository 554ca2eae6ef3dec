//! Checks that a block is the one that its CID names.

use crate::Cid;
use blake2::Blake2bVar;
use blake2::digest::{Update, VariableOutput};
use sha2::{Digest, Sha256, Sha512};

/// The shortest digest that counts as a proof, in bytes (as in Kubo).
pub const MIN_DIGEST: usize = 20;

/// The multihash code of a CID whose digest is the block itself.
pub const IDENTITY: u64 = 0x00;
/// The multihash code of SHA2-256.
pub const SHA2_256: u64 = 0x12;
const SHA2_512: u64 = 0x13;
const BLAKE3: u64 = 0x1e;
/// The code of BLAKE2b with a digest of *n* bytes is `BLAKE2B + n`, where *n* is 1 to 64.
const BLAKE2B: u64 = 0xb200;
const BLAKE2B_LONGEST: u64 = 64;

/// Why a CID does not prove a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The bytes are not those that the CID names.
    #[error("the bytes that came for {0} are not those that it names")]
    Mismatch(Cid),
    /// The CID uses a hash function that is not supported.
    #[error(
        "{cid} uses the hash 0x{code:x}, which is not understood here (sha2-256, sha2-512, blake2b and blake3 are)"
    )]
    Unknown {
        /// The CID.
        cid: Cid,
        /// The multihash code.
        code: u64,
    },
    /// The digest is too short, or longer than the hash function produces.
    #[error("{cid} has a digest of {len} bytes, which proves nothing")]
    Length {
        /// The CID.
        cid: Cid,
        /// The length of its digest in bytes.
        len: usize,
    },
}

/// Verifies a block against its CID. The hash functions are sha2-256, sha2-512, every blake2b, blake3 and identity.
///
/// # Errors
/// [`HashError`] if the CID does not prove the block.
pub fn verify(cid: &Cid, block: &[u8]) -> Result<(), HashError> {
    let code = cid.hash().code();
    let digest = cid.hash().digest();
    let length = || HashError::Length {
        cid: *cid,
        len: digest.len(),
    };
    let proved = match code {
        IDENTITY => digest == block,
        _ if digest.len() < MIN_DIGEST => return Err(length()),
        SHA2_256 => starts_with(&Sha256::digest(block), digest).ok_or_else(length)?,
        SHA2_512 => starts_with(&Sha512::digest(block), digest).ok_or_else(length)?,
        BLAKE3 => {
            let mut own = [0; 64];
            let own = own.get_mut(..digest.len()).ok_or_else(length)?;
            blake3::Hasher::new().update(block).finalize_xof().fill(own);
            own == digest
        }
        _ if (BLAKE2B + 1..=BLAKE2B + BLAKE2B_LONGEST).contains(&code) => {
            let size = (code - BLAKE2B) as usize;
            let mut own = vec![0; size];
            let mut hasher = Blake2bVar::new(size).map_err(|_| length())?;
            hasher.update(block);
            hasher.finalize_variable(&mut own).map_err(|_| length())?;
            starts_with(&own, digest).ok_or_else(length)?
        }
        _ => return Err(HashError::Unknown { cid: *cid, code }),
    };
    if proved {
        Ok(())
    } else {
        Err(HashError::Mismatch(*cid))
    }
}

/// Whether the beginning of the block's own hash is this digest, since a multihash may hold only
/// the beginning of a hash; `None` if the digest is longer than the hash.
fn starts_with(own: &[u8], digest: &[u8]) -> Option<bool> {
    own.get(..digest.len()).map(|own| own == digest)
}

/// The digest in a CID that has a full SHA2-256 hash. A platform may then hash the block itself
/// (`crypto.subtle`) and compare.
pub fn is_sha2_256(cid: &Cid) -> Option<[u8; 32]> {
    (cid.hash().code() == SHA2_256)
        .then(|| cid.hash().digest().try_into().ok())
        .flatten()
}

/// The block that an identity CID contains.
pub fn identity(cid: &Cid) -> Option<&[u8]> {
    (cid.hash().code() == IDENTITY).then(|| cid.hash().digest())
}

#[cfg(test)]
mod tests {
    use super::*;
    use multihash::Multihash;

    fn cid(code: u64, digest: &[u8]) -> Cid {
        Cid::new_v1(0x55, Multihash::wrap(code, digest).unwrap())
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    /// Digests of `abc` from other implementations (FIPS 180-4, RFC 7693, b3sum of the BLAKE3 paper, Python's
    /// hashlib).
    const ABC: &[(u64, &str)] = &[
        (IDENTITY, "616263"),
        (
            SHA2_256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (SHA2_256, "ba7816bf8f01cfea414140de5dae2223b00361a3"),
        (
            SHA2_512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        (
            BLAKE2B + 64,
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
        ),
        (
            BLAKE2B + 32,
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
        ),
        (
            BLAKE3,
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
        ),
    ];

    #[test]
    fn every_hash_proves_its_block_and_no_other() {
        for (code, digest) in ABC {
            let cid = cid(*code, &hex(digest));
            assert_eq!(verify(&cid, b"abc"), Ok(()), "0x{code:x}");
            assert_eq!(
                verify(&cid, b"abd"),
                Err(HashError::Mismatch(cid)),
                "0x{code:x}"
            );
        }
    }

    #[test]
    fn what_proves_nothing_is_refused() {
        let short = cid(SHA2_256, &[0; 19]);
        assert_eq!(
            verify(&short, b""),
            Err(HashError::Length {
                cid: short,
                len: 19
            })
        );
        let long = cid(SHA2_256, &[0; 33]);
        assert_eq!(
            verify(&long, b""),
            Err(HashError::Length { cid: long, len: 33 })
        );
        let tiny = cid(BLAKE2B + 1, &[0]);
        assert_eq!(
            verify(&tiny, b""),
            Err(HashError::Length { cid: tiny, len: 1 })
        );
        let sha1 = cid(0x11, &[0; 20]);
        assert_eq!(
            verify(&sha1, b""),
            Err(HashError::Unknown {
                cid: sha1,
                code: 0x11
            })
        );
        for code in [BLAKE2B, BLAKE2B + 65] {
            let other = cid(code, &[0; 32]);
            assert!(
                matches!(verify(&other, b""), Err(HashError::Unknown { .. })),
                "0x{code:x}"
            );
        }
    }

    #[test]
    fn only_a_whole_sha2_256_is_one() {
        assert_eq!(is_sha2_256(&cid(SHA2_256, &[7; 32])), Some([7; 32]));
        assert_eq!(is_sha2_256(&cid(SHA2_256, &[7; 20])), None);
        assert_eq!(is_sha2_256(&cid(BLAKE3, &[7; 32])), None);
    }
}
