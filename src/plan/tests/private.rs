//! Tests of private shares: only who has the link can read them.

use futures::FutureExt;

use super::world::SimCipher;
use super::*;
use crate::names::{link_to, private_link};
use crate::plan::Begun;
use crate::private::Key;
use crate::private::record::{self, CONTENT, Cipher as _, Header};
use crate::private::tar::{self, Entry};
use crate::state::Secret;

/// A share of these bytes, which are on this machine already, under this name.
fn private(name: &str, bytes: &[u8]) -> ShareInput<SimSource> {
    ShareInput {
        private: true,
        ends: None,
        name: Some(name.into()),
        mime: Some("text/plain".into()),
        size: Some(bytes.len() as u64),
        source: None,
        note: None,
        body: Input::Stored(SimSource(bytes.to_vec().into())),
    }
}

/// Shares something, waits until others can get it, and returns its link.
fn shared(machine: &Machine, input: ShareInput<SimSource>) -> (ItemId, String) {
    let id = begin_share(machine, input);
    until(machine, &id, |item| item.status == Status::Shared);
    let link = item(machine, &id).link().unwrap();
    (id, link)
}

/// The files in a private item, with their paths.
fn opened(machine: &Machine, id: &ItemId) -> Vec<(String, Vec<u8>)> {
    let (engine, id) = (machine.engine.clone(), id.clone());
    let opened = machine.wait(async move { engine.opened(&id).await });
    let (SimSource(bytes), dag) = opened.unwrap();
    let file = |file: &crate::content::DagFile| {
        let range = file.offset as usize..(file.offset + file.len) as usize;
        (file.path.clone(), bytes[range].to_vec())
    };
    dag.files.iter().map(file).collect()
}

fn is_in(secret: &[u8], bytes: &[u8]) -> bool {
    bytes.windows(secret.len()).any(|part| part == secret)
}

#[test]
fn who_has_the_link_gets_it_and_nobody_else_anything_of_it() {
    let batch = 32 * CONTENT - 2 * tar::BLOCK;
    for len in [
        0,
        1,
        511,
        512,
        65_519,
        65_520,
        batch,
        batch + 1,
        5_000_000,
        20_000_000,
    ] {
        let world = World::default();
        let storage = world.node("node", "store");
        let (a, b) = world.alice_and_bob(Settings::default());
        let bytes = file(len, 7);
        let (id, link) = shared(&a, private("letter to ü.txt", &bytes));
        let shown = item(&a, &id);
        assert_eq!(shown.name, "letter to ü.txt");
        let Some(Secret(key)) = shown.key.clone() else {
            panic!("it has no key");
        };
        assert_eq!(link, private_link(shown.cid.as_ref().unwrap(), &key));

        let fetched = begin_fetch(&b, &link);
        until_done(&b, &fetched);
        let got = item(&b, &fetched);
        assert_eq!(
            (got.name.as_str(), got.mime.as_deref(), got.files),
            ("letter to ü.txt", Some("text/plain"), None)
        );
        assert_eq!((shown.size, got.size), (Some(len as u64), Some(len as u64)));
        assert_eq!(
            opened(&b, &fetched),
            [(String::new(), bytes.clone())],
            "{len}"
        );
        assert_eq!(opened(&a, &id), [(String::new(), bytes.clone())], "{len}");

        // What is stored here and there, and what others are told.
        assert_eq!(stored(&b, &fetched), stored(&a, &id));
        let Reply::Ok(mut description) = ask(&a, shown.cid.as_ref().unwrap()) else {
            panic!("it is provided");
        };
        description.remove("multiaddr");
        let size = stored(&a, &id).len();
        let expected = json!({"size": size, "type": "application/octet-stream"});
        assert_eq!(json!(description), expected);
        let reply = format!("{:?}", ask(&a, shown.cid.as_ref().unwrap()));
        let encrypted = [stored(&a, &id), reply.into_bytes()];
        let mut told: Vec<Vec<u8>> = encrypted.into();
        told.extend(storage.blocks.borrow().values().map(|block| block.to_vec()));
        for place in &told {
            assert!(!is_in(b"letter", place) && !is_in(b"text/plain", place));
            assert!(!is_in(key.text().as_bytes(), place) && !is_in(key.bytes(), place));
            if len > 100 {
                assert!(!is_in(&bytes[40..72], place));
            }
        }
    }
}

