//! Tests of an IPFS daemon behind a node, and of a plain IPFS gateway as the storage of a file.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use fluence::content::Profile;
use fluence_tests::command_line::CommandLine;
use fluence_tests::kubo::{Daemon, Sample, Software};
use fluence_tests::node::Node;
use fluence_tests::process::fluence;
use fluence_tests::scene::same_bytes;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::Test;
use crate::promises::blocks_of;

pub const ALL: &[(&str, Test<Software>)] = &[
    ("keeps what is shared", |s| Box::pin(keeps(s))),
    ("gives what only the daemon has", |s| Box::pin(gives(s))),
    ("shows nothing of the RPC", |s| Box::pin(hides(s))),
    ("frees what was kept for its time", |s| Box::pin(frees(s))),
    ("keeps for a daemon that is away", |s| Box::pin(away(s))),
    (
        "a plain gateway that gets its blocks late is fetched from",
        |s| Box::pin(late(s)),
    ),
    ("is the public IPFS for who finds nobody", |s| {
        Box::pin(public(s))
    }),
];

/// Longer than sharing or fetching a small file takes.
const SMALL: Duration = Duration::from_secs(60);
/// How often the daemon or the node is polled.
const LOOK: Duration = Duration::from_millis(200);

/// A daemon with a node in front of it.
struct Front {
    daemon: Daemon,
    node: Node,
    directory: TempDir,
}

impl Front {
    async fn start(software: &Software, options: &[&str]) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let daemon = software.start().await?;
        let addresses = [
            "--ipfs-rpc",
            &*daemon.rpc,
            "--ipfs-gateway",
            &*daemon.gateway,
        ];
        let options = [&addresses, options].concat();
        let path = directory.path();
        let node = Node::start(&path.join("node"), &path.join("node.log"), &options)
            .await
            .with_context(|| std::fs::read_to_string(path.join("node.log")).unwrap_or_default())?;
        Ok(Self {
            daemon,
            node,
            directory,
        })
    }

    fn terminal(&self, name: &str) -> Result<CommandLine> {
        let path = self.directory.path();
        let log = path.join(format!("{name}.log"));
        CommandLine::new(self.node.tcp()?, &path.join(name), &log)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let file = self.directory.path().join(name);
        std::fs::write(&file, bytes)?;
        Ok(file)
    }

    /// The name of a file's pin, if it is pinned.
    async fn pin(&self, cid: &str) -> Result<Option<String>> {
        let options = [("type", "recursive"), ("names", "true"), ("stream", "true")];
        let answer = self.daemon.call("pin/ls", &options).await?.ok()?;
        let pins = answer.objects()?;
        Ok(pins
            .iter()
            .find(|pin| pin["Cid"] == cid)
            .and_then(|pin| pin["Name"].as_str().map(str::to_owned)))
    }

    /// Makes the node itself forget a file, as its operator does.
    async fn remove(&self, cid: &str) -> Result<()> {
        let removed = Command::new(fluence()?)
            .args(["storage", "--json", "--state"])
            .arg(self.directory.path().join("node"))
            .args(["remove", cid])
            .output()
            .await?;
        ensure!(
            removed.status.success(),
            "`fluence storage remove`: {}{}",
            String::from_utf8_lossy(&removed.stdout),
            String::from_utf8_lossy(&removed.stderr)
        );
        Ok(())
    }

    /// Waits until a file is pinned, or until it no longer is.
    async fn wait_pin(&self, cid: &str, pinned: bool) -> Result<Option<String>> {
        let deadline = Instant::now() + SMALL;
        loop {
            let pin = self.pin(cid).await?;
            if pin.is_some() == pinned {
                return Ok(pin);
            }
            if Instant::now() > deadline {
                bail!("after {SMALL:?} the pin of {cid} is still {pin:?}");
            }
            sleep(LOOK).await;
        }
    }
}

