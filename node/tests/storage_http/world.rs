//! A storage with a clock of its own, its gateway on loopback, and DAGs to upload to it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fluence::Cid;
use fluence::content::car::{self, CarLimits, CarReader};
use fluence::content::hash;
use fluence::content::unixfs::{self, Child, DAG_PB, RAW};
use fluence::names::{canonical, canonical_cid, cid_v1};
use fluence_cli::gateway::{self, GatewayConfig};
use fluence_cli::kubo::{BehindStorage, Blocks, Kubo};
use fluence_cli::storage::{Storage, StorageConfig};
use reqwest::{Client, Response, multipart};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How long a reader waits in these tests.
pub const PATIENCE: Duration = Duration::from_millis(700);
pub const PEER: &str = "12D3KooWEXAMPLE";
/// A timeout longer than anything here takes.
const NEVER: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct Block {
    pub cid: Cid,
    pub data: Bytes,
}

pub fn block(codec: u64, data: impl Into<Bytes>) -> Block {
    let data = data.into();
    Block {
        cid: canonical_cid(&cid_v1(codec, &Sha256::digest(&data).into())),
        data,
    }
}

/// A file's DAG.
#[derive(Clone, Debug)]
pub struct Dag {
    pub root: Cid,
    /// All blocks, depth-first.
    pub blocks: Vec<Block>,
    pub bytes: Vec<u8>,
}

impl Dag {
    pub fn child(&self) -> Child {
        Child {
            cid: self.root,
            size: self.bytes.len() as u64,
            tsize: self.blocks.iter().map(|b| b.data.len() as u64).sum(),
        }
    }

    pub fn text(&self) -> String {
        canonical(&self.root)
    }

    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// A file of `chunks` leaves of 1000 bytes, all different, and different for each `seed`.
pub fn file(seed: u8, chunks: usize) -> Dag {
    let leaves: Vec<Block> = (0..chunks)
        .map(|n| {
            let data: Vec<u8> = (0..1000_usize)
                .map(|at| (at.wrapping_mul(31) ^ n ^ (n >> 8) ^ (usize::from(seed) << 3)) as u8)
                .chain([seed, n as u8, (n >> 8) as u8])
                .collect();
            block(RAW, data)
        })
        .collect();
    over(leaves)
}

/// A file made of these leaves.
pub fn over(leaves: Vec<Block>) -> Dag {
    let children: Vec<Child> = leaves
        .iter()
        .map(|leaf| Child {
            cid: leaf.cid,
            size: leaf.data.len() as u64,
            tsize: leaf.data.len() as u64,
        })
        .collect();
    let root = block(DAG_PB, unixfs::inner(&children));
    let bytes = leaves.iter().flat_map(|leaf| leaf.data.to_vec()).collect();
    Dag {
        root: root.cid,
        blocks: [vec![root], leaves].concat(),
        bytes,
    }
}

/// A file of one raw block.
pub fn small(bytes: &[u8]) -> Dag {
    let leaf = block(RAW, bytes.to_vec());
    Dag {
        root: leaf.cid,
        blocks: vec![leaf],
        bytes: bytes.to_vec(),
    }
}

/// A directory; the entries must be sorted by name.
pub fn directory(entries: &[(&str, &Dag)]) -> Dag {
    let node = unixfs::directory(entries.iter().map(|(name, dag)| (*name, dag.child())));
    let root = block(DAG_PB, node);
    let below = entries.iter().flat_map(|(_, dag)| dag.blocks.clone());
    Dag {
        root: root.cid,
        blocks: std::iter::once(root.clone()).chain(below).collect(),
        bytes: Vec::new(),
    }
}

/// A CAR of these blocks.
pub fn car_of(root: &Cid, blocks: &[Block]) -> Vec<u8> {
    let mut car = car::header(root).to_vec();
    for block in blocks {
        put_block(&mut car, &block.cid, &block.data);
    }
    car
}

pub fn put_block(car: &mut Vec<u8>, cid: &Cid, data: &[u8]) {
    let cid = cid.to_bytes();
    put_varint(car, (cid.len() + data.len()) as u64);
    car.extend(cid);
    car.extend(data);
}

pub fn put_varint(to: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// The CIDs of the blocks in a CAR; each block is verified.
pub fn read_car(bytes: &[u8]) -> Vec<Cid> {
    let mut reader = CarReader::new(CarLimits::default());
    reader.push(Bytes::copy_from_slice(bytes));
    let mut cids = Vec::new();
    while let Some((cid, data)) = reader.next().expect("the CAR is valid") {
        hash::verify(&cid, &data).expect("each block matches its CID");
        cids.push(cid);
    }
    reader.finish().expect("the CAR is complete");
    cids
}

pub fn cids(blocks: &[Block]) -> Vec<Cid> {
    blocks.iter().map(|b| b.cid).collect()
}

/// The configuration of a storage and its gateway, which tests may change.
pub struct Setup {
    pub storage: StorageConfig,
    pub gateway: GatewayConfig,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            storage: StorageConfig {
                min_free: 0,
                patience: PATIENCE,
                unannounced_patience: Duration::from_millis(100),
                uploader_patience: PATIENCE,
                ..StorageConfig::default()
            },
            gateway: GatewayConfig {
                open: true,
                ..GatewayConfig::default()
            },
        }
    }
}

