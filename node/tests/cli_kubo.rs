//! A node with a real Kubo daemon behind it. `FLUENCE_TEST_KUBO` is the path of Kubo's binary; if
//! it is not set, these tests say so and do nothing.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::{Fluence, World, bytes, fluence, get, output, start_node};

const MIB: usize = 1024 * 1024;

/// A Kubo daemon for one test, on loopback and without peers.
struct Kubo {
    binary: PathBuf,
    repo: PathBuf,
    daemon: Child,
    rpc: String,
    gateway: String,
}

impl Kubo {
    fn start(directory: &Path) -> Option<Self> {
        let Some(binary) = std::env::var_os("FLUENCE_TEST_KUBO").map(PathBuf::from) else {
            eprintln!("skipped: FLUENCE_TEST_KUBO is not set");
            return None;
        };
        let repo = directory.join("kubo");
        let ipfs = |args: &[&str]| {
            let done = output(Command::new(&binary).args(args).env("IPFS_PATH", &repo));
            assert!(
                done.status.success(),
                "ipfs {args:?}: {}",
                String::from_utf8_lossy(&done.stderr)
            );
        };
        ipfs(&["init", "--empty-repo"]);
        ipfs(&["bootstrap", "rm", "--all"]);
        for (name, value) in [
            ("Addresses.API", "\"/ip4/127.0.0.1/tcp/0\""),
            ("Addresses.Gateway", "\"/ip4/127.0.0.1/tcp/0\""),
            ("Addresses.Swarm", "[\"/ip4/127.0.0.1/tcp/0\"]"),
            ("Discovery.MDNS.Enabled", "false"),
        ] {
            ipfs(&["config", "--json", name, value]);
        }
        // Some of the versions that are tested do not have this setting.
        let _ = output(
            Command::new(&binary)
                .args(["config", "--json", "AutoConf.Enabled", "false"])
                .env("IPFS_PATH", &repo),
        );
        let daemon = Command::new(&binary)
            .arg("daemon")
            .env("IPFS_PATH", &repo)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let written = |name: &str| {
            let end = Instant::now() + support::LONG;
            loop {
                match fs::read_to_string(repo.join(name)) {
                    Ok(text) if !text.is_empty() => return text,
                    _ => assert!(Instant::now() < end, "the daemon does not write {name}"),
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        };
        let gateway = written("gateway");
        let api = written("api");
        let port = api.rsplit('/').next().unwrap();
        Some(Self {
            rpc: format!("http://127.0.0.1:{port}"),
            gateway: gateway.trim().trim_end_matches('/').to_owned(),
            binary,
            repo,
            daemon,
        })
    }

    fn ipfs(&self, args: &[&str]) -> Vec<u8> {
        let done = output(
            Command::new(&self.binary)
                .args(args)
                .env("IPFS_PATH", &self.repo),
        );
        assert!(
            done.status.success(),
            "ipfs {args:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        done.stdout
    }

    fn pins(&self) -> String {
        String::from_utf8(self.ipfs(&["pin", "ls", "--type", "recursive", "--names"])).unwrap()
    }
}

impl Drop for Kubo {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// Waits until `is` returns true. After 90 s the test fails with `what`.
#[track_caller]
fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(90);
    while !is() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn files_go_through_the_node_into_kubo_and_out_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let Some(kubo) = Kubo::start(directory.path()) else {
        return;
    };
    let world = World::with(&["--ipfs-rpc", &kubo.rpc, "--ipfs-gateway", &kubo.gateway]);
    for (name, profile, len) in [
        ("v1", "unixfs-v1-2025", 9 * MIB + 5),
        ("v0", "unixfs-v0-2015", 3 * MIB),
    ] {
        let path = world.file(name, len);
        let (share, link) = world.share(
            "alice",
            &[path.as_os_str(), "--profile".as_ref(), profile.as_ref()],
        );
        let cid = link.trim_start_matches("fluence:").to_owned();
        let to = world.path(&format!("{name}.out"));
        world
            .client(
                "bob",
                "fetch",
                &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
            )
            .succeeds();
        assert!(fs::read(&to).unwrap() == bytes(len));
        eventually("it is pinned", || kubo.pins().contains(&cid));
        assert!(
            kubo.ipfs(&["cat", &cid]) == bytes(len),
            "`ipfs cat` gives the bytes"
        );
        share.event("upload_ended");

        // The node's copy is removed. What Kubo has is read through the node, and nothing is
        // uploaded again.
        let (removed, _) = storage(&world, &["remove", &cid]);
        assert_eq!(removed, 0);
        // Another sharer asks where to upload it.
        let args = format!(r#"{{"cid": "{cid}", "size": {len}}}"#);
        let mut call = fluence(&world.path("dan"));
        call.args(["call", "IPFS_multiaddr", &args, "--node", &world.tcp]);
        Fluence::start(&mut call).succeeds();
        let again = world.path(&format!("{name}.again"));
        world
            .client(
                "carol",
                "fetch",
                &[link.as_ref(), "-o".as_ref(), again.as_os_str()],
            )
            .succeeds();
        assert!(fs::read(&again).unwrap() == bytes(len));
        assert_eq!(world.counters(&link)["received_bytes"], 0);
        let (status, body) = get(&world.http, &format!("/ipfs/{cid}"));
        assert_eq!(status, 200, "a link opens");
        assert!(body == bytes(len));
    }
    let options = [
        "--cid-version=1",
        "--raw-leaves",
        "--chunker=size-1048576",
        "--max-file-links=1024",
    ];
    let path = world.path("v1");
    let add = [
        &["add", "-Q", "--only-hash"],
        &options[..],
        &[path.to_str().unwrap()],
    ]
    .concat();
    let added = String::from_utf8(kubo.ipfs(&add)).unwrap();
    let hash = output(fluence(&world.path("x")).arg("hash").arg(&path));
    let hash: serde_json::Value = serde_json::from_slice(&hash.stdout).unwrap();
    let same = |a: &str, b: &str| {
        a.trim() == b || kubo.ipfs(&["cid", "base32", a.trim()]) == kubo.ipfs(&["cid", "base32", b])
    };
    assert!(
        same(&added, hash["cid"].as_str().unwrap()),
        "`ipfs add` gives the same hash: {added} {hash}"
    );
}

#[test]
fn pins_end_with_their_promises_and_pins_of_others_stay() {
    let directory = tempfile::tempdir().unwrap();
    let Some(kubo) = Kubo::start(directory.path()) else {
        return;
    };
    let theirs = directory.path().join("theirs");
    fs::write(&theirs, bytes(1000)).unwrap();
    kubo.ipfs(&[
        "add",
        "-Q",
        "--cid-version=1",
        "--raw-leaves",
        theirs.to_str().unwrap(),
    ]);
    let world = World::with(&[
        "--ipfs-rpc",
        &kubo.rpc,
        "--ipfs-gateway",
        &kubo.gateway,
        "--keep",
        "8",
    ]);
    let ours = world.file("ours", 1001);
    let (_a, ours) = world.share("alice", &[&ours]);
    let (_b, theirs) = world.share("dan", &[&theirs]);
    for link in [&ours, &theirs] {
        let to = world.path(&format!("{}.out", link.len()));
        let _ = fs::remove_file(&to);
        world
            .client(
                "bob",
                "fetch",
                &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
            )
            .succeeds();
    }
    let cid = |link: &str| link.trim_start_matches("fluence:").to_owned();
    eventually("it is pinned", || kubo.pins().contains(&cid(&ours)));
    eventually("it is unpinned", || !kubo.pins().contains(&cid(&ours)));
    let pins = kubo.pins();
    let line = pins
        .lines()
        .find(|line| line.contains(&cid(&theirs)))
        .expect("a pin of somebody else stays");
    assert!(!line.contains("fluence"), "and keeps its name: {line}");
}

#[test]
fn a_daemon_that_does_not_answer_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let none = [
        "--ipfs-rpc",
        "http://127.0.0.1:9",
        "--ipfs-gateway",
        "http://127.0.0.1:9",
    ];
    // The node waits for it; see `a_kubo_that_is_away_is_waited_for` in `storage_http`.
    let node = start_node(&directory.path().join("node"), &none);
    assert_eq!(node.event("warning")["code"], "ipfs");
    drop(node);
    // What answers there, and is no Kubo, is a mistake.
    let other = World::new();
    let wrong = ["--ipfs-rpc", &other.http, "--ipfs-gateway", &other.http];
    let (code, error) = start_node(&directory.path().join("node"), &wrong).fails();
    assert_eq!((code, error["code"].as_str()), (4, Some("ipfs")), "{error}");
    let (code, error) = start_node(&directory.path().join("node"), &none[..2]).fails();
    assert_eq!(code, 2, "{error}");

    let Some(mut kubo) = Kubo::start(directory.path()) else {
        return;
    };
    let world = World::with(&["--ipfs-rpc", &kubo.rpc, "--ipfs-gateway", &kubo.gateway]);
    let pass = |name: &str, len| {
        let path = world.file(name, len);
        let (share, link) = world.share("alice", &[&path]);
        let to = world.path(&format!("{name}.out"));
        world
            .client(
                "bob",
                "fetch",
                &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
            )
            .succeeds();
        (share, link)
    };
    // Once this is pinned, the node does not ask Kubo by itself for a while.
    let (_share, link) = pass("a", 1000);
    let cid = link.trim_start_matches("fluence:");
    eventually("it is pinned", || kubo.pins().contains(cid));
    kubo.daemon.kill().unwrap();
    kubo.daemon.wait().unwrap();
    // An upload wakes the node, which notices that Kubo is gone, and accepts no more.
    let _share = pass("b", 1001);
    let ask = || {
        let args =
            r#"{"cid": "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", "size": 10}"#;
        let mut call = fluence(&world.path("carol"));
        Fluence::start(call.args(["call", "IPFS_multiaddr", args, "--node", &world.tcp]))
            .wait()
            .code()
    };
    eventually("the node accepts no more", || ask() == Some(4));
}

/// Runs `fluence storage` on the node's state; returns the exit code and the last event.
fn storage(world: &World, args: &[&str]) -> (i32, serde_json::Value) {
    let done = output(fluence(&world.path("node")).arg("storage").args(args));
    let line = String::from_utf8_lossy(&done.stdout)
        .lines()
        .last()
        .unwrap_or("null")
        .to_owned();
    (
        done.status.code().unwrap_or(-1),
        serde_json::from_str(&line).unwrap_or_default(),
    )
}
