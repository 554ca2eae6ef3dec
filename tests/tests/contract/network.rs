//! Tests of other people's libp2p on the network of functions: over both transports, and through the relay.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fluence::call::{ErrorCode, MAX_MESSAGE, Reply, Request};
use fluence::names::FunctionName;
use fluence::ports::NetworkError;
use fluence_peer::{Config, Keypair, Peer, PeerId};
use fluence_tests::command_line::CommandLine;
use fluence_tests::node::Node;
use fluence_tests::others::Other;
use fluence_tests::process::Program;
use futures::future::try_join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::Test;

pub const ALL: &[(&str, Test<Other>)] = &[
    ("is called over TCP", |other| {
        Box::pin(is_called(other, Node::tcp))
    }),
    ("is called over WebSocket", |other| {
        Box::pin(is_called(other, Node::websocket))
    }),
    ("calls over TCP", |other| Box::pin(calls(other, Node::tcp))),
    ("calls over WebSocket", |other| {
        Box::pin(calls(other, Node::websocket))
    }),
    ("is called by others too", |other| {
        Box::pin(is_called_by_others(other))
    }),
    ("is called and misbehaves", |other| {
        Box::pin(misbehaves(other))
    }),
    ("calls and misbehaves", |other| {
        Box::pin(calls_in_other_manners(other))
    }),
    ("shares a file", |other| Box::pin(shares(other))),
    ("fetches a file", |other| Box::pin(fetches(other))),
];

/// Longer than a call, or a transfer of a small file, takes.
const LIMIT: Duration = Duration::from_secs(60);
/// Much less than the deadline of a call.
const PROMPT: Duration = Duration::from_secs(10);
const FUNCTION: &str = "greet-Grüße-🌍";
/// How long many calls, one after the other, may take on a busy machine.
const MANY: Duration = Duration::from_secs(240);
/// How often each way of calling is tried; all must succeed. What go-libp2p accepts from one relay by default is less than
/// a hundred callers need.
const CALLS: usize = 100;
const CALLS_OF_GO: usize = 20;
/// How many of them are under way at the same time.
const TOGETHER: usize = 20;
/// How many callers come at the same time.
const COMING: usize = 4;
/// How often the other implementation calls in each manner that is not plain.
const ODD_CALLS: usize = 4;

/// How often peers of this software call, or are called.
fn times(other: &Other) -> usize {
    match other {
        Other::Go => CALLS_OF_GO,
        Other::Js(_) => CALLS,
    }
}

type Address = fn(&Node) -> Result<String>;

/// A node, and a directory for all that takes part.
struct Scene {
    directory: TempDir,
    node: Node,
}

impl Scene {
    async fn new() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let path = directory.path();
        let node = Node::start(&path.join("node"), &path.join("node.log"), &[]).await?;
        Ok(Self { directory, node })
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    fn terminal(&self) -> Result<CommandLine> {
        let (state, log) = (self.path("terminal"), self.path("terminal.log"));
        CommandLine::new(self.node.tcp()?, &state, &log)
    }

    /// Starts a peer of the other implementation that provides [`FUNCTION`].
    async fn provider(&self, other: &Other, address: Address) -> Result<(Program, PeerId)> {
        let address = address(&self.node)?;
        let arguments = ["provide", "--node", &address, "--function", FUNCTION];
        let log = self.path("provider.log");
        let (program, line) = other.provide(&arguments, &log).await?;
        let peer = line["peer"].as_str().context("no peer")?.parse()?;
        Ok((program, peer))
    }

    /// A peer of this implementation that is new to the network.
    fn caller(&self) -> Result<Peer> {
        let nodes = vec![self.node.tcp()?.parse()?];
        Ok(Peer::start(Config::client(Keypair::generate_ed25519(), nodes))?.0)
    }
}

async fn call(caller: &Peer, provider: PeerId, args: &Value) -> Result<Reply, NetworkError> {
    let name: FunctionName = FUNCTION.parse().expect("a name");
    caller.call(provider, Request::new(name, args), LIMIT).await
}

async fn result(caller: &Peer, provider: PeerId, args: &Value) -> Result<Value> {
    match call(caller, provider, args).await? {
        Reply::Ok(ok) => Ok(ok.into()),
        Reply::Error(error) => Err(error.into()),
    }
}

