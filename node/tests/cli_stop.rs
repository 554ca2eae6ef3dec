//! Stop means stop at the command line, with a real node: whatever ends a share, its copies are taken back, and before that
//! nobody gets more than the person wants.

mod support;

use std::ffi::OsStr;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use support::{Fluence, World, fluence, start_node};

const MIB: usize = 1024 * 1024;
/// The most that a share may take to end when it is told to and its storage is there.
const SOON: Duration = Duration::from_secs(15);

/// Shares a file that somebody then fetches, so that there is a copy in storage.
fn fetched(world: &World, who: &str, name: &str, options: &[&str]) -> (Fluence, String) {
    let path = world.file(name, MIB + name.len());
    let options = options.iter().map(OsStr::new);
    let args: Vec<&OsStr> = options.chain([path.as_os_str()]).collect();
    let (share, link) = world.share(who, &args);
    world.fetch("bob", &link);
    assert!(world.is_stored(&link));
    (share, link)
}

#[test]
fn what_a_killed_command_left_is_taken_back_by_the_next_one() {
    let world = World::new();
    let other = world.file("other", 100);
    let (_other, link_of_other) = world.share("carol", &[&other]);
    let commands: [(&str, Vec<&OsStr>); 3] = [
        ("share", vec![other.as_os_str()]),
        (
            "fetch",
            vec![link_of_other.as_ref(), "-o".as_ref(), "-".as_ref()],
        ),
        ("call", vec!["nobody-provides-this".as_ref()]),
    ];
    for (command, args) in commands {
        let (mut share, link) = fetched(&world, "alice", command, &[]);
        share.kill();
        assert!(world.is_stored(&link), "nobody has taken it back");
        let mut next = world.client("alice", command, &args);
        if command == "share" {
            next.event("released_earlier");
            next.terminate();
        }
        next.wait();
        assert!(!world.is_stored(&link), "{command}: {}", next.story());
        let left = fs::read_dir(world.path("alice/work")).unwrap().count();
        assert_eq!(left, 0, "{command}");
    }
}

#[test]
fn what_is_to_stay_or_is_wanted_again_is_not_taken_back_from_under_it() {
    let world = World::new();
    // What a person left on purpose stays, however its command ended.
    let (mut left, link_of_left) = fetched(&world, "alice", "left", &["--leave"]);
    left.kill();
    // What is shared again is there for whoever fetches it, and taken back once that ends.
    let (mut share, link) = fetched(&world, "alice", "again", &[]);
    share.kill();
    let path = world.path("again");
    let (again, same) = world.share("alice", &[&path]);
    assert_eq!(link, same);
    for _ in 0..3 {
        world.fetch("dave", &link);
    }
    assert!(world.is_stored(&link));
    again.terminate();
    again.succeeds();
    assert!(!world.is_stored(&link));
    assert!(world.is_stored(&link_of_left));
}

#[test]
fn each_of_several_killed_commands_is_taken_back_under_its_own_identity() {
    let world = World::new();
    let (mut first, one) = fetched(&world, "alice", "one", &[]);
    // A file of another size, and so with other bytes: for the same ones, storage could be asked in either's name.
    let (mut second, two) = fetched(&world, "alice", "second", &[]);
    first.kill();
    second.kill();
    // A provider of what it has fetched has copies, too.
    let (_carol, three) = world.share("carol", &[&world.file("three", MIB)]);
    let to = world.path("three again");
    let args = [
        "--provide".as_ref(),
        three.as_ref(),
        "-o".as_ref(),
        to.as_os_str(),
    ];
    let mut provider = world.client::<&OsStr>("alice", "fetch", &args);
    provider.event("released_earlier");
    provider.event("released_earlier");
    assert!(!world.is_stored(&one) && !world.is_stored(&two));
    provider.kill();
    world
        .client("alice", "call", &["nobody-provides-this"])
        .wait();
    let works = fs::read_dir(world.path("alice/work")).unwrap();
    assert_eq!(works.count(), 1, "what was fetched can be continued");
}

