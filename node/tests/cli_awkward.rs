//! Inputs from real life that went wrong (`awkward/`), through a real node and a real fetch.
#![cfg(unix)]

mod support;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{World, bytes, fluence, get, output};

/// A node that has what is in a CAR of `awkward/`, and the CID of its root.
fn with_car(name: &str) -> (World, String) {
    let world = World::new();
    let car = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/awkward")
        .join(name);
    let imported = output(
        fluence(&world.path("node"))
            .args(["storage", "import"])
            .arg(car),
    );
    let lines = String::from_utf8_lossy(&imported.stdout).into_owned();
    let imported: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    let root = imported["roots"][0].as_str().expect(&lines).to_owned();
    (world, root)
}

/// Fetches a file or a folder, and returns its place, with the names that were changed and those of links that were
/// left out, as the command told them.
fn fetched(world: &World, cid: &str) -> (PathBuf, Vec<String>, Vec<String>) {
    let to = world.path("out");
    let fetch = world.client("bob", "fetch", &[cid, "-o", to.to_str().unwrap()]);
    let (mut renamed, mut left_out) = (Vec::new(), Vec::new());
    loop {
        let event = fetch.event_where("an event", |_| true);
        let name = event["name"].as_str().unwrap_or_default().to_owned();
        match event["event"].as_str() {
            Some("renamed") => renamed.push(name),
            Some("left_out") => left_out.push(name),
            Some("fetched") => break,
            _ => {}
        }
    }
    fetch.succeeds();
    (to, renamed, left_out)
}

fn names_in(folder: &Path) -> BTreeSet<Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().as_bytes().to_vec())
        .collect()
}

/// The addresses that a listing links its entries to, below the node.
fn listed(world: &World, path: &str) -> Vec<String> {
    let (status, page) = get(&world.http, path);
    assert_eq!(status, 200, "{path}");
    let page = String::from_utf8(page).unwrap();
    page.split("<tr><td><a href=\"")
        .skip(1)
        .map(|row| row.split('"').next().unwrap().to_owned())
        .filter(|href| !href.ends_with("/.."))
        .collect()
}

#[test]
fn a_file_that_states_no_sizes_is_whole() {
    let (world, cid) = with_car("foofoo-no-blocksizes.car");
    let path = format!("/ipfs/{cid}");
    assert_eq!(get(&world.http, &path), (200, b"foofoo".to_vec()));
    let curl = |args: &[&str]| {
        let done = output(
            std::process::Command::new("curl")
                .args(["-s", "-D", "-"])
                .args(args)
                .arg(format!("{}{path}", world.http)),
        );
        String::from_utf8(done.stdout).unwrap().to_lowercase()
    };
    let head = curl(&["-I"]);
    assert!(head.contains("content-length: 6\r\n"), "{head}");
    let part = curl(&["-r", "2-4"]);
    assert!(
        part.contains(" 206 ") && part.ends_with("\r\n\r\nofo"),
        "{part}"
    );
    let (file, ..) = fetched(&world, &cid);
    assert_eq!(fs::read(file).unwrap(), b"foofoo");
}

#[test]
fn symbolic_links_are_kept_inside_and_named_outside() {
    let (world, cid) = with_car("symlinks.car");
    let (folder, renamed, left_out) = fetched(&world, &cid);
    assert_eq!(
        fs::read_link(folder.join("link")).unwrap(),
        Path::new("target.txt")
    );
    assert_eq!(fs::read(folder.join("link")).unwrap(), b"target\n");
    assert!(!folder.join("escape").is_symlink());
    assert_eq!((renamed, left_out), (vec![], vec!["escape".to_owned()]));
}

#[test]
fn two_entries_of_one_name_are_both_there() {
    let (world, cid) = with_car("dup-names.car");
    let rows = listed(&world, &format!("/ipfs/{cid}/"));
    let contents: Vec<Vec<u8>> = rows.iter().map(|href| get(&world.http, href).1).collect();
    assert_eq!(contents, [b"one\n", b"two\n"], "{rows:?}");
    let (folder, renamed, _) = fetched(&world, &cid);
    assert_eq!(fs::read(folder.join("a")).unwrap(), b"one\n");
    assert_eq!(fs::read(folder.join("a (2)")).unwrap(), b"two\n");
    assert_eq!(renamed, ["a"]);
}

