//! Sharing and fetching from the command line, through a real node.

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::time::{Duration, Instant};

use support::{World, bytes, fluence, get, output};

const MIB: usize = 1024 * 1024;

#[test]
fn a_file_is_uploaded_when_it_is_asked_for_and_once() {
    let world = World::new();
    let path = world.file("big.bin", 20 * MIB + 17);
    let (share, link) = world.share("alice", &[&path]);
    assert_eq!(
        world.counters(&link)["received_bytes"],
        0,
        "nothing leaves before it is asked for"
    );

    let to = world.path("out.bin");
    world
        .client(
            "bob",
            "fetch",
            &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
        )
        .succeeds();
    assert!(
        fs::read(&to).unwrap() == fs::read(&path).unwrap(),
        "the bytes are the same"
    );
    assert_eq!(
        fs::read_dir(world.path("bob/work")).unwrap().count(),
        0,
        "nothing is left behind"
    );
    share.event("upload_ended");
    let received = world.counters(&link)["received_bytes"].clone();

    let again = world.path("again.bin");
    world
        .client(
            "carol",
            "fetch",
            &[link.as_ref(), "-o".as_ref(), again.as_os_str()],
        )
        .succeeds();
    assert!(fs::read(&again).unwrap() == fs::read(&path).unwrap());
    assert_eq!(
        world.counters(&link)["received_bytes"],
        received,
        "a second request uploads nothing"
    );
}

#[test]
fn two_at_the_same_moment_upload_once() {
    let world = World::new();
    let path = world.file("big.bin", 8 * MIB);
    let (_share, link) = world.share("alice", &[&path]);
    let fetches = ["bob", "carol"].map(|who| {
        let to = world.path(&format!("{who}.bin"));
        world.client(
            who,
            "fetch",
            &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
        )
    });
    fetches.into_iter().for_each(support::Fluence::succeeds);
    let received = world.counters(&link)["received_bytes"].as_u64().unwrap();
    assert!(
        (8 * MIB as u64..9 * MIB as u64).contains(&received),
        "{received}"
    );
}

#[test]
fn files_with_any_name_and_without_bytes_are_shared() {
    let world = World::new();
    let long = format!("{}.txt", "я".repeat(98));
    for (number, name) in [
        "empty",
        "a b\u{202e}gpj.exe",
        "отпуск 2026 🏖.txt",
        &long,
        "-o",
    ]
    .into_iter()
    .enumerate()
    {
        fs::create_dir(world.path(&format!("in{number}"))).unwrap();
        let path = world.file(&format!("in{number}/{name}"), number * 3);
        let (_share, link) = world.share("alice", &[&path]);
        let folder = world.path(&format!("out{number}"));
        fs::create_dir(&folder).unwrap();
        let fetch = world.client(
            "bob",
            "fetch",
            &[link.as_ref(), "-o".as_ref(), folder.as_os_str()],
        );
        let saved = fetch.event("fetched")["path"].as_str().unwrap().to_owned();
        fetch.succeeds();
        assert_eq!(fs::read(&saved).unwrap(), bytes(number * 3), "{name}");
        let saved = saved.rsplit('/').next().unwrap();
        assert_eq!(saved, name.replace('\u{202e}', ""));
    }
}

#[test]
fn a_folder_is_one_hash_and_becomes_a_folder() {
    let world = World::new();
    let folder = world.path("holiday");
    fs::create_dir_all(folder.join("a/deep er/still")).unwrap();
    for (name, len) in [
        ("z.bin", 3 * MIB),
        ("a/empty", 0),
        ("a/deep er/ü.txt", 10),
        ("a/deep er/still/x", 1),
    ] {
        fs::write(folder.join(name), bytes(len)).unwrap();
    }
    fs::write(folder.join(".hidden"), "part of it").unwrap();
    fs::create_dir_all(folder.join("nothing/in it")).unwrap();
    let (_share, link) = world.share("alice", &[&folder]);
    let to = world.path("copies/holiday");
    fs::create_dir(world.path("copies")).unwrap();
    world
        .client(
            "bob",
            "fetch",
            &[
                link.as_ref(),
                "-o".as_ref(),
                world.path("copies").as_os_str(),
            ],
        )
        .succeeds();
    for (name, len) in [
        ("z.bin", 3 * MIB),
        ("a/empty", 0),
        ("a/deep er/ü.txt", 10),
        ("a/deep er/still/x", 1),
    ] {
        assert!(fs::read(to.join(name)).unwrap() == bytes(len), "{name}");
    }
    assert_eq!(fs::read(to.join(".hidden")).unwrap(), b"part of it");
    assert!(to.join("nothing/in it").is_dir());
}

