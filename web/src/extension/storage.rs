//! Values in the storage areas of the extension.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

use crate::js::{Outcome, member, object, outcome};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["api", "storage", "session"], js_name = get, catch)]
    fn session_get(key: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "storage", "session"], js_name = set, catch)]
    fn session_set(items: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "storage", "session"], js_name = remove, catch)]
    fn session_remove(key: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["api", "storage", "local"], js_name = get, catch)]
    fn local_get(key: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "storage", "local"], js_name = set, catch)]
    fn local_set(items: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["navigator", "storage"], catch)]
    fn estimate() -> Result<Promise, JsValue>;
}

/// The bytes that this extension may use on the disk, including those that it uses already. With the permission
/// `unlimitedStorage` that is what is free.
///
/// # Errors
/// Fails with the browser's message.
pub async fn available() -> Outcome<u64> {
    let estimate = outcome(estimate()).await?;
    Ok(member(&estimate, "quota").as_f64().unwrap_or_default() as u64)
}

/// The bytes that are free on the disk for this extension. The browser asks the system each time, within a millisecond.
///
/// # Errors
/// Fails with the browser's message.
pub async fn free() -> Outcome<u64> {
    let estimate = outcome(estimate()).await?;
    let bytes = |name| member(&estimate, name).as_f64();
    let quota = bytes("quota").ok_or("the browser does not tell what is free")?;
    Ok((quota - bytes("usage").unwrap_or_default()) as u64)
}

/// The value under a key in the storage that lasts until the browser is closed; `undefined` if
/// there is none.
///
/// # Errors
/// Fails with the browser's message.
pub async fn session(key: &str) -> Outcome<JsValue> {
    let found = outcome(session_get(key)).await?;
    Ok(member(&found, key))
}

/// Like [`session`], after which nothing is under the key any more.
///
/// # Errors
/// Fails with the browser's message.
pub async fn take_from_session(key: &str) -> Outcome<JsValue> {
    let value = session(key).await?;
    outcome(session_remove(key)).await?;
    Ok(value)
}

/// Stores a plain value under a key until the browser is closed.
///
/// # Errors
/// Fails with the browser's message.
pub async fn keep_for_session(key: &str, value: JsValue) -> Outcome<()> {
    let items = object([(key, value)]);
    outcome(session_set(&items)).await.map(drop)
}

/// The value under a key in the persistent storage; `undefined` if there is none.
///
/// # Errors
/// Fails with the browser's message.
pub async fn kept(key: &str) -> Outcome<JsValue> {
    let found = outcome(local_get(key)).await?;
    Ok(member(&found, key))
}

/// Stores a text under a key in the persistent storage.
///
/// # Errors
/// Fails with the browser's message.
pub async fn keep(key: &str, text: &str) -> Outcome<()> {
    let items = object([(key, text.into())]);
    outcome(local_set(&items)).await.map(drop)
}
