//! Tests of what a person asks for: stopping, removing, pausing, settings, limits.

use super::super::LEFT_FROM;
use super::*;

#[test]
fn a_full_disk_keeps_what_came() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(small_leaves());
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
    // There is nothing to continue from, and the item does not claim that there is.
    let shown = item(&a, &shared);
    assert_eq!(shown.status.name(), "failed");
    assert!(!shown.can_resume());
    assert_eq!(
        refused(command(&a, Command::Resume { id: shared })),
        "file_gone"
    );
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
    // A server may say so only in its answer, or not at all.
    for sized in [true, false] {
        let mut site = Site::with(&world, "https://a.example/large", &file(2000, 53));
        site.sized = sized;
        let id = begin_share(&b, input_of(&Rc::new(site)));
        assert_eq!(until_failed(&b, &id), "too_large");
    }
    let mut untold = input(&b, "a", &file(2000, 53));
    untold.size = None;
    let id = begin_share(&b, untold);
    assert_eq!(until_failed(&b, &id), "too_large");
    let (_, cid) = share(&a, "a", &file(2000, 53));
    let id = begin_fetch(&b, &cid);
    assert_eq!(until_failed(&b, &id), "too_large");
}

/// Gives an item a name and a note, as they were typed.
fn rename(machine: &Machine, id: &ItemId, name: Option<&str>, note: Option<&str>) {
    let renamed = Command::Rename {
        id: id.clone(),
        name: name.map(str::to_owned),
        note: note.map(str::to_owned),
    };
    done(command(machine, renamed));
}

#[test]
fn a_file_is_fetched_under_its_new_name_and_the_note_stays_here() {
    let world = World::default();
    world.node("node", "store");
    let (mut a, b) = world.alice_and_bob(Settings::default());
    let (id, cid) = share(&a, "scan0001.jpg", &file(300_000, 61));
    rename(&a, &id, Some(" for/Anna.jpg"), Some(" sent\nin May "));
    a.restart();
    a.online();
    let renamed = item(&a, &id);
    assert_eq!(renamed.name, "for_Anna.jpg");
    assert_eq!(renamed.note.as_deref(), Some("sent in May"));
    assert_eq!(renamed.cid.as_ref(), Some(&cid));
    until(&a, &id, |item| item.status == Status::Shared);
    let fetched = begin_fetch(&b, &cid);
    // Before all of it is here, it can only get a note.
    rename(&b, &fetched, Some("mine.jpg"), Some("from Alice"));
    until_done(&b, &fetched);
    assert_eq!(item(&b, &fetched).name, "for_Anna.jpg");
    assert_eq!(item(&b, &fetched).note.as_deref(), Some("from Alice"));
    rename(&b, &fetched, Some("mine.jpg"), None);
    assert_eq!(item(&b, &fetched).name, "mine.jpg");
    assert_eq!(item(&b, &fetched).note, None);
    // Nothing but spaces is no name, and what changes nothing is not written down.
    let written = b.journal.borrow().len();
    rename(&b, &fetched, Some(" "), Some("\u{202e} "));
    rename(&b, &fetched, Some("mine.jpg"), None);
    assert_eq!(b.journal.borrow().len(), written);
}

#[test]
fn a_note_is_made_with_the_share() {
    let world = World::default();
    world.node("node", "store");
    let (a, _) = world.alice_and_bob(Settings::default());
    let noted = ShareInput {
        note: Some("of\tMay".into()),
        ..input(&a, "a.jpg", &file(1000, 62))
    };
    let id = begin_share(&a, noted);
    assert_eq!(item(&a, &id).note.as_deref(), Some("of May"));
}