/// What the beginning of these encrypted bytes says to who has the key: nothing yet, a folder, or where a file with which name
/// and size begins.
fn begun(machine: &Machine, key: &Key, bytes: &[u8]) -> String {
    let (engine, key) = (machine.engine.clone(), key.clone());
    let beginning = SimSource(bytes.to_vec().into());
    let begun = machine.wait(async move { engine.begun(&key, &beginning).await });
    match begun {
        Ok(Begun::Little) => "little".to_owned(),
        Ok(Begun::Folder) => "folder".to_owned(),
        Ok(Begun::File(file)) => format!("{} {} {}", file.name, file.start, file.size),
        Err(failure) => format!("{:?}", failure.reason.unwrap()),
    }
}

#[test]
fn the_beginning_of_a_private_share_says_what_it_is() {
    let world = World::default();
    world.node("node", "store");
    let a = world.machine("alice");
    a.online();
    let bytes = file(3 * CONTENT, 8);
    let (id, _) = shared(&a, private("film.webm", &bytes));
    let key = item(&a, &id).key.unwrap().0;
    let sealed = stored(&a, &id);
    let second = record::HEADER + record::RECORD as usize;
    // A record that nothing follows may be the last.
    assert_eq!(begun(&a, &key, &sealed[..second]), "little");
    let begins = begun(&a, &key, &sealed[..=second]);
    let entry = Entry {
        path: "film.webm".to_owned(),
        folder: false,
        len: bytes.len() as u64,
        media_type: Some("text/plain".to_owned()),
    };
    let start = entry.head().len();
    assert_eq!(begins, format!("film.webm {start} {}", bytes.len()));
    assert_eq!(begun(&a, &key, &sealed), begins);
    let other = Key::new([9; 16]);
    assert_eq!(begun(&a, &other, &sealed), "WrongKey");
    assert_eq!(begun(&a, &key, &sealed[..10]), "NotPrivate");

    // What ends in the first record, and a folder.
    let (id, _) = shared(&a, private("note.txt", &file(100, 9)));
    let key = item(&a, &id).key.unwrap().0;
    assert_eq!(begun(&a, &key, &stored(&a, &id)), "little");
    let folder = ShareInput {
        mime: None,
        size: None,
        body: Input::Many(vec![
            ("a.bin".to_owned(), SimSource(file(2 * CONTENT, 10).into())),
            ("b.bin".to_owned(), SimSource(file(10, 11).into())),
        ]),
        ..private("holidays", &[])
    };
    let (id, _) = shared(&a, folder);
    let key = item(&a, &id).key.unwrap().0;
    assert_eq!(begun(&a, &key, &stored(&a, &id)), "folder");
}

#[test]
fn the_same_file_shared_twice_has_two_hashes() {
    let world = World::default();
    world.node("node", "store");
    let a = world.machine("alice");
    a.online();
    let bytes = file(1000, 1);
    let (one, first) = shared(&a, private("a", &bytes));
    let (two, second) = shared(&a, private("a", &bytes));
    assert_ne!(one, two);
    assert_ne!(first, second);
    let cids = [item(&a, &one).cid, item(&a, &two).cid];
    assert_ne!(cids[0], cids[1]);
}

#[test]
fn a_folder_is_one_private_file() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let files = [
        ("z/a.txt", 10),
        ("b.bin", 1_500_000),
        ("empty/", 0),
        ("z/nothing", 0),
        (".env", 4),
    ];
    let body = files
        .iter()
        .map(|(path, len)| ((*path).to_owned(), SimSource(file(*len, *len as u8).into())))
        .collect();
    let folder = ShareInput {
        body: Input::Many(body),
        ..private("things", &[])
    };
    let (id, link) = shared(&a, folder);
    let fetched = begin_fetch(&b, &link);
    until_done(&b, &fetched);
    let shown = item(&b, &fetched);
    assert_eq!((shown.name.as_str(), shown.files), ("things.zip", Some(4)));
    for (machine, id) in [(&a, &id), (&b, &fetched)] {
        let mut got = opened(machine, id);
        got.sort();
        let mut expected: Vec<(String, Vec<u8>)> = files
            .iter()
            .map(|(path, len)| ((*path).to_owned(), file(*len, *len as u8)))
            .collect();
        expected.sort();
        assert!(got == expected, "{got:?}");
    }
}

