//! Tests of uploads: what a storage lacks is sent, over any line, to storages with quotas and
//! faults.

use super::*;

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
        Some("/dns4/store.example/tcp/80/http")
    );
}

#[test]
fn bytes_that_a_power_failure_changed_are_not_served() {
    let world = World::default();
    let storage = world.node("node", "store");
    let mut a = world.machine("alice");
    let b = world.machine("bob");
    a.online();
    b.online();
    let bytes = file(5 << 20, 70);
    let (id, cid) = share(&a, "a", &bytes);
    a.restart();
    a.online();
    // The file is as long as it was, and the disk lost what the middle of it holds.
    a.disk.0.borrow_mut().files.get_mut(&id).unwrap().bytes[3 << 20..][..4096].fill(0);
    until(&a, &id, |item| item.status == Status::Shared);
    let fetched = begin_fetch(&b, &cid);
    until(&a, &id, |item| item.status.failure().is_some());
    assert_eq!(until_failed(&a, &id), "file_gone");
    // The block with the lost bytes never left, and nobody is told any more that the file is here.
    let dag = a.disk.0.borrow().files[&id].dag.clone().unwrap();
    let lost = &dag.blocks[4];
    assert!(!storage.blocks.borrow().contains_key(&key(&lost.cid)));
    let withdrawn = || world.providers(&function(&cid)) == 0;
    assert!(world.sim.run_until(MINUTE, withdrawn));
    command(&b, Command::Remove { ids: vec![fetched] });

    // What an earlier run stored is served if it is whole.
    let (id, cid) = share(&a, "b", &file(5 << 20, 71));
    a.restart();
    a.online();
    until(&a, &id, |item| item.status == Status::Shared);
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    assert_eq!(stored(&b, &fetched), file(5 << 20, 71));
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
    // A missing leaf between two blocks that the storage is asked about. It says that something is missing, and no few
    // questions tell what.
    let dag = a.disk.0.borrow().files[&id]
        .dag
        .clone()
        .expect("a whole file");
    let hole = dag.blocks[4].cid;
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
    assert!(again < 13 << 20, "{again} bytes for one leaf");
}

#[test]
fn an_upload_begins_with_few_questions() {
    /// About the root, the whole, and eight blocks.
    const MOST: u64 = 10;
    let world = World::default();
    let storage = world.node("node", "store");
    storage.slow.set(2);
    let mut a = world.machine("alice");
    let b = world.machine("bob");
    a.online();
    b.online();
    let size: u64 = 48 << 20;
    let bytes = file(48 << 20, 10);
    let (id, cid) = share(&a, "a", &bytes);
    begin_fetch(&b, &cid);
    let received = || storage.received.get() > 28 << 20;
    assert!(world.sim.run_until(LONG, received));
    b.kill();
    a.kill();
    world.sim.pass(MINUTE);
    let (asked, posts, before) = (
        storage.asked.get(),
        storage.posts.get(),
        storage.received.get(),
    );
    a.restart();
    assert!(world.sim.run_until(LONG, || storage.posts.get() > posts));
    let asked = storage.asked.get() - asked - (storage.posts.get() - posts);
    assert!(asked <= MOST, "{asked} questions");
    until(&a, &id, |item| item.upload.is_none());
    assert_eq!(item(&a, &id).upload_failure, None);
    let dag = a.disk.0.borrow().files[&id].dag.clone();
    let blocks = dag.expect("a whole file").blocks;
    let there = storage.blocks.borrow();
    assert!(
        blocks
            .iter()
            .all(|block| there.contains_key(&key(&block.cid)))
    );
    // It goes on where it was, but for what was on its way.
    let again = storage.received.get() - before;
    assert!(again < size - before + (16 << 20), "{again} of {size}");
}