#[test]
fn hidden_files_are_left_out_on_demand_and_named() {
    let world = World::new();
    let folder = world.path("holiday");
    fs::create_dir_all(folder.join(".git")).unwrap();
    for name in ["shown", ".secret", ".git/config"] {
        fs::write(folder.join(name), name).unwrap();
    }
    let (share, link) = world.share("alice", &["--no-hidden".as_ref(), folder.as_os_str()]);
    let to = world.path("copy");
    world
        .client(
            "bob",
            "fetch",
            &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
        )
        .succeeds();
    let names: Vec<_> = fs::read_dir(&to)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["shown"]);
    let story = share.story();
    for name in [".secret", ".git"] {
        let path = folder.join(name);
        let told = serde_json::json!({"event": "left_out", "name": path});
        assert!(story.contains(&told.to_string()), "{story}");
    }
}

#[test]
fn an_empty_folder_is_shared_as_one() {
    let world = World::new();
    let folder = world.path("nothing");
    fs::create_dir(&folder).unwrap();
    let (_share, link) = world.share(
        "alice",
        &[
            folder.as_os_str(),
            "--profile".as_ref(),
            "unixfs-v0-2015".as_ref(),
        ],
    );
    // The CID that `ipfs add -r` gives to an empty folder.
    assert!(
        link.ends_with("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"),
        "{link}"
    );
    let to = world.path("copy");
    world
        .client(
            "bob",
            "fetch",
            &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
        )
        .succeeds();
    assert_eq!(fs::read_dir(&to).unwrap().count(), 0);
}

#[test]
fn several_files_have_a_link_each_or_one_together() {
    let world = World::new();
    let files = [world.file("a", 10), world.file("b", 20)];
    let apart = world.client("alice", "share", &files);
    let links = [apart.event("shared"), apart.event("shared")];
    assert_ne!(links[0]["cid"], links[1]["cid"]);

    let together = world.client(
        "carol",
        "share",
        &[
            files[0].as_os_str(),
            files[1].as_os_str(),
            "--together".as_ref(),
        ],
    );
    let shared = together.event("shared");
    assert_eq!(shared["files"], 2);
    let to = world.path("both");
    let link = shared["link"].as_str().unwrap();
    world
        .client(
            "bob",
            "fetch",
            &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
        )
        .succeeds();
    assert_eq!(fs::read(to.join("b")).unwrap(), bytes(20));
}

#[test]
fn hashes_are_those_of_kubo() {
    let world = World::new();
    let path = world.path("hello");
    fs::write(&path, "hello world").unwrap();
    for (profile, cid) in [
        (
            "unixfs-v1-2025",
            "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
        ),
        (
            "unixfs-v0-2015",
            "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD",
        ),
    ] {
        let hash = output(
            fluence(&world.path("x"))
                .args(["hash", "--profile", profile])
                .arg(&path),
        );
        let told: serde_json::Value = serde_json::from_slice(&hash.stdout).unwrap();
        assert_eq!(told["cid"], cid);
        let share = world.client(
            "alice",
            "share",
            &["--profile".as_ref(), profile.as_ref(), path.as_os_str()],
        );
        assert_eq!(share.event("shared")["cid"], cid);
    }
}

