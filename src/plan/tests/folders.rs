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
