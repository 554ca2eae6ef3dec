//! What an operator of a node sees, its log, its state and its metrics, and what an operator sets, lists
//! and limits.

mod support;

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{LONG, World, bytes, fluence, get, get_with, output, start_node};

/// The lines of a log, each of which is a JSON object.
#[track_caller]
fn lines(log: &str) -> Vec<Value> {
    let lines = log.lines().map(|line| {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    });
    lines.collect()
}

#[test]
fn a_log_for_programs_has_one_object_a_line_and_no_secret() {
    let mut world = World::with(&["--log-format", "json", "-v", "-v"]);
    let path = world.file("a", 300_000);
    let (share, link) = world.share("alice", &[&path]);
    let cid = link.trim_start_matches("fluence:");
    let args = json!({"cid": cid, "size": 300_000}).to_string();
    let mut call = fluence(&world.path("bob"));
    let called = output(call.args(["call", "IPFS_multiaddr", &args, "--node", &world.tcp]));
    let events = lines(&String::from_utf8_lossy(&called.stdout));
    let token = events
        .iter()
        .find_map(|event| event["ok"]["token"].as_str());
    let token = token.unwrap_or_else(|| panic!("{called:?}")).to_owned();
    let out = world.path("out");
    let fetch = ["fetch", &link, "--node", &world.tcp, "-o"];
    let fetched = output(fluence(&world.path("carol")).args(fetch).arg(&out));
    assert!(fetched.status.success(), "{fetched:?}");
    drop(share);
    world.node.terminate();
    let (_, log) = world.node.ends();
    let lines = lines(&log);
    for line in &lines {
        for member in ["timestamp", "level", "target"] {
            assert!(line[member].is_string(), "{member}: {line}");
        }
        let is_ours = line["target"].as_str().unwrap().starts_with("fluence");
        assert!(!is_ours || line["message"].is_string(), "{line}");
    }
    let listening = lines.iter().find(|line| line["message"] == "listening");
    assert!(
        listening.is_some_and(|line| line["address"].to_string().contains("/tcp/")),
        "{log}"
    );
    assert!(lines.iter().any(|line| line["message"] == "Stopping."));
    let key = fs::read(world.path("node/identity.key")).unwrap();
    let mut secrets = vec![token];
    // The key as text, in hexadecimal digits, and as the list of numbers that `Debug` makes of it.
    secrets.push(String::from_utf8_lossy(&key).trim().to_owned());
    secrets.push(key.iter().map(|byte| format!("{byte:02x}")).collect());
    secrets.push(format!("{key:?}").trim_matches(['[', ']']).to_owned());
    for secret in secrets {
        assert!(secret.len() >= 32 && !log.contains(&secret), "{log}");
    }
}

#[test]
fn a_log_for_programs_says_why_a_node_does_not_start() {
    let world = World::new();
    let taken = world.http.trim_start_matches("http://");
    let options = ["--log-format", "json", "--listen-http", taken];
    let mut node = start_node(&world.path("other"), &options);
    let (status, log) = node.ends();
    assert!(!status.success());
    let log = lines(&log);
    let last = log.last().unwrap();
    assert_eq!(last["level"], "ERROR", "{last}");
    assert!(
        last["advice"].to_string().contains("--listen-http"),
        "{last}"
    );
}

/// The values of metrics in Prometheus' format, by name and labels.
#[track_caller]
fn metrics(text: &str) -> HashMap<String, f64> {
    let mut values = HashMap::new();
    let mut described = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.split(' ');
            let (kind, name) = (words.next().unwrap(), words.next().unwrap());
            match kind {
                "HELP" => assert!(words.next().is_some(), "{line}"),
                "TYPE" => assert!(matches!(words.next(), Some("gauge" | "counter")), "{line}"),
                _ => panic!("{line}"),
            }
            described.push((kind.to_owned(), name.to_owned()));
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let name = series.split('{').next().unwrap();
        for kind in ["HELP", "TYPE"] {
            let begun = (kind.to_owned(), name.to_owned());
            assert!(described.contains(&begun), "{kind}: {line}");
        }
        let before = values.insert(series.to_owned(), value.parse().unwrap());
        assert!(before.is_none(), "twice: {line}");
    }
    values
}