async fn is_called(other: &Other, address: Address) -> Result<()> {
    let scene = Scene::new().await?;
    let (_running, provider) = scene.provider(other, address).await?;
    let args = json!({"numbers": [1, 2.5, -3], "text": "Grüße", "nothing": null});
    let expected = |caller: &Peer| json!({"echo": args, "caller": caller.id().to_string(), "software": other.software()});

    // Each by a peer that is new, which finds it.
    let (began, times) = (Instant::now(), times(other));
    let new = stream::iter(0..times).map(|_| async {
        let caller = scene.caller()?;
        let found: Vec<PeerId> = caller.providers(FUNCTION.parse()?).collect().await;
        ensure!(found == [provider], "{found:?}");
        ensure!(result(&caller, provider, &args).await? == expected(&caller));
        anyhow::Ok(())
    });
    let new: Vec<()> = new.buffer_unordered(COMING).try_collect().await?;
    let of_new = began.elapsed();
    // By one that is connected already, one after the other and many at once.
    let caller = scene.caller()?;
    let began = Instant::now();
    for _ in 0..times {
        ensure!(result(&caller, provider, &args).await? == expected(&caller));
    }
    let of_one = began.elapsed();
    for _ in 0..times / TOGETHER {
        let together = (0..TOGETHER).map(|_| result(&caller, provider, &args));
        for ok in try_join_all(together).await? {
            ensure!(ok == expected(&caller), "{ok}");
        }
    }
    eprintln!(
        "{} answered {} of {times} calls of new peers in {of_new:?}, and {times} of {times} of one peer in {of_one:?}",
        other.software(),
        new.len()
    );
    ensure!(result(&caller, provider, &json!({})).await?["echo"] == json!({}));

    // A reply of exactly the largest size, and of one byte more.
    let empty = Reply::Ok(object(
        result(&caller, provider, &json!({"text": ""})).await?,
    )?);
    let room = MAX_MESSAGE - serde_json::to_vec(&empty)?.len();
    let text = "x".repeat(room);
    let ok = result(&caller, provider, &json!({ "text": text })).await?;
    ensure!(ok["echo"]["text"] == text.as_str());
    let longer = json!({ "text": format!("{text}x") });
    let refused = timeout(PROMPT, call(&caller, provider, &longer)).await?;
    ensure!(
        matches!(refused, Err(NetworkError::Malformed)),
        "{refused:?}"
    );
    Ok(())
}

async fn is_called_by_others(other: &Other) -> Result<()> {
    let scene = Scene::new().await?;
    let (_running, provider) = scene.provider(other, Node::tcp).await?;
    let address = scene.node.websocket()?;
    for caller in [Other::go(), Other::js()].into_iter().flatten() {
        let times = times(other).min(times(&caller));
        let count = times.to_string();
        let mut arguments = vec!["call", "--node", &address, "--function", FUNCTION];
        arguments.extend(["--times", &count]);
        let lines = timeout(MANY, caller.run(&arguments)).await??;
        ensure!(lines.len() == times, "{lines:?}");
        for line in lines {
            ensure!(line["provider"] == provider.to_string(), "{line}");
            let software = &line["reply"]["ok"]["software"];
            ensure!(software == other.software(), "{line}");
        }
    }
    Ok(())
}

fn object(value: Value) -> Result<serde_json::Map<String, Value>> {
    match value {
        Value::Object(object) => Ok(object),
        _ => bail!("no object"),
    }
}

async fn misbehaves(other: &Other) -> Result<()> {
    let scene = Scene::new().await?;
    let (_running, provider) = scene.provider(other, Node::tcp).await?;
    let caller = scene.caller()?;
    for manner in ["slow", "open", "silent", "reset", "slow", "open"] {
        let args = json!({ "manner": manner });
        let reply = timeout(PROMPT, call(&caller, provider, &args)).await;
        let reply = reply.with_context(|| format!("a call in the manner {manner} has no end"))?;
        match (manner, &reply) {
            ("slow" | "open", Ok(Reply::Ok(ok))) if ok["echo"] == args => {}
            ("silent" | "reset", Err(NetworkError::NoReply)) => {}
            _ => bail!("{manner}: {reply:?}"),
        }
    }
    Ok(())
}

/// The manner of the calls, their arguments, and a check of what came of them.
type Attempt<'a> = (
    &'a str,
    &'a Value,
    &'a dyn Fn(Result<Vec<Value>>) -> Result<()>,
);