#[test]
fn what_is_at_an_address_is_shared_privately_too() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let bytes = file(650_000, 7);
    let site = Site::new(&world, "https://a.example/b.jpg", &bytes);
    *site.breaks.borrow_mut() = [140_000, 0, 70_000].into();
    let input = ShareInput {
        private: true,
        ..input_of(&site)
    };
    let (id, link) = shared(&a, input);
    assert_eq!(*site.asked.borrow(), [0, 140_000, 140_000, 210_000]);
    assert_eq!(a.disk.0.borrow().files.len(), 1, "nothing else is left");
    assert!(!is_in(&bytes[..32], &stored(&a, &id)));
    let fetched = begin_fetch(&b, &link);
    until_done(&b, &fetched);
    assert_eq!(opened(&b, &fetched), [(String::new(), bytes)]);
}

#[test]
fn a_private_and_a_plain_share_of_one_address_are_two() {
    let world = World::default();
    world.node("node", "store");
    let a = world.machine("alice");
    a.online();
    let site = Site::new(&world, "https://a.example/b.jpg", &file(650_000, 7));
    let plain = begin_share(&a, input_of(&site));
    let secret = begin_share(
        &a,
        ShareInput {
            private: true,
            ..input_of(&site)
        },
    );
    assert_ne!(plain, secret);
    for id in [&plain, &secret] {
        until(&a, id, |item| item.status == Status::Shared);
    }
    assert!(item(&a, &plain).key.is_none() && item(&a, &secret).key.is_some());
}

#[test]
fn a_wrong_key_opens_nothing_and_the_right_one_does_afterwards() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = world.alice_and_bob(Settings::default());
    let bytes = file(300_000, 3);
    let (id, link) = shared(&a, private("a.txt", &bytes));
    let cid = item(&a, &id).cid.unwrap();
    let wrong = private_link(&cid, &Key::new([9; 16]));
    let fetched = begin_fetch(&b, &wrong);
    assert_eq!(until_failed(&b, &fetched), "not_opened");
    let failure = item(&b, &fetched).status.failure().cloned().unwrap();
    assert_eq!(failure.reason, Some(Reason::WrongKey));
    assert!(b.disk.0.borrow().files.is_empty(), "nothing is left of it");

    assert_eq!(begin_fetch(&b, &link), fetched);
    until_done(&b, &fetched);
    assert_eq!(opened(&b, &fetched), [(String::new(), bytes.clone())]);
    // A link without the key is one to what is here.
    assert_eq!(begin_fetch(&b, &link_to(&cid)), fetched);
    assert_eq!(item(&b, &fetched).status, Status::Done);

    // Who had the link without the key first can open what they have.
    let c = world.machine("carol");
    c.online();
    let bare = begin_fetch(&c, &link_to(&cid));
    until_done(&c, &bare);
    assert_eq!(item(&c, &bare).name, cid);
    assert_eq!(begin_fetch(&c, &link), bare);
    until_done(&c, &bare);
    assert_eq!(item(&c, &bare).name, "a.txt");
    assert_eq!(opened(&c, &bare), [(String::new(), bytes)]);
}

