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
        let (mut committed, mut expected, mut candidates) = (0, 0, 0);
        for (id, dag) in &self.dags {
            assert_eq!(self.ids.get(&dag.key), Some(id));
            let record = &dag.record;
            let is_held = self.held.contains_key(&dag.key);
            let protection = protection(record, self.limits.partial_ttl, is_held, now);
            let active = !record.is_complete() && record.last_block + RESERVATION > now;
            let claim = match protection {
                Protection::Lapsed | Protection::InUse => 0,
                _ if active => record.bytes.max(record.size),
                _ => record.bytes,
            };
            let account = accounts.entry(Arc::clone(&dag.owner)).or_default();
            account.stored = account.stored + Amount::of(record);
            account.committed += claim;
            committed += claim;
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
            assert!(grant.expires > now);
            let active = grant.at + RESERVATION > now;
            let claim = if active { grant.size } else { 0 };
            if claim > 0 {
                accounts
                    .entry(Arc::clone(&grant.owner))
                    .or_default()
                    .committed += claim;
            }
            committed += claim;
            expected += usize::from(active);
        }
        let mut coming = Amount::default();
        for (owner, account) in &self.accounts {
            coming = coming + account.coming;
            let mut account = *account;
            account.coming = Amount::default();
            let right = accounts.remove(owner).unwrap_or_default();
            assert_eq!(account, right, "{owner}");
        }
        assert!(
            accounts
                .values()
                .all(|account| *account == Account::default()),
            "an account is missing"
        );
        assert_eq!(self.coming, coming);
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

fn ledger() -> Ledger {
    Ledger::new(LIMITS)
}

fn record(owner: &str, keep_until: u64, now: u64) -> Record {
    Record {
        id: 0,
        owner: owner.to_owned(),
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
        None => ledger.begin(key, record(owner, now + 100, now)),
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
        peer,
        bytes,
        trusted: false,
    }
}

#[test]
fn a_grant_is_room_for_a_minute_and_a_promise_until_it_expires() {
    let mut ledger = ledger();
    assert_eq!(ledger.grant(b"x", "a", 6000, 1000, 0), Ok(false));
    assert_eq!(ledger.progress(b"x", 0), Some(Progress::Granted(0)));
    // Granting the same again takes no more room; anything else does.
    assert_eq!(ledger.grant(b"x", "a", 6000, 1000, 0), Ok(false));
    let refusal = Refusal::PeerQuota {
        used: 6000,
        limit: 6000,
    };
    assert_eq!(ledger.grant(b"y", "a", 1, 1000, 0), Err(refusal));
    let full = Refusal::NoRoom { size: 4001 };
    assert_eq!(ledger.grant(b"y", "b", 4001, 1000, 0), Err(full));
    assert!(ledger.expects_blocks(59) && !ledger.expects_blocks(60));
    assert_eq!(ledger.grant(b"y", "a", 6000, 1000, 60), Ok(false));
    ledger.audit(60);
    assert!(ledger.knows(b"x"));
    assert_eq!(ledger.progress(b"x", 1000), None);
    ledger.expects_blocks(1000);
    assert!(!ledger.knows(b"x"));
    ledger.audit(1000);
    assert_eq!(ledger.accounts.len(), 0);
}

#[test]
fn a_grant_without_bytes_takes_nothing_from_others() {
    let mut ledger = ledger();
    for number in 0..100_u8 {
        assert_eq!(ledger.grant(&[number], "a", 0, 1000, 0), Ok(false));
    }
    assert_eq!(ledger.grant(b"all", "b", 6000, 1000, 0), Ok(false));
    ledger.audit(0);
}

#[test]
fn grants_that_wait_are_bounded() {
    let mut ledger = ledger();
    for number in 0..MAX_GRANTED as u32 {
        let key = number.to_le_bytes();
        assert_eq!(ledger.grant(&key, "a", 0, 100, 0), Ok(false));
    }
    assert_eq!(ledger.grant(b"more", "b", 1, 100, 0), Err(Refusal::TooMany));
    let known = 0_u32.to_le_bytes();
    assert_eq!(ledger.grant(&known, "a", 0, 100, 1), Ok(false));
    // However many timers are late, each call lets some expire.
    while ledger.advance(100) {}
    ledger.audit(100);
    assert_eq!(ledger.grant(b"more", "b", 1, 200, 100), Ok(false));
}

