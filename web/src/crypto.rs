//! AES-128-GCM, and keys that are derived from others or from a passphrase, as the browser computes them.

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

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
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = deriveKey, catch)]
    fn derive_key(
        algorithm: &JsValue,
        key: &JsValue,
        derived: &JsValue,
        extractable: bool,
        uses: &Array,
    ) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = generateKey, catch)]
    fn generate_key(
        algorithm: &JsValue,
        extractable: bool,
        uses: &Array,
    ) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = wrapKey, catch)]
    fn wrap_key(
        format: &str,
        key: &JsValue,
        wrapping: &JsValue,
        algorithm: &str,
    ) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = unwrapKey, catch)]
    fn unwrap_key(
        format: &str,
        wrapped: &Uint8Array,
        wrapping: &JsValue,
        wrapped_with: &str,
        algorithm: &str,
        extractable: bool,
        uses: &Array,
    ) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], catch)]
    fn encrypt(algorithm: &JsValue, key: &JsValue, data: &[u8]) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = encrypt, catch)]
    fn encrypt_array(
        algorithm: &JsValue,
        key: &JsValue,
        data: &Uint8Array,
    ) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], catch)]
    fn decrypt(algorithm: &JsValue, key: &JsValue, data: &[u8]) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = decrypt, catch)]
    fn decrypt_array(
        algorithm: &JsValue,
        key: &JsValue,
        data: &Uint8Array,
    ) -> Result<Promise, JsValue>;
}

async fn imported(algorithm: &str, key: &[u8], uses: &[&str]) -> Outcome<JsValue> {
    let key = Uint8Array::from(key);
    js::outcome(import_key("raw", &key, algorithm, false, &list(uses))).await
}

