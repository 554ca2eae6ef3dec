//! JavaScript's values: objects and their members, promises, exceptions.

use js_sys::{Object, Promise, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// What a call of the browser ends with; the error is a line for people.
pub type Outcome<T> = Result<T, String>;

/// What a call of the browser ends with, when its promise is settled.
///
/// # Errors
/// The text of what was thrown, or of what the promise was rejected with.
pub async fn outcome(called: Result<Promise, JsValue>) -> Outcome<JsValue> {
    let promise = called.map_err(|why| message_of(&why))?;
    JsFuture::from(promise)
        .await
        .map_err(|why| message_of(&why))
}

/// Warns on the console about a failure on which nothing depends.
pub fn warn_on_error<T>(doing: &str, outcome: Result<T, impl std::fmt::Display>) {
    if let Err(why) = outcome {
        web_sys::console::warn_1(&format!("{doing}: {why}").into());
    }
}

/// The text of an exception.
pub fn message_of(why: &JsValue) -> String {
    member(why, "message")
        .as_string()
        .or_else(|| why.as_string())
        .unwrap_or_else(|| format!("{why:?}"))
}

/// A member of an object; `undefined` where there is none.
pub fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// An object with these members.
pub fn object<const N: usize>(members: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new();
    for (name, value) in members {
        // A plain object takes any member.
        let _ = Reflect::set(&object, &name.into(), &value);
    }
    object.into()
}

/// As the browser's own functions and ports take it: plain objects, numbers as numbers.
pub fn plain<T: Serialize>(value: &T) -> Outcome<JsValue> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(|why| why.to_string())
}
