//! The identity of this peer: one keypair, made once.

use fluence::ports::StoreError;
use fluence_peer::Keypair;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::database::{ASIDE, Database, META};

/// The key of the keypair in the database.
const IDENTITY: &str = "identity";

/// This peer's identity.
pub struct Identity {
    /// The keypair.
    pub keypair: Keypair,
    /// Whether it is new because the stored one could not be read. The original is set aside.
    pub replaced: bool,
}

/// The stored identity. Where there is none, or none that can be read, a new one is made and stored before it is used.
///
/// # Errors
/// [`StoreError`] where the database cannot be read or written.
pub async fn load(database: &Database) -> Result<Identity, StoreError> {
    let stored = database.get(META, &IDENTITY.into()).await?;
    let there = !stored.is_undefined();
    let bytes = stored.clone().dyn_into::<Uint8Array>().ok();
    let keypair = bytes.and_then(|bytes| Keypair::from_protobuf_encoding(&bytes.to_vec()).ok());
    if let Some(keypair) = keypair {
        return Ok(Identity {
            keypair,
            replaced: false,
        });
    }
    let keypair = Keypair::generate_ed25519();
    let bytes = keypair
        .to_protobuf_encoding()
        .map_err(|why| StoreError::Failed(why.to_string()))?;
    database
        .write(&[META, ASIDE], |transaction| {
            if there {
                transaction
                    .object_store(ASIDE)?
                    .put_with_key(&stored, &IDENTITY.into())?;
            }
            let bytes = Uint8Array::from(&bytes[..]);
            transaction
                .object_store(META)?
                .put_with_key(&bytes, &IDENTITY.into())?;
            Ok(())
        })
        .await?;
    Ok(Identity {
        keypair,
        replaced: there,
    })
}
