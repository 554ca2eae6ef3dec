//! A file that was shared or fetched, and its status.

use serde::{Deserialize, Serialize};

use super::flat::{Slot, flat};
use super::{EventKind, Unreadable, is_zero};
use crate::failure::{Code, Failure};
use crate::names::{link_to, private_link, told_name};
use crate::private::{BadKey, Key, SEALED};
use crate::text::quote;

/// How long the copy of a file that stopped being shared after its last call stays, so that whoever made that call can
/// fetch it: a minute, and the time for its bytes at 1 MB/s.
const SPENT_MS: u64 = 60_000;
const SPENT_BYTES_PER_MS: u64 = 1000;

/// The MIME type of folders.
pub const FOLDER: &str = "inode/directory";

/// The ending of the file as which a fetched folder is saved.
const ZIP: &str = ".zip";

/// For how long a storage is taken to keep a copy if it has not said until when, in milliseconds: 30 days.
const KEPT_UNTOLD_MS: u64 = 30 * 24 * 3_600_000;

/// An item's id: 32 hex digits, made by the engine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemId(pub String);

/// The origin of a shared file, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemSource {
    /// The URL of the file, if it has one.
    pub url: Option<String>,
    /// The URL of the page on which it was found.
    pub page: Option<String>,
    /// Whether the page had cookies of its own, so that nothing else can read what the person saw.
    #[serde(default, skip_serializing_if = "is_false")]
    pub own_cookies: bool,
    /// How the person came to it, until all of it is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Box<Seen>>,
}

/// How a person came to something that is shared from a page, as far as it takes that to read it, in a later run too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// The number of the tab in which it was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tab: Option<i32>,
    /// The number of the frame in that tab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<i32>,
    /// What the browser calls the tab's jar of cookies, if it is one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jar: Option<String>,
    /// The name that the page gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it was shown: `image`, `video` or `audio`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// Whether a web page is what the person wants, even if the address is that of a file.
    #[serde(skip_serializing_if = "is_false")]
    pub as_page: bool,
    /// The click by which it was shared, if only that click has its bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub click: Option<String>,
}

/// The key of a private share, as the journal and the faces have it: it is written, but never shown by accident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Secret(pub Key);

impl TryFrom<String> for Secret {
    type Error = BadKey;

    fn try_from(text: String) -> Result<Self, BadKey> {
        text.parse().map(Self)
    }
}

impl From<Secret> for String {
    fn from(Secret(key): Secret) -> Self {
        key.text()
    }
}

/// Whether an item was shared or fetched by this person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It was shared.
    Share,
    /// It was fetched.
    Fetch,
}

/// The status of an item. `CONTRIBUTING.md` says how one is added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "FlatStatus", into = "FlatStatus")]
pub enum Status {
    /// Its bytes are being read and stored.
    Preparing,
    /// Its hash is being computed.
    Hashing,
    /// It has a hash and is being announced, or waits for the network.
    Announcing,
    /// It was announced, found by look-up, and reached from outside.
    Shared,
    /// It is no longer provided; its bytes are still here.
    Stopped,
    /// Providers are being looked up.
    Searching,
    /// A provider was asked.
    Asked {
        /// The provider's peer id.
        peer: String,
    },
    /// Its bytes arrive and are verified.
    Downloading {
        /// The storage's host.
        from: String,
    },
    /// A fetch was interrupted. It can be resumed after the last verified block, or be discarded.
    Interrupted {
        /// Why.
        failure: Failure,
    },
    /// All bytes are here, each verified.
    Done,
    /// It ended without success, and nothing of it is here. A fetch can be started again ([`Item::can_resume`]).
    Failed {
        /// Why.
        failure: Failure,
    },
}

/// A [`Status`] on the wire: a word, and the value that belongs to it.
#[derive(Default, Serialize, Deserialize)]
struct FlatStatus {
    status: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
}

