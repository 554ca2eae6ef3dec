//! Tests of storages, providers and files that misbehave on purpose.

use super::*;

#[test]
fn wrong_bytes_never_count_and_their_sender_is_named() {
    let world = World::default();
    let storage = world.node("node", "store");
    storage.manner.set(Manner::Lies);
    let (a, b) = world.alice_and_bob(Settings::default());
    let bytes = file(2_200_000, 9);
    let (_, cid) = share(&a, "a", &bytes);
    let fetched = begin_fetch(&b, &cid);
    assert_eq!(until_failed(&b, &fetched), "wrong_bytes");
    let failures = storages_failed(&b, &fetched);
    let wrong = failures
        .iter()
        .find(|failure| failure.code == Code::WrongBytes)
        .expect("the log names it");
    assert_eq!(wrong.host.as_deref(), Some("store.example:80"));
    assert_eq!(wrong.peer.as_deref(), Some("alice"));
    assert!(!b.disk.0.borrow().files.contains_key(&fetched));
    // Another provider names another storage, which has the right bytes.
    let honest = world.storage("honest");
    *honest.blocks.borrow_mut() = storage.blocks.borrow().clone();
    world.set_node(
        "zoe",
        json!({"ok": {"multiaddr": "/dns4/honest.example/tcp/80/http"}}),
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
        let (a, b) = world.alice_and_bob(Settings::default());
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
                .any(|failure| failure.host.as_deref() == Some("store.example:80")),
            "{manner:?}: {failures:?}"
        );
        // The sender never stops, so the receiver must have hung up.
        let sent = storage.sent.get();
        assert!(sent < 100 << 20, "{manner:?}: {sent} bytes were taken");
        world.sim.pass(MINUTE);
        assert!(storage.sent.get() - sent < 1 << 20, "{manner:?}");
    }
}

#[test]
fn dags_that_are_bombs_are_refused_soon() {
    // Each node links to the one below it a thousand times, which makes a thousand to the fifth
    // files or bytes.
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
            json!({"ok": {"multiaddr": "/dns4/store.example/tcp/80/http"}}),
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
        let mut site = Site::with(&world, "https://a.example/a", bytes);
        site.mime = Some(mime.into());
        site.expects = expects;
        let id = begin_share(&a, input_of(&Rc::new(site)));
        if ok {
            until(&a, &id, |item| item.status == Status::Shared);
        } else {
            assert_eq!(until_failed(&a, &id), "login_page", "{mime}");
        }
    }
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

#[test]
fn every_call_is_in_the_log_however_many_come() {
    let world = World::default();
    world.node("node", "store");
    let a = world.machine("alice");
    a.online();
    let (id, cid) = share(&a, "a", &file(300_000, 58));
    let call = |from: String| {
        let engine = a.engine.clone();
        let request = Request::new(function(&cid), &json!({}));
        async move { engine.serve(from, request).await }
    };
    // While the place is looked for on behalf of the first, others call.
    let first = a.wait(futures::future::join(
        call("first".into()),
        call("second".into()),
    ));
    assert!(matches!(first, (Reply::Ok(_), Reply::Ok(_))));
    for peer in 0..98 {
        assert!(matches!(a.wait(call(format!("peer{peer}"))), Reply::Ok(_)));
    }
    world.sim.pass(MINUTE);
    let mut calls = 0;
    let mut uploads = Vec::new();
    for entry in log(&a, &id) {
        match entry {
            LogEntry::Requested { .. } => calls += 1,
            LogEntry::MoreRequested { calls: more } => calls += more,
            LogEntry::Uploading { peer, .. } => uploads.push(peer),
            _ => {}
        }
    }
    assert_eq!(calls, 100);
    assert_eq!(uploads, [Some("first".to_owned())]);
}

#[test]
fn a_kill_during_a_flood_of_calls_costs_the_log_no_more_than_the_last_seconds() {
    let world = World::default();
    world.node("node", "store");
    let mut a = world.machine("alice");
    a.online();
    // More files than get a line at once, and one for which most callers come.
    let many: Vec<(ItemId, String)> = (0..40)
        .map(|n| share(&a, &n.to_string(), &file(1000 + n, 59)))
        .collect();
    let (popular, cid) = &many[7];
    for caller in 0..200 {
        ask_as(&a, cid, &format!("peer{caller}"));
    }
    for (number, (_, cid)) in many.iter().enumerate() {
        ask_as(&a, cid, &format!("late{number}"));
    }
    let noted = |a: &Machine, id: &ItemId| -> u64 {
        let calls = log(a, id).into_iter().map(|entry| match entry {
            LogEntry::Requested { .. } => 1,
            LogEntry::MoreRequested { calls } => calls,
            _ => 0,
        });
        calls.sum()
    };
    world.sim.pass(Duration::from_secs(5));
    assert_eq!(noted(&a, popular), 201);
    world.sim.pass(Duration::from_secs(5));
    a.restart();
    for (id, _) in &many {
        assert_eq!(noted(&a, id), if id == popular { 201 } else { 1 });
    }
}

