//! Decides which connections a node keeps, and tells its [`Guests`] who comes and goes.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use crate::address::bare;
use crate::admission::Admission;
use crate::block::Block;
use crate::guests::Guests;

/// The behaviour that counts a node's connections.
pub(crate) struct Gate {
    guests: Guests,
    admission: Arc<Admission>,
    /// The nodes that the operator named, without `/p2p/…`.
    given: HashSet<Multiaddr>,
    /// The blocks for which connections were counted.
    connections: HashMap<ConnectionId, Option<Block>>,
}

impl Gate {
    pub(crate) fn new(guests: Guests, admission: Arc<Admission>, given: &[Multiaddr]) -> Self {
        Self {
            guests,
            admission,
            given: given.iter().map(bare).collect(),
            connections: HashMap::new(),
        }
    }

    /// Changes which peers may connect. Those that are connected stay.
    pub(crate) fn admit(&mut self, admission: Arc<Admission>) {
        self.admission = admission;
    }

    /// Whether the operator admits a peer.
    pub(crate) fn admits(&self, peer: &PeerId) -> bool {
        self.admission.admits(peer)
    }

    fn check(&self, peer: &PeerId) -> Result<(), ConnectionDenied> {
        if self.admits(peer) {
            return Ok(());
        }
        self.guests.not_admitted();
        Err(ConnectionDenied::new(NotAdmitted))
    }
}

/// The address block of a connection has too many already.
#[derive(Debug)]
struct TooMany;

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many connections from this address")
    }
}

impl std::error::Error for TooMany {}

/// The operator does not admit the peer.
#[derive(Debug)]
struct NotAdmitted;

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this node's operator does not admit the peer")
    }
}

impl std::error::Error for NotAdmitted {}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = std::convert::Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.check(&peer)?;
        if self.guests.may_connect(self.guests.block_of(remote)) {
            Ok(dummy::ConnectionHandler)
        } else {
            Err(ConnectionDenied::new(TooMany))
        }
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.check(&peer)?;
        // Strangers can make this node connect to them too: by records, and by what they say of themselves.
        let is_given = self.given.contains(&bare(remote));
        if is_given || self.guests.may_connect(self.guests.block_of(remote)) {
            Ok(dummy::ConnectionHandler)
        } else {
            Err(ConnectionDenied::new(TooMany))
        }
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(new) => {
                let block = self.guests.block_of(new.endpoint.get_remote_address());
                self.connections.insert(new.connection_id, block);
                self.guests.connected(new.peer_id, block);
            }
            FromSwarm::ConnectionClosed(closed) => {
                if let Some(block) = self.connections.remove(&closed.connection_id) {
                    let address = closed.endpoint.get_remote_address();
                    self.guests.disconnected(&closed.peer_id, address, block);
                }
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RelayLimits;

    #[test]
    fn one_address_has_its_share_of_connections_whoever_makes_them() {
        let guests = Guests::new(&RelayLimits {
            max_connections: 90,
            ..RelayLimits::default()
        });
        let address = |text: &str| -> Multiaddr { text.parse().expect("an address") };
        let stranger = address("/ip4/198.51.100.1/tcp/4101");
        let given = address("/ip4/198.51.100.1/tcp/4103");
        let mut gate = Gate::new(guests.clone(), Arc::default(), std::slice::from_ref(&given));
        let mut connects = |to: &Multiaddr, is_dialed: bool| {
            let (id, peer) = (ConnectionId::new_unchecked(1), PeerId::random());
            let may = match is_dialed {
                true => gate.handle_established_outbound_connection(
                    id,
                    peer,
                    to,
                    Endpoint::Dialer,
                    PortUse::New,
                ),
                false => gate.handle_established_inbound_connection(id, peer, to, to),
            };
            if may.is_ok() {
                guests.connected(peer, guests.block_of(to));
            }
            may.is_ok()
        };
        let made = (0..90).filter(|n| connects(&stranger, n % 2 == 0)).count();
        assert_eq!(made, 10, "a ninth");
        assert!(!connects(&stranger, true) && connects(&given, true));
        assert!(connects(&address("/ip4/198.51.100.2/tcp/4101"), true));
    }
}
