//! Tests of what Fluence relies on in the RPC and the gateway of an IPFS daemon.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use fluence::Cid;
use fluence::content::car::{CarLimits, CarReader};
use fluence::content::walk::{Limits, Step, Walk};
use fluence::content::{Profile, hash};
use fluence_tests::files::noise;
use fluence_tests::kubo::{Answer, Daemon, Sample, Software};
use serde_json::{Value, json};

use crate::Test;

/// Longer than a daemon needs to answer, and shorter than the timeout for a missing block is in
/// Kubo.
const AT_ONCE: Duration = Duration::from_secs(10);
/// How long a daemon may take to give up once its time for a missing block is over.
const GRACE: Duration = Duration::from_secs(15);
/// The CID of a raw block that nobody has.
const NOWHERE: &str = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
/// The CID of the empty block, an identity CID, which contains its block.
const EMPTY: &str = "bafkqaaa";
const CAR: &str = "application/vnd.ipld.car; version=1; order=dfs; dups=y";
const PROFILES: [Profile; 2] = [Profile::UnixfsV1_2025, Profile::UnixfsV0_2015];

pub const ALL: &[(&str, Test<Software>)] = &[
    ("says its version", |s| Box::pin(version(s))),
    ("refuses origins that it does not know", |s| {
        Box::pin(origins(s))
    }),
    ("lets in an origin that it was told of", |s| {
        Box::pin(known_origin(s))
    }),
    ("takes a DAG in parts and gives its bytes", |s| {
        Box::pin(import(s))
    }),
    ("adds a file as the profile says", |s| Box::pin(add(s))),
    ("refuses what is not what it says", |s| Box::pin(refuse(s))),
    ("gives raw blocks", |s| Box::pin(raw(s))),
    ("gives CARs in order", |s| Box::pin(car(s))),
    ("says at once what it does not have", |s| {
        Box::pin(cached(s))
    }),
    ("gives up on missing blocks", |s| Box::pin(missing(s))),
    ("ends a CAR short", |s| Box::pin(short(s))),
    ("wakes who waits by block/put, not by dag/import", |s| {
        Box::pin(wake(s))
    }),
    ("pins under a name and unpins", |s| Box::pin(pins(s))),
    ("frees what is not pinned and nothing else", |s| {
        Box::pin(gc(s))
    }),
];

async fn version(software: &Software) -> Result<()> {
    let daemon = software.start().await?;
    let answer = daemon.call("version", &[]).await?.ok()?.object()?;
    ensure!(answer["Version"].is_string(), "{answer}");
    let got = daemon
        .get(&format!("/ipfs/{EMPTY}?format=raw"), &[])
        .await?
        .ok()?;
    ensure!(got.body.is_empty(), "{} bytes of none", got.body.len());
    Ok(())
}

const EXTENSIONS: [&str; 2] = [
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    "moz-extension://6f1c1d3c-5e1c-4d5a-9d2a-0a1b2c3d4e5f",
];

async fn origins(software: &Software) -> Result<()> {
    let daemon = software.start().await?;
    for origin in EXTENSIONS.iter().chain(&["https://example.org", "null"]) {
        let answer = daemon.call_from(origin, "version").await?;
        ensure!(answer.status == 403, "{origin}: {}", answer.status);
    }
    // The gateway allows pages of every origin.
    let path = format!("/ipfs/{EMPTY}?format=raw");
    let answer = daemon
        .get(&path, &[("origin", EXTENSIONS[0])])
        .await?
        .ok()?;
    let allowed = answer.header("access-control-allow-origin");
    ensure!(allowed == "*", "the gateway allows “{allowed}”");
    Ok(())
}

async fn known_origin(software: &Software) -> Result<()> {
    let daemon = software.start_for(&EXTENSIONS).await?;
    for origin in EXTENSIONS {
        let answer = daemon.call_from(origin, "version").await?.ok()?;
        let allowed = answer.header("access-control-allow-origin");
        ensure!(allowed == origin, "{origin}: allows “{allowed}”");
    }
    let answer = daemon.call_from("https://example.org", "version").await?;
    ensure!(answer.status == 403, "{}", answer.status);
    Ok(())
}

