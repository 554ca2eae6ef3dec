use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    total: Amount {
        bytes: 10_000,
        files: 40,
    },
    per_peer: Amount {
        bytes: 6000,
        files: 25,
    },
    partial_ttl: 600,
};

impl Ledger {
    /// Compares all derived state with what a full scan computes.
    fn audit(&self, now: u64) {
        let mut accounts: HashMap<Arc<str>, Account> = HashMap::new();
        let mut blocks: HashMap<AddressBlock, Account> = HashMap::new();
        let (mut committed, mut expected, mut candidates) = (Amount::default(), 0, 0);
        for (id, dag) in &self.dags {
            assert_eq!(self.ids.get(&dag.key), Some(id));
            let record = &dag.record;
            let is_held = self.held.contains_key(&dag.key);
            let protection = protection(record, self.limits.partial_ttl, is_held, now);
            let active = !record.is_complete() && record.last_block + EXPECTED > now;
            let claim = match protection {
                Protection::Lapsed | Protection::InUse(_) => Amount::default(),
                Protection::Pinned | Protection::Until(_) => Amount::of(record),
            };
            assert_eq!(record.keep_until, record.holders.until());
            assert_eq!(*dag.owner, *record.owner);
            let account = accounts.entry(Arc::clone(&dag.owner)).or_default();
            account.stored = account.stored + Amount::of(record);
            let mut payers: Vec<(&str, AddressBlock)> = record
                .holders
                .active(now)
                .map(|holder| (&*holder.peer, holder.block))
                .collect();
            assert!(
                record.pinned
                    || payers.is_empty()
                    || payers.iter().any(|(peer, _)| *peer == record.owner),
                "somebody who holds it owns it"
            );
            if payers.is_empty() {
                payers.push((&record.owner, AddressBlock::Own));
            }
            let mut paying: Vec<AddressBlock> = payers.iter().map(|(_, block)| *block).collect();
            paying.sort();
            paying.dedup();
            for (peer, _) in payers {
                let account = accounts.entry(peer.into()).or_default();
                account.committed = account.committed + claim;
            }
            for block in paying {
                let account = blocks.entry(block).or_default();
                account.committed = account.committed + claim;
            }
            committed = committed + claim;
            expected += usize::from(active);
            let free = protection == Protection::Lapsed;
            candidates += usize::from(free);
            assert_eq!(dag.standing.candidate.is_some(), free);
        }
        for (key, grant) in &self.grants {
            assert!(
                !self.ids.contains_key(key),
                "a DAG that has begun is no longer a grant"
            );
            assert!(grant.holders.until() > now);
            expected += usize::from(grant.at + EXPECTED > now);
            assert!(self.grants_of[&grant.block].contains(&(grant.at, key.clone())));
        }
        let filed: usize = self.grants_of.values().map(BTreeSet::len).sum();
        assert_eq!(filed, self.grants.len());
        same(&self.accounts, accounts, self.coming);
        same(&self.blocks, blocks, self.coming);
        assert_eq!((self.committed, self.expected), (committed, expected));
        assert_eq!(
            (self.order.len(), self.ids.len()),
            (candidates, self.dags.len())
        );
        let unfinished = self.dags.values().filter(|dag| !dag.record.is_complete());
        assert_eq!(self.unfinished, unfinished.count());
        // There is at most one for each DAG and each grant.
        assert!(self.timers.len() <= self.dags.len() + self.grants.len());
    }

    /// The victim according to a full scan.
    fn victim_of_all(&self, owner: Option<&str>, now: u64) -> Option<DagId> {
        self.dags
            .values()
            .filter(|dag| {
                let is_held = self.held.contains_key(&dag.key);
                protection(&dag.record, self.limits.partial_ttl, is_held, now) == Protection::Lapsed
                    && owner.is_none_or(|owner| &*dag.owner == owner)
            })
            .min_by_key(|dag| (dag.record.last_used, dag.record.id))
            .map(|dag| dag.record.id)
    }
}

