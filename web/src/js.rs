//! JavaScript values: objects and their members, promises and exceptions.

use js_sys::{Object, Promise, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// The result of a call to the browser. The error is the browser's own message.
pub type Outcome<T> = Result<T, String>;

/// Awaits the promise of a call to the browser. If it is rejected before this is polled, the browser reports no rejection
/// that nobody handles.
///
/// # Errors
/// Fails with the message of the exception, or of the reason for which the promise was rejected.
pub fn outcome(called: Result<Promise, JsValue>) -> impl Future<Output = Outcome<JsValue>> + use<> {
    let promise = called.map(JsFuture::from);
    async move {
        match promise {
            Ok(promise) => promise.await,
            Err(why) => Err(why),
        }
        .map_err(|why| message_of(&why))
    }
}

/// Writes a warning to the console about a failure on which nothing depends. `doing` says what
/// failed.
pub fn warn_on_error<T>(doing: &str, outcome: Result<T, impl std::fmt::Display>) {
    if let Err(why) = outcome {
        web_sys::console::warn_1(&format!("{doing}: {why}").into());
    }
}

#[wasm_bindgen]
extern "C" {
    /// Converts any value to a string, which an object may refuse.
    #[wasm_bindgen(js_name = String, catch)]
    fn text_of(value: &JsValue) -> Result<String, JsValue>;
}

/// Bytes as text in the charset with this label; `None` if the browser knows no such charset, or the bytes are no text in it.
pub fn decoded(label: &str, bytes: &[u8]) -> Option<String> {
    let options = web_sys::TextDecoderOptions::new();
    options.set_fatal(true);
    let decoder = web_sys::TextDecoder::new_with_label_and_options(label, &options).ok()?;
    decoder.decode_with_u8_array(bytes).ok()
}

/// The message of an exception.
pub fn message_of(why: &JsValue) -> String {
    member(why, "message")
        .as_string()
        .or_else(|| why.as_string())
        .unwrap_or_else(|| text_of(why).unwrap_or_default())
}

/// The member of an object with this name; `undefined` if there is none.
pub fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// The member of an object with this name, if it is a string.
pub fn text(object: &JsValue, name: &str) -> Option<String> {
    member(object, name).as_string()
}

/// The member of an object with this name if it is a string, or else an empty string.
pub fn text_or_empty(object: &JsValue, name: &str) -> String {
    text(object, name).unwrap_or_default()
}

/// An object with these members.
pub fn object<const N: usize>(members: [(&str, JsValue); N]) -> JsValue {
    // One function for all lengths keeps the program small, because people download it.
    fn object_of(members: &[(&str, JsValue)]) -> JsValue {
        let object = Object::new().into();
        for (name, value) in members {
            set(&object, name, value);
        }
        object
    }
    object_of(&members)
}

/// Sets a member of an object that [`object`] made.
pub fn set(object: &JsValue, name: &str, value: &JsValue) {
    // This never fails for a plain object.
    let _ = Reflect::set(object, &name.into(), value);
}

/// A value as plain JavaScript objects, in the form that ports can send.
///
/// # Errors
/// Fails with a message if the value cannot be serialized.
pub fn plain<T: Serialize>(value: &T) -> Outcome<JsValue> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(|why| why.to_string())
}
