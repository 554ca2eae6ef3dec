//! What a face shows: one [`State`], changed only by [`State::apply`].

mod network;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::content::Profile;

pub use network::{LinkCause, LinkError};

/// The lines that an item's log keeps; the oldest go first.
pub const MAX_LOG: usize = 200;
/// The longest line of a log, in bytes.
pub const MAX_LOG_LINE: usize = 500;
/// The items that are kept in all.
pub const MAX_ITEMS: usize = 10_000;

/// An item's id: 32 hex digits, made by the worker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemId(pub String);

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Counts from 1, without gaps among those that are kept; ephemeral events carry the number of the last one kept.
    pub seq: u64,
    /// Unix time in milliseconds.
    pub at: u64,
    /// What.
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
        /// At most [`MAX_LOG_LINE`] bytes.
        line: String,
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

/// The longest thumbnail, in bytes of its `data:` URL.
pub const MAX_THUMBNAIL: usize = 24 * 1024;

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

/// Where a shared file came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemSource {
    /// The address of the file, if it has one.
    pub url: Option<String>,
    /// The page that it was on.
    pub page: Option<String>,
}

/// Whether an item was shared or fetched by this person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Shared.
    Share,
    /// Fetched.
    Fetch,
}

/// What went wrong, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// For programs and tests: a short word such as `no_provider`, `wrong_bytes`, `disk_full`, `login_page`.
    pub code: String,
    /// What happened, a sentence.
    pub what: String,
    /// What can be done, a sentence.
    pub advice: String,
}

/// Where an item is on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// Its bytes are being read and stored.
    Preparing,
    /// Its hash is being computed.
    Hashing,
    /// It has a hash and is on its way to being known; waits for the network where there is none.
    Announcing,
    /// Announced, found by look-up and reached from outside.
    Shared,
    /// No longer provided; the bytes are still here.
    Stopped,
    /// Looking for who has it.
    Searching,
    /// A provider was asked.
    Asked {
        /// The provider's peer id.
        peer: String,
    },
    /// Bytes come and are verified.
    Downloading {
        /// The storage's host.
        from: String,
    },
    /// A fetch was cut off; it can go on from the last verified block, or be discarded.
    Interrupted {
        /// Why.
        failure: Failure,
    },
    /// All bytes are here, each verified.
    Done,
    /// It ended without success. Nothing of it is here: a fetch can be begun again ([`Item::can_resume`]).
    Failed {
        /// Why, and what to do.
        failure: Failure,
    },
}

/// Bytes on their way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// So far.
    pub bytes: u64,
    /// In all, where known.
    pub total: Option<u64>,
    /// Bytes a second, smoothed.
    pub rate: u64,
}

impl Progress {
    /// Seconds left, where that can be said.
    pub fn seconds_left(&self) -> Option<u64> {
        let left = self.total?.checked_sub(self.bytes)?;
        (self.rate > 0).then(|| left.div_ceil(self.rate))
    }
}

/// An upload that is under way or was cut off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// Where to.
    pub multiaddr: String,
    /// Permission.
    pub token: Option<String>,
    /// When the token ends, in Unix seconds.
    pub expires: Option<u64>,
}

/// A line of an item's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// Unix time in milliseconds.
    pub at: u64,
    /// What happened.
    pub text: String,
}

/// A file that was shared or fetched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// Shared or fetched.
    pub origin: Origin,
    /// Made safe to show and to save under.
    pub name: String,
    /// MIME type.
    pub mime: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// Files in it, where it is a directory.
    pub files: Option<u64>,
    /// Canonical.
    pub cid: Option<String>,
    /// Where it is on its way.
    pub status: Status,
    /// Bytes on their way, where some are.
    pub progress: Option<Progress>,
    /// The upload that is under way.
    pub upload: Option<Upload>,
    /// The storage's multiaddr to which it was uploaded whole, the last time.
    #[serde(default)]
    pub placed: Option<String>,
    /// Whether this peer offers it to others (shared, or fetched and provided on).
    pub providing: bool,
    /// Whether what was fetched and is provided was found and reached from outside; what was shared says so by its status.
    #[serde(default)]
    pub confirmed: bool,
    /// Calls that were answered.
    pub requests: u64,
    /// Bytes that went to storage, ever.
    pub uploaded: u64,
    /// Unix time in milliseconds.
    pub created: u64,
    /// A small picture.
    pub thumbnail: Option<String>,
    /// Where it came from.
    pub source: Option<ItemSource>,
    /// The name under which it was saved.
    pub saved_as: Option<String>,
    /// The last failure of an upload, until one succeeds.
    pub upload_failure: Option<Failure>,
    /// What happened, with times.
    pub log: VecDeque<LogLine>,
}