#[test]
fn a_part_that_failed_is_asked_about_with_few_questions() {
    let world = World::default();
    let storage = world.node("node", "store");
    let a = world.machine("alice");
    a.online();
    storage.slow.set(2);
    // Many small files, so that a part has many blocks.
    let many = (0..600).map(|n| (format!("{n}"), SimSource(file(3_000 + n, 11).into())));
    let mut folder = input(&a, "many", &[]);
    folder.body = Input::Many(many.collect());
    let id = begin_share(&a, folder);
    until(&a, &id, |item| item.status == Status::Shared);
    let cid = item(&a, &id).cid.unwrap();
    let asked = storage.asked.get();
    assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
    assert!(world.sim.run_until(MINUTE, || storage.posts.get() > 0));
    storage.manner.set(Manner::Dead);
    world.sim.pass(Duration::from_secs(4));
    storage.manner.set(Manner::Honest);
    until(&a, &id, |item| item.upload.is_none());
    assert_eq!(item(&a, &id).upload_failure, None);
    let asked = storage.asked.get() - asked;
    assert!(asked < 100, "{asked} requests");
}

#[test]
fn nothing_is_left_out_that_lies_before_what_the_storage_had_already() {
    for changed in [0, 1, 5, 40, 300] {
        let world = World::default();
        let storage = world.node("node", "store");
        let (a, b) = world.alice_and_bob(Settings::default());
        storage.slow.set(2);
        let share = |which: usize| {
            let many = (0..600).map(|n| {
                let seed = if n == changed { 12 + which as u8 } else { 11 };
                (format!("{n}"), SimSource(file(3_000 + n, seed).into()))
            });
            let mut folder = input(&a, &format!("many {which}"), &[]);
            folder.body = Input::Many(many.collect());
            let id = begin_share(&a, folder);
            until(&a, &id, |item| item.status == Status::Shared);
            (id.clone(), item(&a, &id).cid.unwrap())
        };
        let (first, cid) = share(0);
        assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
        until(&a, &first, |item| {
            item.uploaded > 0 && item.upload.is_none()
        });
        // Of the second one, storage has all but a few blocks. What carries these breaks off.
        let (second, cid) = share(1);
        let posts = storage.posts.get();
        assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
        let begun = || storage.posts.get() > posts;
        assert!(world.sim.run_until(MINUTE, begun));
        storage.manner.set(Manner::Dead);
        world.sim.pass(Duration::from_secs(4));
        storage.manner.set(Manner::Honest);
        until(&a, &second, |item| {
            item.uploaded > 0 && item.upload.is_none()
        });
        assert_eq!(item(&a, &second).upload_failure, None);
        let posts = storage.posts.get();
        let fetched = begin_fetch(&b, &cid);
        until_done(&b, &fetched);
        assert_eq!(storage.posts.get(), posts, "file {changed} was not there");
    }
}

