//! Holds thousands of clients at one node, and reports what they cost and how quickly they call one another.
//!
//!     cargo bench --package fluence-cli --bench load -- [--clients 10000] [--seconds 600]
//!
//! The node is the program as it is shipped, in a process of its own, with 2 GiB of memory where the system lets the
//! program limit it. The clients are real peers, some thousands in one process (`crowd.rs`), over loopback. With npm's
//! packages in `tests/jspeer`, a js-libp2p relay does what it can of the same, in the same run.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use serde_json::{Value, json};

mod conductor;
mod crowd;
mod relay;

use conductor::Crowd;
use relay::Relay;

/// Holds many clients at one node, and prints what they cost as a table.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    load: Load,
    /// What `cargo bench` says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Parser)]
struct Load {
    /// Clients that are connected at the same time
    #[arg(long, default_value_t = 10_000)]
    clients: usize,
    /// How long they announce, call and leave at random, in seconds
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// How many seconds pass on average until a client does something again
    #[arg(long, default_value_t = 120)]
    pause: u64,
    /// Names that the node holds meanwhile
    #[arg(long, default_value_t = 1_000_000)]
    names: usize,
    /// How long the clients rest before memory is measured, in seconds
    #[arg(long, default_value_t = 30)]
    rest: u64,
    /// Names of each of a thousand clients that come back to a node which was gone
    #[arg(long, default_value_t = 1_000)]
    returning: usize,
    /// How long calls are made one after the other to count them, in seconds
    #[arg(long, default_value_t = 10)]
    calls: u64,
}

#[derive(Subcommand)]
enum Part {
    /// Be some of the clients: this program starts itself so
    #[command(hide = true)]
    Crowd {
        /// The multiaddr of the node
        node: String,
        /// What tells the names of this crowd from those of others
        number: usize,
    },
}

