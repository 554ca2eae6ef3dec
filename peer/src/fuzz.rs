//! What the fuzz targets of this crate do with an input; its tests do the same with the inputs that
//! were kept in `fuzz/corpus`. This is no part of the crate's interface.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fluence::call::{self, Reply};
use fluence::names::FunctionName;
use futures::future::{Either, select};
use futures::{AsyncRead, AsyncWrite, StreamExt};
use futures_timer::Delay;
use libp2p::identity::Keypair;
use libp2p::kad::store::RecordStore;
use libp2p::kad::{ProviderRecord, RecordKey};
use libp2p::request_response::{self, Event, Message, OutboundRequestId, ProtocolSupport};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, noise, tcp, yamux};
use tokio::runtime::{Builder, Runtime};

use crate::Peer;
use crate::config::{Config, RelayLimits, Role};
use crate::dialing::Dialing;
use crate::driver::exchange;
use crate::meter::Meter;
use crate::records::{ProviderRecords, RecordLimits, size_of_answer};
use crate::route::{self, Part};
use crate::seal;
use crate::web_socket_server::Connection;
use raw::Raw;

const SECOND: Duration = Duration::from_secs(1);

type Multihash = libp2p::multihash::Multihash<64>;

/// A stream of which so many bytes can be read at a time, and which takes everything.
struct Pieces<'a> {
    left: &'a [u8],
    piece: usize,
    written: Vec<u8>,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let length = self.piece.min(buffer.len()).min(self.left.len());
        let (read, left) = self.left.split_at(length);
        buffer[..length].copy_from_slice(read);
        self.left = left;
        Poll::Ready(Ok(length))
    }
}

