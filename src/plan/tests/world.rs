//! The peers, nodes and storages of the simulation, all in one thread.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use futures::channel::mpsc;
use futures::future::{Either, FutureExt, LocalBoxFuture, select};
use futures::stream::{self, LocalBoxStream, StreamExt};
use serde_json::{Value, json};

use super::sim::{Disk, Group, Sim, SimSource, SimStore};
use crate::Cid;
use crate::call::{ErrorCode, ReleaseOk, Reply, Request};
use crate::content::car::{CarLimits, CarReader, header};
use crate::content::{hash, unixfs};
use crate::failure::Failure;
use crate::journal;
use crate::names::{FunctionName, canonical};
use crate::plan::{Engine, Expected, Opened, Remote, Resume, Unknown};
use crate::ports::{
    Http, HttpBody, HttpError, HttpRequest, HttpResponse, Network, NetworkError, PeerName, Piece,
    Platform,
};
use crate::private::Key;
use crate::private::record::{Cipher, KEY_INFO, NONCE, NONCE_INFO, Nonce, RecordError, SALT};
use crate::state::{Event, Item, LinkCause, LinkError, NetworkStatus, Settings};
use crate::storage::url_of;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, UnboundKey};

/// How a storage behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Behaves as the protocol says.
    Honest,
    /// Sends a wrong byte in every block.
    Lies,
    /// Cannot be reached, because the network answers everything with a page where one has to log in.
    Portal,
    /// Behaves as Kubo: answers a request for a CAR with an empty 200 if it lacks the first block,
    /// and ends early if it lacks another.
    Kubo,
    /// Serves no CARs at all.
    RawOnly,
    /// Sends this many bytes of each answer, and then nothing.
    Stalls(usize),
    /// Stalls like this in the first answer only; the others are honest.
    StallsOnce(usize),
    /// Accepts the first part of an upload, and no other.
    FullAfterOne,
    /// Accepts every part of an upload, and keeps nothing.
    Forgets,
    /// Breaks off after this many bytes of each answer.
    Breaks(usize),
    /// Sends one byte per second.
    Drips,
    /// Sends valid blocks of another file.
    Foreign,
    /// Sends one byte too many with every block.
    Long,
    /// Sends the first block again and again in a CAR, and an endless body for a single block.
    Endless,
    /// Announces a block of 2 GiB, and sends it.
    Huge,
    /// Cannot be reached.
    Dead,
    /// Accepts no uploads, because its quota is full.
    Full,
}

/// A storage over HTTP.
pub struct Storage {
    pub manner: Cell<Manner>,
    pub blocks: RefCell<HashMap<Vec<u8>, Bytes>>,
    /// The number of bytes of uploads that arrived.
    pub received: Cell<u64>,
    /// The number of uploads that arrived.
    pub posts: Cell<u64>,
    /// The number of downloads that were requested.
    pub gets: Cell<u64>,
    /// How long each byte of an upload takes, in microseconds, whatever else is being sent.
    pub slow: Cell<u64>,
    /// How long each byte takes on the line that all uploads share, in microseconds, and when that
    /// line is free again.
    pub uplink: Cell<u64>,
    uplink_until: Cell<u64>,
    /// The number of uploads that are arriving now, and the most that arrived at the same time.
    posting: Rc<Cell<u64>>,
    pub most_posting: Cell<u64>,
    /// How long each byte of a CAR takes, in microseconds.
    pub pace: Cell<u64>,
    /// When its line is free again.
    busy_until: Cell<u64>,
    /// The number of bytes of CARs that were sent.
    pub sent: Cell<u64>,
    /// The tokens that it accepts; if empty, it accepts any.
    pub tokens: RefCell<HashSet<String>>,
    /// The number of questions to its RPC about blocks.
    pub stats: Cell<u64>,
    /// The number of all requests.
    pub asked: Cell<u64>,
    /// The number of CARs that were asked for.
    pub cars: Cell<u64>,
    /// What it answers as a delegated router.
    pub routes: RefCell<Vec<u8>>,
    /// How its node answers when a file is taken back.
    pub releases: Cell<Releases>,
}

/// How a node answers when a file is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Releases {
    /// It removes the file.
    Removes,
    /// It keeps the file for others.
    Keeps,
    /// It does not know that function.
    Never,
}

impl Storage {
    /// Whether a whole DAG is there.
    fn has_whole(&self, cid: &Cid) -> bool {
        let block = self.blocks.borrow().get(&key(cid)).cloned();
        let Some(block) = block else {
            return false;
        };
        if cid.codec() != 0x70 {
            return true;
        }
        let links = unixfs::links(&block).expect("a node");
        links.iter().all(|link| self.has_whole(&link.cid))
    }
}

struct Member {
    engine: Option<Engine<SimPlatform>>,
    group: Group,
    reachable: bool,
}

#[derive(Default)]
struct WorldInner {
    members: RefCell<BTreeMap<PeerName, Member>>,
    /// The nodes with storage: for each peer, its reply to `IPFS_multiaddr`.
    nodes: RefCell<BTreeMap<PeerName, Value>>,
    /// The nodes that do not answer at the moment.
    away: RefCell<BTreeSet<PeerName>>,
    /// The nodes that everybody chose.
    chosen: RefCell<BTreeSet<PeerName>>,
    records: RefCell<BTreeMap<FunctionName, BTreeSet<PeerName>>>,
    storages: RefCell<HashMap<String, Rc<Storage>>>,
    /// What can be shared, by its address.
    sites: RefCell<HashMap<String, Rc<Site>>>,
    calls: RefCell<Vec<(PeerName, FunctionName)>>,
    groups: Cell<Group>,
    tokens: Cell<u64>,
}

