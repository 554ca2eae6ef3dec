//! Requests over HTTP.

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use web_sys::RequestInit;

#[wasm_bindgen]
extern "C" {
    /// Fetches as the worker that this is called in, with the permissions of the extension and the cookies that the
    /// request asks for.
    #[wasm_bindgen(js_name = fetch)]
    pub fn fetch(url: &str, init: &RequestInit) -> Promise;
}