/// Provides [`FUNCTION`] with `fluence provide`, and has the other implementation call it.
async fn called_by(
    other: &Other,
    address: Address,
    times: usize,
    attempts: &[Attempt<'_>],
) -> Result<()> {
    let scene = Scene::new().await?;
    let provider = scene.terminal()?.provide(FUNCTION, "cat").await?;
    let address = address(&scene.node)?;
    let count = times.to_string();
    for (manner, args, check) in attempts {
        let args = args.to_string();
        let mut arguments = vec!["call", "--node", &address, "--function", FUNCTION];
        arguments.extend(["--args", &args, "--times", &count]);
        if !manner.is_empty() {
            arguments.extend(["--manner", manner]);
        }
        let began = Instant::now();
        let ended = timeout(MANY, other.run(&arguments)).await;
        let ended = ended.context("the calls did not end")?;
        if let Ok(lines) = &ended {
            ensure!(lines.len() == times, "{lines:?}");
            eprintln!(
                "{} found and called a provider {times} times in {:?}",
                other.software(),
                began.elapsed()
            );
        }
        check(ended).with_context(|| (*manner).to_owned())?;
    }
    provider.terminate().await?;
    Ok(())
}

fn all_succeed(args: &Value, lines: Result<Vec<Value>>) -> Result<()> {
    for line in lines? {
        ensure!(line["reply"]["ok"] == *args, "{line}");
    }
    Ok(())
}

async fn calls(other: &Other, address: Address) -> Result<()> {
    let args = json!({"numbers": [1, 2.5, -3], "text": "Grüße"});
    called_by(
        other,
        address,
        times(other),
        &[
            ("", &args, &|lines| all_succeed(&args, lines)),
            ("", &json!({}), &|lines| all_succeed(&json!({}), lines)),
        ],
    )
    .await
}

async fn calls_in_other_manners(other: &Other) -> Result<()> {
    let args = json!({"text": "Grüße"});
    // The longest argument with which the request is not too large.
    let empty = json!({"function": FUNCTION, "args": {"text": ""}}).to_string();
    let longest = json!({"text": "x".repeat(MAX_MESSAGE - empty.len())});
    let succeed = |lines| all_succeed(&args, lines);
    let are_refused = |lines: Result<Vec<Value>>| {
        for line in lines? {
            let code = &line["reply"]["error"]["code"];
            ensure!(*code == json!(ErrorCode::BadRequest), "{line}");
        }
        Ok(())
    };
    let fail = |lines: Result<Vec<Value>>| {
        ensure!(lines.is_err(), "{lines:?}");
        Ok(())
    };
    let succeed_at_length = |lines| all_succeed(&longest, lines);
    let mut attempts: Vec<Attempt<'_>> = vec![
        ("slow", &args, &succeed),
        ("open", &args, &succeed),
        ("silent", &args, &are_refused),
        ("reset", &args, &fail),
        ("", &longest, &succeed_at_length),
    ];
    if matches!(other, Other::Go) {
        // js-libp2p is never hasty.
        attempts.push(("hasty", &args, &succeed));
    }
    called_by(other, Node::tcp, ODD_CALLS, &attempts).await
}

/// A file of a few blocks.
fn file(path: &Path) -> Result<Vec<u8>> {
    let bytes: Vec<u8> = (0..2_500_000u32)
        .map(|i| (i.wrapping_mul(i) >> 7) as u8)
        .collect();
    std::fs::write(path, &bytes)?;
    Ok(bytes)
}

async fn shares(other: &Other) -> Result<()> {
    let scene = Scene::new().await?;
    let (address, terminal) = (scene.node.tcp()?, scene.terminal()?);
    let path = scene.path("holiday.jpg");
    let bytes = file(&path)?;
    let shown = path.to_str().context("a path")?;
    let arguments = ["share", "--node", &address, "--file", shown];
    let log = scene.path("provider.log");
    let (_running, line) = other.provide(&arguments, &log).await?;
    let cid = line["cid"].as_str().context("no cid")?;
    ensure!(cid == terminal.hash(&path).await?, "another hash: {cid}");
    ensure!(
        scene.node.uploaded().await? == 0,
        "it was uploaded before it was asked for"
    );

    let fetched = terminal.fetch(cid, LIMIT).await?;
    ensure!(std::fs::read(&fetched)? == bytes, "other bytes");
    ensure!(
        fetched.ends_with("holiday.jpg"),
        "another name: {fetched:?}"
    );
    let uploaded = scene.node.uploaded().await?;
    fetch(other, &scene, cid, &bytes).await?;
    ensure!(
        scene.node.uploaded().await? == uploaded,
        "it was uploaded again"
    );
    Ok(())
}

async fn fetches(other: &Other) -> Result<()> {
    let scene = Scene::new().await?;
    let path = scene.path("holiday.jpg");
    let bytes = file(&path)?;
    let (provider, cid) = scene.terminal()?.share(&path).await?;
    fetch(other, &scene, &cid, &bytes).await?;
    provider.terminate().await?;
    Ok(())
}

/// Fetches a file with the other implementation.
async fn fetch(other: &Other, scene: &Scene, cid: &str, bytes: &[u8]) -> Result<()> {
    let (address, output) = (scene.node.websocket()?, scene.path("fetched"));
    let shown = output.to_str().context("a path")?;
    let arguments = ["fetch", "--node", &address, "--cid", cid, "--output", shown];
    let lines = timeout(LIMIT, other.run(&arguments)).await??;
    ensure!(
        lines.iter().any(|line| line["name"] == "holiday.jpg"),
        "{lines:?}"
    );
    ensure!(std::fs::read(&output)? == bytes, "other bytes");
    Ok(())
}
