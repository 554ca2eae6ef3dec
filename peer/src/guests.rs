//! What a node shares out among the peers that are connected to it: connections, reservations,
//! circuits and calls.
//!
//! Anyone may have any number of identities, so what is shared is counted by address block too (see
//! [`Shares`]). What somebody holds is not taken away.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fluence::call::{ErrorCode, Reply};
use libp2p::{Multiaddr, PeerId};
use web_time::Instant;

use crate::block::{Block, Shares, ip_of};
use crate::config::RelayLimits;
use crate::limits::INCOMING_CALLS;
use crate::load::{Answered, Load, Refused, Routed};
use crate::route::Failure;

/// An address block may hold one of this many parts of the connections that are free: a ninth of all is the most that one
/// block can have. Likewise of the reservations: a fifth of all.
const CONNECTION_PART: usize = 8;
const RESERVATION_PART: usize = 4;
/// The same for circuits, each of which may keep twice 256 KiB of bytes in memory that nobody reads.
const CIRCUIT_PART: usize = 16;
/// The same for calls that wait for an answer.
const WAITING_PART: usize = 4;
/// The same for routed calls that are being passed on.
const ROUTED_PART: usize = 8;
/// How many times as many routed calls a provider gets as one peer may make, and how many times as many another node may
/// pass on.
const TO_PROVIDER: u32 = 8;
const OF_NODE: u32 = 32;
/// How many seconds' worth of calls may be made at once.
const CALL_BURST: f32 = 8.0;
/// How long nothing more is logged about what an address block does.
const SILENCE: Duration = Duration::from_secs(60 * 60);
/// Of how many address blocks it is remembered what they do. Of more, one takes the place of the one that did it least often,
/// and is named only once it has done it this many times: whoever has any number of blocks neither fills the log nor
/// keeps others out of it.
const BLAMED: usize = 1024;
const OFTEN: u64 = 100;

/// The peers that are connected to a node, and what they hold. All clones are the same.
#[derive(Clone)]
pub(crate) struct Guests(Arc<Mutex<Book>>);

struct Book {
    /// Addresses that many peers share.
    shared: Vec<IpAddr>,
    per_peer: PerPeer,
    peers: HashMap<PeerId, Guest>,
    connections: Shares,
    reservations: Shares,
    circuits: Shares,
    /// How often a peer may call, and all peers of a block.
    peer_calls: Rate,
    block_calls: Rate,
    /// The rates at which the peers of each block call.
    calls: HashMap<Block, Bucket>,
    /// The calls that wait for an answer.
    waiting: Shares,
    /// How often a peer may have calls routed to it, and how often another node may pass calls on.
    routed_to: Rate,
    routed_of_node: Rate,
    /// The rates at which the peers of each block have calls routed.
    routes: HashMap<Block, Bucket>,
    /// The routed calls that are being passed on.
    passing: Shares,
    routed: Routed,
    /// What blocks do that is logged once in a while.
    blamed: HashMap<(Option<Block>, &'static str), Blame>,
    answered: Answered,
    refused: Refused,
}

struct Blame {
    since: Instant,
    /// How often it happened since.
    more: u64,
    /// Whether it was logged.
    is_named: bool,
}

struct PerPeer {
    reservations: usize,
    reservation_duration: Duration,
    circuits: usize,
}

#[derive(Default)]
struct Guest {
    /// The block of the last connection.
    block: Option<Block>,
    connections: usize,
    reservations: Vec<Reservation>,
    /// The circuits that the peer has opened, with the blocks that they are counted for.
    circuits: Vec<Option<Block>>,
    /// The circuits that were refused to the peer and about which the relay has not told yet.
    refused: usize,
    calls: Option<Bucket>,
    /// The rates at which calls are routed from the peer and to it.
    routes: Option<Bucket>,
    routed_to: Option<Bucket>,
}

struct Reservation {
    /// The remote address of the connection to which the reservation belongs.
    connection: Multiaddr,
    block: Option<Block>,
    until: Instant,
}

#[derive(Clone, Copy)]
struct Rate {
    burst: f32,
    per_second: f32,
}

impl Rate {
    /// A rate with its burst; 0 stands for any.
    fn new(per_second: u32) -> Self {
        let per_second = per_second as f32;
        Self {
            burst: match per_second {
                0.0 => f32::INFINITY,
                _ => per_second * CALL_BURST,
            },
            per_second,
        }
    }
}

struct Bucket {
    left: f32,
    at: Instant,
}

impl Bucket {
    fn new(rate: Rate, now: Instant) -> Self {
        Self {
            left: rate.burst,
            at: now,
        }
    }