#[test]
fn places_in_private_networks_are_used_only_beside_ones_own_node() {
    let world = World::default();
    let settings = |nodes: &[&str]| Settings {
        nodes: nodes.iter().map(|node| (*node).to_owned()).collect(),
        ..Settings::default()
    };
    let near = world.machine_with(
        "near",
        settings(&[
            "/ip4/192.168.1.5/tcp/4102/ws",
            "/dns4/nas.lan/tcp/443/tls/ws",
        ]),
    );
    let far = world.machine_with("far", settings(&["/dns4/node.example.org/tcp/443/tls/ws"]));
    for (multiaddr, is_near, is_far) in [
        ("/ip4/192.168.1.5/tcp/8080/http", true, false),
        ("/ip4/192.168.1.1/tcp/80/http", false, false),
        ("/ip4/127.0.0.1/tcp/5001/http", false, false),
        ("/ip6/::1/tcp/5001/http", false, false),
        ("/dns4/localhost/tcp/5001/http", false, false),
        ("/dns4/127.1/tcp/5001/http", false, false),
        ("/dns4/2130706433/tcp/5001/http", false, false),
        ("/dns4/0x7f000001/tcp/5001/http", false, false),
        ("/dns4/router/tcp/80/http", false, false),
        ("/dns4/nas.lan/tcp/80/http", true, false),
        ("/ip6/64:ff9b::a00:1/tcp/80/http", false, false),
        ("/ip6/2002:7f00:1::/tcp/80/http", false, false),
        ("/ip4/240.0.0.1/tcp/80/http", false, false),
        ("/dns4/storage.example.org/tcp/443/https", true, true),
        ("/ip4/1.1.1.1/tcp/443/https", true, true),
    ] {
        assert_eq!(
            near.engine.storage_url(multiaddr).is_ok(),
            is_near,
            "{multiaddr}"
        );
        assert_eq!(
            far.engine.storage_url(multiaddr).is_ok(),
            is_far,
            "{multiaddr}"
        );
    }
}

#[test]
fn calls_for_a_file_that_storage_has_cause_no_more_requests() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let (id, cid) = share(&a, "a", &file(300_000, 58));
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    until(&a, &id, |item| {
        item.placed.is_some() && item.upload.is_none()
    });
    // The first call asks the storage, and the next ones do not.
    assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
    let asked = storage.asked.get();
    for _ in 0..10 {
        assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
    }
    assert_eq!(storage.asked.get(), asked);
    world.sim.pass(MINUTE);
    assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
    assert!(storage.asked.get() > asked);
}

#[test]
fn a_call_for_a_large_file_causes_few_requests() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let (id, cid) = share(&a, "a", &file(64 << 20, 59));
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    until(&a, &id, |item| {
        item.placed.is_some() && item.upload.is_none()
    });
    world.sim.pass(MINUTE);
    let asked = storage.asked.get();
    assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
    // About its root and the whole, and eight samples.
    assert_eq!(storage.asked.get() - asked, 10);

    // What storage has lost and does not take again is not asked about for each call.
    world.sim.pass(MINUTE);
    storage.blocks.borrow_mut().clear();
    let refuses = json!({"error": {"code": "refused", "message": "no more"}});
    world.set_node("node", refuses);
    let asked = storage.asked.get();
    for _ in 0..10 {
        assert!(matches!(ask(&a, &cid), Reply::Error(_)));
    }
    assert_eq!(storage.asked.get() - asked, 1);
    world.sim.pass(MINUTE);
    let takes = json!({"ok": {"multiaddr": "/dns4/store.example/tcp/80/http"}});
    world.set_node("node", takes);
    assert!(matches!(ask(&a, &cid), Reply::Ok(_)));
    until(&a, &id, |item| item.upload.is_none());
    assert!(!storage.blocks.borrow().is_empty());
}

#[test]
fn a_network_that_wants_a_login_is_not_taken_for_wrong_bytes() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let bytes = file(3_000_000, 59);
    let (_, cid) = share(&a, "a", &bytes);
    until_done(&b, &begin_fetch(&b, &cid));
    let c = world.machine("carol");
    c.online();
    storage.manner.set(Manner::Portal);
    let id = begin_fetch(&c, &cid);
    world.sim.pass(Duration::from_secs(20));
    storage.manner.set(Manner::Honest);
    until(&c, &id, |item| {
        item.status == Status::Done || item.status.failure().is_some()
    });
    if let Some(failure) = item(&c, &id).status.failure() {
        assert_ne!(failure.code, Code::WrongBytes);
        done(command(&c, Command::Resume { id: id.clone() }));
        until_done(&c, &id);
    }
    assert_eq!(stored(&c, &id), bytes);
    for failure in storages_failed(&c, &id) {
        assert_ne!(failure.code, Code::WrongBytes, "{failure:?}");
    }
}