/// Compares accounts with the right ones, apart from what is coming.
fn same<K: std::fmt::Debug + Clone + Eq + std::hash::Hash>(
    accounts: &HashMap<K, Account>,
    mut right: HashMap<K, Account>,
    all_coming: Amount,
) {
    let mut coming = Amount::default();
    for (of, account) in accounts {
        coming = coming + account.coming;
        let mut account = *account;
        account.coming = Amount::default();
        assert_eq!(account, right.remove(of).unwrap_or_default(), "{of:?}");
    }
    let is_missing = |account: &Account| *account != Account::default();
    assert!(!right.values().any(is_missing), "an account is missing");
    assert_eq!(all_coming, coming);
}

fn ledger() -> Ledger {
    Ledger::new(LIMITS)
}

/// A peer that no share limits.
fn of(peer: &str) -> Asker<'_> {
    Asker {
        peer,
        block: AddressBlock::Own,
    }
}

/// A peer with an address.
fn at(peer: &str, last: u8) -> Asker<'_> {
    Asker {
        peer,
        block: AddressBlock::from(IpAddr::from([10, 0, 0, last])),
    }
}

fn holder(peer: &str, until: u64) -> Holder {
    Holder {
        peer: peer.to_owned(),
        until,
        block: AddressBlock::Own,
    }
}

fn record(owner: &str, keep_until: u64, now: u64) -> Record {
    Record {
        id: 0,
        owner: owner.to_owned(),
        holders: Holders::one(holder(owner, keep_until)),
        created: now,
        last_used: now,
        last_block: now,
        keep_until,
        pinned: false,
        size: 0,
        limit: 0,
        bytes: 0,
        blocks: 0,
        wanted: 1,
        removing: false,
        name: None,
        mime: None,
    }
}

/// Adds a block to a DAG, which is begun if it is not here; `last` says whether it completes the
/// DAG.
fn add(ledger: &mut Ledger, key: &[u8], owner: &str, bytes: u64, last: bool, now: u64) {
    let mut record = match ledger.dag(key) {
        Some(record) => record.clone(),
        None => {
            let mut new = record(owner, now + 100, now);
            if ledger.grants.contains_key(key) {
                // The grant says who holds it, and from where.
                new.set_holders(Holders::default());
            }
            ledger.begin(key, new)
        }
    };
    record.blocks += 1;
    record.bytes += bytes;
    record.wanted = u64::from(!last);
    record.last_block = now;
    record.last_used = now;
    ledger.put(key, record, now);
    ledger.stored_more(Amount::block(bytes));
}

fn incoming<'a>(root: &'a [u8], peer: &'a str, bytes: u64) -> Incoming<'a> {
    Incoming {
        root,
        from: of(peer),
        bytes,
        trusted: false,
    }
}

#[test]
fn a_grant_takes_no_room_before_bytes_come() {
    let mut ledger = ledger();
    for number in 0..100_u8 {
        assert_eq!(
            ledger.grant(&[number], at("a", 1), 6000, 1000, 0),
            Ok(false)
        );
    }
    assert_eq!(ledger.progress(&[1], 0), Some(Progress::Granted(0)));
    assert_eq!(ledger.grant(b"x", at("b", 2), 6000, 1000, 0), Ok(false));
    assert!(ledger.expects_blocks(59) && !ledger.expects_blocks(60));
    add(&mut ledger, b"x", "b", 6000, true, 60);
    ledger.audit(60);
    // What is here is promised until the tokens end, and counts.
    let refusal = Refusal::PeerQuota {
        used: 6000,
        limit: 6000,
    };
    assert_eq!(ledger.grant(b"y", of("b"), 1, 1000, 60), Err(refusal));
    let full = Refusal::NoRoom { size: 4001 };
    assert_eq!(ledger.grant(b"y", of("c"), 4001, 1000, 60), Err(full));
    assert_eq!(ledger.progress(&[1], 1000), None);
    ledger.expects_blocks(1000);
    assert!(!ledger.knows(&[1]));
    ledger.audit(1000);
}