    fn fill(&mut self, rate: Rate, now: Instant) {
        let more = now.saturating_duration_since(self.at).as_secs_f32() * rate.per_second;
        self.left = (self.left + more).min(rate.burst);
        self.at = now;
    }
}

impl Guests {
    pub(crate) fn new(limits: &RelayLimits) -> Self {
        let connections = usize::try_from(limits.max_connections).unwrap_or(usize::MAX);
        Self(Arc::new(Mutex::new(Book {
            shared: limits.shared_addresses.clone(),
            per_peer: PerPeer {
                reservations: limits.max_reservations_per_peer,
                reservation_duration: limits.reservation_duration,
                circuits: limits.max_circuits_per_peer,
            },
            peers: HashMap::new(),
            connections: Shares::new(connections, CONNECTION_PART),
            reservations: Shares::new(limits.max_reservations, RESERVATION_PART),
            circuits: Shares::new(limits.max_circuits, CIRCUIT_PART),
            peer_calls: Rate::new(limits.calls_per_peer_per_second),
            block_calls: Rate::new(limits.calls_per_ip_per_second),
            calls: HashMap::new(),
            waiting: Shares::new(INCOMING_CALLS, WAITING_PART),
            routed_to: Rate::new(limits.calls_per_peer_per_second.saturating_mul(TO_PROVIDER)),
            routed_of_node: Rate::new(limits.calls_per_peer_per_second.saturating_mul(OF_NODE)),
            routes: HashMap::new(),
            passing: Shares::new(limits.max_routed_calls, ROUTED_PART),
            routed: Routed::default(),
            blamed: HashMap::new(),
            answered: Answered::default(),
            refused: Refused::default(),
        })))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The block of an address; `None` if many peers share the address, or if it has no IP address.
    pub(crate) fn block_of(&self, address: &Multiaddr) -> Option<Block> {
        self.book().block_of(address)
    }

    /// Logs what an address block does, once in a while.
    pub(crate) fn blame(&self, block: Option<Block>, what: &'static str) {
        self.book().blame(block, what);
    }

    /// What the guests hold, and what they were answered and refused.
    pub(crate) fn load(&self) -> Load {
        let book = self.book();
        Load {
            connections: book.connections.total(),
            reservations: book.reservations.total(),
            circuits: book.circuits.total(),
            waiting_calls: book.waiting.total(),
            routed_calls: book.passing.total(),
            calls: book.answered,
            routed: book.routed,
            refused: book.refused,
            ..Load::default()
        }
    }

    /// Notes how a call was answered.
    pub(crate) fn answered(&self, reply: &Reply) {
        let answered = &mut self.book().answered;
        let count = match reply {
            Reply::Ok(_) => &mut answered.ok,
            Reply::Error(error) => match error.code {
                ErrorCode::BadRequest => &mut answered.bad_request,
                ErrorCode::NoSuchFunction => &mut answered.no_such_function,
                ErrorCode::Refused => &mut answered.refused,
                ErrorCode::Busy => &mut answered.busy,
                ErrorCode::Unavailable => &mut answered.unavailable,
                ErrorCode::Internal => &mut answered.internal,
            },
        };
        *count += 1;
    }

    /// Notes that a peer was refused that the operator does not admit.
    pub(crate) fn not_admitted(&self) {
        self.book().refused.peers += 1;
    }

    /// Whether a peer is connected, and the block from which it is.
    pub(crate) fn find(&self, peer: &PeerId) -> Option<Option<Block>> {
        self.book().peers.get(peer).map(|guest| guest.block)
    }

    /// Whether one more connection from this block may be kept.
    pub(crate) fn may_connect(&self, block: Option<Block>) -> bool {
        let mut book = self.book();
        let may = book.connections.has_room(block);
        if !may {
            book.refused.connections += 1;
            book.blame(block, "has as many connections as it may have");
        }
        may
    }

    /// Notes a connection.
    pub(crate) fn connected(&self, peer: PeerId, block: Option<Block>) {
        let mut book = self.book();
        book.connections.take(block);
        let guest = book.peers.entry(peer).or_default();
        guest.block = block;
        guest.connections += 1;
    }

    /// Notes the end of a connection from this address, and of what belonged to it.
    pub(crate) fn disconnected(&self, peer: &PeerId, address: &Multiaddr, block: Option<Block>) {
        let mut book = self.book();
        let book = &mut *book;
        book.connections.give_back(block);
        let Some(guest) = book.peers.get_mut(peer) else {
            return;
        };
        guest.connections = guest.connections.saturating_sub(1);
        let is_gone = guest.connections == 0;
        for ended in guest
            .reservations
            .extract_if(.., |held| is_gone || held.connection == *address)
        {
            book.reservations.give_back(ended.block);
        }
        if is_gone {
            // A circuit that was never accepted ends without a word from the relay.
            for block in &guest.circuits {
                book.circuits.give_back(*block);
            }
            book.peers.remove(peer);
        }
    }

    /// Whether a peer gets a reservation for its connection from this address, which is then
    /// counted. Whoever has one keeps it.
    pub(crate) fn reserve(&self, peer: PeerId, address: &Multiaddr, now: Instant) -> bool {
        let mut book = self.book();
        let block = book.block_of(address);
        let book = &mut *book;
        let until = now + book.per_peer.reservation_duration;
        let Some(guest) = book.peers.get_mut(&peer) else {
            return false;
        };
        let mut held = guest.reservations.iter_mut();
        if let Some(held) = held.find(|held| held.connection == *address) {
            held.until = until;
            return true;
        }
        book.forget_expired(now);
        match book.peers.get_mut(&peer) {
            Some(guest)
                if guest.reservations.len() < book.per_peer.reservations
                    && book.reservations.has_room(block) =>
            {
                guest.reservations.push(Reservation {
                    connection: address.clone(),
                    block,
                    until,
                });
                book.reservations.take(block);
                true
            }
            _ => {
                book.refused.reservations += 1;
                book.blame(block, "wants more reservations than it may have");
                false
            }
        }
    }

    /// Whether a peer may open a circuit, which is then counted.
    pub(crate) fn open_circuit(&self, peer: PeerId, address: &Multiaddr) -> bool {
        let mut book = self.book();
        let block = book.block_of(address);
        let book = &mut *book;
        let Some(guest) = book.peers.get_mut(&peer) else {
            return false;
        };
        if guest.circuits.len() >= book.per_peer.circuits || !book.circuits.has_room(block) {
            guest.refused += 1;
            book.refused.circuits += 1;
            book.blame(block, "wants more circuits than it may have");
            return false;
        }
        guest.circuits.push(block);
        book.circuits.take(block);
        true
    }

    /// Notes that a circuit of this peer was refused by this node or by its destination.
    pub(crate) fn circuit_refused(&self, peer: &PeerId) {
        let mut book = self.book();
        match book.peers.get_mut(peer) {
            Some(guest) if guest.refused > 0 => guest.refused -= 1,
            _ => book.circuit_ended(peer),
        }
    }

    /// Notes that a circuit of this peer has ended, or came to nothing.
    pub(crate) fn circuit_ended(&self, peer: &PeerId) {
        self.book().circuit_ended(peer);
    }

    /// A place for a call of this peer; `None` if it is not to be answered now.
    pub(crate) fn admit(&self, peer: PeerId, now: Instant) -> Option<Place> {
        let mut book = self.book();
        let book = &mut *book;
        let guest = book.peers.get_mut(&peer)?;
        let own = guest
            .calls
            .get_or_insert_with(|| Bucket::new(book.peer_calls, now));
        own.fill(book.peer_calls, now);
        let block = guest.block;
        let shared = block.map(|block| {
            let shared = book
                .calls
                .entry(block)
                .or_insert_with(|| Bucket::new(book.block_calls, now));
            shared.fill(book.block_calls, now);
            shared
        });
        let is_slow = own.left >= 1.0 && shared.as_ref().is_none_or(|shared| shared.left >= 1.0);
        if !is_slow || !book.waiting.has_room(block) {
            book.blame(block, "makes more calls than it may make");
            return None;
        }
        own.left -= 1.0;
        if let Some(shared) = shared {
            shared.left -= 1.0;
        }
        book.waiting.take(block);
        Some(Place {
            guests: self.clone(),
            block,
            is_routed: false,
        })
    }

    /// A place for a routed call of a peer, or of those whose calls another node passes on, to a provider; `None` if it is
    /// not to be passed on now.
    pub(crate) fn route(
        &self,
        from: PeerId,
        is_node: bool,
        to: &PeerId,
        now: Instant,
    ) -> Option<Place> {
        let mut book = self.book();
        let book = &mut *book;
        let rate = if is_node {
            book.routed_of_node
        } else {
            book.peer_calls
        };
        let guest = book.peers.get_mut(&from)?;
        let block = guest.block;
        let own = guest.routes.get_or_insert_with(|| Bucket::new(rate, now));
        own.fill(rate, now);
        let shared = block.filter(|_| !is_node).map(|block| {
            let shared = book
                .routes
                .entry(block)
                .or_insert_with(|| Bucket::new(book.block_calls, now));
            shared.fill(book.block_calls, now);
            shared
        });
        let is_slow = own.left >= 1.0 && shared.as_ref().is_none_or(|shared| shared.left >= 1.0);
        if !is_slow || !book.passing.has_room(block) {
            book.routed.busy += 1;
            book.blame(block, "has more calls routed than it may have");
            return None;
        }
        own.left -= 1.0;
        if let Some(shared) = shared {
            shared.left -= 1.0;
        }
        let rate = book.routed_to;
        if let Some(provider) = book.peers.get_mut(to) {
            let taken = provider
                .routed_to
                .get_or_insert_with(|| Bucket::new(rate, now));
            taken.fill(rate, now);
            if taken.left < 1.0 {
                book.routed.busy += 1;
                return None;
            }
            taken.left -= 1.0;
        }
        book.passing.take(block);
        Some(Place {
            guests: self.clone(),
            block,
            is_routed: true,
        })
    }

    /// Notes what became of a routed call.
    pub(crate) fn routed(&self, outcome: Result<(), Failure>) {
        let routed = &mut self.book().routed;
        match outcome {
            Ok(()) => routed.ok += 1,
            Err(Failure::Nobody) => routed.nobody += 1,
            Err(Failure::Busy) => routed.busy += 1,
            Err(_) => routed.failed += 1,
        }
    }

    /// Forgets what is not needed any more.
    pub(crate) fn sweep(&self, now: Instant) {
        let mut book = self.book();
        book.forget_expired(now);
        let book = &mut *book;
        let rate = book.block_calls;
        for buckets in [&mut book.calls, &mut book.routes] {
            buckets.retain(|_, bucket| {
                bucket.fill(rate, now);
                bucket.left < rate.burst
            });
        }
        book.tell(now);
    }
}

/// The place of a call until it is answered.
pub(crate) struct Place {
    guests: Guests,
    block: Option<Block>,
    /// Whether it is a call that is passed on.
    is_routed: bool,
}

impl Place {
    /// Whether the peer has a reservation at the node.
    pub(crate) fn is_of_client(&self, peer: &PeerId) -> bool {
        let now = Instant::now();
        let book = self.guests.book();
        let reservations = book.peers.get(peer).map(|guest| &guest.reservations);
        reservations.is_some_and(|all| all.iter().any(|held| held.until > now))
    }

