//! What happened to an item, line by line. Logs and thumbnails are not part of the [`State`](super::State): they are
//! stored beside it, and asked for when somebody looks at them.

use serde::{Deserialize, Serialize};

use super::Unreadable;
use super::flat::{Slot, flat};
use crate::failure::Failure;

/// The most lines of an item's log that are kept; the oldest are dropped first.
pub const MAX_LOG: usize = 200;
/// The longest thumbnail, in bytes of its `data:` URL.
pub const MAX_THUMBNAIL: usize = 24 * 1024;

/// A line of an item's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// Unix time in milliseconds.
    pub at: u64,
    /// What happened.
    pub entry: LogEntry,
}

/// What happened to an item. A face turns it into a sentence.
///
/// On the wire it is one object with a word and the values that belong to it: the extension, which
/// is downloaded, should not carry separate code to read thirty forms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Flat", into = "Flat")]
pub enum LogEntry {
    /// The file has its hash.
    Hashed {
        /// Its CID, canonical.
        cid: String,
        /// The size of the file in bytes.
        size: u64,
    },
    /// It was shared once more, and is the same file.
    SharedAgain,
    /// It was fetched by another link, and is the same file.
    FetchedAgain,
    /// It was found by look-up and reached from outside.
    Reached,
    /// It could not be found from outside at the first attempt; more attempts follow.
    NotReachedYet,
    /// It was reachable from outside, and no longer is.
    NoLongerReached,
    /// A peer asked for it.
    Requested {
        /// Its peer id.
        peer: String,
    },
    /// Peers asked for it faster than each call is written down.
    MoreRequested {
        /// How many calls have no line of their own.
        calls: u64,
    },
    /// A peer asked for it that was not given it, because it could not be uploaded.
    NotGiven {
        /// Its peer id.
        peer: String,
    },
    /// A node was asked for a place to upload to, and named none.
    NodeRefused {
        /// Its peer id.
        peer: String,
        /// Why.
        failure: Failure,
    },
    /// Storage has it already, so nothing is uploaded.
    AlreadyStored,
    /// An upload began.
    Uploading {
        /// Where to.
        multiaddr: String,
        /// The peer id of the caller for whom it is uploaded; earlier versions did not write it down.
        peer: Option<String>,
    },
    /// A part of an upload has to be sent again.
    PartFailed {
        /// Why.
        failure: Failure,
    },
    /// An upload succeeded.
    Uploaded {
        /// The number of bytes that were sent.
        size: u64,
    },
    /// An upload failed.
    UploadFailed {
        /// Why.
        failure: Failure,
        /// The number of bytes that were sent; earlier versions did not write it down.
        size: Option<u64>,
    },
    /// It is not shared any more, because its time or its number of calls was over.
    Expired,
    /// A storage has removed its copy, because the file is not provided any more.
    Released {
        /// The storage's host.
        host: String,
    },
    /// The file is not provided any more, but somebody else has put it into the same storage, or its operator keeps it.
    KeptForOthers {
        /// The storage's host.
        host: String,
    },
    /// The file is not provided any more, and a storage keeps nothing of it in the name of this peer.
    NotHeld {
        /// The storage's host.
        host: String,
    },
    /// A storage could not be asked to remove its copy.
    NotReleased {
        /// The storage's host.
        host: String,
    },
    /// It continues after the program was started again.
    ResumedAfterRestart,
    /// It continues because the network is back.
    ResumedOnline,
    /// The record of what was fetched so far was damaged, so the fetch begins again.
    BeganAgain,
    /// A provider did not name a storage.
    ProviderFailed {
        /// Its peer id.
        peer: String,
        /// Why.
        failure: Failure,
    },
    /// A provider named a storage.
    StorageNamed {
        /// The provider's peer id.
        peer: String,
        /// The storage's host.
        host: String,
    },
    /// Nobody provides it at the moment, but a storage still has it.
    StillStored {
        /// The storage's host.
        host: String,
    },
    /// Nobody provides it here, and a gateway of the public IPFS is asked.
    PublicGateway {
        /// Its host.
        host: String,
    },
    /// A storage has sent nothing new for a while; other providers are asked.
    StorageSilent {
        /// The storage's host.
        host: String,
        /// How long, in seconds.
        seconds: u64,
    },
    /// The fetch continues from another storage.
    StorageChanged {
        /// The storage's host.
        host: String,
    },
    /// Further storages have it, and are used at the same time.
    StoragesAdded {
        /// Their hosts.
        hosts: Vec<String>,
    },
    /// One of several storages failed; the fetch continues with a single one.
    OneStorageLeft {
        /// The failure of the storage that failed.
        failure: Failure,
    },
    /// A storage does not send CARs that can be used; it is asked for single blocks.
    SingleBlocks {
        /// Why.
        failure: Failure,
    },
    /// A storage sent wrong bytes, or none; nothing from it was kept.
    StorageFailed {
        /// The failure of the storage.
        failure: Failure,
    },
    /// The fetch was interrupted; this much of it is here and verified.
    Kept {
        /// Bytes.
        size: u64,
    },
    /// All of it is here and verified.
    Fetched {
        /// Bytes.
        size: u64,
    },
    /// Its bytes could not be read, written or removed.
    DiskFailed {
        /// Why.
        failure: Failure,
    },
    /// Symbolic links in a folder are not in the file as which it is saved.
    LinksLeftOut {
        /// Their paths, or the first of them.
        names: Vec<String>,
        /// How many there are.
        count: u64,
    },
    /// Names in a folder had to be changed in the file as which it is saved.
    NamesChanged {
        /// The paths with the new names, or the first of them.
        names: Vec<String>,
        /// How many there are.
        count: u64,
    },
    /// It was not saved to the download folder.
    NotSaved {
        /// Why.
        failure: Failure,
    },
    /// It ended without success.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// A line that version 1 of the journal kept, as its English text.
    Text {
        /// The text.
        text: String,
    },
    /// A line of a newer version.
    Unknown,
}