async fn keeps(software: &Software) -> Result<()> {
    let front = Front::start(software, &[]).await?;
    for (number, profile) in ["unixfs-v1-2025", "unixfs-v0-2015"].into_iter().enumerate() {
        let bytes = fluence_tests::files::noise(5_000_000, 2000 + number as u64);
        let file = front.file(&format!("holiday {number}.bin"), &bytes)?;
        let name = file.to_str().context("the path is not valid UTF-8")?;
        let alice = front.terminal(&format!("alice {number}"))?;
        let (_sharing, cid) = alice
            .start(&["share", "--profile", profile, name], |line| {
                (line["event"] == "shared").then(|| line["cid"].as_str().map(str::to_owned))?
            })
            .await?;
        ensure!(
            front.pin(&cid).await?.is_none(),
            "it was uploaded before anybody asked for it"
        );
        let bob = front.terminal(&format!("bob {number}"))?;
        same_bytes(&bob.fetch(&cid, SMALL).await?, &bytes)?;
        let pin = front.wait_pin(&cid, true).await?.unwrap_or_default();
        let peer = &front.node.listening().peer;
        ensure!(
            pin.starts_with(&format!("fluence {peer} until ")),
            "the pin is “{pin}”"
        );
        ensure!(
            front.daemon.cat(&cid).await? == bytes,
            "the daemon has other bytes"
        );
        // The daemon provides what the node no longer has, so nothing is uploaded again.
        let uploaded = front.node.uploaded().await?;
        front.remove(&cid).await?;
        let carol = front.terminal(&format!("carol {number}"))?;
        same_bytes(&carol.fetch(&cid, SMALL).await?, &bytes)?;
        let again = front.node.uploaded().await? - uploaded;
        ensure!(again == 0, "{again} bytes were uploaded again");
    }
    Ok(())
}

async fn gives(software: &Software) -> Result<()> {
    let front = Front::start(software, &[]).await?;
    let sample = Sample::new(3_000_000, 2100, Profile::default())?;
    let blocks = sample.dag.blocks.len();
    front.daemon.import(&sample, 0..blocks).await?;
    let cid = sample.cid();
    let read = async |path: String| -> Result<(u16, Vec<u8>)> {
        let answer = reqwest::get(format!("{}{path}", front.node.listening().http)).await?;
        Ok((answer.status().as_u16(), answer.bytes().await?.to_vec()))
    };
    for number in [0, blocks - 1] {
        let block = sample.block_cid(number);
        let got = read(format!("/ipfs/{block}?format=raw")).await?;
        ensure!(
            got == (200, sample.block(number).to_vec()),
            "{block}: {}",
            got.0
        );
    }
    let got = read(format!("/ipfs/{cid}?format=car&order=dfs&dups=y")).await?;
    let came = blocks_of(&got.1.into())?;
    ensure!(
        came.len() == blocks,
        "as a CAR: {}, {} blocks of {blocks}",
        got.0,
        came.len()
    );
    for (number, (cid, data)) in came.iter().enumerate() {
        ensure!(
            *data == sample.block(number),
            "as a CAR: {cid} is not block {number}"
        );
    }
    let got = read(format!("/ipfs/{cid}")).await?;
    ensure!(got == (200, sample.bytes.to_vec()), "as a file: {}", got.0);
    Ok(())
}

async fn hides(software: &Software) -> Result<()> {
    let front = Front::start(software, &[]).await?;
    let http = reqwest::Client::new();
    for command in [
        "version",
        "id",
        "pin/ls",
        "repo/gc",
        "config/show",
        "block/put",
        "add",
        "shutdown",
    ] {
        let url = format!("{}/api/v0/{command}", front.node.listening().http);
        let status = http.post(&url).send().await?.status().as_u16();
        ensure!(status == 404, "{command}: {status}");
    }
    let sample = Sample::new(1000, 2200, Profile::default())?;
    let url = format!(
        "{}/api/v0/dag/import?pin-roots=false",
        front.node.listening().http
    );
    for token in [None, Some("made-up")] {
        let mut request = http
            .post(&url)
            .header("content-type", "multipart/form-data; boundary=b")
            .body("--b--\r\n");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let status = request.send().await?.status().as_u16();
        ensure!(
            matches!(status, 401 | 403),
            "an upload with {token:?}: {status}"
        );
    }
    ensure!(!front.daemon.has(&sample.cid()).await?);
    Ok(())
}