#[test]
fn names_change_only_where_the_disk_cannot_hold_them() {
    let (world, cid) = with_car("nasty-names.car");
    for href in listed(&world, &format!("/ipfs/{cid}/")) {
        assert_eq!(get(&world.http, &href), (200, b"one\n".to_vec()), "{href}");
    }
    // The bytes of a name that is not UTF-8 find it.
    let (status, _) = get(&world.http, &format!("/ipfs/{cid}/bad%FF%FEutf8"));
    assert_eq!(status, 200);

    let (folder, renamed, _) = fetched(&world, &cid);
    let names = names_in(&folder);
    let kept: [&[u8]; 20] = [
        b"\"q\".txt",
        b".hidden",
        b"100%",
        b"100%25.txt",
        b"<img src=x onerror=alert(1)>",
        b"AUX",
        b"CON.txt",
        b"NUL",
        b"Na\xcc\x81vrat",
        b"N\xc3\xa1vrat",
        b"a:b",
        b"a\\b",
        b"bad\xff\xfeutf8",
        b"dot.",
        b"evil.exe ",
        b"lead\xe2\x80\xaegpj.exe",
        b"nl\nX: 1.txt",
        b"q?x=1#y.png",
        b"~tilde",
        "👩\u{200d}👩\u{200d}👧.txt".as_bytes(),
    ];
    for name in kept {
        assert!(
            names.contains(name),
            "{:?} in {names:?}",
            OsStr::from_bytes(name)
        );
    }
    let changed: BTreeSet<String> = renamed.iter().cloned().collect();
    let long = "é".repeat(200);
    let expected = ["", ".", "..", "../evil", "a/b", &long].map(str::to_owned);
    assert_eq!(changed, expected.into_iter().collect());
    assert_eq!(
        names.len(),
        kept.len() + renamed.len() + 1,
        "nothing is missing"
    );
}

#[test]
fn a_path_below_a_hash_fetches_just_that() {
    let world = World::new();
    let folder = world.path("F");
    fs::create_dir_all(folder.join("a b")).unwrap();
    fs::write(folder.join("a b/100%.txt"), "this").unwrap();
    fs::write(folder.join("other.txt"), "not this").unwrap();
    let (_share, link) = world.share("alice", &[&folder]);
    let cid = link.trim_start_matches("fluence:");
    for (number, path) in [
        "{}/a b/100%.txt",
        "fluence:{}/a%20b/100%25.txt",
        "/ipfs/{}/a b/100%.txt",
    ]
    .into_iter()
    .enumerate()
    {
        let to = world.path(&format!("to-{number}"));
        fs::create_dir(&to).unwrap();
        let wanted = path.replace("{}", cid);
        let state = format!("bob-{number}");
        let fetch = world.client(&state, "fetch", &[&wanted, "-o", to.to_str().unwrap()]);
        let fetched = fetch.event("fetched");
        assert_eq!(
            (&fetched["name"], &fetched["size"]),
            (&"100%.txt".into(), &4.into())
        );
        fetch.succeeds();
        assert_eq!(names_in(&to), BTreeSet::from([b"100%.txt".to_vec()]));
        assert_eq!(fs::read(to.join("100%.txt")).unwrap(), b"this");
    }
    // A folder in the folder.
    let to = world.path("below");
    let below = format!("{link}/a%20b");
    world
        .client("carol", "fetch", &[&below, "-o", to.to_str().unwrap()])
        .succeeds();
    assert_eq!(names_in(&to), BTreeSet::from([b"100%.txt".to_vec()]));
    // What is not there is named.
    let missing = format!("{link}/a%20b/none.txt");
    let (_, error) = world.client("dora", "fetch", &[&missing]).fails();
    assert_eq!(error["code"], "bad_link");
    assert_eq!(error["reason"], "no_such_entry");
    let said = error["message"].as_str().unwrap_or_default();
    assert!(said.contains("none.txt"), "{error}");
}

