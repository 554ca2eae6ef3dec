//! The relay of a node.
//!
//! libp2p's relay forgets a connection when its reservation has expired. If the reservation was
//! about to be renewed at that moment, the relay panics when it learns that this was accepted, and
//! the node's event loop ends with it (`libp2p-relay` 0.22, `behaviour.rs`: “valid connection”). So
//! it is told about such a connection again.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::relay::{Behaviour, Event};
use libp2p::swarm::behaviour::ConnectionEstablished;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};

type Todo = ToSwarm<Event, THandlerInEvent<Behaviour>>;

/// libp2p's relay, which remembers its connections.
pub(crate) struct Relay {
    inner: Behaviour,
    todo: VecDeque<Todo>,
}

impl Relay {
    pub(crate) fn new(inner: Behaviour) -> Self {
        Self {
            inner,
            todo: VecDeque::new(),
        }
    }

    /// Takes over what the relay has to do because of an event of this connection.
    fn take_over(&mut self, peer: PeerId, connection: ConnectionId) {
        // The relay has no timers: whatever it has to do, it has now.
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(todo) = self.inner.poll(&mut cx) {
            if let ToSwarm::GenerateEvent(Event::ReservationTimedOut { .. }) = &todo {
                // The relay looks at no more than the ids.
                let endpoint = ConnectedPoint::Listener {
                    local_addr: Multiaddr::empty(),
                    send_back_addr: Multiaddr::empty(),
                };
                let again = ConnectionEstablished {
                    peer_id: peer,
                    connection_id: connection,
                    endpoint: &endpoint,
                    failed_addresses: &[],
                    other_established: 0,
                };
                self.inner
                    .on_swarm_event(FromSwarm::ConnectionEstablished(again));
            }
            self.todo.push_back(todo);
        }
    }
}

impl NetworkBehaviour for Relay {
    type ConnectionHandler = <Behaviour as NetworkBehaviour>::ConnectionHandler;
    type ToSwarm = Event;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner
            .handle_established_inbound_connection(id, peer, local, remote)
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner
            .handle_established_outbound_connection(id, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.inner
            .on_connection_handler_event(peer, connection, event);
        self.take_over(peer, connection);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Event, THandlerInEvent<Self>>> {
        match self.todo.pop_front() {
            Some(todo) => Poll::Ready(todo),
            None => self.inner.poll(cx),
        }
    }
}