#[test]
fn every_signal_ends_a_share_soon_and_leaves_nothing() {
    let world = World::new();
    for signal in ["INT", "TERM", "HUP"] {
        let (mut share, link) = fetched(&world, "alice", signal, &[]);
        let told = Instant::now();
        share.signal(signal);
        assert!(share.wait().success(), "{signal}: {}", share.story());
        assert!(told.elapsed() < SOON, "{signal}: {:?}", told.elapsed());
        assert!(!world.is_stored(&link), "{signal}");
    }
    // A terminal that is closed says so twice, which is no second request.
    let (mut share, link) = fetched(&world, "alice", "twice", &[]);
    world.node.signal("STOP");
    for _ in 0..2 {
        share.signal("HUP");
        std::thread::sleep(Duration::from_millis(500));
    }
    world.node.signal("CONT");
    assert!(share.wait().success(), "{}", share.story());
    share.event("stopped");
    assert!(!share.story().contains("\"left\""), "{}", share.story());
    assert!(!world.is_stored(&link));
    // Who started it so that it outlasts the terminal does not want it to end with that.
    let path = world.file("lasting", 100);
    let mut command = Command::new("sh");
    let share = fluence(&world.path("alice"));
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]);
    command.arg(share.get_program()).args(share.get_args());
    command.args(["share", "--node", &world.tcp]).arg(&path);
    let share = Fluence::start(&mut command);
    let link = share.event("shared")["link"].as_str().unwrap().to_owned();
    share.signal("HUP");
    world.fetch("bob", &link);
    share.terminate();
    share.succeeds();
}

