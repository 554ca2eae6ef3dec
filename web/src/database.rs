//! IndexedDB, where the browser has it.

use wasm_bindgen::prelude::*;
use web_sys::IdbFactory;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = indexedDB, thread_local_v2)]
    static INDEXED_DB: Option<IdbFactory>;
}

/// The factory that opens databases, in a page or in any worker; `None` if the browser has no
/// IndexedDB.
pub fn factory() -> Option<IdbFactory> {
    INDEXED_DB.with(Clone::clone)
}
