//! The keys that the extension has.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

use crate::js::{member, outcome, text_or_empty};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["api", "commands"], js_name = getAll, catch)]
    fn all_commands() -> Result<Promise, JsValue>;
}

/// A key of the extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The name of the command in the manifest.
    pub command: String,
    /// The key, as the browser writes it; empty if the command has none.
    pub key: String,
}

/// The keys as they are now; none if the browser has no such keys.
pub async fn keys() -> Vec<Key> {
    let Ok(all) = outcome(all_commands()).await else {
        return Vec::new();
    };
    let key = |command: JsValue| Key {
        command: text_or_empty(&command, "name"),
        key: text_or_empty(&command, "shortcut"),
    };
    Array::from(&all)
        .iter()
        .filter(|command| member(command, "name").is_string())
        .map(key)
        .collect()
}
