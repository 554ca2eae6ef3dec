//! The engine on simulated time: people, nodes and storages, honest and not, killed at every point.

mod sim;
mod world;

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use self::sim::SimSource;
use self::world::{Machine, Manner, Pieces, Storage, World, function, key};
use super::{Expected, Input, ShareInput};
use crate::call::{ErrorCode, Reply, Request};
use crate::command::{Answer, Command};
use crate::content::Profile;
use crate::content::unixfs::{self, Child};
use crate::failure::{Code, Failure, Reason};
use crate::names::FunctionName;
use crate::state::{EventKind, Item, ItemId, ItemSource, LogEntry, Settings, Status};

const MINUTE: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(600);

fn file(len: usize, seed: u8) -> Vec<u8> {
    let mut x = u32::from(seed) + 1;
    (0..len)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            x as u8
        })
        .collect()
}

fn input(machine: &Machine, name: &str, bytes: &[u8]) -> ShareInput<SimSource> {
    let pieces = bytes.chunks(70_000).map(Bytes::copy_from_slice).collect();
    ShareInput {
        name: name.into(),
        mime: Some("image/jpeg".into()),
        size: Some(bytes.len() as u64),
        source: None,
        expects: Expected::Any,
        body: Input::Stream(Box::new(Pieces(machine.world.sim.clone(), pieces))),
    }
}

fn done(answer: Answer) -> ItemId {
    match answer {
        Answer::Done { id: Some(id) } => id,
        other => panic!("not done: {other:?}"),
    }
}

fn refused(answer: Answer) -> String {
    match answer {
        Answer::Refused { failure } => failure.code.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

fn begin_share(machine: &Machine, input: ShareInput<SimSource>) -> ItemId {
    let engine = machine.engine.clone();
    done(machine.wait(async move { engine.share(input).await }))
}

/// Shares, and waits until a stranger can reach it.
fn share(machine: &Machine, name: &str, bytes: &[u8]) -> (ItemId, String) {
    let id = begin_share(machine, input(machine, name, bytes));
    until(machine, &id, |item| item.status == Status::Shared);
    let cid = item(machine, &id).cid.unwrap();
    (id, cid)
}

fn command(machine: &Machine, command: Command) -> Answer {
    let engine = machine.engine.clone();
    machine.wait(async move { engine.command(command).await })
}

fn begin_fetch(machine: &Machine, cid: &str) -> ItemId {
    done(command(machine, Command::Fetch { link: cid.into() }))
}

fn item(machine: &Machine, id: &ItemId) -> Item {
    machine
        .engine
        .with_state(|state| state.items.get(id).cloned())
        .expect("the item is there")
}

fn until(machine: &Machine, id: &ItemId, is: impl Fn(&Item) -> bool) {
    let came = machine.world.sim.run_until(LONG, || {
        machine
            .engine
            .with_state(|state| state.items.get(id).is_some_and(&is))
    });
    assert!(came, "it did not come to that: {:#?}", item(machine, id));
}

fn until_done(machine: &Machine, id: &ItemId) {
    until(machine, id, |item| item.status == Status::Done);
}

/// Waits until the fetch ends without success, and gives its code.
fn until_failed(machine: &Machine, id: &ItemId) -> String {
    until(machine, id, |item| item.status.failure().is_some());
    let ended = item(machine, id);
    ended.status.failure().unwrap().code.to_string()
}

/// What the log of an item says.
fn log(machine: &Machine, id: &ItemId) -> Vec<LogEntry> {
    let journal = machine.journal.borrow();
    let entries = journal.iter().filter_map(|event| match &event.kind {
        EventKind::Log { id: of, entry } if of == id => Some(entry.clone()),
        _ => None,
    });
    entries.collect()
}

/// The failures of storages that the log of an item tells of.
fn storages_failed(machine: &Machine, id: &ItemId) -> Vec<Failure> {
    let entries = log(machine, id).into_iter();
    let failures = entries.filter_map(|entry| match entry {
        LogEntry::StorageFailed { failure } => Some(failure),
        _ => None,
    });
    failures.collect()
}

fn stored(machine: &Machine, id: &ItemId) -> Vec<u8> {
    machine.disk.0.borrow().files[id].bytes.clone()
}

/// Waits until so many bytes of a fetch outlast a kill.
fn until_kept(machine: &Machine, id: &ItemId, bytes: usize) {
    until(machine, id, |_| {
        let disk = machine.disk.0.borrow();
        disk.files
            .get(id)
            .is_some_and(|file| file.bytes.len() > bytes)
    });
}

fn settings(profile: Profile) -> Settings {
    Settings {
        profile,
        ..Settings::default()
    }
}

fn small_leaves() -> Settings {
    settings(Profile::UnixfsV0_2015)
}

#[test]
fn a_file_goes_from_one_to_another() {
    for profile in [Profile::UnixfsV1_2025, Profile::UnixfsV0_2015] {
        let world = World::default();
        let storage = world.node("node", "store");
        let (a, b) = (
            world.machine_with("alice", settings(profile)),
            world.machine("bob"),
        );
        a.online();
        b.online();
        let bytes = file(2_500_000, 1);
        let (id, cid) = share(&a, "holiday.jpg", &bytes);
        assert_eq!(
            storage.received.get(),
            0,
            "not one byte before it is asked for"
        );
        assert_eq!(storage.posts.get(), 0);
        let fetched = begin_fetch(&b, &cid);
        until_done(&b, &fetched);
        assert_eq!(stored(&b, &fetched), bytes);
        let got = item(&b, &fetched);
        assert_eq!(
            (got.name.as_str(), got.mime.as_deref(), got.size),
            ("holiday.jpg", Some("image/jpeg"), Some(2_500_000))
        );
        assert!(got.providing, "what was fetched is provided on");
        until(&a, &id, |item| item.upload.is_none());
        let given = item(&a, &id);
        assert_eq!((given.requests, given.upload_failure), (1, None));
        assert_eq!(given.uploaded, storage.received.get());
        world.sim.pass(MINUTE);
        assert_eq!(world.providers(&function(&cid)), 2);
    }
}

#[test]
fn the_second_request_uploads_nothing() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b, c) = (
        world.machine("alice"),
        world.machine("bob"),
        world.machine("carol"),
    );
    for machine in [&a, &b, &c] {
        machine.online();
    }
    let (id, cid) = share(&a, "a", &file(1_200_000, 2));
    let at_bob = begin_fetch(&b, &cid);
    until_done(&b, &at_bob);
    until(&a, &id, |item| item.upload.is_none());
    b.kill();
    let sent = storage.received.get();
    let at_carol = begin_fetch(&c, &cid);
    until_done(&c, &at_carol);
    world.sim.pass(MINUTE);
    assert_eq!(storage.received.get(), sent);
    assert_eq!(item(&a, &id).requests, 2);
}

#[test]
fn two_at_the_same_moment_upload_once() {
    let world = World::default();
    let storage = world.node("node", "store");
    storage.slow.set(5);
    let (a, b, c) = (
        world.machine("alice"),
        world.machine("bob"),
        world.machine("carol"),
    );
    for machine in [&a, &b, &c] {
        machine.online();
    }
    let bytes = file(2_200_000, 3);
    let (id, cid) = share(&a, "a", &bytes);
    let (at_bob, at_carol) = (begin_fetch(&b, &cid), begin_fetch(&c, &cid));
    until_done(&b, &at_bob);
    until_done(&c, &at_carol);
    until(&a, &id, |item| item.upload.is_none());
    assert!(storage.received.get() < bytes.len() as u64 + 10_000);
    assert_eq!(world.calls(&FunctionName::multiaddr()), 1);
}

#[test]
fn the_download_runs_while_the_upload_does() {
    let world = World::default();
    let storage = world.node("node", "store");
    // 4 MiB take 20 s.
    storage.slow.set(5);
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    let bytes = file(16 << 20, 4);
    let (id, cid) = share(&a, "a", &bytes);
    let fetched = begin_fetch(&b, &cid);
    until_kept(&b, &fetched, 1 << 20);
    assert!(item(&a, &id).upload.is_some(), "the upload still runs");
    until_done(&b, &fetched);
    assert_eq!(stored(&b, &fetched), bytes);
}

