//! How a node starts and stops, how it is configured, and what its operator can do.

mod support;

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use support::{Fluence, LONG, World, bytes, fluence, get, output, start_node};

#[test]
fn a_node_stops_when_it_is_told_to_and_is_the_same_afterwards() {
    let world = World::new();
    let (status, health) = get(&world.http, "/healthz");
    assert_eq!(status, 200);
    let health: serde_json::Value = serde_json::from_slice(&health).unwrap();
    assert_eq!(health["status"], "ok");
    let World { node, .. } = &world;
    node.terminate();
    node.event("stopped");
    // The storage is closed as it should be, and need not be verified next time.
    let end = Instant::now() + LONG;
    while fs::read_to_string(world.path("node/storage/state")).unwrap() != "closed" {
        assert!(Instant::now() < end, "{}", node.story());
        std::thread::sleep(Duration::from_millis(10));
    }
    let peer = health["peer"].clone();
    let again = start_node(&world.path("node"), &[]);
    assert_eq!(again.event("listening")["peer"], peer);
    again.terminate();
    again.succeeds();
}

#[test]
fn what_keeps_a_node_from_starting_is_named() {
    let world = World::new();
    let taken = world.http.trim_start_matches("http://");
    for (options, said) in [
        (&["--listen-http", taken][..], "--listen-http"),
        (&["--listen-tcp", &tcp_address(&world.tcp)], "--listen-tcp"),
        (&["--public-url", "here"], "http://"),
        (&["--config", "/no/such/file.toml"], "file.toml"),
    ] {
        let (code, error) = start_node(&world.path("other"), options).fails();
        assert!(code == 1 || code == 2, "{code} {error}");
        assert!(error.to_string().contains(said), "{said}: {error}");
    }
    let (code, error) = start_node("/proc/nowhere".as_ref(), &[]).fails();
    assert_eq!(
        (code, error["code"].as_str()),
        (1, Some("state_directory")),
        "{error}"
    );
    let (code, error) = start_node(&world.path("node"), &[]).fails();
    assert_eq!(
        (code, error["code"].as_str()),
        (1, Some("locked")),
        "{error}"
    );
    let usage = output(fluence(&world.path("other")).args(["node", "--storage-quota", "lots"]));
    assert_eq!(usage.status.code(), Some(2));
}

#[test]
fn a_node_that_others_would_not_find_says_what_to_set() {
    let world = World::new();
    let url = ["--public-url", "https://node.example.org"];
    let external = [
        "--external-address",
        "/dns4/node.example.org/tcp/443/tls/ws",
    ];
    for (number, (listen, warns)) in [
        (&["--listen-http", "0.0.0.0:0"][..], true),
        (&["--listen-http", "0.0.0.0:0", url[0], url[1]], false),
        (&["--listen-ws", "0.0.0.0:0"], true),
        (
            &[
                "--listen-ws",
                "0.0.0.0:0",
                url[0],
                url[1],
                external[0],
                external[1],
            ],
            false,
        ),
        (&[], false),
    ]
    .into_iter()
    .enumerate()
    {
        let node = start_node(&world.path(&format!("node{number}")), listen);
        node.event("listening");
        node.terminate();
        node.event("stopped");
        let story = node.story();
        for said in ["\"warning\"", "--public-url"] {
            assert_eq!(story.contains(said), warns, "{listen:?}: {story}");
        }
    }
}

/// What the node of this state directory tells its operator that others are told.
fn told(state: &std::path::Path) -> Vec<String> {
    let status = output(fluence(state).args(["node", "status"])).stdout;
    let status: serde_json::Value = serde_json::from_slice(&status).unwrap();
    let addresses = status["addresses"].as_array().unwrap().iter();
    addresses
        .map(|address| address.as_str().unwrap().to_owned())
        .collect()
}

/// Whether an address is one on the internet.
fn is_public(multiaddr: &str) -> bool {
    !fluence::storage::is_private(multiaddr.split('/').nth(2).unwrap())
}

