//! Limits on what may wait or be under way in one peer at the same time. Time limits are defined
//! where they are used.

use std::time::Duration;

/// Links of a client by default: the nodes at which it has a connection and a reservation at the same time. With two, the
/// end of a node is not noticed by anyone.
pub(crate) const LINKS: usize = fluence::state::LINKS as usize;
/// Nodes that the network told of, among which links choose.
pub(crate) const LEARNED: usize = 32;
/// How many of the configured nodes are tried; the rest of a longer list is ignored.
pub(crate) const NODES: usize = fluence::state::MAX_NODES;
/// Commands that wait for the event loop; a caller that sends one more waits.
pub(crate) const COMMANDS: usize = 256;

/// Incoming calls that wait to be taken from [`crate::Calls`]. When it is full, further callers are
/// told that this peer is busy. The program that takes the calls decides which are answered; this
/// queue only forwards them.
pub(crate) const INCOMING_CALLS: usize = 64;
/// Outgoing calls under way, to all peers together.
pub(crate) const OUTGOING_CALLS: usize = 4096;
/// Calls in both directions on one connection.
pub(crate) const CALLS_PER_CONNECTION: usize = 128;
/// Outgoing calls to one peer: half of what a connection has for both directions.
pub(crate) const CALLS_TO_ONE_PEER: usize = CALLS_PER_CONNECTION / 2;
/// The longest deadline of a call. A browser's timers hold at most 2^31 ms, which is 24 days.
pub(crate) const MAX_DEADLINE: Duration = Duration::from_secs(60 * 60);
/// How long a routed call may take. One that may take longer goes over a circuit.
pub(crate) const LONGEST_ROUTED: Duration = Duration::from_secs(10 * 60);
/// Letters that a provider remembers, so that none is taken twice. When there are more, callers come by circuits.
pub(crate) const LETTERS: usize = 16 * 1024;
/// Nodes and providers with which calls are not routed for a while.
pub(crate) const AVOIDED: usize = 1024;

/// Look-ups under way.
pub(crate) const LOOK_UPS: usize = 1024;
/// Providers that one look-up yields.
pub(crate) const FOUND: usize = 128;
/// Records that are being stored. Kad drops requests beyond 32 streams of one connection.
pub(crate) const STORES: usize = 16;
/// Announcements that are being confirmed, each over a connection of its own.
pub(crate) const ANNOUNCEMENTS: usize = 2;

/// Peers whose addresses are remembered.
pub(crate) const REMEMBERED_PEERS: usize = 1024;
/// Addresses of one peer that are remembered, or dialed.
pub(crate) const ADDRESSES_PER_PEER: usize = 16;
/// Further circuit addresses that a client advertises for each link, besides that of the address
/// which the link uses.
pub(crate) const MORE_CIRCUITS: usize = 3;
/// Relays that are dialed at the same time to reach one peer.
pub(crate) const RELAYS_AT_ONCE: usize = 4;

/// Other nodes that a node remembers.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) const NEIGHBOURS: usize = 256;
/// How many of the nodes that it was not given a node keeps itself connected to. Kad connects to others as it needs
/// them.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) const KEPT_NEIGHBOURS: usize = 32;
