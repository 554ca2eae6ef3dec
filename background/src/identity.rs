//! The identity of this peer: a key pair, which lasts, or one in each session of the browser.

use fluence::failure::{Code, Failure};
use fluence::identity_file::{self, Header, Passphrase, Sealed};
use fluence::ports::StoreError;
use fluence_peer::Keypair;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web::crypto::Wrapping;
use web::extension::storage;
use web::js::{self, Outcome};
use web::time;

use crate::database::{ASIDE, Database, META};

/// The key of the key pair in the database, and in the storage of the session.
const IDENTITY: &str = "identity";

/// This peer's identity.
pub struct Identity {
    /// The key pair.
    pub keypair: Keypair,
    /// Whether it replaces a stored one that could not be read. The original is set aside.
    pub replaced: bool,
}

/// For how long an identity is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Until the person replaces it.
    Lasting,
    /// Until the browser ends. The lasting one stays where it is meanwhile.
    Session,
}

impl Kept {
    /// How an identity is kept by a setting.
    pub fn by(each_session: bool) -> Self {
        match each_session {
            true => Self::Session,
            false => Self::Lasting,
        }
    }
}

/// Loads the identity that is kept so. If there is none, or none that can be read, a new one is made and
/// stored. If it cannot be stored, it lasts for this run only.
pub async fn load(database: &Database, kept: Kept) -> Identity {
    match kept {
        Kept::Lasting => lasting(database).await,
        Kept::Session => of_session().await,
    }
}

async fn of_session() -> Identity {
    let stored = storage::session(IDENTITY).await.ok();
    let stored = stored.and_then(|stored| multibase::decode(stored.as_string()?).ok());
    let keypair = stored.and_then(|(_, bytes)| Keypair::from_protobuf_encoding(&bytes).ok());
    let keypair = match keypair {
        Some(keypair) => keypair,
        None => {
            let keypair = Keypair::generate_ed25519();
            let written = store_for_session(&keypair).await;
            js::warn_on_error(
                "the identity of this session was not stored",
                written.map_err(|why| why.to_string()),
            );
            keypair
        }
    };
    Identity {
        keypair,
        replaced: false,
    }
}

async fn lasting(database: &Database) -> Identity {
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

/// Stores an identity in the place of the one before that is kept so.
///
/// # Errors
/// [`StoreError`] if it cannot be stored; the one before stays.
pub async fn renew(database: &Database, kept: Kept, keypair: &Keypair) -> Result<(), StoreError> {
    match kept {
        Kept::Lasting => store(database, keypair, None).await,
        Kept::Session => store_for_session(keypair).await,
    }
}

async fn store_for_session(keypair: &Keypair) -> Result<(), StoreError> {
    let text = multibase::encode(multibase::Base::Base64Url, encoded(keypair)?);
    let kept = storage::keep_for_session(IDENTITY, text.into()).await;
    kept.map_err(StoreError::Failed)
}

fn encoded(keypair: &Keypair) -> Result<Vec<u8>, StoreError> {
    let encoded = keypair.to_protobuf_encoding();
    encoded.map_err(|why| StoreError::Failed(why.to_string()))
}

/// An identity as a file that the passphrase opens.
///
/// # Errors
/// The browser's message.
pub async fn write(keypair: &Keypair, passphrase: &Passphrase) -> Outcome<String> {
    let keypair = keypair.clone().try_into_ed25519();
    let keypair = keypair.map_err(|why| why.to_string())?;
    let public = keypair.public().to_bytes();
    let contents = match keypair.secret().as_ref().try_into() {
        Ok(secret) => identity_file::write_key(secret, &public),
        Err(_) => return Err("the key has another length".to_owned()),
    };
    let header = Header::new(&time::random().to_le_bytes());
    let wrapping = Wrapping::derive(&passphrase.0, &header.salt, header.rounds).await?;
    let (key, wrapped) = wrapping.wrap_new().await?;
    let mut nonce = [0; identity_file::NONCE];
    nonce.copy_from_slice(&time::random().to_le_bytes()[..identity_file::NONCE]);
    let contents = key
        .seal_beside(&nonce, contents.as_bytes(), header.text.as_bytes())
        .await?;
    let file = Sealed {
        header,
        wrapped,
        nonce,
        contents,
    };
    Ok(file.write())
}

/// The identity in a file.
///
/// # Errors
/// [`Code::BadIdentityFile`] if the file holds none, and [`Code::WrongPassphrase`] if the passphrase does not open it.
pub async fn read(file: &str, passphrase: &Passphrase) -> Result<Keypair, Failure> {
    let bad = || Failure::from(Code::BadIdentityFile);
    let Sealed {
        header,
        wrapped,
        nonce,
        contents,
    } = Sealed::read(file).map_err(|_| bad())?;
    let wrapping = Wrapping::derive(&passphrase.0, &header.salt, header.rounds).await;
    let key = match wrapping.map_err(|_| bad())?.unwrap(&wrapped).await {
        Some(key) => key,
        None => return Err(Code::WrongPassphrase.into()),
    };
    let contents = key.open_beside(&nonce, &contents, header.text.as_bytes());
    let contents = contents.await.ok_or_else(bad)?;
    let (secret, public) = identity_file::read_key(&contents).map_err(|_| bad())?;
    let keypair = Keypair::ed25519_from_bytes(secret).map_err(|_| bad())?;
    match keypair.public().try_into_ed25519() {
        Ok(own) if own.to_bytes() == public => Ok(keypair),
        _ => Err(bad()),
    }
}

/// Stores an identity, and sets aside what was stored in its place.
async fn store(
    database: &Database,
    keypair: &Keypair,
    original: Option<&JsValue>,
) -> Result<(), StoreError> {
    let bytes = encoded(keypair)?;
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