#[derive(Clone, Default)]
pub struct World {
    pub sim: Sim,
    /// Whether each byte costs something on everybody's network.
    pub costs: Rc<Cell<bool>>,
    inner: Rc<WorldInner>,
}

/// One person's machine: what survives a kill, and the engine that runs now.
pub struct Machine {
    pub world: World,
    pub name: PeerName,
    pub disk: Disk,
    pub journal: Rc<RefCell<Vec<Event>>>,
    pub engine: Engine<SimPlatform>,
    pub group: Group,
    /// How many changes that survive a kill were made so far.
    pub steps: Rc<Cell<u64>>,
    /// The change at which to kill the program.
    pub kill_at: Rc<Cell<Option<u64>>>,
    pub settings: Settings,
}

/// The ending of the names of machines that read ahead.
pub const READS_AHEAD: &str = " reads ahead";

pub struct SimPlatform {
    sim: Sim,
    group: Group,
    store: SimStore,
    http: SimHttp,
    network: SimNetwork,
    journal: Rc<RefCell<Vec<Event>>>,
    step: Rc<dyn Fn()>,
    random: Cell<u128>,
}

/// An upload that is arriving.
struct Posting(Rc<Cell<u64>>);

impl Posting {
    fn new(storage: &Storage) -> Self {
        let now = storage.posting.get() + 1;
        storage.posting.set(now);
        storage
            .most_posting
            .set(storage.most_posting.get().max(now));
        Self(Rc::clone(&storage.posting))
    }
}

impl Drop for Posting {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Storage {
    /// Removes a DAG, and returns whether any of it was there.
    fn remove(&self, cid: &Cid) -> bool {
        let block = self.blocks.borrow_mut().remove(&key(cid));
        let links = match &block {
            Some(block) if cid.codec() == 0x70 => unixfs::links(block).expect("a node"),
            _ => Vec::new(),
        };
        for link in links {
            self.remove(&link.cid);
        }
        block.is_some()
    }

    /// Stores a block, and returns its CID.
    pub fn put_block(&self, codec: u64, block: Bytes) -> Cid {
        let cid = crate::names::cid_v1(codec, &sha256(&block));
        self.blocks.borrow_mut().insert(key(&cid), block);
        cid
    }
}

/// The whole name of a host; a name without a dot is one in a private network.
fn full(host: &str) -> String {
    match host.contains('.') {
        true => host.to_owned(),
        false => format!("{host}.example"),
    }
}

impl World {
    pub fn storage(&self, host: &str) -> Rc<Storage> {
        let storage = Rc::new(Storage {
            manner: Cell::new(Manner::Honest),
            blocks: RefCell::default(),
            received: Cell::new(0),
            posts: Cell::new(0),
            gets: Cell::new(0),
            slow: Cell::new(0),
            uplink: Cell::new(0),
            uplink_until: Cell::new(0),
            posting: Rc::default(),
            most_posting: Cell::new(0),
            pace: Cell::new(0),
            busy_until: Cell::new(0),
            sent: Cell::new(0),
            tokens: RefCell::default(),
            stats: Cell::new(0),
            asked: Cell::new(0),
            cars: Cell::new(0),
            routes: RefCell::default(),
            releases: Cell::new(Releases::Removes),
        });
        self.add_storage(host, &storage);
        storage
    }

    fn add_storage(&self, host: &str, storage: &Rc<Storage>) {
        self.inner
            .storages
            .borrow_mut()
            .insert(format!("http://{}:80", full(host)), Rc::clone(storage));
    }

    /// Adds a person's own Kubo, whose RPC and gateway are two addresses of one storage.
    pub fn kubo(&self, rpc: &str, gateway: &str) -> Rc<Storage> {
        let storage = self.storage(gateway);
        storage.manner.set(Manner::Kubo);
        self.add_storage(rpc, &storage);
        storage
    }

    /// Adds a node with a storage, which its `IPFS_multiaddr` names.
    pub fn node(&self, name: &str, host: &str) -> Rc<Storage> {
        let storage = self.storage(host);
        let ok = json!({"ok": {"multiaddr": format!("/dns4/{}/tcp/80/http", full(host))}});
        self.set_node(name, ok);
        storage
    }

    /// Sets the reply of a node, which everybody chose, to `IPFS_multiaddr`.
    pub fn set_node(&self, name: &str, reply: Value) {
        self.inner.chosen.borrow_mut().insert(name.to_owned());
        self.set_stranger(name, reply);
    }

    /// Sets the reply of a node that nobody chose to `IPFS_multiaddr`.
    pub fn set_stranger(&self, name: &str, reply: Value) {
        self.inner.nodes.borrow_mut().insert(name.to_owned(), reply);
        self.inner
            .records
            .borrow_mut()
            .entry(FunctionName::multiaddr())
            .or_default()
            .insert(name.to_owned());
    }

    /// Has a node not answer any more, or answer again.
    pub fn is_away(&self, node: &str, away: bool) {
        let mut all = self.inner.away.borrow_mut();
        if away {
            all.insert(node.to_owned());
        } else {
            all.remove(node);
        }
    }

    /// Takes a file back from the storage of a node, which holds it for one peer alone.
    fn release(&self, node: &Value, request: &Request) -> Reply {
        let multiaddr = node["ok"]["multiaddr"].as_str().unwrap();
        let storage = self.inner.storages.borrow()[&url_of(multiaddr).unwrap()].clone();
        let cid = request.args["cid"].as_str().unwrap().parse().unwrap();
        match storage.releases.get() {
            Releases::Removes => {}
            Releases::Keeps => return Reply::ok(&ReleaseOk { kept: true }),
            Releases::Never => return Reply::error(ErrorCode::NoSuchFunction, "what is that?"),
        }
        if storage.remove(&cid) {
            Reply::ok(&ReleaseOk { kept: false })
        } else {
            Reply::error(ErrorCode::Refused, "it was not given to you")
        }
    }

