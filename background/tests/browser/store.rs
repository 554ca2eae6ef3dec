//! Tests of stored files. A kill of the worker is simulated by dropping everything that writes and
//! opening the store again.

use std::time::Duration;

use background::codec;
use background::database::{DAGS, EXTENTS};
use background::source::BlobSource;
use bytes::Bytes;
use files::message::{MAX_EXCERPT, Request};
use fluence::content::layout::layout;
use fluence::content::{Block, Dag, DagFile, Profile};
use fluence::names::cid_v1;
use fluence::ports::{Partial, Source, Store, StoreError};
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use web::time;

use crate::{blob, block, database, disk, id, noise, store};

const MIB: usize = 1024 * 1024;

fn dag(blocks: Vec<Block>) -> Dag {
    let len = blocks.iter().map(|block| block.len).sum();
    Dag {
        root: cid_v1(0x70, &[0xda; 32]),
        blocks,
        files: vec![DagFile {
            path: String::new(),
            offset: 0,
            len,
        }],
    }
}

async fn all(source: &BlobSource) -> Bytes {
    source.read(0..source.len()).await.unwrap()
}

#[wasm_bindgen_test]
async fn what_was_flushed_outlasts_a_kill() {
    let id = id("flushed");
    let bytes = noise(700_000);
    let mut partial = store().await.partial(&id).await.unwrap();
    assert!(partial.is_empty() && partial.blocks().is_empty());
    let mut blocks = Vec::new();
    for (number, piece) in (0..).zip(bytes[..500_000].chunks(100_000)) {
        let written = block(number, piece.len() as u64);
        blocks.push(written.clone());
        let piece = Bytes::copy_from_slice(piece);
        partial.append(piece, vec![written]).await.unwrap();
    }
    partial.flush().await.unwrap();
    // This block was still buffered when the worker was killed.
    let lost = Bytes::copy_from_slice(&bytes[500_000..]);
    partial
        .append(lost.clone(), vec![block(9, 200_000)])
        .await
        .unwrap();
    assert_eq!(partial.len(), 700_000);
    drop(partial);

    let store = store().await;
    let mut partial = store.partial(&id).await.unwrap();
    assert_eq!(partial.len(), 500_000);
    assert_eq!(partial.blocks(), blocks);
    assert_eq!(
        all(&partial.source().await.unwrap()).await,
        bytes[..500_000]
    );
    // Writing continues from there.
    partial.append(lost, vec![block(9, 200_000)]).await.unwrap();
    blocks.push(block(9, 200_000));
    let whole = dag(blocks);
    partial.finish(whole.clone()).await.unwrap();
    let (source, read) = store.open(&id).await.unwrap();
    assert_eq!(read, whole);
    assert_eq!(all(&source).await, bytes);
}

