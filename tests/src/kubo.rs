//! IPFS daemons: a real Kubo, and the Go peer in `gopeer/`, which is made of Kubo's libraries. Each
//! has its own directory and its own free ports on this machine, and knows no other peer.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use bytes::Bytes;
use fluence::content::car::{self, Part};
use fluence::content::layout::layout;
use fluence::content::{Block, Dag, Profile};
use fluence::ports::{Piece, Source, StoreError};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::process::{Program, repository};

/// The environment variable that names Kubo's program `ipfs`.
pub const KUBO: &str = "FLUENCE_TEST_KUBO";
/// How long Kubo's gateway waits for a block, by default.
const KUBO_PATIENCE: Duration = Duration::from_secs(30);
/// How long the gateway of the Go peer waits here.
const GO_PATIENCE: Duration = Duration::from_secs(3);
/// The longest that an answer of a daemon may take.
const LONGEST: Duration = Duration::from_secs(90);
/// Lets the system choose a free port of this machine.
const ANY_PORT: &str = "http://127.0.0.1:0";
const BOUNDARY: &str = "----------------------------fluence-test";
/// The beginning of the command line that sets which origins' pages may use the RPC. A JSON list
/// follows.
const SET_ORIGINS: &str = "ipfs config --json API.HTTPHeaders.Access-Control-Allow-Origin ";

/// A program that is an IPFS daemon.
#[derive(Debug, Clone)]
pub enum Software {
    /// Kubo, with the path of its program `ipfs`.
    Kubo(PathBuf),
    /// The Go peer.
    GoPeer,
}

impl Software {
    /// The Kubo that [`KUBO`] names, if it is set.
    pub fn kubo() -> Option<Self> {
        std::env::var_os(KUBO).map(|program| Self::Kubo(program.into()))
    }

    /// The Go peer, if Go is installed to build it.
    pub fn go_peer() -> Option<Self> {
        let version = std::process::Command::new("go").arg("version").output();
        version
            .is_ok_and(|version| version.status.success())
            .then_some(Self::GoPeer)
    }

    /// Starts a daemon.
    pub async fn start(&self) -> Result<Daemon> {
        self.start_for(&[]).await
    }

    /// Starts a daemon whose RPC may be used by pages of these origins.
    pub async fn start_for(&self, origins: &[&str]) -> Result<Daemon> {
        let directory = tempfile::Builder::new().prefix("fluence-ipfs-").tempdir()?;
        let mut daemon = Daemon {
            software: self.clone(),
            rpc: ANY_PORT.to_owned(),
            gateway: ANY_PORT.to_owned(),
            http: reqwest::Client::builder().timeout(LONGEST).build()?,
            origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
            program: None,
            directory,
        };
        daemon.start_again().await?;
        Ok(daemon)
    }
}

/// Builds the Go peer next to this program, once, and returns its path.
pub fn go_peer() -> Result<PathBuf> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build_go_peer().map_err(|error| format!("{error:#}")));
    built.clone().map_err(|error| anyhow!(error))
}

fn build_go_peer() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let program = own
        .parent()
        .context("the program has no directory")?
        .join("gopeer");
    let built = std::process::Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(repository().join("tests/gopeer"))
        .output()
        .context("`go` cannot be started")?;
    ensure!(
        built.status.success(),
        "`go build` in tests/gopeer failed: {}",
        String::from_utf8_lossy(&built.stderr)
    );
    Ok(program)
}

/// The addresses of a daemon.
#[derive(Debug, Default, Deserialize)]
struct Listening {
    rpc: String,
    gateway: String,
}

/// A daemon. It is killed, and its directory removed, when this value is dropped.
pub struct Daemon {
    /// Which software it runs.
    pub software: Software,
    /// The base URL of its RPC.
    pub rpc: String,
    /// The base URL of its gateway.
    pub gateway: String,
    http: reqwest::Client,
    origins: Vec<String>,
    // Fields are dropped in this order, so the program ends before its directory is removed.
    program: Option<Program>,
    directory: TempDir,
}

fn host_and_port(url: &str) -> &str {
    url.trim_start_matches("http://")
}