#[test]
fn a_fetched_folder_stays_a_zip_file_whatever_it_is_called() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let body = Input::Many(vec![("a".into(), SimSource(file(1000, 63).into()))]);
    let folder = ShareInput {
        body,
        ..input(&a, "trip", &[])
    };
    let id = begin_share(&a, folder);
    until(&a, &id, |item| item.status == Status::Shared);
    rename(&a, &id, Some("travels"), None);
    let cid = item(&a, &id).cid.unwrap();
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    assert_eq!(item(&b, &fetched).name, "travels.zip");
    for (typed, name) in [("Rome", "Rome.zip"), ("Paris.zip", "Paris.zip")] {
        rename(&b, &fetched, Some(typed), None);
        assert_eq!(item(&b, &fetched).name, name);
    }
}

#[test]
fn what_is_shared_again_under_another_name_is_called_that() {
    let world = World::default();
    world.node("node", "store");
    let (a, _) = world.alice_and_bob(Settings::default());
    let bytes = file(1000, 65);
    let (id, _) = share(&a, "IMG_1437.jpg", &bytes);
    for (name, note, named, noted) in [
        ("dawn.jpg", Some("of May"), "dawn.jpg", Some("of May")),
        // Nothing is said of either.
        ("IMG_1437.jpg", None, "dawn.jpg", Some("of May")),
        // Only a name was typed.
        ("dusk.jpg", Some(" "), "dusk.jpg", Some("of May")),
        ("dusk.jpg", Some("of June"), "dusk.jpg", Some("of June")),
    ] {
        let again = ShareInput {
            note: note.map(str::to_owned),
            ..input(&a, name, &bytes)
        };
        let again = begin_share(&a, again);
        let engine = a.engine.clone();
        let merged = a.world.sim.run_until(LONG, || {
            engine.with_state(|state| state.items.get(&again).is_none())
        });
        assert!(merged, "it is not found to be the same");
        let kept = item(&a, &id);
        assert_eq!((&*kept.name, kept.note.as_deref()), (named, noted));
    }
}

#[test]
fn the_name_of_a_private_share_stays_and_its_note_does_not() {
    let world = World::default();
    world.node("node", "store");
    let (a, _) = world.alice_and_bob(Settings::default());
    let private = ShareInput {
        private: true,
        ..input(&a, "letter.txt", &file(1000, 64))
    };
    let id = begin_share(&a, private);
    until(&a, &id, |item| item.status == Status::Shared);
    rename(&a, &id, Some("other.txt"), Some("to whom"));
    let named = item(&a, &id);
    assert_eq!(named.name, "letter.txt");
    assert_eq!(named.note.as_deref(), Some("to whom"));
}

#[test]
fn fetching_makes_nobody_a_sender_who_did_not_choose_it() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let (_, cid) = share(&a, "a", &file(300_000, 55));
    let id = begin_fetch(&b, &cid);
    until_done(&b, &id);
    world.sim.pass(MINUTE);
    assert!(!item(&b, &id).providing);
    assert_eq!(world.providers(&function(&cid)), 1);
    // It can be chosen for this file alone.
    done(command(&b, Command::ShareAgain { id: id.clone() }));
    until(&b, &id, Item::is_shared);
    assert_eq!(world.providers(&function(&cid)), 2);
    done(command(&b, Command::Stop { id }));
    world.sim.pass(MINUTE);
    assert_eq!(world.providers(&function(&cid)), 1);
}

#[test]
fn stop_and_remove_mean_what_they_say() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
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
    command(
        &a,
        Command::Remove {
            ids: vec![id.clone()],
        },
    );
    assert!(a.engine.state().items.is_empty());
    assert!(a.disk.0.borrow().files.is_empty());
    assert_eq!(refused(command(&a, Command::Stop { id })), "unknown_item");
}