async fn frees(software: &Software) -> Result<()> {
    const KEPT: Duration = Duration::from_secs(10);
    let time = KEPT.as_secs().to_string();
    let front = Front::start(software, &["--keep", &time]).await?;
    let operators = Sample::new(1000, 2301, Profile::default())?;
    front.daemon.import(&operators, 0..1).await?;
    let pin = [("arg", &*operators.cid()), ("name", "the operator's own")];
    front.daemon.call("pin/add", &pin).await?.ok()?;

    let alice = front.terminal("alice")?;
    let bob = front.terminal("bob")?;
    let mut sharing = Vec::new();
    let mut fetched = async |seed: u64| -> Result<String> {
        let bytes = fluence_tests::files::noise(300_000, seed);
        let (share, cid) = alice.share(&front.file(&seed.to_string(), &bytes)?).await?;
        same_bytes(&bob.fetch(&cid, SMALL).await?, &bytes)?;
        // Only one share at a time may use Alice's directory. One that is asked to stop would take its file back.
        share.kill().await?;
        sharing.push(cid.clone());
        Ok(cid)
    };
    let first = fetched(2302).await?;
    let name = front.wait_pin(&first, true).await?.unwrap_or_default();
    let until: u64 = name
        .rsplit(' ')
        .next()
        .and_then(|until| until.parse().ok())
        .with_context(|| format!("no time in “{name}”"))?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    ensure!(
        until <= now.as_secs() + KEPT.as_secs(),
        "it is kept until {until}"
    );
    sleep(Duration::from_secs(until + 1).saturating_sub(now)).await;
    // A new upload triggers the removal of expired pins.
    fetched(2303).await?;
    front.wait_pin(&first, false).await?;
    ensure!(
        front.pin(&operators.cid()).await?.is_some(),
        "the operator's pin is gone"
    );
    Ok(())
}

async fn away(software: &Software) -> Result<()> {
    let mut front = Front::start(software, &[]).await?;
    let bytes = fluence_tests::files::noise(3_000_000, 2500);
    let file = front.file("away.bin", &bytes)?;
    let (_sharing, cid) = front.terminal("alice")?.share(&file).await?;
    front.daemon.stop().await?;
    // The node has not noticed yet, and accepts the upload; whoever waits for the file gets it.
    let bob = front.terminal("bob")?;
    same_bytes(&bob.fetch(&cid, SMALL).await?, &bytes)?;
    // Once the node has noticed, it no longer promises storage that it cannot provide.
    let deadline = Instant::now() + SMALL;
    loop {
        let asked = bob.run(&["call", "IPFS_multiaddr"], SMALL).await?;
        if asked.code != Some(0) {
            ensure!(
                asked.error()? == "unavailable",
                "it says {}",
                asked.error()?
            );
            break;
        }
        ensure!(
            Instant::now() < deadline,
            "it still promises: {:?}",
            asked.lines
        );
        sleep(LOOK).await;
    }
    front.daemon.start_again().await?;
    front.wait_pin(&cid, true).await?;
    ensure!(
        front.daemon.cat(&cid).await? == bytes,
        "the daemon has other bytes"
    );
    Ok(())
}