async fn import(software: &Software) -> Result<()> {
    let daemon = software.start().await?;
    for (number, profile) in PROFILES.into_iter().enumerate() {
        let sample = Sample::new(3_500_000, 100 + number as u64, profile)?;
        let blocks = sample.dag.blocks.len();
        let (half, cid) = (blocks / 2, sample.cid());
        for part in [0..half, half..blocks] {
            let bytes: u64 = sample.dag.blocks[part.clone()]
                .iter()
                .map(|block| block.size())
                .sum();
            let answer = daemon.import(&sample, part.clone()).await?.object()?;
            let stats = json!({"BlockCount": part.len(), "BlockBytesCount": bytes});
            ensure!(answer["Stats"] == stats, "{profile:?}: {answer}");
        }
        ensure!(
            daemon.cat(&cid).await? == sample.bytes,
            "{profile:?}: other bytes"
        );
        let opened = daemon.get(&format!("/ipfs/{cid}"), &[]).await?.ok()?;
        ensure!(
            opened.body == sample.bytes,
            "{profile:?}: the gateway has other bytes"
        );
        let path = format!("/ipfs/{cid}");
        let stat = daemon
            .call("files/stat", &[("arg", &path), ("offline", "true")])
            .await?
            .ok()?
            .object()?;
        let whole: u64 = sample.dag.blocks.iter().map(|block| block.size()).sum();
        ensure!(
            stat["CumulativeSize"] == whole,
            "{profile:?}: {whole} {stat}"
        );
    }
    // An upload to a person's own Kubo asks for no statistics, so the response is empty.
    let sample = Sample::new(1000, 102, Profile::default())?;
    let answer = daemon
        .call_with("dag/import", &[("pin-roots", "false")], &sample.car(0..1))
        .await?
        .ok()?;
    ensure!(answer.body.is_empty(), "{}", answer.text());
    ensure!(daemon.has(&sample.cid()).await?);
    Ok(())
}

/// The root of the last file that was added.
fn added(answer: &Answer) -> Result<Cid> {
    let last = answer.objects()?.pop().context("no answer")?;
    let hash = last["Hash"].as_str().context("no hash")?;
    Ok(hash.parse()?)
}

async fn add(software: &Software) -> Result<()> {
    let daemon = software.start().await?;
    let v0: &[_] = &[
        ("cid-version", "0"),
        ("raw-leaves", "false"),
        ("chunker", "size-262144"),
        ("max-file-links", "174"),
    ];
    let v1: &[_] = &[
        ("cid-version", "1"),
        ("raw-leaves", "true"),
        ("chunker", "size-1048576"),
        ("max-file-links", "1024"),
    ];
    for (profile, options) in [(Profile::UnixfsV0_2015, v0), (Profile::UnixfsV1_2025, v1)] {
        for len in [0, 1, 262_144, 262_145, 1_048_577, 3_000_000] {
            let sample = Sample::new(len, 200, profile)?;
            let answer = daemon
                .call_with("add", options, &sample.bytes)
                .await?
                .ok()?;
            let root = added(&answer)?;
            ensure!(
                root == sample.dag.root,
                "{profile:?}, {len} bytes: {root}, not {}",
                sample.dag.root
            );
            ensure!(
                daemon.cat(&sample.cid()).await? == sample.bytes,
                "{len} other bytes"
            );
        }
    }
    // This file has more leaves than one node has links for.
    let sample = Sample::new(175 * 262_144 + 7, 201, Profile::UnixfsV0_2015)?;
    let answer = daemon.call_with("add", v0, &sample.bytes).await?.ok()?;
    let root = added(&answer)?;
    ensure!(
        root == sample.dag.root,
        "two levels: {root}, not {}",
        sample.dag.root
    );
    Ok(())
}