fn list(uses: &[&str]) -> Array {
    uses.iter().copied().map(JsValue::from).collect()
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

/// The length of a key of AES-128, in bytes.
const KEY: usize = 16;

/// What a key of [`AesGcm`] is for.
const SEALS: [&str; 2] = ["encrypt", "decrypt"];

/// What a passphrase wraps other keys with: AES-128-KW, with a key that PBKDF2 with SHA-256 derives.
pub struct Wrapping(JsValue);

impl Wrapping {
    /// The key that is derived from a passphrase and a salt in this number of rounds, which takes a while.
    ///
    /// # Errors
    /// The browser's message.
    pub async fn derive(passphrase: &str, salt: &[u8], rounds: u32) -> Outcome<Self> {
        let key = imported("PBKDF2", passphrase.as_bytes(), &["deriveKey"]).await?;
        let algorithm = object([
            ("name", "PBKDF2".into()),
            ("hash", "SHA-256".into()),
            ("salt", Uint8Array::from(salt).into()),
            ("iterations", rounds.into()),
        ]);
        let derived = aes("AES-KW");
        let uses = list(&["wrapKey", "unwrapKey"]);
        let key = derive_key(&algorithm, &key, &derived, false, &uses);
        js::outcome(key).await.map(Self)
    }

    /// A new key, and it as it is written down.
    ///
    /// # Errors
    /// The browser's message.
    pub async fn wrap_new(&self) -> Outcome<(AesGcm, Vec<u8>)> {
        let key = generate_key(&aes("AES-GCM"), true, &list(&SEALS));
        let key = js::outcome(key).await?;
        let wrapped = bytes_of(wrap_key("raw", &key, &self.0, "AES-KW")).await?;
        Ok((AesGcm(key), wrapped.to_vec()))
    }

    /// The key that was written down; `None` if it was wrapped with another passphrase.
    pub async fn unwrap(&self, wrapped: &[u8]) -> Option<AesGcm> {
        let wrapped = Uint8Array::from(wrapped);
        let uses = list(&SEALS);
        let key = unwrap_key("raw", &wrapped, &self.0, "AES-KW", "AES-GCM", false, &uses);
        js::outcome(key).await.ok().map(AesGcm)
    }
}

/// AES-128-GCM with one key, without additional data unless that is said. What is encrypted has the tag of 16 bytes at its end.
pub struct AesGcm(JsValue);

impl AesGcm {
    /// The cipher with this key of 16 bytes.
    ///
    /// # Errors
    /// The browser's message, for example in a page that is not a secure context.
    pub async fn new(key: &[u8]) -> Outcome<Self> {
        imported("AES-GCM", key, &SEALS).await.map(Self)
    }

    /// The cipher of one body, and what its nonces are made from: HKDF with SHA-256 derives the key of the cipher from a
    /// secret and a salt with the first `info`, and `N` bytes with the second.
    ///
    /// # Errors
    /// The browser's message, for example in a page that is not a secure context.
    pub async fn derive<const N: usize>(
        secret: &[u8],
        salt: &[u8],
        infos: [&[u8]; 2],
    ) -> Outcome<(Self, [u8; N])> {
        let key = hkdf(secret, salt, infos[0], KEY).await?;
        let mut base = [0; N];
        base.copy_from_slice(&hkdf(secret, salt, infos[1], N).await?);
        Ok((Self::new(&key).await?, base))
    }

    /// The cipher with a key that [`Self::key`] returned, perhaps in another program of the extension.
    pub fn of_key(key: JsValue) -> Self {
        Self(key)
    }

    /// The key as a `CryptoKey`, which can be sent to another program of the extension, and does not give out its bytes.
    pub fn key(&self) -> &JsValue {
        &self.0
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
        bytes_of(encrypt(&algorithm(nonce), &self.0, plain))
    }

    /// Encrypts bytes in the browser's memory, as [`Self::seal`] does.
    ///
    /// # Errors
    /// The browser's message.
    pub fn seal_array(
        &self,
        nonce: &[u8],
        plain: &Uint8Array,
    ) -> impl Future<Output = Outcome<Uint8Array>> + use<> {
        bytes_of(encrypt_array(&algorithm(nonce), &self.0, plain))
    }

    /// Authenticates and decrypts bytes; `None` if they are not authentic. The bytes are copied at once.
    pub fn open(
        &self,
        nonce: &[u8],
        sealed: &[u8],
    ) -> impl Future<Output = Option<Uint8Array>> + use<> {
        let plain = bytes_of(decrypt(&algorithm(nonce), &self.0, sealed));
        async move { plain.await.ok() }
    }

    /// Authenticates and decrypts bytes in the browser's memory, as [`Self::open`] does.
    pub fn open_array(
        &self,
        nonce: &[u8],
        sealed: &Uint8Array,
    ) -> impl Future<Output = Option<Uint8Array>> + use<> {
        let plain = bytes_of(decrypt_array(&algorithm(nonce), &self.0, sealed));
        async move { plain.await.ok() }
    }
}

impl AesGcm {
    /// Encrypts bytes as [`Self::seal`] does, and authenticates others beside them.
    ///
    /// # Errors
    /// The browser's message.
    pub async fn seal_beside(&self, nonce: &[u8], plain: &[u8], beside: &[u8]) -> Outcome<Vec<u8>> {
        let sealed = encrypt(&beside_algorithm(nonce, beside), &self.0, plain);
        Ok(bytes_of(sealed).await?.to_vec())
    }

    /// Decrypts what [`Self::seal_beside`] encrypted; `None` if it or what is beside it is not authentic.
    pub async fn open_beside(&self, nonce: &[u8], sealed: &[u8], beside: &[u8]) -> Option<Vec<u8>> {
        let plain = decrypt(&beside_algorithm(nonce, beside), &self.0, sealed);
        Some(bytes_of(plain).await.ok()?.to_vec())
    }
}

/// The bytes of a promised `ArrayBuffer`.
fn bytes_of(
    promised: Result<Promise, JsValue>,
) -> impl Future<Output = Outcome<Uint8Array>> + use<> {
    let outcome = js::outcome(promised);
    async move { Ok(Uint8Array::new(&outcome.await?)) }
}

fn algorithm(nonce: &[u8]) -> JsValue {
    object([
        ("name", "AES-GCM".into()),
        ("iv", Uint8Array::from(nonce).into()),
    ])
}

fn beside_algorithm(nonce: &[u8], beside: &[u8]) -> JsValue {
    object([
        ("name", "AES-GCM".into()),
        ("iv", Uint8Array::from(nonce).into()),
        ("additionalData", Uint8Array::from(beside).into()),
    ])
}

/// A new key of AES-128.
fn aes(name: &str) -> JsValue {
    object([("name", name.into()), ("length", (8 * KEY as u32).into())])
}
