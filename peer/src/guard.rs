//! Keeps the DHT's look-ups from dialing the providers that they find.

use std::collections::HashSet;
use std::convert::Infallible;
use std::task::{Context, Poll};

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};

use crate::limits::REMEMBERED_PEERS;

/// Refuses the dials that kad makes to providers that are clients.
///
/// Kad takes every provider that a look-up finds for a peer that may know more, and dials it. A client never does, and
/// a look-up would make a circuit to each of them, many of which are offline.
#[derive(Default)]
pub(crate) struct Guard {
    clients: HashSet<PeerId>,
}

impl Guard {
    /// Lets only calls dial this peer from now on.
    pub(crate) fn is_client(&mut self, peer: PeerId) {
        if self.clients.len() >= REMEMBERED_PEERS {
            // The look-ups that found them have ended, but for a few.
            self.clients.clear();
        }
        self.clients.insert(peer);
    }
}

/// The reason why a dial is refused.
#[derive(Debug, thiserror::Error)]
#[error("a client answers no queries")]
struct AnswersNothing;

impl NetworkBehaviour for Guard {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        // Unlike kad, everything else that dials says where.
        if addresses.is_empty() && peer.is_some_and(|peer| self.clients.contains(&peer)) {
            return Err(ConnectionDenied::new(AnswersNothing));
        }
        Ok(Vec::new())
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}