#[test]
fn another_link_to_what_is_here_takes_nothing_away() {
    let world = World::default();
    world.node("node", "store");
    let (a, b) = (
        world.machine("alice"),
        world.machine_with("bob", sharing_on()),
    );
    a.online();
    b.online();
    let bytes = file(300_000, 3);
    let (secret, link) = shared(&a, private("a.txt", &bytes));
    let cid = item(&a, &secret).cid.unwrap();
    let plain = ShareInput {
        private: false,
        ..private("b.txt", &bytes)
    };
    let (_, plain) = shared(&a, plain);
    let (other, bare) = shared(&a, private("c.txt", &bytes));
    let other = item(&a, &other).cid.unwrap();
    let wrong = Key::new([9; 16]);
    let plain_cid = plain.trim_start_matches("fluence:");
    for (first, another, reason) in [
        // Another key than the one that has opened it, and keys to what has none or was fetched without one.
        (&link, private_link(&cid, &wrong), Reason::WrongKey),
        (&plain, private_link(plain_cid, &wrong), Reason::NotPrivate),
        (
            &link_to(&other),
            private_link(&other, &wrong),
            Reason::WrongKey,
        ),
    ] {
        let fetched = begin_fetch(&b, first);
        until(&b, &fetched, |item| item.is_shared());
        let before = (item(&b, &fetched), opened(&b, &fetched));
        let Answer::Refused { failure } = command(&b, Command::Fetch { link: another }) else {
            panic!("{first} was replaced");
        };
        assert_eq!(failure.code, Code::NotOpened);
        assert_eq!(failure.reason, Some(reason));
        world.sim.pass(MINUTE);
        assert_eq!((item(&b, &fetched), opened(&b, &fetched)), before);
        assert_eq!(begin_fetch(&b, first), fetched);
    }
    // The right one still opens what was fetched without one.
    let fetched = begin_fetch(&b, &bare);
    until_done(&b, &fetched);
    assert_eq!(item(&b, &fetched).name, "c.txt");
}

#[test]
fn what_was_fetched_without_its_key_says_so() {
    let world = World::default();
    world.node("node", "store");
    let (mut a, b) = world.alice_and_bob(Settings::default());
    let (id, link) = shared(&a, private("a.txt", &file(300_000, 3)));
    let cid = item(&a, &id).cid.unwrap();
    let look = |link: &str| {
        let (engine, link) = (b.engine.clone(), link.to_owned());
        b.wait(async move { engine.look(&link).await }).unwrap()
    };
    assert!(look(&link_to(&cid)).lacks_key() && !look(&link).lacks_key());
    let fetched = begin_fetch(&b, &cid);
    until_done(&b, &fetched);
    assert!(item(&b, &fetched).lacks_key());
    // Nobody says what it is; a storage has it.
    let c = world.machine("carol");
    c.online();
    a.kill();
    let left = begin_fetch(&c, &cid);
    until_done(&c, &left);
    assert!(item(&c, &left).lacks_key());
    a.restart();
    a.online();
    begin_fetch(&b, &link);
    until_done(&b, &fetched);
    assert!(!item(&b, &fetched).lacks_key());
    // What has no name and no type, and is not encrypted.
    let plain = ShareInput {
        private: false,
        ..private("", &file(300_000, 4))
    };
    let (_, plain) = shared(&a, plain);
    let fetched = begin_fetch(&b, &plain);
    until_done(&b, &fetched);
    assert!(!item(&b, &fetched).lacks_key());
}

/// The body of a private share with records of this size as another writer might make it: `padding` says how many zeros end a
/// record.
fn foreign(
    key: &Key,
    size: u32,
    name: &str,
    bytes: &[u8],
    padding: impl Fn(u64) -> usize,
) -> Vec<u8> {
    let entry = Entry {
        path: name.to_owned(),
        folder: false,
        len: bytes.len() as u64,
        media_type: None,
    };
    let mut archive = [&entry.head()[..], bytes].concat();
    archive.resize(archive.len() + tar::padding(entry.len), 0);
    archive.extend(tar::END);
    let header = Header {
        record_size: size,
        ..Header::of_share([7; 16])
    };
    let full = size as usize - record::OVERHEAD;
    let (cipher, base) = SimCipher::derive(key, &header.salt);
    let mut body = header.bytes();
    let mut left = &archive[..];
    for number in 0.. {
        let zeros = padding(number);
        let (content, rest) = left.split_at(left.len().min(full - zeros));
        let (last, mut content) = (rest.is_empty(), content.to_vec());
        content.push(if last { record::LAST } else { record::MORE });
        content.resize(content.len() + zeros, 0);
        let sealed = cipher.seal(record::nonce(&base, number), content);
        body.extend(sealed.now_or_never().unwrap().unwrap());
        left = rest;
        if last {
            break;
        }
    }
    body
}