#[test]
fn a_dag_counts_against_the_first_peer_that_uploads_it() {
    let mut ledger = ledger();
    ledger.grant(b"x", "a", 5000, 100, 0).unwrap();
    add(&mut ledger, b"x", "a", 100, false, 0);
    // It counts with its declared size for as long as blocks arrive.
    let used = |ledger: &Ledger| ledger.accounts["a"].committed;
    assert_eq!(used(&ledger), 100, "the record gives the size");
    ledger.grant(b"x", "b", 5000, 100, 0).unwrap();
    assert_eq!(used(&ledger), 5000);
    assert_eq!(ledger.accounts.len(), 1);
    ledger.expects_blocks(RESERVATION);
    assert_eq!(used(&ledger), 100);
    ledger.audit(RESERVATION);
}

#[test]
fn room_is_found_for_bytes_and_for_files() {
    let mut ledger = ledger();
    for number in 0..25 {
        let reservation = ledger.reserve(incoming(b"x", "a", 1)).unwrap();
        add(&mut ledger, b"x", "a", 1, false, 0);
        ledger.release(&reservation);
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
    ledger.release(&reservation);
    let held: Vec<_> = (0..15)
        .map(|_| ledger.reserve(incoming(b"z", "b", 1)).unwrap())
        .collect();
    let short = ledger.reserve(incoming(b"z", "b", 1)).unwrap_err();
    assert_eq!(short, Shortage::Total);
    held.iter().for_each(|one| ledger.release(one));
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
    ledger.release(&reservation);
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
    assert_eq!(ledger.victim(Some(&"c".into()), None, 9000), None);
    ledger.let_go(b"new", 9000);
    assert!(ledger.victim(Some(&"c".into()), None, 9000).is_some());
    ledger.audit(9000);
}

#[test]
fn a_dag_that_was_not_completed_in_time_is_stale() {
    let mut ledger = ledger();
    add(&mut ledger, b"x", "a", 1, false, 0);
    add(&mut ledger, b"y", "a", 1, true, 0);
    assert_eq!(ledger.stale(599), None);
    assert_eq!(ledger.stale(600), ledger.id(b"x"));
    ledger.hold(b"x", 600);
    assert_eq!(ledger.stale(600), None);
}

#[test]
fn changes_in_memory_survive_an_older_record_from_the_database() {
    let mut ledger = ledger();
    add(&mut ledger, b"x", "a", 1, false, 0);
    let mut old = ledger.dag(b"x").unwrap().clone();
    ledger.describe(b"x", Some("name".into()), None);
    ledger.touch(b"x", 50);
    ledger.grant(b"x", "a", 77, 900, 50).unwrap();
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
    ledger.grant(b"x", "a", 1, 100, 0).unwrap();
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
    Pass(u64),
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let (dag, peer) = (0..6_u8, 0..3_u8);
    prop_oneof![
        4 => (dag.clone(), peer.clone(), 0..3000_u64).prop_map(|(d, p, n)| Step::Grant(d, p, n)),
        4 => (dag.clone(), peer.clone(), 1..500_u64, any::<bool>())
            .prop_map(|(d, p, n, last)| Step::Add(d, p, n, last)),
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
                    let complete = ledger.dag(&[dag]).is_some_and(Record::is_complete);
                    let lapsed = ledger.dag(&[dag]).map_or(0, |record| record.bytes);
                    let granted = ledger.grant(&[dag], &name(peer), size, now + 300, now);
                    // A complete DAG is always granted again, and so is the room that a DAG already
                    // has.
                    if granted.is_ok() && !complete && size >= lapsed {
                        prop_assert!(ledger.committed <= LIMITS.total.bytes + OVERHEAD);
                    }
                }
                Step::Add(dag, peer, bytes, last) => {
                    if let Ok(room) = ledger.reserve(incoming(&[dag], &name(peer), bytes)) {
                        add(&mut ledger, &[dag], &name(peer), bytes, last, now);
                        ledger.release(&room);
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