/// The multiaddr of a URL of this machine.
fn tcp(url: &str) -> String {
    let port = url.rsplit(':').next().unwrap_or_default();
    format!("/ip4/127.0.0.1/tcp/{port}")
}

/// A daemon's response.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The HTTP headers.
    pub headers: reqwest::header::HeaderMap,
    /// The bytes of the body that arrived.
    pub body: Bytes,
    /// Whether the connection broke before the end of the body.
    pub broken: bool,
}

impl Daemon {
    /// Kills the daemon without warning, as a power failure would.
    pub async fn stop(&mut self) -> Result<()> {
        let program = self.program.take().context("the daemon is not running")?;
        program.kill().await
    }

    /// Starts the daemon again on the same ports and with the same state. The Go peer keeps no
    /// state.
    pub async fn start_again(&mut self) -> Result<()> {
        ensure!(self.program.is_none(), "the daemon is running already");
        let log = self.directory.path().join("log");
        let started = match &self.software {
            Software::Kubo(program) => self.start_kubo(program, &log).await,
            Software::GoPeer => self.start_go_peer(&log).await,
        };
        let (program, listening) = started.with_context(|| {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            format!("the IPFS daemon did not start: {log}")
        })?;
        self.program = Some(program);
        self.rpc = listening.rpc;
        self.gateway = listening.gateway;
        Ok(())
    }

    async fn start_go_peer(&self, log: &Path) -> Result<(Program, Listening)> {
        let mut command = Command::new(go_peer()?);
        command
            .arg("daemon")
            .args(["--rpc", host_and_port(&self.rpc)])
            .args(["--gateway", host_and_port(&self.gateway)])
            .arg(format!("--retrieval-timeout={GO_PATIENCE:?}"))
            .arg(format!("--allow-origins={}", self.origins.join(",")));
        let mut program = Program::start(&mut command, log)?;
        let listening = program
            .until(|line| serde_json::from_str(line).ok())
            .await?;
        Ok((program, listening))
    }

    /// Starts Kubo with its defaults, except for the ports and for everything that looks for other
    /// peers.
    async fn start_kubo(&self, program: &Path, log: &Path) -> Result<(Program, Listening)> {
        let repository = self.repository();
        let command = |argument: &str| {
            let mut command = Command::new(program);
            command
                .arg(argument)
                .env("IPFS_PATH", &repository)
                .env("IPFS_TELEMETRY", "off");
            command
        };
        let file = repository.join("config");
        if !file.exists() {
            let made = command("init").output().await?;
            ensure!(
                made.status.success(),
                "`ipfs init` failed: {}",
                String::from_utf8_lossy(&made.stderr)
            );
        }
        let mut config: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
        config["Addresses"]["API"] = json!(tcp(&self.rpc));
        config["Addresses"]["Gateway"] = json!(tcp(&self.gateway));
        config["Addresses"]["Swarm"] = json!([tcp(ANY_PORT)]);
        config["AutoConf"]["Enabled"] = json!(false);
        config["Bootstrap"] = json!([]);
        config["DNS"]["Resolvers"] = json!({});
        config["Routing"]["DelegatedRouters"] = json!([]);
        config["Ipns"]["DelegatedPublishers"] = json!([]);
        config["Discovery"]["MDNS"]["Enabled"] = json!(false);
        config["Swarm"]["DisableNatPortMap"] = json!(true);
        if !self.origins.is_empty() {
            config["API"]["HTTPHeaders"]["Access-Control-Allow-Origin"] = json!(self.origins);
        }
        std::fs::write(&file, config.to_string())?;
        let mut program = Program::start(&mut command("daemon"), log)?;
        let mut listening = Listening::default();
        let listening = program
            .until(|line| {
                let url = |address: &str| {
                    let port = address.rsplit('/').next().unwrap_or_default();
                    format!("http://127.0.0.1:{port}")
                };
                if let Some(address) = line.strip_prefix("RPC API server listening on ") {
                    listening.rpc = url(address);
                }
                if let Some(address) = line.strip_prefix("Gateway server listening on ") {
                    listening.gateway = url(address);
                }
                (line == "Daemon is ready").then(|| std::mem::take(&mut listening))
            })
            .await?;
        Ok((program, listening))
    }