#[test]
fn a_node_tells_its_operator_what_it_holds_and_has_done() {
    let mut world = World::with(&["--listen-metrics", "127.0.0.1:0"]);
    let state = world.path("node");
    let status = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fluence"));
        let asked = output(
            command
                .args(options)
                .arg("--state")
                .arg(&state)
                .args(["node", "status"]),
        );
        (
            asked.status.code(),
            String::from_utf8(asked.stdout).unwrap(),
        )
    };
    let (code, at) = status(&["--json"]);
    let at: Value = serde_json::from_str(&at).unwrap();
    assert_eq!(
        (code, &at["reservations"]["now"]),
        (Some(0), &json!(0)),
        "{at}"
    );

    let path = world.file("a", 2_000_000);
    let (share, link) = world.share("alice", &[&path]);
    let out = world.path("out");
    let fetch = ["fetch", &link, "--node", &world.tcp, "-o"];
    let fetched = output(fluence(&world.path("bob")).args(fetch).arg(&out));
    assert!(fetched.status.success(), "{fetched:?}");
    share.event("upload_ended");
    let strange = "/ipfs/nobody%22%7D%0Afluence_evil%201";
    assert_eq!(get(&world.http, strange).0, 400);

    let port = world.metrics.trim_end_matches("/metrics").to_owned();
    // A node finds out once a second at most what libp2p holds, and the status of before may be as young as that.
    let end = Instant::now() + LONG;
    let (text, values) = loop {
        let (code, text) = get(&port, "/metrics");
        let text = String::from_utf8(text).unwrap();
        assert_eq!(code, 200, "{text}");
        let values = metrics(&text);
        if values.get("fluence_reservations") != Some(&0.0) {
            break (text, values);
        }
        assert!(Instant::now() < end, "{text}");
    };
    assert!(!text.contains("evil") && text.len() < 20_000, "{text}");
    let is = |name: &str| {
        *values
            .get(name)
            .unwrap_or_else(|| panic!("no {name}: {text}"))
    };
    assert_eq!(is("fluence_ready"), 1.0);
    assert_eq!(is("fluence_reservations"), 1.0, "{text}");
    assert_eq!(is("fluence_reservations_limit"), 10_000.0);
    assert_eq!(is("fluence_routed_calls_limit"), 1024.0);
    assert_eq!(is("fluence_routed_calls"), 0.0);
    assert_eq!(is("fluence_calls_waiting"), 0.0);
    assert_eq!(is("fluence_storage_dags"), 1.0);
    assert_eq!(is("fluence_grants_total{outcome=\"given\"}"), 1.0);
    assert_eq!(is("fluence_grants_total{outcome=\"refused\"}"), 0.0);
    assert_eq!(is("fluence_http_requests_total{status=\"400\"}"), 1.0);
    for (name, least) in [
        ("fluence_connections", 1.0),
        ("fluence_records", 1.0),
        ("fluence_calls_total{outcome=\"ok\"}", 1.0),
        ("fluence_http_requests_total{status=\"200\"}", 2.0),
        ("fluence_storage_bytes", 2_000_000.0),
        ("fluence_disk_free_bytes", 1.0),
        ("fluence_received_bytes_total", 2_000_000.0),
        ("fluence_sent_bytes_total", 2_000_000.0),
        ("process_resident_memory_bytes", 1e6),
        ("process_open_fds", 10.0),
        ("process_max_fds", 10.0),
    ] {
        assert!(is(name) >= least, "{name}: {text}");
    }
    assert_eq!(get(&world.http, "/metrics").0, 404, "on a port of its own");

    let (_, at) = status(&["--json"]);
    let at: Value = serde_json::from_str(&at).unwrap();
    assert_eq!(
        at["peer"].as_str().unwrap(),
        world.tcp.rsplit('/').next().unwrap()
    );
    assert_eq!(
        (&at["ready"], &at["storage"]["dags"]),
        (&json!(true), &json!(1)),
        "{at}"
    );
    let (_, said) = status(&[]);
    for part in [
        "ready        yes",
        "1 of 10000",
        "2 MB of 68 GB (files: 1",
        "1 given",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    world.node.terminate();
    assert!(world.node.wait().success());
    assert_eq!(status(&["--json"]).0, Some(4));
}