#[test]
fn a_share_outlasts_a_kill_at_every_point() {
    let bytes = file(650_000, 5);
    for kill_at in 1.. {
        let world = World::default();
        world.node("node", "store");
        let mut a = world.machine_with("alice", small_leaves());
        a.kill_at.set(Some(kill_at));
        a.online();
        let (engine, share) = (a.engine.clone(), input(&a, "a.jpg", &bytes));
        world.sim.spawn(a.group, async move {
            engine.share(share).await;
        });
        let shared = |a: &Machine| {
            a.engine.with_state(|state| {
                state
                    .items
                    .values()
                    .any(|item| item.status == Status::Shared)
            })
        };
        let without_kill = world.sim.run_until(MINUTE, || shared(&a));
        if without_kill {
            assert!(kill_at > 8, "{kill_at}");
            break;
        }
        a.kill_at.set(None);
        a.restart();
        a.online();
        world.sim.pass(MINUTE);
        let items = a.engine.state().items;
        match items.values().next() {
            // Nothing was recorded: nothing is left.
            None => {}
            Some(item) => match &item.status {
                Status::Shared => {
                    assert_eq!(stored(&a, &item.id), bytes, "killed at {kill_at}");
                    assert_eq!(world.providers(&function(item.cid.as_ref().unwrap())), 1);
                }
                Status::Failed { failure } => assert_eq!(failure.code, Code::Interrupted),
                other => panic!("killed at {kill_at}: {other:?}"),
            },
        }
        let whole = items.values().filter(|i| i.status == Status::Shared);
        assert_eq!(
            a.disk.0.borrow().files.len(),
            whole.count(),
            "nothing is stored that no item points to; killed at {kill_at}"
        );
    }
}

#[test]
fn a_fetch_outlasts_a_kill_at_every_point() {
    let bytes = file(900_000, 6);
    for kill_at in 1.. {
        let world = World::default();
        world.node("node", "store");
        let a = world.machine_with("alice", small_leaves());
        let mut b = world.machine("bob");
        a.online();
        b.online();
        let (_, cid) = share(&a, "a.jpg", &bytes);
        b.kill_at.set(Some(b.steps.get() + kill_at));
        let (engine, link) = (b.engine.clone(), cid.clone());
        world.sim.spawn(b.group, async move {
            engine.command(Command::Fetch { link }).await;
        });
        let is_done = |b: &Machine| {
            b.engine
                .with_state(|state| state.items.values().any(|item| item.status == Status::Done))
        };
        if world.sim.run_until(MINUTE, || is_done(&b)) {
            assert!(kill_at > 6, "{kill_at}");
            break;
        }
        b.kill_at.set(None);
        b.restart();
        b.online();
        if b.engine.with_state(|state| state.items.is_empty()) {
            continue;
        }
        let came = world.sim.run_until(LONG, || is_done(&b));
        assert!(came, "killed at {kill_at}: {:#?}", b.engine.state());
        let id = b.engine.state().items.keys().next().cloned().unwrap();
        assert_eq!(stored(&b, &id), bytes, "killed at {kill_at}");
    }
}

#[test]
fn serving_outlasts_a_kill_at_every_point() {
    let bytes = file(9_000_000, 7);
    for kill_at in 1.. {
        let world = World::default();
        let storage = world.node("node", "store");
        storage.slow.set(1);
        let mut a = world.machine_with("alice", small_leaves());
        let b = world.machine("bob");
        a.online();
        b.online();
        let (id, cid) = share(&a, "a.jpg", &bytes);
        a.kill_at.set(Some(a.steps.get() + kill_at));
        let before = a.steps.get();
        let fetched = begin_fetch(&b, &cid);
        world.sim.run_until(LONG, || {
            a.steps.get() >= before + kill_at || {
                b.engine
                    .with_state(|s| s.items[&fetched].status == Status::Done)
            }
        });
        let survived = a.steps.get() < before + kill_at;
        if survived {
            assert!(kill_at > 3, "{kill_at}");
            break;
        }
        a.kill_at.set(None);
        a.restart();
        a.online();
        until_done(&b, &fetched);
        assert_eq!(stored(&b, &fetched), bytes, "killed at {kill_at}");
        until(&a, &id, |item| {
            item.upload.is_none() && item.status == Status::Shared
        });
        assert!(
            storage.received.get() < bytes.len() as u64 + (5 << 20),
            "it goes on from what storage has; killed at {kill_at}"
        );
    }
}

#[test]
fn an_upload_that_was_cut_off_goes_on_by_itself() {
    let world = World::default();
    let storage = world.node("node", "store");
    storage.slow.set(2);
    let mut a = world.machine("alice");
    let b = world.machine("bob");
    a.online();
    b.online();
    let bytes = file(20 << 20, 8);
    let (id, cid) = share(&a, "a", &bytes);
    let fetched = begin_fetch(&b, &cid);
    world
        .sim
        .run_until(LONG, || storage.received.get() > 9 << 20);
    // Nobody asks any more.
    b.kill();
    a.restart();
    assert!(item(&a, &id).upload.is_some(), "{fetched:?}");
    until(&a, &id, |item| item.upload.is_none());
    assert!(storage.received.get() < (20 << 20) + (9 << 20));
    assert_eq!(
        item(&a, &id).placed.as_deref(),
        Some("/dns4/store/tcp/80/http")
    );
}

#[test]
fn a_hole_between_the_samples_is_filled() {
    let world = World::default();
    let storage = world.node("node", "store");
    let a = world.machine("alice");
    let b = world.machine("bob");
    a.online();
    b.online();
    let bytes = file(12 << 20, 9);
    let (id, cid) = share(&a, "a", &bytes);
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    until(&a, &id, |item| item.upload.is_none());
    // As when a part was cut off: a leaf between two blocks that storage is asked about.
    let dag = a.disk.0.borrow().files[&id]
        .dag
        .clone()
        .expect("a whole file");
    let hole = dag.blocks[2].cid;
    assert!(storage.blocks.borrow_mut().remove(&key(&hole)).is_some());
    let before = storage.received.get();

    let c = world.machine("carol");
    c.online();
    let fetched = begin_fetch(&c, &cid);
    until_done(&c, &fetched);
    assert_eq!(stored(&c, &fetched), bytes);
    until(&a, &id, |item| item.upload.is_none());
    assert!(storage.blocks.borrow().contains_key(&key(&hole)));
    let again = storage.received.get() - before;
    assert!(again < 2 << 20, "{again} bytes for one leaf");
}

#[test]
fn wrong_bytes_never_count_and_their_sender_is_named() {
    let world = World::default();
    let storage = world.node("node", "store");
    storage.manner.set(Manner::Lies);
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    let bytes = file(2_200_000, 9);
    let (_, cid) = share(&a, "a", &bytes);
    let fetched = begin_fetch(&b, &cid);
    assert_eq!(until_failed(&b, &fetched), "wrong_bytes");
    let failures = storages_failed(&b, &fetched);
    let wrong = failures
        .iter()
        .find(|failure| failure.code == Code::WrongBytes)
        .expect("the log names it");
    assert_eq!(wrong.host.as_deref(), Some("store:80"));
    assert_eq!(wrong.peer.as_deref(), Some("alice"));
    assert!(!b.disk.0.borrow().files.contains_key(&fetched));
    // Another provider with another storage has it right.
    let honest = world.storage("honest");
    *honest.blocks.borrow_mut() = storage.blocks.borrow().clone();
    world.set_node(
        "zoe",
        json!({"ok": {"multiaddr": "/dns4/honest/tcp/80/http"}}),
    );
    world.add_record(&function(&cid), "zoe");
    done(command(
        &b,
        Command::Resume {
            id: fetched.clone(),
        },
    ));
    until_done(&b, &fetched);
    assert_eq!(stored(&b, &fetched), bytes);
}

#[test]
fn storage_that_sends_more_than_it_may_is_named_and_left() {
    for manner in [Manner::Long, Manner::Endless, Manner::Huge] {
        let world = World::default();
        let storage = world.node("node", "store");
        storage.manner.set(manner);
        let (a, b) = (world.machine("alice"), world.machine("bob"));
        a.online();
        b.online();
        let (_, cid) = share(&a, "a", &file(2_200_000, 64));
        let began = world.sim.now();
        let id = begin_fetch(&b, &cid);
        let code = until_failed(&b, &id);
        assert!(
            ["wrong_bytes", "storage_gone"].contains(&code.as_str()),
            "{manner:?}: {code}"
        );
        let took = world.sim.now() - began;
        assert!(took < 120_000, "{manner:?} took {took} ms");
        let failures = storages_failed(&b, &id);
        assert!(
            failures
                .iter()
                .any(|failure| failure.host.as_deref() == Some("store:80")),
            "{manner:?}: {failures:?}"
        );
        // The sender never stops; the receiver hung up.
        let sent = storage.sent.get();
        assert!(sent < 100 << 20, "{manner:?}: {sent} bytes were taken");
        world.sim.pass(MINUTE);
        assert!(storage.sent.get() - sent < 1 << 20, "{manner:?}");
    }
}