pub struct World {
    pub dir: TempDir,
    /// The storage to which tests upload.
    pub storage: Arc<Storage>,
    /// Where that storage listens.
    uploads: String,
    /// Where tests read.
    pub url: String,
    /// What was asked of the storage to which tests upload, if another one is before it.
    pub asked: Asked,
    pub http: Client,
    pub clock: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

/// The paths and queries of requests.
pub type Asked = Arc<Mutex<Vec<String>>>;

/// Serves these routes on loopback.
async fn serve(router: axum::Router) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let serving = tokio::spawn(async move {
        let server = gateway::Server::new(router, gateway::ServerConfig::default());
        server.serve(listener, None, std::future::pending()).await;
    });
    (url, serving)
}

/// The time at which the clock of a [`World`] starts, in Unix seconds.
pub const BEGINNING: u64 = 1_800_000_000;

impl World {
    pub async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Self::on(dir, setup, Arc::new(AtomicU64::new(BEGINNING))).await
    }

    /// A node that has nothing, before a Kubo that has all that is uploaded. The Kubo is played by the
    /// gateway of another storage, which answers as Kubo's does.
    pub async fn before_kubo() -> Self {
        let mut world = Self::new().await;
        let seen = Arc::clone(&world.asked);
        let router = gateway::router(Arc::clone(&world.storage), GatewayConfig::default());
        let note = move |request: axum::extract::Request, next: axum::middleware::Next| {
            let asked = request.uri().to_string();
            seen.lock().expect("the list").push(asked);
            next.run(request)
        };
        let (kubo, _) = serve(router.layer(axum::middleware::from_fn(note))).await;
        let kubo = Kubo::new(&kubo, &kubo).expect("a client");
        let mut setup = Setup::default();
        let now = Arc::clone(&world.clock);
        setup.storage.clock = Arc::new(move || now.load(Ordering::Relaxed));
        let front = world.dir.path().join("front");
        let front = Storage::open(&front, setup.storage).expect("the storage opens");
        front.set_behind(Arc::new(BehindStorage(Blocks::new(kubo, true))));
        (world.url, _) = serve(gateway::router(front, setup.gateway)).await;
        world
    }

    async fn on(dir: TempDir, mut setup: Setup, clock: Arc<AtomicU64>) -> Self {
        let now = Arc::clone(&clock);
        setup.storage.clock = Arc::new(move || now.load(Ordering::Relaxed));
        let storage = Storage::open(dir.path(), setup.storage).expect("the storage opens");
        let router = gateway::router(Arc::clone(&storage), setup.gateway);
        let (url, serving) = serve(router).await;
        let http = Client::builder()
            .timeout(NEVER)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            dir,
            storage,
            uploads: url.clone(),
            url,
            asked: Asked::default(),
            http,
            clock,
            serving,
        }
    }

    /// Stops everything and starts again on the same directory.
    pub async fn restart(self) -> Self {
        let Self {
            dir,
            storage,
            clock,
            serving,
            http,
            ..
        } = self;
        serving.abort();
        let _ = serving.await;
        drop(http);
        // Connections hold on to the storage until they notice that their client has gone.
        let mut storage = Some(storage);
        for _ in 0..500 {
            match Arc::try_unwrap(storage.take().expect("it was put back")) {
                Ok(last) => {
                    drop(last);
                    return Self::on(dir, Setup::default(), clock).await;
                }
                Err(shared) => storage = Some(shared),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("something still has the storage open");
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    pub fn token(&self, dag: &Dag) -> String {
        self.storage
            .grant(PEER, &dag.root, Some(dag.size()))
            .expect("the upload is granted")
            .token
    }

    pub async fn import(&self, token: &str, car: Vec<u8>) -> Response {
        let form = multipart::Form::new().part("file", multipart::Part::bytes(car));
        self.http
            .post(format!(
                "{}/api/v0/dag/import?pin-roots=false&stats=true",
                self.uploads
            ))
            .bearer_auth(token)
            .multipart(form)
            .send()
            .await
            .expect("the import is answered")
    }

    /// Imports a CAR, and expects a status.
    pub async fn import_is(&self, token: &str, car: Vec<u8>, status: u16) -> String {
        let response = self.import(token, car).await;
        let was = response.status().as_u16();
        let text = response.text().await.expect("an answer");
        assert_eq!(was, status, "{text}");
        text
    }

    /// Grants and uploads a DAG.
    pub async fn put(&self, dag: &Dag) {
        let token = self.token(dag);
        self.import_is(&token, car_of(&dag.root, &dag.blocks), 200)
            .await;
        assert_eq!(
            self.storage.dag_state(&dag.root),
            Some(true),
            "the DAG is complete"
        );
    }

    pub async fn get(&self, path: &str) -> Response {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.http.get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("the request is answered")
    }

    /// Gets a path, and expects a status.
    pub async fn bytes(&self, path: &str, status: u16) -> Vec<u8> {
        let response = self.get(path).await;
        let was = response.status().as_u16();
        let bytes = response.bytes().await.expect("a complete answer").to_vec();
        assert_eq!(was, status, "{path}: {}", String::from_utf8_lossy(&bytes));
        bytes
    }

    pub fn received(&self) -> (u64, u64) {
        let total = self.storage.counters();
        (total.received_blocks, total.received_bytes)
    }

    /// Gives a request time to reach the server and begin to wait.
    pub async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

pub fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().expect("the header is text"))
}

/// The block files below a storage's directory.
pub fn block_files(dir: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let Ok(shards) = std::fs::read_dir(dir.join("blocks")) else {
        return found;
    };
    for shard in shards {
        for file in std::fs::read_dir(shard.expect("a shard").path()).expect("a directory") {
            found.insert(file.expect("a file").path());
        }
    }
    found
}
