//! Reading multiaddrs.

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

/// The address without any `/p2p/…`.
pub(crate) fn bare(address: &Multiaddr) -> Multiaddr {
    address
        .iter()
        .filter(|part| !matches!(part, Protocol::P2p(_)))
        .collect()
}

/// The first peer that an address names, if it names one.
pub(crate) fn peer_of(address: &Multiaddr) -> Option<PeerId> {
    address.iter().find_map(|part| match part {
        Protocol::P2p(id) => Some(id),
        _ => None,
    })
}

/// The relay of a circuit address; `None` if the address is not a circuit's or names no relay.
pub(crate) fn relay_of(address: &Multiaddr) -> Option<PeerId> {
    let mut relay = None;
    for part in address {
        match part {
            Protocol::P2p(id) => relay = Some(id),
            Protocol::P2pCircuit => return relay,
            _ => {}
        }
    }
    None
}

/// The address of the relay in a circuit address, without `/p2p/…`.
pub(crate) fn before_circuit(address: &Multiaddr) -> Multiaddr {
    let circuit = |part: &Protocol<'_>| matches!(part, Protocol::P2pCircuit);
    bare(&address.iter().take_while(|part| !circuit(part)).collect())
}

/// Whether an address uses WebSocket.
pub(crate) fn is_web_socket(address: &Multiaddr) -> bool {
    address
        .iter()
        .any(|part| matches!(part, Protocol::Ws(_) | Protocol::Wss(_)))
}
