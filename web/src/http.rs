//! Requests over HTTP.

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use web_sys::RequestInit;

#[wasm_bindgen]
extern "C" {
    /// The `fetch` of the worker that calls this, with the permissions of the extension and the
    /// cookies that the request asks for. The promise resolves to a `Response`.
    #[wasm_bindgen(js_name = fetch)]
    pub fn fetch(url: &str, init: &RequestInit) -> Promise;
}