async fn refuse(software: &Software) -> Result<()> {
    let daemon = software.start().await?;
    let sample = Sample::new(1000, 300, Profile::default())?;
    let whole = sample.car(0..1);
    let mut wrong = whole.clone();
    *wrong.last_mut().context("an empty CAR")? ^= 1;
    let truncated = &whole[..whole.len() - 10];
    for (what, car) in [
        ("wrong bytes", &*wrong),
        ("a CAR that ends early", truncated),
        ("no CAR", b"no CAR"),
    ] {
        let answer = daemon
            .call_with(
                "dag/import",
                &[("pin-roots", "false"), ("stats", "true")],
                car,
            )
            .await?;
        // The failure is reported whether or not the response had begun.
        let last = answer.objects()?.pop().unwrap_or_default();
        ensure!(
            last["Type"] == "error",
            "{what}: {} {}",
            answer.status,
            answer.text()
        );
        ensure!(!daemon.has(&sample.cid()).await?, "{what} was stored");
    }
    // Blocks larger than bitswap can carry are refused.
    let large = noise((2 << 20) + 1, 301);
    let answer = daemon.call_with("block/put", &[], &large).await?;
    let said = answer.objects()?.pop().unwrap_or_default();
    ensure!(said["Type"] == "error", "a large block: {}", answer.text());
    Ok(())
}

async fn raw(software: &Software) -> Result<()> {
    let daemon = software.start().await?;
    for (number, profile) in PROFILES.into_iter().enumerate() {
        let sample = Sample::new(1_500_000, 400 + number as u64, profile)?;
        daemon.import(&sample, 0..sample.dag.blocks.len()).await?;
        for block in 0..sample.dag.blocks.len() {
            let cid = sample.block_cid(block);
            let by_query = daemon
                .get(&format!("/ipfs/{cid}?format=raw"), &[])
                .await?
                .ok()?;
            let accept = [("accept", "application/vnd.ipld.raw")];
            let by_header = daemon.get(&format!("/ipfs/{cid}"), &accept).await?.ok()?;
            for got in [by_query, by_header] {
                ensure!(got.body == sample.block(block), "{cid}: other bytes");
                let kind = got.header("content-type");
                ensure!(kind == "application/vnd.ipld.raw", "{cid}: {kind}");
            }
            let offline = [("arg", &*cid), ("offline", "true")];
            let got = daemon.call("block/get", &offline).await?.ok()?;
            ensure!(
                got.body == sample.block(block),
                "block/get {cid}: other bytes"
            );
            let stat = daemon.call("block/stat", &offline).await?.ok()?.object()?;
            ensure!(stat["Size"] == sample.block(block).len(), "{stat}");
        }
    }
    Ok(())
}

/// The blocks of a CAR, in its order.
pub fn blocks_of(car: &Bytes) -> Result<Vec<(Cid, Bytes)>> {
    let mut reader = CarReader::new(CarLimits::default());
    reader.push(car.clone());
    let mut blocks = Vec::new();
    while let Some((cid, data)) = reader.next()? {
        hash::verify(&cid, &data)?;
        blocks.push((cid, data));
    }
    Ok(blocks)
}

async fn car(software: &Software) -> Result<()> {
    let daemon = software.start().await?;
    for (number, profile) in PROFILES.into_iter().enumerate() {
        // A leaf that is linked twice is sent twice.
        let mut bytes = noise(2_500_000, 500 + number as u64);
        bytes.copy_within(0..1_048_576, 1_048_576);
        let sample = Sample::of(bytes.into(), profile)?;
        daemon.import(&sample, 0..sample.dag.blocks.len()).await?;
        let path = format!("/ipfs/{}?format=car", sample.cid());
        let answer = daemon.get(&path, &[("accept", CAR)]).await?.ok()?;
        let kind = answer.header("content-type");
        ensure!(kind.starts_with("application/vnd.ipld.car"), "{kind}");
        let mut walk = Walk::new(sample.dag.root, Limits::default());
        let mut got = Vec::new();
        for (cid, data) in blocks_of(&answer.body)? {
            if let Step::New { data, .. } = walk.accept(cid, data)? {
                got.extend_from_slice(&data);
            }
        }
        ensure!(walk.is_done(), "{profile:?}: not whole");
        ensure!(got == sample.bytes, "{profile:?}: other bytes");

        // A range request gets the rest of a file whose download was interrupted.
        let from = 1_300_000;
        let path = format!(
            "/ipfs/{}?format=car&dag-scope=entity&entity-bytes={from}:*",
            sample.cid()
        );
        let answer = daemon.get(&path, &[("accept", CAR)]).await?.ok()?;
        let some = blocks_of(&answer.body)?;
        let (first, _) = some.first().context("an empty CAR")?;
        ensure!(
            first.hash() == sample.dag.root.hash(),
            "{profile:?}: begins with {first}"
        );
        let last = sample.dag.blocks.last().context("a DAG of no blocks")?;
        ensure!(
            some.last().is_some_and(|(cid, _)| *cid == last.cid),
            "{profile:?}: no end"
        );
        ensure!(
            answer.body.len() < sample.bytes.len() - 1_000_000,
            "{profile:?}: all of it"
        );
    }
    Ok(())
}