#[test]
fn a_flood_of_grants_displaces_nobody_elses() {
    let mut ledger = ledger();
    assert_eq!(ledger.grant(b"mine", at("b", 2), 1, 100, 0), Ok(false));
    for number in 0..2 * MAX_GRANTED as u32 {
        let (key, peer) = (number.to_le_bytes(), number.to_string());
        assert_eq!(ledger.grant(&key, at(&peer, 1), 0, 100, 1), Ok(false));
    }
    assert_eq!(ledger.grants.len(), MAX_GRANTED);
    assert!(ledger.knows(b"mine"));
    ledger.audit(1);
    // However many timers are late, each call lets some expire.
    while ledger.advance(100) {}
    ledger.audit(100);
    assert_eq!((ledger.grants.len(), ledger.grants_of.len()), (0, 0));
}

#[test]
fn what_was_taken_back_stays_so_whatever_others_take_back() {
    let mut ledger = ledger();
    let (mine, early) = (at("a", 1), [0; 4]);
    ledger.grant(&early, mine, 1, 100, 0).unwrap();
    assert_eq!(ledger.release(&early, mine, 0), Released::Free);
    for number in 1..2 * MAX_RELEASED as u32 {
        let (key, peer) = (number.to_be_bytes(), number.to_string());
        ledger.grant(&key, at(&peer, 2), 0, 100, 0).unwrap();
        assert_eq!(ledger.release(&key, at(&peer, 2), 0), Released::Free);
    }
    assert!(ledger.is_released(&early, "a", 100));
    let last = (2 * MAX_RELEASED - 1).to_string();
    let key = (2 * MAX_RELEASED as u32 - 1).to_be_bytes();
    assert!(ledger.is_released(&key, &last, 100));
    assert!(!ledger.is_released(&1_u32.to_be_bytes(), "1", 100));
    ledger.audit(0);
}

#[test]
fn what_only_others_were_granted_is_kept_for_them() {
    let mut ledger = ledger();
    for (peer, last) in [("a", 1), ("b", 2)] {
        ledger.grant(b"x", at(peer, last), 10, 100, 0).unwrap();
    }
    assert_eq!(ledger.release(b"x", at("b", 2), 0), Released::Kept);
    assert_eq!(ledger.release(b"x", at("a", 1), 0), Released::Free);
    assert!(!ledger.knows(b"x"));
    ledger.audit(0);
}

#[test]
fn no_address_takes_all_the_room() {
    let mut ledger = ledger();
    // One address has any number of peers; each stores what it may, of one byte a file.
    let mut store = |last: u8| {
        let mut stored = 0;
        for number in 0..40_u8 {
            let peer = format!("{last} {number}");
            let asker = at(&peer, last);
            let key = [last, number];
            let granted = ledger.grant(&key, asker, 1, 1000, 0);
            let room = ledger.reserve(Incoming {
                root: &key,
                from: asker,
                bytes: 1,
                trusted: false,
            });
            assert_eq!(granted.is_ok(), room.is_ok(), "what is granted finds room");
            let Ok(room) = room else { break };
            add(&mut ledger, &key, &peer, 1, true, 0);
            ledger.release_room(&room);
            stored += 1;
        }
        ledger.audit(0);
        stored
    };
    assert_eq!([store(1), store(2), store(3)], [30, 7, 2]);
}

#[test]
fn a_share_is_one_of_what_the_disk_has_room_for() {
    let mut ledger = ledger();
    // The quota allows 40 files, and the disk has ten inodes left.
    ledger.set_free(Amount {
        bytes: u64::MAX,
        files: 10,
    });
    let mut stored = 0;
    while ledger
        .reserve(Incoming {
            root: &[stored],
            from: at("a", 1),
            bytes: 1,
            trusted: false,
        })
        .is_ok()
    {
        stored += 1;
    }
    assert_eq!(stored, 7);
}

