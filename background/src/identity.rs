//! The identity of this peer: one key pair, made once.

use fluence::ports::StoreError;
use fluence_peer::Keypair;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web::js;

use crate::database::{ASIDE, Database, META};

/// The key of the key pair in the database.
const IDENTITY: &str = "identity";

/// This peer's identity.
pub struct Identity {
    /// The key pair.
    pub keypair: Keypair,
    /// Whether it replaces a stored one that could not be read. The original is set aside.
    pub replaced: bool,
}

/// Loads the stored identity. If there is none, or none that can be read, a new one is made and
/// stored. If it cannot be stored, it lasts for this run only.
pub async fn load(database: &Database) -> Identity {
    let stored = database.get(META, &IDENTITY.into()).await;
    let bytes = stored
        .as_ref()
        .ok()
        .and_then(|stored| stored.dyn_ref::<Uint8Array>());
    let keypair = bytes.and_then(|bytes| Keypair::from_protobuf_encoding(&bytes.to_vec()).ok());
    if let Some(keypair) = keypair {
        return Identity {
            keypair,
            replaced: false,
        };
    }
    let keypair = Keypair::generate_ed25519();
    let replaced = !stored.as_ref().is_ok_and(JsValue::is_undefined);
    if stored.is_err() {
        // What could not be read now may be read by the next start.
        return Identity { keypair, replaced };
    }
    let original = stored.ok().filter(|_| replaced);
    let written = store(database, &keypair, original.as_ref()).await;
    js::warn_on_error(
        "the new identity was not stored",
        written.map_err(|why| why.to_string()),
    );
    Identity { keypair, replaced }
}

/// Stores a new identity in the place of the one before.
///
/// # Errors
/// [`StoreError`] if it cannot be stored; the one before stays.
pub async fn renew(database: &Database, keypair: &Keypair) -> Result<(), StoreError> {
    store(database, keypair, None).await
}

/// Stores an identity, and sets aside what was stored in its place.
async fn store(
    database: &Database,
    keypair: &Keypair,
    original: Option<&JsValue>,
) -> Result<(), StoreError> {
    let bytes = keypair
        .to_protobuf_encoding()
        .map_err(|why| StoreError::Failed(why.to_string()))?;
    database
        .write(&[META, ASIDE], |transaction| {
            if let Some(original) = original {
                let aside = transaction.object_store(ASIDE)?;
                aside.put_with_key(original, &IDENTITY.into())?;
            }
            let meta = transaction.object_store(META)?;
            meta.put_with_key(&Uint8Array::from(&bytes[..]), &IDENTITY.into())?;
            Ok(())
        })
        .await
}
