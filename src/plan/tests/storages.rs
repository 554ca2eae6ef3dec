//! Tests of fetching from storages and providers that come, go, stall and break off.

use super::world::READS_AHEAD;
use super::*;

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
    // Somebody else has the file.
    share(&c, "a", &bytes);
    done(command(&b, Command::Resume { id: id.clone() }));
    until_done(&b, &id);
}

#[test]
fn who_is_busy_is_asked_again_when_it_says() {
    let busy = |ms: u64| json!({"error": {"code": "busy", "retry_after_ms": ms}});
    // Either the provider is busy, or the node that it asks for storage.
    for node_is_busy in [false, true] {
        let world = World::default();
        let storage = world.node("node", "store");
        let (a, b) = world.alice_and_bob(Settings::default());
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
        let multiaddr = format!("/dns4/{host}.example/tcp/80/http");
        world.set_node(who, json!({"ok": {"multiaddr": multiaddr}}));
        until_done(&b, &fetched);
        assert_eq!(stored(&b, &fetched), bytes);
    }

    // The fetch does not go on forever.
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
fn a_name_that_came_too_late_is_asked_for_before_a_file_is_saved() {
    let world = World::default();
    let storage = world.node("node", "store");
    let mut a = world.machine_with("alice", small_leaves());
    let (b, c) = (world.machine("bob"), world.machine("carol"));
    for machine in [&a, &b, &c] {
        machine.online();
    }
    let bytes = file(1_500_000, 61);
    let (_, cid) = share(&a, "a.jpg", &bytes);
    until_done(&b, &begin_fetch(&b, &cid));
    b.kill();
    // Nobody answers when it begins, and the storage itself has it.
    a.kill();
    storage.manner.set(Manner::StallsOnce(700_000));
    let id = begin_fetch(&c, &cid);
    until_kept(&c, &id, 500_000);
    let began = item(&c, &id);
    assert_eq!((&*began.name, &began.mime), (&*cid, &None));
    a.restart();
    a.online();
    until_done(&c, &id);
    let shown = item(&c, &id);
    assert_eq!(
        (&*shown.name, shown.mime.as_deref()),
        ("a.jpg", Some("image/jpeg"))
    );
    assert_eq!(stored(&c, &id), bytes);
}

/// Fetches a file that is at two storages, of which a provider names the first. Returns the
/// storages and how long the fetch took, in milliseconds.
fn fetch_from_two(second_is: Manner, paces: [u64; 2]) -> (Rc<Storage>, Rc<Storage>, u64) {
    let world = World::default();
    let (first, second) = (world.node("node", "store"), world.storage("second"));
    let (a, b) = world.alice_and_bob(Settings::default());
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
        json!({"ok": {"multiaddr": "/dns4/second.example/tcp/80/http"}}),
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
    // Each sends 500 kB/s.
    let (first, second, took) = fetch_from_two(Manner::Honest, [2, 2]);
    assert!(took < 26_000, "alone it would take 34 s; it took {took} ms");
    assert!(second.sent.get() > 4 << 20);
    assert!(first.sent.get() + second.sent.get() < 28 << 20);
    // A slow storage does not hold up the other.
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
    let (a, b) = world.alice_and_bob(small_leaves());
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
    // Days later the file is at another storage.
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
    let (a, b) = world.alice_and_bob(small_leaves());
    let bytes = file(3_000_000, 12);
    let (_, cid) = share(&a, "a", &bytes);
    first.manner.set(Manner::Stalls(1_000_000));
    let id = begin_fetch(&b, &cid);
    until_kept(&b, &id, 700_000);
    // From now on the storage sends nothing more.
    first.manner.set(Manner::Stalls(0));
    // A stranger names a storage that has the whole file.
    *second.blocks.borrow_mut() = first.blocks.borrow().clone();
    world.set_node(
        "zoe",
        json!({"ok": {"multiaddr": "/dns4/second.example/tcp/80/http"}}),
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
    let (a, b) = world.alice_and_bob(Settings::default());
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
    let (a, b) = world.alice_and_bob(small_leaves());
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
        let (a, b) = world.alice_and_bob(small_leaves());
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
        let (a, b) = world.alice_and_bob(small_leaves());
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
    let (a, b) = world.alice_and_bob(small_leaves());
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
    // The fetch continued after the last verified block, and did not start from the beginning.
    assert!(storage.sent.get() < 3_000_000 + 400_000);
}

#[test]
fn a_node_that_waits_for_blocks_is_neither_hammered_nor_given_up() {
    let world = World::default();
    let storage = world.node("node", "store");
    // At this rate a part takes 21 s.
    storage.slow.set(20);
    let (a, b) = world.alice_and_bob(Settings::default());
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
fn a_large_file_is_asked_for_in_pieces_where_all_of_an_answer_is_read_ahead() {
    let world = World::default();
    let storage = world.node("node", "store");
    let a = world.machine("alice");
    let b = world.machine(&format!("bob{READS_AHEAD}"));
    let c = world.machine("carol");
    for machine in [&a, &b, &c] {
        machine.online();
    }
    let bytes = file(100_000_000, 72);
    let (_, cid) = share(&a, "large", &bytes);
    let mut asked = Vec::new();
    for machine in [&c, &b] {
        let before = storage.cars.get();
        let id = begin_fetch(machine, &cid);
        until_done(machine, &id);
        assert!(stored(machine, &id) == bytes);
        asked.push(storage.cars.get() - before);
    }
    // The first request is given up once the size is known, and there are 32 MiB in a piece.
    assert_eq!(asked, [1, 1 + 3]);
}