#[test]
fn who_asks_pays() {
    let mut ledger = ledger();
    ledger.grant(b"x", at("a", 1), 5000, 100, 0).unwrap();
    add(&mut ledger, b"x", "a", 5000, true, 0);
    let of_peer = |ledger: &Ledger, peer| {
        let account = ledger.accounts.get(peer).copied().unwrap_or_default();
        (account.stored.bytes, account.committed.bytes)
    };
    assert_eq!(of_peer(&ledger, "a"), (5000, 5000));
    // A peer that has no room for it cannot keep it either.
    add(&mut ledger, b"y", "c", 2000, true, 0);
    let refused = ledger.grant(b"x", at("c", 3), 0, 900, 0);
    assert!(
        matches!(refused, Err(Refusal::PeerQuota { .. })),
        "{refused:?}"
    );
    // One that has pays as well, and alone once the first one's token has ended.
    ledger.grant(b"x", at("b", 2), 0, 900, 50).unwrap();
    assert_eq!(of_peer(&ledger, "a"), (5000, 5000));
    assert_eq!(of_peer(&ledger, "b"), (0, 5000));
    ledger.audit(50);
    ledger.expects_blocks(100);
    assert_eq!(of_peer(&ledger, "a"), (0, 0));
    assert_eq!(of_peer(&ledger, "b"), (5000, 5000));
    ledger.audit(100);
    assert_eq!(
        ledger.grant(b"z", at("a", 1), 4000, 900, 100),
        Err(Refusal::NoRoom { size: 4000 })
    );
    assert_eq!(ledger.grant(b"z", at("a", 1), 2500, 900, 100), Ok(false));
}

#[test]
fn who_uploaded_takes_back_unless_somebody_else_holds() {
    let mut ledger = ledger();
    ledger.grant(b"x", at("a", 1), 10, 100, 0).unwrap();
    assert_eq!(ledger.release(b"x", at("b", 2), 0), Released::NotHeld);
    assert_eq!(ledger.release(b"x", at("a", 1), 0), Released::Free);
    assert!(!ledger.knows(b"x"));
    // What was given before opens nothing any more; what is given later does.
    assert!(ledger.is_released(b"x", "a", 100) && !ledger.is_released(b"x", "b", 100));
    ledger.grant(b"x", at("a", 1), 10, 110, 10).unwrap();
    assert!(!ledger.is_released(b"x", "a", 110));
    add(&mut ledger, b"x", "a", 10, true, 10);
    ledger.grant(b"x", at("b", 2), 10, 120, 20).unwrap();
    assert_eq!(ledger.release(b"x", at("a", 1), 20), Released::Kept);
    assert_eq!(ledger.release(b"x", at("a", 1), 20), Released::NotHeld);
    assert_eq!(&*ledger.dag(b"x").unwrap().owner, "b");
    ledger.audit(20);
    // The other one's token has ended, but it may still take back what is left.
    assert_eq!(ledger.release(b"x", at("b", 2), 500), Released::Free);
    ledger.audit(500);
    add(&mut ledger, b"y", "a", 10, true, 500);
    let mut record = ledger.dag(b"y").unwrap().clone();
    record.pinned = true;
    ledger.put(b"y", record, 500);
    assert_eq!(ledger.release(b"y", at("a", 1), 500), Released::Kept);
    ledger.audit(500);
}

