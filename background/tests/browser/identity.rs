//! The identity is made once.

use background::database::META;
use background::identity;
use fluence::ports::StoreError;
use js_sys::Uint8Array;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::database;

#[wasm_bindgen_test]
async fn an_identity_is_made_once_and_never_overwritten() {
    let database = database().await;
    let first = identity::load(&database).await.unwrap().public();
    let second = identity::load(&database).await.unwrap().public();
    assert_eq!(first, second);

    let damaged = Uint8Array::from(&[1, 2, 3][..]);
    let written = database.write(&[META], |transaction| {
        let meta = transaction.object_store(META)?;
        meta.put_with_key(&damaged, &"identity".into())?;
        Ok(())
    });
    written.await.unwrap();
    let loaded = identity::load(&database).await.map(|_| ());
    assert!(
        matches!(&loaded, Err(StoreError::Failed(why)) if why.contains("identity")),
        "{loaded:?}"
    );
    let there = database.get(META, &"identity".into()).await.unwrap();
    assert_eq!(Uint8Array::new(&there).to_vec(), [1, 2, 3]);
}
