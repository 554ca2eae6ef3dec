//! What can happen.

use serde::{Deserialize, Serialize};

use super::{ItemId, ItemSource, LogEntry, NetworkStatus, Progress, Settings, Status};
use crate::failure::Failure;

/// One event, as it is journaled and sent to faces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The number of the event. It counts from 1 without gaps among the events that are kept; ephemeral events carry
    /// the number of the last kept one.
    pub seq: u64,
    /// When it happened, in Unix milliseconds.
    pub at: u64,
    /// What happened.
    pub kind: EventKind,
}

/// The kinds of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// A person shares something whose bytes have not been read yet.
    ShareBegan {
        /// The id of the new item.
        id: ItemId,
        /// Its name, made safe.
        name: String,
        /// Its MIME type, where it is known.
        mime: Option<String>,
        /// Its size in bytes, where it is known.
        size: Option<u64>,
        /// Where it came from, for people.
        source: Option<ItemSource>,
    },
    /// A person fetches a file by its hash.
    FetchBegan {
        /// The id of the new item.
        id: ItemId,
        /// Its CID, canonical.
        cid: String,
    },
    /// Something was learnt about a file: a provider named it, a response had a type.
    Described {
        /// The item's id.
        id: ItemId,
        /// Its name, made safe, where it was learnt.
        name: Option<String>,
        /// Its MIME type, where it was learnt.
        mime: Option<String>,
        /// Its size in bytes, where it was learnt.
        size: Option<u64>,
    },
    /// There is a thumbnail of it, as a `data:` URL of at most [`MAX_THUMBNAIL`](super::MAX_THUMBNAIL) bytes.
    Thumbnail {
        /// The item's id.
        id: ItemId,
        /// The URL, `data:image/…`.
        data_url: String,
    },
    /// The bytes are stored and hashed: the file has a CID.
    Hashed {
        /// The item's id.
        id: ItemId,
        /// Its CID, canonical.
        cid: String,
        /// The size of the file in bytes.
        size: u64,
        /// The number of files in it, where it is a directory.
        files: Option<u64>,
    },
    /// The item's status changed.
    Status {
        /// The item's id.
        id: ItemId,
        /// The new status.
        status: Status,
    },
    /// The program has only just started: whatever was [`Status::Shared`] is [`Status::Announcing`] until it has been
    /// found and reached from outside again, and whatever was fetched is not [confirmed](super::Item::confirmed).
    Unconfirmed,
    /// Items that were shared before, or were fetched and are provided, have been found and reached from outside.
    Confirmed {
        /// The ids of the items.
        ids: Vec<ItemId>,
    },
    /// Bytes have moved: in a download, an upload, a copy, or while hashing. Ephemeral.
    Progress {
        /// The item's id.
        id: ItemId,
        /// The progress so far.
        progress: Progress,
    },
    /// A peer asked for a file.
    Requested {
        /// The item's id.
        id: ItemId,
        /// The peer id of the caller.
        peer: String,
    },
    /// An upload begins. This is recorded before its first byte leaves.
    UploadBegan {
        /// The item's id.
        id: ItemId,
        /// The multiaddr of the storage.
        multiaddr: String,
        /// The permission to upload, kept so that a killed worker can continue.
        token: Option<String>,
        /// When the permission expires, in Unix seconds.
        expires: Option<u64>,
    },
    /// An upload ended.
    UploadEnded {
        /// The item's id.
        id: ItemId,
        /// The number of bytes that were sent; zero where the storage had the file already.
        sent: u64,
        /// Why the upload failed, if it did.
        error: Option<Failure>,
    },
    /// A fetched file is provided to others too, or is not any more. Others may not find it before
    /// [`EventKind::Confirmed`].
    Providing {
        /// The item's id.
        id: ItemId,
        /// Whether it is provided from now on.
        providing: bool,
    },
    /// A fetched file was saved to disk.
    Saved {
        /// The item's id.
        id: ItemId,
        /// Its name in the download folder.
        name: String,
    },
    /// A line of an item's log.
    Log {
        /// The item's id.
        id: ItemId,
        /// What happened.
        entry: LogEntry,
    },
    /// The item was removed with its bytes.
    Removed {
        /// The item's id.
        id: ItemId,
    },
    /// The item turned out to be the same file as another one, and is removed; the other one stays.
    Merged {
        /// The id of the item that is removed.
        id: ItemId,
        /// The id of the item that stays.
        into: ItemId,
    },
    /// The settings were changed.
    Settings {
        /// All settings.
        settings: Settings,
    },
    /// The connection changed. Ephemeral.
    Network {
        /// The connection as it is now.
        network: NetworkStatus,
    },
    /// It became known where links open in any browser ([`crate::storage::web_link`]). Ephemeral.
    Web {
        /// The base URL of the node's storage; `None` where none serves links.
        base: Option<String>,
    },
    /// The program started with this identity.
    Started {
        /// This peer's own id.
        peer: String,
    },
    /// A person should know something that belongs to no item. Ephemeral.
    Notice {
        /// What went wrong.
        failure: Failure,
    },
}

impl EventKind {
    /// Whether the event is only shown and not kept, because what it says is not true after a restart.
    pub fn is_ephemeral(&self) -> bool {
        matches!(
            self,
            Self::Progress { .. } | Self::Network { .. } | Self::Web { .. } | Self::Notice { .. }
        )
    }

    /// The item that it is about.
    pub fn item(&self) -> Option<&ItemId> {
        match self {
            Self::ShareBegan { id, .. }
            | Self::FetchBegan { id, .. }
            | Self::Described { id, .. }
            | Self::Thumbnail { id, .. }
            | Self::Hashed { id, .. }
            | Self::Status { id, .. }
            | Self::Progress { id, .. }
            | Self::Requested { id, .. }
            | Self::UploadBegan { id, .. }
            | Self::UploadEnded { id, .. }
            | Self::Providing { id, .. }
            | Self::Saved { id, .. }
            | Self::Log { id, .. }
            | Self::Merged { id, .. }
            | Self::Removed { id } => Some(id),
            Self::Unconfirmed
            | Self::Confirmed { .. }
            | Self::Settings { .. }
            | Self::Network { .. }
            | Self::Web { .. }
            | Self::Started { .. }
            | Self::Notice { .. } => None,
        }
    }
}
