//! Tests of the identity: it is made once, and a damaged one does not prevent starting.

use background::database::{ASIDE, META};
use background::identity;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::database;

#[wasm_bindgen_test]
async fn an_identity_is_made_once() {
    let database = database().await;
    let first = identity::load(&database).await;
    let second = identity::load(&database).await;
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
        let loaded = identity::load(&database).await;
        assert!(loaded.replaced, "{damaged:?}");
        let again = identity::load(&database).await;
        assert!(!again.replaced);
        assert_eq!(loaded.keypair.public(), again.keypair.public());
    }
    let aside = database.get(ASIDE, &"identity".into()).await.unwrap();
    assert!(aside.is_null(), "the last original is kept");
}
