//! Hashes that the browser computes.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = digest, catch)]
    fn digest(algorithm: &str, data: &[u8]) -> Result<Promise, JsValue>;
}

/// The SHA-256 of bytes, computed on another thread. The browser copies the bytes before this returns, so that they may
/// change before the future is awaited.
pub fn sha256(bytes: &[u8]) -> impl Future<Output = Result<[u8; 32], JsValue>> + use<> {
    let digest = digest("SHA-256", bytes);
    async move {
        let digest = JsFuture::from(digest?).await?;
        let bytes = Uint8Array::new(&digest);
        let mut hash = [0; 32];
        if bytes.length() != 32 {
            return Err("the browser's SHA-256 has not 32 bytes".into());
        }
        bytes.copy_to(&mut hash);
        Ok(hash)
    }
}