#[test]
fn an_upload_outlasts_storage_that_is_away_for_a_while() {
    let world = World::default();
    let storage = world.node("node", "store");
    storage.slow.set(1);
    let (a, b) = world.alice_and_bob(Settings::default());
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

#[test]
fn a_slow_uplink_brings_a_file_over() {
    for settings in [Settings::default(), small_leaves()] {
        let world = World::default();
        let storage = world.node("node", "store");
        // At 0.5 Mbit/s a single MiB takes 18 s, and of three at the same time none arrives in
        // time.
        storage.uplink.set(17);
        let (a, b) = world.alice_and_bob(settings);
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
    // The line first has 1 MB/s for each upload, and then 0.5 Mbit/s in total.
    storage.slow.set(1);
    let (a, b) = world.alice_and_bob(small_leaves());
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
    // What had arrived of the parts that timed out is not sent again.
    let again = storage.received.get() - (16 << 20);
    assert!(again < 3 * (256 << 10), "{again}");
}

#[test]
fn an_upload_that_fails_after_the_answer_is_heard_of_soon() {
    for whole_quota in [Manner::Full, Manner::FullAfterOne] {
        let world = World::default();
        let storage = world.node("node", "store");
        storage.manner.set(whole_quota);
        let (a, b) = world.alice_and_bob(Settings::default());
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
    let (a, b) = world.alice_and_bob(Settings::default());
    let (id, cid) = share(&a, "a", &file(1_100_000, 17));
    let fetched = begin_fetch(&b, &cid);
    until(&a, &id, |item| item.upload_failure.is_some());
    let shown = item(&a, &id);
    assert_eq!(shown.upload_failure.unwrap().code, Code::Quota);
    assert_eq!(shown.status, Status::Shared);
    until_failed(&b, &fetched);

    // This node refuses at once.
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
        json!({"ok": {"multiaddr": "/dns4/store.example/tcp/80/http", "token": ""}}),
    );
    storage.tokens.borrow_mut().insert("token3".into());
    let (a, b) = world.alice_and_bob(Settings::default());
    let bytes = file(2_100_000, 18);
    let (_, cid) = share(&a, "a", &bytes);
    let id = begin_fetch(&b, &cid);
    until_done(&b, &id);
    assert_eq!(stored(&b, &id), bytes);
    assert_eq!(world.calls(&FunctionName::multiaddr()), 3);
}

#[test]
fn what_has_left_counts_once_when_a_token_expires_meanwhile() {
    let world = World::default();
    let storage = world.node("node", "store");
    world.set_node(
        "node",
        json!({"ok": {"multiaddr": "/dns4/store.example/tcp/80/http", "token": ""}}),
    );
    storage.tokens.borrow_mut().insert("token1".into());
    storage.slow.set(1);
    let a = world.machine("alice");
    a.online();
    let (id, cid) = share(&a, "a", &file(40_000_000, 20));
    ask(&a, &cid);
    let some = || storage.received.get() > 14_000_000;
    assert!(world.sim.run_until(LONG, some));
    *storage.tokens.borrow_mut() = (2..9).map(|number| format!("token{number}")).collect();
    until(&a, &id, |item| item.upload.is_none());
    assert_eq!(item(&a, &id).upload_failure, None);
    assert!(world.calls(&FunctionName::multiaddr()) > 1);
    let shown = item(&a, &id);
    // At most three parts, each of at most 4 MiB, left in vain.
    let received = storage.received.get();
    let expected = received..=received + (13 << 20);
    assert!(expected.contains(&shown.uploaded), "{}", shown.uploaded);
    let today = a
        .engine
        .with_state(|state| state.sent_today(world.sim.now()));
    assert_eq!(today, shown.uploaded);
}

#[test]
fn the_log_tells_how_much_was_uploaded_for_a_caller_and_who_got_nothing() {
    let uploads = |a: &Machine, id: &ItemId| -> Vec<LogEntry> {
        let lines = log(a, id).into_iter();
        lines
            .filter(|entry| {
                matches!(
                    entry,
                    LogEntry::Requested { .. }
                        | LogEntry::Uploading { .. }
                        | LogEntry::Uploaded { .. }
                        | LogEntry::UploadFailed { .. }
                        | LogEntry::NotGiven { .. }
                )
            })
            .collect()
    };
    for stopped in [false, true] {
        let world = World::default();
        let storage = world.node("node", "store");
        storage.slow.set(5);
        let mut a = world.machine("alice");
        a.online();
        let (id, cid) = share(&a, "a", &file(6_000_000, 21));
        ask(&a, &cid);
        let some = || storage.received.get() > 2_000_000;
        assert!(world.sim.run_until(LONG, some));
        if stopped {
            done(command(&a, Command::Stop { id: id.clone() }));
        } else {
            a.kill();
            a.restart();
            a.online();
            until(&a, &id, |item| item.upload.is_none());
        }
        world.sim.pass(MINUTE);
        let lines = uploads(&a, &id);
        assert!(matches!(&lines[0], LogEntry::Requested { .. }), "{lines:?}");
        assert!(matches!(
            &lines[1],
            LogEntry::Uploading { peer: Some(_), .. }
        ));
        match &lines[2..] {
            [LogEntry::UploadFailed { failure, size }] if stopped => {
                assert_eq!(failure.code, Code::Stopped);
                assert!(*size > Some(2_000_000), "{size:?}");
            }
            [LogEntry::Uploaded { size }] if !stopped => assert!(*size >= 6_000_000, "{size}"),
            lines => panic!("{lines:?}"),
        }
    }
    let world = World::default();
    world.node("node", "store");
    let a = world.machine_with(
        "alice",
        Settings {
            max_sent_file: Some(1000),
            ..Settings::default()
        },
    );
    a.online();
    let (id, cid) = share(&a, "a", &file(6_000, 22));
    let reply = ask(&a, &cid);
    assert!(matches!(reply, Reply::Error(_)), "{reply:?}");
    world.sim.pass(MINUTE);
    let lines = uploads(&a, &id);
    let [
        LogEntry::Requested { peer },
        LogEntry::NotGiven { peer: same },
    ] = &lines[..]
    else {
        panic!("{lines:?}");
    };
    assert_eq!(peer, same);
}

#[test]
fn a_clock_that_is_fast_asks_for_one_more_token_and_no_others() {
    let world = World::default();
    let storage = world.node("node", "store");
    // By the clock of whoever shares, every token has expired an hour ago.
    let expired = world.sim.now() / 1000 - 3600;
    world.set_node(
        "node",
        json!({"ok": {"multiaddr": "/dns4/store.example/tcp/80/http", "token": "", "expires": expired}}),
    );
    for number in 1..4 {
        storage.tokens.borrow_mut().insert(format!("token{number}"));
    }
    let (a, b) = world.alice_and_bob(Settings::default());
    let bytes = file(5_000_000, 19);
    let (_, cid) = share(&a, "a", &bytes);
    let id = begin_fetch(&b, &cid);
    until_done(&b, &id);
    assert_eq!(stored(&b, &id), bytes);
    assert_eq!(world.calls(&FunctionName::multiaddr()), 2);
}

/// A machine whose person has set an IPFS node of their own, and that node.
fn with_own_ipfs(world: &World, name: &str) -> (Machine, Rc<Storage>) {
    let kubo = world.kubo("rpc", "gateway");
    let settings = Settings {
        own_ipfs: Some(crate::state::OwnIpfs {
            rpc: "http://rpc.example:80/".into(),
            gateway: "http://gateway.example:80".into(),
        }),
        ..Settings::default()
    };
    let machine = world.machine(name);
    machine.online();
    let set = command(&machine, Command::Set { settings });
    assert!(matches!(set, Answer::Done { .. }), "{set:?}");
    (machine, kubo)
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
    assert_eq!(ok["multiaddr"], "/dns/gateway.example/tcp/80/http");
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

    // One block in the middle is gone. It is uploaded again, and not much else.
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

    // After garbage collection the file is uploaded once more, and fetched.
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
    // Once the node has been started, the next caller gets the file.
    kubo.manner.set(Manner::Kubo);
    let b = world.machine("bob");
    b.online();
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    until(&a, &id, |item| item.upload.is_none());
    assert_eq!(item(&a, &id).upload_failure, None);
}

#[test]
fn files_are_put_only_where_the_person_chose() {
    let world = World::default();
    let own = world.node("node", "store");
    // It answers first in every look-up.
    let foreign = world.storage("foreign");
    let multiaddr = "/dns4/foreign.example/tcp/80/http";
    world.set_stranger("a stranger", json!({"ok": {"multiaddr": multiaddr}}));
    let allows = Settings {
        foreign_storage: true,
        ..Settings::default()
    };
    let (a, b) = (world.machine("alice"), world.machine("bob"));
    let c = world.machine_with("carol", allows);
    for machine in [&a, &b, &c] {
        machine.online();
    }
    for (seed, sharer) in [(1, &a), (2, &a), (3, &c)] {
        let (_, cid) = share(sharer, "a", &file(300_000, seed));
        let id = begin_fetch(&b, &cid);
        until_done(&b, &id);
    }
    assert_eq!(foreign.posts.get(), 0);
    assert!(own.posts.get() > 0);
    // If the chosen storage takes nothing, only who allows it uses another.
    let refused = json!({"error": {"code": "refused", "message": "full"}});
    world.set_node("node", refused);
    let (_, cid) = share(&a, "a", &file(300_000, 4));
    assert!(matches!(ask(&a, &cid), Reply::Error(error) if error.code == ErrorCode::Refused));
    assert_eq!(foreign.posts.get(), 0);
    let (_, cid) = share(&c, "a", &file(300_000, 5));
    let id = begin_fetch(&b, &cid);
    until_done(&b, &id);
    assert!(foreign.posts.get() > 0);
}