    /// Adds a record to the DHT, true or not.
    pub fn add_record(&self, name: &FunctionName, peer: &str) {
        self.inner
            .records
            .borrow_mut()
            .entry(name.clone())
            .or_default()
            .insert(peer.to_owned());
    }

    pub fn forget_records(&self) {
        self.inner
            .records
            .borrow_mut()
            .retain(|name, _| *name == FunctionName::multiaddr());
    }

    pub fn providers(&self, name: &FunctionName) -> usize {
        self.inner
            .records
            .borrow()
            .get(name)
            .map_or(0, BTreeSet::len)
    }

    pub fn calls(&self, name: &FunctionName) -> usize {
        self.inner
            .calls
            .borrow()
            .iter()
            .filter(|(_, called)| called == name)
            .count()
    }

    /// Two people who are online; the first has these settings.
    pub fn alice_and_bob(&self, alice: Settings) -> (Machine, Machine) {
        let pair = (self.machine_with("alice", alice), self.machine("bob"));
        pair.0.online();
        pair.1.online();
        pair
    }

    pub fn machine(&self, name: &str) -> Machine {
        self.machine_with(name, Settings::default())
    }

    pub fn machine_with(&self, name: &str, settings: Settings) -> Machine {
        let disk = Disk::default();
        let journal = Rc::default();
        let steps = Rc::new(Cell::new(0));
        let kill_at = Rc::new(Cell::new(None));
        let (engine, group) = self.boot(name, &disk, &journal, &steps, &kill_at, &settings);
        Machine {
            world: self.clone(),
            name: name.to_owned(),
            disk,
            journal,
            engine,
            group,
            steps,
            kill_at,
            settings,
        }
    }

    fn boot(
        &self,
        name: &str,
        disk: &Disk,
        journal: &Rc<RefCell<Vec<Event>>>,
        steps: &Rc<Cell<u64>>,
        kill_at: &Rc<Cell<Option<u64>>>,
        settings: &Settings,
    ) -> (Engine<SimPlatform>, Group) {
        let group = self.inner.groups.get() + 1;
        self.inner.groups.set(group);
        let step: Rc<dyn Fn()> = {
            let (sim, steps, kill_at) = (self.sim.clone(), Rc::clone(steps), Rc::clone(kill_at));
            Rc::new(move || {
                steps.set(steps.get() + 1);
                if kill_at.get() == Some(steps.get()) {
                    sim.doom(group);
                }
            })
        };
        // The journal is read from what was written, as a host reads it.
        let mut reader = journal::Reader::default();
        for event in journal.borrow().iter() {
            reader.event(&journal::event(event));
        }
        let read = reader.finish();
        assert!(read.damage.is_none(), "{:?}", read.damage);
        // A journal that begins in the middle has lost what came before.
        let lost = journal.borrow().first().is_some_and(|event| event.seq > 1);
        let unknown = if lost {
            Unknown::Adopt
        } else {
            Unknown::Remove
        };
        let state = read.state;
        let platform = SimPlatform {
            sim: self.sim.clone(),
            group,
            store: SimStore {
                sim: self.sim.clone(),
                disk: disk.clone(),
                step: Rc::clone(&step),
            },
            http: SimHttp {
                world: self.clone(),
            },
            network: SimNetwork {
                world: self.clone(),
                me: name.to_owned(),
            },
            journal: Rc::clone(journal),
            step,
            random: Cell::new(u128::from(group) << 64 | 0x1234_5678),
        };
        let engine = Engine::new(platform, state, settings.clone());
        self.inner.members.borrow_mut().insert(
            name.to_owned(),
            Member {
                engine: Some(engine.clone()),
                group,
                reachable: false,
            },
        );
        let starting = engine.clone();
        self.sim
            .spawn(group, async move { starting.start(unknown).await });
        (engine, group)
    }

    fn respond(&self, request: HttpRequest<SimSource>) -> LocalBoxFuture<'static, Answer> {
        let world = self.clone();
        async move { world.respond_now(request).await }.boxed_local()
    }

