//! The order in which DAGs are removed when room is needed.
//!
//! Whole DAGs are removed, the least recently used first; of two that were last used in the same
//! second, the older one goes first. A DAG stays while it is pinned, while a token for it is valid,
//! while its blocks are still arriving, and while somebody reads or uploads it, for some minutes. To make room in one
//! peer's quota, only that peer's DAGs are removed. A DAG that was not completed in time is removed
//! even if no room is needed.
//!
//! This module uses neither disk nor clock. Each operation takes O(log n).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::record::{DagId, Record};

/// How long a DAG that somebody reads stays after it was last asked for, in seconds, if there is no
/// other reason to keep it. A stranger who reads slowly would otherwise keep whatever it likes.
const IN_USE: u64 = 10 * 60;

/// Whether a DAG may be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    /// It stays until somebody unpins it.
    Pinned,
    /// It stays until that time, in Unix seconds.
    Until(u64),
    /// It stays while somebody reads or uploads it, but no longer than until that time.
    InUse(u64),
    /// It may be removed.
    Lapsed,
}

/// Determines what protects a DAG. An incomplete DAG counts as under way until `partial_ttl`
/// seconds after its last block; `is_held` says whether somebody reads or uploads it now.
pub(super) fn protection(record: &Record, partial_ttl: u64, is_held: bool, now: u64) -> Protection {
    let under_way = if record.is_complete() {
        0
    } else {
        record.last_block.saturating_add(partial_ttl)
    };
    let until = record.keep_until.max(under_way);
    if record.pinned {
        Protection::Pinned
    } else if until > now {
        Protection::Until(until)
    } else if is_held && record.last_used.saturating_add(IN_USE) > now {
        Protection::InUse(record.last_used.saturating_add(IN_USE))
    } else {
        Protection::Lapsed
    }
}

/// A DAG that may be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The DAG.
    pub id: DagId,
    /// The peer whose quota it counts against.
    pub owner: Arc<str>,
    /// When it was last used, in Unix seconds.
    pub last_used: u64,
    /// Whether it is complete.
    pub complete: bool,
}

/// All DAGs that may be removed, in the order of their removal.
#[derive(Debug, Default)]
pub(super) struct EvictionOrder {
    by_use: BTreeSet<(u64, DagId)>,
    by_owner: BTreeSet<(Arc<str>, u64, DagId)>,
    /// The DAGs that were not completed in time.
    stale: BTreeSet<DagId>,
}

impl EvictionOrder {
    /// Adds a DAG.
    pub fn insert(&mut self, dag: &Candidate) {
        self.by_use.insert((dag.last_used, dag.id));
        self.by_owner
            .insert((Arc::clone(&dag.owner), dag.last_used, dag.id));
        if !dag.complete {
            self.stale.insert(dag.id);
        }
    }

    /// Takes a DAG out. It must be equal to the one that was inserted.
    pub fn remove(&mut self, dag: &Candidate) {
        self.by_use.remove(&(dag.last_used, dag.id));
        self.by_owner
            .remove(&(Arc::clone(&dag.owner), dag.last_used, dag.id));
        self.stale.remove(&dag.id);
    }

    /// The DAG to remove next, among all or among one owner's, leaving out `except`.
    pub fn first(&self, owner: Option<&Arc<str>>, except: Option<DagId>) -> Option<DagId> {
        let other = |id: &DagId| Some(*id) != except;
        match owner {
            None => self.by_use.iter().map(|(_, id)| *id).find(other),
            Some(owner) => self
                .by_owner
                .range((Arc::clone(owner), 0, 0)..)
                .take_while(|(of, ..)| of == owner)
                .map(|(.., id)| *id)
                .find(other),
        }
    }

    /// A DAG that was not completed in time.
    pub fn first_stale(&self) -> Option<DagId> {
        self.stale.first().copied()
    }

    /// The number of DAGs that may be removed.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.by_use.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dag(id: DagId, owner: &str, last_used: u64, complete: bool) -> Candidate {
        Candidate {
            id,
            owner: owner.into(),
            last_used,
            complete,
        }
    }

    #[test]
    fn the_least_recently_used_goes_first_and_of_two_the_older() {
        let mut order = EvictionOrder::default();
        let dags = [
            dag(7, "a", 30, true),
            dag(9, "b", 10, true),
            dag(8, "a", 10, true),
            dag(5, "b", 20, false),
        ];
        dags.iter().for_each(|dag| order.insert(dag));
        let mut gone = Vec::new();
        while let Some(id) = order.first(None, None) {
            gone.push(id);
            order.remove(dags.iter().find(|dag| dag.id == id).unwrap());
        }
        assert_eq!(gone, [8, 9, 5, 7]);
        assert_eq!((order.len(), order.first_stale()), (0, None));
    }

    #[test]
    fn one_owner_is_told_from_others_and_one_dag_is_left_out() {
        let mut order = EvictionOrder::default();
        for dag in [
            dag(1, "a", 1, true),
            dag(2, "ab", 1, true),
            dag(3, "b", 0, true),
            dag(4, "ab", 2, true),
        ] {
            order.insert(&dag);
        }
        let of = |owner: &str, except| order.first(Some(&owner.into()), except);
        assert_eq!(of("a", None), Some(1));
        assert_eq!(of("a", Some(1)), None);
        assert_eq!(of("ab", Some(2)), Some(4));
        assert_eq!(of("c", None), None);
        assert_eq!(order.first(None, Some(3)), Some(1));
    }

    #[test]
    fn incomplete_dags_are_found_even_if_no_room_is_needed() {
        let mut order = EvictionOrder::default();
        order.insert(&dag(1, "a", 1, true));
        assert_eq!(order.first_stale(), None);
        order.insert(&dag(2, "a", 9, false));
        assert_eq!(order.first_stale(), Some(2));
        order.remove(&dag(2, "a", 9, false));
        assert_eq!(order.first_stale(), None);
    }

    #[test]
    fn a_pin_a_token_and_an_upload_protect() {
        let record = Record {
            id: 1,
            owner: "a".into(),
            holders: Default::default(),
            created: 0,
            last_used: 100,
            last_block: 100,
            keep_until: 150,
            pinned: false,
            size: 10,
            limit: 10,
            bytes: 10,
            blocks: 1,
            wanted: 0,
            removing: false,
            name: None,
            mime: None,
        };
        let at = |record: &Record, now| protection(record, 60, false, now);
        assert_eq!(at(&record, 149), Protection::Until(150));
        assert_eq!(at(&record, 150), Protection::Lapsed);
        let part = Record {
            wanted: 1,
            ..record.clone()
        };
        assert_eq!(at(&part, 100), Protection::Until(160));
        assert_eq!(at(&part, 160), Protection::Lapsed);
        let held = |now| protection(&record, 60, true, now);
        assert_eq!(held(149), Protection::Until(150));
        assert_eq!(held(150), Protection::InUse(100 + IN_USE));
        assert_eq!(held(100 + IN_USE), Protection::Lapsed);
        let pinned = Record {
            pinned: true,
            ..record
        };
        assert_eq!(at(&pinned, 1000), Protection::Pinned);
    }
}