impl AsyncWrite for Pieces<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written.extend(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The bytes that frames carry, what is answered, and whether the stream ends in order.
fn read_frames(data: &[u8], piece: usize) -> (Vec<u8>, Vec<u8>, bool) {
    let stream = Pieces {
        left: data,
        piece,
        written: Vec::new(),
    };
    let mut connection = Connection::new(stream);
    let mut cx = Context::from_waker(Waker::noop());
    let (mut bytes, mut buffer) = (Vec::new(), [0; 300]);
    let is_over = loop {
        match Pin::new(&mut connection).poll_read(&mut cx, &mut buffer) {
            Poll::Ready(Ok(0)) => break true,
            Poll::Ready(Ok(read)) => bytes.extend(&buffer[..read]),
            Poll::Ready(Err(_)) => break false,
            Poll::Pending => panic!("there is nothing to wait for"),
        }
    };
    (bytes, connection.into_inner().written, is_over)
}

/// The frames of a WebSocket, which are the same in whatever pieces they come.
pub fn web_socket(data: &[u8]) {
    let whole = read_frames(data, usize::MAX);
    assert!(whole.0.len() <= data.len() && whole.1.len() <= data.len());
    for piece in [1, 3] {
        assert_eq!(read_frames(data, piece), whole, "in pieces of {piece}");
    }
}

/// Addresses as they come in records and from identify.
pub fn addresses(data: &[u8]) {
    let Ok(address) = Multiaddr::try_from(data.to_vec()) else {
        return;
    };
    static NODE: LazyLock<Dialing> = LazyLock::new(|| {
        Dialing::new(&Role::Node {
            listen: Vec::new(),
            external: vec!["/ip4/198.51.100.1/tcp/4101".parse().expect("an address")],
            announce_private: false,
            peers: Vec::new(),
            known: Vec::new(),
            pages: Vec::new(),
            limits: RelayLimits::default(),
            admission: Default::default(),
            meter: Meter::default(),
        })
    });
    if NODE.allows(&address) {
        let text = address.to_string();
        for inside in ["/ip4/127.", "/ip4/10.", "/ip4/192.168.", "/ip6/::1/"] {
            assert!(!text.starts_with(inside), "{text}");
        }
    }
    let _ = crate::address::relay_of(&address);
    let _ = crate::address::peer_of(&address);
    let _ = crate::address::bare(&address);
    let _ = crate::block::ip_of(&address);
}

/// Provider records: the store stays within its limits, and each answer fits into a message. That is looked at in the end
/// only, since what comes before the end of an input is an input, too.
pub fn records(data: &[u8]) {
    let limits = RecordLimits {
        records: 64,
        providers_per_function: 30,
        functions_per_peer: 8,
    };
    static PEERS: LazyLock<[PeerId; 32]> = LazyLock::new(|| {
        std::array::from_fn(|n| {
            let hash = Multihash::wrap(0x12, &[n as u8; 32]);
            PeerId::from_multihash(hash.expect("a hash")).expect("an id")
        })
    });
    let key_of = |what: u8| {
        let mut key = [what % 4; 34];
        key[..2].copy_from_slice(&[0x12, 0x20]);
        RecordKey::new(&&key[..if what == 255 { 20 } else { 34 }])
    };
    let mut store = ProviderRecords::new(PEERS[0], limits, None);
    let mut rest = data;
    while let [what, who, count, more @ ..] = rest {
        let key = key_of(*what);
        let provider = PEERS[usize::from(*who) % PEERS.len()];
        rest = more;
        if what % 8 == 7 {
            store.remove_provider(&key, &provider);
        } else {
            let length = usize::from(*count).min(rest.len());
            let (bytes, after) = rest.split_at(length);
            rest = after;
            let address = Multiaddr::try_from(bytes.to_vec()).unwrap_or_else(|_| {
                let name = "a".repeat(length);
                Multiaddr::empty().with(libp2p::multiaddr::Protocol::Dns4(name.into()))
            });
            let mut record = ProviderRecord::new(key, provider, Vec::new());
            record.addresses = vec![address; usize::from(*count % 12)];
            let _ = store.add_provider(record);
        }
    }
    for what in [0, 1, 2, 3, 255] {
        let answer = store.providers(&key_of(what));
        assert!(size_of_answer(&answer) <= crate::libraries::KAD_MESSAGE);
    }
    assert!(store.count().1 <= limits.records);
    store.sweep();
}

/// What a node tells another one in answer to `FLUENCE_records` and `FLUENCE_withdrawn`, page by page: an answer for each
/// line. The store stays within its limits, and whatever is read can be told in turn.
pub fn exchange(data: &[u8]) {
    let limits = RecordLimits {
        records: 64,
        providers_per_function: 30,
        functions_per_peer: 8,
    };
    let own = PeerId::from_multihash(Multihash::wrap(0x12, &[0; 32]).expect("a hash"));
    let mut store = ProviderRecords::new(own.expect("an id"), limits, None);
    let mut last = None;
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(Reply::Ok(answer)) = call::decode::<Reply>(line) else {
            continue;
        };
        for record in exchange::records_of(&answer) {
            let told = exchange::written(&record);
            let again = exchange::read(&told).map(|record| exchange::written(&record));
            assert_eq!(again, Some(told));
            store.hear(None, record);
        }
        for withdrawal in exchange::withdrawals_of(&answer) {
            let told = exchange::written_withdrawal(&withdrawal);
            assert_eq!(exchange::read_withdrawal(&told).as_ref(), Some(&withdrawal));
            store.hear_withdrawn(None, withdrawal);
        }
        let next = exchange::next_of(&answer, last.as_deref());
        assert!(next.is_none_or(|next| last.as_deref() < Some(next)));
        last = next.map(str::to_owned).or(last);
    }
    let after = last.as_deref().and_then(exchange::hash_of);
    let page = store.page(after, 1000, |_, _| Some(true));
    assert!(page.records.len() <= limits.records);
    assert!(after.is_none_or(|after| page.records.iter().all(|record| record.hash > after)));
    store.sweep();
}

/// Routed calls as whoever passes them on reads them: a letter with its way, and the parts of an answer.
pub fn route(data: &[u8]) {
    let mut cx = Context::from_waker(Waker::noop());
    let stream = |piece| Pieces {
        left: data,
        piece,
        written: Vec::new(),
    };
    let mut routes = [usize::MAX, 1].map(|piece| {
        let mut stream = stream(piece);
        let read = std::pin::pin!(route::read_route(&mut stream)).poll(&mut cx);
        match read {
            Poll::Ready(read) => read.ok(),
            Poll::Pending => panic!("there is nothing to wait for"),
        }
    });
    assert_eq!(routes[0], routes[1]);
    if let Some(route) = routes[0].take() {
        assert!(route.relays.len() <= route::RELAYS && route.letter.len() <= data.len());
        let again = route.encode();
        let mut again = Pieces {
            left: &again,
            piece: usize::MAX,
            written: Vec::new(),
        };
        match std::pin::pin!(route::read_route(&mut again)).poll(&mut cx) {
            Poll::Ready(Ok(read)) => assert_eq!(read, route),
            _ => panic!("what was read can be written and read"),
        }
    }
    let mut parts = stream(7);
    loop {
        match std::pin::pin!(route::read_part(&mut parts)).poll(&mut cx) {
            Poll::Ready(Ok(Part::Sealed(part))) => assert!(part.len() <= data.len()),
            Poll::Ready(Ok(Part::Failed(_))) => {}
            Poll::Ready(Err(_)) => break,
            Poll::Pending => panic!("there is nothing to wait for"),
        }
    }
}

