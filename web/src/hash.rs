//! Hashes that the browser computes. It copies the bytes at once, so they may change before the
//! future is awaited.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = digest, catch)]
    fn digest(algorithm: &str, data: &[u8]) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = digest, catch)]
    fn digest_of(algorithm: &str, data: &Uint8Array) -> Result<Promise, JsValue>;
}

/// The SHA-256 digest of bytes in this program's memory.
///
/// # Errors
/// Fails with the browser's exception, for example in a page that is not a secure context.
pub fn sha256(bytes: &[u8]) -> impl Future<Output = Result<[u8; 32], JsValue>> + use<> {
    let digest = digest("SHA-256", bytes);
    async move {
        let bytes = settled(digest).await?;
        let mut hash = [0; 32];
        if bytes.length() != 32 {
            return Err("the browser's SHA-256 digest does not have 32 bytes".into());
        }
        bytes.copy_to(&mut hash);
        Ok(hash)
    }
}

/// The SHA-256 digest of bytes in the browser's memory, which are not copied into this program's.
///
/// # Errors
/// Fails as [`sha256`] does.
pub fn sha256_of(bytes: &Uint8Array) -> impl Future<Output = Result<Uint8Array, JsValue>> + use<> {
    settled(digest_of("SHA-256", bytes))
}

async fn settled(digest: Result<Promise, JsValue>) -> Result<Uint8Array, JsValue> {
    let digest = JsFuture::from(digest?).await?;
    Ok(Uint8Array::new(&digest))
}
