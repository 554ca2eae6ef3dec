//! What a face shows: one [`State`], changed only by [`State::apply`].

mod event;
pub(crate) mod flat;
mod item;
mod items;
mod log;
mod network;
mod settings;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::names::path_name;
use crate::storage::{is_local, is_same};
use crate::web_link::Web;

pub use event::{Event, EventKind};
pub use item::{
    Copy, Ends, FOLDER, Inside, Item, ItemId, ItemSource, Left, Limits, Origin, Progress, Secret,
    Seen, Status, Upload,
};
pub use items::{Items, MAX_ITEMS};
pub use log::{LogEntry, LogLine, MAX_LOG, MAX_THUMBNAIL};
pub use network::{LinkCause, LinkError, NetworkStatus};
pub use settings::{
    Field, GATEWAY, LINKS, MAX_LINKS, MAX_NODES, MAX_PUBLIC, OwnIpfs, ROUTER, Settings, check_node,
};

/// The error of reading something of a kind that this version does not know, or that lacks a value
/// that belongs to it.
#[derive(Debug, thiserror::Error)]
#[error("this is not known here")]
pub struct Unreadable;

/// Everything that a face shows, except for logs and thumbnails ([`LogLine`]).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The number of the last event that was kept.
    pub seq: u64,
    /// The items that were shared or fetched.
    pub items: Items,
    /// The day of the last upload, in days since the Unix epoch.
    pub sent_day: u64,
    /// The number of bytes that were uploaded on it.
    pub sent: u64,
    /// The day on which a fetch ended last, in days since the Unix epoch.
    #[serde(skip_serializing_if = "is_zero")]
    pub fetched_day: u64,
    /// The number of bytes of the files that were fetched on it.
    #[serde(skip_serializing_if = "is_zero")]
    pub fetched: u64,
    /// The copies that storages keep in the name of this peer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<Copy>,
    /// The CIDs of files that are not provided any more, of which the nodes that have their records are still to be told.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub withdrawn: BTreeSet<String>,
    /// The connection to the network.
    pub network: NetworkStatus,
    /// The base URL of the node's storage, if it serves links to any browser.
    pub web: Option<String>,
    /// Whether those links lead to a page that checks what the node gives.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub web_page: bool,
    /// The most bytes that files may take here if the person sets no limit; `None` for no limit.
    pub room: Option<u64>,
    /// The person's settings; `None` before they are set for the first time, while the defaults of
    /// the build apply.
    pub settings: Option<Settings>,
    /// Whether fetched files are provided as long as nothing is set, because it was so when this profile was made.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub provides_unset: bool,
    /// This peer's own id.
    pub peer: Option<String>,
    /// The last notice.
    pub notice: Option<Failure>,
    /// When it was given, in Unix milliseconds.
    #[serde(default)]
    pub noticed: u64,
}

/// A day, in milliseconds.
const DAY_MS: u64 = 24 * 3_600_000;

/// The most copies at storages that are remembered; beyond that, those that were made first are forgotten.
const MAX_COPIES: usize = 20_000;

impl State {
    /// Those of [`Self::withdrawn`] that nothing here provides; another item may have the same file, or it may be shared
    /// again.
    pub fn unprovided(&self) -> Vec<String> {
        let provided = cids(self.items.values().filter(|item| item.providing));
        let withdrawn = self.withdrawn.iter();
        withdrawn
            .filter(|cid| provided.binary_search(&cid.as_str()).is_err())
            .cloned()
            .collect()
    }

    /// The copies of files that nothing here provides any more, and that are to be taken back at this time, in Unix
    /// milliseconds.
    pub fn unwanted(&self, now: u64) -> Vec<Copy> {
        let mut unwanted = self.not_provided(now);
        unwanted.retain(Copy::can_be_released);
        unwanted
    }

