//! The record of a DAG, in memory and in the database.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::fairness::AddressBlock;

/// How many peers may hold one DAG. Of more, those whose block of addresses has most of the places
/// lose theirs.
const MAX_HOLDERS: usize = 16;

/// The number of a DAG. It is never reused, so that the remains of a removed DAG are never taken
/// for parts of a later one.
pub(super) type DagId = u64;

/// A peer to which the upload of a DAG was granted. While its token is valid, it pays for the DAG,
/// and keeps it from being removed; afterwards it may still take the DAG back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holder {
    /// The peer.
    #[serde(rename = "p")]
    pub peer: String,
    /// Until when its token is valid, in Unix seconds.
    #[serde(rename = "u")]
    pub until: u64,
    /// Where it called from, [hidden](AddressBlock::hide), since it is a person's address. Records of earlier versions do not
    /// have it.
    #[serde(rename = "b", default, skip_serializing_if = "is_not_written")]
    pub block: AddressBlock,
}

fn is_not_written(block: &AddressBlock) -> bool {
    *block == AddressBlock::Own || block.is_open()
}

/// The peers that hold one DAG.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Holders(Vec<Holder>);

impl Holders {
    /// One holder.
    pub fn one(holder: Holder) -> Self {
        Self(vec![holder])
    }

    /// Adds a peer, or prolongs what it has.
    pub fn add(&mut self, holder: Holder, now: u64) {
        if let Some(known) = self.0.iter_mut().find(|known| known.peer == holder.peer) {
            known.until = known.until.max(holder.until);
            known.block = holder.block;
            return;
        }
        self.0.push(holder);
        if self.0.len() <= MAX_HOLDERS {
            return;
        }
        let mut places: HashMap<AddressBlock, usize> = HashMap::new();
        for holder in &self.0 {
            *places.entry(holder.block).or_default() += 1;
        }
        let least = self
            .0
            .iter()
            .enumerate()
            .min_by_key(|(_, holder)| {
                let places = usize::MAX - places[&holder.block];
                (holder.until > now, places, holder.until)
            })
            .map(|(at, _)| at);
        if let Some(at) = least {
            self.0.remove(at);
        }
    }

    /// Whether this holder is here as it is.
    pub fn has(&self, holder: &Holder) -> bool {
        self.0.contains(holder)
    }

    /// Removes a peer; returns whether it was there.
    pub fn remove(&mut self, peer: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|holder| holder.peer != peer);
        self.0.len() < before
    }

    /// Those whose token is valid.
    pub fn active(&self, now: u64) -> impl Iterator<Item = &Holder> {
        self.0.iter().filter(move |holder| holder.until > now)
    }

    /// Whether this peer's token is valid.
    pub fn is_active(&self, peer: &str, now: u64) -> bool {
        self.active(now).any(|holder| holder.peer == peer)
    }

    /// Until when the last token is valid; 0 if there is none.
    pub fn until(&self) -> u64 {
        let each = self.0.iter().map(|holder| holder.until);
        each.max().unwrap_or_default()
    }

    /// Adds those who are missing.
    pub fn join(&mut self, others: Self, now: u64) {
        for other in others.0 {
            self.add(other, now);
        }
    }

    /// Whether nobody is here.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The record of a DAG. Times are in Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Its number.
    pub id: DagId,
    /// The peer whose quota its blocks count against: the one that uploaded the first of them, or
    /// another one that holds it after that peer no longer does.
    pub owner: String,
    /// The peers to which it was granted.
    #[serde(default, skip_serializing_if = "Holders::is_empty")]
    pub holders: Holders,
    /// When its first block arrived.
    pub created: u64,
    /// When it was last requested or added to.
    pub last_used: u64,
    /// When its last block arrived.
    pub last_block: u64,
    /// Until when it is kept even if room is needed: as long as the last of its holders' tokens is
    /// valid.
    pub keep_until: u64,
    /// Whether an operator has pinned it.
    pub pinned: bool,
    /// The size of the file in bytes, as its uploader declared it.
    pub size: u64,
    /// How many bytes uploads may bring its blocks to.
    pub limit: u64,
    /// The total size of its blocks in bytes, each counted once.
    pub bytes: u64,
    /// The number of its blocks, each counted once.
    pub blocks: u64,
    /// The number of blocks that are linked to and missing.
    pub wanted: u64,
    /// Whether it was being removed. Only earlier versions set it; they kept the record of a DAG
    /// during its removal.
    pub removing: bool,
    /// The name that its provider gave it.
    pub name: Option<String>,
    /// The MIME type that its provider gave it.
    pub mime: Option<String>,
}

