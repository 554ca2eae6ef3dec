//! Compares `fluence share` and `fluence fetch` with `ipfs add` and with `ipfs cat` from a second
//! daemon. Without a Kubo (`FLUENCE_TEST_KUBO`), it compares with the Go peer of the contract
//! suite, which has one daemon and keeps everything in memory. Private shares are compared with plain ones, and a fetch of
//! what the node has already with `curl`.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fluence::Cid;
use fluence::names::canonical;
use fluence_tests::kubo::Software;
use fluence_tests::node::Node;
use fluence_tests::scene::{Scene, same_length};
use tokio::process::Command;

use crate::table::{Goal, median, row, times};
use crate::{PATIENCE, gib, noise};

/// The length of the file, in bytes.
const FILE: u64 = 1 << 30;
/// How often each measurement is repeated, each time with another file; the median counts.
const RUNS: u64 = 3;
/// The least speed of private shares, as a part of that of plain ones.
const PRIVATE: Goal = Goal::Least(0.7);
/// The most time that a fetch takes of what the node has, as a multiple of that of `curl`.
const CURL: Goal = Goal::Most(1.3);

/// Measures the command line, and prints its rows.
///
/// # Errors
/// Fails if there is nothing to compare with, if anything cannot be measured, or if the hashes
/// differ.
pub async fn measure(scene: &Scene) -> Result<()> {
    let software = Software::kubo().or_else(Software::go_peer);
    let software = software.context("there is neither a Kubo nor a Go to build the peer with")?;
    let against = match &software {
        Software::Kubo(_) => ["`ipfs add`", "`ipfs cat` from a second daemon"],
        Software::GoPeer => ["Go peer, `add`", "Go peer, `cat`"],
    };
    let (mut shares, mut fetches) = (Vec::new(), Vec::new());
    let (mut adds, mut cats) = (Vec::new(), Vec::new());
    let (mut private_shares, mut private_fetches) = (Vec::new(), Vec::new());
    let (mut warm, mut curls, mut synced) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        let name = format!("native-{run}.bin");
        let path = noise::file(scene, &name, FILE, 10 + run)?;
        // They take turns, so that it is not always the same one that finds the disk as the other
        // left it.
        let (own, other) = if run % 2 == 0 {
            let own = ours(scene, &path, run, false).await?;
            (own, theirs(scene, &software, &path).await?)
        } else {
            let other = theirs(scene, &software, &path).await?;
            (ours(scene, &path, run, false).await?, other)
        };
        let same = canonical(&other.cid.parse::<Cid>()?);
        ensure!(own.cid == same, "{} is not {same}", own.cid);
        warm.push(own.again);
        curls.push(own.curl);
        synced.push(own.curl + own.sync);
        let private = ours(scene, &path, run, true).await?;
        private_shares.push(private.give);
        private_fetches.push(private.take);
        shares.push(own.give);
        fetches.push(own.take);
        adds.push(other.give);
        cats.push(other.take);
        std::fs::remove_file(path)?;
    }
    let size = gib(FILE);
    for (what, private, against, plain) in [
        (
            "`fluence share --private`",
            private_shares,
            "plain",
            &shares,
        ),
        (
            "`fluence fetch`, private, cold",
            private_fetches,
            "plain",
            &fetches,
        ),
    ] {
        let (private, plain) = (median(private), median(plain.clone()));
        row(
            &format!("{what}, {size}"),
            private,
            against,
            plain,
            times(plain, private),
            Some(PRIVATE),
        );
    }
    let warm = median(warm);
    for (against, other, goal) in [
        (
            "`curl` of the same bytes from the same node",
            curls,
            Some(CURL),
        ),
        ("`curl`, and then `sync` of the file", synced, None),
    ] {
        let other = median(other);
        row(
            &format!("`fluence fetch` of what the node has, {size}"),
            warm,
            against,
            other,
            times(warm, other),
            goal,
        );
    }
    for (what, own, against, other) in [
        ("`fluence share`", shares, against[0], adds),
        (
            "`fluence fetch`, cold: the provider uploads it meanwhile",
            fetches,
            against[1],
            cats,
        ),
    ] {
        let (own, other) = (median(own), median(other));
        let faster = Goal::Least(1.0);
        row(
            &format!("{what}, {size}"),
            own,
            against,
            other,
            times(other, own),
            Some(faster),
        );
    }
    Ok(())
}

