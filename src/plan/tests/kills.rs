//! Tests of programs that are killed at every point, networks that are lost, and machines that
//! sleep.

use super::*;

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
            // Nothing was recorded, so nothing must be left.
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
        // Another profile must not affect what was begun.
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
    // The file is announced again long before records expire.
    world.forget_records();
    world.sim.pass(Duration::from_secs(4 * 3600));
    assert!(cids.iter().all(|cid| world.providers(&function(cid)) == 1));
    // It is also announced again after the network was gone for a while.
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
    let (a, mut b) = (
        world.machine("alice"),
        world.machine_with("bob", sharing_on()),
    );
    a.online();
    b.online();
    let (_, cid) = share(&a, "a", &file(300_000, 70));
    let id = begin_fetch(&b, &cid);
    until_done(&b, &id);
    assert!(item(&b, &id).providing && !item(&b, &id).is_shared());
    until(&b, &id, Item::is_shared);
    // Nobody can find the file any more.
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

/// Whether the fetch has ever ended without success.
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
    // The network is lost while the fetch downloads, and while it searches.
    for searching in [false, true] {
        let world = World::default();
        let storage = world.node("node", "store");
        let (a, b) = world.alice_and_bob(small_leaves());
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
    let (a, b) = world.alice_and_bob(small_leaves());
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

    // If nothing arrives whenever the network is there, the fetch ends.
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
    // The fetch is tried again when a person wants it, but one that ended long ago is not tried
    // again by itself.
    done(command(&b, Command::Resume { id: id.clone() }));
    assert_eq!(until_failed(&b, &id), "provider_gone");
    world.sim.pass(LONG);
    b.offline();
    b.online();
    assert!(!searching(&item(&b, &id)));
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
    // Nothing that was recorded before the second share can be read.
    a.journal.borrow_mut().drain(..before);
    a.restart();
    a.online();
    until(&a, &kept, |item| item.status == Status::Shared);
    until(&a, &lost, |item| item.status == Status::Stopped);
    assert_eq!(item(&a, &lost).cid.as_ref(), Some(&cid));
    assert_eq!(stored(&a, &lost), bytes);
    // It is not shared until the person says so.
    assert!(!item(&a, &lost).providing);
    done(command(&a, Command::ShareAgain { id: lost.clone() }));
    until(&a, &lost, |item| item.status == Status::Shared);
}

#[test]
fn a_start_writes_one_event_for_all_that_is_shared() {
    let world = World::default();
    let mut a = world.machine("alice");
    world.node("node", "store");
    a.online();
    let mut ids: Vec<ItemId> = (1..4)
        .map(|n| share(&a, &format!("{n}.jpg"), &file(1000, n)).0)
        .collect();
    // What is applied at once is written a moment later.
    world.sim.pass(MINUTE);
    let before = a.journal.borrow().len();
    a.restart();
    a.online();
    for id in &ids {
        until(&a, id, |item| item.status == Status::Shared);
    }
    world.sim.pass(MINUTE);
    let journal = a.journal.borrow();
    let since = journal[before..].iter().map(|event| event.kind.clone());
    let mut since: Vec<EventKind> = since.filter(|kind| !kind.is_ephemeral()).collect();
    let Some(EventKind::Confirmed { ids: confirmed }) = since.pop() else {
        panic!("{since:?}");
    };
    assert_eq!(since, [EventKind::Unconfirmed]);
    ids.sort();
    assert_eq!(confirmed, ids);
}