#[test]
fn dags_that_are_bombs_are_refused_soon() {
    // Each node has the one below it a thousand times: a thousand to the fifth files, or bytes.
    let nested = |storage: &Storage, leaf_is_there: bool, node: &dyn Fn(Child) -> Bytes| {
        let leaf = storage.put_block(0x55, Bytes::from_static(b"x"));
        if !leaf_is_there {
            storage.blocks.borrow_mut().clear();
        }
        let mut child = Child {
            cid: leaf,
            size: 1,
            tsize: 1,
        };
        for _ in 0..5 {
            child = Child {
                cid: storage.put_block(0x70, node(child)),
                size: child.size * 1000,
                tsize: child.tsize,
            };
        }
        child.cid
    };
    let file_of = |child: Child| unixfs::inner(&[child; 1000]);
    let folder_of = |child: Child| {
        let names: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        unixfs::directory(names.iter().map(|name| (name.as_str(), child)))
    };
    for (bomb, leaf_is_there, node) in [
        ("a file", true, &file_of as &dyn Fn(Child) -> Bytes),
        ("a folder without its files", false, &folder_of),
    ] {
        let world = World::default();
        let storage = world.node("node", "store");
        let cid = crate::names::canonical(&nested(&storage, leaf_is_there, node));
        world.set_node(
            "zoe",
            json!({"ok": {"multiaddr": "/dns4/store/tcp/80/http"}}),
        );
        world.add_record(&function(&cid), "zoe");
        let b = world.machine("bob");
        b.online();
        let began = world.sim.now();
        let id = begin_fetch(&b, &cid);
        let code = until_failed(&b, &id);
        let known = ["bad_dag", "too_large", "storage_gone", "stalled"];
        assert!(known.contains(&code.as_str()), "{bomb}: {code}");
        let took = world.sim.now() - began;
        assert!(took < 200_000, "{bomb} took {took} ms");
        assert!(storage.sent.get() < 64 << 20, "{bomb}");
        let kept: usize = b
            .disk
            .0
            .borrow()
            .files
            .values()
            .map(|f| f.blocks.len())
            .sum();
        assert!(kept < 10_000, "{bomb}: {kept} blocks");
    }
}

#[test]
fn an_unknown_hash_ends_soon_with_advice() {
    let world = World::default();
    let b = world.machine("bob");
    b.online();
    let began = world.sim.now();
    let id = begin_fetch(
        &b,
        "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
    );
    assert_eq!(until_failed(&b, &id), "no_provider");
    assert!(matches!(item(&b, &id).status, Status::Failed { .. }));
    assert!(world.sim.now() - began < 90_000);
    for bad in ["", "nonsense", "https://example.org/"] {
        assert_eq!(
            refused(command(&b, Command::Fetch { link: bad.into() })),
            "bad_link"
        );
    }
}

#[test]
fn a_provider_that_is_gone_is_named_and_the_next_one_is_asked() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b, c) = (
        world.machine("alice"),
        world.machine("bob"),
        world.machine("carol"),
    );
    for machine in [&a, &b, &c] {
        machine.online();
    }
    let bytes = file(1_500_000, 10);
    let (_, cid) = share(&a, "a", &bytes);
    a.kill();
    let id = begin_fetch(&b, &cid);
    assert_eq!(until_failed(&b, &id), "provider_gone");
    assert_eq!(storage.posts.get(), 0);
    // Somebody else has it.
    share(&c, "a", &bytes);
    done(command(&b, Command::Resume { id: id.clone() }));
    until_done(&b, &id);
}

#[test]
fn who_is_busy_is_asked_again_when_it_says() {
    let busy = |ms: u64| json!({"error": {"code": "busy", "retry_after_ms": ms}});
    // The provider, or the node that it asks for storage.
    for node_is_busy in [false, true] {
        let world = World::default();
        let storage = world.node("node", "store");
        let (a, b) = (world.machine("alice"), world.machine("bob"));
        a.online();
        b.online();
        let bytes = file(300_000, 71);
        let (id, cid) = share(&a, "a", &bytes);
        let (who, host) = if node_is_busy {
            ("node", "store")
        } else {
            assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
            until(&a, &id, |item| item.upload.is_none());
            a.kill();
            let second = world.storage("second");
            *second.blocks.borrow_mut() = storage.blocks.take();
            world.forget_records();
            world.add_record(&function(&cid), "zoe");
            ("zoe", "second")
        };
        world.set_node(who, busy(40_000));
        let fetched = begin_fetch(&b, &cid);
        world.sim.pass(Duration::from_secs(35));
        assert_eq!(item(&b, &fetched).status, Status::Searching);
        let multiaddr = format!("/dns4/{host}/tcp/80/http");
        world.set_node(who, json!({"ok": {"multiaddr": multiaddr}}));
        until_done(&b, &fetched);
        assert_eq!(stored(&b, &fetched), bytes);
    }

    // There is an end to it.
    let world = World::default();
    let b = world.machine("bob");
    b.online();
    let cid = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
    world.set_node("zoe", busy(u64::MAX));
    world.add_record(&function(cid), "zoe");
    let began = world.sim.now();
    let id = begin_fetch(&b, cid);
    assert_eq!(until_failed(&b, &id), "provider_gone");
    assert!(world.sim.now() - began < 200_000);
    assert!((2..=3).contains(&world.calls(&function(cid))));
}

#[test]
fn what_storage_still_has_needs_no_provider() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b, c) = (
        world.machine_with("alice", small_leaves()),
        world.machine("bob"),
        world.machine("carol"),
    );
    for machine in [&a, &b, &c] {
        machine.online();
    }
    let bytes = file(1_500_000, 60);
    let (_, cid) = share(&a, "a", &bytes);
    let at_bob = begin_fetch(&b, &cid);
    until_done(&b, &at_bob);
    a.kill();
    b.kill();
    let sent = storage.received.get();
    let at_carol = begin_fetch(&c, &cid);
    until_done(&c, &at_carol);
    assert_eq!(stored(&c, &at_carol), bytes);
    assert_eq!(storage.received.get(), sent);
}

#[test]
fn an_upload_outlasts_storage_that_is_away_for_a_while() {
    let world = World::default();
    let storage = world.node("node", "store");
    storage.slow.set(1);
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    let bytes = file(16 << 20, 61);
    let (id, cid) = share(&a, "a", &bytes);
    let fetched = begin_fetch(&b, &cid);
    let received = || storage.received.get() > 5 << 20;
    assert!(world.sim.run_until(LONG, received));
    storage.manner.set(Manner::Dead);
    world.sim.pass(Duration::from_secs(8));
    storage.manner.set(Manner::Honest);
    until_done(&b, &fetched);
    until(&a, &id, |item| item.upload.is_none());
    let shown = item(&a, &id);
    assert_eq!(shown.upload_failure, None);
    assert_eq!(stored(&b, &fetched), bytes);
    assert!(storage.received.get() < (16 << 20) + (5 << 20));
}

/// A file at two storages, of which a provider names the first; and how long the fetch took, in milliseconds.
fn fetch_from_two(second_is: Manner, paces: [u64; 2]) -> (Rc<Storage>, Rc<Storage>, u64) {
    let world = World::default();
    let (first, second) = (world.node("node", "store"), world.storage("second"));
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    let bytes = file(16 << 20, 62);
    let (id, cid) = share(&a, "a", &bytes);
    let name = function(&cid);
    let engine = a.engine.clone();
    let asked = a.wait(async move {
        engine
            .serve("x".into(), Request::new(name, &json!({})))
            .await
    });
    assert!(matches!(asked, Reply::Ok(_)));
    until(&a, &id, |item| item.upload.is_none());
    *second.blocks.borrow_mut() = first.blocks.borrow().clone();
    second.manner.set(second_is);
    world.set_node(
        "other",
        json!({"ok": {"multiaddr": "/dns4/second/tcp/80/http"}}),
    );
    first.pace.set(paces[0]);
    second.pace.set(paces[1]);
    let began = world.sim.now();
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    assert!(stored(&b, &fetched) == bytes);
    let log = log(&b, &fetched);
    assert!(
        log.iter()
            .any(|entry| matches!(entry, LogEntry::StoragesAdded { hosts } if hosts.len() == 1)),
        "{log:#?}"
    );
    (first, second, world.sim.now() - began)
}

#[test]
fn two_storages_that_have_it_are_used_together() {
    // 500 kB/s each.
    let (first, second, took) = fetch_from_two(Manner::Honest, [2, 2]);
    assert!(took < 26_000, "alone it would take 34 s; it took {took} ms");
    assert!(second.sent.get() > 4 << 20);
    assert!(first.sent.get() + second.sent.get() < 28 << 20);
    // One that is slow does not hold the other up.
    let (_, _, took) = fetch_from_two(Manner::Honest, [2, 40]);
    assert!(took < 50_000, "it took {took} ms");
}