flat! {
    Status as FlatStatus { status }:
    Preparing = "preparing",
    Hashing = "hashing",
    Announcing = "announcing",
    Shared = "shared",
    Stopped = "stopped",
    Searching = "searching",
    Asked { peer } = "asked",
    Downloading { from } = "downloading",
    Interrupted { failure } = "interrupted",
    Done = "done",
    Failed { failure } = "failed",
}

impl TryFrom<FlatStatus> for Status {
    type Error = Unreadable;

    fn try_from(flat: FlatStatus) -> Result<Self, Unreadable> {
        Self::read(flat)
    }
}

impl Status {
    /// The word for this status on the wire.
    pub fn name(&self) -> &'static str {
        self.word()
    }

    /// Whether all bytes of the file are stored here.
    pub fn is_here(&self) -> bool {
        match self {
            Self::Announcing | Self::Shared | Self::Stopped | Self::Done => true,
            Self::Preparing
            | Self::Hashing
            | Self::Searching
            | Self::Asked { .. }
            | Self::Downloading { .. }
            | Self::Interrupted { .. }
            | Self::Failed { .. } => false,
        }
    }

    /// Whether the file is being read, hashed, looked for or fetched now. Only then can it be
    /// paused.
    pub fn is_moving(&self) -> bool {
        match self {
            Self::Preparing
            | Self::Hashing
            | Self::Searching
            | Self::Asked { .. }
            | Self::Downloading { .. } => true,
            Self::Announcing
            | Self::Shared
            | Self::Stopped
            | Self::Interrupted { .. }
            | Self::Done
            | Self::Failed { .. } => false,
        }
    }

    /// Whether this is a share that is being announced or is reachable.
    pub fn is_offered(&self) -> bool {
        match self {
            Self::Announcing | Self::Shared => true,
            Self::Preparing
            | Self::Hashing
            | Self::Stopped
            | Self::Searching
            | Self::Asked { .. }
            | Self::Downloading { .. }
            | Self::Interrupted { .. }
            | Self::Done
            | Self::Failed { .. } => false,
        }
    }

    /// Whether a part of it is kept, after which [`crate::command::Command::Resume`] continues.
    pub fn is_interrupted(&self) -> bool {
        match self {
            Self::Interrupted { .. } => true,
            Self::Preparing
            | Self::Hashing
            | Self::Announcing
            | Self::Shared
            | Self::Stopped
            | Self::Searching
            | Self::Asked { .. }
            | Self::Downloading { .. }
            | Self::Done
            | Self::Failed { .. } => false,
        }
    }

    /// Why it ended without success, if it did.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Interrupted { failure } | Self::Failed { failure } => Some(failure),
            Self::Preparing
            | Self::Hashing
            | Self::Announcing
            | Self::Shared
            | Self::Stopped
            | Self::Searching
            | Self::Asked { .. }
            | Self::Downloading { .. }
            | Self::Done => None,
        }
    }
}

/// How far bytes have moved: a download, an upload, a copy, hashing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The number of bytes so far.
    pub bytes: u64,
    /// The total number of bytes, if it is known.
    pub total: Option<u64>,
    /// The smoothed rate in bytes per second.
    pub rate: u64,
}

impl Progress {
    /// The number of seconds left, if it can be estimated.
    pub fn seconds_left(&self) -> Option<u64> {
        let left = self.total?.checked_sub(self.bytes)?;
        (self.rate > 0).then(|| left.div_ceil(self.rate))
    }
}

/// When a file stops being shared by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// At this time, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// When so many calls for it have been answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
}

impl Limits {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// When a file stops being shared by itself, counted from when it is shared; without values it does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ends {
    /// After so many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// After so many calls for it were answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
}

/// An upload that is under way or was interrupted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// The multiaddr of the storage.
    pub multiaddr: String,
    /// The permission that the storage gave, if it wants one.
    pub token: Option<String>,
    /// When the permission expires, in Unix seconds.
    pub expires: Option<u64>,
    /// The peer id of the node that gave it; `None` for an IPFS node of the person's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The number of bytes of the parts that have left.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sent: u64,
}