    async fn respond_now(&self, request: HttpRequest<SimSource>) -> Answer {
        let (base, path) = split(&request.url);
        let unreachable = || Err(HttpError::Unreachable(base.clone()));
        let storage = self.inner.storages.borrow().get(&base).cloned();
        let Some(storage) = storage else {
            return unreachable();
        };
        storage.asked.set(storage.asked.get() + 1);
        self.sim.sleep(Duration::from_millis(5)).await;
        if storage.manner.get() == Manner::Dead {
            return unreachable();
        }
        if storage.manner.get() == Manner::Portal {
            let page = b"<!doctype html><title>Log in</title>";
            return Ok(response(200, "text/html; charset=utf-8", page));
        }
        if let Some(query) = path.strip_prefix("/api/v0/block/stat?") {
            assert_eq!(request.method, "POST");
            // With headers or a body, a browser would send a preflight request first.
            assert!(request.headers.is_empty() && request.body.is_empty());
            let cid = query.strip_prefix("arg=").unwrap();
            let cid = cid.strip_suffix("&offline=true").expect("at once");
            storage.stats.set(storage.stats.get() + 1);
            let has = storage
                .blocks
                .borrow()
                .contains_key(&key(&cid.parse().unwrap()));
            return Ok(response(if has { 200 } else { 500 }, "", &[]));
        }
        if request.method == "POST" {
            return self.import(&storage, request).await;
        }
        if path.starts_with("/routing/v1/providers/") {
            return Ok(self.routes(&storage, request.patience));
        }
        let rest = path.strip_prefix("/ipfs/").unwrap_or_default();
        let (cid, query) = rest.split_once('?').unwrap_or((rest, ""));
        let Ok(cid) = cid.parse::<Cid>() else {
            return Ok(response(400, "text/plain", &[]));
        };
        if request.method == "HEAD" {
            if storage.manner.get() == Manner::Kubo {
                // Kubo's gateway does not let an extension send that header.
                return unreachable();
            }
            assert!(
                request
                    .headers
                    .contains(&("cache-control", "only-if-cached".to_owned()))
            );
            let has = if query.contains("format=car") {
                storage.has_whole(&cid)
            } else {
                storage.blocks.borrow().contains_key(&key(&cid))
            };
            return Ok(response(if has { 200 } else { 412 }, "", &[]));
        }
        storage.gets.set(storage.gets.get() + 1);
        if query.contains("format=raw") {
            if matches!(storage.manner.get(), Manner::Endless | Manner::Huge) {
                return Ok(self.endless(&storage, request.patience, None));
            }
            return match self.block(&storage, &cid, 30_000).await {
                Some(block) => Ok(response(
                    200,
                    "application/vnd.ipld.raw",
                    &lie(&storage, &block),
                )),
                None => Ok(response(504, "text/plain", b"not here")),
            };
        }
        assert!(query.contains("format=car"), "{query}");
        if storage.manner.get() == Manner::RawOnly {
            return Ok(response(406, "text/plain", b"no CARs"));
        }
        let wait = if storage.manner.get() == Manner::Kubo {
            0
        } else {
            30_000
        };
        if self.block(&storage, &cid, wait).await.is_none() {
            return if storage.manner.get() == Manner::Kubo {
                Ok(response(200, "application/vnd.ipld.car; version=1", &[]))
            } else {
                Ok(response(504, "text/plain", b"not here"))
            };
        }
        match storage.manner.get() {
            Manner::Endless => {
                let block = self.block(&storage, &cid, 0).await;
                let again = section(&cid, &block.unwrap_or_default());
                return Ok(self.endless(&storage, request.patience, Some((header(&cid), again))));
            }
            Manner::Huge => {
                // The length is 2^31 as a varint.
                let start = [&header(&cid)[..], &[0x80, 0x80, 0x80, 0x80, 0x08]].concat();
                let zeros = vec![0; 64 << 10];
                return Ok(self.endless(&storage, request.patience, Some((start.into(), zeros))));
            }
            _ => {}
        }
        storage.cars.set(storage.cars.get() + 1);
        let range = query.split("entity-bytes=").nth(1).unwrap_or("0:*");
        let (from, to) = range.split_once(':').unwrap();
        let from: u64 = from.parse().unwrap();
        let range = from..to.parse().map_or(u64::MAX, |last: u64| last + 1);
        let (sender, receiver) = mpsc::unbounded();
        let world = self.clone();
        self.sim.spawn(0, async move {
            let manner = storage.manner.get();
            let mut limit = match manner {
                Manner::Stalls(limit) | Manner::StallsOnce(limit) | Manner::Breaks(limit) => limit,
                _ => usize::MAX,
            };
            if matches!(manner, Manner::StallsOnce(_)) {
                storage.manner.set(Manner::Honest);
            }
            let sent = world
                .send_car(&storage, &cid, range, wait, &sender, &mut limit)
                .await;
            match (sent, manner) {
                (Some(()), _) | (None, Manner::Kubo) => {}
                (None, Manner::Stalls(_) | Manner::StallsOnce(_)) => {
                    world.sim.sleep(Duration::from_secs(100_000)).await;
                }
                (None, _) => {
                    let _ = sender.unbounded_send(Err(HttpError::Broken("storage".into())));
                }
            }
        });
        Ok(HttpResponse {
            status: 200,
            content_type: Some("application/vnd.ipld.car; version=1; order=dfs; dups=y".into()),
            content_length: None,
            body: SimBody {
                receiver,
                sim: self.sim.clone(),
                patience: request.patience,
            },
        })
    }

    /// What a router answers.
    fn routes(&self, router: &Rc<Storage>, patience: Duration) -> HttpResponse<SimBody> {
        if router.manner.get() == Manner::Endless {
            return self.endless(router, patience, None);
        }
        let (sender, receiver) = mpsc::unbounded();
        let (world, router) = (self.clone(), Rc::clone(router));
        self.sim.spawn(0, async move {
            let routes = router.routes.borrow().clone();
            let mut limit = match router.manner.get() {
                Manner::Stalls(limit) => limit,
                _ => usize::MAX,
            };
            let sent = world.put(&router, &sender, &routes, &mut limit).await;
            if sent.is_none() {
                world.sim.sleep(Duration::from_secs(100_000)).await;
            }
        });
        HttpResponse {
            status: 200,
            content_type: Some("application/json".into()),
            content_length: None,
            body: SimBody {
                receiver,
                sim: self.sim.clone(),
                patience,
            },
        }
    }

    /// A CAR or a block that never ends: its start, and what follows again and again.
    fn endless(
        &self,
        storage: &Rc<Storage>,
        patience: Duration,
        car: Option<(Bytes, Vec<u8>)>,
    ) -> HttpResponse<SimBody> {
        let content_type = match car {
            Some(_) => "application/vnd.ipld.car; version=1; order=dfs; dups=y",
            None => "application/vnd.ipld.raw",
        };
        let (sender, receiver) = mpsc::unbounded();
        let (world, storage) = (self.clone(), Rc::clone(storage));
        self.sim.spawn(0, async move {
            let (start, again) = car.unwrap_or_else(|| (Bytes::new(), vec![7; 64 << 10]));
            let mut limit = usize::MAX;
            let mut open = world.put(&storage, &sender, &start, &mut limit).await;
            while open.is_some() {
                limit = usize::MAX;
                open = world.put(&storage, &sender, &again, &mut limit).await;
            }
        });
        HttpResponse {
            status: 200,
            content_type: Some(content_type.into()),
            content_length: None,
            body: SimBody {
                receiver,
                sim: self.sim.clone(),
                patience,
            },
        }
    }