#[test]
fn a_second_storage_that_is_of_no_use_does_no_harm() {
    for manner in [Manner::Lies, Manner::Breaks(1 << 20), Manner::RawOnly] {
        let (_, _, took) = fetch_from_two(manner, [2, 1]);
        assert!(took < 55_000, "{manner:?}: it took {took} ms");
    }
}

#[test]
fn storage_that_dies_ends_the_fetch_and_what_came_is_kept() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = (
        world.machine_with("alice", small_leaves()),
        world.machine("bob"),
    );
    a.online();
    b.online();
    let bytes = file(2_000_000, 11);
    let (_, cid) = share(&a, "a", &bytes);
    storage.manner.set(Manner::Stalls(900_000));
    let id = begin_fetch(&b, &cid);
    until_kept(&b, &id, 500_000);
    storage.manner.set(Manner::Dead);
    let code = until_failed(&b, &id);
    assert!(code == "storage_gone" || code == "stalled", "{code}");
    assert!(matches!(item(&b, &id).status, Status::Interrupted { .. }));
    let kept = stored(&b, &id).len();
    assert!(kept > 500_000);
    // Days later, another storage.
    world.sim.pass(Duration::from_secs(3 * 24 * 3600));
    let other = world.node("node", "other");
    done(command(&b, Command::Resume { id: id.clone() }));
    until_done(&b, &id);
    assert_eq!(stored(&b, &id), bytes);
    assert!(other.received.get() > 0);
}

#[test]
fn a_fetch_goes_on_from_another_provider() {
    let world = World::default();
    let (first, second) = (world.node("node", "store"), world.storage("second"));
    let (a, b) = (
        world.machine_with("alice", small_leaves()),
        world.machine("bob"),
    );
    a.online();
    b.online();
    let bytes = file(3_000_000, 12);
    let (_, cid) = share(&a, "a", &bytes);
    first.manner.set(Manner::Stalls(1_000_000));
    let id = begin_fetch(&b, &cid);
    until_kept(&b, &id, 700_000);
    // Whatever it is asked, nothing more comes.
    first.manner.set(Manner::Stalls(0));
    // A stranger with a storage that has it all.
    *second.blocks.borrow_mut() = first.blocks.borrow().clone();
    world.set_node(
        "zoe",
        json!({"ok": {"multiaddr": "/dns4/second/tcp/80/http"}}),
    );
    world.add_record(&function(&cid), "zoe");
    let began = world.sim.now();
    until_done(&b, &id);
    assert!(
        world.sim.now() - began < 45_000,
        "a stall is noticed in seconds"
    );
    assert_eq!(stored(&b, &id), bytes);
    assert!(second.gets.get() > 0);
}

#[test]
fn a_plain_gateway_that_ends_short_is_asked_again() {
    let world = World::default();
    let storage = world.node("node", "store");
    storage.manner.set(Manner::Kubo);
    storage.slow.set(3);
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    let bytes = file(6 << 20, 13);
    let (_, cid) = share(&a, "a", &bytes);
    let id = begin_fetch(&b, &cid);
    until_done(&b, &id);
    assert_eq!(stored(&b, &id), bytes);
    assert!(storage.gets.get() > 1);
}

#[test]
fn a_storage_that_breaks_off_again_and_again_is_read_to_the_end() {
    let world = World::default();
    let storage = world.node("node", "store");
    storage.manner.set(Manner::Breaks(400_000));
    let (a, b) = (
        world.machine_with("alice", small_leaves()),
        world.machine("bob"),
    );
    a.online();
    b.online();
    let bytes = file(3_000_000, 14);
    let (_, cid) = share(&a, "a", &bytes);
    let id = begin_fetch(&b, &cid);
    until_done(&b, &id);
    assert_eq!(stored(&b, &id), bytes);
}

#[test]
fn without_cars_single_blocks_are_asked_for() {
    for manner in [Manner::RawOnly, Manner::Foreign] {
        let world = World::default();
        let storage = world.node("node", "store");
        storage.manner.set(manner);
        let (a, b) = (
            world.machine_with("alice", small_leaves()),
            world.machine("bob"),
        );
        a.online();
        b.online();
        let bytes = file(3_000_000, 15);
        let (_, cid) = share(&a, "a", &bytes);
        let id = begin_fetch(&b, &cid);
        until_done(&b, &id);
        assert_eq!(stored(&b, &id), bytes);
    }
}

#[test]
fn storage_that_drips_or_stalls_is_given_up_in_bounded_time() {
    for manner in [
        Manner::Drips,
        Manner::Stalls(0),
        Manner::Stalls(1000),
        Manner::Dead,
    ] {
        let world = World::default();
        let storage = world.node("node", "store");
        let (a, b) = (
            world.machine_with("alice", small_leaves()),
            world.machine("bob"),
        );
        a.online();
        b.online();
        let (_, cid) = share(&a, "a", &file(2_000_000, 16));
        storage.manner.set(manner);
        let began = world.sim.now();
        let id = begin_fetch(&b, &cid);
        let code = until_failed(&b, &id);
        assert!(
            code == "stalled" || code == "storage_gone",
            "{manner:?}: {code}"
        );
        let took = world.sim.now() - began;
        assert!(took < 400_000, "{manner:?} took {took} ms");
    }
}

#[test]
fn the_only_storage_is_asked_again_soon_after_it_falls_silent() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = (
        world.machine_with("alice", small_leaves()),
        world.machine("bob"),
    );
    a.online();
    b.online();
    let bytes = file(3_000_000, 61);
    let (_, cid) = share(&a, "a", &bytes);
    storage.manner.set(Manner::StallsOnce(1_500_000));
    let began = world.sim.now();
    let id = begin_fetch(&b, &cid);
    until_done(&b, &id);
    assert_eq!(stored(&b, &id), bytes);
    let took = world.sim.now() - began;
    assert!(took < 10_000, "it took {took} ms");
    assert_eq!(storage.gets.get(), 2);
    // From the last verified block, not from the beginning.
    assert!(storage.sent.get() < 3_000_000 + 400_000);
}

#[test]
fn a_node_that_waits_for_blocks_is_neither_hammered_nor_given_up() {
    let world = World::default();
    let storage = world.node("node", "store");
    // A part takes 21 s.
    storage.slow.set(20);
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    let bytes = file(20 << 20, 62);
    let (_, cid) = share(&a, "a", &bytes);
    let began = world.sim.now();
    let id = begin_fetch(&b, &cid);
    until_done(&b, &id);
    assert_eq!(stored(&b, &id), bytes);
    let took = (world.sim.now() - began) / 1000;
    let gets = storage.gets.get();
    assert!(gets <= 2 + took / 8, "{gets} requests in {took} s");
    assert_eq!(storages_failed(&b, &id), []);
}

#[test]
fn a_slow_uplink_brings_a_file_over() {
    for settings in [Settings::default(), small_leaves()] {
        let world = World::default();
        let storage = world.node("node", "store");
        // 0.5 Mbit/s: a MiB alone takes 18 s, of three together none comes in time.
        storage.uplink.set(17);
        let (a, b) = (world.machine_with("alice", settings), world.machine("bob"));
        a.online();
        b.online();
        let bytes = file(5 << 20, 65);
        let (id, cid) = share(&a, "a", &bytes);
        let began = world.sim.now();
        let fetched = begin_fetch(&b, &cid);
        until_done(&b, &fetched);
        assert_eq!(stored(&b, &fetched), bytes);
        let took = world.sim.now() - began;
        assert!(took < 100_000, "the line needs 89 s; it took {took} ms");
        until(&a, &id, |item| item.upload.is_none());
        let received = storage.received.get();
        assert!(received < (5 << 20) + 10_000, "{received}");
    }
}

#[test]
fn parts_go_together_until_the_line_becomes_slow() {
    let world = World::default();
    let storage = world.node("node", "store");
    // 1 MB/s each, then 0.5 Mbit/s in all.
    storage.slow.set(1);
    let (a, b) = (
        world.machine_with("alice", small_leaves()),
        world.machine("bob"),
    );
    a.online();
    b.online();
    let bytes = file(16 << 20, 66);
    let (id, cid) = share(&a, "a", &bytes);
    let fetched = begin_fetch(&b, &cid);
    let received = || storage.received.get() > 10 << 20;
    assert!(world.sim.run_until(LONG, received));
    assert_eq!(storage.most_posting.get(), 3);
    storage.uplink.set(17);
    until_done(&b, &fetched);
    assert_eq!(stored(&b, &fetched), bytes);
    until(&a, &id, |item| item.upload.is_none());
    assert_eq!(item(&a, &id).upload_failure, None);
    // What had come of the parts that timed out is not sent again.
    let again = storage.received.get() - (16 << 20);
    assert!(again < 3 * (256 << 10), "{again}");
}