#[test]
fn a_fetch_of_what_nobody_provides_fails_in_bounded_time() {
    let world = World::new();
    let began = Instant::now();
    let unknown = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
    let (code, error) = world.client("bob", "fetch", &[unknown]).fails();
    assert_eq!(
        (code, error["code"].as_str()),
        (3, Some("no_provider")),
        "{error}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(45),
        "{:?}",
        began.elapsed()
    );

    let (code, error) = world.client("bob", "fetch", &["hello"]).fails();
    assert_eq!(code, 2, "{error}");
}

#[test]
fn what_cannot_be_shared_is_named() {
    let world = World::new();
    let pipe = world.path("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for (path, code, said) in [
        (
            "typo.txt".as_ref(),
            "no_such_file",
            "There is no file typo.txt.",
        ),
        (pipe.as_path(), "not_a_file", "pipe: it is not a file."),
        (
            "/dev/zero".as_ref(),
            "not_a_file",
            "/dev/zero: it is not a file.",
        ),
    ] {
        for together in [&[][..], &["--together".as_ref()]] {
            let args = [&[path.as_os_str()], together].concat();
            let (exit, error) = world.client("alice", "share", &args).fails();
            assert_eq!((exit, error["code"].as_str()), (1, Some(code)), "{error}");
            let message = error["message"].as_str().unwrap();
            assert!(message.ends_with(said), "{error}");
        }
    }
}

#[test]
fn a_node_that_cannot_be_reached_is_an_error() {
    let world = World::new();
    let path = world.file("a", 10);
    let nobody = ["--node", "/ip4/127.0.0.1/tcp/9", "--wait", "2"];
    let mut share = fluence(&world.path("alice"));
    let (code, error) = support::Fluence::start(share.arg("share").arg(path).args(nobody)).fails();
    assert_eq!(
        (code, error["code"].as_str()),
        (4, Some("offline")),
        "{error}"
    );
    let (code, error) = support::Fluence::start(
        fluence(&world.path("bob")).args(["fetch", "--node", "nonsense", "Qm"]),
    )
    .fails();
    assert_eq!(code, 2, "{error}");
}

#[test]
fn nothing_is_overwritten_unasked() {
    let world = World::new();
    let path = world.file("a", 1000);
    let (_share, link) = world.share("alice", &[&path]);
    let to = world.path("b");
    fs::write(&to, "mine").unwrap();
    let fetch = [link.as_ref(), "-o".as_ref(), to.as_os_str()];
    let (code, error) = world.client("bob", "fetch", &fetch).fails();
    assert_eq!(
        (code, error["code"].as_str()),
        (1, Some("exists")),
        "{error}"
    );
    assert_eq!(fs::read(&to).unwrap(), b"mine");
    let forced = [
        link.as_ref(),
        "--force".as_ref(),
        "-o".as_ref(),
        to.as_os_str(),
    ];
    world.client("bob", "fetch", &forced).succeeds();
    assert_eq!(fs::read(&to).unwrap(), bytes(1000));
    // Not even by force is a device or a socket replaced by a file.
    let (device, socket) = (world.path("device"), world.path("socket"));
    std::os::unix::fs::symlink("/dev/null", &device).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for to in [&device, &socket] {
        let forced = [
            link.as_ref(),
            "--force".as_ref(),
            "-o".as_ref(),
            to.as_os_str(),
        ];
        let (code, error) = world.client("bob", "fetch", &forced).fails();
        let code = (code, error["code"].as_str());
        assert_eq!(code, (1, Some("exists")), "{error}");
    }
    assert!(device.is_symlink() && !socket.is_file());
}

#[test]
fn a_killed_fetch_continues_where_it_was() {
    let world = World::new();
    let len = 192 * MIB;
    let path = world.file("big.bin", len);
    let (_share, link) = world.share("alice", &[&path]);
    let to = world.path("out.bin");
    let fetch = [link.as_ref(), "-o".as_ref(), to.as_os_str()];
    let mut first = world.client("bob", "fetch", &fetch);
    first.event_where("progress beyond what is synced at intervals", |event| {
        event["event"] == "progress" && event["progress"]["bytes"].as_u64() > Some(80 * MIB as u64)
    });
    first.kill();
    assert!(!to.exists(), "a part is never taken for the whole");
    let before = world.counters(&link)["served_bytes"].as_u64().unwrap();
    world.client("bob", "fetch", &fetch).succeeds();
    assert!(
        fs::read(&to).unwrap() == bytes(len),
        "the bytes are the same"
    );
    let again = world.counters(&link)["served_bytes"].as_u64().unwrap() - before;
    assert!(again < (len - 20 * MIB) as u64, "{again} bytes came again");
}