#[test]
fn room_is_found_for_bytes_and_for_files() {
    let mut ledger = ledger();
    for number in 0..25 {
        let reservation = ledger.reserve(incoming(b"x", "a", 1)).unwrap();
        add(&mut ledger, b"x", "a", 1, false, 0);
        ledger.release_room(&reservation);
        assert_eq!(ledger.stored().files, number + 1);
    }
    // Not one byte in a hundred is in use, but all the files of this peer's quota are.
    let short = ledger.reserve(incoming(b"y", "a", 1));
    assert_eq!(short.unwrap_err(), Shortage::Share("a".into()));
    let trusted = Incoming {
        trusted: true,
        ..incoming(b"y", "a", 1)
    };
    let reservation = ledger.reserve(trusted).unwrap();
    ledger.release_room(&reservation);
    let held: Vec<_> = (0..15)
        .map(|_| ledger.reserve(incoming(b"z", "b", 1)).unwrap())
        .collect();
    let short = ledger.reserve(incoming(b"z", "b", 1)).unwrap_err();
    assert_eq!(short, Shortage::Total);
    held.iter().for_each(|one| ledger.release_room(one));
    let short = ledger.reserve(incoming(b"z", "b", 6001)).unwrap_err();
    assert_eq!(short, Shortage::Share("b".into()));
    ledger.audit(0);
}

#[test]
fn a_dag_that_was_given_up_takes_room_until_its_blocks_are_gone() {
    let mut ledger = ledger();
    add(&mut ledger, b"x", "a", 10_000, true, 0);
    assert_eq!(ledger.victim(None, None, 99), None);
    let id = ledger.victim(None, None, 100).unwrap();
    assert_eq!(ledger.give_up(id), Some(b"x".to_vec()));
    assert_eq!((ledger.count(), ledger.leaving()), ((0, 0), Some(id)));
    assert_eq!(
        ledger.accounts.len(),
        0,
        "it counts against nobody any more"
    );
    let short = ledger.reserve(incoming(b"x", "b", 1)).unwrap_err();
    assert_eq!(short, Shortage::Total);
    // The same root may be stored again at once, under another number.
    add(&mut ledger, b"x", "b", 0, false, 100);
    assert_ne!(ledger.id(b"x"), Some(id));
    ledger.freed(Amount::block(10_000));
    ledger.left(id);
    let reservation = ledger.reserve(incoming(b"x", "b", 1)).unwrap();
    ledger.release_room(&reservation);
    ledger.audit(100);
}

#[test]
fn dags_that_are_protected_or_held_or_excepted_are_not_victims() {
    let mut ledger = ledger();
    for (key, now) in [(b"x", 0), (b"y", 1), (b"z", 2)] {
        add(&mut ledger, key, "a", 10, true, now);
    }
    let id = |ledger: &Ledger, key| ledger.id(key);
    let (x, y, z) = (id(&ledger, b"x"), id(&ledger, b"y"), id(&ledger, b"z"));
    assert_eq!(ledger.victim(None, None, 200), x);
    assert_eq!(ledger.victim(None, Some(b"x"), 200), y);
    ledger.touch(b"x", 200);
    assert_eq!(ledger.victim(None, None, 200), y);
    ledger.hold(b"y", 200);
    ledger.hold(b"y", 200);
    assert_eq!(ledger.victim(None, None, 200), z);
    ledger.let_go(b"y", 200);
    assert_eq!(ledger.victim(None, None, 200), z);
    ledger.let_go(b"y", 200);
    assert_eq!(ledger.victim(Some(&"a".into()), None, 200), y);
    assert_eq!(ledger.victim(Some(&"b".into()), None, 200), None);
    // A DAG that is not here can be held too, and is then protected from its first block on.
    ledger.hold(b"new", 200);
    add(&mut ledger, b"new", "c", 1, true, 200);
    assert_eq!(ledger.victim(Some(&"c".into()), None, 700), None);
    ledger.let_go(b"new", 700);
    assert!(ledger.victim(Some(&"c".into()), None, 700).is_some());
    // Who reads slowly keeps nothing for ever.
    ledger.hold(b"x", 700);
    ledger.touch(b"x", 700);
    assert_eq!(ledger.stale(700), None);
    let y = ledger.victim(Some(&"a".into()), None, 1299).unwrap();
    assert_eq!((Some(y), ledger.order.len()), (ledger.id(b"y"), 3));
    ledger.victim(None, None, 1300);
    assert_eq!(ledger.order.len(), 4);
    ledger.audit(1300);
}