#[test]
fn an_upload_that_fails_after_the_answer_is_heard_of_soon() {
    for whole_quota in [Manner::Full, Manner::FullAfterOne] {
        let world = World::default();
        let storage = world.node("node", "store");
        storage.manner.set(whole_quota);
        let (a, b) = (world.machine("alice"), world.machine("bob"));
        a.online();
        b.online();
        let (_, cid) = share(&a, "a", &file(20 << 20, 63));
        let began = world.sim.now();
        let id = begin_fetch(&b, &cid);
        assert_eq!(until_failed(&b, &id), "refused");
        let took = world.sim.now() - began;
        assert!(took < 45_000, "{whole_quota:?} took {took} ms");
    }
}

#[test]
fn a_quota_is_told_on_both_sides_and_sharing_stays() {
    let world = World::default();
    let storage = world.node("node", "store");
    storage.manner.set(Manner::Full);
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    let (id, cid) = share(&a, "a", &file(1_100_000, 17));
    let fetched = begin_fetch(&b, &cid);
    until(&a, &id, |item| item.upload_failure.is_some());
    let shown = item(&a, &id);
    assert_eq!(shown.upload_failure.unwrap().code, Code::Quota);
    assert_eq!(shown.status, Status::Shared);
    until_failed(&b, &fetched);

    // A node that refuses at once.
    world.set_node(
        "node",
        json!({"error": {"code": "refused", "message": "over 1 GB"}}),
    );
    done(command(
        &b,
        Command::Resume {
            id: fetched.clone(),
        },
    ));
    assert_eq!(until_failed(&b, &fetched), "refused");
    let shown = item(&a, &id);
    assert_eq!(shown.upload_failure.unwrap().code, Code::Refused);
    assert_eq!(shown.status, Status::Shared);

    // Another node has room.
    world.node("other", "room");
    done(command(
        &b,
        Command::Resume {
            id: fetched.clone(),
        },
    ));
    until_done(&b, &fetched);
    until(&a, &id, |item| {
        item.upload.is_none() && item.upload_failure.is_none()
    });
}

#[test]
fn an_expired_token_is_asked_for_anew() {
    let world = World::default();
    let storage = world.node("node", "store");
    world.set_node(
        "node",
        json!({"ok": {"multiaddr": "/dns4/store/tcp/80/http", "token": ""}}),
    );
    storage.tokens.borrow_mut().insert("token3".into());
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    let bytes = file(2_100_000, 18);
    let (_, cid) = share(&a, "a", &bytes);
    let id = begin_fetch(&b, &cid);
    until_done(&b, &id);
    assert_eq!(stored(&b, &id), bytes);
    assert_eq!(world.calls(&FunctionName::multiaddr()), 3);
}

#[test]
fn a_full_disk_keeps_what_came() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = (
        world.machine_with("alice", small_leaves()),
        world.machine("bob"),
    );
    a.online();
    b.online();
    let bytes = file(2_000_000, 19);
    let (_, cid) = share(&a, "a", &bytes);
    b.disk.0.borrow_mut().room = Some(1_000_000);
    let id = begin_fetch(&b, &cid);
    assert_eq!(until_failed(&b, &id), "disk_full");
    assert!(matches!(item(&b, &id).status, Status::Interrupted { .. }));
    assert!(stored(&b, &id).len() > 500_000);
    assert!(item(&b, &id).can_resume());
    b.disk.0.borrow_mut().room = None;
    done(command(&b, Command::Resume { id: id.clone() }));
    until_done(&b, &id);
    assert_eq!(stored(&b, &id), bytes);

    a.disk.0.borrow_mut().room = Some(2_100_000);
    let shared = begin_share(&a, input(&a, "b", &file(900_000, 20)));
    assert_eq!(until_failed(&a, &shared), "disk_full");
    assert_eq!(a.disk.0.borrow().files.len(), 1);
    // Nothing is there to go on from, and nobody says so.
    let shown = item(&a, &shared);
    assert_eq!(shown.status.name(), "failed");
    assert!(!shown.can_resume());
    assert_eq!(
        refused(command(&a, Command::Resume { id: shared })),
        "file_gone"
    );
}

#[test]
fn names_of_strangers_are_made_safe() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    for (number, (name, safe)) in [
        ("../../etc/passwd", "passwd"),
        ("a\u{0}\u{202e}b.jpg", "ab.jpg"),
        ("..", "file"),
        ("", "file"),
    ]
    .into_iter()
    .enumerate()
    {
        let (id, cid) = share(&a, name, &file(1000, 30 + number as u8));
        assert_eq!(item(&a, &id).name, safe);
        let fetched = begin_fetch(&b, &cid);
        until_done(&b, &fetched);
        assert_eq!(item(&b, &fetched).name, safe);
    }
    let long = format!("{}.jpg", "語".repeat(300));
    let (id, _) = share(&a, &long, &file(1000, 40));
    let name = item(&a, &id).name;
    assert!(name.len() <= 200 && name.ends_with(".jpg"), "{name}");

    // A provider that says bad things.
    let other = world.storage("evil");
    let (_, cid) = share(&a, "x", &file(500, 41));
    let bob = begin_fetch(&b, &cid);
    until_done(&b, &bob);
    let c = world.machine("carol");
    c.online();
    a.kill();
    b.kill();
    world.forget_records();
    world.set_node(
        "evil",
        json!({"ok": {"multiaddr": "/dns4/evil/tcp/80/http", "name": "../".repeat(3000), "type": "text/html<script>", "size": u64::MAX}}),
    );
    world.add_record(&function(&cid), "evil");
    let hash = cid.parse::<crate::Cid>().unwrap().hash().to_bytes();
    let block = Bytes::from(file(500, 41));
    other.blocks.borrow_mut().insert(hash, block);
    let id = begin_fetch(&c, &cid);
    until_done(&c, &id);
    let shown = item(&c, &id);
    assert_eq!(
        (shown.name.as_str(), shown.mime, shown.size),
        ("file", None, Some(500))
    );
}

#[test]
fn an_empty_file_is_a_file() {
    for profile in [Profile::UnixfsV1_2025, Profile::UnixfsV0_2015] {
        let world = World::default();
        world.node("node", "store");
        let (a, b) = (
            world.machine_with("alice", settings(profile)),
            world.machine("bob"),
        );
        a.online();
        b.online();
        let (_, cid) = share(&a, "empty", &[]);
        let id = begin_fetch(&b, &cid);
        until_done(&b, &id);
        assert_eq!(item(&b, &id).size, Some(0));
        assert_eq!(stored(&b, &id), b"");
    }
}

#[test]
fn a_folder_goes_over_as_one() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    let files = [
        ("z/a.txt", 10),
        ("b.bin", 1_500_000),
        ("z/../../c", 3),
        ("c", 4),
    ];
    let id = begin_share(
        &a,
        ShareInput {
            name: "things".into(),
            mime: None,
            size: None,
            source: None,
            expects: Expected::Any,
            body: Input::Many(
                files
                    .iter()
                    .map(|(name, len)| {
                        ((*name).to_owned(), SimSource(file(*len, *len as u8).into()))
                    })
                    .collect(),
            ),
        },
    );
    until(&a, &id, |item| item.status == Status::Shared);
    assert_eq!(item(&a, &id).files, Some(4));
    let fetched = begin_fetch(&b, &item(&a, &id).cid.unwrap());
    until_done(&b, &fetched);
    let shown = item(&b, &fetched);
    assert_eq!((shown.name.as_str(), shown.files), ("things.zip", Some(4)));
    let disk = b.disk.0.borrow();
    let whole = &disk.files[&fetched];
    let dag = whole.dag.as_ref().unwrap();
    let mut paths: Vec<&str> = dag.files.iter().map(|file| file.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["b.bin", "c", "z/a.txt", "z/c"]);
    for entry in &dag.files {
        let bytes = &whole.bytes[entry.offset as usize..(entry.offset + entry.len) as usize];
        assert_eq!(
            bytes,
            file(entry.len as usize, entry.len as u8),
            "{}",
            entry.path
        );
    }
}

