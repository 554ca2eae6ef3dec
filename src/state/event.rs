//! The events that change the state.

use serde::{Deserialize, Serialize};

use super::{ItemId, ItemSource, LogEntry, NetworkStatus, Progress, Settings, Status, Unreadable};
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
///
/// On the wire an event is one object with a word and the values that belong to it: the extension,
/// which is downloaded, should not carry separate code to read each kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Flat", into = "Flat")]
pub enum EventKind {
    /// A person shares something whose bytes have not been read yet.
    ShareBegan {
        /// The id of the new item.
        id: ItemId,
        /// Its name, made safe.
        name: String,
        /// Its MIME type, if it is known.
        mime: Option<String>,
        /// Its size in bytes, if it is known.
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
    /// Something was learnt about a file, such as its name from a provider, or its type from a
    /// response.
    Described {
        /// The item's id.
        id: ItemId,
        /// Its name, made safe, if it was learnt.
        name: Option<String>,
        /// Its MIME type, if it was learnt.
        mime: Option<String>,
        /// Its size in bytes, if it was learnt.
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
        /// The number of files in it, if it is a directory.
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
        /// The number of bytes that were sent; zero if the storage had the file already.
        sent: u64,
        /// Why the upload failed, if it did.
        error: Option<Failure>,
    },
    /// A fetched file is provided to others too, or no longer is. Others may not find it before
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
        /// The base URL of the node's storage; `None` if none serves links.
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
    /// Whether the event is only shown and not kept, because what it says is no longer true after a
    /// restart.
    pub fn is_ephemeral(&self) -> bool {
        matches!(
            self,
            Self::Progress { .. } | Self::Network { .. } | Self::Web { .. } | Self::Notice { .. }
        )
    }

    /// The item that the event is about.
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

/// An [`EventKind`] on the wire.
#[derive(Default, Serialize, Deserialize)]
struct Flat {
    event: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<ItemId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mime: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<ItemSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    files: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ids: Option<Vec<ItemId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    progress: Option<Progress>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    multiaddr: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    providing: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entry: Option<LogEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    into: Option<ItemId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<Settings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    network: Option<NetworkStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

impl From<EventKind> for Flat {
    fn from(kind: EventKind) -> Self {
        let mut flat = Self::default();
        match kind {
            EventKind::ShareBegan {
                id,
                name,
                mime,
                size,
                source,
            } => {
                flat.event = "share_began".into();
                flat.id = Some(id);
                flat.name = Some(name);
                flat.mime = mime;
                flat.size = size;
                flat.source = source;
            }
            EventKind::FetchBegan { id, cid } => {
                flat.event = "fetch_began".into();
                flat.id = Some(id);
                flat.cid = Some(cid);
            }
            EventKind::Described {
                id,
                name,
                mime,
                size,
            } => {
                flat.event = "described".into();
                flat.id = Some(id);
                flat.name = name;
                flat.mime = mime;
                flat.size = size;
            }
            EventKind::Thumbnail { id, data_url } => {
                flat.event = "thumbnail".into();
                flat.id = Some(id);
                flat.data_url = Some(data_url);
            }
            EventKind::Hashed {
                id,
                cid,
                size,
                files,
            } => {
                flat.event = "hashed".into();
                flat.id = Some(id);
                flat.cid = Some(cid);
                flat.size = Some(size);
                flat.files = files;
            }
            EventKind::Status { id, status } => {
                flat.event = "status".into();
                flat.id = Some(id);
                flat.status = Some(status);
            }
            EventKind::Unconfirmed => {
                flat.event = "unconfirmed".into();
            }
            EventKind::Confirmed { ids } => {
                flat.event = "confirmed".into();
                flat.ids = Some(ids);
            }
            EventKind::Progress { id, progress } => {
                flat.event = "progress".into();
                flat.id = Some(id);
                flat.progress = Some(progress);
            }
            EventKind::Requested { id, peer } => {
                flat.event = "requested".into();
                flat.id = Some(id);
                flat.peer = Some(peer);
            }
            EventKind::UploadBegan {
                id,
                multiaddr,
                token,
                expires,
            } => {
                flat.event = "upload_began".into();
                flat.id = Some(id);
                flat.multiaddr = Some(multiaddr);
                flat.token = token;
                flat.expires = expires;
            }
            EventKind::UploadEnded { id, sent, error } => {
                flat.event = "upload_ended".into();
                flat.id = Some(id);
                flat.sent = Some(sent);
                flat.error = error;
            }
            EventKind::Providing { id, providing } => {
                flat.event = "providing".into();
                flat.id = Some(id);
                flat.providing = Some(providing);
            }
            EventKind::Saved { id, name } => {
                flat.event = "saved".into();
                flat.id = Some(id);
                flat.name = Some(name);
            }
            EventKind::Log { id, entry } => {
                flat.event = "log".into();
                flat.id = Some(id);
                flat.entry = Some(entry);
            }
            EventKind::Removed { id } => {
                flat.event = "removed".into();
                flat.id = Some(id);
            }
            EventKind::Merged { id, into } => {
                flat.event = "merged".into();
                flat.id = Some(id);
                flat.into = Some(into);
            }
            EventKind::Settings { settings } => {
                flat.event = "settings".into();
                flat.settings = Some(settings);
            }
            EventKind::Network { network } => {
                flat.event = "network".into();
                flat.network = Some(network);
            }
            EventKind::Web { base } => {
                flat.event = "web".into();
                flat.base = base;
            }
            EventKind::Started { peer } => {
                flat.event = "started".into();
                flat.peer = Some(peer);
            }
            EventKind::Notice { failure } => {
                flat.event = "notice".into();
                flat.failure = Some(failure);
            }
        }
        flat
    }
}

impl TryFrom<Flat> for EventKind {
    type Error = Unreadable;

    fn try_from(flat: Flat) -> Result<Self, Unreadable> {
        Ok(match &*flat.event {
            "share_began" => Self::ShareBegan {
                id: flat.id.ok_or(Unreadable)?,
                name: flat.name.ok_or(Unreadable)?,
                mime: flat.mime,
                size: flat.size,
                source: flat.source,
            },
            "fetch_began" => Self::FetchBegan {
                id: flat.id.ok_or(Unreadable)?,
                cid: flat.cid.ok_or(Unreadable)?,
            },
            "described" => Self::Described {
                id: flat.id.ok_or(Unreadable)?,
                name: flat.name,
                mime: flat.mime,
                size: flat.size,
            },
            "thumbnail" => Self::Thumbnail {
                id: flat.id.ok_or(Unreadable)?,
                data_url: flat.data_url.ok_or(Unreadable)?,
            },
            "hashed" => Self::Hashed {
                id: flat.id.ok_or(Unreadable)?,
                cid: flat.cid.ok_or(Unreadable)?,
                size: flat.size.ok_or(Unreadable)?,
                files: flat.files,
            },
            "status" => Self::Status {
                id: flat.id.ok_or(Unreadable)?,
                status: flat.status.ok_or(Unreadable)?,
            },
            "unconfirmed" => Self::Unconfirmed,
            "confirmed" => Self::Confirmed {
                ids: flat.ids.ok_or(Unreadable)?,
            },
            "progress" => Self::Progress {
                id: flat.id.ok_or(Unreadable)?,
                progress: flat.progress.ok_or(Unreadable)?,
            },
            "requested" => Self::Requested {
                id: flat.id.ok_or(Unreadable)?,
                peer: flat.peer.ok_or(Unreadable)?,
            },
            "upload_began" => Self::UploadBegan {
                id: flat.id.ok_or(Unreadable)?,
                multiaddr: flat.multiaddr.ok_or(Unreadable)?,
                token: flat.token,
                expires: flat.expires,
            },
            "upload_ended" => Self::UploadEnded {
                id: flat.id.ok_or(Unreadable)?,
                sent: flat.sent.ok_or(Unreadable)?,
                error: flat.error,
            },
            "providing" => Self::Providing {
                id: flat.id.ok_or(Unreadable)?,
                providing: flat.providing.ok_or(Unreadable)?,
            },
            "saved" => Self::Saved {
                id: flat.id.ok_or(Unreadable)?,
                name: flat.name.ok_or(Unreadable)?,
            },
            "log" => Self::Log {
                id: flat.id.ok_or(Unreadable)?,
                entry: flat.entry.ok_or(Unreadable)?,
            },
            "removed" => Self::Removed {
                id: flat.id.ok_or(Unreadable)?,
            },
            "merged" => Self::Merged {
                id: flat.id.ok_or(Unreadable)?,
                into: flat.into.ok_or(Unreadable)?,
            },
            "settings" => Self::Settings {
                settings: flat.settings.ok_or(Unreadable)?,
            },
            "network" => Self::Network {
                network: flat.network.ok_or(Unreadable)?,
            },
            "web" => Self::Web { base: flat.base },
            "started" => Self::Started {
                peer: flat.peer.ok_or(Unreadable)?,
            },
            "notice" => Self::Notice {
                failure: flat.failure.ok_or(Unreadable)?,
            },
            _ => return Err(Unreadable),
        })
    }
}