#[test]
fn a_large_body_of_another_writer_is_opened_and_a_changed_one_is_refused() {
    for size in [record::RECORD, record::RECORD_BEFORE] {
        large_body(size);
    }
}

fn large_body(size: u32) {
    let key = Key::new([5; 16]);
    let bytes = file(6_000_000, 9);
    let whole = foreign(&key, size, "far.bin", &bytes, |_| 0);
    let padding = |number| if number == 10 { 100 } else { 0 };
    let padded = foreign(&key, size, "far.bin", &bytes, padding);
    let at = |number: usize| record::HEADER + number * size as usize;
    let mut changed = whole.clone();
    changed[at(12) + 7] ^= 1;
    let mut swapped = whole.clone();
    swapped.copy_within(at(15)..at(16), at(14));
    for (body, expected) in [
        (&whole, Ok(())),
        (&padded, Ok(())),
        (&changed, Err(Reason::Altered)),
        (&swapped, Err(Reason::Altered)),
        (&whole[..at(20)].to_vec(), Err(Reason::Incomplete)),
    ] {
        let world = World::default();
        world.node("node", "store");
        let (a, b) = world.alice_and_bob(Settings::default());
        let plain = ShareInput {
            private: false,
            ..private("body", body)
        };
        let (id, _) = shared(&a, plain);
        let cid = item(&a, &id).cid.unwrap();
        let fetched = begin_fetch(&b, &private_link(&cid, &key));
        match expected {
            Ok(()) => {
                until_done(&b, &fetched);
                assert!(opened(&b, &fetched) == [(String::new(), bytes.clone())]);
                assert_eq!(item(&b, &fetched).name, "far.bin");
            }
            Err(reason) => {
                assert_eq!(until_failed(&b, &fetched), "not_opened");
                let failure = item(&b, &fetched).status.failure().cloned().unwrap();
                assert_eq!(failure.reason, Some(reason));
                assert!(b.disk.0.borrow().files.is_empty(), "nothing is left of it");
            }
        }
    }
}

#[test]
fn what_is_decrypted_is_here_only_as_long_as_it_is_needed() {
    let world = World::default();
    world.node("node", "store");
    let (a, mut b) = world.alice_and_bob(sharing_on());
    let (_, link) = shared(&a, private("a.txt", &file(300_000, 3)));
    let fetched = begin_fetch(&b, &link);
    until_done(&b, &fetched);
    assert_eq!(b.disk.0.borrow().files.len(), 2);
    let (engine, id) = (b.engine.clone(), fetched.clone());
    b.wait(async move {
        // Somebody else uses it.
        engine.close(&id, |needed| *needed == id).await;
    });
    assert_eq!(b.disk.0.borrow().files.len(), 2);
    let (engine, id) = (b.engine.clone(), fetched.clone());
    b.wait(async move { engine.close(&id, |_| false).await });
    assert_eq!(b.disk.0.borrow().files.len(), 1);
    assert_eq!(opened(&b, &fetched).len(), 1);
    assert_eq!(b.disk.0.borrow().files.len(), 2);
    b.kill();
    b.restart();
    b.online();
    world.sim.pass(MINUTE);
    // The browser may be saving it.
    assert_eq!(b.disk.0.borrow().files.len(), 2);
    let engine = b.engine.clone();
    b.wait(async move { engine.close_others(|_| false).await });
    assert_eq!(b.disk.0.borrow().files.len(), 1);
    assert_eq!(item(&b, &fetched).status, Status::Done);
    assert_eq!(opened(&b, &fetched).len(), 1);
    done_none(command(&b, Command::Remove { ids: vec![fetched] }));
    assert!(b.disk.0.borrow().files.is_empty());
}

fn done_none(answer: Answer) {
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
}

