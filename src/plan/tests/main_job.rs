//! Tests of the main job: a file goes from one person to another, once, and nothing happens twice.

use super::*;

#[test]
fn a_file_goes_from_one_to_another() {
    for profile in [Profile::UnixfsV1_2025, Profile::UnixfsV0_2015] {
        let world = World::default();
        let storage = world.node("node", "store");
        let (a, b) = (
            world.machine_with("alice", settings(profile)),
            world.machine_with("bob", sharing_on()),
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
    // At this rate 4 MiB take 20 s.
    storage.slow.set(5);
    let (a, b) = world.alice_and_bob(Settings::default());
    let bytes = file(16 << 20, 4);
    let (id, cid) = share(&a, "a", &bytes);
    let fetched = begin_fetch(&b, &cid);
    until_kept(&b, &fetched, 1 << 20);
    assert!(item(&a, &id).upload.is_some(), "the upload still runs");
    until_done(&b, &fetched);
    assert_eq!(stored(&b, &fetched), bytes);
}

#[test]
fn names_of_strangers_are_made_safe() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    for (number, (name, safe)) in [
        ("../../etc/passwd", "passwd"),
        ("a\u{0}\u{202e}b.jpg", "ab.jpg"),
        ("..", "file"),
        ("", "file"),
        // What only some disks cannot hold is kept until it is saved.
        (".env", ".env"),
        ("100% ~a:b?.txt", "100% ~a:b?.txt"),
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

    // This provider gives bad answers.
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
        json!({"ok": {"multiaddr": "/dns4/evil.example/tcp/80/http", "name": "../".repeat(3000), "type": "text/html<script>", "size": u64::MAX}}),
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
        let (a, b) = world.alice_and_bob(settings(profile));
        let (_, cid) = share(&a, "empty", &[]);
        let id = begin_fetch(&b, &cid);
        until_done(&b, &id);
        assert_eq!(item(&b, &id).size, Some(0));
        assert_eq!(stored(&b, &id), b"");
    }
}

#[test]
fn the_same_file_is_one_item() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let bytes = file(400_000, 51);
    let (first, cid) = share(&a, "a", &bytes);
    done(command(&a, Command::Stop { id: first.clone() }));
    let second = begin_share(&a, input(&a, "b", &bytes));
    assert_ne!(first, second);
    until(&a, &first, |item| item.status == Status::Shared);
    world.sim.pass(MINUTE);
    assert_eq!(a.engine.state().items.len(), 1);
    assert_eq!(a.disk.0.borrow().files.len(), 1);
    // Fetching a file that is here finds its item, and two tabs that fetch the same file share one
    // fetch.
    assert_eq!(begin_fetch(&a, &cid), first);
    let one = begin_fetch(&b, &cid);
    assert_eq!(begin_fetch(&b, &format!("fluence:{cid}")), one);
    until_done(&b, &one);
    assert_eq!(begin_fetch(&b, &cid), one);

    // This fetch waits for a file that is then shared from this machine.
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
            own_cookies: false,
            seen: None,
        });
        begin_share(&a, input)
    };
    assert_eq!(twice(), twice());
}
