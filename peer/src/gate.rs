//! Decides which connections a node keeps, and tells its [`Guests`] who comes and goes.

use std::collections::HashMap;
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

use crate::admission::Admission;
use crate::block::Block;
use crate::guests::Guests;

/// The behaviour that counts a node's connections.
pub(crate) struct Gate {
    guests: Guests,
    admission: Arc<Admission>,
    /// The blocks for which connections were counted.
    connections: HashMap<ConnectionId, Option<Block>>,
}

impl Gate {
    pub(crate) fn new(guests: Guests, admission: Arc<Admission>) -> Self {
        Self {
            guests,
            admission,
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
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.check(&peer)?;
        Ok(dummy::ConnectionHandler)
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