#[test]
fn files_take_no_more_room_than_they_may() {
    let world = World::default();
    world.node("node", "store");
    let narrow = Settings {
        max_room: Some(1_000_000),
        ..Settings::default()
    };
    let (a, b) = (world.machine("alice"), world.machine_with("bob", narrow));
    a.online();
    b.online();
    let (kept, _) = share(&b, "kept", &file(600_000, 60));

    // What is shared from this machine is refused at once, as a file and as a folder.
    let engine = b.engine.clone();
    let second = input(&b, "second", &file(600_000, 61));
    assert_eq!(
        refused(b.wait(async move { engine.share(second).await })),
        "room_full"
    );
    // A server may say how much it is only in its answer, or not at all.
    for sized in [true, false] {
        let mut site = Site::with(&world, "https://a.example/third", &file(600_000, 62));
        site.sized = sized;
        let id = begin_share(&b, input_of(&Rc::new(site)));
        assert_eq!(until_failed(&b, &id), "room_full", "{sized}");
        assert_eq!(b.disk.0.borrow().files.len(), 1, "{sized}");
    }
    // So is what is fetched, and nothing that is here is touched.
    let bytes = file(600_000, 63);
    let (_, cid) = share(&a, "fourth", &bytes);
    let fetched = begin_fetch(&b, &cid);
    assert_eq!(until_failed(&b, &fetched), "room_full");
    assert_eq!(stored(&b, &kept), file(600_000, 60));

    // With room it goes on, and a file of no bytes needs none.
    share(&b, "empty", &[]);
    let failed = b.engine.with_state(|state| {
        let items = state.items.values();
        let failed = items.filter(|item| item.status.name() == "failed");
        failed.map(|item| item.id.clone()).collect::<Vec<_>>()
    });
    let gone = ItemId("gone".into());
    let ids = failed.into_iter().chain([kept.clone(), gone]).collect();
    command(&b, Command::Remove { ids });
    done(command(
        &b,
        Command::Resume {
            id: fetched.clone(),
        },
    ));
    until_done(&b, &fetched);
    assert_eq!(stored(&b, &fetched), bytes);
    assert_eq!(b.engine.with_state(|state| state.used(None)), 600_000);
    assert_eq!(b.engine.with_state(|state| state.items.len()), 2);
}

#[test]
fn what_comes_at_the_same_time_takes_no_more_room_together() {
    let world = World::default();
    world.node("node", "store");
    let narrow = Settings {
        max_room: Some(1_000_000),
        ..Settings::default()
    };
    let a = world.machine_with("alice", narrow);
    a.online();
    // No server says how much it is, so only what comes tells.
    let ids = [("https://a.example/a", 66), ("https://a.example/b", 67)].map(|(url, seed)| {
        let mut site = Site::with(&world, url, &file(600_000, seed));
        site.sized = false;
        begin_share(&a, input_of(&Rc::new(site)))
    });
    let ended = || {
        ids.iter()
            .all(|id| item(&a, id).cid.is_some() || item(&a, id).status.failure().is_some())
    };
    assert!(world.sim.run_until(LONG, ended));
    assert!(a.engine.with_state(|state| state.used(None)) <= 1_000_000);
    let failed = |id| {
        item(&a, id)
            .status
            .failure()
            .map(|why| why.code.to_string())
    };
    let failed: Vec<String> = ids.iter().filter_map(failed).collect();
    assert!(failed.contains(&"room_full".to_owned()), "{failed:?}");
    // What there is no room for leaves it to others.
    command(&a, Command::Remove { ids: ids.to_vec() });
    share(&a, "c", &file(900_000, 65));
}

#[test]
fn without_a_limit_of_the_person_that_of_the_disk_holds() {
    let world = World::default();
    world.node("node", "store");
    let a = world.machine("alice");
    a.online();
    let engine = a.engine.clone();
    a.wait(async move { engine.record([EventKind::Room { size: 1_000 }]).await });
    let engine = a.engine.clone();
    let told = input(&a, "a", &file(2_000, 64));
    assert_eq!(
        refused(a.wait(async move { engine.share(told).await })),
        "room_full"
    );
    let settings = Settings {
        max_room: Some(3_000),
        ..Settings::default()
    };
    command(&a, Command::Set { settings });
    share(&a, "a", &file(2_000, 64));
}