    /// Sends a CAR; returns `None` if it breaks off.
    async fn send_car(
        &self,
        storage: &Storage,
        root: &Cid,
        range: std::ops::Range<u64>,
        wait: u64,
        sender: &mpsc::UnboundedSender<Result<Bytes, HttpError>>,
        limit: &mut usize,
    ) -> Option<()> {
        self.put(storage, sender, &header(root), limit).await?;
        let mut open = vec![(*root, 0u64)];
        while let Some((cid, offset)) = open.pop() {
            let block = self.block(storage, &cid, wait).await?;
            if storage.manner.get() == Manner::Foreign {
                let other = Bytes::from_static(b"something else");
                let digest = sha256(&other);
                let cid = crate::names::cid_v1(0x55, &digest);
                self.put(storage, sender, &section(&cid, &other), limit)
                    .await?;
                continue;
            }
            self.put(
                storage,
                sender,
                &section(&cid, &lie(storage, &block)),
                limit,
            )
            .await?;
            if cid.codec() == 0x70 {
                let node = unixfs::decode(&block).unwrap();
                let mut at = offset;
                let sizes = node.blocksizes.iter().copied().chain(std::iter::repeat(0));
                let mut links = Vec::new();
                for (link, size) in node.links.iter().zip(sizes) {
                    if at + size > range.start && at < range.end || size == 0 {
                        links.push((link.cid, at));
                    }
                    at += size;
                }
                open.extend(links.into_iter().rev());
            }
        }
        Some(())
    }

    async fn put(
        &self,
        storage: &Storage,
        sender: &mpsc::UnboundedSender<Result<Bytes, HttpError>>,
        bytes: &[u8],
        limit: &mut usize,
    ) -> Option<()> {
        if sender.is_closed() {
            return None;
        }
        if storage.manner.get() == Manner::Drips {
            for byte in bytes {
                self.sim.sleep(Duration::from_secs(1)).await;
                sender
                    .unbounded_send(Ok(Bytes::copy_from_slice(&[*byte])))
                    .ok()?;
            }
            return Some(());
        }
        let cut = bytes.len().min(*limit);
        *limit -= cut;
        for piece in bytes[..cut].chunks(64 << 10) {
            // Everything that is sent at the same time shares one line.
            let at = storage.busy_until.get().max(self.sim.now())
                + (storage.pace.get() * piece.len() as u64 / 1000).max(1);
            storage.busy_until.set(at);
            self.sim
                .sleep(Duration::from_millis(at - self.sim.now()))
                .await;
            storage.sent.set(storage.sent.get() + piece.len() as u64);
            sender
                .unbounded_send(Ok(Bytes::copy_from_slice(piece)))
                .ok()?;
        }
        (cut == bytes.len()).then_some(())
    }

    async fn block(&self, storage: &Storage, cid: &Cid, wait: u64) -> Option<Bytes> {
        if let Some(bytes) = hash::identity(cid) {
            return Some(Bytes::copy_from_slice(bytes));
        }
        let until = self.sim.now() + wait;
        loop {
            if let Some(block) = storage.blocks.borrow().get(&key(cid)) {
                return Some(block.clone());
            }
            if self.sim.now() >= until {
                return None;
            }
            self.sim.sleep(Duration::from_millis(20)).await;
        }
    }

    async fn import(&self, storage: &Storage, request: HttpRequest<SimSource>) -> Answer {
        storage.posts.set(storage.posts.get() + 1);
        let full = match storage.manner.get() {
            Manner::Full => true,
            Manner::FullAfterOne => storage.posts.get() > 1,
            _ => false,
        };
        if full {
            return Ok(response(507, "text/plain", b"quota of 10 MB reached"));
        }
        let tokens = storage.tokens.borrow().clone();
        let token = request
            .headers
            .iter()
            .find(|(name, _)| *name == "authorization")
            .and_then(|(_, value)| value.strip_prefix("Bearer "));
        if !tokens.is_empty() && !token.is_some_and(|token| tokens.contains(token)) {
            return Ok(response(401, "text/plain", b"the token has expired"));
        }
        let mut body = Vec::new();
        for piece in &request.body {
            match piece {
                Piece::Bytes(bytes) => body.extend_from_slice(bytes),
                Piece::Slice(source, range) => {
                    body.extend_from_slice(&source.0[range.start as usize..range.end as usize]);
                }
            }
        }
        let text = String::from_utf8_lossy(&body[..200.min(body.len())]).into_owned();
        assert!(text.contains("name=\"file\""), "{text}");
        let start = body.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
        let end = body.windows(4).rposition(|w| w == b"\r\n--").unwrap();
        let _posting = Posting::new(storage);
        let mut reader = CarReader::new(CarLimits::default());
        for piece in body[start..end].chunks(16 << 10) {
            let len = piece.len() as u64;
            let free =
                storage.uplink_until.get().max(self.sim.now()) + storage.uplink.get() * len / 1000;
            storage.uplink_until.set(free);
            let wait = free - self.sim.now() + storage.slow.get() * len / 1000;
            self.sim.sleep(Duration::from_millis(wait)).await;
            storage.received.set(storage.received.get() + len);
            reader.push(Bytes::copy_from_slice(piece));
            while let Some((cid, block)) = reader.next().expect("a CAR") {
                hash::verify(&cid, &block).expect("right bytes");
                if storage.manner.get() == Manner::Forgets {
                    continue;
                }
                storage.blocks.borrow_mut().insert(key(&cid), block);
            }
        }
        reader.finish().expect("a whole CAR");
        Ok(response(200, "application/json", &[]))
    }
}

