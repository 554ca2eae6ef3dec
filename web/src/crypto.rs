//! AES-128-GCM and HKDF with SHA-256, as the browser computes them.

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::js::{self, Outcome, object};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = importKey, catch)]
    fn import_key(
        format: &str,
        key: &Uint8Array,
        algorithm: &str,
        extractable: bool,
        uses: &Array,
    ) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = deriveBits, catch)]
    fn derive_bits(algorithm: &JsValue, key: &JsValue, bits: u32) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], catch)]
    fn encrypt(algorithm: &JsValue, key: &JsValue, data: &[u8]) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], catch)]
    fn decrypt(algorithm: &JsValue, key: &JsValue, data: &[u8]) -> Result<Promise, JsValue>;
}

async fn imported(algorithm: &str, key: &[u8], uses: &[&str]) -> Outcome<JsValue> {
    let uses = uses.iter().copied().map(JsValue::from).collect();
    let key = import_key("raw", &Uint8Array::from(key), algorithm, false, &uses);
    js::outcome(key).await
}

/// `len` bytes that HKDF with SHA-256 derives from a key.
///
/// # Errors
/// The browser's message, for example in a page that is not a secure context.
pub async fn hkdf(key: &[u8], salt: &[u8], info: &[u8], len: usize) -> Outcome<Vec<u8>> {
    let key = imported("HKDF", key, &["deriveBits"]).await?;
    let algorithm = object([
        ("name", "HKDF".into()),
        ("hash", "SHA-256".into()),
        ("salt", Uint8Array::from(salt).into()),
        ("info", Uint8Array::from(info).into()),
    ]);
    let bits = js::outcome(derive_bits(&algorithm, &key, 8 * len as u32)).await?;
    Ok(Uint8Array::new(&bits).to_vec())
}

/// AES-128-GCM with one key, without additional data. What is encrypted has the tag of 16 bytes at its end.
pub struct AesGcm(JsValue);

impl AesGcm {
    /// The cipher with this key of 16 bytes.
    ///
    /// # Errors
    /// The browser's message, for example in a page that is not a secure context.
    pub async fn new(key: &[u8]) -> Outcome<Self> {
        imported("AES-GCM", key, &["encrypt", "decrypt"])
            .await
            .map(Self)
    }

    /// Encrypts bytes. The nonce has 12 bytes, and is used once. The bytes are copied at once.
    ///
    /// # Errors
    /// The browser's message.
    pub fn seal(
        &self,
        nonce: &[u8],
        plain: &[u8],
    ) -> impl Future<Output = Outcome<Uint8Array>> + use<> {
        let sealed = encrypt(&algorithm(nonce), &self.0, plain);
        async move { Ok(Uint8Array::new(&js::outcome(sealed).await?)) }
    }

    /// Authenticates and decrypts bytes; `None` if they are not authentic. The bytes are copied at once.
    pub fn open(
        &self,
        nonce: &[u8],
        sealed: &[u8],
    ) -> impl Future<Output = Option<Uint8Array>> + use<> {
        let plain = decrypt(&algorithm(nonce), &self.0, sealed);
        async move {
            let plain = JsFuture::from(plain.ok()?).await.ok()?;
            Some(Uint8Array::new(&plain))
        }
    }
}

fn algorithm(nonce: &[u8]) -> JsValue {
    object([
        ("name", "AES-GCM".into()),
        ("iv", Uint8Array::from(nonce).into()),
    ])
}