    /// Runs a command line that sets which origins may use the RPC, as a person types it into a
    /// shell. It takes effect at the next start.
    pub async fn configure(&mut self, command: &str) -> Result<()> {
        let Software::Kubo(program) = &self.software else {
            let list = command
                .strip_prefix(SET_ORIGINS)
                .context("no such command")?;
            self.origins = serde_json::from_str(list.trim_matches('\''))?;
            return Ok(());
        };
        let directory = program.parent().context("the program has no directory")?;
        let path = std::env::var("PATH").unwrap_or_default();
        let done = Command::new("sh")
            .args(["-c", command])
            .env("PATH", format!("{}:{path}", directory.display()))
            .env("IPFS_PATH", self.repository())
            .output()
            .await?;
        ensure!(
            done.status.success(),
            "`{command}`: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(())
    }

    fn repository(&self) -> PathBuf {
        self.directory.path().join("repository")
    }

    /// How long the daemon's gateway waits for a block.
    pub fn patience(&self) -> Duration {
        match self.software {
            Software::Kubo(_) => KUBO_PATIENCE,
            Software::GoPeer => GO_PATIENCE,
        }
    }

    /// Sends a request to its RPC.
    pub async fn call(&self, command: &str, options: &[(&str, &str)]) -> Result<Answer> {
        self.ask(self.command(command, options)).await
    }

    /// Sends a request to its RPC as a page of this origin would.
    pub async fn call_from(&self, origin: &str, command: &str) -> Result<Answer> {
        self.ask(self.command(command, &[]).header("origin", origin))
            .await
    }

    /// Sends a request with a file to its RPC.
    pub async fn call_with(
        &self,
        command: &str,
        options: &[(&str, &str)],
        file: &[u8],
    ) -> Result<Answer> {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let body = [
            head.as_bytes(),
            file,
            format!("\r\n--{BOUNDARY}--\r\n").as_bytes(),
        ]
        .concat();
        let request = self
            .command(command, options)
            .header(
                "content-type",
                format!("multipart/form-data; boundary={BOUNDARY}"),
            )
            .body(body);
        self.ask(request).await
    }

    /// Sends a GET request to its gateway.
    pub async fn get(&self, path: &str, headers: &[(&'static str, &str)]) -> Result<Answer> {
        self.read(reqwest::Method::GET, path, headers).await
    }

    /// Sends a HEAD request to its gateway.
    pub async fn head(&self, path: &str, headers: &[(&'static str, &str)]) -> Result<Answer> {
        self.read(reqwest::Method::HEAD, path, headers).await
    }

    /// Whether the daemon has a block, asked as the engine asks.
    pub async fn has(&self, block: &str) -> Result<bool> {
        let path = format!("/ipfs/{block}?format=raw");
        let answer = self
            .head(&path, &[("cache-control", "only-if-cached")])
            .await?;
        match answer.status {
            200 => Ok(true),
            412 => Ok(false),
            status => bail!("{path} only if cached: {status}"),
        }
    }

    /// Imports some blocks of a sample.
    pub async fn import(&self, sample: &Sample, blocks: Range<usize>) -> Result<Answer> {
        self.call_with(
            "dag/import",
            &[("pin-roots", "false"), ("stats", "true")],
            &sample.car(blocks),
        )
        .await?
        .ok()
    }

    /// The bytes of a file.
    pub async fn cat(&self, cid: &str) -> Result<Bytes> {
        let Software::Kubo(program) = &self.software else {
            return Ok(self.call("cat", &[("arg", cid)]).await?.ok()?.body);
        };
        let said = Command::new(program)
            .args(["--api", &tcp(&self.rpc), "cat", cid])
            .env("IPFS_PATH", self.repository())
            .output()
            .await?;
        ensure!(
            said.status.success(),
            "`ipfs cat {cid}`: {}",
            String::from_utf8_lossy(&said.stderr)
        );
        Ok(said.stdout.into())
    }

    /// Connects the daemon to another one, from which it then gets the blocks that it lacks. The Go
    /// peer cannot do that.
    pub async fn connect(&self, other: &Self) -> Result<()> {
        let identity = other.call("id", &[]).await?.ok()?.object()?;
        let address = identity["Addresses"][0].as_str();
        let address = address.context("the daemon listens nowhere")?;
        self.call("swarm/connect", &[("arg", address)])
            .await?
            .ok()?;
        Ok(())
    }

    /// Adds a file with the options of the profile `unixfs-v1-2025`, as a person does, and returns
    /// its CID.
    pub async fn add_file(&self, file: &Path) -> Result<String> {
        let Software::Kubo(program) = &self.software else {
            let options = [
                ("cid-version", "1"),
                ("raw-leaves", "true"),
                ("chunker", "size-1048576"),
                ("max-file-links", "1024"),
            ];
            let file = tokio::fs::File::open(file).await?;
            let part = reqwest::multipart::Part::stream(file).file_name("file");
            let form = reqwest::multipart::Form::new().part("file", part);
            let request = self.command("add", &options).multipart(form);
            let added = self.ask(request).await?.ok()?.object()?;
            let cid = added["Hash"].as_str();
            return Ok(cid.context("nothing was added")?.to_owned());
        };
        let said = Command::new(program)
            .args(["--api", &tcp(&self.rpc), "add", "--quieter"])
            .args(["--cid-version=1", "--raw-leaves"])
            .args(["--chunker=size-1048576", "--max-file-links=1024"])
            .arg(file)
            .env("IPFS_PATH", self.repository())
            .output()
            .await?;
        ensure!(
            said.status.success(),
            "`ipfs add`: {}",
            String::from_utf8_lossy(&said.stderr)
        );
        Ok(String::from_utf8(said.stdout)?.trim().to_owned())
    }

    /// Writes the bytes of the file with this CID into a local file.
    pub async fn cat_into(&self, cid: &str, file: &Path) -> Result<()> {
        let Software::Kubo(program) = &self.software else {
            let mut answer = self.command("cat", &[("arg", cid)]).send().await?;
            ensure!(answer.status() == 200, "`cat`: {}", answer.status());
            let mut file = tokio::fs::File::create(file).await?;
            while let Some(chunk) = answer.chunk().await? {
                file.write_all(&chunk).await?;
            }
            return Ok(file.flush().await?);
        };
        let status = Command::new(program)
            .args(["--api", &tcp(&self.rpc), "cat", cid])
            .env("IPFS_PATH", self.repository())
            .stdout(std::fs::File::create(file)?)
            .status()
            .await?;
        ensure!(status.success(), "`ipfs cat {cid}` failed");
        Ok(())
    }

    fn command(&self, command: &str, options: &[(&str, &str)]) -> reqwest::RequestBuilder {
        self.http
            .post(format!("{}/api/v0/{command}", self.rpc))
            .query(options)
    }

    async fn read(
        &self,
        method: reqwest::Method,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.gateway));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask(request).await
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Answer> {
        let mut response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let (mut body, mut broken) = (Vec::new(), false);
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) if error.is_timeout() => {
                    bail!("no end within {LONGEST:?} of an answer {status}")
                }
                Err(_) => {
                    broken = true;
                    break;
                }
            }
        }
        Ok(Answer {
            status,
            headers,
            body: body.into(),
            broken,
        })
    }
}

impl Answer {
    /// The answer itself, if it is a complete success.
    pub fn ok(self) -> Result<Self> {
        ensure!(
            self.status == 200 && !self.broken,
            "{} (broken: {}): {}",
            self.status,
            self.broken,
            self.text()
        );
        Ok(self)
    }

