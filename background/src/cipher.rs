//! The cipher of private shares: the browser's.

use files::message::Records;
use fluence::private::Key;
use fluence::private::record::{self, KEY_INFO, NONCE_INFO, Nonce, RecordError, Run, SALT};
use js_sys::Uint8Array;
use web::crypto::AesGcm;

/// AES-128-GCM with the key of one body.
pub struct Cipher(AesGcm);

impl Cipher {
    /// Derives the cipher of a body, and what its nonces are made from.
    ///
    /// # Errors
    /// [`RecordError::Cipher`] if the browser computes none.
    pub async fn derive(key: &Key, salt: &[u8; SALT]) -> Result<(Self, Nonce), RecordError> {
        let derived = AesGcm::derive(key.bytes(), salt, [KEY_INFO, NONCE_INFO]).await;
        let (cipher, base) = derived.map_err(|_| RecordError::Cipher)?;
        Ok((Self(cipher), base))
    }
}

impl Cipher {
    /// What the file worker needs to know to encrypt or decrypt records.
    pub fn records(run: &Run<'_, Self>) -> Records {
        Records {
            key: run.cipher.0.key().clone(),
            base: Uint8Array::from(&run.base[..]),
            size: run.size,
            first: run.first as f64,
        }
    }
}

impl record::Cipher for Cipher {
    async fn seal(&self, nonce: Nonce, plain: Vec<u8>) -> Result<Vec<u8>, RecordError> {
        let sealed = self.0.seal(&nonce, &plain);
        drop(plain);
        let sealed = sealed.await.map_err(|_| RecordError::Cipher)?;
        Ok(sealed.to_vec())
    }

    async fn open(&self, nonce: Nonce, sealed: Vec<u8>) -> Option<Vec<u8>> {
        let plain = self.0.open(&nonce, &sealed);
        drop(sealed);
        Some(plain.await?.to_vec())
    }
}