/// A [`LogEntry`] on the wire.
#[derive(Default, Serialize, Deserialize)]
struct Flat {
    log: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// A CID, a multiaddr, or an old line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Bytes, seconds, calls, or a number of names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    /// Hosts, or names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hosts: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

flat! {
    LogEntry as Flat { log }:
    Hashed { cid as text, size } = "hashed",
    SharedAgain = "shared_again",
    FetchedAgain = "fetched_again",
    Reached = "reached",
    NotReachedYet = "not_reached_yet",
    NoLongerReached = "no_longer_reached",
    Requested { peer } = "requested",
    MoreRequested { calls as size } = "more_requested",
    NotGiven { peer } = "not_given",
    NodeRefused { peer, failure } = "node_refused",
    AlreadyStored = "already_stored",
    Uploading { multiaddr as text, peer } = "uploading",
    PartFailed { failure } = "part_failed",
    Uploaded { size } = "uploaded",
    UploadFailed { failure, size } = "upload_failed",
    Expired = "expired",
    Released { host } = "released",
    KeptForOthers { host } = "kept_for_others",
    NotHeld { host } = "not_held",
    NotReleased { host } = "not_released",
    ResumedAfterRestart = "resumed_after_restart",
    ResumedOnline = "resumed_online",
    BeganAgain = "began_again",
    ProviderFailed { peer, failure } = "provider_failed",
    StorageNamed { peer, host } = "storage_named",
    StillStored { host } = "still_stored",
    PublicGateway { host } = "public_gateway",
    StorageSilent { host, seconds as size } = "storage_silent",
    StorageChanged { host } = "storage_changed",
    StoragesAdded { hosts } = "storages_added",
    OneStorageLeft { failure } = "one_storage_left",
    SingleBlocks { failure } = "single_blocks",
    StorageFailed { failure } = "storage_failed",
    Kept { size } = "kept",
    Fetched { size } = "fetched",
    DiskFailed { failure } = "disk_failed",
    LinksLeftOut { names as hosts, count as size } = "links_left_out",
    NamesChanged { names as hosts, count as size } = "names_changed",
    NotSaved { failure } = "not_saved",
    Failed { failure } = "failed",
    Text { text } = "text",
    Unknown = "",
}

impl From<Flat> for LogEntry {
    fn from(flat: Flat) -> Self {
        Self::read(flat).unwrap_or(Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Code;

    #[test]
    fn entries_are_read_as_they_were_written() {
        let failure = Failure::new(Code::Stalled).host("a.example");
        let (peer, host) = (String::from("12D3Koo"), String::from("a.example"));
        for entry in [
            LogEntry::SharedAgain,
            LogEntry::Hashed {
                cid: "bafy".into(),
                size: 7,
            },
            LogEntry::StorageNamed {
                peer: peer.clone(),
                host: host.clone(),
            },
            LogEntry::StorageSilent {
                host: host.clone(),
                seconds: 10,
            },
            LogEntry::StoragesAdded { hosts: vec![host] },
            LogEntry::NamesChanged {
                names: vec!["a/b (2)".into()],
                count: 30,
            },
            LogEntry::ProviderFailed {
                peer,
                failure: failure.clone(),
            },
            LogEntry::Failed { failure },
            LogEntry::Text {
                text: "It began.".into(),
            },
        ] {
            let text = serde_json::to_string(&entry).unwrap();
            assert_eq!(
                serde_json::from_str::<LogEntry>(&text).unwrap(),
                entry,
                "{text}"
            );
        }
        let newer = r#"{"log":"of_a_newer_version","colour":"red"}"#;
        assert_eq!(
            serde_json::from_str::<LogEntry>(newer).unwrap(),
            LogEntry::Unknown
        );
    }
}