#[test]
fn a_private_share_outlasts_a_kill_at_every_point() {
    let bytes = file(4_500_000, 5);
    let (mut went_on, mut was_whole) = (false, false);
    for kill_at in 1.. {
        let world = World::default();
        world.node("node", "store");
        let site = Site::new(&world, "https://a.example/b.jpg", &bytes);
        let mut a = world.machine_with("alice", small_leaves());
        a.kill_at.set(Some(kill_at));
        a.online();
        let share = ShareInput {
            private: true,
            ..input_of(&site)
        };
        let engine = a.engine.clone();
        world.sim.spawn(a.group, async move {
            engine.share(share).await;
        });
        let shared = |a: &Machine| {
            let items = a.engine.state().items;
            items
                .values()
                .find(|item| item.status == Status::Shared)
                .cloned()
        };
        if world.sim.run_until(MINUTE, || shared(&a).is_some()) {
            assert!(kill_at > 8, "{kill_at}");
            break;
        }
        let is_preparing = |item: &Item| item.status == Status::Preparing;
        let was_preparing = a.engine.state().items.values().any(is_preparing);
        a.kill_at.set(None);
        a.restart();
        a.online();
        world.sim.pass(MINUTE);
        match &site.asked.borrow()[..] {
            [0, at] => went_on |= *at > 4_000_000,
            [0] => was_whole |= was_preparing,
            _ => {}
        }
        match shared(&a) {
            Some(item) => {
                let files = opened(&a, &item.id);
                assert_eq!(
                    files,
                    [(String::new(), bytes.clone())],
                    "killed at {kill_at}"
                );
                let (engine, id) = (a.engine.clone(), item.id);
                a.wait(async move { engine.close(&id, |_| false).await });
                assert_eq!(a.disk.0.borrow().files.len(), 1, "killed at {kill_at}");
            }
            None => assert!(a.engine.state().items.is_empty(), "killed at {kill_at}"),
        }
    }
    assert!(went_on, "it began again each time");
    assert!(was_whole, "what had come was asked for again");
}

#[test]
fn a_private_share_of_another_version_begins_again() {
    let world = World::default();
    world.node("node", "store");
    let bytes = file(6_000_000, 5);
    let site = Site::new(&world, "https://a.example/b.jpg", &bytes);
    let mut a = world.machine("alice");
    a.online();
    let id = begin_share(
        &a,
        ShareInput {
            private: true,
            ..input_of(&site)
        },
    );
    let some = |a: &Machine| {
        let disk = a.disk.0.borrow();
        disk.files.values().any(|file| file.bytes.len() > 2_000_000)
    };
    assert!(world.sim.run_until(MINUTE, || some(&a)));
    a.kill();
    *site.etag.borrow_mut() = Some("another".to_owned());
    a.restart();
    a.online();
    until(&a, &id, |item| item.status == Status::Shared);
    assert_eq!(site.asked.borrow().last(), Some(&0));
    assert_eq!(opened(&a, &id), [(String::new(), bytes)]);
}

#[test]
fn a_private_fetch_outlasts_a_kill_at_every_point() {
    let bytes = file(400_000, 6);
    for kill_at in 1.. {
        let world = World::default();
        world.node("node", "store");
        let a = world.machine_with("alice", small_leaves());
        let mut b = world.machine("bob");
        a.online();
        b.online();
        let (_, link) = shared(&a, private("a.jpg", &bytes));
        b.kill_at.set(Some(b.steps.get() + kill_at));
        let (engine, fetch) = (b.engine.clone(), link.clone());
        world.sim.spawn(b.group, async move {
            engine.command(Command::Fetch { link: fetch }).await;
        });
        let fetched = |b: &Machine| {
            let items = b.engine.state().items;
            items
                .values()
                .find(|item| item.status == Status::Done)
                .cloned()
        };
        if world.sim.run_until(MINUTE, || fetched(&b).is_some()) {
            assert!(kill_at > 8, "{kill_at}");
            break;
        }
        b.kill_at.set(None);
        b.restart();
        b.online();
        world.sim.pass(MINUTE);
        match fetched(&b) {
            Some(item) => {
                assert_eq!(item.name, "a.jpg", "killed at {kill_at}");
                let files = opened(&b, &item.id);
                assert_eq!(
                    files,
                    [(String::new(), bytes.clone())],
                    "killed at {kill_at}"
                );
            }
            None => assert!(b.engine.state().items.is_empty(), "killed at {kill_at}"),
        }
    }
}