    /// The message of an RPC failure.
    pub fn failure(&self) -> Result<String> {
        ensure!(
            self.status == 500,
            "{} is no failure: {}",
            self.status,
            self.text()
        );
        let failure: Value = serde_json::from_slice(&self.body)?;
        ensure!(failure["Type"] == "error", "{failure}");
        let message = failure["Message"].as_str();
        message
            .map(str::to_owned)
            .ok_or_else(|| anyhow!("a failure without a message: {failure}"))
    }

    /// The JSON objects in the body, one per line.
    pub fn objects(&self) -> Result<Vec<Value>> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str(line).with_context(|| format!("“{line}” is no JSON")))
            .collect()
    }

    /// The only JSON object in the body.
    pub fn object(&self) -> Result<Value> {
        let mut objects = self.objects()?;
        ensure!(objects.len() == 1, "not one object: {objects:?}");
        Ok(objects.remove(0))
    }

    /// The value of a header, or an empty string.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The beginning of the body as text.
    pub fn text(&self) -> String {
        const SHOWN: usize = 4096;
        String::from_utf8_lossy(&self.body[..self.body.len().min(SHOWN)]).into_owned()
    }
}

/// A file, and the DAG that Fluence makes of it.
pub struct Sample {
    /// The file.
    pub bytes: Bytes,
    /// Its DAG.
    pub dag: Dag,
}