#[test]
fn a_folder_outlasts_a_kill_at_every_point() {
    let mut hashing = 0;
    for kill_at in 1.. {
        let world = World::default();
        world.node("node", "store");
        let mut a = world.machine_with("alice", small_leaves());
        a.kill_at.set(Some(kill_at));
        a.online();
        let many: Vec<(String, SimSource)> = ["z/a.bin", "b.bin", "empty/"]
            .into_iter()
            .zip([150_000, 320_000, 0])
            .map(|(path, len)| (path.to_owned(), SimSource(file(len, len as u8).into())))
            .collect();
        let mut folder = input(&a, "things", &[]);
        folder.body = Input::Many(many);
        let engine = a.engine.clone();
        world.sim.spawn(a.group, async move {
            engine.share(folder).await;
        });
        let first = |a: &Machine| {
            a.engine
                .with_state(|state| state.items.values().next().cloned())
        };
        let shared = |a: &Machine| first(a).is_some_and(|item| item.status == Status::Shared);
        if world.sim.run_until(MINUTE, || shared(&a)) {
            break;
        }
        a.kill_at.set(None);
        // Another profile must not change what was begun.
        a.settings = Settings::default();
        a.restart();
        let before = first(&a).map(|item| item.status);
        a.online();
        world.sim.pass(MINUTE);
        let after = first(&a);
        match (before, &after) {
            (None, None) => {}
            (Some(Status::Preparing), Some(item)) => {
                assert!(
                    matches!(&item.status, Status::Failed { failure } if failure.code == Code::Interrupted)
                );
            }
            (_, Some(item)) => {
                hashing += 1;
                assert_eq!(item.status, Status::Shared, "killed at {kill_at}");
                assert_eq!(item.files, Some(2));
                let dag = a.disk.0.borrow().files[&item.id].dag.clone().unwrap();
                let paths: Vec<&str> = dag.files.iter().map(|f| f.path.as_str()).collect();
                assert_eq!(paths, ["b.bin", "empty/", "z/a.bin"]);
                assert_eq!(dag.root.version(), cid::Version::V0);
            }
            (before, None) => panic!("killed at {kill_at}: {before:?} is gone"),
        }
        let whole = after.iter().filter(|item| item.status == Status::Shared);
        a.restart();
        world.sim.pass(MINUTE);
        assert_eq!(
            a.disk.0.borrow().files.len(),
            whole.count(),
            "nothing is stored that no item points to; killed at {kill_at}"
        );
    }
    assert!(hashing > 3, "{hashing}");
}

#[test]
fn a_folder_that_is_paused_while_it_is_hashed_goes_on() {
    let world = World::default();
    let a = world.machine_with("alice", small_leaves());
    a.online();
    let many: Vec<(String, SimSource)> = (0..3)
        .map(|n| (format!("{n}"), SimSource(file(300_000, n).into())))
        .collect();
    let mut folder = input(&a, "things", &[]);
    folder.body = Input::Many(many);
    let id = begin_share(&a, folder);
    until(&a, &id, |item| item.status == Status::Hashing);
    done(command(&a, Command::Pause { id: id.clone() }));
    assert!(matches!(
        item(&a, &id).status,
        Status::Interrupted { .. } | Status::Announcing
    ));
    done(command(&a, Command::Resume { id: id.clone() }));
    until(&a, &id, |item| item.status == Status::Shared);
}

#[test]
fn empty_folders_are_kept_and_an_empty_folder_is_one() {
    // What `ipfs add -r` makes of an empty folder.
    const EMPTY: &str = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn";
    let world = World::default();
    world.node("node", "store");
    let (a, b) = (
        world.machine_with("alice", small_leaves()),
        world.machine("bob"),
    );
    a.online();
    b.online();
    let nothing = || SimSource(Bytes::new());
    let share_many = |name: &str, many: Vec<(String, SimSource)>| {
        let mut folder = input(&a, name, &[]);
        folder.body = Input::Many(many);
        let id = begin_share(&a, folder);
        until(&a, &id, |item| item.status == Status::Shared);
        item(&a, &id)
    };
    let one = share_many("nothing", Vec::new());
    assert_eq!((one.cid.as_deref(), one.files), (Some(EMPTY), Some(0)));
    let many = share_many(
        "things",
        vec![
            ("a/".into(), nothing()),
            ("a/b/".into(), nothing()),
            ("x".into(), SimSource(file(10, 1).into())),
            // A file has that name.
            ("x/".into(), nothing()),
            ("y/z".into(), nothing()),
        ],
    );
    assert_eq!(many.files, Some(2));
    for (shared, paths) in [(one, vec![]), (many, vec!["a/b/", "x", "x (2)/", "y/z"])] {
        let fetched = begin_fetch(&b, shared.cid.as_ref().unwrap());
        until_done(&b, &fetched);
        let dag = b.disk.0.borrow().files[&fetched].dag.clone().unwrap();
        assert!(dag.is_directory());
        let found: Vec<&str> = dag.files.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(found, paths);
    }
}

#[test]
fn a_folder_is_fetched_on_after_every_break() {
    let world = World::default();
    let storage = world.node("node", "store");
    storage.manner.set(Manner::Breaks(350_000));
    let a = world.machine_with("alice", small_leaves());
    let mut b = world.machine("bob");
    a.online();
    b.online();
    let many: Vec<(String, SimSource)> = (0..6)
        .map(|n| {
            (
                format!("d{}/f{n}", n % 2),
                SimSource(file(300_000, n).into()),
            )
        })
        .collect();
    let mut folder = input(&a, "folder", &[]);
    folder.body = Input::Many(many);
    let id = begin_share(&a, folder);
    until(&a, &id, |item| item.status == Status::Shared);
    let fetched = begin_fetch(&b, &item(&a, &id).cid.unwrap());
    until_kept(&b, &fetched, 700_000);
    b.restart();
    b.online();
    until_done(&b, &fetched);
    let (theirs, ours) = (a.disk.0.borrow(), b.disk.0.borrow());
    assert!(theirs.files[&id].bytes == ours.files[&fetched].bytes);
    assert_eq!(theirs.files[&id].dag, ours.files[&fetched].dag);
}

#[test]
fn a_restart_announces_everything_again() {
    let world = World::default();
    world.node("node", "store");
    let mut a = world.machine("alice");
    a.online();
    let cids: Vec<String> = (0..70).map(|n| share(&a, "a", &file(100, n)).1).collect();
    let (stopped, stopped_cid) = share(&a, "s", &file(100, 200));
    done(command(&a, Command::Stop { id: stopped }));
    world.forget_records();
    let written = a.journal.borrow().len();
    a.restart();
    world.sim.pass(Duration::from_secs(5));
    assert!(cids.iter().all(|cid| world.providers(&function(cid)) == 0));
    let shared = |a: &Machine| {
        a.engine.with_state(|state| {
            state
                .items
                .values()
                .filter(|item| item.status == Status::Shared)
                .count()
        })
    };
    assert_eq!(shared(&a), 0, "nothing is claimed before it is confirmed");
    a.online();
    assert!(
        world
            .sim
            .run_until(Duration::from_secs(5), || shared(&a) == 70)
    );
    assert!(cids.iter().all(|cid| world.providers(&function(cid)) == 1));
    assert_eq!(world.providers(&function(&stopped_cid)), 0);
    let written = a.journal.borrow().len() - written;
    assert!(written <= 4, "{written} events for 70 shares");
    // And again, long before records end.
    world.forget_records();
    world.sim.pass(Duration::from_secs(4 * 3600));
    assert!(cids.iter().all(|cid| world.providers(&function(cid)) == 1));
    // And when the network was gone for a while.
    a.offline();
    world.forget_records();
    world.sim.pass(MINUTE);
    a.online();
    world.sim.pass(Duration::from_secs(5));
    assert!(cids.iter().all(|cid| world.providers(&function(cid)) == 1));
}

#[test]
fn what_was_fetched_counts_as_shared_once_it_is_confirmed() {
    let world = World::default();
    world.node("node", "store");
    let (a, mut b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    let (_, cid) = share(&a, "a", &file(300_000, 70));
    let id = begin_fetch(&b, &cid);
    until_done(&b, &id);
    assert!(item(&b, &id).providing && !item(&b, &id).is_shared());
    until(&b, &id, Item::is_shared);
    // Nobody finds it any more.
    b.cut();
    world.sim.pass(Duration::from_secs(4 * 3600));
    assert!(item(&b, &id).providing && !item(&b, &id).is_shared());
    b.offline();
    b.online();
    until(&b, &id, Item::is_shared);
    let written = b.journal.borrow().len();
    b.restart();
    world.sim.pass(MINUTE);
    assert!(!item(&b, &id).is_shared(), "not before it is confirmed");
    b.online();
    until(&b, &id, Item::is_shared);
    world.sim.pass(MINUTE);
    assert_eq!(b.journal.borrow().len() - written, 2, "{:#?}", b.journal);
    done(command(&b, Command::Stop { id: id.clone() }));
    assert!(!item(&b, &id).is_shared());
}

#[test]
fn without_a_network_things_wait_for_it() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    let bytes = file(300_000, 50);
    let id = begin_share(&a, input(&a, "a", &bytes));
    until(&a, &id, |item| item.status == Status::Announcing);
    world.sim.pass(LONG);
    assert_eq!(item(&a, &id).status, Status::Announcing);
    let cid = item(&a, &id).cid.unwrap();
    let fetched = begin_fetch(&b, &cid);
    assert_eq!(until_failed(&b, &fetched), "offline");
    a.online();
    until(&a, &id, |item| item.status == Status::Shared);
    b.online();
    until_done(&b, &fetched);
    assert_eq!(stored(&b, &fetched), bytes);
}