/// Why a copy is still at a storage that was asked to give it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// Somebody else has put the file there, too, or the storage's operator keeps it.
    ForOthers,
    /// The storage's node takes nothing back, or has not answered for too long.
    Refused,
}

/// A copy of a file at a storage, which keeps it in the name of this peer until it is taken back (`IPFS_release`). It is
/// noted before the first byte is uploaded, and outlasts the item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copy {
    /// The CID of the file, canonical.
    pub cid: String,
    /// The multiaddr of the storage.
    pub multiaddr: String,
    /// The peer id of the storage's node.
    pub peer: String,
    /// Until when the storage has to keep it, in Unix seconds. After that it removes it when it needs the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// When the storage was last asked to keep it, in Unix milliseconds.
    pub at: u64,
    /// The peer id in whose name it is kept, if this peer has had a new identity since. The storage is not asked to take it
    /// back: it would let nobody else, and would learn that both are one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Why it is still there, although it was taken back. The storage is not asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Left>,
}

impl Copy {
    /// Whether the storage can be asked to give it up.
    pub fn can_be_released(&self) -> bool {
        self.owner.is_none() && self.left.is_none()
    }

    /// When the storage need not keep it any longer, in Unix milliseconds.
    pub fn over_at(&self) -> u64 {
        match self.until {
            Some(until) => until.saturating_mul(1000),
            None => self.at.saturating_add(KEPT_UNTOLD_MS),
        }
    }

    /// The storage's host, for people. The address was read when the copy was made; its second part is the host.
    pub fn host(&self) -> String {
        quote(self.multiaddr.split('/').nth(2).unwrap_or_default())
    }
}

/// The place of something in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside {
    /// The CID of the folder, canonical. Whoever provides the folder has what is in it.
    pub folder: String,
    /// The path in the folder, as [`Link::path`](crate::names::Link::path) has it.
    pub path: String,
}

