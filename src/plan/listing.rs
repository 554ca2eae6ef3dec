//! The files of a folder that is being shared: written down before it is claimed that the folder is stored, so that a
//! worker that is killed while it hashes goes on. Once there is a hash the DAG says all of it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Engine;
use crate::content::{DagFile, Profile};
use crate::ports::{Partial, Platform, Source, Store, StoreError};
use crate::state::ItemId;

/// The longest list that is kept, in bytes; a folder with a longer one begins again after a kill.
const MAX_LIST: usize = 64 << 20;

/// What stands in the body of a folder, in its order, and the profile that the order is for.
#[derive(Serialize, Deserialize)]
pub(super) struct Listing {
    pub(super) profile: Profile,
    pub(super) files: Vec<DagFile>,
}

/// The id under which an item's list is stored: as unlike all others as the item's own.
pub(super) fn listing_id(id: &ItemId) -> Option<ItemId> {
    let number = u128::from_str_radix(&id.0, 16).ok()?;
    Some(ItemId(format!("{:032x}", !number)))
}

impl<P: Platform> Engine<P> {
    /// Writes the list; returns when it outlasts a kill.
    pub(super) async fn keep_listing(
        &self,
        id: &ItemId,
        listing: &Listing,
    ) -> Result<(), StoreError> {
        let Some(id) = listing_id(id) else {
            return Ok(());
        };
        let text = serde_json::to_vec(listing).unwrap_or_default();
        if text.len() > MAX_LIST {
            return Ok(());
        }
        let store = self.0.platform.store();
        store.remove(&id).await?;
        let mut partial = store.partial(&id).await?;
        partial.append(Bytes::from(text), Vec::new()).await?;
        partial.flush().await
    }

    /// The list that an earlier run has written, if it is whole.
    pub(super) async fn kept_listing(&self, id: &ItemId) -> Option<Listing> {
        let id = listing_id(id)?;
        let mut partial = self.0.platform.store().partial(&id).await.ok()?;
        let source = partial.source().await.ok()?;
        if source.len() > MAX_LIST as u64 {
            return None;
        }
        let text = source.read(0..source.len()).await.ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Forgets it. What cannot be removed now is removed at the next start.
    pub(super) async fn forget_listing(&self, id: &ItemId) {
        if let Some(id) = listing_id(id) {
            let _ = self.0.platform.store().remove(&id).await;
        }
    }
}
