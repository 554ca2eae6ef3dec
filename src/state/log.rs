//! What happened to an item, line by line. Logs and thumbnails are not part of the [`State`](super::State): they are
//! stored beside it, and asked for when somebody looks at them.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The lines of an item's log that are kept; the oldest go first.
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "log", rename_all = "snake_case")]
pub enum LogEntry {
    /// The file has its hash.
    Hashed {
        /// Its CID, canonical.
        cid: String,
        /// Bytes of the file.
        size: u64,
    },
    /// It was shared once more, and is the same file.
    SharedAgain,
    /// It was found by look-up and reached from outside.
    Reached,
    /// It could not be found from outside at the first try; more follow.
    NotReachedYet,
    /// It was reachable from outside, and is not any more.
    NoLongerReached,
    /// A peer asked for it.
    Requested {
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
    /// Storage has it already, so that nothing is uploaded.
    AlreadyStored,
    /// An upload began.
    Uploading {
        /// Where to.
        multiaddr: String,
    },
    /// A part of an upload has to be sent again.
    PartFailed {
        /// Why.
        failure: Failure,
    },
    /// An upload ended well.
    Uploaded {
        /// Bytes that were sent.
        size: u64,
    },
    /// An upload failed.
    UploadFailed {
        /// Why.
        failure: Failure,
    },
    /// It goes on after the program was started again.
    ResumedAfterRestart,
    /// It goes on because the network is back.
    ResumedOnline,
    /// What was kept of it was damaged; it begins again.
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
    /// Nobody provides it at the moment, and a storage still has it.
    StillStored {
        /// The storage's host.
        host: String,
    },
    /// A storage has sent nothing new for a while; other providers are asked.
    StorageSilent {
        /// The storage's host.
        host: String,
        /// How long, in seconds.
        seconds: u64,
    },
    /// The fetch goes on from another storage.
    StorageChanged {
        /// The storage's host.
        host: String,
    },
    /// Further storages have it, and are used at the same time.
    StoragesAdded {
        /// Their hosts.
        hosts: Vec<String>,
    },
    /// One of several storages failed; the fetch goes on with one alone.
    OneStorageLeft {
        /// What the one that failed did.
        failure: Failure,
    },
    /// A storage does not send CARs that can be used; it is asked for single blocks.
    SingleBlocks {
        /// Why.
        failure: Failure,
    },
    /// A storage sent wrong bytes, or none; none of them was kept.
    StorageFailed {
        /// What it did.
        failure: Failure,
    },
    /// The fetch was cut off; this much of it is here and verified.
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
    #[serde(other)]
    Unknown,
}