/// Whether the fetch has ended without success at some time.
fn ever_ended(machine: &Machine) -> bool {
    let journal = machine.journal.borrow();
    journal.iter().any(|event| match &event.kind {
        EventKind::Status { status, .. } => {
            matches!(status, Status::Interrupted { .. } | Status::Failed { .. })
        }
        _ => false,
    })
}

#[test]
fn a_fetch_outlasts_the_sleep_of_its_machine() {
    // While it downloads, and while it looks for somebody.
    for searching in [false, true] {
        let world = World::default();
        let storage = world.node("node", "store");
        let (a, b) = (
            world.machine_with("alice", small_leaves()),
            world.machine("bob"),
        );
        a.online();
        b.online();
        let bytes = file(3_000_000, 67);
        let (_, cid) = share(&a, "a", &bytes);
        storage.manner.set(Manner::Stalls(1_500_000));
        let id = begin_fetch(&b, &cid);
        until_kept(&b, &id, 1_000_000);
        storage.manner.set(Manner::Dead);
        if searching {
            b.cut();
            until(&b, &id, |item| item.status == Status::Searching);
        }
        world.sim.doze(LONG);
        // It takes a moment until the network is back.
        world.sim.pass(Duration::from_secs(3));
        storage.manner.set(Manner::Honest);
        b.online();
        until_done(&b, &id);
        assert_eq!(stored(&b, &id), bytes);
        assert!(!ever_ended(&b), "{searching}: {:#?}", log(&b, &id));
    }
}

#[test]
fn a_fetch_that_a_lost_network_cut_off_goes_on_when_it_is_back() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = (
        world.machine_with("alice", small_leaves()),
        world.machine("bob"),
    );
    a.online();
    b.online();
    let bytes = file(3_000_000, 68);
    let (_, cid) = share(&a, "a", &bytes);
    storage.manner.set(Manner::Stalls(1_500_000));
    let id = begin_fetch(&b, &cid);
    until_kept(&b, &id, 1_000_000);
    let lose = || {
        storage.manner.set(Manner::Dead);
        b.cut();
        let code = until_failed(&b, &id);
        world.sim.pass(Duration::from_secs(20));
        b.offline();
        code
    };
    assert_eq!(lose(), "storage_gone");
    world.sim.pass(LONG);
    storage.manner.set(Manner::Honest);
    b.online();
    until_done(&b, &id);
    assert_eq!(stored(&b, &id), bytes);

    // Where nothing comes whenever the network is there, it ends.
    let (_, cid) = share(&a, "b", &file(3_000_000, 69));
    a.kill();
    let id = begin_fetch(&b, &cid);
    let searching = |item: &Item| matches!(item.status, Status::Searching | Status::Asked { .. });
    let mut tries = 0;
    while searching(&item(&b, &id)) {
        tries += 1;
        assert_eq!(until_failed(&b, &id), "provider_gone");
        b.offline();
        world.sim.pass(MINUTE);
        b.online();
    }
    assert_eq!(tries, 5);
    // What a person wants is tried again; what ended long ago is not, by itself.
    done(command(&b, Command::Resume { id: id.clone() }));
    assert_eq!(until_failed(&b, &id), "provider_gone");
    world.sim.pass(LONG);
    b.offline();
    b.online();
    assert!(!searching(&item(&b, &id)));
}

#[test]
fn the_same_file_is_one_item() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    let bytes = file(400_000, 51);
    let (first, cid) = share(&a, "a", &bytes);
    done(command(&a, Command::Stop { id: first.clone() }));
    let second = begin_share(&a, input(&a, "b", &bytes));
    assert_ne!(first, second);
    until(&a, &first, |item| item.status == Status::Shared);
    world.sim.pass(MINUTE);
    assert_eq!(a.engine.state().items.len(), 1);
    assert_eq!(a.disk.0.borrow().files.len(), 1);
    // Fetching what is here gives what is here; two tabs that fetch the same share one fetch.
    assert_eq!(begin_fetch(&a, &cid), first);
    let one = begin_fetch(&b, &cid);
    assert_eq!(begin_fetch(&b, &format!("fluence:{cid}")), one);
    until_done(&b, &one);
    assert_eq!(begin_fetch(&b, &cid), one);

    // A fetch that waits, of a file that is then shared from here.
    let c = world.machine("carol");
    c.online();
    a.kill();
    b.kill();
    let fetch = begin_fetch(&c, &cid);
    let (own, _) = share(&c, "mine", &bytes);
    world.sim.pass(MINUTE);
    assert_eq!(
        c.engine.state().items.keys().cloned().collect::<Vec<_>>(),
        [own]
    );
    assert!(!c.disk.0.borrow().files.contains_key(&fetch));
}

#[test]
fn a_click_made_twice_is_one_share() {
    let world = World::default();
    let a = world.machine("alice");
    a.online();
    let twice = || {
        let mut input = input(&a, "a", &file(300_000, 52));
        input.source = Some(ItemSource {
            url: Some("https://example.org/a.jpg".into()),
            page: None,
        });
        begin_share(&a, input)
    };
    assert_eq!(twice(), twice());
}

#[test]
fn a_login_form_is_not_shared_for_a_picture() {
    let world = World::default();
    let a = world.machine("alice");
    a.online();
    let page = b"\n<!DOCTYPE html><form>Log in</form>";
    for (mime, bytes, expects, ok) in [
        ("text/html", &page[..], Expected::Image, false),
        ("image/jpeg", &page[..], Expected::Image, false),
        ("text/html", &[][..], Expected::Video, false),
        ("text/html", &page[..], Expected::Any, true),
        ("image/jpeg", b"\xff\xd8\xff\xe0", Expected::Image, true),
        (
            "application/octet-stream",
            b"\xff\xd8\xff",
            Expected::Image,
            true,
        ),
    ] {
        let mut input = input(&a, "a", bytes);
        input.mime = Some(mime.into());
        input.expects = expects;
        let id = begin_share(&a, input);
        if ok {
            until(&a, &id, |item| item.status == Status::Shared);
        } else {
            assert_eq!(until_failed(&a, &id), "login_page", "{mime}");
        }
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let world = World::default();
    world.node("node", "store");
    let small = Settings {
        max_file: 1000,
        ..Settings::default()
    };
    let (a, b) = (world.machine("alice"), world.machine_with("bob", small));
    a.online();
    b.online();
    let engine = b.engine.clone();
    let told = input(&b, "a", &file(2000, 53));
    assert_eq!(
        refused(b.wait(async move { engine.share(told).await })),
        "too_large"
    );
    let mut untold = input(&b, "a", &file(2000, 53));
    untold.size = None;
    let id = begin_share(&b, untold);
    assert_eq!(until_failed(&b, &id), "too_large");
    let (_, cid) = share(&a, "a", &file(2000, 53));
    let id = begin_fetch(&b, &cid);
    assert_eq!(until_failed(&b, &id), "too_large");
}

#[test]
fn stop_and_remove_mean_what_they_say() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    let (id, cid) = share(&a, "a", &file(300_000, 54));
    done(command(&a, Command::Stop { id: id.clone() }));
    assert_eq!(item(&a, &id).status, Status::Stopped);
    assert_eq!(world.providers(&function(&cid)), 0);
    world.add_record(&function(&cid), "alice");
    let fetched = begin_fetch(&b, &cid);
    assert_eq!(until_failed(&b, &fetched), "provider_gone");
    assert_eq!(storage.posts.get(), 0);
    done(command(&a, Command::ShareAgain { id: id.clone() }));
    until(&a, &id, |item| item.status == Status::Shared);
    done(command(
        &b,
        Command::Resume {
            id: fetched.clone(),
        },
    ));
    until_done(&b, &fetched);
    command(&a, Command::Remove { id: id.clone() });
    assert!(a.engine.state().items.is_empty());
    assert!(a.disk.0.borrow().files.is_empty());
    assert_eq!(refused(command(&a, Command::Stop { id })), "unknown_item");
}