/// A file that was shared or fetched. Values that are not set are left out when it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// Whether it was shared or fetched.
    pub origin: Origin,
    /// Its name, made safe to show and to save under.
    pub name: String,
    /// What the person noted about it, which nobody else is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Its MIME type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// The size of the file in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The number of files in it, if it is a directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Its CID, canonical.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cid: Option<String>,
    /// Where it is, if it is fetched from a folder that is not. Its CID is known once it was found there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<Inside>,
    /// Its key, if it is a private share: what is stored of it here and elsewhere is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// Its status.
    pub status: Status,
    /// When it got this status, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub since: u64,
    /// The progress of its bytes, while they move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The upload that is under way, or was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Upload>,
    /// The multiaddr of the storage to which it was last uploaded completely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed: Option<String>,
    /// Whether this peer provides it to others, as a share or after fetching it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub providing: bool,
    /// Whether a fetched file that is provided has been found and reached from outside. The status
    /// of a share says the same.
    #[serde(default, skip_serializing_if = "is_false")]
    pub confirmed: bool,
    /// The number of calls for it that were answered.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub requests: u64,
    /// When it stops being shared by itself.
    #[serde(default, skip_serializing_if = "Limits::is_none")]
    pub limits: Limits,
    /// When it will stop by itself once it is shared, if that was chosen for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Ends>,
    /// Whether the person is asked before anybody gets it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub asks: bool,
    /// The peer id of a caller about whom the person is asked now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asking: Option<String>,
    /// The number of its bytes that were ever uploaded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uploaded: u64,
    /// When it was made, in Unix milliseconds.
    pub created: u64,
    /// Whether there is a thumbnail, which is stored beside the state.
    #[serde(default, skip_serializing_if = "is_false")]
    pub thumbnail: bool,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ItemSource>,
    /// What the server calls this version of a file that is being read from an address, so that a transfer that broke
    /// off can continue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validator: Option<String>,
    /// The name under which it was saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_as: Option<String>,
    /// How many names in it had to be changed in the file as which it was saved.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub changed: u64,
    /// Why the last upload failed, until one succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_failure: Option<Failure>,
    /// Whether nothing of it is stored here, because it is read where the person has it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stays: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Item {
    /// The link to send people, once there is one. That of a private share has the key in it.
    pub fn link(&self) -> Option<String> {
        let cid = self.cid.as_ref()?;
        Some(match &self.key {
            Some(Secret(key)) => private_link(cid, key),
            None => link_to(cid),
        })
    }

    /// The CID whose providers have it: its own, or that of the folder in which it is.
    pub fn sought(&self) -> Option<&str> {
        let folder = self.inside.as_ref().map(|inside| &inside.folder);
        folder.or(self.cid.as_ref()).map(String::as_str)
    }

    /// Whether it ended without success and [`crate::command::Command::Resume`] can help. A share
    /// whose bytes are missing has to be shared again.
    pub fn can_resume(&self) -> bool {
        match self.status {
            Status::Interrupted { .. } => true,
            Status::Failed { .. } => self.origin == Origin::Fetch,
            Status::Preparing
            | Status::Hashing
            | Status::Announcing
            | Status::Shared
            | Status::Stopped
            | Status::Searching
            | Status::Asked { .. }
            | Status::Downloading { .. }
            | Status::Done => false,
        }
    }

    /// The bytes that it takes here, or will take once it has arrived.
    pub fn kept(&self) -> u64 {
        let arrived = self.progress.as_ref().map_or(0, |progress| progress.bytes);
        match self.status {
            _ if self.stays => 0,
            Status::Failed { .. } => 0,
            Status::Preparing
            | Status::Hashing
            | Status::Announcing
            | Status::Shared
            | Status::Stopped
            | Status::Searching
            | Status::Asked { .. }
            | Status::Downloading { .. }
            | Status::Interrupted { .. }
            | Status::Done => self.size.unwrap_or(0).max(arrived),
        }
    }

    /// Whether it is a file of which only the beginning may be here, because it is being fetched. The bytes of a folder are
    /// those of many files.
    pub fn is_coming(&self) -> bool {
        match self.status {
            Status::Searching
            | Status::Asked { .. }
            | Status::Downloading { .. }
            | Status::Interrupted { .. } => self.origin == Origin::Fetch && !self.is_folder(),
            Status::Preparing
            | Status::Hashing
            | Status::Announcing
            | Status::Shared
            | Status::Stopped
            | Status::Done
            | Status::Failed { .. } => false,
        }
    }

    /// Whether it is called a folder.
    pub fn is_folder(&self) -> bool {
        // The files of a private folder are not counted, because it is one file to others.
        self.files.is_some() || self.mime.as_deref() == Some(FOLDER)
    }

    /// Whether it stays where the person has it, and can be read there once they allow that by a click.
    pub fn needs_click(&self) -> bool {
        let failure = self.status.failure();
        self.stays && failure.is_some_and(|failure| failure.code == Code::NeedsClick)
    }

    /// Whether it was fetched whole and may be a private share, to which the link had no key: nobody gave it a name or a type.
    pub fn lacks_key(&self) -> bool {
        let is_unnamed = self.cid.as_ref() == Some(&self.name) && self.inside.is_none();
        let is_fetched = self.origin == Origin::Fetch && self.status.is_here();
        is_fetched && is_unnamed && self.key.is_none() && self.mime.as_deref() == Some(SEALED)
    }

    /// Whether it can get another name. That of a private share is in its encrypted bytes, and that of what is still being read
    /// or fetched is yet to be learnt.
    pub fn can_be_renamed(&self) -> bool {
        self.key.is_none() && self.status.is_here()
    }

    /// The name that it gets from what the person typed; `None` if it stays as it is.
    pub fn renamed(&self, typed: &str) -> Option<String> {
        if typed.trim().is_empty() || !self.can_be_renamed() {
            return None;
        }
        let is_saved_as_zip = self.origin == Origin::Fetch && self.files.is_some();
        let name = match told_name(typed) {
            name if is_saved_as_zip && !name.ends_with(ZIP) => told_name(&format!("{name}{ZIP}")),
            name => name,
        };
        (name != self.name).then_some(name)
    }

    /// Whether this is a share from an address that could not be read.
    pub fn can_read_again(&self) -> bool {
        let has_address = self
            .source
            .as_ref()
            .is_some_and(|source| source.url.is_some());
        has_address && self.cid.is_none() && self.status.failure().is_some()
    }

    /// Whether this is a share from an address where a web page was in the place of the file. It can be shared as that.
    pub fn can_be_page(&self) -> bool {
        let failure = self.status.failure();
        self.can_read_again() && failure.is_some_and(|failure| failure.code == Code::LoginPage)
    }

    /// Whether others can get it from this peer, as far as could be confirmed from outside while
    /// there was a network.
    pub fn is_shared(&self) -> bool {
        match self.status {
            Status::Shared => true,
            Status::Done => self.confirmed,
            Status::Preparing
            | Status::Hashing
            | Status::Announcing
            | Status::Stopped
            | Status::Searching
            | Status::Asked { .. }
            | Status::Downloading { .. }
            | Status::Interrupted { .. }
            | Status::Failed { .. } => false,
        }
    }

    /// How many of the bytes of an upload that ends were not counted when they left. Older versions counted none.
    pub(super) fn not_counted(&self, sent: u64) -> u64 {
        let counted = self.upload.as_ref().map_or(0, |upload| upload.sent);
        sent.saturating_sub(counted)
    }

    /// Whether as many calls for it were answered as may be.
    pub fn is_spent(&self) -> bool {
        self.limits
            .calls
            .is_some_and(|calls| self.requests >= calls)
    }

    /// Until when whoever made the last call for it may take to fetch it, in Unix milliseconds; `None` if it did not end
    /// because of that call.
    pub fn fetched_until(&self) -> Option<u64> {
        let size = self.size.unwrap_or_default();
        (self.status == Status::Stopped && self.is_spent())
            .then(|| self.since + SPENT_MS + size / SPENT_BYTES_PER_MS)
    }

    /// Whether it is not to be shared any more at this time, in Unix milliseconds.
    pub fn is_over(&self, now: u64) -> bool {
        self.is_spent() || self.limits.until.is_some_and(|until| until <= now)
    }

    /// Notes that it was found and reached from outside, or that this is no longer known.
    pub(super) fn set_confirmed(&mut self, confirmed: bool) {
        match self.status {
            Status::Announcing | Status::Shared => {
                self.status = if confirmed {
                    Status::Shared
                } else {
                    Status::Announcing
                };
            }
            Status::Done => self.confirmed = confirmed && self.providing,
            Status::Preparing
            | Status::Hashing
            | Status::Stopped
            | Status::Searching
            | Status::Asked { .. }
            | Status::Downloading { .. }
            | Status::Interrupted { .. }
            | Status::Failed { .. } => self.confirmed = false,
        }
    }

    pub(super) fn new(
        id: ItemId,
        origin: Origin,
        name: String,
        status: Status,
        created: u64,
    ) -> Self {
        Self {
            id,
            origin,
            name,
            note: None,
            mime: None,
            size: None,
            files: None,
            cid: None,
            inside: None,
            key: None,
            status,
            progress: None,
            upload: None,
            placed: None,
            providing: false,
            confirmed: false,
            requests: 0,
            limits: Limits::default(),
            ends: None,
            asks: false,
            asking: None,
            uploaded: 0,
            created,
            thumbnail: false,
            since: created,
            source: None,
            validator: None,
            saved_as: None,
            changed: 0,
            upload_failure: None,
            stays: false,
        }
    }

    /// Applies an event about this item.
    pub(super) fn apply(&mut self, kind: &EventKind, at: u64) {
        match kind {
            EventKind::Described {
                name,
                mime,
                size,
                validator,
                ..
            } => {
                self.validator.clone_from(validator);
                if let Some(name) = name {
                    self.name.clone_from(name);
                }
                if mime.is_some() {
                    self.mime.clone_from(mime);
                }
                if size.is_some() {
                    self.size = *size;
                }
            }
            EventKind::Named { name, note, .. } => {
                if let Some(name) = name {
                    self.name.clone_from(name);
                }
                self.note.clone_from(note);
            }
            EventKind::Thumbnail { .. } => self.thumbnail = true,
            EventKind::Hashed {
                cid, size, files, ..
            } => {
                self.cid = Some(cid.clone());
                self.size = Some(*size);
                self.files = *files;
                self.ends = None;
                self.validator = None;
                self.progress = None;
                if let Some(source) = &mut self.source {
                    source.seen = None;
                }
            }
            EventKind::AsPage { .. } => {
                if let Some(source) = &mut self.source {
                    source.seen.get_or_insert_default().as_page = true;
                }
            }
            EventKind::Found { cid, name, .. } => {
                self.cid = Some(cid.clone());
                self.name.clone_from(name);
            }
            EventKind::Status { status, .. } => {
                if std::mem::discriminant(&self.status) != std::mem::discriminant(status)
                    && self.upload.is_none()
                {
                    self.progress = None;
                }
                self.status = status.clone();
                self.since = at;
                match status {
                    Status::Announcing | Status::Shared => self.providing = true,
                    Status::Stopped => self.providing = false,
                    // A fetched file is provided because of its own event; while bytes move,
                    // nothing is provided.
                    Status::Preparing
                    | Status::Hashing
                    | Status::Searching
                    | Status::Asked { .. }
                    | Status::Downloading { .. }
                    | Status::Interrupted { .. }
                    | Status::Done
                    | Status::Failed { .. } => {}
                }
            }
            EventKind::Progress { progress, .. } => self.progress = Some(*progress),
            EventKind::Requested { .. } => self.requests += 1,
            EventKind::AsksFirst { asks, .. } => self.asks = *asks,
            EventKind::Asking { peer, .. } => self.asking.clone_from(peer),
            EventKind::Limited { until, calls, .. } => {
                self.limits = Limits {
                    until: *until,
                    calls: *calls,
                };
            }
            EventKind::UploadBegan {
                multiaddr,
                token,
                expires,
                peer,
                ..
            } => {
                // What has left stays counted when an upload goes on with a new token.
                let before = self.upload.as_ref();
                let goes_on = before.filter(|before| before.multiaddr == *multiaddr);
                self.upload = Some(Upload {
                    multiaddr: multiaddr.clone(),
                    token: token.clone(),
                    expires: *expires,
                    peer: peer.clone(),
                    sent: goes_on.map_or(0, |before| before.sent),
                });
            }
            EventKind::UploadSent { size, .. } => {
                if let Some(upload) = &mut self.upload {
                    upload.sent += size;
                    self.uploaded += size;
                }
            }
            EventKind::UploadEnded { sent, error, .. } => {
                self.uploaded += self.not_counted(*sent);
                if let (Some(upload), None) = (self.upload.take(), error) {
                    self.placed = Some(upload.multiaddr);
                }
                self.progress = None;
                self.upload_failure.clone_from(error);
            }
            EventKind::Providing { providing, .. } => {
                self.providing = *providing;
                self.confirmed = false;
            }
            EventKind::Saved { name, changed, .. } => {
                self.saved_as = Some(name.clone());
                self.changed = changed.unwrap_or_default();
            }
            EventKind::Stays { .. } => self.stays = true,
            // A log is stored beside the state. The others are not about a single item, or they
            // create or remove one.
            EventKind::Log { .. }
            | EventKind::ShareBegan { .. }
            | EventKind::FetchBegan { .. }
            | EventKind::Removed { .. }
            | EventKind::Merged { .. }
            | EventKind::Unconfirmed
            | EventKind::Confirmed { .. }
            | EventKind::Settings { .. }
            | EventKind::Network { .. }
            | EventKind::Web { .. }
            | EventKind::Room { .. }
            | EventKind::Started { .. }
            | EventKind::Released { .. }
            | EventKind::Withdrawn { .. }
            | EventKind::Notice { .. } => {}
        }
    }
}