/// Letters of routed calls, and parts of their answers, that were not sealed by anybody, or were changed.
pub fn letters(data: &[u8]) {
    static KEYS: LazyLock<[Keypair; 2]> = LazyLock::new(|| {
        [1, 2].map(|byte| Keypair::ed25519_from_bytes([byte; 32]).expect("a key"))
    });
    let provider = KEYS[1].public().to_peer_id();
    let name: FunctionName = "f".parse().expect("a name");
    assert!(seal::open(provider, &name, data).is_err());
    // The input is what a caller who knows the name has sealed, or changes that, or comes in the place of the answer.
    let sealed = seal::seal(&KEYS[0], provider, &name, data, 7, [3; 32]).expect("it can be sealed");
    let (mut letter, mut opener) = sealed;
    let opened = seal::open(provider, &name, &letter).expect("it was sealed");
    assert_eq!(opened.request, data);
    let _ = call::decode::<call::Request>(&opened.request);
    assert!(opener.open(data).is_err());
    for (at, byte) in data.iter().enumerate().take(letter.len()) {
        letter[at] ^= byte;
    }
    let is_same = data.iter().all(|byte| *byte == 0);
    assert_eq!(seal::open(provider, &name, &letter).is_ok(), is_same);
}

/// Sends what an input has on streams of these protocols.
#[derive(NetworkBehaviour)]
struct Attack {
    identify: request_response::Behaviour<Raw>,
    kad: request_response::Behaviour<Raw>,
    hop: request_response::Behaviour<Raw>,
    stop: request_response::Behaviour<Raw>,
    ping: request_response::Behaviour<Raw>,
    calls: request_response::Behaviour<Raw>,
    routes: request_response::Behaviour<Raw>,
}

impl Attack {
    fn new() -> Self {
        let on = |protocol| {
            let protocol = StreamProtocol::new(protocol);
            let config = request_response::Config::default();
            request_response::Behaviour::new([(protocol, ProtocolSupport::Outbound)], config)
        };
        Self {
            identify: on("/ipfs/id/push/1.0.0"),
            kad: on("/fluence/kad/1.0.0"),
            hop: on("/libp2p/circuit/relay/0.2.0/hop"),
            stop: on("/libp2p/circuit/relay/0.2.0/stop"),
            ping: on("/ipfs/ping/1.0.0"),
            calls: on(call::PROTOCOL),
            routes: on("/fluence/route/1.0.0"),
        }
    }
}

/// A node that runs, and somebody who is connected to it.
struct Attacked {
    node: Peer,
    at: Multiaddr,
    attacker: Swarm<Attack>,
}

impl Attacked {
    async fn new() -> Self {
        let listen = "/ip4/127.0.0.1/tcp/0".parse().expect("an address");
        let config = Config::node(Keypair::generate_ed25519(), vec![listen]);
        let (node, mut calls, _) = Peer::start(config).expect("the node starts");
        tokio::spawn(async move {
            while let Some(call) = calls.next().await {
                call.reply(Reply::Ok(Default::default()));
            }
        });
        let at = node.listeners().await.remove(0);
        let attacker = SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_tcp(
                tcp::Config::default().nodelay(true),
                noise::Config::new,
                yamux::Config::default,
            )
            .expect("a transport")
            .with_behaviour(|_| Attack::new())
            .expect("a behaviour")
            .build();
        Self { node, at, attacker }
    }

    /// The next event of the attacker; none if there is none for so long.
    async fn event(&mut self, patience: Duration) -> Option<SwarmEvent<AttackEvent>> {
        let event = self.attacker.select_next_some();
        match select(event, Delay::new(patience)).await {
            Either::Left((event, _)) => Some(event),
            Either::Right(_) => None,
        }
    }

