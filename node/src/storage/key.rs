//! The keys of blocks inside the storage.

use fluence::Cid;

/// A CIDv1 as bytes: the codec tells how to read the block's links, the multihash where its bytes
/// are.
pub(super) type Key = Vec<u8>;

/// The key of a block: the bytes of its CID as CIDv1.
pub(super) fn key(cid: &Cid) -> Key {
    Cid::new_v1(cid.codec(), *cid.hash()).to_bytes()
}

/// The key of a multihash (as bytes) under a codec.
pub(super) fn key_of(codec: u64, hash: &[u8]) -> Key {
    let mut buffer = unsigned_varint::encode::u64_buffer();
    let codec = unsigned_varint::encode::u64(codec, &mut buffer);
    [&[1], codec, hash].concat()
}

/// The CID of a key; `None` for bytes that are not a key.
pub(super) fn cid_of(key: &[u8]) -> Option<Cid> {
    Cid::try_from(key).ok()
}

/// The multihash in a key: what follows the version and the codec.
pub(super) fn hash_of(key: &[u8]) -> &[u8] {
    let codec = key.get(1..).unwrap_or_default();
    let len = codec
        .iter()
        .position(|byte| byte & 0x80 == 0)
        .map_or(codec.len(), |last| last + 1);
    &codec[len..]
}

#[cfg(test)]
mod tests {
    use fluence::content::unixfs::DAG_PB;

    use super::super::ipld::DAG_JSON;
    use super::*;

    #[test]
    fn a_key_is_the_cid_as_v1() {
        let v0: Cid = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"
            .parse()
            .unwrap();
        let v1 = Cid::new_v1(v0.codec(), *v0.hash());
        assert_eq!(key(&v0), key(&v1));
        assert_eq!(key_of(DAG_PB, &v0.hash().to_bytes()), key(&v0));
        let json = Cid::new_v1(DAG_JSON, *v0.hash());
        assert_eq!(key_of(DAG_JSON, &v0.hash().to_bytes()), key(&json));
        assert_eq!(hash_of(&key(&json)), v0.hash().to_bytes());
        assert_eq!(cid_of(&key(&v0)), Some(v1));
    }
}