#[test]
fn a_pause_keeps_what_came() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(small_leaves());
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
    command(&b, Command::Remove { ids: vec![id] });
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
fn a_read_that_fails_once_does_not_end_a_share() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let bytes = file(300_000, 58);
    let (id, cid) = share(&a, "a", &bytes);
    a.disk.0.borrow_mut().failing = 1;
    let Reply::Error(error) = ask(&a, &cid) else {
        panic!("it could not be read");
    };
    assert_eq!(error.code, ErrorCode::NoSuchFunction);
    assert_eq!(item(&a, &id).status, Status::Shared);
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    assert_eq!(stored(&b, &fetched), bytes);

    // What is not there at the second look either is gone.
    let (id, cid) = share(&a, "b", &file(300_000, 59));
    a.disk.0.borrow_mut().failing = 2;
    ask(&a, &cid);
    assert_eq!(until_failed(&a, &id), "file_gone");
}

/// A chosen file that is so large that it stays where it is.
fn large(seed: u8) -> ShareInput<SimSource> {
    ShareInput {
        ends: None,
        private: false,
        name: Some("film".into()),
        mime: None,
        size: Some(LEFT_FROM),
        source: None,
        note: None,
        body: Input::Stored(SimSource(file(LEFT_FROM as usize, seed).into())),
    }
}

#[test]
fn a_large_file_takes_no_room_and_waits_for_a_click() {
    let world = World::default();
    world.node("node", "store");
    let (mut a, b) = world.alice_and_bob(Settings::default());
    let max_room = Some(1_000_000);
    let settings = Settings {
        max_room,
        ..Settings::default()
    };
    command(&a, Command::Set { settings });
    let ids: Vec<ItemId> = [61, 62]
        .map(|seed| {
            let id = begin_share(&a, large(seed));
            until(&a, &id, |item| item.status == Status::Shared);
            id
        })
        .into();
    let cids: Vec<String> = ids.iter().map(|id| item(&a, id).cid.unwrap()).collect();
    assert_eq!(a.engine.with_state(|state| state.used(None)), 0);
    let limit = Command::Limit {
        id: ids[0].clone(),
        seconds: None,
        calls: Some(7),
    };
    done(command(&a, limit));

    // The browser was started again, and reads no file of the person's before a click.
    a.disk.0.borrow_mut().locked = true;
    a.restart();
    a.online();
    for (id, cid) in ids.iter().zip(&cids) {
        assert_eq!(until_failed(&a, id), "needs_click");
        let Reply::Error(error) = ask(&a, cid) else {
            panic!("it cannot be read");
        };
        assert_eq!(error.code, ErrorCode::NoSuchFunction);
    }
    let again = || Command::ShareAgain { id: ids[1].clone() };
    assert_eq!(refused(command(&a, again())), "needs_click");
    assert!(ids.iter().all(|id| item(&a, id).needs_click()));

    // One click is enough for all of them, and changes nothing else.
    a.disk.0.borrow_mut().locked = false;
    done(command(&a, again()));
    for (id, cid) in ids.iter().zip(&cids) {
        until(&a, id, |item| item.status == Status::Shared);
        let fetched = begin_fetch(&b, cid);
        until_done(&b, &fetched);
        assert_eq!(stored(&b, &fetched), stored(&a, id));
    }
    assert_eq!(item(&a, &ids[0]).limits.calls, Some(7));

    // What changes where it is does not leave, although this run has hashed it.
    let id = begin_share(&a, large(63));
    until(&a, &id, |item| item.status == Status::Shared);
    let cid = item(&a, &id).cid.unwrap();
    if let Some(file) = a.disk.0.borrow_mut().files.get_mut(&id) {
        file.bytes[9_000_000] ^= 1;
    }
    let fetched = begin_fetch(&b, &cid);
    assert_eq!(until_failed(&a, &id), "file_gone");
    until_failed(&b, &fetched);
}

