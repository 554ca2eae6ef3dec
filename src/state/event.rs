//! What can happen.

use serde::{Deserialize, Serialize};

use super::{ItemId, ItemSource, LogEntry, NetworkStatus, Progress, Settings, Status};
use crate::failure::Failure;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Counts from 1, without gaps among those that are kept; ephemeral events carry the number of the last one kept.
    pub seq: u64,
    /// Unix time in milliseconds.
    pub at: u64,
    /// What happened.
    pub kind: EventKind,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// A person shares something; its bytes are not read yet.
    ShareBegan {
        /// The new item.
        id: ItemId,
        /// Made safe.
        name: String,
        /// MIME type, where it is known.
        mime: Option<String>,
        /// Bytes, where it is known.
        size: Option<u64>,
        /// Where it came from, for people.
        source: Option<ItemSource>,
    },
    /// A person fetches a hash.
    FetchBegan {
        /// The new item.
        id: ItemId,
        /// Canonical.
        cid: String,
    },
    /// Something was learnt about a file: a provider named it, a response had a type.
    Described {
        /// The item.
        id: ItemId,
        /// Made safe.
        name: Option<String>,
        /// MIME type.
        mime: Option<String>,
        /// Bytes.
        size: Option<u64>,
    },
    /// A small picture of it, as a `data:` URL of at most [`MAX_THUMBNAIL`] bytes.
    Thumbnail {
        /// The item.
        id: ItemId,
        /// `data:image/…`.
        data_url: String,
    },
    /// The bytes are stored and hashed: the file has a CID.
    Hashed {
        /// The item.
        id: ItemId,
        /// Canonical.
        cid: String,
        /// Bytes of the file.
        size: u64,
        /// Files in it, where it is a directory.
        files: Option<u64>,
    },
    /// The item's status changed.
    Status {
        /// The item.
        id: ItemId,
        /// The new one.
        status: Status,
    },
    /// The program has only just started: what was [`Status::Shared`] is [`Status::Announcing`] until it has been found
    /// and reached from outside again, and what was fetched is not [`Item::confirmed`].
    Unconfirmed,
    /// What was shared before, or fetched and is provided, was found and reached from outside.
    Confirmed {
        /// The items.
        ids: Vec<ItemId>,
    },
    /// Bytes have moved: a download, an upload, a copy, hashing. Ephemeral.
    Progress {
        /// The item.
        id: ItemId,
        /// So far.
        progress: Progress,
    },
    /// A peer asked for a file.
    Requested {
        /// The item.
        id: ItemId,
        /// Who, as far as it can be known.
        peer: String,
    },
    /// An upload begins: written before its first byte leaves.
    UploadBegan {
        /// The item.
        id: ItemId,
        /// Where to.
        multiaddr: String,
        /// Permission; kept so that a killed worker can go on.
        token: Option<String>,
        /// When the token ends, in Unix seconds.
        expires: Option<u64>,
    },
    /// The upload ended.
    UploadEnded {
        /// The item.
        id: ItemId,
        /// Bytes that were sent, zero where storage had the file already.
        sent: u64,
        /// Why it failed, if it did.
        error: Option<Failure>,
    },
    /// The file that was fetched is provided to others too; until [`EventKind::Confirmed`] they may not find it.
    Providing {
        /// The item.
        id: ItemId,
        /// Whether from now on it is.
        providing: bool,
    },
    /// The fetched file was saved to disk under this name.
    Saved {
        /// The item.
        id: ItemId,
        /// Name in the download folder.
        name: String,
    },
    /// A line of an item's log.
    Log {
        /// The item.
        id: ItemId,
        /// What happened.
        entry: LogEntry,
    },
    /// The item is gone with its bytes.
    Removed {
        /// The item.
        id: ItemId,
    },
    /// The item turned out to be the same file as another one, and is gone; the other one stays.
    Merged {
        /// The item that is gone.
        id: ItemId,
        /// The item that stays.
        into: ItemId,
    },
    /// The settings are now these.
    Settings {
        /// All of them.
        settings: Settings,
    },
    /// The connection changed. Ephemeral.
    Network {
        /// As it is now.
        network: NetworkStatus,
    },
    /// Where links open in any browser ([`crate::storage::web_link`]). Ephemeral.
    Web {
        /// Base URL of the node's storage; `None` where none opens them.
        base: Option<String>,
    },
    /// The worker started, with this identity.
    Started {
        /// The own peer id.
        peer: String,
    },
    /// Something that a person should know and that belongs to no item. Ephemeral.
    Notice {
        /// What, and what to do.
        failure: Failure,
    },
}

impl EventKind {
    /// Whether the event is only shown, not kept: what it says is not true after a restart.
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