#[test]
fn an_unfinished_fetch_of_a_path_is_called_what_was_typed() {
    let world = World::new();
    let folder = world.path("holiday");
    fs::create_dir_all(folder.join("a b")).unwrap();
    fs::write(folder.join("a b/film.bin"), bytes(20 * MIB)).unwrap();
    let (_share, link) = world.share("alice", &[&folder]);
    let typed = format!("{link}/a%20b/film.bin");
    let to = world.path("out");
    let args = [typed.as_ref(), "-o".as_ref(), to.as_os_str()];
    let mut fetch = world.client("bob", "fetch", &args);
    fetch.event("fetch_began");
    fetch.kill();
    // As a person reads it, without JSON.
    let said = |option: &str, link: Option<&str>| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fluence"));
        let command = command.arg("--state").arg(world.path("bob"));
        let ended = output(command.args(["fetch", option]).args(link));
        let said = [ended.stdout, ended.stderr].concat();
        (ended.status.code(), String::from_utf8(said).unwrap())
    };
    let (code, list) = said("--unfinished", None);
    let shown = list.lines().next().unwrap_or_default();
    assert!(shown.starts_with(&format!("{typed}  ")), "{code:?} {list}");
    assert_eq!(list.lines().count(), 1, "{list}");
    // What is shown can be used as it is, and so can another way to write it.
    let other = typed.replace("fluence:", "/ipfs/");
    let (code, discarded) = said("--discard", Some(&other));
    assert_eq!(code, Some(0), "{discarded}");
    assert!(
        discarded.contains(&format!("{other} was removed")),
        "{discarded}"
    );
    let (code, nothing) = said("--discard", Some(&typed));
    assert_eq!(code, Some(3), "{nothing}");
    assert!(
        nothing.contains(&format!("Nothing of {typed} is kept")),
        "{nothing}"
    );
    assert_eq!(said("--unfinished", None).1, "");
}

#[test]
fn unfinished_fetches_are_listed_and_discarded_and_not_kept_forever() {
    let world = World::new();
    let path = world.file("a", 20 * MIB);
    let (_share, link) = world.share("alice", &[&path]);
    let begin = || {
        let to = world.path("out");
        let args = [link.as_ref(), "-o".as_ref(), to.as_os_str()];
        let mut fetch = world.client("bob", "fetch", &args);
        fetch.event("fetch_began");
        fetch.kill();
    };
    let kept = || fs::read_dir(world.path("bob/work")).unwrap().count();
    let cid = link.trim_start_matches("fluence:");
    begin();
    let list = output(fluence(&world.path("bob")).args(["fetch", "--unfinished"]));
    let told: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(told["cid"], cid, "{told}");
    let discard =
        || support::Fluence::start(fluence(&world.path("bob")).args(["fetch", "--discard", &link]));
    discard().succeeds();
    assert_eq!(kept(), 0);
    let (code, error) = discard().fails();
    assert_eq!(code, 3, "{error}");

    begin();
    for (days, there) in [(29, 1), (31, 0)] {
        let long_ago = std::time::SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
        let mut directories = vec![world.path("bob/work")];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    directories.push(entry.path());
                } else {
                    let file = fs::File::options().write(true).open(entry.path()).unwrap();
                    file.set_modified(long_ago).unwrap();
                }
            }
        }
        let other = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
        let (code, error) = world.client("bob", "fetch", &[other]).fails();
        assert_eq!(code, 3, "{error}");
        assert_eq!(kept(), there, "{days}");
    }
}