/// The hash or the private link of a file, and how long it took to provide it and then to fetch it elsewhere, while it was
/// uploaded to the node and again after that; and how long `curl` took for what the node has, and `sync` after it.
#[derive(Default)]
struct Took {
    cid: String,
    give: Duration,
    take: Duration,
    again: Duration,
    curl: Duration,
    sync: Duration,
}

async fn ours(scene: &Scene, path: &std::path::Path, run: u64, private: bool) -> Result<Took> {
    let node = scene.node(&format!("node-native-{run}"), &[]).await?;
    let provider = scene.command_line(&format!("native-provider-{run}"), &node)?;
    let fetcher = scene.command_line(&format!("native-fetcher-{run}"), &node)?;
    let start = Instant::now();
    let (sharing, cid) = match private {
        true => provider.share_privately(path).await?,
        false => provider.share(path).await?,
    };
    let give = start.elapsed();
    let start = Instant::now();
    let saved = fetcher.fetch(&cid, PATIENCE).await?;
    let take = start.elapsed();
    same_length(&saved, FILE)?;
    std::fs::remove_file(saved)?;
    let mut took = Took {
        cid,
        give,
        take,
        ..Took::default()
    };
    if !private {
        // They take turns, like the others.
        let is_first = run.is_multiple_of(2);
        for curls in [is_first, !is_first] {
            if curls {
                (took.curl, took.sync) = curl(scene, &node, &took.cid).await?;
                continue;
            }
            let start = Instant::now();
            let saved = fetcher.fetch(&took.cid, PATIENCE).await?;
            took.again = start.elapsed();
            same_length(&saved, FILE)?;
            std::fs::remove_file(saved)?;
        }
    }
    sharing.terminate().await?;
    drop(node);
    for used in ["node-native", "native-provider", "native-fetcher"] {
        std::fs::remove_dir_all(scene.path(&format!("{used}-{run}")))?;
    }
    Ok(took)
}

/// How long `curl` takes for a file from the node, and how long it takes then until it is on the disk.
async fn curl(scene: &Scene, node: &Node, cid: &str) -> Result<(Duration, Duration)> {
    let saved = scene.path("curled.bin");
    let start = Instant::now();
    let ended = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--output"])
        .arg(&saved)
        .arg(format!("{}/ipfs/{cid}", node.listening().http))
        .status()
        .await?;
    let took = start.elapsed();
    ensure!(ended.success(), "curl: {ended}");
    same_length(&saved, FILE)?;
    let start = Instant::now();
    std::fs::File::open(&saved)?.sync_all()?;
    let sync = start.elapsed();
    std::fs::remove_file(saved)?;
    Ok((took, sync))
}

async fn theirs(scene: &Scene, software: &Software, path: &std::path::Path) -> Result<Took> {
    let giver = software.start().await?;
    let start = Instant::now();
    let cid = giver.add_file(path).await?;
    let give = start.elapsed();
    let taker = match software {
        Software::Kubo(_) => {
            let taker = software.start().await?;
            taker.connect(&giver).await?;
            Some(taker)
        }
        Software::GoPeer => None,
    };
    let saved = scene.path("taken.bin");
    let start = Instant::now();
    taker
        .as_ref()
        .unwrap_or(&giver)
        .cat_into(&cid, &saved)
        .await?;
    let take = start.elapsed();
    same_length(&saved, FILE)?;
    std::fs::remove_file(saved)?;
    Ok(Took {
        cid,
        give,
        take,
        ..Took::default()
    })
}