#[wasm_bindgen_test]
async fn what_comes_slowly_is_recorded_and_can_be_copied_while_more_comes() {
    let id = id("slowly");
    let bytes = noise(200_000);
    let store = store().await;
    let mut partial = store.partial(&id).await.unwrap();
    partial.flush().await.unwrap();
    let first = Bytes::copy_from_slice(&bytes[..100_000]);
    partial
        .append(first, vec![block(1, 100_000)])
        .await
        .unwrap();
    assert_eq!(store.recorded(&id, (0, 0)).await, Ok((0, 0)));
    // More than half a second is slow.
    time::sleep(Duration::from_millis(600)).await;
    let second = Bytes::copy_from_slice(&bytes[100_000..]);
    partial
        .append(second, vec![block(2, 100_000)])
        .await
        .unwrap();
    while store.recorded(&id, (0, 0)).await != Ok((1, 200_000)) {
        time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(store.recorded(&id, (1, 200_000)).await, Ok((1, 200_000)));

    let name = "excerpt".to_owned();
    let excerpt = |offset: f64, len| Request::Excerpt {
        name: name.clone(),
        at: 0.0,
        from: id.0.clone(),
        offset,
        len,
    };
    store.disk().ask(excerpt(50_000.0, 120_000)).await.unwrap();
    let len = 120_000.0;
    let finish = Request::Finish {
        name: name.clone(),
        len,
    };
    store.disk().ask(finish).await.unwrap();
    let copy = files::directory::file(&name).await.unwrap();
    // More is written to the file, and the copy can still be read.
    let third = Bytes::copy_from_slice(&bytes[..50_000]);
    partial.append(third, vec![block(3, 50_000)]).await.unwrap();
    partial.flush().await.unwrap();
    let copy = BlobSource::new(copy.into());
    assert_eq!(all(&copy).await, bytes[50_000..170_000]);
    // What is not there, and more than may be asked for at once.
    for (offset, len) in [(200_000.0, 100_000), (0.0, MAX_EXCERPT + 1)] {
        assert!(store.disk().ask(excerpt(offset, len)).await.is_err());
    }
}

#[wasm_bindgen_test]
async fn a_file_of_many_extents_is_one() {
    let id = id("many");
    let bytes = noise(12 * MIB + 13);
    let store = store().await;
    let mut partial = store.partial(&id).await.unwrap();
    for (number, piece) in bytes.chunks(333_333).enumerate() {
        let written = block(number as u8, piece.len() as u64);
        let piece = Bytes::copy_from_slice(piece);
        partial.append(piece, vec![written]).await.unwrap();
        if number % 10 == 3 {
            partial.flush().await.unwrap();
        }
    }
    // Bytes that are not flushed cannot be read, and none are read twice.
    let before = partial.source().await.unwrap();
    assert!(before.len() > 0 && before.len() < bytes.len() as u64);
    assert_eq!(all(&before).await, bytes[..before.len() as usize]);
    partial.flush().await.unwrap();
    let source = partial.source().await.unwrap();
    assert_eq!(all(&source).await, bytes);
    for range in [0..1, 4 * MIB - 5..4 * MIB + 5, 3 * MIB..9 * MIB, 7..7] {
        let read = source.read(range.start as u64..range.end as u64).await;
        assert_eq!(read.unwrap(), bytes[range]);
    }
    assert_eq!(partial.blocks().len(), bytes.len().div_ceil(333_333));
    drop(partial);
    let again = store.partial(&id).await.unwrap();
    assert_eq!(
        (again.len(), again.blocks().len()),
        (bytes.len() as u64, bytes.len().div_ceil(333_333))
    );
    store.remove(&id).await.unwrap();
}

#[wasm_bindgen_test]
async fn inner_nodes_have_no_bytes_and_are_kept() {
    let id = id("inner");
    let store = store().await;
    let mut partial = store.partial(&id).await.unwrap();
    // There are so many that some are written before the flush.
    let nodes: Vec<Block> = (0..5000).map(|number| block(number as u8, 0)).collect();
    for node in &nodes {
        partial
            .append(Bytes::new(), vec![node.clone()])
            .await
            .unwrap();
    }
    partial.flush().await.unwrap();
    partial
        .append(Bytes::from_static(b"leaf"), vec![block(1, 4)])
        .await
        .unwrap();
    partial.flush().await.unwrap();
    drop(partial);
    let partial = store.partial(&id).await.unwrap();
    assert_eq!(partial.len(), 4);
    assert_eq!(partial.blocks().len(), 5001);
    assert_eq!(partial.blocks()[..5000], nodes);
    store.remove(&id).await.unwrap();
}

#[wasm_bindgen_test]
async fn slices_of_other_files_are_adopted_in_their_place() {
    let bytes = noise(6 * MIB);
    let other = BlobSource::new(blob(&bytes));
    let id = id("adopted");
    let store = store().await;
    let mut partial = store.partial(&id).await.unwrap();
    partial
        .append(Bytes::from_static(b"before"), vec![])
        .await
        .unwrap();
    partial.adopt(other.clone(), 5..5_000_005).await.unwrap();
    partial.adopt(other.clone(), 9..9).await.unwrap();
    partial
        .append(Bytes::from_static(b"after"), vec![])
        .await
        .unwrap();
    let beyond = bytes.len() as u64 - 1..bytes.len() as u64 + 1;
    let refused = partial.adopt(other, beyond).await;
    assert!(matches!(refused, Err(StoreError::Gone(_))), "{refused:?}");
    partial.flush().await.unwrap();
    let expected = [b"before", &bytes[5..5_000_005], b"after"].concat();
    assert_eq!(partial.len(), expected.len() as u64);
    drop(partial);
    let mut partial = store.partial(&id).await.unwrap();
    assert_eq!(all(&partial.source().await.unwrap()).await, expected);
    store.remove(&id).await.unwrap();
}

#[wasm_bindgen_test]
async fn an_empty_file_is_a_file() {
    let id = id("empty");
    let store = store().await;
    let partial = store.partial(&id).await.unwrap();
    let whole = dag(vec![block(0, 0)]);
    partial.finish(whole.clone()).await.unwrap();
    let (source, read) = store.open(&id).await.unwrap();
    assert!(source.is_empty());
    assert_eq!(read, whole);
    store.remove(&id).await.unwrap();
}

#[wasm_bindgen_test]
async fn what_is_not_whole_is_not_opened() {
    let store = store().await;
    let missing = store.open(&id("missing")).await;
    assert!(matches!(missing, Err(StoreError::Gone(_))));

    let unfinished = id("unfinished");
    let mut partial = store.partial(&unfinished).await.unwrap();
    partial
        .append(Bytes::from_static(b"abc"), vec![block(0, 3)])
        .await
        .unwrap();
    partial.flush().await.unwrap();
    assert!(matches!(
        store.open(&unfinished).await,
        Err(StoreError::Gone(_))
    ));

    // The file has fewer bytes than its DAG.
    partial.finish(dag(vec![block(0, 4)])).await.unwrap();
    let short = store.open(&unfinished).await.map(|_| ());
    assert_eq!(
        short,
        Err(StoreError::Gone("3 of its 4 bytes are there".into()))
    );
    store.remove(&unfinished).await.unwrap();
}

#[wasm_bindgen_test]
async fn removing_touches_nothing_else() {
    let store = store().await;
    for name in ["rem", "remo", "remov"] {
        let mut partial = store.partial(&id(name)).await.unwrap();
        partial
            .append(Bytes::copy_from_slice(name.as_bytes()), vec![])
            .await
            .unwrap();
        partial
            .finish(dag(vec![block(0, name.len() as u64)]))
            .await
            .unwrap();
    }
    let known = |ids: &[fluence::state::ItemId]| -> Vec<String> {
        let rem = ids.iter().filter(|id| id.0.starts_with("rem"));
        rem.map(|id| id.0.clone()).collect()
    };
    let ids = store.ids().await.unwrap();
    assert_eq!(known(&ids), ["rem", "remo", "remov"]);
    store.remove(&id("remo")).await.unwrap();
    // Removing what does not exist is not an error.
    store.remove(&id("remo")).await.unwrap();
    store.remove(&id("never")).await.unwrap();
    assert_eq!(known(&store.ids().await.unwrap()), ["rem", "remov"]);
    for name in ["rem", "remov"] {
        let (source, _) = store.open(&id(name)).await.unwrap();
        assert_eq!(all(&source).await, name.as_bytes());
        store.remove(&id(name)).await.unwrap();
    }
    assert!(known(&store.ids().await.unwrap()).is_empty());
}

/// A record as the store writes it, with values that a test may corrupt.
fn record(offset: f64, len: f64, blocks: &[u8]) -> Object {
    let record = Object::new();
    let members: [(&str, JsValue); 3] = [
        ("offset", offset.into()),
        ("len", len.into()),
        ("blocks", Uint8Array::from(blocks).into()),
    ];
    for (name, value) in members {
        Reflect::set(&record, &name.into(), &value).unwrap();
    }
    record
}

async fn put(store: &str, key: &str, value: &JsValue) {
    let database = database().await;
    database
        .write(&[store], |transaction| {
            let store = transaction.object_store(store)?;
            store.put_with_key(value, &key.into())?;
            Ok(())
        })
        .await
        .unwrap();
}

#[wasm_bindgen_test]
async fn after_a_gap_nothing_counts() {
    let id = id("gap");
    let bytes = noise(12 * MIB);
    let store = store().await;
    let mut partial = store.partial(&id).await.unwrap();
    for (number, piece) in bytes.chunks(4 * MIB).enumerate() {
        let written = block(number as u8, piece.len() as u64);
        partial
            .append(Bytes::copy_from_slice(piece), vec![written])
            .await
            .unwrap();
        partial.flush().await.unwrap();
    }
    drop(partial);
    let database = database().await;
    let deleted = database.write(&[EXTENTS], |transaction| {
        transaction
            .object_store(EXTENTS)?
            .delete(&"gap:00000001".into())?;
        Ok(())
    });
    deleted.await.unwrap();

    let mut partial = store.partial(&id).await.unwrap();
    assert_eq!(partial.len(), 4 * MIB as u64);
    assert_eq!(partial.blocks(), [block(0, 4 * MIB as u64)]);
    assert_eq!(partial.source().await.unwrap().len(), 4 * MIB as u64);
    // Bytes that are fetched again replace those after the gap, even if they are divided
    // differently.
    for piece in bytes[4 * MIB..].chunks(3 * MIB) {
        let written = block(7, piece.len() as u64);
        partial
            .append(Bytes::copy_from_slice(piece), vec![written])
            .await
            .unwrap();
    }
    let blocks = partial.blocks();
    partial.finish(dag(blocks)).await.unwrap();
    let (source, _) = store.open(&id).await.unwrap();
    assert_eq!(all(&source).await, bytes);
    store.remove(&id).await.unwrap();
}

#[wasm_bindgen_test]
async fn foreign_records_are_no_bytes() {
    let blocks = codec::encode_blocks(&[block(0, 3)]);
    let corrupt: [(&str, JsValue); 9] = [
        ("text", "garbage".into()),
        ("null", JsValue::NULL),
        ("elsewhere", record(7.0, 3.0, &blocks).into()),
        ("no-number", record(f64::NAN, 3.0, &[0xff; 40]).into()),
        ("blocks", record(0.0, 3.0, &[0xff; 40]).into()),
        ("list", Array::of1(&1.into()).into()),
        ("long", record(0.0, 1e300, &blocks).into()),
        ("negative", record(0.0, -3.0, &[0xff; 40]).into()),
        // The file has no bytes for this record.
        ("nothing", record(0.0, 3.0, &blocks).into()),
    ];
    let store = store().await;
    for (name, value) in corrupt {
        let id = id(&format!("foreign-{name}"));
        put(EXTENTS, &format!("{}:00000000", id.0), &value).await;
        let mut partial = store.partial(&id).await.unwrap();
        assert!(partial.is_empty() && partial.blocks().is_empty(), "{name}");
        // The damaged record is overwritten.
        partial
            .append(Bytes::from_static(b"good"), vec![block(0, 4)])
            .await
            .unwrap();
        partial.finish(dag(vec![block(0, 4)])).await.unwrap();
        let (source, _) = store.open(&id).await.unwrap();
        assert_eq!(all(&source).await, "good", "{name}");

        for damaged in [
            JsValue::from("garbage"),
            Uint8Array::new_with_length(9).into(),
        ] {
            put(DAGS, &id.0, &damaged).await;
            let opened = store.open(&id).await.map(|_| ());
            assert!(matches!(opened, Err(StoreError::Gone(_))), "{opened:?}");
        }
        assert!(store.ids().await.unwrap().contains(&id), "{name}");
        store.remove(&id).await.unwrap();
        assert!(!store.ids().await.unwrap().contains(&id), "{name}");
    }
}

#[wasm_bindgen_test]
async fn bytes_that_were_lost_do_not_count() {
    let id = id("lost");
    let bytes = noise(9 * MIB);
    let pieces = |from: usize| bytes[from..].chunks(3 * MIB);
    {
        let mut partial = store().await.partial(&id).await.unwrap();
        for piece in pieces(0) {
            let written = block(0, piece.len() as u64);
            let piece = Bytes::copy_from_slice(piece);
            partial.append(piece, vec![written]).await.unwrap();
            partial.flush().await.unwrap();
        }
    }
    // This is what a loss of power leaves: the database knows of more bytes than reached the disk.
    let cut = Request::Finish {
        name: id.0.clone(),
        len: (8 * MIB) as f64,
    };
    disk().ask(cut).await.unwrap();

    let store = store().await;
    let mut partial = store.partial(&id).await.unwrap();
    assert_eq!(partial.len(), 6 * MIB as u64);
    assert_eq!(partial.blocks().len(), 2);
    for piece in pieces(6 * MIB) {
        let written = block(0, piece.len() as u64);
        let piece = Bytes::copy_from_slice(piece);
        partial.append(piece, vec![written]).await.unwrap();
    }
    let blocks = partial.blocks();
    partial.finish(dag(blocks)).await.unwrap();
    assert_eq!(all(&store.open(&id).await.unwrap().0).await, bytes);

    // A complete file that lost some bytes is not opened.
    let cut = Request::Finish {
        name: id.0.clone(),
        len: (8 * MIB) as f64,
    };
    disk().ask(cut).await.unwrap();
    let short = store.open(&id).await.map(|_| ());
    assert!(matches!(short, Err(StoreError::Gone(_))), "{short:?}");
    store.remove(&id).await.unwrap();
}

#[wasm_bindgen_test]
async fn an_earlier_worker_writes_no_more() {
    let id = id("earlier");
    let mut earlier = store().await.partial(&id).await.unwrap();
    let first = Bytes::from_static(b"first");
    earlier.append(first, vec![block(0, 5)]).await.unwrap();
    earlier.flush().await.unwrap();

    let store = store().await;
    let mut partial = store.partial(&id).await.unwrap();
    assert_eq!(partial.len(), 5);
    let second = Bytes::from_static(b"second");
    partial.append(second, vec![block(1, 6)]).await.unwrap();
    partial.flush().await.unwrap();
    earlier
        .append(Bytes::from_static(b"FALSE"), vec![block(2, 5)])
        .await
        .unwrap();
    assert!(earlier.flush().await.is_err());
    let blocks = partial.blocks();
    partial.finish(dag(blocks)).await.unwrap();
    let (source, _) = store.open(&id).await.unwrap();
    assert_eq!(all(&source).await, &b"firstsecond"[..]);
    store.remove(&id).await.unwrap();
}

#[wasm_bindgen_test]
async fn leaves_of_a_stored_file_are_hashed_where_it_lies() {
    let store = store().await;
    // There are so many leaves that they take several requests, and the last one is short.
    let bytes = noise(20 * MIB + 77);
    let id = id("hashed-leaves");
    let mut partial = store.partial(&id).await.unwrap();
    let data = Bytes::from(bytes.clone());
    partial.append(data, vec![]).await.unwrap();
    partial.flush().await.unwrap();
    let stored = partial.source().await.unwrap();
    let in_memory = BlobSource::new(blob(&bytes));
    for profile in [Profile::UnixfsV1_2025, Profile::UnixfsV0_2015] {
        let expected = layout(&in_memory, profile, |_| {});
        let hashed = layout(&stored, profile, |_| {});
        let (expected, hashed) = futures::join!(expected, hashed);
        assert_eq!(hashed.unwrap(), expected.unwrap());
    }
    let no = Bytes::new;
    let whole = stored.sha256(no(), 0..stored.len(), no()).await;
    assert!(
        matches!(whole, Err(StoreError::Failed(_))),
        "no block is that large: {whole:?}"
    );
    drop(partial);
    store.remove(&id).await.unwrap();
}
