//! The browser's cipher for private shares.

use fluence::private::Key;
use fluence::private::record::{KEY_INFO, NONCE, NONCE_INFO, Nonce, RecordError, SALT};
use web::crypto::{AesGcm, hkdf};
use web::js::Outcome;

/// AES-128-GCM with the key of one body. This program only decrypts.
pub struct Cipher(AesGcm);

impl Cipher {
    /// Derives the cipher of a body, and what its nonces are made from.
    pub async fn derive(key: &Key, salt: &[u8; SALT]) -> Result<(Self, Nonce), RecordError> {
        let derived = async || -> Outcome<(AesGcm, Vec<u8>)> {
            let content_key = hkdf(key.bytes(), salt, KEY_INFO, 16).await?;
            let base = hkdf(key.bytes(), salt, NONCE_INFO, NONCE).await?;
            Ok((AesGcm::new(&content_key).await?, base))
        };
        let (cipher, base) = derived().await.map_err(|_| RecordError::Cipher)?;
        let base = base.try_into().map_err(|_| RecordError::Cipher)?;
        Ok((Self(cipher), base))
    }
}

impl fluence::private::record::Cipher for Cipher {
    async fn seal(&self, nonce: Nonce, plain: Vec<u8>) -> Result<Vec<u8>, RecordError> {
        let sealed = self.0.seal(&nonce, &plain);
        let sealed = sealed.await.map_err(|_| RecordError::Cipher)?;
        Ok(sealed.to_vec())
    }

    async fn open(&self, nonce: Nonce, sealed: Vec<u8>) -> Option<Vec<u8>> {
        let plain = self.0.open(&nonce, &sealed);
        Some(plain.await?.to_vec())
    }
}