impl Machine {
    pub fn online(&self) {
        if let Some(member) = self.world.inner.members.borrow_mut().get_mut(&self.name) {
            member.reachable = true;
        }
        self.engine.network_changed(NetworkStatus::Online {
            node: format!("/test/{}", self.name),
        });
    }

    /// Cuts the machine off from the network without its noticing.
    pub fn cut(&self) {
        if let Some(member) = self.world.inner.members.borrow_mut().get_mut(&self.name) {
            member.reachable = false;
        }
    }

    pub fn offline(&self) {
        self.cut();
        self.engine.network_changed(NetworkStatus::Offline {
            error: LinkError {
                node: None,
                others_failed: false,
                cause: LinkCause::ConnectionLost,
            },
            retry_at: 0,
        });
    }

    /// Ends the machine's program at once.
    pub fn kill(&self) {
        self.world.sim.doom(self.group);
        self.world.sim.run_until(Duration::ZERO, || false);
        if let Some(member) = self.world.inner.members.borrow_mut().get_mut(&self.name) {
            member.engine = None;
        }
    }

    /// Ends the program, and starts it again from what survived.
    pub fn restart(&mut self) {
        self.kill();
        let (engine, group) = self.world.boot(
            &self.name,
            &self.disk,
            &self.journal,
            &self.steps,
            &self.kill_at,
            &self.settings,
        );
        self.engine = engine;
        self.group = group;
    }

    pub fn wait<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> T {
        self.world.sim.wait(self.group, future)
    }
}

/// AES-128-GCM.
pub struct SimCipher(LessSafeKey);

/// A length that is derived.
struct Len(usize);

impl ring::hkdf::KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

impl SimCipher {
    pub fn derive(key: &Key, salt: &[u8]) -> (Self, Nonce) {
        let secret = ring::hkdf::Salt::new(ring::hkdf::HKDF_SHA256, salt).extract(key.bytes());
        let mut content_key = [0; 16];
        let mut base = [0; NONCE];
        for (info, out) in [
            (KEY_INFO, &mut content_key[..]),
            (NONCE_INFO, &mut base[..]),
        ] {
            let len = Len(out.len());
            secret.expand(&[info], len).unwrap().fill(out).unwrap();
        }
        let key = UnboundKey::new(&AES_128_GCM, &content_key).unwrap();
        (Self(LessSafeKey::new(key)), base)
    }
}

impl Cipher for SimCipher {
    async fn seal(&self, nonce: Nonce, mut plain: Vec<u8>) -> Result<Vec<u8>, RecordError> {
        let nonce = ring::aead::Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut plain)
            .map_err(|_| RecordError::Cipher)?;
        Ok(plain)
    }

    async fn open(&self, nonce: Nonce, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let nonce = ring::aead::Nonce::assume_unique_for_key(nonce);
        let plain = self
            .0
            .open_in_place(nonce, Aad::empty(), &mut sealed)
            .ok()?;
        Some(plain.to_vec())
    }
}

impl Platform for SimPlatform {
    type Source = SimSource;
    type Store = SimStore;
    type Http = SimHttp;
    type Network = SimNetwork;
    type Cipher = SimCipher;

    fn store(&self) -> &SimStore {
        &self.store
    }
    fn http(&self) -> &SimHttp {
        &self.http
    }
    fn network(&self) -> &SimNetwork {
        &self.network
    }
    fn now_ms(&self) -> u64 {
        self.sim.now()
    }
    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        self.sim.sleep(duration)
    }
    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        self.sim.spawn(self.group, task);
    }
    fn cipher(
        &self,
        key: &Key,
        salt: [u8; SALT],
    ) -> LocalBoxFuture<'static, Result<(SimCipher, Nonce), RecordError>> {
        let derived = SimCipher::derive(key, &salt);
        std::future::ready(Ok(derived)).boxed_local()
    }
    fn reads_ahead(&self) -> bool {
        self.network.me.ends_with(READS_AHEAD)
    }
    fn is_metered(&self) -> bool {
        self.network.world.costs.get()
    }
    fn remote(&self, item: &Item) -> Option<Box<dyn Remote>> {
        let url = item.source.as_ref()?.url.as_ref()?;
        let sites = self.network.world.inner.sites.borrow();
        let site = Rc::clone(sites.get(url)?);
        Some(Box::new(SimRemote(site)))
    }
    fn random(&self) -> u128 {
        let next = self
            .random
            .get()
            .wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645)
            .wrapping_add(1);
        self.random.set(next);
        next >> 3
    }
    fn record(&self, events: Vec<Event>) -> LocalBoxFuture<'static, ()> {
        let (sim, journal, step) = (
            self.sim.clone(),
            Rc::clone(&self.journal),
            Rc::clone(&self.step),
        );
        async move {
            sim.sleep(Duration::from_millis(1)).await;
            for event in events {
                if !event.kind.is_ephemeral() {
                    let mut journal = journal.borrow_mut();
                    let before = journal.last().map(|event| event.seq);
                    assert!(before.is_none_or(|seq| event.seq == seq + 1), "no gaps");
                    journal.push(event);
                }
            }
            step();
        }
        .boxed_local()
    }
}

pub struct SimNetwork {
    world: World,
    me: PeerName,
}

impl SimNetwork {
    fn online(&self) -> bool {
        let members = self.world.inner.members.borrow();
        members.get(&self.me).is_some_and(|member| member.reachable)
    }
}