#[test]
fn a_large_file_is_copied_if_the_person_wants_that() {
    let world = World::default();
    world.node("node", "store");
    let (a, _b) = world.alice_and_bob(Settings::default());
    let settings = Settings {
        copy_large: true,
        ..Settings::default()
    };
    command(&a, Command::Set { settings });
    let id = begin_share(&a, large(64));
    until(&a, &id, |item| item.status == Status::Shared);
    assert!(!item(&a, &id).stays && !a.disk.0.borrow().files[&id].left);
    assert_eq!(a.engine.with_state(|state| state.used(None)), LEFT_FROM);
    // A private share is stored encrypted, whatever is chosen.
    let settings = Settings::default();
    command(&a, Command::Set { settings });
    let private = ShareInput {
        private: true,
        ..large(65)
    };
    let id = begin_share(&a, private);
    until(&a, &id, |item| item.status == Status::Shared);
    assert!(!item(&a, &id).stays);
}

#[test]
fn no_more_than_sixteen_files_are_uploaded_at_the_same_time() {
    let world = World::default();
    let storage = world.node("node", "store");
    // Each takes 20 s, so none has left when the last is asked for.
    storage.slow.set(100);
    let a = world.machine("alice");
    a.online();
    let cids: Vec<String> = (0..17)
        .map(|seed| share(&a, "a", &file(200_000, 70 + seed)).1)
        .collect();
    let (last, first) = cids.split_last().unwrap();
    for cid in first {
        assert!(matches!(ask_as(&a, cid, cid), Reply::Ok(_)), "{cid}");
    }
    let Reply::Error(busy) = ask_as(&a, last, "y") else {
        panic!("it is the seventeenth");
    };
    assert_eq!(busy.code, ErrorCode::Busy);
    assert!(busy.retry_after_ms.is_some());
    world.sim.pass(MINUTE);
    assert!(
        storage.most_posting.get() <= 16,
        "{}",
        storage.most_posting.get()
    );
    assert!(matches!(ask_as(&a, last, "y"), Reply::Ok(_)));
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
fn a_share_without_a_name_is_described_without_one() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    // The sizes of one that is read at once, and of one that is not.
    for len in [1000, 100_000] {
        let private = ShareInput {
            private: false,
            ends: None,
            name: None,
            mime: Some("application/octet-stream".into()),
            size: None,
            source: None,
            note: None,
            body: Input::Stored(SimSource(file(len, 77).into())),
        };
        let id = begin_share(&a, private);
        until(&a, &id, |item| item.status == Status::Shared);
        let cid = item(&a, &id).cid.unwrap();
        let Reply::Ok(mut told) = ask(&a, &cid) else {
            panic!("it is provided");
        };
        assert!(told.remove("multiaddr").is_some());
        let expected = json!({"size": len, "type": "application/octet-stream"});
        assert_eq!(json!(told), expected);
        let fetched = begin_fetch(&b, &cid);
        until_done(&b, &fetched);
        assert_eq!(item(&b, &fetched).name, cid, "nobody said another one");
    }
}

#[test]
fn what_is_at_a_link_is_said_before_anything_moves() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let look = |machine: &Machine, link: &str| {
        let link = link.to_owned();
        command(machine, Command::Look { link })
    };
    let (_, cid) = share(&a, "holiday.jpg", &file(300_000, 91));
    let plain = Look {
        name: Some("holiday.jpg".into()),
        mime: Some("image/jpeg".into()),
        size: Some(300_000),
        peer: Some("alice".into()),
        private: false,
    };
    assert_eq!(
        look(&b, &cid),
        Answer::Seen {
            look: plain.clone()
        }
    );
    assert!(storage.blocks.borrow().is_empty(), "nothing was uploaded");
    assert!(b.engine.state().items.values().next().is_none());
    let here = Look {
        peer: None,
        ..plain
    };
    assert_eq!(look(&a, &cid), Answer::Seen { look: here });

    // What is private has its name in its bytes, whatever somebody says about it.
    let link = format!("fluence:{cid}#{}", "A".repeat(22));
    let hidden = Look {
        name: None,
        mime: None,
        size: Some(300_000),
        peer: Some("alice".into()),
        private: true,
    };
    assert_eq!(look(&b, &link), Answer::Seen { look: hidden });

    a.kill();
    assert_eq!(refused(look(&b, &cid)), "no_provider");
    assert_eq!(refused(look(&b, "holiday.jpg")), "bad_link");
}