    /// Notes how the call was answered.
    pub(crate) fn answered(&self, reply: &Reply) {
        self.guests.answered(reply);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut book = self.guests.book();
        let places = match self.is_routed {
            true => &mut book.passing,
            false => &mut book.waiting,
        };
        places.give_back(self.block);
    }
}

impl Book {
    fn block_of(&self, address: &Multiaddr) -> Option<Block> {
        let ip = ip_of(address)?.to_canonical();
        (!self.shared.contains(&ip)).then(|| Block::of(ip))
    }

    fn forget_expired(&mut self, now: Instant) {
        for guest in self.peers.values_mut() {
            for ended in guest.reservations.extract_if(.., |held| held.until <= now) {
                self.reservations.give_back(ended.block);
            }
        }
    }

    fn circuit_ended(&mut self, peer: &PeerId) {
        let circuit = self
            .peers
            .get_mut(peer)
            .and_then(|guest| guest.circuits.pop());
        if let Some(block) = circuit {
            self.circuits.give_back(block);
        }
    }

    fn blame(&mut self, block: Option<Block>, what: &'static str) {
        let now = Instant::now();
        let is_news = match self.blamed.get_mut(&(block, what)) {
            Some(blame) => {
                blame.more += 1;
                let is_news = !blame.is_named && blame.more >= OFTEN;
                blame.is_named |= is_news;
                is_news
            }
            None => {
                let is_named = self.blamed.len() < BLAMED;
                let least = self.blamed.iter().min_by_key(|(_, blame)| blame.more);
                if let Some(least) = least.map(|(least, _)| *least).filter(|_| !is_named) {
                    self.blamed.remove(&least);
                }
                let blame = Blame {
                    since: now,
                    more: 0,
                    is_named,
                };
                self.blamed.insert((block, what), blame);
                is_named
            }
        };
        if !is_news {
            return;
        }
        match block {
            Some(block) => tracing::warn!(address = %block, "{block} {what}"),
            None => tracing::warn!("an address that many share {what}"),
        }
    }

