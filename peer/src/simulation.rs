//! A network of thousands of peers on simulated time. What decides is the code that decides in a peer: which nodes a
//! client links to ([`crate::link`]), what it stores and when ([`crate::offers`]), which nodes hold a record and hand it on
//! (`driver/exchange.rs`), and which way a routed call takes (`driver/routed.rs`, `driver/passing.rs`). Of a wire there is
//! nothing but the time that it takes, and of the DHT's library its rules: buckets, and how a look-up goes from node to
//! node. The same seed makes the same network. This is no part of the crate's interface.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::time::Duration;

use fluence::names::FunctionName;
use fluence::state::LinkCause;
use libp2p::kad::{KBucketDistance, KBucketKey as Key, RecordKey};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use tokio::sync::oneshot;
use web_time::Instant;

use crate::driver::{exchange, passing, routed};
use crate::libraries::{HOLDERS, KAD_REPLICATION, QUERIED_AT_ONCE};
use crate::limits::{KEPT_NEIGHBOURS, LINKS};
use crate::link::{Action, Input, Links};
use crate::offers::Offers;

/// How many clients there are for each node.
pub const CLIENTS_OF_NODE: usize = 1000;
/// How many functions a client provides.
pub const NAMES: usize = 4;
/// How many nodes a client is given.
const GIVEN: usize = 3;
/// The time over which the clients come, until which everything has settled, and for which it is measured.
const COMING: Duration = Duration::from_secs(2 * 60);
const SETTLED: Duration = Duration::from_secs(5 * 60);
const MEASURED: Duration = Duration::from_secs(10 * 60);
/// How long a client stays, how long it is away, and how long it waits between two calls, on average.
const STAY: Duration = Duration::from_secs(30 * 60);
const AWAY: Duration = Duration::from_secs(5 * 60);
const BETWEEN_CALLS: Duration = Duration::from_secs(60);
/// Of so many nodes, one ends meanwhile, and is back after this time.
const ENDING: usize = 10;
const BACK: Duration = Duration::from_secs(2 * 60);
/// Round trips for a connection: TCP, the encryption, and the multiplexer with the first request.
const DIAL: u64 = 3;
/// Round trips for a circuit through a relay that is connected, encryption included; see `docs/figures.md`.
const CIRCUIT: u64 = 5;
/// How long a client keeps a connection that nothing uses, and an interface takes at least to pass a packet there and back.
const IDLE: Duration = Duration::from_secs(90);
const LEAST_TRIP: f64 = 5e3;
/// The round trip between the corners of the world, in microseconds.
const LONGEST_TRIP: f64 = 250e3;

/// What a network of this size is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Clients, those that are away included.
    pub clients: usize,
    /// Nodes.
    pub nodes: usize,
    /// Calls that were made.
    pub calls: usize,
    /// Those whose provider was there and was not found, or not reached.
    pub failed: usize,
    /// Calls that passed one node, two nodes, and went over a circuit.
    pub ways: [usize; 3],
    /// How many times a look-up asked, one after the other, on average.
    pub rounds: f64,
    /// How long a call took with its look-up: the median, nine tenths, and 99 of a hundred, in milliseconds.
    pub took_ms: [f64; 3],
    /// How many round trips of the caller to its nearest node that is, in the median.
    pub trips: f64,
    /// How long it took from the start until all functions of a client were stored, 99 of a hundred, in seconds.
    pub stored_s: f64,
    /// What each node has to do, on average and at most.
    pub load: Vec<Load>,
    /// Records that nodes handed to one another when one of them ended and came back, for each time.
    pub moved: f64,
}

/// One kind of what nodes have to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// What it is.
    pub what: &'static str,
    /// For a node, on average.
    pub mean: f64,
    /// For the node that has most.
    pub most: f64,
}

