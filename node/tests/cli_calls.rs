//! Providing and calling functions from the command line.

mod support;

use std::time::{Duration, Instant};

use fluence::call::{CallError, ErrorCode, Reply};
use fluence_peer::{Config, Keypair, Peer};
use support::{Fluence, World, fluence};

fn provide(world: &World, state: &str, name: &str, options: &[&str], command: &[&str]) -> Fluence {
    let args: Vec<&str> = [&[name], options, &["--"], command].concat();
    let provide = world.client(state, "provide", &args);
    provide.event("providing");
    provide
}

#[test]
fn a_command_is_a_function() {
    let world = World::new();
    let provider = provide(&world, "alice", "echo", &[], &["cat"]);
    let call = world.client("bob", "call", &["echo", r#"{"a": [1, "ü"]}"#]);
    assert_eq!(
        call.event("result")["ok"],
        serde_json::json!({"a": [1, "ü"]})
    );
    call.succeeds();
    assert!(
        provider.event("called")["caller"]
            .as_str()
            .unwrap()
            .starts_with("12D3")
    );
    provider.terminate();
    provider.succeeds();
}

#[test]
fn each_call_runs_the_command_whatever_its_arguments() {
    let world = World::new();
    let runs = world.path("runs");
    let script = format!("echo >> {}; cat", runs.display());
    for name in [
        "echo",
        "IPFS_bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
    ] {
        let _provider = provide(&world, "alice", name, &[], &["sh", "-c", &script]);
        assert!(!runs.exists(), "confirming the announcement runs nothing");
        let call = world.client("bob", "call", &[name, r#"{"probe": true}"#]);
        assert_eq!(
            call.event("result")["ok"],
            serde_json::json!({"probe": true})
        );
        call.succeeds();
        assert_eq!(std::fs::read_to_string(&runs).unwrap(), "\n");
        std::fs::remove_file(&runs).unwrap();
    }
}

#[test]
fn a_function_that_fails_says_so_and_keeps_its_secrets() {
    let world = World::new();
    for (name, command, said) in [
        (
            "exits",
            &["sh", "-c", "echo secret >&2; exit 3"][..],
            "failed",
        ),
        ("babbles", &["echo", "hello"], "not a JSON object"),
        (
            "floods",
            &["head", "-c", "100000", "/dev/zero"],
            "too large",
        ),
        ("absent", &["/no/such/program"], "cannot be run"),
    ] {
        let _provider = provide(&world, "alice", name, &[], command);
        let (code, error) = world.client("bob", "call", &[name]).fails();
        assert_eq!(code, 1, "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(said) && !message.contains("secret"),
            "{error}"
        );
    }
}

#[test]
fn a_function_is_bounded_in_time_and_number() {
    let world = World::new();
    let options = ["--timeout", "5", "--concurrency", "1"];
    let _provider = provide(&world, "alice", "sleeps", &options, &["sleep", "50"]);
    let began = Instant::now();
    let slow = world.client("bob", "call", &["sleeps"]);
    let (code, error) = slow.fails();
    assert_eq!(
        (code, error["code"].as_str()),
        (4, Some("unavailable")),
        "{error}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );

    let calls = ["carol", "dan"].map(|who| world.client(who, "call", &["sleeps"]));
    let mut ended = calls.map(|call| call.fails().1["code"].as_str().unwrap().to_owned());
    ended.sort();
    assert_eq!(ended, ["busy", "unavailable"]);
}

/// A provider that is busy for its first `times` calls, and says for how long.
async fn busy(node: &str, function: &str, mut times: u32, for_ms: u64) -> Peer {
    let config = Config::client(Keypair::generate_ed25519(), vec![node.parse().unwrap()]);
    let (peer, mut calls, mut statuses) = Peer::start(config).unwrap();
    statuses.online().await;
    tokio::spawn(async move {
        while let Some(call) = calls.next().await {
            let probe = !call.request.args.is_empty();
            let reply = if probe || times == 0 {
                Reply::ok(&serde_json::json!({}))
            } else {
                times -= 1;
                let mut error = CallError::new(ErrorCode::Busy, "later");
                error.retry_after_ms = Some(for_ms);
                Reply::Error(error)
            };
            call.reply(reply);
        }
    });
    let unconfirmed = peer.announce(vec![function.parse().unwrap()]).await;
    assert_eq!(unconfirmed.unwrap(), []);
    peer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_provider_is_asked_once_more_and_in_time() {
    let world = World::new();
    let _soon = busy(&world.tcp, "soon", 1, 500).await;
    let began = Instant::now();
    let call = world.client("bob", "call", &["soon"]);
    call.event("result");
    call.succeeds();
    assert!(began.elapsed() >= Duration::from_millis(500));

    let _twice = busy(&world.tcp, "twice", 2, 500).await;
    let _never = busy(&world.tcp, "never", 1, u64::MAX).await;
    for function in ["twice", "never"] {
        let (code, error) = world.client("bob", "call", &[function]).fails();
        assert_eq!((code, error["code"].as_str()), (6, Some("busy")), "{error}");
    }
    let call = world.client("bob", "call", &["twice"]);
    call.event("result");
    call.succeeds();
}

#[test]
fn processes_that_a_command_started_end_with_it() {
    let world = World::new();
    let mark = world.path("alive");
    let script = format!("(sleep 4; touch {}) & sleep 60", mark.display());
    let _provider = provide(
        &world,
        "alice",
        "forks",
        &["--timeout", "1"],
        &["sh", "-c", &script],
    );
    let (_, error) = world.client("bob", "call", &["forks"]).fails();
    assert_eq!(error["code"], "unavailable", "{error}");
    std::thread::sleep(Duration::from_secs(5));
    assert!(!mark.exists());
}

#[test]
fn mistakes_in_calls_are_explained() {
    let world = World::new();
    let large = format!(r#"{{"a": "{}"}}"#, "x".repeat(70_000));
    for (args, code) in [
        (&["nobody-provides-this"][..], 3),
        (&["a b"], 2),
        (&["echo", "[1]"], 2),
        (&["echo", "{}", "--peer", "me"], 2),
        (&["IPFS_multiaddr", r#"{"cid": "nonsense"}"#], 1),
        (&["IPFS_multiaddr", &large], 2),
    ] {
        let (got, error) = world.client("bob", "call", args).fails();
        assert_eq!(got, code, "{args:?}: {error}");
        let message = error["message"].as_str().unwrap();
        // Only what a provider said is attributed to it.
        assert_eq!(
            message.starts_with("The provider says"),
            code == 1,
            "{error}"
        );
    }
    let usage = support::output(fluence(&world.path("bob")).args(["call"]));
    assert_eq!(usage.status.code(), Some(2));
}