impl Sample {
    /// A file of this many pseudo-random bytes.
    pub fn new(len: usize, seed: u64, profile: Profile) -> Result<Self> {
        Self::of(crate::files::noise(len, seed).into(), profile)
    }

    /// A file of these bytes, with its DAG under a profile.
    pub fn of(bytes: Bytes, profile: Profile) -> Result<Self> {
        // Reading from memory never waits.
        let dag = layout(&Memory(bytes.clone()), profile, |_| {})
            .now_or_never()
            .context("the layout of bytes in memory had to wait")??;
        Ok(Self { bytes, dag })
    }

    /// The CID of the file.
    pub fn cid(&self) -> String {
        fluence::names::canonical(&self.dag.root)
    }

    /// The CID of a block.
    pub fn block_cid(&self, number: usize) -> String {
        fluence::names::canonical(&self.dag.blocks[number].cid)
    }

    /// The bytes of a block.
    pub fn block(&self, number: usize) -> Bytes {
        let start = self.offset(number);
        let Block {
            prefix,
            len,
            suffix,
            ..
        } = &self.dag.blocks[number];
        [prefix, &self.bytes[start..start + *len as usize], suffix]
            .concat()
            .into()
    }

    /// A CAR of some blocks, made as it is for an upload.
    pub fn car(&self, blocks: Range<usize>) -> Vec<u8> {
        let offset = self.offset(blocks.start) as u64;
        let part: Part = car::part(&self.dag, blocks, offset, u64::MAX);
        let mut whole = Vec::new();
        for piece in car::pieces(&self.dag, &Memory(self.bytes.clone()), &part) {
            match piece {
                Piece::Bytes(bytes) => whole.extend_from_slice(&bytes),
                Piece::Slice(Memory(bytes), range) => {
                    whole.extend_from_slice(&bytes[range.start as usize..range.end as usize]);
                }
            }
        }
        whole
    }

    fn offset(&self, block: usize) -> usize {
        let before = &self.dag.blocks[..block];
        before.iter().map(|block| block.len as usize).sum()
    }
}

/// Bytes in memory.
#[derive(Clone)]
struct Memory(Bytes);

impl Memory {
    fn slice(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        if range.start > range.end || range.end > self.0.len() as u64 {
            return Err(StoreError::Gone("it is shorter".to_owned()));
        }
        Ok(self.0.slice(range.start as usize..range.end as usize))
    }
}

impl Source for Memory {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, range: Range<u64>) -> LocalBoxFuture<'static, Result<Bytes, StoreError>> {
        std::future::ready(self.slice(range)).boxed_local()
    }

    fn sha256(
        &self,
        prefix: Bytes,
        range: Range<u64>,
        suffix: Bytes,
    ) -> LocalBoxFuture<'static, Result<[u8; 32], StoreError>> {
        let hash = self.slice(range).map(|slice| {
            let hash = Sha256::new().chain_update(prefix);
            hash.chain_update(slice)
                .chain_update(suffix)
                .finalize()
                .into()
        });
        std::future::ready(hash).boxed_local()
    }
}