    /// The copies of files that nothing here provides any more, which cannot be taken back and which storages need not keep
    /// any longer at this time, in Unix milliseconds.
    pub fn expired(&self, now: u64) -> Vec<Copy> {
        let mut expired = self.not_provided(now);
        expired.retain(|copy| !copy.can_be_released() && copy.over_at() <= now);
        expired
    }

    /// When the next of these copies expires after this time, in Unix milliseconds.
    pub fn next_expiry(&self, now: u64) -> Option<u64> {
        let left = self.copies.iter().filter(|copy| !copy.can_be_released());
        left.map(Copy::over_at).filter(|over| *over > now).min()
    }

    /// The copies of files that nothing here provides any more.
    fn not_provided(&self, now: u64) -> Vec<Copy> {
        if self.copies.is_empty() {
            return Vec::new();
        }
        let items = self.items.values();
        let items = items.filter(|item| is_wanted(item, now));
        let wanted = cids(items);
        let copies = self.copies.iter();
        copies.filter(|copy| !has(&wanted, copy)).cloned().collect()
    }

    /// The copies of the files of these items.
    pub fn copies_of(&self, items: &[Item]) -> Vec<Copy> {
        if self.copies.is_empty() {
            return Vec::new();
        }
        let cids = cids(items.iter());
        let copies = self.copies.iter();
        copies.filter(|copy| has(&cids, copy)).cloned().collect()
    }

    /// The copies of files that are not in the list any more.
    pub fn removed_copies(&self) -> Vec<Copy> {
        if self.copies.is_empty() {
            return Vec::new();
        }
        let listed = cids(self.items.values());
        let copies = self.copies.iter();
        copies.filter(|copy| !has(&listed, copy)).cloned().collect()
    }

    /// Whether this copy is there, and is to be taken back.
    pub fn is_unwanted(&self, copy: &Copy, now: u64) -> bool {
        let is_of_copy = |item: &Item| is_wanted(item, now) && item.cid.as_ref() == Some(&copy.cid);
        copy.can_be_released() && self.copies.contains(copy) && !self.items.values().any(is_of_copy)
    }

    /// The number of bytes that were uploaded on the day of this time, in Unix milliseconds; days begin at midnight UTC.
    pub fn sent_today(&self, now: u64) -> u64 {
        if self.sent_day == now / DAY_MS {
            self.sent
        } else {
            0
        }
    }

    /// The number of bytes of the files whose fetches ended on the day of this time, in Unix milliseconds.
    pub fn fetched_today(&self, now: u64) -> u64 {
        if self.fetched_day == now / DAY_MS {
            self.fetched
        } else {
            0
        }
    }

    /// Notes that a storage keeps a copy of an item's file from now on.
    fn keep_copy(
        &mut self,
        item: &ItemId,
        multiaddr: &str,
        peer: &str,
        until: Option<u64>,
        at: u64,
    ) {
        let Some(cid) = self.items.get(item).and_then(|item| item.cid.clone()) else {
            return;
        };
        self.forget_copy(&cid, multiaddr);
        if self.copies.len() >= MAX_COPIES {
            self.copies.remove(0);
        }
        self.copies.push(Copy {
            cid,
            multiaddr: multiaddr.to_owned(),
            peer: peer.to_owned(),
            until,
            at,
            owner: None,
            left: None,
        });
    }

    fn forget_copy(&mut self, cid: &str, multiaddr: &str) {
        self.copies
            .retain(|copy| copy.cid != cid || !is_same(&copy.multiaddr, multiaddr));
    }

    /// The bytes that files take here, or will take once what moves now has arrived; `but` is left out.
    pub fn used(&self, but: Option<&ItemId>) -> u64 {
        let items = self.items.values().filter(|item| Some(&item.id) != but);
        items.map(Item::kept).sum()
    }

