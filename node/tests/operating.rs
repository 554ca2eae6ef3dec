//! What an operator of a node sees and sets: its log.

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{World, fluence, output, start_node};

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
