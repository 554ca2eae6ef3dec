//! Tests of folders: one hash for many files.

use super::*;

#[test]
fn a_folder_goes_over_as_one() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let files = [
        ("z/a.txt", 10),
        ("b.bin", 1_500_000),
        ("z/../../c", 3),
        ("c", 4),
    ];
    let id = begin_share(
        &a,
        ShareInput {
            private: false,
            ends: None,
            name: Some("things".into()),
            mime: None,
            size: None,
            source: None,
            note: None,
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

/// Shares a folder of which a path leads to a small part.
fn share_tree(a: &Machine) -> String {
    let files = [
        ("a b/c%20d.bin", 900_000, 1),
        ("a b/100%.txt", 10, 2),
        ("z.bin", 5_000_000, 3),
    ];
    let mut folder = input(a, "things", &[]);
    let files = files.map(|(path, len, seed)| (path.to_owned(), SimSource(file(len, seed).into())));
    folder.body = Input::Many(files.into());
    let id = begin_share(a, folder);
    until(a, &id, |item| item.status == Status::Shared);
    item(a, &id).cid.unwrap()
}

#[test]
fn a_path_below_a_folder_fetches_just_that() {
    let world = World::default();
    let storage = world.node("node", "store");
    let a = world.machine_with("alice", small_leaves());
    let b = world.machine_with("bob", sharing_on());
    let c = world.machine("carol");
    for machine in [&a, &b, &c] {
        machine.online();
    }
    let folder = share_tree(&a);
    let link = format!("fluence:{folder}/a%20b/c%2520d.bin");
    let look = command(&b, Command::Look { link: link.clone() });
    let Answer::Seen { look } = look else {
        panic!("nothing is seen: {look:?}");
    };
    assert_eq!((look.name.as_deref(), look.size), (Some("c%20d.bin"), None));
    let id = begin_fetch(&b, &link);
    // It has its name at once, and no hash before that is known.
    let began = item(&b, &id);
    assert_eq!((&*began.name, began.link()), ("c%20d.bin", None));
    until_done(&b, &id);
    assert_eq!(stored(&b, &id), file(900_000, 1));
    let fetched = item(&b, &id);
    assert_eq!(
        (&*fetched.name, fetched.size, fetched.files),
        ("c%20d.bin", Some(900_000), None)
    );
    // It can be shared like anything else, to people who know nothing of the folder.
    let cid = fetched.cid.unwrap();
    assert_ne!(cid, folder);
    until(&b, &id, |item| item.confirmed);
    let alone = begin_fetch(&c, &cid);
    until_done(&c, &alone);
    assert_eq!(stored(&c, &alone), file(900_000, 1));
    // The same link, and another one to the same file, lead to the same item.
    assert_eq!(begin_fetch(&b, &link), id);
    let other = begin_fetch(&b, &format!("{folder}/a b/c%20d.bin"));
    assert_ne!(other, id);
    let is_gone = || {
        b.engine
            .with_state(|state| state.items.get(&other).is_none())
    };
    assert!(world.sim.run_until(LONG, is_gone));
    // The person is told at the item that was here, since they asked for it.
    let is_told = || log(&b, &id).contains(&LogEntry::FetchedAgain);
    assert!(world.sim.run_until(MINUTE, is_told));

    // A folder in a folder is one, too. Nothing that is not in it has been fetched.
    let asked = storage.gets.get();
    let below = begin_fetch(&b, &format!("{folder}/a b/"));
    until_done(&b, &below);
    let below = item(&b, &below);
    assert_eq!((&*below.name, below.files), ("a b.zip", Some(2)));
    assert_eq!(below.size, Some(900_010));
    assert!(storage.gets.get() <= asked + 3);

    for (path, name) in [("z.bin/x", "x"), ("a b/nothing", "nothing")] {
        let id = begin_fetch(&b, &format!("{folder}/{path}"));
        assert_eq!(until_failed(&b, &id), "bad_link");
        let failure = item(&b, &id).status.failure().cloned().unwrap();
        assert_eq!(failure.reason, Some(Reason::NoSuchEntry));
        assert_eq!(failure.detail.as_deref(), Some(name));
    }
    let key = crate::private::Key::new([7; 16]).text();
    let private = format!("fluence:{folder}/z.bin#{key}");
    assert_eq!(
        refused(command(&b, Command::Fetch { link: private })),
        "bad_link"
    );
}

#[test]
fn a_fetch_of_a_path_outlasts_a_kill_at_every_point_and_lies_of_a_storage() {
    for kill_at in 1.. {
        let world = World::default();
        let storage = world.node("node", "store");
        let a = world.machine_with("alice", small_leaves());
        let mut b = world.machine("bob");
        a.online();
        b.online();
        let link = format!("{}/a b/c%20d.bin", share_tree(&a));
        b.kill_at.set(Some(b.steps.get() + kill_at));
        let engine = b.engine.clone();
        world.sim.spawn(b.group, async move {
            engine.command(Command::Fetch { link }).await;
        });
        let is_done = |b: &Machine| {
            b.engine
                .with_state(|state| state.items.values().any(|item| item.status == Status::Done))
        };
        if world.sim.run_until(MINUTE, || is_done(&b)) {
            assert!(kill_at > 7, "{kill_at}");
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
        assert_eq!(stored(&b, &id), file(900_000, 1), "killed at {kill_at}");
        // A storage that lies about a folder leads nobody to anything else.
        storage.manner.set(Manner::Lies);
        let c = world.machine("carol");
        c.online();
        let lied = begin_fetch(
            &c,
            &format!("{}/z.bin", item(&b, &id).inside.unwrap().folder),
        );
        assert_eq!(until_failed(&c, &lied), "wrong_bytes");
        assert_eq!(item(&c, &lied).cid, None);
    }
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
    // This is the CID that `ipfs add -r` gives an empty folder.
    const EMPTY: &str = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn";
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(small_leaves());
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
            // A file has this name already.
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
fn a_folder_is_listed_before_it_is_fetched_and_one_file_of_it_is_taken() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    // With such names it is a folder in many blocks.
    let many = (0..1_500).map(|n| (format!("{n:0>190}"), 10));
    let files = many.chain([("sub/big.bin".to_owned(), 1_500_000)]);
    let mut folder = input(&a, "things", &[]);
    folder.body = Input::Many(
        files
            .map(|(name, len)| {
                let bytes = file(len, name.len() as u8);
                (name, SimSource(bytes.into()))
            })
            .collect(),
    );
    let id = begin_share(&a, folder);
    until(&a, &id, |item| item.status == Status::Shared);
    let link = item(&a, &id).cid.unwrap();
    let inside = |within: Option<&str>, upload| {
        let (link, within) = (link.clone(), within.map(str::to_owned));
        command(
            &b,
            Command::Inside {
                link,
                within,
                upload,
            },
        )
    };
    let entries = |answer: Answer| match answer {
        Answer::Inside {
            entries: Some(entries),
            more: false,
            ..
        } => entries,
        other => panic!("{other:?}"),
    };

    let nowhere = Answer::Inside {
        root: link.clone(),
        entries: None,
        more: false,
    };
    assert_eq!(inside(None, false), nowhere);
    assert!(storage.blocks.borrow().is_empty(), "nothing was uploaded");

    let listed = entries(inside(None, true));
    assert_eq!(listed.len(), 1_501);
    let first = (&*listed[0].name, listed[0].size, listed[0].folder);
    assert_eq!(first, (&*"0".repeat(190), Some(10), Some(false)));
    let sub = listed.last().unwrap();
    assert_eq!((&*sub.name, sub.folder), ("sub", Some(true)));
    let within = entries(inside(Some(&sub.cid), false));
    let big: Vec<_> = within
        .iter()
        .map(|e| (&*e.name, e.size, e.folder))
        .collect();
    assert_eq!(big, [("big.bin", Some(1_500_000), Some(false))]);
    assert!(b.engine.state().items.values().next().is_none());

    let cid = within[0].cid.clone();
    assert_eq!(refused(inside(Some(&cid), false)), "bad_dag");
    let below = format!("{link}/{}/{}", sub.part, within[0].part);
    let Answer::Done { id: Some(id) } = command(&b, Command::Fetch { link: below }) else {
        panic!("it is not fetched");
    };
    until_done(&b, &id);
    let fetched = item(&b, &id);
    assert_eq!((&*fetched.name, fetched.size), ("big.bin", Some(1_500_000)));
    assert_eq!(
        b.disk.0.borrow().files[&id].bytes[..],
        file(1_500_000, 11)[..]
    );
}

#[test]
fn entries_with_one_name_or_none_are_fetched_as_they_are_listed() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (_a, b) = world.alice_and_bob(Settings::default());
    // What is encoded is looked for before what is written so.
    let names = ["a", "a", "", "c d", "c%20d"];
    let children = (1..).map(|n: u8| Child {
        cid: storage.put_block(0x55, vec![n; 10].into()),
        size: 10,
        tsize: 10,
    });
    let folder = unixfs::directory(names.into_iter().zip(children));
    let link = storage.put_block(0x70, folder).to_string();
    let inside = Command::Inside {
        link,
        within: None,
        upload: false,
    };
    let Answer::Inside {
        root,
        entries: Some(entries),
        more: false,
    } = command(&b, inside)
    else {
        panic!("it is not listed");
    };
    assert_eq!(entries.len(), names.len());
    for entry in entries {
        let link = format!("{root}/{}", entry.part);
        let id = begin_fetch(&b, &link);
        until_done(&b, &id);
        assert_eq!(item(&b, &id).cid, Some(entry.cid), "{}", entry.name);
    }
}

#[test]
fn the_own_link_of_a_file_is_followed_where_its_folder_is_gone() {
    let world = World::default();
    let storage = world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let (shared, _) = share(&a, "photo.jpg", &file(700_000, 5));
    until(&a, &shared, |item| item.status == Status::Shared);
    let cid = item(&a, &shared).cid.unwrap();
    let folder = unixfs::directory([]);
    let folder = storage.put_block(0x70, folder).to_string();
    // It was found in a folder that nobody provides any more.
    let id = ItemId("0123456789abcdef0123456789abcdef".into());
    record(
        &b,
        vec![
            EventKind::FetchBegan {
                id: id.clone(),
                cid: folder,
                key: None,
                path: Some("photo.jpg".into()),
            },
            EventKind::Found {
                id: id.clone(),
                cid: cid.clone(),
                name: "photo.jpg".into(),
            },
            EventKind::Status {
                id: id.clone(),
                status: Status::Failed {
                    failure: Code::NoProvider.into(),
                },
            },
        ],
    );
    assert_eq!(begin_fetch(&b, &cid), id);
    until_done(&b, &id);
}
