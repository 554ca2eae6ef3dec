//! Tests of the browser's cipher, with bodies that another implementation checked.

use background::cipher::Cipher;
use background::source::BlobSource;
use background::store::DiskStore;
use fluence::ports::{Partial, Piece, Source, Store};
use fluence::private::Key;
use fluence::private::record::{
    self, CONTENT, HEADER, Header, RECORD, RecordError, Records, Run, SALT,
};
use fluence::private::tar::{Part, Reader};
use js_sys::Function;
use serde_json::Value;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web::js;

use super::{blob, database, disk, id, lone_disk, noise};

fn decoded(base64: &str) -> Vec<u8> {
    let global = js_sys::global();
    let atob: Function = js::member(&global, "atob").unchecked_into();
    let text = atob.call1(&global, &base64.into()).unwrap();
    // Each character is a byte.
    let bytes = text.as_string().unwrap();
    bytes.chars().map(|c| c as u8).collect()
}

#[wasm_bindgen_test]
async fn bodies_of_private_shares_are_opened_and_made() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../../tests/vectors/private.json")).unwrap();
    let mut opened = 0;
    for vector in vectors {
        let Some(body) = vector["body"].as_str() else {
            continue;
        };
        let body = decoded(body);
        let key: Key = vector["key"].as_str().unwrap().parse().unwrap();
        let header = Header::parse_share(&body[..HEADER]).unwrap();
        let records = Records::new(&header, body.len() as u64).unwrap();
        let (cipher, base) = Cipher::derive(&key, &header.salt).await.unwrap();
        let mut reader = Reader::default();
        let mut found = Vec::new();
        for number in 0..records.count() {
            let place = records.range(number);
            let sealed = &body[place.start as usize..place.end as usize];
            let last = records.is_last(number);
            let plain = record::open(&cipher, &base, number, sealed.to_vec(), last).await;
            let plain = plain.unwrap();
            let again = record::seal(&cipher, &base, number, plain.clone(), last).await;
            assert_eq!(again.unwrap(), sealed, "{}", vector["about"]);
            for part in reader.push(&plain).unwrap() {
                if let Part::Entry(entry) = part {
                    found.push((entry.path, entry.len));
                }
            }
            let mut other = sealed.to_vec();
            other[0] ^= 1;
            let refused = record::open(&cipher, &base, number, other, last).await;
            assert_eq!(refused, Err(RecordError::Key));
        }
        reader.finish().unwrap();
        let entries = vector["entries"].as_array().unwrap().iter();
        let entries: Vec<(String, u64)> = entries
            .map(|entry| {
                let path = entry["path"].as_str().unwrap().to_owned();
                (path, entry["size"].as_u64().unwrap_or(0))
            })
            .collect();
        assert_eq!(found, entries, "{}", vector["about"]);
        opened += 1;
    }
    assert!(opened > 3, "{opened}");
}

#[wasm_bindgen_test]
async fn the_file_worker_makes_and_opens_records() {
    let full = 40 * CONTENT;
    let bytes = noise(full + 1000);
    let (len, cut) = (bytes.len() as u64, 35 * CONTENT as u64);
    let (cipher, base) = Cipher::derive(&Key::new([3; 16]), &[1; SALT])
        .await
        .unwrap();
    let records = |first| {
        Cipher::records(&Run {
            cipher: &cipher,
            base: &base,
            size: RECORD,
            first,
        })
    };
    for disk in [disk(), lone_disk()] {
        let store = DiskStore::new(database().await, disk);
        let (name, other, place) = (id("sealed"), id("altered"), id("unsealed"));
        for id in [&name, &other, &place] {
            store.remove(id).await.unwrap();
        }
        // What is in memory, what is not, and both together.
        let whole = BlobSource::new(blob(&bytes));
        let mut partial = store.partial(&name).await.unwrap();
        let head = Piece::Bytes(bytes[..CONTENT].to_vec().into());
        partial.seal(records(0), vec![head], false).await.unwrap();
        let start = CONTENT as u64;
        let piece = Piece::Bytes(bytes[CONTENT..CONTENT + 100].to_vec().into());
        let both = vec![piece, Piece::Slice(whole.clone(), start + 100..cut)];
        partial.seal(records(1), both, false).await.unwrap();
        let rest = vec![Piece::Slice(whole.clone(), cut..len)];
        partial.seal(records(35), rest, true).await.unwrap();
        partial.flush().await.unwrap();
        let source = partial.source().await.unwrap();
        let sealed = source.read(0..source.len()).await.unwrap();
        let mut expected = Vec::new();
        for (number, piece) in (0..).zip(bytes.chunks(CONTENT)) {
            let made = record::seal(&cipher, &base, number, piece.to_vec(), number == 40).await;
            expected.extend(made.unwrap());
        }
        assert!(sealed == expected);

        let mut opened = store.partial(&place).await.unwrap();
        let from = source.stored_name().unwrap();
        opened.unseal(records(0), from, 0, 40).await.unwrap();
        opened.flush().await.unwrap();
        let plain = opened.source().await.unwrap();
        assert!(plain.read(0..full as u64).await.unwrap() == bytes[..full]);
        drop(opened);

        // Records that are others than they should be, or not full, and one that was changed.
        let mut altered = sealed.to_vec();
        altered[33 * RECORD as usize + 5] ^= 1;
        let mut partial = store.partial(&other).await.unwrap();
        partial.append(altered.into(), Vec::new()).await.unwrap();
        partial.flush().await.unwrap();
        let altered = partial.source().await.unwrap();
        for (source, first, at, count) in [
            (&source, 1, 0, 3),
            (&source, 0, u64::from(RECORD), 3),
            (&source, 0, 1, 3),
            (&source, 0, 0, 41),
            (&altered, 0, 0, 40),
        ] {
            store.remove(&place).await.unwrap();
            let mut opened = store.partial(&place).await.unwrap();
            let from = source.stored_name().unwrap();
            let asked = opened.unseal(records(first), from, at, count).await;
            let refused = asked.is_err() || opened.flush().await.is_err();
            assert!(refused, "{first} {at} {count}");
        }
    }
}