#[test]
fn only_the_file_goes_to_standard_output() {
    let world = World::new();
    let path = world.file("a", MIB);
    let (_share, link) = world.share("alice", &[&path]);
    let fetch = |link: &str| {
        output(fluence(&world.path("bob")).args(["fetch", link, "--node", &world.tcp, "-o", "-"]))
    };
    let fetched = fetch(&link);
    assert!(fetched.status.success());
    assert!(fetched.stdout == bytes(MIB));
    let told = String::from_utf8(fetched.stderr).unwrap();
    assert!(told.contains(r#""event":"fetched""#), "{told}");
    let failed = fetch("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
    assert!(failed.stdout.is_empty());
    let told = String::from_utf8(failed.stderr).unwrap();
    assert!(told.contains(r#""event":"error""#), "{told}");
}

#[test]
fn a_fetch_that_nobody_reads_ends_when_it_is_told_to() {
    let world = World::new();
    let path = world.file("big.bin", 2 * MIB);
    let (_share, link) = world.share("alice", &[&path]);
    let mut command = fluence(&world.path("bob"));
    command
        .args(["fetch", &link, "--node", &world.tcp, "-o", "-"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null());
    let mut fetch = command.spawn().unwrap();
    let mut out = fetch.stdout.take().unwrap();
    // The command has begun to save the file.
    out.read_exact(&mut [0]).unwrap();
    let began = Instant::now();
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &fetch.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    while fetch.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(20) {
            fetch.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(fetch.wait().unwrap().code(), Some(130));
    assert_eq!(
        fs::read_dir(world.path("bob/work")).unwrap().count(),
        1,
        "the fetch can continue"
    );
}

#[test]
fn a_file_that_was_changed_is_not_served() {
    let world = World::new();
    for (number, change) in ["changed", "removed"].into_iter().enumerate() {
        let path = world.file(change, 3 * MIB + number);
        let (share, link) = world.share("alice", &[&path]);
        match change {
            "changed" => fs::write(&path, bytes(MIB)).unwrap(),
            _ => fs::remove_file(&path).unwrap(),
        }
        let to = world.path("out");
        let began = Instant::now();
        let fetch = world.client(
            "bob",
            "fetch",
            &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
        );
        let (code, error) = fetch.fails();
        assert!([3, 4].contains(&code), "{change}: {code} {error}");
        assert!(
            began.elapsed() < Duration::from_secs(50),
            "{change}: {:?}",
            began.elapsed()
        );
        assert!(!to.exists());
        share.event_where("a failure because the file is gone", |event| {
            event.to_string().contains("file_gone")
        });
    }
}

/// A file that takes a while to hash.
fn large(world: &World, name: &str) -> std::path::PathBuf {
    let path = world.path(name);
    let file = fs::File::create_new(&path).unwrap();
    file.set_len(2048 * MIB as u64).unwrap();
    path
}

fn hashing(event: &serde_json::Value) -> bool {
    event["status"]["status"] == "hashing"
}

#[test]
fn a_share_that_is_stopped_succeeds_only_if_it_did_its_work() {
    let world = World::new();
    let [large, small] = [large(&world, "large"), world.file("small", 10)];
    let share = world.client("alice", "share", &[&large]);
    share.event_where("a file that is being hashed", hashing);
    share.terminate();
    let (code, error) = share.fails();
    assert_eq!(
        (code, error["code"].as_str()),
        (130, Some("interrupted")),
        "{error}"
    );

    let (share, _) = world.share("alice", &[small.as_os_str(), "--once".as_ref()]);
    share.terminate();
    assert_eq!(share.fails().0, 130, "it should have been fetched once");

    let (share, _) = world.share("alice", &[&small]);
    share.terminate();
    share.succeeds();

    let share = world.client("alice", "share", &[&large, &small]);
    share.event_where("a file that is being hashed", hashing);
    fs::write(&large, "changed").unwrap();
    share.event("failed");
    share.terminate();
    let (code, error) = share.fails();
    assert_eq!(
        (code, error["code"].as_str()),
        (1, Some("file_gone")),
        "{error}"
    );
}

#[test]
fn a_quota_is_named() {
    let world = World::with(&["--max-file", "1MB"]);
    let path = world.file("big.bin", 2 * MIB);
    let (share, link) = world.share("alice", &[&path]);
    let to = world.path("out");
    let (code, error) = world
        .client(
            "bob",
            "fetch",
            &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
        )
        .fails();
    assert!([3, 4, 6].contains(&code), "{code} {error}");
    share.event_where("the node's refusal", |event| {
        event.to_string().contains("takes files of up to")
    });
}

#[test]
fn two_processes_of_one_directory_are_two_peers() {
    let world = World::new();
    let (a, b) = (world.file("a", 10), world.file("b", 20));
    let (_first, a) = world.share("alice", &[&a]);
    let (_second, b) = world.share("alice", &[&b]);
    for (link, len) in [(a, 10), (b, 20)] {
        let to = world.path(&format!("out{len}"));
        world
            .client(
                "alice",
                "fetch",
                &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
            )
            .succeeds();
        assert_eq!(fs::read(&to).unwrap(), bytes(len));
    }
}

#[test]
fn a_share_with_once_ends_after_one_fetch() {
    let world = World::new();
    let path = world.file("a", 2 * MIB);
    let share = world.client("alice", "share", &[path.as_os_str(), "--once".as_ref()]);
    let link = share.event("shared")["link"].as_str().unwrap().to_owned();
    let to = world.path("out");
    world
        .client(
            "bob",
            "fetch",
            &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
        )
        .succeeds();
    share.succeeds();
    assert_eq!(
        fs::read_dir(world.path("alice/work")).unwrap().count(),
        0,
        "nothing is left behind"
    );
}

#[test]
fn a_link_opens_for_anyone() {
    let world = World::new();
    let path = world.file("note.txt", 3 * MIB);
    let share = world.client("alice", "share", &[&path]);
    let shared = share.event("shared");
    let (link, web) = (shared["link"].as_str().unwrap(), shared["web"].as_str());
    assert_eq!(world.counters(link)["received_bytes"], 0);
    let cid = shared["cid"].as_str().unwrap();
    let path = web.unwrap().strip_prefix(&world.http).unwrap();
    let (status, page) = get(&world.http, "/");
    if status == 200 {
        assert_eq!(path, format!("/#{cid}&name=note.txt"));
        assert!(page.starts_with(b"<!doctype html>"));
    } else {
        // The page is built by `cargo xtask build`.
        assert_eq!((status, path), (404, &*format!("/ipfs/{cid}")));
    }
    let (status, body) = get(&world.http, &format!("/ipfs/{cid}"));
    assert_eq!(status, 200);
    assert!(body == bytes(3 * MIB));
}

#[test]
fn a_web_link_that_would_not_open_is_not_printed() {
    let world = World::with(&["--no-gateway"]);
    let path = world.file("note.txt", MIB);
    let share = world.client("alice", "share", &[&path]);
    assert!(share.event("shared")["web"].is_null());
}

#[test]
fn a_share_that_is_stopped_takes_its_files_back() {
    let world = World::new();
    let path = world.file("a", 2 * MIB);
    for (options, stays) in [(&[][..], false), (&["--leave"][..], true)] {
        let options: Vec<&OsStr> = options.iter().map(|option| (*option).as_ref()).collect();
        let (share, link) = world.share("alice", &[&[path.as_os_str()], &options[..]].concat());
        let to = world.path(&format!("out-{stays}"));
        let fetched = world.client(
            "bob",
            "fetch",
            &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
        );
        fetched.succeeds();
        assert!(world.is_stored(&link));
        share.terminate();
        share.succeeds();
        assert_eq!(world.is_stored(&link), stays);
    }
}

#[test]
fn a_share_ends_by_itself_when_it_was_asked_to() {
    let world = World::new();
    let path = world.file("a", MIB);
    let (share, link) = world.share("alice", &[path.as_os_str(), "--for".as_ref(), "2".as_ref()]);
    share.succeeds();
    assert!(!world.is_stored(&link));
}
