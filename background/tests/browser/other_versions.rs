//! Makes databases like those that other versions of the extension leave.

use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbFactory, IdbRequest, IdbTransactionMode};

/// The object stores of version 2.
pub const STORES_OF_2: [&str; 4] = ["extents", "dags", "journal", "meta"];

/// A value in a database: its object store, its key, and the value itself.
pub type Value = (&'static str, JsValue, JsValue);

/// Makes a database that does not exist yet.
pub async fn make(name: &str, version: u32, stores: &[&str], values: &[Value]) {
    let database = open(name, version, stores).await;
    let names: Array = stores.iter().map(|name| JsValue::from_str(name)).collect();
    let transaction = database
        .transaction_with_str_sequence_and_mode(&names, IdbTransactionMode::Readwrite)
        .unwrap();
    for (store, key, value) in values {
        let store = transaction.object_store(store).unwrap();
        store.put_with_key(value, key).unwrap();
    }
    let ended = Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
    });
    JsFuture::from(ended).await.unwrap();
    database.close();
}

/// Reads a value from an existing database.
pub async fn read(name: &str, version: u32, store: &str, key: &str) -> JsValue {
    let database = open(name, version, &[]).await;
    let transaction = database.transaction_with_str(store).unwrap();
    let store = transaction.object_store(store).unwrap();
    let value = done(&store.get(&key.into()).unwrap()).await;
    database.close();
    value
}

async fn open(name: &str, version: u32, stores: &[&str]) -> IdbDatabase {
    let factory = Reflect::get(&js_sys::global(), &"indexedDB".into()).unwrap();
    let factory: IdbFactory = factory.unchecked_into();
    let request = factory.open_with_u32(name, version).unwrap();
    let stores: Vec<String> = stores.iter().map(|name| (*name).to_owned()).collect();
    let opened = request.clone();
    let upgrade = Closure::once(move || {
        let database: IdbDatabase = opened.result().unwrap().unchecked_into();
        for name in &stores {
            database.create_object_store(name).unwrap();
        }
    });
    request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    done(&request).await.unchecked_into()
}

async fn done(request: &IdbRequest) -> JsValue {
    let ended = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(ended).await.unwrap();
    request.result().unwrap()
}