    /// Sends bytes on streams that are open at the same time, and waits until the node has answered or ended each.
    async fn send(&mut self, streams: &[(u8, &[u8])]) {
        let node = self.node.id();
        while !self.attacker.is_connected(&node) {
            let dial = DialOpts::peer_id(node).addresses(vec![self.at.clone()]);
            // If this fails, a dial is under way.
            let _ = self.attacker.dial(dial.build());
            let event = self.event(10 * SECOND).await;
            assert!(event.is_some(), "the node takes no connection");
        }
        let attack = self.attacker.behaviour_mut();
        let mut open: HashSet<(u8, OutboundRequestId)> = streams
            .iter()
            .map(|(what, bytes)| {
                let on = match what {
                    0 => &mut attack.identify,
                    1 => &mut attack.kad,
                    2 => &mut attack.hop,
                    3 => &mut attack.stop,
                    4 => &mut attack.ping,
                    5 => &mut attack.calls,
                    _ => &mut attack.routes,
                };
                (*what, on.send_request(&node, bytes.to_vec()))
            })
            .collect();
        while !open.is_empty() {
            // A node waits for the other side of a circuit that it was told of.
            let Some(event) = self.event(SECOND / 5).await else {
                return;
            };
            let SwarmEvent::Behaviour(event) = event else {
                continue;
            };
            let (what, event) = match event {
                AttackEvent::Identify(event) => (0, event),
                AttackEvent::Kad(event) => (1, event),
                AttackEvent::Hop(event) => (2, event),
                AttackEvent::Stop(event) => (3, event),
                AttackEvent::Ping(event) => (4, event),
                AttackEvent::Calls(event) => (5, event),
                AttackEvent::Routes(event) => (6, event),
            };
            if let Event::OutboundFailure { request_id, .. }
            | Event::Message {
                message: Message::Response { request_id, .. },
                ..
            } = event
            {
                open.remove(&(what, request_id));
            }
        }
    }
}

/// How many streams one input of [`streams`] opens at most, and of how many protocols. Kad takes 32 of one connection.
const STREAMS: usize = 16;
const PROTOCOLS: u8 = 7;

/// What comes to a node on streams, as it comes from the network. Of each stream, the first byte says of which protocol it
/// is, and the next two how long. What identify, the DHT and the relay decode is in libraries that offer no function for it.
pub fn streams(data: &[u8]) {
    thread_local! {
        static ATTACKED: RefCell<Option<(Runtime, Attacked)>> = const { RefCell::new(None) };
    }
    let (mut streams, mut rest) = (Vec::new(), data);
    while let [what, high, low, more @ ..] = rest
        && streams.len() < STREAMS
    {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (bytes, after) = more.split_at(length.min(more.len()));
        streams.push((what % PROTOCOLS, bytes));
        rest = after;
    }
    ATTACKED.with_borrow_mut(|attacked| {
        let (runtime, attacked) = attacked.get_or_insert_with(|| {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            let attacked = runtime.block_on(Attacked::new());
            (runtime, attacked)
        });
        runtime.block_on(attacked.send(&streams));
        let listeners = runtime.block_on(attacked.node.listeners());
        assert!(!listeners.is_empty(), "the node has ended");
    });
}

#[cfg(test)]
#[path = "../../fuzz/bodies/kept.rs"]
mod kept;

#[path = "../tests/support/raw.rs"]
mod raw;

#[cfg(test)]
mod tests {
    use super::kept::each;

    #[test]
    fn streams_that_were_kept() {
        each("../fuzz/corpus/streams", super::streams);
    }

    #[test]
    fn frames_that_were_kept() {
        each("../fuzz/corpus/web_socket", super::web_socket);
    }

    #[test]
    fn addresses_that_were_kept() {
        each("../fuzz/corpus/addresses", super::addresses);
    }

    #[test]
    fn answers_of_nodes_that_were_kept() {
        each("../fuzz/corpus/exchange", super::exchange);
    }

    #[test]
    fn routed_calls_that_were_kept() {
        each("../fuzz/corpus/route", super::route);
    }

    #[test]
    fn letters_that_were_kept() {
        each("../fuzz/corpus/letters", super::letters);
    }

    #[test]
    fn records_that_were_kept() {
        each("../fuzz/corpus/records", super::records);
    }
}