impl Network for SimNetwork {
    fn providers(&self, name: FunctionName) -> LocalBoxStream<'static, PeerName> {
        let me = self.me.clone();
        let found: Vec<PeerName> = if self.online() {
            let records = self.world.inner.records.borrow();
            records.get(&name).into_iter().flatten().cloned().collect()
        } else {
            Vec::new()
        };
        let sim = self.world.sim.clone();
        stream::iter(found.into_iter().filter(move |peer| *peer != me))
            .then(move |peer| {
                let wait = sim.sleep(Duration::from_millis(20));
                async move {
                    wait.await;
                    peer
                }
            })
            .boxed_local()
    }

    fn call(
        &self,
        provider: PeerName,
        request: Request,
        deadline: Duration,
    ) -> LocalBoxFuture<'static, Result<Reply, NetworkError>> {
        let (world, me, online) = (self.world.clone(), self.me.clone(), self.online());
        async move {
            if !online {
                return Err(NetworkError::Offline);
            }
            let inner = &world.inner;
            inner
                .calls
                .borrow_mut()
                .push((provider.clone(), request.function.clone()));
            world.sim.sleep(Duration::from_millis(20)).await;
            let node = inner.nodes.borrow().get(&provider).cloned();
            if inner.away.borrow().contains(&provider) {
                world.sim.sleep(deadline).await;
                return Err(NetworkError::NoReply);
            }
            if let Some(mut reply) = node {
                if request.function == FunctionName::release() {
                    return Ok(world.release(&reply, &request));
                }
                if let Some(ok) = reply.get_mut("ok").and_then(Value::as_object_mut)
                    && ok.contains_key("token")
                {
                    inner.tokens.set(inner.tokens.get() + 1);
                    ok.insert(
                        "token".into(),
                        format!("token{}", inner.tokens.get()).into(),
                    );
                }
                return Ok(serde_json::from_value(reply).unwrap());
            }
            let target = inner
                .members
                .borrow()
                .get(&provider)
                .filter(|member| member.reachable)
                .and_then(|member| Some((member.engine.clone()?, member.group)));
            let Some((engine, group)) = target else {
                return Err(NetworkError::Unreachable);
            };
            let (sender, receiver) = futures::channel::oneshot::channel();
            world.sim.spawn(group, async move {
                let _ = sender.send(engine.serve(me, request).await);
            });
            match select(receiver, world.sim.sleep(deadline)).await {
                Either::Left((Ok(reply), _)) => Ok(reply),
                _ => Err(NetworkError::NoReply),
            }
        }
        .boxed_local()
    }

    fn announce(
        &self,
        names: Vec<FunctionName>,
        _: bool,
    ) -> LocalBoxFuture<'static, Result<Vec<FunctionName>, NetworkError>> {
        let (world, me, online) = (self.world.clone(), self.me.clone(), self.online());
        async move {
            if !online {
                return Err(NetworkError::Offline);
            }
            world.sim.sleep(Duration::from_millis(50)).await;
            for name in &names {
                world.add_record(name, &me);
            }
            let mut unconfirmed = Vec::new();
            for name in names {
                let engine = {
                    let members = world.inner.members.borrow();
                    members.get(&me).and_then(|member| member.engine.clone())
                };
                let probe = Request::new(name.clone(), &json!({"probe": true}));
                let reply = match engine {
                    Some(engine) => engine.serve("stranger".into(), probe).await,
                    None => Reply::error(ErrorCode::Unavailable, ""),
                };
                match reply {
                    Reply::Ok(ok) => {
                        assert!(!ok.contains_key("multiaddr"), "a probe moves nothing")
                    }
                    Reply::Error(_) => unconfirmed.push(name),
                }
            }
            Ok(unconfirmed)
        }
        .boxed_local()
    }

    fn nodes(&self) -> LocalBoxFuture<'static, Vec<PeerName>> {
        let nodes = match self.online() {
            true => self.world.inner.chosen.borrow().iter().cloned().collect(),
            false => Vec::new(),
        };
        std::future::ready(nodes).boxed_local()
    }

    fn hurry(&self) {}

    fn withdraw(&self, names: Vec<FunctionName>) -> LocalBoxFuture<'static, Vec<FunctionName>> {
        if !self.online() {
            return std::future::ready(names).boxed_local();
        }
        let mut records = self.world.inner.records.borrow_mut();
        for name in names {
            if let Some(peers) = records.get_mut(&name) {
                peers.remove(&self.me);
            }
        }
        std::future::ready(Vec::new()).boxed_local()
    }
}

type Answer = Result<HttpResponse<SimBody>, HttpError>;

pub struct SimHttp {
    world: World,
}

impl Http for SimHttp {
    type Source = SimSource;
    type Body = SimBody;
    fn send(&self, request: HttpRequest<SimSource>) -> LocalBoxFuture<'static, Answer> {
        let patience = self.world.sim.sleep(request.patience);
        let answer = self.world.respond(request);
        async move {
            match select(answer, patience).await {
                Either::Left((answer, _)) => answer,
                Either::Right(_) => Err(HttpError::Silent("storage".into())),
            }
        }
        .boxed_local()
    }
}

pub struct SimBody {
    receiver: mpsc::UnboundedReceiver<Result<Bytes, HttpError>>,
    sim: Sim,
    patience: Duration,
}

impl HttpBody for SimBody {
    fn chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Bytes>, HttpError>> {
        let patience = self.sim.sleep(self.patience);
        async move {
            match select(self.receiver.next(), patience).await {
                Either::Left((chunk, _)) => chunk.transpose(),
                Either::Right(_) => Err(HttpError::Silent("storage".into())),
            }
        }
        .boxed_local()
    }
}