async fn cached(software: &Software) -> Result<()> {
    let daemon = software.start().await?;
    let sample = Sample::new(1000, 600, Profile::default())?;
    let began = Instant::now();
    ensure!(
        !daemon.has(&sample.cid()).await?,
        "it has a block that nobody gave it"
    );
    daemon.import(&sample, 0..1).await?;
    ensure!(
        daemon.has(&sample.cid()).await?,
        "it does not have the block that it was given"
    );
    for command in ["block/get", "block/stat"] {
        let answer = daemon
            .call(command, &[("arg", NOWHERE), ("offline", "true")])
            .await?;
        let said = answer.failure()?;
        ensure!(
            said.contains("not found") || said.contains("could not find"),
            "{said}"
        );
    }
    let took = began.elapsed();
    ensure!(took < AT_ONCE, "that took {took:?}");
    Ok(())
}

async fn missing(software: &Software) -> Result<()> {
    let daemon = software.start().await?;
    let began = Instant::now();
    let raw = format!("/ipfs/{NOWHERE}?format=raw");
    let plain = format!("/ipfs/{NOWHERE}");
    let car = format!("/ipfs/{NOWHERE}?format=car");
    let (raw, plain, car) = futures::try_join!(
        daemon.get(&raw, &[]),
        daemon.get(&plain, &[]),
        daemon.get(&car, &[("accept", CAR)]),
    )?;
    let took = began.elapsed();
    for (what, answer) in [("a raw block", raw), ("a file", plain)] {
        ensure!(
            answer.status == 504,
            "{what}: {} {}",
            answer.status,
            answer.text()
        );
    }
    // This is why a successful but empty response is taken to mean “not there yet”.
    ensure!(car.status == 200, "a CAR: {} {}", car.status, car.text());
    let blocks = blocks_of(&car.body)?;
    ensure!(blocks.is_empty(), "{} blocks of nothing", blocks.len());
    let patience = daemon.patience();
    ensure!(
        took + Duration::from_secs(1) > patience && took < patience + GRACE,
        "it gave up after {took:?}, not {patience:?}"
    );
    Ok(())
}

async fn short(software: &Software) -> Result<()> {
    let daemon = software.start().await?;
    let sample = Sample::new(3_500_000, 700, Profile::default())?;
    let last = sample.dag.blocks.len() - 1;
    daemon.import(&sample, 0..last).await?;
    let path = format!("/ipfs/{}?format=car", sample.cid());
    let answer = daemon.get(&path, &[("accept", CAR)]).await?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
    let came = blocks_of(&answer.body)?;
    ensure!(came.len() == last, "{} blocks of {last}", came.len());
    let mut walk = Walk::new(sample.dag.root, Limits::default());
    for (cid, data) in came {
        walk.accept(cid, data)?;
    }
    ensure!(!walk.is_done());
    ensure!(answer.broken, "it ended as if it were whole");
    Ok(())
}

async fn wake(software: &Software) -> Result<()> {
    let daemon = software.start().await?;
    let put = Sample::new(1000, 800, Profile::default())?;
    let imported = Sample::new(1000, 801, Profile::default())?;
    let read = async |sample: &Sample| {
        let path = format!("/ipfs/{}?format=raw", sample.cid());
        daemon.get(&path, &[]).await
    };
    let give = async {
        // Both requests should be waiting by then. If they arrive later, they find their blocks,
        // and the promise is not tested.
        tokio::time::sleep(Duration::from_secs(1)).await;
        daemon
            .call_with("block/put", &[], &put.block(0))
            .await?
            .ok()?;
        daemon.import(&imported, 0..1).await
    };
    let began = Instant::now();
    let woken = async {
        let answer = read(&put).await?.ok()?;
        ensure!(answer.body == put.bytes, "other bytes");
        Ok(began.elapsed())
    };
    let (woken, forgotten, _) = futures::try_join!(woken, read(&imported), give)?;
    ensure!(
        woken < daemon.patience(),
        "block/put woke nobody for {woken:?}"
    );
    // This is why a node in front of a daemon itself keeps the blocks that are in transit.
    ensure!(forgotten.status == 504, "dag/import: {}", forgotten.status);
    ensure!(
        read(&imported).await?.ok()?.body == imported.bytes,
        "it was not imported"
    );
    Ok(())
}