/// How many clients one process holds; each has a socket, and there are limits.
const OF_ONE_PROCESS: usize = 5_000;
/// How many names each of those has that fill the node.
const NAMES_OF_ONE: usize = 10_000;
/// How many clients call, each one provider, where calls are counted, and how many calls each has under way.
const PAIRS: usize = 64;
const AT_ONCE: usize = 4;
/// At how many clients memory is measured first, and how many a relay of js-libp2p gets.
const FEW: usize = 1_000;

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { part, load, .. } = Arguments::parse();
    let done = match part {
        Some(Part::Crowd { node, number }) => crowd::run(&node, number).await,
        None => conduct(load).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn row(what: &str, value: impl std::fmt::Display) {
    println!("| {what} | {value} |");
}

/// A number of bytes in KiB, for people.
fn kib(bytes: f64) -> String {
    format!("{:.1} KiB", bytes / 1024.0)
}

async fn conduct(load: Load) -> Result<()> {
    println!("| what | measured |\n| --- | ---: |");
    crowded(&load).await?;
    returned(&load).await?;
    counted(&load, "a node", true).await?;
    counted(&load, "a node", false).await?;
    match Relay::js().await? {
        Some(relay) => beside(&load, &relay).await?,
        None => eprintln!("js-libp2p is not measured: run `npm ci` in tests/jspeer"),
    }
    Ok(())
}

/// One node with all clients and names.
async fn crowded(load: &Load) -> Result<()> {
    let limits = limits(load.clients, load.names + NAMES_OF_ONE + 4 * load.clients);
    let limits: Vec<&str> = limits.iter().map(String::as_str).collect();
    let relay = Relay::node(&limits).await?;
    let empty = relay.memory()?;
    let mut crowds = Vec::new();
    let mut idle = empty;
    let few = FEW.min(load.clients);
    for (count, what) in [(few, "few"), (load.clients, "all")] {
        let mut there: usize = crowds.iter().map(Crowd::len).sum();
        while there < count {
            let more = (count - there).min(OF_ONE_PROCESS);
            let mut crowd = Crowd::start(relay.address(), crowds.len(), more).await?;
            let took = crowd.ask(json!({"do": "connect", "count": more})).await?;
            eprintln!("{more} more clients are there: {took}");
            crowds.push(crowd);
            there += more;
        }
        if there < count || (what == "all" && few == load.clients) {
            continue;
        }
        tokio::time::sleep(Duration::from_secs(load.rest)).await;
        idle = relay.memory()?;
        let each = (idle - empty) as f64 / there as f64;
        row(
            &format!("memory of a node for each of {there} idle clients"),
            kib(each),
        );
    }

    let one = crowds[0]
        .ask(json!({"do": "announce", "names": NAMES_OF_ONE}))
        .await?;
    row(
        &format!("one client announces {NAMES_OF_ONE} names and has all confirmed"),
        format!("{:.1} s", one["seconds"].as_f64().unwrap_or_default()),
    );
    ensure!(
        one["unconfirmed"] == 0,
        "not all names were confirmed: {one}"
    );
    let before = relay.memory()?;
    let givers = load.names / NAMES_OF_ONE;
    if givers > 0 {
        let filled = crowds[0]
            .ask(json!({"do": "names", "clients": givers, "each": NAMES_OF_ONE}))
            .await?;
        eprintln!("{} names are there: {filled}", givers * NAMES_OF_ONE);
        let each = (relay.memory()? - before) as f64 / (givers * NAMES_OF_ONE) as f64;
        row(
            &format!(
                "memory of a node for each of {} names",
                givers * NAMES_OF_ONE
            ),
            format!("{each:.0} B"),
        );
    }

    let live = json!({"do": "live", "seconds": load.seconds, "pause": load.pause});
    let lived = futures::future::join_all(crowds.iter_mut().map(|crowd| crowd.ask(live.clone())));
    let lived: Vec<Value> = lived.await.into_iter().collect::<Result<_>>()?;
    let sum = |what: &str| -> u64 { lived.iter().filter_map(|of| of[what].as_u64()).sum() };
    let took = took(&lived);
    let during = format!("{} s with {} clients", load.seconds, load.clients);
    row(
        &format!("{during}: calls, names announced, clients gone and come again"),
        format!("{}, {}, {}", took.len(), sum("announced"), sum("left")),
    );
    row(
        "of the calls that found nobody or no answer",
        format!("{} of {}", sum("failed"), sum("failed") + took.len() as u64),
    );
    for (name, of) in [
        ("50 %", 0.5),
        ("90 %", 0.9),
        ("99 %", 0.99),
        ("99.9 %", 0.999),
    ] {
        row(
            &format!("a call, look-up included, {name}"),
            part(&took, of),
        );
    }
    row(
        "the most memory that the node has had",
        format!("{} MiB", relay.most_memory()? >> 20),
    );
    row(
        "its limit of memory",
        if relay.is_limited() { "2 GiB" } else { "none" },
    );
    row(
        "memory of the idle node before, and with clients alone",
        format!("{} MiB, {} MiB", empty >> 20, idle >> 20),
    );
    row(
        "processor time of the node",
        format!("{:.0} s", relay.processor_seconds()?),
    );
    Ok(())
}

/// A thousand clients with many names each, whose only node is killed and comes back.
async fn returned(load: &Load) -> Result<()> {
    /// How many strangers come between two looks whether all are back.
    const VISITS: usize = 10;
    /// How long it may take until the node holds everything.
    const PATIENCE: Duration = Duration::from_secs(30 * 60);
    let clients = FEW.min(load.clients);
    let names = clients * (load.returning + 1);
    let limits = limits(2 * clients, names);
    let limits: Vec<&str> = limits.iter().map(String::as_str).collect();
    let relay = Relay::node(&limits).await?;
    let mut crowd = Crowd::start(relay.address(), 0, clients).await?;
    let mut strangers = Crowd::start(relay.address(), 1, 1).await?;
    crowd
        .ask(json!({"do": "connect", "count": clients}))
        .await?;
    let own = crowd
        .ask(json!({"do": "own", "each": load.returning}))
        .await?;
    eprintln!(
        "{clients} clients have {} names each: {own}",
        load.returning
    );
    let held = |records: u64| records as usize >= names;
    let sent = Instant::now();
    while !held(relay.records().await?) {
        ensure!(
            sent.elapsed() < PATIENCE,
            "the node does not hold all names"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    let relay = relay.restart(&limits).await?;
    let is_back = AtomicBool::new(false);
    let back = async {
        let back = json!({"do": "back", "each": load.returning});
        let back = crowd.ask(back);
        let back = tokio::time::timeout(PATIENCE, back).await;
        is_back.store(true, Ordering::Relaxed);
        back.context("not all clients came back")?
    };
    let visited = async {
        let mut visits = Vec::new();
        while !is_back.load(Ordering::Relaxed) {
            let (first, of) = (visits.len() * VISITS, clients);
            let visit = json!({"do": "visit", "first": first, "of": of, "calls": VISITS});
            visits.push(strangers.ask(visit).await?);
        }
        anyhow::Ok(visits)
    };
    let (back, visits) = futures::future::join(back, visited).await;
    let (back, visits) = (back?, visits?);
    ensure!(
        held(relay.records().await?),
        "the node does not hold all names again"
    );
    let what = format!(
        "{clients} clients with {} names each come back",
        load.returning
    );
    row(
        &format!("{what} to a node that was killed: until all are online"),
        format!("{:.1} s", back["online"].as_f64().unwrap_or_default()),
    );
    row(
        "until all names are announced and confirmed again",
        format!("{:.1} s", back["seconds"].as_f64().unwrap_or_default()),
    );
    let took = took(&visits);
    row(
        "meanwhile a stranger comes, finds and calls one of them, 50 %, 99 %",
        format!("{}, {}", part(&took, 0.5), part(&took, 0.99)),
    );
    let failed: u64 = visits.iter().filter_map(|of| of["failed"].as_u64()).sum();
    row(
        "of the calls of strangers that found nobody",
        format!("{failed} of {}", failed + took.len() as u64),
    );
    row(
        "the most memory that the node has had meanwhile",
        format!("{} MiB", relay.most_memory()? >> 20),
    );
    // Once all are back, everybody is found.
    let visit = json!({"do": "visit", "first": 0, "of": clients, "calls": 10 * VISITS});
    let visited = strangers.ask(visit).await?;
    ensure!(visited["failed"] == 0, "some are not found: {visited}");
    Ok(())
}

/// The options by which a node has room for as many clients and names. All clients have one address here, and a node keeps
/// an eighth of its reservations and records for those who have their own.
fn limits(clients: usize, names: usize) -> [String; 4] {
    let with_eighth = |count: usize| (count * 8 / 7 + 64).to_string();
    [
        "--max-reservations".to_owned(),
        with_eighth(clients),
        "--max-functions".to_owned(),
        with_eighth(names),
    ]
}

/// How long all calls took that were answered, in microseconds, the shortest first.
fn took(answers: &[Value]) -> Vec<u64> {
    let took = answers.iter().filter_map(|of| of["took_us"].as_array());
    let mut took: Vec<u64> = took.flatten().filter_map(Value::as_u64).collect();
    took.sort_unstable();
    took
}

/// How long this part of the calls took at most, for people.
fn part(took: &[u64], part: f64) -> String {
    let at = (took.len().saturating_sub(1) as f64 * part).round() as usize;
    took.get(at).map_or("-".to_owned(), |us| {
        format!("{:.1} ms", *us as f64 / 1000.0)
    })
}

/// Calls that are made as fast as they go through a node without limits.
async fn counted(load: &Load, what: &str, routed: bool) -> Result<()> {
    let no_limits = [
        "--calls-per-peer-per-second",
        "0",
        "--calls-per-ip-per-second",
        "0",
        "--circuits-per-peer-per-minute",
        "0",
    ];
    let relay = Relay::node(&no_limits).await?;
    count(load, &relay, what, routed).await
}

async fn count(load: &Load, relay: &Relay, what: &str, routed: bool) -> Result<()> {
    let mut crowd = Crowd::start(relay.address(), 0, 2 * PAIRS).await?;
    let rate = json!({
        "do": "rate", "pairs": PAIRS, "at_once": AT_ONCE, "seconds": load.calls, "routed": routed,
    });
    let counted = crowd.ask(rate).await?;
    let calls = counted["calls"].as_u64().context("no count of calls")?;
    ensure!(counted["failed"] == 0, "calls failed: {counted}");
    let way = if routed {
        "routed"
    } else {
        "over circuits that are open"
    };
    let each = calls / load.calls.max(1);
    row(&format!("calls in a second through {what}, {way}"), each);
    let used = relay.processor_seconds()? * 1e6 / calls.max(1) as f64;
    row(
        "of them each costs it so much processor time",
        format!("{used:.0} µs"),
    );
    Ok(())
}

/// A relay of js-libp2p with as many clients as it is measured with.
async fn beside(load: &Load, relay: &Relay) -> Result<()> {
    let clients = FEW.min(load.clients);
    let empty = relay.memory()?;
    let mut crowd = Crowd::start(relay.address(), 0, clients).await?;
    let took = crowd
        .ask(json!({"do": "connect", "count": clients, "bare": true}))
        .await?;
    eprintln!("{clients} clients are at the relay of js-libp2p: {took}");
    tokio::time::sleep(Duration::from_secs(load.rest)).await;
    let each = relay.memory()?.saturating_sub(empty) as f64 / clients as f64;
    row(
        &format!("memory of a js-libp2p relay for each of {clients} idle clients"),
        kib(each),
    );
    drop(crowd);
    let Some(relay) = Relay::js().await? else {
        return Ok(());
    };
    count(load, &relay, "a js-libp2p relay", false).await
}