    /// Tells how often it happened again since it was logged, and forgets it.
    fn tell(&mut self, now: Instant) {
        self.blamed.retain(|(block, what), blame| {
            let more = blame.more;
            let is_over = now.saturating_duration_since(blame.since) >= SILENCE;
            if is_over && blame.is_named && more > 0 {
                match block {
                    Some(block) => {
                        tracing::warn!(address = %block, "{block} {what}: {more} more times")
                    }
                    None => tracing::warn!("an address that many share {what}: {more} more times"),
                }
            }
            !is_over
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guests(change: impl FnOnce(&mut RelayLimits)) -> Guests {
        let mut limits = RelayLimits::default();
        change(&mut limits);
        Guests::new(&limits)
    }

    fn at(ip: &str, port: u16) -> Multiaddr {
        format!("/ip4/{ip}/tcp/{port}").parse().unwrap()
    }

    fn come(guests: &Guests, peer: PeerId, address: &Multiaddr) {
        guests.connected(peer, guests.block_of(address));
    }

    #[test]
    fn a_peer_has_as_many_reservations_as_it_may_have_and_renews_them() {
        let guests = guests(|limits| limits.max_reservations_per_peer = 8);
        let (peer, now) = (PeerId::random(), Instant::now());
        let granted = (1..=20).filter(|port| {
            let address = at("192.0.2.1", *port);
            come(&guests, peer, &address);
            guests.reserve(peer, &address, now)
        });
        assert_eq!(granted.count(), 8);
        assert!(guests.reserve(peer, &at("192.0.2.1", 1), now));
        let gone = at("192.0.2.1", 2);
        guests.disconnected(&peer, &gone, guests.block_of(&gone));
        assert!(guests.reserve(peer, &at("192.0.2.1", 20), now));
        assert!(!guests.reserve(peer, &at("192.0.2.1", 19), now));
        // What was not renewed is over.
        assert!(guests.reserve(peer, &at("192.0.2.1", 19), now + Duration::from_secs(3600)));
    }

    #[test]
    fn those_who_hold_a_reservation_keep_it_and_newcomers_get_one() {
        let guests = guests(|limits| limits.max_reservations = 20);
        let now = Instant::now();
        let (honest, home) = (PeerId::random(), at("198.51.100.1", 1));
        come(&guests, honest, &home);
        assert!(guests.reserve(honest, &home, now));
        let granted = (1..=3000_u16)
            .filter(|n| {
                let address = at(&format!("192.0.2.{}", n % 3), *n);
                let stranger = PeerId::random();
                come(&guests, stranger, &address);
                guests.reserve(stranger, &address, now)
            })
            .count();
        assert!((6..=10).contains(&granted), "{granted}");
        assert!(guests.reserve(honest, &home, now));
        let (newcomer, elsewhere) = (PeerId::random(), at("203.0.113.1", 1));
        come(&guests, newcomer, &elsewhere);
        assert!(guests.reserve(newcomer, &elsewhere, now));
    }

    #[test]
    fn circuits_are_counted_however_they_end() {
        let guests = guests(|limits| limits.max_circuits_per_peer = 2);
        let (peer, address) = (PeerId::random(), at("192.0.2.1", 1));
        come(&guests, peer, &address);
        let open = || guests.open_circuit(peer, &address);
        assert!(open() && open() && !open());
        // The relay tells about the one that was refused, which frees nothing.
        guests.circuit_refused(&peer);
        assert!(!open());
        guests.circuit_refused(&peer);
        guests.circuit_ended(&peer);
        assert!(open() && !open());
        guests.circuit_refused(&peer);
        // The destination refuses.
        guests.circuit_refused(&peer);
        assert!(open());
        guests.disconnected(&peer, &address, guests.block_of(&address));
        assert_eq!(guests.book().circuits.total(), 0);
    }

    #[test]
    fn calls_have_a_rate_for_each_peer_and_each_block() {
        let guests = guests(|_| {});
        let now = Instant::now();
        let calls = |ip: &str, peers: usize, each: usize, now: Instant| {
            let peers: Vec<PeerId> = (0..peers).map(|_| PeerId::random()).collect();
            for (n, peer) in (1..).zip(&peers) {
                come(&guests, *peer, &at(ip, n));
            }
            let answered = peers.iter().map(|peer| {
                (0..each)
                    .filter(|_| guests.admit(*peer, now).is_some())
                    .count()
            });
            answered.sum::<usize>()
        };
        assert_eq!(calls("192.0.2.1", 1, 200, now), 128);
        assert_eq!(calls("192.0.2.2", 100, 10, now), 256);
        assert_eq!(calls("192.0.2.3", 10, 10, now), 100);
        // A block that many share has no rate of its own.
        assert_eq!(calls("127.0.0.1", 100, 10, now), 1000);
        assert_eq!(
            calls("192.0.2.2", 100, 10, now + Duration::from_secs(1)),
            32
        );
        guests.sweep(now + Duration::from_secs(60));
        assert!(guests.book().calls.is_empty());
    }

    #[test]
    fn routed_calls_have_rates_in_both_directions_and_places() {
        let guests = guests(|limits| limits.calls_per_peer_per_second = 1);
        let now = Instant::now();
        let (caller, node) = (PeerId::random(), PeerId::random());
        let [provider, other] = [PeerId::random(), PeerId::random()];
        let peers = [caller, node, provider, other];
        for (n, peer) in (1..).zip(&peers) {
            come(&guests, *peer, &at(&format!("192.0.2.{n}"), 1));
        }
        let count = |from, is_node, to: &PeerId| {
            let places = (0..1000).filter_map(|_| guests.route(from, is_node, to, now));
            places.count()
        };
        assert_eq!(count(caller, false, &provider), 8);
        assert_eq!(count(caller, false, &other), 0);
        assert_eq!(count(node, true, &provider), 64 - 8);
        assert_eq!(count(PeerId::random(), false, &other), 0);
        // Nobody has all places, and each is given back.
        let later = now + Duration::from_secs(3600);
        guests.book().routed_to = Rate::new(0);
        let held: Vec<Place> = (0..256)
            .filter_map(|_| guests.route(node, true, &other, later))
            .collect();
        assert_eq!(held.len(), 114);
        assert!(guests.route(caller, false, &other, later).is_some());
        assert_eq!(guests.book().passing.total(), 114);
        drop(held);
        assert_eq!(guests.book().passing.total(), 0);
        assert_eq!(guests.book().waiting.total(), 0);
    }

    #[test]
    fn calls_that_wait_leave_room_for_those_of_others() {
        let guests = guests(|_| {});
        let now = Instant::now();
        let (busy, other) = (PeerId::random(), PeerId::random());
        come(&guests, busy, &at("192.0.2.1", 1));
        come(&guests, other, &at("192.0.2.2", 1));
        let waiting: Vec<Place> = (0..64).filter_map(|_| guests.admit(busy, now)).collect();
        assert_eq!(waiting.len(), 13);
        assert!(guests.admit(other, now).is_some());
        drop(waiting);
        assert!(guests.admit(busy, now).is_some());
    }

    #[test]
    fn a_culprit_is_named_once() {
        let guests = guests(|_| {});
        let block = guests.block_of(&at("192.0.2.1", 1));
        for _ in 0..1000 {
            guests.blame(block, "does this");
        }
        let logged: Vec<u64> = guests
            .book()
            .blamed
            .values()
            .map(|blame| blame.more)
            .collect();
        assert_eq!(logged, [999]);
        guests.sweep(Instant::now() + SILENCE);
        assert!(guests.book().blamed.is_empty());
    }

    #[test]
    fn a_culprit_is_named_whoever_was_named_before() {
        let guests = guests(|_| {});
        for n in 0..2 * BLAMED as u16 {
            let [a, b] = n.to_be_bytes();
            let block = guests.block_of(&at(&format!("198.18.{a}.{b}"), 1));
            guests.blame(block, "does this");
        }
        let named = |guests: &Guests, block| {
            let book = guests.book();
            let blame = book.blamed.get(&(block, "does this"));
            blame.map(|blame| blame.is_named)
        };
        let culprit = guests.block_of(&at("192.0.2.1", 1));
        guests.blame(culprit, "does this");
        assert_eq!(named(&guests, culprit), Some(false));
        for _ in 0..OFTEN {
            guests.blame(culprit, "does this");
        }
        assert_eq!(named(&guests, culprit), Some(true));
        assert_eq!(guests.book().blamed.len(), BLAMED);
    }
}