#[test]
fn what_is_empty_is_kept() {
    let (world, cid) = with_car("empty-file-dagpb.car");
    assert_eq!(get(&world.http, &format!("/ipfs/{cid}")), (200, Vec::new()));
    let (file, ..) = fetched(&world, &cid);
    assert_eq!(fs::read(file).unwrap(), b"");

    let (world, cid) = with_car("empty-dir.car");
    let (folder, ..) = fetched(&world, &cid);
    assert!(folder.is_dir() && names_in(&folder).is_empty());
}

#[test]
fn a_folder_is_shared_as_it_is() {
    let world = World::new();
    let folder = world.path("F");
    let names: [&[u8]; 8] = [
        b".env",
        b"100%.txt",
        b"a:b.txt",
        b"~x",
        b"back\\slash.txt",
        b"line\nbreak",
        "e\u{301}".as_bytes(),
        "\u{e9}".as_bytes(),
    ];
    fs::create_dir_all(folder.join("nothing/in/here")).unwrap();
    for name in names {
        fs::write(folder.join(OsStr::from_bytes(name)), name).unwrap();
    }
    let (_share, link) = world.share("alice", &[&folder]);
    let (got, renamed, _) = fetched(&world, &link);
    assert_eq!(names_in(&got), names_in(&folder));
    for name in names {
        assert_eq!(fs::read(got.join(OsStr::from_bytes(name))).unwrap(), name);
    }
    assert!(got.join("nothing/in/here").is_dir());
    assert_eq!(renamed, Vec::<String>::new());
}

#[test]
fn the_name_of_a_single_file_is_kept_or_its_change_is_told() {
    let world = World::new();
    for (number, (name, saved)) in [
        ("100% ~a:b.txt", "100% ~a:b.txt"),
        (".env", "env"),
        ("back\\slash.txt", "back\\slash.txt"),
    ]
    .into_iter()
    .enumerate()
    {
        let file = world.path(name);
        fs::write(&file, name).unwrap();
        let (_share, link) = world.share(&format!("alice-{number}"), &[&file]);
        let to = world.path(&format!("to-{number}"));
        fs::create_dir(&to).unwrap();
        let state = format!("bob-{number}");
        let fetch = world.client(
            &state,
            "fetch",
            &[link.as_str(), "-o", to.to_str().unwrap()],
        );
        let told = fetch.event_where("its end", |event| {
            event["event"] == "renamed" || event["event"] == "fetched"
        });
        assert_eq!(told["name"], name);
        assert_eq!(told["event"] == "renamed", name != saved, "{told}");
        fetch.succeeds();
        assert_eq!(fs::read(to.join(saved)).unwrap(), name.as_bytes());
    }
}

#[test]
fn an_inner_shard_is_a_directory_like_others() {
    let world = World::new();
    let folder = world.path("many");
    fs::create_dir(&folder).unwrap();
    // A folder becomes shards by the size of its node, which is mostly names.
    let long = "a-rather-long-name-".repeat(10);
    for number in 0..1500 {
        fs::write(folder.join(format!("{long}{number}.txt")), bytes(1)).unwrap();
    }
    let (share, link) = world.share("alice", &[&folder]);
    world
        .client(
            "bob",
            "fetch",
            &[&link, "-o", world.path("all").to_str().unwrap()],
        )
        .succeeds();
    share.event("upload_ended");
    let cid = link.trim_start_matches("fluence:");
    let (_, root) = get(&world.http, &format!("/ipfs/{cid}?format=raw"));
    // The first link with a name of two hex digits leads to an inner shard.
    let node = fluence::content::unixfs::decode(&root.into()).unwrap();
    let inner = node.links.iter().find(|link| link.name.len() == 2);
    let inner = inner.expect("an inner shard").cid;
    let rows = listed(&world, &format!("/ipfs/{inner}/"));
    assert!(!rows.is_empty());
    for href in rows {
        let name = href.rsplit('/').next().unwrap();
        assert!(name.starts_with("a-rather-long-name-"), "{href}");
        assert_eq!(get(&world.http, &href), (200, bytes(1)), "{href}");
    }
}