#[test]
fn a_pause_keeps_what_came() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = (
        world.machine_with("alice", small_leaves()),
        world.machine("bob"),
    );
    a.online();
    b.online();
    let bytes = file(3_000_000, 55);
    let (_, cid) = share(&a, "a", &bytes);
    storage.manner.set(Manner::Stalls(1_500_000));
    let id = begin_fetch(&b, &cid);
    until_kept(&b, &id, 1_000_000);
    done(command(&b, Command::Pause { id: id.clone() }));
    assert_eq!(until_failed(&b, &id), "paused");
    let kept = stored(&b, &id).len();
    assert!(kept > 1_000_000, "{kept}");
    storage.manner.set(Manner::Honest);
    let received = storage.received.get();
    done(command(&b, Command::Resume { id: id.clone() }));
    until_done(&b, &id);
    assert_eq!(stored(&b, &id), bytes);
    assert_eq!(storage.received.get(), received);
    command(&b, Command::Remove { id });
    assert!(b.disk.0.borrow().files.is_empty());
}

#[test]
fn a_stored_file_that_vanished_is_told() {
    let world = World::default();
    world.node("node", "store");
    let (mut a, b) = (world.machine("alice"), world.machine("bob"));
    a.online();
    b.online();
    let (id, cid) = share(&a, "a", &file(300_000, 56));
    a.disk.0.borrow_mut().files.clear();
    let fetched = begin_fetch(&b, &cid);
    assert_eq!(until_failed(&b, &fetched), "provider_gone");
    assert_eq!(until_failed(&a, &id), "file_gone");
    assert_eq!(world.providers(&function(&cid)), 0);

    let (id, _) = share(&a, "b", &file(300_000, 57));
    a.disk.0.borrow_mut().files.clear();
    a.restart();
    assert_eq!(until_failed(&a, &id), "file_gone");
}

#[test]
fn a_flood_of_calls_is_bounded() {
    let world = World::default();
    world.node("node", "store");
    let a = world.machine("alice");
    a.online();
    let (id, cid) = share(&a, "a", &file(300_000, 58));
    let call = |from: String, name: FunctionName| {
        let engine = a.engine.clone();
        let request = Request::new(name, &json!({}));
        a.wait(async move { engine.serve(from, request).await })
    };
    let unknown: FunctionName = "somebody-else".parse().unwrap();
    let Reply::Error(error) = call("x".into(), unknown) else {
        panic!("it is not provided")
    };
    assert_eq!(error.code, ErrorCode::NoSuchFunction);
    let before = a.journal.borrow().len();
    let mut busy = 0;
    for _ in 0..300 {
        match call("flooder".into(), function(&cid)) {
            Reply::Error(error) if error.code == ErrorCode::Busy => {
                assert!(error.retry_after_ms.is_some());
                busy += 1;
            }
            Reply::Ok(ok) => assert!(ok.contains_key("multiaddr")),
            other => panic!("{other:?}"),
        }
    }
    assert!(busy > 200, "{busy}");
    for peer in 0..2000 {
        call(format!("peer{peer}"), function(&cid));
    }
    world.sim.pass(MINUTE);
    let written = a.journal.borrow().len() - before;
    assert!(written < 300, "{written}");
    assert!(item(&a, &id).requests > 0);
}

/// A machine whose person has set an IPFS node of their own, and that node.
fn with_own_ipfs(world: &World, name: &str) -> (Machine, Rc<Storage>) {
    let kubo = world.kubo("rpc", "gateway");
    let settings = Settings {
        own_ipfs: Some(crate::state::OwnIpfs {
            rpc: "http://rpc:80/".into(),
            gateway: "http://gateway:80".into(),
        }),
        ..Settings::default()
    };
    let machine = world.machine(name);
    machine.online();
    let set = command(&machine, Command::Set { settings });
    assert!(matches!(set, Answer::Done { .. }), "{set:?}");
    (machine, kubo)
}

/// Asks a machine for a file, as somebody who wants to fetch it.
fn ask(machine: &Machine, cid: &str) -> Reply {
    let request = Request::new(function(cid), &json!({}));
    let engine = machine.engine.clone();
    machine.wait(async move { engine.serve("x".into(), request).await })
}

#[test]
fn an_own_ipfs_node_is_used_instead_of_asking() {
    let world = World::default();
    let node = world.node("node", "store");
    let (a, kubo) = with_own_ipfs(&world, "alice");
    let bytes = file(7_300_000, 59);
    let (id, cid) = share(&a, "a", &bytes);
    let Reply::Ok(ok) = ask(&a, &cid) else {
        panic!("refused")
    };
    assert_eq!(ok["multiaddr"], "/dns4/gateway/tcp/80/http");
    until(&a, &id, |item| item.upload.is_none());
    assert_eq!(item(&a, &id).upload_failure, None);
    assert_eq!(world.calls(&FunctionName::multiaddr()), 0);
    let sent = kubo.received.get();
    assert!(sent >= bytes.len() as u64);
    assert_eq!(node.posts.get(), 0);

    // The second request uploads nothing, and asks at once about every block.
    let (posts, asked) = (kubo.posts.get(), kubo.stats.get());
    assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
    world.sim.pass(MINUTE);
    assert_eq!((kubo.posts.get(), kubo.received.get()), (posts, sent));
    assert!(kubo.stats.get() - asked >= 8);

    // One block in the middle went: it goes up again, and not much else.
    let gone = kubo
        .blocks
        .borrow()
        .iter()
        .find(|(_, block)| block[..] == bytes[3 << 20..4 << 20])
        .map(|(key, _)| key.clone())
        .unwrap();
    kubo.blocks.borrow_mut().remove(&gone);
    assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
    until(&a, &id, |item| item.upload.is_none());
    let again = kubo.received.get() - sent;
    assert!((1 << 20..(1 << 20) + 10_000).contains(&again), "{again}");

    // It collects its garbage: the file goes up once more, and is fetched.
    kubo.blocks.borrow_mut().clear();
    let before = kubo.received.get();
    let b = world.machine("bob");
    b.online();
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    assert_eq!(stored(&b, &fetched), bytes);
    until(&a, &id, |item| item.upload.is_none());
    assert_eq!(kubo.received.get() - before, sent);
}

#[test]
fn an_own_ipfs_node_that_does_not_answer_is_told_at_once() {
    let world = World::default();
    let node = world.node("node", "store");
    let (a, kubo) = with_own_ipfs(&world, "alice");
    let bytes = file(300_000, 60);
    let (id, cid) = share(&a, "a", &bytes);
    kubo.manner.set(Manner::Dead);
    let began = world.sim.now();
    for _ in 0..2 {
        let Reply::Error(error) = ask(&a, &cid) else {
            panic!("it has no place")
        };
        assert_eq!(error.code, ErrorCode::Unavailable);
    }
    assert!(world.sim.now() - began < 1_000);
    let failure = item(&a, &id).upload_failure.expect("it is told");
    assert_eq!(failure.code, Code::OwnIpfs);
    assert_eq!(failure.reason, Some(Reason::Unreachable));
    assert_eq!(node.posts.get(), 0, "the person's choice is kept to");
    // It is started, and the next one who asks gets the file.
    kubo.manner.set(Manner::Kubo);
    let b = world.machine("bob");
    b.online();
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    until(&a, &id, |item| item.upload.is_none());
    assert_eq!(item(&a, &id).upload_failure, None);
}

#[test]
fn bad_settings_are_refused() {
    let world = World::default();
    let a = world.machine("alice");
    let bad = [
        Settings {
            nodes: vec!["not an address".into()],
            ..Settings::default()
        },
        Settings {
            nodes: vec!["/dns4/a".into(); 17],
            ..Settings::default()
        },
        Settings {
            max_file: 0,
            ..Settings::default()
        },
    ];
    for settings in bad {
        assert_eq!(
            refused(command(&a, Command::Set { settings })),
            "bad_setting"
        );
    }
    assert_eq!(refused(command(&a, Command::Reconnect)), "not_here");
}

#[test]
fn files_whose_items_were_lost_are_items_again() {
    let world = World::default();
    world.node("node", "store");
    let mut a = world.machine("alice");
    a.online();
    let bytes = file(900_000, 90);
    let (lost, cid) = share(&a, "lost.jpg", &bytes);
    let before = a.journal.borrow().len();
    let (kept, _) = share(&a, "kept.jpg", &file(1_000, 91));
    // All that was written before the second share cannot be read.
    a.journal.borrow_mut().drain(..before);
    a.restart();
    a.online();
    until(&a, &kept, |item| item.status == Status::Shared);
    until(&a, &lost, |item| item.status == Status::Stopped);
    assert_eq!(item(&a, &lost).cid.as_ref(), Some(&cid));
    assert_eq!(stored(&a, &lost), bytes);
    // It is not shared before the person says so.
    assert!(!item(&a, &lost).providing);
    done(command(&a, Command::ShareAgain { id: lost.clone() }));
    until(&a, &lost, |item| item.status == Status::Shared);
}
