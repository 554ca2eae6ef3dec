//! Tests of the identity: it is made once, and a damaged one does not prevent starting.

use background::database::{ASIDE, META};
use background::identity::{self, Kept};
use fluence::failure::Code;
use fluence::identity_file::Passphrase;
use fluence_peer::Keypair;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::database;

#[wasm_bindgen_test]
async fn an_identity_is_made_once() {
    let database = database().await;
    let first = identity::load(&database, Kept::Lasting).await;
    let second = identity::load(&database, Kept::Lasting).await;
    assert_eq!(first.keypair.public(), second.keypair.public());
    assert!(!second.replaced);
}

#[wasm_bindgen_test]
async fn a_damaged_identity_is_set_aside_and_replaced() {
    let database = database().await;
    let bytes = Uint8Array::from(&[1, 2, 3][..]);
    for damaged in [JsValue::from(bytes), JsValue::from("a text"), JsValue::NULL] {
        let written = database.write(&[META], |transaction| {
            let meta = transaction.object_store(META)?;
            meta.put_with_key(&damaged, &"identity".into())?;
            Ok(())
        });
        written.await.unwrap();
        let loaded = identity::load(&database, Kept::Lasting).await;
        assert!(loaded.replaced, "{damaged:?}");
        let again = identity::load(&database, Kept::Lasting).await;
        assert!(!again.replaced);
        assert_eq!(loaded.keypair.public(), again.keypair.public());
    }
    let aside = database.get(ASIDE, &"identity".into()).await.unwrap();
    assert!(aside.is_null(), "the last original is kept");
}

/// The key of RFC 8037, appendix A, encrypted by another implementation (jose 6 for Node.js).
const FILE: &str = r#"{
  "ciphertext": "4hfWNgQvkUmaY03tPudpMU0Zs94X8I25UtfLY6PJu-RtevChf4xXlzI-PVnIYWJeHXVOHg6hlFSIb0O-Ic1W15Sq_3VdBpY1TM8vlUfTJUXqmckhWO7m2mdllQlu-uUBFMDCn3g6ou-pfla53HPlSxAs7l6VZf9o7RqX_mlfk247",
  "iv": "GYrOyaZGGLIoz7yZ",
  "tag": "2IdFR9BDerQBPsakf34P_w",
  "encrypted_key": "G6GV1zKQ7uATgzbzARu3HNS2nDnOn6no",
  "protected": "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIiwiY3R5IjoiandrK2pzb24iLCJwMmMiOjEwMDAsInAycyI6IkFBRUNBd1FGQmdjSUNRb0xEQTBPRHcifQ"
}"#;

fn passphrase(text: &str) -> Passphrase {
    Passphrase(text.to_owned())
}

#[wasm_bindgen_test]
async fn a_file_of_another_program_is_read() {
    let secret = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c,
        0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae,
        0x7f, 0x60,
    ];
    let expected = Keypair::ed25519_from_bytes(secret).unwrap();
    let read = identity::read(FILE, &passphrase("Gänsefüßchen 🪿")).await;
    assert_eq!(read.unwrap().public(), expected.public());
}

#[wasm_bindgen_test]
async fn a_file_is_opened_by_its_passphrase_alone() {
    let keypair = Keypair::generate_ed25519();
    let file = identity::write(&keypair, &passphrase("right"))
        .await
        .unwrap();
    let read = identity::read(&file, &passphrase("right")).await;
    assert_eq!(read.unwrap().public(), keypair.public());
    let again = identity::write(&keypair, &passphrase("right")).await;
    assert_ne!(again.unwrap(), file, "it was encrypted with the same key");
    let wrong = identity::read(&file, &passphrase("wrong")).await;
    assert_eq!(wrong.unwrap_err().code, Code::WrongPassphrase);
    for (member, code) in [
        ("encrypted_key", Code::WrongPassphrase),
        ("protected", Code::BadIdentityFile),
        ("iv", Code::BadIdentityFile),
        ("ciphertext", Code::BadIdentityFile),
        ("tag", Code::BadIdentityFile),
    ] {
        // The second character: the last one may have bits that mean nothing, and the first ones of the header are JSON.
        let at = file.find(&format!("\"{member}\": \"")).unwrap() + member.len() + 6;
        let other = if &file[at..=at] == "A" { "B" } else { "A" };
        let changed = format!("{}{other}{}", &file[..at], &file[at + 1..]);
        let refused = identity::read(&changed, &passphrase("right")).await;
        assert_eq!(refused.unwrap_err().code, code, "{member}");
    }
}