#[test]
fn a_node_is_ready_once_all_that_it_needs_answers() {
    let world = World::new();
    assert_eq!(get(&world.http, "/readyz"), (200, b"ready\n".to_vec()));
    let options = [
        "--ipfs-rpc",
        "http://127.0.0.1:1",
        "--ipfs-gateway",
        "http://127.0.0.1:1",
    ];
    let world = World::with(&options);
    let (status, reason) = get(&world.http, "/readyz");
    let reason = String::from_utf8(reason).unwrap();
    assert_eq!(status, 503);
    assert!(
        reason.contains("the IPFS node behind this one does not answer"),
        "{reason}"
    );
    assert_eq!(get(&world.http, "/healthz").0, 200);
}

/// The peer ID of a state directory.
fn id(world: &World, state: &str) -> String {
    let told = output(fluence(&world.path(state)).arg("id"));
    let told = lines(&String::from_utf8_lossy(&told.stdout));
    told[0]["peer"].as_str().unwrap().to_owned()
}

/// Has a node read its files again, and waits until its log says so, or why not.
fn reload(world: &World, says: &str) {
    let before = world.node.story().matches(says).count();
    world.node.signal("HUP");
    let end = Instant::now() + LONG;
    while world.node.story().matches(says).count() == before {
        assert!(Instant::now() < end, "{}", world.node.story());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What the node tells its operator.
fn status(world: &World) -> Value {
    let asked = output(fluence(&world.path("node")).args(["node", "status"]));
    lines(&String::from_utf8_lossy(&asked.stdout)).remove(0)
}

const READ: &str = "were read again";

/// Asks a node as this peer to grant an upload; returns the exit code and what was said.
fn ask(world: &World, state: &str, cid: &str) -> (Option<i32>, String) {
    let args = json!({"cid": cid, "size": 10}).to_string();
    let mut call = fluence(&world.path(state));
    call.args([
        "call",
        "IPFS_multiaddr",
        &args,
        "--wait",
        "2",
        "--node",
        &world.tcp,
    ]);
    let called = output(&mut call);
    (
        called.status.code(),
        String::from_utf8_lossy(&called.stdout).into_owned(),
    )
}

/// A peer that is not admitted learns so when its connection is made, which then ends: it finds nobody, or no way.
#[track_caller]
fn assert_denied(world: &World, state: &str) {
    let cid = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
    let (code, said) = ask(world, state, cid);
    assert!(matches!(code, Some(3 | 4)), "{code:?}: {said}");
}

#[test]
fn an_operator_chooses_peers_and_files_while_the_node_runs() {
    let directory = tempfile::tempdir().unwrap();
    let list = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (denied, uploaders, files) = (list("denied"), list("uploaders"), list("files"));
    for path in [&denied, &uploaders, &files] {
        fs::write(path, "# nobody yet\n").unwrap();
    }
    let options = [
        "--deny-peers",
        &denied,
        "--uploads-from",
        &uploaders,
        "--deny-cids",
        &files,
    ];
    let world = World::with(&options);
    const CID: &str = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
    let (code, said) = ask(&world, "alice", CID);
    assert_eq!(code, Some(6), "{said}");
    assert!(said.contains("operator has chosen"), "{said}");

    // Alice may upload from now on, and everybody may fetch what she shares.
    fs::write(&uploaders, format!("{}  # Alice\n", id(&world, "alice"))).unwrap();
    reload(&world, READ);
    let path = world.file("a", 100_000);
    let (share, link) = world.share("alice", &[&path]);
    let out = world.path("out");
    let fetch = ["fetch", &link, "--node", &world.tcp, "-o"];
    let fetched = output(fluence(&world.path("bob")).args(fetch).arg(&out));
    assert!(fetched.status.success(), "{fetched:?}");
    assert_eq!(ask(&world, "bob", CID).0, Some(6));

    // The file is not served any more, in whatever form its CID is given.
    let cid: fluence::Cid = link.trim_start_matches("fluence:").parse().unwrap();
    let gateway = format!("/ipfs/{}", fluence::Cid::new_v1(cid.codec(), *cid.hash()));
    assert_eq!(get(&world.http, &gateway).0, 200);
    fs::write(&files, format!("{cid}\n")).unwrap();
    reload(&world, READ);
    assert_eq!(get(&world.http, &gateway).0, 410);
    share.terminate();
    share.succeeds();
    let (code, said) = ask(&world, "alice", &cid.to_string());
    assert_eq!(code, Some(6), "{said}");
    assert!(said.contains("does not take this file"), "{said}");

    // Bob is connected, and then he is not.
    let provide = world.client("bob", "provide", &["echo", "--", "cat"]);
    provide.event("providing");
    assert_eq!(status(&world)["peers"], 1);
    fs::write(&denied, id(&world, "bob")).unwrap();
    reload(&world, READ);
    let end = Instant::now() + LONG;
    while status(&world)["peers"] != 0 {
        assert!(Instant::now() < end, "{}", world.node.story());
    }
    drop(provide);
    assert_denied(&world, "bob");
    assert_eq!(ask(&world, "alice", CID).0, Some(0));

    // Permission to upload that was given before ends with it, too.
    let (_, said) = ask(&world, "alice", CID);
    let said = lines(&said);
    let token = said
        .iter()
        .find_map(|event| event["ok"]["token"].as_str())
        .unwrap();
    let upload = |token: &str| {
        let host = world.http.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        let head =
            "POST /api/v0/dag/import HTTP/1.0\r\nContent-Type: multipart/form-data; boundary=x";
        let rest = format!("Authorization: Bearer {token}\r\nContent-Length: 5\r\n\r\n--x--");
        write!(stream, "{head}\r\nHost: {host}\r\n{rest}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(!upload(token).contains("operator"), "{}", upload(token));
    fs::write(&files, format!("{cid}\n{CID}\n")).unwrap();
    reload(&world, READ);
    assert!(
        upload(token).contains("operator no longer takes"),
        "{}",
        upload(token)
    );

    // A list with a mistake changes nothing.
    fs::write(&denied, "bob\n").unwrap();
    reload(&world, "denied, line 1: “bob” is not a peer ID");
    assert_denied(&world, "bob");
    let (code, error) = start_node(&world.path("other"), &options).fails();
    assert_eq!(code, 2, "{error}");
    assert!(error["message"].to_string().contains("line 1"), "{error}");
}

#[test]
fn a_node_may_be_for_a_few_peers_and_files_alone() {
    let directory = tempfile::tempdir().unwrap();
    let list = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (peers, files) = (list("peers"), list("files"));
    const CIDS: [&str; 2] = [
        "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
        "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
    ];
    fs::write(&files, CIDS[0]).unwrap();
    fs::write(&peers, "").unwrap();
    let world = World::with(&["--allow-peers", &peers, "--allow-cids", &files]);
    assert_denied(&world, "alice");
    fs::write(&peers, id(&world, "alice")).unwrap();
    reload(&world, READ);
    assert_eq!(ask(&world, "alice", CIDS[0]).0, Some(0));
    assert_eq!(ask(&world, "alice", CIDS[1]).0, Some(6));
    assert_denied(&world, "bob");
    assert_eq!(get(&world.http, &format!("/ipfs/{}", CIDS[1])).0, 410);
}

#[test]
fn an_allowed_folder_is_shared_fetched_and_continued_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let list = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (allowed, denied) = (list("allowed"), list("denied"));
    fs::write(&denied, "").unwrap();
    fs::write(&allowed, "").unwrap();
    let world = World::with(&["--allow-cids", &allowed, "--deny-cids", &denied]);
    let folder = world.path("folder");
    fs::create_dir(&folder).unwrap();
    for (name, len) in [("a.bin", 3_000_000), ("b.bin", 200_000), ("c.bin", 100_000)] {
        fs::write(folder.join(name), bytes(len)).unwrap();
    }
    let other = world.file("other", 2_500_000);
    // The hashes, from a node that takes all.
    let links = |world: &World, who: &str| {
        let all = [&folder, &other].map(|path| world.share(who, &[path]));
        all.map(|(share, link)| (share, link.trim_start_matches("fluence:").to_owned()))
    };
    let [(_, folder_cid), (_, other_cid)] = links(&World::new(), "anybody");
    fs::write(&allowed, format!("{folder_cid}\n{other_cid}\n")).unwrap();
    reload(&world, READ);
    let [(mut share, _), (mut share_other, _)] = links(&world, "alice");
    // Both are uploaded, in pieces of the protocol's own choosing, and all of each is here.
    let fetch = |what: &str| {
        let out = world.path(&what.replace('/', " "));
        let mut fetch = fluence(&world.path("bob"));
        let fetch = fetch.args(["fetch", what, "--force", "--node", &world.tcp, "-o"]);
        let fetched = output(fetch.arg(&out));
        assert!(fetched.status.success(), "{what}: {fetched:?}");
        out
    };
    fetch(&folder_cid);
    fetch(&other_cid);
    share.kill();
    share_other.kill();

    // What they consist of, told by their own blocks.
    let roots = [&folder_cid, &other_cid].map(|cid| cid.parse::<fluence::Cid>().unwrap());
    let [root, other_root] = roots;
    let inner = |root: &fluence::Cid| -> Vec<fluence::Cid> {
        let (status, block) = get(&world.http, &format!("/ipfs/{root}?format=raw"));
        assert_eq!(status, 200, "{root}");
        let node = fluence::content::unixfs::decode(&block.into()).unwrap();
        node.links.iter().map(|link| link.cid).collect()
    };
    let files = inner(&root);
    let leaf = inner(&files[0])[0];
    let other_leaf = inner(&other_root)[0];
    fs::write(&allowed, &folder_cid).unwrap();
    reload(&world, READ);
    // A client that continues asks for a file inside for itself, and one that cannot take CARs for each block.
    for path in [
        format!("/ipfs/{}?format=car&dag-scope=all", files[0]),
        format!(
            "/ipfs/{}?format=car&dag-scope=entity&entity-bytes=1048576:*",
            files[0]
        ),
        format!("/ipfs/{leaf}?format=raw"),
        format!("/ipfs/{}", files[1]),
        "/ipfs/bafkqaaa".to_owned(),
    ] {
        let (status, said) = get(&world.http, &path);
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&said));
    }
    let part = fetch(&format!("{folder_cid}/a.bin"));
    assert!(fs::read(part).unwrap() == bytes(3_000_000));
    // What is here of another file is not served, whole or in part, and what is not here is not waited for.
    for cid in [other_root, other_leaf] {
        for path in [format!("/ipfs/{cid}"), format!("/ipfs/{cid}?format=raw")] {
            assert_eq!(get(&world.http, &path).0, 410, "{path}");
        }
    }

    // A file that is denied is not to be had by its name in a folder.
    let by_name = format!("/ipfs/{folder_cid}/b.bin");
    assert_eq!(get(&world.http, &by_name).0, 200);
    fs::write(&denied, files[1].to_string()).unwrap();
    reload(&world, READ);
    for path in [by_name, format!("/ipfs/{}", files[1])] {
        assert_eq!(get(&world.http, &path).0, 410, "{path}");
    }
    assert_eq!(
        get(&world.http, &format!("/ipfs/{folder_cid}/c.bin")).0,
        200
    );
}

#[test]
fn a_node_may_store_what_its_own_clients_share_alone() {
    const CID: &str = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
    let own = World::with(&["--uploads-from", "own"]);
    let other = World::with(&["--peers", &own.tcp]);
    let asks = |who: &str, at: &World| {
        let args = json!({"cid": CID, "size": 10}).to_string();
        let node = own.tcp.rsplit('/').next().unwrap();
        let mut call = fluence(&at.path(who));
        let call = call.args(["call", "IPFS_multiaddr", &args, "--peer", node]);
        let called = output(call.args(["--node", &at.tcp]));
        (
            called.status.code(),
            String::from_utf8_lossy(&called.stdout).into_owned(),
        )
    };
    let (code, said) = asks("alice", &own);
    assert_eq!(code, Some(0), "{said}");
    // Until the nodes have met, nobody finds the one by way of the other.
    let end = Instant::now() + LONG;
    while status(&other)["nodes"] != 1 {
        assert!(Instant::now() < end, "{}", other.node.story());
    }
    let (code, said) = loop {
        let (code, said) = asks("bob", &other);
        // That they have met does not mean yet that the one is found by way of the other.
        if code != Some(4) {
            break (code, said);
        }
        assert!(Instant::now() < end, "{said}");
    };
    assert_eq!(code, Some(6), "{said}");
    assert!(said.contains("operator has chosen"), "{said}");
    // What they share is fetched by everybody all the same.
    let path = own.file("a", 100_000);
    let (_share, link) = own.share("alice", &[&path]);
    other.fetch("carol", &link);
}

#[test]
fn limits_are_what_an_operator_says() {
    let world = World::with(&[
        "--max-bandwidth",
        "1MB",
        "--max-connections",
        "70",
        "--max-reservations",
        "60",
        "--max-http-connections",
        "50",
        "--max-routed-calls",
        "40",
    ]);
    let at = status(&world);
    for (what, most) in [
        ("connections", 70),
        ("reservations", 60),
        ("http_connections", 50),
        ("routed_calls", 40),
    ] {
        assert_eq!(at[what]["most"], most, "{at}");
    }
    let path = world.file("a", 1_500_000);
    let (share, link) = world.share("alice", &[&path]);
    let path = format!("/ipfs/{}", link.trim_start_matches("fluence:"));
    // All of it is received for the sake of one byte, and then all of it is sent.
    let began = Instant::now();
    let (status, body) = get_with(&world.http, &path, "Range: bytes=0-0\r\n");
    assert_eq!((status, body.len()), (206, 1), "{}", share.story());
    share.event("upload_ended");
    let received_in = began.elapsed();
    let began = Instant::now();
    let (status, body) = get(&world.http, &path);
    assert_eq!((status, body.len()), (200, 1_500_000), "{}", share.story());
    let sent_in = began.elapsed();
    let least = Duration::from_secs(1);
    assert!(
        received_in >= least && sent_in >= least,
        "{received_in:?}, {sent_in:?}"
    );
    for wrong in [
        ["--max-bandwidth", "1kB"],
        ["--max-connections", "0"],
        ["--max-http-connections", "0"],
        ["--max-http-responses", "0"],
        ["--max-http-uploads", "0"],
        ["--trusted-proxy", "everybody"],
    ] {
        let ended = output(fluence(&world.path("other")).arg("node").args(wrong));
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        let said = [ended.stdout, ended.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains(wrong[0]), "{wrong:?}: {said}");
    }
}

/// Starts a request and reads nothing; fails silently, as a stranger does not mind.
fn begin(address: &str, request: &[u8]) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(LONG)).unwrap();
    let _ = stream.write_all(request);
    Some(stream)
}

