//! Tests of the browser's cipher, with bodies that another implementation checked.

use background::cipher::Cipher;
use fluence::private::Key;
use fluence::private::record::{self, HEADER, Header, RecordError, Records};
use fluence::private::tar::{Part, Reader};
use js_sys::Function;
use serde_json::Value;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web::js;

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