/// The pins of a daemon, or those of one CID, as pairs of CID and name.
async fn pinned(daemon: &Daemon, cid: Option<&str>) -> Result<Vec<(String, String)>> {
    let mut options = vec![("type", "recursive"), ("names", "true"), ("stream", "true")];
    options.extend(cid.map(|cid| ("arg", cid)));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let answer = daemon.call("pin/ls", &options).await?.ok()?;
    Ok(answer
        .objects()?
        .iter()
        .map(|pin| (text(&pin["Cid"]), text(&pin["Name"])))
        .collect())
}

async fn pins(software: &Software) -> Result<()> {
    let daemon = software.start().await?;
    let sample = Sample::new(1_500_000, 900, Profile::default())?;
    let (blocks, cid) = (sample.dag.blocks.len(), sample.cid());
    daemon.import(&sample, 0..blocks - 1).await?;
    // Pinning an incomplete DAG waits for the rest, even with the option `offline`; only a timeout
    // ends it.
    let began = Instant::now();
    let wait = [("arg", &*cid), ("offline", "true"), ("timeout", "2s")];
    let answer = daemon.call("pin/add", &wait).await?;
    let refused = answer.objects()?.pop().unwrap_or_default();
    ensure!(
        refused["Type"] == "error",
        "{} {}",
        answer.status,
        answer.text()
    );
    let took = began.elapsed();
    ensure!(
        took > Duration::from_secs(1) && took < AT_ONCE,
        "that took {took:?}"
    );
    ensure!(
        pinned(&daemon, None)
            .await?
            .iter()
            .all(|(pin, _)| *pin != cid),
        "it is pinned in part"
    );
    daemon.import(&sample, blocks - 1..blocks).await?;

    for name in ["until 1", "until 2"] {
        daemon
            .call("pin/add", &[("arg", &cid), ("name", name)])
            .await?
            .ok()?;
        let expected = [(cid.clone(), name.to_owned())];
        ensure!(
            pinned(&daemon, None).await?.contains(&expected[0]),
            "“{name}” is not listed"
        );
        ensure!(
            pinned(&daemon, Some(&cid)).await? == expected,
            "“{name}” is not its name"
        );
    }
    let answer = daemon.call("pin/rm", &[("arg", &cid)]).await?.ok()?;
    ensure!(
        answer.object()?["Pins"] == json!([cid]),
        "{}",
        answer.text()
    );
    let again = daemon.call("pin/rm", &[("arg", &cid)]).await?.failure()?;
    ensure!(again.contains("not pinned"), "{again}");
    let listed = daemon
        .call("pin/ls", &[("arg", &cid), ("type", "recursive")])
        .await?
        .failure()?;
    ensure!(listed.contains("not pinned"), "{listed}");
    Ok(())
}

async fn gc(software: &Software) -> Result<()> {
    let daemon = software.start().await?;
    let kept = Sample::new(2_500_000, 1000, Profile::default())?;
    let other = Sample::new(2_500_000, 1001, Profile::UnixfsV0_2015)?;
    for sample in [&kept, &other] {
        daemon.import(sample, 0..sample.dag.blocks.len()).await?;
    }
    daemon
        .call("pin/add", &[("arg", &kept.cid())])
        .await?
        .ok()?;
    daemon.call("repo/gc", &[]).await?.ok()?;
    ensure!(
        daemon.cat(&kept.cid()).await? == kept.bytes,
        "a pinned file is gone"
    );
    for block in 0..other.dag.blocks.len() {
        ensure!(
            !daemon.has(&other.block_cid(block)).await?,
            "block {block} is not freed"
        );
    }
    Ok(())
}