impl Record {
    /// Whether every block that is reachable from the root is here.
    pub fn is_complete(&self) -> bool {
        self.wanted == 0 && self.blocks > 0
    }

    /// Adds the holder that records of earlier versions lack: they have only the owner.
    pub fn upgrade(&mut self) {
        if self.holders.is_empty() && self.keep_until > 0 {
            self.holders = Holders::one(Holder {
                peer: self.owner.clone(),
                until: self.keep_until,
                block: AddressBlock::Own,
            });
        }
    }

    /// Sets who holds the DAG, and until when it is kept by that.
    pub fn set_holders(&mut self, holders: Holders) {
        self.keep_until = holders.until();
        self.holders = holders;
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn holder(peer: u8, until: u64, block: u8) -> Holder {
        Holder {
            peer: peer.to_string(),
            until,
            block: AddressBlock::from(IpAddr::from([10, 0, 0, block])),
        }
    }

    #[test]
    fn no_crowd_of_identities_displaces_another_holder() {
        let mut holders = Holders::one(holder(1, 50, 1));
        for peer in 2..100 {
            holders.add(holder(peer, 100 + u64::from(peer), 2), 10);
            assert!(holders.is_active("1", 10), "{peer}");
        }
        assert_eq!(holders.active(0).count(), MAX_HOLDERS);
        // What has ended goes first.
        holders.add(holder(200, 60, 3), 55);
        assert!(!holders.is_active("1", 0) && holders.is_active("200", 55));
    }

    #[test]
    fn who_holds_a_dag_prolongs_or_takes_back_its_own() {
        let mut holders = Holders::one(holder(1, 50, 1));
        holders.add(holder(2, 70, 1), 0);
        holders.add(holder(1, 60, 1), 0);
        assert_eq!((holders.until(), holders.active(65).count()), (70, 1));
        assert!(holders.remove("2") && !holders.remove("2"));
        assert_eq!(holders.until(), 60);
        assert!(holders.remove("1"));
        assert_eq!((holders.until(), holders.is_empty()), (0, true));
    }

    #[test]
    fn a_record_of_an_earlier_version_is_held_by_its_owner() {
        let mut record: Record = serde_json::from_str(
            r#"{"id": 1, "owner": "a", "created": 0, "last_used": 0, "last_block": 0, "keep_until": 50,
                "pinned": false, "size": 1, "limit": 1, "bytes": 1, "blocks": 1, "wanted": 0,
                "removing": false, "name": null, "mime": null}"#,
        )
        .unwrap();
        record.upgrade();
        assert!(record.holders.is_active("a", 49) && !record.holders.is_active("a", 50));
        assert_eq!(record.holders.0[0].block, AddressBlock::Own);
    }

    #[test]
    fn where_a_holder_called_from_is_written_down_and_not_told() {
        let open = holder(1, 60, 7);
        let hidden = |key| Holder {
            block: open.block.hide(&[key; 32]),
            ..open.clone()
        };
        let written = serde_json::to_string(&hidden(1)).unwrap();
        assert!(!written.contains("[10,0,0,7]"), "{written}");
        let read: Holder = serde_json::from_str(&written).unwrap();
        assert_eq!(read, hidden(1));
        assert!(read != hidden(2) && read.block != holder(1, 60, 8).block.hide(&[1; 32]));
        // It would be a mistake to write down what is not hidden.
        assert_eq!(serde_json::to_string(&open).unwrap(), r#"{"p":"1","u":60}"#);
        for same in [AddressBlock::Own, AddressBlock::Relayed, hidden(1).block] {
            assert_eq!(same.hide(&[2; 32]), same);
        }
    }
}