#[test]
fn a_dag_that_was_not_completed_in_time_is_stale() {
    let mut ledger = ledger();
    add(&mut ledger, b"x", "a", 1, false, 0);
    add(&mut ledger, b"y", "a", 1, true, 0);
    assert_eq!(ledger.stale(599), None);
    assert_eq!(ledger.stale(600), ledger.id(b"x"));
    ledger.hold(b"x", 600);
    ledger.touch(b"x", 600);
    assert_eq!(ledger.stale(600), None);
}

#[test]
fn changes_in_memory_survive_an_older_record_from_the_database() {
    let mut ledger = ledger();
    add(&mut ledger, b"x", "a", 1, false, 0);
    let mut old = ledger.dag(b"x").unwrap().clone();
    ledger.describe(b"x", Some("name".into()), None);
    ledger.touch(b"x", 50);
    ledger.grant(b"x", of("a"), 77, 900, 50).unwrap();
    assert_eq!(ledger.unsaved(), 1);
    old.blocks += 1;
    let merged = ledger.put(b"x", old, 40);
    assert_eq!(merged.name.as_deref(), Some("name"));
    assert_eq!((merged.last_used, merged.keep_until), (50, 900));
    assert_eq!((merged.size, merged.blocks), (77, 2));
    assert_eq!(ledger.unsaved(), 0, "the caller of `put` saves it");
    ledger.touch(b"x", 60);
    assert_eq!(ledger.take_unsaved(10).len(), 1);
    assert_eq!(ledger.take_unsaved(10).len(), 0);
}

#[test]
fn the_description_of_a_granted_dag_is_kept_until_its_first_block() {
    let mut ledger = ledger();
    ledger.grant(b"x", of("a"), 1, 100, 0).unwrap();
    ledger.describe(b"x", Some("name".into()), None);
    ledger.describe(b"x", None, Some("text/plain".into()));
    add(&mut ledger, b"x", "a", 1, true, 0);
    let record = ledger.dag(b"x").unwrap();
    assert_eq!(record.name.as_deref(), Some("name"));
    assert_eq!(record.mime.as_deref(), Some("text/plain"));
}

#[test]
fn pages_show_each_dag_once() {
    let mut ledger = ledger();
    for number in 0..10_u8 {
        add(&mut ledger, &[number], "a", 1, true, 0);
    }
    let (mut seen, mut after) = (Vec::new(), None::<Key>);
    loop {
        let page = ledger.page(after.as_deref(), 3);
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        seen.extend(page.into_iter().map(|(key, _)| key[0]));
    }
    assert_eq!(seen, (0..10).collect::<Vec<_>>());
}

/// An operation on a ledger, with one of a few DAGs and peers.
#[derive(Debug, Clone)]
enum Step {
    Grant(u8, u8, u64),
    Add(u8, u8, u64, bool),
    Touch(u8),
    Hold(u8),
    LetGo(u8),
    Pin(u8, bool),
    Evict(Option<u8>),
    Sweep,
    Release(u8, u8),
    Pass(u64),
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let (dag, peer) = (0..6_u8, 0..3_u8);
    prop_oneof![
        4 => (dag.clone(), peer.clone(), 0..3000_u64).prop_map(|(d, p, n)| Step::Grant(d, p, n)),
        4 => (dag.clone(), peer.clone(), 1..500_u64, any::<bool>())
            .prop_map(|(d, p, n, last)| Step::Add(d, p, n, last)),
        1 => (dag.clone(), peer.clone()).prop_map(|(d, p)| Step::Release(d, p)),
        1 => dag.clone().prop_map(Step::Touch),
        1 => dag.clone().prop_map(Step::Hold),
        1 => dag.clone().prop_map(Step::LetGo),
        1 => (dag, any::<bool>()).prop_map(|(d, on)| Step::Pin(d, on)),
        2 => prop::option::of(peer).prop_map(Step::Evict),
        1 => Just(Step::Sweep),
        2 => (1..400_u64).prop_map(Step::Pass),
        1 => Just(Step::Reload),
    ]
}