#[test]
fn a_node_tells_addresses_of_private_networks_only_if_it_is_to() {
    let everywhere = ["--listen-tcp", "0.0.0.0:0", "--listen-ws", "none"];
    let world = World::with(&everywhere);
    let addresses = told(&world.path("node"));
    assert!(
        addresses.iter().all(|address| is_public(address)),
        "{addresses:?}"
    );
    let says = world.node.story().contains("--announce-private");
    assert_eq!(says, addresses.is_empty(), "{}", world.node.story());
    // Who is on this machine is told where its storage is; who comes by way of something else is not.
    let ask = |world: &World| {
        let node = format!(
            "/ip4/127.0.0.1/tcp/{}",
            world.tcp.split('/').nth(4).unwrap()
        );
        let mut call = fluence(&world.path("alice"));
        let call = call.args(["call", "IPFS_multiaddr", "{}", "--node", &node]);
        let called = output(call);
        let said = String::from_utf8_lossy(&called.stdout).into_owned();
        (called.status.success(), said)
    };
    let (told_it, said) = ask(&world);
    assert!(told_it && said.contains("/ip4/127.0.0.1/"), "{said}");
    let external = ["--external-address", "/dns4/node.example.org/tcp/4101"];
    let (told_it, said) = ask(&World::with(&external));
    assert!(
        !told_it && said.contains("does not know at which address"),
        "{said}"
    );

    let private = World::with(&[&everywhere[..], &["--announce-private"]].concat());
    let addresses = told(&private.path("node"));
    assert!(!addresses.is_empty(), "{}", private.node.story());
    assert!(!private.node.story().contains("--external-address"));
}

#[test]
fn a_node_listens_on_several_addresses() {
    let world = World::with(&["--listen-tcp", "127.0.0.1:0 [::1]:0", "--listen-ws", "none"]);
    let called = |node: &str| {
        let mut call = fluence(&world.path("alice"));
        let call = call.args(["call", "IPFS_multiaddr", "{}", "--node", node]);
        output(call).status.success()
    };
    let addresses = told(&world.path("node"));
    assert_eq!(addresses.len(), 2, "{addresses:?}");
    for kind in ["/ip4/127.0.0.1/", "/ip6/::1/"] {
        let address = addresses.iter().find(|address| address.starts_with(kind));
        assert!(
            address.is_some_and(|at| called(at)),
            "{kind}: {addresses:?}"
        );
    }
}

/// Starts a node whose HTTP listens on these addresses, on a port that is free in all of them, where PORT stands.
fn start_with_http(state: &std::path::Path, addresses: &str) -> (support::Fluence, String) {
    loop {
        let free = std::net::TcpListener::bind("[::]:0").unwrap();
        let port = free.local_addr().unwrap().port().to_string();
        drop(free);
        let node = start_node(state, &["--listen-http", &addresses.replace("PORT", &port)]);
        let begins = |event: &serde_json::Value| event["event"] == "listening";
        let first = node.event_where("a beginning", |event| {
            begins(event) || event["code"] == "listen"
        });
        // Somebody else may have been faster.
        if begins(&first) {
            return (node, port);
        }
    }
}

#[test]
fn http_listens_on_several_addresses() {
    let directory = tempfile::tempdir().unwrap();
    // One for all of IPv6 takes IPv4 too, and beside one for all of IPv4 it leaves that to it.
    for addresses in [
        "127.0.0.1:PORT [::1]:PORT",
        "[::]:PORT",
        "0.0.0.0:PORT [::]:PORT",
    ] {
        let (_node, port) = start_with_http(directory.path(), addresses);
        for host in ["127.0.0.1", "[::1]"] {
            let (status, _) = support::get(&format!("http://{host}:{port}"), "/readyz");
            assert_eq!(status, 200, "{addresses}: {host}");
        }
    }
}