/// Something on the web that can be shared.
pub struct Site {
    pub sim: Sim,
    pub url: String,
    pub bytes: Vec<u8>,
    pub mime: Option<String>,
    /// Whether the answer states the size.
    pub sized: bool,
    /// Whether it continues where an answer broke off.
    pub ranges: bool,
    /// The version.
    pub etag: RefCell<Option<String>>,
    /// After how many bytes each of the next answers breaks off.
    pub breaks: RefCell<VecDeque<usize>>,
    /// From where each answer was asked for.
    pub asked: RefCell<Vec<u64>>,
    /// Whether each of the next answers is a page of the network's own, from its beginning.
    pub portals: RefCell<VecDeque<bool>>,
    pub expects: Expected,
    pub unpacked: Option<String>,
    pub name: Option<String>,
    pub page: Option<String>,
}

impl Site {
    pub fn new(world: &World, url: &str, bytes: &[u8]) -> Rc<Self> {
        let site = Self::with(world, url, bytes);
        Rc::new(site).put(world)
    }

    pub fn with(world: &World, url: &str, bytes: &[u8]) -> Self {
        Self {
            sim: world.sim.clone(),
            url: url.to_owned(),
            bytes: bytes.to_vec(),
            mime: Some("image/jpeg".to_owned()),
            sized: true,
            ranges: true,
            etag: RefCell::new(Some("\"1\"".to_owned())),
            breaks: RefCell::default(),
            asked: RefCell::default(),
            portals: RefCell::default(),
            expects: Expected::Any,
            unpacked: None,
            name: None,
            page: None,
        }
    }

    /// Makes it reachable at its address.
    pub fn put(self: Rc<Self>, world: &World) -> Rc<Self> {
        let mut sites = world.inner.sites.borrow_mut();
        sites.insert(self.url.clone(), Rc::clone(&self));
        self
    }
}

/// A [`Site`] as a share asks for it.
pub struct SimRemote(pub Rc<Site>);

impl Remote for SimRemote {
    fn open(&self, resume: Option<Resume>) -> LocalBoxFuture<'_, Result<Opened, Failure>> {
        let site = &self.0;
        async move {
            site.sim.sleep(Duration::from_millis(20)).await;
            let etag = site.etag.borrow().clone();
            let start = resume
                .filter(|resume| site.ranges && Some(&resume.validator) == etag.as_ref())
                .map_or(0, |resume| resume.at);
            if site.portals.borrow_mut().pop_front() == Some(true) {
                site.asked.borrow_mut().push(0);
                return Ok(Opened {
                    name: None,
                    page: None,
                    mime: Some("text/html".to_owned()),
                    size: None,
                    start: 0,
                    validator: None,
                    expects: site.expects,
                    unpacked: None,
                    body: Box::new(Pieces {
                        sim: site.sim.clone(),
                        pieces: [Bytes::from_static(b"<html>Log in</html>")].into(),
                        breaks: false,
                    }),
                });
            }
            site.asked.borrow_mut().push(start);
            let rest = &site.bytes[start as usize..];
            let broken = site.breaks.borrow_mut().pop_front();
            let come = &rest[..broken.unwrap_or(rest.len()).min(rest.len())];
            let pieces = come.chunks(70_000).map(Bytes::copy_from_slice).collect();
            Ok(Opened {
                name: site.name.clone(),
                page: site.page.clone(),
                mime: site.mime.clone(),
                size: site.sized.then_some(site.bytes.len() as u64),
                start,
                validator: etag,
                expects: site.expects,
                unpacked: site.unpacked.clone(),
                body: Box::new(Pieces {
                    sim: site.sim.clone(),
                    pieces,
                    breaks: broken.is_some(),
                }),
            })
        }
        .boxed_local()
    }
}

/// A body that arrives in pieces, for sharing.
struct Pieces {
    sim: Sim,
    pieces: VecDeque<Bytes>,
    /// Whether it breaks off after the last piece.
    breaks: bool,
}

impl HttpBody for Pieces {
    fn chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Bytes>, HttpError>> {
        async move {
            self.sim.sleep(Duration::from_millis(3)).await;
            match self.pieces.pop_front() {
                None if self.breaks => Err(HttpError::Broken("site".to_owned())),
                next => Ok(next),
            }
        }
        .boxed_local()
    }
}

fn response(status: u16, kind: &str, body: &[u8]) -> HttpResponse<SimBody> {
    let (sender, receiver) = mpsc::unbounded();
    let _ = sender.unbounded_send(Ok(Bytes::copy_from_slice(body)));
    HttpResponse {
        status,
        content_type: Some(kind.to_owned()).filter(|kind| !kind.is_empty()),
        content_length: Some(body.len() as u64),
        body: SimBody {
            receiver,
            sim: Sim::default(),
            patience: Duration::from_secs(1),
        },
    }
}

fn lie(storage: &Storage, block: &Bytes) -> Bytes {
    if storage.manner.get() == Manner::Lies && !block.is_empty() {
        let mut wrong = block.to_vec();
        wrong[0] ^= 1;
        return wrong.into();
    }
    if storage.manner.get() == Manner::Long {
        return [block, &[0][..]].concat().into();
    }
    block.clone()
}

pub fn key(cid: &Cid) -> Vec<u8> {
    cid.hash().to_bytes()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}

fn section(cid: &Cid, block: &[u8]) -> Vec<u8> {
    let cid = cid.to_bytes();
    let mut buffer = unsigned_varint::encode::u64_buffer();
    let len = unsigned_varint::encode::u64((cid.len() + block.len()) as u64, &mut buffer);
    [len, &cid, block].concat()
}

fn split(url: &str) -> (String, String) {
    let after = url.find("://").map_or(0, |at| at + 3);
    let slash = url[after..].find('/').map_or(url.len(), |at| after + at);
    (url[..slash].to_owned(), url[slash..].to_owned())
}

/// The name of a file's function, from the text of its CID.
pub fn function(cid: &str) -> FunctionName {
    let cid: Cid = cid.parse().unwrap();
    assert_eq!(canonical(&cid), cid.to_string());
    FunctionName::file(&cid)
}