/// What a person can set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Multiaddrs of nodes, each with `/p2p/…`; empty means that there is none.
    pub nodes: Vec<String>,
    /// How files are cut and hashed.
    pub profile: Profile,
    /// Whether what was fetched is provided to others too.
    pub provide_fetched: bool,
    /// Whether a fetched file is saved to the download folder at once.
    pub save_fetched: bool,
    /// Whether the link goes to the clipboard when a file is shared.
    pub copy_link: bool,
    /// Whether notifications are shown.
    pub notify: bool,
    /// The largest file that is shared or fetched, in bytes.
    pub max_file: u64,
    /// An IPFS node of one's own, used instead of asking `IPFS_multiaddr`.
    pub own_ipfs: Option<OwnIpfs>,
}

/// An IPFS node of the person's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OwnIpfs {
    /// `http://127.0.0.1:5001`.
    pub rpc: String,
    /// `http://127.0.0.1:8080`; also what others are told.
    pub gateway: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            profile: Profile::default(),
            provide_fetched: true,
            save_fetched: true,
            copy_link: true,
            notify: true,
            max_file: 1 << 40,
            own_ipfs: None,
        }
    }
}

/// The connection to the network.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "network", rename_all = "snake_case")]
pub enum NetworkStatus {
    /// The worker has only just started.
    #[default]
    Starting,
    /// No node is set.
    NoNode,
    /// On the way to a node.
    Connecting {
        /// Its multiaddr.
        node: String,
    },
    /// Connected, and reachable through a node.
    Online {
        /// Its multiaddr.
        node: String,
    },
    /// Not connected; tries again by itself.
    Offline {
        /// Why, for people.
        reason: String,
        /// When it tries again, Unix milliseconds.
        retry_at: u64,
    },
}

/// All that a face shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The number of the last event that was kept.
    pub seq: u64,
    /// By id.
    pub items: BTreeMap<ItemId, Item>,
    /// The connection.
    pub network: NetworkStatus,
    /// Base URL of the node's storage, where it opens links in any browser.
    #[serde(default)]
    pub web: Option<String>,
    /// What the person set; `None` before the first time, when the defaults of the build hold.
    pub settings: Option<Settings>,
    /// The own peer id.
    pub peer: Option<String>,
    /// The last notice.
    pub notice: Option<Failure>,
}

impl State {
    /// What the event changes. Pure: the same events give the same state everywhere. An event about an item that is not
    /// there changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if !event.kind.is_ephemeral() {
            self.seq = event.seq;
        }
        let at = event.at;
        match &event.kind {
            EventKind::ShareBegan {
                id,
                name,
                mime,
                size,
                source,
            } => {
                let mut item = Item::new(
                    id.clone(),
                    Origin::Share,
                    name.clone(),
                    Status::Preparing,
                    at,
                );
                item.mime.clone_from(mime);
                item.size = *size;
                item.source.clone_from(source);
                self.insert(item);
            }
            EventKind::FetchBegan { id, cid } => {
                let mut item = Item::new(
                    id.clone(),
                    Origin::Fetch,
                    cid.clone(),
                    Status::Searching,
                    at,
                );
                item.cid = Some(cid.clone());
                self.insert(item);
            }
            EventKind::Removed { id } | EventKind::Merged { id, .. } => {
                self.items.remove(id);
            }
            EventKind::Unconfirmed => {
                for item in self.items.values_mut() {
                    if item.status == Status::Shared {
                        item.status = Status::Announcing;
                    }
                    item.confirmed = false;
                }
            }
            EventKind::Confirmed { ids } => {
                for id in ids {
                    match self.items.get_mut(id) {
                        Some(item) if item.status == Status::Announcing => {
                            item.status = Status::Shared;
                        }
                        Some(item) if item.status == Status::Done => {
                            item.confirmed = item.providing
                        }
                        _ => {}
                    }
                }
            }
            EventKind::Settings { settings } => self.settings = Some(settings.clone()),
            EventKind::Network { network } => self.network = network.clone(),
            EventKind::Web { base } => self.web.clone_from(base),
            EventKind::Started { peer } => self.peer = Some(peer.clone()),
            EventKind::Notice { failure } => self.notice = Some(failure.clone()),
            kind => {
                if let Some(item) = kind.item().and_then(|id| self.items.get_mut(id)) {
                    item.apply(kind, at);
                }
            }
        }
    }

    fn insert(&mut self, item: Item) {
        if self.items.len() < MAX_ITEMS || self.items.contains_key(&item.id) {
            self.items.insert(item.id.clone(), item);
        }
    }

    /// Items by age, newest first.
    pub fn newest(&self) -> Vec<&Item> {
        let mut items: Vec<&Item> = self.items.values().collect();
        items.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.id.cmp(&b.id)));
        items
    }
}