/// In a network namespace in which the system would have IPv6 listen for itself alone.
#[cfg(target_os = "linux")]
#[test]
fn all_addresses_of_ip6_include_those_of_ip4_whatever_the_system_says() {
    let mut may = std::process::Command::new("unshare");
    if !may
        .args(["--net", "true"])
        .output()
        .is_ok_and(|may| may.status.success())
    {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let inside =
        "ip link set lo up && echo 1 > /proc/sys/net/ipv6/bindv6only && exec \"$0\" \"$@\"";
    let options = [
        "node",
        "--listen-tcp",
        "127.0.0.1:0",
        "--listen-ws",
        "none",
        "--listen-http",
        "[::]:0",
    ];
    let mut node = std::process::Command::new("unshare");
    node.args([
        "--net",
        "sh",
        "-c",
        inside,
        env!("CARGO_BIN_EXE_fluence"),
        "--json",
        "--state",
    ]);
    let node = support::Fluence::start(node.arg(directory.path().join("node")).args(options));
    let http = node.event("listening")["http"].as_str().unwrap().to_owned();
    let port = http.rsplit(':').next().unwrap();
    for ip in ["/ip6/::1", "/ip4/127.0.0.1"] {
        let mut call = std::process::Command::new("nsenter");
        call.arg(format!("--net=/proc/{}/ns/net", node.id()));
        call.args([env!("CARGO_BIN_EXE_fluence"), "--state"]);
        call.arg(directory.path().join("alice"));
        let at = format!("{ip}/tcp/{port}/ws");
        let called = output(call.args(["call", "IPFS_multiaddr", "--node", &at]));
        assert!(called.status.success(), "{at}: {called:?}");
    }
}

/// The address and port of a TCP multiaddr.
fn tcp_address(multiaddr: &str) -> String {
    let parts: Vec<&str> = multiaddr.split('/').collect();
    format!("{}:{}", parts[2], parts[4])
}

#[test]
fn the_environment_and_a_file_configure_a_node() {
    let world = World::new();
    let state = world.path("other");
    fs::create_dir(&state).unwrap();
    fs::write(
        state.join("node.toml"),
        "listen-ws = \"none\"\nmax-file = \"1KiB\"\nlisten-http = \"127.0.0.1:1\"\n",
    )
    .unwrap();
    let mut command = fluence(&state);
    command
        .args(["node", "--listen-tcp", "127.0.0.1:0"])
        .env("FLUENCE_LISTEN_HTTP", "127.0.0.1:0");
    command.env("FLUENCE_PUBLIC_URL", "https://node.example.org/");
    let node = Fluence::start(&mut command);
    let listening = node.event("listening");
    assert_eq!(listening["addresses"].as_array().unwrap().len(), 1);
    assert_eq!(listening["url"], "https://node.example.org");
    let tcp = listening["addresses"][0].as_str().unwrap();
    let args =
        r#"{"cid": "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", "size": 1024}"#;
    let call = Fluence::start(fluence(&world.path("bob")).args([
        "call",
        "IPFS_multiaddr",
        args,
        "--node",
        tcp,
    ]));
    assert_eq!(
        call.event("result")["ok"]["multiaddr"],
        "/dns/node.example.org/tcp/443/https"
    );
    let more = args.replace("1024", "1025");
    let call = Fluence::start(fluence(&world.path("bob")).args([
        "call",
        "IPFS_multiaddr",
        &more,
        "--node",
        tcp,
    ]));
    let (code, error) = call.fails();
    assert_eq!(
        (code, error["code"].as_str()),
        (6, Some("refused")),
        "{error}"
    );
}

#[test]
fn nodes_are_one_network() {
    let world = World::new();
    let other = start_node(&world.path("other"), &["--peers", &world.tcp]);
    let tcp = other.event("listening")["addresses"][0]
        .as_str()
        .unwrap()
        .to_owned();
    let path = world.file("a", 100_000);
    let (_share, link) = world.share("alice", &[&path]);
    let to = world.path("out");
    let mut fetch = fluence(&world.path("bob"));
    Fluence::start(fetch.args(["fetch", &link, "--node", &tcp, "-o"]).arg(&to)).succeeds();
    assert_eq!(fs::read(&to).unwrap(), bytes(100_000));
}

#[test]
fn a_function_is_called_from_another_node_and_a_node_finds_its_network_again() {
    let world = World::new();
    let directory = world.path("other");
    let other = start_node(&directory, &["--peers", &world.tcp]);
    let address = |node: &Fluence| {
        let listening = node.event("listening");
        listening["addresses"][0].as_str().unwrap().to_owned()
    };
    // A node joins in the background; until then nobody is found.
    let call = |at: &str| {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let mut call = fluence(&world.path("bob"));
            let called = output(call.args(["call", "echo", r#"{"a": 1}"#, "--node", at]));
            if called.status.success() {
                return;
            }
            assert!(Instant::now() < until, "{called:?}");
        }
    };
    let provide = world.client("alice", "provide", &["echo", "--", "cat"]);
    provide.event("providing");
    call(&address(&other));
    other.terminate();
    other.succeeds();
    // Nobody tells it where the others are this time.
    let again = start_node(&directory, &[]);
    call(&address(&again));
}

#[test]
fn a_link_opens_at_every_node_wherever_the_file_is_put() {
    let world = World::new();
    let other = start_node(&world.path("other"), &["--peers", &world.tcp]);
    let other_http = other.event("listening")["http"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = world.file("a", 5_000_000);
    let (share, link) = world.share("alice", &[&path]);
    let cid = link.trim_start_matches("fluence:");
    // Whichever storage it was uploaded to, one of the two has to get it from the other.
    for http in [&world.http, &other_http] {
        let (status, body) = get(http, &format!("/ipfs/{cid}"));
        assert_eq!(
            status,
            200,
            "{}: {}",
            String::from_utf8_lossy(&body),
            share.story()
        );
        assert!(body == bytes(5_000_000));
    }
}

/// Runs `fluence storage` with a state directory; returns the exit code and the last event.
fn storage(world: &World, state: &str, args: &[&str]) -> (i32, serde_json::Value) {
    let mut command: Command = fluence(&world.path(state));
    let done = output(
        command
            .current_dir(world.path(""))
            .arg("storage")
            .args(args),
    );
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

#[test]
fn an_operator_can_manage_a_running_node_and_a_stopped_one() {
    let world = World::new();
    let path = world.file("a", 3_000_000);
    let (share, link) = world.share("alice", &[&path]);
    let cid = link.trim_start_matches("fluence:").to_owned();
    let to = world.path("out");
    world
        .client(
            "bob",
            "fetch",
            &[link.as_ref(), "-o".as_ref(), to.as_os_str()],
        )
        .succeeds();
    share.event("upload_ended");

    let operate = |args: &[&str]| storage(&world, "node", args);
    let (code, list) = operate(&["list"]);
    assert_eq!(
        (code, &list["dags"][0]["cid"]),
        (0, &serde_json::json!(cid)),
        "{list}"
    );
    assert_eq!(operate(&["pin", &cid]).0, 0);
    assert_eq!(operate(&["export", &cid, "-o", "a.car"]).0, 0);
    assert_eq!(
        operate(&["export", &cid, "-o", "a.car"]).0,
        1,
        "never over another file"
    );
    assert_eq!(operate(&["check"]).0, 0);
    assert_eq!(operate(&["gc"]).1["removed"], 0, "it is pinned");
    assert_eq!(operate(&["remove", &cid]).0, 0);
    assert_eq!(operate(&["remove", &cid]).0, 3);
    assert_eq!(operate(&["export", &cid]).0, 3);

    world.node.terminate();
    world.node.event("stopped");
    let (code, imported) = retry_while_locked(|| operate(&["import", "a.car"]));
    assert_eq!(
        (code, &imported["roots"][0]),
        (0, &serde_json::json!(cid)),
        "{imported}"
    );
    assert_eq!(operate(&["list"]).1["dags"][0]["pinned"], true);

    // A bit flips.
    let block = largest_file(&world.path("node/storage"));
    let mut damaged = fs::read(&block).unwrap();
    damaged[100] ^= 1;
    fs::write(&block, damaged).unwrap();
    let (code, _) = operate(&["check"]);
    assert_eq!(code, 5);
    assert_eq!(
        operate(&["export", &cid, "-o", "b.car"]).0,
        3,
        "it is no longer complete"
    );
    assert!(!world.path("b.car").exists());
    assert_eq!(operate(&["import", "a.car"]).0, 0);
    assert_eq!(operate(&["export", &cid, "-o", "b.car"]).0, 0);
    assert_eq!(
        fs::read(world.path("a.car")).unwrap(),
        fs::read(world.path("b.car")).unwrap()
    );
    fs::write(world.path("bad.car"), "nonsense").unwrap();
    assert_eq!(operate(&["import", "bad.car"]).0, 5);
}

#[test]
fn a_car_may_have_many_roots() {
    let world = World::new();
    let blocks: Vec<[u8; 2]> = (0..500_u16).map(u16::to_be_bytes).collect();
    let blocks: Vec<&[u8]> = blocks.iter().map(|block| &block[..]).collect();
    fs::write(world.path("a.car"), car_of(0x55, &blocks)).unwrap();
    let (code, imported) = storage(&world, "node", &["import", "a.car"]);
    assert_eq!(code, 0, "{imported}");
    let (_, list) = storage(&world, "node", &["list"]);
    assert_eq!(list["dags"].as_array().unwrap().len(), 500);
    // Each stands for itself: what is left without the first takes what it takes.
    let first = list["dags"][0]["cid"].as_str().unwrap();
    let (code, removed) = storage(&world, "node", &["remove", first]);
    assert_eq!(code, 0, "{removed}");
    let (_, list) = storage(&world, "node", &["list"]);
    let dags = list["dags"].as_array().unwrap();
    let bytes: Vec<u64> = dags
        .iter()
        .filter_map(|dag| dag["bytes"].as_u64())
        .collect();
    assert_eq!((bytes.len(), bytes.iter().sum()), (499, 998_u64));
    // Its block is removed in the background.
    let end = Instant::now() + LONG;
    let taken = || {
        let (_, health) = get(&world.http, "/healthz");
        let health: serde_json::Value = serde_json::from_slice(&health).unwrap();
        health["storage"]["bytes"].as_u64()
    };
    while taken() != Some(998) {
        assert!(Instant::now() < end, "{:?}", taken());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_keeps_a_car_from_being_imported_is_named() {
    let world = World::with(&["--storage-quota", "100000"]);
    fs::write(world.path("a.car"), car_of(0x55, &[&[7; 100_001]])).unwrap();
    fs::create_dir(world.path("directory")).unwrap();
    for (car, is) in [("a.car", (6, "quota")), ("directory", (1, "file"))] {
        let (code, error) = storage(&world, "node", &["import", car]);
        assert_eq!((code, error["code"].as_str().unwrap()), is, "{error}");
    }
}

#[test]
fn a_storage_that_is_named_is_the_one_that_is_used() {
    let world = World::new();
    fs::create_dir(world.path("other")).unwrap();
    fs::write(world.path("a.car"), car_of(0x55, &[b"a"])).unwrap();
    let cids = |(code, list): (i32, serde_json::Value)| {
        assert_eq!(code, 0, "{list}");
        list["dags"].as_array().unwrap().len()
    };
    let other = ["--storage", "other"];
    let operate = |args: &[&str]| storage(&world, "node", args);
    assert_eq!(operate(&[&["import", "a.car"], &other[..]].concat()).0, 0);
    assert_eq!(cids(operate(&[&["list"], &other[..]].concat())), 1);
    assert_eq!(cids(operate(&["list"])), 0, "the node has another storage");
    // The node's own storage is found by any path to it, and reached through the node's socket.
    fs::create_dir(world.path("x")).unwrap();
    assert_eq!(
        cids(operate(&["list", "--storage", "x/../node/storage"])),
        0
    );
    assert_eq!(
        operate(&["import", "a.car", "--storage", "node/storage"]).0,
        0
    );
    assert_eq!(cids(operate(&["list"])), 1);
    // The node of `second` has another storage, and `third` has no node.
    let second = start_node(&world.path("second"), &[]);
    second.event("listening");
    for state in ["second", "third"] {
        let (code, error) = storage(&world, state, &["gc", "--storage", "node/storage"]);
        assert_eq!(code, 1, "{error}");
        assert!(error["advice"].to_string().contains("--state"), "{error}");
    }
}

#[test]
fn a_dag_that_is_not_a_file_is_exported_under_its_cid() {
    let world = World::new();
    // {} as DAG-CBOR.
    fs::write(world.path("a.car"), car_of(0x71, &[b"\xa0"])).unwrap();
    let (code, imported) = storage(&world, "node", &["import", "a.car"]);
    assert_eq!(code, 0, "{imported}");
    let root = imported["roots"][0].as_str().unwrap();
    assert_eq!(storage(&world, "node", &["export", root]).0, 0);
    assert!(world.path(&format!("{root}.car")).exists());
}

/// Three hundred clients ask for an endless CAR and read its beginning. A node used to hold a few
/// blocks of 1 MiB for each.
#[cfg(target_os = "linux")]
#[test]
fn slow_readers_hold_little_memory() {
    use fluence::content::unixfs::{Child, inner};
    use fluence::names::cid_v1;
    use std::io::Read;
    use std::net::TcpStream;

    let world = World::new();
    let leaf = vec![7; 1 << 20];
    let mut child = Child {
        cid: cid_v1(0x55, &Sha256::digest(&leaf).into()),
        size: 1 << 20,
        tsize: 1 << 20,
    };
    let mut nodes = Vec::new();
    for _ in 0..20 {
        let node = inner(&[child, child]);
        child = Child {
            cid: cid_v1(0x70, &Sha256::digest(&node).into()),
            size: child.size * 2,
            tsize: child.tsize * 2,
        };
        nodes.push(node);
    }
    let section = |codec: u8, data: &[u8]| {
        let cid = [&[1, codec, 0x12, 32], &Sha256::digest(data)[..]].concat();
        let mut buffer = unsigned_varint::encode::usize_buffer();
        let len = unsigned_varint::encode::usize(cid.len() + data.len(), &mut buffer);
        [len, &cid, data].concat()
    };
    let mut car = fluence::content::car::header(&child.cid).to_vec();
    car.extend(nodes.iter().rev().flat_map(|node| section(0x70, node)));
    car.extend(section(0x55, &leaf));
    fs::write(world.path("a.car"), car).unwrap();
    let (code, imported) = storage(&world, "node", &["import", "a.car"]);
    assert_eq!(code, 0, "{imported}");
    // One reader that goes on shows what a response needs anyway.
    let host = world.http.trim_start_matches("http://");
    let read = || {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let path = format!("/ipfs/{}?format=car&car-dups=y", child.cid);
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        stream
    };
    let mut first = read();
    first.read_exact(&mut vec![0; 8 << 20]).unwrap();
    let before = world.node.memory();
    let readers: Vec<_> = (0..300).map(|_| read()).collect();
    // Until nobody gets any more.
    let served = || {
        let (_, health) = get(&world.http, "/healthz");
        let health: serde_json::Value = serde_json::from_slice(&health).unwrap();
        health["counters"]["served_bytes"].as_u64().unwrap()
    };
    let mut last = 0;
    while last != served() {
        last = served();
        std::thread::sleep(Duration::from_millis(300));
    }
    let grown = world.node.memory().saturating_sub(before) >> 20;
    assert!(
        grown < 150,
        "{grown} MiB for {} slow readers",
        readers.len()
    );
}

/// A node in this state directory whose exports never end.
fn endless(state: &std::path::Path) {
    fs::create_dir_all(state).unwrap();
    let socket = UnixListener::bind(state.join("operator.sock")).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = socket.accept().unwrap();
        let data = [&[2, 100, 0, 0, 0][..], &[7; 100]].concat();
        while stream.write_all(&data).is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    });
}

#[test]
fn an_export_that_is_stopped_leaves_nothing() {
    let world = World::new();
    let state = world.path("endless");
    endless(&state);
    let cid = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
    fs::create_dir(world.path("out")).unwrap();
    let mut command = fluence(&state);
    command.current_dir(world.path("out"));
    let export = Fluence::start(command.args(["storage", "export", cid]));
    let files = || fs::read_dir(world.path("out")).unwrap().map(Result::unwrap);
    let end = Instant::now() + LONG;
    while !files().any(|file| file.metadata().unwrap().len() > 0) {
        assert!(Instant::now() < end, "{}", export.story());
        std::thread::sleep(Duration::from_millis(10));
    }
    export.terminate();
    let (code, error) = export.fails();
    assert_eq!((code, files().count()), (130, 0), "{error}");
}

/// A CAR of blocks with these bytes and this codec, each of which is a root.
fn car_of(codec: u8, blocks: &[&[u8]]) -> Vec<u8> {
    let cid = |data: &&[u8]| [&[1, codec, 0x12, 32], &Sha256::digest(data)[..]].concat();
    let varint = |len: usize| {
        let mut buffer = unsigned_varint::encode::usize_buffer();
        unsigned_varint::encode::usize(len, &mut buffer).to_vec()
    };
    // {"roots": [42(h'00…'), …], "version": 1}
    let len = u32::try_from(blocks.len()).unwrap().to_be_bytes();
    let mut header = [b"\xa2eroots\x9a", &len[..]].concat();
    for block in blocks {
        header.extend([&[0xd8, 42, 0x58, 37, 0][..], &cid(block)].concat());
    }
    header.extend(b"gversion\x01");
    let mut car = [varint(header.len()), header].concat();
    for block in blocks {
        car.extend([varint(36 + block.len()), cid(block), block.to_vec()].concat());
    }
    car
}

/// Repeats a command until it succeeds, for about 5 s: a node that has said that it stopped may
/// hold its lock a moment longer.
fn retry_while_locked<T>(mut run: impl FnMut() -> (i32, T)) -> (i32, T) {
    for _ in 0..50 {
        let done = run();
        if done.0 == 0 {
            return done;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    run()
}

/// The largest file in a directory that is not a database.
fn largest_file(directory: &std::path::Path) -> std::path::PathBuf {
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                directories.push(entry.path());
            } else if entry
                .path()
                .extension()
                .is_none_or(|ending| ending != "redb")
            {
                files.push((entry.metadata().unwrap().len(), entry.path()));
            }
        }
    }
    files.into_iter().max().unwrap().1
}