#[test]
fn nobody_keeps_the_metrics_from_their_reader() {
    let world = World::with(&["--listen-metrics", "127.0.0.1:0"]);
    let base = world.metrics.trim_end_matches("/metrics");
    let address = base.trim_start_matches("http://");
    // They are told where the operator asked for it, and nowhere else.
    for path in ["/metrics", "/metrics/", "//metrics", "/%6detrics"] {
        assert_eq!(get(&world.http, path).0, 404, "{path}");
    }
    for path in ["/", "/healthz", "/readyz", "/ipfs/bafkqaaa"] {
        assert_eq!(get(base, path).0, 404, "{path}");
    }
    // A head that is too long is refused, and one without end is cut off.
    let long = format!(
        "GET /metrics HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(1 << 20)
    );
    let many = format!(
        "GET /metrics HTTP/1.1\r\nHost: a\r\n{}\r\n",
        "X: y\r\n".repeat(1000)
    );
    for request in [long, many] {
        let mut answer = Vec::new();
        let mut stream = begin(address, request.as_bytes()).unwrap();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
            "{answer}"
        );
    }
    // Many who ask and read nothing, or do not finish asking, give way.
    let mut crowd = Vec::new();
    for n in 0..200 {
        let whole = n % 2 == 0;
        let end = if whole { "\r\n" } else { "" };
        let request = format!("GET /metrics HTTP/1.1\r\nHost: a\r\n{end}");
        crowd.extend(begin(address, request.as_bytes()));
    }
    for _ in 0..5 {
        let (status, text) = get(base, "/metrics");
        assert_eq!(status, 200);
        assert!(String::from_utf8(text).unwrap().contains("fluence_ready 1"));
    }
    drop(crowd);
}
