//! The events that change the state.

use serde::{Deserialize, Serialize};

use super::flat::{Slot, flat};
use super::{
    Ends, ItemId, ItemSource, Left, LogEntry, NetworkStatus, Progress, Secret, Settings, Status,
    Unreadable,
};
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
        /// The key, if it is shared privately.
        key: Option<Secret>,
        /// When it will stop by itself once it is shared, if that was chosen for it.
        ends: Option<Ends>,
    },
    /// A person fetches a file by its hash, or something in a folder by the folder's.
    FetchBegan {
        /// The id of the new item.
        id: ItemId,
        /// The CID of the link, canonical.
        cid: String,
        /// The key, if it is a private share.
        key: Option<Secret>,
        /// The path of what is fetched in the folder with that CID; `None` if all of it is.
        path: Option<String>,
    },
    /// What is at the end of a path in a folder was found.
    Found {
        /// The item's id.
        id: ItemId,
        /// Its CID, canonical.
        cid: String,
        /// Its name in the folder, made safe to show.
        name: String,
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
        /// What the server calls this version, if it was learnt ([`Item::validator`](super::Item::validator)).
        validator: Option<String>,
    },
    /// The person gave it another name, or wrote a note about it.
    Named {
        /// The item's id.
        id: ItemId,
        /// Its new name, made safe; `None` if it stays as it is.
        name: Option<String>,
        /// What they note about it, for nobody else ([`note_of`](crate::names::note_of)).
        note: Option<String>,
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
    /// Nothing of the item is stored here: it is read where the person has it.
    Stays {
        /// The item's id.
        id: ItemId,
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
        /// The peer id of the node that gave it, at which the file can be taken back.
        peer: Option<String>,
    },
    /// A part of an upload leaves. This is recorded before its first byte does, so that a day's bytes are never more than
    /// were counted.
    UploadSent {
        /// The item's id.
        id: ItemId,
        /// The number of bytes.
        size: u64,
    },
    /// An upload ended.
    UploadEnded {
        /// The item's id.
        id: ItemId,
        /// The number of bytes that were sent and accepted; zero if the storage had the file already.
        sent: u64,
        /// Why the upload failed, if it did.
        error: Option<Failure>,
    },
    /// It was set when a file stops being shared by itself; without values it does not.
    Limited {
        /// The item's id.
        id: ItemId,
        /// The time, in Unix milliseconds.
        until: Option<u64>,
        /// The number of calls, as [`Item::requests`](super::Item::requests) counts them.
        calls: Option<u64>,
    },
    /// What is at the address is shared even if it is a web page.
    AsPage {
        /// The item's id.
        id: ItemId,
    },
    /// It was set whether the person is asked before anybody gets the file.
    AsksFirst {
        /// The item's id.
        id: ItemId,
        /// Whether they are.
        asks: bool,
    },
    /// The person is asked about a caller, or no longer is. Ephemeral.
    Asking {
        /// The item's id.
        id: ItemId,
        /// The peer id of the caller.
        peer: Option<String>,
    },
    /// A file was taken back from a storage, or the storage is not asked again to give it up.
    Released {
        /// The CID of the file, canonical.
        cid: String,
        /// The multiaddr of the storage.
        multiaddr: String,
        /// Why it is still there, if it is.
        left: Option<Left>,
    },
    /// The nodes that had the records of these files were told that they are not provided any more, or are not told again.
    Withdrawn {
        /// The CIDs of the files, canonical.
        cids: Vec<String>,
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
        /// How many names in a folder had to be changed for that, if any.
        changed: Option<u64>,
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
    /// It became known where links open in any browser ([`crate::web_link::Web`]). Ephemeral.
    Web {
        /// The base URL of the node's storage; `None` if none serves links.
        base: Option<String>,
        /// Whether the node has the page that checks what it gives.
        page: Option<bool>,
    },
    /// It became known how many bytes files may take if the person sets no limit. Ephemeral.
    Room {
        /// The number of bytes.
        size: u64,
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
            Self::Progress { .. }
                | Self::Asking { .. }
                | Self::Network { .. }
                | Self::Web { .. }
                | Self::Room { .. }
                | Self::Notice { .. }
        )
    }

    /// The item that the event is about.
    pub fn item(&self) -> Option<&ItemId> {
        match self {
            Self::ShareBegan { id, .. }
            | Self::FetchBegan { id, .. }
            | Self::Found { id, .. }
            | Self::Described { id, .. }
            | Self::Named { id, .. }
            | Self::Thumbnail { id, .. }
            | Self::Hashed { id, .. }
            | Self::Stays { id }
            | Self::Status { id, .. }
            | Self::Progress { id, .. }
            | Self::Requested { id, .. }
            | Self::UploadBegan { id, .. }
            | Self::UploadSent { id, .. }
            | Self::UploadEnded { id, .. }
            | Self::Limited { id, .. }
            | Self::AsPage { id }
            | Self::AsksFirst { id, .. }
            | Self::Asking { id, .. }
            | Self::Providing { id, .. }
            | Self::Saved { id, .. }
            | Self::Log { id, .. }
            | Self::Merged { id, .. }
            | Self::Removed { id } => Some(id),
            Self::Unconfirmed
            | Self::Confirmed { .. }
            | Self::Released { .. }
            | Self::Withdrawn { .. }
            | Self::Settings { .. }
            | Self::Network { .. }
            | Self::Room { .. }
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
    note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cids: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mime: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validator: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<ItemSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
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
    asks: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calls: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends: Option<Ends>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left: Option<Left>,
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
    page: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

flat! {
    EventKind as Flat { event }:
    ShareBegan { id, name, mime, size, source, key, ends } = "share_began",
    FetchBegan { id, cid, key, path } = "fetch_began",
    Found { id, cid, name } = "found",
    Described { id, name, mime, size, validator } = "described",
    Named { id, name, note } = "named",
    Thumbnail { id, data_url } = "thumbnail",
    Hashed { id, cid, size, files } = "hashed",
    Stays { id } = "stays",
    Status { id, status } = "status",
    Unconfirmed = "unconfirmed",
    Confirmed { ids } = "confirmed",
    Progress { id, progress } = "progress",
    Requested { id, peer } = "requested",
    UploadBegan { id, multiaddr, token, expires, peer } = "upload_began",
    UploadSent { id, size } = "upload_sent",
    UploadEnded { id, sent, error } = "upload_ended",
    Limited { id, until, calls } = "limited",
    AsPage { id } = "as_page",
    AsksFirst { id, asks } = "asks_first",
    Asking { id, peer } = "asking",
    Released { cid, multiaddr, left } = "released",
    Withdrawn { cids } = "withdrawn",
    Providing { id, providing } = "providing",
    Saved { id, name, changed as size } = "saved",
    Log { id, entry } = "log",
    Removed { id } = "removed",
    Merged { id, into } = "merged",
    Settings { settings } = "settings",
    Network { network } = "network",
    Web { base, page } = "web",
    Room { size } = "room",
    Started { peer } = "started",
    Notice { failure } = "notice",
}

impl TryFrom<Flat> for EventKind {
    type Error = Unreadable;

    fn try_from(flat: Flat) -> Result<Self, Unreadable> {
        Self::read(flat)
    }
}