    /// The link that opens an item in any browser, and whether only those of this machine can follow it.
    pub fn web_link(&self, item: &Item) -> Option<(String, bool)> {
        let base = self.web.clone()?;
        let local = is_local(&base);
        let web = Web {
            base,
            page: self.web_page,
        };
        let key = item.key.as_ref().map(|key| &key.0);
        // A person sees a fetched folder as a .zip; the folder itself has no such ending.
        let name = match item.name.strip_suffix(".zip") {
            Some(name) if item.files.is_some() => name,
            _ => &item.name,
        };
        let link = web.link(item.cid.as_ref()?, name, key)?;
        Some((link, local))
    }

    /// The most bytes that files may take here under these settings.
    pub fn limit(&self, settings: &Settings) -> u64 {
        settings.max_room.or(self.room).unwrap_or(u64::MAX)
    }

    /// Applies an event. This is pure: the same events give the same state everywhere. An event about an item that
    /// does not exist changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if !event.kind.is_ephemeral() {
            self.seq = event.seq;
        }
        let at = event.at;
        let may_end = matches!(
            event.kind,
            EventKind::Status { .. }
                | EventKind::Providing { .. }
                | EventKind::ShareBegan { .. }
                | EventKind::FetchBegan { .. }
                | EventKind::Removed { .. }
                | EventKind::Merged { .. }
        );
        let provided = event.kind.item().filter(|_| may_end).and_then(|id| {
            let item = self.items.get(id).filter(|item| item.providing);
            Some((id, item?.cid.clone()?))
        });
        self.change(&event.kind, at);
        if let Some((id, cid)) = provided
            && !self.items.get(id).is_some_and(|item| item.providing)
            && self.withdrawn.len() < MAX_COPIES
        {
            self.withdrawn.insert(cid);
        }
    }

    fn change(&mut self, kind: &EventKind, at: u64) {
        match kind {
            EventKind::ShareBegan {
                id,
                name,
                mime,
                size,
                source,
                key,
                ends,
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
                item.key.clone_from(key);
                item.ends = *ends;
                self.items.insert(item);
            }
            EventKind::FetchBegan { id, cid, key, path } => {
                let name = path.as_ref().map(|path| path_name(path));
                let mut item = Item::new(
                    id.clone(),
                    Origin::Fetch,
                    name.unwrap_or_else(|| cid.clone()),
                    Status::Searching,
                    at,
                );
                match path {
                    Some(path) => {
                        item.inside = Some(Inside {
                            folder: cid.clone(),
                            path: path.clone(),
                        });
                    }
                    None => item.cid = Some(cid.clone()),
                }
                item.key.clone_from(key);
                self.items.insert(item);
            }
            EventKind::Removed { id } | EventKind::Merged { id, .. } => {
                self.items.remove(id);
            }
            EventKind::Unconfirmed => {
                for item in self.items.iter_mut() {
                    item.set_confirmed(false);
                }
            }
            EventKind::Confirmed { ids } => {
                for id in ids {
                    if let Some(item) = self.items.get_mut(id) {
                        item.set_confirmed(true);
                    }
                }
            }
            EventKind::Released {
                cid,
                multiaddr,
                left,
            } => {
                let is_of =
                    |copy: &&mut Copy| copy.cid == *cid && is_same(&copy.multiaddr, multiaddr);
                match left {
                    Some(_) => self
                        .copies
                        .iter_mut()
                        .filter(is_of)
                        .for_each(|copy| copy.left = *left),
                    None => self.forget_copy(cid, multiaddr),
                }
                for item in self.items.iter_mut() {
                    let is_there = |placed: &String| is_same(placed, multiaddr);
                    if item.cid.as_ref() == Some(cid) && item.placed.as_ref().is_some_and(is_there)
                    {
                        item.placed = None;
                    }
                }
            }
            EventKind::Withdrawn { cids } => {
                for cid in cids {
                    self.withdrawn.remove(cid);
                }
            }
            EventKind::Settings { settings } => self.settings = Some(settings.clone()),
            EventKind::Network { network } => self.network = network.clone(),
            EventKind::Web { base, page } => {
                self.web.clone_from(base);
                self.web_page = *page == Some(true);
            }
            EventKind::Room { size } => self.room = Some(*size),
            EventKind::Started { peer } => {
                let before = self.peer.replace(peer.clone());
                if let Some(before) = before.filter(|before| before != peer) {
                    let own = self.copies.iter_mut().filter(|copy| copy.owner.is_none());
                    own.for_each(|copy| copy.owner = Some(before.clone()));
                    // This peer may have a former identity again.
                    let again = self.copies.iter_mut();
                    again
                        .filter(|copy| copy.owner.as_ref() == Some(peer))
                        .for_each(|copy| copy.owner = None);
                }
            }
            EventKind::Notice { failure } => {
                self.notice = Some(failure.clone());
                self.noticed = at;
            }
            EventKind::Found { id, .. }
            | EventKind::Described { id, .. }
            | EventKind::Named { id, .. }
            | EventKind::Thumbnail { id, .. }
            | EventKind::Hashed { id, .. }
            | EventKind::Stays { id }
            | EventKind::Status { id, .. }
            | EventKind::Progress { id, .. }
            | EventKind::Requested { id, .. }
            | EventKind::UploadBegan { id, .. }
            | EventKind::UploadSent { id, .. }
            | EventKind::UploadEnded { id, .. }
            | EventKind::Limited { id, .. }
            | EventKind::AsPage { id }
            | EventKind::AsksFirst { id, .. }
            | EventKind::Asking { id, .. }
            | EventKind::Providing { id, .. }
            | EventKind::Saved { id, .. }
            | EventKind::Log { id, .. } => {
                if let EventKind::UploadBegan {
                    multiaddr,
                    peer: Some(peer),
                    expires,
                    ..
                } = kind
                {
                    self.keep_copy(id, multiaddr, peer, *expires, at);
                }
                let counted = match kind {
                    EventKind::UploadSent { size, .. } => *size,
                    EventKind::UploadEnded { sent, .. } => {
                        let item = self.items.get(id);
                        item.map_or(*sent, |item| item.not_counted(*sent))
                    }
                    _ => 0,
                };
                if counted > 0 {
                    self.sent = self.sent_today(at).saturating_add(counted);
                    self.sent_day = at / DAY_MS;
                }
                if let EventKind::Status { status, .. } = kind
                    && *status == Status::Done
                    && let Some(item) = self.items.get(id)
                    && item.origin == Origin::Fetch
                    && item.status != Status::Done
                {
                    let size = item.size.unwrap_or_default();
                    self.fetched = self.fetched_today(at).saturating_add(size);
                    self.fetched_day = at / DAY_MS;
                }
                if let Some(item) = self.items.get_mut(id) {
                    item.apply(kind, at);
                }
            }
        }
    }
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// The CIDs of items, sorted.
fn cids<'a>(items: impl Iterator<Item = &'a Item>) -> Vec<&'a str> {
    let mut cids: Vec<&str> = items.filter_map(|item| item.cid.as_deref()).collect();
    cids.sort_unstable();
    cids
}