async fn public(software: &Software) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let path = directory.path();
    let node = Node::start(&path.join("node"), &path.join("node.log"), &[]).await?;
    let daemon = software.start().await?;
    let bytes = fluence_tests::files::noise(5_000_000, 2600);
    let file = path.join("public.bin");
    std::fs::write(&file, &bytes)?;
    let cid = daemon.add_file(&file).await?;
    let bob = CommandLine::new(node.tcp()?, &path.join("bob"), &path.join("bob.log"))?;
    let fetch = async |ways: &[&str], to: &str| {
        let arguments = [&["fetch", &cid, "--output", to], ways].concat();
        bob.run(&arguments, SMALL).await
    };
    // Nobody is asked unless that is wanted.
    let ended = fetch(&[], "not").await?;
    ensure!(ended.error()? == "no_provider", "{:?}", ended.lines);
    // A list of gateways is enough.
    let nowhere = "http://127.0.0.1:9";
    let listed = [
        "--public",
        "--public-routers",
        nowhere,
        "--public-gateways",
        &*daemon.gateway,
    ];
    fetch(&listed, "listed").await?.event("fetched")?;
    same_bytes(&bob.directory().join("listed"), &bytes)?;
    // A router names the gateway, and one that is away is passed over. Kubo is asked as a gateway alone.
    if matches!(software, Software::GoPeer) {
        let routers = format!("{nowhere} {}", daemon.gateway);
        let routed = [
            "--public",
            "--public-routers",
            &routers,
            "--public-gateways",
            nowhere,
        ];
        fetch(&routed, "routed").await?.event("fetched")?;
        same_bytes(&bob.directory().join("routed"), &bytes)?;
    }
    // So it is for who opens a link at a node whose operator wants that.
    let options = [
        "--public",
        "--public-routers",
        nowhere,
        "--public-gateways",
        &*daemon.gateway,
    ];
    for (name, options, status) in [("closed", &[][..], 404), ("open", &options, 200)] {
        let node = Node::start(&path.join(name), &path.join("other.log"), options).await?;
        let answer = reqwest::get(format!("{}/ipfs/{cid}", node.listening().http)).await?;
        ensure!(answer.status() == status, "{name}: {}", answer.status());
        if status == 200 {
            ensure!(answer.bytes().await? == bytes, "a link gives other bytes");
        }
    }
    // A bad address is told.
    let ended = fetch(&["--public", "--public-routers", "router.example"], "bad").await?;
    ensure!(ended.said.contains("router.example"), "{}", ended.said);
    Ok(())
}

async fn late(software: &Software) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let path = directory.path();
    let node = Node::start(&path.join("node"), &path.join("node.log"), &[]).await?;
    let daemon = software.start().await?;
    let terminal = |name: &str| {
        CommandLine::new(
            node.tcp()?,
            &path.join(name),
            &path.join(format!("{name}.log")),
        )
    };
    let sample = Sample::new(3_500_000, 2400, Profile::default())?;
    let (blocks, cid) = (sample.dag.blocks.len(), sample.cid());
    let gateway = daemon.gateway.trim_start_matches("http://127.0.0.1:");
    let reply = format!(
        r#"{{"multiaddr": "/ip4/127.0.0.1/tcp/{gateway}/http", "size": {}, "name": "late.bin"}}"#,
        sample.bytes.len()
    );
    let _provider = terminal("alice")?
        .provide(&format!("IPFS_{cid}"), &format!("echo '{reply}'"))
        .await?;
    let bob = terminal("bob")?;
    // First the gateway has nothing, and then a part, so its answers are empty and then short. An
    // import does not wake Kubo's waiting requests.
    let fill = async {
        sleep(daemon.patience() / 2).await;
        daemon.import(&sample, 0..blocks / 2).await?;
        sleep(daemon.patience()).await;
        daemon.import(&sample, blocks / 2..blocks).await
    };
    let (file, _) = futures::try_join!(bob.fetch(&cid, 4 * daemon.patience() + SMALL), fill)?;
    same_bytes(&file, &sample.bytes)?;
    Ok(())
}