#[test]
fn nobody_is_found_for_what_is_no_longer_shared() {
    let world = World::new();
    let file = world.file("a", MIB);
    let (share, link) = world.share("alice", &[&file]);
    let function = format!("IPFS_{}", link.trim_start_matches("fluence:"));
    let asks = || {
        let args = [function.as_str(), r#"{"probe": true}"#];
        world.client("bob", "call", &args)
    };
    asks().succeeds();
    // A node that takes a while to answer is waited for.
    world.node.signal("STOP");
    share.terminate();
    std::thread::sleep(Duration::from_secs(1));
    world.node.signal("CONT");
    share.succeeds();
    let (_, error) = asks().fails();
    assert_eq!(error["code"], "no_provider", "{error}");
}

#[test]
fn what_a_storage_that_is_away_keeps_is_taken_back_when_it_is_there() {
    let mut world = World::new();
    let (mut share, link) = fetched(&world, "alice", "a", &[]);
    world.node.kill();
    let told = Instant::now();
    share.terminate();
    let left = share.event("left");
    assert_eq!(left["cid"], link.trim_start_matches("fluence:"));
    assert!(share.wait().success(), "{}", share.story());
    assert!(told.elapsed() < 2 * SOON, "{:?}", told.elapsed());
    let port = world.tcp.split('/').nth(4).unwrap();
    let tcp = format!("127.0.0.1:{port}");
    let http = world
        .http
        .trim_start_matches("http://")
        .trim_end_matches('/');
    let options = ["--listen-tcp", &tcp, "--listen-http", http];
    let node = start_node(&world.path("node"), &options);
    node.event("listening");
    world.node = node;
    assert!(world.is_stored(&link));
    world
        .client("alice", "call", &["nobody-provides-this"])
        .wait();
    assert!(!world.is_stored(&link));
}

#[test]
fn a_share_ends_after_so_many_fetches_once_the_last_one_has_its_file() {
    let world = World::new();
    let path = world.file("a", MIB);
    let args = ["--fetches".as_ref(), "2".as_ref(), path.as_os_str()];
    let (share, link) = world.share::<&OsStr>("alice", &args);
    world.fetch("bob", &link);
    world.fetch("carol", &link);
    share.event_where("its end", |event| {
        event["event"] == "status" && event["status"]["status"] == "stopped"
    });
    // Whoever made the last call may take a minute.
    assert!(world.is_stored(&link));
    let mut share = share;
    let status = share.wait_for(Duration::from_secs(100));
    assert!(status.success(), "{}", share.story());
    assert!(!world.is_stored(&link));
    // Stopping it before that takes everything back.
    let args = ["--fetches".as_ref(), "1".as_ref(), path.as_os_str()];
    let (share, link) = world.share::<&OsStr>("alice", &args);
    world.fetch("bob", &link);
    share.event_where("its end", |event| {
        event["event"] == "status" && event["status"]["status"] == "stopped"
    });
    share.terminate();
    share.succeeds();
    assert!(!world.is_stored(&link));
}

#[test]
fn no_more_is_uploaded_than_the_person_allows() {
    let world = World::new();
    let (small, large) = (world.file("small", MIB), world.file("large", 3 * MIB));
    for (option, size, refused) in [
        ("--max-upload", "2MiB", "budget"),
        ("--max-upload-day", "3MiB", "day_budget"),
    ] {
        let args = [
            option.as_ref(),
            size.as_ref(),
            small.as_os_str(),
            large.as_os_str(),
        ];
        let share = world.client::<&OsStr>("alice", "share", &args);
        let mut links = [(); 2].map(|()| {
            let shared = share.event("shared");
            let text = |name: &str| shared[name].as_str().unwrap().to_owned();
            (text("name"), text("link"))
        });
        links.sort();
        let [(_, large_link), (_, small_link)] = links;
        world.fetch("bob", &small_link);
        let to = world.path("refused");
        let args = [large_link.as_ref(), "-o".as_ref(), to.as_os_str()];
        let (code, error) = world.client::<&OsStr>("carol", "fetch", &args).fails();
        assert_ne!(code, 0, "{error}");
        assert!(!world.is_stored(&large_link), "{option}");
        assert!(share.story().contains(refused), "{}", share.story());
        share.terminate();
        share.succeeds();
    }
    let args = ["--max-upload".as_ref(), "0".as_ref(), small.as_os_str()];
    let (code, error) = world.client::<&OsStr>("alice", "share", &args).fails();
    assert_eq!((code, &error["code"]), (1, &json!("bad_setting")));
}

#[cfg(target_os = "linux")]
#[test]
fn the_person_at_the_terminal_is_asked_first() {
    let world = World::new();
    let path = world.file("a.bin", MIB);
    let share = |terminal: bool| {
        let mut command = fluence(&world.path("alice"));
        command
            .args(["share", "--node", &world.tcp, "--ask"])
            .arg(&path);
        if terminal {
            let (share, terminal) = Fluence::start_at_terminal(&mut command);
            (share, Some(terminal))
        } else {
            (Fluence::start(&mut command), None)
        }
    };
    let (code, error) = share(false).0.fails();
    assert_eq!((code, &error["code"]), (2, &json!("usage")));
    assert!(
        error["message"].as_str().unwrap().contains("terminal"),
        "{error}"
    );

    let (share, terminal) = share(true);
    let mut terminal = terminal.unwrap();
    let link = share.event("shared")["link"].as_str().unwrap().to_owned();
    let asks = |who: &str| {
        let to = world.path(who).join("out");
        let args = [link.as_ref(), "-o".as_ref(), to.as_os_str()];
        world.client::<&OsStr>(who, "fetch", &args)
    };
    // What is typed before a question is no answer to it.
    terminal.types("y");
    let refused = asks("bob");
    let bob = share.event_where("a question", |event| event["peer"].is_string());
    terminal.shows(bob["peer"].as_str().unwrap());
    terminal.shows("asks for a.bin");
    std::thread::sleep(Duration::from_millis(500));
    assert!(!world.is_stored(&link));
    terminal.types("what?");
    terminal.shows("asks for a.bin");
    std::thread::sleep(Duration::from_millis(500));
    terminal.types("n");
    let (code, error) = refused.fails();
    assert_ne!(code, 0, "{error}");
    assert!(!world.is_stored(&link));
    let given = asks("carol");
    terminal.shows("asks for a.bin");
    std::thread::sleep(Duration::from_millis(500));
    terminal.types("y");
    given.succeeds();
    assert!(world.is_stored(&link));
    share.terminate();
    share.succeeds();
}

#[cfg(target_os = "linux")]
#[test]
fn who_does_not_answer_refuses() {
    let world = World::new();
    let path = world.file("a.bin", MIB);
    let mut command = fluence(&world.path("alice"));
    command
        .args(["share", "--node", &world.tcp, "--ask"])
        .arg(&path);
    let (share, mut terminal) = Fluence::start_at_terminal(&mut command);
    let link = share.event("shared")["link"].as_str().unwrap().to_owned();
    let args = [link.as_ref(), "-o".as_ref(), "-".as_ref()];
    let asks = world.client::<&OsStr>("bob", "fetch", &args);
    terminal.shows("asks for a.bin");
    let asked = Instant::now();
    let mut asks = asks;
    asks.wait_for(Duration::from_secs(120));
    share.event_where("the end of the question", |event| {
        event["event"] == "asking" && event["peer"].is_null()
    });
    terminal.shows("no answer for a minute");
    assert!(
        asked.elapsed() > Duration::from_secs(50),
        "{:?}",
        asked.elapsed()
    );
    assert!(!world.is_stored(&link));
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_is_closed_takes_its_shares_with_it() {
    let world = World::new();
    let path = world.file("a.bin", MIB);
    let share = fluence(&world.path("alice"));
    // The terminal is that of the session, as it is for a shell in a window.
    let mut command = Command::new("setsid");
    command.arg("--ctty").arg(share.get_program());
    command.args(share.get_args());
    command.args(["share", "--node", &world.tcp]).arg(&path);
    let (mut share, terminal) = Fluence::start_at_terminal(&mut command);
    let link = share.event("shared")["link"].as_str().unwrap().to_owned();
    world.fetch("bob", &link);
    assert!(world.is_stored(&link));
    drop(terminal);
    share.wait();
    assert!(!world.is_stored(&link));
}
