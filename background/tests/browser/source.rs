//! Tests of blobs as sources: every slice is the right one, however many are read and hashed at the
//! same time.

use background::source::{BlobSource, blob_of_pieces};
use bytes::Bytes;
use fluence::content::Profile;
use fluence::content::hash;
use fluence::content::layout::layout;
use fluence::names::cid_v1;
use fluence::ports::{Partial, Piece, Source, Store, StoreError};
use futures::future::join_all;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{blob, id, noise, store};

const MIB: u64 = 1024 * 1024;
/// The CIDs of bytes of several lengths, made by another implementation.
const VECTORS: &str = include_str!("../../../tests/vectors/unixfs.json");
/// The longest bytes that are tested here; longer ones are tested natively.
const LONGEST: u64 = 2 * MIB;

fn source(bytes: &[u8]) -> BlobSource {
    BlobSource::new(blob(bytes))
}

/// Stores a file, which the file worker hashes.
async fn stored(name: &str, bytes: &[u8]) -> BlobSource {
    let mut partial = store().await.partial(&id(name)).await.unwrap();
    let bytes = source(bytes);
    let all = 0..bytes.len();
    partial.adopt(bytes, all).await.unwrap();
    partial.source().await.unwrap()
}

/// Whether a digest is that of the bytes, according to the core's own code.
fn is_digest(digest: &[u8; 32], bytes: &[u8]) -> bool {
    hash::verify(&cid_v1(0x55, digest), bytes).is_ok()
}

#[wasm_bindgen_test]
async fn slices_are_hashed_side_by_side() {
    let bytes = noise(10 * MIB as usize + 77);
    let sources = [source(&bytes), stored("hashed", &bytes).await];
    let len = bytes.len() as u64;
    let mut ranges: Vec<_> = (0..len.div_ceil(MIB / 4))
        .map(|number| number * MIB / 4..((number + 1) * MIB / 4).min(len))
        .collect();
    // These are out of order, repeated, or empty.
    ranges.extend([
        4 * MIB - 1..4 * MIB + 1,
        9 * MIB..len,
        1..2,
        0..0,
        len..len,
        len - 1..len,
        3 * MIB..5 * MIB,
        0..MIB,
    ]);
    let around = [(&b""[..], &b""[..]), (b"before", b"after"), (b"", b"x")];
    for (source, (prefix, suffix)) in sources.iter().flat_map(|s| around.map(|a| (s, a))) {
        let digests = join_all(ranges.iter().map(|range| {
            source.sha256(
                Bytes::copy_from_slice(prefix),
                range.clone(),
                Bytes::copy_from_slice(suffix),
            )
        }))
        .await;
        for (range, digest) in ranges.iter().zip(digests) {
            let slice = &bytes[range.start as usize..range.end as usize];
            let digest = digest.unwrap_or_else(|why| panic!("{range:?}: {why}"));
            let whole = [prefix, slice, suffix].concat();
            assert!(is_digest(&digest, &whole), "{range:?}");
        }
    }
}

#[wasm_bindgen_test]
async fn two_files_share_no_bytes() {
    let bytes = noise(9 * MIB as usize);
    let store = store().await;
    let mut files = Vec::new();
    for (name, bytes) in [("one", &bytes[..5_000_000]), ("other", &bytes[4_000_000..])] {
        let mut partial = store.partial(&id(name)).await.unwrap();
        let bytes = Bytes::copy_from_slice(bytes);
        partial.append(bytes, vec![]).await.unwrap();
        partial.flush().await.unwrap();
        files.push(partial.source().await.unwrap());
    }
    let (one, other) = (&files[0], &files[1]);
    let hashed = join_all((0..5_000_000 / 100_000).map(|number| {
        let range = number * 100_000..(number + 1) * 100_000;
        let (one, other) = (one.clone(), other.clone());
        async move {
            let one = one.sha256(Bytes::new(), range.clone(), Bytes::new());
            let other = other.sha256(Bytes::new(), range, Bytes::new());
            futures::future::join(one, other).await
        }
    }))
    .await;
    for (number, (one, other)) in hashed.into_iter().enumerate() {
        let range = number * 100_000..(number + 1) * 100_000;
        assert!(is_digest(&one.unwrap(), &bytes[range.clone()]), "{range:?}");
        let moved = range.start + 4_000_000..range.end + 4_000_000;
        assert!(is_digest(&other.unwrap(), &bytes[moved]), "{range:?}");
    }
}

#[wasm_bindgen_test]
async fn beyond_the_end_there_is_nothing() {
    for source in [source(b"hello"), stored("hello", b"hello").await] {
        nothing_beyond(source).await;
    }
}

async fn nothing_beyond(source: BlobSource) {
    assert_eq!(source.read(1..3).await.unwrap(), "el");
    assert_eq!(source.read(5..5).await.unwrap(), "");
    for range in [0..6, 5..6, 9..12, 3..u64::MAX, 1 << 60..1 << 61] {
        let read = source.read(range.clone()).await;
        assert!(matches!(read, Err(StoreError::Gone(_))), "{range:?}");
        let hashed = source.sha256(Bytes::new(), range.clone(), Bytes::new());
        let hashed = hashed.await;
        assert!(matches!(hashed, Err(StoreError::Gone(_))), "{range:?}");
    }
}

#[wasm_bindgen_test]
async fn bytes_and_slices_make_one_body() {
    let bytes = noise(9 * MIB as usize);
    let file = source(&bytes);
    assert_eq!(file.len(), bytes.len() as u64);
    assert_eq!(file.read(0..file.len()).await.unwrap(), bytes);
    let pieces = [
        Piece::Bytes(Bytes::from_static(b"head")),
        Piece::Slice(file.clone(), 5..8 * MIB),
        Piece::Bytes(Bytes::new()),
        Piece::Slice(file.clone(), 0..0),
        Piece::Bytes(Bytes::from_static(b"tail")),
    ];
    let body = BlobSource::new(blob_of_pieces(&pieces).unwrap());
    let expected = [b"head", &bytes[5..8 * MIB as usize], b"tail"].concat();
    assert_eq!(body.read(0..body.len()).await.unwrap(), expected);
    let beyond = [Piece::Slice(file, 0..10 * MIB)];
    assert!(matches!(blob_of_pieces(&beyond), Err(StoreError::Gone(_))));
}

#[wasm_bindgen_test]
async fn roots_are_those_of_other_implementations() {
    let bytes = noise(LONGEST as usize);
    let vectors: serde_json::Value = serde_json::from_str(VECTORS).unwrap();
    let mut checked = 0;
    for (name, profile) in [
        ("unixfs-v0-2015", Profile::UnixfsV0_2015),
        ("unixfs-v1-2025", Profile::UnixfsV1_2025),
    ] {
        for (len, cid) in vectors[name].as_object().unwrap() {
            let len: usize = len.parse().unwrap();
            if len as u64 > LONGEST {
                continue;
            }
            for source in [source(&bytes[..len]), stored(name, &bytes[..len]).await] {
                let dag = layout(&source, profile, |_| {}).await.unwrap();
                assert_eq!(Some(dag.root.to_string().as_str()), cid.as_str(), "{len}");
            }
            store().await.remove(&id(name)).await.unwrap();
            checked += 1;
        }
    }
    assert!(checked >= 16, "{checked} vectors");
}