fn name(peer: u8) -> String {
    format!("peer {peer}")
}

proptest! {
    /// Whatever is done, sums and indices agree with a full scan, a grant never promises room that
    /// does not exist, and the victim follows the eviction order.
    #[test]
    fn sums_are_what_is_derivable(steps in prop::collection::vec(step(), 1..80)) {
        let mut ledger = ledger();
        let (mut now, mut holds) = (1000, Vec::new());
        for step in steps {
            match step {
                Step::Grant(dag, peer, size) => {
                    let granted = ledger.grant(&[dag], at(&name(peer), peer), size, now + 300, now);
                    if granted.is_ok() {
                        prop_assert!(ledger.committed.fits(LIMITS.total));
                    }
                }
                Step::Add(dag, peer, bytes, last) => {
                    if let Ok(room) = ledger.reserve(incoming(&[dag], &name(peer), bytes)) {
                        add(&mut ledger, &[dag], &name(peer), bytes, last, now);
                        ledger.release_room(&room);
                        prop_assert!(ledger.stored().fits(LIMITS.total));
                    }
                }
                Step::Touch(dag) => ledger.touch(&[dag], now),
                Step::Hold(dag) => {
                    ledger.hold(&[dag], now);
                    holds.push(dag);
                }
                Step::LetGo(dag) => {
                    if let Some(at) = holds.iter().position(|held| *held == dag) {
                        holds.remove(at);
                        ledger.let_go(&[dag], now);
                    }
                }
                Step::Pin(dag, pinned) => {
                    if let Some(mut record) = ledger.dag(&[dag]).cloned() {
                        record.pinned = pinned;
                        ledger.put(&[dag], record, now);
                    }
                }
                Step::Evict(peer) => {
                    let owner = peer.map(name);
                    let of: Option<Arc<str>> = owner.as_deref().map(Into::into);
                    let victim = ledger.victim(of.as_ref(), None, now);
                    prop_assert_eq!(victim, ledger.victim_of_all(owner.as_deref(), now));
                    if let Some(id) = victim {
                        let amount = Amount::of(&ledger.dags[&id].record);
                        prop_assert!(ledger.give_up(id).is_some());
                        ledger.freed(amount);
                        ledger.left(id);
                    }
                }
                Step::Sweep => {
                    while let Some(id) = ledger.stale(now) {
                        let dag = &ledger.dags[&id];
                        prop_assert!(!dag.record.is_complete());
                        let amount = Amount::of(&dag.record);
                        prop_assert!(ledger.give_up(id).is_some());
                        ledger.freed(amount);
                        ledger.left(id);
                    }
                }
                Step::Release(dag, peer) => {
                    let name = name(peer);
                    let released = ledger.release(&[dag], of(&name), now);
                    if let (Released::Free, Some(id)) = (released, ledger.id(&[dag])) {
                        let amount = Amount::of(&ledger.dags[&id].record);
                        prop_assert!(ledger.give_up(id).is_some());
                        ledger.freed(amount);
                        ledger.left(id);
                    }
                }
                Step::Pass(seconds) => now += seconds,
                Step::Reload => {
                    let dags = ledger.page(None, usize::MAX).into_iter().collect();
                    ledger.reload(dags, ledger.stored(), now);
                }
            }
            while ledger.advance(now) {}
            ledger.audit(now);
        }
    }
}