fn has(cids: &[&str], copy: &Copy) -> bool {
    cids.binary_search(&copy.cid.as_str()).is_ok()
}

/// Whether the copies of an item's file at storages are still needed.
fn is_wanted(item: &Item, now: u64) -> bool {
    // What was lost here against the person's will may still be got back from there.
    let is_lost = matches!(item.status, Status::Failed { .. }) && !item.is_over(now);
    item.providing || is_lost || item.fetched_until().is_some_and(|until| until > now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Code;

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
            key: None,
            ends: None,
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
                    peer: None,
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
        let failure = Failure::new(Code::StorageGone);
        assert_eq!(upload(Some(failure)), (false, 7, None));
    }

    #[test]
    fn a_storage_that_writes_its_address_in_another_way_has_one_copy() {
        let hashed = EventKind::Hashed {
            id: id(),
            cid: "b".repeat(59),
            size: 7,
            files: None,
        };
        let uploaded = |multiaddr: &str| {
            [
                EventKind::UploadBegan {
                    id: id(),
                    multiaddr: multiaddr.into(),
                    token: None,
                    expires: None,
                    peer: Some("12D3KooWstorage".into()),
                },
                EventKind::UploadEnded {
                    id: id(),
                    sent: 7,
                    error: None,
                },
            ]
        };
        let (before, after) = ("/dns4/a.b/tcp/443/https", "/dns/a.b/tcp/443/https");
        let twice = [began(), hashed].into_iter();
        let mut state = state(twice.chain(uploaded(before)).chain(uploaded(after)));
        let addresses: Vec<&str> = state.copies.iter().map(|copy| &*copy.multiaddr).collect();
        assert_eq!(addresses, [after]);
        // What was placed under the one is gone with what is taken back under the other.
        state.items.get_mut(&id()).unwrap().placed = Some(before.to_owned());
        let released = EventKind::Released {
            cid: "b".repeat(59),
            multiaddr: after.to_owned(),
            left: None,
        };
        state.change(&released, 1);
        assert_eq!((state.copies.len(), &state.items[&id()].placed), (0, &None));
    }

    #[test]
    fn what_was_fetched_is_counted_on_the_day_on_which_it_is_here() {
        let mut state = State::default();
        let mut apply = |day: u64, kind| {
            let (seq, at) = (state.seq + 1, day * DAY_MS);
            state.apply(&Event { seq, at, kind });
            [day, day + 1].map(|day| state.fetched_today(day * DAY_MS))
        };
        let status = |status| EventKind::Status { id: id(), status };
        let sized = EventKind::Described {
            id: id(),
            name: None,
            mime: None,
            size: Some(5),
            validator: None,
        };
        // A share brings nothing here.
        apply(3, began());
        assert_eq!(apply(3, status(Status::Done)), [0, 0]);
        apply(3, EventKind::Removed { id: id() });
        let fetched = EventKind::FetchBegan {
            key: None,
            id: id(),
            cid: "b".into(),
            path: None,
        };
        apply(3, fetched);
        assert_eq!(apply(3, sized), [0, 0]);
        assert_eq!(apply(4, status(Status::Done)), [5, 0]);
        // It is here already, until it is fetched again.
        assert_eq!(apply(4, status(Status::Done)), [5, 0]);
        apply(4, status(Status::Searching));
        assert_eq!(apply(4, status(Status::Done)), [10, 0]);
        apply(4, EventKind::Removed { id: id() });
        assert_eq!(state.fetched_today(4 * DAY_MS + 1), 10);
    }

    #[test]
    fn an_item_that_is_gone_stays_gone() {
        let log = EventKind::Log {
            id: id(),
            entry: LogEntry::SharedAgain,
        };
        let into = ItemId("b".into());
        let gone = state([began(), EventKind::Merged { id: id(), into }, log]);
        assert!(gone.items.is_empty());
        assert_eq!(gone.seq, 3);
    }

    #[test]
    fn a_listed_item_takes_few_bytes() {
        let kinds = [
            EventKind::ShareBegan {
                key: None,
                ends: None,
                id: ItemId("0".repeat(32)),
                name: "IMG_20260101_120000.jpg".into(),
                mime: Some("image/jpeg".into()),
                size: Some(3_400_000),
                source: None,
            },
            EventKind::Hashed {
                id: ItemId("0".repeat(32)),
                cid: "b".repeat(59),
                size: 3_400_000,
                files: None,
            },
            EventKind::Status {
                id: ItemId("0".repeat(32)),
                status: Status::Shared,
            },
        ];
        let text = serde_json::to_string(&state(kinds).items).unwrap();
        assert!(text.len() < 350, "{} bytes: {text}", text.len());
    }
}