/// When something happens, in microseconds, and in which order at the same time.
type At = (u64, u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Come(usize),
    Leave(usize),
    Due(usize),
    /// Something happens to a link, unless that has begun anew since.
    Told(usize, usize, u64, Told),
    Discovered(usize, u64),
    Stored(usize, usize, u64),
    Call(usize),
    Ends(usize),
    IsBack(usize),
    /// The other nodes ask for what one held that has gone.
    Asked(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Dialed(usize),
    DialFailed,
    Reserved,
    Closed,
}

struct Node {
    id: PeerId,
    key: Key<PeerId>,
    address: Multiaddr,
    place: (f64, f64),
    is_up: bool,
    /// The nodes in its routing table.
    table: Vec<usize>,
    /// The nodes that it is connected to.
    neighbours: HashSet<usize>,
    links: u64,
    records: u64,
    asked: u64,
    stored: u64,
    passed: u64,
}

struct Client {
    id: PeerId,
    place: (f64, f64),
    is_there: bool,
    /// How often it has come.
    life: u64,
    came: u64,
    given: Vec<Multiaddr>,
    links: Links,
    /// How often each link has begun anew, and where it is.
    begun: Vec<u64>,
    at: Vec<Option<usize>>,
    is_discovering: bool,
    offers: Offers,
    unstored: usize,
    /// Nodes that look-ups have connected it to, and until when.
    connected: HashMap<usize, u64>,
    due: Option<u64>,
}

struct Name {
    name: FunctionName,
    record: RecordKey,
    key: Key<RecordKey>,
    holders: Vec<usize>,
    /// The nodes at which the provider was when it was stored.
    relays: Vec<usize>,
}

struct World {
    start: Instant,
    now: u64,
    count: u64,
    queue: BinaryHeap<Reverse<(At, What)>>,
    chance: StdRng,
    nodes: Vec<Node>,
    by_address: HashMap<Multiaddr, usize>,
    by_id: HashMap<PeerId, usize>,
    clients: Vec<Client>,
    names: Vec<Name>,
    by_name: HashMap<FunctionName, usize>,
    took: Vec<u64>,
    trips: Vec<f64>,
    stored_after: Vec<u64>,
    rounds: (u64, u64),
    ways: [usize; 3],
    calls: usize,
    failed: usize,
    moved: u64,
    moves: u64,
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn peer(chance: &mut StdRng) -> PeerId {
    let mut bytes = vec![0x12, 32];
    bytes.extend(chance.random::<[u8; 32]>());
    PeerId::from_bytes(&bytes).expect("a hash is a peer id")
}

/// Plays a network of this many clients.
pub fn play(clients: usize, seed: u64) -> Report {
    let mut world = World::new(clients, seed);
    world.run();
    world.report()
}

impl World {
    fn new(clients: usize, seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let count = clients.div_ceil(CLIENTS_OF_NODE).max(2 * GIVEN);
        let mut nodes: Vec<Node> = (0..count)
            .map(|number| {
                let id = peer(&mut chance);
                let ip = [11, (number >> 8) as u8, number as u8, 1];
                Node {
                    id,
                    key: Key::from(id),
                    address: Multiaddr::empty()
                        .with(Protocol::Ip4(ip.into()))
                        .with(Protocol::Tcp(4101)),
                    place: chance.random(),
                    is_up: true,
                    table: Vec::new(),
                    neighbours: HashSet::new(),
                    links: 0,
                    records: 0,
                    asked: 0,
                    stored: 0,
                    passed: 0,
                }
            })
            .collect();
        for node in 0..count {
            // A bucket for each bit in which the first difference may be; those that came first stay.
            let mut others: Vec<usize> = (0..count).filter(|other| *other != node).collect();
            others.shuffle(&mut chance);
            let mut buckets: BTreeMap<Option<u32>, usize> = BTreeMap::new();
            for other in &others {
                let bucket = nodes[node].key.distance(&nodes[*other].key).ilog2();
                let filled = buckets.entry(bucket).or_default();
                if *filled < KAD_REPLICATION.get() {
                    *filled += 1;
                    nodes[node].table.push(*other);
                }
            }
            for other in others.into_iter().take(KEPT_NEIGHBOURS) {
                nodes[node].neighbours.insert(other);
                nodes[other].neighbours.insert(node);
            }
        }
        let mut world = Self {
            start: Instant::now(),
            now: 0,
            count: 0,
            queue: BinaryHeap::new(),
            by_address: nodes
                .iter()
                .enumerate()
                .map(|(number, node)| (node.address.clone(), number))
                .collect(),
            by_id: nodes
                .iter()
                .enumerate()
                .map(|(number, node)| (node.id, number))
                .collect(),
            nodes,
            clients: Vec::with_capacity(clients),
            names: Vec::with_capacity(clients * NAMES),
            by_name: HashMap::new(),
            took: Vec::new(),
            trips: Vec::new(),
            stored_after: Vec::new(),
            rounds: (0, 0),
            ways: [0; 3],
            calls: 0,
            failed: 0,
            moved: 0,
            moves: 0,
            chance,
        };
        for client in 0..clients {
            world.add_client(client);
        }
        // They end one after the other, so that each is back before the next one goes.
        let ending = count.div_ceil(ENDING);
        for number in 0..ending {
            let at = micros(SETTLED + MEASURED.mul_f64((number as f64 + 0.2) / ending as f64));
            let node = world.chance.random_range(0..count);
            world.after(at, What::Ends(node));
        }
        world
    }

    fn add_client(&mut self, client: usize) {
        let count = self.nodes.len();
        let given: Vec<Multiaddr> = rand::seq::index::sample(&mut self.chance, count, GIVEN)
            .into_iter()
            .map(|node| self.nodes[node].address.clone())
            .collect();
        self.clients.push(Client {
            id: peer(&mut self.chance),
            place: self.chance.random(),
            is_there: false,
            life: 0,
            came: 0,
            links: Links::new(LINKS, &given, true),
            given,
            begun: Vec::new(),
            at: Vec::new(),
            is_discovering: false,
            offers: Offers::default(),
            unstored: 0,
            connected: HashMap::new(),
            due: None,
        });
        for number in client * NAMES..(client + 1) * NAMES {
            let name: FunctionName = format!("f{number}").parse().expect("a name");
            let record = RecordKey::new(&name.dht_key());
            self.by_name.insert(name.clone(), number);
            self.names.push(Name {
                name,
                key: Key::new(record.clone()),
                record,
                holders: Vec::new(),
                relays: Vec::new(),
            });
        }
        let coming = self.chance.random_range(0..micros(COMING));
        self.after(coming, What::Come(client));
    }

    fn run(&mut self) {
        let end = micros(SETTLED + MEASURED);
        let mut is_measured = false;
        while let Some(Reverse(((at, _), what))) = self.queue.pop() {
            if at > end {
                return;
            }
            self.now = at;
            if !is_measured && at >= micros(SETTLED) {
                is_measured = true;
                for node in &mut self.nodes {
                    (node.asked, node.stored, node.passed) = (0, 0, 0);
                }
            }
            self.happen(what);
        }
    }

    fn is_measured(&self) -> bool {
        self.now >= micros(SETTLED)
    }

    /// Has something happen after so many microseconds.
    fn after(&mut self, wait: u64, what: What) {
        self.count += 1;
        self.queue
            .push(Reverse(((self.now + wait, self.count), what)));
    }

    /// About as long as this, at random.
    fn about(&mut self, mean: Duration) -> u64 {
        let part: f64 = self.chance.random();
        (-(1.0 - part).ln() * mean.as_micros() as f64) as u64
    }

    fn instant(&self) -> Instant {
        self.start + Duration::from_micros(self.now)
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Come(client) => self.come(client),
            What::Leave(client) => self.leave(client),
            What::Due(client) => self.due(client),
            What::Told(client, link, begun, told) => self.told(client, link, begun, told),
            What::Discovered(client, life) => self.discovered(client, life),
            What::Stored(client, name, life) => self.stored(client, name, life),
            What::Call(client) => self.call(client),
            What::Ends(node) => self.ends(node),
            What::IsBack(node) => self.is_back(node),
            What::Asked(node) => self.hand_on(node),
        }
    }

    fn come(&mut self, number: usize) {
        let now = self.now;
        let client = &mut self.clients[number];
        client.is_there = true;
        client.life += 1;
        client.came = now;
        client.links = Links::new(LINKS, &client.given, true);
        // What was under way for a link belongs to an earlier life.
        client.begun.resize(client.links.len(), 0);
        client.begun.iter_mut().for_each(|begun| *begun += 1);
        client.at = vec![None; client.links.len()];
        client.is_discovering = false;
        client.offers = Offers::default();
        client.unstored = NAMES;
        client.connected.clear();
        client.due = None;
        for name in number * NAMES..(number + 1) * NAMES {
            let (done, _) = oneshot::channel();
            let name = self.names[name].name.clone();
            self.clients[number].offers.provide(name, done);
        }
        for link in 0..self.clients[number].links.len() {
            self.tell(number, link, Input::Connect);
        }
        let stay = self.about(STAY);
        self.after(stay, What::Leave(number));
        let first = self.about(BETWEEN_CALLS);
        self.after(first, What::Call(number));
    }

    fn leave(&mut self, number: usize) {
        let client = &mut self.clients[number];
        client.is_there = false;
        client.begun.iter_mut().for_each(|begun| *begun += 1);
        for node in client.at.iter_mut().filter_map(Option::take) {
            self.nodes[node].links -= 1;
        }
        let away = self.about(AWAY);
        self.after(away, What::Come(number));
    }

    /// The round trip between two places, in microseconds.
    fn trip(one: (f64, f64), other: (f64, f64)) -> u64 {
        let distance = (one.0 - other.0).hypot(one.1 - other.1);
        (LEAST_TRIP + distance / std::f64::consts::SQRT_2 * LONGEST_TRIP) as u64
    }

    fn trip_to(&self, client: usize, node: usize) -> u64 {
        Self::trip(self.clients[client].place, self.nodes[node].place)
    }

    /// Tells a link what happened and does what it decides, as `driver/client.rs` does.
    fn tell(&mut self, client: usize, link: usize, input: Input) {
        let was_home = self.clients[client].links.is_home_online();
        self.tell_one(client, link, input);
        if self.clients[client].links.is_home_online() && !was_home {
            for other in 0..self.clients[client].links.len() {
                if let Some(input) = self.clients[client].links.when_home_came(other) {
                    self.tell_one(client, other, input);
                }
            }
        }
        self.set_due(client);
    }

    fn tell_one(&mut self, client: usize, link: usize, input: Input) {
        let (now, chance) = (self.instant(), self.chance.random());
        let actions = self.clients[client].links.handle(link, input, now, chance);
        for action in actions {
            self.act(client, link, action);
        }
    }

    fn set_due(&mut self, client: usize) {
        let next = self.clients[client].links.next_due();
        // Not a part of a microsecond too early, when nothing would be due.
        let next = next.map(|due| micros(due.saturating_duration_since(self.start)) + 1);
        if next != self.clients[client].due {
            self.clients[client].due = next;
            if let Some(next) = next {
                self.after(next.saturating_sub(self.now), What::Due(client));
            }
        }
    }

    fn end_link(&mut self, client: usize, link: usize) -> u64 {
        let Client { begun, at, .. } = &mut self.clients[client];
        begun[link] += 1;
        if let Some(node) = at[link].take() {
            self.nodes[node].links -= 1;
        }
        begun[link]
    }

    fn act(&mut self, client: usize, link: usize, action: Action) {
        match action {
            Action::Dial(address) => {
                let begun = self.end_link(client, link);
                let bare = crate::address::bare(&address);
                let node = self.by_address[&bare];
                let trip = self.trip_to(client, node);
                let (wait, told) = match self.nodes[node].is_up {
                    true => (DIAL * trip, Told::Dialed(node)),
                    false => (trip, Told::DialFailed),
                };
                self.after(wait, What::Told(client, link, begun, told));
            }
            Action::Reserve(_) => {
                if let Some(node) = self.clients[client].at[link] {
                    let (wait, begun) =
                        (self.trip_to(client, node), self.clients[client].begun[link]);
                    self.after(wait, What::Told(client, link, begun, Told::Reserved));
                }
            }
            Action::Close => drop(self.end_link(client, link)),
            Action::AddToDht(..) => {}
            Action::ForgetDht => self.clients[client].connected.clear(),
            Action::Discover => {
                let life = self.clients[client].life;
                let is_first = !self.clients[client].is_discovering;
                if is_first && let Some(node) = self.linked(client).first().copied() {
                    self.clients[client].is_discovering = true;
                    let wait = (1 + DIAL) * self.trip_to(client, node);
                    self.after(wait, What::Discovered(client, life));
                }
            }
            Action::Announce => {
                self.clients[client].offers.renew_all();
                self.store(client);
            }
        }
    }

    fn told(&mut self, client: usize, link: usize, begun: u64, told: Told) {
        if self.clients[client].begun[link] != begun {
            return;
        }
        let input = match told {
            Told::Dialed(node) if self.nodes[node].is_up => {
                self.clients[client].at[link] = Some(node);
                self.nodes[node].links += 1;
                let trip = Duration::from_micros(self.trip_to(client, node));
                let id = self.nodes[node].id;
                self.clients[client].links.measured(id, trip);
                Input::Dialed(id)
            }
            Told::Dialed(_) | Told::DialFailed => Input::DialFailed(LinkCause::DialTimeout),
            Told::Reserved => Input::Reserved,
            Told::Closed => {
                self.end_link(client, link);
                Input::Closed
            }
        };
        self.tell(client, link, input);
    }

    fn due(&mut self, client: usize) {
        if self.clients[client].due != Some(self.now) || !self.clients[client].is_there {
            return;
        }
        self.clients[client].due = None;
        for link in 0..self.clients[client].links.len() {
            // All pings until now were answered.
            let node = self.clients[client].at[link];
            if node.is_some_and(|node| self.nodes[node].is_up) {
                self.tell_one(client, link, Input::Pong);
            }
            self.tell(client, link, Input::Due);
        }
        self.set_due(client);
    }

    /// The nodes that a client is linked to.
    fn linked(&self, client: usize) -> Vec<usize> {
        let nodes = self.clients[client].links.nodes();
        nodes
            .filter_map(|(id, _)| self.by_id.get(&id).copied())
            .collect()
    }

    fn is_connected(&self, client: usize, node: usize) -> bool {
        let Client { at, connected, .. } = &self.clients[client];
        self.nodes[node].is_up
            && (at.contains(&Some(node))
                || connected.get(&node).is_some_and(|until| *until > self.now))
    }

    fn discovered(&mut self, client: usize, life: u64) {
        if self.clients[client].life != life || !self.clients[client].is_there {
            return;
        }
        self.clients[client].is_discovering = false;
        // Whoever is near to a key that was drawn at random.
        let key = Key::from(peer(&mut self.chance));
        for node in self.nearest_up(&key, 4) {
            let (id, address) = (self.nodes[node].id, self.nodes[node].address.clone());
            let trip = Duration::from_micros(self.trip_to(client, node));
            self.clients[client].links.learn(id, &address);
            self.clients[client].links.measured(id, trip);
        }
        for link in 0..self.clients[client].links.len() {
            self.tell(client, link, Input::Learned);
        }
    }

    fn nearest_up<T>(&self, key: &Key<T>, count: usize) -> Vec<usize> {
        let up = (0..self.nodes.len()).filter(|node| self.nodes[*node].is_up);
        let mut near: Vec<(KBucketDistance, usize)> = up
            .map(|node| (key.distance(&self.nodes[node].key), node))
            .collect();
        near.sort_unstable();
        near.into_iter().take(count).map(|(_, node)| node).collect()
    }

    /// Goes from node to node until the nearest to a name have been asked, or one has its record if that is `wanted`.
    /// Returns how long that takes, the nearest, and whether the record was found.
    fn look_up(&mut self, client: usize, name: usize, wanted: bool) -> (u64, Vec<usize>, bool) {
        let mut known: BTreeMap<KBucketDistance, (usize, bool)> = BTreeMap::new();
        let add = |world: &Self, known: &mut BTreeMap<_, _>, node: usize| {
            let distance = world.names[name].key.distance(&world.nodes[node].key);
            known.entry(distance).or_insert((node, false));
        };
        let mut first = self.linked(client);
        first.extend(self.clients[client].connected.keys().copied());
        for node in first {
            add(self, &mut known, node);
        }
        let (mut time, mut rounds, mut is_found) = (0, 0, false);
        loop {
            let unasked: Vec<usize> = known
                .values_mut()
                .take(HOLDERS.get())
                .filter(|(_, is_asked)| !is_asked)
                .take(QUERIED_AT_ONCE.get())
                .map(|(node, is_asked)| {
                    *is_asked = true;
                    *node
                })
                .collect();
            if unasked.is_empty() || is_found {
                break;
            }
            rounds += 1;
            let (mut longest, mut soonest) = (0, None);
            for node in unasked {
                let trip = self.trip_to(client, node);
                if !self.nodes[node].is_up {
                    longest = longest.max(trip);
                    known.retain(|_, (other, _)| *other != node);
                    continue;
                }
                let answered = match self.is_connected(client, node) {
                    true => trip,
                    false => (DIAL + 1) * trip,
                };
                let until = self.now + time + answered + micros(IDLE);
                self.clients[client].connected.insert(node, until);
                self.nodes[node].asked += 1;
                longest = longest.max(answered);
                if wanted && self.names[name].holders.contains(&node) {
                    is_found = true;
                    soonest = Some(soonest.map_or(answered, |soonest: u64| soonest.min(answered)));
                }
                let key = &self.names[name].key;
                let mut near: Vec<(KBucketDistance, usize)> = self.nodes[node]
                    .table
                    .iter()
                    .map(|other| (key.distance(&self.nodes[*other].key), *other))
                    .collect();
                near.sort_unstable();
                for (_, other) in near.into_iter().take(KAD_REPLICATION.get()) {
                    add(self, &mut known, other);
                }
            }
            time += soonest.unwrap_or(longest);
        }
        if self.is_measured() {
            self.rounds.0 += rounds;
            self.rounds.1 += 1;
        }
        let near = known.values().take(HOLDERS.get()).map(|(node, _)| *node);
        (time, near.collect(), is_found)
    }

    /// Stores what is to be stored next.
    fn store(&mut self, client: usize) {
        if self.linked(client).is_empty() {
            return;
        }
        let offers = &mut self.clients[client].offers;
        let next: Vec<FunctionName> = std::iter::from_fn(|| offers.next()).collect();
        let mut next: Vec<usize> = next.iter().map(|name| self.by_name[name]).collect();
        // They come in the order of a hash map, which differs from run to run.
        next.sort_unstable();
        for number in next {
            let (time, _, _) = self.look_up(client, number, false);
            let life = self.clients[client].life;
            self.after(time, What::Stored(client, number, life));
        }
    }

    fn stored(&mut self, client: usize, number: usize, life: u64) {
        if self.clients[client].life != life || !self.clients[client].is_there {
            return;
        }
        let near = self.nearest_up(&self.names[number].key, HOLDERS.get());
        let is_first = self.names[number].relays.is_empty();
        for node in near {
            self.nodes[node].stored += 1;
            self.hold(number, node);
        }
        self.names[number].relays = self.linked(client);
        let (name, now) = (self.names[number].name.clone(), self.instant());
        let client_now = &mut self.clients[client];
        client_now.offers.finished(&name, Some(now));
        client_now.unstored = client_now.unstored.saturating_sub(1);
        if client_now.unstored == 0 && is_first {
            self.stored_after.push(self.now - self.clients[client].came);
        }
        self.store(client);
    }

    /// Has a node hold a record; returns whether it did not hold it before.
    fn hold(&mut self, name: usize, node: usize) -> bool {
        let is_new = !self.names[name].holders.contains(&node);
        if is_new {
            self.names[name].holders.push(node);
            self.nodes[node].records += 1;
        }
        is_new
    }

    fn call(&mut self, client: usize) {
        if !self.clients[client].is_there {
            return;
        }
        let next = self.about(BETWEEN_CALLS);
        self.after(next, What::Call(client));
        let called = self.chance.random_range(0..self.clients.len());
        // Somebody who has just come, or has no node now, is not to be found by anybody.
        let is_there = self.clients[called].is_there && self.clients[called].unstored == 0;
        let linked = self.linked(client);
        if called == client || !is_there || linked.is_empty() || self.linked(called).is_empty() {
            return;
        }
        let name = called * NAMES + self.chance.random_range(0..NAMES);
        let (looked, _, is_found) = self.look_up(client, name, true);
        let way = if is_found {
            self.way(client, called, name, &linked)
        } else {
            None
        };
        if !self.is_measured() {
            return;
        }
        self.calls += 1;
        let Some((kind, time, passing)) = way else {
            self.failed += 1;
            return;
        };
        for node in passing {
            self.nodes[node].passed += 1;
        }
        self.ways[kind] += 1;
        self.took.push(looked + time);
        let nearest = linked.iter().map(|node| self.trip_to(client, *node)).min();
        self.trips
            .push((looked + time) as f64 / nearest.unwrap_or(1) as f64);
    }

    /// The way of a call: over how many nodes it goes, or over a circuit; how long it takes; and who passes it on.
    fn way(
        &self,
        client: usize,
        called: usize,
        name: usize,
        linked: &[usize],
    ) -> Option<(usize, u64, Vec<usize>)> {
        let id = |node: &usize| self.nodes[*node].id;
        let told: Vec<PeerId> = self.names[name].relays.iter().map(id).collect();
        let own: Vec<PeerId> = linked.iter().map(id).collect();
        let is_at = |node: usize| self.nodes[node].is_up && self.linked(called).contains(&node);
        let there = |node: usize| Self::trip(self.clients[called].place, self.nodes[node].place);
        let between =
            |one: usize, other: usize| Self::trip(self.nodes[one].place, self.nodes[other].place);
        let first = routed::first_node(told.iter().chain(&own), |id| {
            self.is_connected(client, self.by_id[id])
        });
        if let Some(first) = first.map(|id| self.by_id[id]) {
            let (provider, here) = (self.clients[called].id, self.trip_to(client, first));
            let next = passing::next_node(provider, told.iter().copied(), |id| {
                match self.by_id.get(id) {
                    Some(node) => {
                        self.nodes[*node].is_up && self.nodes[first].neighbours.contains(node)
                    }
                    None => is_at(first),
                }
            });
            match next {
                Some(next) if next == provider => {
                    return Some((0, here + there(first), vec![first]));
                }
                Some(next) if is_at(self.by_id[&next]) => {
                    let next = self.by_id[&next];
                    let time = here + between(first, next) + there(next);
                    return Some((1, time, vec![first, next]));
                }
                _ => {}
            }
        }
        // A circuit through whichever node has the provider.
        let relay = self.names[name]
            .relays
            .iter()
            .copied()
            .find(|node| is_at(*node))?;
        let dial = if self.is_connected(client, relay) {
            0
        } else {
            DIAL
        };
        let here = self.trip_to(client, relay);
        let time = dial * here + (CIRCUIT + 1) * (here + there(relay));
        Some((2, time, vec![relay]))
    }

    /// A node ends: its clients notice when their connections do, and the other nodes ask for what it held.
    fn ends(&mut self, node: usize) {
        if !self.nodes[node].is_up {
            return;
        }
        self.nodes[node].is_up = false;
        self.moves += 1;
        for client in 0..self.clients.len() {
            for link in 0..self.clients[client].at.len() {
                if self.clients[client].at[link] == Some(node) {
                    let wait = self.trip_to(client, node) / 2;
                    let begun = self.clients[client].begun[link];
                    self.after(wait, What::Told(client, link, begun, Told::Closed));
                }
            }
        }
        self.after(micros(exchange::AFTER_LOSS), What::Asked(node));
        self.after(micros(BACK), What::IsBack(node));
    }

    /// A node is back, without a record, and asks for what it should hold.
    fn is_back(&mut self, node: usize) {
        self.nodes[node].is_up = true;
        for name in &mut self.names {
            name.holders.retain(|holder| *holder != node);
        }
        self.nodes[node].records = 0;
        let others = self.nodes.iter().enumerate();
        let others = others.filter(|(other, it)| it.is_up && *other != node);
        let others: Vec<Key<PeerId>> = others.map(|(_, other)| other.key).collect();
        for name in 0..self.names.len() {
            let is_held = !self.names[name].holders.is_empty();
            let record = &self.names[name].record;
            if is_held && exchange::is_among_nearest(record, &self.nodes[node].key, &others) {
                self.moved += u64::from(self.hold(name, node));
            }
        }
    }

    /// The others get what a node held that has been gone for a while.
    fn hand_on(&mut self, node: usize) {
        if self.nodes[node].is_up {
            return;
        }
        for name in 0..self.names.len() {
            if !self.names[name].holders.contains(&node) {
                continue;
            }
            for next in self.nearest_up(&self.names[name].key, HOLDERS.get()) {
                self.moved += u64::from(self.hold(name, next));
            }
        }
    }

    fn report(mut self) -> Report {
        self.took.sort_unstable();
        self.stored_after.sort_unstable();
        self.trips.sort_unstable_by(f64::total_cmp);
        let at = |all: &[u64], part: f64| {
            let last = all.len().saturating_sub(1) as f64;
            all.get((last * part).round() as usize)
                .copied()
                .unwrap_or_default()
        };
        let seconds = MEASURED.as_secs_f64();
        let load = |what, of: &dyn Fn(&Node) -> f64| Load {
            what,
            mean: self.nodes.iter().map(of).sum::<f64>() / self.nodes.len() as f64,
            most: self.nodes.iter().map(of).fold(0.0, f64::max),
        };
        Report {
            clients: self.clients.len(),
            nodes: self.nodes.len(),
            calls: self.calls,
            failed: self.failed,
            ways: self.ways,
            rounds: self.rounds.0 as f64 / self.rounds.1.max(1) as f64,
            took_ms: [0.5, 0.9, 0.99].map(|part| at(&self.took, part) as f64 / 1e3),
            trips: self
                .trips
                .get(self.trips.len() / 2)
                .copied()
                .unwrap_or_default(),
            stored_s: at(&self.stored_after, 0.99) as f64 / 1e6,
            load: vec![
                load("links", &|node| node.links as f64),
                load("records held", &|node| node.records as f64),
                load("questions of look-ups in a second", &|node| {
                    node.asked as f64 / seconds
                }),
                load("records stored in a second", &|node| {
                    node.stored as f64 / seconds
                }),
                load("calls passed on in a second", &|node| {
                    node.passed as f64 / seconds
                }),
            ],
            moved: self.moved as f64 / self.moves.max(1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_network_finds_and_calls_and_outlasts_a_node_and_is_the_same_again() {
        let report = play(300, 1);
        assert!(report.calls > 1000, "{report:?}");
        assert!(report.failed * 100 < report.calls, "{report:?}");
        assert_eq!(
            report.ways.iter().sum::<usize>(),
            report.calls - report.failed
        );
        assert!(report.took_ms[0] < report.took_ms[2], "{report:?}");
        // Each client has its two links, and each record its holders.
        let links = report.load[0].mean * report.nodes as f64;
        let there = report.clients as f64 * LINKS as f64;
        assert!(links > there * 0.75 && links <= there, "{report:?}");
        let records = report.load[1].mean * report.nodes as f64;
        let held = (report.clients * NAMES * HOLDERS.get().min(report.nodes)) as f64;
        assert!(records > held * 0.95 && records <= held, "{report:?}");
        assert!(report.moved > 0.0, "{report:?}");
        assert_eq!(report, play(300, 1));
        assert_ne!(report.took_ms, play(300, 2).took_ms);
    }
}