impl Item {
    /// Whether it ended without success and [`crate::command::Command::Resume`] can change that. A share whose bytes are
    /// gone can only be shared anew.
    pub fn can_resume(&self) -> bool {
        match self.status {
            Status::Interrupted { .. } => true,
            Status::Failed { .. } => self.origin == Origin::Fetch,
            _ => false,
        }
    }

    /// Whether others can have it from this peer, as far as was seen from outside while there is a network.
    pub fn is_shared(&self) -> bool {
        self.status == Status::Shared || self.status == Status::Done && self.confirmed
    }

    fn new(id: ItemId, origin: Origin, name: String, status: Status, created: u64) -> Self {
        Self {
            id,
            origin,
            name,
            mime: None,
            size: None,
            files: None,
            cid: None,
            status,
            progress: None,
            upload: None,
            placed: None,
            providing: false,
            confirmed: false,
            requests: 0,
            uploaded: 0,
            created,
            thumbnail: None,
            source: None,
            saved_as: None,
            upload_failure: None,
            log: VecDeque::new(),
        }
    }

    fn apply(&mut self, kind: &EventKind, at: u64) {
        match kind {
            EventKind::Described {
                name, mime, size, ..
            } => {
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
            EventKind::Thumbnail { data_url, .. } if data_url.len() <= MAX_THUMBNAIL => {
                self.thumbnail = Some(data_url.clone());
            }
            EventKind::Hashed {
                cid, size, files, ..
            } => {
                self.cid = Some(cid.clone());
                self.size = Some(*size);
                self.files = *files;
                self.progress = None;
            }
            EventKind::Status { status, .. } => {
                if std::mem::discriminant(&self.status) != std::mem::discriminant(status)
                    && self.upload.is_none()
                {
                    self.progress = None;
                }
                self.status = status.clone();
                match status {
                    Status::Announcing | Status::Shared => self.providing = true,
                    Status::Stopped => self.providing = false,
                    _ => {}
                }
            }
            EventKind::Progress { progress, .. } => self.progress = Some(*progress),
            EventKind::Requested { .. } => self.requests += 1,
            EventKind::UploadBegan {
                multiaddr,
                token,
                expires,
                ..
            } => {
                self.upload = Some(Upload {
                    multiaddr: multiaddr.clone(),
                    token: token.clone(),
                    expires: *expires,
                });
            }
            EventKind::UploadEnded { sent, error, .. } => {
                if let (Some(upload), None) = (self.upload.take(), error) {
                    self.placed = Some(upload.multiaddr);
                }
                self.progress = None;
                self.uploaded += sent;
                self.upload_failure.clone_from(error);
            }
            EventKind::Providing { providing, .. } => {
                self.providing = *providing;
                self.confirmed = false;
            }
            EventKind::Saved { name, .. } => self.saved_as = Some(name.clone()),
            EventKind::Log { line, .. } => {
                if self.log.len() == MAX_LOG {
                    self.log.pop_front();
                }
                self.log.push_back(LogLine {
                    at,
                    text: line.clone(),
                });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(kinds: impl IntoIterator<Item = EventKind>) -> State {
        let mut state = State::default();
        for (kind, seq) in kinds.into_iter().zip(1..) {
            state.apply(&Event { seq, at: 0, kind });
        }
        state
    }

    fn id() -> ItemId {
        ItemId("a".into())
    }

    fn began() -> EventKind {
        EventKind::ShareBegan {
            id: id(),
            name: "a".into(),
            mime: None,
            size: None,
            source: None,
        }
    }

    #[test]
    fn only_a_whole_upload_is_remembered_as_a_place() {
        let upload = |error: Option<Failure>| {
            let events = state([
                began(),
                EventKind::UploadBegan {
                    id: id(),
                    multiaddr: "/dns4/a/tcp/1/http".into(),
                    token: None,
                    expires: None,
                },
                EventKind::UploadEnded {
                    id: id(),
                    sent: 7,
                    error,
                },
            ]);
            let item = &events.items[&id()];
            (item.placed.is_some(), item.uploaded, item.upload.clone())
        };
        assert_eq!(upload(None), (true, 7, None));
        let failure = Failure {
            code: "x".into(),
            what: String::new(),
            advice: String::new(),
        };
        assert_eq!(upload(Some(failure)), (false, 7, None));
    }

    #[test]
    fn logs_are_bounded_and_what_is_gone_stays_gone() {
        let log = || EventKind::Log {
            id: id(),
            line: "x".into(),
        };
        let full = state(std::iter::once(began()).chain((0..1000).map(|_| log())));
        assert_eq!(full.items[&id()].log.len(), MAX_LOG);
        let into = ItemId("b".into());
        let gone = state([began(), EventKind::Merged { id: id(), into }, log()]);
        assert!(gone.items.is_empty());
        assert_eq!(gone.seq, 3);
    }
}
