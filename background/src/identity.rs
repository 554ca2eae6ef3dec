//! Who this peer is: one keypair, made once.

use fluence::ports::StoreError;
use fluence_peer::Keypair;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::database::{Database, META};

/// The key of the keypair in the database.
const IDENTITY: &str = "identity";

/// The keypair that is stored; where there is none, one is made, and stored before it is used.
pub async fn load(database: &Database) -> Result<Keypair, StoreError> {
    let damaged = |why: &dyn std::fmt::Display| {
        StoreError::Failed(format!("the identity of this peer cannot be read: {why}"))
    };
    let stored = database.get(META, &IDENTITY.into()).await?;
    if let Ok(bytes) = stored.dyn_into::<Uint8Array>() {
        return Keypair::from_protobuf_encoding(&bytes.to_vec()).map_err(|why| damaged(&why));
    }
    let keypair = Keypair::generate_ed25519();
    let bytes = keypair
        .to_protobuf_encoding()
        .map_err(|why| damaged(&why))?;
    database
        .write(&[META], |transaction| {
            let bytes = Uint8Array::from(&bytes[..]);
            transaction
                .object_store(META)?
                .put_with_key(&bytes, &IDENTITY.into())?;
            Ok(())
        })
        .await?;
    Ok(keypair)
}
