//! The files of a folder that is being shared. They are recorded before it is claimed that the
//! folder is stored, so that a worker that is killed while it hashes can continue. Once there is a
//! hash, the DAG contains the list.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Engine;
use crate::content::{DagFile, Profile};
use crate::ports::{Partial, Platform, Source, Store, StoreError};
use crate::state::ItemId;

/// The longest list that is kept, in bytes. A folder with a longer one begins again after a kill.
const MAX_LIST: usize = 64 << 20;

/// The files in the body of a folder, in order, and the profile on which the order depends.
#[derive(Serialize, Deserialize)]
pub(super) struct Listing {
    pub(super) profile: Profile,
    pub(super) files: Vec<DagFile>,
}

/// The id under which the list of an item is stored. It is as unique as the item's own id.
pub(super) fn listing_id(id: &ItemId) -> Option<ItemId> {
    let number = u128::from_str_radix(&id.0, 16).ok()?;
    Some(ItemId(format!("{:032x}", !number)))
}

impl<P: Platform> Engine<P> {
    /// Writes the list, and returns when it survives a kill.
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

    /// The list that an earlier run wrote, if it is whole.
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

    /// Removes the list. If it cannot be removed now, it is removed at the next start.
    pub(super) async fn forget_listing(&self, id: &ItemId) {
        if let Some(id) = listing_id(id) {
            let _ = self.0.platform.store().remove(&id).await;
        }
    }
}
